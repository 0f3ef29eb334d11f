"""Documents from files, folders and standard input.

A file that is named is expected to hold manifests. A folder is a repository as it is: next to the
manifests it has values, charts, kustomizations, patches and the configuration of other programs.
What of these is passed over is told, once for each file, and is no error.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any, Final

from attrs import evolve

from pullsecrets.errors import PullsecretsError
from pullsecrets.metadata import Place
from pullsecrets.reading.files import read_data
from pullsecrets.reading.partial import is_patch
from pullsecrets.reading.problems import A_TEMPLATE, Document, Problem, ProblemCode
from pullsecrets.secrecy import HiddenBytes, printable

__all__ = [
    "CHART",
    "KUSTOMIZATIONS",
    "OF_A_CHART",
    "NoSuchPath",
    "is_read",
    "manifests_in",
    "nothing",
    "passed_over_chart",
    "read_documents",
    "walk",
]

CHART: Final = "Chart.yaml"
"""The file that makes a folder a Helm chart."""

KUSTOMIZATIONS: Final = ("kustomization.yaml", "kustomization.yml", "Kustomization")
"""The files that make a folder a kustomization; kustomize refuses a folder with two of them."""

_SUFFIXES: Final = (".yaml", ".yml", ".json")
OF_A_CHART: Final = frozenset({"charts", "templates"})
"""The folders in a chart that are not read: what they hold is no manifest until it is rendered."""

_KUSTOMIZATION: Final = {
    "apiVersion": "kustomize.config.k8s.io/v1beta1",
    "kind": "Kustomization",
}


class NoSuchPath(PullsecretsError, FileNotFoundError):
    """A path that was asked for by name does not exist."""


def nothing(path: Path) -> bool:
    """An `exclude` that leaves nothing out."""
    return False


def read_documents(
    path: str | os.PathLike[str], exclude: Callable[[Path], bool] = nothing
) -> Iterator[Document | Problem]:
    """The documents of a file, a folder or, for ``-``, of standard input, in order.

    Of a folder only manifests are given, documents that have an apiVersion and a kind, and for each
    file with others a problem that says so, which is no error. The templates of Helm charts are not
    read: they are no manifests until they are rendered.

    Args:
        path: The path.
        exclude: Says of a file or a folder in a folder that it is not read.

    Raises:
        NoSuchPath: The path does not exist.
        MissingExtra: A file is YAML, and PyYAML is not there.
    """
    if path == "-":
        if sys.stdin is None:  # where a program is started without one
            raise NoSuchPath("-: there is no standard input")
        yield from read_data(HiddenBytes(sys.stdin.buffer.read()), "-", rendered=True)
        return
    root = Path(path)
    if not root.exists():
        raise NoSuchPath(f"{printable(str(root))}: no such file or folder")
    if not root.is_dir():
        yield from _read(root, expected=True)
        return
    for found in walk(root, exclude):
        if isinstance(found, Problem):
            yield found
        else:
            yield from manifests_in(_read(found, expected=False), str(found))


def walk(folder: Path, exclude: Callable[[Path], bool] = nothing) -> Iterator[Path | Problem]:
    """The files of a folder that may hold manifests, and what of it is passed over or unreadable.

    Hidden files and folders are left out, and so are the templates and values of Helm charts.
    """
    unreadable: list[OSError] = []
    for parent, folders, names in os.walk(folder, onerror=unreadable.append):
        chart = CHART in names
        if chart and not exclude(Path(parent, CHART)):
            yield passed_over_chart(parent)
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".")
            and not (chart and name in OF_A_CHART)
            and not exclude(Path(parent, name))
        )
        for name in sorted(names):
            if is_read(name, in_chart=chart):
                file = Path(parent, name)
                # A link that leads nowhere is an error to tell, a pipe or a socket is not for us.
                if not exclude(file) and (file.is_file() or not file.exists()):
                    yield file
    for error in unreadable:
        message = f"cannot be read: {error.strerror}"
        yield Problem(ProblemCode.UNREADABLE, message, Place(str(error.filename)))


def is_read(name: str, *, in_chart: bool) -> bool:
    """Whether a file of that name, in a folder that is a chart or none, may hold manifests."""
    wanted = name.endswith(_SUFFIXES) or name in KUSTOMIZATIONS
    of_chart = in_chart and (name == CHART or name.startswith("values"))
    return wanted and not of_chart and not name.startswith(".")


def passed_over_chart(folder: str) -> Problem:
    """That a chart is not rendered."""
    message = "passed over: a Helm chart that is not rendered"
    return Problem(ProblemCode.CHART, message, Place(folder), error=False)


def _read(file: Path, *, expected: bool) -> Iterator[Document | Problem]:
    try:
        data = HiddenBytes(file.read_bytes())
    except OSError as error:
        message = f"cannot be read: {error.strerror}"
        yield Problem(ProblemCode.UNREADABLE, message, Place(str(file)))
    else:
        yield from read_data(data, str(file), expected=expected)


def manifests_in(items: Iterable[Document | Problem], file: str) -> Iterator[Document | Problem]:
    """The manifests in a file of a folder, and whether it holds something else.

    Args:
        items: What is in the file, read without the expectation that it is readable.
        file: Its name.
    """
    if PurePath(file).name in KUSTOMIZATIONS:
        yield from _kustomization(items, file)
        return
    kept: list[Document | Problem] = []
    others = templates = 0
    for item in items:
        if isinstance(item, Document) and not (_is_manifest(item.value) or is_patch(item.value)):
            others += item.value is not None
        elif isinstance(item, Problem) and not item.error and item.code in _FAULTS:
            others += item.code is not ProblemCode.TEMPLATE
            templates += item.code is ProblemCode.TEMPLATE
        else:
            kept.append(item)
    if (others or templates) and not any(isinstance(item, Document) or item.error for item in kept):
        kept = []  # nor is it said which keys values.yaml repeats
    yield from kept
    if templates:
        yield Problem(ProblemCode.TEMPLATE, A_TEMPLATE, Place(file), error=False)
    if others:
        number = "1 document that is" if others == 1 else f"{others:,} documents that are"
        what = f"{number} no manifest{'' if others == 1 else 's'}" if kept else "it is no manifest"
        message = f"passed over: {what}"
        yield Problem(ProblemCode.NO_MANIFEST, message, Place(file), error=False)


_FAULTS: Final = frozenset(
    {ProblemCode.NOT_JSON, ProblemCode.NOT_UTF8, ProblemCode.NOT_YAML, ProblemCode.TEMPLATE}
)


def _is_manifest(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(value.get(name), str) for name in ("apiVersion", "kind")
    )


def _kustomization(items: Iterable[Document | Problem], file: str) -> Iterator[Document | Problem]:
    """A kustomization, which may leave out what it is, and that it is not rendered."""
    for item in items:
        if isinstance(item, Document) and isinstance(item.value, Mapping):
            yield evolve(item, value={**_KUSTOMIZATION, **item.value})
    message = "passed over: a kustomization that is not rendered"
    yield Problem(ProblemCode.KUSTOMIZATION, message, Place(file), error=False)
