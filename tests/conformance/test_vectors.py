"""Every measured vector through the public API."""

from __future__ import annotations

import base64
import json
from collections import Counter
from pathlib import Path

import pytest

from pullsecrets import (
    DockerConfig,
    Image,
    InvalidDockerConfig,
    InvalidImage,
    Keyring,
    PullSecret,
    pattern_matches,
    resolve,
)

FOLDER = Path(__file__).parent


def vectors(name: str, count: int) -> list[dict]:
    lines = (FOLDER / f"{name}.jsonl").read_text("utf-8").splitlines()
    read = [json.loads(line) for line in lines]
    assert len(read) == count  # none got lost on the way here
    return read


IMAGES = vectors("images", 370)
MATCHES = vectors("matches", 1082)
CONFIGS = vectors("configs", 843)
LOOKUPS = vectors("lookups", 1500)


def by_line(values):
    return [pytest.param(value, id=f"line{line}") for line, value in enumerate(values, 1)]


@pytest.mark.parametrize("vector", by_line(IMAGES))
def test_image(vector):
    if "error" in vector:
        with pytest.raises(InvalidImage):
            Image.parse(vector["image"])
        return
    image = Image.parse(vector["image"])
    fields = ("name", "domain", "path", "familiar", "tag", "digest")
    assert {field: getattr(image, field) for field in fields} == {
        field: vector.get(field) for field in fields
    }
    suffix = (f":{image.tag}" if image.tag else "") + (f"@{image.digest}" if image.digest else "")
    assert str(image) == vector["name"] + suffix


@pytest.mark.parametrize("vector", by_line(MATCHES))
def test_match(vector):
    assert pattern_matches(vector["pattern"], vector["target"]) is vector["match"]


@pytest.mark.parametrize("vector", by_line(CONFIGS))
def test_config(vector):
    data = base64.b64decode(vector["config_b64"])
    if "error" in vector:
        with pytest.raises(InvalidDockerConfig):
            DockerConfig.from_json(data)
        return
    config = DockerConfig.from_json(data)
    assert {
        entry: [credential.username, credential.password.reveal(), credential.email]
        for entry, credential in config.auths.items()
    } == vector["auths"]


def node_of(vector):
    if "node_config_b64" not in vector:
        return None
    try:
        return DockerConfig.from_json(base64.b64decode(vector["node_config_b64"]))
    except InvalidDockerConfig:
        return None


@pytest.mark.parametrize("vector", by_line(LOOKUPS))
def test_lookup(vector):
    secrets = [
        PullSecret.from_manifest(
            {"metadata": {"name": s["name"]}, "type": s["type"], "data": s["data"]}
        )
        for s in vector["secrets"]
    ]
    node = node_of(vector)
    resolution = resolve(vector["image"], secrets, node)
    assert Keyring(secrets, node).resolve(vector["image"]) == resolution
    expect = vector["expect"]
    if "error" in expect:
        assert resolution.failure is not None
        assert resolution.candidates == ()
        assert not resolution.anonymous
        if expect["error"] == "image":
            assert resolution.image == vector["image"]
        else:
            assert isinstance(resolution.image, Image)
            assert f"default/{expect['error'].removeprefix('secret:')} " in resolution.failure
        return
    assert resolution.failure is None
    assert [
        Counter(
            (
                candidate.entry,
                candidate.key,
                candidate.credential.username,
                candidate.credential.password.reveal(),
                candidate.source.name or "(node)",
            )
            for candidate in tier
        )
        for tier in resolution.tiers
    ] == [
        Counter((c["entry"], c["key"], c["username"], c["password"], c["source"]) for c in tier)
        for tier in expect["tiers"]
    ]
    assert resolution.anonymous is (expect["tiers"] == [])
    assert resolution.is_deterministic is all(
        len({(c["username"], c["password"]) for c in tier}) == 1 for tier in expect["tiers"]
    )
