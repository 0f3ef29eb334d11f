"""Rows for a terminal: each cell below its heading, complete, no wider than the terminal."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pullsecrets.tables import Cell, Column, Table, Tone

console = pytest.importorskip("rich.console")
cells = pytest.importorskip("rich.cells")

from pullsecrets.terminal import Screen, ScreenRow  # noqa: E402

words = st.text(st.sampled_from("abc/:.- é漢🙂"), max_size=30).map(
    lambda text: re.sub(" +", " ", text.strip())
)
lines = st.tuples(words, st.sampled_from(["", "bold"]))


def printed(what, width):
    out = console.Console(file=io.StringIO(), width=width, force_terminal=False)
    out.print(what)
    return out.file.getvalue().splitlines()


@st.composite
def screens(draw):
    columns = draw(st.integers(2, 4))
    row = st.lists(st.lists(lines, min_size=1, max_size=3), min_size=columns, max_size=columns)
    indent = draw(st.integers(0, 4))
    rows = st.lists(row.map(lambda cells: ScreenRow(cells, indent)), max_size=4)
    above = st.lists(lines.map(lambda line: ScreenRow([[line]])), max_size=1)
    return Screen((*draw(above), *draw(rows), *draw(above), *draw(rows)))


def cut(line, start, width):
    """What is in some columns of the terminal."""
    at, found = 0, ""
    for character in line:
        if start <= at < start + width:
            found += character
        at += cells.cell_len(character)
    return found.rstrip()


@settings(deadline=None)
@given(screens())
def test_what_fits_has_a_line_for_each_line_of_a_cell_and_its_columns_below_each_other(screen):
    found = iter(printed(screen, 1000))
    table = [row for row in screen.rows if len(row.cells) > 1]
    columns = list(zip(*(row.cells for row in table), strict=True))
    widths = [
        max(cells.cell_len(text) for cell in column for text, _ in cell) for column in columns
    ]
    for row in screen.rows:
        if len(row.cells) == 1:
            assert next(found) == row.cells[0][0][0]
            continue
        for at in range(max(map(len, row.cells))):
            line, start = next(found), row.indent
            assert line == line.rstrip()
            for cell, width in zip(row.cells, widths, strict=True):
                assert cut(line, start, width) == (cell[at][0] if at < len(cell) else "")
                start += width + 2
    assert next(found, None) is None


@settings(deadline=None)
@given(screens(), st.integers(24, 60))
def test_what_does_not_fit_is_folded_and_complete(screen, width):
    found = printed(screen, width)
    assert all(cells.cell_len(line) <= width for line in found)
    letters = sorted("".join(text for row in screen.rows for cell in row.cells for text, _ in cell))
    assert [each for each in letters if each != " "] == sorted(re.sub(r"\s", "", "".join(found)))


@pytest.mark.parametrize("width", [60, 200])
def test_a_heading_is_above_what_it_heads(width):
    rows = (
        ("pods", "quay.io/team/" + "a" * 60, "first", "robot"),
        ("pods", "short", "second", "robot"),
        ("more", "short", "third", "robot"),
    )
    columns = Column("group", group=True), *(Column(name, name) for name in ("image", "at", "user"))
    found = printed(Table(columns, rows, title="Title").rich(), width)
    heading = next(line for line in found if "image" in line)
    for word, under in (("at", ("first", "second", "third")), ("user", ("robot",))):
        for each in under:
            line = next(line for line in found if each in line)
            assert line.index(each) == heading.index(word)


def test_a_narrow_column_keeps_its_width_where_a_wide_one_is_folded():
    rows = (("1", "a" * 50), ("22", "b"))
    found = printed(Table((Column("n", "n"), Column("name", "name")), rows).rich(), 24)
    assert found == ["n   name", f"1   {'a' * 20}", f"    {'a' * 20}", f"    {'a' * 10}", "22  b"]


def test_a_style_is_of_the_text_alone():
    row = Cell("good", tone=Tone.GOOD), Cell("plain", below="why")
    out = console.Console(
        file=io.StringIO(), width=80, force_terminal=True, color_system="standard"
    )
    out.print(Table((Column("a", ""), Column("b", "")), (row,)).rich())
    assert out.file.getvalue() == "\x1b[32mgood\x1b[0m  plain\n      \x1b[2mwhy\x1b[0m\n"


def test_what_goes_on_in_the_next_line_is_indented():
    image = "registry.example.com/" + "x" * 80
    screen = Screen(
        (ScreenRow([[(f"api: {image}", "")]], 2), ScreenRow([[("a", "")], [("b", "")]]))
    )
    first, *more, row = printed(screen, 40)
    assert first == "  api:"
    assert more
    assert all(re.match("      [^ ]", line) for line in more)
    assert "".join(line.strip() for line in (first, *more)).replace(" ", "") == f"api:{image}"
    assert all(len(line) <= 40 for line in (first, *more))
    assert row == "a  b"
    # Behind a pipe nothing is folded.
    assert printed(screen, 1000)[0] == f"  api: {image}"
