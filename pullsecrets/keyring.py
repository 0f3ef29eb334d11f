"""From docker config entries to the ordered candidates for an image: rules 8, 9 and 13 to 16.

The way of an entry: `normalise` makes its key (rule 10) or drops it, a `Ring` for the secrets and
one for the node file it under that key, and a lookup makes the entries of each matching key
candidates, the secrets' first (rule 15).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Any, Final

from attrs import evolve, field, frozen

from pullsecrets._go.url import BadURL
from pullsecrets.dockerconfig import Auths, Credential, DockerConfig, InvalidDockerConfig
from pullsecrets.images import Image, InvalidImage
from pullsecrets.matching import Ring, normalise
from pullsecrets.notes import Note, NoteCode
from pullsecrets.objects import PullSecret
from pullsecrets.secrecy import EntryText, ImageText, printable
from pullsecrets.tables import Cell, Column, Table, Tabular, Tone

__all__ = ["Candidate", "Keyring", "KeyringEntry", "Resolution", "Source", "SourceKind", "resolve"]


class SourceKind(StrEnum):
    """What kind of place a credential comes from."""

    SECRET = "secret"
    NODE = "node"
    PROVIDER = "provider"


@frozen
class Source:
    """Where a credential comes from.

    Attributes:
        kind: What kind of place it is.
        namespace: The secret's namespace, None for the node.
        name: The secret's name, None for the node.
    """

    kind: SourceKind
    namespace: str | None = None
    name: str | None = None

    @property
    def title(self) -> str:
        """What it is, for people: ``secret regcred``. Safe to show."""
        if self.kind is SourceKind.NODE:
            return "the node's docker config"
        return printable(f"secret {self.name or '(nameless)'}")

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {"kind": self.kind, "namespace": self.namespace, "name": self.name}

    def __str__(self) -> str:
        if self.kind is SourceKind.NODE:
            return "node"
        return printable(f"{self.namespace}/{self.name}")


_NODE: Final = Source(SourceKind.NODE)


@frozen
class Candidate:
    """A credential that the kubelet tries for an image.

    Attributes:
        credential: What it logs in with.
        source: The secret, or the node.
        entry: The docker config's entry as written.
        key: What the kubelet makes of the entry (rule 10).
        tier: Which tier it is in, counted from 0. The kubelet tries tier after tier, but the order
            within a tier is not defined (rule 13); here it is the document's.
        slot: Which of the keyring's docker configs the entry is in, counted from 0 in the order of
            the secrets. A secret that is listed twice has two slots, the node has the last.
    """

    credential: Credential
    source: Source
    entry: EntryText
    key: EntryText
    tier: int
    slot: int

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "tier": self.tier,
            "source": self.source.to_dict(),
            "entry": str(self.entry),
            "key": str(self.key),
            "username": self.credential.username,
        }

    def __str__(self) -> str:
        user = printable(self.credential.username) or "(no user)"
        return f"{self.entry} as {user} from {self.source.title}"


@frozen
class Resolution(Tabular):
    """Which credentials the kubelet tries for an image.

    Attributes:
        image: The image; None if it is not an image reference.
        written: The image as it was written.
        candidates: The credentials in the order in which they are tried.
        failure: None, or why the lookup fails as a whole: the text is not an image reference, or a
            secret does not decode (rule 8). Then nothing is tried at all.
        notes: What was passed over among the secrets. Empty in the resolution of a pod, which has
            them once, in `PodResolution.notes`.
    """

    image: Image | None
    written: ImageText
    candidates: tuple[Candidate, ...] = ()
    failure: Note | None = None
    notes: tuple[Note, ...] = ()

    @property
    def anonymous(self) -> bool:
        """Whether the kubelet pulls without credentials: only with no candidate (rule 16)."""
        return not self.candidates and self.failure is None

    @property
    def tiers(self) -> tuple[tuple[Candidate, ...], ...]:
        """The candidates, tier by tier."""
        tiers: dict[int, list[Candidate]] = {}
        for candidate in self.candidates:
            tiers.setdefault(candidate.tier, []).append(candidate)
        return tuple(map(tuple, tiers.values()))

    @property
    def is_deterministic(self) -> bool:
        """Whether no tier holds two different credentials, so that every pull is the same."""
        return all(
            len({(c.credential.username, c.credential.password) for c in tier}) == 1
            for tier in self.tiers
        )

    @property
    def attempts(self) -> tuple[tuple[str, Candidate], ...]:
        """The candidates and when they are tried: ``2``, or ``2-3`` if the order is not defined."""
        found: list[tuple[str, Candidate]] = []
        for tier in self.tiers:
            first, last = len(found) + 1, len(found) + len(tier)
            number = f"{first}" if first == last else f"{first}-{last}"
            found += [(number, candidate) for candidate in tier]
        return tuple(found)

    @property
    def summary(self) -> str:
        """The outcome in one line. Safe to show."""
        if self.failure is not None:
            return str(self.failure)
        if self.anonymous:
            return "pulled anonymously"
        count = len(self.candidates)
        order = "" if self.is_deterministic else ", partly in no defined order"
        return f"{count} candidate{'s' if count > 1 else ''}{order}"

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "image": str(self.written),
            "name": None if self.image is None else self.image.name,
            "anonymous": self.anonymous,
            "failure": None if self.failure is None else self.failure.to_dict(),
            "deterministic": self.is_deterministic,
            "candidates": [candidate.to_dict() for candidate in self.candidates],
        }

    def table(self, limit: int | None = None) -> Table:
        """One row for each candidate."""
        columns = (
            Column("image"),
            Column("number"),
            Column("tier"),
            Column("attempt", "try"),
            Column("source", "from"),
            Column("entry", "entry", code=True),
            Column("key", "key", code=True),
            Column("username", "user"),
        )
        rows = tuple(
            (
                str(self.written),
                number,
                candidate.tier,
                attempt,
                Cell(str(candidate.source), candidate.source.title),
                str(candidate.entry),
                str(candidate.key),
                printable(candidate.credential.username),
            )
            for number, (attempt, candidate) in enumerate(self.attempts, 1)
        )
        tone = Tone.ERROR if self.failure is not None else Tone.FAINT
        return Table(
            columns,
            rows,
            title=str(self.written),
            subtitle=Cell(self.summary, tone=tone),
            notes=tuple(map(str, self.notes)),
        )


@frozen
class KeyringEntry:
    """An entry of a keyring's docker configs.

    Attributes:
        source: Where it is.
        slot: Which of the keyring's docker configs it is in; as `Candidate.slot`.
        entry: The entry as written.
        credential: What it gives.
        key: Its key, None if the kubelet drops it.
        dropped: Why it is dropped, or None.
    """

    source: Source
    slot: int
    entry: EntryText
    credential: Credential
    key: EntryText | None
    dropped: str | None = None


_Item = tuple[int, EntryText]
"""An entry, and the slot of its docker config."""

_MAX_ANSWERS: Final = 4096
_MAX_REMEMBERED: Final = 1024  # characters; no image reference is as long


def _as_tuple(secrets: Iterable[PullSecret]) -> tuple[PullSecret, ...]:
    return tuple(secrets)


@frozen
class Keyring:
    """The credentials that a pod has, ready to be looked up for many images.

    A secret that does not decode makes each resolution a failure (rule 8); nothing raises.

    Two keyrings are equal, and pickle, by what they were built from. Threads may share one.

    Args:
        secrets: The pod's secrets in the order of its list; one that is listed twice is here twice.
        node: The node's own docker config.

    Attributes:
        failure: Why every lookup fails, or None.
        notes: What was passed over while building.
    """

    secrets: tuple[PullSecret, ...] = field(converter=_as_tuple)
    node: DockerConfig | None = None
    failure: Note | None = field(init=False, repr=False, eq=False)
    notes: tuple[Note, ...] = field(init=False, repr=False, eq=False)
    _configs: tuple[tuple[Source, Auths], ...] = field(init=False, repr=False, eq=False)
    _rings: tuple[Ring[_Item], ...] = field(init=False, repr=False, eq=False)
    # Image as written → resolution. Pods of a cluster ask for the same few images again and again:
    # resolving 300,000 of them takes a sixth of the time. A thread sees all of an answer or none.
    _answers: dict[ImageText, Resolution] = field(init=False, repr=False, eq=False, factory=dict)

    def __attrs_post_init__(self) -> None:
        configs, failure = _decoded(self.secrets, self.node)
        dropped: list[Note] = []
        last = len(self.secrets)
        rings = tuple(
            Ring(_keyed(first, ring, dropped))
            for first, ring in ((0, configs[:last]), (last, configs[last:]))
        )
        for name, value in (
            ("failure", failure),
            ("notes", (*_listed(self.secrets), *dict.fromkeys(dropped))),
            ("_configs", configs),
            ("_rings", rings),
        ):
            object.__setattr__(self, name, value)

    def __reduce__(self) -> tuple[type[Keyring], tuple[Any, ...]]:
        return Keyring, (self.secrets, self.node)

    @property
    def entries(self) -> tuple[KeyringEntry, ...]:
        """Every entry of every docker config, in the document's order, dropped ones included.

        Empty if a secret does not decode.
        """
        return tuple(
            _entry(source, slot, entry, credential)
            for slot, (source, auths) in enumerate(self._configs)
            for entry, credential in auths.items()
        )

    def resolve(self, image: Image | ImageText | str) -> Resolution:
        """The candidates for an image, in the kubelet's order. A bad image is a failure, too."""
        answer = self.lookup(image)
        return evolve(answer, notes=self.notes) if self.notes else answer

    def lookup(self, image: Image | ImageText | str) -> Resolution:
        """As `resolve`, without the keyring's notes."""
        if isinstance(image, Image):
            return self._resolution(image, ImageText(image.familiar))
        if isinstance(image, str):
            image = ImageText(image)
        if not isinstance(image, ImageText):
            return self._parsed(image)  # a failure, and perhaps without a hash
        answer = self._answers.get(image)
        if answer is None:
            answer = self._parsed(image)
            if len(image.reveal()) <= _MAX_REMEMBERED:
                if len(self._answers) >= _MAX_ANSWERS:
                    self._answers.clear()
                self._answers[image] = answer
        return answer

    def _parsed(self, written: ImageText) -> Resolution:
        try:
            return self._resolution(Image.parse(written), written)
        except InvalidImage as error:
            return Resolution(None, error.image, failure=error.note)

    def _resolution(self, image: Image, written: ImageText) -> Resolution:
        return Resolution(image, written, tuple(self._candidates(image.name)), self.failure)

    def _candidates(self, image_name: str) -> Iterator[Candidate]:
        """Ring after ring (rule 15), key after key, and of each key slot after slot (rule 13)."""
        tier = -1
        for ring in self._rings:
            for key, items in ring.lookup(image_name):
                last = -1
                for slot, entry in items:
                    tier += slot != last
                    last = slot
                    source, auths = self._configs[slot]
                    yield Candidate(auths[entry], source, entry, EntryText(key), tier, slot)


