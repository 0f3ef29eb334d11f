"""The node's own docker config: which of eight files counts (C1 to C8).

The kubelet takes the first file that decodes and merges nothing (``ReadDockerConfigFile``). What is
passed over on the way is said at log level 4 only.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Final

from attrs import frozen

from pullsecrets.dockerconfig import DockerConfig, InvalidDockerConfig
from pullsecrets.secrecy import printable

__all__ = ["FileState", "NodeFile", "NodeFiles"]

_MAX_LINKS: Final = 40  # as Linux has it
_MAX_SIZE: Final = 16 * 1024 * 1024  # bytes; the kubelet sets no limit


class FileState(StrEnum):
    """What becomes of a file on the search path."""

    COUNTS = "counts"
    SHADOWED = "shadowed"
    UNREADABLE = "unreadable"
    UNDECODABLE = "undecodable"
    MISSING = "missing"


@frozen
class NodeFile:
    """A file on the search path.

    Attributes:
        path: Where it is on the node.
        state: What becomes of it.
        reason: Why it does not read or decode, or that it counts without an entry.
    """

    path: str
    state: FileState
    reason: str | None = None

    def __str__(self) -> str:
        text = f"{self.path}: {self.state}"
        return printable(f"{text} ({self.reason})" if self.reason else text)


@frozen
class NodeFiles:
    """The search path for the node's docker config, and what is there.

    Attributes:
        files: The eight places in the kubelet's order. One may be there twice.
        docker_config: What the file that counts holds, None where none does.
    """

    files: tuple[NodeFile, ...]
    docker_config: DockerConfig | None = None

    @classmethod
    def find(
        cls,
        root: str | os.PathLike[str],
        *,
        kubelet_root: str = "/var/lib/kubelet",
        home: str | None = None,
        cwd: str = "/",
    ) -> NodeFiles:
        """Look through a folder that is the node's ``/``: a mounted disk, a copy.

        Links are followed as on the node, so none leads out of the folder. Each path below is one
        on the node. Nothing raises: a file that cannot be read is passed over, as the kubelet does.

        Args:
            root: The folder.
            kubelet_root: The kubelet's ``--root-dir``.
            home: The kubelet's ``HOME``, None where it has none.
            cwd: The kubelet's working directory.
        """
        files: list[NodeFile] = []
        counting: DockerConfig | None = None
        for path in _search_path(kubelet_root, home, cwd):
            data, state, reason = _read(Path(root), path)
            config: DockerConfig | None = None
            if data is not None and counting is not None:
                state, reason = FileState.SHADOWED, None
            elif data is not None:
                config, reason = _decode(path, data)
                state = FileState.UNDECODABLE if config is None else FileState.COUNTS
            counting = config if counting is None else counting
            files.append(NodeFile(str(path), state, reason))
        return cls(tuple(files), counting)


def _search_path(kubelet_root: str, home: str | None, cwd: str) -> Iterator[PurePosixPath]:
    here = PurePosixPath("/", cwd)
    # Without HOME its paths are relative ones.
    folders = (here / kubelet_root, here, here / (home or ""), PurePosixPath("/"))
    kubelet, working, own, top = folders
    for folder in (kubelet, working, own / ".docker", top / ".docker"):
        yield folder / "config.json"
    for folder in folders:
        yield folder / ".dockercfg"


_Read = tuple[bytes | None, FileState, str | None]


def _read(root: Path, path: PurePosixPath) -> _Read:
    """What a file holds; else None, and why."""
    try:
        file = _inside(root, path)
        status = file.stat()
        if not stat.S_ISREG(status.st_mode):
            return None, FileState.UNREADABLE, "not a file"
        if status.st_size > _MAX_SIZE:
            return None, FileState.UNREADABLE, f"more than {_MAX_SIZE:,} bytes"
        return file.read_bytes(), FileState.COUNTS, None
    except (FileNotFoundError, NotADirectoryError):
        return None, FileState.MISSING, None
    except (OSError, ValueError) as error:  # ValueError: a name with a null in it
        return None, FileState.UNREADABLE, getattr(error, "strerror", None) or "no such name"


def _inside(root: Path, path: PurePosixPath) -> Path:
    """The file that a path of the node leads to, its links followed from the folder as root."""
    waiting = list(reversed(path.parts[1:]))
    found = root
    links = 0
    while waiting:
        part = waiting.pop()
        if part == "..":
            found = found if found == root else found.parent
            continue
        step = found / part
        if not step.is_symlink():
            found = step
            continue
        links += 1
        if links > _MAX_LINKS:
            raise OSError(0, "too many links")
        target = PurePosixPath(step.readlink())
        if target.is_absolute():
            found = root
            target = target.relative_to(target.anchor)
        waiting += reversed(target.parts)
    return found


def _decode(path: PurePosixPath, data: bytes) -> tuple[DockerConfig | None, str | None]:
    legacy = path.name == ".dockercfg"
    try:
        config = DockerConfig.from_legacy_json(data) if legacy else DockerConfig.from_json(data)
    except InvalidDockerConfig as error:
        return None, str(error)
    return config, None if config.auths else "without an entry, which ends the search"
