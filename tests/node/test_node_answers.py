from __future__ import annotations

import json
import pickle
from datetime import timedelta

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.drawing import at_leisure
from pullsecrets.dockerconfig import Credential
from pullsecrets.node.answers import CacheKeyType, ProviderAnswer, Response
from pullsecrets.node.plugins import CacheType, Provider, TokenAttributes
from pullsecrets.node.versions import NEWEST, RELEASES, Release
from pullsecrets.secrecy import HiddenBytes, Password

CANARY = "hunter2-CANARY-9XqZ"
V1 = "credentialprovider.kubelet.k8s.io/v1"
PLAIN = Provider("p", ("quay.io",), timedelta(minutes=5))
MISSING = object()


def document(**fields):
    whole = {
        "kind": "CredentialProviderResponse",
        "apiVersion": V1,
        "cacheKeyType": "Registry",
        "cacheDuration": "1h",
        "auth": {"quay.io": {"username": "u", "password": "p"}},
        **fields,
    }
    return {name: value for name, value in whole.items() if value is not MISSING}


def read(text, release=NEWEST, provider=PLAIN, token=None):
    return ProviderAnswer.from_stdout(text).read(provider, release, token)


def read_document(release=NEWEST, **fields):
    return read(json.dumps(document(**fields)), release)


def codes(found):
    assert isinstance(found, tuple), found
    return [(fault.code.value, fault.path) for fault in found]


def test_a_response():
    assert read_document() == Response(
        {"quay.io": Credential("u", Password("p"))},
        CacheKeyType.REGISTRY,
        timedelta(hours=1),
    )


@pytest.mark.parametrize(
    "fields, auths",
    [
        ({"auth": {}}, {}),
        ({"auth": None}, {}),
        ({"auth": MISSING}, {}),
        ({"auth": {"quay.io": None}}, {"quay.io": Credential()}),
        ({"auth": {"quay.io": {"username": "u"}}}, {"quay.io": Credential("u")}),
        ({"auth": {"": {"password": "\ud800"}}}, {"": Credential("", Password("\ufffd"))}),
    ],
)
def test_what_an_entry_may_lack(fields, auths):
    assert read_document(**fields).auths == auths


@pytest.mark.parametrize(
    "text",
    ["\n\t {} \r\n", "{}"],
)
def test_white_space_around_it_is_no_matter(text):
    assert isinstance(read(text.replace("{}", json.dumps(document()))), Response)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "kind: CredentialProviderResponse\napiVersion: credentialprovider.kubelet.k8s.io/v1\n",
        "\ufeff" + json.dumps(document()),
        json.dumps(document()) + "x",
        json.dumps(document()) * 2,
        json.dumps(document())[:-1],
    ],
)
def test_what_is_not_one_document_of_json(text):
    assert codes(read(text)) == [("document", ())]


@pytest.mark.parametrize(
    "fields, code, path",
    [
        ({"kind": "CredentialProviderRequest"}, "kind", ("kind",)),
        ({"kind": MISSING}, "kind", ("kind",)),
        ({"apiVersion": f"{V1}beta1"}, "api-version", ("apiVersion",)),
        ({"apiVersion": MISSING}, "api-version", ("apiVersion",)),
        ({"cacheKeyType": "registry"}, "cache-key-type", ("cacheKeyType",)),
        ({"cacheKeyType": MISSING}, "cache-key-type", ("cacheKeyType",)),
        ({"cacheDuration": ""}, "duration", ("cacheDuration",)),
        ({"cacheDuration": 5}, "type", ("cacheDuration",)),
        ({"auth": []}, "type", ("auth",)),
        ({"auth": {"a": {}, "b": "x"}}, "type", ("auth", 1)),
        ({"auth": {"a": {"password": 1}}}, "type", ("auth", 0, "password")),
    ],
)
def test_what_is_refused_by_every_release(fields, code, path):
    for release in RELEASES:
        assert codes(read_document(release, **fields)) == [(code, path)]


@pytest.mark.parametrize("value", [[], "x", 1])
def test_json_that_is_no_object(value):
    assert codes(read(json.dumps(value))) == [("document", ())]


def test_nothing_at_all():
    assert codes(read("null")) == [
        ("kind", ("kind",)),
        ("api-version", ("apiVersion",)),
        ("cache-key-type", ("cacheKeyType",)),
    ]


def test_strict_decoding():
    twice = json.dumps(document()).replace('"auth"', '"auth": {}, "auth"')
    key_twice = json.dumps(document()).replace('"quay.io"', '"quay.io": null, "quay.io"')
    for text, code in (
        (json.dumps(document(note="x")), "unknown-field"),
        (json.dumps(document(Auth={})), "unknown-field"),
        (twice, "repeated-field"),
        (key_twice, "repeated-field"),
    ):
        lax = read(text, Release(31))
        assert lax.auths == {"quay.io": Credential("u", Password("p"))}
        assert [found for found, _ in codes(read(text, Release(32)))] == [code]


def test_all_failures_come_at_once():
    found = read_document(kind="x", cacheKeyType="x", cacheDuration="x", auth="x")
    expected = ["kind", "duration", "type", "cache-key-type"]
    assert [code for code, _ in codes(found)] == expected


