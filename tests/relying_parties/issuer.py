"""The issuer of a product that has accounts of its own: a process with keys of its own, which it publishes.

    python issuer.py

prints {"address": …}, and then answers each line that it reads: `rotate` makes a new key and publishes it alone; any JSON
object is claims to sign, over those of a good token. It speaks one JSON object a line.
"""

import json
import secrets
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet


class Issuer:
    """The issuer and its one key."""

    def __init__(self):
        self.rotate()

    def rotate(self):
        """From now on a new key signs, and is the only one that is published."""
        self.key = ECKey.generate_key("P-256", {"kid": secrets.token_hex(8), "use": "sig", "alg": "ES256"})

    def published(self):
        """The key set."""
        return json.dumps(KeySet([self.key]).as_dict(private=False)).encode()

    def token(self, address, claims):
        """A token for the phone of one person, with these claims over its own."""
        now = int(time.time())
        own = {"iss": address, "aud": "saoma-e2e", "sub": "anna", "sid": "annas-phone", "iat": now, "exp": now + 600}
        return jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": self.key.kid}, own | claims, self.key)


def main():
    """Serves the key set, and signs what it is told to."""
    issuer = Issuer()

    class Published(BaseHTTPRequestHandler):
        def do_GET(self):
            body = issuer.published()
            self.send_response(200)
            self.send_header("Content-Type", "application/jwk-set+json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """Says nothing: what is printed is for the test."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Published)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    print(json.dumps({"address": address}), flush=True)
    for line in sys.stdin:
        if line.strip() == "rotate":
            issuer.rotate()
            print(json.dumps({"rotated": issuer.key.kid}), flush=True)
        else:
            print(json.dumps({"token": issuer.token(address, json.loads(line))}), flush=True)


if __name__ == "__main__":
    main()
