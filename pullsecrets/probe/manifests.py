"""What the answer to the manifest's request means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from attrs import frozen

from pullsecrets.probe.answers import json_of
from pullsecrets.probe.outcomes import Outcome
from pullsecrets.probe.sender import API_VERSION
from pullsecrets.probe.trail import Stop
from pullsecrets.probe.transport import Answer

__all__ = ["ACCEPT", "Platform", "is_index", "is_manifest", "judge"]

_INDEXES: Final = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_SINGLES: Final = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_SCHEMA_1: Final = "application/vnd.docker.distribution.manifest.v1+"
_DIGEST: Final = re.compile(r"[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-fA-F]{32,}")

ACCEPT: Final = ", ".join((*_INDEXES, *_SINGLES))
"""Without all four a registry answers 404 for an image that it has."""

_NAMES: Final = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "i386": "386"}
_VARIANTS: Final = {"amd64": "v1", "arm": "v7", "arm64": "v8"}


@frozen
class Platform:
    """What an image is built for, as container runtimes compare it.

    Attributes:
        os: ``linux``, ``windows`` …
        architecture: ``amd64``, ``arm64`` …
        variant: ``v7``, ``v8`` …; empty where the architecture has none.
    """

    os: str
    architecture: str
    variant: str = ""

    @classmethod
    def parse(cls, text: str) -> Platform:
        """Parse ``os/architecture`` or ``os/architecture/variant``.

        Raises:
            ValueError: it is none.
        """
        if not re.fullmatch(r"[a-z0-9_]+/[A-Za-z0-9_-]+(?:/v[0-9]+)?", text):
            raise ValueError("a platform is OS/ARCHITECTURE or OS/ARCHITECTURE/VARIANT")
        os, architecture, variant = f"{text}/".split("/")[:3]
        return cls._of(os, architecture, variant)

    @classmethod
    def _of(cls, os: str, architecture: str, variant: str) -> Platform:
        architecture = _NAMES.get(architecture, architecture)
        return cls(os, architecture, variant or _VARIANTS.get(architecture, ""))

    @classmethod
    def of_entry(cls, entry: object) -> Platform | None:
        """The platform of an index's entry; None where it names none.

        What is no image (an attestation) says ``unknown/unknown``.
        """
        platform = entry.get("platform") if isinstance(entry, dict) else None
        if not isinstance(platform, Mapping):
            return None
        os, architecture = platform.get("os"), platform.get("architecture")
        variant = platform.get("variant") or ""
        parts = os, architecture, variant
        if not all(isinstance(part, str) for part in parts) or os == "unknown":
            return None
        return cls._of(*parts)  # type: ignore[arg-type]  # they are, as was just seen

    def runs(self, other: Platform) -> bool:
        """Whether an image for another platform runs on this one: the same, or a lower variant."""
        if (self.os, self.architecture) != (other.os, other.architecture):
            return False
        own, theirs = (re.fullmatch(r"v([0-9]{1,3})", p.variant) for p in (self, other))
        if own is None or theirs is None:
            return self.variant == other.variant
        return int(theirs[1]) <= int(own[1])

    def __str__(self) -> str:
        plain = self.variant == _VARIANTS.get(self.architecture, "") and self.architecture != "arm"
        return f"{self.os}/{self.architecture}" + ("" if plain else f"/{self.variant}")


def _media_type(answer: Answer) -> str:
    return answer.get("content-type").partition(";")[0].strip().lower()


def is_index(answer: Answer) -> bool:
    """Whether an answer says that it is an index, or a manifest list."""
    return _media_type(answer) in _INDEXES


def is_manifest(answer: Answer) -> bool:
    """Whether an answer says that it is a manifest: by its media type, or by its digest."""
    media_type = _media_type(answer)
    digest = answer.get("docker-content-digest")
    named = media_type in (*_INDEXES, *_SINGLES)
    return named or ("html" not in media_type and _DIGEST.fullmatch(digest) is not None)


def judge(answer: Answer, *, allows: bool | None, is_registry: bool) -> Stop:
    """Say what the answer to the manifest's request means.

    Args:
        answer: neither 401, nor 429 or 5xx, nor a redirect.
        allows: whether the registry is known to let this attempt in, None where it is not.
        is_registry: whether something has shown before that it is a registry.
    """
    if answer.status == 200:
        if _media_type(answer).startswith(_SCHEMA_1):
            return Stop(
                Outcome.LEGACY_MANIFEST,
                "the registry gives only a manifest of schema 1, which no current runtime pulls",
            )
        if is_manifest(answer):
            return Stop(Outcome.PULLABLE, "the registry gives the manifest")
        return Stop(
            Outcome.PROTOCOL_ERROR,
            "the answer says neither by its media type nor by a digest that it is a manifest: "
            "no registry?",
        )
    if answer.status == 403:
        return Stop(Outcome.NO_PERMISSION, "the registry refuses the pull (403)")
    if answer.status != 404:
        return Stop(Outcome.PROTOCOL_ERROR, f"the registry answers {answer.status}")
    if not is_registry and not answer.get(API_VERSION):
        return Stop(Outcome.PROTOCOL_ERROR, "no registry here: it answers 404 to everything")
    if allows:
        return Stop(Outcome.NOT_FOUND, "there is no such image (404)")
    return Stop(
        Outcome.HIDDEN,
        "the registry says 404, and does not tell whether the image or the permission is missing",
    )


def judge_index(answer: Answer, platform: Platform, shown: Any) -> Stop:
    """Say whether an index has an image for a platform.

    Args:
        answer: the index, with its body.
        platform: which.
        shown: makes what the registry wrote safe to show.
    """
    document = json_of(answer)
    entries = document.get("manifests") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        return Stop(Outcome.PROTOCOL_ERROR, "the index is not one, or is too big")
    found = [one for one in map(Platform.of_entry, entries) if one is not None]
    if any(platform.runs(one) for one in found):
        return Stop(Outcome.PULLABLE, f"the registry gives the manifest, and has {platform}")
    others = shown(", ".join(dict.fromkeys(map(str, found))) or "none that is named")
    return Stop(
        Outcome.WRONG_PLATFORM, f"the image is there, but not for {platform}; there is {others}"
    )
