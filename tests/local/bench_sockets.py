"""Measures the login of a page whose screen is told by a socket when to ask, beside that of one which only asks.

The first part counts what each takes and costs, with people's pauses in real time. The second part measures how long it
takes from the phone's confirm until the screen has changed, over HTTP and a real socket.
"""

import http.client
import json
import random
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue
from statistics import median, quantiles
from urllib.parse import parse_qs, urlencode, urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

import emulator as aws
import gateway
import sockets
import template as sam
from bench_functions import sign_in
from bench_login import Login, Stage, amounts, cost, gigabyte_seconds, megabytes_of, started
from lambdas import binary_of, cpu_seconds, environment, instance
from meter import counted, metered
from played_logins import CONFIRMED_AFTER, SCANNED_AFTER, SITE, exchange, must_be
from processes import ROOT, free_port
from tables import at_most, show

QUICK = 1.1, 1.2  # SCANNED_AFTER and CONFIRMED_AFTER of a person who makes no pause: the service refuses a second poll within a second
CPU_LOGINS = 15  # quick logins, of whose processor's time the median counts
CAST = ("web", "accounts", "notify")  # the functions that take part, besides `socket`
PHONES = [f"+86138001381{number:02}" for number in range(8)]  # one phone may make 120 calls a minute
CONFIRMS = 60  # measured for each kind of screen
# Aims: dollars for a million; DynamoDB's calls and milliseconds of processor of one login; milliseconds until the screen
# changes.
DOLLARS, CALLS, CPU, P50, P99 = 15, 14, 3, 150, 250
WAITING, SIGNED_IN = 0, 2  # the contract's `statusflag`
AGAIN = 1.1  # seconds until a page that was told of a change and saw none asks once more


@dataclass(frozen=True)
class Watched:
    """What a login took beside its calls over HTTP: how long each call of the function `socket` took, in seconds; the
    messages to screens; how long each socket was open, in seconds; and milliseconds of processor by function."""

    calls: list
    messages: int
    open: list
    cpu: dict


class Gate(sockets.Api):
    """The sockets, counted."""

    def __init__(self, invoke):
        super().__init__(self._timed)
        self._function = invoke
        self._calls, self._messages, self._lasted = [], 0, []

    def taken(self):
        """The seconds of each call, the messages and the seconds of each socket since this was last asked."""
        found = self._calls, self._messages, self._lasted
        self._calls, self._messages, self._lasted = [], 0, []
        return found

    def _timed(self, event):
        began = time.perf_counter()
        answer = self._function(event)
        self._calls.append(time.perf_counter() - began)
        if event["requestContext"]["eventType"] == "DISCONNECT":
            self._lasted.append(time.time() - event["requestContext"]["connectedAt"] / 1000)
        return answer

    def send(self, name, message):
        """Sends a message, and counts it if the socket was open."""
        sent = super().send(name, message)
        self._messages += sent
        return sent

    def closed(self, sockets):
        """Waits until so many sockets are closed and their function knows it."""
        while len(self._lasted) < sockets:
            time.sleep(0.01)


def measure():
    """Measures both logins and prints them. Returns what a login with a socket costs beside its requests over HTTP, in
    dollars a million."""
    template = sam.load()
    with aws.running(free_port()) as emulator:
        outputs = aws.create_data(emulator, template)
        logins = counted_logins(emulator, template, outputs)
        changes = measured_changes(emulator, template, outputs)
    show_logins(logins, changes, megabytes_of(template))
    login, watched = logins[True]
    taken = amounts_of(login, watched, megabytes_of(template))
    over_http = {"HTTP API requests": len(login.requests), "Lambda requests": len(login.requests)}
    return cost(taken) - cost(over_http)


# The first part: one login at the pace of people, with every call counted.


