"""What cannot be read, as what it may be: objects that are malformed, and names with variables.

A pod that lists such a secret, or runs as such a service account, gets no answer that takes it to
be absent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pullsecrets.makers.made import MadeSecret
from pullsecrets.makers.reading import is_maker
from pullsecrets.makers.table import Makers
from pullsecrets.makers.variables import has_variable
from pullsecrets.metadata import Place
from pullsecrets.objects import NOT_READ, Pod, ServiceAccount
from pullsecrets.pull_secret import PullSecret
from pullsecrets.workloads import value_at

__all__ = ["not_known", "unread"]


def unread(
    manifest: Mapping[str, Any], makers: Makers, *, namespace: str, place: Place
) -> Iterator[ServiceAccount | MadeSecret]:
    """What a malformed object may be; nothing if no pod asks for such an object.

    Args:
        manifest: The object.
        makers: The kinds for whose objects other programs make secrets.
        namespace: For objects that name none.
        place: Where it was read.
    """
    name = value_at(manifest, ("metadata", "name"))
    own = value_at(manifest, ("metadata", "namespace")) or namespace
    if not isinstance(name, str) or not isinstance(own, str):
        return
    if is_maker(manifest, makers):
        yield MadeSecret.not_read(own, "", place)  # the secret may have any name
    elif manifest.get("kind") == "Secret":
        yield MadeSecret.not_read(own, name, place)
    elif manifest.get("kind") == "ServiceAccount":
        yield ServiceAccount(name, own, (NOT_READ,), place=place)


def not_known(
    objects: Iterable[Pod | ServiceAccount | PullSecret | MadeSecret],
) -> tuple[ServiceAccount | MadeSecret, ...]:
    """The secrets and service accounts that some objects name with a variable.

    Not those that are among the objects under the same name, with the variable. What an API server
    has stored has none: there a dollar is a part of the name, which is wrong.

    Args:
        objects: The objects.
    """
    found: dict[Any, ServiceAccount | MadeSecret] = {}
    there: set[tuple[Any, ...]] = set()
    for each in objects:
        if isinstance(each, (PullSecret, MadeSecret)):
            there.add((MadeSecret, each.namespace, each.name))
            continue
        if isinstance(each, ServiceAccount):
            there.add((ServiceAccount, each.namespace, each.name))
        if each.stored if isinstance(each, Pod) else each.uid:
            continue
        file = None if each.place is None else each.place.file
        for name in filter(has_variable, each.pull_secrets):
            secret = MadeSecret.not_read(each.namespace, name, each.place)
            found[MadeSecret, each.namespace, name, file] = secret
        if isinstance(each, Pod) and has_variable(each.service_account):
            name = each.service_account
            runs_as = ServiceAccount(name, each.namespace, (NOT_READ,), place=each.place)
            found[ServiceAccount, each.namespace, name, file] = runs_as
    return tuple(each for key, each in found.items() if key[:3] not in there)
