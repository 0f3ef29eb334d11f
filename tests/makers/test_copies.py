"""Secrets that programs copy to other namespaces: from where, and what is known of the copy."""

from __future__ import annotations

import pytest
from attrs import evolve

from pullsecrets import Cluster, PullSecret
from pullsecrets.makers.made import MadeSecret
from pullsecrets.notes import NoteCode
from support.made import references

JSON, KEY = "kubernetes.io/dockerconfigjson", ".dockerconfigjson"
REFLECTOR, REPLICATOR = "reflector.v1.k8s.emberstack.com/", "replicator.v1.mittwald.de/"
PUSHED = {f"{REFLECTOR}reflection-allowed": "true", f"{REFLECTOR}reflection-auto-enabled": "true"}
CONFIG = '{"auths": {"quay.io": {"username": "me", "password": "p"}}}'
TEMPLATE = '{"auths": {"quay.io": {"auth": "{{ .auth }}"}}}'


def secret(namespace="source", config=CONFIG, kind=JSON, **annotations):
    metadata = {"name": "regcred", "namespace": namespace, "annotations": annotations}
    data = {"stringData": {KEY: config}} if config is not None else {}
    return {"kind": "Secret", "metadata": metadata, "type": kind, **data}


def sealed(namespace="source", **annotations):
    return {
        "apiVersion": "bitnami.com/v1alpha1",
        "kind": "SealedSecret",
        "metadata": {"name": "regcred", "namespace": namespace},
        "spec": {
            "encryptedData": {"a": "Ag"},
            "template": {
                "type": JSON,
                "metadata": {"annotations": annotations},
                "data": {KEY: TEMPLATE},
            },
        },
    }


def listed(*manifests, namespace="shop"):
    cluster = Cluster.from_manifests(manifests)
    assert not cluster.problems
    return cluster.listed(namespace, "regcred")


def entries(found):
    if isinstance(found, PullSecret):
        return [entry.reveal() for entry in found.config().auths]
    return None if found.entries is None else [entry.reveal() for entry in found.entries]


@pytest.mark.parametrize(
    "annotations",
    [
        PUSHED,
        {**PUSHED, f"{REFLECTOR}reflection-allowed-namespaces": "a, shop"},
        {
            **PUSHED,
            f"{REFLECTOR}reflection-allowed-namespaces": "a",
            f"{REFLECTOR}reflection-auto-namespaces": "shop",
        },
        {f"{REPLICATOR}replicate-to": "a,shop"},
        {f"{REPLICATOR}replicate-to": ".*"},
    ],
)
def test_a_copy_of_a_secret_is_a_secret(annotations):
    found = listed(secret(**annotations))
    assert isinstance(found, PullSecret)
    assert (found.namespace, found.name, entries(found)) == ("shop", "regcred", ["quay.io"])
    made = listed(sealed(**annotations))
    assert isinstance(made, MadeSecret)
    assert made.certain
    assert (made.namespace, made.type, entries(made)) == ("shop", JSON, ["quay.io"])


@pytest.mark.parametrize(
    "annotations",
    [
        {**PUSHED, f"{REFLECTOR}reflection-allowed-namespaces": "sh[a-z]*"},
        {f"{REPLICATOR}replicate-to": "sh.*"},
        {f"{REPLICATOR}replicate-to-matching": "team=a"},
    ],
)
def test_it_is_not_known_whether_an_expression_matches(annotations):
    found = listed(secret(**annotations))
    assert isinstance(found, MadeSecret)
    assert not found.certain
    assert (found.type, entries(found)) == (JSON, ["quay.io"])
    assert found.maker.title.endswith("from Secret source/regcred")
    assert not listed(sealed(**annotations)).certain


@pytest.mark.parametrize(
    "annotations",
    [
        {},
        {f"{REFLECTOR}reflection-allowed": "true"},
        {f"{REFLECTOR}reflection-auto-enabled": "true"},
        {f"{REPLICATOR}replicate-to": "a"},
        {f"{REPLICATOR}replication-allowed": "true"},
    ],
)
def test_nothing_is_copied(annotations):
    assert listed(secret(**annotations)) is None
    assert listed(sealed(**annotations)) is None


