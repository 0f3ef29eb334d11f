"""What Go's own parsers answered, on inputs that are hard on them.

The files were measured with the kubelet's code (Kubernetes 1.22.17, Go 1.26), on mutations of the
conformance vectors. Bytes stand in base64, as not all of them are UTF-8.
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

FOLDER = Path(__file__).parent / "measured"


def measured(name, count):
    lines = (FOLDER / f"{name}.jsonl").read_text("ascii").splitlines()
    assert len(lines) == count
    return [
        pytest.param(_decoded(json.loads(line)), id=f"line{number}")
        for number, line in enumerate(lines, 1)
    ]


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


@pytest.mark.parametrize("vector", measured("urls", 500))
def test_url(vector):
    if "error" in vector:
        with pytest.raises(BadURL):
            parse_url(vector["text"])
        return
    url = parse_url(vector["text"])
    assert same(url.host, vector["host"])
    assert same(url.path, vector["path"])
    name, port = split_host_port(url.host)
    assert same(name, vector["name"])
    assert same(port, vector["port"])


@pytest.mark.parametrize("vector", measured("globs", 500))
def test_glob(vector):
    assert glob_matches(vector["pattern"], vector["target"]) is vector["match"]


@pytest.mark.parametrize("vector", measured("matches", 450))
def test_match(vector):
    assert pattern_matches(vector["pattern"], vector["target"]) is vector["match"]


@pytest.mark.parametrize("vector", measured("configs", 450))
def test_config(vector):
    data = vector["config"].encode("utf-8", "surrogateescape")
    decode = DockerConfig.from_legacy_json if vector["legacy"] else DockerConfig.from_json
    if "error" in vector:
        with pytest.raises(InvalidDockerConfig):
            decode(data)
        return
    assert {
        entry: [credential.username, credential.password.reveal(), credential.email]
        for entry, credential in decode(data).auths.items()
    } == {_text(entry): [_text(v) for v in values] for entry, values in vector["auths"].items()}


@pytest.mark.parametrize(
    "pattern, name, expected",
    [
        ("%c3*.io", "é.io", True),  # a star takes the other half of the character
        ("quay.io/%c3", "quay.io/é", True),
        ("quay.io/%a9", "quay.io/é", False),
        ("quay.io/%c3", "quay.io/a", False),
        ("%c3%a9.io", "é.io", True),
        ("[::1]", "[::1]", False),  # without a port the brackets are a set of characters
        ("[::1]:5000", "[::1]:5000", True),
        ("quay.io/%2561", "quay.io/a", False),
        ("quay.io/%61", "quay.io/a", True),
    ],
)
def test_match_by_bytes(pattern, name, expected):
    assert pattern_matches(pattern, name) is expected


@pytest.mark.parametrize(
    "depth, accepted",
    [(3, True), (900, True), (1100, True), (9_997, True), (9_998, False), (20_000, False)],
)
@pytest.mark.parametrize("opening, closing", [("[", "]"), ('{"a":', "}")])
def test_nesting_ends_at_ten_thousand(depth, accepted, opening, closing):
    """Around what is nested stand three objects: the document, ``auths`` and the entry."""
    deep = opening * depth + ("1" if opening == "[" else "null") + closing * depth
    text = f'{{"auths": {{"quay.io": {{"other": {deep}, "username": "me"}}}}}}'
    if accepted:
        assert DockerConfig.from_json(text).auths["quay.io"].username == "me"
    else:
        with pytest.raises(InvalidDockerConfig, match="not JSON"):
            DockerConfig.from_json(text)


@pytest.mark.parametrize(
    "text",
    [
        "{" + "[" * 2000,
        "[" * 2000 + "]" * 1999,
        "[" * 2000 + "1,]" + "]" * 1999,
        "[" * 2000 + "1 2" + "]" * 2000,
        "[" * 2000 + "01" + "]" * 2000,
        "[" * 2000 + '"\n"' + "]" * 2000,
        "[" * 2000 + '{"a"}' + "]" * 2000,
        "[" * 2000 + "{1:2}" + "]" * 2000,
        "[" * 2000 + '{"a":1,}' + "]" * 2000,
        "[" * 2000 + "}" + "]" * 1999,
        "[" * 2000 + "]" * 2000 + "1",
        "[" * 2000 + "]" * 2000 + ",",
        "[" * 2000 + "nul" + "]" * 2000,
        "[" * 2000 + "NaN" + "]" * 2000,
        "[" * 2000 + "-" + "]" * 2000,
        "[" * 2000 + "1.e5" + "]" * 2000,
    ],
)
def test_what_nests_deep_is_held_to_the_same_grammar(text):
    with pytest.raises(InvalidDockerConfig, match="not JSON"):
        DockerConfig.from_json(f'{{"auths": {{"q": {{"other": {text}}}}}}}')


def test_what_nests_deep_is_read():
    deep = (
        "[" * 2000 + r'{"a": [1.5e3, true, "\u00e9", {}, [], -0], "b": null, "a": "é"}' + "]" * 2000
    )
    config = DockerConfig.from_json(
        f'\n{{"other": {deep} ,\t"auths": {{"é": {{"auth": "dTpw", "email": "\\ud800"}}}}}} '
    )
    assert config.auths["é"].username == "u"
    assert config.auths["é"].email == "\ufffd"
