"""From documents to objects: lists unwrapped, other kinds passed over, faults collected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import PurePath
from typing import Any, Final

from attrs import evolve, field, frozen

from pullsecrets.errors import PullsecretsError
from pullsecrets.fields import FieldPath, InvalidManifest, format_path
from pullsecrets.makers.fills import filled
from pullsecrets.makers.made import MadeSecret
from pullsecrets.makers.reading import is_maker, made_for
from pullsecrets.makers.table import MAKERS, Makers
from pullsecrets.metadata import Place
from pullsecrets.objects import Pod, ServiceAccount
from pullsecrets.pull_secret import PullSecret
from pullsecrets.reading.children import children_of
from pullsecrets.reading.generators import generated, is_kustomization
from pullsecrets.reading.partial import Lack, has_containers, is_patch, is_template, lack_of
from pullsecrets.reading.parts import Made
from pullsecrets.reading.unread import not_known, unread
from pullsecrets.secrecy import printable
from pullsecrets.workloads import (
    GROUPS,
    MANY,
    NO_TEMPLATES,
    POD_TEMPLATES,
    Shape,
    Templates,
    shape_of,
    shapes_of,
    value_at,
)

__all__ = [
    "A_TEMPLATE",
    "RENDER_IT",
    "Document",
    "Objects",
    "Problem",
    "ProblemCode",
    "Unreadable",
    "objects_of",
]

RENDER_IT: Final = (
    "a template of a Helm chart, not a manifest: check what Helm makes of it, "
    "'helm template CHART | pullsecrets check -'"
)
"""What is said of a template that was named."""

A_TEMPLATE: Final = "passed over: a template of a Helm chart that is not rendered"
"""What is said of a template in a folder."""


class ProblemCode(StrEnum):
    """What is wrong with an input. The values are stable."""

    UNREADABLE = "unreadable"
    """A file, a folder or an object of a cluster cannot be read."""
    FORBIDDEN = "forbidden"
    """The right is missing to read objects of a cluster, so that they are not known."""
    NOT_UTF8 = "not-utf8"
    NOT_JSON = "not-json"
    NOT_YAML = "not-yaml"
    BYTE_ORDER_MARK = "byte-order-mark"
    """A file begins with one, which is ignored."""
    REPEATED_KEY = "repeated-key"
    """A key is twice in one mapping; the later one counts."""
    NO_OBJECT = "no-object"
    """A document is not a mapping."""
    NO_KIND = "no-kind"
    """A mapping has no kind, and is passed over."""
    NO_MANIFEST = "no-manifest"
    """A file of a folder holds something else than manifests, which is passed over."""
    CHART = "chart"
    """A folder holds a Helm chart, which is not rendered."""
    KUSTOMIZATION = "kustomization"
    """A file is a kustomization, which is not rendered."""
    TEMPLATE = "template"
    """A document is a template of a Helm chart, not what Helm makes of it; or one that names an
    image with a variable, which a program has yet to fill in."""
    PATCH = "patch"
    """A document is a patch of kustomize, which is passed over: it is a part of an object."""
    NO_TEMPLATE = "no-template"
    """An object takes its pod template from elsewhere, or a part of it, and is passed over."""
    UNKNOWN_WORKLOAD = "unknown-workload"
    """Objects of a kind that is not read have containers with images or pull secrets, and are
    passed over."""
    NOT_RENDERED = "not-rendered"
    """A kustomization or a chart that was to be rendered could not be."""
    NOTHING_FOUND = "nothing-found"
    """A folder or a stream holds nothing to look at."""
    INVALID_OBJECT = "invalid-object"
    """A field has a value that the API server would refuse."""
    DEFINED_TWICE = "defined-twice"
    """An object is defined again; the later definition counts."""
    NESTED_LISTS = "nested-lists"
    """Lists are in lists in lists."""
    INVALID_IGNORE = "invalid-ignore"
    """An annotation or a comment that asks not to report something names no code."""
    UNUSED_IGNORE = "unused-ignore"
    """Something is not to be reported, and there is no such diagnosis."""
    INVALID_PROVIDER_CONFIG = "invalid-provider-config"
    """A configuration of credential providers with which the kubelet does not start (fact D4)."""


@frozen
class Problem:
    """Something about the input that its author should know.

    Attributes:
        code: What it is.
        message: One line: what is wrong. Safe to show.
        place: Where it is.
        path: The fields that lead there, if it is about a part of a document.
        error: True if an object or a document could not be taken; False if all of it was taken,
            and this is only said.
    """

    code: ProblemCode
    message: str
    place: Place | None = None
    path: FieldPath = ()
    error: bool = True

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        place = self.place or Place()
        return {
            "code": self.code,
            "message": self.message,
            "file": place.shown,
            "document": place.document if place.source is None else None,
            "field": format_path(self.path),
            "error": self.error,
        }

    def __str__(self) -> str:
        at = format_path(self.path)
        message = f"{at}: {self.message}" if at else self.message
        place = str(self.place or "")
        return f"{place}: {message}" if place else message


@frozen
class Document:
    """A document as a loader gives it, which may be anything at all.

    Attributes:
        value: The document.
        place: Where it was read.
        path: For an item of a list, the fields that lead to it: ``("items", 2)``.
        expected: Whether it is expected to be a manifest, as in a file that was named.
    """

    value: Any = field(repr=False)
    place: Place
    path: FieldPath = ()
    expected: bool = True

    def problem(self, code: ProblemCode, message: str, *, error: bool = True) -> Problem:
        """Something about the document, or about the item of the list that it is."""
        return Problem(code, message, self.place, self.path, error)


@frozen
class Objects:
    """What some documents hold.

    Attributes:
        pods: The pods and the workloads that make pods.
        service_accounts: The service accounts.
        secrets: The Secrets, of whatever type.
        problems: What was wrong with the documents.
        rbac: The roles of RBAC and their bindings, as they were read: they say for which audiences
            a node gets tokens of service accounts (D23).
        made: The secrets that other programs make.
    """

    pods: tuple[Pod, ...] = ()
    service_accounts: tuple[ServiceAccount, ...] = ()
    secrets: tuple[PullSecret, ...] = ()
    problems: tuple[Problem, ...] = ()
    rbac: tuple[Mapping[str, Any], ...] = field(default=(), repr=False, hash=False)
    made: tuple[MadeSecret, ...] = ()

    def require_all(self) -> None:
        """Make sure that everything could be read.

        Raises:
            Unreadable: Something could not.
        """
        errors = tuple(problem for problem in self.problems if problem.error)
        if errors:
            raise Unreadable(errors)


class Unreadable(PullsecretsError, ValueError):
    """Some of the input could not be read.

    Attributes:
        problems: What, and where.
    """

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems

    def __reduce__(self) -> tuple[type[Unreadable], tuple[tuple[Problem, ...]]]:
        return type(self), (self.problems,)


def objects_of(
    documents: Iterable[Document | Problem],
    *,
    namespace: str = "default",
    environment: str | None = None,
    makers: Makers = MAKERS,
    templates: Templates = NO_TEMPLATES,
) -> Objects:
    """Read Pods, workloads, ServiceAccounts, Secrets, roles and their bindings, and lists of them.

    Other kinds are passed over in silence, but for those that have containers or pull secrets: they
    are named once in the problems. What is malformed is left out and becomes a problem.
    Within a file or a stream the later of two definitions of an object counts, as ``kubectl apply``
    has it. In two files they are two objects, of two environments.

    Args:
        documents: The documents, and what could not be read.
        namespace: For objects that name none.
        environment: The name of the environment that they belong to, where there are several.
        makers: The kinds for whose objects other programs make secrets.
        templates: Kinds with pod templates in addition to the known ones, ``Rollout.argoproj.io``,
            and the fields that lead to the template of each, ``spec.template``.
    """
    objects: dict[Any, Pod | ServiceAccount | PullSecret] = {}
    problems: list[Problem] = []
    rbac: list[Mapping[str, Any]] = []
    makes: list[MadeSecret] = []
    sources: list[PullSecret | MadeSecret] = []
    left_out: list[ServiceAccount | MadeSecret] = []
    unknown: dict[str, list[Document]] = {}
    for item in _unwrapped(documents, makers, templates):
        if isinstance(item, Problem):
            problems.append(item)
            continue
        if isinstance(item, _Unknown):
            unknown.setdefault(item.kind, []).append(item.document)
            continue
        if item.value.get("kind") in _RBAC:
            rbac.append(_in_namespace(item.value, namespace))
            continue
        try:
            place = item.place
            if environment is not None:
                place = evolve(place, environment=environment)
            if is_kustomization(item.value, place):
                sources += generated(item.value, namespace=namespace, place=place)
                continue
            made, whole = made_for(item.value, makers, namespace=namespace, place=place)
            makes += made
            if whole:
                continue
            read = _read(item, namespace, place, templates)
        except InvalidManifest as error:
            message = f"{_title(item.value)}: {error}"
            problems.append(item.problem(ProblemCode.INVALID_OBJECT, message))
            left_out += unread(item.value, makers, namespace=namespace, place=item.place)
            continue
        identity = _kind_of(item.value), read.namespace, read.name, item.place.file
        # Each object with a generateName is one of its own.
        named = bool(item.value["metadata"].get("name"))
        if named and identity in objects:
            title = printable(f"{item.value['kind']} {read.namespace}/{read.name}")
            message = (
                f"{title} is defined twice, this one replaces the one in {objects[identity].place}"
            )
            problems.append(item.problem(ProblemCode.DEFINED_TWICE, message, error=False))
        objects[identity if named else (*identity, len(objects))] = read
    problems += (_unknown(kind, those) for kind, those in unknown.items())
    # What kustomize generates counts where nothing of its name was applied next to it.
    applied = {_next_to(each) for each in objects.values() if isinstance(each, PullSecret)}
    for source in sources:
        if isinstance(source, MadeSecret):
            makes.append(source)
        elif _next_to(source) not in applied:
            objects[(*_next_to(source), source.place)] = source
    left_out += not_known((*objects.values(), *makes, *left_out))
    makes += (each for each in left_out if isinstance(each, MadeSecret))
    found = (*objects.values(), *left_out)
    secrets, made = filled((o for o in found if isinstance(o, PullSecret)), makes)
    return Objects(
        tuple(_told_apart(o for o in found if isinstance(o, Pod))),
        tuple(o for o in found if isinstance(o, ServiceAccount)),
        secrets,
        tuple(problems),
        tuple(rbac),
        made,
    )


def _next_to(secret: PullSecret) -> tuple[Any, ...]:
    """What a Secret is known by within its folder."""
    file = None if secret.place is None else secret.place.file
    folder = None if file is None else PurePath(file).parent
    return secret.namespace, secret.name, folder


def _told_apart(pods: Iterable[Pod]) -> Iterator[Pod]:
    """The pods, those marked that several files define."""
    kept = list(pods)
    files: dict[tuple[str, str, str], set[str | None]] = {}
    for pod in kept:
        file = None if pod.place is None else pod.place.file
        files.setdefault((pod.kind, pod.namespace, pod.name), set()).add(file)
    for pod in kept:
        repeated = len(files[pod.kind, pod.namespace, pod.name]) > 1
        yield evolve(pod, repeated=True) if repeated else pod


def _in_namespace(manifest: Mapping[str, Any], namespace: str) -> Mapping[str, Any]:
    """The manifest with its namespace, where it names none."""
    metadata = manifest.get("metadata")
    names = metadata if isinstance(metadata, Mapping) else {}
    return {**manifest, "metadata": {**names, "namespace": names.get("namespace") or namespace}}


_MAX_LISTS: Final = 8
_READERS: Final[Mapping[str, Any]] = {
    "ServiceAccount": ServiceAccount.from_manifest,
    "Secret": PullSecret.from_manifest,
}
_RBAC: Final = frozenset({"ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"})
_KINDS: Final = _RBAC | _READERS.keys()
_RBAC_GROUPS: Final = frozenset({"", "rbac.authorization.k8s.io"})


def _read(
    document: Document, namespace: str, place: Place, templates: Templates
) -> Pod | ServiceAccount | PullSecret:
    reader = _READERS.get(document.value["kind"])
    if reader is None:
        return Pod.from_manifest(
            document.value, namespace=namespace, place=place, templates=templates
        )
    found: ServiceAccount | PullSecret = reader(document.value, namespace=namespace, place=place)
    return found


@frozen
class _Unknown:
    """A document of a kind that makes pods, or seems to, and is not read."""

    kind: str
    document: Document


def _kind_of(manifest: Mapping[str, Any]) -> str:
    """A manifest's kind, with its API group if it is not one of Kubernetes' own."""
    group = str(manifest.get("apiVersion") or "").rpartition("/")[0]
    return str(manifest["kind"]) if group in GROUPS else f"{manifest['kind']}.{group}"


def _unknown(kind: str, documents: list[Document]) -> Problem:
    """That the objects of a kind are passed over."""
    number = len(documents)
    objects = "1 object" if number == 1 else f"{number:,} objects"
    message = (
        f"passed over: {objects} of the kind {printable(kind)}, which is about pods and is not "
        "read here; the setting templates adds a kind that has one pod template"
    )
    return documents[0].problem(ProblemCode.UNKNOWN_WORKLOAD, message, error=False)


def _unwrapped(
    documents: Iterable[Document | Problem], makers: Makers, templates: Templates, depth: int = 0
) -> Iterator[Document | Problem | _Unknown]:
    """The objects of a kind that is read here, lists of them unwrapped (rule 6)."""
    for document in documents:
        if isinstance(document, Problem):
            yield document
        else:
            # In a frame of its own, so that this one holds no value if the next document raises.
            yield from _objects_in(document, makers, templates, depth)


def _objects_in(
    document: Document, makers: Makers, templates: Templates, depth: int
) -> Iterator[Document | Problem | _Unknown]:
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
        yield from _unwrapped(children, makers, templates, depth)
    elif not _is_list(kind, version or "", templates):
        if _kind_of(value) in MANY or has_containers(value):
            yield _Unknown(_kind_of(value), document)
    elif depth == _MAX_LISTS:
        message = f"lists are nested more than {_MAX_LISTS} deep"
        yield document.problem(ProblemCode.NESTED_LISTS, message)
    else:
        yield from _unwrapped(_items(document), makers, templates, depth + 1)


def _child(document: Document, made: Made | str) -> Document | Problem:
    """What will be made of a document; or that it is not known."""
    if isinstance(made, str):
        message = f"passed over: {_title(document.value)} {made}"
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
        _RBAC_GROUPS if kind in _RBAC else GROUPS
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
        return _template(document, f"{_title(document.value)} {_WITH_VARIABLES}")
    if lack is Lack.ELSEWHERE:
        title, at = _title(document.value), ".".join(shape.reference)
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


def _title(manifest: Mapping[str, Any]) -> str:
    """An object's kind and name, for a message about an object that could not be read."""
    metadata = manifest.get("metadata")
    names = metadata if isinstance(metadata, Mapping) else {}
    parts = [part for part in (names.get("namespace"), names.get("name")) if isinstance(part, str)]
    kind = manifest.get("kind") or "Kustomization"
    return printable(" ".join([kind, "/".join(parts)]).strip())
