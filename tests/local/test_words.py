"""Tests of the words that `make` hands to the operators' tools: each word that a person typed, and no other."""

import os
import shlex
import subprocess
import unittest

from processes import ROOT, VENV

NAMES = ("It's $HOME", '$(HOME) "quoted"', "100% `id` \\ {}", "扫码", "a=b;c|d&e>f", "", "#")


def make(*words, **environment):
    """What `make client` with these words would run, or says."""
    command = ["make", "--silent", "--dry-run", "client", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, **environment})


def handed_over(*words, **environment):
    """The words that the tool gets."""
    recipe = make(*words, **environment)
    return shlex.split(recipe.stdout.splitlines()[-1])[2:]


class WordsTest(unittest.TestCase):
    def test_every_word_is_handed_over_as_it_was_typed(self):
        for name in NAMES:
            self.assertEqual(handed_over(f"NAME={name}", "ID=shop"), ["ID=shop", f"NAME={name}"])

    def test_a_word_that_is_misspelt_is_handed_over_too(self):
        self.assertEqual(handed_over("ID=shop", "ORIGN=https://shop.example"), ["ID=shop", "ORIGN=https://shop.example"])

    def test_variables_of_the_environment_and_of_the_local_stack_are_no_words(self):
        self.assertEqual(handed_over("ID=shop", "PORT=9", "EMULATOR_PORT=8", NAME="of the shell"), ["ID=shop"])

    def test_a_line_break_is_named(self):
        refused = make("ID=shop", "NAME=two\nlines")
        self.assertEqual(refused.returncode, 2)
        self.assertIn("NAME= has a line break", refused.stderr)

    def test_a_tool_refuses_a_word_that_it_does_not_know_and_names_the_nearest(self):
        for word, hint in (
            ("ORIGN=x", "there is no ORIGN=; did you mean ORIGIN=?"),
            ("origin=x", "there is no origin=; did you mean ORIGIN=?"),
            ("colour=x", "there is no colour=; there are DO=, ID=, "),
        ):
            tool = [VENV / "python", ROOT / "functions" / "admin" / "cli" / "client.py", "ID=shop", word]
            refused = subprocess.run(tool, capture_output=True, text=True)
            self.assertEqual((refused.stdout, refused.returncode), ("", 1))
            self.assertTrue(refused.stderr.startswith(hint), refused.stderr)


if __name__ == "__main__":
    unittest.main()
