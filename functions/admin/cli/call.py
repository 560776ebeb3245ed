"""Calls the admin function: the local stack's, or with STAGE=dev, staging or prod that of a stack on AWS.

The tools beside this file turn `NAME=value` words into one event, send it, and print the answer.
"""

import base64
import difflib
import getpass
import json
import os
import secrets
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

STAGES = ("dev", "staging", "prod")
ROOT = Path(__file__).resolve().parents[3]
_LOCAL = {"region_name": "us-east-1", "aws_access_key_id": "test", "aws_secret_access_key": "test"}
_SECONDS = 30  # a call may take, with a cold start
_TRIES = 4


class Refused(SystemExit):
    """A message for a person, and the end of the program."""

    def __init__(self, message):
        print(message, file=sys.stderr)
        super().__init__(1)


def tool(main, stopped="Stopped."):
    """Runs a tool. Ctrl-C ends it with a word, and a reader that hangs up (`make audit | head`) without one."""
    try:
        main()
        sys.stdout.flush()
    except KeyboardInterrupt:
        print(f"\n{stopped}", file=sys.stderr)
        raise SystemExit(130) from None
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None


def words(allowed):
    """The command line's `NAME=value` words. A name that is not `allowed` is refused, because it would change nothing."""
    given = dict(word.partition("=")[::2] for word in sys.argv[1:])
    for unknown in sorted(set(given) - {*allowed, "STAGE"}):
        near = difflib.get_close_matches(unknown.upper(), [*allowed, "STAGE"], 1)
        hint = f"did you mean {near[0]}=?" if near else f"there are {'=, '.join(allowed)}= and STAGE="
        raise Refused(f"there is no {unknown}=; {hint}")
    return given


def yes_or_no(word, text):
    """Reads a switch."""
    if text not in ("yes", "no"):
        raise Refused(f"{word}= is yes or no")
    return text == "yes"


def number(word, text, what):
    """Reads a whole number, zero or more; `what` says what it means."""
    if not (text.isascii() and text.isdigit()):
        raise Refused(f"{word}= is a whole number: {what}")
    return int(text)


def picture(word, path):
    """Reads a file, in base64; no path is no picture."""
    try:
        return base64.b64encode(Path(path).read_bytes() if path else b"").decode()
    except OSError as error:
        raise Refused(f"{word}= is the path of a PNG: {error}") from None


def agrees(question):
    """Asks a person. Where none is at the keyboard, the answer is no."""
    try:
        return input(f"\n{question} Write yes: ").strip() == "yes"
    except EOFError:
        print()
        return False


def split(text):
    """A list with commas."""
    return [word.strip() for word in text.split(",") if word.strip()]


class Stack:
    """The stack that STAGE names: the one that runs on this machine, or one on AWS."""

    def __init__(self, stage):
        if stage in (None, "", "local"):
            port = number("EMULATOR_PORT", os.environ.get("EMULATOR_PORT") or "4566", "a port")
            self._session = {"endpoint_url": f"http://127.0.0.1:{port}", **_LOCAL}
            self.name, self.local = "saoma-local", port
        elif stage in STAGES:
            self._session, self.name, self.local = {}, f"saoma-{stage}", None
        else:
            raise Refused(f"STAGE= is one of {', '.join(STAGES)}; without it, the local stack")

    def client(self, service, **config):
        """A boto3 client of this stack's account."""
        return boto3.client(service, config=Config(**config), **self._session)

    def outputs(self):
        """The stack's outputs."""
        try:
            quick = {"connect_timeout": 5, "retries": {"max_attempts": 1}} if self.local else {}
            (stack,) = self.client("cloudformation", **quick).describe_stacks(StackName=self.name)["Stacks"]
        except (BotoCoreError, ClientError) as error:
            raise Refused(self._unreached(error)) from None
        return {row["OutputKey"]: row["OutputValue"] for row in stack["Outputs"]}

    def operator(self):
        """Who calls: on AWS the identity that IAM knows, locally the user of this machine."""
        if self.local:
            return f"{getpass.getuser()} (local)"
        try:
            return self.client("sts").get_caller_identity()["Arn"]
        except (BotoCoreError, ClientError) as error:
            raise Refused(self._unreached(error)) from None

    def _unreached(self, error):
        """What a person can do when the stack cannot be asked."""
        if self.local:
            return f"no local stack answers on port {self.local}: start one with make run or make deploy-local, or name its EMULATOR_PORT="
        if isinstance(error, ClientError) and error.response["Error"]["Code"] == "ValidationError":
            return f"there is no stack {self.name} in this account and region: see make deploy"
        return f"AWS cannot be asked about {self.name}: {error}. Check AWS_PROFILE and AWS_REGION"

    def invoke(self, event):
        """The function's answer. A call whose answer is lost is sent again: its `write` makes that harmless."""
        function = self.outputs().get("AdminFunction")
        send = self._through_aws(function) if function else self._through_watch()
        for tried in range(1, _TRIES + 1):
            try:
                return send(json.dumps(event).encode())
            except (BotoCoreError, OSError) as error:
                if tried == _TRIES:
                    raise Refused(f"the admin function does not answer: {error}") from None
                time.sleep(tried)

    def _through_aws(self, function):
        lambdas = self.client("lambda", read_timeout=_SECONDS, retries={"max_attempts": 0})

        def send(event):
            try:
                answer = lambdas.invoke(FunctionName=function, Payload=event)
            except ClientError as error:
                raise Refused(str(error)) from None
            content = json.loads(answer["Payload"].read())
            if answer.get("FunctionError"):
                raise OSError(content.get("errorMessage", content))
            return content

        return send

    def _through_watch(self):
        """`make run` notes beside its emulator where it serves the functions."""
        try:
            port = int((ROOT / ".saoma" / f"served-{self.local}").read_text())
        except (OSError, ValueError):
            raise Refused("the local stack serves no functions: start it with make run") from None
        address = f"http://127.0.0.1:{port}/2015-03-31/functions/admin/invocations"

        def send(event):
            with urllib.request.urlopen(urllib.request.Request(address, event), timeout=_SECONDS) as answer:
                return json.load(answer)

        return send


def call(stage, command, **fields):
    """The answer to a command. A refusal ends the program with its reason."""
    stack = Stack(stage)
    event = {"do": command, "by": stack.operator(), "write": secrets.token_urlsafe(16), **fields}
    answer = stack.invoke(event)
    if not answer.get("ok"):
        until = f" (until {moment(answer['until'])})" if "until" in answer else ""
        raise Refused(f"{answer.get('code')}: {answer.get('detail')}{until}")
    return answer


def moment(seconds):
    """A time for people and for comparing: 2026-11-26 07:40:05 UTC."""
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))


def show(record):
    """Prints a record, one field a line. What is not set is left out."""
    for name, value in record.items():
        if value not in (None, "", []):
            print(f"{name:20}{for_people(name, value)}")


def for_people(name, value):
    """A field's value: a list with commas, a switch as the tools take it, a time as a time."""
    if isinstance(value, list):
        return ", ".join(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return moment(value) if name.endswith("At") else value
