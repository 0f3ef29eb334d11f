"""`--with-secret`, `--as-service-account`, `--add-image`; and diff between revisions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reading.test_revisions import git
from support.canary import CANARY, leaks
from support.command_line import run

ACCOUNT = """
apiVersion: v1
kind: ServiceAccount
metadata: {{name: {}}}
imagePullSecrets: [{{name: {}}}]
"""
POD = """
apiVersion: v1
kind: Pod
metadata: {{name: {}{}}}
spec: {{containers: [{{name: a, image: quay.io/a}}]{}}}
"""


def secret(name, user, namespace=""):
    auths = json.dumps({"auths": {"quay.io": {"username": user, "password": CANARY}}})
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, **({"namespace": namespace} if namespace else {})},
            "type": "kubernetes.io/dockerconfigjson",
            "stringData": {".dockerconfigjson": auths},
        }
    )


@pytest.fixture(autouse=True)
def manifests(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("m").mkdir()
    documents = [
        ACCOUNT.format("default", "one"),
        ACCOUNT.format("robot", "two"),
        secret("one", "first"),
        secret("two", "second"),
        POD.format("web", "", ""),
        POD.format("stored", ", uid: u", ", imagePullSecrets: [{name: one}]"),
        POD.format("own", ", uid: u", ", imagePullSecrets: [{name: one}, {name: two}]"),
    ]
    Path("m/all.yaml").write_text("\n---\n".join(documents))


def users(*arguments):
    """For each pod the users of its images' candidates."""
    result = run("resolve", "m", "--format", "json", *arguments)
    assert not leaks(result.out + result.err)
    return {
        pod["name"]: [[c["username"] for c in image["candidates"]] for image in pod["images"]]
        for pod in result.json["pods"]
    }


def test_as_it_is():
    assert users() == {
        "web": [["first"]],
        "stored": [["first"]],
        "own": [["first", "second"]],
    }


def test_a_secret_less():
    assert users("--without-secret", "default/one", "--pod", "own") == {"own": [["second"]]}


def test_no_such_secret():
    result = run("resolve", "m", "--without-secret", "default/none")
    assert result.status == 2
    assert "no secret 'default/none' in the manifests" in result.err


def test_a_secret_instead():
    Path("new.json").write_text(secret("one", "rotated"))
    assert users("--with-secret", "new.json", "--pod", "web") == {"web": [["rotated"]]}


def test_a_secret_of_another_namespace():
    Path("new.json").write_text(secret("one", "rotated", "elsewhere"))
    assert users("--with-secret", "new.json", "--pod", "web") == {"web": [["first"]]}


@pytest.mark.parametrize("text", ["{}", POD.format("x", "", ""), ""])
def test_a_file_without_a_secret(text):
    Path("new.yaml").write_text(text)
    result = run("resolve", "m", "--with-secret", "new.yaml")
    assert result.status == 2
    assert "new.yaml holds no Secret" in result.err


def test_what_is_wrong_with_its_file():
    Path("new.yaml").write_text(f"{secret('one', 'rotated')}\n---\n}}{{")
    result = run("resolve", "m", "--with-secret", "new.yaml")
    assert "error: new.yaml, document 2: " in result.err
    assert result.status == 2
    assert "rotated" in result.out


def test_another_account():
    assert users("--as-service-account", "robot") == {
        "web": [["second"]],
        "stored": [["second"]],
        "own": [["first", "second"]],
    }


def test_one_image_more():
    found = users("--add-image", "quay.io/debug", "--pod", "web")
    assert found == {"web": [["first"], ["first"]]}


def test_only_that_image():
    more = ("--add-image", "quay.io/debug", "--image", "quay.io/debug", "--pod", "web")
    assert users(*more) == {"web": [["first"]]}


def test_explain_asks_the_same():
    result = run("explain", "m", "--pod", "web", "--as-service-account", "robot")
    assert "imagePullSecrets of service account robot: two" in result.out


@pytest.mark.parametrize(
    "arguments",
    [
        ["--add-image", "quay.io/debug"],
        ["--add-image", "not an image", "--pod", "web"],
        ["--with-secret", "missing"],
    ],
)
def test_bad_usage(arguments):
    assert run("resolve", "m", *arguments).status == 2


class TestRevisions:
    @pytest.fixture(autouse=True)
    def repository(self, tmp_path, manifests):
        git(tmp_path, "init", "-b", "main")
        git(tmp_path, "add", "-A")
        git(tmp_path, "commit", "-m", "1")
        git(tmp_path, "checkout", "-b", "change")
        text = Path("m/all.yaml").read_text()
        Path("m/all.yaml").write_text(text.replace(ACCOUNT.format("default", "one"), ""))
        Path("m/more.yaml").write_text("apiVersion: v1\nkind: Secret\ndata: }{\n")
        git(tmp_path, "add", "-A")
        git(tmp_path, "commit", "-m", "2")

    @pytest.mark.parametrize("paths", [[], ["m"], ["m/all.yaml"]])
    def test_what_a_change_does(self, paths):
        result = run("diff", "--git", "main..change", *paths, "--format", "json")
        assert [change["name"] for change in result.json["changes"]] == ["web"]
        assert result.status == (1 if paths == ["m/all.yaml"] else 2)
        assert not leaks(result.out + result.err)

    def test_what_cannot_be_read_is_named_with_its_revision(self):
        result = run("diff", "--git", "main..change")
        assert "error: change:m/more.yaml, document 1: " in result.err

    def test_a_folder_that_is_new(self):
        result = run("diff", "--git", "main..change", "m/more.yaml")
        assert "is in neither revision" not in result.err

    def test_what_is_excluded_is_not_read(self):
        Path("pullsecrets.toml").write_text('exclude = ["more.yaml"]\n')
        result = run("diff", "--git", "main..change")
        assert result.status == 1
        assert "more.yaml" not in result.err

    @pytest.mark.parametrize(
        "arguments",
        [
            ["main..missing"],
            ["main"],
            ["main..change", "missing"],
        ],
    )
    def test_bad_usage(self, arguments):
        assert run("diff", "--git", *arguments).status == 2


def test_revisions_are_read_with_the_kinds_that_are_configured(tmp_path, monkeypatch):
    (tmp_path / "pullsecrets.toml").write_text('[templates]\n"Job.example.com" = "spec.template"\n')
    text = (
        "apiVersion: example.com/v1\nkind: Job\nmetadata: {name: j}\n"
        "spec: {template: {spec: {containers: [{name: c, image: quay.io/a}]}}}\n"
    )
    git(tmp_path, "init", "-b", "main")
    git(tmp_path, "add", "pullsecrets.toml")
    git(tmp_path, "commit", "-m", "a")
    (tmp_path / "job.yaml").write_text(text)
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-m", "b")
    monkeypatch.chdir(tmp_path)
    result = run("diff", "--git", "HEAD~1..HEAD")
    assert "Job default/j" in result.out
