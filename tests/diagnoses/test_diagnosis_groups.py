"""The same cause in many places is one group, and no diagnosis is lost."""

from __future__ import annotations

from collections import Counter

from hypothesis import given

from pullsecrets import Cluster, check
from pullsecrets.diagnoses.groups import Site, counted, group_diagnoses
from pullsecrets.diagnoses.model import Where
from pullsecrets.fields import format_path
from pullsecrets.testing import cluster, pod, strategies
from support.effort import examples
from support.made import STORED, pod_manifest


def groups(cluster):
    return group_diagnoses(check(cluster), cluster.pods)


def replica(number, owner="api-7c9d", image="Q", **more):
    reference = {"kind": "ReplicaSet", "name": owner, "controller": True}
    name = f"{owner}-{number}"
    return pod_manifest(name=name, image=image, ownerReferences=[reference], **{**STORED, **more})


def replica_set(name="api-7c9d", image="Q"):
    spec = {"template": pod_manifest(image=image)}
    return {"kind": "ReplicaSet", "metadata": {"name": name}, "spec": spec}


def test_pods_of_a_workload_are_one_place():
    [group] = groups(Cluster.from_manifests(map(replica, range(12))))
    [site] = group.sites
    assert site.title == "ReplicaSet default/api-7c9d (12 pods), spec.containers[0].image"
    assert site.where.name == "api-7c9d-0"
    assert len(group.diagnoses) == 12
    assert (group.kind.code, group.severity) == ("PS501", "error")
    assert group.message.startswith("'Q' is not an image reference")
    assert group.advice == "Correct the image's name."


def test_the_workload_itself_is_the_place_to_look_at():
    [group] = groups(Cluster.from_manifests([*map(replica, "ab"), replica_set()]))
    [site] = group.sites
    assert site.title == (
        "ReplicaSet default/api-7c9d (2 pods), spec.template.spec.containers[0].image"
    )
    assert format_path(site.where.field) == "spec.template.spec.containers[0].image"
    assert site.where.kind == "ReplicaSet"


def test_the_same_cause_in_several_namespaces():
    manifests = [replica(1), replica(1, owner="web"), replica(1, namespace="shop")]
    [group] = groups(Cluster.from_manifests(manifests))
    assert [site.title for site in group.sites] == [
        "Pod default/api-7c9d-1, spec.containers[0].image",
        "Pod default/web-1, spec.containers[0].image",
        "Pod shop/api-7c9d-1, spec.containers[0].image",
    ]


def account(*names):
    metadata = {"name": "default"}
    listed = [{"name": name} for name in names]
    return {"kind": "ServiceAccount", "metadata": metadata, "imagePullSecrets": listed}


def test_several_images_with_one_cause():
    """The pods are older than what the service account lists."""
    secret = {
        "kind": "Secret",
        "metadata": {"name": "regcred"},
        "type": "kubernetes.io/dockerconfigjson",
        "stringData": {".dockerconfigjson": '{"auths": {"quay.io": {"auth": "dTpw"}}}'},
    }
    images = ["quay.io/a", "quay.io/b", "quay.io/a"]
    pods = [replica(n, owner=f"o{n}", image=image) for n, image in enumerate(images)]
    cluster = Cluster.from_manifests([secret, account("regcred"), *pods])
    [group] = groups(cluster)
    assert group.message == (
        "each of 2 images is pulled anonymously: service account 'default' got its pull secrets "
        "('regcred') after the pod was created"
    )
    assert {each.message.partition(" ")[0] for each in group.diagnoses} == {
        "'quay.io/a'",
        "'quay.io/b'",
    }
    # Each by itself is said in full.
    assert all(each.message.endswith(each.cause) for each in group.diagnoses)


def test_the_address_of_a_place():
    def address(file, document, line):
        where = Where(file, document, "Secret", "shop", "quay", ("data",))
        return Site("Secret shop/quay, data", where, ()).address(lambda each: line)

    assert address("a.yaml", 2, 7) == "a.yaml:7  Secret shop/quay, data"
    assert address("a.yaml", 2, None) == "a.yaml  Secret shop/quay, data"
    # A chart's template, whose lines are not the document's.
    assert address("a.yaml", None, 7) == "a.yaml  Secret shop/quay, data"
    assert address("-", 2, 7) == address(None, 2, 7) == "Secret shop/quay, data (document 2)"
    assert address(None, None, 7) == "Secret shop/quay, data"


def test_in_numbers():
    each = pod("api", images=["quay.io/a"], pull_secrets=["", "quay", "ghcr"])
    assert counted(check(cluster(each))) == "1 warning, 2 notes"
    assert counted([]) == ""


def test_the_worst_comes_first_then_the_most_frequent():
    cluster = Cluster(
        tuple(
            pod(name, images=[image], pull_secrets=secrets, kind="Job")
            for name, image, secrets in (
                ("a", "quay.io/a", ("x", "")),
                ("b", "quay.io/a", ("x", "")),
                ("c", "quay.io/a", ("", "z")),
                ("d", "Q", ("z",)),
                ("e", "R", ("z",)),
                ("f", "R", ()),
            )
        )
    )
    found = [(group.kind.code, len(group.diagnoses)) for group in groups(cluster)]
    # imagePullSecrets[0] and [1] without a name are two causes, as the message names the place.
    assert found == [
        ("PS501", 2),
        ("PS501", 1),
        ("PS104", 2),
        ("PS104", 1),
        ("PS102", 3),
        ("PS102", 2),
    ]


@examples(100)
@given(strategies.clusters())
def test_grouping_loses_nothing(cluster):
    diagnoses = check(cluster)
    found = group_diagnoses(diagnoses, cluster.pods)
    assert Counter(map(id, diagnoses)) == Counter(id(e) for group in found for e in group.diagnoses)
    ranks = [(group.severity.rank, -len(group.diagnoses)) for group in found]
    assert ranks == sorted(ranks)
    for group in found:
        images = {each.message for each in group.diagnoses}
        for each in group.diagnoses:
            assert (each.code, each.severity) == (group.kind.code, group.severity)
            assert each.advice == group.advice
            assert group.message in (each.message, f"each of {len(images)} images {each.cause}")
        for site in group.sites:
            assert site.where in [each.where for each in site.diagnoses]
