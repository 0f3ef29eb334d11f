"""Manifests from files, folders and streams: the only reader.

YAML goes through PyYAML, with its C loader where there is one; JSON through `json`, or msgspec if
it is large. Whatever is wrong with a document becomes a `Problem` that names its place, and the
next document is read. Messages never repeat what is in a document.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Final

from pullsecrets.errors import MissingExtra, PullsecretsError
from pullsecrets.objects import Place
from pullsecrets.reading.documents import Document, Problem, ProblemCode
from pullsecrets.reading.dumps import read_dump
from pullsecrets.reading.text import Read, read_json, read_yaml
from pullsecrets.secrecy import EntryText, HiddenBytes, HiddenText, printable

__all__ = ["NoSuchPath", "read_data", "read_documents"]

_SUFFIXES: Final = (".yaml", ".yml", ".json")
# Where kubectl splits a file, too: at the marker, whatever follows it on the line.
_MARKER: Final = re.compile(r"^(?=---(?:[ \t\r\n]|\Z))", re.MULTILINE)
_NO_CONTENT: Final = re.compile(
    # Each line can be read in one way only, or a failure would take forever.
    r"(?:(?:%[^\n]*|[ \t\r]*(?:(?:---|\.\.\.)[ \t\r]*)?(?:\#[^\n]*)?)(?:\n|\Z))*"
)
_JSON_START: Final = re.compile(r"(?:---)?[ \t\r\n]*(?=\{)")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_BOM: Final = "\ufeff"
_SHOWN_MAX: Final = 80


class NoSuchPath(PullsecretsError, FileNotFoundError):
    """A path that was asked for by name does not exist."""


def read_documents(path: str | os.PathLike[str]) -> Iterator[Document | Problem]:
    """The documents of a file, a folder or, for ``-``, of standard input, in order.

    Raises:
        NoSuchPath: The path does not exist.
        MissingExtra: A file is YAML, and PyYAML is not there.
    """
    if path == "-":
        if sys.stdin is None:  # where a program is started without one
            raise NoSuchPath("-: there is no standard input")
        yield from read_data(HiddenBytes(sys.stdin.buffer.read()), "-")
        return
    root = Path(path)
    if not root.exists():
        raise NoSuchPath(f"{printable(str(root))}: no such file or folder")
    for file in _files(root) if root.is_dir() else [root]:
        if isinstance(file, Problem):
            yield file
            continue
        try:
            data = HiddenBytes(file.read_bytes())
        except OSError as error:
            yield Problem(
                ProblemCode.UNREADABLE, f"cannot be read: {error.strerror}", Place(str(file))
            )
        else:
            yield from read_data(data, str(file))


def _files(folder: Path) -> Iterator[Path | Problem]:
    unreadable: list[OSError] = []
    for parent, folders, names in os.walk(folder, onerror=unreadable.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if name.endswith(_SUFFIXES) and not name.startswith("."):
                file = Path(parent, name)
                # A link that leads nowhere is an error to tell, a pipe or a socket is not for us.
                if file.is_file() or not file.exists():
                    yield file
    for error in unreadable:
        message = f"cannot be read: {error.strerror}"
        yield Problem(ProblemCode.UNREADABLE, message, Place(str(error.filename)))


def read_data(data: bytes | HiddenBytes, file: str | None) -> Iterator[Document | Problem]:
    """The documents of what a file holds; `file` is for their places, None for no file.

    Raises:
        MissingExtra: It is YAML, and PyYAML is not installed.
    """
    data = data if isinstance(data, HiddenBytes) else HiddenBytes(data)
    dump = read_dump(data)
    if dump is not None:
        yield Document(dump, Place(file, 1))
        return
    # A byte that is not UTF-8 becomes a lone surrogate: only the document that holds it is lost.
    text = HiddenText(data.reveal().decode("utf-8", "surrogateescape"))
    if text.reveal().startswith(_BOM):
        text = HiddenText(text.reveal().removeprefix(_BOM))
        message = "begins with a byte order mark, which is ignored"
        yield Problem(ProblemCode.BYTE_ORDER_MARK, message, Place(file), error=False)
    places = (Place(file, number) for number in count(1))
    line = 1
    for chunk in _chunks(text):
        if not _NO_CONTENT.fullmatch(chunk.reveal()):
            yield from _read_chunk(chunk, line, places)
        line += chunk.reveal().count("\n")


def _chunks(text: HiddenText) -> list[HiddenText]:
    # To look for the characters is much faster than to look for the marker.
    if "\n---" not in text.reveal():
        return [text]
    return list(map(HiddenText, _MARKER.split(text.reveal())))


def _read_chunk(
    chunk: HiddenText, line: int, places: Iterator[Place]
) -> Iterator[Document | Problem]:
    """The documents between two markers: one of YAML, or any number of JSON.

    As for kubectl, what begins with a brace is JSON, and YAML if it turns out not to be JSON.
    """
    row = _row_of_bad_byte(chunk)
    if row is not None:
        yield Problem(ProblemCode.NOT_UTF8, f"not UTF-8 (line {line + row})", next(places))
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
            yield Document(read.value, place)
        else:
            yield Problem(read.code, f"{read.error} (line {line + read.line})", place)


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
