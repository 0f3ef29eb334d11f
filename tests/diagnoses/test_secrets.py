"""Secrets by themselves: types, documents and keys."""

from __future__ import annotations

import json

import pytest

from pullsecrets import Keyring, check
from pullsecrets.fields import format_path
from pullsecrets.pull_secret import DOCKERCFG_TYPE
from pullsecrets.testing import cluster
from support.diagnosed import b64, found, login, pod, regcred, secret


def test_a_broken_secret_that_nothing_lists_is_reported_as_such():
    broken = secret({"auths": {"quay.io": {"auth": "?"}}})
    assert found(pod("quay.io/a/b", secrets=()), broken) == [("PS203", "error"), ("PS110", "note")]


@pytest.mark.parametrize("auth", [{"auth": "user:pw"}, {"auth": b64("nocolon")}, {"auth": 1}, []])
def test_an_entry_that_does_not_decode_is_named(auth):
    [diagnosis] = check(cluster(secret({"auths": {"quay.io/x": auth}})))
    assert (diagnosis.code, diagnosis.where.entry) == ("PS203", "quay.io/x")
    assert format_path(diagnosis.where.field) == "data['.dockerconfigjson']"


@pytest.mark.parametrize("text", ["{", "[]", '{"auths": []}', b64("hello"), "abc", "=", b"\xff"])
def test_a_document_that_does_not_decode(text):
    assert found(secret(text)) == [("PS204", "error")]


@pytest.mark.parametrize(
    "wrap", [lambda t: t, lambda t: t + "\n", lambda t: t[:40] + "\n" + t[40:]]
)
def test_base64_twice_however_it_is_wrapped(wrap):
    text = wrap(b64(json.dumps({"auths": {"quay.io": login()}})))
    assert found(secret(text)) == [("PS205", "error")]
    assert found(secret(text.rstrip("=\n"))) == [("PS205", "error")]


def test_shapes():
    assert found(secret({"auths": {"quay.io": login()}}, type=DOCKERCFG_TYPE)) == [
        ("PS206", "error")
    ]
    assert found(secret({"quay.io": login()}, type=DOCKERCFG_TYPE)) == []
    assert found(secret({"quay.io": {"auth": b64("a:b")}})) == [("PS206", "error")]
    assert found(secret({"HttpHeaders": {"User-Agent": "x"}})) == [("PS207", "warning")]
    assert found(secret("null")) == [("PS207", "warning")]
    assert found(secret({}, type=DOCKERCFG_TYPE)) == [("PS207", "warning")]
    [diagnosis] = check(cluster(secret({"quay.io": []}, type=DOCKERCFG_TYPE)))
    assert (diagnosis.code, format_path(diagnosis.where.field)) == ("PS203", "data['.dockercfg']")


def test_credential_helpers():
    good = {"quay.io": login()}
    assert found(secret({"auths": good, "credHelpers": {"gcr.io": "gcloud"}})) == [
        ("PS208", "note")
    ]
    assert found(secret({"credsStore": "desktop"})) == [("PS208", "warning")]
    assert found(secret({"auths": {**good, "ghcr.io": {}}, "credsStore": "desktop"})) == [
        ("PS208", "warning")
    ]
    assert found(secret({"auths": good, "credsStore": ""})) == []
    half = {"ghcr.io": {"username": "me"}}
    assert found(secret({"auths": {**good, **half, "gcr.io": {}}, "credsStore": "desktop"})) == [
        ("PS402", "error"),
        ("PS208", "warning"),
    ]


@pytest.mark.parametrize(
    "entry",
    [
        "registry-1.docker.io",
        "https://index.docker.io/v1",
        "index.docker.io/acme",
        "*.docker.io",
        "hub.docker.com",
        "https://auth.docker.io/token",
        "docker.com",
        "Docker.io",
        "docker.io:443",
        "index.docker.io:443",
    ],
)
def test_keys_that_are_meant_for_docker_hub(entry):
    [diagnosis] = check(cluster(regcred(entry)))
    assert (diagnosis.code, diagnosis.replacement) == ("PS301", "https://index.docker.io/v1/")