def test_a_program_that_fails():
    good = json.dumps(document())
    (fault,) = ProviderAnswer.from_stdout(good, exit_status=2).read(PLAIN, NEWEST)
    assert str(fault) == "ended with exit status 2"
    slow = ProviderAnswer(HiddenBytes(good.encode()), timed_out=True)
    assert codes(slow.read(PLAIN, NEWEST)) == [("timeout", ())]


def test_an_answer_beyond_all_measure():
    text = json.dumps(document()) + " " * (16 * 1024 * 1024)
    assert codes(read(text)) == [("too-large", ())]


def test_deep_nesting_is_bounded():
    assert codes(read('{"auth":' * 20_000)) == [("document", ())]
    deep = "[" * 5000 + "]" * 5000
    assert codes(read(json.dumps(document(auth=0)).replace("0}", deep + "}"))) == [
        ("type", ("auth",))
    ]


# -------------------------------------------------------------------------------- tokens, keeping


def in_token_mode(cache_type):
    return attrs.evolve(PLAIN, token=TokenAttributes("aud", True, cache_type))


def test_the_token_as_password():
    text = json.dumps(document(auth={"a": {"password": "x"}, "b": {"password": "the.token"}}))
    token = Password("the.token")
    by_account, by_token = map(in_token_mode, (CacheType.SERVICE_ACCOUNT, CacheType.TOKEN))
    refused = read(text, Release(34), by_account, token)
    assert codes(refused) == [("token-as-password", ("auth", 1, "password"))]
    for taken in (
        read(text, Release(33), in_token_mode(None), token),
        read(text, Release(34), by_token, token),
        read(text, Release(34), by_account, Password("another")),
        read(text, Release(34), by_account, None),
        read(text, Release(34), PLAIN, token),
    ):
        assert isinstance(taken, Response)
    # An empty token and an empty password are no token handed on.
    empty = json.dumps(document(auth={"a": {}}))
    assert isinstance(read(empty, Release(34), by_account, Password("")), Response)


@pytest.mark.parametrize(
    "given, kept",
    [
        ("1h", timedelta(hours=1)),
        ("0s", timedelta()),
        ("-1h", timedelta()),
        (None, timedelta(minutes=5)),
        (MISSING, timedelta(minutes=5)),
    ],
)
def test_for_how_long_it_is_kept(given, kept):
    assert read_document(cacheDuration=given).kept_for(PLAIN) == kept


def test_from_credentials_is_what_a_program_says():
    answer = ProviderAnswer.from_credentials({"quay.io": ("u", CANARY)}, cache_key_type="Image")
    assert answer.read(PLAIN, NEWEST) == Response(
        {"quay.io": Credential("u", Password(CANARY))}, CacheKeyType.IMAGE
    )


names = st.text(st.characters(codec="utf-8"))


@at_leisure
@given(st.dictionaries(names, st.tuples(names, names)), st.sampled_from(RELEASES))
def test_credentials_come_back_whatever_they_are(auths, release):
    found = ProviderAnswer.from_credentials(auths).read(PLAIN, release)
    assert {
        entry: (credential.username, credential.password.reveal())
        for entry, credential in found.auths.items()
    } == auths


@at_leisure
@given(st.text() | st.binary(), st.sampled_from(RELEASES))
def test_any_output_is_a_fault_and_never_an_error(text, release):
    assert codes(read(text, release))


# ----------------------------------------------------------------------------------------- secrets

FIELDS = {
    "kind": {"kind": CANARY},
    "apiVersion": {"apiVersion": CANARY},
    "cacheKeyType": {"cacheKeyType": CANARY},
    "cacheDuration": {"cacheDuration": CANARY},
    "an unknown field": {CANARY: "x"},
    "an entry": {"auth": {CANARY: 1}},
    "an entry twice": {"auth": {f"https://u:{CANARY}@quay.io": {"x": 1}}},
    "a field of an entry": {"auth": {"quay.io": {CANARY: "x"}}},
    "a user name": {"auth": {"quay.io": {"username": [CANARY]}}},
    "a password": {"auth": {"quay.io": {"password": {CANARY: CANARY}}}},
    "a valid one": {"auth": {"quay.io": {"username": "u", "password": CANARY}}},
}


@pytest.mark.parametrize("where", FIELDS)
def test_nothing_of_an_answer_is_shown(where):
    answer = ProviderAnswer.from_stdout(json.dumps(document(**FIELDS[where])))
    found = answer.read(PLAIN, NEWEST)
    shown = [answer, found, attrs.asdict(answer)]
    if isinstance(found, tuple):
        shown += [str(fault) for fault in found]
    assert CANARY not in repr(shown) + str(shown)


def test_text_that_is_no_json_is_not_shown():
    found = read(f'{{"auth": "{CANARY}" {CANARY}')
    assert CANARY not in repr(found) + str([str(fault) for fault in found])


def test_values_are_values():
    answer = ProviderAnswer.from_stdout("x")
    assert answer == ProviderAnswer.from_stdout(b"x")
    assert hash(answer) == hash(pickle.loads(pickle.dumps(answer)))
    response = read_document()
    assert hash(response) == hash(pickle.loads(pickle.dumps(response)))
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        answer.exit_status = 1
    with pytest.raises(TypeError):
        read_document().auths["x"] = Credential()
