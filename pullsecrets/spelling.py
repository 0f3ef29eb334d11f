"""Which keys can match an image at all, and how to correct a spelling that cannot.

This decides nothing: `matching.compare` does. It tells, for a key that matched nothing, whether any
image could have been matched (rules 11 and 12), so that a message can name the spelling.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pullsecrets._go.url import BadURL
from pullsecrets.matching import Pattern, normalise
from pullsecrets.registries import DOCKER_HUB, DOCKER_HUB_KEY
from pullsecrets.secrecy import EntryText

__all__ = [
    "HUB_ENTRY",
    "corrected",
    "is_api_path",
    "is_hub_mistake",
    "is_sound",
    "unmatchable",
]

HUB_ENTRY: Final = "https://index.docker.io/v1/"
"""The entry for Docker Hub as ``docker login`` writes it."""


# Labels of a host that an image's name can begin with: those of a domain, and those of a first
# path component in which distribution/reference finds no domain (underscores, rule 11).
_LABEL: Final = re.compile(r"[A-Za-z0-9*]([A-Za-z0-9*_-]*[A-Za-z0-9*])?")
_GLOB: Final = re.compile(r"[*?\[\\]")

_COMPONENT: Final = r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
# Every prefix of a repository's path, the empty one included.
_PATH_PREFIX: Final = re.compile(rf"(?:/(?:{_COMPONENT}/)*(?:{_COMPONENT}(?:\.|__?|-+)?)?)?")
_TAG: Final = re.compile(r"(?:[:@])[^/]*\Z")
_DIGEST: Final = re.compile(r"@sha[0-9]+:[0-9a-f]{32,}\s*\Z")
_FOREIGN_SCHEME: Final = re.compile(r"\A\s*(?:[A-Za-z][A-Za-z0-9+.-]*:)?//")


def unmatchable(key: str, *, strict_ports: bool = True) -> str | None:
    """Why a key matches no image, whatever its name is; None if some image matches.

    Args:
        key: The key.
        strict_ports: As for `pullsecrets.matching.normalise`.

    >>> unmatchable("quay.io/acme/*")
    'globs do not work in the path'
    >>> unmatchable("quay.io/acme")
    """
    if key == DOCKER_HUB_KEY:
        return None  # by rule 14
    try:
        pattern = Pattern.parse(key, strict_ports=strict_ports)
    except BadURL as error:
        return f"Go's URL parser, asked a second time, finds {error}"
    return _bad_path(pattern.path) or _bad_host(pattern)


def _bad_path(path: str) -> str | None:
    if _PATH_PREFIX.fullmatch(path):
        return None
    if "://" in path or path.startswith("//"):
        return "it begins with a scheme other than https:// or http://"
    if _GLOB.search(path):
        return "globs do not work in the path"
    if _TAG.search(path) and _PATH_PREFIX.fullmatch(_TAG.sub("", path)):
        return "it ends with a tag or a digest, and only names are matched"
    if _PATH_PREFIX.fullmatch(path.lower()):
        return "its path has capital letters, which no image's name has"
    return "no image's name has such a path"


def _bad_host(pattern: Pattern) -> str | None:
    if any(":" in label for label in pattern.labels):
        return None  # an IPv6 address
    host = pattern.host
    if not host:
        return "it names no host"
    for label in pattern.labels:
        if not _LABEL.fullmatch(label) and not set(label) & set("?[\\"):
            return f"no host has '{label}' between its dots"
    # Such a first component is no domain: the image is Docker Hub's.
    one_label = len(pattern.labels) == 1 and not pattern.port and host == host.lower()
    if one_label and host != "localhost" and "*" not in host:
        return "its host has neither a dot nor a port: the images of such a name are Docker Hub's"
    return None


def is_hub_mistake(key: str) -> bool:
    """Whether a key is meant for Docker Hub and matches none of its images (rule 14)."""
    if key == DOCKER_HUB_KEY:
        return False
    try:
        pattern = Pattern.parse(key)
    except BadURL:
        return False
    host = pattern.host
    folded = host.lower()
    if folded == DOCKER_HUB:
        return host != DOCKER_HUB or bool(pattern.port)
    return folded.endswith((".docker.io", ".docker.com")) or folded == "docker.com"


def is_api_path(key: str) -> bool:
    """Whether a key's path was meant for the registry's API; ``/v1/`` would be removed."""
    return key.partition("/")[2] in ("v1", "v2")


def is_sound(key: str) -> bool:
    """Whether there is nothing to say about a key by itself."""
    return unmatchable(key) is None and not is_hub_mistake(key) and not is_api_path(key)


def corrected(entry: EntryText) -> EntryText | None:
    """The entry with its spelling corrected so that some image matches its key, or None.

    White space, schemes, tags, globs in the path and capital letters in it are removed, one after
    the other, until it does. Nothing is proposed for an entry with user information, which may be a
    password.

    >>> corrected(EntryText("oci://quay.io/acme/*"))
    EntryText('quay.io/acme/')
    """
    text = entry.reveal()
    if "@" in _DIGEST.sub("", text):
        return None
    for attempt in _attempts(text):
        try:
            key = normalise(attempt)
        except BadURL:
            continue
        if is_hub_mistake(key):
            return EntryText(HUB_ENTRY)
        if is_sound(key):
            return EntryText(attempt)
    return None


def _attempts(entry: str) -> Iterator[str]:
    text = entry.strip()
    yield text
    text = _FOREIGN_SCHEME.sub("", text)
    yield text
    text = text.replace("\\", "/").rstrip("?#")
    yield text
    host, slash, path = text.partition("/")
    path = path.lstrip("/")
    host = host.removesuffix(":*")
    yield host + slash + path
    path = _TAG.sub("", path)
    yield host + slash + path
    path = path[: match.start()] if (match := _GLOB.search(path)) else path
    yield host + slash + path
    yield host + slash + path.lower()
    yield host
