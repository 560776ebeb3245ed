"""What one whole login asks of AWS, counted from real calls, and what a million of them cost."""

import hashlib
import math
import time
import urllib.request
from base64 import b64encode
from contextlib import ExitStack
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import client
import emulator as aws
import template as sam
from bench_functions import sign_in
from lambdas import binary_of, environment, event, instance
from meter import counted, metered
from processes import Failure, free_port
from tables import exactly, judged, show

# US dollars in us-east-1, list prices without any free tier, for a million of each but the last.
PRICES = {
    "HTTP API requests": 1.00,
    "Lambda requests": 0.20,
    "DynamoDB write units": 0.625,
    "DynamoDB read units": 0.125,
    "S3 PUT": 5.00,
    "S3 GET": 0.40,
    "Lambda GB-seconds": 13.3334,  # arm64, $0.0000133334 each
}
PUT_AIMS = {"kiosk": 1, "web": 0}
# Dollars for a million: polls each 2 s for 20 s, and where a contract wants a picture's address, S3.
COST_AIMS = {"kiosk": 22.0 + 5.4, "web": 22.0}
PACE = 1.05  # seconds between two polls: as soon as the service allows; people's screens wait for 2
POLLS_BEFORE_SCAN, POLLS_BEFORE_CONFIRM = 4, 3  # and one that takes the token: about 20 s at 2 s each
SHOP, SHOP_SECRET = "bench-shop", "b" * 43


@dataclass(frozen=True)
class Login:
    """One login: the calls that functions made to AWS, and how long each request took a function, in seconds."""

    calls: list
    requests: list

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
    """All functions, started, with a meter between them and AWS; and a phone that is signed in."""

    def __init__(self, instances, meter):
        self._instances, self.meter = instances, meter
        self._requests = []
        self.phone_token = ""

    def call(self, name, **changes):
        """Makes the call of events/<name>.json to its function; its answer, which must be a success."""
        answer = self._instances[name.split("-")[0]].call(event(name, **changes)).expect(200)
        self._requests.append(answer.seconds)
        return answer

    def play(self, login):
        """Plays a login, and counts it."""
        self.meter.taken()
        self._requests = []
        login(self)
        return Login(self.meter.taken(), self._requests)


def kiosk_login(stage):
    """A machine shows a QR and polls; a mini-program scans it and binds."""
    created = stage.call("kiosk-create").json()
    with urllib.request.urlopen(created["codeUrl"], timeout=10) as picture:
        picture.read()
    session, phone = {"id": created["id"]}, {"token": stage.phone_token}

    def poll(status):
        time.sleep(PACE)
        answer = stage.call("kiosk-status", parameters=session, headers={"token": created["pollToken"]}).json()
        must_be(answer["codeStatus"], status)
        return answer

    for _ in range(POLLS_BEFORE_SCAN):
        poll("DEFAULT")
    stage.call("kiosk-scan", parameters=session, headers=phone)
    for _ in range(POLLS_BEFORE_CONFIRM):
        poll("SCAN")
    stage.call("kiosk-bind", parameters=session, headers=phone, body={"matchNumber": created["matchNumber"]})
    must_be(bool(poll("SUCCESS")["memberToken"]), True)


def web_login(stage):
    """A site's page shows the picture and polls; an app locks and activates; the site's server exchanges the ticket."""
    opened = stage.call("web-loginpic", query={"qrSize": "256", "client": SHOP}, cookies=[])
    cookie = opened.cookies[0].split(";")[0]
    code, phone = {"code": cookie.split("=")[1].split(".")[0]}, {"authorization": f"Bearer {stage.phone_token}"}

    def poll(flag):
        time.sleep(PACE)
        answer = stage.call("web-login", cookies=[cookie]).json()
        must_be(answer["statusflag"], flag)
        return answer

    for _ in range(POLLS_BEFORE_SCAN):
        poll(0)
    stage.call("web-lock", headers=phone, body=code)
    for _ in range(POLLS_BEFORE_CONFIRM):
        poll(1)
    stage.call("web-activate", headers=phone, body=code)
    ticket = parse_qs(urlsplit(poll(2)["url"]).query)["ticket"][0]
    server = {"authorization": "Basic " + b64encode(f"{SHOP}:{SHOP_SECRET}".encode()).decode()}
    must_be(bool(stage.call("web-ticket", headers=server, body={"ticket": ticket}).json()["access_token"]), True)


