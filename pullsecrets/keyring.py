"""From docker config entries to the ordered candidates for an image: rules 8, 9 and 13 to 16.

The way of an entry: `normalise` makes its key (rule 10) or drops it, a `Ring` files it under that
key, and a lookup makes the entries of each matching key candidates. The secrets have a ring of
their own, which comes first. The node adds others (rule 15, facts A1 to A4): its docker config, and
what credential providers answer for this image.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from typing import Any, Final

from attrs import evolve, field, frozen

from pullsecrets._go.url import BadURL
from pullsecrets.dockerconfig import Auths, Credential, DockerConfig, InvalidDockerConfig
from pullsecrets.images import Image, InvalidImage
from pullsecrets.makers.made import MadeSecret
from pullsecrets.matching import Ring, normalise
from pullsecrets.node.node import Contribution, Node, as_node
from pullsecrets.node.providers import Asked, PodAccount
from pullsecrets.notes import Note, NoteCode
from pullsecrets.pull_secret import PullSecret
from pullsecrets.resolution import Candidate, Resolution, Source, SourceKind
from pullsecrets.secrecy import EntryText, ImageText

__all__ = ["Keyring", "KeyringEntry", "resolve", "undecodable"]


_NODE: Final = Source(SourceKind.NODE)


@frozen
class KeyringEntry:
    """An entry of a keyring's docker configs, or of a provider's answer.

    Attributes:
        source: Where it is.
        slot: Which of the docker configs it is in; as `Candidate.slot`.
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


@frozen
class _Config:
    """A docker config, or a provider's answer, in its slot."""

    source: Source
    slot: int
    auths: Auths = field(repr=False)
    account: PodAccount | None = None
    made: MadeSecret | None = None  # what its entries are of: their credentials are not known


_Secret = PullSecret | MadeSecret
_Item = tuple[_Config, EntryText]
_Rings = tuple[Ring[_Item], ...]

_MAX_ANSWERS: Final = 4096
_MAX_REMEMBERED: Final = 1024  # characters; no image reference is as long


def _as_tuple(secrets: Iterable[_Secret]) -> tuple[_Secret, ...]:
    return tuple(secrets)


