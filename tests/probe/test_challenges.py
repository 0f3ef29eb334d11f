"""`WWW-Authenticate`, by RFC 9110 and as registries write it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullsecrets.probe.challenges import Challenge, parse_challenges


@pytest.mark.parametrize(
    "header, expected",
    [
        ("", []),
        (" , ,", []),
        ("Basic", [("basic", {})]),
        ('Basic realm="a"', [("basic", {"realm": "a"})]),
        ('basic REALM="a"', [("basic", {"realm": "a"})]),
        ('Basic realm = "a" , charset="UTF-8"', [("basic", {"realm": "a", "charset": "UTF-8"})]),
        (r'Basic realm="a \"b\" \\ c"', [("basic", {"realm": r'a "b" \ c'})]),
        ('Basic realm=""', [("basic", {"realm": ""})]),
        (
            'Bearer realm="https://auth.docker.io/token",scope="repository:a/b:pull,push"',
            [
                (
                    "bearer",
                    {
                        "realm": "https://auth.docker.io/token",
                        "scope": "repository:a/b:pull,push",
                    },
                )
            ],
        ),
        # Several challenges in one header, commas between everything.
        (
            'Newauth realm="apps", type=1, title="Login to \\"apps\\"", Basic realm="simple"',
            [
                ("newauth", {"realm": "apps", "type": "1", "title": 'Login to "apps"'}),
                ("basic", {"realm": "simple"}),
            ],
        ),
        ("Negotiate, Basic realm=x", [("negotiate", {}), ("basic", {"realm": "x"})]),
        ("Negotiate YWJj==, Basic realm=x", [("negotiate", {}), ("basic", {"realm": "x"})]),
        ("Negotiate YWJj", [("negotiate", {})]),
        # Not by the grammar, but there is only one reading.
        (
            "Bearer realm=https://x.io/token,service=x",
            [("bearer", {"realm": "https://x.io/token", "service": "x"})],
        ),
        ('Bearer realm="r" service="s"', [("bearer", {"realm": "r", "service": "s"})]),
        # No single reading: this challenge is left out, its neighbours are not.
        ('Bearer realm="a",realm="b", Basic realm="c"', [("basic", {"realm": "c"})]),
        ('Bearer realm="open, Basic realm="c"', [("basic", {"realm": "c"})]),
        ("Bearer realm=, Basic", [("bearer", {}), ("basic", {})]),
        ('Bearer @@@, service="s"', []),
        ("Bearer realm=@@\x00, Basic", [("bearer", {"realm": "@@\x00"}), ("basic", {})]),
        ('realm="without a scheme"', []),
        ('"quoted"', []),
    ],
)
def test_a_header(header: str, expected: list[tuple[str, dict[str, str]]]) -> None:
    assert parse_challenges([header]) == tuple(Challenge(*pair) for pair in expected)


def test_several_headers() -> None:
    found = parse_challenges(['Basic realm="a"', 'Bearer realm="b",error="invalid_token"'])
    assert [challenge.scheme for challenge in found] == ["basic", "bearer"]
    assert (found[1].get("error"), found[1].get("scope")) == ("invalid_token", "")


def test_endless_headers_are_cut() -> None:
    assert len(parse_challenges(["Basic a=b," * 10_000] * 100)) <= 32


_TOKEN = st.text("!#$%&'*+.^_`|~09AZaz-", min_size=1, max_size=8)
_VALUE = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=20)
_CHALLENGE = st.builds(
    Challenge, _TOKEN.map(str.lower), st.dictionaries(_TOKEN.map(str.lower), _VALUE, max_size=4)
)


@given(st.lists(_CHALLENGE, max_size=5))
def test_what_the_grammar_writes_is_read(challenges: list[Challenge]) -> None:
    def quoted(value: str) -> str:
        return '"' + value.replace("\\", r"\\").replace('"', r"\"") + '"'

    header = ", ".join(
        f"{one.scheme} "
        + ", ".join(f"{name}={quoted(value)}" for name, value in one.parameters.items())
        for one in challenges
    )
    assert parse_challenges([header]) == tuple(challenges)


@given(st.text(max_size=200))
def test_no_text_is_an_error(text: str) -> None:
    for challenge in parse_challenges([text]):
        assert challenge.scheme
        assert challenge.scheme in text.lower()


@pytest.mark.parametrize("piece", ['a="', 'a="\\', "a=", ",", "a ", '"', "a=b,", "\\", 'x="y'])
def test_a_megabyte_is_read_up_to_its_cap(piece: str) -> None:
    assert len(parse_challenges([piece * 100_000])) <= 32
