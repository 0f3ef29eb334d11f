"""A report as one HTML file: whole, escaped, without script, and it loads nothing."""

from __future__ import annotations

import re

import pytest

from pullsecrets.pages import page, section, stacked_bar
from pullsecrets.tables import Tone
from support.html import Document


def test_a_page():
    read = Document.of(page("A <b>\x1b", section("One & two", "<p>text</p>"), section("empty")))
    assert read.title == "A <b>\\x1b"
    assert read.headings == ["A <b>\\x1b", "One & two"]
    assert "text" in read.text
    assert "empty" not in read.text


def test_it_follows_the_reader_and_prints():
    shown = page("t")
    assert "color-scheme: light dark" in shown
    assert "@media print" in shown
    assert "content=\"default-src 'none'" in shown


@pytest.mark.parametrize("numbers", [(1,), (3, 0, 1), (1, 1, 1, 1), (1, 10**6)])
def test_a_bar_is_as_wide_as_the_page(numbers):
    drawn = stacked_bar((f"<{n}>", number, Tone.GOOD) for n, number in enumerate(numbers))
    rects = re.findall(r'x="([\d.]+)" y="0" width="([\d.]+)"', drawn)
    assert len(rects) == sum(number > 0 for number in numbers)
    ends = [float(left) + float(width) for left, width in rects]
    assert [float(left) for left, _ in rects[1:]] == pytest.approx(ends[:-1], abs=0.01)
    assert ends[-1] == pytest.approx(100, abs=0.01)
    shown = [f"{number:,} <{n}>" for n, number in enumerate(numbers) if number]
    read = Document.of(page("t", drawn))
    # Each part says what it is to a pointer, and the legend to everybody.
    assert all(read.text.count(text) == 2 for text in shown)


def test_nothing_to_draw():
    assert stacked_bar([]) == stacked_bar([("x", 0, Tone.GOOD)]) == ""
