"""The objects in a JSON file, with their lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from json import JSONDecoder
from typing import Any, Final, TextIO

from attrs import frozen

from pullsecrets.diagnoses.formats import Position

__all__ = ["json_objects"]

_BLOCK: Final = 1 << 20  # characters
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_NAME: Final = re.compile(r'"([^"\\]*)":[ \t\r\n]*(?=[^ \t\r\n])')  # as nearly all are written
_DECODER: Final = JSONDecoder()
_HEAD: Final = frozenset({"kind", "metadata"})
_MAX_LISTS: Final = 8  # in lists, as for the reader of manifests
_MARKER: Final = "---"
_START: Final = Position(1, 1)


def json_objects(file: TextIO) -> Iterator[tuple[dict[str, Any], _Node]]:
    """The objects in a file, lists unwrapped: kind and metadata of each, and where it is.

    No more of the file is held than the object that it is at.

    Raises:
        ValueError: From there on it is not JSON. The error holds none of it.
        RecursionError: It is nested too deeply.
    """
    text = _Text(read=file.read)
    while mark := text.next():
        if mark == "-":
            text.skip(_MARKER)
        else:
            yield from _objects(text, 0)


def _objects(text: _Text, depth: int) -> Iterator[tuple[dict[str, Any], _Node]]:
    text.forget()
    head: dict[str, Any] = {}
    start, position = text.at, text.position(text.at)
    is_list = False
    for name, _ in text.members():
        if name == "items" and text.next() == "[" and depth < _MAX_LISTS:
            is_list = True
            for _ in text.items():
                if text.next() == "{":
                    yield from _objects(text, depth + 1)
        elif name in _HEAD:
            head[name] = text.value()
    if not is_list:
        yield head, _Node(text.text, start, position)


@frozen(repr=False)
class _Node:
    """A value in a text, and where it starts."""

    text: str
    at: int
    start: Position

    def extent(self) -> Position | None:
        """Where its text starts and ends, if it is a scalar."""
        text = _Text(self.text, self.at, self.start)
        mark = text.next()
        if mark in "[{":
            return None
        text.value()
        quoted = mark == '"'
        return Position(
            self.start.line,
            self.start.column + quoted,
            self.start.column + text.at - self.at - quoted,
        )

    def children(self, wanted: Collection[Any]) -> Iterator[tuple[Any, Position, _Node]]:
        """Those of its members or items that are wanted, where each starts, and its value.

        An item is wanted by its position or by its name. What comes after the last of them is not
        looked at.
        """
        left = set(wanted)
        for found in self._children(wanted) if left else ():
            yield found
            left.discard(found[0])
            if not left:
                break

    def _children(self, wanted: Collection[Any]) -> Iterator[tuple[Any, Position, _Node]]:
        text = _Text(self.text, self.at, self.start)
        mark = text.next()
        if mark == "{":
            for name, start in text.members():
                if name in wanted:
                    at = text.position(start)
                    yield name, at, _Node(self.text, text.at, text.position(text.at))
        elif mark == "[":
            for number in text.items():
                node = _Node(self.text, text.at, text.position(text.at))
                step = number if number in wanted else text.name()
                if step in wanted:
                    yield step, node.start, node

    def entries(self) -> dict[Any, Position]:
        """Where a docker config's entries are: in a string of JSON they are not told apart."""
        return {}


class _Text:
    """JSON from a place on, with line and column there; more of it is read as it is needed.

    Args:
        text: What has been read.
        at: The place.
        position: Line and column there.
        read: Reads so many characters more, none at the end.
    """

    def __init__(
        self,
        text: str = "",
        at: int = 0,
        position: Position = _START,
        read: Callable[[int], str] = lambda count: "",
    ) -> None:
        self.text, self.at = text, at
        self._line, self._counted = position.line, at
        self._line_start = at + 1 - position.column
        self._forgotten = 0
        self._read = read

    def position(self, at: int) -> Position:
        """Line and column of the place, or of one before it that was passed since the last call."""
        lines = self.text.count("\n", self._counted, at)
        if lines:
            self._line += lines
            self._line_start = self.text.rindex("\n", self._counted, at) + 1
        self._counted = at
        return Position(self._line, at - self._line_start + 1)

    def forget(self) -> None:
        """Let go of what is before the place, if that is much."""
        if self.at > _BLOCK:
            self.position(self.at)
            self._forgotten += self.at
            self._line_start -= self.at
            self.text = self.text[self.at :]
            self.at = self._counted = 0

    def next(self) -> str:
        """Go to the next character that is no space; empty at the end."""
        if self.text[self.at : self.at + 1] > " ":  # mostly: all of JSON's spaces come before
            return self.text[self.at]
        while True:
            self.at = _SPACE.match(self.text, self.at).end()  # type: ignore[union-attr]
            if self.at < len(self.text):
                return self.text[self.at]
            if not self._more():
                return ""

    def skip(self, mark: str) -> None:
        """Go behind a mark.

        Raises:
            ValueError: Something else is there.
        """
        self.next()
        if not self.text.startswith(mark, self.at):
            raise ValueError
        self.at += len(mark)

    def value(self) -> Any:
        """Go behind a value.

        Raises:
            ValueError: There is none.
            RecursionError: It is nested too deeply.
        """
        self.next()
        value: Any = None
        while True:
            try:
                value, end = _DECODER.raw_decode(self.text, self.at)
            except ValueError:
                end = -1
            # What ends with the text may go on: a number, or what is an error without its end.
            if 0 <= end < len(self.text) or not self._more():
                break
        if end < 0:
            raise ValueError  # without the decoder's error, which holds the text
        self.at = end
        return value

    def name(self) -> str:
        """Go behind a value; its member `name`, empty if it has none."""
        value = self.value()
        name = value.get("name") if isinstance(value, dict) else None
        return name if isinstance(name, str) else ""

    def members(self) -> Iterator[tuple[str, int]]:
        """The names of an object's members, and where each starts; the place is at its value."""
        self.skip("{")
        while self.next() != "}":
            start = self.at
            match = _NAME.match(self.text, self.at)
            if match is not None:
                name, self.at = match[1], match.end()
            else:
                name = self.value()
                self.skip(":")
                self.next()
            yield from self._passed_over((name, start))
            self._go_on("}")
        self.skip("}")

    def items(self) -> Iterator[int]:
        """The positions of an array's items; the place is at each one."""
        self.skip("[")
        number = 0
        while self.next() != "]":
            yield from self._passed_over(number)
            number += 1
            self._go_on("]")
        self.skip("]")

    def _go_on(self, end: str) -> None:
        """Go behind the comma, unless this is the end."""
        mark = self.next()
        if mark == ",":
            self.at += 1
        elif mark != end:
            raise ValueError

    def _passed_over(self, what: Any) -> Iterator[Any]:
        """Yield it; then go behind the value at the place, if nobody has."""
        before = self._forgotten + self.at
        yield what
        if self._forgotten + self.at == before:
            self.value()

    def _more(self) -> bool:
        block = self._read(max(_BLOCK, len(self.text)))
        self.text += block
        return bool(block)
