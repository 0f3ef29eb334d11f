"""What verification does to a cluster's pods, seen without its nodes' records: PS7.

A kubelet that verifies (fact E) asks who may use an image that is on its node. Reported only where
its configuration is given.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pullsecrets.cluster import Cluster
from pullsecrets.diagnoses.model import Where
from pullsecrets.diagnoses.unplaced import Ignorable, Unplaced, image_fields, quoted, unplaced
from pullsecrets.images import Image, InvalidImage
from pullsecrets.node.kubelet_config import LIST_FIELD
from pullsecrets.node.verification import Verification, VerificationPolicy
from pullsecrets.node.versions import Release
from pullsecrets.objects import Pod
from pullsecrets.pod_resolution import ImageResolution, PodResolution
from pullsecrets.pull_policy import PullPolicy
from pullsecrets.resolution import Resolution, SourceKind

__all__ = ["Verified", "refused_fields", "useless_entries"]

_KIND: Final = "KubeletConfiguration"


class Verified:
    """What the nodes' kubelets make of the images of a cluster's pods that they have."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._found: list[Ignorable] = []
        # Image's name → the first pull of it with a secret.
        self._closing: dict[str, tuple[Pod, Where, Resolution]] = {}
        # Image's name → the first pod that pulls it without a credential.
        self._without: dict[str, Pod] = {}

    def add(self, answer: PodResolution) -> None:
        """Take note of how the images of a pod are pulled."""
        verification = self._cluster.node.verification
        release = self._cluster.node.kubernetes
        if verification is None or not verification.is_on(release):
            return
        for each, field in zip(answer.images, image_fields(answer.pod), strict=True):
            if each.resolution.image is not None:
                where = Where.of(answer.pod, field)
                self._never(answer.pod, each, verification, where)
                if verification.requires(each.resolution.written, True, release):
                    self._pulled(answer.pod, each.resolution, each.resolution.image, where)

    def _never(
        self, pod: Pod, each: ImageResolution, verification: Verification, where: Where
    ) -> None:
        """PS702: images that are never pulled, and verified even if they were preloaded."""
        written = each.resolution.written
        policy = self._cluster.pull_policy(pod, each.container)
        release = self._cluster.node.kubernetes
        if policy == PullPolicy.NEVER and verification.requires(written, False, release):
            message = f"{quoted(written)} is verified, and has the pull policy Never"
            self._found.append((unplaced("PS702", message).at(where), (pod,)))

    def _pulled(self, pod: Pod, resolution: Resolution, image: Image, where: Where) -> None:
        if resolution.anonymous:
            self._without.setdefault(image.name, pod)
        elif any(each.source.kind is SourceKind.SECRET for each in resolution.candidates):
            self._closing.setdefault(image.name, (pod, where, resolution))

    def diagnose(self) -> Iterator[Ignorable]:
        """The diagnoses, each with its object."""
        node = self._cluster.node
        if node.verification is None:
            return
        for found in (
            *refused_fields(node.verification, node.kubernetes),
            *useless_entries(node.verification, node.kubernetes),
        ):
            yield found.at(Where.of_config(_KIND, node.verification.file, found.field)), ()
        yield from self._found
        for name, (pod, where, resolution) in self._closing.items():
            other = self._without.get(name)
            image = resolution.image
            if other is None and not (image is not None and image.is_public):
                continue
            whom = "pods without that secret" if other is None else other.title
            source = resolution.candidates[0].source.title
            message = f"{quoted(name)}: a pull with {source} closes it to {whom}"
            yield unplaced("PS703", message).at(where), (pod,)


def refused_fields(verification: Verification, release: Release) -> Iterator[Unplaced]:
    """The fields with which the kubelet of a release does not start (PS704).

    Args:
        verification: The kubelet's configuration.
        release: The kubelet's version.
    """
    for refusal in verification.refusals(release):
        message = f"the kubelet of Kubernetes {release} does not start with this: {refusal}"
        yield unplaced("PS704", message, field=refusal.field)


def useless_entries(verification: Verification, release: Release) -> Iterator[Unplaced]:
    """The entries of an allowlist that can match nothing in a release (PS701).

    Args:
        verification: The kubelet's configuration. One with which it does not start has none.
        release: The kubelet's version.
    """
    if verification.policy != VerificationPolicy.ALLOWLISTED or verification.refusals(release):
        return
    for at, entry in enumerate(verification.allowlist):
        field = LIST_FIELD, at
        prefix = entry.removesuffix("*")
        if not _is_image(f"{prefix}a" if prefix != entry else entry):
            yield unplaced("PS701", f"no image can match {quoted(entry)}", field=field)
        elif prefix == entry and not release.allowlist_ignores_tags:
            message = f"in Kubernetes {release} no image with a tag or digest matches"
            yield unplaced("PS701", f"{message} {quoted(entry)}", field=field)


def _is_image(text: str) -> bool:
    try:
        Image.parse(text)
    except InvalidImage:
        return False
    return True
