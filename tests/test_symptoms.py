"""What people see of secrets that are missing or do not decode, by release."""

from __future__ import annotations

import pytest

from pullsecrets import Cluster, PullSecret
from pullsecrets.node.node import Node
from pullsecrets.objects import Container, Pod
from pullsecrets.symptoms import symptoms_of
from pullsecrets.trace import explain_pod

BAD = PullSecret("bad", "default", "kubernetes.io/dockercfg", {".dockercfg": b"{"})


def explained(version, *names, images=("quay.io/a/b", "quay.io/a/c")):
    containers = tuple(Container(f"c{n}", image) for n, image in enumerate(images))
    pod = Pod("p", containers=containers, pull_secrets=names)
    return explain_pod(Cluster((pod,), (), (BAD,), Node(version)), pod)


@pytest.mark.parametrize(
    "version, missing, undecodable",
    [
        ("1.31", "event-at-each-sync", "pull-error"),
        ("1.32", "event-at-each-sync", "pull-error"),
        ("1.33", "event-at-each-sync", "error-text"),
        ("1.36", "event-at-each-sync", "error-text"),
        ("1.37", "event-after-failed-pull", "error-text"),
    ],
)
def test_each_once_for_the_pod_by_release(version, missing, undecodable):
    found = explained(version, "gone", "bad")
    assert [(each["code"], each["name"]) for each in found.to_dict()["symptoms"]] == [
        (missing, "gone"),
        (undecodable, "bad"),
    ]
    shown = found.table().notes
    assert [note for note in shown if "secret default/gone does not exist" in note]
    assert [note for note in shown if note.startswith("secret default/bad shows as")]


def test_what_is_not_wrong_shows_nothing():
    assert explained("1.37").to_dict()["symptoms"] == []
    # What is no image fails by itself.
    (only,) = symptoms_of(explained("1.37", "bad", images=("No Image", "quay.io/a")).resolution)
    assert only.code == "error-text"
    assert symptoms_of(explained("1.37", "bad", images=("No Image",)).resolution) == ()
    assert symptoms_of(explained("1.37", "gone", images=()).resolution) == ()
