"""Why each entry of each secret is, or is not, a candidate: the trace of a resolution.

Nothing is matched here a second time: the candidates are those of `Keyring.resolve`, the entries
those of `Keyring.entries`, and what keeps a key from an image is what `compare` says.

>>> from pullsecrets import DockerConfig
>>> node = DockerConfig.from_json('{"auths": {"quay.io": {"auth": "dXNlcjpwYXNz"}, "ghcr.io": {}}}')
>>> for entry in explain("quay.io/acme/api", [], node).entries:
...     print(entry.entry, "-", entry.sentence)
quay.io - candidate 1
ghcr.io - no match, the host: ghcr, the image has quay
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from enum import Enum
from itertools import groupby, islice
from types import MappingProxyType
from typing import Any, Final, overload

from attrs import field, frozen

from pullsecrets._go.url import BadURL, glob_matches
from pullsecrets.spelling import is_hub_mistake, unmatchable
from pullsecrets.dockerconfig import DockerConfig, InvalidDockerConfig
from pullsecrets.images import Image
from pullsecrets.keyring import (
    Admission,
    Candidate,
    Keyring,
    Mismatch,
    Pattern,
    Resolution,
    Source,
    compare,
    is_default_registry,
)
from pullsecrets.objects import Pod, PullSecret
from pullsecrets.registries import DOCKER_HUB_KEY
from pullsecrets.cluster import Cluster, ImageResolution
from pullsecrets.secrecy import printable, redact_entry

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


class Reason(Enum):
    """Why something is no candidate: the first rule that failed.

    The first four are about a whole secret, the others about an entry.
    """

    NAMELESS = "nameless"
    """The reference in the list has no name (rule 4)."""
    MISSING = "missing"
    """There is no secret of that name in the namespace (rule 4)."""
    SKIPPED = "skipped"
    """Wrong type, or no value where the type wants one (rule 7)."""
    UNDECODABLE = "undecodable"
    """The secret does not decode, and the lookup fails with it (rule 8)."""

    FAILED = "failed"
    """The lookup fails as a whole, for another secret or the image; the entry is not asked."""
    DROPPED = "dropped"
    """Go cannot parse the entry: the kubelet drops it (rule 10)."""
    SPELLING = "spelling"
    """It is spelled so that it matches no image at all (rules 10 to 12)."""
    PORT = "port"
    """The ports differ (rule 12)."""
    LABEL_COUNT = "label count"
    """The hosts have different numbers of labels (rule 12)."""
    LABEL = "label"
    """A label of the host does not match (rule 12)."""
    PATH = "path"
    """The key's path is no prefix of the image's (rule 12)."""
    HIDDEN = "hidden"
    """Docker Hub's entry, and another one matched (rule 14)."""


_MISMATCH: Final = {
    Mismatch.PORT: Reason.PORT,
    Mismatch.LABEL_COUNT: Reason.LABEL_COUNT,
    Mismatch.PATH: Reason.PATH,
    Mismatch.LABEL: Reason.LABEL,
}

_WHAT: Final = {
    Reason.PORT: "the port",
    Reason.LABEL_COUNT: "the number of labels",
    Reason.LABEL: "the host",
    Reason.PATH: "the path",
}


_SEVERAL: Final = 2


@frozen
class EntryTrace:
    """The verdict on one entry of a docker config.

    Attributes:
        source: The secret that it stands in, or the node.
        entry: The entry as written. It may hold a password, in ``https://user:password@host``:
            show it only through ``redact_entry``.
        key: What the kubelet makes of it (rule 10), None where it drops it.
        username: The user it logs in as.
        number: The number of the candidate that it is, counted from 1 in the order in which they
            are tried; None where it is none.
        tier: The candidate's tier, None where it is none.
        reason: Why it is no candidate; None where it is one.
        in_key: What stands in the key, where `reason` compares two things; else empty.
        in_image: What stands in the image's name beside it; else empty.
        message: What is wrong, where there is nothing to compare; safe to show.
    """

    source: Source
    entry: str = field(repr=redact_entry)
    key: str | None = field(repr=lambda key: repr(key and redact_entry(key)))
    username: str
    number: int | None = None
    tier: int | None = None
    reason: Reason | None = None
    in_key: str = field(default="", repr=printable)
    in_image: str = ""
    message: str = ""

    @property
    def sentence(self) -> str:
        """The verdict in words, safe to show."""
        if self.reason is None:
            return f"candidate {self.number}"
        if self.reason in _WHAT:
            return printable(
                f"no match, {_WHAT[self.reason]}: {self.in_key}, the image has {self.in_image}"
            )
        return self.message


