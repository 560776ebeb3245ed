"""A proxy between the functions and AWS that counts their calls."""

import http.client
import json
import re
from base64 import b64decode
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import servers
from processes import Failure

_READ_BLOCK, _WRITE_BLOCK = 4096, 1024  # bytes that one unit pays for


@dataclass(frozen=True)
class Call:
    """One call to AWS, with what DynamoDB charges for it. `item` is in bytes, as DynamoDB counts them."""

    service: str
    operation: str
    table: str = ""
    reads: float = 0
    writes: float = 0
    item: int = 0


class Meter:
    """The calls so far."""

    def __init__(self, port):
        self.port = port
        self.calls = []
        self.unreadable = []

    def taken(self):
        """The calls since it was last asked."""
        if self.unreadable:
            raise Failure(f"calls to AWS that meter.py cannot count: {self.unreadable}")
        calls, self.calls = self.calls, []
        return calls


@contextmanager
def metered(emulator):
    """A meter in front of an emulator."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), None)
    meter = Meter(server.server_port)
    server.RequestHandlerClass = handler(meter, emulator.port)
    with servers.running(server):
        yield meter


def handler(meter, upstream_port):
    """Passes every request on unchanged, so that its signature stays good."""

    class Between(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def forward(self):
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            upstream = http.client.HTTPConnection("127.0.0.1", upstream_port, timeout=30)
            try:
                upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                for name, value in self.headers.items():
                    upstream.putheader(name, value)
                upstream.endheaders(sent)
                answer = upstream.getresponse()
                content = answer.read()
            finally:
                upstream.close()
            try:
                meter.calls.append(read_call(self.command, self.path, self.headers, sent, answer.status, content))
            except (KeyError, ValueError, TypeError) as error:
                meter.unreadable.append(f"{self.command} {self.path.split('?')[0]} ({error!r})")
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("connection", "content-length", "transfer-encoding"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = forward

        def log_message(self, *_):
            pass

    return Between


def read_call(method, path, headers, sent, status, content):
    """Reads one request as a call. Its signature names the service."""
    signed = re.search(r"Credential=[^/]+/\d+/[^/]+/(\w+)/", headers.get("Authorization") or "")
    service = signed[1]
    if service == "s3":
        return Call(service, f"{method} object")
    if service == "sns":
        return Call(service, re.search(rb"Action=(\w+)", sent)[1].decode())
    operation = headers["X-Amz-Target"].split(".")[-1]
    if service != "dynamodb":
        return Call(service, operation)
    return read_dynamodb(operation, json.loads(sent), status, json.loads(content or b"{}"))


def read_dynamodb(operation, asked, status, answered):
    """The units that DynamoDB charges. A write that fails its condition costs as much as one that succeeds."""
    if operation == "TransactWriteItems":
        parts = [part for it in asked["TransactItems"] for part in it.values()]
        size = max(size_of(part.get("Item") or part["Key"]) for part in parts)
        writes = 2 * len(parts) * max(1, -(-size // _WRITE_BLOCK))
        return Call("dynamodb", operation, parts[0]["TableName"], writes=writes, item=size)
    if operation == "BatchGetItem":
        # Each item is rounded up by itself, and one that is not there costs as much as a small one.
        found = [item for items in answered.get("Responses", {}).values() for item in items]
        keys = sum(len(it["Keys"]) for it in asked["RequestItems"].values())
        blocks = sum(max(1, -(-size_of(item) // _READ_BLOCK)) for item in found) + keys - len(found)
        strong = all(it.get("ConsistentRead") for it in asked["RequestItems"].values())
        return Call("dynamodb", operation, max(asked["RequestItems"]), reads=blocks * (1 if strong else 0.5))
    table = asked["TableName"]
    if operation == "GetItem":
        item = size_of(answered.get("Item", {}))
        units = max(1, -(-item // _READ_BLOCK)) * (1 if asked.get("ConsistentRead") else 0.5)
        return Call("dynamodb", operation, table, reads=units, item=item)
    if operation == "Query":
        items = sum(map(size_of, answered.get("Items", [])))
        units = max(1, -(-items // _READ_BLOCK)) * (1 if asked.get("ConsistentRead") else 0.5)
        return Call("dynamodb", operation, table, reads=units)
    if operation == "PutItem":
        item = size_of(asked["Item"])
    elif operation == "DeleteItem":
        item = size_of(asked["Key"])  # at least
    elif operation == "UpdateItem":
        # The whole item where it comes back, else at least what was written.
        written = {f":{name}": value for name, value in asked.get("ExpressionAttributeValues", {}).items()}
        item = size_of(answered.get("Attributes") or answered.get("Item") or {**asked["Key"], **written})
    else:
        raise ValueError(f"{operation} of DynamoDB, status {status}")
    return Call("dynamodb", operation, table, writes=max(1, -(-item // _WRITE_BLOCK)), item=item)


def size_of(item):
    """An item's size: names and values, as the developer guide counts them."""
    return sum(len(name.encode()) + _size_of_value(value) for name, value in item.items())


def _size_of_value(value):
    ((kind, it),) = value.items()
    if kind == "S":
        return len(it.encode())
    if kind == "N":
        return len(it.strip("-").replace(".", "")) // 2 + 2
    if kind == "B":
        return len(b64decode(it))
    if kind in ("BOOL", "NULL"):
        return 1
    if kind == "L":
        return 3 + sum(1 + _size_of_value(each) for each in it)
    if kind == "M":
        return 3 + len(it) + size_of(it)
    return sum(_size_of_value({kind[0]: each}) for each in it)  # a set


def counted(calls):
    """How many calls of each kind: `GetItem 2, GetSecretValue 1`."""
    return ", ".join(f"{name} {count}" for name, count in sorted(Counter(it.operation for it in calls).items()))
