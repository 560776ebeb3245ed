"""Measures each function: its size, its start, and the cost of a call."""

import re
import secrets
from dataclasses import dataclass
from statistics import median, quantiles

import emulator as aws
import template as sam
from lambdas import basic, binary_of, command, cpu_seconds, environment, event, instance, peak_megabytes, records, time_start
from processes import free_port
from tables import judged, show

STARTS = 7
WARM_CALLS = 300
FEW_CALLS = 20  # enough to measure a warm call in an instance that was started for its first answer
GOOD = (200, 429)  # an early poll gets the full answer, as a 429
NUMBER, ANOTHER_NUMBER, THIRD_NUMBER = "+8613800138000", "+8613800138001", "+8613800138002"

# The addresses of sockets that functions which open sessions are given. No server listens there.
SOCKETS = {"SOCKET_URL": "ws://localhost:9", "SOCKET_ENDPOINT": "http://localhost:9/v1"}


@dataclass(frozen=True)
class Figures:
    """One function's figures, in megabytes and milliseconds."""

    function: str
    size: float
    ready_cpu: float
    ready_wall: float
    first_extra: float
    warm_p50: float
    warm_p99: float
    warm_cpu: float
    memory: float


def measure():
    """Measures every function over an emulator of its own, and prints the table."""
    template = sam.load()
    with aws.running(free_port()) as emulator:
        env = environment(emulator, template, aws.create_data(emulator, template))
        found = [measure_one(it.binary, env, emulator) for it in sam.functions(template)]
    show_figures(found)


def measure_one(function, env, emulator):
    """One function: starts first, then calls."""
    binary = binary_of(function)
    time_start(binary, env)  # reads the file from disk once
    starts = [time_start(binary, env) for _ in range(STARTS)]
    with instance(binary, env) as prepared:
        following = CALLS[function](prepared, emulator, env)
    last, extras = None, []
    for _ in range(STARTS):
        with instance(binary, env) as it:
            first = it.call(following(last)).expect(*GOOD)
            warm, last = call_often(it, following, first, FEW_CALLS)
            extras.append(first.seconds - it.init_seconds() - median(warm))
    with instance(binary, env) as it:
        first = it.call(following(last)).expect(*GOOD)
        used = cpu_seconds(it.pid)
        warm, _ = call_often(it, following, first, WARM_CALLS)
        used = cpu_seconds(it.pid) - used
        memory = peak_megabytes(it.pid)
    return Figures(
        function,
        size=binary.stat().st_size / 1e6,
        ready_cpu=median(cpu for cpu, _ in starts) * 1e3,
        ready_wall=median(wall for _, wall in starts) * 1e3,
        first_extra=median(extras) * 1e3,
        warm_p50=median(warm) * 1e3,
        warm_p99=quantiles(warm, n=100)[98] * 1e3,
        warm_cpu=used / WARM_CALLS * 1e3,
        memory=memory,
    )


def call_often(running, following, last, times):
    """Calls one after the other; their seconds, and the last answer."""
    seconds = []
    for _ in range(times):
        last = running.call(following(last)).expect(*GOOD)
        seconds.append(last.seconds)
    return seconds, last


# The measured call of each function. Given an instance, the emulator and the functions' environment, each prepares what
# the call needs, and returns a function from the previous answer to the next event.


def poll_of_a_machine(kiosk, _emulator, _env):
    """A machine asks for the state with its secret. Asked too early it gets the same answer, as a 429."""
    created = kiosk.call(event("kiosk-create")).expect(200).json()
    poll = event("kiosk-status", parameters={"id": created["id"]}, headers={"token": created["pollToken"]})
    return lambda _: poll


def poll_of_a_page(web, _emulator, _env):
    """A PC page asks for the state with its cookie; too early as above."""
    opened = web.call(event("web-code", cookies=[])).expect(200)
    poll = event("web-login", cookies=[opened.cookies[0].split(";")[0]])
    return lambda _: poll


def results_of_a_trace(remembered, _emulator, env):
    """A region's server asks for the state of its login."""
    server = register_client(env, id="bench-region", name="Region", dialect="remembered")
    asked = remembered.call(event("remembered-ask", headers=server, body={"region": "bench-region"})).expect(200)
    results = event("remembered-results", parameters={"traceId": asked.json()["traceId"]}, headers=server)
    return lambda _: results


def poll_of_a_shop_page(shop, _emulator, _env):
    """A shop's page asks for the state with its cookie; too early as above."""
    opened = shop.call(event("shop-create", headers={"accept": "application/json"})).expect(200)
    cookie = opened.cookies[0].split(";")[0]
    poll = event("shop-login", parameters={"code": opened.json()["code"]}, cookies=[cookie])
    return lambda _: poll


def published_keys(_oauth, _emulator, _env):
    """A server fetches the keys."""
    jwks = event("oauth-jwks")
    return lambda _: jwks


def next_tokens(accounts, emulator, _env):
    """A phone exchanges each refresh token for the next."""
    signed_in = sign_in(accounts, emulator)
    return lambda last: event(
        "accounts-refresh", body={"refreshToken": (last.json() if last else signed_in)["refreshToken"]}
    )