def counted_logins(emulator, template, outputs):
    """A login without a socket and one with: what the calls were, and what there was beside them."""
    with metered(emulator) as meter, ExitStack() as running:
        unmetered = environment(emulator, template, outputs)
        env = unmetered | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{meter.port}"}
        # The template gives `socket` no address of sockets: it opens no sessions.
        instances = {"socket": running.enter_context(started("socket", env))}
        gate = Gate(lambda event: json.loads(instances["socket"].invoke(event)[0]))
        env |= running.enter_context(opened(gate))
        instances |= {name: running.enter_context(started(name, env)) for name in CAST}
        stage = Stage(instances, meter, emulator, unmetered, outputs["SessionsTable"])
        return {told: counted_login(stage, gate, instances, told) for told in (False, True)}


def counted_login(stage, gate, instances, told):
    """A login at the pace of people.

    The processor's time is that of the same calls in quick succession, as instances that serve many people get them: the
    median of several logins. A screen that only asks makes fewer calls when its person is quick, so there it is that of the
    login itself.
    """
    quick = [played(stage, gate, instances, told, *QUICK)[1].cpu for _ in range(CPU_LOGINS if told else 1)]
    login, watched = played(stage, gate, instances, told, SCANNED_AFTER, CONFIRMED_AFTER)
    cpu = {name: median(it[name] for it in quick) for name in instances} if told else watched.cpu
    return login, replace(watched, cpu=cpu)


def played(stage, gate, instances, told, *pauses):
    """A login with these pauses of its person: what was called, and what there was beside it."""
    gate.taken()
    before = {name: cpu_seconds(it.pid) for name, it in instances.items()}
    login = stage.play(lambda stage: page_login(stage, told, *pauses))
    if told:
        gate.closed(1)
    cpu = {name: (cpu_seconds(it.pid) - before[name]) * 1e3 for name, it in instances.items()}
    return login, Watched(*gate.taken(), cpu)


def page_login(stage, told, scanned_after, confirmed_after):
    """A site's page shows a QR and waits; an app locks and activates; the site's server exchanges the ticket.

    The page asks as ours does (functions/pages/assets/qr.js): after `pollAfter`; with a socket when that opens, when it is
    told, once more if that showed nothing new, and else seldom.
    """
    opened = stage.call("web-code", query={"client": SITE}, cookies=[])
    cookie, shown = opened.cookies[0].split(";")[0], opened.json()
    code, phone = {"code": shown["code"]}, {"authorization": f"Bearer {stage.phone_token}"}
    began = time.monotonic()
    steps = [(began + scanned_after, "web-lock"), (began + confirmed_after, "web-activate")]
    flag, polled = WAITING, None
    with screen(shown if told else None) as socket:
        ask_at = began if told else began + shown["pollAfter"]
        while flag != SIGNED_IN:
            step_at = steps[0][0] if steps else float("inf")
            was_told = socket.told_before(min(ask_at, step_at))
            if was_told or ask_at <= step_at:
                polled = stage.call("web-login", cookies=[cookie]).json()
                missed = was_told and polled["statusflag"] == flag
                ask_at = time.monotonic() + (AGAIN if missed else watched_pace() if told else polled["pollAfter"])
                flag = polled["statusflag"]
            else:
                stage.call(steps.pop(0)[1], headers=phone, body=code)
    must_be(steps, [])
    exchange(stage, SITE, parse_qs(urlsplit(polled["url"]).query)["ticket"][0])


def watched_pace():
    """How many seconds a page of ours waits between two polls while its socket is open."""
    page = (ROOT / "functions" / "pages" / "assets" / "qr.js").read_text()
    return int(re.search(r"WATCHED_PACE = (\d+)", page)[1])


class Screen:
    """A screen's socket, and the messages that came over it."""

    def __init__(self, socket):
        self._socket, self._told = socket, SimpleQueue()
        if socket:
            threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        try:
            for message in self._socket:
                must_be(json.loads(message), {"poll": True})
                self._told.put(message)
        except ConnectionClosed:
            pass

    def told_before(self, moment):
        """Waits for a message, until a moment; whether one came."""
        try:
            self._told.get(timeout=max(0, moment - time.monotonic()))
        except Empty:
            return False
        return True


