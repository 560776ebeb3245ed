"""A stack that is deployed into the emulator, called through its API: phones, clients' servers, and an operator."""

import hashlib
import http.client
import json
import re
import secrets
import time
from contextlib import contextmanager
from urllib.parse import urlsplit

import emulator as aws
import stream
from lambdas import Answer, basic, event
from played_logins import CLIENTS
from processes import Failure, free_port

DOWN = "down-region"  # the client whose server is down


class Stage:
    """A deployed stack, called through its API: a phone that is signed in, clients' servers, and an operator."""

    def __init__(self, stack):
        self._where, self._emulator = urlsplit(stack.url), stack.emulator
        self.created = aws.physical_ids(stack.emulator)
        self._operate = stream.through_emulator(stack.emulator, self.created["Admin"])
        nowhere = f"http://127.0.0.1:{free_port()}/logins"
        self.servers = {
            **{client["id"]: self.register(**client) for client in CLIENTS},
            DOWN: self.register(id=DOWN, name="Down", dialect="remembered", webhook=nowhere),
        }
        self.phone_token = self.sign_in("+8613800138000")

    def call(self, name, status=200, **changes):
        """Makes the call of events/<name>.json; its answer, which must have this status."""
        return self.tried(name, **changes).expect(status)

    def tried(self, name, **changes):
        """Makes the call; its answer, whatever it is."""
        made = event(name, **changes)
        asked, began = made["requestContext"]["http"], time.perf_counter()
        query = f"?{made['rawQueryString']}" if made["rawQueryString"] else ""
        left_out = ("host", "content-length", "x-forwarded-for", "x-forwarded-port", "x-forwarded-proto")
        headers = {key: value for key, value in made["headers"].items() if key not in left_out}
        if made.get("cookies"):
            headers["cookie"] = "; ".join(made["cookies"])
        connection = http.client.HTTPConnection(self._where.hostname, self._where.port, timeout=30)
        try:
            connection.request(asked["method"], made["rawPath"] + query, (made.get("body") or "").encode(), headers)
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        fields = {key.lower(): value for key, value in answer.getheaders()}
        cookies = answer.msg.get_all("set-cookie") or []
        return Answer(answer.status, fields, cookies, body, time.perf_counter() - began)

    def operate(self, what, **fields):
        """The answer to an operator's command."""
        answer = self._operate({"do": what, "by": "alarms.py", **fields})
        if not answer.get("ok"):
            raise Failure(f"{what}: {json.dumps(answer)}")
        return answer

    def register(self, **settings):
        """Registers a client; the header its server authenticates with."""
        secret = self.operate("client.create", **settings)["secret"]
        return basic(settings["id"], secret)

    def ask_for_code(self, number, challenge, **more):
        """The answer to a phone that asks for a code."""
        return self.tried("accounts-send-code", body={"phone": number, "challenge": challenge, **more})

    def code(self, number):
        """The last code that was sent to a number."""
        return re.search(r"\d{6}", self._emulator.messages()[number][-1])[0]

    def sign_in(self, number):
        """Signs a phone in by SMS; its token."""
        challenge = new_challenge()
        self.ask_for_code(number, challenge).expect(200)
        return self.call("accounts-login-code", body={"challenge": challenge, "code": self.code(number)}).json()["token"]

    def scanned_kiosk(self):
        """A machine's QR that the phone has scanned; its session's id."""
        created = self.call("kiosk-create").json()
        self.call("kiosk-scan", parameters={"id": created["id"]}, headers={"token": self.phone_token})
        return created["id"]

    def cancelled_kiosk(self):
        """A machine's QR that the phone scans and declines."""
        which = {"id": self.scanned_kiosk()}
        self.call("kiosk-cancel", parameters=which, headers={"token": self.phone_token})

    @contextmanager
    def denied(self, function, action):
        """Takes a right away from a function while the block runs."""
        iam, role = self._emulator.client("iam"), self.created[f"{function}Role"]
        statement = {"Effect": "Deny", "Action": action, "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_role_policy(RoleName=role, PolicyName="taken-away", PolicyDocument=policy)
        try:
            yield
        finally:
            iam.delete_role_policy(RoleName=role, PolicyName="taken-away")

    @contextmanager
    def stopped(self, function):
        """Lets no instance of a function run while the block runs."""
        lambdas, name = self._emulator.client("lambda"), self.created[function]
        lambdas.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
        try:
            yield
        finally:
            lambdas.delete_function_concurrency(FunctionName=name)


def solved(token, parts, bits, **_):
    """A puzzle's solution (docs/accounts.md)."""
    def search(part):
        n = 0
        while int.from_bytes(hashlib.sha256(f"{token}:{part}:{n}".encode()).digest(), "big") >> (256 - bits):
            n += 1
        return str(n)

    return f"{token}:{','.join(search(part) for part in range(parts))}"


def new_challenge():
    """A challenge, as a phone draws it."""
    return secrets.token_urlsafe(16)
