"""What the commands share: their common options, reading the cluster, choosing pods."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import click
from attrs import evolve
from rich.console import Console, RenderableType
from rich.padding import Padding

from pullsecrets.dockerconfig import DockerConfig, InvalidDockerConfig
from pullsecrets.errors import PullsecretsError
from pullsecrets.reading.files import load
from pullsecrets.cluster import Cluster
from pullsecrets.secrecy import printable

__all__ = [
    "FAILED",
    "OK",
    "UNUSABLE",
    "Unusable",
    "cluster_options",
    "console",
    "exit_status",
    "indented",
    "read_cluster",
    "select_pods",
]

OK: Final = 0
FAILED: Final = 1
UNUSABLE: Final = 2

Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS: Final = (
    click.argument("paths", nargs=-1, required=True, metavar="PATH..."),
    click.option(
        "-n",
        "--namespace",
        metavar="NS",
        help="Only pods of this namespace; objects that name none are taken to be in it.",
    ),
    click.option("--pod", metavar="NAME", help="Only the pod or workload NAME, or KIND/NAME."),
    click.option(
        "--node-config",
        metavar="FILE",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="The node's own docker config: a config.json, or a file named .dockercfg.",
    ),
)


class Unusable(click.ClickException):
    """An input that cannot be used at all."""

    exit_code = UNUSABLE


def cluster_options(command: Command) -> Command:
    """Add PATH..., --namespace, --pod, --node-config: for `read_cluster` and `select_pods`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def read_cluster(
    paths: tuple[str, ...], namespace: str | None, node_config: Path | None
) -> Cluster:
    """Load the manifests and say on standard error what was wrong with them.

    Raises:
        click.ClickException: A path or the node's config cannot be used; its exit status is 2.
    """
    try:
        node = None if node_config is None else _node(node_config)
        cluster = load(*paths, namespace=namespace or "default", node=node)
    except PullsecretsError as error:
        raise Unusable(str(error)) from None
    for problem in cluster.problems:
        click.echo(f"{'error' if problem.error else 'note'}: {problem}", err=True)
    return cluster


def _node(path: Path) -> DockerConfig:
    name = printable(str(path))
    try:
        data = path.read_bytes()
        if path.name == ".dockercfg":
            return DockerConfig.from_legacy_json(data)
        return DockerConfig.from_json(data)
    except OSError as error:
        raise Unusable(f"{name} cannot be read: {error.strerror}") from None
    except InvalidDockerConfig as error:
        raise Unusable(f"{name}: {error} (the kubelet passes such a file over)") from None


def select_pods(cluster: Cluster, namespace: str | None, name: str | None) -> Cluster:
    """The cluster with only the pods that were asked for.

    Raises:
        click.UsageError: There is none of that name.
    """
    kind, _, short = (name or "").rpartition("/")
    pods = tuple(
        pod
        for pod in cluster.pods
        if (namespace is None or pod.namespace == namespace)
        and (name is None or pod.name == short)
        and (not kind or pod.kind.lower() == kind.lower())
    )
    if name is not None and not pods:
        raise click.UsageError(f"no pod or workload '{printable(name)}' in the manifests")
    return evolve(cluster, pods=pods)


def console() -> Console:
    """Standard output for tables: as wide as the terminal, and wide where there is none."""
    # Behind a pipe lines are searched and compared, not looked at: none should be folded.
    width = None if sys.stdout.isatty() else 240
    return Console(width=width, highlight=False, markup=False, emoji=False)


def indented(what: RenderableType, columns: int) -> RenderableType:
    """The same, moved to the right."""
    return Padding(what, (0, 0, 0, columns), expand=False)


def exit_status(cluster: Cluster, *, failed: bool) -> int:
    """2 where some input could not be read, else 1 where the command's answer is bad, else 0."""
    if any(problem.error for problem in cluster.problems):
        return UNUSABLE
    return FAILED if failed else OK
