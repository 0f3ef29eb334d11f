"""Why each entry of each secret is, or is not, a candidate: the trace of a resolution.

Nothing is decided here a second time: the candidates are those of the resolution, the entries those
of `Keyring.entries`, and what keeps a key from an image is what `compare` says.

>>> from pullsecrets import DockerConfig
>>> node = DockerConfig.from_json('{"auths": {"quay.io": {"auth": "dXNlcjpwYXNz"}, "ghcr.io": {}}}')
>>> for entry in explain("quay.io/acme/api", [], node).entries:
...     print(entry.entry, "-", entry.sentence)
quay.io - candidate 1
ghcr.io - no match, another registry: ghcr.io, the image has quay.io
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, overload

from attrs import frozen

from pullsecrets._go.url import BadURL, glob_matches
from pullsecrets.cluster import Admission, Cluster, PodResolution
from pullsecrets.dockerconfig import DockerConfig, InvalidDockerConfig
from pullsecrets.flaws import Inspected, inspect
from pullsecrets.images import Image
from pullsecrets.keyring import Keyring, KeyringEntry, undecodable
from pullsecrets.makers.made import MadeSecret
from pullsecrets.matching import Mismatch, Pattern, compare, is_default_registry, pattern_matches
from pullsecrets.node.node import Node
from pullsecrets.node.providers import NotAsked, PodAccount
from pullsecrets.node.relevance import EffectivePolicy
from pullsecrets.notes import Note, NoteCode
from pullsecrets.objects import Container, Pod, PullSecret
from pullsecrets.registries import DOCKER_HUB_KEY
from pullsecrets.resolution import Candidate, Resolution, Source, SourceKind
from pullsecrets.secrecy import EntryText, printable
from pullsecrets.slips import is_near_host
from pullsecrets.spelling import HUB_ENTRY, is_hub_mistake, unmatchable
from pullsecrets.symptoms import symptoms_of
from pullsecrets.tables import Cell, Column, Row, Table, Tabular, Tone

__all__ = [
    "EntryTrace",
    "Explanation",
    "PodExplanation",
    "Reason",
    "SecretTrace",
    "explain",
    "explain_all",
    "explain_pod",
]


class Reason(StrEnum):
    """Why an entry is not a candidate: the first rule that fails.

    But where the host is quite another one, it is that, although ports and paths are compared
    first: it says more.
    """

    FAILED = "failed"
    """The lookup fails as a whole, for another secret or the image; the entry is not asked."""
    DROPPED = "dropped"
    """Go cannot parse the entry: the kubelet drops it (rule 10)."""
    SPELLING = "spelling"
    """It is spelled so that it matches no image at all (rules 10 to 12)."""
    REGISTRY = "registry"
    """It is for another registry, whose host is not even nearly the image's (rule 12)."""
    PORT = "port"
    """The host is the image's or nearly so, and the ports differ (rule 12)."""
    LABEL_COUNT = "label-count"
    """The hosts are of one domain, and have different numbers of labels (rule 12)."""
    LABEL = "label"
    """One label of the host nearly matches (rule 12)."""
    PATH = "path"
    """The key's path is not a prefix of the image's (rule 12)."""
    SHADOWED = "shadowed"
    """It is Docker Hub's entry, and another one matched (rule 14)."""
    UNKNOWN = "unknown"
    """It matches, but the credential that another program puts there is not known."""


_WHAT: Final = {
    Reason.REGISTRY: "another registry",
    Reason.PORT: "the port",
    Reason.LABEL_COUNT: "the number of labels",
    Reason.LABEL: "the host",
    Reason.PATH: "the path",
}


# What the table of a pod says above its secrets; each of these shows what is about it.
_OF_ADMISSION: Final = frozenset(
    {
        NoteCode.MISSING_ACCOUNT,
        NoteCode.ASSUMED_ACCOUNT,
        NoteCode.AMBIGUOUS_ACCOUNT,
        NoteCode.AMBIGUOUS_SECRET,
        NoteCode.STATIC_POD,
        NoteCode.STATIC_POD_REFUSED,
        NoteCode.NOT_MOUNTABLE,
    }
)


