"""What the names in a list of secrets lead to: a Secret, one that is made, or nothing (rule 4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from attrs import evolve

from pullsecrets.makers.made import MadeSecret, copy_of
from pullsecrets.metadata import Place
from pullsecrets.names import Names
from pullsecrets.notes import Note, NoteCode
from pullsecrets.objects import NOT_READ, Pod, ServiceAccount
from pullsecrets.pull_secret import PullSecret

__all__ = [
    "SecretNames",
    "listed",
    "missing",
    "namespaces_by_name",
    "secret_names",
    "string_references",
]

_RENDERED: Final = "map["  # how Go's templates write an object as text

SecretNames = Names[PullSecret | MadeSecret]
"""Secrets, there and made, by namespace and name."""


def secret_names(secrets: Iterable[PullSecret], made: Iterable[MadeSecret]) -> SecretNames:
    """What the names of secrets mean: one that is made counts where its file has no Secret of it.

    Args:
        secrets: The Secrets that are there.
        made: The secrets that other programs make, and those that could not be read.
    """
    return Names(_distinct(secrets, made))


def _distinct(
    secrets: Iterable[PullSecret], made: Iterable[MadeSecret]
) -> Iterator[PullSecret | MadeSecret]:
    here = set()
    for secret in secrets:
        here.add((secret.namespace, secret.name, secret.place and secret.place.file))
        yield secret
    for each in made:
        if (each.namespace, each.name, each.place and each.place.file) not in here:
            yield each


def namespaces_by_name(
    secrets: Iterable[PullSecret | MadeSecret],
) -> Mapping[str, tuple[str, ...]]:
    """Name → the namespaces that have a Secret of it, or get one that is made; sorted.

    Args:
        secrets: The secrets. Those that could not be read are left out, as it is not known whether
            they are there.
    """
    found: dict[str, set[str]] = {}
    for secret in secrets:
        unread = isinstance(secret, MadeSecret) and secret.unread
        if secret.namespace is not None and not unread:
            found.setdefault(secret.name, set()).add(secret.namespace)
    return {name: tuple(sorted(namespaces)) for name, namespaces in found.items()}


def listed(
    names: SecretNames, namespace: str, name: str, near: Place | None = None
) -> PullSecret | MadeSecret | None:
    """What a name in a list of secrets leads to: a Secret, one that is made, or None.

    A copy of a Secret that is there is a Secret, too.

    Args:
        names: The secrets.
        namespace: The pod's namespace.
        name: The name in its list.
        near: Where the name is written: where several files define it, the nearest counts.
    """
    if name == NOT_READ:
        return MadeSecret.not_read(namespace, name)
    # Of some secrets the name is encrypted, or the namespace: they may be this one.
    keys = (namespace, name), (None, name), (namespace, ""), (None, "")
    for where, title in keys:
        found = names.find(where, title, near)
        if found is not None:
            break
    else:
        return None
    secret = found.object
    if isinstance(secret, PullSecret):
        return secret
    sure = secret.certain and bool(secret.name)
    made = evolve(secret, namespace=namespace, name=name, certain=sure)
    if made.origin is None:
        return made
    # Of a copy of a copy nothing is known: it would not end where they copy each other.
    original = names.find(*made.origin, made.place)
    return copy_of(made, None if original is None else original.object)


def missing(
    namespace: str, name: str, position: int, elsewhere: tuple[str, ...], *, complete: bool
) -> Note:
    """Why a reference leads nowhere.

    Args:
        namespace: The pod's namespace.
        name: The name in its list, empty if the reference has none.
        position: Its position in the list, counted from 0.
        elsewhere: The namespaces that have a Secret of that name.
        complete: Whether what is not known does not exist.
    """
    if not name:
        return Note(NoteCode.NAMELESS_REFERENCE, namespace, position=position)
    if name.startswith(_RENDERED):
        code = NoteCode.RENDERED_REFERENCE
    else:
        code = NoteCode.ABSENT_SECRET if complete else NoteCode.MISSING_SECRET
    return Note(code, namespace, name, position=position, elsewhere=elsewhere)


def string_references(holder: Pod | ServiceAccount) -> Iterator[Note]:
    """The references in an object's own list that are written as strings.

    The API server refuses such an object when it decodes it: a string is no
    ``LocalObjectReference``. Each counts here as the name that it was meant to be.

    Args:
        holder: The pod or the service account.
    """
    for position in holder.string_references:
        name = holder.pull_secrets[position]
        yield Note(NoteCode.STRING_REFERENCE, holder.namespace, name, position=position)
