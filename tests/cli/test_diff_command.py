"""`pullsecrets diff`: between two sets of manifests, and between two releases."""

from __future__ import annotations

import errno
import json
import re
from pathlib import Path

import pytest
import yaml

from support.canary import AUTH, CANARY, b64, leaks
from support.command_line import run
from support.html import Document
from support.made import pod_manifest, secret_manifest

IMAGE = "quay.io/acme/api:1"


def login(user="bot", password=CANARY, entry="quay.io"):
    return {entry: {"username": user, "password": password}}


@pytest.fixture
def write(tmp_path):
    def write(name, *manifests):
        file = tmp_path / name
        file.write_text(yaml.safe_dump_all(manifests), encoding="utf-8")
        return file

    return write


@pytest.fixture
def sides(write):
    old = write(
        "old.yaml", pod_manifest("regcred", image=IMAGE), secret_manifest("regcred", auths=login())
    )
    new = write("new.yaml", pod_manifest("regcred", image=IMAGE))
    return old, new


def test_nothing_changes(sides):
    old, _ = sides
    result = run("diff", old, old)
    assert (result.status, result.out) == (0, "nothing changes\n")
    result = run("diff", old, old, "--format", "markdown")
    assert (result.status, result.out) == (0, "nothing changes\n")
    assert run("diff", old, old, "--format", "json").json == {
        "version": 1,
        "changes": [],
        "problems": [],
    }


def test_json(sides):
    old, new = sides
    result = run("diff", old, new, "--format", "json")
    (change,) = result.json["changes"]
    assert (result.status, change["name"], change["container"]) == (1, "p", "c")
    for side, path in (("before", old), ("after", new)):
        (image,) = run("resolve", path, "--format", "json").json["pods"][0]["images"]
        assert change[side] == image
    (cause,) = change["because"]
    assert (cause["kind"], cause["action"], cause["name"]) == ("secret", "removed", "regcred")
    assert run("diff", new, old).status == 0


def test_text(sides):
    result = run("diff", *sides)
    lines = [" ".join(line.split()) for line in result.out.splitlines() if line]
    assert lines == [
        "Pod default/p",
        f"c: {IMAGE}",
        "before 1. quay.io as bot from secret regcred",
        "after anonymous",
        "because secret default/regcred was removed",
        "1 image changes, 1 for the worse",
    ]


def test_markdown(write):
    name = "a|b*<script>`_x_[y](z)"
    old = write("old.yaml", pod_manifest(name="p|q"))
    new = write("new.yaml", pod_manifest("s", name="p|q"), secret_manifest("s", auths=login(name)))
    result = run("diff", old, new, "--format", "markdown")
    summary, _, title, _, head, rule, row = result.out.splitlines()
    assert summary == "1 image changes, 0 for the worse"
    assert title == r"#### Pod default/p\|q"
    assert head == "| container | before | after | because |"
    assert rule == "| --- | --- | --- | --- |"
    assert re.findall(r"(?<!\\)\|", row) == ["|"] * 5
    assert not re.search(r"(?<!\\)[*`_\[\]]|<(?!br>)", row)
    assert "| anonymous |" in row


def test_html(write):
    secret = secret_manifest("regcred", auths=login())
    name = "<script>alert(1)</script>&"
    old = write("old.yaml", pod_manifest("regcred", name=name), pod_manifest(name="q"), secret)
    new = write("new.yaml", pod_manifest("regcred", name=name), pod_manifest("regcred", name="r"))
    result = run("diff", old, new, "--format", "html")
    assert result.status == 1
    read = Document.of(result.out)
    assert read.headings == ["What changes", "For the worse", "Other changes"]
    assert "1 for the worse 2 other" in read.text
    assert "3 images change, 1 for the worse" in read.text
    assert f"Pod default/{name}" in read.text
    assert "secret default/regcred was removed" in read.text
    read = Document.of(run("diff", old, old, "--format", "html").out)
    assert (read.headings, read.tables) == (["What changes"], 0)
    assert "nothing changes" in read.text


@pytest.fixture
def replicas(write):
    def pods(*secrets):
        owner = {"kind": "ReplicaSet", "name": "api-7c9d", "controller": True}
        for number in range(12):
            pod = pod_manifest(*secrets, name=f"api-7c9d-{number}", image=IMAGE)
            pod["metadata"]["ownerReferences"] = [owner]
            yield pod

    secret = secret_manifest("regcred", auths=login())
    return write("old.yaml", *pods("regcred"), secret), write("new.yaml", *pods(), secret)


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_the_pods_of_one_workload_are_one(replicas, form):
    result = run("diff", *replicas, "--format", form)
    text = Document.of(result.out).text if form == "html" else result.out
    assert text.count("ReplicaSet default/api-7c9d (12 pods)") == 1
    assert "12 images change, 12 for the worse" in text
    assert text.count("anonymous") == 1
    found = run("diff", *replicas, "--format", "json").json["changes"]
    assert len(found) == 12


