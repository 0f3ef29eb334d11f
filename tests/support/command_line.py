"""Running the command line in this process."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from dataclasses import dataclass
from types import SimpleNamespace
from unittest import mock

from pullsecrets.cli import cli


@dataclass
class Finished:
    status: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


def run(*arguments, stdin=b""):
    """`pullsecrets ARGUMENTS…`; whatever is raised but the exit itself is raised here."""
    out, err = io.StringIO(), io.StringIO()
    status = 0
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        mock.patch.object(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(stdin))),
    ):
        try:
            cli([str(argument) for argument in arguments], prog_name="pullsecrets")
        except SystemExit as end:
            status = end.code or 0
    return Finished(status, out.getvalue(), err.getvalue())
