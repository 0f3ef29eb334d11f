"""One description of a table, and its forms: HTML, terminal, plain lines, records.

A value describes its table once, in `Tabular.table`. The forms are made here, and everything that
they show is escaped here. No password, token or ``auth`` ever comes in.

>>> table = Table((Column("name", "name"), Column("size")), (("api", 3),), title="Two")
>>> table.records()
[{'name': 'api', 'size': 3}]
>>> list(table.lines())
['Two', '  api']
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING, Final

from attrs import evolve, frozen

from pullsecrets.secrecy import printable
from pullsecrets.terminal import Line, Screen, ScreenRow

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["Cell", "Column", "Table", "Tabular", "Tone", "Value", "html_box", "stacked"]

Value = str | int | bool | None
"""What a record holds."""

_HTML_ROWS: Final = 60
_TERMINAL_ROWS: Final = 200


class Tone(StrEnum):
    """How a text is meant; each form has its own way to show it."""

    PLAIN = ""
    STRONG = "strong"
    FAINT = "faint"
    GOOD = "good"
    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"


_STYLES: Final = {
    Tone.PLAIN: "",
    Tone.STRONG: "bold",
    Tone.FAINT: "dim",
    Tone.GOOD: "green",
    Tone.NOTE: "cyan",
    Tone.WARNING: "yellow",
    Tone.ERROR: "red",
}


@frozen
class Cell:
    """What is in a row under a column.

    Attributes:
        value: What a record holds.
        text: What people read, if that is something else; a line, or several.
        tone: How it is meant.
        below: A further line, which explains the first.
        link: The address of a page about it, which HTML and Markdown lead to; or None.
    """

    value: Value = None
    text: str | tuple[str, ...] | None = None
    tone: Tone = Tone.PLAIN
    below: str = ""
    link: str | None = None

    @property
    def shown(self) -> str:
        """What people read, without `below`; empty for None. Safe to show."""
        text = self.text
        if text is None:
            text = "" if self.value is None else str(self.value)
        return printable(text) if isinstance(text, str) else "\n".join(map(printable, text))


@frozen
class Column:
    """A column of a table.

    Attributes:
        field: Its name in a record.
        heading: Its heading, None if only records have it.
        code: Whether it holds names that are to be copied: HTML sets them in a fixed-width font.
        group: Whether its cells are headings above the rows that share them.
        number: Whether its cells are numbers, whose ends are below each other.
    """

    field: str
    heading: str | None = None
    code: bool = False
    group: bool = False
    number: bool = False


Row = Sequence[Cell | Value]


@frozen
class Table:
    """The description of a table, which shows itself in a notebook and in rich's terminal.

    Attributes:
        columns: The columns. Those that group come in the order of their depth.
        rows: The rows, a cell or a bare value for each column.
        title: What it is about.
        subtitle: What there is to say about the whole of it.
        notes: Lines between the title and the rows.
        total: How many rows there would be, None if they are all here.
        unit: What a row is, in the plural.
    """

    columns: tuple[Column, ...]
    rows: tuple[Row, ...] = ()
    title: str = ""
    subtitle: Cell = Cell()
    notes: tuple[str, ...] = ()
    total: int | None = None
    unit: str = "rows"

    def records(self) -> list[dict[str, Value]]:
        """One flat dict for each row: for a data frame."""
        return [
            {
                column.field: _cell(cell).value
                for column, cell in zip(self.columns, row, strict=True)
            }
            for row in self.rows
        ]

    def lines(self, limit: int | None = None) -> Iterator[str]:
        """Plain text: for the message of an error.

        Args:
            limit: How many rows are shown at most, None for all of them.
        """
        yield from filter(None, (printable(self.title), self.subtitle.shown))
        yield from (printable(f"  ! {note}") for note in self.notes)
        for headings, rows in self._groups(self.rows[:limit]):
            for depth, heading in headings:
                text = f"{heading.shown} {printable(heading.below)}".rstrip()
                yield f"{'  ' * (depth + 1)}{text}"
            for row in rows:
                text = "  ".join(cell.shown.replace("\n", "; ") for cell in row if cell.shown)
                yield f"{'  ' * (self._depth + 1)}{text}"
        yield from (cell.shown for cell in self._more(limit))

    @property
    def _readable(self) -> Table:
        """The same, with the columns that hold nothing to read left to the records."""
        if not self.rows:
            return self
        read = {
            at
            for at in range(len(self.columns))
            if any(_cell(row[at]).shown or _cell(row[at]).below for row in self.rows)
        }
        columns = (
            column if at in read else evolve(column, heading=None, group=False)
            for at, column in enumerate(self.columns)
        )
        return evolve(self, columns=tuple(columns))

    def html(self, limit: int | None = _HTML_ROWS) -> str:
        """A table for a page: escaped, without script, readable on light and dark pages.

        Args:
            limit: How many rows are shown at most, None for all of them.
        """
        caption = f"<strong>{_html(Cell(self.title))}</strong>" if self.title else ""
        caption += f"<br>{_html(self.subtitle)}" if self.subtitle.shown else ""
        caption += "".join(f"<br>{_html(Cell(note, tone=Tone.WARNING))}" for note in self.notes)
        if not self.rows:
            return f"<p>{caption}</p>"
        table = self._readable
        shown = table._shown
        head = "".join(map(_html_heading, shown))
        body = []
        for headings, rows in table._groups(table.rows[:limit]):
            body += [
                f'<tr class="group"><th colspan="{len(shown)}" class="long depth{depth}">'
                f"{_html(heading)}</th></tr>"
                for depth, heading in headings
            ]
            body += [f"<tr>{''.join(map(_html_cell, row, shown))}</tr>" for row in rows]
        deep = ' class="deep"' if table._depth > 1 else ""
        return (
            f"<table{deep}><caption>{caption}</caption><thead><tr>{head}</tr></thead>"
            f"<tbody>{''.join(body)}</tbody></table>"
            + "".join(f"<p>{_html(cell)}</p>" for cell in self._more(limit))
        )

    def markdown(self) -> str:
        """Tables for a page in Markdown: a comment, a job's summary. Nothing in it is markup."""
        parts = [f"### {_markdown(printable(self.title))}"] if self.title else []
        texts = (self.subtitle.shown, *map(printable, self.notes))
        parts += [_markdown(text) for text in texts if text]
        table = self._readable
        heads = [_markdown(column.heading or "") for column in table._shown]
        rules = " | ".join("--:" if column.number else "---" for column in table._shown)
        top = f"| {' | '.join(heads)} |\n| {rules} |"
        for headings, rows in table._groups(table.rows):
            for depth, heading in headings:
                parts.append(f"{'#' * (4 + depth)} {_markdown(heading.shown)}")
                if heading.below:
                    parts.append(_markdown(printable(heading.below)))
            cells = [" | ".join(map(_markdown_cell, row)) for row in rows]
            if cells:
                parts.append("\n".join([top, *(f"| {row} |" for row in cells)]))
        return "\n\n".join(parts)

    def rich(self, limit: int | None = None) -> RenderableType:
        """A table for a terminal, printed with rich (extra ``cli``).

        Args:
            limit: How many rows are shown at most, None for all of them.
        """
        table = self._readable
        heads = table._heads() if table.rows else []
        return Screen((*self._about(), *heads, *table._body(limit)))

    def _about(self) -> list[ScreenRow]:
        """What a terminal shows above the headings."""
        title = Cell(self.title, tone=Tone.STRONG)
        parts = [ScreenRow([_lines(title)])] if self.title else []
        below = [self.subtitle] if self.subtitle.shown else []
        below += [Cell(f"! {note}", tone=Tone.WARNING) for note in self.notes]
        return parts + [ScreenRow([_lines(cell)], 2) for cell in below]

    def _heads(self) -> list[ScreenRow]:
        """The headings, if there are some."""
        heads = [_lines(Cell(column.heading, tone=Tone.FAINT)) for column in self._shown]
        is_headed = any(column.heading for column in self._shown)
        return [ScreenRow(heads, self._indent)] if is_headed else []

    def _body(self, limit: int | None = None) -> Iterator[ScreenRow]:
        inner = 2 if self.title else 0
        groups = list(self._groups(self.rows[:limit]))
        widths = self._number_widths(row for _, rows in groups for row in rows)
        for headings, rows in groups:
            for depth, cell in headings:
                is_top = not (depth or self.title or cell.tone)
                head = evolve(cell, tone=Tone.STRONG) if is_top else cell
                yield ScreenRow([_lines(head)], 2 * depth + inner)
            yield from (ScreenRow([*map(_lines, row, widths)], self._indent) for row in rows)
        yield from (ScreenRow([_lines(cell)]) for cell in self._more(limit))

    @property
    def _indent(self) -> int:
        return 2 * self._depth + (2 if self.title else 0)

    def _repr_html_(self) -> str:
        return html_box(self.html())

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """What IPython prints, and puts into notebooks beside the HTML: not all that `repr` has."""
        return {"text/plain": "\n".join(self.lines(_HTML_ROWS))}

    def __rich__(self) -> RenderableType:
        return self.rich(_TERMINAL_ROWS)

    @property
    def _shown(self) -> tuple[Column, ...]:
        return tuple(c for c in self.columns if c.heading is not None and not c.group)

    def _number_widths(self, rows: Iterable[Sequence[Cell]]) -> list[int]:
        """How wide the cells of each column that is shown are to be: only numbers need a width."""
        widths = [0] * len(self._shown)
        for row in rows:
            for at, column in enumerate(self._shown):
                if column.number:
                    widths[at] = max(widths[at], len(row[at].shown))
        return widths

    @property
    def _depth(self) -> int:
        return sum(column.group for column in self.columns)

    def _split(self, row: Row) -> tuple[tuple[Cell, ...], tuple[Cell, ...]]:
        """A row's headings, and the cells that are shown below them."""
        pairs = [(c, _cell(cell)) for c, cell in zip(self.columns, row, strict=True)]
        return (
            tuple(cell for column, cell in pairs if column.group),
            tuple(
                cell for column, cell in pairs if column.heading is not None and not column.group
            ),
        )

    def _groups(
        self, rows: Iterable[Row]
    ) -> Iterator[tuple[list[tuple[int, Cell]], list[tuple[Cell, ...]]]]:
        """The headings that are new, with their depth, and the rows below them.

        A row that holds nothing but headings has no line of its own.
        """
        before: tuple[Cell, ...] = ()
        for headings, group in groupby(map(self._split, rows), key=lambda split: split[0]):
            same = next(
                (
                    at
                    for at, pair in enumerate(zip(before, headings, strict=False))
                    if pair[0] != pair[1]
                ),
                len(before),
            )
            before = headings
            inner = [row for _, row in group if any(cell.shown for cell in row)]
            yield (
                [(at, headings[at]) for at in range(same, len(headings)) if headings[at].shown],
                inner,
            )

    def _more(self, most: int | None) -> list[Cell]:
        total = len(self.rows) if self.total is None else self.total
        left = total - len(self.rows[:most])
        return [Cell(f"… and {left:,} more {self.unit}", tone=Tone.FAINT)] if left else []


