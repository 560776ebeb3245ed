"""make sms: whether text messages go out, and their texts. docs/accounts.md says when to switch them off.

make sms             how many went out today
make sms DO=off      keeps them in, within five seconds; DO=on lets them out
make sms DO=texts    the texts, as carriers want them registered
"""

from call import Refused, call, show, tool, words

WHAT = ("show", "on", "off", "texts")


def main():
    """Reads the words, sends the command, prints the answer."""
    given = words(["DO"])
    what = given.get("DO", "show")
    if what not in WHAT:
        raise Refused(f"DO= is one of {', '.join(WHAT)}")
    answer = call(given.get("STAGE"), f"sms.{what}")
    for language, text in answer.get("texts", {}).items():
        print(f"{language}:\n{text}\n")
    if "sms" in answer:
        show(answer["sms"] | {"countries": answer["sms"]["countries"] or "all"})


if __name__ == "__main__":
    tool(main)
