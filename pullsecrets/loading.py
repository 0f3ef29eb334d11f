"""`load`: from files to a cluster."""

from __future__ import annotations

import os

from pullsecrets.cluster import Cluster
from pullsecrets.dockerconfig import DockerConfig
from pullsecrets.makers.table import MAKERS, Makers
from pullsecrets.node.node import Node
from pullsecrets.reading.documents import objects_of
from pullsecrets.reading.files import read_documents

__all__ = ["load"]


def load(
    *paths: str | os.PathLike[str],
    namespace: str = "default",
    node: Node | DockerConfig | None = None,
    strict: bool = False,
    makers: Makers = MAKERS,
) -> Cluster:
    """Read manifests: YAML and JSON, many documents, lists, workloads.

    Args:
        paths: Files; folders, which are searched for ``*.yaml``, ``*.yml`` and ``*.json`` all the
            way down, hidden ones left out; ``-`` for standard input.
        namespace: For objects that name none.
        node: The node, or only its docker config.
        strict: Raise if something could not be read, instead of listing it in the cluster's
            ``problems``.
        makers: The kinds for whose objects other programs make secrets; `makers_from` adds some.

    Raises:
        NoSuchPath: A path does not exist.
        Unreadable: Something could not be read, and `strict` is set.
        MissingExtra: A file is YAML, and PyYAML is not installed.
    """
    documents = (item for path in paths for item in read_documents(path))
    objects = objects_of(documents, namespace=namespace, makers=makers)
    if strict:
        objects.require_all()
    return Cluster.of(objects, node)
