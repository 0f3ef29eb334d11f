"""From files to clusters: `load` gives one, `load_environments` one for each environment."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from attrs import evolve, frozen

from pullsecrets.cluster import Cluster
from pullsecrets.dockerconfig import DockerConfig
from pullsecrets.makers.table import MAKERS, Makers
from pullsecrets.metadata import Place
from pullsecrets.node.node import Node
from pullsecrets.reading.documents import Objects, objects_of
from pullsecrets.reading.files import read_data
from pullsecrets.reading.paths import nothing, read_documents
from pullsecrets.reading.problems import Document, Problem, ProblemCode
from pullsecrets.reading.rendering import Rendered, render
from pullsecrets.reading.roots import Root, find_roots
from pullsecrets.workloads import NO_TEMPLATES, Templates

__all__ = ["Environment", "load", "load_environments"]

_PathLike = str | os.PathLike[str]


@frozen
class Environment:
    """Manifests that are applied together.

    Attributes:
        name: The folder that is rendered, or what was asked for.
        cluster: What is in it.
    """

    name: str
    cluster: Cluster


def load(
    *paths: _PathLike,
    namespace: str = "default",
    node: Node | DockerConfig | None = None,
    strict: bool = False,
    exclude: Callable[[Path], bool] = nothing,
    makers: Makers = MAKERS,
    templates: Templates = NO_TEMPLATES,
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
        exclude: Says of a file or a folder in a folder that it is not read.
        makers: The kinds for whose objects other programs make secrets; `makers_from` adds some.
        templates: Kinds that make pods, in addition to the known ones, with their API group, and
            the fields that lead to the pod template: ``{"Rollout.argoproj.io": "spec.template"}``.

    Raises:
        NoSuchPath: A path does not exist.
        Unreadable: Something could not be read, and `strict` is set.
        MissingExtra: A file is YAML, and PyYAML is not installed.
    """
    objects = _read(paths, namespace, exclude, makers, templates)
    objects = evolve(objects, problems=(*objects.problems, *_nothing_in(paths, [objects])))
    if strict:
        objects.require_all()
    return Cluster.of(objects, node)


def load_environments(
    *paths: _PathLike,
    values: Iterable[_PathLike] = (),
    namespace: str = "default",
    node: Node | DockerConfig | None = None,
    strict: bool = False,
    exclude: Callable[[Path], bool] = nothing,
    makers: Makers = MAKERS,
    limit: float = 60,
    templates: Templates = NO_TEMPLATES,
) -> tuple[Environment, ...]:
    """Read manifests, and render what is in folders: each root is an environment of its own.

    Roots are kustomizations that no other one names, and Helm charts. They are rendered by the
    programs on the PATH: ``kustomize`` or ``kubectl kustomize``, and ``helm template``. These get
    no network and no plugins: a kustomization that names an address, or has charts of its own, is
    not rendered and becomes a problem.

    Args:
        paths: As for `load`.
        values: Files of values for all of the charts.
        namespace: For objects that name none, and for Helm's ``.Release.Namespace``.
        node: The node, or only its docker config.
        strict: Raise if something could not be read or rendered.
        exclude: Says of a file or a folder in a folder that it is not read.
        makers: As for `load`.
        limit: The seconds that rendering one of them may take.
        templates: As for `load`.

    Returns:
        The environments that were rendered, in the order of their folders. The last one has what
        belongs to no root, or to one that was not rendered; it is left out if it has nothing.

    Raises:
        NoSuchPath: A path does not exist.
        MissingProgram: A program is needed that is not there.
        Unreadable: Something could not be read, and `strict` is set.
        MissingExtra: A file is YAML, and PyYAML is not installed.
    """
    rendered = render(
        _roots(paths, exclude), values=map(Path, values), namespace=namespace, limit=limit
    )
    done = [each for each in rendered if each.problem is None]
    sources = {source for each in done for source in each.root.sources}

    def left_out(path: Path) -> bool:
        return exclude(path) or path.resolve() in sources

    found = [
        (str(each.root.folder), _objects_in(each, namespace, makers, templates)) for each in done
    ]
    name = " ".join(map(str, paths))
    rest = _read(paths, namespace, left_out, makers, templates, name)
    problems = [each.problem for each in rendered if each.problem is not None]
    problems += [*rest.problems, *_nothing_in(paths, [rest, *(each for _, each in found)])]
    rest = evolve(rest, problems=tuple(problems))
    if rest != Objects() or not found:
        found.append((name, rest))
    if strict:
        for _, objects in found:
            objects.require_all()
    return tuple(Environment(name, Cluster.of(each, node)) for name, each in found)


def _read(
    paths: Iterable[_PathLike],
    namespace: str,
    exclude: Callable[[Path], bool],
    makers: Makers,
    templates: Templates,
    environment: str | None = None,
) -> Objects:
    documents = (item for path in paths for item in read_documents(path, exclude))
    return objects_of(
        documents,
        namespace=namespace,
        environment=environment,
        makers=makers,
        templates=templates,
    )


def _roots(paths: Iterable[_PathLike], exclude: Callable[[Path], bool]) -> Iterable[Root]:
    """The roots in the folders, each once, however many of the paths lead to it."""
    folders = (Path(path) for path in paths if path != "-" and Path(path).is_dir())
    found = (root for folder in folders for root in find_roots(folder, exclude))
    return {root.file.resolve(): root for root in found}.values()


def _objects_in(
    rendered: Rendered, namespace: str, makers: Makers, templates: Templates
) -> Objects:
    root = rendered.root
    documents = read_data(rendered.documents or b"", str(root.file), rendered=True)
    return objects_of(
        (_in_chart(item, root.folder) for item in documents),
        namespace=namespace,
        environment=str(root.folder),
        makers=makers,
        templates=templates,
    )


def _in_chart(item: Document | Problem, chart: Path) -> Document | Problem:
    """The item with the file of the chart that it was made from.

    Helm writes the chart's name instead of its folder.
    """
    place = item.place or Place()
    if place.source is None:
        return item
    _, _, inside = place.source.partition("/")
    return evolve(item, place=evolve(place, source=str(chart / inside)))


def _nothing_in(paths: Iterable[_PathLike], every: Iterable[Objects]) -> Iterator[Problem]:
    """The folders, and the stream, that hold nothing to look at.

    A path may be mistyped, and a program that was to write manifests may have failed.
    """
    places: set[Place | None] = set()
    for objects in every:
        if objects.rbac:
            return
        places.update(each.place for each in objects.pods)
        places.update(each.place for each in objects.service_accounts)
        places.update(each.place for each in objects.secrets)
        places.update(each.place for each in objects.made)
    files = {place.file for place in places if place is not None and place.file is not None}
    holding = {folder for file in files for folder in Path(file).parents}
    for path in paths:
        empty = path not in files if path == "-" else Path(path).is_dir()
        if empty and Path(path) not in holding:
            message = "holds no pod, no secret and no service account to look at"
            yield Problem(ProblemCode.NOTHING_FOUND, message, Place(str(path)))
