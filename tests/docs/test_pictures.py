"""The pictures show what the package says today, and load nothing from elsewhere."""

from __future__ import annotations

import importlib.util
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
spec = importlib.util.spec_from_file_location("_pictures", DOCS / "_pictures.py")
assert spec is not None
assert spec.loader is not None
pictures = importlib.util.module_from_spec(spec)
spec.loader.exec_module(pictures)


def shown(svg):
    """The text of a picture, line by line, whatever rich's version draws around it."""
    texts = [text for text in ET.fromstring(svg).iter() if text.tag.rpartition("}")[2] == "text"]
    lines = {}
    for text in texts:
        lines.setdefault(text.get("y"), []).append("".join(text.itertext()))
    return ["".join("".join(line).split()) for line in lines.values()]


def test_picture_of_the_readme_is_up_to_date():
    pytest.importorskip("rich")
    kept = (DOCS / "_static" / "resolve.svg").read_text("utf-8")
    assert shown(kept) == shown(pictures.terminal_picture(pictures.RESOLVE))


def test_order_on_the_start_page():
    keys = re.findall(r'class="key strong"[^>]*>([^<]*)<', pictures.order_picture())
    assert keys == ["quay.io/team-a/", "quay.io", "*.io"]


@pytest.mark.parametrize("svg", [p.name for p in (DOCS / "_static").glob("*.svg")])
def test_pictures_load_nothing(svg):
    text = (DOCS / "_static" / svg).read_text("utf-8")
    assert not re.search(r"url\((?!#)|<script|<image|@import|@font-face", text)
