"""Identity tokens: `az acr login` writes them into a docker config, and the kubelet drops them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pullsecrets._go.json import BadJSON, Object, parse_json
from pullsecrets.cluster import Cluster
from pullsecrets.pull_secret import DOCKERCFG_TYPE, PullSecret
from pullsecrets.resolution import Candidate, SourceKind
from pullsecrets.secrecy import Password

__all__ = ["identity_tokens"]


def identity_tokens(cluster: Cluster) -> Callable[[Candidate], Password | None]:
    """Find the identity token of a candidate's entry (``identitytoken``, rule 9).

    For `Prober`: with it a registry is asked as ``docker`` would ask, not as the kubelet does.

    Args:
        cluster: Where the secrets are. The node's docker config is not looked into.
    """
    read: dict[PullSecret, dict[str, Password]] = {}

    def token(candidate: Candidate) -> Password | None:
        source = candidate.source
        if source.kind is not SourceKind.SECRET:
            return None
        secret = cluster.secret(source.namespace or "", source.name or "", source.place)
        if secret is None:
            return None
        if secret not in read:
            read[secret] = dict(_tokens(secret))
        return read[secret].get(candidate.entry.reveal())

    return token


def _tokens(secret: PullSecret) -> Iterator[tuple[str, Password]]:
    value = secret.data.get(secret.key)
    try:
        document = parse_json(value.reveal()) if value else None
    except BadJSON:
        return
    legacy = secret.type == DOCKERCFG_TYPE
    for entries in [document] if legacy else _members(document, "auths"):
        for entry, fields in _pairs(entries):
            for token in _members(fields, "identitytoken"):
                if isinstance(token, str) and token:
                    yield entry, Password(token)


def _pairs(value: Any) -> tuple[tuple[str, Any], ...]:
    return value if type(value) is Object else ()


def _members(value: Any, name: str) -> Iterator[Any]:
    """The members of that name, in any case, as Go reads them."""
    for key, member in _pairs(value):
        if key.lower() == name:
            yield member
