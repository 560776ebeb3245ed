"""Tests of what the stage does by itself."""

import unittest

import stage


class PuzzleTest(unittest.TestCase):
    """Puzzles, as docs/accounts.md describes them."""

    def test_the_example_of_the_docs_is_solved_as_there(self):
        self.assertEqual(stage.solved("example", parts=3, bits=8, expiresIn=600), "example:272,107,156")


if __name__ == "__main__":
    unittest.main()
