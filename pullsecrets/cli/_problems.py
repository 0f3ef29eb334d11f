"""What the commands say on standard error about their input."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

import click

from pullsecrets.metadata import Place
from pullsecrets.reading import Problem, ProblemCode

__all__ = ["echo_problems"]

_UNRENDERED: Final = {ProblemCode.CHART: "chart", ProblemCode.KUSTOMIZATION: "kustomization"}
_PASSED_OVER: Final = frozenset(
    {
        ProblemCode.NO_MANIFEST,
        ProblemCode.NO_TEMPLATE,
        ProblemCode.PATCH,
        ProblemCode.TEMPLATE,
        *_UNRENDERED,
    }
)
_BROKEN: Final = frozenset(
    {
        ProblemCode.NOT_JSON,
        ProblemCode.NOT_UTF8,
        ProblemCode.NOT_YAML,
        ProblemCode.NO_OBJECT,
        ProblemCode.TEMPLATE,
    }
)


def echo_problems(
    problems: Iterable[Problem], *, verbose: bool = False, rendered: bool = False
) -> None:
    """Say what is wrong with the input: one line for a file that is broken, however often it is.

    What is passed over is counted in one line, the last one.

    Args:
        problems: What is wrong.
        verbose: Whether each file that is passed over has a line, too.
        rendered: Whether what can be rendered was to be.
    """
    found = list(problems)
    counted = [each for each in found if each.code in _PASSED_OVER and not each.error]
    broken = Counter(_file(each) for each in found if each.code in _BROKEN and each.error)
    for problem in found:
        more = ""
        if problem.code in _BROKEN and problem.error:
            # The first one has the line of the file; it takes the others from the count.
            others = broken.pop(_file(problem), 0) - 1
            if others < 0:
                continue
            more = f" (and {_count(others, 'document')} more)" if others else ""
        elif problem.code in _PASSED_OVER and not verbose:
            continue
        click.echo(f"{'error' if problem.error else 'note'}: {problem}{more}", err=True)
    if counted:
        click.echo(f"passed over: {', '.join(_summary(counted, rendered))}", err=True)


def _file(problem: Problem) -> str | None:
    return (problem.place or Place()).shown


def _summary(problems: Iterable[Problem], rendered: bool) -> Iterator[str]:
    counts = Counter(each.code for each in problems)
    others, patches = counts[ProblemCode.NO_MANIFEST], counts[ProblemCode.PATCH]
    elsewhere, templates = counts[ProblemCode.NO_TEMPLATE], counts[ProblemCode.TEMPLATE]
    if others:
        are = "is no manifest" if others == 1 else "are no manifests"
        yield f"{_count(others, 'file')} that {are}"
    if templates:
        yield _count(templates, "template")
    if patches:
        yield f"{patches:,} patch{'' if patches == 1 else 'es'}"
    if elsewhere:
        yield f"{_count(elsewhere, 'workload')} whose template is elsewhere"
    unrendered = {what: counts[code] for code, what in _UNRENDERED.items() if counts[code]}
    if unrendered:
        are = "is" if sum(unrendered.values()) == 1 else "are"
        hint = "" if rendered else " (--render)"
        named = " and ".join(_count(number, what) for what, number in unrendered.items())
        yield f"{named} that {are} not rendered{hint}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
