"""One docker config key and one image's name: rules 10 and 12.

`normalise` makes the key that stands for an entry, `Pattern` takes a key or a name apart, and
`compare` tells whether the one serves the other, or what keeps it from it.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final

from attrs import frozen

from pullsecrets._go.url import BadURL, glob_matches, go_bytes, parse_url, split_host_port

__all__ = [
    "PLAIN_ENTRY",
    "Mismatch",
    "Pattern",
    "compare",
    "normalise",
    "pattern_matches",
    "split_key",
]

# Nearly every key and name is spelled with these alone. Go's parser then has nothing to decode and
# nothing to refuse, so that one match takes the text apart, ten times as fast as `parse_url`.
_PLAIN: Final = re.compile(r"([A-Za-z0-9._*-]+)(?::([0-9]*))?(/[A-Za-z0-9._/-]*)?")

PLAIN_ENTRY: Final = re.compile(
    r"(?:https?://)?([A-Za-z0-9._-]+(?::[0-9]+)?)(?:/[A-Za-z0-9._/-]*)?"
)
"""An entry spelled like that, without a glob. Its group is the host, with the port, of its key."""


def normalise(entry: str) -> str:
    """The key that the kubelet makes of an entry (rule 10; ``BasicDockerKeyring.Add``).

    A byte that is not part of valid UTF-8 (a key may hold any, escaped) stands as a lone surrogate.

    Raises:
        BadURL: Go cannot parse the entry: the kubelet drops it.

    >>> normalise("https://index.docker.io/v1/")
    'index.docker.io'
    >>> normalise("quay.io/acme")
    'quay.io/acme'
    """
    if entry.startswith("https://"):
        entry = entry[8:]
    elif entry.startswith("http://"):
        entry = entry[7:]
    if _PLAIN.fullmatch(entry):
        # Host and path as parse_url would give them.
        host, slash, path = entry.partition("/")
        path = slash + path
    else:
        host, path = parse_url(entry)
    if path.startswith(("/v1/", "/v2/")):
        path = path[3:]
    return host if path == "/" else host + path


def split_key(text: str) -> tuple[str, str, str]:
    """Host, port and path of a key or a name (``ParseSchemelessURL``, ``SplitURL``).

    For a key it is the second time that it is parsed: escapes are decoded twice (rule 12).

    Raises:
        BadURL: Go cannot parse it: it matches nothing.
    """
    plain = _PLAIN.fullmatch(text)
    if plain:
        host, port, path = plain.groups("")
        return host, port, path
    url = parse_url(text)
    host, port = split_host_port(url.host)
    return host, port, url.path


@frozen
class Pattern:
    """A key, or an image's name, taken apart for matching.

    Attributes:
        labels: The host's dot-separated labels; of a key each is a glob.
        port: The port's digits, empty where there is none.
        path: The path with its first slash, empty where there is none.
    """

    labels: tuple[str, ...]
    port: str
    path: str

    @classmethod
    def parse(cls, text: str) -> Pattern:
        """Parse a key or a name.

        Raises:
            BadURL: Go cannot parse it: it matches nothing.
        """
        host, port, path = split_key(text)
        return cls(tuple(host.split(".")), port, path)


class Mismatch(Enum):
    """Why a key does not match an image's name: the first of rule 12's conditions that fails."""

    PORT = "port"
    LABEL_COUNT = "label count"
    PATH = "path"
    LABEL = "label"


def compare(key: Pattern, name: Pattern) -> Mismatch | None:
    """Match a key against an image's name (rule 12; ``URLsMatch``): None where it matches."""
    if key.port != name.port:
        return Mismatch.PORT
    if len(key.labels) != len(name.labels):
        return Mismatch.LABEL_COUNT
    if not _begins(name.path, key.path):
        return Mismatch.PATH
    if not all(map(glob_matches, key.labels, name.labels)):
        return Mismatch.LABEL
    return None


def _begins(path: str, prefix: str) -> bool:
    # By bytes, as in Go: an escape in a key may be half a character.
    return path.startswith(prefix) or (
        not prefix.isascii() and go_bytes(path).startswith(go_bytes(prefix))
    )


def pattern_matches(pattern: str, image_name: str) -> bool:
    """Whether a docker config key matches an image's name (rule 12; ``URLsMatchStr``).

    Args:
        pattern: A key: an entry less its scheme, as `normalise` gives it.
        image_name: A normalised name without tag and digest, as `Image.name` has it.

    >>> pattern_matches("*.example.com/team", "registry.example.com/team-x/app")
    True
    >>> pattern_matches("example.com", "registry.example.com/app")
    False
    """
    try:
        return compare(Pattern.parse(pattern), Pattern.parse(image_name)) is None
    except BadURL:
        return False
