"""What the commands print as JSON is what the schemas in the docs describe."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.command_line import run

jsonschema = pytest.importorskip("jsonschema")
pytest.importorskip("click")
pytest.importorskip("yaml")

ROOT = Path(__file__).parents[2]
SCHEMAS = {
    file.stem: json.loads(file.read_text("utf-8"))
    for file in (ROOT / "docs" / "reference" / "schemas").glob("*.json")
}

# Each kind of null, of note and of problem, which the examples do not show.
MANIFESTS = """
kind: Pod
metadata: {name: api, namespace: shop}
spec:
  serviceAccountName: gone
  containers:
    - {name: bad, image: "Not An Image"}
    - {name: token, image: "me:hunter2@quay.io/acme/api"}
    - {name: good, image: "quay.io/acme/api", imagePullPolicy: IfNotPresent}
  volumes: [{name: model, image: {reference: quay.io/acme/model}}]
  imagePullSecrets: [{}, {name: gone}, {name: regcred}, {name: regcred}]
---
kind: Secret
metadata: {name: regcred, namespace: shop}
type: kubernetes.io/dockerconfigjson
stringData:
  .dockerconfigjson: |
    {"auths": {"quay.io": {}, "https://quay.io": {"auth": "dXNlcjpwYXNz"}, "quay.io:port": {}}}
---
kind: 5
---
[]
"""


@pytest.fixture(autouse=True)
def _here(monkeypatch):
    monkeypatch.chdir(ROOT)


def output(command, *arguments, stdin=""):
    return run(command, "--format", "json", *arguments, stdin=stdin.encode()).json


def validator(command):
    return jsonschema.Draft202012Validator(SCHEMAS[command])


@pytest.mark.parametrize("command", ["resolve", "explain", "check", "uses"])
@pytest.mark.parametrize(
    "arguments", [["examples/good"], ["examples/broken"], ["--image", "nginx", "-"], ["-"]]
)
def test_output_is_valid(command, arguments):
    # An image without any pod is explained against all secrets.
    stdin = MANIFESTS.partition("---")[2] if "--image" in arguments else MANIFESTS
    document = output(command, *arguments, stdin=stdin)
    validator(command).validate(document)
    if arguments == ["-"]:
        assert len(document["problems"]) == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["examples/good", "examples/broken"],
        ["examples/broken/broken-secret", "examples/good"],
        ["-", "examples/good"],
        ["--from-kubernetes", "1.32", "--to-kubernetes", "1.33", "--images", "IMAGES", "-"],
        ["--from-kubernetes", "1.31", "--to-kubernetes", "1.32", "--provider-config", "BAD", "-"],
        ["--from-kubernetes", "1.32", "--to-kubernetes", "1.33", "--provider-config", "GOOD", "-"],
    ],
)
def test_diff_is_valid(arguments, tmp_path):
    images = {"images": [{"id": "sha256:1", "repoTags": ["quay.io/acme/api:latest"]}]}
    (tmp_path / "IMAGES").write_text(json.dumps(images))
    providers = [
        {
            "name": name,
            "matchImages": ["quay.io"],
            "defaultCacheDuration": "1m",
            "apiVersion": "credentialprovider.kubelet.k8s.io/v1",
        }
        for name in "ba"
    ]
    config = {
        "kind": "CredentialProviderConfig",
        "apiVersion": "kubelet.config.k8s.io/v1",
        "providers": providers,
    }
    (tmp_path / "GOOD").write_text(json.dumps(config))
    (tmp_path / "BAD").write_text(json.dumps({**config, "more": 1}))
    given = [str(tmp_path / each) if each.isupper() else each for each in arguments]
    document = output("diff", *given, stdin=MANIFESTS)
    validator("diff").validate(document)
    assert document["changes"] or document["refused"]
    assert not validator("diff").is_valid({**document, "more": 1})


@pytest.mark.parametrize("command", ["resolve", "explain", "check", "uses"])
def test_what_is_not_described_is_not_valid(command):
    document = output(command, "examples/good/overlapping")
    assert not validator(command).is_valid({**document, "more": 1})
    assert not validator(command).is_valid({**document, "version": 2})


STATIC = """
kind: Pod
metadata: {name: static, annotations: {kubernetes.io/config.mirror: a}}
spec: {containers: [{name: a, image: nginx}]}
"""


@pytest.mark.parametrize("command", ["resolve", "explain"])
def test_a_static_pod_has_no_service_account(command):
    document = output(command, "-", stdin=STATIC)
    validator(command).validate(document)
    assert document["pods"][0]["admission"]["service_account"] is None


def test_present_is_valid(tmp_path):
    image_id = "sha256:" + "1" * 64
    images = {"images": [{"id": image_id, "repoTags": ["quay.io/acme/api:latest"]}]}
    (tmp_path / "images.json").write_text(json.dumps(images))
    secret = {"uid": "u", "namespace": "shop", "name": "gone", "credentialHash": "0" * 64}
    record = {
        "kind": "ImagePulledRecord",
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "lastUpdatedTime": "2026-01-01T00:00:00Z",
        "imageRef": image_id,
        "credentialMapping": {"quay.io/acme/api": {"kubernetesSecrets": [secret]}},
    }
    (tmp_path / "pulled").mkdir()
    (tmp_path / "pulling").mkdir()
    (tmp_path / "pulled" / "sha256-any").write_text(json.dumps(record))
    node = "--images", str(tmp_path / "images.json"), "--records", str(tmp_path)
    document = output("present", *node, "-", stdin=MANIFESTS)
    validator("present").validate(document)
    assert any(each["changes"] for each in document["containers"])
    records = output("present", *node, "--by-record", "-", stdin=MANIFESTS)
    validator("present").validate(records)
    assert records["records"][0]["names"][0]["secrets"][0]["state"] == "gone"
    assert not validator("present").is_valid({**document, "more": 1})


def test_probe_is_valid():
    pytest.importorskip("requests")
    from pullsecrets.testing import FakeRegistry

    with FakeRegistry("basic", users={"ann": "right"}) as registry:
        host = registry.host
        manifests = f"""
