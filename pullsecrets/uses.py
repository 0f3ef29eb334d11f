"""Who uses what: for each credential the images that it is tried for.

The answers of a cluster, the other way round.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from attrs import evolve, frozen

from pullsecrets.cluster import Cluster
from pullsecrets.dockerconfig import InvalidDockerConfig
from pullsecrets.groups import Named, Workload, named, workloads_of
from pullsecrets.keyring import undecodable
from pullsecrets.notes import Note, NoteCode
from pullsecrets.objects import Container, Pod
from pullsecrets.pull_secret import PullSecret
from pullsecrets.resolution import Access, Source, SourceKind, attempt_cell
from pullsecrets.secrecy import EntryText, printable
from pullsecrets.tables import Cell, Column, Row, Table, Tabular, Tone

__all__ = ["CredentialUse", "Use", "Uses", "uses"]


@frozen
class Use:
    """An image of a workload.

    Attributes:
        pod: The pod or workload.
        container: The container, or the image volume.
        attempt: When the credential is tried for it: ``2``, or ``2-3`` if the order is not
            defined; ``?`` if it is not known whether it is. None for an image without a credential.
        failure: Why its lookup fails as a whole, or None.
    """

    pod: Pod
    container: Container
    attempt: str | None = None
    failure: Note | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        found: dict[str, Any] = {
            "namespace": self.pod.namespace,
            "kind": self.pod.kind,
            "name": self.pod.name,
            **self.pod.apart,
            "container": self.container.name,
            "image": str(self.container.image),
        }
        if self.attempt is not None:
            found["attempt"] = self.attempt
        if self.failure is not None:
            found["failure"] = self.failure.to_dict()
        return found


@frozen
class CredentialUse:
    """A credential, and the images that it is tried for.

    Attributes:
        source: The secret, the node's docker config, or the credential provider that has it.
        entry: The docker config's entry, None for a secret that has none, or whose credentials are
            not known.
        uses: The images, in the order of the pods. Empty if nothing uses it.
        note: Why the kubelet skips the secret, that it does not decode, or that another program
            makes it; or None.
    """

    source: Source
    entry: EntryText | None
    uses: tuple[Use, ...] = ()
    note: Note | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        source: dict[str, Any] = {"source": self.source.to_dict()}
        if self.source.kind is SourceKind.SECRET:
            source = {"secret": {"namespace": self.source.namespace, "name": self.source.name}}
        entry = None if self.entry is None else str(self.entry)
        return {**source, "entry": entry, "images": [each.to_dict() for each in self.uses]}


@frozen(repr=False)
class Uses(Tabular):
    """Who uses which credential.

    Attributes:
        credentials: Each entry of each pull secret, and what is tried of the node's docker config
            and of credential providers' answers. Secrets of other types are not there.
        anonymous: The images that are pulled without a credential.
        unknown: The images that have no known candidate, and may have one.
        failing: The images whose lookup fails as a whole.
    """

    credentials: tuple[CredentialUse, ...] = ()
    anonymous: tuple[Use, ...] = ()
    unknown: tuple[Use, ...] = ()
    failing: tuple[Use, ...] = ()

    def __repr__(self) -> str:
        return f"<Uses: {len(self.credentials):,} credentials, {len(self.unused):,} unused>"

    @property
    def unused(self) -> tuple[CredentialUse, ...]:
        """The credentials that nothing uses."""
        return tuple(each for each in self.credentials if not each.uses)

    def of(
        self, *, secret: tuple[str, str] | None = None, entry: EntryText | str | None = None
    ) -> Uses:
        """Only some credentials, and no images without one.

        Args:
            secret: The secret's namespace and name, None for any.
            entry: The entry as written, None for any.
        """
        return Uses(
            tuple(
                each
                for each in self.credentials
                if secret in (None, (each.source.namespace, each.source.name))
                and entry in (None, each.entry)
            )
        )

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        secrets = [each for each in self.credentials if each.source.kind is SourceKind.SECRET]
        node = [each for each in self.credentials if each.source.kind is not SourceKind.SECRET]
        return {
            "credentials": [each.to_dict() for each in secrets],
            "node": [each.to_dict() for each in node],
            "anonymous": [each.to_dict() for each in self.anonymous],
            "unknown": [each.to_dict() for each in self.unknown],
            "failing": [each.to_dict() for each in self.failing],
        }

    def table(self, limit: int | None = None) -> Table:
        """One row for each image, under the credential that is tried for it."""
        return _table(self._rows(_each), limit)

    def grouped_table(self) -> Table:
        """As `table`, but one row for all pods of a workload of which it says the same."""
        used = chain.from_iterable(each.uses for each in self.credentials)
        found = chain(used, self.anonymous, self.unknown, self.failing)
        workloads = workloads_of(use.pod for use in found)
        return _table(self._rows(lambda uses: _alike(uses, workloads)), None)

    def _rows(self, grouped: _Grouping) -> Iterator[Row]:
        for each in self.credentials:
            entry = None if each.entry is None else str(each.entry)
            below = "" if each.note is None else each.note.predicate
            unknown = each.note is not None and each.note.code.leaves_unknown
            unknown = unknown or any(use.attempt == "?" for use in each.uses)
            nameless = "whatever there is" if unknown else "no entry"
            called = Cell(None, f"{entry or nameless} of {_title(each.source)}", below=below)
            head = str(each.source), entry, called
            if not each.uses:
                nothing = Cell(None, "nothing uses it", Tone.WARNING)
                yield *head, None, None, None, nothing, None, None, None
            yield from ((*head, *_cells(title, use)) for title, use in grouped(each.uses))
        for words, tone, found in (
            ("pulled without a credential", Tone.PLAIN, self.anonymous),
            ("no known credential", Tone.WARNING, self.unknown),
            ("the lookup fails", Tone.ERROR, self.failing),
        ):
            for title, use in grouped(found):
                below = "" if use.failure is None else str(use.failure)
                yield None, None, Cell(None, words, tone, below), *_cells(title, use)


_Grouping = Callable[[Sequence[Use]], Iterable[tuple[str, Use]]]
"""Tells what to show of some uses, and what to call each."""


def _each(uses: Sequence[Use]) -> Iterable[tuple[str, Use]]:
    return ((use.pod.title, use) for use in uses)


def _alike(uses: Iterable[Use], workloads: Mapping[Named, Workload]) -> Iterable[tuple[str, Use]]:
    """Of uses of one workload that read alike the first, called by the workload's name."""
    found: dict[object, list[Use]] = {}
    for use in uses:
        container = use.container.name, use.container.kind, use.container.image
        workload = workloads[named(use.pod)], use.pod.apart.get("file")
        found.setdefault((*workload, *container, use.attempt, use.failure), []).append(use)
    for those in found.values():
        first = those[0]
        title = workloads[named(first.pod)].title(named(use.pod) for use in those)
        yield first.pod.title if len(those) == 1 else title, first


