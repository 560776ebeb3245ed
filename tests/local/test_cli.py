"""Tests of the operators' tools: what a person reads who makes a slip, and when all went well."""

import json
import os
import sys
import unittest
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from unittest import mock

from processes import ROOT

CLI = ROOT / "functions" / "admin" / "cli"
sys.path.insert(0, str(CLI))

import account  # noqa: E402
import audit  # noqa: E402
import call  # noqa: E402
import client  # noqa: E402
import keys  # noqa: E402
import sms  # noqa: E402
import webhooks  # noqa: E402


def said_by(tool, *words, answer=None):
    """What a tool prints to a person, and its exit code, when the function answers like this."""
    out, errors = StringIO(), StringIO()
    with (
        mock.patch.object(sys, "argv", ["tool", *words]),
        mock.patch.object(call.Stack, "invoke", lambda stack, event: answer or {"ok": True}),
        mock.patch.object(call.Stack, "outputs", lambda stack: {}),
        redirect_stdout(out),
        redirect_stderr(errors),
    ):
        try:
            tool.main()
            code = 0
        except SystemExit as end:
            code = end.code
    return out.getvalue(), errors.getvalue().strip(), code


class SlipsTest(unittest.TestCase):
    """Each slip gets one line that says what is wrong, and an exit code of 1."""

    def test_a_slip_gets_one_line(self):
        for tool, words, line in (
            (account, [], account.NEEDED),
            (account, ["ID=1", "PHONE=2"], account.NEEDED),
            (account, ["CLIENT=shop"], account.NEEDED),
            (account, ["CLIENT=shop", "SUBJECT=ann", "ID=1"], account.NEEDED),
            (account, ["DO=remove", "ID=1"], "DO= is one of find, lock, unlock, end-sign-ins, export, delete"),
            (account, ["DO=lock", "ID=1", "YES=yes"], "DO=lock takes no YES="),
            (account, ["DO=delete", "ID=1", "YES=sure"], "YES= is yes or no"),
            (account, ["NAME=x"], "there is no NAME=; there are DO=, ID=, PHONE=, CLIENT=, SUBJECT=, YES= and STAGE="),
            (account, ["ID=1", "STAGE=test"], "STAGE= is one of dev, staging, prod; without it, the local stack"),
            (audit, ["SINCE=2w"], "SINCE= is a number of minutes, hours or days, such as 30m, 24h or 7d"),
            (client, [], "ID=... is needed: what the client calls itself"),
            (client, ["DO=list", "ID=x"], "DO=list takes no ID="),
            (client, ["DO=show", "ID=x", "NAME=y"], "DO=show takes no NAME="),
            (client, ["ID=x", "STRICT=on"], "STRICT= is yes or no"),
            (client, ["DO=rotate-secret", "ID=x", "KEEP=-1"], "KEEP= is a whole number: hours, and 0 ends the old secrets at once"),
            (keys, ["DO=rotate", "WAIT=soon"], "WAIT= is a whole number: seconds"),
            (keys, ["DO=rotate", "WAIT=²"], "WAIT= is a whole number: seconds"),
            (keys, ["DO=rotate", "WAIT=9", "STAGE=prod"],
             "WAIT= is for this machine only: on AWS, instances and relying parties need the whole time"),
            (keys, ["DO=drop"], "VERSION=... is needed: make keys shows them"),
            (sms, ["DO=stop"], "DO= is one of show, on, off, texts"),
            (webhooks, ["DO=send"], "DO= is list or replay"),
        ):  # fmt: skip
            self.assertEqual(said_by(tool, *words), ("", line, 1), words)

    def test_a_port_that_is_none_is_named(self):
        with mock.patch.dict(os.environ, EMULATOR_PORT="abc"):
            self.assertEqual(said_by(account, "ID=1"), ("", "EMULATOR_PORT= is a whole number: a port", 1))

    def test_a_refusal_says_until_when(self):
        answer = {"ok": False, "code": "too_soon", "detail": "Sign-ins rest on it.", "until": 1700000000}
        _, errors, code = said_by(keys, "DO=rotate", answer=answer)
        self.assertEqual((errors, code), ("too_soon: Sign-ins rest on it. (until 2023-11-14 22:13:20 UTC)", 1))

    def test_where_no_person_is_at_the_keyboard_nothing_is_dropped(self):
        key = {"version": "v1", "stage": "AWSCURRENT", "kid": "k", "madeAt": 0}
        answer = {"ok": True, "keys": [key], "reloadSeconds": 300, "keySetSeconds": 600}
        with mock.patch.object(sys, "stdin", StringIO()):
            _, errors, code = said_by(keys, "DO=drop", "VERSION=v1", answer=answer)
        self.assertEqual((errors, code), ("Nothing was changed. YES=yes does not ask.", 1))


    def test_an_account_is_deleted_only_after_a_yes(self):
        for words, typed, deletes in (([], "", False), ([], "no\n", False), ([], "yes\n", True), (["YES=yes"], "", True)):
            sent = []
            with (
                mock.patch.object(account, "call", lambda stage, what, sent=sent, **which: found_or_deleted(sent, what, which)),
                mock.patch.object(sys, "stdin", StringIO(typed)),
            ):
                out, errors, code = said_by(account, "DO=delete", "PHONE=138", *words)
            found, deletion = ("account.find", {"phone": "138"}), ("account.delete", {"id": "7"})
            # By its number, because the telephone number is free once the first call has begun.
            self.assertEqual(sent, [found, deletion, deletion] if deletes else [found])
            self.assertEqual((errors, code), ("", 0) if deletes else ("Nothing was changed. YES=yes does not ask.", 1))
            self.assertEqual("Deleted 7." in out, deletes)