@frozen
class SecretTrace:
    """The verdict on one secret of the list, or on the node's docker config.

    Attributes:
        source: The secret, or the node. A reference without a name has an empty one.
        position: Where it stands in the list, counted from 0; None for the node.
        reason: Why the secret as a whole gives nothing; None where its entries are asked.
        message: What is wrong with the secret, safe to show; empty where nothing is.
        entries: The verdicts on its entries, in the document's order.
    """

    source: Source
    position: int | None
    reason: Reason | None = None
    message: str = ""
    entries: tuple[EntryTrace, ...] = ()


@frozen
class Explanation:
    """Why an image has the candidates that it has.

    Attributes:
        resolution: What the kubelet tries; its candidates are the numbered entries.
        secrets: Each secret of the list, in its order, then the node's config where there is one.
        pod: The pod, where one was asked about.
        container: The name of the container or the volume, where a pod was asked about.
        kind: ``container``, ``init``, ``ephemeral`` or ``volume``; empty without a pod.
        written: The image as it stands in the manifest.
    """

    resolution: Resolution
    secrets: tuple[SecretTrace, ...]
    pod: Pod | None = field(default=None, repr=lambda pod: pod and f"<{pod.kind} {pod.name!r}>")
    container: str = ""
    kind: str = ""
    written: str = ""

    @property
    def image(self) -> Image | str:
        """The image; the string as written where it is no image reference."""
        return self.resolution.image

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
        resolution = self.resolution
        if resolution.failure is not None:
            return printable(resolution.failure)
        if resolution.anonymous:
            asked = len(self.entries)
            if asked < _SEVERAL:
                none = "the only entry does not match" if asked else "there is no credential to try"
                return f"pulled anonymously: {none}"
            return f"pulled anonymously: none of {asked} entries matches"
        count = len(resolution.candidates)
        order = "" if resolution.is_deterministic else ", partly in an order left to chance"
        return f"{count} candidate{'s' if count > 1 else ''}{order}"

    def to_records(self) -> list[dict[str, Any]]:
        """One flat dict for each entry, and for each secret without any: for a data frame."""
        from pullsecrets.display.records import explanation_records

        return explanation_records(self)

    def _repr_html_(self) -> str:
        from pullsecrets.display.html import explanation_html

        return explanation_html(self)

    def __rich__(self) -> Any:
        from pullsecrets.display.terminal import explanation_tree

        return explanation_tree(self)


@frozen
class PodExplanation(Sequence[Explanation]):
    """Why the images of a pod have the candidates that they have: a sequence of explanations.

    Attributes:
        pod: The pod.
        images: The explanation of each image, in the order of `Pod.images`.
        admission: Which list of secrets the pod has; None for a pod without images.
        warnings: What was passed over on the way.
    """

    pod: Pod
    images: tuple[Explanation, ...]

    @property
    def admission(self) -> Admission | None:  # noqa: D102 - described above
        return self.images[0].resolution.admission if self.images else None

    @property
    def warnings(self) -> tuple[str, ...]:  # noqa: D102 - described above
        return tuple(dict.fromkeys(w for each in self.images for w in each.resolution.warnings))

    @overload
    def __getitem__(self, index: int) -> Explanation: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Explanation, ...]: ...

    def __getitem__(self, index: int | slice) -> Explanation | tuple[Explanation, ...]:
        return self.images[index]

    def __len__(self) -> int:
        return len(self.images)

    def to_records(self) -> list[dict[str, Any]]:
        """The records of all its images, one after the other."""
        return [record for each in self.images for record in each.to_records()]

    def _repr_html_(self) -> str:
        from pullsecrets.display.html import pod_explanation_html

        return pod_explanation_html(self)

    def __rich__(self) -> Any:
        from pullsecrets.display.terminal import pod_tree

        return pod_tree(self)


def explain(
    image: Image | str, secrets: Iterable[PullSecret], node: DockerConfig | None = None
) -> Explanation:
    """Why each entry of each secret is, or is not, a candidate for an image.

    Args:
        image: The image, or what stands in a container's ``image`` field.
        secrets: The pod's secrets in the order of its list; one listed twice counts twice.
        node: The node's own docker config.

    Returns:
        The trace. As with `resolve`, nothing raises: a bad image and a secret that does not decode
        stand in it.
    """
    keyring = Keyring(secrets, node)
    listed = _Listed.of(keyring, [(each.namespace, each.name, each) for each in keyring.secrets])
    written = str(image) if isinstance(image, Image) else image
    return listed.explain(keyring.resolve(image), written=written)


