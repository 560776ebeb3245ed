"""All functions on one port at their natural paths, over the emulator: `cargo lambda watch`. Sockets have a port of their own."""

import http.client
import json
import os
from contextlib import contextmanager
from dataclasses import dataclass

import calls
import emulator as aws
import sockets
import stream
import template as sam
from processes import ROOT, SCRATCH, VENV, Failure, end, free_port, listening, port_from, run, start, wait_until

# What the Lambda runtime says at each start about a limit that only `cargo lambda watch` sets.
_NOISE = b"AWS_LAMBDA_MAX_CONCURRENCY is set"
# How many sockets that open or close are calls of their function at the same time.
SOCKET_CALLS = 8
# How often a function is called that does not answer when it is started.
CALLS_TO_START = 3
# What it does not watch besides what .gitignore names.
NOT_WATCHED = ROOT / "tests" / "local" / "watch.ignore"


@dataclass(frozen=True)
class Stack:
    """A served stack: where it is, its emulator, and the template's outputs."""

    url: str
    emulator: aws.Emulator
    outputs: dict


def build():
    """Compiles every function as `cargo lambda watch` will ask for it, so that it has nothing left to compile."""
    run(["cargo", "build", "--quiet", "--bins"])


@contextmanager
def served(port, emulator, *, reload, concurrency=2, **parameters):
    """Creates the data with these parameters, serves the functions and waits until each of them answers."""
    # `cargo lambda watch` stops answering when a thousand sockets close at the same moment and each is a call.
    api = sockets.Api(calls.no_more_at_once(SOCKET_CALLS, stream.through_watch(port, "socket")))
    socket_port = port_from("SOCKET_PORT", 0)
    with sockets.served(socket_port, api), sockets.connections(free_port(), api) as endpoint:
        where = {"SOCKET_URL": f"ws://localhost:{socket_port}", "SOCKET_ENDPOINT": endpoint}
        with _watched(port, emulator, where, reload, concurrency, parameters) as stack:
            yield stack


@contextmanager
def _watched(port, emulator, where, reload, concurrency, parameters):
    """Serves the functions, which find their sockets where these variables say."""
    template = sam.load()
    outputs = aws.create_data(emulator, template, **parameters)
    url = f"http://localhost:{port}"
    environment = {
        # What the template says, which our own environment may override: SESSION_SECONDS=30 make run
        **{name: os.environ.get(name) or value for name, value in sam.environment(template, outputs).items()},
        "PUBLIC_URL": os.environ.get("PUBLIC_URL") or url,
        **{name: os.environ.get(name, value) for name, value in where.items()},
    }
    # The functions inherit the server's environment, all but the log level: that one cargo-lambda would take for itself.
    # What `make audit` reads.
    functions_log = SCRATCH / f"functions-{emulator.port}.log"
    log_level = SCRATCH / f"functions-{port}.env"
    log_level.write_text(f"RUST_LOG={environment.pop('RUST_LOG')}\n")
    command = [
        VENV / "cargo-lambda", "lambda", "watch", "--quiet",
        "--invoke-address", os.environ.get("HOST", "127.0.0.1"),
        "--invoke-port", port,
        "--concurrency", concurrency,
        "--env-file", log_level,
        "--disable-cors",
    ]  # fmt: skip
    if not reload:
        command.append("--ignore-changes")
    its_own = {"RUST_LOG": "off", "CARGO_LAMBDA_IGNORE_FILE": str(NOT_WATCHED)}
    process = start(command, env={**emulator.environment(), **environment, **its_own}, without=_NOISE, copy=functions_log)
    try:
        wait_until("cargo lambda watch", lambda: listening(port), process)
        for function in sam.functions(template):
            started(port, function)
        # Where an operator's tools find the functions of this emulator's stack.
        (SCRATCH / f"served-{emulator.port}").write_text(str(port))
        with handed_over(emulator, template, outputs, lambda it: stream.through_watch(port, it.binary)):
            yield Stack(url, emulator, outputs)
    finally:
        (SCRATCH / f"served-{emulator.port}").unlink(missing_ok=True)
        end(process)


@contextmanager
def handed_over(emulator, template, outputs, invoke):
    """Hands the sessions' stream and the queue of calls to their functions; `invoke` gives the way to call one."""
    (told, of_stream), (called, of_queue) = sam.stream(template), sam.queue(template)
    where = (outputs["SessionsTable"], stream.Mapping(of_stream), outputs["NotifyFailures"])
    with (
        stream.pumped(emulator, *where, invoke(told)),
        calls.pumped(emulator, outputs["CallsQueue"], calls.Mapping(of_queue), invoke(called)),
    ):
        yield


def announce(stack, demo=None):
    """Prints where everything is, and from then on each SMS."""
    aws.follow_messages(stack.emulator)
    also = f"\n  Demo           {demo}" if demo else ""
    print(
        f"""
  Sign-in page   {stack.url}/{also}
  Keys           {stack.url}/.well-known/jwks.json
  AWS emulator   {stack.emulator.endpoint}
  SMS codes      are printed here as they are sent
  Ctrl-C         ends everything
""",
        flush=True,
    )


def started(port, function):
    """Starts a function, by asking it for a page that it does not have, or by sending it an empty batch."""
    # `cargo lambda watch` loses a call now and then, and a busy machine starts a function slowly.
    for attempt in range(1, CALLS_TO_START + 1):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            if function.routes:
                connection.request("GET", f"/lambda-url/{function.binary}/-")
            else:
                nothing = json.dumps({"Records": []})
                connection.request("POST", f"/2015-03-31/functions/{function.binary}/invocations", nothing)
            connection.getresponse().read()
            return
        except (OSError, http.client.HTTPException) as error:
            if attempt == CALLS_TO_START:
                raise Failure(f"the function {function.binary} does not answer: its last words are above") from error
        finally:
            connection.close()
