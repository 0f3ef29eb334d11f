"""What is not to be reported: the configuration, annotations, and comments in YAML.

A comment ``# pullsecrets: ignore[PS502]`` is about what begins in its line, or if it is alone
there, in the next line that holds anything else: a field, an item of a list, or in the first line
of an object the object, with all that is in it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Hashable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import yaml
from yaml.tokens import ScalarToken

from pullsecrets.cli._lines import Lines
from pullsecrets.cli._settings import Settings
from pullsecrets.cluster import Cluster
from pullsecrets.diagnoses import Diagnosis
from pullsecrets.diagnoses.selection import Ignore, Selected, annotated, unknown
from pullsecrets.diagnoses.selection import select as select_diagnoses
from pullsecrets.diagnoses.unplaced import Ignorable
from pullsecrets.makers.made import MadeSecret
from pullsecrets.metadata import Place
from pullsecrets.objects import Pod, ServiceAccount
from pullsecrets.pull_secret import PullSecret
from pullsecrets.reading import Problem, ProblemCode
from pullsecrets.secrecy import printable

__all__ = ["ignores_of", "lines_of", "reported", "scopes_of"]

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WORD: Final = "pullsecrets:"
_COMMENT: Final = re.compile(rf"(?:^|(?<=[ \t]))#[ \t]*{_WORD}([^\n]*)", re.MULTILINE)
_IGNORE: Final = re.compile(r"[ \t]*ignore\[([\w ,]+)\][ \t\r]*(?:#.*)?")
_MARKER: Final = re.compile(r"^(?=---(?:[ \t\r\n]|\Z))", re.MULTILINE)
_NOTHING: Final = re.compile(r"[ \t\r]*(?:#.*)?")


def ignores_of(cluster: Cluster, settings: Settings) -> tuple[list[Ignore], list[Problem]]:
    """What is to be ignored, and what is wrong with that.

    Args:
        cluster: The cluster, whose objects have annotations, and come from files with comments.
        settings: What the project has configured.
    """
    found = [*_configured(settings), *annotated(cluster), *_in_comments(_files(cluster))]
    ignores = [each for each in found if isinstance(each, Ignore)]
    problems = [each for each in found if isinstance(each, Problem)]
    return ignores, [*problems, *unknown(ignores)]


def reported(
    found: Sequence[Ignorable],
    cluster: Cluster,
    settings: Settings,
    *,
    namespace: str | None = None,
    select: tuple[str, ...] = (),
    ignore: Iterable[str] = (),
) -> tuple[Selected, list[Problem]]:
    """The diagnoses that are reported, and what is wrong with what asks not to report some.

    Args:
        found: All diagnoses of the cluster.
        cluster: The cluster.
        settings: What the project has configured.
        namespace: That of objects that name none; None for ``default``.
        select: The codes of the command line that are reported instead of the configured ones.
        ignore: The codes of the command line that are not reported, either.
    """
    ignores, problems = ignores_of(cluster, settings)
    ignores += (Ignore(code, "--ignore ") for code in ignore)
    commented = {each.scope[0] for each in ignores if isinstance(each.scope, tuple)}
    diagnoses = (each for each, _ in found if each.where.file in commented)
    scopes = partial(scopes_of, settings=settings, lines=lines_of(diagnoses, namespace))
    codes = select or settings.select
    return select_diagnoses(found, ignores, codes=codes, scopes=scopes), problems


def lines_of(found: Iterable[Diagnosis], namespace: str | None) -> Lines:
    """The lines of what diagnoses point at, and of what they would have edited.

    Args:
        found: The diagnoses.
        namespace: That of objects that name none; None for ``default``.
    """
    places = (where for each in found for where in (each.where, each.edit) if where is not None)
    return Lines(places, namespace or "default")


def scopes_of(diagnosis: Diagnosis, settings: Settings, lines: Lines) -> Iterator[Hashable]:
    """The files and the lines that a diagnosis is about."""
    file = diagnosis.where.file
    if file is not None:
        yield from (files for files, _ in settings.per_file_ignores if files.match(file))
    for where in (diagnosis.where, diagnosis.edit):
        if where is not None:
            yield from ((where.file, line) for line in lines.way(where))


def _configured(settings: Settings) -> Iterator[Ignore]:
    """What the configuration asks not to report."""
    place = Place(str(settings.file))
    for code in settings.ignore:
        yield Ignore(code, "ignore: ", place)
    for files, codes in settings.per_file_ignores:
        for code in codes:
            yield Ignore(code, f"per-file-ignores: {files.patterns[0]}: ", place, scope=files)


def _files(cluster: Cluster) -> Iterable[str]:
    """The files that the cluster's objects are in."""
    objects: tuple[Pod | ServiceAccount | PullSecret | MadeSecret, ...] = (
        *cluster.pods,
        *cluster.service_accounts,
        *cluster.secrets,
        *cluster.made,
    )
    places = (each.place for each in objects)
    files = {each.file for each in places if each is not None}
    return sorted(file for file in files if file is not None and file != "-")


def _in_comments(files: Iterable[str]) -> Iterator[Ignore | Problem]:
    """The comments; the scope of each is the file and the line that it is about."""
    for file in files:
        try:
            data = Path(file).read_bytes()
            # A dump has none, and is not decoded to find that out.
            text = data.decode("utf-8-sig") if _WORD.encode() in data else ""
        except (OSError, ValueError):
            continue  # the reader has said so
        if text:
            yield from _comments(file, text)


def _comments(file: str, text: str) -> Iterator[Ignore | Problem]:
    about = _contents(text.split("\n"))
    starts, ends = _scalars(text)
    at = last = 0
    for found in _COMMENT.finditer(text):
        at, last = at + text.count("\n", last, found.start()), found.start()
        before = bisect_right(starts, found.start()) - 1
        if before >= 0 and found.start() < ends[before]:
            continue  # a part of a text
        place, by = Place(file), f"line {at + 1}: "
        asked = _IGNORE.fullmatch(found[1])
        if asked is None:
            message = f"{by}the comment is not understood; it is written # {_WORD} ignore[PS502]"
            yield Problem(ProblemCode.INVALID_IGNORE, message, place)
            continue
        for code in filter(None, (part.strip() for part in asked[1].split(","))):
            yield Ignore(printable(code), by, place, scope=(file, about[at] + 1))


def _contents(lines: list[str]) -> list[int]:
    """For each line the first line, from it on, that is neither empty nor a comment alone."""
    following, contents = len(lines), []
    for at in reversed(range(len(lines))):
        following = following if _NOTHING.fullmatch(lines[at]) else at
        contents.append(following)
    return contents[::-1]


def _scalars(text: str) -> tuple[list[int], list[int]]:
    """Where the texts in a file begin and end: what looks like a comment in one is none."""
    starts, ends, offset = [], [], 0
    for chunk in _MARKER.split(text):
        try:
            for token in yaml.scan(chunk, Loader=_LOADER):
                if isinstance(token, ScalarToken):
                    start, end = token.start_mark.index, token.end_mark.index
                    # The line with the mark of a block is not part of it.
                    block = token.style in ("|", ">")
                    starts.append(offset + (chunk.find("\n", start) if block else start))
                    ends.append(offset + end)
        except yaml.YAMLError:
            pass  # the reader has said so
        offset += len(chunk)
    return starts, ends