def explain_pod(cluster: Cluster, pod: Pod) -> PodExplanation:
    """Why each image of a pod has the candidates that it has; `Cluster.explain` calls this."""
    return _Memory(cluster).explain(pod, cluster.resolve(pod))


def explain_all(cluster: Cluster) -> Iterator[PodExplanation]:
    """The explanations of all pods, one after the other."""
    answers = cluster.resolve_all()
    memory = _Memory(cluster)
    for pod in cluster.pods:
        yield memory.explain(pod, islice(answers, len(pod.images)))


_Key = tuple["str | None", "Pattern | None"]
"""What is wrong with a key's spelling, and the key taken apart where nothing is."""

_Reference = tuple[str, str, "PullSecret | None"]
"""A namespace, a name in a list, and the secret of that name."""


class _Memory:
    """What is known of a cluster, for one pod after the other."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._lists: dict[tuple[str, tuple[str, ...]], _Listed] = {}
        self._keys: dict[str, _Key] = {}

    def explain(self, pod: Pod, answers: Iterable[ImageResolution]) -> PodExplanation:
        images = []
        for answer in answers:
            names = answer.admission.pull_secrets
            listed = self._lists.get((pod.namespace, names))
            if listed is None:
                listed = self._lists[pod.namespace, names] = self._listed(pod.namespace, names)
            images.append(
                listed.explain(
                    answer.resolution, pod, answer.container, answer.kind, answer.written
                )
            )
        return PodExplanation(pod, tuple(images))

    def _listed(self, namespace: str, names: Sequence[str]) -> _Listed:
        found = [(namespace, name, self._cluster.secret(namespace, name)) for name in names]
        there = [secret for _, name, secret in found if name and secret is not None]
        hints = {
            name: f"; there is one in namespace {', '.join(others)}"
            for _, name, secret in found
            if secret is None and (others := self._cluster.namespaces_with(name))
        }
        return _Listed.of(Keyring(there, self._cluster.node), found, hints, self._keys)


_MAX_TRACES: Final = 256  # of one list


@frozen
class _Listed:
    """A list of secrets; one serves many images.

    Attributes:
        parts: What each secret's trace is before its entries are asked, and the entries.
        keys: Keys that were seen.
        traces: Image as written → the traces: many pods of a workload ask for the same.
    """

    parts: tuple[tuple[SecretTrace, Sequence[Any]], ...]
    keys: dict[str, _Key]
    traces: dict[str, tuple[SecretTrace, ...]] = field(factory=dict)

    @classmethod
    def of(
        cls,
        keyring: Keyring,
        references: Iterable[_Reference],
        hints: Mapping[str, str] = MappingProxyType({}),
        keys: dict[str, _Key] | None = None,
    ) -> _Listed:
        parts = tuple(_parts(keyring, references, hints))
        return cls(parts, {} if keys is None else keys)

    def explain(
        self,
        resolution: Resolution,
        pod: Pod | None = None,
        container: str = "",
        kind: str = "",
        written: str = "",
    ) -> Explanation:
        traces = self.traces.get(written)
        if traces is None:
            if len(self.traces) >= _MAX_TRACES:
                self.traces.clear()
            tracer = _Tracer(self.keys, resolution)
            traces = self.traces[written] = tuple(
                SecretTrace(
                    part.source,
                    part.position,
                    part.reason,
                    part.message,
                    tuple(map(tracer.trace, entries)),
                )
                for part, entries in self.parts
            )
        return Explanation(resolution, traces, pod, container, kind, written)


def _parts(
    keyring: Keyring, references: Iterable[_Reference], hints: Mapping[str, str]
) -> Iterator[tuple[SecretTrace, Sequence[Any]]]:
    slots = iter(_slots(keyring))
    for position, (namespace, name, secret) in enumerate(references):
        source = Source("secret", namespace, name)
        entries: Sequence[Any] = ()
        reason = None
        message = ""
        if not name:
            reason, message = Reason.NAMELESS, "the reference has no name: it is skipped"
        elif secret is None:
            reason = Reason.MISSING
            message = f"not among the manifests: a pull goes on without it{hints.get(name, '')}"
        else:
            slot = next(slots)
            if isinstance(slot, str):
                reason, message = Reason.UNDECODABLE, slot
            elif secret.skipped is not None:
                reason, message = Reason.SKIPPED, f"skipped: {secret.skipped}"
            elif slot:
                entries = slot
            else:
                message = "holds no entry"
        yield SecretTrace(source, position, reason, printable(message)), entries
    if keyring.node is not None:
        yield SecretTrace(Source("node"), None), next(slots)


def _slots(keyring: Keyring) -> list[Any]:
    """The entries of each secret that is there, then the node's; why, where one has none."""
    if keyring.failure is not None:
        return [*map(_entries, keyring.secrets), Keyring((), keyring.node).entries]
    slots = {
        slot: tuple(entries) for slot, entries in groupby(keyring.entries, lambda entry: entry.slot)
    }
    return [slots.get(slot, ()) for slot in range(len(keyring.secrets) + 1)]


