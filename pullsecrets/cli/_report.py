"""What `check` and `explain` share: how a diagnosis is printed, and how far they are."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Final

from rich.console import Console
from rich.progress import track
from rich.style import Style
from rich.text import Text

from pullsecrets.cli._lines import Lines
from pullsecrets.cluster import Cluster
from pullsecrets.diagnoses import Diagnosis, Kind, Severity, Where
from pullsecrets.diagnoses.formats import help_uri
from pullsecrets.objects import Pod

__all__ = ["linked", "print_diagnosis", "style_of", "tracker"]

_STYLES: Final = {
    Severity.ERROR: "bold red",
    Severity.WARNING: "bold yellow",
    Severity.NOTE: "bold cyan",
}


def style_of(severity: Severity) -> str:
    """How a severity is shown."""
    return _STYLES[severity]


def linked(kind: Kind) -> Text:
    """A code, which is a link to its page where the terminal can show one."""
    return Text(kind.code, style=Style(bold=True, link=help_uri(kind)))


def print_diagnosis(console: Console, diagnosis: Diagnosis, lines: Lines) -> None:
    """Print a diagnosis: what is wrong, where, what to do. Its lines are never folded."""
    head = Text.assemble(
        (diagnosis.severity, style_of(diagnosis.severity)),
        " ",
        linked(diagnosis.kind),
        f" {diagnosis.message}",
    )
    place = Text(f"  at  {_place(diagnosis.where, lines)}", style="dim")
    for line in (head, place, Text(f"  do  {diagnosis.advice}")):
        console.print(line, soft_wrap=True)


def _place(where: Where, lines: Lines) -> str:
    """A place in one line, the file first, as editors and terminals make links of it."""
    if where.document is None:
        return str(where) if where.file is None else f"{where.file}  {where}"
    if where.file is None or where.file == "-":
        return f"{where} (document {where.document})"
    line = lines(where)
    return f"{where.file}{f':{line}' if line else ''}  {where}"


def tracker(cluster: Cluster) -> Callable[[Iterable[Pod]], Iterable[Pod]]:
    """A progress bar if somebody looks at it."""
    if not sys.stderr.isatty():
        return iter

    def tracked(pods: Iterable[Pod]) -> Iterable[Pod]:
        console = Console(stderr=True)
        return track(pods, "checking", total=len(cluster.pods), console=console, transient=True)

    return tracked
