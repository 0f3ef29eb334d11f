"""What kustomize's `secretGenerator` generates, as far as it can be read."""

from __future__ import annotations

import json

import pytest

from pullsecrets import Cluster, PullSecret, load
from pullsecrets.fields import InvalidManifest
from pullsecrets.makers.made import MadeSecret
from pullsecrets.metadata import Place
from pullsecrets.reading.generators import generated, is_kustomization

JSON, KEY = "kubernetes.io/dockerconfigjson", ".dockerconfigjson"
CONFIG = json.dumps({"auths": {"quay.io": {"username": "me", "password": "p"}}})
KUSTOMIZE = "kustomize.config.k8s.io/v1beta1"


def one(generator, folder, **more):
    place = Place(str(folder / "kustomization.yaml"))
    [found, *_] = generated(
        {"secretGenerator": [{"name": "regcred", "type": JSON, **generator}], **more}, place=place
    )
    return found


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "config.json").write_text(CONFIG)
    (tmp_path / "app" / KEY).write_text(CONFIG)
    (tmp_path / "outside.json").write_text(CONFIG)
    return tmp_path / "app"


@pytest.mark.parametrize(
    "source",
    [
        {"files": [f"{KEY}=config.json"]},
        {"files": [f"{KEY}=./config.json"]},
        {"files": [KEY]},
        {"literals": [f"{KEY}={CONFIG}"]},
        {"literals": [f"{KEY}='{CONFIG}'", "other=1"]},
        {"files": [f"{KEY}=config.json"], "behavior": "replace"},
    ],
)
def test_what_can_be_read_is_known(source, folder):
    found = one(source, folder)
    assert isinstance(found, PullSecret)
    assert (found.namespace, found.name, found.type) == ("default", "regcred", JSON)
    assert [entry.reveal() for entry in found.config().auths] == ["quay.io"]


@pytest.mark.parametrize(
    "source, keys",
    [
        ({"files": [f"{KEY}=missing.json"]}, (KEY,)),
        ({"files": [f"{KEY}=../outside.json"]}, (KEY,)),
        ({"files": [f"{KEY}=."]}, (KEY,)),
        ({"files": [f"{KEY}=a\0b"]}, (KEY,)),
        ({"envs": ["a.env"], "files": [f"{KEY}=config.json"]}, None),
        ({"env": "a.env"}, None),
        ({"files": [f"{KEY}=config.json"], "behavior": "merge"}, None),
    ],
)
def test_what_cannot_be_read_is_unknown(source, keys, folder):
    found = one(source, folder)
    assert isinstance(found, MadeSecret)
    assert (found.type, found.keys, found.entries) == (JSON, keys, None)
    assert found.maker.title.startswith("secretGenerator from Kustomization in ")


def test_a_large_file_is_not_read(folder):
    (folder / "config.json").write_bytes(b" " * (1024 * 1024 + 1))
    assert isinstance(one({"files": [f"{KEY}=config.json"]}, folder), MadeSecret)


def test_a_link_does_not_lead_outside(folder):
    (folder / "link.json").symlink_to(folder.parent / "outside.json")
    assert isinstance(one({"files": [f"{KEY}=link.json"]}, folder), MadeSecret)


@pytest.mark.parametrize("file", [None, "-"])
def test_without_a_file_there_is_no_folder(file):
    [found] = generated({"secretGenerator": [{"name": "a", "files": ["b"]}]}, place=Place(file))
    assert isinstance(found, MadeSecret)
    assert (found.type, found.keys) == ("Opaque", ("b",))


def test_namespaces(folder):
    generator = {"name": "regcred", "type": JSON, "literals": [f"{KEY}={CONFIG}"]}
    manifest = {
        "apiVersion": KUSTOMIZE,
        "kind": "Kustomization",
        "namespace": "shop",
        "secretGenerator": [generator],
    }
    cluster = Cluster.from_manifests([manifest], namespace="here")
    for namespace in ("here", "shop"):
        found = cluster.listed(namespace, "regcred")
        assert isinstance(found, PullSecret)
        assert found.namespace == namespace
    assert cluster.listed("other", "regcred") is None
    generator["namespace"] = "shop"
    [secret] = Cluster.from_manifests([manifest]).secrets
    assert secret.namespace == "shop"


def test_what_was_applied_counts(folder):
    (folder / "kustomization.yaml").write_text(
        f"secretGenerator: [{{name: regcred, type: {JSON}, files: [{KEY}]}}]"
    )
    applied = {"kind": "Secret", "metadata": {"name": "regcred"}, "type": "Opaque"}
    (folder / "secret.json").write_text(json.dumps({"apiVersion": "v1", **applied}))
    kinds = [secret.type for secret in load(folder).secrets]
    assert kinds == ["Opaque"]


@pytest.mark.parametrize(
    "manifest, file, expected",
    [
        ({"kind": "Kustomization", "apiVersion": KUSTOMIZE}, "a.yaml", True),
        ({"kind": "Component", "apiVersion": "kustomize.config.k8s.io/v1alpha1"}, "a.yaml", True),
        ({"kind": "Kustomization", "apiVersion": "kustomize.toolkit.fluxcd.io/v1"}, "a", False),
        ({"kind": "Kustomization", "apiVersion": 1}, "kustomization.yaml", False),
        ({}, "a/kustomization.yaml", True),
        ({}, "kustomization.yml", True),
        ({}, "Kustomization", True),
        ({}, "values.yaml", False),
        ({}, None, False),
        ({"kind": "Pod"}, "kustomization.yaml", False),
    ],
)
def test_which_documents_are_kustomizations(manifest, file, expected):
    assert is_kustomization(manifest, Place(file)) is expected


@pytest.mark.parametrize(
    "manifest, wrong",
    [
        ({"secretGenerator": {}}, "secretGenerator is a mapping, not a list"),
        ({"secretGenerator": [{}]}, r"secretGenerator\[0\].name is missing"),
    ],
)
def test_what_is_malformed_names_its_field(manifest, wrong):
    with pytest.raises(InvalidManifest, match=wrong):
        list(generated(manifest, place=Place("kustomization.yaml")))


def test_a_malformed_kustomization_is_a_problem(tmp_path):
    (tmp_path / "kustomization.yaml").write_text("secretGenerator: 1")
    problem = load(tmp_path).problems[0]
    assert problem.error
    assert "secretGenerator is a number, not a list" in problem.message