def test_nothing_is_cut(write):
    old = write("old.yaml", *(pod_manifest(name=f"p{n}", image=IMAGE) for n in range(90)))
    new = write("new.yaml", pod_manifest(name="p0", image=IMAGE))
    result = run("diff", old, new)
    assert result.out.count("not there") == 89
    assert "…" not in result.out


@pytest.mark.parametrize("form", ["text", "json", "markdown", "html"])
def test_no_password_is_shown(write, form):
    old = write("old.yaml", pod_manifest("regcred"), secret_manifest("regcred", auths=login()))
    auths = {f"https://u:{CANARY}@quay.io": {"auth": AUTH}, "quay.io": {"auth": AUTH}}
    new = write("new.yaml", pod_manifest("regcred"), secret_manifest("regcred", auths=auths))
    bad = write(
        "bad.yaml",
        pod_manifest("regcred"),
        secret_manifest("regcred", auths={"quay.io": {"auth": CANARY}}),
    )
    for sides in ((old, new), (new, old), (old, bad), (bad, new)):
        result = run("diff", *sides, "--format", form)
        assert "regcred" in result.out
        assert not leaks(result.out + result.err)


def test_the_pods_that_are_asked_for(write):
    both = write("both.yaml", pod_manifest(name="a"), pod_manifest(name="b"))
    one = write("one.yaml", pod_manifest(name="a"))
    found = run("diff", one, both, "--pod", "b", "--format", "json").json["changes"]
    assert [each["name"] for each in found] == ["b"]
    assert run("diff", one, both, "--pod", "a").out == "nothing changes\n"
    result = run("diff", one, both, "--pod", "x")
    assert (result.status, "no pod or workload 'x'" in result.err) == (2, True)


def test_what_was_wrong_on_either_side(write, sides, tmp_path):
    (tmp_path / "bad.yaml").write_text("a: [", encoding="utf-8")
    result = run("diff", tmp_path / "bad.yaml", sides[0], "--format", "json")
    assert result.status == 2
    assert len(result.json["problems"]) == 1
    assert len(result.json["changes"]) == 1


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["{0}"], "two PATHs are compared"),
        (["{0}", "{0}", "{0}"], "two PATHs are compared"),
        (["{0}", "--from-kubernetes", "1.32"], "belong together"),
        (["{0}", "--to-kubernetes", "1.32"], "belong together"),
        (["{0}", "--from-kubernetes", "1.32", "--to-kubernetes", "x"], "is not a version"),
        (["{0}", "--from-kubernetes", "1.30", "--to-kubernetes", "1.32"], "from Kubernetes 1.31"),
        (
            ["{0}", "--from-kubernetes", "1.32", "--to-kubernetes", "1.33", "--kubernetes", "1.32"],
            "one release",
        ),
        (["{0}", "{0}", "--images", "{0}"], "between two releases only"),
    ],
)
def test_usage(sides, arguments, said):
    result = run("diff", *(each.format(sides[0]) for each in arguments))
    assert (result.status, result.out) == (2, "")
    assert said in " ".join(result.err.split())


# --- Releases ---------------------------------------------------------------------------------


@pytest.fixture
def plugins(write, tmp_path):
    """A node with a docker config and a provider."""
    config = write(
        "providers.yaml",
        {
            "kind": "CredentialProviderConfig",
            "apiVersion": "kubelet.config.k8s.io/v1",
            "providers": [
                {
                    "name": "vault",
                    "matchImages": ["quay.io"],
                    "defaultCacheDuration": "10m",
                    "apiVersion": "credentialprovider.kubelet.k8s.io/v1",
                }
            ],
        },
    )
    answer = {
        "kind": "CredentialProviderResponse",
        "apiVersion": "credentialprovider.kubelet.k8s.io/v1",
        "cacheKeyType": "Image",
        "auth": {"quay.io/acme": {"username": "vault", "password": CANARY}},
    }
    answers = write("answers.yaml", {"vault": answer})
    own = tmp_path / "config.json"
    own.write_text(json.dumps({"auths": login("node")}), encoding="utf-8")
    return "--provider-config", config, "--provider-answers", answers, "--node-config", own


def between(first, last):
    return "--from-kubernetes", first, "--to-kubernetes", last


def test_the_order_changes(sides, plugins):
    arguments = sides[0], *between("1.31", "1.37"), *plugins
    result = run("diff", *arguments, "--format", "json")
    (change,) = result.json["changes"]
    for side, users in (
        ("before", ["bot", "vault", "node"]),
        ("after", ["bot", "node", "vault"]),
    ):
        assert [each["username"] for each in change[side]["candidates"]] == users
        assert change["asked"][side] == ["vault"]
    assert change["because"][0]["name"] == "one_node_keyring"
    assert (result.status, "refused" in result.json) == (0, False)
    text = run("diff", *arguments)
    assert "one_node_keyring in Kubernetes 1.33: True -> False" in text.out
    assert not leaks(result.out + text.out + text.err)
    assert run("diff", sides[0], *between("1.33", "1.37"), *plugins).out == "nothing changes\n"


