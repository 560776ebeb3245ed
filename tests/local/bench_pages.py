"""Computes what our own pages add to the price of a login, from the requests and the traffic in a real browser's network log.

tests/e2e/budget.rs signs in twice through the pages, in browsers that were never here and once more, and keeps what
went over the network. Here it gets its price, beside that of the API's calls alone.
"""

import json
import os
import shutil

import emulator as aws
import node
import suite
from processes import ROOT, Failure, free_port, run
from serve import served
from tables import judged, show

AIMS = {"first": (19, 45), "next": (14, 12)}  # requests and kilobytes, at most
# US dollars in us-east-1, list prices without any free tier.
A_MILLION_REQUESTS = 1.00 + 0.20  # the HTTP API's and Lambda's
A_GIGABYTE_OUT = 0.09
# The requests that a login through the API alone does not make: pages and their files.
PAGES = ("GET / ", "GET /q/", "GET /Q/", "GET /phone", "GET /welcome", "GET /assets/")


def measure():
    """Signs in through the pages and prints what that takes and costs."""
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


def row_of(name, login):
    """One login's figures beside their aims."""
    most_requests, most_kilobytes = AIMS[name]
    requests, kilobytes = login["requests"], login["bytes"] / 1000
    of_api = sum(1 for request, _ in login["each"] if not f"{request} ".startswith(PAGES))
    for_requests = requests * A_MILLION_REQUESTS
    for_traffic = kilobytes * A_GIGABYTE_OUT  # a million times a kilobyte is a gigabyte
    return [
        f"the {name} time",
        judged(requests, most_requests + 1, 0), judged(kilobytes, most_kilobytes, 1),
        f"{for_requests:.2f}", f"{for_traffic:.2f}", f"{for_requests + for_traffic:.2f}",
        of_api, f"{of_api * A_MILLION_REQUESTS:.2f}",
    ]  # fmt: skip
