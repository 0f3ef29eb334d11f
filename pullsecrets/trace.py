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

from collections.abc import Iterable, Iterator, Set
from typing import Any, Final

from attrs import frozen

from pullsecrets._go.url import BadURL, glob_matches
from pullsecrets.cluster import Cluster
from pullsecrets.dockerconfig import DockerConfig, InvalidDockerConfig
from pullsecrets.explanation import EntryTrace, Explanation, PodExplanation, Reason, SecretTrace
from pullsecrets.flaws import inspect
from pullsecrets.images import Image
from pullsecrets.keyring import Keyring, KeyringEntry, undecodable
from pullsecrets.makers.made import MadeSecret
from pullsecrets.matching import Mismatch, Pattern, compare, is_default_registry, pattern_matches
from pullsecrets.node.node import Node
from pullsecrets.node.providers import NotAsked, PodAccount
from pullsecrets.node.relevance import EffectivePolicy
from pullsecrets.notes import Note, NoteCode
from pullsecrets.objects import Container, Pod
from pullsecrets.pod_resolution import PodResolution
from pullsecrets.pull_secret import PullSecret
from pullsecrets.registries import DOCKER_HUB_KEY
from pullsecrets.resolution import Candidate, Resolution, Source, SourceKind
from pullsecrets.secrecy import EntryText, printable
from pullsecrets.slips import is_near_host
from pullsecrets.spelling import HUB_ENTRY, is_hub_mistake, unmatchable

__all__ = [
    "explain",
    "explain_all",
    "explain_pod",
]


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


def explain_all(
    cluster: Cluster, answers: Iterable[PodResolution] | None = None
) -> Iterator[PodExplanation]:
    """The explanations of all pods, one after the other, each made when it is asked for.

    Args:
        cluster: The cluster.
        answers: Only these of its answers, if some are known by now.
    """
    tracers: dict[Any, _Tracer] = {}
    for answer in cluster.resolve_all() if answers is None else answers:
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
            note = Note(NoteCode.PROVIDER_UNKNOWN, name=name, detail=str(EntryText(each.pattern)))
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
