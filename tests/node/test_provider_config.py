from __future__ import annotations

import json
import pickle
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.drawing import at_leisure
from pullsecrets.node.decoding import Fault, FaultCode
from pullsecrets.node.plugins import CacheType, Provider, TokenAttributes
from pullsecrets.node.provider_config import InvalidProviderConfig, Providers
from pullsecrets.node.versions import RELEASES, Release
from pullsecrets.secrecy import Password

CANARY = "hunter2-CANARY-9XqZ"
V1 = "credentialprovider.kubelet.k8s.io/v1"
SERVED = f"{V1} or {V1}beta1 or {V1}alpha1"
TOKEN = {
    "serviceAccountTokenAudience": "aud",
    "requireServiceAccount": True,
    "cacheType": "Token",
}
REMOVE = object()


def provider(**fields):
    whole = {
        "name": "p",
        "matchImages": ["quay.io"],
        "defaultCacheDuration": "5m",
        "apiVersion": V1,
        **fields,
    }
    return {name: value for name, value in whole.items() if value is not REMOVE}


def config(*providers, **fields):
    return {
        "kind": "CredentialProviderConfig",
        "apiVersion": "kubelet.config.k8s.io/v1",
        "providers": list(providers),
        **fields,
    }


def errors(*documents, **version):
    try:
        Providers.from_config(*documents, **version)
    except InvalidProviderConfig as error:
        return [(fault.path, fault.code.value) for fault in error.errors]
    return []


def of_provider(fields, **version):
    """The errors of a configuration with that provider, with their paths inside of it."""
    found = errors(config(provider(**fields)), **version)
    return [(path[2:], code) for path, code in found]


def test_all_fields_are_read():
    read = Providers.from_config(
        config(
            provider(
                args=["get", "-v"],
                env=[{"name": "A", "value": "b"}, {"name": "C"}],
                tokenAttributes={
                    **TOKEN,
                    "requiredServiceAccountAnnotationKeys": ["a/b"],
                    "optionalServiceAccountAnnotationKeys": ["c"],
                },
            ),
            provider(name="q", apiVersion=f"{V1}beta1", defaultCacheDuration="0s"),
        )
    )
    assert read == Providers(
        (
            Provider(
                "p",
                ("quay.io",),
                timedelta(minutes=5),
                V1,
                (Password("get"), Password("-v")),
                (("A", Password("b")), ("C", Password(""))),
                TokenAttributes("aud", True, CacheType.TOKEN, ("a/b",), ("c",)),
            ),
            Provider("q", ("quay.io",), timedelta(), f"{V1}beta1"),
        )
    )
    assert len(read) == 2
    assert pickle.loads(pickle.dumps(read)) == read


def test_text_and_mappings_are_the_same():
    document = config(provider())
    expected = Providers.from_config(document)
    assert Providers.from_config(json.dumps(document)) == expected
    assert Providers.from_config(json.dumps(document).encode()) == expected
    assert Providers.from_config("\n" + json.dumps(document)) == expected


@pytest.mark.parametrize(
    "fields, path, code",
    [
        ({"name": ""}, ("name",), "invalid-name"),
        ({"name": REMOVE}, ("name",), "invalid-name"),
        ({"name": "."}, ("name",), "invalid-name"),
        ({"name": ".."}, ("name",), "invalid-name"),
        ({"name": "a/b"}, ("name",), "invalid-name"),
        ({"name": "a b"}, ("name",), "invalid-name"),
        ({"name": 5}, ("name",), "type"),
        ({"apiVersion": REMOVE}, ("apiVersion",), "required"),
        ({"apiVersion": "v1"}, ("apiVersion",), "unsupported"),
        ({"matchImages": REMOVE}, ("matchImages",), "required"),
        ({"matchImages": []}, ("matchImages",), "required"),
        ({"matchImages": "quay.io"}, ("matchImages",), "type"),
        ({"matchImages": ["quay.io", "a b"]}, ("matchImages", 1), "invalid-pattern"),
        ({"defaultCacheDuration": REMOVE}, ("defaultCacheDuration",), "required"),
        ({"defaultCacheDuration": "-1s"}, ("defaultCacheDuration",), "negative"),
        ({"defaultCacheDuration": "-1ns"}, ("defaultCacheDuration",), "negative"),
        ({"defaultCacheDuration": "5M"}, ("defaultCacheDuration",), "duration"),
        ({"defaultCacheDuration": 5}, ("defaultCacheDuration",), "type"),
        ({"x": 1}, ("x",), "unknown-field"),
        ({"env": [{"name": "A", "x": 1}]}, ("env", 0, "x"), "unknown-field"),
    ],
)
def test_each_mistake_is_named_once_and_where_it_is(fields, path, code):
    assert of_provider(fields) == [(path, code)]


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "..."},
        {"defaultCacheDuration": "0s"},
        {"matchImages": ["harbor.example.com/*", "quay.io", "quay.io"]},
        {"args": None, "env": None},
        {"env": [{"value": "x"}]},
        {"tokenAttributes": None},
    ],
)
def test_what_looks_odd_and_is_taken(fields):
    assert of_provider(fields) == []


