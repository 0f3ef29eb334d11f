"""What all commands give: tables for a terminal or a pipe, JSON, the exit status."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from typing import Any, Final

import click
from rich.console import Console

from pullsecrets.cluster import Cluster
from pullsecrets.groups import PodGroup, summarize

__all__ = [
    "FAILED",
    "OK",
    "UNUSABLE",
    "console",
    "echo_json",
    "exit_status",
    "print_summary",
]

OK: Final = 0
FAILED: Final = 1
UNUSABLE: Final = 2

_ENDLESS: Final = 1_000_000
_SUMMARY_SOURCES: Final = 3


def echo_json(cluster: Cluster, **members: Any) -> None:
    """Print a JSON document: its version, the members, and what was wrong with the input.

    Args:
        cluster: The cluster.
        members: The members. What an iterator gives is an array, and each of its items is printed
            before the next one is made: those of a whole cluster are megabytes.
    """
    problems = [problem.to_dict() for problem in cluster.problems]
    comma = "{"
    for name, value in {"version": 1, **members, "problems": problems}.items():
        click.echo(f"{comma}\n  {json.dumps(name)}: ", nl=False)
        if isinstance(value, Iterator):
            _echo_array(value)
        else:
            click.echo(_json_inside(value, 1), nl=False)
        comma = ","
    click.echo("\n}")


def _echo_array(items: Iterator[Any]) -> None:
    comma, end = "[", "["
    for item in items:
        click.echo(f"{comma}\n    {_json_inside(item, 2)}", nl=False)
        comma, end = ",", "\n  "
    click.echo(f"{end}]", nl=False)


def _json_inside(value: Any, depth: int) -> str:
    """A value as JSON, of which the first line is written so deep already."""
    return json.dumps(value, indent=2).replace("\n", "\n" + "  " * depth)


def console() -> Console:
    """Standard output for tables: as wide as the terminal, and without an end behind a pipe."""
    # There lines are searched and compared, not looked at: none is folded.
    width = None if sys.stdout.isatty() else _ENDLESS
    return Console(width=width, highlight=False, markup=False, emoji=False)


def print_summary(out: Console, groups: Iterable[PodGroup]) -> int:
    """Print the answers in numbers, and give the number of lines."""
    with out.capture() as captured:
        out.print(summarize(groups).table(_SUMMARY_SOURCES).rich())
    text = captured.get()
    out.print(text, end="", soft_wrap=True)
    return text.count("\n")


def exit_status(cluster: Cluster, *, failed: bool) -> int:
    """2 if some input could not be read, else 1 if the command's answer is bad, else 0."""
    if any(problem.error for problem in cluster.problems):
        return UNUSABLE
    return FAILED if failed else OK
