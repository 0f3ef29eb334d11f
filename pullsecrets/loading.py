"""`load`: from files to a cluster."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from attrs import evolve

from pullsecrets.cluster import Cluster
from pullsecrets.dockerconfig import DockerConfig
from pullsecrets.node.node import Node
from pullsecrets.objects import Place
from pullsecrets.reading.documents import Objects, Problem, ProblemCode, objects_of
from pullsecrets.reading.paths import read_documents

__all__ = ["load"]


def load(
    *paths: str | os.PathLike[str],
    namespace: str = "default",
    node: Node | DockerConfig | None = None,
    strict: bool = False,
) -> Cluster:
    """Read manifests: YAML and JSON, many documents, lists, workloads.

    Args:
        paths: Files; folders, which are searched for ``*.yaml``, ``*.yml`` and ``*.json`` all the
            way down, hidden ones left out; ``-`` for standard input. Of a folder what is no
            manifest is passed over, and a folder that holds nothing to look at is a problem.
        namespace: For objects that name none.
        node: The node, or only its docker config.
        strict: Raise if something could not be read, instead of listing it in the cluster's
            ``problems``.

    Raises:
        NoSuchPath: A path does not exist.
        Unreadable: Something could not be read, and `strict` is set.
        MissingExtra: A file is YAML, and PyYAML is not installed.
    """
    documents = (item for path in paths for item in read_documents(path))
    objects = objects_of(documents, namespace=namespace)
    objects = evolve(objects, problems=(*objects.problems, *_nothing_in(paths, objects)))
    if strict:
        objects.require_all()
    return Cluster.of(objects, node)


def _nothing_in(paths: Iterable[str | os.PathLike[str]], objects: Objects) -> Iterator[Problem]:
    """The folders that hold nothing to look at: a path may be mistyped."""
    places = {
        *(each.place for each in objects.pods),
        *(each.place for each in objects.service_accounts),
        *(each.place for each in objects.secrets),
    }
    files = {place.file for place in places if place is not None and place.file is not None}
    holding = {folder for file in files for folder in Path(file).parents}
    for path in map(Path, paths):
        if path.is_dir() and path not in holding and not objects.rbac:
            message = "holds no pod, no secret and no service account to look at"
            yield Problem(ProblemCode.NOTHING_FOUND, message, Place(str(path)))
