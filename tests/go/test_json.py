"""Go's JSON: how deep it nests, and that depth changes nothing about the grammar."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullsecrets import DockerConfig, InvalidDockerConfig
from pullsecrets._go import json as go_json
from pullsecrets._go.json import BadJSON, parse_json, write_json
from support.effort import examples


def test_many_brackets_are_not_deep():
    flat = ", ".join(["[]", "{}"] * 15_000)
    text = f'{{"other": [{flat}, [[1]]], "auths": {{"quay.io": {{"auth": "dTpw"}}}}}}'
    assert list(DockerConfig.from_json(text).auths) == ["quay.io"]


@pytest.mark.parametrize(
    "depth, accepted",
    [(3, True), (900, True), (1100, True), (9_997, True), (9_998, False), (20_000, False)],
)
@pytest.mark.parametrize("opening, closing", [("[", "]"), ('{"a":', "}")])
def test_nesting_ends_at_ten_thousand(depth, accepted, opening, closing):
    """Three objects are around what is nested: the document, ``auths`` and the entry."""
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


# Which of the two parsers reads what nests deep depends on Python's own limit, so that the one
# without recursion is asked by itself, too.
@pytest.mark.parametrize(
    "text",
    ["", "[", "[1", '["\n"]', '["a', "[nul]", "[1 2]", "[1,]", '{"a"}', "{1:2}", "[]1", "]", "[}"],
)
def test_both_parsers_refuse(text):
    for parse in (parse_json, go_json._parse_deep):
        with pytest.raises(BadJSON, match="not JSON"):
            parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "1",
        " [ ] ",
        '{"a": [1.5e3, true, "\\u00e9", {}, [], -0], "b": null, "a": false}',
        '[[], {}, [[["x"]]], {"a": {"a": []}}]',
    ],
)
def test_both_parsers_read_the_same(text):
    assert go_json._parse_deep(text) == parse_json(text)


@pytest.mark.parametrize("opening, closing", [("[", "]"), ('{"a":', "}")])
def test_the_limit_is_exact_in_both_parsers(monkeypatch, opening, closing):
    monkeypatch.setattr(go_json, "MAX_DEPTH", 5)
    for parse in (parse_json, go_json._parse_deep):
        assert parse(opening * 5 + "1" + closing * 5)
        with pytest.raises(BadJSON, match="nested more than 5 deep"):
            parse(opening * 6 + "1" + closing * 6)
    # More brackets than the limit, none of them deep.
    assert parse_json("[[],[],[],[],[],[],[],[]]") == [[]] * 8


def test_what_nests_deep_is_read():
    deep = (
        "[" * 2000 + r'{"a": [1.5e3, true, "\u00e9", {}, [], -0], "b": null, "a": "é"}' + "]" * 2000
    )
    config = DockerConfig.from_json(
        f'\n{{"other": {deep} ,\t"auths": {{"é": {{"auth": "dTpw", "email": "\\ud800"}}}}}} '
    )
    assert config.auths["é"].username == "u"
    assert config.auths["é"].email == "\ufffd"


def test_a_lone_surrogate_is_written_as_go_would():
    assert write_json({"a": "\ud800"}) == '{"a":"\\ufffd"}'
    assert write_json({"<": "\u2028&"}) == '{"\\u003c":"\\u2028\\u0026"}'


@examples(100)
@given(st.dictionaries(st.text(), st.text() | st.dictionaries(st.text(), st.text())))
def test_written_json_reads_back(value):
    assert json.loads(write_json(value)) == value
