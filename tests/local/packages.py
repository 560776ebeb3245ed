"""The Debian packages that `make test` uses: a browser, its driver, a QR reader that is not ours, Chinese letters."""

import os
import shutil
import subprocess
import sys

PROGRAMS = {"chromium": "chromium", "chromedriver": "chromium-driver", "zbarimg": "zbar-tools"}


def missing():
    """The packages that are not there yet."""
    found = [package for program, package in PROGRAMS.items() if not shutil.which(program)]
    fonts = shutil.which("fc-list") and subprocess.run(["fc-list", ":lang=zh"], capture_output=True).stdout
    return found if fonts else [*found, "fonts-noto-cjk"]


def main():
    packages = missing()
    if not packages:
        return
    words = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        sys.exit(f"make test needs {', '.join(packages)}:\n\n  sudo {' '.join(words)}\n")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "--quiet"], check=True, env=env)
    subprocess.run([*words, "--quiet"], check=True, env=env)


if __name__ == "__main__":
    main()
