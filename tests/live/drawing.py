"""Draws what is put through a real cluster: secrets, service accounts and pods."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from random import Random
from typing import Any

from live.node import NAME
from live.registry import PASSWORD, USER
from pullsecrets.node.versions import Gate, Release

Manifest = dict[str, Any]

NAMESPACES = ("shop", "lab", "data", "web")
ACCOUNTS = ("default", "deployer", "builder")
HOSTS = ("quay.io", "quay.io", "registry.example.com:5000", "docker.io", "ecr.example.com")
VOLUME = "v0"
"""The image volume of a drawn pod; its first container mounts it."""
PATHS = ("acme/private/api", "acme/private/web", "acme/public/api", "acme/gone/api", "lab/private")
SECRETS = ("a", "b", "c", "d", "e", "f")
MISSING = "gone"
ENTRIES = (
    *("quay.io", "quay.io/acme", "https://quay.io/v1/acme", "*.io", "quay.io/acme/private"),
    *("registry.example.com:5000", "*.example.com:5000", "registry.example.com"),
    *("https://index.docker.io/v1/", "docker.io", "docker.io/acme", "http://quay.io/"),
    *("ecr.example.com", "*.example.com", "ecr.example.com/acme"),
)
PROVIDERS = {
    "ecr": ("ecr.example.com", "quay.io"),
    "workload": ("registry.example.com:5000", "ecr.example.com"),
}
"""Credential provider → the hosts that it is asked for. The second is given the token of the pod's
service account, where the release gives one."""
ANNOTATION = "example.com/role"
"""Without it, a service account gets nothing from the second provider."""


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
    annotations = {ANNOTATION: "puller"} if not once_in(r, 3) else {}
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": name, "namespace": namespace, "annotations": annotations},
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


def pod(r: Random, number: int, release: Release, policy: str = "Always") -> Manifest:
    """A pod with one image to four, no two of them the same.

    It has init containers or an image volume, not both: the volume is pulled again with each of
    them, so that it would be a matter of time whether a failure of it is said.
    """
    images = [image(r) for _ in range(r.choice((1, 1, 2)))]
    first = [image(r) for _ in range(r.choice((0, 0, 0, 1, 2)))]
    mounted = [image(r)] if release.image_volumes is Gate.ON and not first and once_in(r, 3) else []
    images, first, mounted = _each_once(images, first, mounted)
    fields: Manifest = {
        "nodeName": NAME,
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 0,
        "initContainers": [_container(f"i{at}", image, policy) for at, image in enumerate(first)],
        "containers": [_container(f"c{at}", image, policy) for at, image in enumerate(images)],
        "volumes": [
            {"name": VOLUME, "image": {"reference": image, "pullPolicy": policy}}
            for image in mounted
        ],
    }
    if mounted:
        fields["containers"][0]["volumeMounts"] = [{"name": VOLUME, "mountPath": "/mounted"}]
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


def _container(name: str, image: str, policy: str) -> Manifest:
    return {"name": name, "image": image, "imagePullPolicy": policy}


def _each_once(*lists: list[str]) -> Iterator[list[str]]:
    """The lists without what one before, or the same one, has."""
    seen: set[str] = set()
    for images in lists:
        yield [image for image in dict.fromkeys(images) if image not in seen]
        seen.update(images)


def images_of(pod: Manifest) -> list[str]:
    """All images of a drawn pod."""
    spec = pod["spec"]
    containers = [container["image"] for container in spec["initContainers"] + spec["containers"]]
    return [*containers, *(volume["image"]["reference"] for volume in spec["volumes"])]


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


def providers(r: Random, release: Release) -> tuple[Manifest, dict[str, bytes]]:
    """The configuration of the credential providers, and what each one's program says."""
    version = "credentialprovider.kubelet.k8s.io/v1"
    configured = [
        {
            "name": name,
            "matchImages": list(hosts),
            "defaultCacheDuration": "1h",
            "apiVersion": version,
        }
        for name, hosts in PROVIDERS.items()
    ]
    if release.token_gate is Gate.ON:
        configured[-1]["tokenAttributes"] = {
            "serviceAccountTokenAudience": "registry",
            "cacheType": r.choice(("Token", "ServiceAccount")),
            "requireServiceAccount": True,
            "requiredServiceAccountAnnotationKeys": [ANNOTATION],
        }
    config = {
        "apiVersion": "kubelet.config.k8s.io/v1",
        "kind": "CredentialProviderConfig",
        "providers": configured,
    }
    answers = {}
    for name, hosts in PROVIDERS.items():
        logins = [(host, *login(r)) for host in hosts]
        answer = {
            "kind": "CredentialProviderResponse",
            "apiVersion": version,
            "cacheKeyType": "Global",
            "auth": {host: {"username": user, "password": word} for host, user, word in logins},
        }
        answers[name] = json.dumps(answer).encode()
    return config, answers
