"""Draws what is put through a real cluster: secrets, service accounts and pods."""

from __future__ import annotations

import json
from base64 import b64encode
from random import Random
from typing import Any

from live.node import NAME
from live.registry import PASSWORD, USER

Manifest = dict[str, Any]

NAMESPACES = ("shop", "lab", "data", "web")
ACCOUNTS = ("default", "deployer", "builder")
HOSTS = ("quay.io", "quay.io", "registry.example.com:5000", "docker.io", "ecr.example.com")
PATHS = ("acme/private/api", "acme/private/web", "acme/public/api", "acme/gone/api", "lab/private")
SECRETS = ("a", "b", "c", "d", "e", "f")
MISSING = "gone"
ENTRIES = (
    *("quay.io", "quay.io/acme", "https://quay.io/v1/acme", "*.io", "quay.io/acme/private"),
    *("registry.example.com:5000", "*.example.com:5000", "registry.example.com"),
    *("https://index.docker.io/v1/", "docker.io", "docker.io/acme", "http://quay.io/"),
    *("ecr.example.com", "*.example.com", "ecr.example.com/acme"),
)
PROVIDER = "ecr"
PROVIDER_HOSTS = ("ecr.example.com", "quay.io")


def once_in(r: Random, times: int) -> bool:
    return r.randrange(times) == 0


def login(r: Random) -> tuple[str, str]:
    """One in three is right; the others tell each other apart, and an empty one is none."""
    if once_in(r, 3):
        return USER, PASSWORD
    return (f"user{r.randrange(1000)}", "wrong") if not once_in(r, 12) else ("", "")


def docker_config(r: Random) -> bytes:
    auths = {}
    for entry in r.sample(ENTRIES, r.choice((3, 4, 5, 6))):
        user, password = login(r)
        if once_in(r, 2):
            auths[entry] = {"auth": b64encode(f"{user}:{password}".encode()).decode()}
        else:
            auths[entry] = {"username": user, "password": password}
    if once_in(r, 12):
        auths[r.choice(ENTRIES)] = {"auth": r.choice(("%", "dXNlcg==", "YQ"))}
    return json.dumps({"auths": auths}).encode()


def secret(r: Random, namespace: str, name: str) -> Manifest:
    data = {".dockerconfigjson": b64encode(docker_config(r)).decode()}
    type_ = "kubernetes.io/dockerconfigjson"
    if once_in(r, 12):
        type_ = "Opaque"
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "type": type_,
        "data": data,
    }


def references(r: Random, most: int) -> list[dict[str, str]]:
    """A list of pull secrets, now and then with one that is not there, or one twice."""
    names = [r.choice((*SECRETS * 2, MISSING)) for _ in range(r.randrange(most + 1))]
    return [{"name": name} for name in names]


def service_account(r: Random, namespace: str, name: str) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": name, "namespace": namespace},
        "imagePullSecrets": unique(references(r, 2)),
    }


def unique(found: list[dict[str, str]]) -> list[dict[str, str]]:
    """Each name once: the API server merges a list by its names."""
    return [{"name": name} for name in dict.fromkeys(each["name"] for each in found)]


def image(r: Random) -> str:
    if once_in(r, 24):
        return r.choice(("QUAY.io/Acme/api", "quay.io/acme/api:a:b", "quay.io//acme"))
    host = r.choice(HOSTS)
    written = f"{host}/{r.choice(PATHS)}"
    if host == "docker.io" and once_in(r, 2):
        written = written.removeprefix("docker.io/")
    return written + r.choice((":1", ":1", ":2", ""))


def pod(r: Random, number: int, policy: str | None = "Always") -> Manifest:
    images = list(dict.fromkeys(image(r) for _ in range(r.choice((1, 1, 2)))))
    fields: Manifest = {
        "nodeName": NAME,
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 0,
        "containers": [
            {"name": f"c{at}", "image": image, "imagePullPolicy": policy}
            for at, image in enumerate(images)
        ],
    }
    account = r.choice((None, None, *ACCOUNTS)) if not once_in(r, 24) else "nobody"
    if account is not None:
        fields["serviceAccountName"] = account
    if not once_in(r, 3):
        fields["imagePullSecrets"] = unique(references(r, 3))
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"p{number:03}", "namespace": r.choice(NAMESPACES)},
        "spec": fields,
    }


def world(r: Random) -> list[Manifest]:
    """What is in the cluster before any pod, but for the namespaces."""
    return [
        *(secret(r, namespace, name) for namespace in NAMESPACES for name in SECRETS),
        *(service_account(r, namespace, name) for namespace in NAMESPACES for name in ACCOUNTS),
    ]


def node_config(r: Random) -> bytes:
    """The node's docker config: one that decodes."""
    auths = {}
    for entry in ("quay.io", "docker.io", "*.example.com:5000"):
        user, password = login(r)
        auths[entry] = {"username": user, "password": password}
    return json.dumps({"auths": auths}).encode()


def provider(r: Random) -> tuple[Manifest, bytes]:
    """The configuration of one credential provider, and what its program says."""
    version = "credentialprovider.kubelet.k8s.io/v1"
    config = {
        "apiVersion": "kubelet.config.k8s.io/v1",
        "kind": "CredentialProviderConfig",
        "providers": [
            {
                "name": PROVIDER,
                "matchImages": list(PROVIDER_HOSTS),
                "defaultCacheDuration": "1h",
                "apiVersion": version,
            }
        ],
    }
    auth = {}
    for key in PROVIDER_HOSTS:
        user, password = login(r)
        auth[key] = {"username": user, "password": password}
    answer = {
        "kind": "CredentialProviderResponse",
        "apiVersion": version,
        "cacheKeyType": "Global",
        "auth": auth,
    }
    return config, json.dumps(answer).encode()
