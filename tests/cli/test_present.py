"""`pullsecrets present`: what happens on a node, who may use an image, and bad input."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import yaml

from support.canary import AUTH, CANARY, b64, leaks
from support.command_line import run

ID = f"sha256:{'a' * 64}"
# credentialHash of user "u" with password "p", as the kubelet writes it.
HASH = "edbd57ca9372e64eb1c9070ecf3a049ac553596b0529acf034c7a71d4e618e88"


def record(**mapping):
    return {
        "kind": "ImagePulledRecord",
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "lastUpdatedTime": "2026-01-01T00:00:00Z",
        "imageRef": ID,
        "credentialMapping": mapping,
    }


def by_secret(name="regcred", uid="uid-1"):
    secret = {"uid": uid, "namespace": "shop", "name": name, "credentialHash": HASH}
    return {"kubernetesSecrets": [secret]}


@pytest.fixture
def node(tmp_path):
    """A node with one image, and its record."""

    def node(**mapping):
        pulled = tmp_path / "image_manager" / "pulled"
        pulled.mkdir(parents=True)
        (tmp_path / "image_manager" / "pulling").mkdir()
        name = f"sha256-{hashlib.sha256(ID.encode()).hexdigest()}"
        (pulled / name).write_text(json.dumps(record(**mapping)))
        images = {"images": [{"id": ID, "repoTags": ["quay.io/acme/app:1"], "repoDigests": []}]}
        (tmp_path / "images.json").write_text(json.dumps(images))
        return "--images", tmp_path / "images.json", "--records", tmp_path / "image_manager"

    return node


@pytest.fixture
def manifests(tmp_path):
    def manifests(*secrets, policies=("IfNotPresent", "Never"), auth=None):
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "app", "namespace": "shop"},
            "spec": {
                "containers": [
                    {"name": policy, "image": "quay.io/acme/app:1", "imagePullPolicy": policy}
                    for policy in policies
                ],
                "imagePullSecrets": [{"name": name} for name in secrets],
            },
        }
        objects = [
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": name, "namespace": "shop", "uid": "uid-1"},
                "type": "kubernetes.io/dockerconfigjson",
                "data": {
                    ".dockerconfigjson": b64(
                        json.dumps({"auths": {"quay.io": {"auth": auth or b64("u:p")}}})
                    )
                },
            }
            for name in secrets
        ]
        file = tmp_path / "manifests.yaml"
        file.write_text(yaml.safe_dump_all([pod, *objects]))
        return file

    return manifests


def outcomes(result):
    return [(each["outcome"], each["step"]) for each in result.json["containers"]]


def test_the_pod_that_pulled_it_may_use_it(node, manifests):
    result = run(
        "present",
        manifests("regcred"),
        *node(**{"quay.io/acme/app": by_secret()}),
        "--format",
        "json",
    )
    assert outcomes(result) == [("use", "same-credential")] * 2
    assert result.status == 0


def test_another_pod_asks_the_registry_or_is_refused(node, manifests):
    arguments = manifests(), *node(**{"quay.io/acme/app": by_secret()})
    result = run("present", *arguments, "--format", "json")
    assert outcomes(result) == [("pull", "no-match"), ("refuse", "no-match")]
    assert result.status == 1
    pull, refuse = result.json["containers"]
    assert {change["code"] for change in pull["changes"]} == {"node-pull", "allowlist"}
    assert "pull-policy" in {change["code"] for change in refuse["changes"]}
    text = run("present", *arguments).out.splitlines()
    assert text[0] == "Pod shop/app"
    assert "shop/regcred; the registry decides" in text[2]
    assert "would change it: with imagePullPolicy: IfNotPresent the registry decides" in " ".join(
        text
    )


def test_what_will_be_tried_is_said(node, manifests):
    arguments = manifests("other", auth=AUTH), *node(**{"quay.io/acme/app": by_secret()})
    result = run("present", *arguments, "--format", "json")
    assert [each["source"]["name"] for each in result.json["containers"][0]["candidates"]] == [
        "other"
    ]
    text = run("present", *arguments).out
    assert "tried then: 1. quay.io as user from secret other" in text
    assert not leaks(text)


@pytest.mark.parametrize("version", ["1.32", "1.34"])
def test_before_verification_every_pod_may_use_it(node, manifests, version):
    arguments = manifests(), *node(**{"quay.io/acme/app": by_secret()}), "--kubernetes", version
    result = run("present", *arguments, "--format", "json")
    assert outcomes(result) == [("use", "not-verified")] * 2


def test_the_kubelets_configuration(node, manifests, tmp_path):
    config = tmp_path / "kubelet.yaml"
    policy = "imagePullCredentialsVerificationPolicy: NeverVerify"
    config.write_text(
        f"kind: KubeletConfiguration\napiVersion: kubelet.config.k8s.io/v1beta1\n{policy}\n"
    )
    arguments = manifests(), *node(**{"quay.io/acme/app": by_secret()}), "--kubelet-config", config
    assert (
        outcomes(run("present", *arguments, "--format", "json")) == [("use", "policy-allows")] * 2
    )


def test_without_a_node_the_image_is_absent(manifests):
    result = run("present", manifests(), "--format", "json")
    assert outcomes(result) == [("pull", "absent"), ("refuse", "absent")]
    assert result.err == "without --images, the node is taken to have none of the images\n"


def test_the_records(node, manifests):
    account = {"uid": "u", "namespace": "shop", "name": "builder"}
    mapping = {
        "quay.io/acme/app": by_secret("gone"),
        "quay.io/acme/open": {"nodePodsAccessible": True},
        "quay.io/acme/built": {"kubernetesServiceAccounts": [account]},
    }
    arguments = manifests("regcred"), *node(**mapping), "--by-record"
    (found,) = run("present", *arguments, "--format", "json").json["records"]
    assert found["image_id"] == ID
    names = {each["name"]: each for each in found["names"]}
    assert names["quay.io/acme/app"]["secrets"] == [
        {"namespace": "shop", "name": "gone", "state": "gone"}
    ]
    assert names["quay.io/acme/open"]["every_pod"] is True
    assert names["quay.io/acme/built"]["service_accounts"] == [
        {"namespace": "shop", "name": "builder"}
    ]
    text = run("present", *arguments).out
    for words in ("secret shop/gone", "every pod of the node", "service account shop/builder"):
        assert words in text
    assert HASH not in text


def test_a_name_that_blocks_a_preloaded_image(node, manifests):
    arguments = manifests(), *node(**{"ghcr.io/acme/other": by_secret()}), "--by-record"
    (found,) = run("present", *arguments, "--format", "json").json["records"]
    assert found["blocked"] == ["quay.io/acme/app"]
    assert "nobody: no pod uses it under this name without a pull" in run("present", *arguments).out


@pytest.mark.parametrize(
    "option, text, said",
    [
        ("--images", f'{{"images": "{CANARY}"}}', "the list of images"),
        ("--images", CANARY, "the list of images"),
        ("--kubelet-config", f"kind: Pod\npassword: {CANARY}", "the kubelet's configuration"),
    ],
)
def test_what_cannot_be_used(option, text, said, manifests, tmp_path):
    file = tmp_path / "bad"
    file.write_text(text)
    result = run("present", manifests(), option, file)
    assert result.status == 2
    assert said in result.err
    assert not leaks(result.err + result.out)


def test_a_folder_without_records(manifests, tmp_path):
    (tmp_path / "empty").mkdir()
    result = run("present", manifests(), "--records", tmp_path / "empty")
    assert result.status == 2
    assert "pulled" in result.err


def test_records_that_cannot_be_read(node, manifests, monkeypatch):
    options, pod = node(), manifests()

    def refuse(self):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "iterdir", refuse)
    result = run("present", pod, *options)
    assert (result.status, result.out) == (2, "")
    assert f"{options[-1] / 'pulled'} cannot be read: Permission denied" in result.err


def test_no_pods(tmp_path):
    file = tmp_path / "none.yaml"
    file.write_text("")
    result = run("present", file)
    assert (result.status, result.out) == (0, "")
    assert "no pods and no workloads" in result.err


def test_always_pull_images_leaves_no_image_unasked(node, manifests):
    arguments = manifests(), *node(), "--kubernetes", "1.34", "--format", "json"
    assert outcomes(run("present", *arguments)) == [("use", "not-verified")] * 2
    assert outcomes(run("present", *arguments, "--always-pull-images")) == [("pull", "always")] * 2


UNREADABLE = Path("/proc/self/mem")  # it is there, and cannot be read from its beginning


@pytest.mark.skipif(not UNREADABLE.exists(), reason="a file of Linux")
def test_a_kubelets_configuration_that_cannot_be_read(node, manifests):
    result = run("present", manifests(), *node(), "--kubelet-config", UNREADABLE)
    assert result.status == 2
    assert result.err.startswith("Error: /proc/self/mem cannot be read: ")
