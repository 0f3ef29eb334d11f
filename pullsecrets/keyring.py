"""From docker config entries to the ordered candidates for an image: rules 8 and 10 to 15.

The way of an entry:

1. `normalise` makes its key (rule 10), or drops it,
2. `Ring`, the index, sorts the entries by their keys, once for the secrets and once for the node,
3. its `lookup` finds the keys that match an image's name (rule 12), in their order (rule 13), or
   falls back to Docker Hub's (rule 14),
4. `Keyring` makes the entries under those keys candidates, the secrets' first (rule 15).

What matching means stands in `compare`, key by key; the index comes to the same with fewer looks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from attrs import field, frozen

from pullsecrets._go.url import BadURL
from pullsecrets._index import Group, Name, Ring, is_default_registry
from pullsecrets.matching import Mismatch, Pattern, compare, normalise, pattern_matches
from pullsecrets.dockerconfig import Credential, DockerConfig, InvalidDockerConfig
from pullsecrets.images import Image, InvalidImage
from pullsecrets.objects import PullSecret
from pullsecrets.secrecy import printable, redact_entry

__all__ = [
    "Candidate",
    "Keyring",
    "Mismatch",
    "Pattern",
    "Resolution",
    "Source",
    "compare",
    "is_default_registry",
    "normalise",
    "pattern_matches",
]


@frozen
class Source:
    """Where a credential comes from.

    Attributes:
        kind: ``secret`` or ``node``.
        namespace: The secret's namespace, None for the node.
        name: The secret's name, None for the node.
    """

    kind: str
    namespace: str | None = None
    name: str | None = None

    def __str__(self) -> str:
        if self.kind == "node":
            return "node"
        return printable(f"{self.namespace}/{self.name}")


_NODE: Final = Source("node")


@frozen
class Candidate:
    """A credential that the kubelet tries for an image.

    Attributes:
        credential: What it logs in with.
        source: The secret, or the node.
        entry: The docker config's entry as written. It may hold a password, in
            ``https://user:password@host``: show it only through ``redact_entry``.
        key: What the kubelet makes of the entry (rule 10).
        tier: Which tier it is in, counted from 0. The kubelet tries tier after tier, but leaves
            the order within a tier to chance (rule 13); here it is the document's.
    """

    credential: Credential
    source: Source
    entry: str = field(repr=redact_entry)
    key: str = field(repr=redact_entry)
    tier: int


@frozen
class Resolution:
    """Which credentials the kubelet tries for an image.

    Attributes:
        image: The image; the string where it is no image reference.
        candidates: The credentials in the order in which they are tried.
        failure: None, or why the lookup fails as a whole: the image is no reference, or a secret
            does not decode (rule 8). Then nothing is tried at all.
        warnings: What was passed over on the way: missing, skipped, nameless and repeated secrets,
            dropped entries.
        admission: Whose list of secrets was used; None where no pod was asked about.
    """

    image: Image | str
    candidates: tuple[Candidate, ...] = ()
    failure: str | None = None
    warnings: tuple[str, ...] = ()
    admission: Admission | None = None

    @property
    def anonymous(self) -> bool:
        """Whether the kubelet pulls without credentials: only with no candidate (rule 16)."""
        return not self.candidates and self.failure is None

    @property
    def tiers(self) -> tuple[tuple[Candidate, ...], ...]:
        """The candidates, tier by tier."""
        tiers: list[list[Candidate]] = []
        for candidate in self.candidates:
            if candidate.tier == len(tiers):
                tiers.append([])
            tiers[candidate.tier].append(candidate)
        return tuple(map(tuple, tiers))

    @property
    def is_deterministic(self) -> bool:
        """Whether no tier holds two different credentials, so that every pull goes alike."""
        return all(
            len({(c.credential.username, c.credential.password) for c in tier}) == 1
            for tier in self.tiers
        )

    def to_records(self) -> list[dict[str, Any]]:
        """One flat dict for each candidate: for a data frame."""
        from pullsecrets.display.records import resolution_records

        return resolution_records(self)

    def _repr_html_(self) -> str:
        from pullsecrets.display.html import resolution_html

        return resolution_html(self)

    def __rich__(self) -> Any:
        from pullsecrets.display.terminal import resolution_table

        return resolution_table(self)


@frozen
class Admission:
    """Which list of secrets a pod has, and whose it was (rules 1 to 3).

    Attributes:
        origin: ``pod`` (its own list), ``service-account``, ``stored-pod`` (read from a cluster:
            its list already is the outcome) or ``mirror-pod`` (of a static pod: no list).
        service_account: The service account's name.
        pull_secrets: The names in the list that was used.
    """

    origin: str
    service_account: str
    pull_secrets: tuple[str, ...]


@frozen
class Entry:
    """A docker config's entry on the way to being a candidate.

    Attributes:
        source: Where it stands.
        slot: Which of the keyring's configs it stands in, counted from 0 in the order of the
            secrets; a secret listed twice takes two slots, the node's config is the last.
        entry: The entry as written. Show it only through ``redact_entry``.
        credential: What it gives.
        key: Its key, None where the kubelet drops it.
        dropped: Why it is dropped, or None.
    """

    source: Source
    slot: int
    entry: str = field(repr=redact_entry)
    credential: Credential
    key: str | None = field(repr=lambda key: repr(key and redact_entry(key)))
    dropped: str | None = None

    @classmethod
    def read(cls, source: Source, slot: int, entry: str, credential: Credential) -> Entry:
        """Give the entry its key, or drop it (rule 10)."""
        try:
            return cls(source, slot, entry, credential, normalise(entry))
        except BadURL as error:
            return cls(source, slot, entry, credential, None, str(error))


def _as_tuple(secrets: Iterable[PullSecret]) -> tuple[PullSecret, ...]:
    return tuple(secrets)


# Where a config's entries come from, and the entries.
_Config = tuple[Source, Mapping[str, Credential]]

_MAX_ANSWERS: Final = 4096
_MAX_REMEMBERED: Final = 1024  # characters; no image reference is as long


def _memory() -> Any:
    return field(init=False, repr=False, eq=False, factory=dict)


@frozen
class Keyring:
    """The credentials that a pod has, ready to be looked up for many images.

    A secret that does not decode makes each resolution a failure (rule 8); nothing raises.

    Two keyrings are equal, and pickle, by what they were built from. Threads may share one.

    Args:
        secrets: The pod's secrets in the order of its list; one listed twice stands here twice.
        node: The node's own docker config.

    Attributes:
        failure: Why every lookup fails, or None.
        warnings: What was passed over while building.
    """

    secrets: tuple[PullSecret, ...] = field(converter=_as_tuple)
    node: DockerConfig | None = None
    failure: str | None = field(init=False, repr=False, eq=False)
    warnings: tuple[str, ...] = field(init=False, repr=False, eq=False)
    _configs: tuple[_Config, ...] = field(init=False, repr=False, eq=False)
    _rings: tuple[Ring, ...] = field(init=False, repr=False, eq=False)
    _entries: tuple[Entry, ...] | None = field(init=False, repr=False, eq=False, default=None)
    # What was found before: groups → candidates, and image as written → answer. All are values, and
    # each is looked up or stored in one step, so that no thread sees half of one.
    _served: dict[tuple[Group, ...], tuple[Candidate, ...]] = _memory()
    _answers: dict[str, Resolution] = _memory()

    def __attrs_post_init__(self) -> None:
        failure = None
        try:
            configs = tuple(_configs(self.secrets, self.node))
        except _SecretFails as error:
            configs = ()
            failure = str(error)
        numbered = list(enumerate(configs))
        last = len(self.secrets)
        rings = tuple(
            Ring((slot, auths) for slot, (_, auths) in ring)
            for ring in (numbered[:last], numbered[last:])
        )
        for name, value in (
            ("failure", failure),
            ("warnings", tuple(_warnings(self.secrets, configs, rings))),
            ("_configs", configs),
            ("_rings", tuple(filter(None, rings))),
        ):
            object.__setattr__(self, name, value)

    def __reduce__(self) -> tuple[type[Keyring], tuple[Any, ...]]:
        return Keyring, (self.secrets, self.node)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Every entry of every config, in the document's order, dropped ones included.

        Empty where a secret does not decode.
        """
        # Lookups do without, so they are made when they are asked for.
        if self._entries is None:
            entries = tuple(
                Entry.read(source, slot, entry, credential)
                for slot, (source, auths) in enumerate(self._configs)
                for entry, credential in auths.items()
            )
            object.__setattr__(self, "_entries", entries)
            return entries
        return self._entries

    def resolve(self, image: Image | str) -> Resolution:
        """The candidates for an image, in the kubelet's order. A bad image is a failure, too."""
        if isinstance(image, Image):
            return self._resolve(image)
        if type(image) is not str:  # which may not even be hashable
            return self._resolve_text(image)
        answer = self._answers.get(image)
        if answer is None:
            answer = self._resolve_text(image)
            if len(image) <= _MAX_REMEMBERED:
                if len(self._answers) >= _MAX_ANSWERS:
                    self._answers.clear()
                self._answers[image] = answer
        return answer

    def _resolve_text(self, text: str) -> Resolution:
        try:
            image = Image.parse(text)
        except InvalidImage as error:
            return Resolution(text, failure=str(error), warnings=self.warnings)
        return self._resolve(image)

    def _resolve(self, image: Image) -> Resolution:
        return Resolution(image, self.lookup(Name.of(image.name)), self.failure, self.warnings)

    def lookup(self, name: Name) -> tuple[Candidate, ...]:
        """The candidates for an image's name: the secrets', then the node's (rule 15).

        None of them where a secret does not decode; `failure` tells why.
        """
        groups = tuple([group for ring in self._rings for group in ring.lookup(name)])
        candidates = self._served.get(groups)
        if candidates is None:
            candidates = tuple(self._candidates(groups))
            if len(self._served) >= _MAX_ANSWERS:
                self._served.clear()
            self._served[groups] = candidates
        return candidates

    def _candidates(self, groups: Iterable[Group]) -> Iterator[Candidate]:
        """Key after key, and of each key slot after slot (rule 13)."""
        tier = -1
        for group in groups:
            last = -1
            for slot, entry in group.spellings:
                tier += slot != last
                last = slot
                source, auths = self._configs[slot]
                yield Candidate(auths[entry], source, entry, group.key, tier)


