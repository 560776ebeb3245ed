"""make account: the people. docs/operations.md says what each DO means.

make account DO=find PHONE=+8613800138000
make account DO=lock ID=3000876123
"""

import re

from call import Refused, call, show, tool, words

COMMANDS = ("find", "lock", "unlock", "end-sign-ins")


def main():
    """Reads the words, sends the command, prints the account."""
    given = words(["DO", "ID", "PHONE"])
    what = given.get("DO", "find")
    if what not in COMMANDS:
        raise Refused(f"DO= is one of {', '.join(COMMANDS)}")
    which = {name: given[word] for word, name in (("ID", "id"), ("PHONE", "phone")) if word in given}
    if len(which) != 1:
        raise Refused("either ID=..., an account's number, or PHONE=..., a telephone number, is needed")
    if "phone" in which:
        which["phone"] = re.sub(r"[\s().-]", "", which["phone"])  # as people write numbers
    show(call(given.get("STAGE"), f"account.{what}", **which)["account"])


if __name__ == "__main__":
    tool(main)
