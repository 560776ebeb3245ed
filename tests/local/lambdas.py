"""One function's shipped binary, run as Lambda runs it, with its processor time and memory in view.

Two ways to run it: `time_start`, a runtime API of our own that sees the moment the function asks for its first event;
and `Instance`, under AWS's runtime interface emulator, which takes calls. Linux only: it reads /proc.
"""

import http.client
import json
import os
import subprocess
import threading
import time
from base64 import b64decode, b64encode
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlencode

import psutil

import template as sam
from processes import ROOT, SCRATCH, VENV, Failure, end, free_port, host_architecture, listening, start, wait_until



@dataclass(frozen=True)
class Answer:
    """A function's answer, and how many seconds it took."""

    status: int
    headers: dict
    cookies: list
    body: bytes
    seconds: float

    def json(self):
        """The body as JSON."""
        return json.loads(self.body)

    def expect(self, *statuses):
        """Itself, if its status is one of these."""
        if self.status not in statuses:
            raise Failure(f"a call was answered {self.status} instead of {statuses}: {self.body[:500]!r}")
        return self


def event(name, *, parameters=None, query=None, headers=None, cookies=None, body=None, form=None):
    """The call of events/<name>.json, with values that are known only at run time filled in."""
    call = json.loads((ROOT / "events" / f"{name}.json").read_text())
    for parameter, value in (parameters or {}).items():
        call["rawPath"] = call["rawPath"].replace(call["pathParameters"][parameter], value)
        call["pathParameters"][parameter] = value
    if "rawPath" in call:
        call["requestContext"]["http"]["path"] = call["rawPath"]
    if query is not None:
        call["queryStringParameters"], call["rawQueryString"] = query, urlencode(query)
    call["headers"] |= headers or {}
    if cookies is not None:
        call["cookies"] = cookies
    if body is not None:
        call["body"], call["isBase64Encoded"] = json.dumps(body), False
        call["headers"] |= {"content-type": "application/json", "content-length": str(len(call["body"]))}
    if form is not None:
        call["body"] = urlencode(form)
        call["headers"] |= {"content-length": str(len(call["body"]))}
    return call


def basic(client, secret):
    """The header that a client's server authenticates with."""
    return {"authorization": "Basic " + b64encode(f"{client}:{secret}".encode()).decode()}


def command(name):
    """The operator's command of events/<name>.json."""
    return json.loads((ROOT / "events" / f"{name}.json").read_text())


def records(name):
    """The records of events/<name>.json, which a stream sends."""
    return json.loads((ROOT / "events" / f"{name}.json").read_text())["Records"]


def environment(emulator, template, outputs):
    """The environment of a deployed function, without any variable of this process."""
    return {
        **emulator.aws_environment(),
        **sam.environment(template, outputs),
        "PUBLIC_URL": "https://login.example.com",
        "PATH": os.environ["PATH"],
    }


def cpu_seconds(pid):
    """Processor time of a process's threads so far. What psutil reads, the kernel's ticks, would be too coarse."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


def peak_megabytes(pid):
    """The most memory a process has had resident, which psutil does not tell on Linux."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")) * 1024 / 1e6


def time_start(binary, env):
    """Starts a function; seconds of processor and of wall until it asks for its first event."""
    process = asked = used = None
    ready, over = threading.Event(), threading.Event()

    class RuntimeApi(BaseHTTPRequestHandler):
        def do_GET(self):
            nonlocal asked, used
            asked, used = time.perf_counter(), cpu_seconds(process.pid)
            ready.set()
            over.wait()  # there is no event

        def do_POST(self):  # it says why it cannot start
            ready.set()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), RuntimeApi)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    env = {**env, **FROM_LAMBDA, "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.server_port}"}
    began = time.perf_counter()
    # Without a hook Python starts a program by vfork, so that hardly any time of its own is counted as the program's.
    process = subprocess.Popen([binary], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        if not ready.wait(20) or asked is None:
            raise Failure(f"{binary.name} did not ask for an event")
        return used, asked - began
    finally:
        process.kill()
        process.wait()
        over.set()
        server.shutdown()
        server.server_close()


# What the runtime client asks for.
FROM_LAMBDA = {
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

    def invoke(self, call):
        """Passes an event to the function; the bytes that it answers, and how many seconds that took."""
        payload = json.dumps(call).encode()
        began = time.perf_counter()
        self._connection.request("POST", "/2015-03-31/functions/function/invocations", payload)
        raw = self._connection.getresponse().read()
        return raw, time.perf_counter() - began

    def call(self, call):
        """Passes an event to the function. For a stream's event the status is 200 when all records were accepted."""
        raw, seconds = self.invoke(call)
        try:
            answer = json.loads(raw)
            if "Records" in call:
                return Answer(200 if answer == {"batchItemFailures": []} else 500, {}, [], raw, seconds)
            if "do" in call:
                return Answer(200 if answer["ok"] else 400, {}, [], raw, seconds)
            headers = {name.lower(): value for name, value in answer["headers"].items()}
            return Answer(answer["statusCode"], headers, answer.get("cookies") or [], body_of(answer), seconds)
        except (ValueError, KeyError, AttributeError) as error:
            raise Failure(f"{self._binary.name} gave no readable answer: {raw[:500]!r} (log: {self._log})") from error

    @property
    def pid(self):
        """The function's process."""
        for child in psutil.Process(self._emulator.pid).children(recursive=True):
            if Path(child.exe()) == self._binary:
                return child.pid
        raise Failure(f"{self._binary.name} does not run (log: {self._log})")

    def init_seconds(self):
        """How long the emulator says the start took."""
        words = self._log.read_text(errors="replace")
        return float(words.rsplit("INIT REPORT(durationMs: ", 1)[1].split(")")[0]) / 1e3


def body_of(answer):
    """The bytes of a function's answer to API Gateway."""
    body = answer.get("body") or ""
    return b64decode(body) if answer.get("isBase64Encoded") else body.encode()


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
    architecture = host_architecture()
    found = list((VENV.parent / "lib").glob(f"python3*/site-packages/samcli/local/rapid/aws-lambda-rie-{architecture}"))
    if not found:
        raise Failure("the SAM CLI in .venv brings no runtime interface emulator")
    return found[0]


def binary_of(function):
    """Where `cargo build --release` puts a function."""
    return (ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "release" / function).resolve()