def stacked(tables: Sequence[Table]) -> RenderableType:
    """Tables below each other for a terminal: their headings once, above all if there are several.

    Args:
        tables: The tables, all of the same columns, and all with a title or none.
    """
    if len(tables) == 1:
        return tables[0].rich()
    readable = [table._readable for table in tables]
    # What one of them shows is a column of all.
    columns = tuple(
        max(those, key=lambda column: (column.group, column.heading is not None))
        for those in zip(*(table.columns for table in readable if table.rows), strict=True)
    )
    parts: list[ScreenRow] = []
    for table in (evolve(table, columns=columns) for table in readable):
        parts += (parts and [_BLANK]) or table._heads()
        parts += [*table._about(), *table._body()]
    return Screen(tuple(parts))


_BLANK: Final = ScreenRow([[("", "")]])


class Tabular(ABC):
    """A value that shows itself as a table: in a notebook, in rich's terminal, as records."""

    __slots__ = ()

    @abstractmethod
    def table(self, limit: int | None = None) -> Table:
        """The description of its table.

        Args:
            limit: How many rows are wanted at most, None for all of them.
        """

    def _summary_table(self, limit: int) -> Table:
        """What people see of it: its table, if there is nothing shorter that says the same."""
        return self.table(limit)

    def to_records(self) -> list[dict[str, Value]]:
        """One flat dict for each row of its table: for a data frame."""
        return self.table().records()

    def _repr_html_(self) -> str:
        return self._summary_table(_HTML_ROWS)._repr_html_()

    def _repr_mimebundle_(self, **kwargs: object) -> dict[str, str]:
        return self._summary_table(_HTML_ROWS)._repr_mimebundle_(**kwargs)

    def __rich__(self) -> RenderableType:
        return self._summary_table(_TERMINAL_ROWS).rich(_TERMINAL_ROWS)


