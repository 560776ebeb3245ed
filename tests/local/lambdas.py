"""One function's shipped binary, run as Lambda runs it, with its processor time and memory in view.

Two ways to run it: `time_start`, a runtime API of our own that sees the moment the function asks for its first event;
and `Instance`, under AWS's runtime interface emulator, which takes calls. Linux only: it reads /proc.
"""

import http.client
import json
import platform
import subprocess
import threading
import time
from base64 import b64decode
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from processes import ROOT, SCRATCH, VENV, Failure, end, free_port, listening, start, wait_until

PUBLIC_HOST = "login.example.com"
_ARCHITECTURES = {"x86_64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True)
class Answer:
    """What a function answered, and how long that took in seconds."""

    status: int
    headers: dict
    cookies: list
    body: bytes
    seconds: float

    def json(self):
        """The body as JSON."""
        return json.loads(self.body)

    def expect(self, status):
        """Itself, if its status is this one."""
        if self.status != status:
            raise Failure(f"a call was answered {self.status} instead of {status}: {self.body[:500]!r}")
        return self


def event(method, path, *, headers=None, cookies=(), body=None):
    """An HTTP call as the event API Gateway sends (payload format 2.0)."""
    path, _, query = path.partition("?")
    sent = {"user-agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"}
    sent |= {"content-type": "application/json"} if body is not None else {}
    sent |= headers or {}
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "cookies": list(cookies),
        "headers": sent,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "bench",
            "domainName": PUBLIC_HOST,
            "domainPrefix": "bench",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.7",
                "userAgent": sent["user-agent"],
            },
            "requestId": "bench",
            "routeKey": "$default",
            "stage": "$default",
            "time": "23/Jan/2024:08:20:38 +0000",
            "timeEpoch": 1705998038000,
        },
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
    }


def cpu_seconds(pid):
    """Processor time of a process's threads so far. The kernel's tick counts would be too coarse."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


def peak_megabytes(pid):
    """The most memory a process has had resident."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")) * 1024 / 1e6


def time_start(binary, env):
    """Starts a function; seconds of processor and of wall until it asks for its first event."""
    began = asked = used = None
    ready = threading.Event()

    class RuntimeApi(BaseHTTPRequestHandler):
        def do_GET(self):
            nonlocal asked, used
            asked = time.perf_counter()
            used = cpu_seconds(process.pid)
            ready.set()
            self.close_connection = True

        do_POST = do_GET  # a function that fails to start says so here

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), RuntimeApi)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    env = {**env, **_LAMBDA, "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.server_port}"}
    # Without hooks of ours Python starts a program by vfork, so hardly any of its own time is counted as the program's.
    process = None
    began = time.perf_counter()
    process = subprocess.Popen([binary], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        if not ready.wait(20) or asked is None:
            raise Failure(f"{binary.name} did not ask for an event")
        return used, asked - began
    finally:
        process.kill()
        process.wait()
        server.shutdown()
        server.server_close()


# What Lambda sets, and the runtime client asks for.
_LAMBDA = {
    "AWS_LAMBDA_FUNCTION_NAME": "bench",
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
    "AWS_LAMBDA_LOG_STREAM_NAME": "bench",
    "AWS_LAMBDA_LOG_GROUP_NAME": "bench",
}


class Instance:
    """A function under the runtime interface emulator, which starts it at the first call."""

    def __init__(self, emulator, port, binary, log):
        self._emulator, self._binary, self._log = emulator, binary, log
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def call(self, call):
        """Hands an event to the function."""
        payload = json.dumps(call).encode()
        began = time.perf_counter()
        self._connection.request("POST", "/2015-03-31/functions/function/invocations", payload)
        raw = self._connection.getresponse().read()
        seconds = time.perf_counter() - began
        try:
            answer = json.loads(raw)
            body = answer.get("body") or ""
            body = b64decode(body) if answer.get("isBase64Encoded") else body.encode()
            headers = {name.lower(): value for name, value in answer["headers"].items()}
            return Answer(answer["statusCode"], headers, answer.get("cookies") or [], body, seconds)
        except (ValueError, KeyError, AttributeError) as error:
            raise Failure(f"{self._binary.name} answered no HTTP: {raw[:500]!r} (log: {self._log})") from error

    @property
    def pid(self):
        """The function's process."""
        for child in Path(f"/proc/{self._emulator.pid}/task").glob("*/children"):
            for pid in child.read_text().split():
                if Path(f"/proc/{pid}/exe").resolve() == self._binary:
                    return int(pid)
        raise Failure(f"{self._binary.name} does not run (log: {self._log})")

    def init_seconds(self):
        """How long the emulator says the start took."""
        words = self._log.read_text(errors="replace")
        return float(words.rsplit("INIT REPORT(durationMs: ", 1)[1].split(")")[0]) / 1e3


@contextmanager
def instance(binary, env):
    """A function under the runtime interface emulator, not started yet."""
    port, api = free_port(), free_port()
    log = SCRATCH / f"bench-{binary.name}.log"
    command = [
        interface_emulator(),
        "--runtime-interface-emulator-address", f"127.0.0.1:{port}",
        "--runtime-api-address", f"127.0.0.1:{api}",
        binary,
    ]  # fmt: skip
    process = start(command, env=env, log=log)
    try:
        wait_until("the runtime interface emulator", lambda: listening(port), process, log)
        yield Instance(process, port, binary, log)
    finally:
        end(process)


def interface_emulator():
    """AWS's runtime interface emulator, which comes with the SAM CLI."""
    architecture = _ARCHITECTURES.get(platform.machine(), "x86_64")
    found = list((VENV.parent / "lib").glob(f"python3*/site-packages/samcli/local/rapid/aws-lambda-rie-{architecture}"))
    if not found:
        raise Failure("the SAM CLI in .venv brings no runtime interface emulator")
    return found[0]


def binary_of(function):
    """Where `cargo build --release` puts a function."""
    return release_folder() / function


def release_folder():
    """Where `cargo build --release` puts everything."""
    import os

    return (ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "release").resolve()
