"""A picture of a cluster: workloads → secrets → registries, with the diagnoses marked.

Drawn with drawsvg (extra ``svg``). It has a background of its own and follows the reader's theme,
so it can be read on a light page and on a dark one, in the page or as a file.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from attrs import astuple, define, field, frozen

from pullsecrets.cluster import Cluster
from pullsecrets.diagnoses import Diagnoses, Diagnosis, check
from pullsecrets.errors import MissingExtra
from pullsecrets.groups import Named, PodGroup, group_pods, named
from pullsecrets.makers.made import MadeSecret
from pullsecrets.objects import Pod
from pullsecrets.resolution import SourceKind
from pullsecrets.secrecy import printable

__all__ = ["MAX_ROWS", "Picture", "draw"]

MAX_ROWS: Final = 30
"""Boxes that a column shows at most."""

_WIDTH: Final = 900
_BOX: Final = 240
_COLUMNS: Final = (14, 330, 646)
_HEADINGS: Final = ("workloads", "secrets", "registries")
_TOP: Final = 58
_HEIGHT: Final = 46
_STEP: Final = 64
_CHARS: Final = 28  # that fit into a box
_SMALL_CHARS: Final = 36

# Dark where the reader's system asks for it, or the page around it says so: furo, JupyterLab and
# VS Code each in their way.
# Of one workload after the other; read on light and on dark grounds.
_COLOURS: Final = ("#4c83c4", "#c06a1c", "#35914f", "#a0519e", "#2a8f96", "#8f7f22")
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
.ps-picture .ps-edge {{ fill: none; stroke-width: 1.6; }}
.ps-picture .ps-anonymous {{ fill: none; stroke-width: 1.3; stroke-dasharray: 3 5; }}
.ps-picture .ps-unknown {{ fill: none; stroke-width: 1.3; stroke-dasharray: 1 4; }}
{"".join(f".ps-w{n} path {{ stroke: {c}; }} " for n, c in enumerate(_COLOURS))}
.ps-picture .ps-workload:hover path {{ stroke-width: 3.5; }}
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


@frozen
class _Edge:
    """A line between two boxes, of one workload.

    Attributes:
        start: Column and key of the box it begins at.
        end: Column and key of the box it ends at.
        style: How it is drawn.
    """

    start: tuple[int, Any]
    end: tuple[int, Any]
    style: str = "ps-edge"


@define
class _Map:
    """What is drawn: a column's boxes by their keys, and each workload's lines between them."""

    columns: tuple[dict[Any, _Box], ...] = field(factory=lambda: ({}, {}, {}))
    edges: dict[int, dict[_Edge, None]] = field(factory=dict)

    @classmethod
    def of(
        cls, cluster: Cluster, diagnoses: Iterable[Diagnosis], namespace: str | None = None
    ) -> _Map:
        drawn = cls()
        by_place: dict[Named, list[Diagnosis]] = defaultdict(list)
        for each in diagnoses:
            where = each.where
            by_place[where.kind, where.namespace, where.name, where.environment or ""].append(each)
        pods = (pod for pod in cluster.pods if namespace in (None, pod.namespace))
        for number, group in enumerate(group_pods(map(cluster.resolve, pods))):
            found = [each for pod in group.pods for each in by_place.get(named(pod), ())]
            drawn._add(cluster, number, group, found)
        # After those that are listed, which are so next to their pods.
        for secret in cluster.secrets:
            if secret.skipped is None and namespace in (None, secret.namespace):
                key = "Secret", secret.namespace, secret.name
                box = _Box(printable(secret.name), printable(f"in {secret.namespace}"))
                drawn.columns[1].setdefault(key, box)
        for key, box in drawn.columns[1].items():
            box.found = by_place.get((key[0], printable(key[1]), printable(key[2]), ""), [])
        return drawn

    def _add(
        self, cluster: Cluster, number: int, group: PodGroup, found: Iterable[Diagnosis]
    ) -> None:
        members = group.workload.members(map(named, group.pods))
        alone = named(group.pods[0])
        kind, namespace, name, _ = alone if not members else astuple(group.workload)
        more = f"{members} · " if members else ""
        box = _Box(name, f"{more}{kind} in {namespace}")
        box.found = sorted(found, key=lambda each: each.severity.rank)
        self.columns[0][number] = box
        edges = self.edges.setdefault(number, {})
        for answer in group.answers:
            for name in answer.admission.pull_secrets if answer.images else ():
                edges[_Edge((0, number), (1, self._secret(cluster, answer.pod, name)))] = None
        for image in group.first.images:
            if image.resolution.image is None:
                continue
            registry = image.resolution.image.registry.name
            self.columns[2].setdefault(registry, _Box(registry, ""))
            for candidate in image.resolution.candidates:
                source = candidate.source
                key = "Secret", source.namespace or "", source.name or ""
                if source.kind is SourceKind.NODE:
                    self.columns[1].setdefault(key, _Box("the node", "its own docker config"))
                    edges[_Edge((0, number), (1, key))] = None
                edges[_Edge((1, key), (2, registry))] = None
            for source in image.resolution.unknown_secrets:
                key = "Secret", source.namespace or "", source.name or ""
                edges[_Edge((1, key), (2, registry), "ps-unknown")] = None
            if image.resolution.anonymous:
                edges[_Edge((0, number), (2, registry), "ps-anonymous")] = None

    def _secret(self, cluster: Cluster, pod: Pod, name: str) -> tuple[str, str, str]:
        """The key of the box of a secret that a pod lists."""
        key = "Secret", pod.namespace, name
        secret = cluster.listed(pod.namespace, name, pod.place)
        there = secret is not None
        what = f"in {pod.namespace}" if there else "not among the manifests"
        if isinstance(secret, MadeSecret):
            what = secret.why
        shown = printable(name) or "(nameless)"
        self.columns[1].setdefault(key, _Box(shown, printable(what), missing=not there))
        return key

    def shown(self) -> dict[int, list[tuple[_Edge, _Box, _Box]]]:
        """Of each workload the lines whose boxes are shown, with these."""
        return {
            number: [
                (edge, first, last)
                for edge in edges
                for first, last in (self._boxes(edge),)
                if min(first.position, last.position) >= 0
            ]
            for number, edges in self.edges.items()
        }

    def _boxes(self, edge: _Edge) -> tuple[_Box, _Box]:
        (first, start), (last, end) = edge.start, edge.end
        return self.columns[first][start], self.columns[last][end]


def draw(
    cluster: Cluster, diagnoses: Diagnoses | None = None, *, namespace: str | None = None
) -> Picture:
    """Draw workloads, the secrets they list and the registries that these have credentials for.

    Pods of one workload with one answer share a box. Each box has lines of its own, in one colour
    from the workload to the registries; they stand out when the pointer is on them. A dashed line
    is an anonymous pull, a dotted line a credential that there may be, a dashed frame a secret
    that is missing. Boxes with diagnoses carry the code of the worst; hovering shows all of them.

    Args:
        cluster: The cluster. Of a large one only the first boxes of each column are shown, the
            workloads that are worst off before the others.
        diagnoses: What to mark; by default those of `check`.
        namespace: The namespace to draw; all of them if it is None.

    Raises:
        MissingExtra: drawsvg is not installed.
    """
    try:
        import drawsvg
    except ImportError:
        raise MissingExtra("the picture of a cluster", "svg") from None

    drawn = _Map.of(cluster, check(cluster) if diagnoses is None else diagnoses, namespace)
    rows = max([1, *(min(len(column), MAX_ROWS + 1) for column in drawn.columns)])
    height = _TOP + rows * _STEP + 26
    svg = drawsvg.Drawing(_WIDTH, height, class_="ps-picture", role="img")
    svg.append_title("Pods, the secrets they list, and the registries these have credentials for")
    svg.append_css(_STYLE)
    svg.append(drawsvg.Rectangle(0, 0, _WIDTH, height, rx=8, class_="ps-ground"))
    for number, column in enumerate(drawn.columns):
        _draw_column(drawsvg, svg, number, column)
    _draw_edges(drawsvg, svg, drawn)
    legend = (
        "line: lists, has a credential for · dashed: pulled anonymously · dotted: not known whether"
    )
    svg.append(drawsvg.Text(legend, 12, _COLUMNS[0], height - 12, class_="ps-second"))
    return Picture(str(svg.as_svg(header="")))


def _draw_edges(drawsvg: Any, svg: Any, drawn: _Map) -> None:
    """Each workload's lines together; where several meet at a box, one below the other."""
    shown = drawn.shown()
    meeting: Counter[object] = Counter()
    for edges in shown.values():
        meeting.update(way for each in edges for way in _ways(*each))
    used: Counter[object] = Counter()
    for number, edges in shown.items():
        group = drawsvg.Group(class_=f"ps-workload ps-w{number % len(_COLOURS)}")
        for edge, first, last in edges:
            ways = _ways(edge, first, last)
            used.update(ways)
            shares = [used[way] / (meeting[way] + 1) for way in ways]
            group.append(_edge(drawsvg, edge, first, last, shares))
        svg.append(group)


