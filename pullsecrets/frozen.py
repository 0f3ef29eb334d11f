"""A mapping that is a value: it does not change, compares, hashes and pickles by its content."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

__all__ = ["FrozenDict"]

K = TypeVar("K")
V = TypeVar("V")


class FrozenDict(Mapping[K, V]):
    """A copy of a mapping that stays as it is. It shows its keys only: values may be secret.

    >>> FrozenDict({"a": 1}) == {"a": 1}
    True
    """

    __slots__ = ("_content",)

    def __init__(self, content: Mapping[K, V] | None = None) -> None:
        self._content = dict(content or {})

    def __getitem__(self, key: K) -> V:
        return self._content[key]

    def __iter__(self) -> Iterator[K]:
        return iter(self._content)

    def __len__(self) -> int:
        return len(self._content)

    def __hash__(self) -> int:
        return hash(frozenset(self._content.items()))

    def __repr__(self) -> str:
        return f"<FrozenDict {', '.join(map(repr, self._content))}>"