def must_be(found, expected):
    """A login that goes another way would count something else."""
    if found != expected:
        raise Failure(f"a login went astray: {found!r} instead of {expected!r}")


def measure():
    """Plays both logins and prints what they take and cost."""
    template = sam.load()
    with aws.running(free_port()) as emulator, metered(emulator) as meter, ExitStack() as running:
        outputs = aws.create_data(emulator, template)
        register_shop(emulator, outputs)
        env = environment(emulator, template, outputs) | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{meter.port}"}
        starts, instances = {}, {}
        for name in ("kiosk", "web", "accounts"):
            instances[name] = running.enter_context(instance(binary_of(name), env))
            start = event("oauth-jwks")  # a page they do not have, to have them started
            instances[name].call(start).expect(404)
            starts[name] = meter.taken()
        stage = Stage(instances, meter)
        stage.phone_token = sign_in(instances["accounts"], emulator)["token"]
        signing_in = meter.taken()
        logins = {"kiosk": stage.play(kiosk_login), "web": stage.play(web_login)}
    tables = {"Sessions": outputs["SessionsTable"], "Directory": outputs["DirectoryTable"]}
    show_counts(logins, tables, starts, signing_in)
    show_costs(logins, megabytes=template["Parameters"]["MemorySize"]["Default"])


def register_shop(emulator, outputs):
    """A site that takes part in the web login."""
    options = client.parser().parse_args(["--id", SHOP, "--name", "Shop", "--page", "https://shop.example/signed-in"])
    for item in client.items(options, hashlib.sha256(SHOP_SECRET.encode()).digest()):
        emulator.client("dynamodb").put_item(TableName=outputs["DirectoryTable"], Item=item)


def show_counts(logins, tables, starts, signing_in):
    """What one login of each kind takes."""
    rows = []
    for name, it in logins.items():
        rows.append([
            name, len(it.requests),
            exactly(it.writes(tables["Sessions"]), 4), f"{it.writes(tables['Directory']):g}",
            f"{it.reads(tables['Sessions']):g}", f"{it.reads(tables['Directory']):g}",
            exactly(it.count("s3", "PUT object"), PUT_AIMS[name]), it.count("s3", "GET object"),
            it.count("sns", "Publish"),
            largest(it, tables["Sessions"]),
        ])  # fmt: skip
    rows.append(["aim", "", "4", "", "", "", "1, 0", "", "", "<= 1024"])
    head = [
        "login", "HTTP requests", "writes Sessions", "Directory", "reads Sessions", "Directory",
        "S3 PUT", "S3 GET", "SNS", "largest item B",
    ]  # fmt: skip
    polls = POLLS_BEFORE_SCAN + POLLS_BEFORE_CONFIRM + 1
    notes = [
        f"writes and reads in DynamoDB's units; {polls} polls, {POLLS_BEFORE_SCAN} of them before the scan;"
        " the phone was signed in before",
        "kiosk's write on Directory binds the machine to the member; its S3 GET is the machine loading the picture",
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
    for what, price in PRICES.items():
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
    billed = sum(math.ceil(seconds * 1e3) for seconds in login.requests) / 1e3
    return {
        "HTTP API requests": len(login.requests),
        "Lambda requests": len(login.requests),
        "DynamoDB write units": sum(it.writes for it in login.calls),
        "DynamoDB read units": sum(it.reads for it in login.calls),
        "S3 PUT": login.count("s3", "PUT object"),
        "S3 GET": login.count("s3", "GET object"),
        "Lambda GB-seconds": billed * megabytes / 1024,
    }
