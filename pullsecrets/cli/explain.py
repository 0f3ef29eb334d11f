"""``pullsecrets explain``: why each entry is, or is not, a candidate."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import click
from attrs import evolve
from rich.console import Console
from rich.text import Text

from pullsecrets.cli._common import cluster_options, exit_status, read_cluster, select_pods
from pullsecrets.cli._lines import Lines
from pullsecrets.cli.check import about_pods, place, tracker
from pullsecrets.diagnoses import Diagnoses
from pullsecrets.diagnoses import check as diagnose
from pullsecrets.display.terminal import diagnosis_lines, explanation_tree, pod_tree
from pullsecrets.trace import Explanation, PodExplanation, explain_all
from pullsecrets.trace import explain as explain_image
from pullsecrets.images import Image, InvalidImage
from pullsecrets.cluster import Cluster
from pullsecrets.secrecy import printable

__all__ = ["explain"]


@click.command()
@cluster_options
@click.option(
    "--image",
    metavar="IMAGE",
    help="Only this image; without tag and digest it stands for all of them. Where the input "
    "has no pods, it is explained against all of its secrets.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="What to print.",
)
def explain(
    paths: tuple[str, ...],
    namespace: str | None,
    pod: str | None,
    node_config: Path | None,
    image: str | None,
    form: str,
) -> None:
    """Show why each entry of each secret is, or is not, tried for an image.

    What is wrong comes first, then a tree of each pod. Exits with 1 where a lookup fails as a
    whole, 2 where some input could not be read.
    """
    cluster = read_cluster(paths, namespace, node_config)
    chosen = select_pods(cluster, namespace, pod)
    found = diagnose(cluster, track=tracker(cluster))
    if cluster.pods:
        found = about_pods(cluster, chosen.pods, found)
    explanations: Iterable[Explanation | PodExplanation] = explain_all(chosen)
    if image is not None:
        explanations = _of_image(cluster, chosen, image)
    elif not cluster.pods:
        click.echo("there are no pods or workloads here; --image IMAGE explains an image", err=True)
    failed = _show_json(explanations) if form == "json" else _show(explanations, found)
    raise SystemExit(exit_status(cluster, failed=failed))


def _parse(image: str) -> Image:
    try:
        return Image.parse(image)
    except InvalidImage as error:
        raise click.UsageError(str(error)) from None


def _of_image(
    cluster: Cluster, chosen: Cluster, image: str
) -> list[Explanation] | list[PodExplanation]:
    wanted = _parse(image)
    if not cluster.pods:
        return [explain_image(wanted, cluster.secrets, cluster.node)]
    found = []
    for explanation in explain_all(chosen):
        images = tuple(each for each in explanation.images if _is(each.image, wanted))
        if images:
            found.append(evolve(explanation, images=images))
    if not found:
        raise click.UsageError(f"no pod has the image '{printable(image)}'")
    return found


def _is(image: Image | str, wanted: Image) -> bool:
    return (
        isinstance(image, Image)
        and image.name == wanted.name
        and wanted.tag in (None, image.tag)
        and wanted.digest in (None, image.digest)
    )


def _failed(explanation: Explanation | PodExplanation) -> bool:
    images = explanation if isinstance(explanation, PodExplanation) else (explanation,)
    return any(each.resolution.failure is not None for each in images)


def _show_json(explanations: Iterable[Explanation | PodExplanation]) -> bool:
    """Print them, and tell whether a lookup fails as a whole."""
    failed = False
    records = []
    for each in explanations:
        failed = failed or _failed(each)
        records.extend(each.to_records())
    click.echo(json.dumps({"entries": records}, indent=2))
    return failed


def _show(explanations: Iterable[Explanation | PodExplanation], found: Diagnoses) -> bool:
    """Print what is wrong, then the trees, and tell whether a lookup fails as a whole."""
    console = Console(highlight=False)
    lines = Lines()
    # The cause before everything else: whoever asks has a pod that does not start.
    for diagnosis in found:
        for text in diagnosis_lines(diagnosis, place(diagnosis.where, lines)):
            console.print(text, soft_wrap=True)
    if not found:
        console.print(Text("nothing wrong to be seen in the manifests", style="green"))
    failed = False
    for each in explanations:
        failed = failed or _failed(each)
        console.print()
        console.print(
            pod_tree(each) if isinstance(each, PodExplanation) else explanation_tree(each)
        )
    return failed
