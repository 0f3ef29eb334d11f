"""What entries log in with."""

from __future__ import annotations

import json

import pytest

from support.diagnosed import GUID, b64, found, login, messages, one


@pytest.mark.parametrize(
    "credential, code",
    [
        (login("user", " pw"), "PS401"),
        (login("user", "pw "), "PS401"),
        (login("user", "pw\r"), "PS401"),
        (login("user\t", "pw"), "PS401"),
        ({"auth": b64("user:pw\n")}, "PS401"),
        (login("", "pw"), "PS402"),
        (login("user", ""), "PS402"),
        ({"email": "x"}, "PS403"),
        ({"identitytoken": "x"}, "PS404"),
        ({"registrytoken": "x", "username": "u"}, "PS404"),
        (login(GUID, ""), "PS404"),
        (login("AWS", "secret"), "PS405"),
        (login(GUID, "eyJ"), "PS405"),
        (login("oauth2accesstoken", "ya29.x"), "PS405"),
        (login("gitlab-ci-token", "x"), "PS405"),
        (login("anybody", "ghs_x"), "PS405"),
        (login("user", "${TOKEN}"), "PS406"),
        (login("user", "$TOKEN"), "PS406"),
        (login("user", "{{ .Values.password }}"), "PS406"),
        (login("user", "********"), "PS406"),
        (login("your-username", "x"), "PS406"),
        (login("<user>", "<password>"), "PS406"),
        (login("user", "changeme"), "PS406"),
    ],
)
def test_credentials_that_cannot_be_meant(credential, code):
    assert [each for each, _ in found(one(credential))] == [code]


@pytest.mark.parametrize(
    "credential",
    [
        login("user", "pa ss"),
        login("user", "$lowercase"),
        login("user", "pa$WORD"),
        login("user", "<"),
        login("_json_key", "{}"),
        login("robot$ci", "x"),
        login("robots", "x"),
        login("robot", "x"),
        login("myuser", "mypassword"),
        login("aws", "x"),
        login("token", "dckr_pat_x"),
        login("user", "password1"),
        login("user", "todo-list"),
    ],
)
def test_credentials_that_may_be_good(credential):
    assert found(one(credential)) == []


@pytest.mark.parametrize(
    "user, entry, severity",
    [
        ("robot+ci", "harbor.example.com", "warning"),
        ("robot", "harbor.example.com", "warning"),
        ("robot\\$ci", "harbor.example.com", "warning"),
        ("robot+ci", "registry.example.com", "note"),
    ],
)
def test_robots_without_their_dollar(user, entry, severity):
    assert found(one(login(user), entry)) == [("PS407", severity)]


def test_the_time_in_an_ecr_token():
    token = b64(json.dumps({"payload": "x", "expiration": 1767268800}))
    [message] = messages(one(login("AWS", token)))
    assert message.endswith("lives for 12 hours: until 2026-01-01 12:00 UTC")


@pytest.mark.parametrize(
    "inner",
    ["{", "[]", "{}", '{"expiration": "x"}', '{"expiration": 1e99}', '{"expiration": 1e18}'],
)
def test_an_ecr_token_without_a_time(inner):
    [message] = messages(one(login("AWS", b64(inner))))
    assert message.endswith("lives for 12 hours")
