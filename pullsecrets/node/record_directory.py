"""A directory of a kubelet's record files: which of them count, and how one is found.

Fact E6 (``fs_pullrecords.go``, ``mem_pullrecords.go`` in ``pkg/kubelet/images/pullmanager``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from attrs import field, frozen

from pullsecrets.errors import PullsecretsError
from pullsecrets.frozen import FrozenDict
from pullsecrets.node.record_files import RecordFile, file_name, write_file
from pullsecrets.node.recorded import PulledRecord, PullIntent
from pullsecrets.node.versions import Release
from pullsecrets.secrecy import HiddenBytes, printable

__all__ = ["BrokenRecord", "NoRecords", "RecordDirectory", "contents_of"]

_PREFIX: Final = "sha256-"
_UNFINISHED: Final = ".tmp"
_NO_RELEASE: Final = 1_000_000  # a minor version that reads what is broken
_MAX_SIZE: Final = 4 * 1024 * 1024  # bytes of a file; one with 100 secrets has some 20,000


class NoRecords(PullsecretsError, ValueError):
    """A folder that does not hold a kubelet's record directories."""


@frozen
class BrokenRecord:
    """A record or an intent that a kubelet cannot decode.

    Attributes:
        file: The name of the file.
        problem: Why it does not decode.
    """

    file: str
    problem: str

    def __str__(self) -> str:
        return printable(f"{self.file}: {self.problem}")


def _sorted(files: Mapping[str, RecordFile]) -> FrozenDict[str, RecordFile]:
    return FrozenDict(dict(sorted(files.items())))


@frozen
class RecordDirectory:
    """The directory ``pulled``, or ``pulling``.

    Attributes:
        files: Name → file, sorted by name; files that the kubelet passes over are there, too.
            Read-only.
    """

    files: Mapping[str, RecordFile] = field(
        factory=dict, converter=_sorted, repr=lambda files: f"{len(files)} files"
    )
    # Id or image → the files that hold it; and the first minor version that reads all files.
    _names: dict[str, list[str]] = field(init=False, eq=False, repr=False, factory=dict)
    _since: int = field(init=False, eq=False, repr=False, default=0)

    def __attrs_post_init__(self) -> None:
        since = 0
        for name, file in self.files.items():
            if _counts(name):
                since = max(since, _NO_RELEASE if file.holds is None else file.since)
                if file.holds is not None:
                    self._names.setdefault(file.holds.key, []).append(name)
        object.__setattr__(self, "_since", since)

    @classmethod
    def read(
        cls, contents: Mapping[str, HiddenBytes], decode: Callable[[HiddenBytes], RecordFile]
    ) -> RecordDirectory:
        """Read the files of a directory.

        Args:
            contents: Name → content.
            decode: `read_record` or `read_intent`.

        Raises:
            MissingExtra: A file is YAML, and PyYAML is not there.
        """
        # What the kubelet passes over is only kept.
        return cls(
            {
                name: decode(content) if _counts(name) else RecordFile(content, None)
                for name, content in contents.items()
            }
        )

    def find(self, key: str, release: Release) -> PulledRecord | PullIntent | BrokenRecord | None:
        """Find what is known of an image, as a kubelet does that has just been started.

        From 1.34 on it has read all files into memory: there it finds one under a wrong name, too,
        and of several the last. Only where a file was broken does it also look for one by name.

        Args:
            key: The image's id in ``pulled``, the image as a pod writes it in ``pulling``.
            release: The kubelet's version.
        """
        if release.records_by_content:
            for name in reversed(self._names.get(key, ())):
                holds = self.files[name].read_by(release)
                if holds is not None:
                    return holds
            if self._since <= release.minor:
                return None
        name = file_name(key)
        file = self.files.get(name)
        if file is None:
            return None
        holds = file.read_by(release)
        if holds is None:
            return _broken(name, file)
        return holds if holds.key == key else None

    def held(self) -> Iterator[str]:
        """The ids or images that the files are about, each once."""
        return iter(self._names)

    def readable(self, release: Release) -> Iterator[PulledRecord | PullIntent]:
        """What is in the files that count and that a release can read."""
        for name, file in self.files.items():
            holds = file.read_by(release)
            if holds is not None and _counts(name):
                yield holds

    def broken(self, release: Release) -> Iterator[BrokenRecord]:
        """The files that count and that a release cannot read."""
        for name, file in self.files.items():
            if _counts(name) and file.read_by(release) is None:
                yield _broken(name, file)

    def with_written(self, holds: PulledRecord | PullIntent, release: Release) -> RecordDirectory:
        """With a file as that release writes it."""
        files = dict(self.files)
        _write(files, holds, release)
        return RecordDirectory(files)

    def without(self, key: str) -> RecordDirectory:
        """Without the file of that image."""
        gone = file_name(key)
        return RecordDirectory({name: file for name, file in self.files.items() if name != gone})

    def rewritten(self, release: Release) -> RecordDirectory:
        """With each file in the apiVersion that a release writes (``recordsVersionMigration``)."""
        files = dict(self.files)
        for name in filter(_counts, self.files):
            file = files[name]  # which an earlier one with a wrong name may have replaced
            holds = file.read_by(release)
            if holds is not None and file.api_version != release.record_api_version:
                _write(files, holds, release)
        return RecordDirectory(files)


def _write(
    files: dict[str, RecordFile], holds: PulledRecord | PullIntent, release: Release
) -> None:
    """Put a file in its place as ``writeFile`` does: through one that ends in ``.tmp``."""
    name = file_name(holds.key)
    files.pop(name + _UNFINISHED, None)
    files[name] = write_file(holds, release.record_api_version)


def _counts(name: str) -> bool:
    return name.startswith(_PREFIX) and not name.endswith(_UNFINISHED)


def _broken(name: str, file: RecordFile) -> BrokenRecord:
    return BrokenRecord(name, file.problem or f"only Kubernetes 1.{file.since} and later read it")


def contents_of(folder: Path) -> Mapping[str, HiddenBytes]:
    """Name → content of the files in a folder; none where there is no such folder.

    Raises:
        NoRecords: A file is too large to be a record.
        OSError: The folder or a file cannot be read.
    """
    contents = {}
    for file in folder.iterdir() if folder.is_dir() else ():
        if file.is_file():
            with file.open("rb") as opened:
                contents[file.name] = HiddenBytes(opened.read(_MAX_SIZE + 1))
            if len(contents[file.name].reveal()) > _MAX_SIZE:
                raise NoRecords(printable(f"{file} is too large to be a pull record"))
    return contents
