"""Runs a page of docs/ as a reader would paste it, and compares what each line prints with what the page says.

    python tests/local/pages_of_docs.py docs/kiosk.md docs/web.md
"""

import os
import re
import signal
import subprocess
import sys

from processes import ROOT, Failure, tidy

_BLOCK = re.compile(r"^```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PATIENCE = 180  # seconds a page may take; a few are enough
_OF_MAKE = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES")  # `make test` sets them, a reader's shell does not
_SAYS = re.compile(r"^(?P<command>.*?)\s+#=> (?P<says>.*)$")


def check(page):
    """Runs a page's blocks in one shell. Runs them once more after a failure, because the local gateway may lose a call."""
    lines = [line for block in _BLOCK.findall((ROOT / page).read_text()) for line in block.splitlines()]
    said, script = [], ["set -euo pipefail"]
    for line in lines:
        match = _SAYS.match(line)
        script.append(match["command"] if match else line)
        if match:
            said.append(match["says"])
            script.append('echo')  # ends what has no end of line of its own
    for another in (True, False):
        printed, end = pasted("\n".join(script))
        if printed == said and not end:
            print(f"{page}: {len(said)} lines print what the page says", flush=True)
            return
        wrong = f"{page} says {said}\nand prints {printed}\n{end}"
        if not another:
            raise Failure(wrong)
        print(f"{wrong}\nOnce more ...", flush=True)


def pasted(script):
    """The lines that a shell prints, and its failure, if it failed."""
    readers = {name: value for name, value in os.environ.items() if name not in _OF_MAKE}
    process = subprocess.Popen(
        ["bash", "-c", script], cwd=ROOT, env=readers, start_new_session=True, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        out, errors = process.communicate(timeout=_PATIENCE)
        end = f"and ends with {process.returncode}\n{errors}" if process.returncode else ""
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGTERM)
        out, errors = process.communicate()
        end = f"and does not end in {_PATIENCE} seconds\n{errors}"
    return [line for line in out.splitlines() if line], end


if __name__ == "__main__":
    with tidy():
        for page in sys.argv[1:]:
            check(page)
