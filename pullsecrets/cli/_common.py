"""What the commands share: their common options, reading the cluster, choosing pods and images."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final, TypeVar

import click
from attrs import evolve
from rich.console import Console, RenderableType
from rich.padding import Padding

from pullsecrets.cluster import Cluster
from pullsecrets.dockerconfig import DockerConfig, InvalidDockerConfig
from pullsecrets.errors import PullsecretsError
from pullsecrets.images import Image, InvalidImage
from pullsecrets.loading import load
from pullsecrets.objects import Container, Pod
from pullsecrets.secrecy import ImageText, printable

__all__ = [
    "FAILED",
    "OK",
    "UNUSABLE",
    "Unusable",
    "cluster_options",
    "console",
    "echo_json",
    "exit_status",
    "indented",
    "parse_image",
    "read_cluster",
    "select",
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
        "--image",
        metavar="IMAGE",
        help="Only this image; without a tag or digest it means any of them.",
    ),
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
    """Add PATH..., --namespace, --pod, --image, --node-config: for `read_cluster` and `select`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def read_cluster(
    paths: tuple[str, ...], namespace: str | None, node_config: Path | None
) -> Cluster:
    """Load the manifests and say on standard error what is wrong with them.

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
    legacy = path.name == ".dockercfg"
    decode = DockerConfig.from_legacy_json if legacy else DockerConfig.from_json
    try:
        return decode(path.read_bytes())
    except OSError as error:
        raise Unusable(f"{name} cannot be read: {error.strerror}") from None
    except InvalidDockerConfig as error:
        raise Unusable(f"{name}: {error} (the kubelet skips such a file)") from None


def select(cluster: Cluster, namespace: str | None, name: str | None, image: str | None) -> Cluster:
    """The cluster with only the pods that were asked for, and of these only the images.

    Raises:
        click.UsageError: There is no such pod, or no such image in them.
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
    if image is not None and cluster.pods:
        wanted = parse_image(image)
        pods = tuple(pod for pod in (_with(wanted, pod) for pod in pods) if pod.images)
        if not pods:
            raise click.UsageError(f"no pod has the image '{ImageText(image)}'")
    return evolve(cluster, pods=pods)


def parse_image(image: str) -> Image:
    """The image that an option names.

    Raises:
        click.UsageError: It is not an image reference.
    """
    try:
        return Image.parse(image)
    except InvalidImage as error:
        raise click.UsageError(str(error)) from None


def _with(wanted: Image, pod: Pod) -> Pod:
    """The pod with only that image."""

    def those(containers: Iterable[Container]) -> tuple[Container, ...]:
        return tuple(each for each in containers if _is(each, wanted))

    return evolve(
        pod,
        containers=those(pod.containers),
        init_containers=those(pod.init_containers),
        ephemeral_containers=those(pod.ephemeral_containers),
        image_volumes=those(pod.image_volumes),
    )


def _is(container: Container, wanted: Image) -> bool:
    try:
        image = Image.parse(container.image)
    except InvalidImage:
        return False
    return (
        image.name == wanted.name
        and wanted.tag in (None, image.tag)
        and wanted.digest in (None, image.digest)
    )


def echo_json(cluster: Cluster, **members: Any) -> None:
    """Print a JSON document: its version, the members, and what was wrong with the input."""
    problems = [problem.to_dict() for problem in cluster.problems]
    click.echo(json.dumps({"version": 1, **members, "problems": problems}, indent=2))


def console() -> Console:
    """Standard output for tables: as wide as the terminal, and wide without one."""
    # Behind a pipe lines are searched and compared, not looked at: none should be folded.
    width = None if sys.stdout.isatty() else 240
    return Console(width=width, highlight=False, markup=False, emoji=False)


def indented(what: RenderableType, columns: int) -> RenderableType:
    """The same, moved to the right."""
    return Padding(what, (0, 0, 0, columns), expand=False)


def exit_status(cluster: Cluster, *, failed: bool) -> int:
    """2 if some input could not be read, else 1 if the command's answer is bad, else 0."""
    if any(problem.error for problem in cluster.problems):
        return UNUSABLE
    return FAILED if failed else OK
