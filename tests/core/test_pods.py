"""Kubernetes objects from mappings: what is read, and what is said about what cannot be."""

from __future__ import annotations

import base64
from collections import OrderedDict
from types import MappingProxyType

import pytest
from effort import examples
from hypothesis import given
from hypothesis import strategies as st

from pullsecrets import (
    Cluster,
    Container,
    Credential,
    DockerConfig,
    InvalidDockerConfig,
    InvalidManifest,
    Keyring,
    Password,
    Place,
    Pod,
    PullSecret,
    ServiceAccount,
    resolve,
)

TYPE, KEY = "kubernetes.io/dockerconfigjson", ".dockerconfigjson"
LEGACY_TYPE, LEGACY_KEY = "kubernetes.io/dockercfg", ".dockercfg"
CONFIG = '{"auths": {"quay.io": {"auth": "dTpw"}}}'


def b64(text):
    return base64.b64encode(text.encode()).decode()


def pod(spec=None, kind="Pod", **metadata):
    return {"kind": kind, "metadata": {"name": "p", **metadata}, "spec": spec or {}}


# --- Secrets ---------------------------------------------------------------------------------


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
    "kind, data, reason",
    [
        ("Opaque", {KEY: CONFIG}, "its type is 'Opaque', not kubernetes.io/dockerconfigjson"),
        (None, {KEY: CONFIG}, "its type is 'Opaque'"),
        ("", {KEY: CONFIG}, "its type is 'Opaque'"),
        ("a\x1b", {KEY: CONFIG}, "its type is 'a\\x1b'"),
        (TYPE, {}, "it has no value .dockerconfigjson"),
        (TYPE, None, "it has no value .dockerconfigjson"),
        (TYPE, {LEGACY_KEY: CONFIG}, "it has no value .dockerconfigjson"),
        (TYPE, {KEY: ""}, "its value .dockerconfigjson is empty"),
        (TYPE, {KEY: None}, "its value .dockerconfigjson is empty"),
        (LEGACY_TYPE, {KEY: CONFIG}, "it has no value .dockercfg"),
        (LEGACY_TYPE, {LEGACY_KEY: ""}, "its value .dockercfg is empty"),
    ],
)
def test_what_the_kubelet_passes_over(kind, data, reason):
    """Rule 7."""
    secret = PullSecret.from_manifest({"metadata": {"name": "s"}, "type": kind, "stringData": data})
    assert secret.skipped is not None
    assert secret.skipped.startswith(reason)
    assert secret.config() is None
    resolution = resolve("quay.io/a", [secret])
    assert resolution.anonymous
    (warning,) = resolution.warnings
    assert warning == f"secret default/s is skipped: {secret.skipped}"


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
            assert resolution.failure == (
                "secret ns/s does not decode, so no pull of this pod gets any credential: "
                f"{error.value}"
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


# --- Pods ------------------------------------------------------------------------------------


def test_a_pod():
    """Rule 5: one list for every image, in this order."""
    read = Pod.from_manifest(
        pod(
            {
                "volumes": [
                    {"name": "v", "image": {"reference": "i4", "pullPolicy": "Always"}},
                    {"name": "w", "emptyDir": {}},
                    {"name": "x", "image": None},
                ],
                "ephemeralContainers": [{"name": "e", "image": "i3"}],
                "initContainers": [{"name": "i", "image": "i2", "restartPolicy": "Always"}],
                "containers": [
                    {"name": "c", "image": "i1", "imagePullPolicy": "Never"},
                    {"name": "d"},
                    None,
                ],
                "imagePullSecrets": [{"name": "a"}, {}, {"name": ""}, None, {"name": "a"}],
                "serviceAccountName": "sa",
            },
            namespace="ns",
        ),
        place=Place("f", 1),
    )
    assert read == Pod(
        "p",
        "ns",
        "Pod",
        (Container("c", "i1", "container", "Never"), Container("d", ""), Container("", "")),
        (Container("i", "i2", "init"),),
        (Container("e", "i3", "ephemeral"),),
        (Container("v", "i4", "volume", "Always"),),
        ("a", "", "", "", "a"),
        "sa",
    )
    assert [c.kind for c in read.images] == ["container"] * 3 + ["init", "ephemeral", "volume"]
    assert read.place == Place("f", 1)
    assert not read.stored
    assert not read.mirror


@pytest.mark.parametrize(
    "spec, account",
    [
        ({}, "default"),
        ({"serviceAccountName": ""}, "default"),
        ({"serviceAccountName": "a"}, "a"),
        ({"serviceAccount": "b"}, "b"),  # the older name
        ({"serviceAccountName": "a", "serviceAccount": "b"}, "a"),
    ],
)
def test_the_service_account(spec, account):
    assert Pod.from_manifest(pod(spec)).service_account == account


@pytest.mark.parametrize(
    "metadata, stored",
    [
        ({}, False),
        ({"creationTimestamp": None}, False),  # as `kubectl create --dry-run` writes it
        ({"uid": None, "creationTimestamp": None}, False),
        ({"uid": ""}, False),
        ({"uid": "6e0f"}, True),
        ({"creationTimestamp": "2024-05-01T10:00:00Z"}, True),
        ({"resourceVersion": "5"}, False),
    ],
)
def test_a_stored_pod_is_known_by_what_only_the_server_sets(metadata, stored):
    """Rule 2."""
    assert Pod.from_manifest(pod(**metadata)).stored is stored
    # A workload is stored, too, but its pods are made, and admitted, again and again.
    manifest = {**pod(kind="Deployment", **metadata), "spec": {"template": pod(**metadata)}}
    assert Pod.from_manifest(manifest).stored is False


@pytest.mark.parametrize(
    "annotations, mirror",
    [
        (None, False),
        ({}, False),
        ({"kubernetes.io/config.source": "file"}, False),
        ({"kubernetes.io/config.mirror": "x"}, True),
        ({"kubernetes.io/config.mirror": None}, True),
    ],
)
def test_a_mirror_pod_is_known_by_its_annotation(annotations, mirror):
    """Rule 3."""
    assert Pod.from_manifest(pod(annotations=annotations)).mirror is mirror


TEMPLATES = [
    ("Pod", ()),
    ("Deployment", ("spec", "template")),
    ("ReplicaSet", ("spec", "template")),
    ("StatefulSet", ("spec", "template")),
    ("DaemonSet", ("spec", "template")),
    ("ReplicationController", ("spec", "template")),
    ("Job", ("spec", "template")),
    ("CronJob", ("spec", "jobTemplate", "spec", "template")),
    ("PodTemplate", ("template",)),
]


@pytest.mark.parametrize("kind, path", TEMPLATES)
def test_every_kind_that_carries_pods(kind, path):
    """Rule 6."""
    body = {
        "spec": {"containers": [{"name": "c", "image": "i"}], "imagePullSecrets": [{"name": "s"}]}
    }
    for field in reversed(path):
        body = {field: body}
    read = Pod.from_manifest({"kind": kind, "metadata": {"name": "w"}, **body})
    assert read == Pod("w", kind=kind, containers=(Container("c", "i"),), pull_secrets=("s",))
    empty = Pod.from_manifest({"kind": kind, "metadata": {"name": "w"}})
    assert empty.images == ()
    assert Pod.from_manifest(read.to_manifest()) == read


def test_a_generated_name_is_one():
    assert Pod.from_manifest({"metadata": {"generateName": "p-"}}).name == "p-"
    assert Pod.from_manifest({"metadata": {"name": "", "generateName": "p-"}}).name == "p-"
    assert Pod.from_manifest({"metadata": {"name": "q", "generateName": "p-"}}).name == "q"


def test_any_mapping_will_do():
    manifest = MappingProxyType(
        OrderedDict(
            metadata=MappingProxyType({"name": "p"}),
            spec=OrderedDict(containers=({"name": "c", "image": "i"},)),
        )
    )
    assert Pod.from_manifest(manifest).images == (Container("c", "i"),)


def test_a_service_account():
    account = ServiceAccount.from_manifest(
        {
            "kind": "ServiceAccount",
            "metadata": {"name": "a", "namespace": "ns"},
            "secrets": [{"name": "token"}],
            "imagePullSecrets": [{"name": "s"}, {}],
        }
    )
    assert account == ServiceAccount("a", "ns", ("s", ""))
    assert ServiceAccount.from_manifest({"metadata": {"name": "a"}}).pull_secrets == ()
    assert ServiceAccount.from_manifest(account.to_manifest()) == account


# --- Wrong types -----------------------------------------------------------------------------

BAD_OBJECTS = [
    (5, "the object is a number, not a mapping"),
    (None, "metadata.name is missing"),
    ("x", "the object is a string, not a mapping"),
    ([], "the object is a list, not a mapping"),
    (True, "the object is a boolean, not a mapping"),
    (b"x", "the object is bytes, not a mapping"),
    ({}, "metadata.name is missing"),
    ({"metadata": None}, "metadata.name is missing"),
    ({"metadata": []}, "metadata is a list, not a mapping"),
    ({"metadata": {"name": ""}}, "metadata.name is missing"),
    ({"metadata": {"name": 5}}, "metadata.name is a number, not a string"),
    ({"metadata": {"name": 1.5}}, "metadata.name is a number, not a string"),
    ({"metadata": {"name": True}}, "metadata.name is a boolean, not a string"),
    ({"metadata": {"generateName": {}}}, "metadata.generateName is a mapping, not a string"),
    ({"metadata": {"name": "a", "namespace": 1}}, "metadata.namespace is a number, not a string"),
    (
        {"metadata": {"name": "a", "annotations": "x"}},
        "metadata.annotations is a string, not a mapping",
    ),
    (
        {"metadata": {"name": "a", "annotations": {"pullsecrets/ignore": 1}}},
        "metadata.annotations.pullsecrets/ignore is a number, not a string",
    ),
    ({"kind": 5, "metadata": {"name": "a"}}, "kind is a number, not a string"),
]  # fmt: skip


@pytest.mark.parametrize("cls", [Pod, PullSecret, ServiceAccount])
@pytest.mark.parametrize("manifest, message", BAD_OBJECTS)
def test_what_is_no_object(cls, manifest, message):
    with pytest.raises(InvalidManifest) as error:
        cls.from_manifest(manifest)
    assert str(error.value) == message


@pytest.mark.parametrize(
    "cls, kind, wanted",
    [
        (PullSecret, "Pod", "Secret"),
        (ServiceAccount, "Secret\x1b", "ServiceAccount"),
        (Pod, "Secret", "Pod or Deployment or ReplicaSet"),
    ],
)
def test_another_kind(cls, kind, wanted):
    with pytest.raises(InvalidManifest) as error:
        cls.from_manifest({"kind": kind, "metadata": {"name": "a"}})
    assert str(error.value).startswith(f"kind is '{kind}', not {wanted}".replace("\x1b", "\\x1b"))


@pytest.mark.parametrize(
    "body, message",
    [
        ({"type": 5}, "type is a number, not a string"),
        ({"data": []}, "data is a list, not a mapping"),
        ({"data": {KEY: 5}}, "data['.dockerconfigjson'] is a number, not a string"),
        ({"data": {KEY: "!"}}, "data['.dockerconfigjson'] is not base64"),
        ({"data": {"other": "YQ"}}, "data['other'] is not base64"),
        ({"data": {"other": "YQ= ="}}, "data['other'] is not base64"),
        ({"data": {5: "YQ=="}}, "a key of data is a number, not a string"),
        ({"data": {None: "YQ=="}}, "a key of data is NoneType, not a string"),
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


@pytest.mark.parametrize(
    "spec, message",
    [
        ("x", "spec is a string, not a mapping"),
        ({"containers": {}}, "spec.containers is a mapping, not a list"),
        ({"containers": "x"}, "spec.containers is a string, not a list"),
        ({"containers": [5]}, "spec.containers[0] is a number, not a mapping"),
        ({"containers": [{}, {"image": 5}]}, "spec.containers[1].image is a number, not a string"),
        ({"containers": [{"name": []}]}, "spec.containers[0].name is a list, not a string"),
        (
            {"initContainers": [{"imagePullPolicy": 5}]},
            "spec.initContainers[0].imagePullPolicy is a number, not a string",
        ),
        ({"ephemeralContainers": 5}, "spec.ephemeralContainers is a number, not a list"),
        ({"volumes": [5]}, "spec.volumes[0] is a number, not a mapping"),
        ({"volumes": [{"image": "x"}]}, "spec.volumes[0].image is a string, not a mapping"),
        (
            {"volumes": [{"image": {"reference": 5}}]},
            "spec.volumes[0].image.reference is a number, not a string",
        ),
        ({"imagePullSecrets": {"name": "a"}}, "spec.imagePullSecrets is a mapping, not a list"),
        ({"imagePullSecrets": ["a"]}, "spec.imagePullSecrets[0] is a string, not a mapping"),
        (
            {"imagePullSecrets": [{"name": 5}]},
            "spec.imagePullSecrets[0].name is a number, not a string",
        ),
        ({"serviceAccountName": 5}, "spec.serviceAccountName is a number, not a string"),
        ({"serviceAccount": 5}, "spec.serviceAccount is a number, not a string"),
    ],
)
def test_a_bad_pod(spec, message):
    with pytest.raises(InvalidManifest) as error:
        Pod.from_manifest({"metadata": {"name": "p"}, "spec": spec})
    assert str(error.value) == message
    with pytest.raises(InvalidManifest) as error:
        Pod.from_manifest(
            {"kind": "Deployment", "metadata": {"name": "p"}, "spec": {"template": {"spec": spec}}}
        )
    assert str(error.value) == f"spec.template.{message}"


def test_a_bad_uid():
    with pytest.raises(InvalidManifest, match=r"metadata\.uid is a number, not a string"):
        Pod.from_manifest(pod(uid=5))


# --- Anything at all -------------------------------------------------------------------------

FIELDS = st.sampled_from([
    "apiVersion", "kind", "metadata", "name", "generateName", "namespace", "uid", "annotations",
    "pullsecrets/ignore", "kubernetes.io/config.mirror", "spec", "template", "jobTemplate",
    "containers", "initContainers", "volumes", "image", "reference", "imagePullSecrets", "data",
    "stringData", "type", KEY, "items", "serviceAccountName",
])  # fmt: skip
LISTS = ["List", "PodList", "SecretList"]
KINDS = st.sampled_from(
    [*(kind for kind, _ in TEMPLATES), *LISTS, "Secret", "ServiceAccount", TYPE, CONFIG, "YQ=="]
)
numbers = st.one_of(st.booleans(), st.integers(), st.floats())
scalars = st.one_of(st.none(), numbers, st.text(max_size=5), KINDS, st.binary(max_size=3))
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(FIELDS, inner, max_size=5),
        st.dictionaries(scalars, inner, max_size=2),
    ),
    max_leaves=15,
)
sound = {
    "kind": KINDS,
    "metadata": st.fixed_dictionaries({"name": st.sampled_from(["a", "b"])}),
}
objects = st.one_of(
    values,
    st.fixed_dictionaries(sound, optional={"spec": values, "data": values, "stringData": values}),
    st.fixed_dictionaries(
        sound,
        optional={
            "items": st.lists(values, max_size=3),
            "spec": st.fixed_dictionaries({"template": values}),
            "imagePullSecrets": values,
        },
    ),
)


@examples(300)
@given(objects)
def test_anything_is_an_object_or_an_invalid_manifest(value):
    for cls in (Pod, PullSecret, ServiceAccount):
        try:
            read = cls.from_manifest(value)
        except InvalidManifest as error:
            read = error
        assert isinstance(read, cls) or "\n" not in str(read)


@examples(200)
@given(st.lists(objects, max_size=4))
def test_a_cluster_can_be_made_of_anything(manifests):
    cluster = Cluster.from_manifests(manifests)
    for problem in cluster.problems:
        assert problem.place is not None
        assert problem.place.document in range(1, len(manifests) + 1)
        assert "\n" not in str(problem)
    for answer in cluster.resolve_all():
        assert answer.resolution.anonymous or answer.resolution.failure or answer.resolution.tiers
