"""make webhooks: the calls that clients' servers did not take in time. docs/operations.md says what each DO does.

make webhooks DO=list CLIENT=clientId-01
make webhooks DO=replay
"""

from call import Refused, call, moment, tool, words


def main():
    """Reads the words, sends the command as long as there is more, prints the answers."""
    given = words(["DO", "CLIENT"])
    what = given.get("DO") or "list"
    if what not in ("list", "replay"):
        raise Refused("DO= is list or replay")
    fields = {"client": given["CLIENT"]} if given.get("CLIENT") else {}
    answers = all_of(given.get("STAGE"), what, fields)
    if what == "list":
        listed([it for answer in answers for it in answer["calls"]], more=answers[-1]["more"])
    else:
        print(f"{counted(sum(answer['replayed'] for answer in answers))} put into the queue again")
        unreadable = sum(answer["unreadable"] for answer in answers)
        if unreadable:
            print(f"{unreadable} messages are no calls and stay where they are")


def all_of(stage, what, fields):
    """The answers to the command. What is listed stays, so a list is one answer; a replay goes on until nothing is left."""
    answers = [call(stage, f"webhooks.{what}", **fields)]
    while what == "replay" and answers[-1]["more"]:
        answers.append(call(stage, f"webhooks.{what}", **fields))
    return answers


def listed(calls, *, more):
    """Prints one call a line, the oldest first."""
    for it in sorted(calls, key=lambda it: it.get("queuedAt") or 0):
        if it["client"] is None:
            print(f"message {it['message']} is no call")
        else:
            print(f"{moment(it['queuedAt'])}  {it['client']:32}  {it['event']}")
    print(f"{counted(len(calls))}{' and more' if more else ''}")


def counted(calls):
    """How many calls, in words."""
    return "1 call" if calls == 1 else f"{calls} calls"


if __name__ == "__main__":
    tool(main)
