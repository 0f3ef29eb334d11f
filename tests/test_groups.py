"""Grouping loses nothing: pods of one workload with one answer, and all answers in numbers."""

from __future__ import annotations

from collections import Counter

from hypothesis import given

from pullsecrets import Cluster
from pullsecrets.groups import Workload, group_pods, named, summarize, workloads_of
from pullsecrets.metadata import Place
from pullsecrets.objects import Owner, Pod
from pullsecrets.resolution import Access
from pullsecrets.tables import Tone
from pullsecrets.testing import pod, pull_secret, strategies
from support.effort import examples
from support.made import STORED, pod_manifest, secret


def owned(name, kind, owner, **more):
    reference = {"kind": kind, "name": owner, "controller": True}
    return pod_manifest("regcred", name=name, ownerReferences=[reference], **{**STORED, **more})


def workload(kind, name, owner=None, image="quay.io/a"):
    references = [{"kind": "Deployment", "name": owner, "controller": True}] if owner else []
    manifest = pod_manifest("regcred", image=image)
    return {
        "kind": kind,
        "metadata": {"name": name, "ownerReferences": references},
        "spec": {"template": manifest},
    }


def groups(*manifests):
    return group_pods(Cluster.from_objects(*manifests).resolve_all())


def titles(*manifests):
    return [group.title for group in groups(*manifests)]


def test_pods_of_a_replica_set():
    pods = [owned(f"api-7c9d-{n}", "ReplicaSet", "api-7c9d") for n in range(12)]
    assert titles(*pods) == ["ReplicaSet default/api-7c9d (12 pods)"]
    assert titles(pods[0]) == ["Pod default/api-7c9d-0"]


def test_a_deployment_its_replica_sets_and_their_pods():
    """One problem, not three."""
    replica_sets = [workload("ReplicaSet", f"api-{each}", "api") for each in "ab"]
    pods = [owned(f"api-{each}-{n}", "ReplicaSet", f"api-{each}") for each in "ab" for n in "xyz"]
    found = ["Deployment default/api (6 pods, 2 ReplicaSets)"]
    assert titles(workload("Deployment", "api"), *replica_sets, *pods) == found
    # The order of the objects says nothing, and the Deployment may be missing.
    assert titles(*pods, *reversed(replica_sets)) == found
    assert titles(*pods) == [
        "ReplicaSet default/api-a (3 pods)",
        "ReplicaSet default/api-b (3 pods)",
    ]


def test_another_answer_is_another_group():
    made = workload("Deployment", "api", image="quay.io/b"), workload("ReplicaSet", "api-a", "api")
    pods = [owned(f"api-a-{n}", "ReplicaSet", "api-a") for n in "xy"]
    assert titles(*made, *pods) == [
        "Deployment default/api",
        "Deployment default/api (2 pods, 1 ReplicaSet)",
    ]
    # In another namespace it is another workload.
    assert len(titles(*pods, owned("api-a-z", "ReplicaSet", "api-a", namespace="shop"))) == 2


def test_owners_that_go_round_in_a_circle():
    circle = [Pod(a, kind="Job", owner=Owner("Job", b)) for a, b in ("ab", "bc", "ca", "da", "ee")]
    for pods in (circle, circle[::-1]):
        found = workloads_of(pods)
        assert len({found["Job", "default", name, ""] for name in "abcd"}) == 1
        assert found["Job", "default", "e", ""] == Workload("Job", "default", "e")


def test_environments_have_workloads_of_their_own():
    owner = Owner("ReplicaSet", "api")
    pods = [
        Pod(f"{n}", owner=owner, place=Place("f", 1, environment=environment))
        for environment in ("dev", "prod")
        for n in "ab"
    ]
    found = group_pods(Cluster(tuple(pods)).resolve_all())
    assert [group.title for group in found] == [
        "dev: ReplicaSet default/api (2 pods)",
        "prod: ReplicaSet default/api (2 pods)",
    ]
    [alone] = group_pods(Cluster((pods[0],)).resolve_all())
    assert alone.title == "dev: Pod default/a"


def test_a_long_chain_of_owners():
    chain = [Pod(f"{n}", kind="Job", owner=Owner("Job", f"{n + 1}")) for n in range(20_000)]
    assert set(workloads_of(chain).values()) == {Workload("Job", "default", "20000")}


def test_a_static_pod_belongs_to_itself():
    """Its owner is the node, which has other pods, too."""
    mirror = owned("proxy", "Node", "n1", annotations={"kubernetes.io/config.mirror": "x"})
    assert groups(mirror)[0].workload == Workload("Pod", "default", "proxy")


