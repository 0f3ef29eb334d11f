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
        if where.file is None or where.file == "-":
            return None
        if where.file not in self._files:
            self._files[where.file] = list(self._read(where.file))
        found = [
            (document, first) for document, first in self._files[where.file] if _is(document, where)
        ]
        if not found:
            return None
        # If an object is defined twice, the later definition counts.
        document, first = found[-1]
        line = first + _walk(document, where.field)
        return self._entry(where, line) if where.entry is not None else line

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

    def _entry(self, where: Where, line: int) -> int:
        """The line of the entry within a docker config that is written out."""
        text = self._texts[where.file or ""]
        for at in range(line - 1, len(text)):
            if at >= line and text[at].startswith("---"):
                break
            if f'"{where.entry}"' in text[at]:
                return at + 1
        return line


def _objects(node: Node | None) -> Iterator[MappingNode]:
    if isinstance(node, MappingNode):
        yield node
        items = _member(node, "items")
        if isinstance(items, SequenceNode):
            for item in items.value:
                yield from _objects(item)


def _member(node: Any, name: str) -> Any:
    for key, value in node.value if isinstance(node, MappingNode) else ():
        if isinstance(key, ScalarNode) and key.value == name:
            return value
    return None


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


def _walk(document: MappingNode, path: FieldPath) -> int:
    """The line of the field within its document, from 0; as deep as the field is there."""
    at: Any
    node: Any = document
    line: int = document.start_mark.line
    for step in path:
        if isinstance(step, int):
            items = node.value if isinstance(node, SequenceNode) else []
            at = node = items[step] if step < len(items) else None
        elif isinstance(node, SequenceNode):
            named = (item for item in node.value if _scalar(_member(item, "name")) == step)
            at = node = next(named, None)
        else:
            name = step if isinstance(step, str) else step.reveal()
            at, node = _step(document, node, name)
        if node is None:
            break
        line = at.start_mark.line
    return line


def _step(document: MappingNode, node: Any, name: str) -> tuple[Any, Any]:
    """The key and the value of a member; what is not in ``data`` is in ``stringData``."""
    for holder in (node, _member(document, "stringData") if name.startswith(".") else None):
        for key, value in holder.value if isinstance(holder, MappingNode) else ():
            if isinstance(key, ScalarNode) and key.value == name:
                return key, value
    if node is document and name == "data":
        # An empty stand-in, so that the next step looks into stringData.
        return document, MappingNode("", [], document.start_mark, document.end_mark)
    return None, None
