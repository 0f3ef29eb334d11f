"""``pullsecrets explain``: why each entry is, or is not, a candidate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click
from attrs import evolve
from rich.text import Text

from pullsecrets.cli._common import (
    Given,
    cluster_options,
    console,
    echo_json,
    exit_status,
    format_option,
    read_cluster,
    select,
)
from pullsecrets.cli._filters import filter_options, parse_image
from pullsecrets.cli._pages import html_report
from pullsecrets.cli._report import about, all_option, lines_of, print_causes, tracker
from pullsecrets.cluster import Cluster
from pullsecrets.diagnoses import check as diagnose
from pullsecrets.diagnoses.formats import to_json
from pullsecrets.diagnoses.groups import group_diagnoses
from pullsecrets.groups import PodGroup, group_pods
from pullsecrets.tables import Table
from pullsecrets.trace import explain as explain_image
from pullsecrets.trace import explain_all

__all__ = ["explain"]


@click.command()
@cluster_options
@filter_options
@format_option("text", "json", "html")
@all_option
def explain(given: Given, form: str, everything: bool) -> None:
    """Show why each entry of each secret is, or is not, tried for an image.

    What is wrong comes first, then a tree of each pod; pods of one workload with one answer share
    one. If the input has no pods, --image is explained against all of its secrets. Exits with 1 if
    a lookup fails as a whole, 2 if some input could not be read.
    """
    cluster = read_cluster(given)
    chosen = select(cluster, given)
    found = diagnose(cluster, track=tracker(cluster))
    if cluster.pods:
        found = about(cluster, chosen, found, given.of_secret)
    elif given.image is None:
        click.echo("there are no pods or workloads here; --image IMAGE explains an image", err=True)
    images = []
    if given.image is not None and not cluster.pods:
        images.append(explain_image(parse_image(given.image), cluster.secrets, cluster.node))
    failures = [each.resolution.failure for each in images]
    groups: tuple[PodGroup, ...] = ()
    tables: list[Table] = []
    lines = lines_of(found, given)
    if form == "json":
        pods = list(explain_all(chosen))
        failures += [each.resolution.failure for each in pods]
        echo_json(
            cluster,
            pods=(each.to_dict() for each in pods),
            images=[each.to_dict() for each in images],
            diagnoses=to_json(found, lines.position),
        )
    else:
        groups = group_pods(chosen.resolve_all())
        failures += [each.first.failure for each in groups]
        tables = [*_tables(chosen, groups), *(each.table() for each in images)]
    if form == "html":
        causes = group_diagnoses(found, cluster.pods)
        click.echo(html_report("Why the kubelet tries what it tries", groups, causes, tables))
    elif form == "text":
        out = console()
        # The cause before everything else: whoever asks has a pod that does not start.
        print_causes(out, found, cluster.pods, lines, everything=everything, above=0)
        if not found:
            out.print(Text("nothing wrong to be seen in the manifests", style="green"))
        for table in tables:
            out.print("", table.rich())
    failed = any(failure is not None for failure in failures)
    raise SystemExit(exit_status(cluster, failed=failed))


def _tables(cluster: Cluster, groups: Sequence[PodGroup]) -> Iterator[Table]:
    """The explanation of the first pod of each group, under the group's name."""
    firsts = tuple(group.first.pod for group in groups)
    for group, pod in zip(groups, explain_all(evolve(cluster, pods=firsts)), strict=True):
        yield evolve(pod.table(), title=group.title)