def test_the_worst_comes_first():
    made = [
        secret("regcred", "quay.io"),
        pod_manifest("regcred", name="served"),
        pod_manifest(name="anonymous"),
        pod_manifest(name="failing", image="Q"),
        pod_manifest("regcred", name="one-fails", image=["quay.io/a", "Q"]),
        pod_manifest(name="empty", image=[]),
    ]
    assert [(group.title, group.worst) for group in groups(*made)] == [
        ("Pod default/failing", Access.FAILING),
        ("Pod default/one-fails", Access.FAILING),
        ("Pod default/anonymous", Access.ANONYMOUS),
        ("Pod default/served", Access.CREDENTIAL),
        ("Pod default/empty", Access.CREDENTIAL),
    ]


def test_a_table_says_whose_lists_there_are_and_all_notes():
    reference = {"kind": "Deployment", "name": "api", "controller": True}
    stored = pod_manifest("gone", name="api-x", ownerReferences=[reference], **STORED)
    made = {"kind": "Deployment", "metadata": {"name": "api"}, "spec": {"template": pod_manifest()}}
    [group] = groups(made, stored)
    shown = "\n".join(group.table().lines())
    assert shown.startswith(
        "Deployment default/api (1 pod)\n"
        "imagePullSecrets of service account default: none\n"
        "imagePullSecrets as stored in the cluster: gone\n"
        "Always: pulled at each start\n"
    )
    assert "service account default/default is not among the manifests" in shown
    assert "secret default/gone is not among the manifests" in shown


def test_a_summary():
    cluster = Cluster(
        (
            pod("a", images={"1": "quay.io/a", "2": "nginx", "3": "Q"}, pull_secrets=["x", "y"]),
            pod("b", images=["quay.io/b"], pull_secrets=["y"], kind="Deployment"),
            pod("c", images=["ghcr.io/c"], pull_secrets=["z"]),
        ),
        secrets=(
            pull_secret("x", {"quay.io": ("u", "p")}),
            pull_secret("y", {"quay.io": ("v", "p")}),
            pull_secret("z", {"ghcr.io": ("u", "p"), "https://ghcr.io": ("v", "p")}),
        ),
    )
    summary = summarize(group_pods(cluster.resolve_all()))
    assert list(summary.table(2).lines()) == [
        "2 pods, 1 workload, 5 images",
        "  1  failing  the lookup fails as a whole",
        "  1  anonymous  no entry matches",
        "  1  nondeterministic  credentials that differ, in no defined order",
        "  1  credential  secret default/x",
        "  1  credential  secret default/y",
        "  1  credential  1 more source",
    ]
    assert [record["images"] for record in summary.to_records()] == [1] * 6
    assert summarize(()).title == "no pods"


@examples(100)
@given(strategies.clusters())
def test_grouping_loses_nothing(cluster):
    answers = list(cluster.resolve_all())
    found = group_pods(answers)
    assert Counter(map(id, answers)) == Counter(id(a) for group in found for a in group.answers)
    workloads = workloads_of(cluster.pods)
    for group in found:
        for answer in group.answers:
            assert workloads[named(answer.pod)] == group.workload
            assert [(i.container.name, i.resolution) for i in answer.images] == [
                (i.container.name, i.resolution) for i in group.first.images
            ]
    summary = summarize(found)
    images = [each.resolution for answer in answers for each in answer.images]
    assert summary.images == len(images)
    assert dict(summary.access) == Counter(each.access for each in images)
    assert summary.nondeterministic == sum(not each.is_deterministic for each in images)
    assert dict(summary.sources) == Counter(e.candidates[0].source for e in images if e.candidates)


def test_the_summary_counts_each_image_once_also_where_a_credential_is_not_known():
    made = {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": {"name": "regcred"},
        "spec": {
            "target": {
                "template": {
                    "type": "kubernetes.io/dockerconfigjson",
                    "data": {".dockerconfigjson": '{"auths": {"quay.io": {"auth": "{{ .a }}"}}}'},
                }
            }
        },
    }
    found = summarize(groups(made, pod_manifest("regcred", name="p")))
    assert (found.images, dict(found.access)) == (1, {Access.ENTRY: 1})
    assert found.sources == ()
    assert [(source.name, number) for source, number in found.entries] == [("regcred", 1)]
    assert list(found.table().lines()) == [
        "1 pod, 1 image",
        "  1  entry  secret default/regcred, which matches; its credential is not known",
    ]
    assert [part for part in found.parts() if part[1]] == [("entry", 1, Tone.NOTE)]
