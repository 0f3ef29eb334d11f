"""From docker config entries to the ordered candidates for an image: rules 8 and 10 to 15.

The way of an entry, top to bottom:

1. `normalise` makes its key (rule 10), or drops it,
2. `Keyring` sorts the keys, and groups under each its entries by the secret they are in (rule 13),
3. `compare` tells whether a key matches an image's name (rule 12), or what keeps it from it,
4. `Keyring.resolve` walks the keys in order, falls back to Docker Hub's (rule 14), and joins the
   secrets' candidates and the node's (rule 15).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Final

from attrs import field, frozen

from pullsecrets._gourl import BadURL, glob_matches, go_bytes, parse_url, split_host_port
from pullsecrets.dockerconfig import Credential, DockerConfig, InvalidDockerConfig
from pullsecrets.images import Image, InvalidImage
from pullsecrets.pods import PullSecret
from pullsecrets.registries import DOCKER_HUB, DOCKER_HUB_KEY
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


def normalise(entry: str) -> str:
    """The key that the kubelet makes of an entry (rule 10; ``BasicDockerKeyring.Add``).

    A byte that is not part of valid UTF-8 (a key may hold any, escaped) stands as a lone surrogate.

    Raises:
        BadURL: Go cannot parse the entry: the kubelet drops it.

    >>> normalise("https://index.docker.io/v1/")
    'index.docker.io'
    >>> normalise("quay.io/acme")
    'quay.io/acme'
    """
    for scheme in ("https://", "http://"):
        if entry.startswith(scheme):
            entry = entry.removeprefix(scheme)
            break
    host, path = parse_url(entry)
    if path.startswith(("/v1/", "/v2/")):
        path = path[3:]
    return host if path == "/" else host + path


@frozen
class Pattern:
    """A key, or an image's name, taken apart for matching (``ParseSchemelessURL``, ``SplitURL``).

    Attributes:
        labels: The host's dot-separated labels; of a key each is a glob.
        port: The port's digits, empty where there is none.
        path: The path with its first slash, empty where there is none.
    """

    labels: tuple[str, ...]
    port: str
    path: str

    @classmethod
    def parse(cls, text: str) -> Pattern:
        """Parse a key or a name. For a key it is the second time: escapes are decoded twice.

        Raises:
            BadURL: Go cannot parse it: it matches nothing.
        """
        url = parse_url(text)
        host, port = split_host_port(url.host)
        return cls(tuple(host.split(".")), port, url.path)


class Mismatch(Enum):
    """Why a key does not match an image's name: the first of rule 12's conditions that fails."""

    PORT = "port"
    LABEL_COUNT = "label count"
    PATH = "path"
    LABEL = "label"


def compare(key: Pattern, name: Pattern) -> Mismatch | None:
    """Match a key against an image's name (rule 12; ``URLsMatch``): None where it matches."""
    if key.port != name.port:
        return Mismatch.PORT
    if len(key.labels) != len(name.labels):
        return Mismatch.LABEL_COUNT
    if not name.path.startswith(key.path):
        return Mismatch.PATH
    if not all(map(glob_matches, key.labels, name.labels)):
        return Mismatch.LABEL
    return None


def pattern_matches(pattern: str, image_name: str) -> bool:
    """Whether a docker config key matches an image's name (rule 12; ``URLsMatchStr``).

    Args:
        pattern: A key: an entry less its scheme, as `normalise` gives it.
        image_name: A normalised name without tag and digest, as `Image.name` has it.

    >>> pattern_matches("*.example.com/team", "registry.example.com/team-x/app")
    True
    >>> pattern_matches("example.com", "registry.example.com/app")
    False
    """
    try:
        return compare(Pattern.parse(pattern), Pattern.parse(image_name)) is None
    except BadURL:
        return False


def is_default_registry(image_name: str) -> bool:
    """Whether Docker Hub's entries serve an image that nothing else matched (rule 14).

    Only for lack of a dot or a colon in the first component, so ``localhost/app`` is one, too.
    """
    host = image_name.partition("/")[0]
    return host in (DOCKER_HUB, DOCKER_HUB_KEY) or not ("." in host or ":" in host)


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


@frozen
class Group:
    """All entries that come down to one key.

    Attributes:
        key: The key.
        pattern: The key taken apart for matching, None where Go cannot parse it a second time.
        tiers: The entries, one tuple for each slot that has any, in the slots' order (rule 13).
    """

    key: str
    pattern: Pattern | None
    tiers: tuple[tuple[Entry, ...], ...]

    @classmethod
    def of(cls, key: str, slots: Mapping[int, Sequence[Entry]]) -> Group:
        """Build the group of a key from its entries by slot, slots in order."""
        try:
            pattern = Pattern.parse(key)
        except BadURL:
            pattern = None
        return cls(key, pattern, tuple(map(tuple, slots.values())))


