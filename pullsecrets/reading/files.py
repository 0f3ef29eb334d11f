"""Documents from what a file holds: the only reader.

YAML goes through PyYAML, with its C loader where there is one; JSON through `json`, or msgspec if
it is large. Whatever is wrong with a document becomes a `Problem` that names its place, and the
next document is read. Messages never repeat what is in a document.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count
from typing import Final

from attrs import evolve

from pullsecrets.errors import MissingExtra
from pullsecrets.metadata import Place
from pullsecrets.reading.dumps import read_dump
from pullsecrets.reading.problems import RENDER_IT, Document, Problem, ProblemCode
from pullsecrets.reading.text import Read, read_json, read_yaml, without_marks
from pullsecrets.secrecy import EntryText, HiddenBytes, HiddenText

__all__ = ["read_data"]

# Where kubectl splits a file, too: at the marker, whatever follows it on the line.
_MARKER: Final = re.compile(r"^(?=---(?:[ \t\r\n]|\Z))", re.MULTILINE)
_NO_CONTENT: Final = re.compile(
    # Each line can be read in one way only, or a failure would take forever.
    r"(?:(?:%[^\n]*|[ \t\r]*(?:(?:---|\.\.\.)[ \t\r]*)?(?:\#[^\n]*)?)(?:\n|\Z))*"
)
_JSON_START: Final = re.compile(r"(?:---)?[ \t\r\n]*(?=\{)")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
# A field of a document in YAML's block style, or of JSON.
_FIELDS: Final = tuple(
    re.compile(rf'^{name}[ \t]*:|"{name}"[ \t\r\n]*:', re.MULTILINE)
    for name in ("apiVersion", "kind")
)
# Where YAML has a value or a line of its own: within quotes braces are read as any text is.
_TEMPLATE: Final = re.compile(r"^[ \t]*(?:-[ \t]+)*(?:[^\s:\"'#]+:[ \t]+)?\{\{", re.MULTILINE)
# What Helm writes before each document (its ``pkg/cmd/template.go``).
_SOURCE: Final = re.compile(
    r"\A(?:---[ \t\r]*\n|[ \t\r]*\n)*\# Source: ([^\n]{1,4096}?\.(?:ya?ml|json|tpl|txt))[ \t\r]*$",
    re.MULTILINE,
)
_UTF16: Final = re.compile("[\0\udcfe\udcff]")  # all that is not ASCII, in an English manifest
_ASKS_TO_IGNORE: Final = re.compile(r"#[ \t]*pullsecrets:[ \t]*ignore\[")
_SHOWN_MAX: Final = 80


def read_data(
    data: bytes | HiddenBytes, file: str | None, *, expected: bool = True, rendered: bool = False
) -> Iterator[Document | Problem]:
    """The documents of what a file holds.

    Args:
        data: What it holds.
        file: Its name, for the places of the documents; None for no file.
        expected: Whether it is expected to be readable. If not, a document that cannot be read is
            an error only if it would be a manifest: it has the fields ``apiVersion`` and ``kind``.
        rendered: Whether a program has written it, so that Helm's comments ``# Source:`` say which
            file a document was made from.

    Raises:
        MissingExtra: It is YAML, and PyYAML is not installed.
    """
    data = data if isinstance(data, HiddenBytes) else HiddenBytes(data)
    dump = read_dump(data)
    if dump is not None:
        yield Document(dump, Place(file, 1), expected=expected)
        return
    # A byte that is not UTF-8 becomes a lone surrogate: only the document that holds it is lost.
    text = HiddenText(data.reveal().decode("utf-8", "surrogateescape"))
    unmarked = HiddenText(without_marks(text.reveal()))
    if unmarked.reveal() != text.reveal():
        text = unmarked
        message = "has a byte order mark, which is ignored"
        yield Problem(ProblemCode.BYTE_ORDER_MARK, message, Place(file), error=False)
    if rendered and _ASKS_TO_IGNORE.search(text.reveal()) is not None:
        message = (
            "comments '# pullsecrets: ignore' are read in files only: "
            "the annotation pullsecrets/ignore and per-file-ignores count here, too"
        )
        yield Problem(ProblemCode.UNUSED_IGNORE, message, Place(file), error=False)
    places = (Place(file, number) for number in count(1))
    line = 1
    for chunk in _chunks(text):
        if not _NO_CONTENT.fullmatch(chunk.reveal()):
            source = _SOURCE.match(chunk.reveal()) if rendered else None
            at = places if source is None else _from(source[1], places)
            yield from _read_chunk(chunk, line, at, expected)
        line += chunk.reveal().count("\n")


def _from(source: str, places: Iterator[Place]) -> Iterator[Place]:
    return (evolve(place, source=source) for place in places)


def _chunks(text: HiddenText) -> list[HiddenText]:
    # To look for the characters is much faster than to look for the marker.
    if "\n---" not in text.reveal():
        return [text]
    return list(map(HiddenText, _MARKER.split(text.reveal())))


def _read_chunk(
    chunk: HiddenText, line: int, places: Iterator[Place], expected: bool
) -> Iterator[Document | Problem]:
    """The documents between two markers: one of YAML, or any number of JSON.

    As for kubectl, what begins with a brace is JSON, and YAML if it turns out not to be JSON.
    """
    error = expected or _would_be_a_manifest(chunk)
    row = _row_of_bad_byte(chunk)
    if row is not None:
        message = f"not UTF-8 (line {line + row})"
        error = error or _would_be_a_manifest(HiddenText(_UTF16.sub("", chunk.reveal())))
        yield Problem(ProblemCode.NOT_UTF8, message, next(places), error=error)
        return
    start = _JSON_START.match(chunk.reveal())
    for read in [read_yaml(chunk)] if start is None else _read_json(chunk, start.end()):
        place = next(places)
        for key, at in read.repeated:
            where = "" if at is None else f" (line {line + at})"
            message = (
                f"the key '{_short(key)}' is twice in one mapping, the later one counts{where}"
            )
            yield Problem(ProblemCode.REPEATED_KEY, message, place, error=False)
        if read.error is None:
            yield Document(read.value, place, expected=expected)
        else:
            template = _TEMPLATE.search(chunk.reveal()) is not None
            message = f"{RENDER_IT if template else read.error} (line {line + read.line})"
            code = ProblemCode.TEMPLATE if template else read.code
            yield Problem(code, message, place, error=error)


def _would_be_a_manifest(chunk: HiddenText) -> bool:
    """Whether a text that may not be readable has a manifest's fields, and is no Go template."""
    text = chunk.reveal()
    return all(text_has.search(text) for text_has in _FIELDS) and not _TEMPLATE.search(text)


def _short(key: str) -> str:
    return str(EntryText(key))[:_SHOWN_MAX]


def _row_of_bad_byte(chunk: HiddenText) -> int | None:
    text = chunk.reveal()
    bad_byte = None if text.isascii() else _SURROGATE.search(text)
    return None if bad_byte is None else text.count("\n", 0, bad_byte.start())


def _read_json(chunk: HiddenText, at: int) -> Iterator[Read]:
    """The JSON documents from there on; or the YAML document that begins with a brace, too."""
    reads = read_json(chunk, at)
    first = next(reads)
    if first.error is not None:
        try:
            flow = read_yaml(chunk)
        except MissingExtra:
            flow = first
        if flow.error is None:
            yield flow
            return
    yield first
    yield from reads
