"""For which audiences a node may ask for a service account's token (D23).

The API server gives a node a token for an audience that is neither in one of the pod's volumes nor
a CSI driver's only where RBAC allows the nodes the verb ``request-serviceaccounts-token-audience``
(``validateNodeServiceAccountAudience``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import product
from typing import Any, Final

from attrs import frozen

__all__ = ["AudienceGrant", "audience_grants", "audience_rule", "granted_audiences"]

VERB: Final = "request-serviceaccounts-token-audience"
_GROUPS: Final = ("system:nodes", "system:authenticated")
_NODE_USER: Final = "system:node:"


@frozen
class AudienceGrant:
    """A rule of RBAC that lets nodes ask for tokens.

    Attributes:
        audiences: The audiences, ``*`` for each.
        accounts: The names of the service accounts, empty for each.
        namespace: The namespace that it is for, None for each.
    """

    audiences: tuple[str, ...]
    accounts: tuple[str, ...] = ()
    namespace: str | None = None


def granted_audiences(
    grants: Iterable[AudienceGrant],
) -> Callable[[str, str], frozenset[str]]:
    """The audiences of which nodes may have a token: by a service account's namespace and name."""
    granted: dict[tuple[str | None, str | None], set[str]] = {}
    for grant in grants:
        for account in grant.accounts or (None,):
            granted.setdefault((grant.namespace, account), set()).update(grant.audiences)

    def audiences(namespace: str, account: str) -> frozenset[str]:
        found = (granted.get(each, ()) for each in product((namespace, None), (account, None)))
        return frozenset().union(*found)

    return audiences


def audience_grants(manifests: Iterable[Any]) -> tuple[AudienceGrant, ...]:
    """What the roles and bindings among some objects let nodes ask for.

    Args:
        manifests: Objects of any kind, as JSON or YAML has them. What is malformed is passed over:
            the API server would not have it.
    """
    objects = [each for each in manifests if isinstance(each, Mapping)]
    roles = {_identity(each): each for each in objects if each.get("kind") in _ROLES}
    return tuple(
        grant
        for binding in objects
        if binding.get("kind") in _BINDINGS and _is_for_nodes(binding)
        for grant in _grants(binding, roles)
    )


_ROLES: Final = ("ClusterRole", "Role")
_BINDINGS: Final = ("ClusterRoleBinding", "RoleBinding")
_Identity = tuple[str, str | None, str]


def _identity(role: Mapping[str, Any]) -> _Identity:
    kind = str(role.get("kind"))
    return (
        kind,
        _namespace(role) if kind == "Role" else None,
        str(_of(role, "metadata").get("name")),
    )


def _namespace(each: Mapping[str, Any]) -> str:
    return str(_of(each, "metadata").get("namespace") or "default")


def _grants(
    binding: Mapping[str, Any], roles: Mapping[_Identity, Mapping[str, Any]]
) -> Iterator[AudienceGrant]:
    namespace = _namespace(binding) if binding["kind"] == "RoleBinding" else None
    named = _of(binding, "roleRef")
    kind = str(named.get("kind"))
    role = roles.get((kind, namespace if kind == "Role" else None, str(named.get("name"))), {})
    for rule in _each(role, "rules"):
        verbs, groups = _strings(rule, "verbs"), _strings(rule, "apiGroups")
        if {VERB, "*"} & {*verbs} and {"", "*"} & {*groups}:
            accounts = _strings(rule, "resourceNames")
            yield AudienceGrant(_strings(rule, "resources"), accounts, namespace)


def _is_for_nodes(binding: Mapping[str, Any]) -> bool:
    return any(
        (subject.get("kind") == "Group" and subject.get("name") in _GROUPS)
        or (subject.get("kind") == "User" and str(subject.get("name")).startswith(_NODE_USER))
        for subject in _each(binding, "subjects")
    )


def _of(each: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = each.get(name)
    return value if isinstance(value, Mapping) else {}


def _each(each: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
    values = each.get(name)
    if isinstance(values, list | tuple):
        yield from (value for value in values if isinstance(value, Mapping))


def _strings(each: Mapping[str, Any], name: str) -> tuple[str, ...]:
    values = each.get(name)
    if not isinstance(values, list | tuple):
        return ()
    return tuple(value for value in values if isinstance(value, str))


def audience_rule(audience: str, account: str) -> dict[str, Any]:
    """The rule of a ClusterRole that would allow it, to be bound to the group ``system:nodes``."""
    return {
        "apiGroups": [""],
        "resources": [audience],
        "resourceNames": [account],
        "verbs": [VERB],
    }
