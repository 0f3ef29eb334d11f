"""``pullsecrets resolve``: which credentials the kubelet tries, in order."""

from __future__ import annotations

from datetime import datetime
from itertools import chain

import click

from pullsecrets.cli._filters import answers_for, filter_options, nothing_found
from pullsecrets.cli._given import Given, cluster_options, format_option
from pullsecrets.cli._inputs import read_environments, whole
from pullsecrets.cli._output import console, echo_json, exit_status, print_summary
from pullsecrets.cli._pages import html_report, markdown_report
from pullsecrets.cli._times import at_option
from pullsecrets.cli._what_if import WhatIf, what_if_options
from pullsecrets.groups import group_pods
from pullsecrets.tables import stacked

__all__ = ["resolve"]


@click.command()
@cluster_options
@what_if_options
@filter_options
@at_option
@format_option("table", "json", "markdown", "html")
def resolve(given: Given, form: str, at: datetime, what_if: WhatIf) -> None:
    """Show which credentials are tried for each image, in order.

    The answers in numbers come first, then the pods, the worst first; those of one workload with
    one answer are shown once. Pull policies are named if one is not IfNotPresent; explain always
    names them. JSON has each pod.

    Exits with 1 if a lookup fails as a whole, 2 if some input could not be read.
    """
    environments = what_if.apply(read_environments(given, what_if.accounts), given)
    cluster = whole(environments)
    answers = [*chain.from_iterable(answers_for(environments, given))]
    groups = group_pods(answer for answer in answers if answer.images)
    if form == "json":
        echo_json(cluster, pods=(answer.to_dict() for answer in answers))
    elif not groups:
        click.echo(nothing_found(given), err=True)
    elif form == "html":
        click.echo(html_report("What the kubelet tries", groups, at=at))
    elif form == "markdown":
        click.echo(markdown_report(groups, at=at))
    else:
        out = console()
        print_summary(out, groups)
        out.print("", stacked([group.table(at=at) for group in groups]))
    failed = any(answer.failure is not None for answer in answers)
    raise SystemExit(exit_status(cluster, failed=failed))
