"""What is asked of an API server: no more than the answer takes.

Pods page by page; of Secrets those that pods list, by name; a service account where a workload is
asked about, or a credential provider gets its token. What may not be read is not known, which is
something else than missing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol

from pullsecrets.cluster import Cluster
from pullsecrets.dockerconfig import DockerConfig
from pullsecrets.errors import PullsecretsError
from pullsecrets.kinds import KINDS, Reference
from pullsecrets.live.connection import Refusal, Unreachable, connect
from pullsecrets.node.node import Node, as_node
from pullsecrets.objects import Pod, ServiceAccount
from pullsecrets.reading import Document, Objects, Problem, ProblemCode, objects_of
from pullsecrets.secrecy import printable

__all__ = ["Api", "Forbidden", "read_live", "read_objects"]

_AT_ONCE: Final = 8  # connections; kubectl's own bound is 50 questions a second

Count = Callable[[str, int], None]
"""Is told what is read, as ``pods``, and how many of them by now."""


class Api(Protocol):
    """What is asked; `Connection` is one."""

    def get(self, kind: str, namespace: str, name: str) -> Document | Refusal:
        """Read one object."""

    def pages(
        self, kind: str, namespace: str | None, name: str | None = None
    ) -> Iterator[Document | Refusal]:
        """Read the objects of a kind, page after page."""


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
            accounts=any(provider.token is not None for provider in whole.providers or ()),
            count=count or _silent,
        )
    finally:
        api.close()
    return Cluster.of(found, whole)


def read_objects(
    api: Api,
    namespace: str | None,
    *,
    only: Reference | None = None,
    accounts: bool = False,
    count: Count,
) -> Objects:
    """Read pods or a workload, and what their credentials come from.

    Args:
        api: The API server.
        namespace: The namespace, None for all.
        only: Only this pod, or this workload.
        accounts: Whether to read the service accounts of pods, too; those of workloads always are.
        count: Is told what was read so far.

    Raises:
        Unreachable: There is no usable answer.
        Forbidden: The right is missing to list pods, or to read that workload.
    """
    where = namespace if only is None or only.namespace is None else only.namespace
    kind = "Pod" if only is None or only.kind is None else only.kind
    listed = _list(api, kind, where, None if only is None else only.name, count)
    return _with_credentials(api, listed, accounts=accounts, count=count)


def _list(api: Api, kind: str, namespace: str | None, name: str | None, count: Count) -> Objects:
    """The pods or workloads of a list; of each page only what matters is kept."""
    pages: list[Objects] = []
    for page in api.pages(kind, namespace, name):
        if isinstance(page, Document):
            pages.append(objects_of([page]))
        elif page.expired:
            pages.clear()
        else:
            raise _error(page)
        count("pods", sum(len(each.pods) for each in pages))
    return _joined(pages)


def _error(refusal: Refusal) -> PullsecretsError:
    return Forbidden(refusal) if refusal.forbidden else Unreachable(refusal.reason)


def _with_credentials(api: Api, listed: Objects, *, accounts: bool, count: Count) -> Objects:
    """The pods with their service accounts, and the secrets that both list."""
    of_pods = {
        (pod.namespace, pod.service_account): None
        for pod in listed.pods
        if not pod.mirror and (accounts or not pod.stored)
    }
    found = _joined([listed, *_read(api, "ServiceAccount", of_pods, count)])
    holders: tuple[Pod | ServiceAccount, ...] = (*found.pods, *found.service_accounts)
    named = {(each.namespace, name): None for each in holders for name in each.pull_secrets if name}
    return _joined([found, *_read(api, "Secret", named, count)])


def _read(api: Api, kind: str, names: Iterable[tuple[str, str]], count: Count) -> list[Objects]:
    """The objects of those namespaces and names; what may not be read is a problem."""
    found: list[Objects] = []
    refused: dict[tuple[str, str], list[Refusal]] = {}
    pool = ThreadPoolExecutor(_AT_ONCE)
    try:
        answers = pool.map(lambda name: api.get(kind, *name), names)
        for number, answer in enumerate(answers, 1):
            if isinstance(answer, Document):
                found.append(objects_of([answer]))
            elif not answer.missing:
                refused.setdefault((answer.right, answer.reason), []).append(answer)
            count(KINDS[kind].resource, number)
    finally:
        pool.shutdown(cancel_futures=True)
    return [*found, Objects(problems=tuple(map(_problem, refused.values())))]


def _problem(refusals: Sequence[Refusal]) -> Problem:
    """That some objects of one kind and namespace could not be read."""
    first = refusals[0]
    names = ", ".join(refusal.name or "" for refusal in refusals)
    code = ProblemCode.FORBIDDEN if first.forbidden else ProblemCode.UNREADABLE
    return Problem(code, printable(f"{first.reason}; not known: {names}"))


def _joined(parts: Sequence[Objects]) -> Objects:
    return Objects(
        tuple(pod for part in parts for pod in part.pods),
        tuple(account for part in parts for account in part.service_accounts),
        tuple(secret for part in parts for secret in part.secrets),
        tuple(problem for part in parts for problem in part.problems),
        made=tuple(made for part in parts for made in part.made),
    )


def _silent(what: str, number: int) -> None:
    """Count nothing."""
