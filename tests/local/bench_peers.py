"""Counts logins a second beside node-oidc-provider: the same two flows, on this machine, in the same run.

One driver plays both: a code flow with PKCE and a device flow, from the client's request to its ID token, some at a time and
without pauses.
"""

import json
import subprocess
from contextlib import ExitStack

import emulator as aws
import gateway
import node
import template as sam
from bench_functions import register_client, sign_in
from lambdas import binary_of, cpu_seconds, environment, instance
from played_logins import CLIENTS, SCREEN
from processes import ROOT, SCRATCH, Failure, end, free_port, listening, start, wait_until
from tables import show

LOGINS, PARALLEL = 200, 8
WARM_UP = 50  # logins before those that count
INSTANCES = 4  # of each of our functions
CAST = ("oauth", "pages")  # the functions that take part
PHONES = [f"+86138001382{number:02}" for number in range(8)]  # one phone may make 120 calls a minute
FLOWS = {"code": "code flow with PKCE", "device": "device flow"}
HERE = ROOT / "tests" / "bench_peers"


def measure():
    """Drives both and prints them."""
    node.install("bench_peers")
    found = {"node-oidc-provider": of_provider(), "Saoma": of_ours()}
    show(
        "Logins a second, beside a peer",
        ["flow", "server", "logins a second", "requests a login", "server's CPU ms a login"],
        [[FLOWS[flow], name, *figures[flow]] for flow in FLOWS for name, figures in found.items()],
        [
            f"{LOGINS} logins, {PARALLEL} at a time, after {WARM_UP} that do not count; ES256; one driver for both, which shares"
            " this machine",
            "node-oidc-provider lets its person in without a page, and keeps everything in its own memory, as it does for"
            " development only",
            "Saoma's login is scanned and confirmed by a phone. A gateway in Python stands before the functions and the"
            f" emulator's DynamoDB behind them, and those two set the pace; {INSTANCES} instances of each function; `notify`"
            " does not run",
            "CPU: of node-oidc-provider's process, and of our functions' processes without gateway and emulator",
        ],
    )


def of_provider():
    """The figures of node-oidc-provider."""
    port = free_port()
    log = SCRATCH / "bench-provider.log"
    process = start([node.NODE, HERE / "provider.mjs", port], log=log, cwd=HERE)
    try:
        wait_until("node-oidc-provider", lambda: listening(port), process, log)
        return driven(lambda: cpu_seconds(process.pid), server="provider", origin=f"http://127.0.0.1:{port}")
    finally:
        end(process)


def of_ours():
    """The figures of our functions as they are shipped."""
    template, port = sam.load(), free_port()
    with aws.running(free_port()) as emulator, ExitStack() as running:
        env = environment(emulator, template, aws.create_data(emulator, template))
        # All logins here come from one address.
        env |= {"PUBLIC_URL": f"http://127.0.0.1:{port}", "CREATES_PER_MINUTE": "100000"}
        with instance(binary_of("accounts"), env) as accounts:
            phones = [sign_in(accounts, emulator, number)["token"] for number in PHONES]
        (settings,) = (client for client in CLIENTS if client["id"] == SCREEN)
        client = register_client(env, **settings)["authorization"]
        functions = running.enter_context(gateway.functions(CAST, env, INSTANCES))
        running.enter_context(gateway.served(port, gateway.routes_of(template, CAST), functions))
        origin = f"http://127.0.0.1:{port}"
        return driven(functions.cpu_seconds, server="ours", origin=origin, phones=phones, client=client)


def driven(cpu_so_far, **how):
    """Of each flow: logins a second, requests a login, and milliseconds of the server's processor a login."""
    return {flow: driven_through(cpu_so_far, flow=flow, **how) for flow in FLOWS}


def driven_through(cpu_so_far, **how):
    """The figures of one flow."""
    drive(logins=WARM_UP, **how)
    before = cpu_so_far()
    took = drive(logins=LOGINS, **how)
    used = (cpu_so_far() - before) * 1e3 / LOGINS
    return f"{LOGINS / took['seconds']:.0f}", f"{took['requests']:g}", f"{used:.2f}"


def drive(**how):
    """Signs in so many times; what the driver says."""
    command = [node.NODE, HERE / "drive.mjs", json.dumps({"parallel": PARALLEL, **how})]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        raise Failure(f"drive.mjs failed: {done.stderr[-2000:]}")
    return json.loads(done.stdout)
