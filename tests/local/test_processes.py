"""Tests of how programs are run beside ours."""

import contextlib
import io
import os
import tempfile
import unittest
from pathlib import Path

from processes import Failure, beside


class Beside(unittest.TestCase):
    def said_beside(self, script):
        """What is printed when this shell script runs beside ours, and whether ours goes on afterwards."""
        printed = io.StringIO()
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(printed):
            try:
                with beside(["sh", "-c", script], env=os.environ, log=Path(folder) / "log"):
                    print("ours")
            except Failure:
                return printed.getvalue().split(), False
        return printed.getvalue().split(), True

    def test_it_is_awaited_and_its_words_follow_ours(self):
        self.assertEqual(self.said_beside("echo first; sleep 0.3; echo last"), (["ours", "first", "last"], True))

    def test_its_failure_stops_ours_and_its_words_are_kept(self):
        self.assertEqual(self.said_beside("echo wrong; exit 3"), (["ours", "wrong"], False))
