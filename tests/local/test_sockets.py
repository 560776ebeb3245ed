"""Tests of the sockets of this machine: who is let in, what arrives, and what a closed one is told."""

import http.client
import json
import time
import unittest
from contextlib import ExitStack

from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

import sockets
from processes import free_port
from stream import Unreachable

OPEN = {"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": "saoma.v1"}}


class Function:
    """A function that notes its events and answers each handshake the same."""

    def __init__(self, answer):
        self.events, self._answer = [], answer

    def __call__(self, event):
        self.events.append(event)
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer if event["requestContext"]["eventType"] == "CONNECT" else {"statusCode": 200}

    def of(self, kind):
        return [it for it in self.events if it["requestContext"]["eventType"] == kind]


class TestSockets(unittest.TestCase):
    def setUp(self):
        self._stack = ExitStack()
        self.addCleanup(self._stack.close)

    def serve(self, answer=None):
        self.function = Function(OPEN if answer is None else answer)
        api, self.port = sockets.Api(self.function), free_port()
        self._stack.enter_context(sockets.served(self.port, api))
        self.endpoint = self._stack.enter_context(sockets.connections(free_port(), api))

    def open(self, port=None, **options):
        options = {"subprotocols": ["saoma.v1", "the.watch.token"], "origin": "https://shop.example"} | options
        socket = connect(f"ws://127.0.0.1:{port or self.port}/", legacy=True, proxy=None, **options)
        self.addCleanup(socket.close)
        return socket

    def post(self, name, message='{"poll": true}'):
        where = self.endpoint.removeprefix("http://").partition("/")
        connection = http.client.HTTPConnection(where[0])
        connection.request("POST", f"/{where[2]}/@connections/{name.replace('=', '%3D').replace('/', '%2F')}", message)
        answer = connection.getresponse()
        told = answer.status, answer.getheader("x-amzn-ErrorType")
        answer.read()
        connection.close()
        return told

    def tell(self, name):
        """Posts as soon as the socket is open on our side too, which is a moment after the handshake."""
        self.until(lambda: self.post(name) == (200, None))

    def name(self):
        return self.function.of("CONNECT")[-1]["requestContext"]["connectionId"]

    def until(self, holds):
        deadline = time.monotonic() + 5
        while not holds():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)

    def test_a_handshake_is_the_functions_to_answer(self):
        self.serve()
        socket = self.open()
        self.assertEqual(socket.subprotocol, "saoma.v1")
        headers = {name.lower(): value for name, value in self.function.events[0]["headers"].items()}
        self.assertEqual(headers["origin"], "https://shop.example")
        self.assertEqual(headers["sec-websocket-protocol"], "saoma.v1, the.watch.token")
        self.assertEqual(self.function.events[0]["requestContext"]["identity"]["sourceIp"], "127.0.0.1")

    def test_a_refusal_is_passed_on(self):
        for answer, status in [({"statusCode": 401, "headers": {}}, 401), (Unreachable(), 500)]:
            self.serve(answer)
            with self.assertRaises(InvalidStatus) as refused:
                self.open()
            self.assertEqual(refused.exception.response.status_code, status)

    def test_what_is_posted_arrives_and_what_is_sent_goes_nowhere(self):
        self.serve()
        socket = self.open()
        for message in ['{"action": "x"}', "garbage", b"\x00\xff", ""]:
            socket.send(message)
        self.tell(self.name())
        self.assertEqual(socket.recv(timeout=5), '{"poll": true}')
        self.assertEqual(len(self.function.events), 1)

    def test_a_closed_socket_is_gone_and_the_function_is_told(self):
        self.serve()
        socket = self.open()
        socket.close()
        self.until(lambda: self.function.of("DISCONNECT"))
        closed = self.function.of("DISCONNECT")[0]["requestContext"]
        self.assertEqual(closed["connectionId"], self.name())
        self.assertEqual(self.post(self.name()), (410, "GoneException"))
        self.assertEqual(self.post("never"), (410, "GoneException"))

    def test_a_message_that_api_gateway_would_not_take_ends_the_socket_and_no_other(self):
        self.serve()
        other, socket = self.open(), self.open()
        with self.assertRaises(ConnectionClosed):
            socket.send("x" * (1 << 20))
            socket.recv(timeout=5)
        self.assertEqual(socket.close_code, 1009)
        first = self.function.of("CONNECT")[0]["requestContext"]["connectionId"]
        self.tell(first)
        self.assertEqual(json.loads(other.recv(timeout=5)), {"poll": True})

    def test_a_door_adds_the_subprotocol_and_passes_everything_on(self):
        self.serve({"statusCode": 200, "headers": {}})
        port = free_port()
        self._stack.enter_context(sockets.served(port, sockets.Door(f"ws://127.0.0.1:{self.port}/")))
        socket = self.open(port)
        self.assertEqual(socket.subprotocol, "saoma.v1")
        headers = {name.lower(): value for name, value in self.function.events[0]["headers"].items()}
        self.assertEqual(headers["origin"], "https://shop.example")
        self.assertEqual(headers["sec-websocket-protocol"], "saoma.v1, the.watch.token")
        self.tell(self.name())
        self.assertEqual(socket.recv(timeout=5), '{"poll": true}')
        socket.close()
        self.until(lambda: self.function.of("DISCONNECT"))

    def test_a_door_passes_a_refusal_on(self):
        self.serve({"statusCode": 403, "headers": {}})
        port = free_port()
        self._stack.enter_context(sockets.served(port, sockets.Door(f"ws://127.0.0.1:{self.port}/")))
        with self.assertRaises(InvalidStatus) as refused:
            self.open(port)
        self.assertEqual(refused.exception.response.status_code, 403)


if __name__ == "__main__":
    unittest.main()
