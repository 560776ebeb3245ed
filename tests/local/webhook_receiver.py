"""A client's server: takes webhooks, and writes each call down as a line of JSON, {"headers": ..., "body": ...}.

    python3 tests/local/webhook_receiver.py 9009 calls.jsonl
    python3 tests/local/webhook_receiver.py 9009 calls.jsonl --status 500

Header names are in lower case; the body is the text as it came. Ends with the shell that started it, or by a signal.
"""

import argparse
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_writing = threading.Lock()


def receiver(take, status=200):
    """Hands the headers and the body of every POST to `take`, and answers each with the same status."""

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            take({name.lower(): value for name, value in self.headers.items()}, body)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    return Receiver


def writer(path):
    """Writes each call into a file, which exists from now on, so that a program that waits for a line finds it."""
    open(path, "a", encoding="utf-8").close()

    def write(headers, body):
        with _writing, open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps({"headers": headers, "body": body}, ensure_ascii=False) + "\n")

    return write


def main():
    words = argparse.ArgumentParser(description="Takes webhooks and writes them down.")
    words.add_argument("port", type=int)
    words.add_argument("file")
    words.add_argument("--status", type=int, default=200, help="what every call is answered")
    options = words.parse_args()
    with ThreadingHTTPServer(("127.0.0.1", options.port), receiver(writer(options.file), options.status)) as server:
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
