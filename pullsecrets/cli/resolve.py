"""``pullsecrets resolve``: which credentials the kubelet tries, in order."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pullsecrets.cli._common import (
    cluster_options,
    console,
    exit_status,
    indented,
    read_cluster,
    select_pods,
)
from pullsecrets.display.text import list_used, pod_title
from pullsecrets.images import Image
from pullsecrets.keyring import Resolution
from pullsecrets.objects import Pod
from pullsecrets.cluster import ImageResolution
from pullsecrets.secrecy import printable, redact_entry

__all__ = ["resolve"]


@click.command()
@cluster_options
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="What to print.",
)
def resolve(
    paths: tuple[str, ...],
    namespace: str | None,
    pod: str | None,
    node_config: Path | None,
    form: str,
) -> None:
    """Show which credentials the kubelet tries for each image, in order.

    Exits with 1 where a lookup fails as a whole, 2 where some input could not be read.
    """
    cluster = read_cluster(paths, namespace, node_config)
    chosen = select_pods(cluster, namespace, pod)
    answers = list(chosen.resolve_all())
    rest = iter(answers)
    by_pod = [(owner, list(islice(rest, len(owner.images)))) for owner in chosen.pods]
    if form == "json":
        click.echo(json.dumps({"pods": [_pod_json(*item) for item in by_pod]}, indent=2))
    else:
        for owner, images in by_pod:
            if images:
                console().print(_pod_text(owner, images))
        if not answers:
            click.echo("no pods and no workloads in the manifests", err=True)
    raise SystemExit(
        exit_status(cluster, failed=any(a.resolution.failure is not None for a in answers))
    )


def _pod_json(pod: Pod, images: list[ImageResolution]) -> dict[str, Any]:
    return {
        "namespace": pod.namespace,
        "name": pod.name,
        "kind": pod.kind,
        "images": [_image_json(answer) for answer in images],
    }


def _image_json(answer: ImageResolution) -> dict[str, Any]:
    resolution = answer.resolution
    return {
        "container": answer.container,
        "kind": answer.kind,
        "image": answer.written,
        "name": answer.image.name if isinstance(answer.image, Image) else None,
        "anonymous": resolution.anonymous,
        "failure": resolution.failure,
        "deterministic": resolution.is_deterministic,
        "warnings": list(resolution.warnings),
        "candidates": [
            {
                "tier": candidate.tier,
                "source": {
                    "kind": candidate.source.kind,
                    "namespace": candidate.source.namespace,
                    "name": candidate.source.name,
                },
                "entry": redact_entry(candidate.entry),
                "key": redact_entry(candidate.key),
                "username": candidate.credential.username,
            }
            for candidate in resolution.candidates
        ],
    }


def _pod_text(pod: Pod, images: list[ImageResolution]) -> RenderableType:
    """A pod: its title, whose list of secrets it has, what was passed over, image by image."""
    lines: list[RenderableType] = [
        Text(pod_title(pod), style="bold"),
        Text(f"  {list_used(images[0].admission)}", style="dim"),
    ]
    warnings = dict.fromkeys(line for answer in images for line in answer.resolution.warnings)
    lines += [indented(Text(f"! {printable(line)}", style="yellow"), 2) for line in warnings]
    attempts = [_attempts(answer.resolution) for answer in images]
    # One grid for each image, with columns as wide in all of them.
    cells = [_HEADINGS, *chain.from_iterable(attempts)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines.append(_grid([_HEADINGS], widths, style="dim"))
    for answer, rows in zip(images, attempts, strict=True):
        kind = "" if answer.kind == "container" else f" ({answer.kind})"
        title = f"  {printable(answer.container)}{kind}: "
        lines.append(Text.assemble(title, (printable(answer.written), "cyan")))
        if answer.resolution.failure is not None:
            lines.append(indented(Text(printable(answer.resolution.failure), style="red"), 4))
        if rows:
            lines.append(_grid(rows, widths))
    return Group(*lines, Text())


_HEADINGS: Final = ("try", "source", "entry", "user")


def _grid(rows: Iterable[tuple[str, ...]], widths: list[int], style: str = "") -> RenderableType:
    grid = Table.grid(padding=(0, 2, 0, 0))
    for width in widths:
        grid.add_column(min_width=min(width, 40), overflow="fold", style=style)
    for row in rows:
        grid.add_row(*map(Text, row))
    return indented(grid, 4)


def _attempts(resolution: Resolution) -> list[tuple[str, str, str, str]]:
    """A row for each pull that is tried: its number, the source, the entry, the user.

    Where chance decides about the order, the numbers of the tier stand in each of its rows.
    """
    if resolution.failure is not None:
        return []
    if resolution.anonymous:
        return [("1", "anonymous", "no entry matches", "")]
    rows: list[tuple[str, str, str, str]] = []
    for tier in resolution.tiers:
        first, last = len(rows) + 1, len(rows) + len(tier)
        number = f"{first}" if first == last else f"{first}-{last}"
        rows += [
            (
                number,
                printable(candidate.source.name or candidate.source.kind),
                redact_entry(candidate.entry),
                printable(candidate.credential.username),
            )
            for candidate in tier
        ]
    return rows
