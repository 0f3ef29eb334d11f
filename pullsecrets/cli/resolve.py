"""``pullsecrets resolve``: which credentials the kubelet tries, in order."""

from __future__ import annotations

from datetime import datetime

import click
from attrs import evolve

from pullsecrets.cli._common import (
    Given,
    cluster_options,
    console,
    echo_json,
    exit_status,
    format_option,
    read_environments,
    select,
    whole,
)
from pullsecrets.cli._times import at_option
from pullsecrets.secrecy import printable

__all__ = ["resolve"]


@click.command()
@cluster_options
@click.option(
    "--without-secret",
    "without",
    metavar="NS/NAME",
    multiple=True,
    help="As if this secret were not there. May be given more than once.",
)
@at_option
@format_option("table", "json")
def resolve(given: Given, without: tuple[str, ...], form: str, at: datetime) -> None:
    """Show which credentials the kubelet tries for each image, in order.

    Exits with 1 if a lookup fails as a whole, 2 if some input could not be read.
    """
    environments = read_environments(given)
    cluster = whole(environments)
    for secret in without:
        namespace, _, name = secret.partition("/")
        if cluster.listed(namespace, name) is None:
            raise click.UsageError(f"no secret '{printable(secret)}' in the manifests (NS/NAME)")
        environments = tuple(
            evolve(each, cluster=each.cluster.without(namespace, name)) for each in environments
        )
    chosen = select(environments, given)
    answers = [answer for each in chosen for answer in each.cluster.resolve_all()]
    if form == "json":
        echo_json(cluster, pods=[answer.to_dict() for answer in answers])
    else:
        out = console()
        for answer in answers:
            if answer.images:
                out.print(answer.table(at=at).rich(), "")
        if not any(answer.images for answer in answers):
            click.echo("no pods and no workloads in the manifests", err=True)
    failed = any(answer.failure is not None for answer in answers)
    raise SystemExit(exit_status(cluster, failed=failed))
