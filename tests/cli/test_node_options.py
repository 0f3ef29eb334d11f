"""What the options say about the nodes, through `pullsecrets resolve`, and what they refuse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.canary import CANARY, leaks
from support.command_line import run
from support.made import pod_manifest

CONFIG = """\
apiVersion: kubelet.config.k8s.io/v1
kind: CredentialProviderConfig
providers:
- name: ecr
  apiVersion: credentialprovider.kubelet.k8s.io/v1
  matchImages: [quay.io]
  defaultCacheDuration: 1h
"""
ANSWER = {
    "kind": "CredentialProviderResponse",
    "apiVersion": "credentialprovider.kubelet.k8s.io/v1",
    "cacheKeyType": "Image",
    "auth": {"quay.io": {"username": "robot", "password": CANARY}},
}


@pytest.fixture
def file(tmp_path):
    """Write a file; without a text, the pod that the tests ask about."""

    def file(name="pod.json", text=None):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(pod_manifest(image="quay.io/a")) if text is None else text)
        return path

    return file


def resolved(*arguments):
    """The exit status, the image's part of the JSON document, and standard error."""
    result = run("resolve", *arguments, "--format", "json")
    assert not leaks(result.out + result.err)
    [image] = result.json["pods"][0]["images"]
    return result.status, image, result.err


def refused(*arguments):
    """The one line that says why nothing can be done."""
    result = run("resolve", *arguments)
    assert (result.status, result.out) == (2, "")
    assert not leaks(result.err)
    [line] = result.err.splitlines()
    return line


def users(image):
    return [(each["source"]["kind"], each["username"]) for each in image["candidates"]]


def test_the_release(file):
    status, image, err = resolved(file(), "--kubernetes", "1.31")
    assert (status, image["kubernetes"], err) == (0, "1.31", "")
    assert "1.5" in refused(file(), "--kubernetes", "1.5")


def test_a_folder_that_is_the_nodes_root(file, tmp_path):
    auths = {"auths": {"quay.io": {"username": "node", "password": CANARY}}}
    file("root/var/lib/kubelet/config.json", json.dumps(auths))
    file("root/.docker/config.json", '{"auths": {"quay.io": {"username": "shadowed"}}}')
    _, image, _ = resolved(file(), "--node-root", tmp_path / "root")
    assert users(image) == [("node", "node")]
    (tmp_path / "empty").mkdir()
    _, image, _ = resolved(file(), "--node-root", tmp_path / "empty")
    assert image["anonymous"] is True


def test_a_provider_whose_answer_is_not_given(file):
    status, image, err = resolved(file(), "--provider-config", file("p.yaml", CONFIG))
    assert (status, err, image["candidates"]) == (0, "", [])
    assert image["anonymous"] is None
    assert [source["name"] for source in image["unknown"]] == ["ecr"]


@pytest.mark.parametrize("answer", [ANSWER, json.dumps(ANSWER)], ids=["mapping", "text"])
def test_a_provider_whose_answer_is_given(answer, file):
    options = (
        *("--provider-config", file("p.yaml", CONFIG)),
        *("--provider-answers", file("answers.json", json.dumps({"ecr": answer}))),
    )
    _, image, _ = resolved(file(), *options)
    assert users(image) == [("provider", "robot")]
    assert image["unknown"] == []


def test_an_answer_that_the_kubelet_refuses_gives_nothing(file):
    answers = {"ecr": {**ANSWER, "cacheKeyType": "image"}}
    options = (
        *("--provider-config", file("p.yaml", CONFIG)),
        *("--provider-answers", file("answers.json", json.dumps(answers))),
    )
    _, image, _ = resolved(file(), *options)
    assert (image["candidates"], image["unknown"], image["anonymous"]) == ([], [], True)


def test_a_provider_config_that_the_kubelet_refuses_stops_nothing_else(file):
    config = file("p.yaml", CONFIG.replace("1h", "-1h").replace("[quay.io]", "[]"))
    status, image, err = resolved(file(), "--provider-config", config)
    assert status == 2
    assert (image["anonymous"], image["unknown"]) == (True, [])
    lines = err.splitlines()
    assert len(lines) == 2
    for line, name in zip(lines, ("matchImages", "defaultCacheDuration"), strict=True):
        assert line.startswith(f"error: {config}: the kubelet does not start: ")
        assert name in line


def test_a_provider_config_that_cannot_be_read(file, monkeypatch):
    config, pod = file("p.yaml", CONFIG), file()

    def refuse(self):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    line = refused(pod, "--provider-config", config)
    assert line == f"Error: {config} cannot be read: Permission denied"


@pytest.mark.parametrize(
    "text, said",
    [
        (f"- {CANARY}", "is not a mapping of providers to responses"),
        ("", "is not a mapping of providers to responses"),
        (f"ecr: {{auth: {CANARY}}}\n---\nother: {{}}", "holds 2 documents, where one is expected"),
        (f'{{"ecr": "{CANARY}', "not JSON"),
        (f"ecr: {{auth: {CANARY}", "not YAML"),
        (f"ecr: {{auth: {CANARY}, other: !!set {{aGk}}}}", "a response that JSON cannot hold"),
    ],
)
def test_answers_that_cannot_be_used(text, said, file):
    answers = file("answers.yaml", text)
    options = "--provider-config", file("p.yaml", CONFIG), "--provider-answers", answers
    line = refused(file(), *options)
    assert line.startswith(f"Error: {answers}")
    assert said in line


TOKENS = """
apiVersion: kubelet.config.k8s.io/v1
kind: CredentialProviderConfig
providers:
- name: harbor
  matchImages: [quay.io]
  defaultCacheDuration: 1h
  apiVersion: credentialprovider.kubelet.k8s.io/v1
  tokenAttributes:
    serviceAccountTokenAudience: harbor
    requireServiceAccount: true
"""


@pytest.mark.parametrize("gates, status", [("{}", 2), ("{AllAlpha: true}", 0)])
def test_the_gates_of_the_kubelet_count_for_its_providers(gates, status, file):
    kubelet = file("kubelet.yaml", f"kind: KubeletConfiguration\nfeatureGates: {gates}\n")
    options = (
        *("--kubernetes", "1.33"),
        *("--provider-config", file("p.yaml", TOKENS)),
        *("--kubelet-config", kubelet),
    )
    found, image, err = resolved(file(), *options)
    assert found == status
    name = "KubeletServiceAccountTokenForCredentialProviders"
    assert (f"needs the feature gate {name}" in err) is bool(status)
    assert [each["name"] for each in image["unknown"]] == ([] if status else ["harbor"])
