"""A test of what `make run` watches: an edited source starts a function anew, and what git writes ends no call."""

import os
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from processes import VENV, end, free_port, start
from serve import NOT_WATCHED

PATIENCE = 60  # seconds
SETTLES = 3  # seconds after which a change would have been noticed
MANIFEST = '[package]\nname = "watched"\nversion = "0.1.0"\nedition = "2024"\n\n[workspace]\n'
# Writes down that it was started, and then takes no event.
PROGRAM = """
use std::{env, fs::OpenOptions, io::Write, thread::sleep, time::Duration};

fn main() {
    let mut starts = OpenOptions::new().append(true).create(true).open(env::var("STARTS").unwrap()).unwrap();
    writeln!(starts, "started").unwrap();
    loop {
        sleep(Duration::from_secs(1));
    }
}
"""


class WatchTest(unittest.TestCase):
    def test_what_git_writes_starts_nothing_anew(self):
        with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as elsewhere:
            project, starts = Path(folder), Path(elsewhere, "starts")
            (project / "src").mkdir()
            (project / "Cargo.toml").write_text(MANIFEST)
            (project / "src" / "main.rs").write_text(PROGRAM)
            (project / ".gitignore").write_text("/target/\n")
            subprocess.run(["git", "init", "--quiet", project], check=True)
            subprocess.run(["cargo", "build", "--quiet", "--offline"], cwd=project, check=True)
            with watched(project, starts):
                self.assertEqual(counted(starts, 1), 1)
                for name in (".git/index.lock", ".git/index", "NOTES.md"):
                    (project / name).write_text("")
                    time.sleep(SETTLES)
                (project / "src" / "main.rs").write_text(PROGRAM + "\n")
                self.assertEqual(counted(starts, 2), 2)


@contextmanager
def watched(project, starts):
    """Serves the project's function and calls it, so that it is started; in the end nothing of it runs."""
    port = free_port()
    environment = {**os.environ, "STARTS": str(starts), "CARGO_LAMBDA_IGNORE_FILE": str(NOT_WATCHED)}
    command = [VENV / "cargo-lambda", "lambda", "watch", "--quiet", "--invoke-address", "127.0.0.1", "--invoke-port", str(port)]
    process = start(command, cwd=project, env=environment, log=starts.with_name("log"))
    try:
        until(lambda: answers(port))
        yield
    finally:
        # `cargo lambda watch` does not always end when it is asked while it starts a function anew.
        functions = psutil.Process(process.pid).children(recursive=True)
        end(process)
        for function in functions:
            with suppress(psutil.NoSuchProcess):
                function.kill()
        psutil.wait_procs(functions, timeout=PATIENCE)


def answers(port):
    """Whether the server took a call. The function never answers it."""
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/lambda-url/watched/", timeout=1)
    except socket.timeout:
        return True
    except urllib.error.URLError as error:
        return isinstance(error.reason, socket.timeout)
    return True


def counted(starts, at_least):
    """How often the function was started, once it was so often."""
    count = lambda: len(starts.read_text().splitlines()) if starts.exists() else 0  # noqa: E731
    until(lambda: count() >= at_least)
    time.sleep(SETTLES)
    return count()


def until(holds):
    """Waits until something holds."""
    end = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > end:
            raise AssertionError("it took too long")
        time.sleep(0.2)


if __name__ == "__main__":
    unittest.main()
