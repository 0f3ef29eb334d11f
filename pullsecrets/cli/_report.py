"""What `check` and `explain` share: diagnoses of some pods, and how a diagnosis is printed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Final

from rich.console import Console
from rich.progress import track
from rich.text import Text

from pullsecrets.cli._common import Given
from pullsecrets.cli._lines import Lines
from pullsecrets.cluster import Cluster
from pullsecrets.diagnoses import Diagnoses, Diagnosis, Severity, Where
from pullsecrets.objects import Pod
from pullsecrets.secrecy import printable

__all__ = ["about_pods", "lines_of", "print_diagnosis", "tracker"]

_STYLES: Final = {
    Severity.ERROR: "bold red",
    Severity.WARNING: "bold yellow",
    Severity.NOTE: "bold cyan",
}


def about_pods(cluster: Cluster, pods: Iterable[Pod], diagnoses: Diagnoses) -> Diagnoses:
    """The diagnoses of some pods, of their service accounts and of the secrets that they list.

    Those of the nodes' configuration are about all pods.
    """
    named = set()
    for pod in pods:
        named.add((pod.kind, pod.namespace, pod.name))
        named.add(("ServiceAccount", pod.namespace, pod.service_account))
        admission, _ = cluster.admit(pod)
        named.update(("Secret", pod.namespace, name) for name in admission.pull_secrets)
    safe = {tuple(map(printable, each)) for each in named}
    return Diagnoses(
        each
        for each in diagnoses
        if not each.where.name or (each.where.kind, each.where.namespace, each.where.name) in safe
    )


def lines_of(found: Iterable[Diagnosis], given: Given) -> Lines:
    """The lines of what diagnoses point at, and of what they would have edited."""
    places = (where for each in found for where in (each.where, each.edit) if where is not None)
    return Lines(places, given.namespace or "default")


def print_diagnosis(console: Console, diagnosis: Diagnosis, lines: Lines) -> None:
    """Print a diagnosis: what is wrong, where, what to do. Its lines are never folded."""
    head = Text.assemble(
        (diagnosis.severity, _STYLES[diagnosis.severity]),
        (f" {diagnosis.code}", "bold"),
        f" {diagnosis.message}",
    )
    place = Text(f"  at  {_place(diagnosis.where, lines)}", style="dim")
    for line in (head, place, Text(f"  do  {diagnosis.advice}")):
        console.print(line, soft_wrap=True)


def _place(where: Where, lines: Lines) -> str:
    """A place in one line, the file first, as editors and terminals make links of it."""
    if where.document is None:
        return str(where)
    if where.file is None or where.file == "-":
        return f"{where} (document {where.document})"
    line = lines(where)
    return f"{where.file}{f':{line}' if line else ''}  {where}"


def tracker(cluster: Cluster) -> Callable[[Iterable[Pod]], Iterable[Pod]]:
    """A progress bar if somebody looks at it."""
    if not sys.stderr.isatty():
        return iter

    def tracked(pods: Iterable[Pod]) -> Iterable[Pod]:
        console = Console(stderr=True)
        return track(pods, "checking", total=len(cluster.pods), console=console, transient=True)

    return tracked
