"""Rotates the keys while people sign in: no login fails, every refresh token and every webhook stays good.

Each function runs twice under AWS's runtime interface emulator. The warm instance started before the rotation, the
fresh one right after it; from then on calls go to both by turns. So a token that one signs with the new key reaches
one that has not read it yet, and the other way round.

python tests/local/rotation.py --logins 200 --wait 600   plays 200 logins and waits as long as on AWS; about 15 minutes
make test                                                 plays a few, and waits for some seconds
"""

import argparse
import itertools
import json
import re
import secrets
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from http.client import HTTPException
from http.server import ThreadingHTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

import emulator as aws
import template as sam
from fuzz import binary_of
from lambdas import basic, environment, event, instance
from played_logins import CLIENTS, LOGINS, REGION
from processes import Failure, free_port, tidy, wait_until
from serve import handed_over
from servers import running
from stream import FunctionFailed, Unreachable
from webhook_receiver import receiver

CAST = ("kiosk", "web", "remembered", "shop", "accounts", "pages", "oauth")  # the functions that take part
TELLERS = ("notify", "deliver")  # those behind the sessions' stream and the queue of calls
PHONES = 8  # people who sign in at the same time
RELOAD = 300  # seconds after which an instance reads the secret again
RAISED = {"CREATES_PER_MINUTE": "100000", "MISSES_PER_MINUTE": "1000000", "SMS_PER_NETWORK_PER_DAY": "10000"}  # all call from one address


class Functions:
    """The instances of every function. A call goes to one after the other."""

    def __init__(self, env, profile):
        self._env, self._profile = env, profile
        self._running = ExitStack()
        self._instances = {name: [] for name in CAST + TELLERS}
        self._turn = itertools.count()
        self.calls = 0

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._running.__exit__(*error)

    def start_one_more(self):
        """Starts an instance of every function."""
        for name in CAST + TELLERS:
            run = self._running.enter_context(instance(binary_of(name, self._profile), self._env))
            first = {"Records": []} if name in TELLERS else event("oauth-jwks")
            run.call(first).expect(200, 404)  # which only starts it
            self._instances[name].append((run, threading.Lock()))

    def call(self, name, status=200, **changes):
        """Makes the call of events/<name>.json; its answer, which must have this status."""
        with self._next(name.split("-")[0]) as run:
            self.calls += 1
            return run.call(event(name, **changes)).expect(status)

    def through(self, function):
        """The way to hand records to a function, as `handed_over` takes it."""

        def invoke(batch):
            with self._next(function.binary) as run:
                try:
                    answer = json.loads(run.invoke(batch)[0])
                except (OSError, HTTPException) as error:  # it is ending
                    raise Unreachable from error
            if "errorType" in answer:
                raise FunctionFailed(answer)
            return answer

        return invoke

    @contextmanager
    def _next(self, name):
        """The instance whose turn it is. It serves one call at a time."""
        instances = self._instances[name]
        run, lock = instances[next(self._turn) % len(instances)]
        with lock:
            yield run

    def everywhere(self, name, **changes):
        """The answers of all instances."""
        return [run.call(event(name, **changes)).expect(200).json() for run, _ in self._instances[name.split("-")[0]]]


class Phone:
    """A person with a phone, who signs in on screens and refreshes in between. It plays as a stage for the logins."""

    def __init__(self, functions, emulator, number, servers):
        self._functions, self.servers = functions, servers
        challenge = secrets.token_urlsafe(16)
        functions.call("accounts-send-code", body={"phone": number, "challenge": challenge})
        code = re.search(r"\d{6}", emulator.messages()[number][-1])[0]
        signed_in = functions.call("accounts-login-code", body={"challenge": challenge, "code": code}).json()
        self.phone_token, self.refresh_token = signed_in["token"], signed_in["refreshToken"]
        self.refreshes = self.at_region = 0
        self.call = functions.call

    def play(self, login):
        """Refreshes, as a phone does whose answer was lost now and then, and plays a login."""
        self.refresh(lost=self.refreshes % 3 == 0)
        login(self)
        self.at_region += login is LOGINS["remembered"]

    def refresh(self, *, lost):
        """The next tokens. When the first answer was lost, the same token gets the same next one."""
        presented = {"refreshToken": self.refresh_token}
        answer = self.call("accounts-refresh", body=presented).json()
        if lost:
            again = self.call("accounts-refresh", body=presented).json()
            if again["refreshToken"] != answer["refreshToken"]:
                raise Failure("a refresh token that came again got another next one")
            answer = again
        self.phone_token, self.refresh_token = answer["token"], answer["refreshToken"]
        self.refreshes += 1


class Region:
    """The server of the client REGION. It verifies what it is told with the key that it fetched before the rotation."""

    def __init__(self):
        self.key = self.last = None
        self.told, self.refused = {}, []

    def take(self, headers, body):
        """Verifies a call at once, because a late one would be refused."""
        try:
            self.told[headers["webhook-id"]] = Webhook(self.key).verify(body, headers)["resultType"]
        except WebhookVerificationError as error:
            self.refused.append(f"{body}: {error}")
        self.last = (body, headers)

    def logins(self):
        """How many logins are over, as it was told."""
        return list(self.told.values()).count("LOGIN_redeemed")


