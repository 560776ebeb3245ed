"""Verifies webhooks that webhook_receiver.py wrote down, with the library that standardwebhooks.com publishes.

    .venv/bin/python tests/local/verify_webhook.py calls.jsonl whsec_...

Prints `good <resultType> <webhook-id>` for each, or `BAD` and why; fails if one is bad, or there are none. Nothing of ours
is in it: what signs and what verifies share no code.
"""

import json
import sys

from standardwebhooks import Webhook, WebhookVerificationError


def main():
    if len(sys.argv) != 3:
        raise SystemExit(".venv/bin/python tests/local/verify_webhook.py FILE SECRET")
    webhook, good = Webhook(sys.argv[2]), []
    with open(sys.argv[1], encoding="utf-8") as file:
        for line in file:
            call = json.loads(line)
            try:
                event = webhook.verify(call["body"], call["headers"])
            except WebhookVerificationError as error:
                good.append(False)
                print(f"BAD {error}")
            else:
                good.append(True)
                print(f"good {event.get('resultType')} {call['headers']['webhook-id']}")
    raise SystemExit(0 if good and all(good) else 1)


if __name__ == "__main__":
    main()
