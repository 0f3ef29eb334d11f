"""``pullsecrets check``: what is wrong with the manifests, and what to do about it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable

import click

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
from pullsecrets.cli._lines import Lines
from pullsecrets.cli._report import about_pods, print_diagnosis, tracker
from pullsecrets.cli._settings import codes_of
from pullsecrets.cluster import Cluster
from pullsecrets.diagnoses import Diagnoses, Diagnosis, Severity
from pullsecrets.diagnoses import check as diagnose
from pullsecrets.diagnoses.formats import to_github, to_json, to_sarif

__all__ = ["check"]


@click.command()
@cluster_options
@format_option("text", "json", "sarif", "github")
@click.option(
    "--fail-on",
    type=click.Choice([each.value for each in Severity]),
    help="Exit with 1 from this severity up; warning, if nothing is configured.",
)
@click.option(
    "--ignore",
    multiple=True,
    metavar="CODE",
    help="A code not to report, or several with commas; can be given again. Added to "
    "[tool.pullsecrets] ignore in pyproject.toml.",
)
def check(
    given: Given,
    form: str,
    fail_on: str | None,
    ignore: tuple[str, ...],
) -> None:
    """Find what is wrong with pull secrets and the pods that list them.

    Prints nothing if nothing is wrong. Exits with 1 if something is, 2 if some input could not be
    read. An object's annotation pullsecrets/ignore names codes not to report for it.
    """
    try:
        codes = (*given.settings.ignore, *codes_of(ignore))
    except ValueError as error:
        raise click.UsageError(f"--ignore {error}") from None
    cluster = read_cluster(given)
    # All of the input takes part in the check, so that what is used elsewhere is known to be.
    chosen = select(cluster, given)
    found = diagnose(cluster, ignore=codes, track=tracker(cluster))
    if given.pod is not None or given.image is not None:
        found = about_pods(cluster, chosen.pods, found)
    elif given.namespace is not None:
        kept = (given.namespace, "")  # the nodes' configuration is in no namespace
        found = Diagnoses(each for each in found if each.where.namespace in kept)
    _show(found, form, cluster, given)
    limit = Severity(fail_on or given.settings.fail_on or Severity.WARNING).rank
    failed = found.worst is not None and found.worst.rank <= limit
    raise SystemExit(exit_status(cluster, failed=failed))


def _show(found: Diagnoses, form: str, cluster: Cluster, given: Given) -> None:
    if form == "json":
        echo_json(cluster, diagnoses=to_json(found))
        return
    lines = Lines((each.where for each in found), given.namespace or "default")
    if form == "sarif":
        click.echo(json.dumps(to_sarif(found, lines), indent=2))
    elif form == "github":
        for line in to_github(found, lines):
            click.echo(line)
    else:
        out = console()
        for each in found:
            print_diagnosis(out, each, lines)
        summary = _summary(found, cluster)
        if found:
            out.print(summary, style="bold", soft_wrap=True)
        elif sys.stderr.isatty():
            click.echo(summary, err=True)


def _summary(found: Iterable[Diagnosis], cluster: Cluster) -> str:
    severities = [each.severity for each in found]
    counts = [
        _count(severities.count(severity), severity)
        for severity in Severity
        if severity in severities
    ]
    pods, secrets = (
        _count(len(each), name)
        for each, name in ((cluster.pods, "pod"), (cluster.secrets, "secret"))
    )
    return f"{', '.join(counts) or 'no diagnosis'} in {pods} and {secrets}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