def _ways(edge: _Edge, first: _Box, last: _Box) -> list[object]:
    """What it shares with others: the sides of boxes, and the gap that leads around a column."""
    ways: list[object] = [("right", edge.start), ("left", edge.end)]
    if edge.end[0] - edge.start[0] > 1:
        ways.append(("gap", max(first.position, last.position)))
    return ways


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
    found = list(dict.fromkeys(map(str, box.found)))
    lines = [f"{box.title} {box.second}".strip(), *found]
    group.append_title("\n".join(lines))
    style = "ps-missing" if box.missing else "ps-box"
    group.append(drawsvg.Rectangle(x, y, _BOX, _HEIGHT, rx=6, class_=style))
    top = y + (20 if box.second else 28)
    group.append(drawsvg.Text(_cut(box.title), 13, x + 10, top, font_weight="600"))
    if box.second:
        group.append(
            drawsvg.Text(_cut(box.second, _SMALL_CHARS), 12, x + 10, y + 37, class_="ps-second")
        )
    if box.found:
        worst = box.found[0]
        more = f" +{len(found) - 1}" if len(found) > 1 else ""
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


def _edge(drawsvg: Any, edge: _Edge, first: _Box, last: _Box, shares: Sequence[float]) -> Any:
    """A line; `shares` are how far down it is on what it shares with others, from 0 to 1."""
    start = _COLUMNS[edge.start[0]] + _BOX
    end = _COLUMNS[edge.end[0]]
    top = _TOP + first.position * _STEP + shares[0] * _HEIGHT
    bottom = _TOP + last.position * _STEP + shares[1] * _HEIGHT
    path = drawsvg.Path(class_=edge.style)
    path.M(start, top)
    if edge.end[0] - edge.start[0] == 1:
        bend = (end - start) / 2
        path.C(start + bend, top, end - bend, bottom, end, bottom)
    else:
        # Around the boxes of the middle column, in the gap above or below one.
        row = max(first.position, last.position)
        gap = _TOP + row * _STEP - (_STEP - _HEIGHT) * (1 - shares[2])
        left, right = _COLUMNS[1], _COLUMNS[1] + _BOX
        bend = (left - start) / 2
        path.C(start + bend, top, left - bend, gap, left, gap)
        path.L(right, gap)
        path.C(right + bend, gap, end - bend, bottom, end, bottom)
    return path


def _cut(text: str, most: int = _CHARS) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
