"""What the commands share: their common options, reading the cluster, choosing pods and images."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from pathlib import Path
from typing import Any, Final, TypeVar

import click
from attrs import evolve, fields, frozen
from rich.console import Console

from pullsecrets.cli._filters import with_images
from pullsecrets.cli._live import LIVE_OPTIONS, is_plugin, progress
from pullsecrets.cli._problems import echo_problems
from pullsecrets.cli._settings import Settings
from pullsecrets.cluster import Cluster
from pullsecrets.dockerconfig import DockerConfig, InvalidDockerConfig
from pullsecrets.errors import PullsecretsError
from pullsecrets.groups import PodGroup, summarize
from pullsecrets.kinds import Reference
from pullsecrets.loading import Environment, load, load_environments
from pullsecrets.makers.table import makers_from
from pullsecrets.metadata import Place
from pullsecrets.node.answers import ProviderAnswer
from pullsecrets.node.decoding import hide
from pullsecrets.node.files import NodeFiles
from pullsecrets.node.node import Node
from pullsecrets.node.provider_config import InvalidProviderConfig, Providers
from pullsecrets.node.versions import NEWEST
from pullsecrets.reading import Problem, ProblemCode, read_documents
from pullsecrets.secrecy import printable

__all__ = [
    "FAILED",
    "OK",
    "UNUSABLE",
    "Given",
    "Unusable",
    "cluster_options",
    "console",
    "echo_json",
    "exit_status",
    "format_option",
    "print_summary",
    "read_by",
    "read_environments",
    "read_node",
    "reading_options",
    "select",
    "tell",
    "whole",
]

OK: Final = 0
FAILED: Final = 1
UNUSABLE: Final = 2
_ENDLESS: Final = 1_000_000


_SUMMARY_SOURCES: Final = 3

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
        return any((self.pod, self.image, self.only, self.of_secret, self.registry))


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


class Unusable(click.ClickException):
    """An input that cannot be used at all."""

    exit_code = UNUSABLE


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


def read_environments(given: Given, accounts: tuple[str, ...] = ()) -> tuple[Environment, ...]:
    """Load the manifests, or read the cluster, and say on standard error what is wrong with them.

    Without ``--render`` all of them are one environment.

    Args:
        given: What the options were given.
        accounts: Service accounts of a cluster that are to be read, too.

    Raises:
        click.ClickException: A path or something about the node cannot be used; its exit status
            is 2.
    """
    if given.live and given.paths:
        raise click.UsageError("a cluster is read, or PATHs are, but not both")
    if not given.live and not given.paths:
        raise click.UsageError("no PATH is given; --cluster reads a cluster")
    if given.live and given.render:
        raise click.UsageError("--render is for folders, not for a cluster")
    if given.values and not given.render:
        raise click.UsageError("--values is for charts, which are rendered with --render")
    if given.live:
        return (Environment("", read_by(given, lambda node: _read_live(given, node, accounts))),)
    return _read(given, lambda node: _load(given, node))


def read_by(given: Given, read: Callable[[Node], Cluster]) -> Cluster:
    """Read a cluster in some way, and say on standard error what is wrong with it.

    Args:
        given: What describes the node.
        read: Reads the cluster; is given the node.

    Raises:
        click.ClickException: Something cannot be used; its exit status is 2.
    """
    (found,) = _read(given, lambda node: (Environment("", read(node)),))
    return found.cluster


def _read(given: Given, read: Callable[[Node], tuple[Environment, ...]]) -> tuple[Environment, ...]:
    try:
        node, faults = read_node(given)
        found = read(node)
    except PullsecretsError as error:
        raise Unusable(str(error)) from None
    always = given.always_pull_images
    clusters = [evolve(each.cluster, always_pull=always) for each in found]
    clusters[0] = evolve(clusters[0], problems=(*faults, *clusters[0].problems))
    found = tuple(map(Environment, (each.name for each in found), clusters))
    echo_problems(whole(found).problems, verbose=given.verbose, rendered=given.render)
    return found


def tell(cluster: Cluster, problems: Iterable[Problem]) -> Cluster:
    """The cluster with some problems more, which are said on standard error."""
    problems = tuple(problems)
    echo_problems(problems)
    return evolve(cluster, problems=(*cluster.problems, *problems))


def whole(environments: Iterable[Environment]) -> Cluster:
    """All that several environments hold: to count and to list it, not to answer with it."""
    clusters = [each.cluster for each in environments]
    if len(clusters) == 1:
        return clusters[0]
    return evolve(
        clusters[0],
        pods=tuple(pod for each in clusters for pod in each.pods),
        service_accounts=tuple(one for each in clusters for one in each.service_accounts),
        secrets=tuple(secret for each in clusters for secret in each.secrets),
        made=tuple(secret for each in clusters for secret in each.made),
        problems=tuple(problem for each in clusters for problem in each.problems),
    )


def reading_options(given: Given) -> dict[str, Any]:
    """What readers of manifests are told: `load`, and `objects_of` where there are no paths."""
    return {
        "namespace": given.namespace or "default",
        "makers": makers_from(given.settings.makers),
        "templates": given.settings.templates,
    }


def _load(given: Given, node: Node) -> tuple[Environment, ...]:
    options = {**reading_options(given), "node": node, "exclude": given.settings.exclude.match}
    if given.render:
        return load_environments(*given.paths, values=given.values, **options)
    return (Environment("", load(*given.paths, **options)),)


def _read_live(given: Given, node: Node, accounts: tuple[str, ...]) -> Cluster:
    from pullsecrets.live import read_live

    with progress() as count:
        return read_live(
            kubeconfig=given.kubeconfig,
            context=given.context,
            namespace=given.namespace,
            all_namespaces=given.all_namespaces,
            only=None if given.pod is None else Reference.parse(given.pod),
            accounts=accounts,
            node=node,
            count=count,
        )


def read_node(given: Given) -> tuple[Node, tuple[Problem, ...]]:
    """The node that the options describe, and why its providers are left out.

    A configuration that its kubelet would refuse is said with all its faults, and stops nothing
    else.
    """
    config = None
    if given.node_config is not None:
        config = _docker_config(given.node_config)
    elif given.node_root is not None:
        config = NodeFiles.find(given.node_root).docker_config
    path = given.provider_config
    node = evolve(_kubelet(given), docker_config=config)
    if path is None:
        return node, ()
    try:
        providers = Providers.load(path, kubernetes=node.kubernetes, token_gate=node.token_gate)
    except OSError as error:
        raise Unusable(f"{printable(str(path))} cannot be read: {error.strerror}") from None
    except InvalidProviderConfig as error:
        place, code = Place(str(path)), ProblemCode.INVALID_PROVIDER_CONFIG
        faults = (
            Problem(code, f"the kubelet does not start: {fault}", place) for fault in error.errors
        )
        return node, tuple(faults)
    answers = {} if given.provider_answers is None else _answers(given.provider_answers)
    return evolve(node, providers=providers, answers=answers), ()


def _kubelet(given: Given) -> Node:
    path = given.kubelet_config
    if path is None:
        return Node(given.kubernetes)
    try:
        document = hide(path.read_bytes())  # no traceback shows what this frame was given
    except OSError as error:
        raise Unusable(f"{printable(str(path))} cannot be read: {error.strerror}") from None
    return Node.from_kubelet_config(document, kubernetes=given.kubernetes, file=str(path))


def _answers(path: Path) -> dict[str, ProviderAnswer]:
    name = printable(str(path))
    documents = []
    for document in read_documents(path):
        if isinstance(document, Problem):
            raise Unusable(str(document))
        documents.append(document.value)
    if len(documents) > 1:
        raise Unusable(f"{name} holds {len(documents):,} documents, where one is expected")
    value = next(iter(documents), None)
    if not isinstance(value, dict):
        raise Unusable(f"{name} is not a mapping of providers to responses")
    try:
        return {
            str(provider): ProviderAnswer.from_stdout(
                answer if isinstance(answer, str) else json.dumps(answer)
            )
            for provider, answer in value.items()
        }
    except (TypeError, RecursionError):  # YAML has values that JSON lacks, as !!binary and !!set
        raise Unusable(f"{name} holds a response that JSON cannot hold") from None


def _docker_config(path: Path) -> DockerConfig:
    name = printable(str(path))
    legacy = path.name == ".dockercfg"
    decode = DockerConfig.from_legacy_json if legacy else DockerConfig.from_json
    try:
        return decode(path.read_bytes())
    except OSError as error:
        raise Unusable(f"{name} cannot be read: {error.strerror}") from None
    except InvalidDockerConfig as error:
        raise Unusable(f"{name}: {error} (the kubelet skips such a file)") from None


def select(environments: Iterable[Environment], given: Given) -> tuple[Environment, ...]:
    """The environments with only the pods that were asked for, and of these only the images.

    Raises:
        click.UsageError: In none of them there is something in such a namespace, such a pod, or
            such an image.
    """
    found: list[Environment] = []
    complaints: list[click.UsageError] = []
    for each in environments:
        try:
            found.append(evolve(each, cluster=_selected(each.cluster, given)))
        except click.UsageError as error:
            complaints.append(error)
            found.append(evolve(each, cluster=evolve(each.cluster, pods=())))
    if len(complaints) == len(found):
        raise complaints[0]
    return tuple(found)


def _selected(cluster: Cluster, given: Given) -> Cluster:
    wanted = None if given.pod is None else Reference.parse(given.pod)
    if wanted is not None and wanted.namespace is not None:
        given = evolve(given, namespace=None)  # its own counts
    namespaces = {
        *(each.namespace for each in cluster.pods),
        *(each.namespace for each in cluster.secrets),
        *(each.namespace for each in cluster.service_accounts),
        *(each.namespace for each in cluster.made if each.namespace),
    }
    if given.namespace is not None and namespaces and given.namespace not in namespaces:
        there_are = ", ".join(sorted(namespaces))
        message = f"nothing is in namespace '{given.namespace}'; the manifests have {there_are}"
        raise click.UsageError(printable(message))
    pods = tuple(
        pod
        for pod in cluster.pods
        if (wanted is None or wanted.names(pod)) and given.namespace in (None, pod.namespace)
    )
    if wanted is not None and not pods:
        where = "the cluster" if given.live else "the manifests"
        raise click.UsageError(f"no pod or workload '{wanted}' in {where}")
    if cluster.pods:
        pods = with_images(
            cluster,
            pods,
            image=given.image,
            registry=given.registry,
            secret=given.of_secret,
            only=given.only,
        )
    return evolve(cluster, pods=pods)


def echo_json(cluster: Cluster, **members: Any) -> None:
    """Print a JSON document: its version, the members, and what was wrong with the input.

    Args:
        cluster: The cluster.
        members: The members. What an iterator gives is an array, and each of its items is printed
            before the next one is made: those of a whole cluster are megabytes.
    """
    problems = [problem.to_dict() for problem in cluster.problems]
    comma = "{"
    for name, value in {"version": 1, **members, "problems": problems}.items():
        click.echo(f"{comma}\n  {json.dumps(name)}: ", nl=False)
        if isinstance(value, Iterator):
            _echo_array(value)
        else:
            click.echo(_json_inside(value, 1), nl=False)
        comma = ","
    click.echo("\n}")


def _echo_array(items: Iterator[Any]) -> None:
    comma, end = "[", "["
    for item in items:
        click.echo(f"{comma}\n    {_json_inside(item, 2)}", nl=False)
        comma, end = ",", "\n  "
    click.echo(f"{end}]", nl=False)


def _json_inside(value: Any, depth: int) -> str:
    """A value as JSON, of which the first line is written so deep already."""
    return json.dumps(value, indent=2).replace("\n", "\n" + "  " * depth)


def console() -> Console:
    """Standard output for tables: as wide as the terminal, and without an end behind a pipe."""
    # There lines are searched and compared, not looked at: none is folded.
    width = None if sys.stdout.isatty() else _ENDLESS
    return Console(width=width, highlight=False, markup=False, emoji=False)


def print_summary(out: Console, groups: Iterable[PodGroup]) -> int:
    """Print the answers in numbers, and give the number of lines."""
    with out.capture() as captured:
        out.print(summarize(groups).table(_SUMMARY_SOURCES).rich())
    text = captured.get()
    out.print(text, end="", soft_wrap=True)
    return text.count("\n")


def exit_status(cluster: Cluster, *, failed: bool) -> int:
    """2 if some input could not be read, else 1 if the command's answer is bad, else 0."""
    if any(problem.error for problem in cluster.problems):
        return UNUSABLE
    return FAILED if failed else OK
