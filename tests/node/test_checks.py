from __future__ import annotations

import json
from datetime import timedelta

import attrs
import pytest

from pullsecrets import explain
from pullsecrets.node.answers import ProviderAnswer
from pullsecrets.node.audiences import audience_grants, audience_rule, granted_audiences
from pullsecrets.node.checks import (
    check_accounts,
    check_answers,
    check_asked,
    check_config,
    check_images,
    check_providers,
)
from pullsecrets.node.node import Node
from pullsecrets.node.patterns import miss_of_every_image
from pullsecrets.node.plugins import Provider, TokenAttributes
from pullsecrets.node.provider_config import InvalidProviderConfig, Providers
from pullsecrets.node.providers import PodAccount
from support.canary import CANARY, leaks

IMAGE = "quay.io/acme/app"
P = Provider("p", ("quay.io",), timedelta(minutes=5))
V1 = "credentialprovider.kubelet.k8s.io/v1"


def of(*patterns, name="p", **fields):
    return attrs.evolve(P, name=name, match_images=patterns, **fields)


def codes(found):
    return [(each.code, each.provider, each.path, each.instead) for each in found]


def found_in(*providers):
    return list(check_providers(Providers(providers)))


def test_nothing_is_said_of_what_is_sound():
    assert found_in(of("quay.io", "*.example.com"), of("gcr.io", name="q")) == []


def test_no_version_refuses_what_was_read_from_no_document():
    assert list(check_config(Providers((P,)))) == []


def test_a_pattern_that_matches_no_image():
    (found,) = found_in(of("quay.io", "harbor.example.com/*"))
    path = ("providers", 0, "matchImages", 1)
    assert codes([found]) == [("PS601", "p", path, "harbor.example.com/")]
    assert miss_of_every_image(found.instead) is None
    assert str(found) == (
        "provider p is never asked by this pattern: 'harbor.example.com/*' does not match: the "
        "path is a plain prefix, without globs ('harbor.example.com/' would)"
    )


@pytest.mark.parametrize(
    "wider, pattern, overlaps",
    [
        ("quay.io", "quay.io", True),
        ("quay.io", "quay.io/acme", True),
        ("*.io", "quay.io", True),
        ("*.*.com", "*.example.com", True),
        ("quay.io/acme", "quay.io", False),
        ("*.example.com", "*.*.com", False),
        ("quay.io", "quay.io:443", False),
        ("a*.io", "*.io", False),
    ],
)
def test_two_providers_for_the_same_images(wider, pattern, overlaps):
    found = codes(found_in(of("gcr.io", wider), of(pattern, name="q")))
    path = ("providers", 1, "matchImages", 0)
    assert found == ([("PS602", "q", path, None)] if overlaps else [])


def test_no_pattern_shows_the_password_in_it():
    """Go takes ``user:password@`` for a URL's user information, which the kubelet ignores (D7)."""
    provider = of(
        f"https://me:{CANARY}@quay.io/*", f"me:{CANARY}@quay.io/a", f"me:{CANARY}@quay.io"
    )
    node = Node(providers=Providers((provider, of(f"you:{CANARY}@quay.io", name="q"))))
    found = [*found_in(*node.providers), *check_images(node.providers, ["quay.io:443/acme/app"])]
    assert {each.code for each in found} == {"PS601", "PS602", "PS603"}
    assert not any(leaks(f"{each} {each.instead}") for each in found)
    assert [each.instead for each in found if each.code == "PS601"] == ["quay.io/"]
    for image in (IMAGE, "gcr.io/acme/app", "quay.io:443/acme/app"):
        explanation = explain(image, [], node)
        assert not leaks(explanation._repr_html_())
        assert not leaks(json.dumps(explanation.to_dict()))


def test_a_pattern_that_does_not_parse_overlaps_none():
    found = found_in(of("a b"), of("a b", "quay.io", name="q"), of("quay.io", name="r"))
    assert [(each.code, each.provider) for each in found] == [
        ("PS601", "p"),
        ("PS601", "q"),
        ("PS602", "r"),
    ]


def test_what_is_never_kept():
    (found,) = found_in(of("quay.io", default_cache_duration=timedelta()))
    assert codes([found]) == [("PS608", "p", ("providers", 0, "defaultCacheDuration"), None)]


@pytest.mark.parametrize(
    "name, patterns, left_out",
    [
        ("ecr-credential-provider", ["*.dkr.ecr.*.amazonaws.com"], "*.on.aws"),
        ("ecr-credential-provider.exe", ["*.dkr.ecr.*.amazonaws.com"], "public.ecr.aws"),
        ("auth-provider-gcp", ["gcr.io/project", "*.gcr.io", "*.pkg.dev"], ": container"),
        ("acr-credential-provider", ["*.azurecr.io", "*.azurecr.cn", "*.azurecr.de"], ".us"),
    ],
)
def test_hosts_that_a_clouds_plugin_knows(name, patterns, left_out):
    (found,) = found_in(of(*patterns, name=name))
    assert codes([found]) == [("PS609", name, ("providers", 0, "matchImages"), None)]
    assert left_out in str(found)
    assert not any(f" {pattern}," in str(found) for pattern in patterns)


