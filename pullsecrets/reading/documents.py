"""From documents to objects: lists unwrapped, other kinds passed over, faults collected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from enum import StrEnum
from pathlib import PurePath
from typing import Any, Final

from attrs import evolve, field, frozen

from pullsecrets.errors import PullsecretsError
from pullsecrets.fields import FieldPath, InvalidManifest, format_path
from pullsecrets.makers.made import MadeSecret
from pullsecrets.makers.reading import is_maker, made_for
from pullsecrets.makers.table import MAKERS, Makers
from pullsecrets.objects import POD_TEMPLATES, Place, Pod, PullSecret, ServiceAccount
from pullsecrets.reading.generators import generated, is_kustomization
from pullsecrets.secrecy import printable

__all__ = ["Document", "Objects", "Problem", "ProblemCode", "Unreadable", "objects_of"]


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
    NOT_RENDERED = "not-rendered"
    """A kustomization or a chart that was to be rendered could not be."""
    NOTHING_FOUND = "nothing-found"
    """A folder holds nothing to look at."""
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
            "file": place.file,
            "document": place.document,
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
    """

    value: Any = field(repr=False)
    place: Place
    path: FieldPath = ()

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
) -> Objects:
    """Read Pods, workloads, ServiceAccounts, Secrets, roles and their bindings, and lists of them.

    Other kinds are passed over in silence. What is malformed is left out and becomes a problem.
    Within a file or a stream the later of two definitions of an object counts, as ``kubectl apply``
    has it. In two files they are two objects, of two environments.

    Args:
        documents: The documents, and what could not be read.
        namespace: For objects that name none.
        environment: The name of the environment that they belong to, where there are several.
        makers: The kinds for whose objects other programs make secrets.
    """
    objects: dict[Any, Pod | ServiceAccount | PullSecret] = {}
    problems: list[Problem] = []
    rbac: list[Mapping[str, Any]] = []
    made: list[MadeSecret] = []
    sources: list[PullSecret | MadeSecret] = []
    for item in _unwrapped(documents, makers):
        if isinstance(item, Problem):
            problems.append(item)
            continue
        if item.value.get("kind") in _RBAC:
            rbac.append(_in_namespace(item.value, namespace))
            continue
        try:
            place = evolve(item.place, environment=environment)
            if is_kustomization(item.value, place):
                sources += generated(item.value, namespace=namespace, place=place)
                continue
            secrets, whole = made_for(item.value, makers, namespace=namespace, place=place)
            made += secrets
            if whole:
                continue
            read = _READERS[item.value["kind"]](item.value, namespace=namespace, place=place)
        except InvalidManifest as error:
            message = f"{_title(item.value)}: {error}"
            problems.append(item.problem(ProblemCode.INVALID_OBJECT, message))
            continue
        identity = item.value["kind"], read.namespace, read.name, item.place.file
        # Each object with a generateName is one of its own.
        named = bool(item.value["metadata"].get("name"))
        if named and identity in objects:
            title = printable(f"{identity[0]} {read.namespace}/{read.name}")
            message = (
                f"{title} is defined twice, this one replaces the one in {objects[identity].place}"
            )
            problems.append(item.problem(ProblemCode.DEFINED_TWICE, message, error=False))
        objects[identity if named else (*identity, len(objects))] = read
    # What kustomize generates counts where nothing of its name was applied next to it.
    applied = {_next_to(each) for each in objects.values() if isinstance(each, PullSecret)}
    for source in sources:
        if isinstance(source, MadeSecret):
            made.append(source)
        elif _next_to(source) not in applied:
            objects[(*_next_to(source), source.place)] = source
    found = objects.values()
    return Objects(
        tuple(_told_apart(o for o in found if isinstance(o, Pod))),
        tuple(o for o in found if isinstance(o, ServiceAccount)),
        tuple(o for o in found if isinstance(o, PullSecret)),
        tuple(problems),
        tuple(rbac),
        tuple(made),
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
    **dict.fromkeys(POD_TEMPLATES, Pod.from_manifest),
    "ServiceAccount": ServiceAccount.from_manifest,
    "Secret": PullSecret.from_manifest,
}
_RBAC: Final = frozenset({"ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"})
_KINDS: Final = _RBAC | _READERS.keys()
_LISTS: Final = frozenset({"List", *(f"{kind}List" for kind in _KINDS)})
# Of the API groups; the core group has no name.
_GROUPS: Final = frozenset({"", "apps", "batch", "extensions"})
_RBAC_GROUPS: Final = frozenset({"", "rbac.authorization.k8s.io"})


def _unwrapped(
    documents: Iterable[Document | Problem], makers: Makers, depth: int = 0
) -> Iterator[Document | Problem]:
    """The objects of a kind that is read here, lists of them unwrapped (rule 6)."""
    for document in documents:
        if isinstance(document, Problem):
            yield document
        else:
            # In a frame of its own, so that this one holds no value if the next document raises.
            yield from _objects_in(document, makers, depth)


def _objects_in(document: Document, makers: Makers, depth: int) -> Iterator[Document | Problem]:
    value = document.value
    if value is None:
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
        yield document
    elif kind not in _KINDS and kind not in _LISTS:
        return
    elif not isinstance(version, (str, type(None))):
        yield document.problem(ProblemCode.INVALID_OBJECT, "apiVersion is not a string")
    elif (version or "").rpartition("/")[0] not in _groups(kind):
        return  # another API's kind of the same name
    elif kind in _KINDS:
        yield document
    elif depth == _MAX_LISTS:
        message = f"lists are nested more than {_MAX_LISTS} deep"
        yield document.problem(ProblemCode.NESTED_LISTS, message)
    else:
        yield from _unwrapped(_items(document), makers, depth + 1)


def _groups(kind: str) -> Set[str]:
    return _RBAC_GROUPS if kind.removesuffix("List") in _RBAC else _GROUPS


def _items(document: Document) -> Iterator[Document | Problem]:
    items = document.value.get("items")
    if not isinstance(items, (list, tuple, type(None))):
        yield document.problem(ProblemCode.INVALID_OBJECT, "items is not a list")
        return
    # The API server's typed lists leave the kind of their items to the list's.
    implied = document.value["kind"].removesuffix("List")
    for number, item in enumerate(items or ()):
        bare = isinstance(item, Mapping) and implied in _KINDS and item.get("kind") is None
        path = (*document.path, "items", number)
        yield Document({**item, "kind": implied} if bare else item, document.place, path)


def _title(manifest: Mapping[str, Any]) -> str:
    """An object's kind and name, for a message about an object that could not be read."""
    metadata = manifest.get("metadata")
    names = metadata if isinstance(metadata, Mapping) else {}
    parts = [part for part in (names.get("namespace"), names.get("name")) if isinstance(part, str)]
    kind = manifest.get("kind") or "Kustomization"
    return printable(" ".join([kind, "/".join(parts)]).strip())
