"""The objects in a YAML file, with their lines."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any, Final, TextIO

import yaml
from attrs import frozen
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

__all__ = ["yaml_objects"]

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MARKER: Final = re.compile(r"^(?=---(?:[ \t\r\n]|\Z))", re.MULTILINE)


def yaml_objects(file: TextIO) -> Iterator[tuple[dict[str, Any], _Node]]:
    """The objects in a file, lists unwrapped: kind and metadata of each, and where it is.

    A document that is not YAML has none.
    """
    first = 1
    for chunk in _MARKER.split(file.read()):
        lines = chunk.split("\n")
        try:
            for document in yaml.compose_all(chunk, Loader=_LOADER):
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
    for key, value in node.value if isinstance(node, MappingNode) else ():
        if isinstance(key, ScalarNode) and key.value == name:
            return value
    return None


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
    def line(self) -> int:
        """The line that it starts on."""
        return self._line(self.node)

    def _line(self, node: Any) -> int:
        return self.first + int(node.start_mark.line)

    def children(self, wanted: Collection[Any]) -> Iterator[tuple[Any, int, _Node]]:
        """Those of its members or items that are wanted, the line of each, and its value.

        An item is wanted by its position or by its name.
        """
        if not wanted:
            return
        if isinstance(self.node, MappingNode):
            for key, value in self.node.value:
                if isinstance(key, ScalarNode) and key.value in wanted:
                    yield key.value, self._line(key), self.of(value)
        elif isinstance(self.node, SequenceNode):
            for number, item in enumerate(self.node.value):
                name = _scalar(_member(item, "name"))
                step = number if number in wanted else name
                if step in wanted:
                    yield step, self._line(item), self.of(item)

    def entries(self) -> dict[Any, int]:
        """The lines of a docker config's entries, if it is written out: of what is in quotes."""
        found: dict[Any, int] = {}
        start, end = self.node.start_mark.line, self.node.end_mark.line
        for number, line in enumerate(self.lines[start : end + 1], self.first + start):
            for quoted in line.split('"')[1:-1]:
                found.setdefault(quoted, number)
        return found
