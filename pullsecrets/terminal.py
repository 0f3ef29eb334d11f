"""Rows of text for a terminal, in columns that are as wide in all rows (extra ``cli``).

Where the columns fit the terminal, as they always do behind a pipe, each row is a padded line.
rich's own grid measures and wraps each cell anew: that takes 30 times as long.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from attrs import frozen

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions
    from rich.segment import Segment

__all__ = ["Line", "Screen", "ScreenRow"]

Line = tuple[str, str]
"""A line of a cell that is safe to show, and rich's style for it."""

_GAP: Final = 2  # blanks between two columns
_HANG: Final = 4  # blanks before what does not fit into a line


@frozen
class ScreenRow:
    """A row: cells below each other's, or one cell that goes across all columns.

    Attributes:
        cells: The cells, each a line or several.
        indent: How many blanks are before it.
    """

    cells: Sequence[Sequence[Line]]
    indent: int = 0


@frozen
class Screen:
    """Rows as rich prints them: a cell that is too wide for the terminal is folded in its column.

    Attributes:
        rows: The rows. All that have more than one cell have the same number of them.
    """

    rows: tuple[ScreenRow, ...]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        widths = self._widths(options.max_width)
        for row in self.rows:
            room = widths if len(row.cells) > 1 else [max(options.max_width - row.indent, 1)]
            # What goes across all columns is seen to go on in the next line by its indent.
            hang = _HANG if len(row.cells) == 1 else 0
            cells = [
                [folded for line in cell for folded in _fold(line, width, hang, console)]
                for cell, width in zip(row.cells, room, strict=True)
            ]
            for lines in zip_longest(*cells, fillvalue=("", "")):
                yield from _segments(lines, room, row.indent, console)

    def _widths(self, most: int) -> list[int]:
        """The columns' widths: as wide as they need, or the widest ones cut until all fit."""
        rows = [row for row in self.rows if len(row.cells) > 1]
        widths = [
            max((_width(text) for cell in column for text, _ in cell), default=0)
            for column in zip(*(row.cells for row in rows), strict=True)
        ]
        indent = max((row.indent for row in rows), default=0)
        room = most - indent - _GAP * (len(widths) - 1)
        left = len(widths)
        for width in sorted(widths):
            if width * left > room:
                limit = max(room // left, 1)
                return [min(each, limit) for each in widths]
            room -= width
            left -= 1
        return widths


def _width(text: str) -> int:
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _fold(line: Line, width: int, hang: int, console: Console) -> list[Line]:
    from rich.text import Text

    text, style = line
    if _width(text) <= width:
        return [line]
    folded = Text(text).wrap(console, max(width - hang, 1), overflow="fold")
    lines = [each.plain.rstrip() for each in folded]
    return [(lines[0], style), *((f"{' ' * hang}{each}", style) for each in lines[1:])]


def _segments(
    lines: Sequence[Line], widths: Sequence[int], indent: int, console: Console
) -> Iterator[Segment]:
    """One line of the terminal, without blanks at its end."""
    from rich.segment import Segment

    plain = ""
    start, at = indent, 0  # where the next cell starts, and how far the line goes by now
    for (text, style), width in zip(lines, widths, strict=True):
        if text:
            plain += " " * (start - at)
            at = start + _width(text)
        if style and text:
            yield Segment(plain)
            yield Segment(text, console.get_style(style))
            plain = ""
        else:
            plain += text
        start += width + _GAP
    yield Segment(f"{plain}\n")