@frozen
class EntryTrace:
    """The verdict on one entry of a docker config.

    Attributes:
        source: The secret that it is in, or the node.
        entry: The entry as written.
        key: What the kubelet makes of it (rule 10), None if it drops it.
        username: The user it logs in as.
        number: The number of the candidate that it is, counted from 1 in the order in which they
            are tried; None if it is not one.
        tier: The candidate's tier, None if it is not one.
        reason: Why it is not a candidate; None if it is one.
        in_key: The part of the key that does not match, if `reason` compares two things.
        in_image: The part of the image's name that it is compared with.
        message: What is wrong, if `reason` compares nothing; for a candidate, what may keep it from
            being one. Safe to show.
        inspected: What a candidate's credential shows.
    """

    source: Source
    entry: EntryText
    key: EntryText | None
    username: str
    number: int | None = None
    tier: int | None = None
    reason: Reason | None = None
    in_key: EntryText | None = None
    in_image: str = ""
    message: str = ""
    inspected: Inspected = Inspected()

    @property
    def sentence(self) -> str:
        """The verdict in words. Safe to show."""
        return self.sentence_at(None)

    def sentence_at(self, at: datetime | None) -> str:
        """The verdict in words. Safe to show.

        Args:
            at: The moment for which it is said what has expired; None: that is not said.
        """
        if self.reason is None:
            flaws = ", and ".join(map(str, self.inspected.flaws_at(at)))
            return f"candidate {self.number}{self.message}" + (f", but {flaws}" if flaws else "")
        if self.reason not in _WHAT:
            return self.message
        differs = f"{self.in_key}, the image has {self.in_image}"
        return printable(f"no match, {_WHAT[self.reason]}: {differs}")

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "entry": str(self.entry),
            "key": None if self.key is None else str(self.key),
            "username": self.username,
            "candidate": self.number,
            "tier": self.tier,
            "reason": self.reason,
            "in_key": None if self.in_key is None else str(self.in_key),
            "in_image": self.in_image or None,
            "verdict": self.sentence,
        }


@frozen
class SecretTrace:
    """The verdict on one secret of the list, or on something of the node's.

    Attributes:
        source: The secret, the node's docker config, or a credential provider. A reference without
            a name has an empty one.
        position: Its position in the list, counted from 0; None for what is the node's.
        note: Why the secret as a whole gives nothing, or nothing that is known; None if its entries
            are asked.
        entries: The verdicts on its entries, in the document's order.
    """

    source: Source
    position: int | None
    note: Note | None = None
    entries: tuple[EntryTrace, ...] = ()

    @property
    def title(self) -> str:
        """The secret with its number in the list, counted from 1 as people do."""
        number = "" if self.position is None else f"{self.position + 1}. "
        return f"{number}{self.source.title}"

    @property
    def message(self) -> str:
        """What is wrong with the secret as a whole; empty if nothing is. Safe to show."""
        if self.note is not None:
            return self.note.predicate
        return "" if self.entries else "holds no entry"

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "source": self.source.to_dict(),
            "position": self.position,
            "note": None if self.note is None else self.note.to_dict(),
            "entries": [entry.to_dict() for entry in self.entries],
        }


@frozen
class Explanation(Tabular):
    """Why an image has the candidates that it has.

    Attributes:
        resolution: What the kubelet tries; its candidates are the numbered entries.
        secrets: Each secret of the list, in its order, then the node's docker config if there is
            one, then its credential providers in the order in which the kubelet looks at them.
        container: The container that needs the image, None if no pod was asked about.
        policy: When the kubelet pulls the image, None if no pod was asked about.
    """

    resolution: Resolution
    secrets: tuple[SecretTrace, ...]
    container: Container | None = None
    policy: EffectivePolicy | None = None

    @property
    def entries(self) -> tuple[EntryTrace, ...]:
        """The entries of all secrets."""
        return tuple(entry for secret in self.secrets for entry in secret.entries)

    @property
    def candidates(self) -> tuple[EntryTrace, ...]:
        """The entries that are candidates, in the order in which they are tried."""
        return tuple(sorted((e for e in self.entries if e.number), key=lambda e: e.number or 0))

    @property
    def headline(self) -> str:
        """The outcome in one line, safe to show."""
        if self.resolution.anonymous is not True:
            return self.resolution.summary
        count = len(self.entries)
        none = {0: "there is no credential to try", 1: "the only entry does not match"}
        why = none.get(count, f"none of {count} entries matches")
        return f"{self.resolution.summary}: {why}"

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        container = self.container
        return {
            "container": None if container is None else container.name,
            "kind": None if container is None else container.kind,
            **({} if self.policy is None else self.policy.to_dict()),
            **self.resolution.to_dict(),
            "secrets": [secret.to_dict() for secret in self.secrets],
        }

    def table(self, limit: int | None = None, *, at: datetime | None = None) -> Table:
        """One row for each entry, under its secret.

        Args:
            limit: How many rows are wanted at most, None for all of them.
            at: The moment for which it is said what has expired; None: that is not said.
        """
        return Table(
            _COLUMNS,
            tuple(_rows(self, at)),
            title=str(self.resolution.written),
            subtitle=_headline(self),
        )


