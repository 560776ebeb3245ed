"""Counts the calls to AWS of one whole login, and computes the price of a million logins."""

import math
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import emulator as aws
import stream
import template as sam
from bench_functions import register_client, sign_in
from lambdas import binary_of, environment, event, instance
from meter import counted, metered
from played_logins import CLIENTS, LOGINS, POLLS_BEFORE_CONFIRM, POLLS_BEFORE_SCAN
from processes import free_port
from tables import exactly, judged, show

# US dollars in us-east-1, list prices without any free tier, for a million of each but the last.
PRICES = {
    "HTTP API requests": 1.00,
    "Lambda requests": 0.20,
    "DynamoDB write units": 0.625,
    "DynamoDB read units": 0.125,
    "S3 PUT": 5.00,
    "S3 GET": 0.40,
    "SNS publishes": 0.50,
    "Lambda GB-seconds": 13.3334,  # arm64, $0.0000133334 each
    "WebSocket messages": 1.00,
    "connection minutes": 0.25,
}
PUT_AIMS = {"kiosk": 1, "web": 0, "remembered": 0, "shop": 1, "device": 0, "code": 0}
# Dollars for a million: polls each 2 s for 20 s; where a contract wants a picture's address, S3; and for each step that is
# told, a call of notify and a message.
COST_AIMS = {
    "kiosk": 22.0 + 5.4 + 3,
    "web": 22.0 + 3,
    "remembered": 22.0 + 4,
    "shop": 22.0 + 5.4 + 3,
    "device": 22.0 + 3,
    "code": 22.0 + 3,
}
CAST = ("kiosk", "web", "remembered", "shop", "oauth", "accounts", "pages", "notify")  # the functions that take part


@dataclass(frozen=True)
class Login:
    """One login: the calls that functions made to AWS, and how long each request took a function, in seconds; and each
    record of the stream."""

    calls: list
    requests: list
    told: list

    def of_tables(self):
        """How many calls DynamoDB got."""
        return sum(1 for it in self.calls if it.service == "dynamodb")

    def count(self, service, operation):
        """How many calls of an operation."""
        return sum(1 for it in self.calls if (it.service, it.operation) == (service, operation))

    def writes(self, table):
        """Write units on a table."""
        return sum(it.writes for it in self.calls if it.table == table)

    def reads(self, table):
        """Read units on a table."""
        return sum(it.reads for it in self.calls if it.table == table)


class Stage:
    """The functions, started, with a meter between them and AWS; a phone that is signed in, and clients' servers."""

    def __init__(self, instances, meter, emulator, env, table):
        self._instances, self.meter = instances, meter
        self._requests = []
        _, mapping = sam.stream(sam.load())
        self._wanted = stream.Mapping(mapping).wants
        arn = emulator.client("dynamodb").describe_table(TableName=table)["Table"]["LatestStreamArn"]
        self._stream = stream.read(emulator, arn, threading.Event())
        self.phone_token = sign_in(instances["accounts"], emulator)["token"]
        self.servers = {client["id"]: register_client(env, **client) for client in CLIENTS}

    def call(self, name, status=200, **changes):
        """Makes the call of events/<name>.json to its function; its answer, which must have this status."""
        answer = self._instances[name.split("-")[0]].call(event(name, **changes)).expect(status)
        self._requests.append(answer.seconds)
        return answer

    def play(self, login):
        """Plays a login, and counts it."""
        self.meter.taken()
        self._requests = []
        login(self)
        told = [self._instances["notify"].call({"Records": [it]}).expect(200).seconds for it in self._stored()]
        return Login(self.meter.taken(), self._requests, told)

    def _stored(self):
        """The stream's records since the last look that pass the mapping's filter."""
        found = []
        while batch := next(self._stream):
            found += filter(self._wanted, batch)
        return found


def measure():
    """Plays a login of each contract and prints what they take and cost. Returns what DynamoDB charges for a sign-in by SMS,
    in dollars a million."""
    template = sam.load()
    with aws.running(free_port()) as emulator, metered(emulator) as meter, ExitStack() as running:
        outputs = aws.create_data(emulator, template)
        unmetered = environment(emulator, template, outputs)
        env = unmetered | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{meter.port}"}
        starts, instances = {}, {}
        for name in CAST:
            instances[name] = running.enter_context(started(name, env))
            starts[name] = meter.taken()
        stage = Stage(instances, meter, emulator, unmetered, outputs["SessionsTable"])
        signing_in = meter.taken()
        logins = {name: stage.play(login) for name, login in LOGINS.items()}
    tables = {"Sessions": outputs["SessionsTable"], "Directory": outputs["DirectoryTable"]}
    show_counts(logins, tables, starts, signing_in)
    show_costs(logins, megabytes_of(template))
    return cost({name: it for name, it in amounts(Login(signing_in, [], []), 0).items() if name.startswith("DynamoDB")})


