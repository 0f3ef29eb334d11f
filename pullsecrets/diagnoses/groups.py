"""The same cause in many places is one group of diagnoses, with the places that people look at.

A pure function over diagnoses. Text, HTML and Markdown are made from its values; JSON and SARIF
have each diagnosis.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from attrs import astuple, frozen

from pullsecrets.diagnoses.model import Diagnosis, Kind, Severity, Where, help_uri
from pullsecrets.groups import Named, Workload, count, workloads_of
from pullsecrets.objects import Pod
from pullsecrets.tables import Cell, Column, Row, Table, Tone
from pullsecrets.workloads import POD_TEMPLATES

__all__ = ["DiagnosisGroup", "Site", "causes_table", "counted", "group_diagnoses"]


@frozen
class Site:
    """A field of a workload: one place for people, whatever number of pods have it.

    Attributes:
        title: The workload, how many pods of it are meant, and the field. Safe to show.
        where: The place to look at: the workload's own, if it is one of them, or the first pod's.
        diagnoses: The diagnoses there, at least one.
    """

    title: str
    where: Where
    diagnoses: tuple[Diagnosis, ...]

    def address(self, line: Callable[[Where], int | None]) -> str:
        """The place in one line, the file first, as editors and terminals make links of it.

        Args:
            line: Gives the line of a place in its file, None if it is not known.
        """
        where = self.where
        if where.document is None:
            return self.title if where.file is None else f"{where.file}  {self.title}"
        if where.file is None or where.file == "-":
            return f"{self.title} (document {where.document})"
        number = line(where)
        return f"{where.file}{f':{number}' if number else ''}  {self.title}"


@frozen
class DiagnosisGroup:
    """One cause, and every place where it shows.

    Attributes:
        sites: The places, in the order of the diagnoses; at least one.
    """

    sites: tuple[Site, ...]

    @property
    def diagnoses(self) -> tuple[Diagnosis, ...]:
        """The diagnoses, place after place."""
        return tuple(each for site in self.sites for each in site.diagnoses)

    @property
    def first(self) -> Diagnosis:
        """The first diagnosis: the others have its kind, its severity and its advice."""
        return self.sites[0].diagnoses[0]

    @property
    def kind(self) -> Kind:
        """The catalogue's entry."""
        return self.first.kind

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return self.first.severity

    @property
    def advice(self) -> str:
        """What to do. Safe to show."""
        return self.first.advice

    @property
    def message(self) -> str:
        """What is wrong, in one sentence; of several images only how many. Safe to show."""
        images = len({each.message for each in self.diagnoses})
        if images == 1:
            return self.first.message
        return f"each of {count(images, 'image')} {self.first.cause}"


def group_diagnoses(
    diagnoses: Iterable[Diagnosis], pods: Iterable[Pod] = ()
) -> tuple[DiagnosisGroup, ...]:
    """Diagnoses of one cause as one.

    They have one cause if they have one code and severity, and say and advise the same; what they
    say may be about different images. In which namespace that is does not count.

    Args:
        diagnoses: The diagnoses, in their order.
        pods: The pods and workloads, which tell what belongs to which.

    Returns:
        Groups that hold each diagnosis once: the worst first, and of these the most frequent.
    """
    workloads = workloads_of(pods)
    found: dict[object, dict[object, list[Diagnosis]]] = {}
    for each in diagnoses:
        said = each.cause or each.message
        cause = each.severity, each.code, said, each.advice, each.replacement
        sites = found.setdefault(cause, {})
        sites.setdefault(_site(each.where, workloads), []).append(each)
    groups = (
        DiagnosisGroup(tuple(_as_site(each, workloads) for each in sites.values()))
        for sites in found.values()
    )
    return tuple(sorted(groups, key=lambda group: (group.severity.rank, -len(group.diagnoses))))


def counted(found: Iterable[Diagnosis]) -> str:
    """How many diagnoses of each severity there are: ``1 error, 2 notes``; empty if none."""
    numbers = Counter(each.severity for each in found)
    return ", ".join(count(numbers[each], each) for each in Severity if each in numbers)


def causes_table(
    groups: Iterable[DiagnosisGroup],
    places: int | None = None,
    line: Callable[[Where], int | None] = lambda _: None,
) -> Table:
    """One row for each cause: what is wrong, what to do, and where.

    Args:
        groups: The causes.
        places: How many places of one cause are shown at most, None for all of them.
        line: Gives the line of a place in its file, None if it is not known.
    """
    columns = (
        Column("severity", ""),
        Column("code", "code", code=True),
        Column("count", "", number=True),
        Column("message", "what is wrong, what to do"),
        Column("places", "where"),
    )
    return Table(columns, tuple(_row(group, places, line) for group in groups), unit="causes")


def _row(group: DiagnosisGroup, places: int | None, line: Callable[[Where], int | None]) -> Row:
    number = len(group.diagnoses)
    shown = tuple(site.address(line) for site in group.sites[:places])
    left = len(group.sites) - len(shown)
    more = (f"… and {count(left, 'more place')}",) if left else ()
    return (
        Cell(group.severity.value, tone=Tone(group.severity)),
        Cell(group.kind.code, link=help_uri(group.kind)),
        Cell(number, f"{number:,} ×"),
        Cell(group.message, below=group.advice),
        Cell(len(group.sites), (*shown, *more)),
    )


def _named(where: Where) -> Named:
    return where.kind, where.namespace, where.name, where.environment or ""


def _site(where: Where, workloads: Mapping[Named, Workload]) -> object:
    """What the places of a site have in common."""
    workload = workloads.get(_named(where))
    if workload is None:
        return where
    return workload, where.field[len(POD_TEMPLATES.get(where.kind, ())) :]


def _as_site(diagnoses: list[Diagnosis], workloads: Mapping[Named, Workload]) -> Site:
    places = {_named(each.where): each.where for each in reversed(diagnoses)}
    first = diagnoses[0].where
    workload = workloads.get(_named(first))
    if workload is None:
        return Site(str(first), first, tuple(diagnoses))
    where = places.get(astuple(workload), first)
    return Site(f"{workload.title(places)}, {where.inside}", where, tuple(diagnoses))