def resolve(
    image: Image | str, secrets: Iterable[PullSecret], node: DockerConfig | None = None
) -> Resolution:
    """Which credentials the kubelet tries for an image, in order.

    Args:
        image: The image, or what a container's ``image`` field has.
        secrets: The pod's secrets in the order of its list; one that is listed twice counts twice.
        node: The node's own docker config.

    Returns:
        The resolution. Neither a bad image nor a secret that does not decode raises: both are the
        resolution's ``failure``.

    >>> secret = PullSecret.from_credentials("regcred", {"quay.io": ("me", "password")})
    >>> [c.credential.username for c in resolve("quay.io/acme/app", [secret]).candidates]
    ['me']
    >>> resolve("nginx", [secret]).anonymous
    True
    """
    return Keyring(secrets, node).resolve(image)


def _decoded(
    secrets: Sequence[PullSecret], node: DockerConfig | None
) -> tuple[tuple[tuple[Source, Auths], ...], Note | None]:
    """The docker configs by their slots, or none of them and why the lookup fails (rule 8)."""
    configs: list[tuple[Source, Auths]] = []
    for secret in secrets:
        try:
            config = secret.config() or DockerConfig()
        except InvalidDockerConfig as error:
            return (), undecodable(secret, error)
        configs.append((Source(SourceKind.SECRET, secret.namespace, secret.name), config.auths))
    if node is not None:
        configs.append((_NODE, node.auths))
    return tuple(configs), None


