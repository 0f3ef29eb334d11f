"""Docker config keys and image names: rules 10, 12, 13 and 14.

`normalise` makes the key of an entry, `Pattern` takes a key or a name apart, `compare` decides
whether one matches the other, and `Ring` finds all keys that match a name, in their order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Final, Generic, TypeVar

from attrs import frozen

from pullsecrets._go.url import (
    BadURL,
    glob_matches,
    go_bytes,
    is_glob,
    parse_url,
    split_host_port,
)
from pullsecrets.registries import DOCKER_HUB, DOCKER_HUB_KEY

__all__ = [
    "Mismatch",
    "Pattern",
    "Ring",
    "compare",
    "is_default_registry",
    "normalise",
    "pattern_matches",
]

T = TypeVar("T")

# Nearly every key and name is spelled with these alone. Go's parser then has nothing to decode and
# nothing to refuse, and one match takes the text apart ten times as fast as `parse_url`.
_PLAIN: Final = re.compile(r"([A-Za-z0-9._*-]+)(?::([0-9]*))?(/[A-Za-z0-9._/-]*)?")


def normalise(entry: str, *, strict_ports: bool = True) -> str:
    """The key that the kubelet makes of an entry (rule 10; ``BasicDockerKeyring.Add``).

    A byte that is not part of valid UTF-8 (a key may hold any, escaped) is a lone surrogate.

    Args:
        entry: The entry as written.
        strict_ports: Whether Go refuses a host with several colons: since Kubernetes 1.36.

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
        host, path = parse_url(entry, strict_ports=strict_ports)
    if path.startswith(("/v1/", "/v2/")):
        path = path[3:]
    return host if path == "/" else host + path


def _split(text: str, strict_ports: bool) -> tuple[str, str, str]:
    """Host, port and path of a key or a name (``ParseSchemelessURL``, ``SplitURL``).

    For a key it is the second time that it is parsed: escapes are decoded twice (rule 12).
    """
    plain = _PLAIN.fullmatch(text)
    if plain:
        host, port, path = plain.groups("")
        return host, port, path
    url = parse_url(text, strict_ports=strict_ports)
    host, port = split_host_port(url.host)
    return host, port, url.path


@frozen
class Pattern:
    """A key, or an image's name, taken apart for matching.

    Attributes:
        labels: The host's dot-separated labels; of a key each is a glob.
        port: The port's digits, empty if there is none.
        path: The path with its first slash, empty if there is none.
    """

    labels: tuple[str, ...]
    port: str
    path: str

    @classmethod
    def parse(cls, text: str, *, strict_ports: bool = True) -> Pattern:
        """Parse a key or a name.

        Args:
            text: The key or the name.
            strict_ports: As for `normalise`.

        Raises:
            BadURL: Go cannot parse it: it matches nothing.
        """
        host, port, path = _split(text, strict_ports)
        return cls(tuple(host.split(".")), port, path)

    @property
    def host(self) -> str:
        """The host, without its port."""
        return ".".join(self.labels)


class Mismatch(StrEnum):
    """Why a key does not match an image's name: the first of rule 12's conditions that fails."""

    PORT = "port"
    LABEL_COUNT = "label-count"
    PATH = "path"
    LABEL = "label"


def compare(key: Pattern, name: Pattern) -> Mismatch | None:
    """Match a key against an image's name (rule 12; ``URLsMatch``): None if it matches."""
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
        pattern: A key: an entry without its scheme, as `normalise` gives it.
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


def is_default_registry(image_name: str) -> bool:
    """Whether Docker Hub's entries serve an image that nothing else matched (rule 14).

    Only for lack of a dot or a colon in the first component, so ``localhost/app`` is one, too.
    """
    host = image_name.partition("/")[0]
    return host in (DOCKER_HUB, DOCKER_HUB_KEY) or not ("." in host or ":" in host)


class Ring(Generic[T]):
    """Items by their keys, found by an image's name without a look at every key.

    A key whose host is literal can only match a name of the same host and port whose path begins
    with the key's. So it is filed under these, and looked up with each beginning of the name's
    path. Keys with globs in the host are walked. `compare` has the last word on all of them.

    Args:
        items: Keys and what is filed under them. Of one key the items keep their order.
        strict_ports: As for `normalise`.
    """

    __slots__ = ("_globs", "_hosts", "_items", "_strict_ports")

    def __init__(self, items: Iterable[tuple[str, T]], *, strict_ports: bool = True) -> None:
        self._strict_ports = strict_ports
        self._items: dict[str, list[T]] = {}
        # Host and port → path, in bytes → keys
        self._hosts: dict[tuple[str, str], dict[bytes, list[str]]] = {}
        self._globs: list[str] = []
        for key, item in items:
            self._items.setdefault(key, []).append(item)
        for key in self._items:
            try:
                host, port, path = _split(key, strict_ports)
            except BadURL:
                continue  # the key is in the kubelet's keyring, but matches nothing
            if is_glob(host):
                self._globs.append(key)
            else:
                paths = self._hosts.setdefault((host, port), {})
                paths.setdefault(go_bytes(path), []).append(key)

    def lookup(self, image_name: str) -> list[tuple[str, list[T]]]:
        """The keys that serve an image, in the order of rule 13, and their items (``Lookup``)."""
        keys = sorted(self._matching(image_name), key=go_bytes, reverse=True)
        if not keys and DOCKER_HUB_KEY in self._items and is_default_registry(image_name):
            keys = [DOCKER_HUB_KEY]
        return [(key, self._items[key]) for key in keys]

    def _matching(self, image_name: str) -> Iterator[str]:
        try:
            name = self._parse(image_name)
        except BadURL:
            return
        for key in self._near(name):
            if compare(self._parse(key), name) is None:
                yield key

    def _parse(self, text: str) -> Pattern:
        return Pattern.parse(text, strict_ports=self._strict_ports)

    def _near(self, name: Pattern) -> Iterator[str]:
        """The keys that may match."""
        paths = self._hosts.get((name.host, name.port), {})
        path = go_bytes(name.path)  # as in Go: an escape in a key may be half a character
        for end in range(len(path) + 1):
            yield from paths.get(path[:end], ())
        yield from self._globs
