"""Tables and trees for a terminal, made with rich (extra ``cli``).

Text is passed as `rich.text.Text`, so that nothing in a manifest is taken for markup.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from pullsecrets.diagnoses import Diagnoses, Diagnosis
from pullsecrets.display.text import (
    attempt,
    cluster_title,
    list_used,
    pod_title,
    secret_title,
    source_title,
)
from pullsecrets.trace import Explanation, PodExplanation, SecretTrace
from pullsecrets.keyring import Resolution
from pullsecrets.cluster import Cluster
from pullsecrets.secrecy import printable, redact_entry

__all__ = [
    "MAX_ROWS",
    "STYLES",
    "cluster_table",
    "diagnoses_table",
    "diagnosis_lines",
    "explanation_tree",
    "pod_tree",
    "resolution_table",
]

MAX_ROWS: Final = 200
"""Rows that a table shows at most; `to_records` has them all."""

STYLES: Final = {"error": "bold red", "warning": "bold yellow", "note": "bold cyan"}


def _text(text: str, style: str = "") -> Text:
    return Text(printable(text), style=style)


def _table(*headings: str) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _more(shown: int, of: int, what: str) -> list[Text]:
    return [] if shown >= of else [Text(f"… and {of - shown:,} more {what}", style="dim")]


def cluster_table(cluster: Cluster) -> RenderableType:
    """One row for each image, with what is tried for it."""
    table = _table("pod", "container", "image", "tried, in this order")
    shown = 0
    for answer in islice(cluster.resolve_all(), MAX_ROWS):
        shown += 1
        table.add_row(
            _text(pod_title(answer.pod)),
            _text(answer.container),
            _text(answer.written),
            _attempts(answer.resolution),
        )
    images = sum(len(pod.images) for pod in cluster.pods)
    return Group(Text(cluster_title(cluster), style="bold"), table, *_more(shown, images, "images"))


def _attempts(resolution: Resolution) -> Text:
    if resolution.failure is not None:
        return _text(f"fails: {resolution.failure}", "red")
    if resolution.anonymous:
        return Text("anonymous", style="dim")
    lines = [
        attempt(number, candidate) for number, candidate in enumerate(resolution.candidates, 1)
    ]
    if not resolution.is_deterministic:
        lines.append("(partly in an order left to chance)")
    return Text("\n".join(lines))


def resolution_table(resolution: Resolution) -> RenderableType:
    """One row for each candidate."""
    head = _text(str(resolution.image), "bold")
    notes = [_text(f"! {warning}", "yellow") for warning in resolution.warnings]
    if not resolution.candidates:
        return Group(head, _attempts(resolution), *notes)
    table = _table("try", "from", "entry", "key", "user")
    for number, candidate in enumerate(resolution.candidates, 1):
        table.add_row(
            str(number),
            source_title(candidate.source),
            redact_entry(candidate.entry),
            redact_entry(candidate.key),
            _text(candidate.credential.username),
        )
    if not resolution.is_deterministic:
        notes.append(Text("The order is partly left to chance.", style="yellow"))
    return Group(head, table, *notes)


def explanation_tree(explanation: Explanation) -> Tree:
    """The image, below it the secrets, below them the entries with their verdicts."""
    label = Text()
    if explanation.container:
        kind = "" if explanation.kind == "container" else f" ({explanation.kind})"
        label.append(printable(explanation.container) + kind + "  ")
    label.append(printable(explanation.written or str(explanation.image)), style="bold")
    failed = explanation.resolution.failure is not None
    label.append(f"\n{explanation.headline}", style="red" if failed else "")
    tree = Tree(label, guide_style="dim")
    for secret in explanation.secrets:
        _add_secret(tree, secret)
    return tree


def _add_secret(tree: Tree, secret: SecretTrace) -> None:
    label = Text(secret_title(secret))
    if secret.message:
        label.append(f"  ✗ {secret.message}", style="yellow" if secret.reason else "dim")
    branch = tree.add(label)
    width = max((len(redact_entry(entry.entry)) for entry in secret.entries), default=0)
    for entry in secret.entries:
        good = entry.reason is None
        line = Text()
        line.append("✓ " if good else "✗ ", style="bold green" if good else "red")
        line.append(redact_entry(entry.entry).ljust(min(width, 44)), style="" if good else "dim")
        line.append(f"  {entry.sentence}", style="green" if good else "")
        branch.add(line)


def pod_tree(explanation: PodExplanation) -> Tree:
    """The pod and its list of secrets, below them the images."""
    label = Text(pod_title(explanation.pod), style="bold")
    if explanation.admission is not None:
        label.append(f"\n{list_used(explanation.admission)}", style="not bold")
    else:
        label.append("\nno image", style="not bold dim")
    tree = Tree(label, guide_style="dim")
    for each in explanation.images:
        tree.add(explanation_tree(each))
    return tree


def diagnoses_table(diagnoses: Diagnoses) -> RenderableType:
    """One row for each diagnosis."""
    if not diagnoses:
        return Text("No diagnosis.", style="green")
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 1, 0))
    for heading in ("", "code", "what is wrong, what to do", "where"):
        table.add_column(heading, overflow="fold")
    for each in diagnoses[:MAX_ROWS]:
        style = STYLES[each.severity.value]
        what = Text(each.message)
        what.append(f"\n{each.advice}", style="dim")
        place = Text(f"{each.where.kind} {each.where.namespace}/{each.where.name}")
        place.append(f"\n{each.where.field}", style="dim")
        table.add_row(Text(each.severity.value, style=style), each.code, what, place)
    shown = min(len(diagnoses), MAX_ROWS)
    return Group(table, *_more(shown, len(diagnoses), "diagnoses"))


def diagnosis_lines(diagnosis: Diagnosis, place: str) -> Iterable[Text]:
    """A diagnosis as lines: what is wrong, where, what to do."""
    head = Text()
    head.append(diagnosis.severity.value, style=STYLES[diagnosis.severity.value])
    head.append(f" {diagnosis.code}", style="bold")
    head.append(f" {diagnosis.message}")
    yield head
    yield Text(f"  at  {place}", style="dim")
    yield Text(f"  do  {diagnosis.advice}")
