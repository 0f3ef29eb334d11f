"""``pullsecrets uses``: which images and workloads use which credential."""

from __future__ import annotations

import click

from pullsecrets.cli._filters import select
from pullsecrets.cli._given import Given, cluster_options, format_option
from pullsecrets.cli._inputs import read_environments, whole
from pullsecrets.cli._output import console, echo_json, exit_status
from pullsecrets.uses import together
from pullsecrets.uses import uses as find_uses

__all__ = ["uses"]


@click.command()
@cluster_options
@click.option("--secret", metavar="NS/NAME", help="Only the credentials of this secret.")
@click.option("--entry", metavar="ENTRY", help="Only this entry, as the docker config has it.")
@format_option("text", "json")
def uses(given: Given, secret: str | None, entry: str | None, form: str) -> None:
    """Show for each credential the images that it is tried for.

    Credentials that nothing uses are shown, too, and images that have no credential. With --secret
    or --entry only credentials are. Exits with 2 if some input could not be read.
    """
    environments = read_environments(given)
    cluster = whole(environments)
    found = together(find_uses(each.cluster) for each in select(environments, given))
    if secret is not None or entry is not None:
        namespace, slash, name = (secret or "").partition("/")
        if secret is not None and not slash:
            raise click.UsageError("--secret is NS/NAME")
        found = found.of(secret=(namespace, name) if slash else None, entry=entry)
        if not found.credentials:
            raise click.UsageError("no such credential in the manifests")
    if form == "json":
        echo_json(cluster, **found.to_dict())
    else:
        console().print(found.grouped_table().rich())
    raise SystemExit(exit_status(cluster, failed=False))
