"""An object that is made of a part of another one, and what readers of such objects need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from attrs import field, frozen

from pullsecrets.fields import FieldPath
from pullsecrets.frozen import FrozenDict
from pullsecrets.metadata import Part
from pullsecrets.secrecy import printable

__all__ = ["NOTHING", "Made", "Manifest", "mapping", "numbered"]

Manifest = Mapping[str, Any]
NOTHING: Final[Manifest] = MappingProxyType({})


@frozen
class Made:
    """An object that a controller makes.

    Attributes:
        manifest: The object.
        part: What it is made of.
    """

    manifest: Manifest = field(repr=False)
    part: Part

    @classmethod
    def by(
        cls,
        parent: Manifest,
        names: tuple[object, ...],
        path: FieldPath,
        version: str,
        kind: str,
        spec: Any,
        **shared: FieldPath,
    ) -> Made:
        """An object that is named after its parent, and in its namespace.

        Args:
            parent: The object that it is made for.
            names: Its own names, which come after its parent's.
            path: The fields of its parent that it is made of, as what its ``spec`` is.
            version: Its ``apiVersion``.
            kind: Its kind.
            spec: Its ``spec``.
            shared: Fields of its ``spec`` that its parent has elsewhere, for several such objects.
        """
        metadata = mapping(parent.get("metadata"))
        kept = {key: metadata[key] for key in ("namespace", "annotations") if key in metadata}
        first: Any = metadata.get("name") or metadata.get("generateName")
        # What is no text is not made one, as it may be anything: whoever reads it refuses it.
        wrong = [part for part in (first, *names) if not isinstance(part, str)]
        name = wrong[0] if wrong else "-".join((first.removesuffix("-"), *map(str, names)))
        made = {
            "apiVersion": version,
            "kind": kind,
            "metadata": {**kept, "name": name},
            "spec": spec,
        }
        own = first if isinstance(first, str) else ""
        return cls(made, Part(str(parent["kind"]), printable(own), path, FrozenDict(shared)))


def numbered(value: Any) -> Iterator[tuple[int, Manifest]]:
    """The mappings in a list, with the position of each; none if the value is no list."""
    for number, each in enumerate(value if isinstance(value, (list, tuple)) else ()):
        if isinstance(each, Mapping):
            yield number, each


def mapping(value: Any) -> Manifest:
    """The value, if it is a mapping, or else an empty one."""
    return value if isinstance(value, Mapping) else NOTHING