class _SecretFails(Exception):
    """One secret does not decode, and with it the whole lookup fails (rule 8)."""


def _configs(secrets: Sequence[PullSecret], node: DockerConfig | None) -> Iterator[_Config]:
    """The configs by their slots: one for each secret, be it skipped, and the node's."""
    for secret in secrets:
        source = Source("secret", secret.namespace, secret.name)
        try:
            config = secret.config()
        except InvalidDockerConfig as error:
            raise _SecretFails(
                f"secret {source} does not decode, so no pull of this pod gets any credential: "
                f"{error}"
            ) from None
        yield source, config.auths if config is not None else {}
    if node is not None:
        yield _NODE, node.auths


def _warnings(
    secrets: Sequence[PullSecret], configs: Sequence[_Config], rings: Iterable[Ring]
) -> Iterator[str]:
    """What was passed over, each once."""
    seen: set[tuple[str, str]] = set()
    repeated: set[tuple[str, str]] = set()
    for secret in secrets:
        identity = secret.namespace, secret.name
        name = printable("/".join(identity))
        if identity not in seen and secret.skipped is not None:
            yield f"secret {name} is skipped: {secret.skipped}"
        if identity in seen and identity not in repeated:
            repeated.add(identity)
            yield f"secret {name} is listed more than once: its credentials are tried each time"
        seen.add(identity)
    for source, text, reason in dict.fromkeys(
        (configs[slot][0], entry, reason)
        for ring in rings
        for (slot, entry), reason in ring.dropped
    ):
        yield f"{source}: entry '{redact_entry(text)}' is dropped, Go's URL parser finds {reason}"