def test_a_clouds_plugin_that_is_asked_for_all_that_it_knows():
    assert found_in(of("*.azurecr.*", name="acr-credential-provider")) == []


def config(**token):
    return {
        "kind": "CredentialProviderConfig",
        "apiVersion": "kubelet.config.k8s.io/v1",
        "providers": [
            {
                "name": "p",
                "matchImages": ["quay.io"],
                "defaultCacheDuration": "5m",
                "apiVersion": V1,
                **({"tokenAttributes": token} if token else {}),
            }
        ],
    }


def test_what_later_versions_refuse_is_said_once_each():
    token = {"serviceAccountTokenAudience": "aud", "requireServiceAccount": True}
    assert list(check_config(Providers.from_config(config(), kubernetes="1.31"))) == []
    # In 1.31 an unknown field passes unread, which the next release ends.
    found = list(check_config(Providers.from_config(config(**token), kubernetes="1.31")))
    assert {each.code for each in found} == {"PS605"}
    path = ("providers", 0, "tokenAttributes")
    assert [(each.path, str(each).partition(":")[0]) for each in found] == [
        (path, "the kubelet of 1.32 does not start with this"),
        (path, "the kubelet of 1.33 does not start with this"),
        ((*path, "cacheType"), "the kubelet from 1.34 on does not start with this"),
    ]
    assert found[0].file is None


def test_a_gate_that_is_switched_by_hand_is_so_in_later_versions_too():
    token = {"serviceAccountTokenAudience": "aud", "requireServiceAccount": True}
    document = config(**token)
    providers = Providers.from_config(document, kubernetes="1.33", token_gate=True)
    assert [each.path[-1] for each in check_config(providers)] == ["cacheType"]
    document = config(**token, cacheType="Token")
    providers = Providers.from_config(document, kubernetes="1.34")
    assert list(check_config(providers)) == []
    with pytest.raises(InvalidProviderConfig):
        Providers.from_config(document, kubernetes="1.34", token_gate=False)


def test_each_mistake_that_a_later_version_finds_is_a_finding():
    document = {**config(), "more": 1, "other": 2}
    found = check_config(Providers.from_config(document, kubernetes="1.31"))
    assert [each.path for each in found] == [("more",), ("other",)]


def test_the_file_is_named_and_places_are_within_it(tmp_path):
    for name, provider in (("a", "one"), ("b", "two")):
        document = config()
        document["providers"][0].update(name=provider, matchImages=[f"{name}.example.com/*"])
        (tmp_path / f"{name}.json").write_text(json.dumps(document))
    found = list(check_providers(Providers.load(tmp_path)))
    path = ("providers", 0, "matchImages", 0)
    assert [(each.file, each.path) for each in found] == [
        (str(tmp_path / "a.json"), path),
        (str(tmp_path / "b.json"), path),
    ]


def test_the_file_that_a_later_version_refuses_is_named(tmp_path):
    file = tmp_path / "config.json"
    file.write_text(json.dumps({**config(), "more": 1}))
    (found,) = check_config(Providers.load(file, kubernetes="1.31"))
    assert found.file == str(file)


def test_images_that_a_provider_just_misses():
    providers = Providers((of("gcr.io", "registry.local"), of("quay.io/other", name="q")))
    names = ["registry.local:5000/a", "quay.io/acme/app", "gcr.io/a", "registry.local:5000/b"]
    found = list(check_images(providers, names))
    path = ("providers", 0, "matchImages", 1)
    assert codes(found) == [("PS603", "p", path, "registry.local:5000")]
    assert str(found[0]) == (
        "provider p is not asked for registry.local:5000/a and 1 more: 'registry.local' does not "
        "match: the ports are not the same ('registry.local:5000' would)"
    )


TOKEN = TokenAttributes("aud", True, None, ("a/role", "b"))
IN_TOKEN_MODE = of("quay.io", token=TOKEN)
BUILDER = PodAccount("ns", "builder", annotations={"a/role": "r", "b": ""})
ROLE = {
    "kind": "ClusterRole",
    "metadata": {"name": "r"},
    "rules": [audience_rule("aud", "builder")],
}
BINDING = {
    "kind": "ClusterRoleBinding",
    "roleRef": {"kind": "ClusterRole", "name": "r"},
    "subjects": [{"kind": "Group", "name": "system:nodes"}],
}


