"""The command line: a thin layer over the library, one module for each command.

Needs the extra ``cli``. Importing this package loads click, a command's module loads the rest.
"""

from __future__ import annotations

import codecs
import io
import sys
from importlib import import_module
from typing import Final, NoReturn

import click

from pullsecrets.errors import MissingExtra

__all__ = ["cli"]

_COMMANDS: Final = ("resolve", "explain", "check", "uses", "diff", "present", "probe", "rule")

# A console of Windows has no check mark, nor has a build's log in ASCII.
_MARKS: Final = {"✓": "+", "✗": "x", "…": "..."}
_IN_PLAIN: Final = "pullsecrets.in-plain"


class _Commands(click.Group):
    """A group that imports a command's module when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the help page."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, or one that says which extra it lacks; None for no such name."""
        if cmd_name not in _COMMANDS:
            return None
        try:
            module = import_module(f"pullsecrets.cli.{cmd_name}")
        except (ImportError, click.UsageError) as error:
            if (getattr(error, "name", None) or "").startswith("pullsecrets"):
                raise  # a fault of ours, not a missing extra
            return _without_extra(cmd_name, error)
        command: click.Command = getattr(module, cmd_name)
        return command


def _without_extra(name: str, error: ImportError | click.UsageError) -> click.Command:
    """What stands in for a command whose packages are missing: help goes on, a call says which."""
    known = isinstance(error, (MissingExtra, click.UsageError))
    message = str(error if known else MissingExtra(f"the command {name}", "cli"))

    def refuse(arguments: tuple[str, ...]) -> NoReturn:
        raise click.UsageError(message)

    return click.Command(
        name,
        context_settings={"ignore_unknown_options": True},
        params=[click.Argument(["arguments"], nargs=-1, type=click.UNPROCESSED)],
        callback=refuse,
        add_help_option=False,
        short_help="Not there: a package that it needs is missing.",
    )


def _in_plain(error: UnicodeError) -> tuple[str | bytes, int]:
    """Print what the output's encoding lacks: our own marks in ASCII, all else as an escape."""
    if isinstance(error, UnicodeEncodeError) and error.object[error.start] in _MARKS:
        return _MARKS[error.object[error.start]], error.start + 1
    return codecs.backslashreplace_errors(error)


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="pullsecrets", message="%(prog)s %(version)s")
def cli() -> None:
    """Which registry credentials does the kubelet use for an image, and why?

    PATHs are manifests: files or folders of YAML or JSON, "-" for standard input.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        codecs.register_error(_IN_PLAIN, _in_plain)
        sys.stdout.reconfigure(errors=_IN_PLAIN)
