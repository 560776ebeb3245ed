"""make account: the people. docs/operations.md says what each DO means.

make account DO=find PHONE=+8613800138000
make account DO=lock ID=3000876123
make account DO=export CLIENT=my-shop SUBJECT=ann        a person of the issuer that the client has registered
make account DO=delete ID=3000876123 [YES=yes]
"""

import json
import re
import sys

from call import Refused, agrees, call, show, tool, words, yes_or_no

COMMANDS = ("find", "lock", "unlock", "end-sign-ins", "export", "delete")
NEEDED = """\
either ID=..., an account's number, or PHONE=..., a telephone number, is needed; or CLIENT=... and SUBJECT=..., what the \
client's issuer calls the person"""
ENDS = """
Deleting it ends every sign-in of this person at once, and removes the history, machines, pairs, pushes and visits for good.
No one can bring it back. A person who was locked out can begin again, as a new person. DO=export prints what is kept."""


def main():
    """Reads the words, sends the command, prints the account."""
    given = words(["DO", "ID", "PHONE", "CLIENT", "SUBJECT", "YES"])
    what, stage = given.get("DO", "find"), given.get("STAGE")
    if what not in COMMANDS:
        raise Refused(f"DO= is one of {', '.join(COMMANDS)}")
    if "YES" in given and what != "delete":
        raise Refused(f"DO={what} takes no YES=")
    which = {word.lower(): given[word] for word in ("ID", "PHONE", "CLIENT", "SUBJECT") if word in given}
    if set(which) not in ({"id"}, {"phone"}, {"client", "subject"}):
        raise Refused(NEEDED)
    if "phone" in which:
        which["phone"] = re.sub(r"[\s().-]", "", which["phone"])  # as people write numbers
    if what == "delete":
        delete(stage, which, yes_or_no("YES", given.get("YES", "no")))
    elif what == "export":
        export = call(stage, "account.export", **which)["export"]
        print(json.dumps(export, indent=2, ensure_ascii=False))
        if export["isCut"]:
            print("A list was too long and is cut (isCut): the table Directory has the rest.", file=sys.stderr)
    else:
        show(call(stage, f"account.{what}", **which)["account"])


def delete(stage, which, agreed):
    """Says what ends, asks, and deletes. A call removes a bounded number of records, so it is repeated until nothing is left."""
    account = call(stage, "account.find", **which)["account"]
    show(account)
    print(ENDS)
    if not agreed and not agrees("Delete it?"):
        raise Refused("Nothing was changed. YES=yes does not ask.")
    while call(stage, "account.delete", id=account["id"])["more"]:
        print("More is left. Going on ...", flush=True)
    print(f"\nDeleted {account['id']}.")


if __name__ == "__main__":
    tool(main, stopped="Stopped. What was deleted stays deleted, and the same command with ID= goes on.")
