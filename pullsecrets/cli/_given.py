"""What all commands are given: their common options, as one value."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, Final, TypeVar

import click
from attrs import evolve, fields, frozen

from pullsecrets.cli._live import LIVE_OPTIONS, is_plugin
from pullsecrets.cli._settings import Settings
from pullsecrets.kinds import Reference
from pullsecrets.node.versions import NEWEST
from pullsecrets.secrecy import printable

__all__ = ["Given", "cluster_options", "format_option"]

_Command = TypeVar("_Command", bound=Callable[..., Any])

_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)
_OPTIONS: Final = (
    click.argument("paths", nargs=-1, metavar="PATH... | KIND/NAME"),
    *LIVE_OPTIONS,
    click.option(
        "-n",
        "--namespace",
        metavar="NS",
        help="Only pods of this namespace; manifests that name none are taken to be in it.",
    ),
    click.option(
        "--pod",
        metavar="NAME",
        help="Only the pod or workload NAME, KIND/NAME (as deploy/api) or NAMESPACE/NAME.",
    ),
    click.option(
        "--render",
        is_flag=True,
        help="Render the kustomizations and Helm charts in folders, with kustomize or kubectl and "
        "helm: each is an environment of its own.",
    ),
    click.option(
        "--values",
        metavar="FILE",
        multiple=True,
        type=_FILE,
        help="With --render, a file of values for all charts. Can be given several times.",
    ),
    click.option(
        "--image",
        metavar="IMAGE",
        help="Only this image, or images like it (* and ?); without a tag or digest any of them.",
    ),
    click.option(
        "--kubernetes",
        metavar="VERSION",
        help=f"The release that the nodes run, as 1.33; {NEWEST} if it is not given.",
    ),
    click.option(
        "--node-config",
        metavar="FILE",
        type=_FILE,
        help="The node's own docker config: a config.json, or a file named .dockercfg.",
    ),
    click.option(
        "--node-root",
        metavar="DIR",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        help="A folder that is the node's /, searched for its docker config as the kubelet does.",
    ),
    click.option(
        "--provider-config",
        metavar="PATH",
        type=click.Path(exists=True, path_type=Path),
        help="The CredentialProviderConfig of the nodes: a file, or a folder of files.",
    ),
    click.option(
        "--kubelet-config",
        metavar="FILE",
        type=_FILE,
        help="The KubeletConfiguration of the nodes: whether an image on the node is verified, and "
        "which feature gates are on.",
    ),
    click.option(
        "-v",
        "--verbose",
        is_flag=True,
        help="Name each file that is passed over, on standard error.",
    ),
    click.option(
        "--provider-answers",
        metavar="FILE",
        type=_FILE,
        help="What the providers answer: a YAML or JSON mapping of their names to responses.",
    ),
    click.option(
        "--always-pull-images",
        is_flag=True,
        help="The API server has the admission plugin AlwaysPullImages.",
    ),
)


@frozen
class Given:
    """What the options that all commands have were given.

    Attributes:
        paths: The manifests; none if a cluster is read.
        live: Whether a cluster is read.
        context: ``--context``, or None.
        kubeconfig: ``--kubeconfig``, or None.
        all_namespaces: ``--all-namespaces``.
        namespace: ``--namespace``, or None.
        render: Whether ``--render`` is there.
        values: The files of ``--values``.
        pod: ``--pod``, or the argument that is KIND/NAME; None for all pods.
        image: ``--image``, or None.
        kubernetes: ``--kubernetes``, or None.
        node_config: ``--node-config``, or None.
        node_root: ``--node-root``, or None.
        provider_config: ``--provider-config``, or None.
        kubelet_config: ``--kubelet-config``, or None.
        provider_answers: ``--provider-answers``, or None.
        verbose: Whether ``--verbose`` is there.
        always_pull_images: ``--always-pull-images``.
        only: ``--only``, or None.
        of_secret: ``--secret`` of `resolve`, `explain` and `check`, or None.
        registry: ``--registry``, or None.
        settings: What the project has configured.
    """

    paths: tuple[str, ...]
    live: bool
    context: str | None
    kubeconfig: Path | None
    all_namespaces: bool
    namespace: str | None
    render: bool
    values: tuple[Path, ...]
    pod: str | None
    image: str | None
    kubernetes: str | None
    node_config: Path | None
    node_root: Path | None
    provider_config: Path | None
    kubelet_config: Path | None
    provider_answers: Path | None
    verbose: bool
    always_pull_images: bool
    only: str | None = None
    of_secret: str | None = None
    registry: str | None = None
    settings: Settings = Settings()

    @property
    def is_filtered(self) -> bool:
        """Whether only some pods or images of the namespace are asked for."""
        return self.pod is not None or self.chooses_images

    @property
    def chooses_images(self) -> bool:
        """Whether of a pod only some images are asked for."""
        chosen = self.image, self.registry, self.of_secret, self.only
        return any(each is not None for each in chosen)


def format_option(default: str, *others: str) -> Callable[[_Command], _Command]:
    """The option ``--format``, the command's argument `form`: what to print."""
    return click.option(
        "--format",
        "form",
        type=click.Choice([default, *others]),
        default=default,
        show_default=True,
        help="What to print.",
    )


def cluster_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command PATH... and the options that all have, as one argument: `Given`."""

    @wraps(command)
    def collected(**options: Any) -> Any:
        names = [each.name for each in fields(Given) if each.name in options]
        settings = Settings.find(Path.cwd())
        given = Given(**{name: options.pop(name) for name in names}, settings=settings)
        return command(_told_apart(given), **options)

    for option in reversed(_OPTIONS):
        collected = option(collected)
    return collected


def _told_apart(given: Given) -> Given:
    """What was given, its arguments told apart: paths, and a pod or a workload by its kind."""
    named = [
        path
        for path in given.paths
        if Reference.parse(path).kind is not None and not Path(path).exists()
    ]
    paths = tuple(path for path in given.paths if path not in named)
    asked = [*named, *([] if given.pod is None else [given.pod])]
    if len(asked) > 1:
        raise click.UsageError(f"one pod or workload at a time, not {printable(', '.join(asked))}")
    wanted = (given.live, given.context is not None, given.kubeconfig, given.all_namespaces)
    live = any(wanted) or (is_plugin() and not paths)
    return evolve(
        given,
        paths=paths,
        live=live,
        pod=asked[0] if asked else None,
        namespace=None if given.all_namespaces else given.namespace,
    )
