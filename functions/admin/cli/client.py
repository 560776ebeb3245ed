"""make client: the products that may open sessions. docs/operations.md says what each DO and setting means.

make client ID=my-shop NAME="My shop" PAGE=https://shop.example/signed-in ORIGIN=https://shop.example
make client ID=my-tv NAME="My TV" GRANTS=device_code,refresh_token AUTH=none
make client ID=clientId-01 NAME="Hosted" DIALECT=remembered WEBHOOK=https://hosted.example/logins
make client ID=my-shop ISSUER=https://id.shop.example AUDIENCE=saoma JWKS=https://id.shop.example/keys DO=change
make client DO=enroll ID=clinic MACHINE=lobby-1
"""

import sys

from call import Refused, call, number, picture, show, split, tool, words, yes_or_no

# Each setting as it is called here and in the event, and how its text is read.
SETTINGS = {
    "NAME": ("name", str),
    "LOGO": ("logo", lambda path: picture("LOGO", path)),
    "DIALECT": ("dialect", str),
    "POLICY": ("policy", str),
    "PAGE": ("page", str),
    "ORIGIN": ("origins", split),
    "WEBHOOK": ("webhook", str),
    "APPS": ("apps", split),
    "NETWORKS": ("networks", split),
    "REDIRECT": ("redirects", split),
    "LOGOUT": ("logouts", split),
    "GRANTS": ("grants", split),
    "AUTH": ("auth", str),
    "ISSUER": ("issuer", str),
    "AUDIENCE": ("audience", str),
    "JWKS": ("jwks", str),
    "ALG": ("alg", str),
    "KEY": ("key", str),
    "PKCE": ("pkce", str),
    "SIGNED": ("signed", str),
    "PAR": ("par", lambda text: yes_or_no("PAR", text)),
    "MAX_AGE": ("maxAge", lambda text: number("MAX_AGE", text or "0", "seconds, and nothing or 0 means any age")),
    "STRICT": ("strict", lambda text: yes_or_no("STRICT", text)),
    "ROTATE": ("rotate", lambda text: yes_or_no("ROTATE", text)),
}
# What each command takes besides ID.
TAKES = {
    "create": SETTINGS,
    "change": SETTINGS,
    "rotate-secret": {"KEEP": ("keepHours", lambda text: number("KEEP", text, "hours, and 0 ends the old secrets at once"))},
    "enroll": {"MACHINE": ("machine", str)},
    "unenroll": {"MACHINE": ("machine", str)},
    "show": {},
    "disable": {},
    "enable": {},
    "remove": {},
    "list": {},
}


def main():
    """Reads the words, sends the command, prints the answer."""
    given = words(["DO", "ID", "KEEP", "MACHINE", *SETTINGS])
    stage, what = given.pop("STAGE", None), given.pop("DO", "create")
    if what not in TAKES:
        raise Refused(f"DO= is one of {', '.join(TAKES)}")
    if ("ID" in given) == (what == "list"):
        raise Refused("ID=... is needed: what the client calls itself" if what != "list" else "DO=list takes no ID=")
    fields = {"id": given.pop("ID")} if what != "list" else {}
    if unknown := sorted(set(given) - set(TAKES[what])):
        raise Refused(f"DO={what} takes no {'=, '.join(unknown)}=")
    fields |= {name: read(given[word]) for word, (name, read) in TAKES[what].items() if word in given}
    told(call(stage, f"client.{what}", **fields))


def told(answer):
    """Prints a client, and its secret, which is shown only once."""
    show(answer.get("client", {}))
    show({"machines": answer.get("machines")})
    show(answer.get("machine", {}))
    for client in answer.get("clients", []):
        print(client)
    if "removed" in answer:
        print(f"removed {answer['removed']}")
    if "unenrolled" in answer:
        print(f"unenrolled {answer['unenrolled']}")
    if "secret" in answer:
        print(f"{'secret':20}{answer['secret']}\n\nThe secret is kept nowhere: only its SHA-256 is stored.")
    for note in notes(answer.get("client", {})) if "secret" in answer else ():
        print(f"Note: {note}", file=sys.stderr)


def notes(client):
    """Warnings about settings that are allowed but may be a mistake."""
    if client.get("dialect") != "web":
        return
    if not client["page"]:
        yield "without PAGE=... people who sign in land on our own page /welcome"
    if client["strict"]:
        yield "a browser cannot be enrolled, so with STRICT=yes a client of the dialect web shows no QR"


if __name__ == "__main__":
    tool(main)
