"""make client: the products that may open sessions. docs/operations.md says what each DO and setting means.

make client ID=my-shop NAME="My shop" PAGE=https://shop.example/signed-in ORIGIN=https://shop.example
make client ID=clientId-01 NAME="Hosted" DIALECT=remembered WEBHOOK=https://hosted.example/logins
"""

import sys

from call import Refused, call, show, split, words

# Each setting as it is called here and in the event, and how its text is read.
SETTINGS = {
    "NAME": ("name", str),
    "DIALECT": ("dialect", str),
    "POLICY": ("policy", str),
    "PAGE": ("page", str),
    "ORIGIN": ("origins", split),
    "WEBHOOK": ("webhook", str),
    "APPS": ("apps", split),
    "NETWORKS": ("networks", split),
    "STRICT": ("strict", lambda text: yes_or_no("STRICT", text)),
}
TAKES_SETTINGS = ("create",)


def main():
    """Reads the words, sends the command, prints the answer."""
    given = words(["DO", "ID", *SETTINGS])
    stage, what = given.pop("STAGE", None), given.pop("DO", "create")
    fields = {"id": given.pop("ID")} if "ID" in given else {}
    if given and what not in TAKES_SETTINGS:
        raise Refused(f"DO={what} takes no {'=, '.join(given)}=")
    if "id" not in fields:
        raise Refused("ID=... is needed: what the client calls itself")
    fields |= {name: read(given[word]) for word, (name, read) in SETTINGS.items() if word in given}
    answer = call(stage, f"client.{what}", **fields)
    told(answer)


def told(answer):
    """Prints a client, and its secret, which is shown only once."""
    show(answer.get("client", {}))
    if "secret" in answer:
        print(f"{'secret':20}{answer['secret']}\n\nThe secret is kept nowhere: only its SHA-256 is stored.")
        for note in notes(answer["client"]):
            print(f"Note: {note}", file=sys.stderr)


def notes(client):
    """Warnings about settings that are allowed but may be a mistake."""
    if client["dialect"] == "web" and not client["page"]:
        yield "without PAGE=... people who sign in land on our own page /welcome"


def yes_or_no(word, text):
    """Reads a switch."""
    if text not in ("yes", "no"):
        raise Refused(f"{word}= is yes or no")
    return text == "yes"


if __name__ == "__main__":
    main()
