"""Reading a page as a browser does, far enough to tell that it is whole and does nothing."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from pullsecrets.diagnoses.model import documentation

VOID = {"br", "wbr", "meta"}
TAGS = VOID | {
    "html", "head", "title", "style", "body", "h1", "h2", "div", "p", "table", "caption", "thead",
    "tbody", "tr", "th", "td", "span", "code", "strong", "svg", "rect", "details", "summary",
    "a",
}  # fmt: skip
ATTRIBUTES = {
    "lang", "charset", "http-equiv", "content", "name", "class", "colspan", "viewbox", "x", "y",
    "width", "height", "preserveaspectratio", "aria-hidden", "open",
}  # fmt: skip


def assert_leads_to_the_docs(attributes):
    """The only links are those of codes, to their pages."""
    [(name, address)] = attributes
    assert name == "href"
    assert re.fullmatch(rf"{re.escape(documentation())}/diagnoses/ps\d+\.html", address)


class Document(HTMLParser):
    """A page whose tags are closed in order, with nothing that acts or loads."""

    def __init__(self):
        super().__init__()
        self.open = []
        self.text = ""
        self.title = ""
        self.headings = []
        self.links = []
        self.tables = 0

    @classmethod
    def of(cls, text):
        assert text.startswith("<!DOCTYPE html>")
        read = cls()
        read.feed(text)
        read.close()
        assert read.open == []
        return read

    def handle_starttag(self, tag, attributes):
        assert tag in TAGS
        if tag == "a":
            assert_leads_to_the_docs(attributes)
            self.links.append(dict(attributes)["href"])
        else:
            assert {name for name, _ in attributes} <= ATTRIBUTES
        self.tables += tag == "table"
        if tag in ("h1", "h2"):
            self.headings.append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "style":
            assert "url(" not in data
            assert "@import" not in data
            return
        self.text += data
        if self.open[-2:] == ["head", "title"]:
            self.title += data
        if self.open and self.open[-1] in ("h1", "h2"):
            self.headings[-1] += data