@frozen
class Keyring:
    """The credentials that a pod has, ready to be looked up for many images.

    A secret that does not decode makes each resolution a failure (rule 8); nothing raises. One that
    another program makes makes it partly unknown.

    Two keyrings are equal, and pickle, by what they were built from. Threads may share one.

    Args:
        secrets: The pod's secrets in the order of its list; one that is listed twice is here twice.
            Those that another program makes are among them.
        node: The node, or only its docker config.

    Attributes:
        failure: Why every lookup fails, or None.
        notes: What was passed over while building.
    """

    secrets: tuple[_Secret, ...] = field(converter=_as_tuple)
    node: Node = field(default=None, converter=as_node)
    failure: Note | None = field(init=False, repr=False, eq=False)
    notes: tuple[Note, ...] = field(init=False, repr=False, eq=False)
    _configs: tuple[_Config, ...] = field(init=False, repr=False, eq=False)
    # The secrets' ring; and the node's, if no provider makes it depend on the image.
    _rings: _Rings = field(init=False, repr=False, eq=False)
    # Of secrets that may not be made at all: in the secrets' ring they could hide others.
    _doubtful: Ring[_Item] = field(init=False, repr=False, eq=False)
    # Image and service account → resolution. The pods of a cluster ask for the same few images
    # again and again: resolving 30,000 images takes a tenth of the time. A thread sees all of an
    # answer or none.
    _answers: dict[tuple[ImageText, PodAccount | None], Resolution] = field(
        init=False, repr=False, eq=False, factory=dict
    )

    def __attrs_post_init__(self) -> None:
        configs, failure = _decoded(self.secrets)
        dropped: list[Note] = []
        doubtful = tuple(each for each in configs if each.made and not each.made.certain)
        sure = tuple(each for each in configs if not each.made or each.made.certain)
        rings = [self._ring(sure, dropped)]
        if self.node.docker_config is not None and failure is None:
            node = (_Config(_NODE, len(configs), self.node.docker_config.auths),)
            configs += node
            # Also if it is built again with the answers of providers: for what is dropped.
            rings.append(self._ring(node, dropped))
        for name, value in (
            ("failure", failure),
            ("notes", (*_listed(self.secrets), *dict.fromkeys(dropped))),
            ("_configs", configs),
            ("_rings", tuple(rings)),
            ("_doubtful", self._ring(doubtful, [])),
        ):
            object.__setattr__(self, name, value)

    def __reduce__(self) -> tuple[type[Keyring], tuple[Any, ...]]:
        return Keyring, (self.secrets, self.node)

    @property
    def entries(self) -> tuple[KeyringEntry, ...]:
        """Every entry of the secrets and of the node's docker config, dropped ones included.

        They are in the order of the documents. There are none if a secret does not decode, and
        none of secrets whose credentials are not known.
        """
        known = (config for config in self._configs if config.made is None)
        return tuple(entry for config in known for entry in self._entries(config))

    @property
    def made_entries(self) -> tuple[KeyringEntry, ...]:
        """The known entries of secrets that another program makes; their credential is empty."""
        made = (config for config in self._configs if config.made is not None)
        return tuple(entry for config in made for entry in self._entries(config))

    def answered(self, resolution: Resolution) -> Iterator[tuple[Asked, tuple[KeyringEntry, ...]]]:
        """The providers that are asked for an image, and the entries of their answers.

        Args:
            resolution: What `lookup` gave for the image.
        """
        for asked in resolution.asked:
            entries: tuple[KeyringEntry, ...] = ()
            if asked.response is not None:
                name = asked.provider.name
                slot = self._slots(resolution.asked)[name]
                entries = tuple(self._entries(_Config(_source(name), slot, asked.response.auths)))
            yield asked, entries

    def resolve(
        self, image: Image | ImageText | str, account: PodAccount | None = None
    ) -> Resolution:
        """The candidates for an image, in the kubelet's order. A bad image is a failure, too.

        Args:
            image: The image, or what a container's ``image`` field has.
            account: The pod's service account, as far as credential providers look at it.
        """
        answer = self.lookup(image, account)
        return evolve(answer, notes=self.notes) if self.notes else answer

    def lookup(
        self, image: Image | ImageText | str, account: PodAccount | None = None
    ) -> Resolution:
        """As `resolve`, without the keyring's notes."""
        if isinstance(image, Image):
            return self._resolution(image, ImageText(image.familiar), account)
        if isinstance(image, str):
            image = ImageText(image)
        if not isinstance(image, ImageText):
            return self._parsed(image, account)  # a failure, and perhaps without a hash
        key = image, account if self.node.providers else None
        answer = self._answers.get(key)
        if answer is None:
            answer = self._parsed(*key)
            if len(image.reveal()) <= _MAX_REMEMBERED:
                if len(self._answers) >= _MAX_ANSWERS:
                    self._answers.clear()
                self._answers[key] = answer
        return answer

    def _parsed(self, written: ImageText, account: PodAccount | None) -> Resolution:
        limited = not self.node.kubernetes.name_limit_is_for_the_path
        try:
            image = Image.parse(written, limits_whole_name=limited)
            return self._resolution(image, written, account)
        except InvalidImage as error:
            return Resolution(
                None, error.image, failure=error.note, kubernetes=self.node.kubernetes
            )

    def _resolution(
        self, image: Image, written: ImageText, account: PodAccount | None
    ) -> Resolution:
        release = self.node.kubernetes
        if self.failure is not None:
            return Resolution(image, written, failure=self.failure, kubernetes=release)
        rings, added = self._rings, None
        if self.node.providers:
            added = self.node.contribution(image.name, account)
            rings = (self._rings[0], *self._layers(added))
        found = [(key, items) for ring in rings for key, items in ring.lookup(image.name)]
        candidates = tuple(_candidates(found))
        matching = {
            config.slot
            for _, items in (*found, *self._doubtful.lookup(image.name))
            for config, _ in items
            if config.made is not None
        }
        unknown = tuple(self._unknown(matching))
        serving = dict.fromkeys(source for source, certain in unknown if certain)
        unanswered = () if added is None else added.layers
        providers = (_source(each.name) for layer in unanswered for each in layer.unanswered)
        return Resolution(
            image,
            written,
            candidates,
            consulted=() if added is None else added.consulted,
            unknown=(*dict.fromkeys(source for source, _ in unknown), *providers),
            kubernetes=release,
            serving=tuple(serving),
        )

    def _unknown(self, matching: Set[int]) -> Iterator[tuple[Source, bool]]:
        """The secrets that may give a candidate which is not known; and whether they certainly do.

        Args:
            matching: The slots of those with a known entry that matches.
        """
        for config in self._configs:
            made = config.made
            if made is None or made.skipped is not None:
                continue
            if config.slot in matching:
                yield config.source, made.certain
            elif made.entries is None:
                yield config.source, False

    def _slots(self, asked: Iterable[Asked]) -> Mapping[str | None, int]:
        """The slot of the node's docker config, and of each provider's answer."""
        names = (None, *(each.provider.name for each in asked))
        return {name: slot for slot, name in enumerate(names, len(self.secrets))}

    def _layers(self, added: Contribution) -> Iterator[Ring[_Item]]:
        slots = self._slots(added.asked)
        for layer in added.layers:
            configs = (
                _Config(_source(part.provider), slots[part.provider], part.auths, part.account)
                for part in layer.parts
            )
            yield self._ring(configs, [])

    def _ring(self, configs: Iterable[_Config], dropped: list[Note]) -> Ring[_Item]:
        """The ring of some docker configs; adds to `dropped` what has no key."""
        strict = self.node.kubernetes.strict_url_ports
        return Ring(_keyed(configs, dropped, strict), strict_ports=strict)

    def _entries(self, config: _Config) -> Iterator[KeyringEntry]:
        for entry, credential in config.auths.items():
            subject = config.source, config.slot, entry, credential
            try:
                key = normalise(entry.reveal(), strict_ports=self.node.kubernetes.strict_url_ports)
            except BadURL as error:
                yield KeyringEntry(*subject, None, str(error))
            else:
                yield KeyringEntry(*subject, EntryText(key))