@pytest.mark.parametrize(
    "annotations",
    [
        {f"{REFLECTOR}reflects": "source/regcred"},
        {f"{REPLICATOR}replicate-from": "source/regcred"},
    ],
)
@pytest.mark.parametrize("config", [None, "{}", ""])
def test_a_secret_that_is_to_be_filled(annotations, config):
    copy = secret("shop", config, **annotations)
    assert entries(listed(copy, secret())) == ["quay.io"]
    assert entries(listed(copy, sealed())) == ["quay.io"]
    unknown = listed(copy)
    assert isinstance(unknown, MadeSecret)
    assert unknown.entries is None


def test_a_secret_that_is_filled_counts_as_it_is():
    """As in a dump from a cluster."""
    other = CONFIG.replace("quay", "ghcr")
    copy = secret("shop", other, **{f"{REFLECTOR}reflects": "source/regcred"})
    assert entries(listed(copy, secret())) == ["ghcr.io"]
    broken = secret("shop", "[]", **{f"{REFLECTOR}reflects": "source/regcred"})
    assert isinstance(listed(broken, secret()), PullSecret)


def test_the_type_of_the_secret_that_is_filled_counts():
    copy = secret("shop", None, "Opaque", **{f"{REPLICATOR}replicate-from": "source/regcred"})
    assert listed(copy, secret()).skipped.detail == "Opaque"
    assert listed(copy, sealed()).skipped.detail == "Opaque"


def test_a_copy_of_its_own_namespace():
    copy = {**secret("source", None, **{f"{REPLICATOR}replicate-from": "other"})}
    other = {**secret(), "metadata": {"name": "other", "namespace": "source"}}
    assert entries(listed(copy, other, namespace="source")) == ["quay.io"]


def test_copies_of_each_other_end():
    one = secret("shop", None, **{f"{REPLICATOR}replicate-from": "source/regcred"})
    other = secret("source", None, **{f"{REPLICATOR}replicate-from": "shop/regcred"})
    assert listed(one, other).entries is None


def test_a_copy_of_what_does_not_decode():
    annotations = {f"{REPLICATOR}replicate-to-matching": "a"}
    assert entries(listed(secret(config="[]", **annotations))) is None
    assert entries(listed(secret(config=None, **annotations))) is None


def test_an_encrypted_secret_is_copied_too():
    found = listed({**secret(config="ENC[x]", **PUSHED), "sops": {"mac": "ENC[x]"}})
    assert found.maker.title == "reflector from Secret source/regcred"
    assert (found.type, found.certain) == (JSON, True)


def test_the_original_counts_where_it_is():
    assert listed(secret(**PUSHED), namespace="source").place is not None
    assert entries(listed(secret(**PUSHED), secret("shop", "{}"))) == []


def patcher(*env, image="titansoft/imagepullsecret-patcher:v0.14"):
    container = {"name": "patcher", "image": image, "env": list(env)}
    spec = {"containers": [{"name": "a", "image": "nginx"}, container]}
    return {
        "kind": "Deployment",
        "metadata": {"name": "patcher", "namespace": "tools"},
        "spec": {"template": {"spec": spec}},
    }


def test_imagepullsecret_patcher():
    [made] = Cluster.from_manifests([patcher()]).made
    assert (made.name, made.namespace, made.type) == ("image-pull-secret", None, JSON)
    assert (made.certain, made.entries) == (False, None)
    assert made.maker.title == "imagepullsecret-patcher from Deployment tools/patcher"
    config = {"name": "CONFIG_DOCKERCONFIGJSON", "value": CONFIG}
    [made] = Cluster.from_manifests(
        [
            patcher(
                {"name": "CONFIG_SECRETNAME", "value": "regcred"},
                config,
                image="p/imagepullsecret-patcher@sha256:1",
            )
        ]
    ).made
    assert (made.name, made.entries) == ("regcred", ("quay.io",))
    assert made.maker.value_field[-2:] == (1, "value")
    source = {"name": "CONFIG_DOCKERCONFIGJSON", "valueFrom": {}}
    [made] = Cluster.from_manifests([patcher(source)]).made
    assert made.entries is None
    assert Cluster.from_manifests([patcher(image="nginx")]).made == ()
    assert len(Cluster.from_manifests([patcher()]).pods) == 1


ALL = ("CONFIG_ALLSERVICEACCOUNT", "true")