@frozen
class PodExplanation(Sequence[Explanation], Tabular):
    """Why the images of a pod have the candidates that they have: a sequence of explanations.

    Attributes:
        resolution: What was resolved: the pod, its list of secrets, what was passed over.
        images: The explanation of each image, in the order of `Pod.images`.
    """

    resolution: PodResolution
    images: tuple[Explanation, ...]

    @property
    def pod(self) -> Pod:
        """The pod."""
        return self.resolution.pod

    @property
    def admission(self) -> Admission:
        """Which list of secrets it has."""
        return self.resolution.admission

    @property
    def notes(self) -> tuple[Note, ...]:
        """What was passed over on the way."""
        return self.resolution.notes

    @overload
    def __getitem__(self, index: int) -> Explanation: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Explanation, ...]: ...

    def __getitem__(self, index: int | slice) -> Explanation | tuple[Explanation, ...]:
        return self.images[index]

    def __len__(self) -> int:
        return len(self.images)

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            **self.resolution.to_dict(),
            "images": [each.to_dict() for each in self.images],
            "symptoms": [each.to_dict() for each in symptoms_of(self.resolution)],
        }

    def table(self, limit: int | None = None, *, at: datetime | None = None) -> Table:
        """One row for each entry, under its secret, under the image.

        Args:
            limit: How many rows are wanted at most, None for all of them.
            at: The moment for which it is said what has expired; None: that is not said.
        """
        pod = self.pod
        head = printable(pod.namespace), printable(pod.kind), printable(pod.name)
        fields = "namespace", "kind", "pod", "container", "image", "pull_policy", "relevance"
        image = Column("image_title", group=True)
        rows = []
        for each in self.images:
            written = str(each.resolution.written)
            name = "" if each.container is None else each.container.title
            policy = each.policy
            below = _headline(each).shown + ("" if policy is None else f" ({policy})")
            title = Cell(f"{name}: {written}", below=below)
            when = (None, None) if policy is None else (printable(policy.policy), policy.relevance)
            rows += [
                (*head, name, written, *when, title, *row)
                for row in _rows(each, at) or [(None,) * len(_COLUMNS)]
            ]
        return Table(
            (*map(Column, fields), image, *_COLUMNS),
            tuple(rows),
            title=pod.title,
            subtitle=Cell(str(self.admission), tone=Tone.FAINT),
            notes=(
                *(str(note) for note in self.notes if note.code in _OF_ADMISSION),
                *map(str, symptoms_of(self.resolution)),
            ),
        )


# What gives something that is not known.
_UNKNOWN: Final = frozenset(
    {
        NoteCode.PROVIDER_UNKNOWN,
        NoteCode.MADE_SECRET,
        NoteCode.MADE_WITH_ENTRIES,
        NoteCode.MAYBE_MADE,
        NoteCode.UNREAD_SECRET,
    }
)

_COLUMNS: Final = (
    Column("source"),
    Column("position"),
    Column("secret", group=True),
    Column("number", ""),
    Column("tier"),
    Column("entry", "entry", code=True),
    Column("key"),
    Column("username"),
    Column("reason"),
    Column("in_key"),
    Column("in_image"),
    Column("verdict", "verdict"),
)


def _headline(explanation: Explanation) -> Cell:
    failed = explanation.resolution.failure is not None
    return Cell(explanation.headline, tone=Tone.ERROR if failed else Tone.PLAIN)


