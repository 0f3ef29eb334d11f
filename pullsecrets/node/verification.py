"""Whether a kubelet verifies that a pod may use an image that is on its node.

Facts E1, E2 and E14: the feature gate, the policy and the allowlist
(``pkg/kubelet/apis/config/validation``, ``pkg/kubelet/images/pullmanager/image_pull_policies.go``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Final

from attrs import field, frozen

from pullsecrets.images import Image, InvalidImage
from pullsecrets.node.decoding import Document, Path, hide
from pullsecrets.node.kubelet_config import LIST_FIELD, POLICY_FIELD, KubeletConfig
from pullsecrets.node.records import name_in_records
from pullsecrets.node.versions import Gate, Release
from pullsecrets.secrecy import ImageText, printable

__all__ = [
    "GATE",
    "Refusal",
    "RefusalCode",
    "Verification",
    "VerificationPolicy",
]

GATE: Final = "KubeletEnsureSecretPulledImages"
"""The feature gate without which a kubelet lets every pod use what is on its node (E1)."""

_WILDCARD: Final = "/*"
_IMAGE_ID: Final = re.compile("[0-9a-f]{64}")
_WHITE_SPACE: Final = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
"""What Go's ``strings.TrimSpace`` takes away."""


class VerificationPolicy(StrEnum):
    """``imagePullCredentialsVerificationPolicy``: which images are verified."""

    NEVER = "NeverVerify"
    PRELOADED = "NeverVerifyPreloadedImages"
    ALLOWLISTED = "NeverVerifyAllowlistedImages"
    ALWAYS = "AlwaysVerify"


class RefusalCode(StrEnum):
    """Why a kubelet does not start with its configuration."""

    UNKNOWN_GATE = "unknown-gate"
    GATE_IS_OFF = "gate-is-off"
    UNKNOWN_POLICY = "unknown-policy"
    LIST_WITHOUT_POLICY = "list-without-policy"
    SPACES = "spaces"
    EMPTY = "empty"
    WILDCARD = "wildcard"
    NO_HOST = "no-host"
    NOT_A_NAME = "not-a-name"
    TAG_OR_DIGEST = "tag-or-digest"
    NOT_NORMALISED = "not-normalised"


_SENTENCES: Final = {
    RefusalCode.UNKNOWN_GATE: f"this version knows no feature gate {GATE}",
    RefusalCode.GATE_IS_OFF: f"this must not be set while the feature gate {GATE} is off",
    RefusalCode.UNKNOWN_POLICY: f"has to be {', '.join(VerificationPolicy)}",
    RefusalCode.LIST_WITHOUT_POLICY: f"is only for the policy {VerificationPolicy.ALLOWLISTED}",
    RefusalCode.SPACES: "has white space around it",
    RefusalCode.EMPTY: "is empty",
    RefusalCode.WILDCARD: "has a * that is not a /* at its end",
    RefusalCode.NO_HOST: "names no registry",
    RefusalCode.NOT_A_NAME: "is not the name of an image",
    RefusalCode.TAG_OR_DIGEST: "has a tag or a digest",
    RefusalCode.NOT_NORMALISED: "is not the full name",
}


@frozen
class Refusal:
    """Something with which a kubelet does not start.

    Attributes:
        code: What is wrong.
        field: The field: ``("preloadedImagesVerificationAllowlist", 0)``.
        value: What it holds, empty where that says nothing.
        meant: The full name that an entry of the list should have, empty otherwise.
    """

    code: RefusalCode
    field: Path
    value: str = ""
    meant: str = ""

    @property
    def path(self) -> str:
        """The field as text: ``preloadedImagesVerificationAllowlist[0]``."""
        name, *places = self.field
        return str(name) + "".join(f"[{place}]" for place in places)

    def __str__(self) -> str:
        value = f" '{ImageText(self.value)}'" if self.value else ""
        meant = f", which is {self.meant}" if self.meant else ""
        return printable(f"{self.path}{value}: {_SENTENCES[self.code]}{meant}")


def _as_tuple(patterns: Iterable[str]) -> tuple[str, ...]:
    return tuple(patterns)