def _cell(cell: Cell | Value) -> Cell:
    return cell if isinstance(cell, Cell) else Cell(cell)


def _lines(cell: Cell, width: int = 0) -> list[Line]:
    """As a terminal shows it, at the end of a width; the lines of `below` are faint."""
    lines = [(line.rjust(width), _STYLES[cell.tone]) for line in cell.shown.split("\n")]
    if cell.below:
        lines.append((printable(cell.below), _STYLES[Tone.FAINT]))
    return lines


# The doubled class outweighs the notebooks' own rules for tables and code. On a narrow screen, what
# does not fit beside the others in its row gets lines of its own.
_STYLE: Final = """<style>
.pullsecrets { font-size: 0.9em; line-height: 1.35; overflow-x: auto; }
.pullsecrets.pullsecrets table {
  border-collapse: collapse; font-size: inherit; margin: 0.4em 0; width: auto; }
.pullsecrets.pullsecrets th, .pullsecrets.pullsecrets td {
  border: 0; border-bottom: 1px solid rgba(128, 128, 128, 0.35); max-width: 42em;
  padding: 0.25em 0.7em 0.25em 0; text-align: left; vertical-align: top; white-space: normal; }
.pullsecrets.pullsecrets thead th { font-weight: 600; opacity: 0.75; }
.pullsecrets.pullsecrets .group th { font-weight: 600; padding-top: 0.8em; }
.pullsecrets.pullsecrets .group .depth1, .pullsecrets.pullsecrets .group .faint {
  font-weight: 400; }
.pullsecrets.pullsecrets .depth1, .pullsecrets.pullsecrets .deep tr > :first-child:not(.depth0) {
  padding-left: 1.2em; }
.pullsecrets.pullsecrets table tr, .pullsecrets.pullsecrets table tr:hover { background: none; }
.pullsecrets.pullsecrets caption {
  caption-side: top; color: inherit; font-size: inherit; font-style: normal; padding: 0.2em 0;
  text-align: left; }
.pullsecrets.pullsecrets code {
  background: none; border: 0; color: inherit; font-size: 0.95em; padding: 0;
  font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace;
  overflow-wrap: break-word; white-space: normal; }
.pullsecrets.pullsecrets .long { min-width: 11em; overflow-wrap: anywhere; }
.pullsecrets.pullsecrets .number { text-align: right; white-space: nowrap; }
.pullsecrets .faint { opacity: 0.75; }
.pullsecrets .error, .pullsecrets .warning, .pullsecrets .note, .pullsecrets .good {
  border-left: 0.3em solid; padding-left: 0.4em; }
.pullsecrets .error { border-color: #d1392c; }
.pullsecrets .warning { border-color: #b97a00; }
.pullsecrets .note { border-color: #4c83c4; }
.pullsecrets .good { border-color: #35914f; }
@media screen and (max-width: 40rem) {
  .pullsecrets.pullsecrets thead { display: none; }
  .pullsecrets.pullsecrets table, .pullsecrets.pullsecrets tbody { display: block; }
  .pullsecrets.pullsecrets caption { display: block; }
  .pullsecrets.pullsecrets tr { display: flex; flex-wrap: wrap;
    border-bottom: 1px solid rgba(128, 128, 128, 0.35); }
  .pullsecrets.pullsecrets tr td, .pullsecrets.pullsecrets tr th { border: 0; }
  .pullsecrets.pullsecrets .deep tr:not(.group) { padding-left: 1.2em; }
  .pullsecrets.pullsecrets .deep tr:not(.group) > td:first-child { padding-left: 0; }
}
</style>"""

