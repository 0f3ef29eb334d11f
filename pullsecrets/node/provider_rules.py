"""What a kubelet refuses in the configuration of a provider (D4).

The rules of ``validateCredentialProviderConfig``, and that a program can have the provider's name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from pullsecrets._go.url import BadURL, parse_url
from pullsecrets.node.decoding import FaultCode, Faults, Path
from pullsecrets.node.plugins import EXEC_API_VERSIONS, CacheType
from pullsecrets.node.versions import Release

__all__ = ["TOKEN_GATE", "check_provider"]

TOKEN_GATE: Final = "KubeletServiceAccountTokenForCredentialProviders"
"""The feature gate without which a provider gets no token of a service account (D21)."""


def check_provider(
    fields: Mapping[str, Any], path: Path, release: Release, gate: bool, faults: Faults
) -> None:
    """Note what the kubelet refuses in a provider.

    Args:
        fields: The provider's fields, decoded.
        path: Where it is.
        release: The kubelet's version.
        gate: Whether KubeletServiceAccountTokenForCredentialProviders is on.
        faults: Takes what is wrong.
    """
    if (wrong := _name_error(fields["name"])) is not None:
        faults.add(FaultCode.INVALID_NAME, (*path, "name"), wrong)
    _check_choice(fields["apiVersion"], EXEC_API_VERSIONS, (*path, "apiVersion"), faults)
    if not fields["matchImages"]:
        faults.add(FaultCode.REQUIRED, (*path, "matchImages"), "has to have a pattern")
    for at, pattern in enumerate(fields["matchImages"]):
        try:
            parse_url(pattern, strict_ports=release.strict_url_ports)
        except BadURL as error:
            where = (*path, "matchImages", at)
            faults.add(FaultCode.INVALID_PATTERN, where, f"does not parse: {error}")
    where = (*path, "defaultCacheDuration")
    if fields["defaultCacheDuration"] is None:
        faults.add(FaultCode.REQUIRED, where, "is required")
    elif fields["defaultCacheDuration"] < timedelta():
        faults.add(FaultCode.NEGATIVE, where, "has to be 0 or more")
    if fields.get("tokenAttributes") is not None:
        if not gate:
            where = (*path, "tokenAttributes")
            faults.add(FaultCode.FORBIDDEN, where, f"needs the feature gate {TOKEN_GATE}")
        _check_token(fields, (*path, "tokenAttributes"), faults)


def _name_error(name: str) -> str | None:
    if not name:
        return "is empty: the program would be the directory itself"
    if name in (".", ".."):
        return "is a directory's"
    for bad, called in (("/", "a slash"), (" ", "a space")):
        if bad in name:
            return f"must not hold {called}"
    return None


def _check_choice(value: str, supported: tuple[str, ...], path: Path, faults: Faults) -> None:
    if not value:
        faults.add(FaultCode.REQUIRED, path, f"is required: {' or '.join(supported)}")
    elif value not in supported:
        faults.add(FaultCode.UNSUPPORTED, path, f"has to be {' or '.join(supported)}")


def _check_token(provider: Mapping[str, Any], path: Path, faults: Faults) -> None:
    fields = provider["tokenAttributes"]
    if provider["apiVersion"] != EXEC_API_VERSIONS[0]:
        faults.add(FaultCode.FORBIDDEN, path, f"needs the apiVersion {EXEC_API_VERSIONS[0]}")
    for name, empty in (("serviceAccountTokenAudience", ""), ("requireServiceAccount", None)):
        if fields[name] == empty:
            faults.add(FaultCode.REQUIRED, (*path, name), "is required")
    if "cacheType" in fields:
        _check_choice(fields["cacheType"], tuple(CacheType), (*path, "cacheType"), faults)
    lists = ("requiredServiceAccountAnnotationKeys", "optionalServiceAccountAnnotationKeys")
    required, optional = lists
    if fields[required] and fields["requireServiceAccount"] is False:
        faults.add(FaultCode.FORBIDDEN, (*path, required), "needs requireServiceAccount: true")
    for name in lists:
        seen: set[str] = set()
        for at, key in enumerate(fields[name]):
            if key in seen:
                faults.add(FaultCode.DUPLICATE_KEY, (*path, name, at), "is there twice")
            seen.add(key)
            if not _is_qualified(key.lower()):
                sentence = "is not the key of an annotation"
                faults.add(FaultCode.INVALID_KEY, (*path, name, at), sentence)
    if set(fields[required]) & set(fields[optional]):
        sentence = "has a key that is both required and optional"
        faults.add(FaultCode.REQUIRED_AND_OPTIONAL, path, sentence)


_NAME_PART: Final = re.compile(r"(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_LABEL: Final = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_PREFIX: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_MAX_NAME: Final = 63
_MAX_PREFIX: Final = 253


def _is_qualified(key: str) -> bool:
    """``IsQualifiedName`` of apimachinery: an optional prefix, a slash, a name."""
    prefix, slash, name = key.rpartition("/")
    if slash and not (len(prefix) <= _MAX_PREFIX and _PREFIX.fullmatch(prefix)):
        return False
    return len(name) <= _MAX_NAME and _NAME_PART.fullmatch(name) is not None
