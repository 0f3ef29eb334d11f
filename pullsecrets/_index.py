r"""The index: from an image's name to the keys that serve it, without a look at the others.

The kubelet compares an image's name with every key (rule 12). Here the entries are sorted into
tables once, and a name is looked up in them. Why the outcome is the same:

A key matches a name when three things hold (`pullsecrets.matching.compare`). Each of them is either an
equality, which a dictionary decides as well as a comparison does, or it is still tested:

1. *The ports are equal strings*: the port is part of every table's key.
2. *The labels are equally many, and each matches as a glob.* A glob without ``* ? [ \`` matches
   itself alone. So a host without any of them stands in `_literal` under its own spelling: equal
   spellings have equal labels, equally many. Of the other hosts, those labels that are no globs,
   each at its place and None at the globs' places, form a *frame*, which has as many labels as the
   host. `_wild` holds under each frame the hosts that fill it with different globs. A name can only
   match hosts whose frame it yields when its own labels are blanked at the same places: so it is
   blanked once for each set of places where hosts of as many labels have globs (`_blanks`), and the
   globs of the hosts found so are asked with `glob_matches`.
3. *The key's path is a prefix of the name's*, which is to say: it is the name's path, cut to the
   length of the key's. So the name's path is cut to each length that a path of that host has, and
   looked up (`_Host`).

Strings are equal, and prefixes of others, by their bytes (`_bytewise`), as they are in Go. Nothing
is found twice, since a key stands in one table, under one host, at one path. What is found is
sorted as rule 13 sorts all keys.

A lookup costs what the different path lengths under one host cost (never more than the image's path
has characters), the sets of places for globs (one, two), and the hosts that differ in their globs
alone. With the number of keys as such it does not grow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pullsecrets._go.url import BadURL, glob_matches, go_bytes, is_wild
from pullsecrets.matching import PLAIN_ENTRY, normalise, split_key
from pullsecrets.registries import DOCKER_HUB, DOCKER_HUB_KEY

__all__ = ["Group", "Name", "Ring", "Spelling", "is_default_registry"]

_Labels = tuple[str, ...]
_Places = tuple[int, ...]
_Frame = tuple["str | None", ...]

Spelling = tuple[int, str]
"""Where an entry stands: the number of its config in the keyring, and the entry as written."""


class Group:
    """All entries that come down to one key; compared by identity.

    Attributes:
        key: The key.
        spellings: The entries, in the order of their slots.
    """

    __slots__ = ("key", "spellings")

    def __init__(self, key: str) -> None:
        self.key = key
        self.spellings: list[Spelling] = []


class Name(NamedTuple):
    """An image's name, taken apart once for lookups in any number of rings.

    Attributes:
        text: The name.
        authority: Host and port in one string, empty where Go cannot parse the name.
        host: The host.
        port: The port's digits.
        path: The path with its first slash, `_bytewise`.
    """

    text: str
    authority: str = ""
    host: str = ""
    port: str = ""
    path: str = ""

    @classmethod
    def of(cls, text: str) -> Name:
        """Take a name apart."""
        try:
            host, port, path = split_key(text)
        except BadURL:
            return cls(text)
        return cls(text, _authority(host, port), host, port, _bytewise(path))


class _Host:
    """The entries of one host and port.

    They are sorted by path on the first lookup only: a pod asks for few of the hosts that its
    secrets name.
    """

    __slots__ = ("_groups", "entries")

    def __init__(self) -> None:
        # slot → entries as written
        self.entries: dict[int, list[str]] = {}
        self._groups: dict[int, dict[str, list[Group]]] | None = None

    def serving(self, path: str) -> list[Group]:
        """The groups whose key's path is a prefix of the given one."""
        # Built aside and stored at once: a thread that comes in between only builds it again.
        groups = self._groups
        if groups is None:
            groups = self._groups = self._by_path()
        found: list[Group] = []
        for length, paths in groups.items():
            if length <= len(path):
                found += paths.get(path[:length], ())
        return found

    def _by_path(self) -> dict[int, dict[str, list[Group]]]:
        """Length of a path → path → groups."""
        keys: dict[str, Group] = {}
        for slot, entries in self.entries.items():
            for entry in entries:
                key = normalise(entry)
                keys.setdefault(key, Group(key)).spellings.append((slot, entry))
        groups: dict[int, dict[str, list[Group]]] = {}
        for key, group in keys.items():
            _, _, path = split_key(key)
            # Two keys may come to one path: an escape in a key is decoded once more (rule 12).
            path = _bytewise(path)
            groups.setdefault(len(path), {}).setdefault(path, []).append(group)
        return groups