@pytest.mark.parametrize(
    "entry",
    ["docker.io", "docker.io/acme", "index.docker.io", "http://index.docker.io/v2/", "*.io"],
)
def test_keys_that_do_match_docker_hub(entry):
    assert found(regcred(entry)) == []


def test_a_host_of_docker_hub_that_an_image_really_names():
    assert found(pod("registry-1.docker.io/acme/api"), regcred("registry-1.docker.io")) == []


def test_an_api_path_that_an_image_really_has():
    assert found(regcred("quay.io/v2")) == [("PS304", "warning")]
    assert found(pod("quay.io/v2/api"), regcred("quay.io/v2")) == []


@pytest.mark.parametrize(
    "entry, corrected",
    [
        ("oci://quay.io/acme", "quay.io/acme"),
        ("HTTPS://quay.io", "quay.io"),
        ("//quay.io", "quay.io"),
        ("quay.io/acme/*", "quay.io/acme/"),
        ("quay.io/*", "quay.io/"),
        ("quay.io/acme/api:1.0", "quay.io/acme/api"),
        ("quay.io/acme/api@sha256:" + "0" * 64, "quay.io/acme/api"),
        ("quay.io/Acme", "quay.io/acme"),
        ("quay.io//acme", "quay.io/acme"),
        ("quay.io/acme?", None),
        ("quay.io/%25zz", "quay.io"),
        ("quay", None),
        ("quay..io", None),
        ("", None),
        ("oci://hub.docker.com/acme", "https://index.docker.io/v1/"),
        ("oci://quay.io/v2", "quay.io"),
    ],
)
def test_keys_that_match_nothing_and_their_corrections(entry, corrected):
    diagnoses = list(check(cluster(regcred(entry))))
    if entry == "quay.io/acme?":  # Go drops an empty query: nothing is wrong
        assert diagnoses == []
        return
    [diagnosis] = diagnoses
    assert (diagnosis.code, diagnosis.replacement) == ("PS303", corrected)
    if corrected is not None:
        assert found(regcred(corrected)) == []


@pytest.mark.parametrize(
    "entry, corrected",
    [
        (" quay.io", "quay.io"),
        ("quay.io \n", "quay.io"),
        ("registry.example.com:*", "registry.example.com"),
        ("quay.io\\acme", "quay.io/acme"),
        ("quay io", None),
        ("us%er:pw@quay.io", None),
        ("registry-1.docker.io ", "https://index.docker.io/v1/"),
    ],
)
def test_dropped_keys_and_their_corrections(entry, corrected):
    [diagnosis] = check(cluster(regcred(entry)))
    assert (diagnosis.code, diagnosis.replacement) == ("PS302", corrected)
    assert "pw" not in diagnosis.message + diagnosis.advice


def test_one_key_twice_with_one_credential_and_a_third_with_another():
    same = {"quay.io": login(), "https://quay.io": login(), "http://quay.io": login("x")}
    assert found(secret({"auths": same})) == [("PS306", "warning")]


def test_a_header_that_does_not_decode_is_no_entry():
    [diagnosis] = check(cluster(secret({"HttpHeaders": {"User-Agent": 1}})))
    assert (diagnosis.code, diagnosis.where.entry) == ("PS203", None)
    assert "HttpHeaders['User-Agent'] is a number, not a string" in diagnosis.message
    assert diagnosis.advice.startswith("Make each value in HttpHeaders a string")
    assert "user" not in diagnosis.advice


def test_the_notes_of_the_core_are_the_messages():
    for made, code in (
        (secret("{"), "PS204"),
        (secret({"auths": {"quay.io": 1}}), "PS203"),
        (regcred(" quay.io"), "PS302"),
    ):
        keyring = Keyring([made])
        [note] = [keyring.failure] if keyring.failure is not None else keyring.notes
        [diagnosis] = check(cluster(made))
        assert (diagnosis.code, diagnosis.message) == (code, str(note))
    for made, code in (
        (secret("", name="regcred"), "PS202"),
        (secret("x", type="Opaque"), "PS201"),
    ):
        diagnoses = check(cluster(pod("nginx"), made))
        assert (diagnoses[0].code, diagnoses[0].message) == (code, str(made.skipped))
