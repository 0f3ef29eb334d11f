"""``pullsecrets explain``: why each entry is, or is not, a candidate."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import chain

import click
from rich.text import Text

from pullsecrets.cli._about import about
from pullsecrets.cli._common import (
    Given,
    cluster_options,
    console,
    echo_json,
    exit_status,
    format_option,
    parse_image,
    read_environments,
    select,
    tell,
    whole,
)
from pullsecrets.cli._ignores import reported
from pullsecrets.cli._lines import Lines
from pullsecrets.cli._report import print_diagnosis, tracker
from pullsecrets.cli._times import at_option
from pullsecrets.diagnoses import Diagnoses, find
from pullsecrets.diagnoses.formats import to_json
from pullsecrets.makers.made import MadeSecret
from pullsecrets.objects import PullSecret
from pullsecrets.trace import Explanation, PodExplanation, explain_all
from pullsecrets.trace import explain as explain_image

__all__ = ["explain"]


@click.command()
@cluster_options
@at_option
@format_option("text", "json")
def explain(given: Given, form: str, at: datetime) -> None:
    """Show why each entry of each secret is, or is not, tried for an image.

    What is wrong comes first, then a tree of each pod. If the input has no pods, --image is
    explained against all of its secrets. Exits with 1 if a lookup fails as a whole, 2 if some input
    could not be read.
    """
    environments = read_environments(given)
    cluster = whole(environments)
    chosen = select(environments, given)
    lines = Lines()
    everything = chain.from_iterable(
        find(each.cluster, at=at, track=tracker(each.cluster)) for each in environments
    )
    selected, problems = reported(everything, cluster, given.settings, lines)
    cluster, found = tell(cluster, problems), selected.diagnoses
    if cluster.pods:
        found = about(cluster, chosen, found)
    elif given.image is None:
        click.echo("there are no pods or workloads here; --image IMAGE explains an image", err=True)
    pods = [explanation for each in chosen for explanation in explain_all(each.cluster)]
    images = []
    if given.image is not None and not cluster.pods:
        secrets: tuple[PullSecret | MadeSecret, ...] = (*cluster.secrets, *cluster.made)
        images.append(explain_image(parse_image(given.image), secrets, cluster.node))
    explanations: list[PodExplanation | Explanation] = [*pods, *images]
    if form == "json":
        echo_json(
            cluster,
            pods=[each.to_dict() for each in pods],
            images=[each.to_dict() for each in images],
            diagnoses=to_json(found, lines.position),
        )
    else:
        _show(explanations, found, lines, at)
    failed = any(each.resolution.failure is not None for each in explanations)
    raise SystemExit(exit_status(cluster, failed=failed))


def _show(
    explanations: Sequence[PodExplanation | Explanation],
    found: Diagnoses,
    lines: Lines,
    at: datetime,
) -> None:
    """Print what is wrong, then the trees."""
    out = console()
    # The cause before everything else: whoever asks has a pod that does not start.
    for diagnosis in found:
        print_diagnosis(out, diagnosis, lines)
    if not found:
        out.print(Text("nothing wrong to be seen in the manifests", style="green"))
    for each in explanations:
        out.print("", each.table(at=at).rich())
