"""moto's DynamoDB, with the tables of template.yaml: a second implementation on which the stores must keep their contract."""

import threading
from contextlib import contextmanager

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

import emulator as aws
import servers

TABLES = {"Sessions": "SessionsTable", "Directory": "DirectoryTable"}  # with the outputs that name them


@contextmanager
def moto(port, template):
    """Serves moto on a port and creates the tables; yields it, and their names as the stack's outputs have them.

    DynamoDB takes each call whole, one after another for an item. moto reads and writes without a lock, so it is given one
    call at a time; the contract's races are between calls.
    """
    application, turn = DomainDispatcherApplication(create_backend_app), threading.Lock()

    def one_at_a_time(environ, start_response):
        with turn:
            return list(application(environ, start_response))

    server = make_server("127.0.0.1", port, one_at_a_time, threaded=True, request_handler=Quiet)
    with servers.running(server):
        store = aws.Emulator(port)
        for name in TABLES:
            store.client("dynamodb").create_table(TableName=name, **schema(template["Resources"][name]["Properties"]))
        yield store, {output: name for name, output in TABLES.items()}


class Quiet(WSGIRequestHandler):
    """Writes no line for each call."""

    def log_request(self, *_):
        pass


def schema(properties):
    """What the API wants of a table that CloudFormation describes."""
    return {name: properties[name] for name in ("AttributeDefinitions", "KeySchema", "BillingMode")}
