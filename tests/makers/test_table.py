"""Each kind that makes secrets: what is known of the secret, what is not, and where it is made."""

from __future__ import annotations

import pytest

from pullsecrets.fields import InvalidManifest
from pullsecrets.makers.reading import is_maker, made_for
from pullsecrets.makers.table import MAKERS, InvalidMakers, makers_from

JSON, OPAQUE = "kubernetes.io/dockerconfigjson", "Opaque"
KEY = ".dockerconfigjson"
CONFIG = '{"auths": {"quay.io": {"auth": "{{ .auth }}"}}}'


def manifest(kind, api, spec, *, name="own", **more):
    return {
        "apiVersion": f"{api}/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "shop", **more.pop("metadata", {})},
        "spec": spec,
        **more,
    }


def made(found, makers=MAKERS):
    secrets, whole = made_for(found, makers)
    assert whole == is_maker(found, makers)
    return secrets


def one(found, makers=MAKERS):
    [secret] = made(found, makers)
    return secret


def known(secret):
    entries = None if secret.entries is None else [entry.reveal() for entry in secret.entries]
    return secret.namespace, secret.name, secret.type, secret.keys, entries


SEALED = "SealedSecret", "bitnami.com"
EXTERNAL = "ExternalSecret", "external-secrets.io"
CLUSTER = "ClusterExternalSecret", "external-secrets.io"
CSI = "SecretProviderClass", "secrets-store.csi.x-k8s.io"
VAULT = "VaultStaticSecret", "secrets.hashicorp.com"


def sealed(**template):
    return manifest(*SEALED, {"encryptedData": {KEY: "Ag"}, "template": template})


def external(target, kind=EXTERNAL, **spec):
    return manifest(*kind, {"target": target, **spec})


def vault(**destination):
    return manifest(*VAULT, {"destination": {"create": True, **destination}})


