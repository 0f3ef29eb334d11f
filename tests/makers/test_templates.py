"""Which entries a template of a docker config has."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullsecrets.makers.templates import read_template
from pullsecrets.secrecy import HiddenText
from support.canary import CANARY, leaks

QUAY = '{"auths": {"quay.io": %s}}'


def entries(text, *, legacy=False):
    found = read_template(HiddenText(text), legacy=legacy).entries
    return None if found is None else [entry.reveal() for entry in found]


def fault(text, *, legacy=False):
    return read_template(HiddenText(text), legacy=legacy).fault


@pytest.mark.parametrize(
    "credential",
    [
        '{"auth": "{{ .auth }}"}',
        '{"username": "{{ .user }}", "password": "{{ .password }}"}',
        '{"auth": "{{ printf "%s:%s" .user .password | b64enc }}"}',
        '{"auth": {{ .auth | toJson }}}',
        "{{ .credential }}",
        '{"auth": "{{- .auth -}}", "email": "a\\"b"}',
        '{"auth": "\\\\{{ .auth }}"}',
        "{}",
    ],
)
def test_a_template_names_its_entries(credential):
    assert entries(QUAY % credential) == ["quay.io"]
    assert fault(QUAY % credential) == ""


def test_entries_come_in_order_and_once():
    text = '{"AUTHS": {"b": {}, "a": {"auth": "{{ .a }}"}, "b": {}}, "credsStore": "x"}'
    assert entries(text) == ["b", "a"]


def test_the_older_type_has_the_entries_themselves():
    assert entries('{"quay.io": {"auth": "{{ .a }}"}}', legacy=True) == ["quay.io"]
    assert entries('{"quay.io": {"username": "a", "password": "b"}}', legacy=True) == ["quay.io"]


def test_variables_and_comments_give_nothing():
    text = "{{ $a := .auth }}{{/* a comment */}}{{}}" + QUAY % '{"auth": "{{ $a }}"}'
    assert entries(text.replace("{{}}", "")) == ["quay.io"]


@pytest.mark.parametrize(
    "text",
    [
        "{{ .config }}",
        " {{ .config | toString }}\n",
        "{{ .head }}{{ .tail }}",
        '{"auths": {{ .auths | toJson }}}',
        '{"auths": "{{ .auths }}"}',
        '{"auths": {"{{ .host }}": {"auth": "{{ .auth }}"}}}',
        '{"auths": {{ .head }} {{ .tail }}}',
        '{{ range .hosts }}{"auths": {}}{{ end }}',
        '{"auths": {{{ if .a }}"quay.io": {}{{ end }}}}',
        '{{- with .a -}}{"auths": {}}{{- end -}}',
    ],
)
def test_what_is_put_in_is_not_known(text):
    assert entries(text) is None
    assert fault(text) == ""


@pytest.mark.parametrize(
    "text, wrong",
    [
        ('{"quay.io": {"auth": "{{ .auth }}"}}', "has no 'auths'"),
        ('"{{ .a }}" quay.io', "is not JSON"),
        ('{"auths": {"quay.io": {"auth": "{{ .a }}"}}', "is not JSON"),
        ('["{{ .a }}"]', "is no JSON object"),
        ('{"auths": ["{{ .a }}"]}', "has an 'auths' that is no object"),
        ('{"auths": {"quay.io": ["{{ .a }}"]}}', "has an entry that is no object"),
    ],
)
def test_a_template_that_gives_no_docker_config(text, wrong):
    assert entries(text) is None
    assert fault(text) == wrong


def test_a_document_without_an_action_decodes_as_the_kubelet_decodes_it():
    assert entries(QUAY % '{"username": "a", "password": "b"}') == ["quay.io"]
    wrong = fault(QUAY % '{"auth": "no base64"}')
    assert wrong == "auths['quay.io'].auth is not base64"


PIECES = [*r'{}":,ab\ .-$=/*', "{{", "}}", "if", "end", '"auths"']


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_any_text_is_read(text):
    found = read_template(HiddenText(text))
    assert found.entries is None or not found.fault


@given(st.lists(st.from_regex(r"[a-z0-9.:/-]{1,12}", fullmatch=True), unique=True))
def test_actions_in_credentials_do_not_change_the_entries(hosts):
    plain = json.dumps({"auths": {host: {"auth": "{{ .a }}"} for host in hosts}})
    assert entries(plain) == hosts


@pytest.mark.parametrize("credential", ['"auth": "%s"', '"a": "%s", "b": "{{ .b }}"'])
def test_nothing_of_a_credential_shows(credential):
    found = read_template(HiddenText(QUAY % ("{" + credential % CANARY + "}")))
    assert not leaks(repr(found))
