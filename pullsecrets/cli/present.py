"""``pullsecrets present``: what happens if the image is on the node, and who may use it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import click

from pullsecrets.cli._filters import select
from pullsecrets.cli._given import Given, cluster_options, format_option
from pullsecrets.cli._inputs import Unusable, read_environments, whole
from pullsecrets.cli._output import console, echo_json, exit_status
from pullsecrets.cluster import Cluster
from pullsecrets.errors import PullsecretsError
from pullsecrets.node.images import NodeImages
from pullsecrets.node.records import PullRecords
from pullsecrets.on_node import (
    ContainerDecision,
    NodeState,
    RecordedImage,
    decide_pod,
    recorded_images,
)
from pullsecrets.present import PullOutcome
from pullsecrets.secrecy import printable
from pullsecrets.tables import Cell, Column, Row, Table, Tone

__all__ = ["present", "read_state", "state_options"]

_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)
_BAD: Final = frozenset({PullOutcome.REFUSE, PullOutcome.FAIL})
_TONES: Final = {
    PullOutcome.USE: Tone.GOOD,
    PullOutcome.PULL: Tone.PLAIN,
    PullOutcome.REFUSE: Tone.ERROR,
    PullOutcome.FAIL: Tone.ERROR,
}


_STATE_OPTIONS: Final = (
    click.option(
        "--images",
        metavar="FILE",
        type=_FILE,
        help="The images on the node, as `crictl images -o json` prints them. Without it: none.",
    ),
    click.option(
        "--records",
        metavar="DIR",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        help="The kubelet's pull records: a copy of /var/lib/kubelet/image_manager.",
    ),
)


def state_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say what is on a node."""
    for option in reversed(_STATE_OPTIONS):
        command = option(command)
    return command


@click.command()
@cluster_options
@state_options
@click.option(
    "--by-record",
    is_flag=True,
    help="Show the records instead: which secret opened which image, and what that still means.",
)
@format_option("table", "json")
def present(
    given: Given,
    images: Path | None,
    records: Path | None,
    by_record: bool,
    form: str,
) -> None:
    """Show whether the kubelet asks the registry for an image at all.

    An image that is on the node is used, pulled again or refused, by the pull policy and, from
    Kubernetes 1.35 on, by who pulled it. Exits with 1 if a container cannot start, 2 if some input
    could not be read.
    """
    environments = read_environments(given)
    cluster = whole(environments)
    chosen = select(environments, given)
    state = read_state(images, records)
    if by_record:
        _show_records(cluster, list(recorded_images(cluster, state)), form)
        raise SystemExit(exit_status(cluster, failed=False))
    pods = [
        decide_pod(each.cluster, pod, state)
        for each in chosen
        for pod in each.cluster.pods
        if pod.images
    ]
    if form == "json":
        echo_json(cluster, containers=[_as_json(each) for pod in pods for each in pod])
    else:
        for pod in pods:
            console().print(_pod_table(pod).rich(), "")
        if not pods:
            click.echo("no pods and no workloads in the manifests", err=True)
    if images is None:
        click.echo("without --images, the node is taken to have none of the images", err=True)
    failed = any(each.decision.outcome in _BAD for pod in pods for each in pod)
    raise SystemExit(exit_status(cluster, failed=failed))


def read_state(images: Path | None, records: Path | None) -> NodeState:
    """What the options say is on a node.

    Raises:
        click.ClickException: A file cannot be used; its exit status is 2.
    """
    try:
        return NodeState(
            NodeImages() if images is None else NodeImages.from_crictl(images.read_bytes()),
            PullRecords() if records is None else PullRecords.load(records),
        )
    except PullsecretsError as error:
        raise Unusable(str(error)) from None
    except OSError as error:
        where = printable(str(error.filename or "the records"))
        raise Unusable(f"{where} cannot be read: {error.strerror}") from None


def _pod_table(containers: Iterable[ContainerDecision]) -> Table:
    """One row for each container, and for each thing that would change its decision."""
    rows: list[Row] = []
    title = ""
    for each in containers:
        title = each.pod.title
        decision = each.decision
        head = Cell(each.container.name, f"{each.container.title}: {each.container.image}")
        rows.append((head, Cell(decision.outcome, tone=_TONES[decision.outcome]), str(decision)))
        rows += [(head, "", f"would change it: {change}") for change in each.changes]
        for number, tried in enumerate(decision.tries, 1):
            rows.append((head, "", f"tried then: {number}. {tried.candidate}"))
    columns = Column("container", group=True), Column("outcome", ""), Column("reason", "")
    return Table(columns, tuple(rows), title=title)


def _as_json(each: ContainerDecision) -> dict[str, Any]:
    decision = each.decision
    return {
        "namespace": each.pod.namespace,
        "pod": each.pod.name,
        "kind": each.pod.kind,
        **each.pod.apart,
        "container": each.container.name,
        "image": str(each.container.image),
        "image_id": each.image_id,
        "pull_policy": decision.pull_policy,
        "outcome": decision.outcome,
        "step": decision.step,
        "message": str(decision),
        "looks_up": decision.looks_up,
        "candidates": [tried.candidate.to_dict() for tried in decision.tries],
        "unknown": [source.to_dict() for source in decision.unknown],
        "changes": [
            {"code": change.code, "value": change.value, "message": str(change)}
            for change in each.changes
        ],
    }


def _show_records(cluster: Cluster, records: list[RecordedImage], form: str) -> None:
    if form == "json":
        echo_json(cluster, records=[_record_as_json(record) for record in records])
        return
    columns = (
        Column("image", group=True),
        Column("name", "pulled as"),
        Column("who", "opened by"),
        Column("state", "now"),
    )
    rows = tuple(row for record in records for row in _record_rows(record))
    console().print(Table(columns, rows).rich())


def _record_rows(record: RecordedImage) -> Iterator[Row]:
    gone = "" if record.is_there else "  (not on the node)"
    head = Cell(record.image_id, f"{record.image_id}{gone}")
    for name in record.names:
        if name.credentials.node_pods_accessible:
            yield head, str(name.name), "every pod of the node", ""
        for secret, state in name.secrets:
            yield head, str(name.name), f"secret {secret.namespace}/{secret.name}", state
        for account in name.credentials.service_accounts:
            who = f"service account {account.namespace}/{account.name}"
            yield head, str(name.name), who, ""
    for blocked in record.blocked:
        yield head, blocked, "nobody: no pod uses it under this name without a pull", ""


def _record_as_json(record: RecordedImage) -> dict[str, Any]:
    return {
        "image_id": record.image_id,
        "on_node": record.is_there,
        "blocked": list(record.blocked),
        "names": [
            {
                "name": str(name.name),
                "every_pod": name.credentials.node_pods_accessible,
                "secrets": [
                    {"namespace": secret.namespace, "name": secret.name, "state": state}
                    for secret, state in name.secrets
                ],
                "service_accounts": [
                    {"namespace": account.namespace, "name": account.name}
                    for account in name.credentials.service_accounts
                ],
            }
            for name in record.names
        ],
    }
