"""Tests of `make sam-local` without Docker: how it refuses, and what it writes down for the containers."""

import json
import os
import tempfile
import tomllib
import unittest
from pathlib import Path
from unittest import mock

from docker.errors import DockerException

import sam_local
import template as sam
from processes import ROOT, Failure

URL = "http://localhost:3000"


class Outputs(dict):
    """A stack whose every output is its own name."""

    def __missing__(self, name):
        return name


class SamLocalTest(unittest.TestCase):
    def setUp(self):
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.file = folder / "sam-local.json"
        self.enterContext(mock.patch.object(sam_local, "VARIABLES", self.file))
        self.enterContext(mock.patch.dict(os.environ, PUBLIC_URL=""))

    def written(self):
        """The variables that the containers get."""
        with sam_local.written_down(sam.load(), Outputs(), URL):
            return json.loads(self.file.read_text())["Parameters"]

    def test_without_docker_it_refuses_in_one_line(self):
        with (
            mock.patch.object(sam_local.docker, "from_env", side_effect=DockerException("no socket")),
            self.assertRaises(Failure) as refused,
        ):
            sam_local.require_docker()
        line = "make sam-local needs Docker, and none runs here; make run needs none."
        self.assertEqual(str(refused.exception), line)

    def test_the_containers_get_every_variable_and_no_socket(self):
        variables = self.written()
        self.assertEqual(set(variables), {*sam.variables(sam.load()), "PUBLIC_URL", "SOCKET_URL"})
        self.assertEqual((variables["PUBLIC_URL"], variables["SOCKET_URL"]), (URL, ""))
        self.assertEqual(variables["SESSIONS_TABLE"], "VariableSessionsTable")
        self.assertFalse(self.file.exists(), "the file of variables is left behind")

    def test_the_address_can_be_another(self):
        with mock.patch.dict(os.environ, PUBLIC_URL="https://login.example.com"):
            self.assertEqual(self.written()["PUBLIC_URL"], "https://login.example.com")


class ConfigTest(unittest.TestCase):
    def test_sam_reads_the_file_that_is_written(self):
        config = tomllib.loads((ROOT / "samconfig.toml").read_text())["default"]
        self.assertEqual(set(config), {"local_start_api", "local_start_lambda", "local_invoke"})
        for name, command in config.items():
            self.assertEqual(ROOT / command["parameters"]["env_vars"], sam_local.VARIABLES, name)


if __name__ == "__main__":
    unittest.main()
