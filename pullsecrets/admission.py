"""Which list of secrets a pod has: its own, its service account's, or none (rules 1 to 3).

The API server's admission plugin ServiceAccount decides when a pod is created
(``plugin/pkg/admission/serviceaccount``). Of a pod that was read from a cluster it has done so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from attrs import evolve

from pullsecrets._go.strconv import parse_bool
from pullsecrets.makers.made import MadeSecret
from pullsecrets.names import Found
from pullsecrets.node.versions import Release
from pullsecrets.notes import Note, NoteCode
from pullsecrets.objects import DEFAULT_ACCOUNT, NOT_READ, Pod, ServiceAccount
from pullsecrets.pod_resolution import Admission, Origin
from pullsecrets.references import string_references

__all__ = ["admit", "as_service_account"]

_ENFORCE_MOUNTABLE: Final = "kubernetes.io/enforce-mountable-secrets"


def admit(
    pod: Pod, found: Found[ServiceAccount] | None, added: Iterable[MadeSecret], release: Release
) -> tuple[Admission, tuple[Note, ...]]:
    """Which list of secrets a pod has, and what there is to say about it.

    Args:
        pod: The pod.
        found: What the name of its service account means, None if there is none of it.
        added: The secrets that programs add to the lists of service accounts before there are pods.
        release: The release that the node runs.
    """
    own = pod.pull_secrets
    if pod.mirror:
        return Admission(Origin.MIRROR_POD, None, ()), tuple(_of_static_pod(pod, release))
    if pod.stored:
        return Admission(Origin.STORED_POD, pod.service_account, own), ()
    account = ServiceAccount(pod.service_account, pod.namespace) if found is None else found.object
    listed = own or _list_of(account, added)
    notes: tuple[Note, ...]
    if found is not None:
        notes = (
            *found.notes(NoteCode.AMBIGUOUS_ACCOUNT),
            *_not_mountable(account, own),
            *string_references(pod if own else account),
        )
    elif account.name != DEFAULT_ACCOUNT:
        missing = Note(NoteCode.MISSING_ACCOUNT, pod.namespace, account.name)
        notes = (*string_references(pod), missing)
    elif listed:
        notes = tuple(string_references(pod))
    else:
        notes = (Note(NoteCode.ASSUMED_ACCOUNT, pod.namespace, account.name),)
    origin = Origin.POD if own else Origin.SERVICE_ACCOUNT
    return Admission(origin, pod.service_account, listed), notes


def _list_of(account: ServiceAccount, added: Iterable[MadeSecret]) -> tuple[str, ...]:
    """A service account's list, with what programs add to it."""
    names = (made.name for made in added if made.is_added_to(account.namespace, account.name))
    new = (name for name in dict.fromkeys(names) if name not in account.pull_secrets)
    return (*account.pull_secrets, *new)


def _of_static_pod(pod: Pod, release: Release) -> Iterator[Note]:
    """What a static pod names in vain, or at all (rule 3)."""
    if pod.pull_secrets or pod.service_account != DEFAULT_ACCOUNT:
        refused = release.static_pod_with_references_is_refused
        code = NoteCode.STATIC_POD_REFUSED if refused else NoteCode.STATIC_POD
        yield Note(code, pod.namespace, pod.name)


def _not_mountable(account: ServiceAccount, names: Iterable[str]) -> Iterator[Note]:
    """What a pod may not list, as its service account limits it (``limitSecretReferences``)."""
    if not parse_bool(account.annotations.get(_ENFORCE_MOUNTABLE, "")):
        return
    for position, name in enumerate(names):
        if name not in account.pull_secrets:
            yield Note(
                NoteCode.NOT_MOUNTABLE,
                account.namespace,
                name,
                position=position,
                detail=account.name,
            )


def as_service_account(pod: Pod, name: str, before: ServiceAccount | None) -> Pod:
    """The pod as it is to be created to run as another service account.

    A pod that was read from a cluster has the list of its own service account, if the two are
    equal: then it gets the other one's instead. Where that service account could not be read,
    nobody knows, and what the pod lists is not known, either.

    Args:
        pod: The pod.
        name: The other service account's name.
        before: Its own service account, None if it is not there.
    """
    names = pod.pull_secrets
    if pod.stored and before is not None and before.pull_secrets in (names, (NOT_READ,)):
        names = () if before.pull_secrets == names or not names else (NOT_READ,)
    return evolve(pod, service_account=name, pull_secrets=names, stored=False)
