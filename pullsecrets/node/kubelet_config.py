"""A KubeletConfiguration, as far as it says something about pull credentials (E2, D21)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from attrs import frozen

from pullsecrets.errors import PullsecretsError
from pullsecrets.node.decoding import (
    Document,
    FaultCode,
    Faults,
    boolean,
    decode,
    hide,
    list_of,
    map_of,
    string,
    struct,
)
from pullsecrets.node.versions import Gate

__all__ = ["LIST_FIELD", "POLICY_FIELD", "InvalidKubeletConfig", "KubeletConfig"]

_KIND: Final = "KubeletConfiguration"

POLICY_FIELD: Final = "imagePullCredentialsVerificationPolicy"
"""The field of the policy (E2)."""

LIST_FIELD: Final = "preloadedImagesVerificationAllowlist"
"""The field of the allowlist (E2)."""


class InvalidKubeletConfig(PullsecretsError, ValueError):
    """A document that is not a KubeletConfiguration, or has fields of another type."""


@frozen
class KubeletConfig:
    """The fields of a KubeletConfiguration that count here.

    Attributes:
        policy: The policy of verification, None where none is set.
        allowlist: The images that are not verified.
        gates: Feature gate → whether it is on.
    """

    policy: str | None
    allowlist: tuple[str, ...]
    gates: Mapping[str, bool]

    @classmethod
    def read(cls, document: Document) -> KubeletConfig:
        """Read a document.

        Args:
            document: Its text, or the mapping in it.

        Raises:
            InvalidKubeletConfig: It is none.
            MissingExtra: It is YAML, and PyYAML is not there.
        """
        hidden = hide(document)
        del document  # no traceback shows what this frame was given
        faults = Faults(strict=False)
        fields = decode(hidden, _FIELDS, faults)
        if not faults.found and fields["kind"] != _KIND:
            faults.add(FaultCode.KIND, ("kind",), f"has to be {_KIND}")
        if faults.found:
            raise InvalidKubeletConfig(f"the kubelet's configuration: {faults.found[0]}")
        return cls(fields[POLICY_FIELD] or None, fields[LIST_FIELD], fields["featureGates"])

    def gate(self, name: str, default: Gate) -> bool | None:
        """Whether a feature gate is switched by hand, and to what; None where it is not.

        Args:
            name: The gate.
            default: What it is by default. One that is off then is alpha, one that is on beta:
                so ``AllAlpha`` or ``AllBeta`` covers it.
        """
        stages = {Gate.OFF: "AllAlpha", Gate.ON: "AllBeta"}
        return self.gates.get(name, self.gates.get(stages.get(default, "")))


_FIELDS: Final = struct(
    kind=string,
    featureGates=map_of(boolean),
    imagePullCredentialsVerificationPolicy=string,
    preloadedImagesVerificationAllowlist=list_of(string),
)
