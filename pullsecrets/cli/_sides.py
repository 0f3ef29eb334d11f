"""The two sides of a comparison: paths, revisions of a repository, or a cluster and manifests."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Final

import click
from attrs import evolve

from pullsecrets.cli._given import Given
from pullsecrets.cli._inputs import Unusable, read_by, read_environments, reading_options, whole
from pullsecrets.cli._live import is_plugin, progress
from pullsecrets.cluster import Cluster
from pullsecrets.errors import PullsecretsError
from pullsecrets.loading import Environment
from pullsecrets.node.node import Node
from pullsecrets.reading import objects_of
from pullsecrets.reading.revisions import NoRevision, Revision, revisions
from pullsecrets.secrecy import printable

__all__ = ["sides_of"]

_TWO: Final = 2
_Sides = tuple[tuple[Environment, ...], tuple[Environment, ...]]


def sides_of(given: Given, range_: str | None) -> _Sides:
    """The old environments and the new ones.

    Args:
        given: What the options were given.
        range_: Two revisions, or None.

    Raises:
        click.ClickException: A side cannot be read; the exit status is 2.
    """
    if range_ is not None:
        return _alone(_revisions(given, range_))
    if given.live or (is_plugin() and len(given.paths) == 1):
        return _alone(_applied(given))
    if len(given.paths) != _TWO:
        raise click.UsageError("two PATHs are compared: the old manifests and the new ones")
    old, new = (
        tuple(
            evolve(each, name=_within(each, path))
            for each in read_environments(evolve(given, paths=(path,)))
        )
        for path in given.paths
    )
    return old, new


def _alone(sides: tuple[Cluster, Cluster]) -> _Sides:
    return (Environment("", sides[0]),), (Environment("", sides[1]),)


def _within(environment: Environment, path: str) -> str:
    """What an environment is called on both sides: its folder as seen from the side's own."""
    return environment.name.removeprefix(path).lstrip("/")


def _revisions(given: Given, range_: str) -> tuple[Cluster, Cluster]:
    if given.render:
        raise click.UsageError("--render is for folders, not for revisions")
    paths = given.paths or (".",)
    try:
        sides = revisions(range_, Path.cwd())
        lost = [path for path in paths if not any(side.has(path) for side in sides)]
    except NoRevision as error:
        raise Unusable(str(error)) from None
    if lost:
        raise click.UsageError(f"{printable(lost[0])} is in neither revision")

    def read(side: Revision) -> Cluster:
        def of(node: Node) -> Cluster:
            documents = side.documents(paths, given.settings.exclude.match)
            return Cluster.of(objects_of(documents, **reading_options(given)), node)

        return read_by(given, of)

    return read(sides[0]), read(sides[1])


def _applied(given: Given) -> tuple[Cluster, Cluster]:
    """The cluster, and what it is once the manifests are applied."""
    if not given.paths:
        raise click.UsageError("PATHs are needed, too: what to apply to the cluster")
    with progress() as count:
        try:
            # The client takes a second to import.
            from pullsecrets.live import applied, connect, counterparts

            api = connect(given.kubeconfig, given.context)
        except PullsecretsError as error:
            raise Unusable(str(error)) from None
        with closing(api):
            manifests = evolve(given, live=False, namespace=given.namespace or api.namespace)
            new = whole(read_environments(manifests))
            old = read_by(given, lambda _: counterparts(api, new, count=count))
    return old, applied(new, old)