def of_accounts(*accounts, manifests=(ROLE, BINDING), version="1.37"):
    providers = Providers((P, IN_TOKEN_MODE), version)
    granted = granted_audiences(audience_grants(manifests))
    pulls = [
        (attrs.evolve(each, audiences=granted(each.namespace, each.name)), IMAGE)
        for each in accounts
    ]
    return codes(check_accounts(providers, pulls))


AUDIENCE = ("providers", 1, "tokenAttributes", "serviceAccountTokenAudience")


def test_tokens_need_a_rule_where_the_api_server_restricts_them():
    assert of_accounts(BUILDER, BUILDER) == []
    assert of_accounts(BUILDER, manifests=[]) == [("PS606", "p", AUDIENCE, None)]
    other = attrs.evolve(BUILDER, name="other")
    assert of_accounts(other) == [("PS606", "p", AUDIENCE, None)]
    assert of_accounts(BUILDER, manifests=[], version="1.32") == []
    # Once for all accounts.
    (found,) = check_accounts(
        Providers((IN_TOKEN_MODE,)), [(BUILDER, IMAGE), (other, IMAGE), (other, "quay.io/b")]
    )
    assert "service account ns/builder and 1 more for the audience aud" in str(found)


def test_accounts_whose_pods_have_other_images_need_no_token():
    providers = Providers((IN_TOKEN_MODE,))
    assert not list(check_accounts(providers, [(BUILDER, "gcr.io/a")]))
    # An image that it just misses is another mistake, which hides this one.
    assert list(check_accounts(providers, [(BUILDER, "quay.io:443/a")]))


def test_annotations_that_a_service_account_lacks():
    bare = attrs.evolve(BUILDER, annotations={"b": ""})
    assert of_accounts(bare) == [("PS607", "p", ("providers", 1, "tokenAttributes"), None)]
    # The kubelet cannot read one, and of another nothing is known.
    assert of_accounts(attrs.evolve(bare, exists=False)) == []
    assert of_accounts(attrs.evolve(bare, annotations=None)) == []


def test_answers_are_looked_at_though_nobody_asks_for_them():
    bad = ProviderAnswer.from_credentials({"quay.io": ("u", "p")}, cache_key_type="registry")
    good = ProviderAnswer.from_credentials({"quay.io": ("u", "p")})
    providers = Providers((of("quay.io/*"), of("x.io", name="q"), of("y.io", name="r")))
    answers = {"p": bad, "q": good, "r": lambda request: bad}
    found = list(check_answers(providers, answers))
    assert codes(found) == [("PS610", "p", ("providers", 0), None)]
    assert str(found[0]) == (
        "the answer of provider p is refused: cacheKeyType: has to be Image or Registry or Global"
    )


@pytest.mark.parametrize(
    "image, entries, serves",
    [
        (IMAGE, ["quay.io"], True),
        (IMAGE, ["gcr.io", "https://quay.io/v1/"], True),
        (IMAGE, ["gcr.io", "%zz"], False),
        (IMAGE, [], True),
        ("docker.io/library/nginx", ["https://index.docker.io/v1/"], True),
        ("docker.io/library/nginx", ["registry-1.docker.io"], False),
    ],
)
def test_answers_that_are_not_for_the_image(image, entries, serves):
    answer = ProviderAnswer.from_credentials(dict.fromkeys(entries, ("u", "p")))
    node = Node(providers=Providers((of("quay.io", "docker.io"),)), answers={"p": answer})
    found = codes(check_asked(node.providers, node.contribution(image).asked))
    assert found == ([] if serves else [("PS611", "p", ("providers", 0), None)])


def test_answers_that_are_not_for_many_images_are_one_finding():
    answer = ProviderAnswer.from_credentials({"gcr.io": ("u", "p")})
    node = Node(providers=Providers((of("x.io"), of("quay.io", name="q"))), answers={"q": answer})
    images = "quay.io/a", "quay.io/b", "quay.io/a"
    asked = [each for image in images for each in node.contribution(image).asked]
    (found,) = check_asked(node.providers, asked)
    assert found.path == ("providers", 1)
    assert str(found).startswith("provider q answers for quay.io/a and 1 more with entries")


def test_three_mistakes_that_hide_each_other_are_all_named():
    """A pattern that never matches, no rule for the audience, a bad answer: kind#4185."""
    provider = of("harbor.example.com/*", token=TokenAttributes("aud", True))
    providers = Providers((provider,))
    answers = {
        "p": ProviderAnswer.from_credentials({"harbor.example.com": ("u", "p")}, cache_key_type="")
    }
    image = "harbor.example.com/team/app"
    found = [
        *check_providers(providers),
        *check_images(providers, [image]),
        *check_accounts(providers, [(BUILDER, image)]),
        *check_answers(providers, answers),
    ]
    assert [each.code for each in found] == ["PS601", "PS606", "PS610"]
