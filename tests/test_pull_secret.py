"""Secrets: what is read of them, what the kubelet passes over, and what kubectl makes."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullsecrets import (
    Credential,
    DockerConfig,
    InvalidDockerConfig,
    Keyring,
    Password,
    PullSecret,
    resolve,
)
from pullsecrets.fields import InvalidManifest
from pullsecrets.metadata import Place
from pullsecrets.notes import Note, NoteCode
from pullsecrets.testing import strategies
from support.effort import examples

TYPE, KEY = "kubernetes.io/dockerconfigjson", ".dockerconfigjson"
LEGACY_TYPE, LEGACY_KEY = "kubernetes.io/dockercfg", ".dockercfg"
CONFIG = '{"auths": {"quay.io": {"auth": "dTpw"}}}'


def b64(text):
    return base64.b64encode(text.encode()).decode()


def test_a_secret():
    secret = PullSecret.from_manifest(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": "s",
                "namespace": "ns",
                "annotations": {"pullsecrets/ignore": " PS101, ,PS102", "other": "x"},
            },
            "type": TYPE,
            "data": {KEY: b64(CONFIG), "other": "", "more": None},
            "immutable": True,
        },
        namespace="elsewhere",
        place=Place("f", 3),
    )
    assert (secret.name, secret.namespace, secret.type) == ("s", "ns", TYPE)
    assert {key: value.reveal() for key, value in secret.data.items()} == {KEY: CONFIG.encode()}
    assert secret.other_keys == ("other", "more")
    assert secret.ignore == ("PS101", "PS102")
    assert secret.place == Place("f", 3)
    assert secret.skipped is None
    assert secret.config() == DockerConfig.from_json(CONFIG)


def test_a_secret_without_a_namespace_is_in_the_one_that_was_asked_for():
    manifest = {"metadata": {"name": "s"}}
    assert PullSecret.from_manifest(manifest).namespace == "default"
    assert PullSecret.from_manifest(manifest, namespace="ns").namespace == "ns"
    manifest = {"metadata": {"name": "s", "namespace": ""}}
    assert PullSecret.from_manifest(manifest, namespace="ns").namespace == "ns"


def test_string_data_wins_over_data():
    secret = PullSecret.from_manifest(
        {
            "metadata": {"name": "s"},
            "type": TYPE,
            "data": {KEY: b64("{}")},
            "stringData": {KEY: CONFIG},
        }
    )
    assert secret.data[KEY].reveal() == CONFIG.encode()
    emptied = PullSecret.from_manifest(
        {
            "metadata": {"name": "s"},
            "type": TYPE,
            "data": {KEY: b64(CONFIG)},
            "stringData": {KEY: None},
        }
    )
    assert emptied.config() is None


def test_string_data_is_text_in_utf8():
    text = '{"auths": {"quay.io": {"username": "é", "password": "\ud800"}}}'
    secret = PullSecret.from_manifest(
        {"metadata": {"name": "s"}, "type": TYPE, "stringData": {KEY: text}}
    )
    config = secret.config()
    assert config is not None
    assert config.auths["quay.io"] == Credential("é", Password("\ufffd"))


@pytest.mark.parametrize(
    "kind, data, code, detail",
    [
        ("Opaque", {KEY: CONFIG}, NoteCode.WRONG_TYPE, "Opaque"),
        (None, {KEY: CONFIG}, NoteCode.WRONG_TYPE, "Opaque"),
        ("", {KEY: CONFIG}, NoteCode.WRONG_TYPE, "Opaque"),
        ("a\x1b", {KEY: CONFIG}, NoteCode.WRONG_TYPE, "a\x1b"),
        (TYPE, {}, NoteCode.NO_VALUE, KEY),
        (TYPE, None, NoteCode.NO_VALUE, KEY),
        (TYPE, {LEGACY_KEY: CONFIG}, NoteCode.NO_VALUE, KEY),
        (TYPE, {KEY: ""}, NoteCode.EMPTY_VALUE, KEY),
        (TYPE, {KEY: None}, NoteCode.EMPTY_VALUE, KEY),
        (LEGACY_TYPE, {KEY: CONFIG}, NoteCode.NO_VALUE, LEGACY_KEY),
        (LEGACY_TYPE, {LEGACY_KEY: ""}, NoteCode.EMPTY_VALUE, LEGACY_KEY),
    ],
)
def test_what_the_kubelet_passes_over(kind, data, code, detail):
    """Rule 7."""
    secret = PullSecret.from_manifest({"metadata": {"name": "s"}, "type": kind, "stringData": data})
    assert secret.skipped == Note(code, "default", "s", detail=detail)
    assert secret.config() is None
    resolution = resolve("quay.io/a", [secret])
    assert resolution.anonymous
    assert resolution.notes == (secret.skipped,)


def test_a_legacy_secret():
    secret = PullSecret.from_manifest(
        {
            "metadata": {"name": "s"},
            "type": LEGACY_TYPE,
            "stringData": {LEGACY_KEY: '{"quay.io": {"auth": "dTpw"}}', KEY: "not JSON"},
        }
    )
    assert secret.skipped is None
    assert secret.config() == DockerConfig.from_json(CONFIG)


@pytest.mark.parametrize("payload", ["{", "[]", '{"auths": {"a": {"auth": "!"}}}', " "])
def test_a_secret_that_does_not_decode(payload):
    """Rule 8: nothing raises but `config`, and no credential is left."""
    secret = PullSecret.from_manifest(
        {"metadata": {"name": "s", "namespace": "ns"}, "type": TYPE, "stringData": {KEY: payload}}
    )
    good = PullSecret.from_manifest(
        {"metadata": {"name": "good"}, "type": TYPE, "stringData": {KEY: CONFIG}}
    )
    with pytest.raises(InvalidDockerConfig) as error:
        secret.config()
    node = DockerConfig.from_json(CONFIG)
    for secrets in ([secret], [good, secret], [secret, good]):
        keyring = Keyring(secrets, node)
        assert keyring.entries == ()
        for image in ("quay.io/a", "nginx"):
            resolution = keyring.resolve(image)
            assert resolution.candidates == ()
            assert not resolution.anonymous
            assert resolution.failure == keyring.failure
            assert resolution.failure == Note(
                NoteCode.UNDECODABLE_SECRET,
                "ns",
                "s",
                detail=str(error.value),
                path=error.value.path,
            )


def test_a_secret_of_a_mebibyte():
    padding = "x" * (1024 * 1024 - len(CONFIG.encode()))
    manifest = {"metadata": {"name": "s"}, "type": TYPE, "stringData": {KEY: CONFIG}}
    manifest["data"] = {"other": b64(padding)}
    assert PullSecret.from_manifest(manifest).config() is not None
    manifest["data"] = {"other": b64(padding + "x")}
    with pytest.raises(InvalidManifest) as error:
        PullSecret.from_manifest(manifest)
    assert str(error.value) == (
        "data holds 1,048,577 bytes; the API server refuses more than 1,048,576"
    )


@pytest.mark.parametrize(
    "body, message",
    [
        ({"type": 5}, "type is a number, not a string"),
        ({"data": []}, "data is a list, not a mapping"),
        ({"data": {KEY: 5}}, "data['.dockerconfigjson'] is a number, not a string"),
        ({"data": {KEY: "!"}}, "data['.dockerconfigjson'] is not base64"),
        ({"data": {"other": "YQ"}}, "data['other'] is not base64"),
        ({"data": {"other": "YQ= ="}}, "data['other'] is not base64"),
        ({"data": {5: "YQ=="}}, "data has a key that is a number, not a string"),
        ({"data": {None: "YQ=="}}, "data has a key that is NoneType, not a string"),
        ({"data": {KEY: "é"}}, "data['.dockerconfigjson'] is not base64"),
        ({"stringData": "x"}, "stringData is a string, not a mapping"),
        ({"stringData": {KEY: {}}}, "stringData['.dockerconfigjson'] is a mapping, not a string"),
        ({"stringData": {KEY: b"x"}}, "stringData['.dockerconfigjson'] is bytes, not a string"),
    ],
)
def test_a_bad_secret(body, message):
    with pytest.raises(InvalidManifest) as error:
        PullSecret.from_manifest({"metadata": {"name": "s"}, **body})
    assert str(error.value) == message


def test_line_breaks_in_base64_are_passed_over():
    folded = f"\n{b64(CONFIG)[:7]}\r\n{b64(CONFIG)[7:]}\n"
    secret = PullSecret.from_manifest(
        {"metadata": {"name": "s"}, "type": TYPE, "data": {KEY: folded}}
    )
    assert secret.config() == DockerConfig.from_json(CONFIG)


VECTORS = [
    json.loads(line) for line in (Path(__file__).parent / "kubectl.jsonl").read_text().splitlines()
]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: repr(vector["username"]))
def test_secrets_as_kubectl_made_them(vector: dict[str, str]) -> None:
    """Recorded with kubectl 1.32.4, `create secret docker-registry --dry-run=client -o json`."""
    credential = (vector["username"], vector["password"], vector["email"])
    for given_ in (credential, Credential(credential[0], Password(credential[1]), credential[2])):
        manifest = PullSecret.from_credentials("regcred", {vector["entry"]: given_}).to_manifest()
        assert manifest["type"] == "kubernetes.io/dockerconfigjson"
        assert manifest["data"] == {".dockerconfigjson": vector["value"]}


# What a command line carries, and what a registry could ask for.
arguments = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
@examples(15)
@given(entry=arguments, username=arguments, password=arguments)
def test_secrets_as_kubectl_makes_them(entry: str, username: str, password: str) -> None:
    command = ["kubectl", "create", "secret", "docker-registry", "regcred", "--dry-run=client"]
    command += ["-o=json", f"--docker-server={entry}", f"--docker-username={username}"]
    done = subprocess.run([*command, f"--docker-password={password}"], capture_output=True)
    if done.returncode:
        pytest.skip("this kubectl makes no secrets")  # a stand-in, or too old
    secret = PullSecret.from_credentials("regcred", {entry: (username, password)})
    assert json.loads(done.stdout)["data"] == secret.to_manifest()["data"]


def test_several_entries_stand_in_gos_order() -> None:
    credentials = dict.fromkeys(("quay.io", "Quay.io", "a.io/x", "a.io", "ä.io"), ("u", "p"))
    payload = PullSecret.from_credentials("regcred", credentials).data[".dockerconfigjson"].reveal()
    assert list(json.loads(payload)["auths"]) == ["Quay.io", "a.io", "a.io/x", "quay.io", "ä.io"]
    nobody = PullSecret.from_credentials("regcred", {"a.io": ("", ""), "b.io": ("", "", "e")})
    assert nobody.data[".dockerconfigjson"].reveal() == (
        b'{"auths":{"a.io":{"auth":"Og=="},"b.io":{"email":"e","auth":"Og=="}}}'
    )


def test_a_lone_surrogate_is_written_as_go_would() -> None:
    secret = PullSecret.from_credentials("regcred", {"quay.io": ("\ud800", "\udcff")})
    config = secret.config()
    assert config is not None
    assert config.auths["quay.io"].password.reveal() == "\ufffd"


@examples(100)
@given(strategies.pull_secrets(configs=strategies.suspicious_docker_configs()))
def test_secrets_read_back(secret: PullSecret) -> None:
    assert PullSecret.from_manifest(secret.to_manifest()) == secret


def test_a_secret_of_another_type_reads_back() -> None:
    manifest = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s", "annotations": {"pullsecrets/ignore": "PS101, PS102"}},
        "data": {"tls.key": "AAAA", ".dockercfg": "e30=", "a": "AAAA"},
    }
    secret = PullSecret.from_manifest(manifest)
    again = secret.to_manifest()
    assert PullSecret.from_manifest(again) == secret
    assert again["data"] == {".dockercfg": "e30=", "tls.key": "", "a": ""}
    assert again["metadata"]["annotations"] == {"pullsecrets/ignore": "PS101,PS102"}


@pytest.mark.parametrize(
    "given",
    [{"username": "u", "password": "p"}, "ab", None, ("u", "p", "e", "x"), b"ab", 5],
    ids=str,
)
def test_what_is_no_credential(given: object) -> None:
    """A mapping would log in as ``username``, with the password ``password``."""
    with pytest.raises(TypeError, match="a user name and a password, and perhaps an e-mail"):
        PullSecret.from_credentials("regcred", {"quay.io": given})
