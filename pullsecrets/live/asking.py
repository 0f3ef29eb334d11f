"""What is asked of an API server: no more than the answer takes.

Pods page by page; of Secrets those that pods list, by name; a service account where a workload is
asked about, or a credential provider gets its token. What may not be read is not known, which is
something else than missing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol

from attrs import evolve

from pullsecrets.cluster import Cluster
from pullsecrets.dockerconfig import DockerConfig
from pullsecrets.errors import PullsecretsError
from pullsecrets.kinds import KINDS, Reference
from pullsecrets.live.connection import Refusal, Unreachable, connect
from pullsecrets.makers.made import MadeSecret
from pullsecrets.node.node import Node, as_node
from pullsecrets.objects import NOT_READ, Pod, ServiceAccount
from pullsecrets.reading import Document, Objects, Problem, ProblemCode, objects_of
from pullsecrets.secrecy import printable

__all__ = [
    "Api",
    "Count",
    "Forbidden",
    "joined",
    "listed",
    "read_live",
    "read_objects",
    "with_credentials",
]

_AT_ONCE: Final = 8  # connections; kubectl's own bound is 50 questions a second

Count = Callable[[str, int], None]
"""Is told what is read, as ``pods``, and how many of them by now."""


class Api(Protocol):
    """What is asked; `Connection` is one."""

    def get(self, kind: str, namespace: str, name: str) -> Document | Refusal:
        """Read one object."""
        ...

    def pages(
        self, kind: str, namespace: str | None, name: str | None = None
    ) -> Iterator[Document | Refusal]:
        """Read the objects of a kind, page after page."""
        ...


class Forbidden(PullsecretsError, PermissionError):
    """The right is missing without which nothing can be said.

    Attributes:
        refusal: What was refused.
    """

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal

    def __reduce__(self) -> tuple[type[Forbidden], tuple[Refusal]]:
        return type(self), (self.refusal,)


def read_live(
    *,
    kubeconfig: str | os.PathLike[str] | None = None,
    context: str | None = None,
    namespace: str | None = None,
    all_namespaces: bool = False,
    only: Reference | None = None,
    accounts: Collection[str] = (),
    node: Node | DockerConfig | None = None,
    count: Count | None = None,
) -> Cluster:
    """Read a cluster: its pods, and the secrets that they list.

    It takes the rights to list pods and to get secrets, and for workloads and for providers that
    get tokens that to get service accounts. Nothing is written.

    Args:
        kubeconfig: A kubeconfig; None for those that ``KUBECONFIG`` names, or ``~/.kube/config``.
        context: One of its contexts, None for the current one.
        namespace: The namespace, None for the context's.
        all_namespaces: All namespaces instead.
        only: Only this pod, or this workload.
        accounts: Service accounts that are to be read, too, in the namespace of each pod.
        node: The nodes, or only their docker config.
        count: Is told what was read so far.

    Raises:
        Unreachable: There is no kubeconfig, no connection or no usable answer.
        Forbidden: The right is missing to list pods, or to read that workload.
        MissingExtra: Kubernetes' client is not installed.
    """
    whole = as_node(node)
    api = connect(kubeconfig, context)
    try:
        found = read_objects(
            api,
            None if all_namespaces else namespace or api.namespace,
            only=only,
            with_accounts=any(provider.token is not None for provider in whole.providers or ()),
            accounts=accounts,
            count=count or _silent,
        )
    finally:
        api.close()
    return evolve(Cluster.of(found, whole), complete=True)


def read_objects(
    api: Api,
    namespace: str | None,
    *,
    only: Reference | None = None,
    with_accounts: bool = False,
    accounts: Collection[str] = (),
    count: Count,
) -> Objects:
    """Read pods or a workload, and what their credentials come from.

    Args:
        api: The API server.
        namespace: The namespace, None for all.
        only: Only this pod, or this workload.
        with_accounts: Whether to read the service accounts of pods; those of workloads always are.
        accounts: Service accounts that are to be read, too, in the namespace of each pod.
        count: Is told what was read so far.

    Raises:
        Unreachable: There is no usable answer.
        Forbidden: The right is missing to list pods, or to read that workload.
    """
    where = namespace if only is None or only.namespace is None else only.namespace
    kind = "Pod" if only is None or only.kind is None else only.kind
    found = listed(api, kind, where, None if only is None else only.name, count)
    all_ = with_accounts or bool(accounts)
    more = {(pod.namespace, name) for pod in found.pods for name in accounts}
    return with_credentials(api, found, all_accounts=all_, accounts=more, count=count)


def listed(api: Api, kind: str, namespace: str | None, name: str | None, count: Count) -> Objects:
    """The pods or workloads of a kind; of each page only what matters is kept.

    Args:
        api: The API server.
        kind: The kind.
        namespace: The namespace, None for all.
        name: Only the one of that name; None for all.
        count: Is told what was read so far.

    Raises:
        Unreachable: There is no usable answer.
        Forbidden: The right to list them is missing.
    """
    pages: list[Objects] = []
    for page in map(_taken, api.pages(kind, namespace, name)):
        if isinstance(page, Objects):
            pages.append(page)
        elif page.expired:
            pages.clear()
        else:
            raise _error(page)
        count(KINDS[kind].resource, sum(len(each.pods) for each in pages))
    return joined(pages)


def _taken(answer: Document | Refusal) -> Objects | Refusal:
    """The objects in an answer: what is kept of it, and hides what is secret."""
    return objects_of([answer]) if isinstance(answer, Document) else answer


def _error(refusal: Refusal) -> PullsecretsError:
    return Forbidden(refusal) if refusal.forbidden else Unreachable(refusal.reason)


def with_credentials(
    api: Api,
    found: Objects,
    *,
    all_accounts: bool = False,
    accounts: Iterable[tuple[str, str]] = (),
    count: Count,
) -> Objects:
    """The pods with their service accounts, and the secrets that both list.

    Args:
        api: The API server.
        found: The pods and workloads, and service accounts of which the secrets are to be read.
        all_accounts: Whether to read the service accounts of pods, and not only of workloads.
        accounts: Namespaces and names of service accounts that are to be read, too.
        count: Is told what was read so far.
    """
    of_pods = {
        (pod.namespace, pod.service_account)
        for pod in found.pods
        if not pod.mirror and (all_accounts or not pod.stored)
    }
    read = _read(api, "ServiceAccount", {*of_pods, *accounts}, count)
    found = joined([found, *read])
    holders: tuple[Pod | ServiceAccount, ...] = (*found.pods, *found.service_accounts)
    listed = {(each.namespace, name) for each in holders for name in each.pull_secrets}
    named = {each for each in listed if each[1] not in ("", NOT_READ)}
    return joined([found, *_read(api, "Secret", named, count)])


def _read(api: Api, kind: str, names: Iterable[tuple[str, str]], count: Count) -> list[Objects]:
    """The objects of those namespaces and names; what may not be read is a problem."""
    found: list[Objects] = []
    refused: dict[str, list[Refusal]] = {}
    pool = ThreadPoolExecutor(_AT_ONCE)
    try:
        answers = pool.map(lambda name: _taken(api.get(kind, *name)), sorted(names))
        for number, answer in enumerate(answers, 1):
            if isinstance(answer, Objects):
                found.append(answer)
            elif not answer.missing:
                refused.setdefault(answer.reason, []).append(answer)
            count(KINDS[kind].resource, number)
    finally:
        pool.shutdown(cancel_futures=True)
    problems = tuple(map(_problem, refused.values()))
    unread = [(each.namespace or "", each.name or "") for some in refused.values() for each in some]
    if kind == "Secret":
        made = tuple(MadeSecret.not_read(*each) for each in unread)
        return [*found, Objects(problems=problems, made=made)]
    unknown = (NOT_READ,)
    accounts = tuple(ServiceAccount(name, namespace, unknown) for namespace, name in unread)
    return [*found, Objects(service_accounts=accounts, problems=problems)]


def _problem(refusals: Sequence[Refusal]) -> Problem:
    """That some objects of one kind and namespace could not be read."""
    first = refusals[0]
    names = ", ".join(refusal.name or "" for refusal in refusals)
    code = ProblemCode.FORBIDDEN if first.forbidden else ProblemCode.UNREADABLE
    return Problem(code, printable(f"{first.reason}; not known: {names}"))


def joined(parts: Sequence[Objects]) -> Objects:
    """The objects of all parts, in their order."""
    return Objects(
        tuple(pod for part in parts for pod in part.pods),
        tuple(account for part in parts for account in part.service_accounts),
        tuple(secret for part in parts for secret in part.secrets),
        tuple(problem for part in parts for problem in part.problems),
        made=tuple(made for part in parts for made in part.made),
    )


def _silent(what: str, number: int) -> None:
    """Count nothing."""
