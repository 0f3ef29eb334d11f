"""What Go's own parsers answered, on inputs that are hard on them.

The files were measured with the kubelet's code (Kubernetes 1.22.17, Go 1.26), on mutations of the
conformance vectors. Bytes are in base64, as not all of them are UTF-8.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from pullsecrets import DockerConfig, InvalidDockerConfig, pattern_matches
from pullsecrets._go.url import (
    BadURL,
    glob_matches,
    go_bytes,
    parse_url,
    split_host_port,
)

FOLDER = Path(__file__).parent


def measured(name, count):
    lines = (FOLDER / f"{name}.jsonl").read_text("ascii").splitlines()
    assert len(lines) == count
    return [_decoded(json.loads(line)) for line in lines]


def _text(value):
    return base64.b64decode(value).decode("utf-8", "surrogateescape")


def _decoded(vector):
    return {
        name.removesuffix("_b64"): (
            _text(value) if name.endswith("_b64") and isinstance(value, str) else value
        )
        for name, value in vector.items()
    }


def same(text, expected):
    # Bytes are what Go has; two spellings of them in surrogates are equal.
    return go_bytes(text) == go_bytes(expected)


def test_url():
    for vector in measured("urls", 500):
        if "error" in vector:
            with pytest.raises(BadURL):
                parse_url(vector["text"])
            continue
        url = parse_url(vector["text"])
        assert same(url.host, vector["host"])
        assert same(url.path, vector["path"])
        name, port = split_host_port(url.host)
        assert same(name, vector["name"])
        assert same(port, vector["port"])


def test_glob():
    """Of the globs that were measured, those that can be a label of a host (rule 12)."""
    for vector in measured("globs", 52):
        assert glob_matches(vector["pattern"], vector["target"]) is vector["match"]


def test_match():
    for vector in measured("matches", 450):
        assert pattern_matches(vector["pattern"], vector["target"]) is vector["match"]


def test_config():
    for vector in measured("configs", 450):
        data = vector["config"].encode("utf-8", "surrogateescape")
        decode = DockerConfig.from_legacy_json if vector["legacy"] else DockerConfig.from_json
        if "error" in vector:
            with pytest.raises(InvalidDockerConfig):
                decode(data)
            continue
        assert {
            entry: [credential.username, credential.password.reveal(), credential.email]
            for entry, credential in decode(data).auths.items()
        } == {_text(entry): [_text(v) for v in values] for entry, values in vector["auths"].items()}
