"""HTTP for the functions as they are shipped: where API Gateway and Lambda stand on AWS, for measurements.

`cargo lambda watch` serves what is built for debugging, and the emulator's gateway takes longer than the functions. This
one hands each call to a process that has no other call, as Lambda does. Linux only: it reads /proc.
"""

import json
import re
import time
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from urllib.parse import parse_qsl, urlsplit

import runtime_api
import servers
import template as sam
from lambdas import binary_of, body_of, cpu_seconds
from processes import SCRATCH, Failure

_PATIENCE = 30  # seconds that a call may take


class Functions:
    """The processes of some functions."""

    def __init__(self, processes):
        self._processes = processes
        self._free = {name: SimpleQueue() for name in processes}
        for name, rows in processes.items():
            for process in rows:
                self._free[name].put(process)

    def invoke(self, name, event):
        """A function's answer to an event, from a process that is free."""
        process = self._free[name].get()
        try:
            failed, answer = process.call(json.dumps(event).encode(), _PATIENCE)
        finally:
            self._free[name].put(process)
        if failed:
            raise Failure(f"{name} failed: {answer[:500]!r}")
        return json.loads(answer)

    def cpu_seconds(self):
        """The processor time of all processes so far."""
        return sum(cpu_seconds(it.pid) for rows in self._processes.values() for it in rows)


@contextmanager
def functions(names, env, each):
    """Runs `each` processes of every function."""
    with ExitStack() as running:
        processes = {
            name: [
                running.enter_context(runtime_api.running(binary_of(name), env, SCRATCH / f"bench-{name}-{number}.log"))
                for number in range(each)
            ]
            for name in names
        }
        yield Functions(processes)


@contextmanager
def served(port, routes, running):
    """Serves the routes of these functions on a port of 127.0.0.1."""
    server = _Server(("127.0.0.1", port), _Connection)
    server.routes, server.running = routes, running
    with servers.running(server):
        yield


def routes_of(template, names):
    """The routes of these functions: what their method and path look like, and who answers. The most exact come first."""
    found = []
    for function in sam.functions(template):
        for method, path in function.routes if function.binary in names else ():
            like = re.sub(r"\\{\w+\\}", "[^/]+", re.sub(r"\\{\w+\\\+\\}", ".+", re.escape(path)))
            found.append((path.count("+}"), path.count("{"), method, re.compile(like), function.binary))
    return [route[2:] for route in sorted(found, key=lambda route: route[:2])]


class _Server(ThreadingHTTPServer):
    request_queue_size = 128


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # an answer leaves in one piece

    def answer(self):
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = urlsplit(self.path).path
        found = (name for method, like, name in self.server.routes if method == self.command and like.fullmatch(path))
        name = next(found, None)
        if name is None:
            return self.say(404, {"content-type": "application/json"}, [], b'{"message":"Not Found"}')
        answer = self.server.running.invoke(name, self.event(content))
        headers = {field: value for field, value in answer["headers"].items() if field.lower() != "content-length"}
        self.say(answer["statusCode"], headers, answer.get("cookies") or [], body_of(answer))

    do_GET = do_POST = do_DELETE = do_OPTIONS = answer

    def say(self, status, headers, cookies, body):
        self.send_response_only(status)
        for field, value in [*headers.items(), *(("set-cookie", it) for it in cookies), ("content-length", str(len(body)))]:
            self.send_header(field, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def event(self, content):
        """The call as API Gateway describes it (payload format 2.0)."""
        asked, now = urlsplit(self.path), time.time()
        headers = {field.lower(): value for field, value in self.headers.items()}
        cookies = headers.pop("cookie", "")
        http = {
            "method": self.command, "path": asked.path, "protocol": "HTTP/1.1",
            "sourceIp": self.client_address[0], "userAgent": headers.get("user-agent", ""),
        }  # fmt: skip
        return {
            "version": "2.0",
            "routeKey": f"{self.command} {asked.path}",
            "rawPath": asked.path,
            "rawQueryString": asked.query,
            "headers": headers,
            "cookies": cookies.split("; ") if cookies else [],
            "queryStringParameters": dict(parse_qsl(asked.query)),
            "requestContext": {
                "accountId": "123456789012", "apiId": "local", "http": http, "requestId": "local", "stage": "$default",
                "domainName": headers.get("host", ""), "domainPrefix": "local", "routeKey": "local",
                "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)), "timeEpoch": int(now * 1000),
            },
            "body": content.decode("utf-8", "replace"),
            "isBase64Encoded": False,
        }  # fmt: skip

    def log_message(self, *_):
        pass