@pytest.mark.parametrize(
    "fields, path, code",
    [
        ({"serviceAccountTokenAudience": ""}, ("serviceAccountTokenAudience",), "required"),
        ({"requireServiceAccount": None}, ("requireServiceAccount",), "required"),
        ({"cacheType": ""}, ("cacheType",), "required"),
        ({"cacheType": "token"}, ("cacheType",), "unsupported"),
        ({"cacheType": 1}, ("cacheType",), "type"),
        (
            {
                "requireServiceAccount": False,
                "requiredServiceAccountAnnotationKeys": ["a"],
            },
            ("requiredServiceAccountAnnotationKeys",),
            "forbidden",
        ),
        (
            {"optionalServiceAccountAnnotationKeys": ["a", "a"]},
            ("optionalServiceAccountAnnotationKeys", 1),
            "duplicate-key",
        ),
        (
            {
                "requiredServiceAccountAnnotationKeys": ["a"],
                "optionalServiceAccountAnnotationKeys": ["a"],
            },
            (),
            "required-and-optional",
        ),
    ],
)
def test_mistakes_of_token_attributes(fields, path, code):
    found = of_provider({"tokenAttributes": {**TOKEN, **fields}})
    assert found == [(("tokenAttributes", *path), code)]


@pytest.mark.parametrize(
    "key, valid",
    [
        ("a", True),
        ("A.b_c-D/e.f", False),  # an underscore in the prefix
        ("Example.COM/Role", True),
        ("a" * 63, True),
        ("a" * 64, False),
        (f"{'a.' * 126}a/b", True),
        (f"{'a.' * 126}aa/b", False),
        ("", False),
        ("a/", False),
        ("/a", False),
        ("a/b/c", False),
        ("-a", False),
        ("a-", False),
        ("a..b/c", False),
        ("ü", False),
        ("a\n", False),
    ],
)
def test_keys_of_annotations(key, valid):
    for name in ("requiredServiceAccountAnnotationKeys", "optionalServiceAccountAnnotationKeys"):
        found = of_provider({"tokenAttributes": {**TOKEN, name: ["x", key]}})
        assert found == ([] if valid else [(("tokenAttributes", name, 1), "invalid-key")])


def test_tokens_need_the_first_version_of_the_protocol():
    found = of_provider({"apiVersion": f"{V1}beta1", "tokenAttributes": TOKEN})
    assert found == [(("tokenAttributes",), "forbidden")]


def test_all_mistakes_come_at_once():
    text = """
kind: CredentialProviderConfig
apiVersion: kubelet.config.k8s.io/v1
providers:
- name: a b
  matchImages: ["quay.io/%zz"]
  apiVersion: x
- name: q
  matchimages: [quay.io]
  defaultCacheDuration: 5
"""
    with pytest.raises(InvalidProviderConfig) as caught:
        Providers.from_config(text)
    assert str(caught.value).splitlines() == [
        (
            "providers[1].matchimages: "
            "is not a known field: 'matchImages' is meant, letter case counts"
        ),
        "providers[1].defaultCacheDuration: is a number, not a string",
        "providers[0].name: must not hold a space",
        f"providers[0].apiVersion: has to be {SERVED}",
        "providers[0].matchImages[0]: does not parse: a percent sign that begins no escape",
        "providers[0].defaultCacheDuration: is required",
        f"providers[1].apiVersion: is required: {SERVED}",
        "providers[1].matchImages: has to have a pattern",
    ]
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (copy.errors, str(copy)) == (caught.value.errors, str(caught.value))