def _rows(explanation: Explanation, at: datetime | None) -> list[Row]:
    """A row for each entry, and one for each secret without entries."""
    rows: list[Row] = []
    for secret in explanation.secrets:
        message = secret.message
        sign = "?" if secret.note is not None and secret.note.code in _UNKNOWN else "✗"
        title = f"{secret.title}  {sign} {message}" if message else secret.title
        tone = Tone.WARNING if secret.note is not None else Tone.PLAIN
        head = str(secret.source), secret.position, Cell(secret.source.name, title, tone)
        if not secret.entries:
            code = None if secret.note is None else secret.note.code
            verdict = Cell(message, "")
            rows.append((*head, None, None, None, None, None, code, None, None, verdict))
        rows += [(*head, *_entry_row(entry, at)) for entry in secret.entries]
    return rows


def _entry_row(entry: EntryTrace, at: datetime | None) -> Row:
    mark, tone, said = "?" if entry.reason is Reason.UNKNOWN else "✗", Tone.FAINT, Tone.PLAIN
    if entry.reason is None:
        flawed = bool(entry.inspected.flaws_at(at))
        mark = f"{'!' if flawed else '✓'} {entry.number}"
        tone = said = Tone.WARNING if flawed else Tone.GOOD
    return (
        Cell(entry.number, mark, tone),
        entry.tier,
        str(entry.entry),
        None if entry.key is None else str(entry.key),
        printable(entry.username),
        entry.reason,
        None if entry.in_key is None else str(entry.in_key),
        entry.in_image or None,
        Cell(entry.sentence_at(at), tone=said),
    )


def explain(
    image: Image | str,
    secrets: Iterable[PullSecret | MadeSecret],
    node: Node | DockerConfig | None = None,
    *,
    account: PodAccount | None = None,
) -> Explanation:
    """Why each entry of each secret is, or is not, a candidate for an image.

    Args:
        image: The image, or what a container's ``image`` field has.
        secrets: The pod's secrets in the order of its list; one that is listed twice counts twice.
        node: The node, or only its docker config.
        account: The pod's service account, as far as credential providers look at it.

    Returns:
        The trace. As with `resolve`, nothing raises: a bad image and a secret that does not decode
        are in it.
    """
    keyring = Keyring(secrets, node)
    return _Tracer(keyring, keyring.secrets).explain(keyring.resolve(image, account))


def explain_pod(cluster: Cluster, pod: Pod) -> PodExplanation:
    """Why each image of a pod has the candidates that it has."""
    return _explain(cluster, cluster.resolve(pod), {})


def explain_all(cluster: Cluster) -> Iterator[PodExplanation]:
    """The explanations of all pods, one after the other, each made when it is asked for."""
    tracers: dict[Any, _Tracer] = {}
    for answer in cluster.resolve_all():
        yield _explain(cluster, answer, tracers)


def _explain(
    cluster: Cluster, answer: PodResolution, tracers: dict[Any, _Tracer]
) -> PodExplanation:
    names, pod = answer.admission.pull_secrets, answer.pod
    key = pod.namespace, names, cluster.standpoint(pod.place)
    tracer = tracers.get(key)
    if tracer is None:
        listed = cluster.references(pod.namespace, names, pod.place)
        tracer = _Tracer(cluster.keyring(pod.namespace, names, pod.place), listed)
        tracers[key] = tracer
    images = (
        tracer.explain(each.resolution, each.container, each.policy) for each in answer.images
    )
    return PodExplanation(answer, tuple(images))


@frozen
class _Part:
    """A secret of a list before its entries are asked about an image."""

    source: Source
    position: int | None
    note: Note | None = None
    entries: tuple[KeyringEntry, ...] = ()


_MAX_TRACES: Final = 16  # of one list: the pods of a workload follow each other


