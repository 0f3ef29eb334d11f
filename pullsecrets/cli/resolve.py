"""``pullsecrets resolve``: which credentials the kubelet tries, in order."""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path
from typing import Any

import click
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from pullsecrets.cli._common import (
    cluster_options,
    exit_status,
    pod_title,
    read_cluster,
    select_pods,
)
from pullsecrets.images import Image
from pullsecrets.pods import Pod
from pullsecrets.resolver import ImageResolution
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
    answers = list(select_pods(cluster, namespace, pod).resolve_all())
    by_pod = [
        (owner, list(images)) for owner, images in groupby(answers, lambda answer: answer.pod)
    ]
    if form == "json":
        click.echo(json.dumps({"pods": [_pod_json(*item) for item in by_pod]}, indent=2))
    else:
        console = Console(highlight=False, soft_wrap=False)
        for owner, images in by_pod:
            console.print(_pod_table(owner, images))
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
                "key": printable(candidate.key),
                "username": candidate.credential.username,
            }
            for candidate in resolution.candidates
        ],
    }


def _pod_table(pod: Pod, images: list[ImageResolution]) -> RenderableType:
    table = Table(expand=False, header_style="bold", pad_edge=False)
    for heading in ("container", "image", "try", "source", "entry", "user"):
        table.add_column(heading, overflow="fold")
    for answer in images:
        rows = _attempts(answer)
        for number, row in enumerate(rows):
            first = (
                (Text(printable(answer.container)), Text(printable(answer.written)))
                if number == 0
                else ("", "")
            )
            table.add_row(*first, *row, end_section=number == len(rows) - 1)
    warnings = dict.fromkeys(line for answer in images for line in answer.resolution.warnings)
    return Group(
        Text(pod_title(pod), style="bold"),
        Text(_list_used(images[0])),
        *(Text(f"! {line}", style="yellow") for line in warnings),
        table,
        Text(),
    )


def _list_used(answer: ImageResolution) -> str:
    admission = answer.resolution.admission
    if admission is None:  # pragma: no cover - a cluster always says whose list it used
        return ""
    owner = {
        "pod": "its own imagePullSecrets",
        "service-account": f"the imagePullSecrets of service account {admission.service_account}",
        "stored-pod": "its imagePullSecrets as stored in the cluster",
        "mirror-pod": "no imagePullSecrets, as a static pod",
    }[admission.origin]
    names = ", ".join(admission.pull_secrets) or "none"
    return printable(f"{owner}: {names}")


def _attempts(answer: ImageResolution) -> list[tuple[Text, ...]]:
    resolution = answer.resolution
    if resolution.failure is not None:
        return [(Text("-"), Text(printable(resolution.failure), style="red"), Text(), Text())]
    if resolution.anonymous:
        return [(Text("1"), Text("anonymous: no credential matches"), Text(), Text())]
    chance = {candidate.tier for tier in resolution.tiers if len(tier) > 1 for candidate in tier}
    return [
        (
            Text(f"{number}{'?' if candidate.tier in chance else ''}"),
            Text(str(candidate.source)),
            Text(redact_entry(candidate.entry)),
            Text(printable(candidate.credential.username)),
        )
        for number, candidate in enumerate(resolution.candidates, 1)
    ]
