"""Which diagnoses are reported, and what was asked not to be reported in vain."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator

from attrs import frozen

from pullsecrets.cluster import Cluster
from pullsecrets.diagnoses.catalogue import CATALOGUE
from pullsecrets.diagnoses.collection import Diagnoses
from pullsecrets.diagnoses.model import Diagnosis, Where
from pullsecrets.diagnoses.unplaced import Ignorable
from pullsecrets.fields import FieldPath
from pullsecrets.makers.made import Maker
from pullsecrets.metadata import IGNORE_ANNOTATION, Place
from pullsecrets.objects import Pod, ServiceAccount
from pullsecrets.pull_secret import PullSecret
from pullsecrets.reading import Problem, ProblemCode
from pullsecrets.secrecy import EntryText, printable

__all__ = ["Ignore", "Selected", "annotated", "is_code", "select", "unknown", "unused"]


@frozen
class Ignore:
    """A code that somebody asks not to report.

    Attributes:
        code: The code, or the beginning of several.
        by: Who asks, for people.
        place: Where it is written; None if that is in no file.
        field: The field that it is written in, if it is one of an object.
        scope: What it is about: None for everything, else one of the scopes of a diagnosis.
    """

    code: str
    by: str = ""
    place: Place | None = None
    field: FieldPath = ()
    scope: Hashable = None

    def problem(self, code: ProblemCode, what: str, *, error: bool) -> Problem:
        """What there is to say about it."""
        message = printable(f"{self.by}{self.code} {what}")
        return Problem(code, message, self.place, self.field, error)


@frozen
class Selected:
    """The diagnoses that are reported.

    Attributes:
        diagnoses: The diagnoses.
        unused: What is ignored, although there is no such diagnosis.
    """

    diagnoses: Diagnoses
    unused: tuple[Ignore, ...]


def is_code(text: str) -> bool:
    """Whether a text is a code of the catalogue, or the beginning of one."""
    return any(code.startswith(text) for code in CATALOGUE)


def annotated(cluster: Cluster) -> Iterator[Ignore]:
    """What the annotations of a cluster's objects ask not to report."""
    # What makes several secrets is one object; what makes a copy has the original's annotations.
    makers = {id(each.maker): each.maker for each in cluster.made if each.origin is None}
    owners: tuple[Pod | ServiceAccount | PullSecret | Maker, ...] = (
        *cluster.pods,
        *cluster.service_accounts,
        *cluster.secrets,
        *makers.values(),
    )
    field = "metadata", "annotations", EntryText(IGNORE_ANNOTATION)
    for owner in owners:
        for code in owner.ignore:
            yield Ignore(code, f"{Where.of(owner, ()).object}: ", owner.place, field, id(owner))


def _nothing(_: Diagnosis) -> Iterable[Hashable]:
    return ()


def select(
    found: Iterable[Ignorable],
    ignores: Iterable[Ignore],
    *,
    codes: Iterable[str] = (),
    scopes: Callable[[Diagnosis], Iterable[Hashable]] = _nothing,
) -> Selected:
    """Leave out what is to be ignored.

    Args:
        found: The diagnoses, each with its objects.
        ignores: What is to be ignored.
        codes: The codes to report, or their beginnings; none means all of them.
        scopes: Gives the scopes of a diagnosis besides its objects: its file, its line.
    """
    ignores, wanted = tuple(ignores), tuple(codes) or ("",)
    by_scope: dict[Hashable, list[Ignore]] = defaultdict(list)
    for each in ignores:
        by_scope[each.scope].append(each)
    heard: set[Ignore] = set()
    kept = []
    for diagnosis, owners in found:
        asked = [
            each
            for scope in (None, *map(id, owners), *scopes(diagnosis))
            for each in by_scope.get(scope, ())
            if diagnosis.code.startswith(each.code)
        ]
        heard.update(asked)
        if not asked and diagnosis.code.startswith(wanted):
            kept.append(diagnosis)
    return Selected(Diagnoses(kept), tuple(each for each in ignores if each not in heard))


def unknown(ignores: Iterable[Ignore]) -> Iterator[Problem]:
    """The errors of those whose code there is not."""
    for each in ignores:
        if not is_code(each.code):
            yield each.problem(ProblemCode.INVALID_IGNORE, "is no code of a diagnosis", error=True)


def unused(ignores: Iterable[Ignore]) -> Iterator[Problem]:
    """The notes of those that hit nothing."""
    for each in ignores:
        if is_code(each.code):
            what = "is ignored, and there is no such diagnosis"
            yield each.problem(ProblemCode.UNUSED_IGNORE, what, error=False)
