"""What is in the API server that the tests read, and who may read what of it."""

from __future__ import annotations

from typing import Any

from live.starting import ApiServer
from support.canary import CANARY

READER = "reader"
"""May list pods and get secrets by name, everywhere, and no more."""
LISTER = "lister"
"""May list pods, everywhere, and no more."""
TENANT = "tenant"
"""May list pods and get secrets by name in the namespace `shop`, and no more."""
EDITOR = "editor"
"""May read all that is read, everywhere."""
STRANGER = "stranger"
"""May do nothing."""

USERS = (READER, LISTER, TENANT, EDITOR, STRANGER)

_PODS = {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}
_SECRETS = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}
_ACCOUNTS = {"apiGroups": [""], "resources": ["serviceaccounts"], "verbs": ["get"]}
_WORKLOADS = {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["list"]}
_RULES = {
    READER: [_PODS, _SECRETS],
    LISTER: [_PODS],
    TENANT: [_PODS, _SECRETS],
    EDITOR: [_PODS, _SECRETS, _ACCOUNTS, _WORKLOADS],
}
_RBAC = "rbac.authorization.k8s.io"


def fill(server: ApiServer) -> None:
    """Create the objects and the rights."""
    server.namespace("shop", ["regcred"])
    server.namespace("lab")
    server.create(
        _pull_secret("shop", "regcred", "quay.io/acme", "acme+shop"),
        _pull_secret("shop", "spare", "quay.io", "acme+spare"),
        _pull_secret("lab", "labcred", "registry.example", "lab"),
        *(_pod("shop", f"api-{number}", "quay.io/acme/api:1") for number in range(5)),
        _pod("shop", "web", "quay.io/acme/web:1", ["spare", "gone"]),
        _pod("lab", "trial", "registry.example/trial:1", ["labcred"]),
        _deployment("shop", "api", "quay.io/acme/api:2"),
    )
    for user, rules in _RULES.items():
        kind = "Role" if user == TENANT else "ClusterRole"
        where = {"namespace": "shop"} if user == TENANT else {}
        server.create(
            _rbac(kind, user, where, rules=rules),
            _rbac(
                f"{kind}Binding",
                user,
                where,
                roleRef={"apiGroup": _RBAC, "kind": kind, "name": user},
                subjects=[{"apiGroup": _RBAC, "kind": "User", "name": user}],
            ),
        )


def _rbac(kind: str, name: str, where: dict[str, str], **fields: Any) -> dict[str, Any]:
    metadata = {"name": name, **where}
    return {"apiVersion": f"{_RBAC}/v1", "kind": kind, "metadata": metadata, **fields}


def _pull_secret(namespace: str, name: str, entry: str, username: str) -> dict[str, Any]:
    auths = f'{{"auths": {{"{entry}": {{"username": "{username}", "password": "{CANARY}"}}}}}}'
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "type": "kubernetes.io/dockerconfigjson",
        "stringData": {".dockerconfigjson": auths},
    }


def _pod(
    namespace: str, name: str, image: str, pull_secrets: list[str] | None = None
) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace},
        "spec": _spec(image, pull_secrets),
    }


def _spec(image: str, pull_secrets: list[str] | None = None) -> dict[str, Any]:
    return {
        "automountServiceAccountToken": False,
        "containers": [{"name": "main", "image": image}],
        "imagePullSecrets": [{"name": each} for each in pull_secrets or []],
    }


def _deployment(namespace: str, name: str, image: str) -> dict[str, Any]:
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": _spec(image)}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"selector": {"matchLabels": labels}, "template": template},
    }
