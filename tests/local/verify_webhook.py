"""Verifies webhooks that webhook_receiver.py wrote down, by the words of standardwebhooks.com alone.

    python3 tests/local/verify_webhook.py calls.jsonl whsec_...

Prints `good <resultType> <webhook-id>` for each, or `BAD` and why; fails if one is bad, or there are none. The standard
library and nothing of ours: what signs and what verifies share no code.
"""

import base64
import hashlib
import hmac
import json
import sys
import time

TOLERANCE = 300  # seconds that a call may be old, or from the future


def key_of(secret):
    """The bytes of a secret, which is written as `whsec_` and Base64."""
    if not secret.startswith("whsec_"):
        raise SystemExit("the secret starts with whsec_")
    return base64.b64decode(secret.removeprefix("whsec_"), validate=True)


def why_bad(call, key, now):
    """What is wrong with a call; None if nothing is."""
    headers = call["headers"]
    missing = [name for name in ("webhook-id", "webhook-timestamp", "webhook-signature") if not headers.get(name)]
    if missing:
        return f"no {missing[0]}"
    if not headers["webhook-timestamp"].isdigit() or abs(now - int(headers["webhook-timestamp"])) > TOLERANCE:
        return "not of this time"
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{call['body']}".encode()
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    for signature in headers["webhook-signature"].split(" "):
        version, _, value = signature.partition(",")
        if version == "v1" and hmac.compare_digest(value.encode(), expected.encode()):
            return None
    return "no signature by this key"


def main():
    if len(sys.argv) != 3:
        raise SystemExit("python3 tests/local/verify_webhook.py FILE SECRET")
    key, now, good = key_of(sys.argv[2]), time.time(), []
    with open(sys.argv[1], encoding="utf-8") as file:
        for line in file:
            call = json.loads(line)
            reason = why_bad(call, key, now)
            good.append(reason is None)
            event = call["headers"].get("webhook-id")
            print(f"BAD {reason}" if reason else f"good {json.loads(call['body']).get('resultType')} {event}")
    raise SystemExit(0 if good and all(good) else 1)


if __name__ == "__main__":
    main()