@pytest.mark.parametrize(
    "document, path, code",
    [
        ("{", (), "document"),
        ("a: [", (), "document"),
        ([], (), "document"),
        ("- x", (), "document"),
        ("", ("kind",), "kind"),
        (config(kind="X"), ("kind",), "kind"),
        (config(kind=1), ("kind",), "type"),
        (config(apiVersion="kubelet.config.k8s.io/v2"), ("apiVersion",), "api-version"),
        (config(apiVersion="v1"), ("apiVersion",), "api-version"),
        (config(), ("providers",), "required"),
        (config(providers=None), ("providers",), "required"),
        (config(providers="x"), ("providers",), "type"),
    ],
)
def test_documents_that_are_no_configuration(document, path, code):
    assert errors(document) == [(path, code)]


def test_a_mapping_that_holds_itself():
    loop = config()
    loop["providers"].append(loop)
    assert errors(loop) == [((), "document")]


# ------------------------------------------------------------------------ what differs by version


def test_strict_decoding():
    repeated = json.dumps(config(provider())).replace('"name"', '"name": "q", "name"')
    for document in (config(provider(x=1)), repeated):
        assert errors(document, kubernetes="1.31") == []
        (found,) = errors(document, kubernetes="1.32")
        assert found[1] in ("unknown-field", "repeated-field")


def test_token_attributes_and_cache_type():
    plain = {name: value for name, value in TOKEN.items() if name != "cacheType"}
    where = ("tokenAttributes",)
    outcomes = {
        str(release): [
            of_provider({"tokenAttributes": each}, kubernetes=release, token_gate=True)
            for each in (plain, TOKEN)
        ]
        for release in RELEASES
    }
    required = [((*where, "cacheType"), "required")]
    unknown = [(where, "unknown-field")]
    assert outcomes == {
        "1.31": [[], []],
        "1.32": [unknown, unknown],
        # No configuration with tokens is valid on both sides of this line.
        "1.33": [[], [((*where, "cacheType"), "unknown-field")]],
        **{version: [required, []] for version in ("1.34", "1.35", "1.36", "1.37")},
    }


def test_in_1_31_token_attributes_are_not_seen():
    read = Providers.from_config(config(provider(tokenAttributes=TOKEN)), kubernetes="1.31")
    assert read.providers[0].token is None


def test_in_1_33_there_is_no_cache_type():
    token = {"serviceAccountTokenAudience": "aud", "requireServiceAccount": False}
    read = Providers.from_config(
        config(provider(tokenAttributes=token)), kubernetes="1.33", token_gate=True
    )
    assert read.providers[0].token == TokenAttributes("aud", False, None)


def test_the_gate_for_tokens_has_the_default_of_the_version():
    token = {"serviceAccountTokenAudience": "aud", "requireServiceAccount": True}
    assert of_provider({"tokenAttributes": token}, kubernetes="1.33") == [
        (("tokenAttributes",), "forbidden")
    ]
    assert of_provider({"tokenAttributes": TOKEN}, kubernetes="1.34") == []
    assert of_provider({"tokenAttributes": TOKEN}, kubernetes="1.34", token_gate=False) == [
        (("tokenAttributes",), "forbidden")
    ]


@pytest.mark.parametrize("version", ["v1beta1", "v1alpha1"])
def test_token_attributes_are_of_the_first_version_only(version):
    document = config(
        provider(tokenAttributes=TOKEN), apiVersion=f"kubelet.config.k8s.io/{version}"
    )
    assert errors(document) == [(("providers", 0, "tokenAttributes"), "unknown-field")]


@pytest.mark.parametrize("pattern", ["quay.io:443:443", "::1"])
def test_ports_of_patterns(pattern):
    fields = {"matchImages": [pattern]}
    assert of_provider(fields, kubernetes="1.35") == []
    assert of_provider(fields, kubernetes="1.36") == [(("matchImages", 0), "invalid-pattern")]


@pytest.mark.parametrize("release", RELEASES, ids=str)
def test_two_of_one_name_end_each_kubelet(release):
    document = config(provider(), provider(name="q"), provider())
    assert errors(document, kubernetes=release) == [(("providers", 2, "name"), "duplicate-name")]


def test_several_documents():
    first, second = config(provider(name="b")), config(provider(name="a"))
    assert errors(first, second, kubernetes="1.33") == [((), "directory")]
    read = Providers.from_config(first, second, kubernetes="1.34")
    assert [each.name for each in read] == ["b", "a"]
    assert errors(first, first) == [(("providers", 0, "name"), "duplicate-name")]
    assert errors() == [((), "directory")]


