"""Kubernetes objects from mappings: what is read, and what is said about what cannot be."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from collections import OrderedDict
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pullsecrets import (
    Cluster,
    Credential,
    DockerConfig,
    InvalidDockerConfig,
    Keyring,
    Password,
    Pod,
    PullSecret,
    ServiceAccount,
    resolve,
)
from pullsecrets.fields import InvalidManifest
from pullsecrets.metadata import Place
from pullsecrets.notes import Note, NoteCode
from pullsecrets.objects import Container, Owner
from pullsecrets.testing import strategies
from support.effort import examples

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


OWNER = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "p-7c9d", "uid": "1"}


@pytest.mark.parametrize(
    "references, owner",
    [
        (None, None),
        ([], None),
        ([OWNER], None),
        ([{**OWNER, "controller": False}], None),
        ([{**OWNER, "controller": "true"}], None),  # the API server refuses it
        ([None, {**OWNER, "controller": True}], Owner("ReplicaSet", "p-7c9d")),
        ([OWNER, {"kind": "Rollout", "name": "r", "controller": True}], Owner("Rollout", "r")),
    ],
)
@pytest.mark.parametrize("kind", ["Pod", "ReplicaSet", "Job"])
def test_the_owner_is_the_controller(references, owner, kind):
    read = Pod.from_manifest(pod(kind=kind, ownerReferences=references))
    assert read.owner == owner
    assert Pod.from_manifest(read.to_manifest()) == read


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
        ({"imagePullSecrets": [["a"]]}, "spec.imagePullSecrets[0] is a list, not a mapping"),
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
        for image in answer.images:
            resolution = image.resolution
            assert resolution.anonymous or resolution.failure or resolution.tiers


IGNORED = {"pullsecrets/ignore": "PS101"}

# --- Back to manifests -----------------------------------------------------------------------

VECTORS = [
    json.loads(line) for line in (Path(__file__).parent / "kubectl.jsonl").read_text().splitlines()
]
many = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


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
@settings(many, max_examples=15)
@given(entry=arguments, username=arguments, password=arguments)
def test_secrets_as_kubectl_makes_them(entry: str, username: str, password: str) -> None:
    command = ["kubectl", "create", "secret", "docker-registry", "regcred", "--dry-run=client"]
    command += ["-o=json", f"--docker-server={entry}", f"--docker-username={username}"]
    done = subprocess.run([*command, f"--docker-password={password}"], capture_output=True)
    if done.returncode:
        pytest.skip("this kubectl makes no secrets")  # a stand-in, or too old
    secret = PullSecret.from_credentials("regcred", {entry: (username, password)})
    assert json.loads(done.stdout)["data"] == secret.to_manifest()["data"]


@pytest.mark.parametrize(
    "given",
    [{"username": "u", "password": "p"}, "ab", None, ("u", "p", "e", "x"), b"ab"],
    ids=str,
)
def test_what_is_no_credential(given: object) -> None:
    """A mapping would log in as ``username``, with the password ``password``."""
    with pytest.raises(TypeError, match="a user name and a password"):
        PullSecret.from_credentials("regcred", {"quay.io": given})


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


@many
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


@many
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


@many
@given(strategies.service_accounts())
@example(ServiceAccount("deployer", "shop", ("", "a", "a"), ("PS101",), annotations=IGNORED))
@example(ServiceAccount("deployer", ignore=("PS101", "PS102"), annotations={"team": "a"}))
@example(ServiceAccount("deployer", uid="6e0f4a5c"))
@example(ServiceAccount("deployer", annotations=IGNORED))
def test_service_accounts_read_back(account: ServiceAccount) -> None:
    assert ServiceAccount.from_manifest(account.to_manifest()) == account


def test_what_a_service_account_ignores_is_kept_in_one_place() -> None:
    account = ServiceAccount("deployer", ignore=("PS101", "PS102"), annotations={"team": "a"})
    metadata = account.to_manifest()["metadata"]
    assert metadata["annotations"] == {"pullsecrets/ignore": "PS101,PS102", "team": "a"}
    assert "uid" not in metadata
    again = ServiceAccount.from_manifest({"kind": "ServiceAccount", "metadata": metadata})
    assert (again.ignore, again.annotations) == (("PS101", "PS102"), {"team": "a"})


def test_a_uid_is_written() -> None:
    for value in (ServiceAccount("deployer", uid="6e0f4a5c"), PullSecret("s", uid="6e0f4a5c")):
        assert value.to_manifest()["metadata"]["uid"] == "6e0f4a5c"
        assert type(value).from_manifest(value.to_manifest()).uid == "6e0f4a5c"


@many
@given(strategies.pods())
@example(Pod("api", mirror=True, stored=True, ignore=("PS101",), pull_secrets=("", "a")))
@example(
    Pod(
        "api",
        image_volumes=(
            Container("model", "quay.io/acme/model", "volume"),
            Container("data", "", "volume", "Always"),
        ),
    )
)
def test_pods_read_back(pod: Pod) -> None:
    assert Pod.from_manifest(pod.to_manifest()) == pod


@many
@given(strategies.clusters())
def test_clusters_read_back_and_are_json(cluster: Cluster) -> None:
    parts = [*cluster.pods, *cluster.service_accounts, *cluster.secrets]
    text = json.dumps([part.to_manifest() for part in parts])
    assert Cluster.from_manifests(json.loads(text), node=cluster.node) == cluster


def test_versions() -> None:
    versions = {kind: Pod("x", kind=kind).to_manifest()["apiVersion"] for kind in ("Pod", "Job")}
    assert versions == {"Pod": "v1", "Job": "batch/v1"}
    assert Pod("x", kind="Deployment").to_manifest()["apiVersion"] == "apps/v1"
