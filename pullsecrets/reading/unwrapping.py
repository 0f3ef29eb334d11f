"""From documents to the objects in them: lists unwrapped, what is no object said."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from attrs import evolve, frozen

from pullsecrets.makers.reading import is_maker
from pullsecrets.makers.table import Makers
from pullsecrets.objects import ServiceAccount
from pullsecrets.pull_secret import PullSecret
from pullsecrets.reading.children import children_of
from pullsecrets.reading.generators import is_kustomization
from pullsecrets.reading.partial import Lack, has_containers, is_patch, is_template, lack_of
from pullsecrets.reading.parts import Made, mapping
from pullsecrets.reading.problems import A_TEMPLATE, RENDER_IT, Document, Problem, ProblemCode
from pullsecrets.secrecy import printable
from pullsecrets.workloads import (
    GROUPS,
    MANY,
    POD_TEMPLATES,
    Shape,
    Templates,
    shape_of,
    shapes_of,
    value_at,
)

__all__ = ["RBAC", "READERS", "Unknown", "kind_of", "title_of", "unwrapped"]

RBAC: Final = frozenset({"ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"})
"""The kinds of roles and of their bindings."""

READERS: Final[Mapping[str, Callable[..., ServiceAccount | PullSecret]]] = {
    "ServiceAccount": ServiceAccount.from_manifest,
    "Secret": PullSecret.from_manifest,
}
"""What reads an object, by the kinds that make no pods."""

_MAX_LISTS: Final = 8
_KINDS: Final = RBAC | READERS.keys()
_RBAC_GROUPS: Final = frozenset({"", "rbac.authorization.k8s.io"})


@frozen
class Unknown:
    """A document of a kind that makes pods, or seems to, and is not read."""

    kind: str
    document: Document


def kind_of(manifest: Mapping[str, Any]) -> str:
    """A manifest's kind, with its API group if it is not one of Kubernetes' own."""
    group = str(manifest.get("apiVersion") or "").rpartition("/")[0]
    return str(manifest["kind"]) if group in GROUPS else f"{manifest['kind']}.{group}"


def unwrapped(
    documents: Iterable[Document | Problem], makers: Makers, templates: Templates, depth: int = 0
) -> Iterator[Document | Problem | Unknown]:
    """The objects of a kind that is read here, lists of them unwrapped (rule 6)."""
    for document in documents:
        if isinstance(document, Problem):
            yield document
        else:
            # In a frame of its own, so that this one holds no value if the next document raises.
            yield from _objects_in(document, makers, templates, depth)


def _objects_in(
    document: Document, makers: Makers, templates: Templates, depth: int
) -> Iterator[Document | Problem | Unknown]:
    value = document.value
    if value is None:
        return
    # Of a list each object is looked at, later on: one that is a patch is not all of the list.
    is_list = isinstance(value, Mapping) and str(value.get("kind")).endswith("List")
    if not is_list and is_patch(value):
        yield document.problem(ProblemCode.PATCH, _A_PATCH, error=False)
        return
    if not isinstance(value, Mapping):
        message = f"a Kubernetes object is a mapping, not {type(value).__name__}"
        yield document.problem(ProblemCode.NO_OBJECT, message)
        return
    kind, version = value.get("kind"), value.get("apiVersion")
    if is_kustomization(value, document.place):
        yield document
    elif kind is None:
        message = "passed over: a mapping without a kind"
        yield document.problem(ProblemCode.NO_KIND, message, error=False)
    elif not isinstance(kind, str):
        yield document.problem(ProblemCode.INVALID_OBJECT, "kind is not a string")
    elif is_maker(value, makers):
        yield _whole(document)
    elif not isinstance(version, (str, type(None))):
        if kind in _NAMES:
            yield document.problem(ProblemCode.INVALID_OBJECT, "apiVersion is not a string")
    elif _is_read(kind, version or ""):
        yield _whole(document)
    elif shapes := shapes_of(kind, version or "", templates):
        yield _workload(document, shape_of(value, shapes))
    elif children := [_child(document, made) for made in children_of(value)]:
        yield from unwrapped(children, makers, templates, depth)
    elif not _is_list(kind, version or "", templates):
        if kind_of(value) in MANY or has_containers(value):
            yield Unknown(kind_of(value), document)
    elif depth == _MAX_LISTS:
        message = f"lists are nested more than {_MAX_LISTS} deep"
        yield document.problem(ProblemCode.NESTED_LISTS, message)
    else:
        yield from unwrapped(_items(document), makers, templates, depth + 1)


def _child(document: Document, made: Made | str) -> Document | Problem:
    """What will be made of a document; or that it is not known."""
    if isinstance(made, str):
        message = f"passed over: {title_of(document.value)} {made}"
        return document.problem(ProblemCode.NO_TEMPLATE, message, error=False)
    return evolve(document, value=made.manifest, place=evolve(document.place, part=made.part))


_A_PATCH: Final = "passed over: a patch of kustomize, which is a part of an object"
# The kinds of Kubernetes' own that are read here, and their lists.
_NAMES: Final = frozenset(
    {"List", *(name for kind in _KINDS | POD_TEMPLATES.keys() for name in (kind, f"{kind}List"))}
)


def _is_read(kind: str, version: str) -> bool:
    """Whether it is a kind that is read here, and that makes no pods."""
    return kind in _KINDS and version.rpartition("/")[0] in (
        _RBAC_GROUPS if kind in RBAC else GROUPS
    )


def _is_list(kind: str, version: str, templates: Templates) -> bool:
    """Whether it is a list of any objects, or the API server's of a kind that is read here."""
    of = kind.removesuffix("List")
    if not of:
        return version.rpartition("/")[0] in GROUPS
    return of != kind and (_is_read(of, version) or bool(shapes_of(of, version, templates)))


