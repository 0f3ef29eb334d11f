"""The containers of a cluster's pods on one node, and the node's records the other way round.

What `pullsecrets present` shows: for each container what happens and what would change it; for
each record whom it lets use an image, and whom it stops.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from attrs import frozen

from pullsecrets.cluster import Cluster
from pullsecrets.dockerconfig import InvalidDockerConfig
from pullsecrets.images import Image, InvalidImage
from pullsecrets.makers.made import MadeSecret
from pullsecrets.node.images import NodeImages
from pullsecrets.node.recorded import PullCredentials, RecordedSecret, credential_hash
from pullsecrets.node.records import Pull, PullRecords, name_in_records
from pullsecrets.node.verification import Verification, VerificationPolicy
from pullsecrets.objects import Container, Pod
from pullsecrets.pod_resolution import ImageResolution
from pullsecrets.present import PullDecision, PullOutcome, decide_resolved
from pullsecrets.pull_policy import PullPolicy
from pullsecrets.pull_secret import PullSecret
from pullsecrets.resolution import Resolution
from pullsecrets.secrecy import ImageText, printable

__all__ = [
    "Change",
    "ChangeCode",
    "ContainerDecision",
    "NameInRecord",
    "NodeState",
    "RecordedImage",
    "SecretState",
    "decide_pod",
    "recorded_images",
]


@frozen
class NodeState:
    """What is on a node, for its kubelet to decide by.

    Attributes:
        images: The images that its runtime lists.
        records: Its kubelet's records.
    """

    images: NodeImages = NodeImages()
    records: PullRecords = PullRecords()


class ChangeCode(StrEnum):
    """What can be done about a decision."""

    PULL_POLICY = "pull-policy"
    NODE_PULL = "node-pull"
    ALLOWLIST = "allowlist"


_SENTENCES: Final = {
    ChangeCode.PULL_POLICY: "with imagePullPolicy: {} the registry decides",
    ChangeCode.NODE_PULL: "after a pull with a credential of the node, or none, every pod uses it",
    ChangeCode.ALLOWLIST: "with {} in preloadedImagesVerificationAllowlist every pod uses it",
}


@frozen
class Change:
    """Something that would change a decision. That it would was found by deciding again.

    Attributes:
        code: What.
        value: The pull policy, or the entry of the allowlist; empty where there is nothing to set.
        outcome: What the kubelet would do then.
    """

    code: ChangeCode
    value: str
    outcome: PullOutcome

    def __str__(self) -> str:
        return printable(_SENTENCES[self.code].format(self.value))


@frozen
class ContainerDecision:
    """What happens when a container starts on a node.

    Attributes:
        pod: The pod.
        container: The container, or the image volume.
        image_id: The id of its image on the node, None where it is not there.
        decision: What the kubelet does.
        changes: What would change it; empty where the image is used.
    """

    pod: Pod
    container: Container
    image_id: str | None
    decision: PullDecision
    changes: tuple[Change, ...] = ()


def decide_pod(cluster: Cluster, pod: Pod, state: NodeState) -> tuple[ContainerDecision, ...]:
    """What happens with each image of a pod that starts on a node.

    Args:
        cluster: The cluster, with the node.
        pod: The pod.
        state: What is on the node.
    """
    answer = cluster.resolve(pod)
    secrets = cluster.keyring(pod.namespace, answer.admission.pull_secrets, pod.place).secrets
    return tuple(_decide(cluster, pod, image, secrets, state) for image in answer.images)


def _decide(
    cluster: Cluster,
    pod: Pod,
    image: ImageResolution,
    secrets: tuple[PullSecret | MadeSecret, ...],
    state: NodeState,
) -> ContainerDecision:
    container, resolution = image.container, image.resolution
    verification = cluster.node.verification or Verification()
    written = cluster.pull_policy(pod, container)
    image_id = None if resolution.image is None else state.images.id_of(resolution.image)

    def decision_with(
        policy: str | None, verification: Verification, records: PullRecords
    ) -> PullDecision:
        return decide_resolved(
            resolution,
            secrets,
            pull_policy=policy,
            image_id=image_id,
            verification=verification,
            records=records,
        )

    decision = decision_with(written, verification, state.records)
    changes: list[Change] = []
    if decision.outcome is PullOutcome.REFUSE:
        policy = PullPolicy.IF_NOT_PRESENT
        outcome = decision_with(policy, verification, state.records).outcome
        changes.append(Change(ChangeCode.PULL_POLICY, policy, outcome))
    if decision.outcome in (PullOutcome.REFUSE, PullOutcome.PULL) and image_id is not None:
        pulled = Pull(resolution.written, image_id)
        changed = _changed(resolution, pulled, verification, state.records)
        for code, value, changed_verification, records in changed:
            outcome = decision_with(written, changed_verification, records).outcome
            if outcome is PullOutcome.USE:
                changes.append(Change(code, value, outcome))
    return ContainerDecision(pod, container, image_id, decision, tuple(changes))


def _changed(
    resolution: Resolution, pull: Pull, verification: Verification, records: PullRecords
) -> Iterator[tuple[ChangeCode, str, Verification, PullRecords]]:
    """The node with what might let every pod use an image."""
    release, image = resolution.kubernetes, resolution.written
    if not verification.is_on(release):
        return
    never = datetime(1970, 1, 1, tzinfo=UTC)  # nothing looks at when it was
    yield ChangeCode.NODE_PULL, "", verification, records.after(pull, release, never)
    listed = verification.allowlist if verification.policy == VerificationPolicy.ALLOWLISTED else ()
    for entry in _entries(name_in_records(image, release).reveal(), image.reveal()):
        extended = Verification(VerificationPolicy.ALLOWLISTED, (*listed, entry), verification.gate)
        if extended.allowing(image, release) == entry:
            yield ChangeCode.ALLOWLIST, entry, extended, records
            return


def _entries(name: str, written: str) -> Iterator[str]:
    """Entries of the allowlist that may match an image: its name, else its folder."""
    yield name
    folder, slash, _ = written.rpartition("/")
    if slash:
        yield f"{folder}/*"


class SecretState(StrEnum):
    """What has become of a secret that a record knows."""

    CURRENT = "current"
    """It has the credential that is recorded."""
    ROTATED = "rotated"
    """It has another one by now, and still opens the image (E8, step 9)."""
    MADE_AGAIN = "made-again"
    """There is one of its name with another UID: only the same credential opens the image."""
    OTHER = "other"
    """It has another credential, and its UID is not known: it was rotated, or made again."""
    UNKNOWN = "unknown"
    """Another program makes it, and what it holds is not known."""
    GONE = "gone"
    """There is none of its name. Whoever has the credential may still use the image."""


@frozen
class NameInRecord:
    """Who may use an image under one of its names.

    Attributes:
        name: The name.
        credentials: Who may use it.
        secrets: The recorded secrets, and what has become of them.
    """

    name: ImageText
    credentials: PullCredentials
    secrets: tuple[tuple[RecordedSecret, SecretState], ...] = ()


@frozen
class RecordedImage:
    """An image that a kubelet knows it has pulled.

    Attributes:
        image_id: Its id.
        names: The names that it was pulled under.
        blocked: Full names that the runtime has for it and that the record does not know: under
            these no pod uses it without asking the registry, even if it was preloaded (E8, step 5).
        is_there: Whether the image is on the node.
    """

    image_id: str
    names: tuple[NameInRecord, ...]
    blocked: tuple[str, ...] = ()
    is_there: bool = True


def recorded_images(cluster: Cluster, state: NodeState) -> Iterator[RecordedImage]:
    """The records of a node: which secret opened which image, and what that still means.

    Args:
        cluster: The cluster, with the node and the secrets that there are now.
        state: What is on the node.
    """
    release = cluster.node.kubernetes
    listed = {image.id: image for image in state.images}
    for record in state.records.records(release):
        names = tuple(
            NameInRecord(
                name,
                given,
                tuple(
                    (each, _state(each, cluster.listed(each.namespace, each.name)))
                    for each in given.secrets
                ),
            )
            for name, given in record.credentials.items()
        )
        image = listed.get(record.image_id)
        there = image.repo_tags + image.repo_digests if image is not None else ()
        blocked = _full_names(there) - _full_names(record.credentials)
        yield RecordedImage(record.image_id, names, tuple(sorted(blocked)), image is not None)


def _full_names(images: Iterable[ImageText | str]) -> set[str]:
    names = set()
    for image in images:
        with suppress(InvalidImage):  # a runtime lists "<none>:<none>", too
            names.add(Image.parse(image).name)
    return names


def _state(recorded: RecordedSecret, secret: PullSecret | MadeSecret | None) -> SecretState:
    if secret is None:
        return SecretState.GONE
    if isinstance(secret, MadeSecret):
        return SecretState.UNKNOWN
    try:
        config = secret.config()
    except InvalidDockerConfig:
        config = None
    credentials = config.auths.values() if config is not None else ()
    if any(credential_hash(credential) == recorded.hash for credential in credentials):
        return SecretState.CURRENT
    if not secret.uid:
        return SecretState.OTHER
    return SecretState.ROTATED if secret.uid == recorded.uid else SecretState.MADE_AGAIN
