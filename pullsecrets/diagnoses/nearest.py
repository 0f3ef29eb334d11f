"""The entry that an image just misses, and the edit that would make it match: PS502 to PS505.

An edit is proposed only if one thing keeps the entry from the image (rule 12), and only after the
edited entry was tried on it. What may well be another registry or another team is no near miss:
`team-a` and `team-b`, hosts that differ in a digit, registries that are public.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from attrs import frozen

from pullsecrets._go.url import BadURL, glob_matches
from pullsecrets.diagnoses.model import Severity
from pullsecrets.diagnoses.unplaced import quoted
from pullsecrets.images import Image
from pullsecrets.keyring import KeyringEntry
from pullsecrets.matching import Pattern, normalise, pattern_matches
from pullsecrets.registries import DOCKER_HUB
from pullsecrets.secrecy import EntryText
from pullsecrets.slips import differing_label, is_slip, same_domain

__all__ = ["Near", "nearest"]


@frozen
class Near:
    """A near miss.

    Attributes:
        code: The diagnosis, which says what part of the key differs.
        entry: The entry.
        difference: What the key has, and what the image has. Safe to show.
        replacement: The entry that would match, tried.
        severity: How bad it is, None for the code's own.
    """

    code: str
    entry: KeyringEntry
    difference: str
    replacement: EntryText
    severity: Severity | None = None


def nearest(image: Image, entries: Iterable[tuple[KeyringEntry, Pattern]]) -> Near | None:
    """The nearest miss among entries, each with its key taken apart, or None."""
    try:
        name = Pattern.parse(image.name)
    except BadURL:
        return None
    found = [
        near
        for entry, key in entries
        for near in _misses(entry, key, name)
        if pattern_matches(normalise(near.replacement.reveal()), image.name)
    ]
    return min(found, key=lambda near: _ORDER.index(near.code), default=None)


_ORDER: Final = ("PS502", "PS504", "PS503", "PS505")


def _misses(entry: KeyringEntry, key: Pattern, name: Pattern) -> Iterator[Near]:
    port = key.port == name.port
    path = name.path.startswith(key.path)
    same_count = len(key.labels) == len(name.labels)
    host = same_count and all(map(glob_matches, key.labels, name.labels))
    if host and path:
        severity = Severity.NOTE if key.port and name.port else None
        theirs, images = (f"port {each}" if each else "no port" for each in (key.port, name.port))
        difference = f"has {theirs}, the image has {images}"
        edited = _spelled(key.labels, name.port, key.path)
        yield Near("PS502", entry, difference, edited, severity)
    elif host and port:
        near = _near_path(key, name)
        if near is not None:
            difference = f"has the path {quoted(key.path)}, the image has {quoted(name.path)}"
            yield Near("PS504", entry, difference, _spelled(key.labels, key.port, near))
    elif port and path and same_count:
        labels = differing_label(key.labels, name.labels)
        if labels is not None:
            difference = f"has {quoted(labels[0])}, the image has {quoted(labels[1])}"
            edited = _spelled(name.labels, name.port, key.path)
            yield Near("PS505", entry, difference, edited)
    elif port and path and same_domain(key.labels, name.labels):
        what = "the glob" if "*" in "".join(key.labels) else "the key"
        counts = f"{len(key.labels)} labels, the host has {len(name.labels)}"
        difference = f"does not cover it: {what} has {counts}"
        edited = _spelled(name.labels, name.port, key.path)
        yield Near("PS503", entry, difference, edited)


def _spelled(labels: tuple[str, ...], port: str, path: str) -> EntryText:
    return EntryText(".".join(labels) + (f":{port}" if port else "") + path)


def _near_path(key: Pattern, name: Pattern) -> str | None:
    if key.path == f"{name.path}/":
        return name.path
    official = f"/library{key.path}"
    if name.host == DOCKER_HUB and name.path.startswith(official):
        return official
    theirs, images = key.path.rstrip("/").split("/"), name.path.split("/")
    differing = [
        at for at, pair in enumerate(zip(theirs, images, strict=False)) if pair[0] != pair[1]
    ]
    if len(differing) == 1 and is_slip(theirs[differing[0]], images[differing[0]]):
        theirs[differing[0]] = images[differing[0]]
        return "/".join(theirs) + ("/" if key.path.endswith("/") else "")
    return None
