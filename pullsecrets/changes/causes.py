"""Why an answer differs between two clusters: found by trying.

All that an answer depends on is compared. If one input alone differs, it is the cause. If several
do, each of them alone is put in the place of its old value: those that give the new answer are the
causes. If none does, the cause is a set of inputs that does together, and of which none can be left
out. So several causes mean that there is no single one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from attrs import evolve

from pullsecrets.changes.comparison import diff, looked_up
from pullsecrets.changes.model import Action, Answer, Cause, CauseKind, Change
from pullsecrets.cluster import Cluster
from pullsecrets.makers.made import MadeSecret
from pullsecrets.node.node import Node
from pullsecrets.objects import Container, Pod
from pullsecrets.pull_secret import PullSecret
from pullsecrets.resolution import Resolution
from pullsecrets.secrecy import printable

__all__ = ["diff_clusters"]

_Subject = tuple[CauseKind, str | None]  # with the name of a secret or of a service account
_Inputs = Mapping[_Subject, Any]

_MOST_TRIED: Final = 16  # inputs that differ; where there are more, all of them are named


def diff_clusters(old: Cluster, new: Cluster) -> tuple[Change, ...]:
    """The images whose answers differ, and because of what; those that break come first.

    Args:
        old: The cluster that was.
        new: The cluster that is.
    """
    known: dict[Any, tuple[Cause, ...]] = {}
    changes = []
    for change in diff(old.resolve_all(), new.resolve_all()):
        before, after = change.before, change.after
        if before is None or after is None:
            changes.append(change)
            continue
        # Images of pods that are written alike have the same causes.
        alike = before.pod.namespace, _own(old, before), _own(new, after)
        if alike not in known:
            known[alike] = tuple(_causes(old, new, before, after))
        changes.append(evolve(change, because=known[alike]))
    return tuple(changes)


def _own(cluster: Cluster, answer: Answer) -> tuple[Any, ...]:
    """All that an answer depends on in the pod itself."""
    pod = answer.pod
    own = pod.stored, pod.mirror, pod.pull_secrets, pod.service_account, pod.token_audiences
    return *own, answer.container.image, cluster.standpoint(pod.place)


def _causes(old: Cluster, new: Cluster, before: Answer, after: Answer) -> Iterator[Cause]:
    namespace = before.pod.namespace
    accounts = dict.fromkeys((before.pod.service_account, after.pod.service_account))
    found = [
        cluster.service_account(namespace, name, answer.pod.place)
        for cluster, answer in ((old, before), (new, after))
        for name in accounts
    ]
    lists = [before.pod.pull_secrets, after.pod.pull_secrets]
    lists += [account.pull_secrets for account in found if account is not None]
    secrets = dict.fromkeys(name for names in lists for name in names)
    was, now = (
        _inputs(cluster, answer, accounts, secrets)
        for cluster, answer in ((old, before), (new, after))
    )
    differing = [subject for subject in was if was[subject] != now[subject]]
    wanted = looked_up(after.resolution)

    def gives_the_new_answer(changed: Iterable[_Subject]) -> bool:
        mixed = {**was, **{subject: now[subject] for subject in changed}}
        return looked_up(_resolve(namespace, mixed)) == wanted

    for subject in _decisive(differing, gives_the_new_answer):
        yield _cause(namespace, subject, was[subject], now[subject])


def _decisive(
    differing: Sequence[_Subject], suffices: Callable[[Iterable[_Subject]], bool]
) -> Sequence[_Subject]:
    """The inputs that are causes."""
    if len(differing) == 1 or len(differing) > _MOST_TRIED:
        return differing
    single = [subject for subject in differing if suffices([subject])]
    if single:
        return single
    kept = list(differing)
    for subject in differing:
        fewer = [each for each in kept if each != subject]
        if suffices(fewer):
            kept = fewer
    return kept


def _inputs(
    cluster: Cluster, answer: Answer, accounts: Iterable[str], secrets: Iterable[str]
) -> _Inputs:
    """All that an answer may depend on."""
    pod, node = answer.pod, cluster.node
    return {
        (CauseKind.POD, None): (pod.stored, pod.mirror, pod.token_audiences),
        (CauseKind.IMAGE, None): answer.container.image,
        (CauseKind.PULL_SECRETS, None): pod.pull_secrets,
        (CauseKind.ACCOUNT_NAME, None): pod.service_account,
        **{
            (CauseKind.SERVICE_ACCOUNT, name): cluster.service_account(
                pod.namespace, name, pod.place
            )
            for name in accounts
        },
        **{
            (CauseKind.SECRET, name): cluster.listed(pod.namespace, name, pod.place)
            for name in secrets
        },
        (CauseKind.RBAC, None): cluster.grants,
        (CauseKind.NODE_CONFIG, None): node.docker_config,
        # Providers are read for a release, and answers are for providers: they go together.
        (CauseKind.PROVIDERS, None): (node.kubernetes, node.providers, node.answers),
    }


def _resolve(namespace: str, inputs: _Inputs) -> Resolution:
    """The answer for some inputs."""
    objects: dict[CauseKind, list[Any]] = {CauseKind.SERVICE_ACCOUNT: [], CauseKind.SECRET: []}
    for (kind, _), value in inputs.items():
        if kind in objects and value is not None:
            objects[kind].append(value)
    stored, mirror, token_audiences = inputs[CauseKind.POD, None]
    pod = Pod(
        "pod",
        namespace,
        containers=(Container("container", inputs[CauseKind.IMAGE, None]),),
        pull_secrets=inputs[CauseKind.PULL_SECRETS, None],
        service_account=inputs[CauseKind.ACCOUNT_NAME, None],
        stored=stored,
        mirror=mirror,
        token_audiences=token_audiences,
    )
    release, providers, answers = inputs[CauseKind.PROVIDERS, None]
    node = Node(release, inputs[CauseKind.NODE_CONFIG, None], providers, answers)
    secrets = objects[CauseKind.SECRET]
    cluster = Cluster(
        (pod,),
        tuple(objects[CauseKind.SERVICE_ACCOUNT]),
        tuple(each for each in secrets if isinstance(each, PullSecret)),
        node,
        grants=inputs[CauseKind.RBAC, None],
        made=tuple(each for each in secrets if isinstance(each, MadeSecret)),
    )
    return cluster.resolve(pod).images[0].resolution


def _cause(namespace: str, subject: _Subject, was: Any, now: Any) -> Cause:
    kind, name = subject
    if name is not None or kind is CauseKind.NODE_CONFIG:
        action = Action.ADDED if was is None else Action.CHANGED
        action = Action.REMOVED if now is None else action
        return Cause(kind, action, None if name is None else namespace, name)
    if kind is CauseKind.PULL_SECRETS:
        was, now = (
            ", ".join(each or "(nameless)" for each in names) or "none" for names in (was, now)
        )
    elif kind not in (CauseKind.IMAGE, CauseKind.ACCOUNT_NAME):
        was = now = ""
    values = printable(str(was)), printable(str(now))
    return Cause(kind, Action.CHANGED, None, None, *values)