def _whole(document: Document) -> Document | Problem:
    """The document, if it is no template."""
    return _template(document) if is_template(document.value) else document


_WITH_VARIABLES: Final = "names an image with a variable, which is not filled in"


def _template(document: Document, why: str = "") -> Problem:
    expected = document.expected
    message = RENDER_IT if expected else A_TEMPLATE
    if why:
        message = why if expected else f"passed over: {why}"
    return document.problem(ProblemCode.TEMPLATE, message, error=expected)


def _workload(document: Document, shape: Shape) -> Document | Problem:
    """The document, if it is a whole workload."""
    lack = lack_of(document.value, shape)
    # Helm writes no patches: there a value is missing, as of an image that is left empty.
    if lack is Lack.PATCH and document.place.source is None:
        return document.problem(ProblemCode.PATCH, _A_PATCH, error=False)
    if lack is Lack.VARIABLE:
        return _template(document, f"{title_of(document.value)} {_WITH_VARIABLES}")
    if lack is Lack.ELSEWHERE:
        title, at = title_of(document.value), ".".join(shape.reference)
        named = value_at(document.value, shape.reference) is not None
        what = f"takes its pod template from {at}" if named else "has an image that is not in it"
        message = f"passed over: {title} {what}"
        return document.problem(ProblemCode.NO_TEMPLATE, message, error=False)
    return _template(document) if lack is Lack.RENDERING else document


def _items(document: Document) -> Iterator[Document | Problem]:
    items = document.value.get("items")
    if not isinstance(items, (list, tuple, type(None))):
        yield document.problem(ProblemCode.INVALID_OBJECT, "items is not a list")
        return
    # The API server's typed lists leave the kind of their items to the list's.
    version = document.value.get("apiVersion")
    implied = {"apiVersion": version, "kind": document.value["kind"].removesuffix("List")}
    for number, item in enumerate(items or ()):
        bare = isinstance(item, Mapping) and implied["kind"] and item.get("kind") is None
        path = (*document.path, "items", number)
        value = {**implied, **item, "kind": implied["kind"]} if bare else item
        yield evolve(document, value=value, path=path)


def title_of(manifest: Mapping[str, Any]) -> str:
    """An object's kind and name, for a message about an object that could not be read."""
    names = mapping(manifest.get("metadata"))
    parts = [part for part in (names.get("namespace"), names.get("name")) if isinstance(part, str)]
    kind = manifest.get("kind") or "Kustomization"
    return printable(" ".join([kind, "/".join(parts)]).strip())
