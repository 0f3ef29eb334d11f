"""``pullsecrets check``: what is wrong with the manifests, and what to do about it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Final

import click

from pullsecrets.cli._about import about
from pullsecrets.cli._filters import answers_for, filter_options
from pullsecrets.cli._given import Given, cluster_options, format_option
from pullsecrets.cli._ignores import lines_of, reported
from pullsecrets.cli._inputs import Unusable, read_environments, tell, whole
from pullsecrets.cli._lines import Lines
from pullsecrets.cli._output import console, echo_json, exit_status, print_summary
from pullsecrets.cli._pages import html_report, markdown_report
from pullsecrets.cli._report import all_option, find_all, print_causes
from pullsecrets.cli._settings import codes_of
from pullsecrets.cli._times import at_option, within_option
from pullsecrets.cluster import Cluster
from pullsecrets.diagnoses import Diagnoses, Diagnosis, Severity
from pullsecrets.diagnoses.baseline import (
    Compared,
    InvalidBaseline,
    compare_to_baseline,
    to_baseline,
)
from pullsecrets.diagnoses.formats import to_github, to_json, to_sarif
from pullsecrets.diagnoses.groups import counted, group_diagnoses
from pullsecrets.diagnoses.selection import unused
from pullsecrets.groups import count, group_pods
from pullsecrets.metadata import Place
from pullsecrets.reading import Problem, ProblemCode
from pullsecrets.secrecy import HiddenText, printable

__all__ = ["check"]

_TITLE: Final = "What is wrong with pull secrets"


@click.command()
@cluster_options
@filter_options
@format_option("text", "json", "sarif", "github", "markdown", "html")
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
@all_option
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
    everything: bool,
    at: datetime,
    within: timedelta,
) -> None:
    """Find what is wrong with pull secrets and the pods that list them.

    The same cause in many places is shown once, with how many and the first of them; all of it
    fits on a screen. Prints nothing on standard output if nothing is wrong. Exits with 1 if
    something is, 2 if some input could not be read. An object's annotation pullsecrets/ignore, or
    a comment in YAML "# pullsecrets: ignore[PS502]", names codes not to report.
    """
    codes, ignored = _codes("--select", select), _codes("--ignore", ignore)
    if write_baseline and baseline is None:
        raise click.UsageError("--write-baseline needs --baseline FILE")
    environments = read_environments(given)
    cluster = whole(environments)
    # All of the input takes part in the check, so that what is used elsewhere is known to be.
    known = [tuple(each.cluster.resolve_all()) for each in environments]
    answers = [*chain.from_iterable(answers_for(environments, given, known))]
    all_found = find_all(environments, known, at=at, within=within)
    selected, problems = reported(
        all_found,
        cluster,
        given.settings,
        namespace=given.namespace,
        select=codes,
        ignore=ignored,
    )
    found = selected.diagnoses
    if given.is_filtered:
        found = about(cluster, answers, found, given.of_secret)
    elif given.namespace is not None:
        kept = (given.namespace, "")  # the nodes' configuration is in no namespace
        found = Diagnoses(each for each in found if each.where.namespace in kept)
    else:
        problems += unused(selected.unused)
    accepted = 0
    if baseline is not None and write_baseline:
        _write(baseline, to_baseline(found))
        click.echo(f"{count(len(found), 'diagnosis', 'diagnoses')} written to {baseline}", err=True)
        raise SystemExit(exit_status(tell(cluster, problems), failed=False))
    if baseline is not None:
        compared = _compared(found, baseline)
        found, accepted = compared.new, compared.known
        if compared.gone and not given.is_filtered and given.namespace is None:
            gone = f"{count(compared.gone, 'diagnosis', 'diagnoses')} in it no longer found"
            place = Place(str(baseline))
            problems.append(Problem(ProblemCode.UNUSED_IGNORE, gone, place, error=False))
    cluster, lines = tell(cluster, problems), lines_of(found, given.namespace)
    summary = _summary(found, cluster, len(answers)) + (
        f", and {accepted:,} in the baseline" if accepted else ""
    )
    if form in ("markdown", "html"):
        groups = group_pods(answers)
        causes = group_diagnoses(found, cluster.pods)
        as_html = form == "html"
        click.echo(
            html_report(_TITLE, groups, causes, line=lines, at=at)
            if as_html
            else markdown_report(groups, causes, line=lines)
        )
    elif found and form == "text":
        out = console()
        above = print_summary(out, group_pods(answers))
        out.print(summary, style="bold", soft_wrap=True)
        print_causes(out, found, cluster.pods, lines, everything=everything, above=above + 1)
    else:
        _show(found, form, cluster, lines)
    if not found:
        click.echo(summary, err=True)
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


def _show(found: Diagnoses, form: str, cluster: Cluster, lines: Lines) -> None:
    if form == "json":
        echo_json(cluster, diagnoses=to_json(found, lines.position))
    elif form == "sarif":
        log = to_sarif(found, lines.position, cluster.problems)
        click.echo(json.dumps(log, indent=2))
    elif form == "github":
        for line in to_github(found, lines.position, cluster.problems):
            click.echo(line)


def _summary(found: Iterable[Diagnosis], cluster: Cluster, asked: int) -> str:
    pods, secrets = count(len(cluster.pods), "pod"), count(len(cluster.secrets), "secret")
    of = "" if asked == len(cluster.pods) else f"{asked:,} of "
    return f"{counted(found) or 'no diagnosis'} in {of}{pods} and {secrets}"