@contextmanager
def screen(shown):
    """The socket of a page that was given `{socketUrl, watch}`; none, which is never told, without that."""
    if not shown:
        yield Screen(None)
        return
    offered = [sockets.PROTOCOL, shown["watch"]]
    with connect(shown["socketUrl"], subprotocols=offered, compression=None, proxy=None) as socket:
        must_be(socket.subprotocol, sockets.PROTOCOL)
        yield Screen(socket)


@contextmanager
def opened(gate):
    """Opens the sockets' addresses; the variables that name them."""
    port = free_port()
    with sockets.served(port, gate), sockets.connections(free_port(), gate) as endpoint:
        yield {"SOCKET_URL": f"ws://localhost:{port}", "SOCKET_ENDPOINT": endpoint}


# The second part: how long a screen takes to change.


def measured_changes(emulator, template, outputs):
    """From the phone's confirm, as it is sent, until the screen has the answer that lets it in, in seconds; without a socket
    and with one."""
    names, port = ("web", "accounts"), free_port()
    routes = gateway.routes_of(template, names)
    with ExitStack() as running:
        # All screens here come from one address.
        ours = {"PUBLIC_URL": f"http://127.0.0.1:{port}", "CREATES_PER_MINUTE": "100000"}
        env = environment(emulator, template, outputs) | ours
        watching = running.enter_context(gateway.functions(["socket"], env, 1))
        env |= running.enter_context(opened(Gate(lambda event: watching.invoke("socket", event))))
        serving = running.enter_context(gateway.functions(names, env, 2))
        running.enter_context(gateway.served(port, routes, serving))
        with instance(binary_of("accounts"), env) as accounts:
            tokens = [sign_in(accounts, emulator, number)["token"] for number in PHONES]
        phones = [tokens[number % len(tokens)] for number in range(CONFIRMS)]
        for token in tokens[:2]:  # the first calls start the instances
            change_of_a_screen(port, token, told=True)
        told = [change_of_a_screen(port, token, told=True) for token in phones]
        with ThreadPoolExecutor(len(tokens)) as at_once:  # these mostly wait
            polled = list(at_once.map(lambda token: change_of_a_screen(port, token, told=False), phones))
    return {False: polled, True: told}


def change_of_a_screen(port, token, *, told):
    """One login over HTTP; the seconds from the confirm to the screen's change."""
    with closing(Caller(port)) as page, closing(Caller(port)) as app:
        shown = page.get("/qr/code?client=saoma")
        code = {"code": shown["code"]}
        with screen(shown if told else None) as socket:
            key = {"token": shown["pollToken"]}
            must_be(page.get("/qr/login", key)["statusflag"], WAITING)
            ask_at = time.monotonic() + (watched_pace() if told else shown["pollAfter"])
            app.post("/qr/lock", token, code)
            # The person takes a moment. A screen that only asks is then somewhere between two polls.
            confirm_at = time.monotonic() + (0.3 if told else random.uniform(0, shown["pollAfter"]))
            confirmed, flag = SimpleQueue(), None
            threading.Thread(target=lambda: confirmed.put(confirm(app, token, code, confirm_at)), daemon=True).start()
            while flag != SIGNED_IN:
                socket.told_before(ask_at)
                answer = page.get("/qr/login", key)
                flag = answer["statusflag"]
                ask_at = time.monotonic() + (watched_pace() if told else answer["pollAfter"])
            changed_at = time.monotonic()
            return changed_at - confirmed.get(timeout=10)


def confirm(app, token, code, moment):
    """Confirms at a moment; when that was sent."""
    time.sleep(max(0, moment - time.monotonic()))
    began = time.monotonic()
    app.post("/qr/activate", token, code)
    return began