def rotation(logins, *, wait, profile):
    """Plays so many logins and rotates the keys after a quarter of them."""
    template, region, port = sam.load(), Region(), free_port()
    with aws.running(free_port()) as emulator, running(ThreadingHTTPServer(("127.0.0.1", port), receiver(region.take))):
        outputs = aws.create_data(emulator, template)
        env = environment(emulator, template, outputs) | RAISED | {"RUST_LOG": "warn"}
        with (
            Functions(env, profile) as functions,
            instance(binary_of("admin", profile), env) as admin,
            handed_over(emulator, template, outputs, functions.through),
        ):
            functions.start_one_more()
            where = {REGION: {"webhook": f"http://127.0.0.1:{port}/logins"}}
            servers = {client["id"]: register(admin, **client, **where.get(client["id"], {})) for client in CLIENTS}
            (region.key,) = keys_of(functions, servers[REGION])
            phones = [Phone(functions, emulator, f"+861380013{8000 + n}", servers) for n in range(PHONES)]
            played = play_all(functions, admin, phones, logins, wait)
            check(functions, phones, all_have_read=wait >= RELOAD)
            check_webhooks(functions, phones, region, all_have_read=wait >= RELOAD)
    refreshes, told = sum(it.refreshes for it in phones), len(region.told)
    print(f"  {played} logins, {refreshes} refreshes, {told} webhooks, {functions.calls} calls: none failed")


def play_all(functions, admin, phones, logins, wait):
    """Plays until as many logins are over and the rotation is, whichever takes longer; how many there were."""
    kinds, done, rotated = itertools.cycle(LOGINS.values()), itertools.count(1), threading.Event()
    played, quarter, guard = 0, threading.Event(), threading.Lock()

    def person(phone):
        nonlocal played
        while played < logins or not rotated.is_set():
            with guard:
                login = next(kinds)
            phone.play(login)
            played = next(done)
            if played >= logins / 4:
                quarter.set()

    with ThreadPoolExecutor(len(phones)) as people:
        runs = [people.submit(person, phone) for phone in phones]
        try:
            while not quarter.wait(0.2) and not any(run.done() for run in runs):
                pass
            rotate(admin, wait)
            functions.start_one_more()
            time.sleep(2)
        finally:
            rotated.set()
        for run in runs:
            run.result()
    return played


def rotate(admin, wait):
    """What `make keys DO=rotate` does."""
    fields = {"waitSeconds": wait}
    while (answer := command(admin, "keys.rotate", **fields))["state"] == "published":
        fields["version"] = answer["version"]
        print(f"  published {answer['version']}, waiting {answer['waitSeconds']} s", flush=True)
        time.sleep(answer["waitSeconds"] + 1)
    print(f"  {answer['version']} signs now", flush=True)


def check(functions, phones, *, all_have_read):
    """Every phone is signed in, at whichever instance it asks; and the instances that had to read the secret again did."""
    for phone in phones:
        for lost in (True, False, False):
            phone.refresh(lost=lost)
    warm, fresh = ([key["kid"] for key in it["keys"]] for it in functions.everywhere("oauth-jwks"))
    if len(fresh) != 2 or (all_have_read and set(warm) != set(fresh)):
        raise Failure(f"the warm instance publishes {warm}, the fresh one {fresh}")


def check_webhooks(functions, phones, region, *, all_have_read):
    """The key from before the rotation verifies every webhook. So does the new one where all have read the secret again."""
    phones[0].play(LOGINS["remembered"])  # so that webhooks come after the rotation
    wait_until("the webhook of the last login", lambda: region.logins() >= sum(phone.at_region for phone in phones))
    if region.refused:
        raise Failure(f"the key from before the rotation does not verify {region.refused}")
    warm, fresh = keys_of(functions, phones[0].servers[REGION])
    if fresh == region.key or (all_have_read and warm != fresh):
        raise Failure("after the rotation the webhooks' key is not another, or not the same at every instance")
    if all_have_read:
        Webhook(fresh).verify(*region.last)


def keys_of(functions, server):
    """The key of the region's webhooks that each instance answers."""
    return [it["secret"] for it in functions.everywhere("remembered-webhook", headers=server)]


def register(admin, **settings):
    """Registers a client; the header its server authenticates with."""
    return basic(settings["id"], command(admin, "client.create", **settings)["secret"])


def command(admin, what, **fields):
    """The answer to an operator's command."""
    answer = admin.call({"do": what, "by": "rotation.py", **fields}).json()
    if not answer.get("ok"):
        raise Failure(f"{what}: {json.dumps(answer)}")
    return answer


def main():
    """Reads the command line."""
    found = argparse.ArgumentParser(prog="rotation.py", description="Rotates the keys while people sign in.")
    found.add_argument("--logins", type=int, default=200)
    found.add_argument("--wait", type=int, default=600, help="seconds between publishing a key and signing with it")
    found.add_argument("--profile", default="debug", choices=["debug", "release"])
    options = found.parse_args(sys.argv[1:])
    rotation(options.logins, wait=options.wait, profile=options.profile)


if __name__ == "__main__":
    with tidy():
        main()
