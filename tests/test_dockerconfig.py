"""Rules 7 to 9 by example: docker config documents, their entries and fields."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import example, given

from pullsecrets import Credential, DockerConfig, InvalidDockerConfig, Password
from pullsecrets.testing import strategies
from support.effort import examples


def credential(fields):
    (read,) = DockerConfig.from_json(f'{{"auths": {{"x": {fields}}}}}').auths.values()
    return read.username, read.password.reveal(), read.email


@pytest.mark.parametrize(
    "fields, expected",
    [
        ('{"username": "u", "password": "p", "email": "e"}', ("u", "p", "e")),
        ('{"USERNAME": "u", "pAssword": "p", "Email": "e"}', ("u", "p", "e")),
        ('{"u\u017fername": "u", "pa\u017fsword": "p"}', ("u", "p", "")),  # Go folds the long s
        ('{"userName": "u", "username": "v", "Username": "w"}', ("w", "", "")),
        ('{"username": "u", "Username": null}', ("u", "", "")),
        ('{"username": "u", "Username": ""}', ("", "", "")),
        ('{"auth": "dTpw"}', ("u", "p", "")),
        ('{"auth": "dTpw", "username": "a", "password": "b", "email": "e"}', ("u", "p", "e")),
        ('{"username": "a", "password": "b", "auth": "dTpw"}', ("u", "p", "")),
        ('{"auth": "dTpw", "Auth": ""}', ("", "", "")),
        ('{"auth": "dTpw", "Auth": null}', ("u", "p", "")),
        ('{"username": "a", "auth": ""}', ("a", "", "")),
        ('{"auth": "dTpwOng="}', ("u", "p:x", "")),  # the first colon
        ('{"auth": "dTpwOng"}', ("u", "p:x", "")),  # without padding
        ('{"auth": "dTpw\\nOng="}', ("u", "p:x", "")),
        ('{"auth": "dTp\\r\\nwOng\\n"}', ("u", "p:x", "")),
        ('{"auth": "dTpwOng=\\n"}', ("u", "p:x", "")),
        ('{"auth": "Og=="}', ("", "", "")),
        ('{"auth": "dTo="}', ("u", "", "")),
        ('{"auth": "OnA="}', ("", "p", "")),
        ('{"auth": "dTr/"}', ("u", "\ufffd", "")),  # bytes that are no UTF-8
        ('{"identitytoken": "t", "registrytoken": "r"}', ("", "", "")),
        ("{}", ("", "", "")),
        ("null", ("", "", "")),
    ],
)
def test_an_entrys_fields(fields, expected):
    assert credential(fields) == expected


def test_what_is_ignored_is_told():
    read = DockerConfig.from_json(
        '{"auths": {"x": {"identityToken": "t", "auth": "dTpw"}, "y": {"registrytoken": "r"},'
        ' "z": {"identitytoken": ""}}, "credsStore": "s", "credHelpers": {"a": "b"},'
        ' "CredHelpers": {}, "detachKeys": "x"}'
    )
    assert read.ignored == (
        ("auths", "x", "identitytoken"),
        ("auths", "y", "registrytoken"),
        ("credsStore",),
        ("credHelpers",),
    )
    assert list(read.auths) == ["x", "y", "z"]
    legacy = DockerConfig.from_legacy_json('{"x": {"identitytoken": "t"}, "credsStore": null}')
    assert legacy.ignored == (("auths", "x", "identitytoken"),)
    assert list(legacy.auths) == ["x", "credsStore"]


@pytest.mark.parametrize(
    "text, entries",
    [
        ('{"auths": {"a": {}}, "AUTHS": {"b": {}}}', ["a", "b"]),
        ('{"auths": {"a": {}}, "auths": null, "Auths": {"b": {}}}', ["b"]),
        ('{"auths": {"a": {}}, "auths": null}', []),
        ('{"auths": {"a": {}, "b": {}, "a": {}}}', ["a", "b"]),
        ('{"auths": null}', []),
        ("{}", []),
        ("null", []),
        ('{"auths": {"\\ud800": {}, "\\udfff": {}}}', ["\ufffd"]),
        ('{"auths": {"": {}}, "HttpHeaders": {"A": "b", "C": null}}', [""]),
        ('{"auths": {"a": {}}, "httpheaders": null}', ["a"]),
    ],
)
def test_a_documents_entries(text, entries):
    assert list(DockerConfig.from_json(text).auths) == entries
    assert DockerConfig.from_json(text.encode()) == DockerConfig.from_json(text)


@pytest.mark.parametrize("data", [None, 5, ["{}"], bytearray(b"{}")])
def test_only_bytes_and_text_are_configs(data):
    for decode in (DockerConfig.from_json, DockerConfig.from_legacy_json):
        with pytest.raises(InvalidDockerConfig, match="is bytes or str, not"):
            decode(data)


@pytest.mark.parametrize(
    "text, message",
    [
        ("[]", "the document is an array, not an object"),
        ("5", "the document is a number, not an object"),
        ('"x"', "the document is a string, not an object"),
        ("true", "the document is a boolean, not an object"),
        ('{"auths": []}', "auths is an array, not an object"),
        ('{"auths": {"a": 5}}', "auths['a'] is a number, not an object"),
        ('{"auths": {"a": {"auth": 5}}}', "auths['a'].auth is a number, not a string"),
        ('{"auths": {"a": {"Email": {}}}}', "auths['a'].email is an object, not a string"),
        ('{"auths": {"a\\n": {"auth": "!"}}}', "auths['a\\n'].auth is not base64"),
        (
            '{"auths": {"a": {"auth": "YQ=="}}}',
            "auths['a'].auth holds no colon between user and password",
        ),
        ('{"HttpHeaders": {"A": 5}}', "HttpHeaders['A'] is a number, not a string"),
        ('{"HttpHeaders": []}', "HttpHeaders is an array, not an object"),
        ('{\n "auths" 5', "not JSON (line 2 column 10)"),
        ('{"a": NaN}', "not JSON (a number that is none)"),
    ],
)
def test_what_is_wrong_with_a_config_is_said(text, message):
    with pytest.raises(InvalidDockerConfig) as error:
        DockerConfig.from_json(text)
    assert str(error.value) == message


def test_entries_that_are_given_as_a_mapping_are_the_config_s_own():
    given = {"quay.io": Credential("u", "p")}
    config = DockerConfig(given)
    given["ghcr.io"] = Credential("v", "q")
    assert list(config.auths) == ["quay.io"]
    assert hash(config) == hash(DockerConfig({"quay.io": Credential("u", "p")}))
    assert DockerConfig(config.auths).auths is config.auths


@pytest.mark.parametrize(
    "fields, expected",
    [
        ('{"identitytoken": "t", "username": "u"}', True),
        ('{"RegistryToken": "t"}', True),
        ('{"identitytoken": ""}', False),
        ('{"username": "u"}', False),
    ],
)
def test_a_token_is_noticed_and_not_used(fields, expected):
    (read,) = DockerConfig.from_json(f'{{"auths": {{"x": {fields}}}}}').auths.values()
    assert read.has_token is expected
    assert Credential("u", "p").has_token is False


@pytest.mark.parametrize("user, password", [("u", ""), ("", "p"), ("", ""), ("a:b", "p")])
def test_what_is_written_reads_as_the_same_credential(user, password):
    config = DockerConfig({"quay.io": Credential(user, password)})
    assert DockerConfig.from_json(config.to_json()) == config


@examples(100)
@given(strategies.docker_config_values())
@example(DockerConfig({"quay.io": Credential("a:b", Password("c"), "e")}))
@example(DockerConfig({"quay.io": Credential("", Password(":"))}))
@example(DockerConfig({"quay.io": Credential("a:", Password(""))}))
def test_docker_configs_read_back(config: DockerConfig) -> None:
    again = DockerConfig.from_json(config.to_json())
    assert again == config
    assert list(again.auths) == list(config.auths)
    # The same by another parser, which knows `auth` as every tool does.
    for entry, fields in json.loads(config.to_json())["auths"].items():
        credential = config.auths[entry]
        if "auth" in fields:
            user, _, password = base64.b64decode(fields["auth"]).decode().partition(":")
            assert (user, password) == (credential.username, credential.password.reveal())
