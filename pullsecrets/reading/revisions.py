"""Manifests as they are in a revision of a git repository: without a checkout.

The program git lists the files and gives their contents. Nothing is written, and none of git's
hooks or filters runs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence, Set
from pathlib import Path, PurePosixPath
from typing import Final

from attrs import frozen

from pullsecrets.errors import PullsecretsError
from pullsecrets.reading.files import read_data
from pullsecrets.reading.paths import (
    CHART,
    OF_A_CHART,
    is_read,
    manifests_in,
    nothing,
    passed_over_chart,
)
from pullsecrets.reading.problems import Document, Problem
from pullsecrets.secrecy import HiddenBytes, printable

__all__ = ["NoRevision", "Revision", "revisions"]

_WITHIN: Final = 120.0  # seconds
_FILE: Final = frozenset({"100644", "100755"})  # modes; a link or a submodule holds no manifest


class NoRevision(PullsecretsError, LookupError):
    """A revision cannot be read: there is no git, no repository, or no such revision or path."""


@frozen
class Revision:
    """A revision of a repository.

    Attributes:
        name: As it was given: ``main``.
        commit: The commit's hash.
        folder: A folder in the repository, which paths begin at.
    """

    name: str
    commit: str
    folder: Path

    def has(self, path: str) -> bool:
        """Whether there is such a file or folder."""
        return bool(self._entries([path]))

    def documents(
        self, paths: Sequence[str], exclude: Callable[[Path], bool] = nothing
    ) -> Iterator[Document | Problem]:
        """The documents of files and folders, in order; paths that are not there give none.

        Folders are read as `read_documents` does it. The places name the revision and the file, as
        git does: ``main:manifests/api.yaml``.

        Args:
            paths: The files and folders.
            exclude: Says of a file in a folder, as it is in a checkout, that it is not read.

        Raises:
            NoRevision: git fails.
            MissingExtra: A file is YAML, and PyYAML is not installed.
        """
        entries = self._entries(paths)
        asked = {os.path.normpath(path) for path in paths}
        charts = {
            str(PurePosixPath(file).parent)
            for _, file in entries
            if PurePosixPath(file).name == CHART and file not in asked
        }
        left_out = {
            file for _, file in entries if file not in asked and exclude(self.folder / file)
        }
        read = [
            (name, file)
            for name, file in entries
            if file in asked or (file not in left_out and _is_read(file, charts))
        ]
        wanted = "".join(f"{name}\n" for name, _ in read).encode()
        contents = _git(self.folder, "cat-file", "--batch", stdin=wanted)
        for (_, file), content in zip(read, _contents(contents), strict=True):
            place, named = f"{self.name}:{file}", file in asked
            documents = read_data(content, place, expected=named)
            yield from documents if named else manifests_in(documents, place)
        for chart in sorted(charts):
            if str(PurePosixPath(chart, CHART)) not in left_out:
                yield passed_over_chart(f"{self.name}:{chart}")

    def _entries(self, paths: Sequence[str]) -> list[tuple[str, str]]:
        """The hash and the name of each manifest, in the order in which folders are read."""
        found: dict[str, str] = {}
        for path in paths:
            listed = _git(self.folder, "ls-tree", "-r", "-z", self.commit, "--", path)
            for entry in filter(None, listed.reveal().split(b"\0")):
                about, _, name = entry.partition(b"\t")
                mode, _, digest = about.decode().split(" ")
                file = os.fsdecode(name)
                below = PurePosixPath(os.path.relpath(file, path)).parts
                if mode in _FILE and not any(part.startswith(".") for part in below):
                    found[file] = digest
        return [(found[file], file) for file in sorted(found)]


def _is_read(file: str, charts: Set[str]) -> bool:
    """Whether a file of a folder may hold manifests."""
    path = PurePosixPath(file)
    way = zip(path.parents, (path, *path.parents), strict=False)
    in_templates = any(str(above) in charts and each.name in OF_A_CHART for above, each in way)
    return is_read(path.name, in_chart=str(path.parent) in charts) and not in_templates


def revisions(text: str, folder: Path) -> tuple[Revision, Revision]:
    """The two revisions of ``OLD..NEW``, or of ``OLD...NEW``, as ``git diff`` reads them.

    Args:
        text: The range. A side that is left out is ``HEAD``. With three dots the old one is where
            the two parted.
        folder: A folder in the repository, which paths begin at.

    Raises:
        NoRevision: There is no git, no repository, or no such revision.
    """
    old, dots, new = text.partition("...") if "..." in text else text.partition("..")
    if not dots:
        raise NoRevision(f"'{printable(text)}' is not two revisions: OLD..NEW, as main..HEAD")
    first, last = (Revision(name, _commit(name, folder), folder) for name in _named(old, new))
    if dots == "...":
        base = _git(folder, "merge-base", first.commit, last.commit, fails=True)
        if not base.reveal():
            raise NoRevision(f"the revisions of {printable(text)} have no common ancestor")
        first = Revision(first.name, base.reveal().decode("ascii").strip(), folder)
    return first, last


def _named(*names: str) -> Iterator[str]:
    return (name or "HEAD" for name in names)


def _commit(name: str, folder: Path) -> str:
    wanted = f"{name}^{{commit}}"
    found = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", wanted, fails=True)
    commit = found.reveal().decode("ascii", "replace").strip()
    if not commit:
        raise NoRevision(f"git knows no revision '{printable(name)}' here")
    return commit


def _contents(answer: HiddenBytes) -> Iterator[HiddenBytes]:
    """The contents in what ``git cat-file --batch`` writes: a line that ends in the size, each.

    Raises:
        NoRevision: git has no content for one of them.
    """
    at = 0
    while at < len(answer.reveal()):
        end = answer.reveal().index(b"\n", at)
        size = answer.reveal()[at:end].rpartition(b" ")[2]
        if not size.isdigit():  # the word "missing", as in a partial clone
            raise NoRevision("git has no content for some files: the clone is not complete")
        start, at = end + 1, end + 1 + int(size) + 1
        yield HiddenBytes(answer.reveal()[start : at - 1])


def _git(folder: Path, *arguments: str, stdin: bytes = b"", fails: bool = False) -> HiddenBytes:
    """What git writes.

    Raises:
        NoRevision: It is not there, or it fails, unless it may fail.
    """
    status, output, said = _run(folder, arguments, stdin)
    if status and not (fails and status == 1):
        raise NoRevision(printable(f"git {arguments[0]}: {said}"))
    return output


def _run(folder: Path, arguments: Sequence[str], stdin: bytes) -> tuple[int, HiddenBytes, str]:
    """Git's exit status, what it writes, and the last line of what it says is wrong."""
    program = shutil.which("git")
    if program is None:
        raise NoRevision("the program git, which reads revisions, is not installed")
    try:
        # No shell, and what the user gives comes after --end-of-options or --.
        done = subprocess.run(  # noqa: S603
            [program, *arguments],
            cwd=folder,
            input=stdin,
            capture_output=True,
            timeout=_WITHIN,
            check=False,
        )
    except subprocess.TimeoutExpired:
        done = None
    if done is None:
        raise NoRevision(f"git {arguments[0]} takes longer than {_WITHIN:.0f} seconds")
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines() or [""]
    return done.returncode, HiddenBytes(done.stdout), lines[-1]
