"""A picture of a cluster: pods → secrets → registries, with the diagnoses marked.

Drawn with drawsvg (extra ``svg``). It has a background of its own and follows the reader's theme,
so it can be read on a light page and on a dark one, in the page or as a file.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from attrs import define, field, frozen

from pullsecrets.cluster import Cluster, PodResolution
from pullsecrets.diagnoses import Diagnoses, Diagnosis, check
from pullsecrets.errors import MissingExtra
from pullsecrets.makers.made import MadeSecret
from pullsecrets.resolution import SourceKind
from pullsecrets.secrecy import printable

__all__ = ["MAX_ROWS", "Picture", "draw"]

MAX_ROWS: Final = 30
"""Boxes that a column shows at most."""

_WIDTH: Final = 980
_BOX: Final = 250
_COLUMNS: Final = (20, 365, 710)
_HEADINGS: Final = ("pods and workloads", "secrets", "registries")
_TOP: Final = 58
_HEIGHT: Final = 46
_STEP: Final = 64
_CHARS: Final = 28  # that fit into a box

# Dark where the reader's system asks for it, or the page around it says so: furo, JupyterLab and
# VS Code each in their way.
_LIGHT: Final = (
    "--ps-ground: #ffffff; --ps-text: #1c2128; --ps-faint: #59636e; --ps-line: #818b98; "
    "--ps-box: #f3f5f7;"
)
_DARK: Final = (
    "--ps-ground: #16191d; --ps-text: #e8ecf0; --ps-faint: #a3adb8; --ps-line: #7d8793; "
    "--ps-box: #22272d;"
)
_STYLE: Final = f"""
.ps-picture {{ {_LIGHT} max-width: 100%; height: auto; }}
@media (prefers-color-scheme: dark) {{ .ps-picture {{ {_DARK} }} }}
[data-theme=light] .ps-picture, [data-jp-theme-light=true] .ps-picture,
.vscode-light .ps-picture {{ {_LIGHT} }}
[data-theme=dark] .ps-picture, [data-jp-theme-light=false] .ps-picture,
.vscode-dark .ps-picture {{ {_DARK} }}
.ps-picture text {{ font-family: system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif;
  fill: var(--ps-text); }}
.ps-picture .ps-ground {{ fill: var(--ps-ground); }}
.ps-picture .ps-box {{ fill: var(--ps-box); stroke: var(--ps-line); }}
.ps-picture .ps-missing {{ fill: none; stroke: var(--ps-line); stroke-dasharray: 5 4; }}
.ps-picture .ps-heading, .ps-picture .ps-second {{ fill: var(--ps-faint); }}
.ps-picture .ps-edge {{ fill: none; stroke: var(--ps-line); stroke-width: 1.6; }}
.ps-picture .ps-anonymous {{ fill: none; stroke: var(--ps-line); stroke-width: 1.3;
  stroke-dasharray: 3 5; }}
.ps-picture .ps-unknown {{ fill: none; stroke: var(--ps-line); stroke-width: 1.3;
  stroke-dasharray: 1 4; }}