def _table(found: Iterable[Row], limit: int | None) -> Table:
    columns = (
        Column("source"),
        Column("entry"),
        Column("title", "credential", group=True),
        Column("namespace"),
        Column("kind"),
        Column("pod"),
        Column("workload", "workload"),
        Column("container", "container"),
        Column("image", "image", code=True),
        Column("attempt", "try"),
    )
    rows = tuple(found)
    return Table(columns, rows[:limit], total=len(rows), unit="images")


def _title(source: Source) -> str:
    """With the namespace, as the secrets of many are in one table."""
    return f"secret {source}" if source.kind is SourceKind.SECRET else source.title


def _cells(title: str, use: Use) -> Row:
    pod, container = use.pod, use.container
    return (
        printable(pod.namespace),
        printable(pod.kind),
        printable(pod.name),
        title,
        Cell(printable(container.name), container.title),
        str(container.image),
        None if use.attempt is None else attempt_cell(use.attempt),
    )


def uses(cluster: Cluster) -> Uses:
    """Who uses which credential.

    Args:
        cluster: The cluster. Its pods are looked at in their order.
    """
    credentials: dict[Any, CredentialUse] = {}
    uses: dict[Any, list[Use]] = {}
    for made in cluster.made:
        if made.skipped is None and made.namespace is not None:
            source = Source.of(made)
            credentials[source.identity, None] = CredentialUse(source, None, note=made.note)
    for secret in cluster.secrets:
        source = Source.of(secret)
        entries, note = _entries(secret)
        if note is None or note.code is not NoteCode.WRONG_TYPE:
            for entry in entries:
                credentials[source.identity, entry] = CredentialUse(source, entry, note=note)
    without: dict[Access, list[Use]] = {
        access: [] for access in (Access.FAILING, Access.UNKNOWN, Access.ANONYMOUS)
    }
    for pod in cluster.resolve_all():
        for image in pod.images:
            resolution = image.resolution
            for attempt, candidate in resolution.attempts:
                key = candidate.source.identity, candidate.entry
                credentials.setdefault(key, CredentialUse(candidate.source, candidate.entry))
                uses.setdefault(key, []).append(Use(pod.pod, image.container, attempt))
            for source in resolution.unknown_secrets:
                unknown = source.identity, None
                credentials.setdefault(unknown, CredentialUse(source, None))
                uses.setdefault(unknown, []).append(Use(pod.pod, image.container, "?"))
            if resolution.access in without:
                use = Use(pod.pod, image.container, failure=resolution.failure)
                without[resolution.access].append(use)
    return Uses(
        tuple(evolve(each, uses=tuple(uses.get(key, ()))) for key, each in credentials.items()),
        **{name: tuple(each) for name, each in without.items()},
    )


def together(several: Iterable[Uses]) -> Uses:
    """The uses of several environments, one after the other."""
    found = list(several)
    return Uses(
        tuple(credential for each in found for credential in each.credentials),
        tuple(use for each in found for use in each.anonymous),
        tuple(use for each in found for use in each.unknown),
        tuple(use for each in found for use in each.failing),
    )


def _entries(secret: PullSecret) -> tuple[tuple[EntryText | None, ...], Note | None]:
    """The entries of a secret, or that it has none; and what is wrong with it."""
    try:
        config = secret.config()
    except InvalidDockerConfig as error:
        return (None,), undecodable(secret, error)
    return (tuple(config.auths) if config else ()) or (None,), secret.skipped