def undecodable(secret: PullSecret, error: InvalidDockerConfig) -> Note:
    """The note on a secret that does not decode."""
    code = NoteCode.UNDECODABLE_SECRET
    return Note(code, secret.namespace, secret.name, detail=str(error), path=error.path)


def _keyed(
    slot: int, configs: Iterable[tuple[Source, Auths]], dropped: list[Note]
) -> Iterator[tuple[str, _Item]]:
    """The entries of some docker configs by their keys; adds to `dropped` what has none."""
    for at, (source, auths) in enumerate(configs, slot):
        for entry in auths:
            try:
                yield normalise(entry.reveal()), (at, entry)
            except BadURL as error:
                code, detail = NoteCode.DROPPED_ENTRY, str(error)
                dropped.append(
                    Note(code, source.namespace, source.name, entry=entry, detail=detail)
                )


def _entry(source: Source, slot: int, entry: EntryText, credential: Credential) -> KeyringEntry:
    try:
        key = EntryText(normalise(entry.reveal()))
    except BadURL as error:
        return KeyringEntry(source, slot, entry, credential, None, str(error))
    return KeyringEntry(source, slot, entry, credential, key)


def _listed(secrets: Iterable[PullSecret]) -> Iterator[Note]:
    """What there is to say about the secrets themselves, each fact once."""
    seen: dict[tuple[str, str], int] = {}
    for secret in secrets:
        identity = secret.namespace, secret.name
        times = seen[identity] = seen.get(identity, 0) + 1
        skipped = secret.skipped
        if times == 1 and skipped is not None:
            yield skipped
        elif times == 2:
            yield Note(NoteCode.REPEATED_SECRET, *identity)
