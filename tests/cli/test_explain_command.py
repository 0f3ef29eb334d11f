"""``pullsecrets explain``, as somebody types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("click")
pytest.importorskip("rich")
pytest.importorskip("yaml")

from click.testing import CliRunner

from pullsecrets.cli import cli

EXAMPLES = Path(__file__).parents[2] / "examples"
BROKEN = sorted(path.name for path in (EXAMPLES / "broken").iterdir())

# What the first line has to say, in the words of the example's own comment.
CAUSES = {
    "broken-secret": ["secret broken-secret/old does not decode", "auth is not base64"],
    "docker-hub-keys": ["'registry-1.docker.io'", "never matches an image of Docker Hub"],
    "ecr-token": ["a token of Amazon's registry", "12 hours"],
    "laptop-config": ["credsStore", "runs no credential helpers"],
    "line-break": ["password", "ends in a line break"],
    "missing-port": ["'registry.example.com' of", "has no port, the image has port 5000"],
    "neighbour": ["'quay.io/acme'", "also serves 'quay.io/acme-labs/tool'"],
    "not-listed": ["'quay.io/acme/api:3'", "nothing lists that secret"],
    "other-namespace": ["is not among the manifests", "there is one in namespace default"],
    "replaced-list": ["replace those of service account 'default'"],
    "two-spellings": ["'quay.io', 'https://quay.io/v2/'", "the key 'quay.io'"],
    "wildcard": ["the glob has 3 labels, the host has 4"],
    "wrong-type": ["its type is 'Opaque'"],
}


def run(*arguments, status=0, stdin=None):
    result = CliRunner().invoke(cli, list(map(str, arguments)), input=stdin)
    assert result.exit_code == status, result.output
    return result


def explain(*arguments, **more):
    return run("explain", *arguments, **more).stdout


def test_each_broken_example_is_here():
    assert sorted(CAUSES) == BROKEN


@pytest.mark.parametrize("name", BROKEN)
def test_the_first_line_names_the_cause(name):
    arguments = EXAMPLES / "broken" / name, "--at", "2026-01-01"
    first = explain(*arguments, status=int(name == "broken-secret"))
    for words in CAUSES[name]:
        assert words in first.split("\n", 1)[0]
    assert "example-password" not in first


@pytest.mark.parametrize("name", sorted(path.name for path in (EXAMPLES / "good").iterdir()))
def test_of_the_good_examples_there_is_only_the_tree(name):
    assert explain(EXAMPLES / "good" / name).startswith(
        "nothing wrong to be seen in the manifests\n"
    )


WHEN = " (IfNotPresent: pulled if the node does not have it, or has to verify it)"


def test_the_tree():
    shown = explain(EXAMPLES / "good" / "overlapping")
    lines = [line.rstrip() for line in shown.splitlines()]
    assert lines[2:] == [
        "Deployment overlapping/portal",
        "  its own imagePullSecrets: quay-everything, quay-team-a",
        "           entry            verdict",
        "  portal: quay.io/team-a/portal:2.0",
        f"  2 candidates{WHEN}",
        "    1. secret quay-everything",
        "      ✓ 2  quay.io          candidate 2",
        "    2. secret quay-team-a",
        "      ✓ 1  quay.io/team-a/  candidate 1",
        "  metrics: quay.io/team-b/metrics:0.9",
        f"  1 candidate{WHEN}",
        "    1. secret quay-everything",
        "      ✓ 1  quay.io          candidate 1",
        "    2. secret quay-team-a",
        "      ✗    quay.io/team-a/  no match, the path: /team-a/, the image has /team-b/metrics",
    ]


def test_one_pod_of_many():
    shown = explain(EXAMPLES, "--pod", "Deployment/portal")
    assert shown.startswith("nothing wrong")
    assert "overlapping/portal" in shown
    assert "two-registries" not in shown
    shown = explain(EXAMPLES, "-n", "broken-secret", status=1)
    assert shown.startswith("error PS203")
    assert "Docker Hub" not in shown


def test_one_image_of_many():
    folder = EXAMPLES / "good" / "two-registries"
    for image in ("alpine", "alpine:3.20", "docker.io/library/alpine"):
        shown = explain(folder, "--image", image)
        assert "alpine:3.20" in shown
        assert "shop-api" not in shown
    assert (
        "no pod has the image 'alpine:3.21'"
        in run("explain", folder, "--image", "alpine:3.21", status=2).stderr
    )
    assert "is not an image reference" in run("explain", folder, "--image", "A", status=2).stderr


SECRET = """
kind: Secret
metadata: {name: regcred}
type: kubernetes.io/dockerconfigjson
stringData:
  .dockerconfigjson: '{"auths": {"quay.io": {"username": "me", "password": "hunter2"}}}'
"""


def test_an_image_against_secrets_without_a_pod():
    shown = explain("-", "--image", "quay.io/a/b", stdin=SECRET)
    assert "✓ 1  quay.io  candidate 1" in shown
    assert "hunter2" not in shown
    assert "--image IMAGE explains an image" in run("explain", "-", stdin=SECRET).stderr


def test_json():
    document = json.loads(explain(EXAMPLES / "broken" / "missing-port", "--format", "json"))
    assert document["version"] == 1
    assert document["diagnoses"][0]["code"] == "PS502"
    [pod] = document["pods"]
    [image] = pod["images"]
    [record] = [entry for secret in image["secrets"] for entry in secret["entries"]]
    assert (record["reason"], record["in_key"], record["in_image"]) == ("port", "none", "5000")
    alone = json.loads(explain("-", "--image", "nginx", "--format", "json", stdin=SECRET))
    [image] = alone["images"]
    assert image["secrets"][0]["entries"][0]["verdict"].startswith("no match")
    assert image["image"] == "nginx"


def test_images_that_are_none_and_input_that_cannot_be_read():
    pod = "kind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: A}]}\n"
    assert explain("-", status=1, stdin=pod).startswith("error PS501 'A' is not an image reference")
    assert (
        "no pod has the image"
        in run("explain", "-", "--image", "nginx", status=2, stdin=pod).stderr
    )
    explain("-", status=2, stdin=pod + "---\n{")


def test_a_digest_is_asked_for_as_it_stands():
    digest = "sha256:" + "0" * 64
    pod = (
        "kind: Pod\nmetadata: {name: p}\n"
        f"spec: {{containers: [{{name: c, image: 'nginx@{digest}'}}]}}\n"
    )
    shown = explain("-", "--image", f"nginx@{digest}", stdin=pod)
    assert digest in "".join(shown.split())
    run("explain", "-", "--image", "nginx@sha256:" + "1" * 64, status=2, stdin=pod)
