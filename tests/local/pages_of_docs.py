"""Runs a page of docs/ as a reader would paste it, and compares what each line prints with what the page says.

    python tests/local/pages_of_docs.py docs/kiosk.md docs/web.md
"""

import os
import re
import subprocess
import sys

from processes import ROOT, Failure, tidy

_BLOCK = re.compile(r"^```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SAYS = re.compile(r"^(?P<command>.*?)\s+#=> (?P<says>.*)$")


def check(page):
    """Runs a page's blocks in one shell."""
    lines = [line for block in _BLOCK.findall((ROOT / page).read_text()) for line in block.splitlines()]
    said, script = [], ["set -euo pipefail"]
    for line in lines:
        match = _SAYS.match(line)
        script.append(match["command"] if match else line)
        if match:
            said.append(match["says"])
            script.append('echo')  # ends what has no end of line of its own
    ran = subprocess.run(["bash", "-c", "\n".join(script)], cwd=ROOT, env=os.environ, capture_output=True, text=True)
    printed = [line for line in ran.stdout.splitlines() if line]
    if ran.returncode or printed != said:
        raise Failure(f"{page} says {said}\nand prints {printed}\nand ends with {ran.returncode}\n{ran.stderr}")
    print(f"{page}: {len(said)} lines print what the page says", flush=True)


if __name__ == "__main__":
    with tidy():
        for page in sys.argv[1:]:
            check(page)