def the_same_token_again(_devices, emulator, env):
    """An app registers its push token, as it does at each start."""
    with instance(binary_of("accounts"), env) as accounts:
        token = sign_in(accounts, emulator, ANOTHER_NUMBER)["token"]
    register = event("devices-register", headers={"authorization": f"Bearer {token}"})
    return lambda _: register


def what_is_signed_in(_people, emulator, env):
    """A person's page lists what is signed in."""
    with instance(binary_of("accounts"), env) as accounts:
        token = sign_in(accounts, emulator, THIRD_NUMBER)["token"]
    sign_ins = event("people-sign-ins", headers={"authorization": f"Bearer {token}"})
    return lambda _: sign_ins


def sign_in_page(_pages, _emulator, _env):
    """A browser opens the sign-in page."""
    page = event("pages-sign-in")
    return lambda _: page


def socket_of_a_page(_socket, _emulator, env):
    """A page opens a socket to watch its QR. Each comes from another address, because one may open only so many a minute."""
    with instance(binary_of("web"), env | SOCKETS) as web:
        watch = web.call(event("web-code", cookies=[])).expect(200).json()["watch"]
    number = 0

    def connect(_):
        nonlocal number
        number += 1
        call = event("socket-connect")
        offered = f"saoma.v1, {watch}"
        call["headers"]["Sec-WebSocket-Protocol"], call["multiValueHeaders"]["Sec-WebSocket-Protocol"] = offered, [offered]
        call["requestContext"]["identity"]["sourceIp"] = f"10.{number // 256}.{number % 256}.7"
        call["requestContext"]["connectionId"] = f"connection-{number}="
        return call

    return connect


def step_of_a_web_login(_notify, _emulator, _env):
    """A page's QR was scanned. Its site's server has no webhook, so this is one message to the topic."""
    (step,) = (it for it in records("notify-stream") if it["dynamodb"]["NewImage"]["flow"]["S"] == "web")
    return lambda _: {"Records": [step]}


def calls_of_clients_that_are_gone(_deliver, _emulator, _env):
    """Two calls whose clients were removed: everything but the calls themselves."""
    calls = records("deliver-queue")
    return lambda _: {"Records": calls}


def the_same_client_again(_admin, _emulator, _env):
    """An operator's tool repeats a command whose answer was lost."""
    create = command("admin-client-create")
    return lambda _: create


CALLS = {
    "kiosk": poll_of_a_machine,
    "web": poll_of_a_page,
    "remembered": results_of_a_trace,
    "shop": poll_of_a_shop_page,
    "oauth": published_keys,
    "accounts": next_tokens,
    "devices": the_same_token_again,
    "people": what_is_signed_in,
    "pages": sign_in_page,
    "socket": socket_of_a_page,
    "notify": step_of_a_web_login,
    "deliver": calls_of_clients_that_are_gone,
    "admin": the_same_client_again,
}


def sign_in(accounts, emulator, number=NUMBER):
    """Signs a phone in by SMS; the answer."""
    challenge = secrets.token_urlsafe(16)
    asking = {"phone": number, "challenge": challenge}
    accounts.call(event("accounts-send-code", body=asking)).expect(200)
    code = re.search(r"\d{6}", emulator.messages()[number][-1])[0]
    return accounts.call(event("accounts-login-code", body={"challenge": challenge, "code": code})).expect(200).json()


def register_client(env, **settings):
    """Registers a client as `make client` does; the header its server authenticates with."""
    with instance(binary_of("admin"), env) as admin:
        order = {"do": "client.create", "by": "bench", **settings}
        secret = admin.call(order).expect(200).json()["secret"]
    return basic(settings["id"], secret)


def show_figures(found):
    """The table."""
    head = [
        "function", "binary MB", "ready CPU ms", "ready wall ms", "first - warm ms",
        "warm p50 ms", "warm p99 ms", "warm CPU ms", "peak MB",
    ]  # fmt: skip
    rows = [
        [
            it.function, judged(it.size, 6), judged(it.ready_cpu, 5), f"{it.ready_wall:.1f}",
            judged(it.first_extra, 5), f"{it.warm_p50:.2f}", f"{it.warm_p99:.2f}",
            judged(it.warm_cpu, 0.5, 3), judged(it.memory, 24, 1),
        ]
        for it in found
    ]  # fmt: skip
    rows.append(["aim", "< 6", "< 5", "", "< 5", "", "", "< 0.5", "< 24"])
    notes = [
        "ready: from the process's start until it asks for its first event; a runtime API of our own sees it;"
        f" median of {STARTS}",
        "first - warm: the first call, less the start it waits for, less a warm call; AWS's runtime interface emulator;"
        f" median of {STARTS}",
        f"warm, peak: {WARM_CALLS} calls of one instance; AWS's runtime interface emulator; peak is VmHWM",
        "wall includes the emulated AWS, a few ms an answer; CPU is the function's own, of all threads (schedstat)",
        "called: " + ", ".join(f"{name}: {call.__name__.replace('_', ' ')}" for name, call in CALLS.items()),
    ]
    show("Functions, as shipped", head, rows, notes)