class Ring:
    """One of the kubelet's keyrings (``BasicDockerKeyring``): the secrets' entries, or the node's.

    Args:
        configs: The slots' numbers and their entries, in order.

    Attributes:
        dropped: The entries that Go cannot parse, and why not (rule 10).
    """

    __slots__ = ("_blanks", "_literal", "_wild", "dropped")

    def __init__(self, configs: Iterable[tuple[int, Iterable[str]]]) -> None:
        self.dropped: list[tuple[Spelling, str]] = []
        # authority → host
        self._literal: dict[str, _Host] = {}
        # (frame, port) → labels → host
        self._wild: dict[tuple[_Frame, str], dict[_Labels, _Host]] = {}
        # (number of labels, port) → the places of globs in such hosts
        self._blanks: dict[tuple[int, str], set[_Places]] = {}
        for slot, entries in configs:
            hosts: dict[str, list[str]] = {}
            for entry in entries:
                # Nearly every entry is plain, so that one match is all that it takes.
                plain = PLAIN_ENTRY.fullmatch(entry)
                authority = self._place(slot, entry) if plain is None else plain[1]
                if authority in hosts:
                    hosts[authority].append(entry)
                elif authority is not None:
                    hosts[authority] = [entry]
            for authority, written in hosts.items():
                self._literal.setdefault(authority, _Host()).entries[slot] = written

    def __bool__(self) -> bool:
        return bool(self._literal or self._wild)

    def _place(self, slot: int, entry: str) -> str | None:
        """Give the authority of an entry of any form, or put it elsewhere than in `_literal`."""
        try:
            key = normalise(entry)
        except BadURL as error:
            self.dropped.append(((slot, entry), str(error)))
            return None
        try:
            name, port, _ = split_key(key)
        except BadURL:
            return None  # the key stays in the kubelet's keyring, but matches nothing
        if not is_wild(name):
            return _authority(name, port)
        labels = tuple(name.split("."))
        places = tuple(place for place, label in enumerate(labels) if is_wild(label))
        self._blanks.setdefault((len(labels), port), set()).add(places)
        hosts = self._wild.setdefault((_frame(labels, places), port), {})
        hosts.setdefault(labels, _Host()).entries.setdefault(slot, []).append(entry)
        return None

    def lookup(self, name: Name) -> list[Group]:
        """The groups that serve an image, in the order of rule 13 (``Lookup``)."""
        found: list[Group] = []
        host = self._literal.get(name.authority)
        if host is not None:
            found = host.serving(name.path)
        if self._wild and name.authority:
            for host in self._wild_hosts(name):
                found += host.serving(name.path)
        if len(found) > 1:
            found.sort(key=lambda group: go_bytes(group.key), reverse=True)
        elif not found and DOCKER_HUB_KEY in self._literal and is_default_registry(name.text):
            # Rule 14: under the key of Docker Hub itself, not under a path or a port of that host.
            hub = self._literal[DOCKER_HUB_KEY].serving("")
            return [group for group in hub if group.key == DOCKER_HUB_KEY]
        return found

    def _wild_hosts(self, name: Name) -> Iterator[_Host]:
        """The hosts with globs that match a name's host, and have its port."""
        labels = tuple(name.host.split("."))
        for places in self._blanks.get((len(labels), name.port), ()):
            hosts = self._wild.get((_frame(labels, places), name.port), {})
            for globs, host in hosts.items():
                if all(glob_matches(globs[place], labels[place]) for place in places):
                    yield host


def _authority(host: str, port: str) -> str:
    """Host and port in one string, another one for each two of them, and never an empty one."""
    host = _bytewise(host)
    if ":" in host:
        return f"[{host}]:{port}"
    return f"{host}:{port}" if port or not host else host


def _frame(labels: _Labels, places: _Places) -> _Frame:
    """The labels, with None at the given places."""
    frame: list[str | None] = [_bytewise(label) for label in labels]
    for place in places:
        frame[place] = None
    return tuple(frame)


def _bytewise(text: str) -> str:
    """A string with a character for each byte: as bytes Go compares them, and takes prefixes."""
    return text if text.isascii() else go_bytes(text).decode("latin-1")


def is_default_registry(image_name: str) -> bool:
    """Whether Docker Hub's entries serve an image that nothing else matched (rule 14).

    Only for lack of a dot or a colon in the first component, so ``localhost/app`` is one, too.
    """
    host = image_name.partition("/")[0]
    return host in (DOCKER_HUB, DOCKER_HUB_KEY) or not ("." in host or ":" in host)