# What Markdown, the HTML in it, and GitHub (mentions) could take for more than text.
_MARKUP: Final = re.compile(r"[\\`*_{}\[\]|~#]")
_ENTITIES: Final = re.compile(r"[<>&@]")


def _markdown(text: str) -> str:
    text = _ENTITIES.sub(lambda match: f"&#{ord(match[0])};", _MARKUP.sub(r"\\\g<0>", text))
    return text.replace("\n", "<br>")


def _markdown_cell(cell: Cell) -> str:
    shown = _markdown(cell.shown)
    return f"[{shown}](<{cell.link}>)" if cell.link else shown


_BREAK: Final = re.compile(r"(?<=\w)(?:[/:.@]|(?=\[))(?=[\w\[])")
_SHORT: Final = 24  # characters that stay together


def html_box(*parts: str) -> str:
    """Tables that are HTML already, with the style that they share."""
    return f'<div class="pullsecrets">{_STYLE}{"".join(parts)}</div>'


def _html(cell: Cell) -> str:
    shown = _breakable(cell.shown).replace("\n", "<br>")
    if cell.link:
        shown = f'<a href="{escape(cell.link)}">{shown}</a>'
    if cell.tone is not Tone.PLAIN:
        shown = f'<span class="{cell.tone}">{shown}</span>'
    return shown + (
        f'<br><span class="faint">{_breakable(printable(cell.below))}</span>' if cell.below else ""
    )


def _breakable(text: str) -> str:
    """Escaped; a long one may break after the marks that names consist of."""
    return _BREAK.sub(r"\g<0><wbr>", escape(text)) if len(text) > _SHORT else escape(text)


def _html_heading(column: Column) -> str:
    style = ' class="number"' if column.number else ""
    return f"<th{style}>{escape(column.heading or '')}</th>"


def _html_cell(cell: Cell, column: Column) -> str:
    shown = _html(cell)
    if column.code and cell.value is not None:  # else it is a sentence about what is not there
        shown = f"<code>{shown}</code>"
    # What is long may break anywhere, as a digest has no marks.
    is_long = max(len(cell.shown), len(cell.below)) > _SHORT
    style = "number" if column.number else "long" if is_long else ""
    return f'<td class="{style}">{shown}</td>' if style else f"<td>{shown}</td>"
