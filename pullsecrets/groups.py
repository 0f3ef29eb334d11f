"""What belongs together: the pods of one workload with one answer, and all answers in numbers.

Pure functions over the answers of a cluster. Text, HTML and Markdown are made from their values.

>>> from pullsecrets import Cluster
>>> owner = {"kind": "ReplicaSet", "name": "api-7c9d", "controller": True}
>>> cluster = Cluster.from_manifests(
...     {
...         "kind": "Pod",
...         "metadata": {"name": f"api-7c9d-{n}", "namespace": "shop", "ownerReferences": [owner]},
...         "spec": {"containers": [{"name": "api", "image": "quay.io/acme/api"}]},
...     }
...     for n in range(12)
... )
>>> [group.title for group in group_pods(cluster.resolve_all())]
['ReplicaSet shop/api-7c9d (12 pods)']
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import chain
from typing import Final

from attrs import evolve, frozen

from pullsecrets.notes import Note
from pullsecrets.objects import Pod
from pullsecrets.pod_resolution import ImageResolution, PodResolution
from pullsecrets.resolution import Access, Resolution, Source, SourceKind
from pullsecrets.secrecy import printable
from pullsecrets.tables import Cell, Column, Row, Table, Tabular, Tone

__all__ = [
    "Named",
    "PodGroup",
    "Summary",
    "Workload",
    "answers_table",
    "count",
    "group_pods",
    "named",
    "summarize",
    "workloads_of",
]


Named = tuple[str, str, str, str]
"""Kind, namespace and name of an object, and its environment, empty where there is but one. All of
it is safe to show."""


@frozen
class Workload:
    """What a pod belongs to: its outermost owner, or itself. All of it is safe to show.

    Attributes:
        kind: Its kind.
        namespace: Its namespace.
        name: Its name.
        environment: Its environment, empty where there is but one.
    """

    kind: str
    namespace: str
    name: str
    environment: str = ""

    def title(self, members: Iterable[Named]) -> str:
        """What of it is meant: ``ReplicaSet shop/api-7c9d (12 pods)``.

        Args:
            members: The pods and workloads of it that are meant; one alone is called by its own
                name.
        """
        those = list(members)
        if len(those) == 1:
            return _title(those[0])
        return f"{_title(self._named)} ({self.members(those)})"

    def members(self, members: Iterable[Named]) -> str:
        """How many of what, it itself left out: ``12 pods, 1 ReplicaSet``; empty for one alone.

        Args:
            members: The pods and workloads of it that are meant.
        """
        those = list(members)
        if len(those) == 1:
            return ""
        # Pods that are yet to be named, by a `generateName`, may share it.
        others = [each for each in those if each != self._named] or those
        kinds = Counter(each[0] for each in others)
        return ", ".join(
            count(number, "pod" if kind == "Pod" else kind)
            for kind, number in sorted(kinds.items())
        )

    @property
    def _named(self) -> Named:
        return self.kind, self.namespace, self.name, self.environment


def _title(named: Named) -> str:
    kind, namespace, name, environment = named
    title = f"{kind} {namespace}/{name}"
    return f"{environment}: {title}" if environment else title


def count(number: int, one: str, more: str = "") -> str:
    """A number of things, in words: ``1 pod``, ``2,000 pods``.

    Args:
        number: How many there are.
        one: What one is called.
        more: What several are called, if that is not `one` with an s.
    """
    return f"{number:,} {one if number == 1 else more or f'{one}s'}"


def workloads_of(pods: Iterable[Pod]) -> Mapping[Named, Workload]:
    """The workload that each pod belongs to: the last owner that the pods lead to.

    An owner's own owner is known only if the owner is among the pods: of a pod whose ReplicaSet is
    not, the workload is the ReplicaSet, and no Deployment is guessed from its name. A static pod
    belongs to itself, as its owner is the node.

    Args:
        pods: Pods and workloads, in any order.
    """
    owners: dict[Named, Named] = {}
    for pod in pods:
        itself = owner = named(pod)
        if pod.owner is not None and not pod.mirror:
            owner = (printable(pod.owner.kind), itself[1], printable(pod.owner.name), itself[3])
        owners[itself] = owner
    found: dict[Named, Workload] = {}
    for start in owners:
        way: dict[Named, None] = {}
        at = start
        # Owners that go round in a circle end where they come by again.
        while at not in found and at not in way:
            way[at] = None
            at = owners.get(at, at)
        found.update(dict.fromkeys(way, found.get(at) or Workload(*at)))
    return found


def named(pod: Pod) -> Named:
    """What a pod or workload is known by."""
    environment = None if pod.place is None else pod.place.environment
    parts = pod.kind, pod.namespace, pod.name, environment or ""
    kind, namespace, name, inside = map(printable, parts)
    return kind, namespace, name, inside


@frozen
class PodGroup(Tabular):
    """Pods of one workload that have the same answer.

    The answer is what is tried for each image, and whether it is pulled. Whose list of secrets it
    came from may differ: a Deployment has its service account's list, and its pods that list as
    their own.

    Attributes:
        workload: What they belong to.
        answers: The answers of the pods, at least one.
    """

    workload: Workload
    answers: tuple[PodResolution, ...]

    @property
    def first(self) -> PodResolution:
        """The first answer, which speaks for all."""
        return self.answers[0]

    @property
    def title(self) -> str:
        """The workload and how many pods of it are meant. Safe to show."""
        if len(self.answers) == 1:
            return self.first.pod.title
        return self.workload.title(map(named, self.pods))

    @property
    def pods(self) -> tuple[Pod, ...]:
        """The pods."""
        return tuple(answer.pod for answer in self.answers)

    @property
    def notes(self) -> tuple[Note, ...]:
        """What was passed over on the way, each note once."""
        return tuple(dict.fromkeys(chain.from_iterable(each.notes for each in self.answers)))

    @property
    def worst(self) -> Access:
        """The worst that happens to one of its images."""
        return self.first.worst

    def table(self, limit: int | None = None, *, at: datetime | None = None) -> Table:
        """One row for each attempt, as for one of its pods.

        Args:
            limit: As for `PodResolution.table`.
            at: As for `PodResolution.table`.
        """
        lists = dict.fromkeys(str(answer.admission) for answer in self.answers)
        return evolve(
            self.first.table(limit, at=at),
            title=self.title,
            subtitle=Cell(None, (*lists, *self.first.when), Tone.FAINT),
            notes=tuple(map(str, self.notes)),
        )


def answers_table(groups: Iterable[PodGroup], at: datetime | None = None) -> Table:
    """All groups in one table: one row for each attempt, under its image, under its workload.

    Args:
        groups: The groups.
        at: As for `PodResolution.table`.
    """
    columns: tuple[Column, ...] = ()
    rows: list[Row] = []
    for group in groups:
        table = group.table(at=at)
        columns = table.columns
        below = " · ".join((*table.subtitle.shown.split("\n"), *table.notes))
        head = Cell(group.title, below=below)
        rows += [(head, *row) for row in table.rows]
    return Table((Column("workload", group=True), *columns), tuple(rows), unit="attempts")


def group_pods(answers: Iterable[PodResolution]) -> tuple[PodGroup, ...]:
    """The answers, those of one workload that are the same as one.

    Args:
        answers: The answers of a cluster, as `Cluster.resolve_all` gives them.

    Returns:
        Groups that hold each answer once: the worst first, otherwise in the order of the answers.
    """
    those = tuple(answers)
    workloads = workloads_of(answer.pod for answer in those)
    number_of = _numbering()
    found: dict[object, list[PodResolution]] = {}
    for answer in those:
        images = (
            (each.container.name, each.container.kind, each.policy, number_of(each))
            for each in answer.images
        )
        # Another file's is another workload of that name.
        file = answer.pod.apart.get("file")
        found.setdefault((workloads[named(answer.pod)], file, *images), []).append(answer)
    groups = (PodGroup(workloads[named(each[0].pod)], tuple(each)) for each in found.values())
    return tuple(sorted(groups, key=lambda group: group.worst.rank))


def _numbering() -> Callable[[ImageResolution], int]:
    """A function that gives images with equal resolutions one number.

    Most of these share the resolution itself, and comparing what it holds takes long.
    """
    numbers: dict[Resolution, int] = {}
    known: dict[int, int] = {}

    def number_of(image: ImageResolution) -> int:
        resolution = image.resolution
        number = known.get(id(resolution))
        if number is None:
            number = known[id(resolution)] = numbers.setdefault(resolution, len(numbers))
        return number

    return number_of


_SAID: Final = {
    Access.FAILING: ("failing", "the lookup fails as a whole", Tone.ERROR),
    Access.UNKNOWN: ("unknown", "what may give a credential is not known", Tone.WARNING),
    Access.ANONYMOUS: ("anonymous", "no entry matches", Tone.NOTE),
    Access.ENTRY: ("entry", "which matches; its credential is not known", Tone.NOTE),
    Access.CREDENTIAL: ("credential", "", Tone.GOOD),
}
_UNORDERED: Final = "credentials that differ, in no defined order"


@frozen
class Summary(Tabular):
    """A whole set of answers, in numbers.

    Attributes:
        pods: How many pods there are.
        workloads: How many workloads there are, and owners that the pods name.
        images: How many images they have.
        access: How many images have which kind of answer.
        sources: What is tried first for how many images, the most used first.
        entries: What has an entry for how many images that have no known candidate, the most used
            first.
        nondeterministic: For how many images different credentials are tried in no defined order.
    """

    pods: int
    workloads: int
    images: int
    access: Mapping[Access, int]
    sources: tuple[tuple[Source, int], ...]
    nondeterministic: int
    entries: tuple[tuple[Source, int], ...] = ()

    @property
    def title(self) -> str:
        """How much there is."""
        counts = (self.pods, "pod"), (self.workloads, "workload"), (self.images, "image")
        return ", ".join(count(number, what) for number, what in counts if number) or "no pods"

    def parts(self) -> Iterator[tuple[str, int, Tone]]:
        """How many images have which kind of answer, the worst first: for a chart."""
        for access in Access:
            name, _, tone = _SAID[access]
            yield name, self.access.get(access, 0), tone

    def table(self, limit: int | None = None) -> Table:
        """One row for each kind of answer, the worst first, then one for each source."""
        columns = Column("images", "", number=True), Column("answer", ""), Column("detail", "")
        return Table(columns, tuple(self._rows(limit)), title=self.title)

    def _rows(self, limit: int | None) -> Iterator[Row]:
        for access, (name, detail, tone) in _SAID.items():
            number = self.access.get(access, 0)
            if number and access not in _WITH_SOURCE:
                yield _number(number), Cell(name, tone=tone), detail
        if self.nondeterministic:
            unordered = Cell("nondeterministic", tone=Tone.WARNING)
            yield _number(self.nondeterministic), unordered, _UNORDERED
        yield from _of_sources(Access.ENTRY, self.entries, limit)
        yield from _of_sources(Access.CREDENTIAL, self.sources, limit)


_WITH_SOURCE: Final = (Access.ENTRY, Access.CREDENTIAL)


def _of_sources(
    access: Access, sources: tuple[tuple[Source, int], ...], limit: int | None
) -> Iterator[Row]:
    """A row for each source, those beyond the limit in one."""
    name, detail, tone = _SAID[access]
    said = f", {detail}" if detail else ""
    for source, number in sources[:limit]:
        yield _number(number), Cell(name, tone=tone), f"{_source(source)}{said}"
    rest = [] if limit is None else sources[limit:]
    if rest:
        left = _number(sum(number for _, number in rest))
        yield left, Cell(name, tone=tone), f"{count(len(rest), 'more source')}{said}"


def _source(source: Source) -> str:
    return f"secret {source}" if source.kind is SourceKind.SECRET else source.title


def _number(number: int) -> Cell:
    return Cell(number, f"{number:,}")


def summarize(groups: Iterable[PodGroup]) -> Summary:
    """A set of answers in numbers.

    Args:
        groups: The answers, as `group_pods` gives them.
    """
    those = tuple(groups)
    images, unordered = 0, 0
    access: Counter[Access] = Counter()
    first: Counter[Source] = Counter()
    entries: Counter[Source] = Counter()
    for group in those:
        times = len(group.answers)
        for each in group.first.images:
            resolution = each.resolution
            images += times
            access[resolution.access] += times
            unordered += 0 if resolution.is_deterministic else times
            if resolution.candidates:
                first[resolution.candidates[0].source] += times
            elif resolution.serving:
                entries[resolution.serving[0]] += times
    return Summary(
        sum(pod.kind == "Pod" for group in those for pod in group.pods),
        len({group.workload for group in those if group.workload.kind != "Pod"}),
        images,
        access,
        tuple(first.most_common()),
        unordered,
        tuple(entries.most_common()),
    )