.ps-picture .ps-error {{ fill: #b42318; }}
.ps-picture .ps-warning {{ fill: #8a5300; }}
.ps-picture .ps-note {{ fill: #2b5f9e; }}
.ps-picture .ps-badge {{ fill: #ffffff; }}
"""


@frozen
class Picture:
    """An SVG that shows itself in a notebook.

    Attributes:
        svg: The document.
    """

    svg: str = field(repr=False)

    def save(self, path: str | Path) -> None:
        """Write it to a file."""
        Path(path).write_text(self.svg, encoding="utf-8")

    def _repr_html_(self) -> str:
        return self.svg

    def __str__(self) -> str:
        return self.svg


@define
class _Box:
    """A box in a column."""

    title: str
    second: str
    missing: bool = False
    found: list[Diagnosis] = field(factory=list)
    position: int = -1


_Edge = tuple[int, Any, int, Any]
"""Column and key of the box it begins at, and of the one it ends at."""


@define
class _Map:
    """What is drawn: a column's boxes by their keys, and the edges between them."""

    columns: tuple[dict[Any, _Box], ...] = field(factory=lambda: ({}, {}, {}))
    edges: dict[_Edge, str] = field(factory=dict)

    @classmethod
    def of(cls, cluster: Cluster, diagnoses: Iterable[Diagnosis]) -> _Map:
        drawn = cls()
        for pod in cluster.pods:
            kind = printable(f"{pod.kind} in {pod.namespace}")
            drawn.columns[0][pod.kind, pod.namespace, pod.name] = _Box(printable(pod.name), kind)
        for answer in cluster.resolve_all():
            drawn._add(cluster, answer)
        # After those that are listed, which are so next to their pods.
        for secret in cluster.secrets:
            if secret.skipped is None:
                key = "Secret", secret.namespace, secret.name
                box = _Box(printable(secret.name), printable(f"in {secret.namespace}"))
                drawn.columns[1].setdefault(key, box)
        by_place: dict[tuple[str, ...], list[Diagnosis]] = defaultdict(list)
        for each in diagnoses:
            by_place[each.where.kind, each.where.namespace, each.where.name].append(each)
        for column in drawn.columns[:2]:
            for key, box in column.items():
                box.found = by_place.get(tuple(map(printable, key)), [])
        return drawn

    def _add(self, cluster: Cluster, answer: PodResolution) -> None:
        pod = answer.pod
        start = pod.kind, pod.namespace, pod.name
        for name in answer.admission.pull_secrets if answer.images else ():
            key = "Secret", pod.namespace, name
            secret = cluster.listed(pod.namespace, name, pod.place)
            there = secret is not None
            what = f"in {pod.namespace}" if there else "not among the manifests"
            if isinstance(secret, MadeSecret):
                what = f"made by {secret.maker.title}"
            shown = printable(name) or "(nameless)"
            self.columns[1].setdefault(key, _Box(shown, printable(what), missing=not there))
            self.edges[0, start, 1, key] = "ps-edge"
        for each in answer.images:
            if each.resolution.image is None:
                continue
            registry = each.resolution.image.registry.name
            self.columns[2].setdefault(registry, _Box(registry, ""))
            for candidate in each.resolution.candidates:
                source = candidate.source
                key = "Secret", source.namespace or "", source.name or ""
                if source.kind is SourceKind.NODE:
                    self.columns[1].setdefault(key, _Box("the node", "its own docker config"))
                    self.edges[0, start, 1, key] = "ps-edge"
                self.edges[1, key, 2, registry] = "ps-edge"
            for source in each.resolution.unknown_secrets:
                key = "Secret", source.namespace or "", source.name or ""
                self.edges[1, key, 2, registry] = "ps-unknown"
            if each.resolution.anonymous:
                self.edges[0, start, 2, registry] = "ps-anonymous"


def draw(cluster: Cluster, diagnoses: Diagnoses | None = None) -> Picture:
    """Draw pods, the secrets they list and the registries that these have credentials for.

    A dashed line is an anonymous pull, a dotted line a credential that there may be, a dashed frame
    a secret that is missing. Boxes with
    diagnoses carry the code of the worst; hovering shows all of them.

    Args:
        cluster: The cluster. Of a large one only the first boxes of each column are shown.
        diagnoses: What to mark; by default those of `check`.

    Raises:
        MissingExtra: drawsvg is not installed.
    """
    try:
        import drawsvg
    except ImportError:
        raise MissingExtra("the picture of a cluster", "svg") from None

    drawn = _Map.of(cluster, check(cluster) if diagnoses is None else diagnoses)
    rows = max([1, *(min(len(column), MAX_ROWS + 1) for column in drawn.columns)])
    height = _TOP + rows * _STEP + 26
    svg = drawsvg.Drawing(_WIDTH, height, class_="ps-picture", role="img")
    svg.append_title("Pods, the secrets they list, and the registries these have credentials for")
    svg.append_css(_STYLE)
    svg.append(drawsvg.Rectangle(0, 0, _WIDTH, height, rx=8, class_="ps-ground"))
    for number, column in enumerate(drawn.columns):
        _draw_column(drawsvg, svg, number, column)
    for (from_column, start, to_column, end), style in drawn.edges.items():
        first, last = drawn.columns[from_column][start], drawn.columns[to_column][end]
        if 0 <= first.position < MAX_ROWS and 0 <= last.position < MAX_ROWS:
            svg.append(_edge(drawsvg, from_column, first, to_column, last, style))
    legend = (
        "line: lists, has a credential for · dashed: pulled anonymously · dotted: not known whether"
    )
    svg.append(drawsvg.Text(legend, 12, _COLUMNS[0], height - 12, class_="ps-second"))
    return Picture(str(svg.as_svg(header="")))


def _draw_column(drawsvg: Any, svg: Any, number: int, column: dict[Any, _Box]) -> None:
    x = _COLUMNS[number]
    svg.append(drawsvg.Text(_HEADINGS[number], 13, x, 32, class_="ps-heading"))
    for position, box in enumerate(column.values()):
        y = _TOP + position * _STEP
        if position == MAX_ROWS:
            more = f"… and {len(column) - MAX_ROWS:,} more"
            svg.append(drawsvg.Text(more, 13, x, y + 20, class_="ps-second"))
            break
        box.position = position
        svg.append(_box(drawsvg, box, x, y))


def _box(drawsvg: Any, box: _Box, x: int, y: int) -> Any:
    group = drawsvg.Group()
    lines = [f"{box.title} {box.second}".strip(), *map(str, box.found)]
    group.append_title("\n".join(lines))
    style = "ps-missing" if box.missing else "ps-box"
    group.append(drawsvg.Rectangle(x, y, _BOX, _HEIGHT, rx=6, class_=style))
    top = y + (20 if box.second else 28)
    group.append(drawsvg.Text(_cut(box.title), 13, x + 10, top, font_weight="600"))
    if box.second:
        group.append(drawsvg.Text(_cut(box.second), 12, x + 10, y + 37, class_="ps-second"))
    if box.found:
        worst = box.found[0]
        more = f" +{len(box.found) - 1}" if len(box.found) > 1 else ""
        text = f"{worst.code}{more}"
        width = 14 + 7.4 * len(text)
        left = x + _BOX - width - 6
        style = f"ps-{worst.severity}"
        group.append(drawsvg.Rectangle(left, y - 9, width, 18, rx=9, class_=style))
        group.append(
            drawsvg.Text(
                text, 11.5, left + width / 2, y + 4, text_anchor="middle", class_="ps-badge"
            )
        )
    return group


def _edge(
    drawsvg: Any, from_column: int, first: _Box, to_column: int, last: _Box, style: str
) -> Any:
    start = _COLUMNS[from_column] + _BOX
    end = _COLUMNS[to_column]
    top, bottom = (_TOP + box.position * _STEP + _HEIGHT / 2 for box in (first, last))
    path = drawsvg.Path(class_=style)
    path.M(start, top)
    if to_column - from_column == 1:
        bend = (end - start) / 2
        path.C(start + bend, top, end - bend, bottom, end, bottom)
    else:
        # Around the boxes of the middle column, in the gap above or below one.
        gap = _TOP + max(first.position, last.position) * _STEP - (_STEP - _HEIGHT) / 2
        left, right = _COLUMNS[1], _COLUMNS[1] + _BOX
        bend = (left - start) / 2
        path.C(start + bend, top, left - bend, gap, left, gap)
        path.L(right, gap)
        path.C(right + bend, gap, end - bend, bottom, end, bottom)
    return path


def _cut(text: str) -> str:
    return text if len(text) <= _CHARS else f"{text[: _CHARS - 1]}…"
