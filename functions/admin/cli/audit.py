"""make audit: who did what to which session, from where; and every operator's command. Newest last.

make audit SINCE=2h CLIENT=my-shop
make audit SESSION=0P1ACEH01DERC0DE0123456789 STAGE=prod

SESSION is a code or the session_ref of a log line; ACCOUNT an account's number; SINCE counts back in m, h or d (24h).
It reads the log groups of a deployed stack's functions, on AWS and of `make deploy-local`; else the log of `make run`.
"""

import json
import re
import sys
import time
from datetime import UTC, datetime

from call import ROOT, Refused, Stack, call, tool, words

FIELDS = ("session_ref", "client", "account", "sign_in", "address", "actor", "machine", "secret_version", "reason", "outcome")
UNITS = {"m": 60, "h": 3600, "d": 86400}


def main():
    """Reads the words, prints the lines."""
    given = words(["SESSION", "ACCOUNT", "CLIENT", "SINCE"])
    stack = Stack(given.get("STAGE"))
    wanted = {field: given[word] for word, field in (("ACCOUNT", "account"), ("CLIENT", "client")) if given.get(word)}
    if session := given.get("SESSION"):
        wanted["session_ref"] = session if re.fullmatch(r"[0-9a-f]{16}", session) else ref(given.get("STAGE"), session)
    since = time.time() - seconds(given.get("SINCE") or "24h")
    # A stack whose outputs name the function is deployed; `make run` serves the functions beside its stack.
    read = of_groups if stack.outputs().get("AdminFunction") else of_make_run
    lines = [line for line in read(stack, wanted, since) if matches(line, wanted, since)]
    for line in sorted(lines, key=lambda line: line["timestamp"]):
        print(told(line))
    if not lines:
        print("no line of the audit log is like that", file=sys.stderr)


def ref(stage, code):
    """The name by which logs call the session with this code."""
    return call(stage, "session.ref", code=code)["session_ref"]


def seconds(text):
    """`90m` as seconds."""
    match = re.fullmatch(r"([0-9]{1,4})([mhd])", text)
    if not match:
        raise Refused("SINCE= is a number of minutes, hours or days, such as 30m, 24h or 7d")
    return int(match[1]) * UNITS[match[2]]


def matches(line, wanted, since):
    """Whether this is an audit line that was asked for."""
    if not isinstance(line, dict) or line.get("target") != "audit":
        return False
    at = datetime.fromisoformat(line["timestamp"]).timestamp()
    return at >= since and all(str(line.get(field)) == value for field, value in wanted.items())


def told(line):
    """One line for people."""
    at = datetime.fromisoformat(line["timestamp"]).astimezone(UTC)
    about = " ".join(f"{field}={line[field]}" for field in FIELDS if line.get(field) not in (None, ""))
    return f"{at:%Y-%m-%d %H:%M:%S} {line['audit']:22}{about}"


def of_make_run(stack, _wanted, _since):
    """The lines in the log of `make run`."""
    try:
        text = (ROOT / ".saoma" / f"functions-{stack.local}.log").read_text(errors="replace")
    except OSError:
        raise Refused("the local stack has no log yet: start it with make run or make deploy-local") from None
    for line in text.splitlines():
        if read := parsed(line):
            yield read


def of_groups(stack, wanted, since):
    """The lines in the log groups of the stack, filtered there as far as it can be: the emulator filters by nothing but time."""
    conditions = ['$.target = "audit"', *(f'$.{field} = "{literal(value)}"' for field, value in wanted.items())]
    logs = stack.client("logs")
    groups = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=f"/aws/lambda/{stack.name}/")
    for group in (group["logGroupName"] for page in groups for group in page["logGroups"]):
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, startTime=int(since * 1000), filterPattern=f"{{ {' && '.join(conditions)} }}"
        )
        for event in (event for page in pages for event in page["events"]):
            if read := parsed(event["message"]):
                yield read


def literal(text):
    """A value inside a filter's quotes."""
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,40}", text):
        raise Refused(f"{text!r} is no id")
    return text


def parsed(line):
    """A line of the log as JSON; nothing when it is none."""
    try:
        return json.loads(line)
    except ValueError:
        return None


if __name__ == "__main__":
    tool(main)