class _Tracer:
    """Explains the images of pods that have one list of secrets.

    Args:
        keyring: The keyring of the list.
        listed: What each reference of the list leads to.
    """

    def __init__(self, keyring: Keyring, listed: Iterable[Note | PullSecret | MadeSecret]) -> None:
        self._keyring = keyring
        self._parts = tuple(_parts(keyring, listed))
        # Key → what is wrong with its spelling, or the key taken apart: one serves many images.
        self._keys: dict[EntryText, str | Pattern] = {}
        # Resolution → the traces: the pods of a workload share it, as they ask for the same images.
        # Explaining 10,000 pods of 1,000 workloads takes a fifth of the time.
        self._known: dict[int, tuple[Resolution, tuple[SecretTrace, ...]]] = {}

    def explain(
        self,
        resolution: Resolution,
        container: Container | None = None,
        policy: EffectivePolicy | None = None,
    ) -> Explanation:
        known = self._known.get(id(resolution))
        if known is None:
            if len(self._known) >= _MAX_TRACES:
                self._known.clear()
            # With the resolution, which keeps its identity from being another's.
            known = self._known[id(resolution)] = resolution, tuple(self._traces(resolution))
        return Explanation(resolution, known[1], container, policy)

    def _traces(self, resolution: Resolution) -> Iterator[SecretTrace]:
        one_ring = self._keyring.node.kubernetes.one_node_keyring
        made = {entry.slot for entry in self._keyring.made_entries}
        verdicts = _Verdicts(resolution, self._keys, one_ring, made)
        for part in (*self._parts, *_providers(self._keyring, resolution)):
            entries = tuple(map(verdicts.trace, part.entries))
            yield SecretTrace(part.source, part.position, part.note, entries)


def _parts(keyring: Keyring, listed: Iterable[Note | PullSecret | MadeSecret]) -> Iterator[_Part]:
    by_slot: dict[int, list[KeyringEntry]] = {}
    for entry in (*keyring.entries, *keyring.made_entries):
        by_slot.setdefault(entry.slot, []).append(entry)
    slot = 0
    for position, found in enumerate(listed):
        if isinstance(found, Note):
            source = Source(SourceKind.SECRET, found.namespace, found.name or "")
            yield _Part(source, position, found)
            continue
        entries = tuple(by_slot.get(slot, ()))
        if isinstance(found, MadeSecret):
            note: Note | None = found.note
        elif keyring.failure is not None:
            note, entries = _alone(found)
        else:
            note = found.skipped
        yield _Part(Source.of(found), position, note, entries)
        slot += 1
    if keyring.node.docker_config is not None:
        node = by_slot.get(slot) or Keyring((), keyring.node).entries
        yield _Part(Source(SourceKind.NODE), None, None, tuple(node))


def _providers(keyring: Keyring, resolution: Resolution) -> Iterator[_Part]:
    """The credential providers of the node, as far as they are looked at for an image."""
    entries = {asked.provider.name: found for asked, found in keyring.answered(resolution)}
    for each in resolution.consulted:
        name = each.provider.name
        note = None
        if isinstance(each, NotAsked):
            note = Note(NoteCode.PROVIDER_NOT_ASKED, name=name, detail=each.reason)
        elif each.faults:
            detail = "; ".join(map(str, each.faults))
            note = Note(NoteCode.PROVIDER_REFUSED, name=name, detail=detail)
        elif each.response is None:
            note = Note(NoteCode.PROVIDER_UNKNOWN, name=name, detail=each.pattern)
        yield _Part(Source(SourceKind.PROVIDER, None, name), None, note, entries.get(name, ()))


def _alone(secret: PullSecret) -> tuple[Note | None, tuple[KeyringEntry, ...]]:
    """A secret by itself, as the keyring of a list that fails has no entries."""
    try:
        secret.config()
    except InvalidDockerConfig as error:
        return undecodable(secret, error), ()
    return secret.skipped, Keyring((secret,)).entries


