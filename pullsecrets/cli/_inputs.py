"""Reading what the options name: manifests or a cluster, and what describes the node."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click
from attrs import evolve

from pullsecrets.cli._given import Given
from pullsecrets.cli._live import progress
from pullsecrets.cli._output import UNUSABLE
from pullsecrets.cli._problems import echo_problems
from pullsecrets.cluster import Cluster
from pullsecrets.dockerconfig import DockerConfig, InvalidDockerConfig
from pullsecrets.errors import PullsecretsError
from pullsecrets.kinds import Reference
from pullsecrets.loading import Environment, load, load_environments
from pullsecrets.makers.table import makers_from
from pullsecrets.metadata import Place
from pullsecrets.node.answers import ProviderAnswer
from pullsecrets.node.decoding import hide
from pullsecrets.node.files import NodeFiles
from pullsecrets.node.node import Node
from pullsecrets.node.provider_config import InvalidProviderConfig, Providers
from pullsecrets.reading import Problem, ProblemCode, read_documents
from pullsecrets.secrecy import printable

__all__ = [
    "Unusable",
    "read_by",
    "read_environments",
    "read_node",
    "reading_options",
    "tell",
    "whole",
]


class Unusable(click.ClickException):
    """An input that cannot be used at all."""

    exit_code = UNUSABLE


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
    with progress() as count:
        # The client takes a second to import.
        from pullsecrets.live import read_live

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