def _entries(secret: PullSecret) -> Any:
    """The entries of a secret by itself; why, where it does not decode."""
    try:
        secret.config()
    except InvalidDockerConfig as error:
        return f"does not decode: {error}"
    return Keyring((secret,)).entries


class _Tracer:
    """Gives the entries of a keyring their verdicts for one image."""

    def __init__(self, keys: dict[str, _Key], resolution: Resolution) -> None:
        self._keys = keys
        self._resolution = resolution
        self._name: Pattern | None = None
        self._first: dict[bool, Candidate] = {}
        # The entries of a secret that is listed twice are alike but for their slots, and these
        # are tried in order (rule 13).
        self._numbers: dict[tuple[Source, str], deque[int]] = defaultdict(deque)
        for number, candidate in enumerate(resolution.candidates, 1):
            self._numbers[candidate.source, candidate.entry].append(number)
            self._first.setdefault(candidate.source.kind == "node", candidate)
        self._of_hub = False
        if isinstance(resolution.image, Image):
            self._of_hub = resolution.image.registry.is_docker_hub
            with suppress(BadURL):
                self._name = Pattern.parse(resolution.image.name)

    def trace(self, entry: Any) -> EntryTrace:
        numbers = self._numbers.get((entry.source, entry.entry))
        subject = entry.source, entry.entry, entry.key, entry.credential.username
        if numbers:
            number = numbers.popleft()
            return EntryTrace(*subject, number, self._resolution.candidates[number - 1].tier)
        return EntryTrace(*subject, None, None, *self._verdict(entry.key, entry))

    def _verdict(self, key: str | None, entry: Any) -> tuple[Reason, str, str, str]:
        """The reason, what stands in key and image, and the message where nothing does."""
        if key is None:
            return Reason.DROPPED, "", "", f"dropped: Go's URL parser finds {entry.dropped}"
        image = self._resolution.image
        if self._resolution.failure is not None or not isinstance(image, Image):
            return Reason.FAILED, "", "", "not asked: the lookup fails as a whole"
        first = self._first.get(entry.source.kind == "node")
        if key == DOCKER_HUB_KEY and is_default_registry(image.name) and first is not None:
            message = f"hidden: '{redact_entry(first.entry)}' of {first.source} matches by itself"
            return Reason.HIDDEN, "", "", message
        spelling, pattern = self._keys.get(key) or self._known(key)
        if spelling is None and self._of_hub and is_hub_mistake(key):
            spelling = "the credentials of Docker Hub stand under https://index.docker.io/v1/"
        if spelling is not None:
            return Reason.SPELLING, "", "", printable(f"no match, the spelling: {spelling}")
        if self._name is None:
            return Reason.SPELLING, "", "", "no match: Go's URL parser refuses the image's name"
        return *_side_by_side(pattern or Pattern.parse(key), self._name), ""

    def _known(self, key: str) -> _Key:
        spelling = unmatchable(key)
        known = self._keys[key] = spelling, Pattern.parse(key) if spelling is None else None
        return known


def _side_by_side(key: Pattern, name: Pattern) -> tuple[Reason, str, str]:
    """The first of rule 12's conditions that fails, with what stands in the key and the image."""
    mismatch = compare(key, name)
    if mismatch is Mismatch.PORT:
        parts = key.port or "none", name.port or "none"
    elif mismatch is Mismatch.LABEL_COUNT:
        parts = _counted(key.labels), _counted(name.labels)
    elif mismatch is Mismatch.PATH:
        parts = key.path, name.path
    else:
        parts = next(
            pair for pair in zip(key.labels, name.labels, strict=True) if not glob_matches(*pair)
        )
    return (_MISMATCH[mismatch or Mismatch.LABEL], *parts)


def _counted(labels: tuple[str, ...]) -> str:
    return f"{len(labels)} in {'.'.join(labels)}"