@contextmanager
def started(name, env):
    """An instance of a function that has had a call which reads no data."""
    with instance(binary_of(name), env) as it:
        # What the function refuses or does not know starts it as well.
        if name == "socket":
            it.call(event("socket-connect")).expect(401)
        else:
            it.call({"Records": []} if name == "notify" else event("oauth-jwks")).expect(200, 404)
        yield it


def megabytes_of(template):
    """The memory of a function."""
    return template["Parameters"]["MemorySize"]["Default"]


def show_counts(logins, tables, starts, signing_in):
    """What one login of each kind takes."""
    rows = []
    for name, it in logins.items():
        rows.append([
            name, len(it.requests), len(it.told), it.of_tables(),
            exactly(it.writes(tables["Sessions"]), 4), f"{it.writes(tables['Directory']):g}",
            f"{it.reads(tables['Sessions']):g}", f"{it.reads(tables['Directory']):g}",
            exactly(it.count("s3", "PUT object"), PUT_AIMS[name]), it.count("s3", "GET object"),
            it.count("sns", "Publish"),
            largest(it, tables["Sessions"]),
        ])  # fmt: skip
    rows.append(["aim", "", "", "", "4", "", "", "", "1, 0", "", "", "<= 1024"])
    head = [
        "login", "HTTP requests", "records", "DynamoDB calls", "writes Sessions", "Directory", "reads Sessions", "Directory",
        "S3 PUT", "S3 GET", "SNS", "largest item B",
    ]  # fmt: skip
    polls = POLLS_BEFORE_SCAN + POLLS_BEFORE_CONFIRM + 1
    device_polls = len(logins["device"].requests) - 3  # besides the authorization, the scan and the confirm
    notes = [
        f"writes and reads in DynamoDB's units; {polls} polls, {POLLS_BEFORE_SCAN} of them before the scan;"
        f" a device's {device_polls}, at the interval that it is told;"
        " the phone was signed in before",
        "records: steps of the session that notify was handed, each by itself; it publishes one message each;"
        " DynamoDB calls: of all functions",
        "an S3 GET is the function showing the picture",
        "a start, once an instance: " + "; ".join(f"{name}: {counted(calls)}" for name, calls in starts.items()),
        f"a phone's first sign-in by SMS, not in the table: {counted(signing_in)}",
    ]
    show("One login, counted from its calls", head, rows, notes)


def largest(login, table):
    """The largest session item that was written, in bytes."""
    size = max(it.item for it in login.calls if it.table == table and it.writes)
    return f"{size} {'ok' if size <= 1024 else 'MISSED'}"


def show_costs(logins, megabytes):
    """What a million logins cost."""
    rows, total = [], dict.fromkeys(logins, 0.0)
    for what in amounts(next(iter(logins.values())), megabytes):
        price = PRICES[what]
        row = [what, f"{price:.4f}".rstrip("0").ljust(4, "0")]
        for name, it in logins.items():
            amount = amounts(it, megabytes)[what]
            total[name] += amount * price
            row += [f"{amount:.4g}", f"{amount * price:.2f}"]
        rows.append(row)
    rows.append(["together", "", *(cell for name in logins for cell in ("", judged(total[name], COST_AIMS[name])))])
    rows.append(["aim", "", *(cell for name in logins for cell in ("", f"< {COST_AIMS[name]:.2f}"))])
    head = ["a million logins", "$ per million", *(cell for name in logins for cell in (f"{name}: each", "$"))]
    notes = [
        "list prices of us-east-1 in US dollars, no free tier; Lambda on arm64, $0.0000133334 a GB-second",
        f"Lambda at {megabytes} MB and the time each call took here, in whole ms, the emulated AWS inside",
        "not counted: logs, SMS, traffic",
    ]
    show("What a million logins cost", head, rows, notes)


def amounts(login, megabytes):
    """How much of everything that has a price one login takes."""
    return {
        "HTTP API requests": len(login.requests),
        "Lambda requests": len(login.requests) + len(login.told),
        "DynamoDB write units": sum(it.writes for it in login.calls),
        "DynamoDB read units": sum(it.reads for it in login.calls),
        "S3 PUT": login.count("s3", "PUT object"),
        "S3 GET": login.count("s3", "GET object"),
        "SNS publishes": login.count("sns", "Publish"),
        "Lambda GB-seconds": gigabyte_seconds(login.requests + login.told, megabytes),
    }


def gigabyte_seconds(calls, megabytes):
    """What Lambda bills for calls that took these seconds: whole milliseconds, each by itself."""
    return sum(math.ceil(seconds * 1e3) for seconds in calls) / 1e3 * megabytes / 1024


def cost(amounts):
    """What amounts cost together: dollars, for a million of each."""
    return sum(amount * PRICES[what] for what, amount in amounts.items())