# Known type and entries, unknown content, no type: for each kind of maker.
KINDS = {
    "sealed": (sealed(type=JSON), ("shop", "own", JSON, (KEY,), None)),
    "sealed, with a template": (
        sealed(type=JSON, data={KEY: CONFIG}),
        ("shop", "own", JSON, (KEY, KEY), ["quay.io"]),
    ),
    "sealed, no type": (sealed(), ("shop", "own", OPAQUE, (KEY,), None)),
    "sealed, the older form": (
        manifest(*SEALED, {"data": "AgB"}),
        ("shop", "own", None, None, None),
    ),
    "external": (
        external({"name": "regcred", "template": {"type": JSON, "data": {KEY: CONFIG}}}),
        ("shop", "regcred", JSON, (KEY,), ["quay.io"]),
    ),
    "external, content unknown": (
        external({"template": {"type": JSON, "data": {KEY: "{{ .config }}"}}}),
        ("shop", "own", JSON, (KEY,), None),
    ),
    "external, all that is there": (
        external({"template": {"type": JSON}}, dataFrom=[{"extract": {"key": "a"}}]),
        ("shop", "own", JSON, None, None),
    ),
    "external, some that is there": (
        external({"template": {"type": JSON}}, data=[{"secretKey": "user"}]),
        ("shop", "own", JSON, ("user",), None),
    ),
    "external, merged": (
        external(
            {"template": {"type": JSON, "mergePolicy": "Merge", "data": {"a": "b"}}},
            data=[{"secretKey": KEY}],
        ),
        ("shop", "own", JSON, ("a", KEY), None),
    ),
    "external, templates elsewhere": (
        external({"template": {"type": JSON, "data": {"a": "b"}, "templateFrom": [{}]}}),
        ("shop", "own", JSON, None, None),
    ),
    "external, no template": (
        external({}, data=[{"secretKey": KEY}]),
        ("shop", "own", OPAQUE, (KEY,), None),
    ),
    "external, type put in": (
        external({"template": {"type": "{{ .type }}", "data": {KEY: CONFIG}}}),
        ("shop", "own", None, (KEY,), ["quay.io"]),
    ),
    "external, the older operator": (
        manifest("ExternalSecret", "kubernetes-client.io", {"template": {"type": JSON}}),
        ("shop", "own", JSON, None, None),
    ),
    "csi": (
        manifest(
            *CSI,
            {"secretObjects": [{"secretName": "a", "type": JSON, "data": [{"key": KEY}]}]},
        ),
        ("shop", "a", JSON, (KEY,), None),
    ),
    "sops": (
        manifest(
            "SopsSecret",
            "isindir.github.com",
            {"secretTemplates": [{"name": "a", "type": JSON, "stringData": {KEY: "ENC[x]"}}]},
        ),
        ("shop", "a", JSON, (KEY,), None),
    ),
    "sops, names encrypted": (
        manifest(
            "SopsSecret",
            "isindir.github.com",
            {"secretTemplates": [{"name": "ENC[x]", "type": "ENC[x]", "data": {KEY: "ENC[x]"}}]},
        ),
        ("shop", "", None, None, None),
    ),
    "vault": (vault(name="a", type=JSON), ("shop", "a", JSON, None, None)),
    "vault, with a template": (
        vault(type=JSON, transformation={"templates": {KEY: {"text": CONFIG}}}),
        ("shop", "own", JSON, None, ["quay.io"]),
    ),
    "1password": (
        manifest("OnePasswordItem", "onepassword.com", {}, type=JSON),
        ("shop", "own", JSON, None, None),
    ),
    "infisical": (
        manifest(
            "InfisicalSecret",
            "secrets.infisical.com",
            {"managedSecretReference": {"secretName": "a", "secretNamespace": "b"}},
        ),
        ("b", "a", OPAQUE, None, None),
    ),
    "doppler": (
        manifest(
            "DopplerSecret",
            "secrets.doppler.com",
            {"managedSecret": {"name": "a", "namespace": "b", "type": JSON}},
        ),
        ("b", "a", JSON, None, None),
    ),
    "bitwarden": (
        manifest("BitwardenSecret", "k8s.bitwarden.com", {"secretName": "a"}),
        ("shop", "a", OPAQUE, None, None),
    ),
    "akv2k8s": (
        manifest("AzureKeyVaultSecret", "spv.no", {"output": {"secret": {"name": "a"}}}),
        ("shop", "a", OPAQUE, None, None),
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_known_of_the_secret(kind):
    found, expected = KINDS[kind]
    assert known(one(found)) == expected


def test_each_kind_of_the_table_is_tried():
    # The others of Vault's are read as VaultStaticSecret is.
    tried = {(found["kind"], found["apiVersion"].partition("/")[0]) for found, _ in KINDS.values()}
    assert MAKERS.keys() - tried - {CLUSTER} == {
        ("VaultDynamicSecret", "secrets.hashicorp.com"),
        ("VaultPKISecret", "secrets.hashicorp.com"),
        ("HCPVaultSecretsApp", "secrets.hashicorp.com"),
    }


@pytest.mark.parametrize(
    "found",
    [
        external({"creationPolicy": "None"}),
        manifest(*CSI, {"provider": "azure"}),
    ],
)
def test_some_make_no_secret(found):
    assert made(found) == ()


@pytest.mark.parametrize(
    "found",
    [
        external({"creationPolicy": "Merge"}),
        external({"creationPolicy": "Merge"}, CLUSTER),
        manifest(*VAULT, {"destination": {"name": "own"}}),
        manifest(*VAULT, {"destination": {"name": "own", "create": False}}),
    ],
)
def test_some_only_fill_a_secret_that_is_there(found):
    if found["kind"] == "ClusterExternalSecret":
        target = found["spec"].pop("target")
        found["spec"] = {"externalSecretSpec": {"target": target}, "namespaces": ["shop"]}
    secret = one(found)
    assert secret.fills
    assert secret.name == "own"


@pytest.mark.parametrize("policy", ["", "Owner", "Orphan"])
def test_what_makes_a_secret_does_not_only_fill_one(policy):
    assert not one(external({"creationPolicy": policy} if policy else {})).fills


def test_a_template_that_gives_no_docker_config_is_a_fault():
    secret = one(external({"template": {"type": JSON, "data": {KEY: '{"quay.io": {}}'}}}))
    assert secret.entries == ()
    secret = one(external({"template": {"type": JSON, "data": {KEY: '{"a": "{{ .b }}"}'}}}))
    assert secret.fault == "has no 'auths'"


def test_the_older_type_has_a_template_of_its_own():
    data = {".dockercfg": '{"quay.io": {"auth": "{{ .auth }}"}}'}
    secret = one(external({"template": {"type": "kubernetes.io/dockercfg", "data": data}}))
    assert known(secret)[4] == ["quay.io"]


def test_a_secret_of_the_csi_driver_may_never_be_made():
    assert not one(KINDS["csi"][0]).certain
    assert one(KINDS["sealed"][0]).certain


@pytest.mark.parametrize(
    "spec, where",
    [
        ({"namespaces": ["a", "b"]}, [("a", True), ("b", True)]),
        ({"namespaceSelector": {}}, [(None, True)]),
        ({"namespaceSelector": {"matchLabels": {"team": "a"}}}, [(None, False)]),
        ({"namespaceSelectors": [{"matchExpressions": [{"key": "a"}]}]}, [(None, False)]),
        (
            {"namespaceSelectors": [{"matchLabels": {"kubernetes.io/metadata.name": "a"}}]},
            [("a", True)],
        ),
        ({}, []),
    ],
)
def test_namespaces_of_a_cluster_external_secret(spec, where):
    target = {"target": {"template": {"type": JSON, "data": {KEY: CONFIG}}}}
    secrets = made(manifest(*CLUSTER, {"externalSecretSpec": target, **spec}))
    assert [(secret.namespace, secret.certain) for secret in secrets] == where
    assert all(known(secret)[1:] == ("own", JSON, (KEY,), ["quay.io"]) for secret in secrets)


def test_the_maker_is_named_with_its_fields():
    ignore = {"annotations": {"pullsecrets/ignore": "PS209"}}
    maker = one(manifest(*EXTERNAL, {"target": {}}, metadata=ignore)).maker
    assert maker.title == "ExternalSecret shop/own"
    assert maker.type_field == ("spec", "target", "template", "type")
    assert maker.ignore == ("PS209",)
    assert one(KINDS["csi"][0]).maker.type_field == ("spec", "secretObjects", 0, "type")


def test_the_namespace_of_objects_that_name_none_is_given():
    [secret], _ = made_for({**sealed(), "metadata": {"name": "a"}}, MAKERS, namespace="here")
    assert secret.namespace == secret.maker.namespace == "here"


@pytest.mark.parametrize(
    "found, wrong",
    [
        (manifest(*SEALED, "x"), "spec is a string, not a mapping"),
        (sealed(type=1), "spec.template.type is a number, not a string"),
        (manifest(*SEALED, {}, name=""), "metadata.name is missing"),
        (external({"name": []}), "spec.target.name is a list, not a string"),
    ],
)
def test_what_is_malformed_names_its_field(found, wrong):
    with pytest.raises(InvalidManifest, match=f"^{wrong}$"):
        made(found)


@pytest.mark.parametrize("more", [{"kind": 1}, {"apiVersion": None}, {"apiVersion": "v1"}])
def test_another_apis_kind_makes_nothing(more):
    assert made({**sealed(), **more}) == ()


def test_a_project_adds_kinds():
    makers = makers_from(
        {
            "Vault.example.com": {
                "many": "spec.secrets",
                "name": "as",
                "type": "type",
                "template": "files",
            },
            "Plain.example.com": {"name": "spec.secret"},
            "SealedSecret.bitnami.com": {"default-type": JSON},
        }
    )
    item = {"as": "a", "type": JSON, "files": {KEY: CONFIG}}
    found = manifest("Vault", "example.com", {"secrets": [item]})
    assert known(one(found, makers)) == ("shop", "a", JSON, None, ["quay.io"])
    assert one(manifest("Plain", "example.com", {}), makers).type is None
    assert one(sealed(), makers).type == JSON
    assert EXTERNAL in makers


@pytest.mark.parametrize(
    "table, wrong",
    [
        ({"Vault": {}}, "'Vault' is no kind with its group: Kind.example.com"),
        ({"Vault.a": []}, "'Vault.a' is no table"),
        ({"Vault.a": {"nam\x1b": "b"}}, r"'Vault.a' has an unknown key 'nam\x1b'"),
        ({"Vault.a": {"name": 1}}, "'Vault.a' has a value that is no string"),
    ],
)
def test_a_table_that_is_none_is_refused(table, wrong):
    with pytest.raises(InvalidMakers) as error:
        makers_from(table)
    assert str(error.value) == wrong