@pytest.mark.parametrize(
    "settings, patched",
    [
        ([], ["default"]),
        ([("CONFIG_SERVICEACCOUNTS", "default,robot")], ["default", "robot"]),
        ([("CONFIG_SERVICEACCOUNTS", "robot")], ["robot"]),
        ([("CONFIG_SERVICEACCOUNTS", None)], ["default", "other", "robot"]),
        ([ALL], ["default", "other", "robot"]),
        ([("CONFIG_ALLSERVICEACCOUNT", None)], ["default", "other", "robot"]),
        ([("CONFIG_ALLSERVICEACCOUNT", "F")], ["default"]),
    ],
)
@pytest.mark.parametrize("written", [True, False])
def test_imagepullsecret_patcher_adds_its_secret_to_service_accounts(settings, patched, written):
    env = [{"name": n, **({"valueFrom": {}} if v is None else {"value": v})} for n, v in settings]
    names = ("default", "other", "robot")
    accounts = [
        {"kind": "ServiceAccount", "metadata": {"name": n}, "imagePullSecrets": references(["own"])}
        for n in names
    ]
    pods = [
        {
            "kind": "Pod",
            "metadata": {"name": name},
            "spec": {"serviceAccountName": name, "containers": [{"name": "c", "image": "a"}]},
        }
        for name in names
    ]
    cluster = Cluster.from_manifests([*pods, *(accounts if written else ()), patcher(*env)])
    answers = [cluster.resolve(pod) for pod in cluster.pods[:3]]
    own = ("own",) if written else ()
    assert {a.pod.name: a.admission.pull_secrets for a in answers} == {
        name: (*own, "image-pull-secret") if name in patched else own for name in names
    }
    for answer in answers:
        [image] = answer.images
        # It may be there: the pull is not called anonymous.
        assert image.resolution.anonymous is (None if answer.pod.name in patched else True)
        assumed = [note for note in answer.notes if note.code is NoteCode.ASSUMED_ACCOUNT]
        hidden = written or "default" in patched
        assert len(assumed) == (not hidden and answer.pod.name == "default")


def test_imagepullsecret_patcher_adds_nothing_to_lists_that_are_there():
    pod = {
        "kind": "Pod",
        "metadata": {"name": "api"},
        "spec": {
            "imagePullSecrets": references(["own"]),
            "containers": [{"name": "c", "image": "a"}],
        },
    }
    stored = {**pod, "metadata": {"name": "stored", "uid": "u"}, "spec": {**pod["spec"]}}
    del stored["spec"]["imagePullSecrets"]
    account = {
        "kind": "ServiceAccount",
        "metadata": {"name": "default"},
        "imagePullSecrets": references(["image-pull-secret", "own", "own"]),
    }
    cluster = Cluster.from_manifests([pod, stored, account, patcher(), patcher()])
    api, there, deployment, *_ = map(cluster.resolve, cluster.pods)
    assert api.admission.pull_secrets == ("own",)
    assert there.admission.pull_secrets == ()
    assert deployment.admission.pull_secrets == ("image-pull-secret",)
    listed = cluster.resolve(evolve(cluster.pods[0], pull_secrets=()))
    assert listed.admission.pull_secrets == ("image-pull-secret", "own", "own")
    # What was read from a cluster is patched already.
    read = evolve(cluster, complete=True)
    assert read.resolve(deployment.pod).admission.pull_secrets == ()


def test_a_pod_says_by_whom_its_secret_is_made():
    pod = {
        "kind": "Pod",
        "metadata": {"name": "api", "namespace": "shop"},
        "spec": {
            "containers": [{"name": "api", "image": "quay.io/a/b"}],
            "imagePullSecrets": references(["regcred"]),
        },
    }
    cluster = Cluster.from_manifests([pod, sealed(**PUSHED)])
    [answer] = cluster.resolve_all()
    [note] = answer.notes
    assert str(note) == (
        "secret shop/regcred is made by reflector from SealedSecret source/regcred: its entries "
        "are known, its credentials are not"
    )


def test_a_namespace_that_the_original_is_in_needs_no_copy():
    annotations = {f"{REPLICATOR}replicate-to": "source,shop"}
    made = Cluster.from_manifests([secret(**annotations)]).made
    assert [each.namespace for each in made] == ["shop"]