def _source(provider: str | None) -> Source:
    return _NODE if provider is None else Source(SourceKind.PROVIDER, None, provider)


def _candidates(found: Iterable[tuple[str, list[_Item]]]) -> Iterator[Candidate]:
    """Ring after ring (rule 15), key after key, and of each key slot after slot (rule 13)."""
    tier = -1
    for key, items in found:
        last = -1
        for config, entry in items:
            if config.made is not None:
                continue
            tier += config.slot != last
            last = config.slot
            known = config.auths[entry], config.source, entry, EntryText(key), tier, last
            yield Candidate(*known, config.account)


def resolve(
    image: Image | str,
    secrets: Iterable[_Secret],
    node: Node | DockerConfig | None = None,
    *,
    account: PodAccount | None = None,
) -> Resolution:
    """Which credentials the kubelet tries for an image, in order.

    Args:
        image: The image, or what a container's ``image`` field has.
        secrets: The pod's secrets in the order of its list; one that is listed twice counts twice.
        node: The node, or only its docker config.
        account: The pod's service account, as far as credential providers look at it.

    Returns:
        The resolution. Neither a bad image nor a secret that does not decode raises: both are the
        resolution's ``failure``.

    >>> secret = PullSecret.from_credentials("regcred", {"quay.io": ("me", "password")})
    >>> [c.credential.username for c in resolve("quay.io/acme/app", [secret]).candidates]
    ['me']
    >>> resolve("nginx", [secret]).anonymous
    True
    """
    return Keyring(secrets, node).resolve(image, account)


def _decoded(secrets: Iterable[_Secret]) -> tuple[tuple[_Config, ...], Note | None]:
    """The secrets' docker configs, or none of them and why the lookup fails (rule 8)."""
    configs: list[_Config] = []
    for slot, secret in enumerate(secrets):
        source = Source.of(secret)
        if isinstance(secret, MadeSecret):
            entries = secret.entries if secret.skipped is None else None
            auths = Auths(dict.fromkeys(entries or (), Credential()))
            configs.append(_Config(source, slot, auths, made=secret))
            continue
        try:
            config = secret.config() or DockerConfig()
        except InvalidDockerConfig as error:
            return (), undecodable(secret, error)
        configs.append(_Config(source, slot, config.auths))
    return tuple(configs), None


def undecodable(secret: PullSecret, error: InvalidDockerConfig) -> Note:
    """The note on a secret that does not decode."""
    code = NoteCode.UNDECODABLE_SECRET
    return Note(code, secret.namespace, secret.name, detail=str(error), path=error.path)


def _keyed(
    configs: Iterable[_Config], dropped: list[Note], strict_ports: bool
) -> Iterator[tuple[str, _Item]]:
    for config in configs:
        for entry in config.auths:
            try:
                yield normalise(entry.reveal(), strict_ports=strict_ports), (config, entry)
            except BadURL as error:
                subject = NoteCode.DROPPED_ENTRY, config.source.namespace, config.source.name
                dropped.append(Note(*subject, entry=entry, detail=str(error)))


def _listed(secrets: Iterable[_Secret]) -> Iterator[Note]:
    """What there is to say about the secrets themselves, each fact once."""
    seen: dict[tuple[str | None, str], int] = {}
    for secret in secrets:
        identity = secret.namespace, secret.name
        times = seen[identity] = seen.get(identity, 0) + 1
        note = secret.note if isinstance(secret, MadeSecret) else secret.skipped
        if times == 1 and note is not None:
            yield note
        elif times == 2:
            yield Note(NoteCode.REPEATED_SECRET, *identity)
