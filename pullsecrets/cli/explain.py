"""``pullsecrets explain``: why each entry is, or is not, a candidate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import chain

import click
from attrs import evolve
from rich.text import Text

from pullsecrets.cli._about import about
from pullsecrets.cli._filters import answers_for, filter_options, parse_image
from pullsecrets.cli._given import Given, cluster_options, format_option
from pullsecrets.cli._ignores import lines_of, reported
from pullsecrets.cli._inputs import read_environments, tell, whole
from pullsecrets.cli._output import console, echo_json, exit_status
from pullsecrets.cli._pages import html_report
from pullsecrets.cli._report import all_option, find_all, print_causes
from pullsecrets.cli._times import at_option
from pullsecrets.cli._what_if import WhatIf, what_if_options
from pullsecrets.cluster import Cluster
from pullsecrets.diagnoses.formats import to_json
from pullsecrets.diagnoses.groups import group_diagnoses
from pullsecrets.groups import PodGroup, group_pods
from pullsecrets.makers.made import MadeSecret
from pullsecrets.pull_secret import PullSecret
from pullsecrets.tables import Table, stacked
from pullsecrets.trace import explain as explain_image
from pullsecrets.trace import explain_all

__all__ = ["explain"]


@click.command()
@cluster_options
@what_if_options
@filter_options
@at_option
@format_option("text", "json", "html")
@all_option
def explain(given: Given, form: str, at: datetime, everything: bool, what_if: WhatIf) -> None:
    """Show why each entry is, or is not, tried for an image.

    What is wrong comes first, then a tree of each pod; pods of one workload with one answer share
    one. If the input has no pods, --image is explained against all of its secrets. Exits with 1 if
    a lookup fails as a whole, 2 if some input could not be read.
    """
    environments = what_if.apply(read_environments(given, what_if.accounts), given)
    cluster = whole(environments)
    known = [tuple(each.cluster.resolve_all()) for each in environments]
    chosen = answers_for(environments, given, known)
    all_found = find_all(environments, known, at=at)
    selected, problems = reported(all_found, cluster, given.settings, namespace=given.namespace)
    cluster, found = tell(cluster, problems), selected.diagnoses
    if cluster.pods:
        found = about(cluster, chain.from_iterable(chosen), found, given.of_secret)
    elif given.image is None:
        click.echo("there are no pods or workloads here; --image IMAGE explains an image", err=True)
    lines = lines_of(found, given.namespace)
    images = []
    if given.image is not None and not cluster.pods:
        secrets: tuple[PullSecret | MadeSecret, ...] = (*cluster.secrets, *cluster.made)
        images.append(explain_image(parse_image(given.image), secrets, cluster.node))
    failures = [each.resolution.failure for each in images]
    groups: list[PodGroup] = []
    tables: list[Table] = []
    if form == "json":
        pods = [
            explanation
            for each, answers in zip(environments, chosen, strict=True)
            for explanation in explain_all(each.cluster, answers)
        ]
        failures += [each.resolution.failure for each in pods]
        echo_json(
            cluster,
            pods=(each.to_dict() for each in pods),
            images=[each.to_dict() for each in images],
            diagnoses=to_json(found, lines.position),
        )
    else:
        for each, answers in zip(environments, chosen, strict=True):
            of_it = group_pods(answers)
            groups += of_it
            tables += _tables(each.cluster, of_it, at)
        failures += [group.first.failure for group in groups]
        tables += [image.table(at=at) for image in images]
    if form == "html":
        causes = group_diagnoses(found, cluster.pods)
        title = "Why the kubelet tries what it tries"
        click.echo(html_report(title, groups, causes, tables, line=lines))
    elif form == "text":
        out = console()
        # The cause before everything else: whoever asks has a pod that does not start.
        print_causes(out, found, cluster.pods, lines, everything=everything, above=0)
        if not found:
            out.print(Text("nothing wrong to be seen in the manifests", style="green"))
        if tables:
            out.print("", stacked(tables))
    failed = any(failure is not None for failure in failures)
    raise SystemExit(exit_status(cluster, failed=failed))


def _tables(cluster: Cluster, groups: Sequence[PodGroup], at: datetime) -> Iterator[Table]:
    """The explanation of the first pod of each group, under the group's name."""
    firsts = explain_all(cluster, (group.first for group in groups))
    for group, pod in zip(groups, firsts, strict=True):
        yield evolve(pod.table(at=at), title=group.title)
