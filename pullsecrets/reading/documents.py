"""From documents to objects: each kind read by its reader, faults collected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePath
from typing import Any

from attrs import evolve, field, frozen

from pullsecrets.fields import InvalidManifest
from pullsecrets.makers.fills import filled
from pullsecrets.makers.made import MadeSecret
from pullsecrets.makers.reading import made_for
from pullsecrets.makers.table import MAKERS, Makers
from pullsecrets.metadata import Place
from pullsecrets.objects import Pod, ServiceAccount
from pullsecrets.pull_secret import PullSecret
from pullsecrets.reading.generators import generated, is_kustomization
from pullsecrets.reading.parts import mapping
from pullsecrets.reading.problems import Document, Problem, ProblemCode, Unreadable
from pullsecrets.reading.unread import not_known, unread
from pullsecrets.reading.unwrapping import RBAC, READERS, Unknown, kind_of, title_of, unwrapped
from pullsecrets.secrecy import printable
from pullsecrets.workloads import NO_TEMPLATES, Templates

__all__ = ["Objects", "objects_of"]


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
    for item in unwrapped(documents, makers, templates):
        if isinstance(item, Problem):
            problems.append(item)
            continue
        if isinstance(item, Unknown):
            unknown.setdefault(item.kind, []).append(item.document)
            continue
        if item.value.get("kind") in RBAC:
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
            message = f"{title_of(item.value)}: {error}"
            problems.append(item.problem(ProblemCode.INVALID_OBJECT, message))
            left_out += unread(item.value, makers, namespace=namespace, place=item.place)
            continue
        identity = kind_of(item.value), read.namespace, read.name, item.place.file
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
    names = mapping(manifest.get("metadata"))
    return {**manifest, "metadata": {**names, "namespace": names.get("namespace") or namespace}}


def _read(
    document: Document, namespace: str, place: Place, templates: Templates
) -> Pod | ServiceAccount | PullSecret:
    value = document.value
    reader = READERS.get(value["kind"])
    if reader is None:
        return Pod.from_manifest(value, namespace=namespace, place=place, templates=templates)
    return reader(value, namespace=namespace, place=place)


def _unknown(kind: str, documents: list[Document]) -> Problem:
    """That the objects of a kind are passed over."""
    number = len(documents)
    objects = "1 object" if number == 1 else f"{number:,} objects"
    message = (
        f"passed over: {objects} of the kind {printable(kind)}, which is about pods and is not "
        "read here; the setting templates adds a kind that has one pod template"
    )
    return documents[0].problem(ProblemCode.UNKNOWN_WORKLOAD, message, error=False)
