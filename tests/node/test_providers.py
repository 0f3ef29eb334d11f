from __future__ import annotations

import json
import pickle
from datetime import timedelta

import attrs
import pytest

from pullsecrets.node.answers import CacheKeyType
from pullsecrets.node.plugins import EXEC_API_VERSIONS, CacheType, Provider, TokenAttributes
from pullsecrets.node.provider_config import Providers
from pullsecrets.node.providers import (
    Asked,
    CacheKey,
    NotAsked,
    NotAskedCode,
    PodAccount,
    ProviderRequest,
    consult,
)
from pullsecrets.secrecy import Password

CANARY = "hunter2-CANARY-9XqZ"
IMAGE = "quay.io/acme/app"
V1 = EXEC_API_VERSIONS[0]
PLAIN = Provider("plain", ("quay.io",), timedelta(minutes=5))
TOKEN = TokenAttributes("aud", True, CacheType.SERVICE_ACCOUNT, ("a/role",), ("b", "c"))
BY_TOKEN = attrs.evolve(PLAIN, name="by-token", token=TOKEN)
ACCOUNT = PodAccount(
    "ns", "builder", "uid-1", {"c": "", "a/role": "r", "other": "x"}, token=Password("the.token")
)


def one(provider, image=IMAGE, account=ACCOUNT):
    (found,) = consult(Providers((provider,)), image, account)
    return found


def test_the_first_pattern_that_matches_is_named():
    provider = attrs.evolve(PLAIN, match_images=("gcr.io", "quay.io/acme", "quay.io"))
    found = one(provider)
    assert found == Asked(provider, "quay.io/acme", ProviderRequest(V1, IMAGE))
    assert not found.is_answered


def test_the_request_of_a_provider_without_tokens():
    assert one(PLAIN).request.to_json() == (
        '{"kind":"CredentialProviderRequest",'
        '"apiVersion":"credentialprovider.kubelet.k8s.io/v1","image":"quay.io/acme/app"}'
    )
    old = attrs.evolve(PLAIN, api_version=EXEC_API_VERSIONS[2])
    assert json.loads(one(old).request.to_json())["apiVersion"] == EXEC_API_VERSIONS[2]


def test_the_request_in_token_mode():
    found = one(BY_TOKEN)
    assert found.account == ACCOUNT
    assert found.request.audience == "aud"
    assert found.request.to_json() == (
        '{"kind":"CredentialProviderRequest",'
        '"apiVersion":"credentialprovider.kubelet.k8s.io/v1","image":"quay.io/acme/app",'
        '"serviceAccountToken":"the.token","serviceAccountAnnotations":{"a/role":"r","c":""}}'
    )


@pytest.mark.parametrize("token", [None, Password("")])
def test_a_token_that_is_empty_or_not_known_is_left_out(token):
    found = one(BY_TOKEN, account=attrs.evolve(ACCOUNT, token=token))
    assert "serviceAccountToken" not in json.loads(found.request.to_json())
    assert found.account is not None


def test_providers_that_are_left_out_in_token_mode():
    optional = attrs.evolve(BY_TOKEN, token=attrs.evolve(TOKEN, require_service_account=False))
    for provider, account, code in (
        (BY_TOKEN, None, NotAskedCode.NO_SERVICE_ACCOUNT),
        (BY_TOKEN, attrs.evolve(ACCOUNT, exists=False), NotAskedCode.SERVICE_ACCOUNT_MISSING),
        (optional, attrs.evolve(ACCOUNT, exists=False), NotAskedCode.SERVICE_ACCOUNT_MISSING),
        (BY_TOKEN, attrs.evolve(ACCOUNT, annotations={}), NotAskedCode.ANNOTATION_MISSING),
        (BY_TOKEN, attrs.evolve(ACCOUNT, other_audiences=False), NotAskedCode.TOKEN_REFUSED),
    ):
        found = one(provider, account=account)
        assert (type(found), found.code) == (NotAsked, code)
        assert isinstance(one(PLAIN, account=account), Asked)


@pytest.mark.parametrize(
    "audiences, others, expected",
    [
        ({"aud"}, False, True),
        ({"*"}, False, True),
        ({"aud", "*"}, False, True),
        ({"another"}, False, False),
        (set(), True, None),
    ],
)
def test_the_audiences_that_a_node_gets_tokens_for(audiences, others, expected):
    account = attrs.evolve(ACCOUNT, audiences=frozenset(audiences), other_audiences=others)
    assert account.gets_token("aud") is expected


