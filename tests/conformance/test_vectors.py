"""Every measured vector of images, docker configs and secrets through the public API."""

from __future__ import annotations

import base64
from collections import Counter

from conformance.vectors import assert_all
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

IMAGE_FIELDS = ("name", "domain", "path", "familiar", "tag", "digest")


def test_images():
    def observe(vector):
        try:
            image = Image.parse(vector["image"])
        except InvalidImage:
            return "error"
        tag = f":{image.tag}" if image.tag else ""
        assert str(image) == image.name + tag + (f"@{image.digest}" if image.digest else "")
        return {field: getattr(image, field) for field in IMAGE_FIELDS}

    def expected(vector):
        return "error" if "error" in vector else {f: vector.get(f) for f in IMAGE_FIELDS}

    assert_all("images", observe, expected)


def test_matches():
    assert_all(
        "matches",
        lambda vector: pattern_matches(vector["pattern"], vector["target"]),
        lambda vector: vector["match"],
    )


def test_configs():
    def observe(vector):
        try:
            config = DockerConfig.from_json(base64.b64decode(vector["config_b64"]))
        except InvalidDockerConfig:
            return "error"
        return {
            entry.reveal(): [credential.username, credential.password.reveal(), credential.email]
            for entry, credential in config.auths.items()
        }

    def expected(vector):
        return "error" if "error" in vector else vector["auths"]

    assert_all("configs", observe, expected)


def node_of(vector):
    if "node_config_b64" not in vector:
        return None
    try:
        return DockerConfig.from_json(base64.b64decode(vector["node_config_b64"]))
    except InvalidDockerConfig:
        return None


def test_lookups():
    def observe(vector):
        secrets = [
            PullSecret.from_manifest(
                {"metadata": {"name": s["name"]}, "type": s["type"], "data": s["data"]}
            )
            for s in vector["secrets"]
        ]
        node = node_of(vector)
        resolution = resolve(vector["image"], secrets, node)
        assert Keyring(secrets, node).resolve(vector["image"]) == resolution
        assert resolution.anonymous is (not resolution.candidates and resolution.failure is None)
        if resolution.failure is not None:
            assert resolution.candidates == ()
            assert (resolution.image is None) is (resolution.failure.code == "invalid-image")
            return resolution.failure.code, resolution.failure.name
        tiers = [
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
        ]
        return tiers, resolution.is_deterministic

    def expected(vector):
        expect = vector["expect"]
        if "error" in expect:
            if expect["error"] == "image":
                return "invalid-image", None
            return "undecodable-secret", expect["error"].removeprefix("secret:")
        tiers = [
            Counter((c["entry"], c["key"], c["username"], c["password"], c["source"]) for c in tier)
            for tier in expect["tiers"]
        ]
        same = all(len({(c["username"], c["password"]) for c in t}) == 1 for t in expect["tiers"])
        return tiers, same

    assert_all("lookups", observe, expected)
