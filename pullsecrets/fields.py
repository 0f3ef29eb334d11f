"""A manifest's values with the way to each, so that what is wrong with one can name its field."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pullsecrets.errors import PullsecretsError
from pullsecrets.secrecy import EntryText

__all__ = ["Field", "FieldPath", "InvalidManifest", "format_path"]


FieldPath = tuple[str | int | EntryText, ...]
"""The way to a field: the names of fields, positions in lists, and keys that an author chose."""


def format_path(path: FieldPath) -> str:
    """A field's path as people write it. Safe to show.

    >>> format_path(("spec", "containers", 0, "image"))
    'spec.containers[0].image'
    >>> format_path(("data", EntryText(".dockerconfigjson")))
    "data['.dockerconfigjson']"
    """
    steps = (
        f"[{step}]"
        if isinstance(step, int)
        else f".{step}"
        if isinstance(step, str)
        else f"['{step}']"
        for step in path
    )
    return "".join(steps).removeprefix(".")


class InvalidManifest(PullsecretsError, ValueError):
    """A mapping that is not the Kubernetes object it should be.

    Attributes:
        path: The fields that lead to the fault.
    """

    def __init__(self, what: str, path: FieldPath = ()) -> None:
        super().__init__(f"{format_path(path) or 'the object'} {what}")
        self.what = what
        self.path = path

    def __reduce__(self) -> tuple[type[InvalidManifest], tuple[str, FieldPath]]:
        return type(self), (self.what, self.path)


class Field:
    """A value in a manifest and the way to it, so that an error can name the field.

    An absent member and null read alike, as in Go: no members, no items, an empty string. It hides
    its value, which may be a Secret's, from tracebacks.
    """

    __slots__ = ("_parent", "_step", "value")

    def __init__(
        self, value: Any, parent: Field | None = None, step: str | int | EntryText = ""
    ) -> None:
        self.value: Any = value
        self._parent = parent
        self._step = step

    @property
    def path(self) -> FieldPath:
        """The fields that lead here; put together only if there is something to say."""
        return () if self._parent is None else (*self._parent.path, self._step)

    def error(self, what: str) -> InvalidManifest:
        """What is wrong with the value, as an error that names the field."""
        return InvalidManifest(what, self.path)

    def _wrong(self, wanted: str) -> InvalidManifest:
        return self.error(f"is {_kind(self.value)}, not {wanted}")

    def _mapping(self) -> Mapping[Any, Any]:
        if type(self.value) is dict:  # nearly always, and much faster to tell
            return self.value
        if self.value is None:
            return {}
        if not isinstance(self.value, Mapping):
            raise self._wrong("a mapping")
        return self.value

    def has(self, name: str) -> bool:
        """Whether a member is there and not null.

        Raises:
            InvalidManifest: The value is not a mapping.
        """
        return self._mapping().get(name) is not None

    def member(self, name: str) -> Field:
        """A member, or an empty field if it is absent.

        Raises:
            InvalidManifest: The value is not a mapping.
        """
        value = self.value
        # Most are; the call is spared, as a large dump has a million of them.
        members = value if type(value) is dict else self._mapping()
        return Field(members.get(name), self, name)

    def at(self, path: Iterable[str]) -> Field:
        """The member at the end of a path, or an empty field if it is absent.

        Raises:
            InvalidManifest: A value on the way is not a mapping.
        """
        found = self
        for name in path:
            found = found.member(name)
        return found

    def items(self) -> Iterator[tuple[str, Field]]:
        """The members of a mapping whose keys an author chose.

        Raises:
            InvalidManifest: The value is not a mapping, or a key is not a string.
        """
        for key in self._mapping():
            if not isinstance(key, str):
                raise self.error(f"has a key that is {_kind(key)}, not a string")
            yield key, Field(self._mapping()[key], self, EntryText(key))

    def list(self) -> Iterator[Field]:
        """The items of a list.

        Raises:
            InvalidManifest: The value is not a list.
        """
        if self.value is None:
            return
        if not isinstance(self.value, (list, tuple)):
            raise self._wrong("a list")
        for at in range(len(self.value)):
            yield Field(self.value[at], self, at)

    def string(self) -> str:
        """The value as a string.

        Raises:
            InvalidManifest: The value is not a string.
        """
        if self.value is None:
            return ""
        if not isinstance(self.value, str):
            raise self._wrong("a string")
        return self.value


def _kind(value: Any) -> str:
    names = {dict: "a mapping", list: "a list", str: "a string", bool: "a boolean"}
    return names.get(type(value)) or (
        "a number" if isinstance(value, (int, float)) else type(value).__name__
    )
