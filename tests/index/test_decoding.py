"""The fast ways through a docker config come to the same as the careful ones."""

from __future__ import annotations

import json
import pickle
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pullsecrets import Credential, DockerConfig, InvalidDockerConfig, Password
from pullsecrets._go.base64 import _PADDED, _RAW, canonical_base64, decode_base64
from pullsecrets._go.json import _depth_bound


def lone(auth: Any) -> str:
    return json.dumps({"auths": {"quay.io": {"auth": auth}}})


def with_company(auth: Any) -> str:
    """The same entry in a form that takes the careful way."""
    return json.dumps({"auths": {"quay.io": {"AUTH": auth, "email": ""}}})


def outcome(document: str) -> Any:
    try:
        return dict(DockerConfig.from_json(document).auths)
    except InvalidDockerConfig as error:
        return str(error)


AUTHS = st.one_of(
    st.binary().map(lambda data: b64encode(data).decode()),
    st.text().map(lambda text: b64encode(text.encode("utf-8", "replace")).decode()),
    st.text("YWI6Yg=-_\n\r é"),
    st.none(),
    st.integers(),
)


@given(AUTHS)
@example("YTpi")
@example("YTpiOmM=")
@example("YTpi\n")
@example("YTpiYg")
@example("Yg==")
@example("YTp/")
@example("")
def test_an_auth_alone_reads_like_one_in_company(auth: Any) -> None:
    assert outcome(lone(auth)) == outcome(with_company(auth))


@given(st.text("YWI6Yg=+/-\n é"), st.booleans())
def test_the_round_trip_is_no_other_base64(text: str, padded: bool) -> None:
    bare = text.replace("\n", "").replace("\r", "")
    valid = (_PADDED if padded else _RAW).fullmatch(bare) is not None
    assert (decode_base64(text, padded=padded) is not None) == valid
    canonical = canonical_base64(text)
    if canonical is not None:
        assert b64encode(canonical).decode() == text


@pytest.mark.parametrize("nothing", [None, 7, b"YTpi", ["YTpi"], "YTpi ", "é"])
def test_what_no_encoder_writes_is_not_canonical(nothing: Any) -> None:
    assert canonical_base64(nothing) is None


def test_credentials_made_late_are_a_mapping_like_any_other() -> None:
    config = DockerConfig.from_json(
        '{"auths": {"a": {"auth": "YTpi"}, "b": {"auth": "YzpkOmU="}, "c": {"username": "f"}}}'
    )
    expected = {
        "a": Credential("a", Password("b")),
        "b": Credential("c", Password("d:e")),
        "c": Credential("f"),
    }
    assert len(config.auths) == 3
    assert list(config.auths) == ["a", "b", "c"]
    assert "a" in config.auths
    assert "d" not in config.auths
    assert config.auths["b"] is config.auths["b"]
    assert config.auths == expected
    assert config == DockerConfig(expected)
    assert hash(config) == hash(DockerConfig(expected))
    assert pickle.loads(pickle.dumps(config)) == config
    fresh = DockerConfig.from_json('{"auths": {"a": {"auth": "YTpodW50ZXIy"}}}')
    assert "hunter2" not in repr(fresh.auths) + repr(fresh) + str(fresh.auths)
    with pytest.raises(TypeError):
        fresh.auths["a"] = Credential()  # type: ignore[index]


def depth(value: Any) -> int:
    if isinstance(value, dict):
        value = list(value.values())
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


@given(
    st.recursive(
        st.integers() | st.text("[{]}"),
        lambda inner: st.lists(inner) | st.dictionaries(st.text("[{]}"), inner),
    )
)
def test_the_bound_of_the_depth_is_one(value: Any) -> None:
    assert depth(value) <= _depth_bound(json.dumps(value))


@pytest.mark.parametrize("before, behind", [("", ""), ("[]," * 9000, ""), ("", ",[]" * 9000)])
@pytest.mark.parametrize("deep, refused", [(9_998, False), (9_999, True)])
def test_ten_thousand_levels_wherever_they_stand(
    before: str, behind: str, deep: int, refused: bool
) -> None:
    document = f'{{"x": [{before}{"[" * deep}{"]" * deep}{behind}]}}'
    assert isinstance(outcome(document), str) == refused