class Caller:
    """One program that calls the API over a connection of its own."""

    def __init__(self, port):
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def get(self, path, headers=None):
        """The answer to a GET. An early poll gets the full answer, as a 429."""
        return self._answer("GET", path, None, headers or {})

    def post(self, path, token, form):
        """A step of the phone, which must succeed."""
        headers = {"authorization": f"Bearer {token}", "content-type": "application/x-www-form-urlencoded"}
        must_be(self._answer("POST", path, urlencode(form), headers)["statusflag"], 0)

    def _answer(self, method, path, body, headers):
        self._connection.request(method, path, body, headers)
        return json.loads(self._connection.getresponse().read())

    def close(self):
        """Ends the connection."""
        self._connection.close()


# What both parts found.


def amounts_of(login, watched, megabytes):
    """How much of everything that has a price a login takes, its socket with it."""
    taken = amounts(login, megabytes)
    taken["Lambda requests"] += len(watched.calls)
    taken["Lambda GB-seconds"] += gigabyte_seconds(watched.calls, megabytes)
    # Each connection by itself in whole minutes, which is the most that it can be.
    minutes = sum(-(-seconds // 60) for seconds in watched.open)
    return taken | {"WebSocket messages": watched.messages, "connection minutes": minutes}


def show_logins(logins, changes, megabytes):
    """Both logins beside the aims."""
    both = [logins[told] for told in (False, True)]
    taken = [amounts_of(login, watched, megabytes) for login, watched in both]
    times = [[seconds * 1e3 for seconds in changes[told]] for told in (False, True)]
    p50, p99 = [median(it) for it in times], [quantiles(it, n=100, method="inclusive")[98] for it in times]

    def row(what, figures, most=None, digits=2):
        """One figure of both, that with a socket beside its aim if there is one."""
        if most is None:
            return [what, *(f"{it:g}" for it in figures), ""]
        asked, told = figures
        return [what, f"{asked:.{digits}f}", at_most(told, most, digits), f"<= {most}"]

    rows = [
        row("HTTP requests", [len(login.requests) for login, _ in both]),
        row("$connect and $disconnect", [len(watched.calls) for _, watched in both]),
        row("messages to the screen", [it["WebSocket messages"] for it in taken]),
        row("connection minutes", [it["connection minutes"] for it in taken]),
        row("records that notify is handed", [len(login.told) for login, _ in both]),
        row("DynamoDB calls", [login.of_tables() for login, _ in both], CALLS, 0),
        row("write units", [it["DynamoDB write units"] for it in taken]),
        row("read units", [it["DynamoDB read units"] for it in taken]),
        row("functions' CPU ms", [sum(watched.cpu.values()) for _, watched in both], CPU),
        row("$ a million", [cost(it) for it in taken], DOLLARS),
        row("confirm to screen, p50 ms", p50, P50, 0),
        row("confirm to screen, p99 ms", p99, P99, 0),
    ]
    login, watched = logins[True]
    notes = [
        f"a page opens its QR by /qr/code; scanned after {SCANNED_AFTER} s, confirmed after {CONFIRMED_AFTER} s; a poll each"
        f" `pollAfter`, or each {watched_pace()} s while the socket is open; the site's server exchanges the ticket",
        "prices as in the table above; WebSocket APIs: $1.00 a million messages, $0.25 a million minutes, each connection in"
        " whole minutes",
        f"DynamoDB, with the socket: {counted([it for it in login.calls if it.service == 'dynamodb'])}",
        "CPU, with the socket: " + ", ".join(f"{name} {ms:.2f}" for name, ms in watched.cpu.items())
        + f" ms; the median of {CPU_LOGINS} logins in a row; without one, of the login that was counted",
        f"confirm to screen: {CONFIRMS} logins each, from the phone's call as it is sent until the screen has the answer"
        " that lets it in; in between are HTTP over loopback, a gateway and sockets in Python, the functions as shipped, and the"
        " emulator's DynamoDB; a network and AWS's own gateways are not",
    ]
    show("A web login of a page, without and with a socket", ["a login", "only polls", "with a socket", "aim"], rows, notes)
