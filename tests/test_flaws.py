"""What a credential shows without being tried."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullsecrets.dockerconfig import Credential, DockerConfig
from pullsecrets.flaws import NULL_GUID, Flaw, Inspected, inspect, span
from support.canary import CANARY, leaks, texts

END = datetime(2026, 1, 1, 12, tzinfo=UTC)
SECOND = int(END.timestamp())


def b64(value):
    text = value if isinstance(value, str) else json.dumps(value)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def jwt(claims):
    return f"{b64({'alg': 'RS256'})}.{b64(claims)}.c2ln"


def ecr(document):
    return base64.b64encode(json.dumps(document).encode()).decode()


@pytest.mark.parametrize(
    "username, password, codes",
    [
        ("user", "password", []),
        ("", "", ["PS403"]),
        (NULL_GUID, "", ["PS404"]),
        ("user", "", ["PS402"]),
        ("", "password", ["PS402"]),
        ("", "password\n", ["PS402", "PS401"]),
        ("user", "password\n", ["PS401"]),
        ("user ", "password\n", ["PS401", "PS401"]),
        ("user", "<token>", ["PS406"]),
        ("<user>", "<token>", ["PS406"]),
    ],
)
def test_flaws(username, password, codes):
    assert [flaw.code for flaw in inspect(Credential(username, password)).flaws] == codes


def test_a_token_that_the_kubelet_ignores():
    config = DockerConfig.from_json('{"auths": {"a.io": {"identitytoken": "x"}, "b.io": {}}}')
    first, second = map(inspect, config.auths.values())
    assert [flaw.code for flaw in first.flaws] == ["PS404"]
    assert [flaw.code for flaw in second.flaws] == ["PS403"]
    # It changes nothing about what is sent.
    assert config.auths["a.io"] == config.auths["b.io"]


@pytest.mark.parametrize(
    "username, password",
    [
        ("AWS", ecr({"payload": "x", "expiration": SECOND})),
        ("AWS", ecr({"payload": "x", "expiration": SECOND}) + "\n"),
        ("user", jwt({"exp": SECOND})),
        ("user", jwt({"exp": float(SECOND)})),
        ("", jwt({"sub": "ü" * 50, "exp": SECOND})),
        (NULL_GUID, jwt({"exp": SECOND}) + "\n"),
    ],
)
def test_tokens_say_when_they_end(username, password):
    assert inspect(Credential(username, password)).expires == END


@pytest.mark.parametrize(
    "username, password",
    [
        ("AWS", ""),
        ("AWS", "secret"),
        ("AWS", ecr({})),
        ("AWS", ecr([SECOND])),
        ("user", ecr({"expiration": SECOND})),
        ("user", "a.b.c"),
        ("user", "..."),
        ("user", jwt({})),
        ("user", jwt([])),
        ("user", jwt({"exp": "1"})),
        ("user", jwt({"exp": True})),
        ("user", jwt({"exp": None})),
        ("user", jwt({"exp": 1e300})),
        ("user", jwt({"exp": 10**30})),
        ("user", jwt('{"exp": NaN}')),
        ("user", jwt(f'{{"exp": 1{"0" * 5000}}}')),
        ("user", jwt("[" * 20_000)),
        ("user", jwt('{"a":' * 10_000)),
        ("user", f"{jwt({'exp': SECOND})}.more"),
        ("user", jwt({"exp": SECOND, "long": "x" * 70_000})),
    ],
)
def test_tokens_that_do_not(username, password):
    assert inspect(Credential(username, password)).expires is None


@given(st.text() | st.binary().map(lambda raw: f"{b64('{}')}.{b64(raw.decode('latin-1'))}.x"))
def test_no_password_is_too_strange(password):
    inspect(Credential("AWS", password))
    inspect(Credential("user", password))


def test_what_has_expired_by_a_moment():
    inspected = inspect(Credential("user", jwt({"exp": SECOND})))
    assert inspected.flaws_at(None) == ()
    assert inspected.flaws_at(END - timedelta(seconds=1)) == ()
    for later, ago in (
        (timedelta(), "a minute"),
        (timedelta(minutes=90), "90 minutes"),
        (timedelta(hours=47), "47 hours"),
        (timedelta(days=3000, hours=1), "3,000 days"),
    ):
        [flaw] = inspected.flaws_at(END + later)
        assert flaw == Flaw("PS408", "the password", f"expired {ago} ago")
        assert str(flaw) == f"the password expired {ago} ago (PS408)"


def test_other_flaws_stay():
    inspected = inspect(Credential("user", jwt({"exp": SECOND}) + "\n"))
    assert [flaw.code for flaw in inspected.flaws_at(END)] == ["PS401", "PS408"]


def test_as_json():
    assert inspect(Credential()).to_dict() == {
        "flaws": [{"code": "PS403", "message": "the entry is empty, and still counts as a match"}],
        "expires": None,
    }
    assert inspect(Credential("user", jwt({"exp": SECOND}))).to_dict() == {
        "flaws": [],
        "expires": "2026-01-01T12:00:00Z",
    }
    assert (
        str(inspect(Credential()).flaws[0])
        == "the entry is empty, and still counts as a match (PS403)"
    )


def test_a_year_has_four_digits_in_json():
    """RFC 3339, which the schema asks for: also where a token says something absurd."""
    token = jwt({"exp": int(datetime(385, 7, 25, tzinfo=UTC).timestamp())})
    assert inspect(Credential("user", token)).to_dict()["expires"] == "0385-07-25T00:00:00Z"


def test_words_for_lengths_of_time():
    assert span(timedelta(seconds=-5)) == "a minute"
    assert span(timedelta(minutes=2)) == "2 minutes"


@pytest.mark.parametrize(
    "password",
    [
        CANARY,
        f"{CANARY}\n",
        jwt({"exp": SECOND, "password": CANARY}),
        jwt({"exp": CANARY}),
        jwt(f'{{"exp": {CANARY}'),
        ecr({"expiration": SECOND, "payload": CANARY}),
    ],
)
def test_it_shows_nothing_of_a_password(password):
    for username in ("AWS", "user", ""):
        inspected = inspect(Credential(username, password))
        assert isinstance(inspected, Inspected)
        for text in (*texts(inspected), str(inspected.to_dict()), str(inspected.flaws_at(END))):
            assert leaks(text) == []
            assert password.strip() not in text
