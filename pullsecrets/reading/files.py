"""Manifests from files, folders and streams: the only reader.

YAML goes through PyYAML, with its C loader where there is one; JSON through `json`. Whatever is
wrong with a document becomes a `Problem` that names its place, and the next document is read.
Messages never repeat what stands in a document.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Final

from pullsecrets.reading.text import TOO_DEEP, Read, read_json, read_yaml
from pullsecrets.dockerconfig import DockerConfig
from pullsecrets.errors import MissingExtra, PullsecretsError
from pullsecrets.objects import InvalidManifest, Place
from pullsecrets.cluster import Cluster, Document, Problem
from pullsecrets.secrecy import printable, redact_entry

__all__ = ["NoSuchPath", "load", "read_data", "read_documents"]

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


def load(
    *paths: str | os.PathLike[str],
    namespace: str = "default",
    node: DockerConfig | None = None,
    strict: bool = False,
) -> Cluster:
    """Read manifests: YAML and JSON, many documents, lists, workloads.

    Args:
        paths: Files; folders, which are searched for ``*.yaml``, ``*.yml`` and ``*.json`` all the
            way down, hidden ones left out; ``-`` for standard input.
        namespace: For objects that name none.
        node: The node's own docker config.
        strict: Raise where something could not be read, instead of listing it in the cluster's
            ``problems``.

    Raises:
        NoSuchPath: A path does not exist.
        InvalidManifest: Something could not be read, and `strict` is set.
        MissingExtra: A file is YAML, and PyYAML is not there.
    """
    documents = (item for path in paths for item in read_documents(path))
    cluster = Cluster.from_documents(documents, namespace=namespace, node=node)
    errors = [str(problem) for problem in cluster.problems if problem.error]
    if strict and errors:
        raise InvalidManifest("\n".join(errors))
    return cluster


def read_documents(path: str | os.PathLike[str]) -> Iterator[Document | Problem]:
    """The documents of a file, a folder or, for ``-``, of standard input, in order.

    Raises:
        NoSuchPath: The path does not exist.
        MissingExtra: A file is YAML, and PyYAML is not there.
    """
    if path == "-":
        if sys.stdin is None:  # where a program is started without one
            raise NoSuchPath("-: there is no standard input")
        yield from read_data(sys.stdin.buffer.read(), "-")
        return
    root = Path(path)
    if not root.exists():
        raise NoSuchPath(f"{printable(str(root))}: no such file or folder")
    for file in _files(root) if root.is_dir() else [root]:
        if isinstance(file, Problem):
            yield file
            continue
        try:
            data = file.read_bytes()
        except OSError as error:
            yield Problem(f"cannot be read: {error.strerror}", Place(str(file)))
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
        yield Problem(f"cannot be read: {error.strerror}", Place(str(error.filename)))


def read_data(data: bytes, file: str | None) -> Iterator[Document | Problem]:
    """The documents of what a file holds; `file` is for their places, None for no file.

    Raises:
        MissingExtra: It is YAML, and PyYAML is not there.
    """
    # A byte that is no UTF-8 becomes a lone surrogate: only the document that holds it is lost.
    text = data.decode("utf-8", "surrogateescape")
    if text.startswith(_BOM):
        text = text.removeprefix(_BOM)
        message = "begins with a byte order mark, which is passed over"
        yield Problem(message, Place(file), error=False)
    places = (Place(file, number) for number in count(1))
    line = 1
    # To look for the characters is much faster than to look for the marker.
    chunks = _MARKER.split(text) if "\n---" in text else [text]
    for chunk in chunks:
        if not _NO_CONTENT.fullmatch(chunk):
            yield from _read_chunk(chunk, line, places)
        line += chunk.count("\n")


def _read_chunk(chunk: str, line: int, places: Iterator[Place]) -> Iterator[Document | Problem]:
    """The documents between two markers: one of YAML, or any number of JSON.

    As for kubectl, what begins with a brace is JSON, and YAML where it turns out to be none.
    """
    bad_byte = None if chunk.isascii() else _SURROGATE.search(chunk)
    if bad_byte:
        where = line + chunk.count("\n", 0, bad_byte.start())
        yield Problem(f"not UTF-8 (line {where})", next(places))
        return
    start = _JSON_START.match(chunk)
    for read in _read_json(chunk, start.end()) if start else read_yaml(chunk):
        place = next(places)
        for key, row in read.repeated:
            at = "" if row is None else f" (line {line + row})"
            name = redact_entry(key)[:_SHOWN_MAX]
            yield Problem(
                f"the key '{name}' stands twice in one mapping, the later one counts{at}",
                place,
                error=False,
            )
        if read.error is None:
            yield Document(read.value, place)
        else:
            yield Problem(f"{read.error} (line {line + read.line})", place)


def _read_json(chunk: str, at: int) -> Iterator[Read]:
    """The JSON documents from there on; or the YAML document that begins with a brace, too."""
    reads = read_json(chunk, at)
    first = next(reads)
    if first.error not in (None, TOO_DEEP):
        try:
            (flow,) = read_yaml(chunk)
        except MissingExtra:
            flow = first
        if flow.error is None:
            yield flow
            return
    yield first
    yield from reads
