"""The demo under `make run`: a site with the widget, beside a phone that is played, so that one window shows a whole login.

It is a site of its own at an address of its own, as a customer's would be: nothing of it is in a function, so nothing of it
is on AWS. Its server does what docs/widget.md tells a site's server to do. The phone is an app that is played in the page;
this server hands its calls on, because no page of another site may make them (docs/security.md W3).
"""

import base64
import hmac
import json
import re
import secrets
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import contextmanager
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import servers
from processes import ROOT, Failure, is_free, port_from

CLIENT, NAME = "reading-club", "Reading Club"
_FILES = ROOT / "tests" / "local" / "demo_site"
_KINDS = {"html": "text/html", "css": "text/css", "js": "text/javascript"}
_LONGEST = 16 * 1024  # bytes of a body
# What the played phone may call.
_OF_A_PHONE = re.compile(r"/api/user/(sendCode|login/code)|/q/[0-9A-HJKMNP-TV-Z]{26}/(scan|confirm|cancel)")


@contextmanager
def demo(stack):
    """Registers the site, and serves it while the stack runs. Gives its address."""
    port = _port(int(stack.url.rsplit(":", 1)[1]))
    origin = f"http://localhost:{port}"
    site = _Site(stack, origin, _registered(stack, origin))
    with servers.running(ThreadingHTTPServer(("127.0.0.1", port), _handler(site))):
        yield f"{origin}/demo"


def _port(of_stack):
    """DEMO_PORT, or the port after the stack's, or any that is free."""
    beside = of_stack + 1
    return port_from("DEMO_PORT", beside if beside <= 65535 and is_free(beside) else 0)


def _registered(stack, origin):
    """Registers the client as an operator would; its secret."""
    words = [f"ID={CLIENT}", f"NAME={NAME}", "POLICY=pick", f"PAGE={origin}/demo", f"ORIGIN={origin}"]
    command = [sys.executable, ROOT / "functions" / "admin" / "cli" / "client.py", *words]
    environment = {**stack.emulator.environment(), "EMULATOR_PORT": str(stack.emulator.port)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    printed = re.search(r"^secret +(\S+)$", done.stdout, re.M)
    if not printed:
        raise Failure(f"the demo's client is not registered:\n{done.stdout}{done.stderr}")
    return printed[1]


class _Site:
    """What the site's server knows and does."""

    def __init__(self, stack, origin, secret):
        self.stack, self.origin, self.secret = stack, origin, secret
        with urllib.request.urlopen(f"{stack.url}/qr/code", timeout=30) as answer:
            self.socket = json.load(answer).get("socketUrl", "")

    def page(self, state):
        """The page, with the state that belongs to this browser."""
        text = (_FILES / "page.html").read_text()
        for name, value in {"SAOMA": self.stack.url, "CLIENT": CLIENT, "STATE": state}.items():
            text = text.replace(f"{{{{{name}}}}}", value)
        return text

    def policy(self):
        """The strict policy of docs/widget.md; the rest is for the site's own script and style."""
        saoma = self.stack.url
        return (
            f"default-src 'none'; script-src 'self' {saoma}; connect-src 'self' {saoma} {self.socket};"
            " img-src data:; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )

    def exchange(self, ticket, state):
        """Who signed in, if the ticket belongs to the browser that holds this state (docs/security.md K16)."""
        basic = base64.b64encode(f"{CLIENT}:{self.secret}".encode()).decode()
        status, answer = _call(f"{self.stack.url}/qr/ticket", {"ticket": ticket}, {"Authorization": f"Basic {basic}"})
        if status == 200 and not hmac.compare_digest(answer.get("state", ""), state):
            return 403, {"code": "another_browser"}
        return status, {key: answer[key] for key in ("user", "code") if key in answer}

    def phone(self, path, token, body):
        """Makes a call of the played phone."""
        if not _OF_A_PHONE.fullmatch(path):
            return 404, {"code": "not_a_call_of_the_phone"}
        return _call(f"{self.stack.url}{path}", body, {"token": token} if token else {})

    def sms(self, number):
        """The newest message to a number."""
        return 200, {"message": (self.stack.emulator.messages().get(number) or [None])[-1]}


def _call(address, body, headers):
    """Posts JSON; the status and the answer."""
    headers = {"Content-Type": "application/json", **headers}
    request = urllib.request.Request(address, json.dumps(body).encode(), headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        try:
            return refused.code, json.load(refused)
        except ValueError:
            return refused.code, {}
    except OSError:
        return 503, {}


def _handler(site):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            path = self.path.partition("?")[0]
            if path == "/demo":
                state = self.state() or secrets.token_urlsafe()
                cookie = f"state={state}; HttpOnly; SameSite=Lax; Path=/demo"
                return self.send(200, site.page(state), "html", {"Set-Cookie": cookie})
            file = _FILES / path.removeprefix("/demo/")
            if path.startswith("/demo/") and file.parent == _FILES and file.suffix in (".js", ".css") and file.is_file():
                return self.send(200, file.read_text(), file.suffix[1:])
            return self.send(404, {})

        def do_POST(self):
            # Only this page may have it done: the cookie comes along from everywhere on this machine.
            if self.headers.get("Origin") != site.origin:
                return self.send(403, {})
            try:
                asked = json.loads(self.rfile.read(min(int(self.headers.get("Content-Length") or 0), _LONGEST)))
                answer = self.answer(asked)
            except (ValueError, KeyError, TypeError, AttributeError):
                return self.send(400, {})
            return self.send(*answer)

        def answer(self, asked):
            if self.path == "/demo/exchange":
                return site.exchange(str(asked["ticket"]), self.state())
            if self.path == "/demo/phone":
                return site.phone(str(asked["path"]), asked.get("token"), asked["body"])
            if self.path == "/demo/sms":
                return site.sms(str(asked["number"]))
            return 404, {}

        def state(self):
            """What this browser keeps of its attempt to sign in."""
            kept = SimpleCookie(self.headers.get("Cookie", "")).get("state")
            return kept.value if kept else ""

        def send(self, status, body, kind=None, headers=None):
            content = (body if kind else json.dumps(body)).encode()
            self.send_response(status)
            self.send_header("Content-Type", f"{_KINDS[kind]}; charset=utf-8" if kind else "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Content-Security-Policy", site.policy())
            self.send_header("Cache-Control", "no-store")
            self.send_header("X-Content-Type-Options", "nosniff")
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    return Handler