@frozen
class Ring:
    """The groups of one of the kubelet's keyrings (``BasicDockerKeyring``).

    Attributes:
        groups: In the order in which they are tried: by key, in reverse byte order (rule 13).
    """

    groups: tuple[Group, ...]

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Ring:
        """Group and sort entries that come in the order of their slots."""
        keys: dict[str, dict[int, list[Entry]]] = {}
        for entry in entries:
            if entry.key is not None:
                keys.setdefault(entry.key, {}).setdefault(entry.slot, []).append(entry)
        ordered = sorted(keys, key=go_bytes, reverse=True)
        return cls(tuple(Group.of(key, keys[key]) for key in ordered))

    def lookup(self, image_name: str) -> list[Group]:
        """The groups that serve an image, in order (rules 12 to 14; ``Lookup``)."""
        try:
            name = Pattern.parse(image_name)
        except BadURL:
            return []
        matching = [g for g in self.groups if g.pattern and compare(g.pattern, name) is None]
        if not matching and is_default_registry(image_name):
            return [g for g in self.groups if g.key == DOCKER_HUB_KEY]
        return matching


def _as_tuple(secrets: Iterable[PullSecret]) -> tuple[PullSecret, ...]:
    return tuple(secrets)


@frozen
class Keyring:
    """The credentials that a pod has, ready to be looked up for many images.

    A secret that does not decode makes each resolution a failure (rule 8); nothing raises.

    Args:
        secrets: The pod's secrets in the order of its list; one listed twice stands here twice.
        node: The node's own docker config.

    Attributes:
        entries: Every entry of every config, in the document's order, dropped ones included. Empty
            where a secret does not decode.
        failure: Why every lookup fails, or None.
        warnings: What was passed over while building.
    """

    secrets: tuple[PullSecret, ...] = field(converter=_as_tuple)
    node: DockerConfig | None = None
    entries: tuple[Entry, ...] = field(init=False, repr=False, eq=False)
    failure: str | None = field(init=False, repr=False, eq=False)
    warnings: tuple[str, ...] = field(init=False, repr=False, eq=False)
    _rings: tuple[Ring, ...] = field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        entries: tuple[Entry, ...] = ()
        failure = None
        try:
            entries = tuple(_entries(self.secrets, self.node))
        except _SecretFails as error:
            failure = str(error)
        node = tuple(entry for entry in entries if entry.source is _NODE)
        of_secrets = entries[: len(entries) - len(node)]
        for name, value in (
            ("entries", entries),
            ("failure", failure),
            ("warnings", tuple(_warnings(self.secrets, entries))),
            ("_rings", (Ring.of(of_secrets), Ring.of(node))),
        ):
            object.__setattr__(self, name, value)

    def resolve(self, image: Image | str) -> Resolution:
        """The candidates for an image, in the kubelet's order. A bad image is a failure, too."""
        if not isinstance(image, Image):
            try:
                image = Image.parse(image)
            except InvalidImage as error:
                return Resolution(image, failure=str(error), warnings=self.warnings)
        if self.failure is not None:
            return Resolution(image, failure=self.failure, warnings=self.warnings)
        tiers = [
            tier
            for ring in self._rings
            for group in ring.lookup(image.name)
            for tier in group.tiers
        ]
        candidates = tuple(
            Candidate(entry.credential, entry.source, entry.entry, entry.key or "", number)
            for number, tier in enumerate(tiers)
            for entry in tier
        )
        return Resolution(image, candidates, warnings=self.warnings)


class _SecretFails(Exception):
    """One secret does not decode, and with it the whole lookup fails (rule 8)."""


def _entries(secrets: Sequence[PullSecret], node: DockerConfig | None) -> Iterator[Entry]:
    for slot, secret in enumerate(secrets):
        source = Source("secret", secret.namespace, secret.name)
        try:
            config = secret.config()
        except InvalidDockerConfig as error:
            raise _SecretFails(
                f"secret {source} does not decode, so no pull of this pod gets any credential: "
                f"{error}"
            ) from None
        if config is not None:
            for entry, credential in config.auths.items():
                yield Entry.read(source, slot, entry, credential)
    if node is not None:
        for entry, credential in node.auths.items():
            yield Entry.read(_NODE, len(secrets), entry, credential)


def _warnings(secrets: Sequence[PullSecret], entries: Iterable[Entry]) -> Iterator[str]:
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
        (entry.source, entry.entry, entry.dropped) for entry in entries if entry.dropped
    ):
        yield f"{source}: entry '{redact_entry(text)}' is dropped, Go's URL parser finds {reason}"
