"""``pullsecrets check``: what is wrong with the manifests, and what to do about it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path

import click

from pullsecrets.cli._about import about
from pullsecrets.cli._common import (
    Given,
    Unusable,
    cluster_options,
    console,
    echo_json,
    exit_status,
    format_option,
    read_environments,
    tell,
    whole,
)
from pullsecrets.cli._common import select as select_pods
from pullsecrets.cli._ignores import reported
from pullsecrets.cli._lines import Lines
from pullsecrets.cli._report import print_diagnosis, tracker
from pullsecrets.cli._settings import codes_of
from pullsecrets.cli._times import at_option, within_option
from pullsecrets.cluster import Cluster
from pullsecrets.diagnoses import Diagnoses, Diagnosis, Severity, find
from pullsecrets.diagnoses.baseline import (
    Compared,
    InvalidBaseline,
    compare_to_baseline,
    to_baseline,
)
from pullsecrets.diagnoses.formats import to_github, to_json, to_sarif
from pullsecrets.diagnoses.selection import unused
from pullsecrets.objects import Place
from pullsecrets.reading import Problem, ProblemCode
from pullsecrets.secrecy import HiddenText, printable

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
    "--select",
    multiple=True,
    metavar="CODE",
    help="Only this code, the codes that begin so, or several with commas; instead of those "
    "that are configured.",
)
@click.option(
    "--ignore",
    multiple=True,
    metavar="CODE",
    help="Not this code, the codes that begin so, or several with commas; in addition to those "
    "that are configured.",
)
@click.option(
    "--baseline",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Report only what is not in this file.",
)
@click.option(
    "--write-baseline", is_flag=True, help="Write what there is to that file, and report nothing."
)
@at_option
@within_option
def check(
    given: Given,
    form: str,
    fail_on: str | None,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    baseline: Path | None,
    write_baseline: bool,
    at: datetime,
    within: timedelta,
) -> None:
    """Find what is wrong with pull secrets and the pods that list them.

    Prints nothing on standard output if nothing is wrong. Exits with 1 if something is, 2 if some
    input could not be read. An object's annotation pullsecrets/ignore, or a comment in YAML
    "# pullsecrets: ignore[PS502]", names codes not to report.
    """
    codes, ignored = _codes("--select", select), _codes("--ignore", ignore)
    if write_baseline and baseline is None:
        raise click.UsageError("--write-baseline needs --baseline FILE")
    environments = read_environments(given)
    cluster = whole(environments)
    # All of the input takes part in the check, so that what is used elsewhere is known to be.
    chosen = select_pods(environments, given)
    lines = Lines()
    everything = chain.from_iterable(
        find(each.cluster, at=at, within=within, track=tracker(each.cluster))
        for each in environments
    )
    selected, problems = reported(
        everything, cluster, given.settings, lines, select=codes, ignore=ignored
    )
    found = selected.diagnoses
    if given.pod is not None or given.image is not None:
        found = about(cluster, chosen, found)
    elif given.namespace is not None:
        kept = (given.namespace, "")  # the nodes' configuration is in no namespace
        found = Diagnoses(each for each in found if each.where.namespace in kept)
    else:
        problems += unused(selected.unused)
    known = 0
    if baseline is not None and write_baseline:
        _write(baseline, to_baseline(found))
        click.echo(
            f"{_count(len(found), 'diagnosis', 'diagnoses')} written to {baseline}", err=True
        )
        raise SystemExit(exit_status(tell(cluster, problems), failed=False))
    if baseline is not None:
        compared = _compared(found, baseline)
        found, known = compared.new, compared.known
        if compared.gone and given.pod is given.image is given.namespace:
            gone = f"{_count(compared.gone, 'diagnosis', 'diagnoses')} in it no longer found"
            place = Place(str(baseline))
            problems.append(Problem(ProblemCode.UNUSED_IGNORE, gone, place, error=False))
    cluster = tell(cluster, problems)
    _show(found, form, cluster, lines, known)
    limit = Severity(fail_on or given.settings.fail_on or Severity.WARNING).rank
    failed = found.worst is not None and found.worst.rank <= limit
    raise SystemExit(exit_status(cluster, failed=failed))


def _codes(option: str, values: tuple[str, ...]) -> tuple[str, ...]:
    try:
        return codes_of(values)
    except ValueError as error:
        raise click.UsageError(f"{option} {error}") from None


def _compared(found: Diagnoses, baseline: Path) -> Compared:
    name = printable(str(baseline))
    try:
        # It may be any file by mistake: what is no UTF-8 is no error that quotes it.
        text = HiddenText(baseline.read_bytes().decode("utf-8", "replace"))
        return compare_to_baseline(found, text)
    except OSError as error:
        raise Unusable(f"{name} cannot be read: {error.strerror}") from None
    except InvalidBaseline as error:
        raise Unusable(f"{name}: {error}") from None


def _write(baseline: Path, text: str) -> None:
    try:
        baseline.write_text(text, encoding="utf-8")
    except OSError as error:
        name = printable(str(baseline))
        raise Unusable(f"{name} cannot be written: {error.strerror}") from None


def _show(found: Diagnoses, form: str, cluster: Cluster, lines: Lines, known: int) -> None:
    if form == "json":
        echo_json(cluster, diagnoses=to_json(found, lines.position))
    elif form == "sarif":
        log = to_sarif(found, lines.position, cluster.problems)
        click.echo(json.dumps(log, indent=2))
    elif form == "github":
        for line in to_github(found, lines.position, cluster.problems):
            click.echo(line)
    else:
        out = console()
        for each in found:
            print_diagnosis(out, each, lines)
    summary = _summary(found, cluster) + (f", and {known:,} in the baseline" if known else "")
    if found and form == "text":
        console().print(summary, style="bold", soft_wrap=True)
    elif not found:
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


def _count(number: int, what: str, several: str = "") -> str:
    return f"{number:,} {what if number == 1 else several or f'{what}s'}"
