"""make sam-local: `sam local start-api` on http://localhost:3000, each function in a container, without sockets.

The containers get the emulator's address and the data's names from a file of variables, which `sam local invoke` reads
beside this for as long as it runs: samconfig.toml names it.
"""

import asyncio
import json
import os
import socket
import threading
from contextlib import contextmanager

import docker
import psutil
from docker.errors import DockerException

import emulator as aws
import stream
import template as sam
from processes import SCRATCH, VENV, Failure, end, hold, host_architecture, listening
from processes import port_from, run, start, tidy, wait_until
from serve import Stack, announce, handed_over

VARIABLES = SCRATCH / "sam-local.json"
_HOST = "host.docker.internal"  # what containers call this machine; samconfig.toml has it resolved


@contextmanager
def served(port, emulator):
    """Creates the data, writes the variables down, and serves the functions as they were built."""
    template = sam.load()
    endpoint = f"http://{_HOST}:{emulator.port}"
    outputs = aws.create_data(emulator, template, AwsEndpointUrl=endpoint)
    url = f"http://localhost:{port}"
    with (
        written_down(template, outputs, url),
        sam_local("start-api", port, emulator),
        sam_local("start-lambda", port + 1, emulator),
        handed_over(emulator, template, outputs, lambda it: stream.through_watch(port + 1, it.logical_id)),
    ):
        yield Stack(url, emulator, outputs)


@contextmanager
def written_down(template, outputs, url):
    """Keeps the file of variables while the block runs."""
    variables = {**sam.environment(template, outputs), "PUBLIC_URL": os.environ.get("PUBLIC_URL") or url}
    variables["SOCKET_URL"] = ""  # `sam local` serves no WebSocket API, so screens poll
    VARIABLES.write_text(json.dumps({"Parameters": variables}, indent=2))
    try:
        yield
    finally:
        VARIABLES.unlink()


@contextmanager
def sam_local(command, port, emulator):
    """`sam local start-api` or `start-lambda`; a function's container is made at its first call and kept."""
    log = SCRATCH / f"sam-local-{command}-{port}.log"
    words = [VENV / "sam", "local", command, "--port", port, "--warm-containers", "LAZY", "--shutdown"]
    process = start(words, env={**emulator.environment(), "SAM_CLI_TELEMETRY": "0"}, log=log)
    try:
        wait_until(f"sam local {command}", lambda: listening(port), process, log)
        yield
    finally:
        end(process, patience=60)  # it removes its containers first


@contextmanager
def reachable_from_containers(port):
    """Opens a port of this machine's loopback to its containers, and to nothing else, by the bridge that they are on.

    Docker Desktop needs no such thing, and has no bridge here: there, containers reach the loopback itself.
    """
    bridge = docker.from_env().networks.get("bridge").attrs["Options"]["com.docker.network.bridge.name"]
    addresses = [it.address for it in psutil.net_if_addrs().get(bridge, []) if it.family == socket.AF_INET]
    if not addresses:
        yield
        return
    door = socket.create_server((addresses[0], port))
    over = asyncio.Event()

    async def stand_open():
        async with await asyncio.start_server(lambda *caller: _relay(*caller, port), sock=door):
            await over.wait()

    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        thread = threading.Thread(target=runner.run, args=[stand_open()], daemon=True)
        thread.start()
        try:
            yield
        finally:
            loop.call_soon_threadsafe(over.set)
            thread.join(5)


async def _relay(reader, writer, port):
    inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
    await asyncio.gather(_copy(reader, inner_writer), _copy(inner_reader, writer))


async def _copy(reader, writer):
    try:
        while content := await reader.read(65536):
            writer.write(content)
            await writer.drain()
    except OSError:
        pass  # one side has hung up, so the other is closed too
    finally:
        writer.close()


def require_docker():
    """Fails with one line when no Docker runs."""
    try:
        docker.from_env().ping()
    except DockerException:
        raise Failure("make sam-local needs Docker, and none runs here; make run needs none.") from None


def main():
    require_docker()
    port, emulator_port = port_from("PORT", 3000), port_from("EMULATOR_PORT", 4566)
    print("Building the functions as they are shipped ...", flush=True)
    run(["make", "--no-print-directory", "build", f"ARCH={host_architecture()}"])
    with aws.running(emulator_port, auth=False) as emulator, reachable_from_containers(emulator_port):
        with served(port, emulator) as stack:
            announce(stack)
            hold()


if __name__ == "__main__":
    with tidy():
        main()
