"""Tests of the client's server that tests/local/rotation.py tells of logins."""

import http.client
import json
import unittest
from base64 import b64encode
from datetime import UTC, datetime
from http.server import ThreadingHTTPServer

from standardwebhooks import Webhook

from rotation import Region
from servers import running
from webhook_receiver import receiver

OLD, NEW = ("whsec_" + b64encode(bytes([it]) * 32).decode() for it in (1, 2))


class RegionTest(unittest.TestCase):
    """What it takes for good."""

    def setUp(self):
        self.region = Region()
        self.region.key = OLD
        server = ThreadingHTTPServer(("127.0.0.1", 0), receiver(self.region.take))
        self.port = self.enterContext(running(server)).server_port

    def tell(self, name, *keys):
        """Posts a webhook that is signed with these keys, as `deliver` does."""
        body, now = json.dumps({"resultType": "LOGIN_redeemed"}), datetime.now(UTC)
        signatures = " ".join(Webhook(key).sign(name, now, body) for key in keys)
        headers = {"webhook-id": name, "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": signatures}
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request("POST", "/logins", body, headers)
        self.assertEqual(connection.getresponse().status, 200)
        connection.close()

    def test_a_webhook_counts_once_and_with_the_old_key_among_others(self):
        self.tell("code.3", NEW, OLD)
        self.tell("code.3", OLD)
        self.assertEqual((self.region.logins(), self.region.refused), (1, []))

    def test_a_webhook_without_the_old_key_is_refused(self):
        self.tell("code.3", NEW)
        self.assertEqual((self.region.logins(), len(self.region.refused)), (0, 1))


if __name__ == "__main__":
    unittest.main()
