"""Lambda's runtime API for one process: hands it one event after the other and takes its answers.

Made for many events a second, so it reads HTTP/1.1 itself: the runtime client sends nothing but short requests with a
Content-Length.
"""

import socketserver
import subprocess
import threading
import time
from contextlib import contextmanager

from lambdas import FROM_LAMBDA, peak_megabytes
from processes import Failure, tail

_NEXT = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nLambda-Runtime-Aws-Request-Id: %d\r\n"
    b"Lambda-Runtime-Deadline-Ms: %d\r\nLambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:000000000000:function:f\r\n"
    b"Content-Length: %d\r\n\r\n%s"
)
_TAKEN = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"


class Process:
    """A function's process, between its events."""

    def __init__(self, binary, env, log):
        self._binary, self._log = binary, log
        self._event = self._answer = None
        self._wanted, self._answered, self._over = threading.Semaphore(0), threading.Semaphore(0), False
        self._server = _Server(("127.0.0.1", 0), _Connection)
        self._server.api = self
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        env = {**env, **FROM_LAMBDA, "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._server.server_address[1]}"}
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                [binary], env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT
            )

    @property
    def pid(self):
        """The process's number."""
        return self._process.pid

    def call(self, event, seconds):
        """Hands an event over; whether the answer is an error, and its bytes."""
        self._event = event
        self._wanted.release()
        self._wait_for_answer(seconds)
        return self._answer

    def alive(self):
        """Fails when the process has ended; its peak of memory in megabytes."""
        if self._process.poll() is not None:
            raise Failure(f"{self._binary.name} ended with {self._process.returncode}{tail(self._log)}")
        return peak_megabytes(self._process.pid)

    def end(self):
        """Ends the process."""
        self._over = True
        self._wanted.release()
        self._process.kill()
        self._process.wait()
        self._server.shutdown()
        self._server.server_close()

    def _wait_for_answer(self, seconds):
        deadline = time.monotonic() + seconds
        while not self._answered.acquire(timeout=0.2):
            self.alive()
            if time.monotonic() > deadline:
                raise Failure(f"{self._binary.name} has not answered for {seconds} s")

    # From here on: called by the connection's thread.

    def next_event(self):
        """Waits for the next event; none when it is over."""
        self._wanted.acquire()
        return None if self._over else self._event

    def take(self, path, content):
        """Takes an answer, or the reason why the process cannot start."""
        self._answer = not path.endswith(b"/response"), content
        self._answered.release()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


class _Connection(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self):
        number = 0
        try:
            while line := self.rfile.readline():
                method, path, _ = line.split(b" ", 2)
                content = self.rfile.read(self._length())
                if method == b"GET":
                    event = self.server.api.next_event()
                    if event is None:
                        return
                    number += 1
                    deadline = int((time.time() + 60) * 1000)
                    self.wfile.write(_NEXT % (number, deadline, len(event), event))
                else:
                    self.wfile.write(_TAKEN)
                    self.server.api.take(path, content)
        except ConnectionError:
            pass  # the process has ended, and its watcher reports that

    def _length(self):
        length = 0
        while (line := self.rfile.readline()) not in (b"\r\n", b""):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return length


@contextmanager
def running(binary, env, log):
    """A function's process, until the block ends."""
    log.parent.mkdir(parents=True, exist_ok=True)
    process = Process(binary, env, log)
    try:
        yield process
    finally:
        process.end()