@frozen
class Verification:
    """How a kubelet is configured to verify images that are on its node.

    Attributes:
        policy: The policy as configured, None for the default, which is
            ``NeverVerifyPreloadedImages``.
        allowlist: Images that are not verified under ``NeverVerifyAllowlistedImages``.
        gate: Whether the feature gate KubeletEnsureSecretPulledImages is on, None for the version's
            default: on from 1.35.
        file: The file that says so, None for none.
    """

    policy: str | None = None
    allowlist: tuple[str, ...] = field(default=(), converter=_as_tuple)
    gate: bool | None = None
    file: str | None = field(default=None, eq=False)

    @classmethod
    def from_kubelet_config(
        cls, document: Document, release: Release, file: str | None = None
    ) -> Verification:
        """Read the fields of a KubeletConfiguration that decide.

        Args:
            document: Its text, or the mapping in it.
            release: The kubelet's version, which says what ``AllAlpha`` and ``AllBeta`` cover.
            file: The file that it is from, None for none.

        Raises:
            InvalidKubeletConfig: It is none.
            MissingExtra: It is YAML, and PyYAML is not there.
        """
        hidden = hide(document)
        del document  # no traceback shows what this frame was given
        return cls.of(KubeletConfig.read(hidden), release, file)

    @classmethod
    def of(cls, config: KubeletConfig, release: Release, file: str | None = None) -> Verification:
        """What a KubeletConfiguration says; otherwise as `from_kubelet_config`."""
        gate = config.gate(GATE, release.verification_gate)
        return cls(config.policy, config.allowlist, gate, file)

    def is_on(self, release: Release) -> bool:
        """Whether a kubelet of that release verifies at all."""
        if release.verification_gate is Gate.ABSENT:
            return False
        return release.verification_gate is Gate.ON if self.gate is None else self.gate

    def looks_up_first(self, release: Release) -> bool:
        """Whether credentials are looked up for an image that is there before its decision (B3)."""
        verifies_early = self.is_on(release) and not release.verification_looks_up_late
        return release.looks_up_when_present or verifies_early

    def requires(self, image: ImageText, pulled_by_kubelet: bool, release: Release) -> bool:
        """Whether the policy asks to verify (``RequireCredentialVerificationForImage``).

        Args:
            image: The image as the pod writes it.
            pulled_by_kubelet: Whether there is a record of it, or an intent.
            release: The kubelet's version.
        """
        match self.policy or VerificationPolicy.PRELOADED:
            case VerificationPolicy.NEVER:
                return False
            case VerificationPolicy.PRELOADED:
                return pulled_by_kubelet
            case VerificationPolicy.ALLOWLISTED:
                return self.allowing(image, release) is None
        return True

    def allowing(self, image: ImageText, release: Release) -> str | None:
        """The first entry of the allowlist that matches an image, None where none does (E14).

        Args:
            image: The image as the pod writes it.
            release: The kubelet's version.

        Raises:
            InvalidImage: It is not an image reference.
        """
        # Up to 1.35 the tag is part of what is compared: no entry without a * matches then.
        compared = name_in_records(image, release) if release.allowlist_ignores_tags else image
        name = compared.reveal()
        for pattern in self.allowlist:
            if pattern == name or (
                pattern.endswith(_WILDCARD) and name.startswith(pattern.removesuffix("*"))
            ):
                return pattern
        return None

    def refusals(self, release: Release) -> tuple[Refusal, ...]:
        """Why a kubelet of that release does not start with it; none where it does (E2, E14)."""
        return tuple(self._refusals(release))

    def _refusals(self, release: Release) -> Iterator[Refusal]:
        if self.gate is not None and release.verification_gate is Gate.ABSENT:
            yield Refusal(RefusalCode.UNKNOWN_GATE, ("featureGates",))
        if not self.is_on(release):
            # To a version without the gate the fields are unknown, which it passes over.
            if release.verification_gate is not Gate.ABSENT:
                if self.policy is not None:
                    yield Refusal(RefusalCode.GATE_IS_OFF, (POLICY_FIELD,))
                if self.allowlist:
                    yield Refusal(RefusalCode.GATE_IS_OFF, (LIST_FIELD,))
            return
        if self.policy is not None and self.policy not in tuple(VerificationPolicy):
            yield Refusal(RefusalCode.UNKNOWN_POLICY, (POLICY_FIELD,), self.policy)
        if self.allowlist and self.policy != VerificationPolicy.ALLOWLISTED:
            yield Refusal(RefusalCode.LIST_WITHOUT_POLICY, (LIST_FIELD,))
            return
        for at, pattern in enumerate(self.allowlist):
            found = _pattern_refusal(pattern, release)
            if found is not None:
                code, meant = found
                yield Refusal(code, (LIST_FIELD, at), pattern, meant)


def _pattern_refusal(pattern: str, release: Release) -> tuple[RefusalCode, str] | None:
    """What ``getAllowlistImagePattern`` finds wrong with an entry of the list."""
    if pattern != pattern.strip(_WHITE_SPACE):
        return RefusalCode.SPACES, ""
    if not pattern:
        return RefusalCode.EMPTY, ""
    prefix = pattern.removesuffix("*") if pattern.endswith(_WILDCARD) else None
    if "*" in (pattern if prefix is None else prefix):
        return RefusalCode.WILDCARD, ""
    if prefix is not None:
        return (RefusalCode.NO_HOST, "") if prefix == "/" else None
    if release.record_names_as_written and _IMAGE_ID.fullmatch(pattern):
        return None  # as written it is a name like any other, though no pod can have it
    try:
        image = Image.parse(pattern)
    except InvalidImage:
        return RefusalCode.NOT_A_NAME, ""
    if image.tag or image.digest:
        return RefusalCode.TAG_OR_DIGEST, ""
    if image.name != pattern and not release.record_names_as_written:
        return RefusalCode.NOT_NORMALISED, image.name
    return None
