"""What is fuzzed holds for each input of the corpus; and the corpus reaches what it is for."""

from __future__ import annotations

from pathlib import Path

import pytest

from fuzzing.targets import TARGETS
from pullsecrets import Cluster, DockerConfig, Image
from pullsecrets.probe import challenges

CORPUS = Path(__file__).parent / "corpus"
INPUTS = [(file.parent.name, file.name) for file in sorted(CORPUS.glob("*/*"))]


def test_a_password_that_is_a_name_elsewhere_is_public():
    text = (CORPUS / "yaml_manifests" / "shop").read_text("utf-8")
    assert "hunter2-CANARY" in text
    TARGETS["yaml_manifests"](text.replace("name: regcred}]", "name: hunter2-CANARY}]").encode())


@pytest.mark.parametrize("target, name", INPUTS)
def test_input(target, name):
    TARGETS[target]((CORPUS / target / name).read_bytes())


def test_each_target_has_inputs():
    assert {target for target, _ in INPUTS} == set(TARGETS)


def revealed(cluster):
    configs = filter(None, (secret.config() for secret in cluster.secrets))
    return " ".join(each.password.reveal() for it in configs for each in it.auths.values())


@pytest.mark.parametrize(
    "target, where, name, change",
    [
        ("docker_config", DockerConfig, "to_json", lambda self: '{"auths": {}}'),
        ("docker_config", DockerConfig, "__repr__", lambda self: str(self.to_json())),
        ("yaml_manifests", Cluster, "__repr__", revealed),
        ("json_manifests", Cluster, "__repr__", revealed),
        ("image", Image, "familiar", "docker.io/library/other:1"),
        ("challenges", challenges.Challenge, "__eq__", lambda self, other: False),
    ],
)
def test_a_fault_is_noticed(target, where, name, change, monkeypatch):
    monkeypatch.setattr(where, name, change)
    found = {held(target, file.read_bytes()) for file in (CORPUS / target).iterdir()}
    assert False in found


def held(target, data):
    try:
        TARGETS[target](data)
    except AssertionError:
        return False
    return True
