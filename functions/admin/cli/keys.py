"""make keys: the keys that sign tokens. docs/operations.md says what a rotation keeps and what dropping a key ends.

make keys                                  the keys, by version and stage
make keys DO=rotate                        publishes a new key, waits until everyone knows it, and lets it sign
make keys DO=drop VERSION=... [YES=yes]    takes a leaked key out of use at once
make keys DO=make KIND=RS256               makes the first RSA key, for clients whose tokens are signed with RS256

KIND=RS256 says that the RSA keys are meant; each command above takes it. A rotation that is interrupted goes on when it is run again. WAIT=seconds waits shorter, on this machine only.
"""

import time

from call import Refused, agrees, call, moment, number, tool, words, yes_or_no

ENDS = {
    "current": """\
This version signs now. Dropping it ends, within {reload} minutes:
  - every access token, ticket and identity token of this service, and every sign-in, because refresh tokens rest on
    the same secret: all people sign in again
  - SMS codes that were not used, and a login that is under way, if its phone still has to act
  - every key of a webhook: clients' servers fetch the new one (GET /login/webhook)
A relying party accepts the leaked key until the key set that it keeps is old: at most {jwks} minutes, unless it keeps
key sets longer than it is told to. A new version signs from now on, and no one has it in a cache.""",
    "previous": """\
This version signed before the current one. Dropping it ends, within {reload} minutes:
  - the access tokens that it signed, and the sign-ins that were not refreshed since the last rotation
A relying party accepts it until the key set that it keeps is old: at most {jwks} minutes.
Sign-ins that were refreshed since then go on. If someone may have used the key, drop the current version too: that ends
every sign-in.""",
    "pending": """\
This version is published and has signed nothing. Dropping it ends nothing.""",
}
ENDS_RSA = {
    "current": """\
This version signs the tokens of clients that are registered for RS256. Dropping it ends, within {reload} minutes, those of
their access tokens that come here. A relying party accepts the leaked key until the key set that it keeps is old: Amazon
API Gateway keeps one for up to two hours, and may refuse what the new key signs until then. Refresh tokens go on. A new
version signs from now on.""",
    "previous": """\
This version signed before the current one. Dropping it ends the tokens that it signed, which live for an hour at most.""",
    "pending": ENDS["pending"],
}
STAGES = {"AWSCURRENT": "current", "AWSPENDING": "pending", "AWSPREVIOUS": "previous"}
MEANS = {"current": "signs", "pending": "is published, and about to sign", "previous": "verifies"}
TRIES_AGAIN = 5  # seconds after the moment that the function named, for a clock that is a little behind


def main():
    """Reads the words and does what they say."""
    given = words(["DO", "KIND", "VERSION", "FORCE", "WAIT", "YES"])
    stage, what = given.pop("STAGE", None), given.pop("DO", "show")
    takes = {"show": (), "make": (), "rotate": ("VERSION", "FORCE", "WAIT"), "drop": ("VERSION", "YES")}
    if what not in takes:
        raise Refused("DO= is show, make, rotate or drop")
    if extra := sorted(set(given) - {"KIND"} - set(takes[what])):
        raise Refused(f"DO={what} takes no {'=, '.join(extra)}=")
    {"show": show, "make": make, "rotate": rotate, "drop": drop}[what](stage, given)


def kind(given):
    """The field that says which keys are meant."""
    return {"kind": given["KIND"]} if "KIND" in given else {}


def show(stage, given):
    """Prints the versions that count."""
    told(call(stage, "keys.show", **kind(given))["keys"])


def make(stage, given):
    """Makes the first key of a kind. The same command again changes nothing."""
    told(call(stage, "keys.make", **kind(given))["keys"])


def told(keys):
    """Prints versions, one a line."""
    if not keys:
        print("There is no key of this kind yet: make keys DO=make KIND=RS256 makes one.")
    for key in keys:
        stage = STAGES[key["stage"]]
        print(f"{key['version']}  kid {key['kid']}  made {moment(key['madeAt'])}  {stage}: {MEANS[stage]}")


def rotate(stage, given):
    """Takes one step after the other, and waits in between."""
    fields = kind(given) | ({"version": given["VERSION"]} if "VERSION" in given else {})
    if given.get("FORCE"):
        fields["force"] = yes_or_no("FORCE", given["FORCE"])
    if "WAIT" in given:
        if stage not in (None, "", "local"):
            raise Refused("WAIT= is for this machine only: on AWS, instances and relying parties need the whole time")
        fields["waitSeconds"] = number("WAIT", given["WAIT"], "seconds")
    while (answer := call(stage, "keys.rotate", **fields))["state"] == "published":
        fields |= {"version": answer["version"], "force": False}
        at = time.strftime("%H:%M:%S", time.localtime(answer["signsFrom"]))
        print(
            f"Version {answer['version']} is published. It signs from {at} on, when every instance has read it and no kept key"
            f" set is without it.\nWaiting {answer['waitSeconds']} seconds. You may stop here and run the same command later.",
            flush=True,
        )
        time.sleep(min(answer["waitSeconds"] + 1, 600) if answer["waitSeconds"] else TRIES_AGAIN)
    print(f"Version {answer['version']} signs now. What the one before it signed goes on.\n")
    told(answer["keys"])


def drop(stage, given):
    """Says what ends, asks, and drops."""
    if "VERSION" not in given:
        raise Refused("VERSION=... is needed: make keys shows them")
    answer = call(stage, "keys.show", **kind(given))
    keys, reload, jwks = answer["keys"], answer["reloadSeconds"] // 60, answer["keySetSeconds"] // 60
    held = {key["version"]: STAGES[key["stage"]] for key in keys}
    if given["VERSION"] not in held:
        told(keys)
        raise Refused(f"\nNo stage holds version {given['VERSION']}, so nothing rests on it. Those above do count.")
    ends = ENDS_RSA if given.get("KIND") == "RS256" else ENDS
    print(ends[held[given["VERSION"]]].format(reload=reload, jwks=jwks))
    if not yes_or_no("YES", given.get("YES", "no")) and not agrees("Drop it?"):
        raise Refused("Nothing was changed. YES=yes does not ask.")
    answer = call(stage, "keys.drop", version=given["VERSION"], **kind(given))
    print(f"\nDropped. Every instance refuses it within {reload} minutes. These count now:\n")
    told(answer["keys"])


if __name__ == "__main__":
    tool(main, stopped="Stopped. The same command goes on where it was.")
