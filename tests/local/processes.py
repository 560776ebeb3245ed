"""Starts programs, and makes sure that none outlives this process.

The functions' processes lead sessions of their own, so a signal to a process group does not reach them. Here every
orphan of ours comes back to us (Linux), and what is left at the end is found by its parent and ended.
"""

import ctypes
import os
import platform
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv" / "bin"
SCRATCH = ROOT / ".saoma"  # logs and local deployments; ignored by git, so no reload watches it

_started = []  # what should run until we end it
_OURS = range(10_240, 32_768)  # below the ports of outgoing connections, on Linux and elsewhere
_given = set()  # the ports that free_port() has answered with
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_LINUX = sys.platform == "linux"


class Failure(Exception):
    """A message for a person, in place of a traceback."""


def _prctl(option, value):
    if _LINUX:
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def _stop(signum, _frame):
    raise SystemExit(128 + signum)


@contextmanager
def tidy():
    """Runs a whole program: turns signals into an orderly end and leaves no process behind."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, _stop)
    try:
        yield
    except Failure as failure:
        print(f"\n{failure}", file=sys.stderr)
        raise SystemExit(1) from None
    finally:
        # A second Ctrl-C must not interrupt the cleaning.
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(signum, signal.SIG_IGN)
        _end_descendants()


def start(command, *, env=None, log=None, without=None, copy=None, cwd=ROOT):
    """Starts a program in its own process group; its output goes to `log`, or to ours, there without some lines.

    What goes to ours is written to the file `copy` too, if there is one.
    """
    out = subprocess.PIPE if without else None
    if log:
        log.parent.mkdir(parents=True, exist_ok=True)
        out = log.open("wb")
    process = subprocess.Popen(
        [str(word) for word in command],
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=subprocess.STDOUT if out else None,
        process_group=0,
        preexec_fn=lambda: _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM),
    )
    _started.append(process)
    if log:
        out.close()
    if without:
        threading.Thread(target=_copy, args=(process.stdout, without, copy), daemon=True).start()
    return process


def _copy(source, without, copy):
    with copy.open("wb") if copy else nullcontext() as kept:
        for line in source:
            if without not in line:
                for out in filter(None, (sys.stdout.buffer, kept)):
                    out.write(line)
                    out.flush()


def run(command, *, env=None, log=None, cwd=ROOT):
    """Runs a program to its end; a failure stops ours with its last words."""
    _finish(start(command, env=env, log=log, cwd=cwd), log)


@contextmanager
def beside(command, *, env, log):
    """Runs a program beside ours, then waits for its end and prints what it said; a failure stops ours."""
    process = start(command, env=env, log=log)
    yield
    try:
        _finish(process, log)
    finally:
        print(log.read_text(errors="replace"), flush=True)


def _finish(process, log):
    """Waits for a program's end. Its failure stops ours, with its last words."""
    process.wait()
    _started.remove(process)
    if process.returncode != 0:
        words = " ".join(process.args)
        raise Failure(f"{words}: exit {process.returncode}{tail(log) if log else ''}")


def end(process, patience=8):
    """Asks a program to end, and kills it if it does not."""
    _started.remove(process)
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def hold():
    """Waits until a signal comes, which is the orderly end, or until a program that should run ends by itself."""
    try:
        while all(process.poll() is None for process in _started):
            time.sleep(0.2)
    except SystemExit:
        return
    raise Failure("ended, because a program that it needs has ended")


def tail(log, lines=20):
    """The end of a log, for a message."""
    try:
        text = log.read_text(errors="replace").splitlines()[-lines:]
    except OSError:
        return ""
    return "\n  " + "\n  ".join(text)


def host_architecture():
    """This machine's processor, as Lambda calls it."""
    return "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"


def free_port():
    """A port that a server can have. No outgoing connection is given one of these, and no other call here gets the same."""
    while True:
        port = random.choice(_OURS)
        if port not in _given and is_free(port):
            _given.add(port)
            return port


def is_free(port):
    """Whether a server can have this port now."""
    with socket.socket() as sock:
        # As servers do: connections of an earlier server that are still closing do no harm.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def port_from(name, default):
    """The port a variable names; 0 means any free one."""
    text = os.environ.get(name, "") or str(default)
    if not text.isdigit() or int(text) > 65535:
        raise Failure(f"{name} must be a port number, not {text!r}")
    port = int(text) or free_port()
    if not is_free(port):
        raise Failure(f"port {port} is taken, or not allowed: choose another with {name}=")
    return port


def listening(port):
    """Whether something takes connections on a port of this machine."""
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


def wait_until(what, ready, process=None, log=None, seconds=60):
    """Waits for `ready()`, and gives up when its process ends first."""
    deadline = time.monotonic() + seconds
    while not ready():
        if process is not None and process.poll() is not None:
            raise Failure(f"{what} ended with {process.returncode}{tail(log) if log else ''}")
        if time.monotonic() > deadline:
            raise Failure(f"{what} is not ready after {seconds} s{tail(log) if log else ''}")
        time.sleep(0.1)


def _end_descendants():
    """Ends the programs that are left: asks first, then kills."""
    ours = psutil.Process()
    for end_one, patience in ((psutil.Process.terminate, 8), (psutil.Process.kill, 2)):
        deadline = time.monotonic() + patience
        told = set()
        # One that ends may leave children of its own to us, so we look again until there is none.
        while (left := set(ours.children(recursive=True))) and time.monotonic() < deadline:
            for process in left - told:
                with suppress(psutil.NoSuchProcess):
                    end_one(process)
            told |= left
            psutil.wait_procs(left, timeout=0.05)
