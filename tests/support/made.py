"""Secrets, docker configs and manifests, made in one line."""

from __future__ import annotations

import json

from pullsecrets import Credential, DockerConfig, resolve
from pullsecrets.testing import pull_secret

TYPE, KEY = "kubernetes.io/dockerconfigjson", ".dockerconfigjson"
# What only the API server sets, and what marks the mirror of a static pod.
STORED = {"uid": "6e0f4a5c", "creationTimestamp": "2024-05-01T10:00:00Z"}
MIRROR = {**STORED, "annotations": {"kubernetes.io/config.mirror": "x"}}


def document(name, *entries):
    """A docker config; the user of each entry says where it is from."""
    return json.dumps(
        {"auths": {e: {"username": f"{name}:{e}" if name else e, "password": "p"} for e in entries}}
    )


def secret(name, *entries):
    """A Secret with these entries, in this order; each with a user of its own: `name:entry`."""
    return pull_secret(name, document(name, *entries))


def node_config(*entries):
    """A node's docker config; the user of an entry is the entry."""
    return DockerConfig({entry: Credential(entry, "p") for entry in entries})


def tried(image, *secrets, node=None):
    """The users of the candidates for an image."""
    return users(resolve(image, secrets, node))


def users(resolution):
    return [candidate.credential.username for candidate in resolution.candidates]


def references(names):
    return [{"name": name} if name else {} for name in names]


def metadata(name, namespace=None, **more):
    return {"name": name, **({"namespace": namespace} if namespace else {}), **more}


def pod_manifest(*secrets, name="p", namespace=None, image="quay.io/a", spec=None, **more):
    """A Pod with one image (or several) and this list of secrets."""
    images = [image] if isinstance(image, str) else image
    names = ["c", *(f"c{number}" for number in range(1, len(images)))]
    return {
        "kind": "Pod",
        "metadata": metadata(name, namespace, **more),
        "spec": {
            "containers": [
                {"name": n, "image": each} for n, each in zip(names, images, strict=False)
            ],
            **({"imagePullSecrets": references(secrets)} if secrets else {}),
            **(spec or {}),
        },
    }


def secret_manifest(name, *entries, namespace=None, auths=None, kind=TYPE):
    """A Secret; without `auths` the user of each entry is `name-user`."""
    auths = {entry: {"username": f"{name}-user"} for entry in entries} if auths is None else auths
    return {
        "kind": "Secret",
        "metadata": metadata(name, namespace),
        "type": kind,
        "stringData": {KEY: auths if isinstance(auths, str) else json.dumps({"auths": auths})},
    }


def account_manifest(name, *secrets, namespace=None):
    return {
        "kind": "ServiceAccount",
        "metadata": metadata(name, namespace),
        "imagePullSecrets": references(secrets),
    }