def found_or_deleted(sent, what, which):
    """Answers as the function does when one call cannot remove all records."""
    sent.append((what, which))
    return {"account": {"id": "7"}} if what == "account.find" else {"more": len(sent) < 3}


class AnswersTest(unittest.TestCase):
    """What a person reads when all went well."""

    def test_fields_are_for_people(self):
        record = {"createdAt": 1700000000, "enabled": False, "apps": ["a", "b"], "webhook": None, "name": "扫码", "perDay": 0}
        out = StringIO()
        with redirect_stdout(out):
            call.show(record)
        self.assertEqual(
            out.getvalue().splitlines(),
            ["createdAt           2023-11-14 22:13:20 UTC", "enabled             no", "apps                a, b",
             "name                扫码", "perDay              0"],
        )  # fmt: skip

    def test_a_number_is_read_as_people_write_it(self):
        asked = []
        with mock.patch.object(account, "call", lambda stage, what, **which: asked.append(which) or {"account": {}}):
            for text in ("+86 138-0013 8000", "+8613800138000", "+86 (138) 0013.8000"):
                said_by(account, f"PHONE={text}")
        self.assertEqual(asked, [{"phone": "+8613800138000"}] * 3)

    def test_an_export_is_printed_as_json(self):
        export = {"account": {"memberId": "7"}, "history": [{"app": {"name": "扫码"}}]}
        for is_cut, warning in ((False, ""), (True, "A list was too long and is cut (isCut): the table Directory has the rest.")):
            answer = {"ok": True, "export": {**export, "isCut": is_cut}}
            out, errors, _ = said_by(account, "DO=export", "CLIENT=shop", "SUBJECT=ann", answer=answer)
            self.assertEqual((json.loads(out), errors), (answer["export"], warning))
            self.assertIn("扫码", out)

    def test_calls_are_counted_in_words(self):
        calls = [{"client": "shop", "queuedAt": 1700000000, "event": "e1"}]
        for given, line in (([], "0 calls"), (calls, "1 call"), (calls * 2, "2 calls")):
            out, _, _ = said_by(webhooks, answer={"ok": True, "calls": given, "more": False})
            self.assertEqual(out.splitlines()[-1], line)

    def test_ctrl_c_ends_a_tool_with_a_word(self):
        def stopped():
            raise KeyboardInterrupt

        errors = StringIO()
        with redirect_stderr(errors), self.assertRaises(SystemExit) as end:
            call.tool(stopped, "Stopped.")
        self.assertEqual((errors.getvalue(), end.exception.code), ("\nStopped.\n", 130))


if __name__ == "__main__":
    unittest.main()
