"""The objects in a JSON file, with their lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from json import JSONDecoder
from typing import Any, Final, TextIO

from attrs import frozen

__all__ = ["json_objects"]

_BLOCK: Final = 1 << 20  # characters
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_NAME: Final = re.compile(r'"([^"\\]*)":[ \t\r\n]*(?=[^ \t\r\n])')  # as nearly all are written
_DECODER: Final = JSONDecoder()
_HEAD: Final = frozenset({"kind", "metadata"})
_MAX_LISTS: Final = 8  # in lists, as for the reader of manifests
_MARKER: Final = "---"


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
    start, line = text.at, text.line()
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
        yield head, _Node(text.text, start, line)


@frozen(repr=False)
class _Node:
    """A value in a text, and the line that it is on."""

    text: str
    at: int
    line: int

    def children(self, wanted: Collection[Any]) -> Iterator[tuple[Any, int, _Node]]:
        """Those of its members or items that are wanted, the line of each, and its value.

        An item is wanted by its position or by its name. What comes after the last of them is not
        looked at.
        """
        left = set(wanted)
        for found in self._children(wanted) if left else ():
            yield found
            left.discard(found[0])
            if not left:
                break

    def _children(self, wanted: Collection[Any]) -> Iterator[tuple[Any, int, _Node]]:
        text = _Text(self.text, self.at, self.line)
        mark = text.next()
        if mark == "{":
            for name, line in text.members():
                if name in wanted:
                    yield name, line, _Node(self.text, text.at, text.line())
        elif mark == "[":
            for number in text.items():
                node = _Node(self.text, text.at, text.line())
                step = number if number in wanted else text.name()
                if step in wanted:
                    yield step, node.line, node

    def entries(self) -> dict[Any, int]:
        """The lines of a docker config's entries: a string of JSON has one line."""
        return {}


class _Text:
    """JSON from a place on, with the number of the line there; more of it is read as it is needed.

    Args:
        text: What has been read.
        at: The place.
        line: The line there, counted from 1.
        read: Reads so many characters more, none at the end.
    """

    def __init__(
        self,
        text: str = "",
        at: int = 0,
        line: int = 1,
        read: Callable[[int], str] = lambda count: "",
    ) -> None:
        self.text, self.at = text, at
        self._line, self._counted = line, at
        self._forgotten = 0
        self._read = read

    def line(self) -> int:
        """The line of the place."""
        self._line += self.text.count("\n", self._counted, self.at)
        self._counted = self.at
        return self._line

    def forget(self) -> None:
        """Let go of what is before the place, if that is much."""
        if self.at > _BLOCK:
            self.line()
            self._forgotten += self.at
            self.text = self.text[self.at :]
            self.at = self._counted = 0

    def next(self) -> str:
        """Go to the next character that is no space; empty at the end."""
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
        """The names of an object's members, and their lines; the place is at each one's value."""
        self.skip("{")
        while self.next() != "}":
            line = self.line()
            match = _NAME.match(self.text, self.at)
            if match is not None:
                name, self.at = match[1], match.end()
            else:
                name = self.value()
                self.skip(":")
                self.next()
            yield from self._passed_over((name, line))
            if self.next() != "}":
                self.skip(",")
        self.skip("}")

    def items(self) -> Iterator[int]:
        """The positions of an array's items; the place is at each one."""
        self.skip("[")
        number = 0
        while self.next() != "]":
            yield from self._passed_over(number)
            number += 1
            if self.next() != "]":
                self.skip(",")
        self.skip("]")

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
