"""The examples show what the comment at their top says, worked out by hand from the rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from pullsecrets.notes import NoteCode

EXAMPLES = Path(__file__).parents[2] / "examples"

# Folder → image as written → keys in the order of the attempts, each with its secret.
EXPECTED = {
    "good/two-registries": {
        "quay.io/acme/shop-api:1.4.2": [("quay.io", "quay")],
        "registry.example.com:5000/shop/web:1.4.2": [
            ("registry.example.com:5000", "example-registry")
        ],
        "alpine:3.20": [],
    },
    "good/service-account": {
        "ghcr.io/acme/migrate:7": [("ghcr.io", "ghcr")],
        "ghcr.io/acme/report:7": [("ghcr.io", "ghcr")],
    },
    "good/overlapping": {
        "quay.io/team-a/portal:2.0": [
            ("quay.io/team-a/", "quay-team-a"),
            ("quay.io", "quay-everything"),
        ],
        "quay.io/team-b/metrics:0.9": [("quay.io", "quay-everything")],
    },
    "good/docker-hub": {
        "acmeshop/api:5": [("index.docker.io", "docker-hub")],
        "acmeshop/web:5": [("index.docker.io", "docker-hub")],
        "acmeshop/worker:5": [("index.docker.io", "docker-hub")],
    },
    "broken/docker-hub-keys": {
        "acmeshop/api:5": [("docker.io", "by-domain")],
    },
}


@pytest.mark.parametrize("folder", EXPECTED)
def test_example(folder):
    pytest.importorskip("yaml")
    from pullsecrets import load

    cluster = load(EXAMPLES / folder)
    assert cluster.problems == ()
    pods = list(cluster.resolve_all())
    found = {
        each.resolution.image.familiar: [
            (candidate.key, candidate.source.name) for candidate in each.resolution.candidates
        ]
        for pod in pods
        for each in pod.images
    }
    assert found == EXPECTED[folder]
    assert not any(pod.notes or pod.failure for pod in pods)


def test_broken_secret():
    pytest.importorskip("yaml")
    from pullsecrets import load

    [pod] = load(EXAMPLES / "broken" / "broken-secret").resolve_all()
    [answer] = pod.images
    assert answer.resolution.candidates == ()
    assert pod.failure == answer.resolution.failure
    assert pod.failure.code is NoteCode.UNDECODABLE_SECRET
    assert (pod.failure.namespace, pod.failure.name) == ("broken-secret", "old")
    assert "example-password" not in str(pod.failure)


def test_each_example_says_what_to_see():
    """All but what a program has written, which is as the program leaves it."""
    written = {*EXAMPLES.rglob("*.sealed.yaml"), *EXAMPLES.rglob("*.sops.yaml")}
    manifests = set(EXAMPLES.rglob("*.yaml")) - written
    assert manifests
    for file in manifests:
        assert file.read_text("utf-8").startswith("# "), file


def test_examples_can_be_read_together():
    """Each has a namespace of its own, so that `examples/` as a whole is one cluster."""
    pytest.importorskip("yaml")
    from pullsecrets import load

    assert load(EXAMPLES / "good").problems == ()
