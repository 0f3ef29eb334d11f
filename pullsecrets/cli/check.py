"""``pullsecrets check``: what is wrong with the manifests, and what to do about it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import track

from pullsecrets.cli._common import (
    Unusable,
    cluster_options,
    exit_status,
    read_cluster,
    select_pods,
)
from pullsecrets.cli._lines import Lines
from pullsecrets.diagnoses import CATALOGUE, Diagnoses, Diagnosis, Severity, Where
from pullsecrets.diagnoses import check as diagnose
from pullsecrets.diagnoses.formats import to_github, to_json, to_sarif
from pullsecrets.display.terminal import diagnosis_lines
from pullsecrets.objects import Pod
from pullsecrets.cluster import Cluster, admit
from pullsecrets.secrecy import printable

__all__ = ["about_pods", "check", "place", "tracker"]

_PYPROJECT = "pyproject.toml"


@click.command()
@cluster_options
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "sarif", "github"]),
    default="text",
    show_default=True,
    help="What to print.",
)
@click.option(
    "--fail-on",
    type=click.Choice([severity.value for severity in Severity]),
    default=Severity.WARNING.value,
    show_default=True,
    help="Exit with 1 from this severity up.",
)
@click.option(
    "--ignore",
    multiple=True,
    metavar="CODE",
    help="A code not to report, or several with commas; can be given again. Added to "
    "[tool.pullsecrets] ignore in pyproject.toml.",
)
def check(
    paths: tuple[str, ...],
    namespace: str | None,
    pod: str | None,
    node_config: Path | None,
    form: str,
    fail_on: str,
    ignore: tuple[str, ...],
) -> None:
    """Find what is wrong with pull secrets and the pods that list them.

    Prints nothing where nothing is wrong. Exits with 1 where something is, 2 where some input could
    not be read. An object's annotation pullsecrets/ignore names codes not to report for it.
    """
    codes = {*_codes("--ignore", ignore), *_codes(_PYPROJECT, _configured(Path.cwd()))}
    cluster = read_cluster(paths, namespace, node_config)
    # All of the input takes part in the check, so that what is used elsewhere is known to be.
    chosen = select_pods(cluster, namespace, pod)
    found = diagnose(cluster, ignore=codes, track=tracker(cluster))
    if pod is not None:
        found = about_pods(cluster, chosen.pods, found)
    elif namespace is not None:
        found = Diagnoses(each for each in found if each.where.namespace == namespace)
    _show(found, form, cluster)
    limit = Severity(fail_on).rank
    failed = found.worst is not None and found.worst.rank <= limit
    raise SystemExit(exit_status(cluster, failed=failed))


def about_pods(cluster: Cluster, pods: Iterable[Pod], diagnoses: Diagnoses) -> Diagnoses:
    """The diagnoses of some pods, of their service accounts and of the secrets that they list."""
    named = set()
    for pod in pods:
        named.add((pod.kind, pod.namespace, pod.name))
        named.add(("ServiceAccount", pod.namespace, pod.service_account))
        admission, _ = admit(pod, cluster)
        named.update(("Secret", pod.namespace, name) for name in admission.pull_secrets)
    safe = {tuple(map(printable, each)) for each in named}
    return Diagnoses(
        each
        for each in diagnoses
        if (each.where.kind, each.where.namespace, each.where.name) in safe
    )


def place(where: Where, lines: Callable[[Where], int | None]) -> str:
    """A place in one line, the file first, as editors and terminals make links of it."""
    if where.file is None or where.file == "-":
        return f"{where} (document {where.document})"
    line = lines(where)
    return f"{where.file}{f':{line}' if line else ''}  {where}"


def _show(found: Diagnoses, form: str, cluster: Cluster) -> None:
    lines = Lines()
    if form == "json":
        click.echo(json.dumps(to_json(found), indent=2))
    elif form == "sarif":
        click.echo(json.dumps(to_sarif(found, lines), indent=2))
    elif form == "github":
        for line in to_github(found, lines):
            click.echo(line)
    else:
        console = Console(highlight=False, soft_wrap=True)
        for each in found:
            for text in diagnosis_lines(each, place(each.where, lines)):
                console.print(text)
        summary = _summary(found, cluster)
        if found:
            console.print(summary, style="bold", markup=False)
        elif sys.stderr.isatty():
            click.echo(summary, err=True)


def _summary(found: Iterable[Diagnosis], cluster: Cluster) -> str:
    severities = [each.severity for each in found]
    counts = [
        _count(severities.count(severity), severity.value)
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


def tracker(cluster: Cluster) -> Callable[[Iterable[Pod]], Iterable[Pod]]:
    """A progress bar where somebody looks at it."""
    if not sys.stderr.isatty():
        return iter

    def tracked(pods: Iterable[Pod]) -> Iterable[Pod]:
        console = Console(stderr=True)
        return track(pods, "checking", total=len(cluster.pods), console=console, transient=True)

    return tracked


def _codes(where: str, values: Iterable[str]) -> set[str]:
    codes = {code.strip().upper() for value in values for code in value.split(",")} - {""}
    unknown = sorted(codes - set(CATALOGUE))
    if unknown:
        raise click.UsageError(f"{where}: there is no code {printable(', '.join(unknown))}")
    return codes


def _configured(folder: Path) -> list[str]:
    """``[tool.pullsecrets] ignore`` of the nearest pyproject.toml."""
    for parent in (folder, *folder.parents):
        file = parent / _PYPROJECT
        if file.is_file():
            return _ignored_in(file)
    return []


def _ignored_in(file: Path) -> list[str]:
    try:
        table = _parse_toml(file.read_text(encoding="utf-8")).get("tool", {})
    except (OSError, ValueError) as error:
        raise Unusable(f"{_PYPROJECT} cannot be read: {printable(str(error))}") from None
    ignore = table.get("pullsecrets", {}).get("ignore", [])
    if not isinstance(ignore, list) or not all(isinstance(code, str) for code in ignore):
        raise Unusable(f"{_PYPROJECT}: tool.pullsecrets.ignore is not a list of strings")
    return list(ignore)


def _parse_toml(text: str) -> dict[str, Any]:
    toml = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    table: dict[str, Any] = toml.loads(text)
    return table
