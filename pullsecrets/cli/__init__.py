"""The command line: a thin layer over the library, one module for each command.

Needs the extra ``cli``. Importing this package loads click, a command's module loads the rest.
"""

from __future__ import annotations

from importlib import import_module
from typing import Final

import click

__all__ = ["cli"]

_COMMANDS: Final = ("resolve", "explain", "check", "probe")


class _Commands(click.Group):
    """A group that imports a command's module when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"pullsecrets.cli.{cmd_name}")
        command: click.Command = getattr(module, cmd_name)
        return command


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="pullsecrets", message="%(prog)s %(version)s")
def cli() -> None:
    """Which registry credentials does the kubelet use for an image, and why?

    PATHs are manifests: files or folders of YAML or JSON, "-" for standard input.
    """
