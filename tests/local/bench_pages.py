"""Computes the price of a login through our own pages, from the requests and the traffic in a real browser's network log.

tests/e2e/budget.rs signs in twice through the pages, in browsers that were never here and once more, and keeps what
went over the network. The screen has a socket. Here all of it gets its price, beside that of the API's calls alone.
"""

import json
import os
import shutil

import emulator as aws
import node
import suite
from processes import ROOT, Failure, free_port, run
from serve import served
from tables import at_most, judged, show

AIMS = {"first": (19, 45), "next": (14, 12)}  # requests and kilobytes, at most
# Dollars a million for all of a login: with a sign-in by SMS and nothing cached; and signed in, with the pages cached.
FIRST_WITH_SMS, NEXT_SIGNED_IN = 32, 22
# US dollars in us-east-1, list prices without any free tier.
A_MILLION_REQUESTS = 1.00 + 0.20  # the HTTP API's and Lambda's
A_GIGABYTE_OUT = 0.09
# The requests that a login through the API alone does not make: pages and their files.
PAGES = ("GET / ", "GET /q/", "GET /Q/", "GET /phone", "GET /welcome", "GET /assets/")
# The requests of a sign-in by SMS, which a phone that is signed in does not make.
BY_SMS = ("POST /api/user/sendCode", "POST /api/user/login/code")


def measure(besides, sms):
    """Signs in through the pages and prints what that takes and costs.

    `besides`: dollars a million for what a login with a socket takes besides its requests over HTTP (bench_sockets.py);
    `sms`: the same for what a sign-in by SMS takes of the tables (bench_login.py).
    """
    if not shutil.which("chromedriver"):
        print("\nA login through our own pages: not measured, Chromium and its driver are not here (make test installs them)")
        return
    logins = json.loads(measured().read_text())
    show(
        "A login through our own pages",
        ["login", "requests", "KB", "$ requests", "$ traffic", "$ together", "API alone", "$"],
        [row_of(name, logins[name]) for name in AIMS],
        [
            "screen and phone together, with a sign-in by SMS, confirmed 8 s after the QR appeared; KB received",
            f"dollars for a million: requests at {A_MILLION_REQUESTS:.2f}, a GB out at {A_GIGABYTE_OUT:.2f};"
            " Lambda's time and the tables' units are in the tables above",
        ],
    )
    next_time = logins["next"]
    by_sms = [received for request, received in next_time["each"] if request.startswith(BY_SMS)]
    first = price_of(logins["first"]["requests"], logins["first"]["bytes"])
    signed_in = price_of(next_time["requests"] - len(by_sms), next_time["bytes"] - sum(by_sms))
    show(
        "All of a login through our own pages, with a socket",
        ["$ a million", "requests and traffic", "socket, tables, Lambda, notify", "sign-in by SMS", "all", "aim"],
        [
            row_of_all("the first time, with a sign-in by SMS", first, besides, sms, FIRST_WITH_SMS),
            row_of_all("the next time, the phone signed in", signed_in, besides, 0, NEXT_SIGNED_IN),
        ],
        [
            "socket, tables, Lambda, notify: what the login with a socket above takes besides its requests over HTTP",
            f"the next time is the one above without its {len(by_sms)} requests for the SMS; the sign-in by SMS is what its"
            " counters and records take of the tables; the message's own price, which the country sets, is in neither",
        ],
    )


def measured():
    """Runs the end-to-end test that signs in. Returns the file with its figures."""
    figures = ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "tmp" / "page-traffic.json"
    figures.unlink(missing_ok=True)
    node.install()
    run(["cargo", "build", "--quiet", "--bins"])
    with aws.running(free_port()) as emulator, served(free_port(), emulator, reload=False) as stack:
        try:
            suite.nextest("binary(e2e) and test(budget)", suite.stack_environment(stack, "run"))
        except Failure:
            # A figure over its aim fails the test; here it is only marked.
            if not figures.exists():
                raise
    return figures


def price_of(requests, received):
    """Dollars for a million times these requests and bytes. A million times a kilobyte is a gigabyte."""
    return requests * A_MILLION_REQUESTS + received / 1000 * A_GIGABYTE_OUT


def row_of_all(what, pages, besides, sms, most):
    """What a login costs in all, beside its aim."""
    together = pages + besides + sms
    return [what, f"{pages:.2f}", f"{besides:.2f}", f"{sms:.2f}", at_most(together, most), f"<= {most}"]


def row_of(name, login):
    """One login's figures beside their aims."""
    most_requests, most_kilobytes = AIMS[name]
    requests, kilobytes = login["requests"], login["bytes"] / 1000
    of_api = sum(1 for request, _ in login["each"] if not f"{request} ".startswith(PAGES))
    for_requests, for_traffic = price_of(requests, 0), price_of(0, login["bytes"])
    return [
        f"the {name} time",
        judged(requests, most_requests + 1, 0), judged(kilobytes, most_kilobytes, 1),
        f"{for_requests:.2f}", f"{for_traffic:.2f}", f"{for_requests + for_traffic:.2f}",
        of_api, f"{of_api * A_MILLION_REQUESTS:.2f}",
    ]  # fmt: skip
