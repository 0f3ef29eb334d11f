"""What is read out of a server's answer."""

from __future__ import annotations

import base64
import contextlib
import email.utils
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullsecrets.probe.answers import BadAnswer, error_of, read_token, retry_after
from pullsecrets.probe.transport import Answer


def answer(body: object, *headers: tuple[str, str], truncated: bool = False) -> Answer:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(200, headers, content, truncated, 0.0)


def jwt(claims: object) -> str:
    def part(document: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'none'})}.{part(claims)}.c2ln"


class TestToken:
    @pytest.mark.parametrize(
        "document, expected",
        [
            ({"token": "a"}, "a"),
            ({"access_token": "b"}, "b"),
            ({"token": "a", "access_token": "b"}, "b"),
            ({"token": "a", "access_token": ""}, "a"),
            ({"token": "a", "access_token": None}, "a"),
        ],
    )
    def test_either_field(self, document: dict[str, Any], expected: str) -> None:
        assert read_token(answer(document), "team/a", 0).value.reveal() == expected

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"token": ""},
            {"token": 1},
            {"token": ["a"]},
            {"token": "a b"},
            {"token": "a\r\nX-Evil: b"},
            {"token": "é"},
            {"token": "a" * 70_000},
            [],
            "a",
            b"",
            b"\xff",
            b"<html>",
            b'{"token": "a"',
            b'{"token": "a", "n": ' + b"[" * 100 + b"]" * 100 + b"}",
            b"[" * 200_000,
            b'{"a":' * 40_000,
            b'{"n": ' + b"9" * 10_000 + b', "token": "' + b'"}',
        ],
        ids=lambda body: str(body)[:20],
    )
    def test_none_in_it(self, body: object) -> None:
        with pytest.raises(BadAnswer):
            read_token(answer(body), "team/a", 0)

    def test_too_big(self) -> None:
        with pytest.raises(BadAnswer, match="too big"):
            read_token(answer({"token": "a"}, truncated=True), "team/a", 0)

    def test_brackets_in_strings_do_not_nest(self) -> None:
        document = {"token": "a", "note": '[[["\\' * 100}
        assert read_token(answer(document), "team/a", 0).value.reveal() == "a"

    @pytest.mark.parametrize(
        "lifetime, expected",
        [
            (None, 55),
            (300, 295),
            (10, 9),
            (0, 0),
            (-5, 0),
            (0.5, 0.45),
            (1e300, 86395),
            ("300", 55),
            (True, 55),
        ],
    )
    def test_lifetime(self, lifetime: object, expected: float) -> None:
        document = {"token": "a", **({} if lifetime is None else {"expires_in": lifetime})}
        assert read_token(answer(document), "team/a", 100.0).until == pytest.approx(100 + expected)

    def test_a_lifetime_without_end(self) -> None:
        assert read_token(answer(b'{"token": "a", "expires_in": 1e999}'), "a", 0).until == 86395
        with pytest.raises(BadAnswer):  # Python's JSON takes it, JSON does not
            read_token(answer(b'{"token": "a", "expires_in": NaN}'), "a", 0)

    PULL: Any = {"type": "repository", "name": "team/a", "actions": ["pull"]}  # noqa: RUF012

    @pytest.mark.parametrize(
        "document, allows",
        [
            ({"token": "opaque"}, None),
            ({"token": "a.b"}, None),
            ({"token": "a.b.c"}, None),
            ({"token": "a.!!.c"}, None),
            ({"token": jwt({})}, None),
            ({"token": jwt([])}, None),
            ({"token": jwt({"access": None})}, None),
            ({"token": jwt({"access": []})}, False),
            ({"token": jwt({"access": [PULL]})}, True),
            ({"token": jwt({"access": [{**PULL, "actions": ["*"]}]})}, True),
            ({"token": jwt({"access": [{**PULL, "actions": ["push"]}]})}, False),
            ({"token": jwt({"access": [{**PULL, "actions": "pull"}]})}, False),
            ({"token": jwt({"access": [{**PULL, "name": "team/b"}]})}, False),
            ({"token": jwt({"access": ["team/a"]})}, False),
            ({"token": "opaque", "scope": "repository:team/a:pull"}, True),
            ({"token": "opaque", "scope": "x repository:team/a:push,pull"}, True),
            ({"token": "opaque", "scope": "repository:team/a:push"}, False),
            ({"token": "opaque", "scope": ""}, False),
        ],
    )
    def test_whether_it_says_that_it_allows(
        self, document: dict[str, Any], allows: bool | None
    ) -> None:
        assert read_token(answer(document), "team/a", 0).allows is allows

    @given(st.binary(max_size=60))
    def test_no_body_is_another_error(self, body: bytes) -> None:
        with contextlib.suppress(BadAnswer):
            read_token(answer(body), "team/a", 0)


@pytest.mark.parametrize(
    "body, expected",
    [
        ({"errors": [{"code": "DENIED", "message": "no"}]}, ("DENIED", "no")),
        ({"errors": [{"code": 1, "message": None}]}, ("", "")),
        ({"errors": []}, ("", "")),
        ({"errors": ["x"], "error": "invalid_grant"}, ("invalid_grant", "")),
        ({"error": "invalid_grant", "error_description": "old"}, ("invalid_grant", "old")),
        ([], ("", "")),
        (b"\xff", ("", "")),
    ],
)
def test_error(body: object, expected: tuple[str, str]) -> None:
    assert error_of(answer(body)) == expected


@pytest.mark.parametrize(
    "value, expected",
    [
        ("3", 3),
        (" 120 ", 120),
        ("0", 0),
        ("", None),
        ("soon", None),
        ("-3", None),
        ("1.5", None),
        ("9" * 50, 315_360_000),  # for ever
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("Wed, 99 Oct 99999 07:28:00 GMT", None),
    ],
)
def test_retry_after(value: str, expected: float | None) -> None:
    assert retry_after(answer(b"", ("Retry-After", value))) == expected


def test_retry_after_a_moment() -> None:
    soon = time.time() + 1000
    for value in (email.utils.formatdate(soon, usegmt=True), str(int(soon))):
        assert retry_after(answer(b"", ("retry-after", value))) == pytest.approx(1000, abs=300)
    assert retry_after(answer(b"", ("Retry-After", "1600000000"))) == 0
    assert retry_after(answer(b"")) is None