def test_without_a_service_account_it_runs_without_a_token_where_none_is_required():
    provider = attrs.evolve(BY_TOKEN, token=attrs.evolve(TOKEN, require_service_account=False))
    found = one(provider, account=None)
    assert found == Asked(provider, "quay.io", ProviderRequest(V1, IMAGE))


def test_the_reasons_in_words():
    harbor = attrs.evolve(PLAIN, match_images=("quay.io/*",))
    sentences = [
        str(one(harbor)),
        str(one(attrs.evolve(PLAIN, match_images=()))),
        str(one(BY_TOKEN, account=None)),
        str(one(BY_TOKEN, account=attrs.evolve(ACCOUNT, exists=False))),
        str(one(BY_TOKEN, account=attrs.evolve(ACCOUNT, annotations={"a": "\n"}))),
        str(one(BY_TOKEN, account=attrs.evolve(ACCOUNT, other_audiences=False))),
    ]
    assert {each.partition(" is not asked: ")[0] for each in sentences} == {
        "provider plain",
        "provider by-token",
    }
    assert [each.partition(" is not asked: ")[2] for each in sentences] == [
        (
            "no pattern matches the image: 'quay.io/*' does not match: the path is a plain prefix, "
            "without globs ('quay.io/' would)"
        ),
        "no pattern matches the image",
        "it requires a service account, and the pod has none",
        "the pod's service account cannot be read",
        "the pod's service account lacks a required annotation: a/role",
        "the API server gives the node no token for its audience: aud",
    ]


def test_each_provider_is_consulted_in_the_order_of_the_version():
    providers = [attrs.evolve(PLAIN, name=name) for name in ("b", "a")]
    for version, names in (("1.32", ["a", "b"]), ("1.33", ["b", "a"])):
        found = consult(Providers(providers, version), IMAGE, None)
        assert [each.provider.name for each in found] == names


@pytest.mark.parametrize(
    "image, bases",
    [
        ("docker.io/library/nginx", ("docker.io/library/nginx", "docker.io", "")),
        ("quay.io:443/a/b", ("quay.io:443/a/b", "quay.io:443", "")),
    ],
)
def test_what_an_answer_is_kept_under(image, bases):
    provider = attrs.evolve(PLAIN, match_images=("docker.io", "quay.io:443"))
    asked = one(provider, image)
    assert [asked.cache_key(key_type).base for key_type in CacheKeyType] == list(bases)
    assert asked.cache_key(CacheKeyType.GLOBAL) == CacheKey(CacheKeyType.GLOBAL, "")


def test_in_token_mode_an_answer_is_kept_for_the_service_account_too():
    key = one(BY_TOKEN).cache_key(CacheKeyType.IMAGE)
    assert key == CacheKey(
        CacheKeyType.IMAGE,
        IMAGE,
        ("ns", "builder", "uid-1"),
        (("a/role", "r"), ("c", "")),
    )
    others = [
        attrs.evolve(ACCOUNT, uid="uid-2"),
        attrs.evolve(ACCOUNT, name="other"),
        attrs.evolve(ACCOUNT, annotations={**ACCOUNT.annotations, "b": "x"}),
    ]
    for other in others:
        assert one(BY_TOKEN, account=other).cache_key(CacheKeyType.IMAGE) != key
    same = attrs.evolve(ACCOUNT, annotations={**ACCOUNT.annotations, "other": "y"})
    assert one(BY_TOKEN, account=same).cache_key(CacheKeyType.IMAGE) == key
    by_each = attrs.evolve(TOKEN, cache_type=CacheType.TOKEN)
    found = one(attrs.evolve(BY_TOKEN, token=by_each))
    assert found.cache_key(CacheKeyType.IMAGE).per_token


def test_without_a_service_account_the_key_has_no_part_for_it():
    provider = attrs.evolve(BY_TOKEN, token=attrs.evolve(TOKEN, require_service_account=False))
    key = one(provider, account=None).cache_key(CacheKeyType.IMAGE)
    assert key == CacheKey(CacheKeyType.IMAGE, IMAGE)


def test_tokens_are_hidden_and_values_are_values():
    account = attrs.evolve(ACCOUNT, token=Password(CANARY))
    found = one(BY_TOKEN, account=account)
    assert CANARY not in repr(found) + str(found) + repr(attrs.asdict(found, recurse=True))
    assert hash(found) == hash(one(BY_TOKEN, account=account))
    assert attrs.evolve(ACCOUNT, annotations=dict(ACCOUNT.annotations)) == ACCOUNT
    with pytest.raises(TypeError):
        ACCOUNT.annotations["x"] = "y"
    not_asked = one(BY_TOKEN, account=None)
    for each in (not_asked, found, account):
        assert pickle.loads(pickle.dumps(each)) == each
