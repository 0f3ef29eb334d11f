"""Names that are nearly the same: a slip of the fingers, another host of one domain."""

from __future__ import annotations

from typing import Final

from pullsecrets._go.url import glob_matches

__all__ = ["differing_label", "is_near_host", "is_slip", "same_domain"]

_MIN_LENGTH: Final = 4  # shorter names are too often one letter apart: ghcr.io and gcr.io
_MIN_LABELS: Final = 2  # of a domain that two hosts share

# Subdomains that anybody may pull from, of registries that have private images, too.
_PUBLIC: Final = frozenset({"k8s.gcr.io", "marketplace.gcr.io", "mirror.gcr.io", "launcher.gcr.io"})

_Labels = tuple[str, ...]


def is_near_host(key: _Labels, host: _Labels) -> bool:
    """Whether a key's host is an image's, or may have been meant to be.

    Args:
        key: The labels of the key's host, each a glob.
        host: The labels of the image's host.
    """
    if len(key) != len(host):
        return same_domain(key, host)
    return all(map(glob_matches, key, host)) or differing_label(key, host) is not None


def differing_label(key: _Labels, host: _Labels) -> tuple[str, str] | None:
    """The only label that differs, by a slip or in letter case; None if it is not like that.

    Args:
        key: The labels of the key's host, each a glob.
        host: As many labels of the image's host.
    """
    differing = [pair for pair in zip(key, host, strict=True) if not glob_matches(*pair)]
    if len(differing) == 1:
        theirs, images = differing[0]
        if theirs.lower() == images.lower() or is_slip(theirs, images):
            return theirs, images
    return None


def same_domain(key: _Labels, host: _Labels) -> bool:
    """Whether the shorter is the longer's domain, as far as both have labels, from the right.

    Args:
        key: The labels of the key's host, each a glob.
        host: The labels of the image's host.
    """
    if ".".join(host) in _PUBLIC:
        return False
    extra = key[: max(0, len(key) - len(host))]
    shared = list(zip(reversed(key), reversed(host), strict=False))
    return (
        all(label == "*" for label in extra)
        and sum(theirs != "*" for theirs, _ in shared) >= _MIN_LABELS
        and all(glob_matches(*pair) for pair in shared)
    )


def is_slip(one: str, other: str) -> bool:
    """Whether two names are one typing error apart: a letter added, lost, changed or swapped.

    A different digit, or a different last letter, mostly means two different things.
    """
    if min(len(one), len(other)) < _MIN_LENGTH or one == other:
        return False
    start = _common(one, other)
    one, other = one[start:], other[start:]
    end = _common(one[::-1], other[::-1])
    one, other = one[: len(one) - end], other[: len(other) - end]
    if len(one) == len(other) == 1:
        return end > 0 and not (one + other).isdecimal()
    if len(one) + len(other) == 1:
        return not (one + other).isdecimal()
    return len(one) == len(other) == len("ab") and one == other[::-1]


def _common(one: str, other: str) -> int:
    """How many characters two texts have in common at their beginning."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, pair in pairs if pair[0] != pair[1]), min(len(one), len(other)))
