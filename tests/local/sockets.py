"""The WebSocket API of this machine, at an address for browsers.

`cargo lambda watch` opens no sockets, so under `make run` a server of ours stands where API Gateway would: it calls the
function `socket`, and takes messages for connections at `@connections`. Under `make deploy-local` the emulator has the
API as the template says it; a door stands before it, because the emulator leaves the subprotocol out of its answer, and
without that a browser closes the connection.
"""

import json
import secrets
import threading
import time
from base64 import b64encode
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.sync.client import connect
from websockets.sync.server import serve

import servers
from processes import ROOT
from stream import FunctionFailed, Unreachable

PROTOCOL = "saoma.v1"
STAGE = "v1"
_LONGEST = 128 * 1024  # bytes that API Gateway takes in a message
_FIELD = "Sec-WebSocket-Protocol"


@contextmanager
def served(port, gate):
    """Serves sockets for browsers, each let in and looked after by `gate`."""
    server = serve(
        lambda socket: gate.hold(socket),
        "127.0.0.1",
        port,
        process_request=gate.admit,
        select_subprotocol=lambda socket, offered: next((it for it in offered if it == socket.speaks), None),
        compression=None,
        max_size=_LONGEST,
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()


class Api:
    """API Gateway for a function: a call for each socket that opens or closes, and what comes over one is ignored."""

    def __init__(self, invoke):
        self._invoke, self._open = invoke, {}

    def admit(self, socket, request):
        """Asks the function whether a socket may be opened. An answer of this refuses it."""
        socket.name = b64encode(secrets.token_bytes(11)).decode()
        socket.began, socket.address = int(time.time() * 1000), socket.remote_address[0]
        try:
            answer = self._invoke(self._event("connect", socket, request.headers))
        except (FunctionFailed, Unreachable):
            return socket.respond(500, "")
        socket.speaks = (answer.get("headers") or {}).get(_FIELD)
        return None if 200 <= answer["statusCode"] < 300 else socket.respond(answer["statusCode"], "")

    def hold(self, socket):
        """Keeps a socket until it is closed."""
        self._open[socket.name] = socket
        try:
            for _ in socket:
                pass  # the route $default ignores what screens send
        except ConnectionClosed:
            pass
        finally:
            del self._open[socket.name]
            try:
                self._invoke(self._event("disconnect", socket, {}))
            except (FunctionFailed, Unreachable):
                pass

    def send(self, name, message):
        """Sends a message over a socket; whether that is open."""
        socket = self._open.get(name)
        try:
            if socket:
                socket.send(message)
            return socket is not None
        except ConnectionClosed:
            return False

    def _event(self, name, socket, headers):
        """The event of events/socket-<name>.json, about this socket."""
        event = json.loads((ROOT / "events" / f"socket-{name}.json").read_text())
        event["requestContext"] |= {"connectionId": socket.name, "connectedAt": socket.began}
        event["requestContext"]["identity"]["sourceIp"] = socket.address
        if headers:
            event["headers"] = dict(headers.raw_items())
            event["multiValueHeaders"] = {field: headers.get_all(field) for field in event["headers"]}
        return event


@contextmanager
def connections(port, api):
    """The address at which functions send messages over the sockets of `api`: POST .../@connections/<name>."""

    class Connections(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            before, _, name = unquote(self.path).partition("/@connections/")
            message = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode(errors="replace")
            is_there = before == f"/{STAGE}" and api.send(name, message)
            content = b"" if is_there else b'{"message": "Gone"}'
            self.send_response(200 if is_there else 410)
            if not is_there:
                self.send_header("x-amzn-ErrorType", "GoneException")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    with servers.running(ThreadingHTTPServer(("127.0.0.1", port), Connections)):
        yield f"http://127.0.0.1:{port}/{STAGE}"


class Door:
    """A door to the WebSocket API at an address. What comes out of one side goes into the other."""

    speaks = PROTOCOL

    def __init__(self, address):
        self._address = address

    def admit(self, socket, request):
        """Opens a socket behind the door, with what the caller said of itself. An answer of this refuses the caller."""
        offered = [it.strip() for field in request.headers.get_all(_FIELD) for it in field.split(",")]
        # The function behind the door answers this one, if it takes the offer.
        socket.speaks = PROTOCOL if PROTOCOL in offered else None
        try:
            socket.behind = connect(
                self._address,
                legacy=True,
                origin=request.headers.get("Origin"),
                subprotocols=offered or None,
                compression=None,
                proxy=None,
                max_size=_LONGEST,
            )
        except InvalidStatus as refused:
            return socket.respond(refused.response.status_code, "")
        except (InvalidHandshake, OSError, ValueError):
            return socket.respond(502, "")
        return None

    def hold(self, socket):
        """Passes messages on until either side is closed."""
        threading.Thread(target=_pass_on, args=(socket.behind, socket), daemon=True).start()
        _pass_on(socket, socket.behind)


def _pass_on(source, sink):
    try:
        for message in source:
            sink.send(message)
    except ConnectionClosed:
        pass
    finally:
        source.close()
        sink.close()
