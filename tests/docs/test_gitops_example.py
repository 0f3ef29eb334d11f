"""`examples/gitops`: what is said of a repository whose secrets other programs make."""

from __future__ import annotations

from pathlib import Path

import pytest

from pullsecrets import check, load
from support.command_line import run

FOLDER = Path(__file__).parents[2] / "examples" / "gitops"


def answers(folder):
    cluster = load(FOLDER / folder)
    return {
        str(each.container.image): (
            each.resolution.anonymous,
            len(each.resolution.unknown),
            len(each.resolution.serving),
        )
        for answer in cluster.resolve_all()
        for each in answer.images
    }


def test_the_good_half_is_silent():
    cluster = load(FOLDER / "apps")
    assert list(check(cluster)) == []
    assert not [problem for problem in cluster.problems if problem.error]
    said = run("check", "--fail-on", "note", FOLDER / "apps")
    assert (said.status, said.out) == (0, "")


def test_the_good_half_is_answered():
    assert answers("apps") == {
        "quay.io/acme/api:1.4": (None, 1, 0),
        "ghcr.io/acme/worker:2.0": (False, 1, 1),
        "docker.io/library/nginx:1.27": (True, 0, 0),
        "quay.io/acme/web:2.1": (None, 1, 0),
        "ghcr.io/acme/receipts:3": (False, 1, 1),
        "registry.example.com/tools/runner:3": (None, 1, 0),
    }


def test_each_mistake_has_its_diagnosis():
    found = {each.where.name: each.code for each in check(load(FOLDER / "mistakes"))}
    assert found == {"quay": "PS209", "chat": "PS112", "registry": "PS507"}


@pytest.mark.parametrize("command", ["resolve", "explain", "uses", "check"])
def test_no_pod_and_no_secret_is_lost(command):
    said = run(command, FOLDER / "apps", "--format", "json")
    assert said.status == 0
    assert not [problem for problem in said.json["problems"] if problem["error"]]
