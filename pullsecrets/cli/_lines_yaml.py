"""The objects in a YAML file, with their lines."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any, Final, TextIO

import yaml
from attrs import frozen
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from pullsecrets.diagnoses.formats import Position
from pullsecrets.reading.text import without_marks, yaml_loader

__all__ = ["yaml_objects"]

_MARKER: Final = re.compile(r"^(?=---(?:[ \t\r\n]|\Z))", re.MULTILINE)


def yaml_objects(file: TextIO) -> Iterator[tuple[dict[str, Any], _Node]]:
    """The objects in a file, lists unwrapped: kind and metadata of each, and where it is.

    A document that is not YAML has none, and none that is nested too deeply to be read.
    """
    _, loader = yaml_loader()
    first = 1
    for chunk in _MARKER.split(without_marks(file.read())):
        lines = chunk.split("\n")
        try:
            for document in yaml.compose_all(chunk, Loader=loader):
                yield from _objects(_Node(document, first, lines))
        except (yaml.YAMLError, RecursionError):
            pass
        first += len(lines) - 1


def _objects(node: _Node) -> Iterator[tuple[dict[str, Any], _Node]]:
    if not isinstance(node.node, MappingNode):
        return
    items = _member(node.node, "items")
    if isinstance(items, SequenceNode):
        for item in items.value:
            yield from _objects(node.of(item))
    else:
        metadata = _member(node.node, "metadata")
        names = ("name", "generateName", "namespace")
        head = {name: _scalar(_member(metadata, name)) for name in names}
        yield {"kind": _scalar(_member(node.node, "kind")), "metadata": head}, node


def _member(node: Any, name: str) -> Any:
    found = None
    for key, value in node.value if isinstance(node, MappingNode) else ():
        if isinstance(key, ScalarNode) and key.value == name:
            found = value  # of a key that is there twice the later one counts
    return found


def _scalar(node: Any) -> str:
    return node.value if isinstance(node, ScalarNode) else ""


@frozen(repr=False)
class _Node:
    """A node of a document, the number of the document's first line, and its lines."""

    node: Node
    first: int
    lines: list[str]

    def of(self, node: Node) -> _Node:
        """Another node of the document."""
        return _Node(node, self.first, self.lines)

    @property
    def start(self) -> Position:
        """Where it starts."""
        return self._start(self.node)

    def _start(self, node: Any) -> Position:
        return Position(self.first + node.start_mark.line, node.start_mark.column + 1)

    def extent(self) -> Position | None:
        """Where its text starts and ends, if it is a scalar on one line."""
        start, end = self.node.start_mark, self.node.end_mark
        if not isinstance(self.node, ScalarNode) or start.line != end.line:
            return None
        quoted = self.node.style in ("'", '"')  # plain is None, or empty in the C parser
        return Position(self.first + start.line, start.column + 1 + quoted, end.column + 1 - quoted)

    def children(self, wanted: Collection[Any]) -> Iterator[tuple[Any, Position, _Node]]:
        """Those of its members or items that are wanted, where each starts, and its value.

        An item is wanted by its position or by its name.
        """
        if not wanted:
            return
        if isinstance(self.node, MappingNode):
            for key, value in self.node.value:
                if isinstance(key, ScalarNode) and key.value in wanted:
                    yield key.value, self._start(key), self.of(value)
        elif isinstance(self.node, SequenceNode):
            for number, item in enumerate(self.node.value):
                name = _scalar(_member(item, "name"))
                step = number if number in wanted else name
                if step in wanted:
                    yield step, self._start(item), self.of(item)

    def entries(self) -> dict[Any, Position]:
        """Where a docker config's entries are, if it is written out: what is in quotes."""
        found: dict[Any, Position] = {}
        start, end = self.node.start_mark.line, self.node.end_mark.line
        for number, line in enumerate(self.lines[start : end + 1], self.first + start):
            column = 1
            for quoted in line.split('"')[:-1]:
                stop = column + len(quoted)
                if column > 1:
                    found.setdefault(quoted, Position(number, column, stop))
                column = stop + 1
        return found
