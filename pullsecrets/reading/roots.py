"""What a folder has to render: the roots of kustomize and Helm's charts.

A kustomization that another one names is a part of it; one that nothing names is a root. Nothing is
fetched: a root that names what is not in the file system is refused before any program is started.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from attrs import field, frozen

from pullsecrets.reading.files import read_data
from pullsecrets.reading.paths import CHART, KUSTOMIZATIONS, walk
from pullsecrets.reading.problems import Document, Problem, ProblemCode
from pullsecrets.secrecy import EntryText, HiddenBytes

__all__ = ["Renderer", "Root", "find_roots"]

_SHOWN_MAX: Final = 80
_CHARTS: Final = "it has charts of its own, which kustomize would fetch"


class Renderer(StrEnum):
    """What renders a root."""

    KUSTOMIZE = "kustomize"
    HELM = "helm"


@frozen
class Root:
    """Something to render.

    Attributes:
        renderer: What renders it.
        file: Its kustomization, or its ``Chart.yaml``.
        sources: The files that it is made of, links resolved. Of a chart only its ``Chart.yaml``,
            as its templates are not read by themselves.
        refusal: Why it is not rendered, None if it may be. Safe to show.
    """

    renderer: Renderer
    file: Path
    sources: frozenset[Path] = frozenset()
    refusal: str | None = None

    @property
    def folder(self) -> Path:
        """The folder that is rendered."""
        return self.file.parent


def find_roots(folder: Path, exclude: Callable[[Path], bool]) -> tuple[Root, ...]:
    """The roots in a folder, in the order of the walk.

    Args:
        folder: The folder.
        exclude: Says of a file or a folder that it is not looked at.
    """
    graph = _Graph()
    files: list[Path] = []
    for found in walk(folder, exclude):
        if isinstance(found, Path) and found.name in KUSTOMIZATIONS:
            files.append(found)
            graph.add(found)
        elif isinstance(found, Problem) and found.code is ProblemCode.CHART and found.place:
            files.append(Path(found.place.file or "", CHART))
    parts = graph.parts()
    roots = (_chart(file) if file.name == CHART else graph.root(file, parts) for file in files)
    return tuple(root for root in roots if root is not None)


def _chart(file: Path) -> Root | None:
    """A chart that can be installed: of a library there is nothing to render."""
    if _mapping(file).get("type") == "library":
        return None
    return Root(Renderer.HELM, file, frozenset({file.resolve()}))


def _mapping(file: Path) -> Mapping[str, Any]:
    """The one document that a file holds, empty if it is none."""
    try:
        data = HiddenBytes(file.read_bytes())
    except OSError:
        return {}
    for item in read_data(data, str(file), expected=False):
        if isinstance(item, Document) and isinstance(item.value, Mapping):
            return item.value
    return {}


@frozen
class _Kustomization:
    """What a kustomization names.

    Attributes:
        file: The kustomization.
        is_component: Whether it is a component, which is for others only.
        sources: The files that it names.
        parts: The folders that it names, as resolved paths.
        refusal: Why it is not rendered, or None.
    """

    file: Path
    is_component: bool
    sources: tuple[Path, ...]
    parts: tuple[Path, ...]
    refusal: str | None

    @classmethod
    def read(cls, file: Path) -> _Kustomization:
        value = _mapping(file)
        sources, parts = [file.resolve()], []
        refusal = _CHARTS if _has_charts(value) else None
        for name in _named(value):
            path = file.parent / name
            # A name that is no path here is an address for kustomize.
            if not os.path.exists(path):  # noqa: PTH110  (a path may hold what Path.exists raises on)
                shown = str(EntryText(name))[:_SHOWN_MAX]
                refusal = refusal or f"it names '{shown}', which is not here: nothing is fetched"
            elif path.is_dir():
                parts.append(path.resolve())
            else:
                sources.append(path.resolve())
        component = value.get("kind") == "Component"
        return cls(file, component, tuple(sources), tuple(parts), refusal)


@frozen
class _Graph:
    """The kustomizations that were found, and those that they name, by their resolved folders."""

    known: dict[Path, _Kustomization | None] = field(factory=dict)

    def add(self, file: Path) -> None:
        """Read a kustomization."""
        self.known[file.parent.resolve()] = _Kustomization.read(file)

    def parts(self) -> frozenset[Path]:
        """The folders that some kustomization names."""
        found = [each for each in self.known.values() if each is not None]
        return frozenset(part for each in found for part in each.parts)

    def root(self, file: Path, parts: frozenset[Path]) -> Root | None:
        """The kustomization as a root, None if it is a part of others."""
        folder = file.parent.resolve()
        own = self.known[folder]
        if own is None or own.is_component or folder in parts:
            return None
        reached = list(self._reached(folder))
        sources = frozenset(source for each in reached for source in each.sources)
        refusals = (each.refusal for each in reached if each.refusal is not None)
        return Root(Renderer.KUSTOMIZE, file, sources, next(refusals, None))

    def _reached(self, folder: Path) -> Iterator[_Kustomization]:
        """The kustomization in a folder and all that it is made of."""
        seen: set[Path] = set()
        ahead = [folder]
        while ahead:
            at = ahead.pop()
            if at in seen:
                continue
            seen.add(at)
            if at not in self.known:  # outside of what was walked
                file = next((at / n for n in KUSTOMIZATIONS if (at / n).is_file()), None)
                self.known[at] = None if file is None else _Kustomization.read(file)
            found = self.known[at]
            if found is not None:
                yield found
                ahead += found.parts


_PATHS: Final = (
    "resources",
    "bases",
    "components",
    "crds",
    "configurations",
    "generators",
    "transformers",
    "validators",
    "patchesStrategicMerge",
)
_WITH_PATH: Final = ("patches", "patchesJson6902", "replacements")
_GENERATORS: Final = ("configMapGenerator", "secretGenerator")


def _named(value: Mapping[str, Any]) -> Iterator[str]:
    """The files, folders and addresses that a kustomization names."""
    for key in _PATHS:
        # With a line break it is a document that is written out.
        yield from (name for name in _strings(value.get(key)) if "\n" not in name)
    for key in _WITH_PATH:
        for each in _mappings(value.get(key)):
            yield from _strings([each.get("path")])
    for each in _mappings([value.get("openapi")]):
        yield from _strings([each.get("path")])
    for key in _GENERATORS:
        for each in _mappings(value.get(key)):
            for name in _strings(each.get("files")):
                yield name.rpartition("=")[2]  # "key=path"
            yield from _strings(each.get("envs"))
            yield from _strings([each.get("env")])


def _has_charts(value: Mapping[str, Any]) -> bool:
    return any(value.get(key) for key in ("helmCharts", "helmChartInflationGenerator"))


def _strings(value: Any) -> Iterable[str]:
    items = value if isinstance(value, list) else []
    return (each for each in items if isinstance(each, str) and each)


def _mappings(value: Any) -> Iterable[Mapping[str, Any]]:
    items = value if isinstance(value, list) else []
    return (each for each in items if isinstance(each, Mapping))
