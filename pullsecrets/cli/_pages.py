"""Reports of `resolve`, `check` and `explain` for a browser and as Markdown: one document each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from pullsecrets.diagnoses import Where
from pullsecrets.diagnoses.groups import DiagnosisGroup, causes_table, counted
from pullsecrets.groups import PodGroup, answers_table, summarize
from pullsecrets.pages import page, section, stacked_bar
from pullsecrets.tables import Table

__all__ = ["html_report", "markdown_report"]

_SOURCES: Final = 10
_PLACES: Final = 5

_Line = Callable[[Where], int | None]


def _nowhere(where: Where) -> None:
    """No place has a line that is known."""


def html_report(
    title: str,
    groups: Sequence[PodGroup],
    causes: Sequence[DiagnosisGroup] | None = None,
    tables: Sequence[Table] = (),
    *,
    line: _Line = _nowhere,
    at: datetime | None = None,
) -> str:
    """The numbers with a chart, each cause once, then the workloads.

    Args:
        title: What it is about.
        groups: The answers.
        causes: What is wrong, None if that was not asked.
        tables: What there is to say about the workloads; if nothing is given, their answers.
        line: Gives the line of a place in its file, None if it is not known.
        at: The time that credentials are looked at for.
    """
    summary = summarize(groups)
    wrong = [] if causes is None else [_causes(causes, line).html(None)]
    numbers = counted(each for cause in causes or () for each in cause.diagnoses)
    shown = [table.html(None) for table in tables or (answers_table(groups, at),)]
    return page(
        title,
        stacked_bar(summary.parts()),
        summary.table(_SOURCES).html(None),
        section(f"What is wrong: {numbers}" if numbers else "What is wrong", *wrong),
        section("Workloads, the worst first", *shown),
    )


def markdown_report(
    groups: Sequence[PodGroup],
    causes: Sequence[DiagnosisGroup] | None = None,
    *,
    line: _Line = _nowhere,
    at: datetime | None = None,
) -> str:
    """The numbers, and each cause once; without causes the workloads.

    Args:
        groups: The answers.
        causes: What is wrong, None if that was not asked.
        line: Gives the line of a place in its file, None if it is not known.
        at: The time that credentials are looked at for.
    """
    tables = [summarize(groups).table(_SOURCES)]
    tables.append(answers_table(groups, at) if causes is None else _causes(causes, line))
    return "\n\n".join(table.markdown() for table in tables)


def _causes(causes: Sequence[DiagnosisGroup], line: _Line) -> Table:
    if not causes:
        return Table((), title="Nothing wrong to be seen")
    return causes_table(causes, _PLACES, line)
