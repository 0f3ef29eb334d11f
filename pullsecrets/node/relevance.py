"""When the credentials for an image count at all: only where a pull policy lets them.

Rule 17 and facts B1 to B4 and E3. What is on a node is not needed for it; `pullsecrets.present`
decides about an image that is there.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

from attrs import frozen

from pullsecrets.images import Image, InvalidImage
from pullsecrets.node.verification import Verification
from pullsecrets.node.versions import Release
from pullsecrets.pull_policy import PullPolicy
from pullsecrets.secrecy import ImageText, printable

__all__ = ["EffectivePolicy", "Relevance", "effective_policy"]


class Relevance(StrEnum):
    """When it matters which candidates an image has."""

    ALWAYS = "always"
    """At each start of the container: the kubelet pulls each time."""
    IF_ABSENT = "if-absent"
    """Only where the image is not on the node."""
    IF_ABSENT_OR_VERIFIED = "if-absent-or-verified"
    """Where the image is not on the node, and where it is and the kubelet verifies it."""
    IF_VERIFIED = "if-verified"
    """Never for a pull; only where the image is on the node and the kubelet verifies it."""
    NEVER = "never"
    """Never: the kubelet neither pulls the image nor verifies it."""


_SENTENCES: Final = {
    Relevance.ALWAYS: "pulled at each start",
    Relevance.IF_ABSENT: "pulled only if the node does not have it",
    Relevance.IF_ABSENT_OR_VERIFIED: "pulled if the node does not have it, or has to verify it",
    Relevance.IF_VERIFIED: "never pulled; the credentials count only if the node has to verify it",
    Relevance.NEVER: "never pulled",
}


@frozen
class EffectivePolicy:
    """The pull policy of a container, and what a kubelet makes of it.

    It is of a kubelet that starts: one whose configuration is refused does not.

    Attributes:
        policy: The pull policy after admission, with the API server's default. As it is written if
            the API server refuses it.
        relevance: When it matters which candidates the image has; None where no container starts
            with it, as the API server refuses the policy, or the image is not an image reference.
        looks_up_when_present: Whether secrets are decoded and providers run also for an image that
            is on the node, before anything is decided (B3). Then a secret that does not decode
            fails the pod even so (B4).
    """

    policy: str
    relevance: Relevance | None
    looks_up_when_present: bool = False

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "pull_policy": self.policy,
            "relevance": self.relevance,
            "looks_up_when_present": self.looks_up_when_present,
        }

    def __str__(self) -> str:
        if self.relevance is None:
            return printable(self.policy)
        early = self.looks_up_when_present and self.relevance is not Relevance.ALWAYS
        more = "; secrets are decoded and providers run even if it has it" if early else ""
        return f"{self.policy}: {_SENTENCES[self.relevance]}{more}"


def effective_policy(
    image: ImageText, written: str | None, verification: Verification, release: Release
) -> EffectivePolicy:
    """What a kubelet makes of a pull policy.

    Args:
        image: The image as the pod writes it.
        written: The pull policy after admission, None where the API server's default counts.
        verification: How the kubelet verifies images.
        release: The kubelet's version.
    """
    policy = written or PullPolicy.default(image)
    relevance = _relevance(image, policy, verification, release)
    early = relevance is not None and verification.looks_up_first(release)
    return EffectivePolicy(policy, relevance, early)


def _relevance(
    image: ImageText, policy: str, verification: Verification, release: Release
) -> Relevance | None:
    try:
        Image.parse(image, limits_whole_name=not release.name_limit_is_for_the_path)
    except InvalidImage:
        return None
    # As for an image that the kubelet pulled: of the others the policy may spare some.
    verifies = verification.is_on(release) and verification.requires(image, True, release)
    match policy:
        case PullPolicy.ALWAYS:
            return Relevance.ALWAYS
        case PullPolicy.IF_NOT_PRESENT:
            return Relevance.IF_ABSENT_OR_VERIFIED if verifies else Relevance.IF_ABSENT
        case PullPolicy.NEVER:
            return Relevance.IF_VERIFIED if verifies else Relevance.NEVER
    return None
