"""What `check` and `explain` share: how causes are printed, and how far they are."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

import click
from attrs import frozen
from rich.console import Console
from rich.style import Style
from rich.text import Text

from pullsecrets.cli._lines import Lines
from pullsecrets.diagnoses import Diagnoses, Kind, Severity, find
from pullsecrets.diagnoses.groups import DiagnosisGroup, group_diagnoses
from pullsecrets.diagnoses.model import help_uri
from pullsecrets.diagnoses.unplaced import Ignorable
from pullsecrets.groups import count
from pullsecrets.loading import Environment
from pullsecrets.objects import Pod
from pullsecrets.pod_resolution import PodResolution

__all__ = ["all_option", "find_all", "linked", "print_causes", "style_of"]

_SCREEN: Final = 40  # lines
_MANY: Final = 2_000  # pods: so many take about a second
_HANG: Final = 6  # blanks before what does not fit into a line
_STYLES: Final = {
    Severity.ERROR: "bold red",
    Severity.WARNING: "bold yellow",
    Severity.NOTE: "bold cyan",
}


@frozen
class _Limits:
    """How many causes of one kind and severity are printed, and how many places of one cause."""

    causes: int | None = None
    places: int | None = None


# The first of them with which all fits on a screen.
_LEVELS: Final = (_Limits(None, 3), _Limits(5, 3), _Limits(3, 2), _Limits(2, 1), _Limits(1, 1))

_HINT: Final = Text("… --all shows every cause and every place", style="dim")

all_option = click.option(
    "--all", "everything", is_flag=True, help="Show every cause and every place, however many."
)


def style_of(severity: Severity) -> str:
    """How a severity is shown."""
    return _STYLES[severity]


def linked(kind: Kind) -> Text:
    """A code, which is a link to its page where the terminal can show one."""
    return Text(kind.code, style=Style(bold=True, link=help_uri(kind)))


def print_causes(
    console: Console,
    found: Diagnoses,
    pods: Iterable[Pod],
    lines: Lines,
    *,
    everything: bool,
    above: int,
) -> None:
    """Print each cause once: what is wrong, where, what to do. Only a terminal's lines are folded.

    Args:
        console: Where to print.
        found: The diagnoses.
        pods: The pods, which tell what belongs to which workload.
        lines: Finds the lines of places.
        everything: Every cause and every place; otherwise no more than a screen has lines for.
        above: How many lines of that screen are above.
    """
    kinds = _by_kind(group_diagnoses(found, pods))
    if everything:
        texts = [text for those in kinds for text in _of_kind(those, _Limits(), lines)]
    else:
        texts = _fitting(kinds, lines, console, _SCREEN - above)
    for text in texts:
        for line in _folded(text, console):
            console.print(line, soft_wrap=True)


_Kinds = Sequence[Sequence[DiagnosisGroup]]


def _by_kind(groups: Iterable[DiagnosisGroup]) -> _Kinds:
    """The causes of one kind and severity next to each other; the worst cause stays the first."""
    kinds: dict[object, list[DiagnosisGroup]] = {}
    for group in groups:
        kinds.setdefault((group.severity, group.kind.code), []).append(group)
    return list(kinds.values())


def _fitting(kinds: _Kinds, lines: Lines, console: Console, room: int) -> list[Text]:
    """As much as fits into the room, and what is left out."""
    causes = sum(map(len, kinds))
    blocks: list[list[Text]] = []
    for limits in _LEVELS:
        if limits.causes is None and causes > room:
            continue  # known without looking at them
        blocks = [list(_of_kind(those, limits, lines)) for those in kinds]
        is_cut = any(
            _is_less(limits.causes, those)
            or any(_is_less(limits.places, group.sites) for group in those)
            for those in kinds
        )
        hint = [_HINT] if is_cut else []
        rows = [_rows([*block], console) for block in (*blocks, hint)]
        if sum(rows) <= room:
            break
    else:
        # Even one cause of each kind is too much.
        while blocks and sum(_rows(block, console) for block in blocks) > room - 2:
            blocks.pop()
        left = kinds[len(blocks) :]
        codes = ", ".join(those[0].kind.code for those in left)
        hint = [Text(f"… and {count(sum(map(len, left)), 'more cause')}: {codes}"), _HINT]
    return [text for block in (*blocks, hint) for text in block]


def _is_less(limit: int | None, of: Sequence[object]) -> bool:
    return limit is not None and limit < len(of)


def _rows(block: Iterable[Text], console: Console) -> int:
    """How many rows of a screen some lines take."""
    return sum(len(_folded(text, console)) for text in block)


def _folded(text: Text, console: Console) -> Sequence[Text]:
    """The lines that a terminal shows, all but the first with an indent; a pipe has no width."""
    if not console.is_terminal or text.cell_len <= console.width:
        return (text,)
    lines = text.wrap(console, max(console.width - _HANG, 1))
    for line in lines:
        line.rstrip()
    return [line if at == 0 else Text(" " * _HANG).append(line) for at, line in enumerate(lines)]


def _of_kind(those: Sequence[DiagnosisGroup], limits: _Limits, lines: Lines) -> Iterator[Text]:
    shown = those[: limits.causes]
    for group in shown:
        yield from _of_cause(group, limits.places, lines)
    left = those[len(shown) :]
    if left:
        number = count(sum(len(group.diagnoses) for group in left), "diagnosis", "diagnoses")
        causes = count(len(left), "more cause")
        yield Text(f"  … and {causes} of {left[0].kind.code}, {number}", style="dim")


def _of_cause(group: DiagnosisGroup, places: int | None, lines: Lines) -> Iterator[Text]:
    shown = group.sites[:places]
    yield Text.assemble(
        (group.severity, style_of(group.severity)),
        " ",
        linked(group.kind),
        f" {group.message}",
    )
    for site in shown:
        yield Text(f"  at  {site.address(lines)}", style="dim")
    left = len(group.sites) - len(shown)
    if left:
        number = count(len(group.diagnoses), "diagnosis", "diagnoses")
        yield Text(f"  at  … and {count(left, 'more place')}, {number} in all", style="dim")
    yield Text(f"  do  {group.advice}")


def find_all(
    environments: Sequence[Environment],
    known: Sequence[Sequence[PodResolution]],
    *,
    at: datetime,
    within: timedelta = timedelta(),
) -> list[Ignorable]:
    """All diagnoses of all environments, with a progress bar where that takes long and is seen.

    Args:
        environments: What was read.
        known: The answers for all pods of each.
        at: The time that credentials are looked at for.
        within: How long before its end a token is reported.
    """
    return [
        found
        for each, answers in zip(environments, known, strict=True)
        for found in find(each.cluster, _tracked(answers), at=at, within=within)
    ]


def _tracked(answers: Sequence[PodResolution]) -> Iterable[PodResolution]:
    if len(answers) < _MANY or not sys.stderr.isatty():
        return answers
    from rich.progress import track

    return track(answers, "checking", console=Console(stderr=True), transient=True)
