"""Kubernetes objects from mappings: what is read, and what is said about what cannot be."""

from __future__ import annotations

import base64
import json
from collections import OrderedDict
from inspect import Parameter, signature
from types import MappingProxyType

import pytest
from attrs import evolve
from hypothesis import example, given
from hypothesis import strategies as st

from pullsecrets import (
    Cluster,
    Pod,
    PullSecret,
    ServiceAccount,
)
from pullsecrets.fields import InvalidManifest
from pullsecrets.metadata import Place
from pullsecrets.objects import Container, ContainerKind, Owner
from pullsecrets.testing import strategies
from support.effort import examples

TYPE, KEY = "kubernetes.io/dockerconfigjson", ".dockerconfigjson"
LEGACY_TYPE, LEGACY_KEY = "kubernetes.io/dockercfg", ".dockercfg"
CONFIG = '{"auths": {"quay.io": {"auth": "dTpw"}}}'


def b64(text):
    return base64.b64encode(text.encode()).decode()


def pod(spec=None, kind="Pod", **metadata):
    return {"kind": kind, "metadata": {"name": "p", **metadata}, "spec": spec or {}}


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
    "name, kind, title",
    [
        ("c", ContainerKind.CONTAINER, "c"),
        ("c", ContainerKind.INIT, "c (init)"),
        ("", ContainerKind.VOLUME, "(unnamed) (volume)"),
        ("c\x1b", ContainerKind.EPHEMERAL, "c\\x1b (ephemeral)"),
    ],
)
def test_a_container_is_called_what_it_is(name, kind, title):
    assert Container(name, "i", kind).title == title


@pytest.mark.parametrize(
    "place, repeated, apart, title",
    [
        (None, False, {}, "Pod shop/p"),
        (Place("a\x1b", 1), False, {}, "Pod shop/p"),
        (Place("a\x1b", 1), True, {"file": "a\\x1b"}, "Pod shop/p in a\\x1b"),
        (Place("a", 1, "dev\x1b"), False, {"environment": "dev\\x1b"}, "dev\\x1b: Pod shop/p"),
        (
            Place("a", 1, "dev"),
            True,
            {"environment": "dev", "file": "a"},
            "dev: Pod shop/p in a",
        ),
    ],
)
def test_what_tells_pods_of_one_name_apart(place, repeated, apart, title):
    one = evolve(Pod("p", "shop", place=place), **({"repeated": True} if repeated else {}))
    assert one.apart == apart
    assert one.title == title
    assert one == Pod("p", "shop")  # where it was read is not compared
    assert "repeated" not in repr(one)


def test_a_pod_to_debug_another_one():
    debugged = Pod("p", containers=(Container("c", "i"),)).with_image("busybox")
    assert debugged.images == (Container("c", "i"), Container("debugger", "busybox", "ephemeral"))
    again = debugged.with_image("alpine", "shell")
    assert again.ephemeral_containers == (
        Container("debugger", "busybox", "ephemeral"),
        Container("shell", "alpine", "ephemeral"),
    )


OWNER = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "p-7c9d", "uid": "1"}


@pytest.mark.parametrize(
    "references, owner",
    [
        (None, None),
        ([], None),
        ([OWNER], None),
        ([{**OWNER, "controller": False}], None),
        ([{**OWNER, "controller": "true"}], None),  # the API server refuses it
        ([{**OWNER, "controller": 1}], None),  # and this, too
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


# --- Back to manifests -----------------------------------------------------------------------

IGNORED = {"pullsecrets/ignore": "PS101"}


@examples(100)
@given(strategies.service_accounts())
@example(ServiceAccount("deployer", "shop", ("", "a", "a"), ("PS101",), annotations=IGNORED))
@example(ServiceAccount("deployer", ignore=("PS101", "PS102"), annotations={"team": "a"}))
@example(ServiceAccount("deployer", uid="6e0f4a5c"))
@example(ServiceAccount("deployer", annotations=IGNORED))
def test_service_accounts_read_back(account: ServiceAccount) -> None:
    assert ServiceAccount.from_manifest(account.to_manifest()) == account


def test_what_a_service_account_ignores_is_kept_in_one_place() -> None:
    others = {"app": "a", "team": "a"}  # before the annotation's name and after it
    account = ServiceAccount("deployer", ignore=("PS101", "PS102"), annotations=others)
    metadata = account.to_manifest()["metadata"]
    assert metadata["annotations"] == {"pullsecrets/ignore": "PS101,PS102", **others}
    assert "uid" not in metadata
    again = ServiceAccount.from_manifest({"kind": "ServiceAccount", "metadata": metadata})
    assert (again.ignore, again.annotations) == (("PS101", "PS102"), others)


def test_annotations_are_not_shown() -> None:
    """Other programs put there what they like, kubectl a whole manifest."""
    assert "annotations" not in repr(ServiceAccount("deployer", annotations={"team": "a"}))


@pytest.mark.parametrize("cls, by_position", [(ServiceAccount, 4), (PullSecret, 6), (Pod, 12)])
def test_what_few_objects_have_is_given_by_name(cls, by_position) -> None:
    """So that a field that is added changes no call."""
    kinds = [parameter.kind for parameter in signature(cls).parameters.values()]
    by_name = [kind is Parameter.KEYWORD_ONLY for kind in kinds]
    assert by_name == [at >= by_position for at in range(len(kinds))]


def test_a_uid_is_written() -> None:
    for value in (ServiceAccount("deployer", uid="6e0f4a5c"), PullSecret("s", uid="6e0f4a5c")):
        assert value.to_manifest()["metadata"]["uid"] == "6e0f4a5c"
        assert type(value).from_manifest(value.to_manifest()).uid == "6e0f4a5c"


@examples(100)
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


@examples(100)
@given(strategies.clusters())
def test_clusters_read_back_and_are_json(cluster: Cluster) -> None:
    parts = [*cluster.pods, *cluster.service_accounts, *cluster.secrets]
    text = json.dumps([part.to_manifest() for part in parts])
    assert Cluster.from_manifests(json.loads(text), node=cluster.node) == cluster


def test_versions() -> None:
    versions = {kind: Pod("x", kind=kind).to_manifest()["apiVersion"] for kind in ("Pod", "Job")}
    assert versions == {"Pod": "v1", "Job": "batch/v1"}
    assert Pod("x", kind="Deployment").to_manifest()["apiVersion"] == "apps/v1"