def test_the_order_in_which_they_are_asked():
    names = ["b", "a", "Z", "é", "z"]
    document = config(*(provider(name=name) for name in names))
    for version, expected in (("1.32", ["Z", "a", "b", "z", "é"]), ("1.33", names)):
        read = Providers.from_config(document, kubernetes=version)
        assert [each.name for each in read.in_order] == expected


# ------------------------------------------------------------------------------------------ files


def test_a_folder(tmp_path):
    for name, called in {
        "b.yaml": "one",
        "a.yml": "two",
        "c.json": "three",
        "d.YAML": "no",
        "e.yaml.bak": "no",
        "sub/f.yaml": "no",
    }.items():
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(config(provider(name=called))))
    (tmp_path / "g.yaml").mkdir()
    assert [each.name for each in Providers.load(tmp_path)] == ["two", "one", "three"]
    with pytest.raises(InvalidProviderConfig, match=r"Kubernetes 1\.33 reads one file only"):
        Providers.load(tmp_path, kubernetes="1.33")
    (tmp_path / "b.yaml").write_text(json.dumps(config(provider(name="two", args=1))))
    with pytest.raises(InvalidProviderConfig) as caught:
        Providers.load(tmp_path)
    assert [str(fault) for fault in caught.value.errors] == [
        "b.yaml: providers[0].args: is a number, not a list",
        "b.yaml: providers[0].name: is another provider's name, too",
    ]


def test_a_file(tmp_path):
    file = tmp_path / "config.conf"
    file.write_text(json.dumps(config(provider())))
    read = Providers.load(file, kubernetes="1.32")
    assert read.kubernetes == Release(32)
    with pytest.raises(FileNotFoundError):
        Providers.load(tmp_path / "nothing")


def test_an_empty_folder(tmp_path):
    with pytest.raises(InvalidProviderConfig) as caught:
        Providers.load(tmp_path)
    assert caught.value.errors == (
        Fault(FaultCode.DIRECTORY, "there is no *.json, *.yaml or *.yml file in it"),
    )


# ------------------------------------------------------------------------------- secrets, anything


def test_arguments_and_environment_are_hidden():
    read = Providers.from_config(
        config(provider(args=[CANARY], env=[{"name": "TOKEN", "value": CANARY}]))
    )
    assert CANARY not in repr(read) + str(read) + repr(list(read))
    found = errors(config(provider(args=[CANARY], env=[{"name": "T", "value": [CANARY]}])))
    assert CANARY not in repr(found)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.just("CredentialProviderConfig"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text() | st.sampled_from(["name", "providers", "matchImages", "tokenAttributes"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@at_leisure
@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "name": anything,
                "matchImages": anything,
                "defaultCacheDuration": anything,
                "apiVersion": anything,
                "env": anything,
                "tokenAttributes": anything,
            },
        ),
        max_size=3,
    ),
    st.sampled_from(RELEASES),
)
def test_nothing_else_is_raised_and_text_and_mapping_agree(providers, release):
    document = config(*providers)
    assert errors(document, kubernetes=release) == errors(json.dumps(document), kubernetes=release)


@at_leisure
@given(st.text() | st.binary() | anything.map(json.dumps))
def test_any_text(text):
    assert errors(text)


@at_leisure
@given(st.sampled_from(RELEASES), st.lists(st.sampled_from("abcd"), min_size=1, unique=True))
def test_a_valid_one_is_valid_in_every_release_and_keeps_its_order(release, names):
    read = Providers.from_config(
        config(*(provider(name=name) for name in names)), kubernetes=release
    )
    assert [each.name for each in read] == names


def test_a_file_whose_whole_name_is_the_suffix_counts(tmp_path):
    tmp_path.joinpath(".yaml").write_text(json.dumps(config(provider())))
    assert [each.name for each in Providers.load(tmp_path)] == ["p"]


def test_one_file_of_a_folder_may_name_no_provider(tmp_path):
    tmp_path.joinpath("a.json").write_text(json.dumps(config()))
    tmp_path.joinpath("b.json").write_text(json.dumps(config(provider())))
    assert [each.name for each in Providers.load(tmp_path)] == ["p"]
    tmp_path.joinpath("b.json").unlink()
    with pytest.raises(InvalidProviderConfig, match="has to name a provider"):
        Providers.load(tmp_path)
