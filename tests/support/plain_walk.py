"""The plain walk: what the kubelet does, key by key. What the index has to find as well."""

from __future__ import annotations

from pullsecrets._go.url import BadURL, go_bytes
from pullsecrets.keyring import Keyring, KeyringEntry
from pullsecrets.matching import Pattern, compare, is_default_registry
from pullsecrets.registries import DOCKER_HUB_KEY
from pullsecrets.resolution import Candidate, SourceKind
from pullsecrets.secrecy import EntryText


class PlainWalk:
    """A keyring's entries, looked up by comparing an image's name with each key in turn."""

    def __init__(self, keyring: Keyring) -> None:
        self.rings = [
            _ring(
                [
                    entry
                    for entry in keyring.entries
                    if (entry.source.kind is SourceKind.NODE) == of_node
                ]
            )
            for of_node in (False, True)
        ]

    def candidates(self, image_name: str) -> tuple[Candidate, ...]:
        """The candidates for an image's name, as `Keyring.resolve` should give them."""
        tiers = [
            (key, tier)
            for ring in self.rings
            for key in _lookup(ring, image_name)
            for tier in ring[key][1]
        ]
        return tuple(
            Candidate(
                entry.credential, entry.source, entry.entry, EntryText(key), number, entry.slot
            )
            for number, (key, tier) in enumerate(tiers)
            for entry in tier
        )


_Ring = dict[str, tuple["Pattern | None", "list[list[KeyringEntry]]"]]


def _ring(entries: list[KeyringEntry]) -> _Ring:
    """Key → the key taken apart and its entries by slot; in reverse byte order (rule 13)."""
    keys: dict[str, dict[int, list[KeyringEntry]]] = {}
    for entry in entries:
        if entry.key is not None:
            keys.setdefault(entry.key.reveal(), {}).setdefault(entry.slot, []).append(entry)
    return {
        key: (_pattern(key), list(keys[key].values()))
        for key in sorted(keys, key=go_bytes, reverse=True)
    }


def _pattern(key: str) -> Pattern | None:
    try:
        return Pattern.parse(key)
    except BadURL:
        return None


def _lookup(ring: _Ring, image_name: str) -> list[str]:
    matching = []
    try:
        name = Pattern.parse(image_name)
    except BadURL:
        pass
    else:
        matching = [
            key for key, (pattern, _) in ring.items() if pattern and compare(pattern, name) is None
        ]
    if not matching and is_default_registry(image_name):
        return [key for key in ring if key == DOCKER_HUB_KEY]
    return matching
