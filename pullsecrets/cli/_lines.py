"""Lines in files: where in the text the places are that diagnoses point at.

Each file that has such places is read once more, from its start to its end. Each object in it is
looked up among the places by its name, and only inside of those that are found are fields looked
for. What cannot be found has no line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from attrs import Factory, define

from pullsecrets.cli._lines_json import json_objects
from pullsecrets.cli._lines_yaml import yaml_objects
from pullsecrets.diagnoses import Where
from pullsecrets.diagnoses.formats import Position
from pullsecrets.fields import FieldPath
from pullsecrets.secrecy import EntryText, printable

__all__ = ["Lines"]


class Lines:
    """The lines of places.

    Args:
        places: The places that will be asked for.
        namespace: That of objects that name none.
    """

    def __init__(self, places: Iterable[Where], namespace: str = "default") -> None:
        self._found: dict[Where, _Found] = {}
        files: dict[str, dict[_Identity, _Field]] = {}
        for where in places:
            # Without a document it is a chart's template, whose lines are not the document's.
            if where.file is not None and where.file != "-" and where.document is not None:
                objects = files.setdefault(where.file, {})
                of, name, path = _written(where)
                for kind in (of, ""):  # the items of a typed list need not name theirs
                    root = objects.setdefault((kind, where.namespace, name), _Field())
                    root.at(path).places.append(where)
        for file, objects in files.items():
            self._found.update(_found_in(Path(file), objects, namespace))

    def __call__(self, where: Where) -> int | None:
        """The line of a place, counted from 1; None if it cannot be found."""
        position = self.position(where)
        return None if position is None else position.line

    def position(self, where: Where) -> Position | None:
        """Line and column of a place; None if it cannot be found.

        The end is that of an entry that is written out, or of a field's value on one line.
        """
        found = self._found.get(where)
        return None if found is None else found[0]

    def way(self, where: Where) -> tuple[int, ...]:
        """The lines of the fields that lead to a place, from the object on."""
        found = self._found.get(where)
        return () if found is None else found[1]


_Step = str | int | EntryText
_Identity = tuple[str, str, str]  # kind, namespace, name
_Found = tuple[Position, tuple[int, ...]]  # of a place, and the lines that lead there


@define
class _Field:
    """A field that is looked for, or leads to some: its places, and the fields inside of it."""

    places: list[Where] = Factory(list)
    inner: dict[_Step, _Field] = Factory(dict)

    def at(self, path: Iterable[_Step]) -> _Field:
        """The field at the end of a path, made where there is none."""
        field = self
        for step in path:
            field = field.inner.setdefault(step, _Field())
        return field

    def all_places(self) -> Iterator[Where]:
        """Its places, and those inside of it."""
        yield from self.places
        for field in self.inner.values():
            yield from field.all_places()


def _written(where: Where) -> tuple[str, str, FieldPath]:
    """The kind and the name of the object that is in the file, and the fields that lead there."""
    if where.part is None:
        return where.kind, where.name, where.field
    return where.part.kind, where.part.name, where.part.written(where.field)


def _found_in(
    file: Path, objects: Mapping[_Identity, _Field], namespace: str
) -> Iterator[tuple[Where, _Found]]:
    """Where places are; if an object is defined twice, the later definition comes later."""
    for read in (json_objects, yaml_objects):
        try:
            with file.open(encoding="utf-8-sig", errors="surrogateescape", newline="\n") as text:
                for head, node in read(text):
                    for identity in _identities(head, namespace):
                        if identity in objects:
                            yield from _object(node, objects[identity])
                            break
        except OSError:
            return
        except (ValueError, RecursionError):  # it is not JSON, or no longer
            continue
        return


def _identities(head: Mapping[str, Any], namespace: str) -> Iterator[_Identity]:
    metadata = head.get("metadata")
    names = metadata if isinstance(metadata, Mapping) else {}
    kind, name = _text(head, "kind"), _text(names, "name") or _text(names, "generateName")
    yield kind, _text(names, "namespace") or namespace, name
    yield kind, "", name  # a configuration of nodes, which is in no namespace


def _text(mapping: Mapping[str, Any], name: str) -> str:
    value = mapping.get(name)
    return printable(value) if isinstance(value, str) else ""


_STRING_DATA: Final = ("stringData",)


def _object(node: Any, field: _Field) -> Iterator[tuple[Where, _Found]]:
    way = (node.start.line,)
    yield from _walk(node, node.start, way, field)
    # A value of a Secret is named as part of `data`, wherever it is written.
    data = field.inner.get("data", _Field())
    for _, start, holder in node.children(_STRING_DATA if data.inner else ()):
        for step, at, child in holder.children(data.inner):
            yield from _walk(child, at, (*way, start.line, at.line), data.inner[step])


def _walk(
    node: Any, start: Position, way: tuple[int, ...], field: _Field
) -> Iterator[tuple[Where, _Found]]:
    """Where a field is, and the fields in it: as deep as they are there."""
    entries = node.entries() if any(where.entry is not None for where in field.places) else {}
    for where in field.places:
        at = start if where.entry is not None else node.extent() or start
        yield where, (entries.get(where.entry, at), way)
    left = dict(field.inner)
    for step, at, child in node.children(field.inner):
        left.pop(step, None)
        yield from _walk(child, at, (*way, at.line), field.inner[step])
    for absent in left.values():
        for where in absent.all_places():
            yield where, (start, way)
