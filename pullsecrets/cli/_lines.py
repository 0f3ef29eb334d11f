"""Lines in files: where in the text a diagnosis points at.

Only the files that have diagnoses are read again. What cannot be found has no line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from pullsecrets.diagnoses import Where
from pullsecrets.diagnoses.formats import Position
from pullsecrets.fields import FieldPath

__all__ = ["Lines"]

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MARKER: Final = re.compile(r"^(?=---(?:[ \t\r\n]|\Z))", re.MULTILINE)


class Lines:
    """Finds the lines of places, and remembers the files it has read."""

    def __init__(self) -> None:
        self._files: dict[str, list[tuple[MappingNode, int]]] = {}
        self._texts: dict[str, list[str]] = {}

    def __call__(self, where: Where) -> int | None:
        """The line of a place, counted from 1; None if it cannot be found."""
        position = self.position(where)
        return None if position is None else position.line

    def position(self, where: Where) -> Position | None:
        """Line and column of a place; None if it cannot be found.

        The end is that of an entry that is written out, or of a field's value on one line.
        """
        way = self._way(where)
        if not way:
            return None
        first, at, value = way[-1]
        line = first + at.start_mark.line
        if where.entry is not None:
            found = self._entry(where, line, first + value.end_mark.line)
            return found or Position(line, at.start_mark.column + 1)
        if isinstance(value, ScalarNode) and value.start_mark.line == value.end_mark.line:
            quoted = value.style is not None
            return Position(
                first + value.start_mark.line,
                value.start_mark.column + 1 + quoted,
                value.end_mark.column + 1 - quoted,
            )
        return Position(line, at.start_mark.column + 1)

    def way(self, where: Where) -> tuple[int, ...]:
        """The lines of the fields that lead to a place, from the object on."""
        return tuple(first + at.start_mark.line for first, at, _ in self._way(where))

    def _way(self, where: Where) -> list[tuple[int, Any, Any]]:
        """The first line of the document, and key and value of each field on the way."""
        # Without a document it is a chart's template, whose lines are not those of the document.
        if where.file is None or where.file == "-" or where.document is None:
            return []
        if where.file not in self._files:
            self._files[where.file] = list(self._read(where.file))
        found = [
            (document, first) for document, first in self._files[where.file] if _is(document, where)
        ]
        if not found:
            return []
        # If an object is defined twice, the later definition counts.
        document, first = found[-1]
        return [(first, at, value) for at, value in _walk(document, where.field)]

    def _read(self, file: str) -> Iterator[tuple[MappingNode, int]]:
        """The objects in a file, each with the line that its document's first line has."""
        try:
            text = Path(file).read_text(encoding="utf-8-sig")
        except (OSError, ValueError):
            text = ""
        self._texts[file] = text.split("\n")
        first = 1
        for chunk in _MARKER.split(text):
            try:
                for document in yaml.compose_all(chunk, Loader=_LOADER):
                    for each in _objects(document):
                        yield each, first
            except (yaml.YAMLError, RecursionError):
                pass
            first += chunk.count("\n")

    def _entry(self, where: Where, line: int, last: int) -> Position | None:
        """The entry within a docker config that is written out from one line to another."""
        quoted = f'"{where.entry}"'
        for at, text in enumerate(self._texts[where.file or ""][line - 1 : last], line):
            column = text.find(quoted)
            if column >= 0:
                start = column + len(' "')
                return Position(at, start, start + len(str(where.entry)))
        return None


def _objects(node: Node | None) -> Iterator[MappingNode]:
    if isinstance(node, MappingNode):
        yield node
        items = _member(node, "items")
        if isinstance(items, SequenceNode):
            for item in items.value:
                yield from _objects(item)


def _member(node: Any, name: str) -> Any:
    return _pair(node, name)[1]


def _scalar(node: Any) -> str:
    return node.value if isinstance(node, ScalarNode) else ""


def _is(document: MappingNode, where: Where) -> bool:
    metadata = _member(document, "metadata")
    name = _scalar(_member(metadata, "name")) or _scalar(_member(metadata, "generateName"))
    return (
        _scalar(_member(document, "kind")) in (where.kind, "")
        and name == where.name
        and _scalar(_member(metadata, "namespace")) in (where.namespace, "")
    )


def _walk(document: MappingNode, path: FieldPath) -> Iterator[tuple[Any, Any]]:
    """The key, or the item of a list, and the value of each step that is there."""
    node: Any = document
    yield node, node
    if path[:1] == ("data",) and len(path) > 1:
        # A value of a Secret is where it was written; in both, `stringData` wins (rule 7).
        plain = _member(document, "stringData")
        path = ("stringData" if _pair(plain, path[1])[0] else "data", *path[1:])
    for step in path:
        if isinstance(step, int):
            items = node.value if isinstance(node, SequenceNode) else []
            at = node = items[step] if step < len(items) else None
        elif isinstance(node, SequenceNode):
            named = (item for item in node.value if _scalar(_member(item, "name")) == step)
            at = node = next(named, None)
        else:
            at, node = _pair(node, step)
        if node is None:
            return
        yield at, node


def _pair(node: Any, name: object) -> tuple[Any, Any]:
    """The key and the value of a member."""
    for key, value in node.value if isinstance(node, MappingNode) else ():
        if isinstance(key, ScalarNode) and name == key.value:
            return key, value
    return None, None
