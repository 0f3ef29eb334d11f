"""What verification does to a cluster's pods, seen without a node: PS7.

A kubelet that verifies (fact E) asks who may use an image that is on its node. These findings need
its configuration, so they are not among those of `check`, which knows manifests alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from pullsecrets.cluster import ImageResolution, PodResolution
from pullsecrets.diagnoses.findings import Finding, quoted
from pullsecrets.diagnoses.model import Kind, Severity
from pullsecrets.images import Image, InvalidImage
from pullsecrets.keyring import SourceKind
from pullsecrets.node.verification import Policy, Verification
from pullsecrets.node.versions import Release
from pullsecrets.objects import Pod
from pullsecrets.pull_policy import PullPolicy
from pullsecrets.secrecy import printable

__all__ = ["KINDS", "closing_pulls", "never_pulled", "useless_entries"]

KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        kind.code: kind
        for kind in (
            Kind(
                "PS701",
                "allowlist-matches-nothing",
                Severity.WARNING,
                "An entry of the allowlist can match no image that pods use.",
                "Up to 1.35 an entry without `*` is compared with the image as the pod writes it, "
                "tag and all (fact E14). In any version an entry matches nothing whose text cannot "
                "begin an image. The kubelet starts all the same, and verifies the image.",
                "Write the part before the last slash with `/*`.",
            ),
            Kind(
                "PS702",
                "never-and-verified",
                Severity.WARNING,
                "A container has the pull policy Never, and its image is verified.",
                "Without a record that lets this pod use the image, it is refused in the words for "
                "an image that is not there, and nothing pulls it (facts E4, E8).",
                "Put the image on the allowlist, or use `IfNotPresent`.",
            ),
            Kind(
                "PS703",
                "pull-closes-image",
                Severity.NOTE,
                "A pod pulls an image with a secret, which another pod uses without any.",
                "The image is recorded under the secret that pulled it first. A pod without that "
                "credential has to ask the registry again, also for a public image (fact E11).",
                "Take the secret out where the image is public, or give it to both.",
            ),
        )
    }
)


def _finding(code: str, message: str) -> Finding:
    kind = KINDS[code]
    return Finding(kind, kind.severity, printable(message), kind.plain(kind.advice))


def useless_entries(verification: Verification, release: Release) -> Iterator[Finding]:
    """The entries of an allowlist that can match nothing in a release (PS701).

    Args:
        verification: The kubelet's configuration. One with which it does not start has none.
        release: The kubelet's version.
    """
    if verification.policy != Policy.ALLOWLISTED or verification.refusals(release):
        return
    for entry in verification.allowlist:
        prefix = entry.removesuffix("*")
        if not _is_image(f"{prefix}a" if prefix != entry else entry):
            yield _finding("PS701", f"no image can match {quoted(entry)}")
        elif prefix == entry and not release.allowlist_ignores_tags:
            message = f"in Kubernetes {release} no image with a tag or digest matches"
            yield _finding("PS701", f"{message} {quoted(entry)}")


def _is_image(text: str) -> bool:
    try:
        Image.parse(text)
    except InvalidImage:
        return False
    return True


def never_pulled(
    answer: PodResolution, verification: Verification
) -> Iterator[tuple[ImageResolution, Finding]]:
    """The images of a pod that are never pulled and always verified (PS702).

    Args:
        answer: The pod's resolution.
        verification: The kubelet's configuration.
    """
    for each in answer.images:
        resolution = each.resolution
        if (
            each.container.pull_policy == PullPolicy.NEVER
            and resolution.image is not None
            and verification.is_on(resolution.kubernetes)
            and verification.requires(resolution.written, False, resolution.kubernetes)
        ):
            message = f"{quoted(resolution.written)} is verified, and has the pull policy Never"
            yield each, _finding("PS702", message)


def closing_pulls(
    answers: Iterable[PodResolution], verification: Verification
) -> Iterator[tuple[Pod, ImageResolution, Finding]]:
    """The images that one pod pulls with a secret and another one without any (PS703).

    Args:
        answers: The resolutions of the pods that may run on one node.
        verification: The kubelet's configuration.
    """
    closing: dict[str, tuple[Pod, ImageResolution]] = {}
    without: dict[str, Pod] = {}
    for answer in answers:
        for each in answer.images:
            resolution = each.resolution
            if (
                resolution.image is None
                or not verification.is_on(resolution.kubernetes)
                or not verification.requires(resolution.written, True, resolution.kubernetes)
            ):
                continue
            name = resolution.image.name
            if resolution.anonymous:
                without.setdefault(name, answer.pod)
            elif any(c.source.kind is SourceKind.SECRET for c in resolution.candidates):
                closing.setdefault(name, (answer.pod, each))
    for name, (pod, each) in closing.items():
        if name in without:
            source = each.resolution.candidates[0].source.title
            message = f"{quoted(name)}: a pull with {source} closes it to {without[name].title}"
            yield pod, each, _finding("PS703", message)