def test_a_release_that_refuses_the_configuration(sides, plugins):
    config = plugins[1]
    config.write_text(config.read_text("utf-8").replace("name:", f"more: {CANARY}\n  name:"))
    result = run("diff", sides[0], *between("1.31", "1.32"), *plugins)
    first, because = result.out.splitlines()
    assert result.status == 1
    assert first.startswith("refused now: ")
    assert "providers[0].more" in first
    assert because.startswith("because strict_decoding in Kubernetes 1.32: False -> True")
    back = run("diff", sides[0], *between("1.32", "1.31"), *plugins, "--format", "markdown")
    assert (back.status, back.out.splitlines()[0][:20]) == (0, "- no longer refused:")
    read = Document.of(
        run("diff", sides[0], *between("1.31", "1.32"), *plugins, "--format", "html").out
    )
    assert "refused now: " in read.text
    assert not leaks(read.text)
    found = run("diff", sides[0], *between("1.31", "1.32"), *plugins, "--format", "json").json
    assert found["changes"] == []
    assert found["refused"]["before"] == []
    assert found["refused"]["because"][0]["name"] == "strict_decoding"
    both = run("diff", sides[0], *between("1.32", "1.33"), *plugins)
    assert (both.status, both.out) == (2, "")
    assert "both releases refuse" in both.err
    for each in (result, back, both):
        assert not leaks(each.out + each.err)


def test_a_release_that_refuses_the_kubelets_configuration(sides, tmp_path):
    kubelet = tmp_path / "kubelet.yaml"
    lines = "kind: KubeletConfiguration", "imagePullCredentialsVerificationPolicy: AlwaysVerify"
    kubelet.write_text("\n".join(lines))
    options = "--kubelet-config", kubelet
    result = run("diff", sides[0], *between("1.32", "1.33"), *options)
    first, *because = result.out.splitlines()
    assert result.status == 1
    assert first.startswith(f"refused now: {kubelet}: the kubelet does not start: ")
    assert any(line.startswith("because verification_gate in Kubernetes 1.33") for line in because)
    both = run("diff", sides[0], *between("1.33", "1.34"), *options)
    assert (both.status, both.out) == (2, "")
    assert "both releases refuse the configuration" in both.err


def test_a_look_up_for_an_image_that_is_there_is_shown(sides, tmp_path):
    images = tmp_path / "images.json"
    tags = [{"id": f"sha256:{'1' * 64}", "repoTags": ["quay.io/acme/api:1"], "repoDigests": []}]
    images.write_text(json.dumps({"images": tags}))
    pod = tmp_path / "pod.yaml"
    pod.write_text(
        json.dumps(
            {
                "kind": "Pod",
                "metadata": {"name": "p"},
                "spec": {"containers": [{"name": "c", "image": "quay.io/acme/api:1"}]},
            }
        )
    )
    arguments = pod, *between("1.32", "1.33"), "--images", images
    found = run("diff", *arguments).out
    assert found.count("on the node: use") == 2
    assert found.count("on the node: use, after secrets are decoded and providers run") == 1
    # The admission plugin leaves no image to its node.
    assert run("diff", *arguments, "--always-pull-images").out == "nothing changes\n"


def test_answers_of_another_provider(sides, plugins, write):
    answers = write("other.yaml", {"other": "{}"})
    result = run(
        "diff", sides[0], *between("1.31", "1.32"), *plugins[:2], "--provider-answers", answers
    )
    assert (result.status, "no such provider" in result.err) == (2, True)


def test_decisions(write, tmp_path):
    bad = secret_manifest("regcred", auths={"quay.io": {"auth": b64("no colon")}})
    manifests = write("pod.yaml", pod_manifest("regcred", image=IMAGE), bad)
    images = tmp_path / "images.json"
    images.write_text(json.dumps({"images": [{"id": "sha256:1", "repoTags": [IMAGE]}]}))
    result = run(
        "diff", manifests, *between("1.32", "1.33"), "--images", images, "--format", "json"
    )
    (change,) = result.json["changes"]
    assert result.status == 1
    assert [change["decision"][side]["outcome"] for side in ("before", "after")] == ["use", "fail"]
    assert change["because"][0]["name"] == "looks_up_when_present"
    assert run("diff", manifests, *between("1.32", "1.33")).out == "nothing changes\n"


def test_a_file_that_cannot_be_read(sides, tmp_path, monkeypatch):
    images = tmp_path / "images.json"
    images.touch()
    read = Path.read_bytes

    def refuse(path):
        if path == images:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    result = run("diff", sides[0], *between("1.32", "1.33"), "--images", images)
    assert (result.status, result.out) == (2, "")
    assert f"{images} cannot be read: Permission denied" in " ".join(result.err.split())