kind: Pod
metadata: {{name: app}}
spec:
  containers: [{{name: a, image: "{host}/team/app:1"}}, {{name: b, image: "Not An Image"}}]
  imagePullSecrets: [{{name: old}}]
---
kind: Secret
metadata: {{name: old}}
type: kubernetes.io/dockerconfigjson
stringData: {{.dockerconfigjson: '{{"auths": {{"{host}": {{"auth": "YW5uOndyb25n"}}}}}}'}}
"""
        document = output("probe", "--exhaustive", "-", stdin=manifests)
    validator("probe").validate(document)
    image, invalid = document["pods"][0]["images"]
    assert [each["tried_by_kubelet"] for each in image["attempts"]] == [True, False]
    assert invalid["failure"]["code"] == "invalid-image"
    assert not validator("probe").is_valid({**document, "more": 1})


@pytest.mark.parametrize("command", SCHEMAS)
def test_schemas_are_schemas(command):
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[command])


def test_parts_with_one_name_are_the_same_part():
    """But for the pod, whose images `explain` has more to say about."""
    seen = {}
    for command in SCHEMAS:
        for name, part in SCHEMAS[command]["$defs"].items():
            if name != "pod":
                assert seen.setdefault(name, part) == part


def test_codes_are_all_described():
    from pullsecrets.changes import Action, CauseKind
    from pullsecrets.explanation import Reason
    from pullsecrets.notes import NoteCode
    from pullsecrets.objects import ContainerKind
    from pullsecrets.pod_resolution import Origin
    from pullsecrets.present import PullOutcome
    from pullsecrets.reading import ProblemCode
    from pullsecrets.resolution import SourceKind

    parts = SCHEMAS["explain"]["$defs"]
    for codes, part, name in (
        (NoteCode, "note", "code"),
        (ProblemCode, "problem", "code"),
        (SourceKind, "source", "kind"),
        (Origin, "admission", "origin"),
        (ContainerKind, "explained", "kind"),
        (Reason, "entry", "reason"),
    ):
        described = parts[part]["properties"][name]["enum"]
        assert set(described) - {None} == set(codes)
    parts = SCHEMAS["diff"]["$defs"]
    for codes, part, name in (
        (CauseKind, "cause", "kind"),
        (Action, "cause", "action"),
        (PullOutcome, "decision", "outcome"),
    ):
        assert parts[part]["properties"][name]["enum"] == list(codes)
