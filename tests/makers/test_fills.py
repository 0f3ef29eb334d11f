"""A Secret that a program fills: what its file says is not what it will hold."""

from __future__ import annotations

import pytest

from pullsecrets import Cluster, explain_pod
from pullsecrets.notes import NoteCode

JSON = "kubernetes.io/dockerconfigjson"
KEY = ".dockerconfigjson"
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "api", "namespace": "shop"},
    "spec": {
        "containers": [{"name": "api", "image": "quay.io/a/b"}],
        "imagePullSecrets": [{"name": "regcred"}],
    },
}


def external(**spec):
    target = {"name": "regcred", "creationPolicy": "Merge", **spec.pop("target", {})}
    return {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": {"name": "from-vault", "namespace": "shop"},
        "spec": {"target": target, **(spec or {"dataFrom": [{"extract": {"key": "pull"}}]})},
    }


def secret(kind=JSON, **metadata):
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "regcred", "namespace": "shop", **metadata},
        "type": kind,
        "stringData": {KEY: '{"auths": {}}'},
    }


def answer(*manifests):
    cluster = Cluster.from_manifests([POD, *manifests])
    [image] = cluster.resolve(cluster.pods[0]).images
    return image.resolution, cluster


def test_what_it_will_hold_is_not_known_rather_than_what_its_file_says():
    alone, _ = answer(secret())
    assert alone.anonymous is True
    filled, cluster = answer(secret(), external())
    assert filled.anonymous is None
    [unknown] = filled.unknown_secrets
    assert unknown.name == "regcred"
    note = explain_pod(cluster, cluster.pods[0])[0].secrets[0].note
    assert note.code is NoteCode.FILLED_SECRET
    assert note.detail == "ExternalSecret shop/from-vault"


def test_one_that_was_read_from_a_cluster_is_filled_already():
    found, _ = answer(secret(uid="1"), external())
    assert found.anonymous is True


def test_a_type_that_the_kubelet_skips_stays():
    found, _ = answer(secret(kind="Opaque"), external())
    assert found.anonymous is True


@pytest.mark.parametrize("keys, anonymous", [(["password"], True), ([KEY], None)])
def test_only_a_docker_config_counts(keys, anonymous):
    found, _ = answer(secret(), external(data=[{"secretKey": key} for key in keys]))
    assert found.anonymous is anonymous


def test_what_a_template_tells_of_the_entries_counts():
    template = {"data": {KEY: '{"auths": {"ghcr.io": {"auth": "{{ .auth }}"}}}'}}
    found, _ = answer(secret(), external(target={"template": template}))
    assert found.anonymous is True


def test_it_makes_no_secret_where_there_is_none():
    found, cluster = answer(external())
    assert found.anonymous is True
    assert cluster.made == ()