class _Verdicts:
    """Gives the entries of a keyring their verdicts for one image."""

    def __init__(
        self,
        resolution: Resolution,
        keys: dict[EntryText, str | Pattern],
        one_node_ring: bool,
        made: Set[int],
    ) -> None:
        # The slots of the secrets whose credentials are not known.
        self._made = made
        self._resolution = resolution
        self._keys = keys
        self._one_node_ring = one_node_ring
        image = resolution.image
        self._of_hub = image is not None and image.registry.is_docker_hub
        self._name = "" if image is None else _name(image)
        self._numbers = {
            (candidate.slot, candidate.entry): number
            for number, candidate in enumerate(resolution.candidates)
        }
        # The first match of each ring: each falls back to Docker Hub's entries by itself.
        self._first: dict[SourceKind, Candidate] = {}
        for candidate in resolution.candidates:
            self._first.setdefault(self._ring_of(candidate.source), candidate)

    def _ring_of(self, source: Source) -> SourceKind:
        together = self._one_node_ring and source.kind is SourceKind.PROVIDER
        return SourceKind.NODE if together else source.kind

    def trace(self, entry: KeyringEntry) -> EntryTrace:
        subject = entry.source, entry.entry, entry.key, entry.credential.username
        number = self._numbers.get((entry.slot, entry.entry))
        if number is None:
            return EntryTrace(*subject, None, None, *self._verdict(entry))
        candidate = self._resolution.candidates[number]
        unless = ""
        if candidate in self._resolution.conditional:
            unless = f", unless an entry of {self._others()} matches by itself"
        inspected = inspect(entry.credential)
        return EntryTrace(*subject, number + 1, candidate.tier, message=unless, inspected=inspected)

    def _others(self) -> str:
        return " or ".join(each.title for each in self._resolution.unknown_secrets)

    def _verdict(self, entry: KeyringEntry) -> tuple[Reason, EntryText | None, str, str]:
        """The reason, the parts of key and image that differ, and the message if none do."""
        image, key = self._resolution.image, entry.key
        if key is None:
            return Reason.DROPPED, None, "", f"dropped, as Go cannot parse it: {entry.dropped}"
        if self._resolution.failure is not None or image is None:
            return Reason.FAILED, None, "", "not asked: the lookup fails as a whole"
        first = self._first.get(self._ring_of(entry.source))
        of_hub = key == DOCKER_HUB_KEY and is_default_registry(image.name)
        if of_hub and first is not None and first.key != DOCKER_HUB_KEY:
            message = f"shadowed: '{first.entry}' of {first.source} matches by itself"
            return Reason.SHADOWED, None, "", message
        if entry.slot in self._made and (of_hub or pattern_matches(key.reveal(), image.name)):
            return Reason.UNKNOWN, None, "", "matches, its credential is not known"
        if of_hub:
            message = f"shadowed: an entry of {self._others()} matches by itself"
            return Reason.SHADOWED, None, "", message
        pattern = self._pattern(key)
        if self._of_hub and is_hub_mistake(key.reveal()):
            pattern = f"the credentials of Docker Hub have the entry {HUB_ENTRY}"
        if isinstance(pattern, str):
            return Reason.SPELLING, None, "", printable(f"no match, the spelling: {pattern}")
        if isinstance(self._name, str):
            return Reason.SPELLING, None, "", f"no match: {self._name}"
        return *_difference(pattern, self._name), ""

    def _pattern(self, key: EntryText) -> str | Pattern:
        known = self._keys.get(key)
        if known is None:
            text = key.reveal()
            strict = self._resolution.kubernetes.strict_url_ports
            known = unmatchable(text, strict_ports=strict) or Pattern.parse(
                text, strict_ports=strict
            )
            self._keys[key] = known
        return known


def _name(image: Image) -> str | Pattern:
    """The image's name taken apart, or why Go cannot do that."""
    try:
        return Pattern.parse(image.name)
    except BadURL as error:
        return f"Go's URL parser finds {error} in the image's name"


def _difference(key: Pattern, name: Pattern) -> tuple[Reason, EntryText, str]:
    """Why a key does not match (rule 12), with the two parts that differ."""
    if not is_near_host(key.labels, name.labels):
        theirs, images = (f"{e.host}:{e.port}" if e.port else e.host for e in (key, name))
        return Reason.REGISTRY, EntryText(theirs), images
    mismatch = compare(key, name) or Mismatch.LABEL
    if mismatch is Mismatch.PORT:
        theirs, images = key.port or "none", name.port or "none"
    elif mismatch is Mismatch.LABEL_COUNT:
        theirs, images = (f"{len(each.labels)} in {each.host}" for each in (key, name))
    elif mismatch is Mismatch.PATH:
        theirs, images = key.path, name.path
    else:
        theirs, images = next(
            pair for pair in zip(key.labels, name.labels, strict=True) if not glob_matches(*pair)
        )
    return Reason(mismatch), EntryText(theirs), images
