"""Kinds of other APIs that make pods: what is read of them, and where their fields are."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullsecrets import Cluster, check
from pullsecrets.fields import InvalidManifest
from pullsecrets.objects import Pod
from pullsecrets.reading import ProblemCode
from pullsecrets.testing.strategies import pods
from pullsecrets.workloads import (
    KNOWN,
    MANY,
    POD_TEMPLATES,
    checked_templates,
    own_shape,
    shape_of,
    shapes_of,
)

SPEC = {
    "serviceAccountName": "robot",
    "imagePullSecrets": [{"name": "regcred"}],
    "containers": [{"name": "c", "image": "quay.io/acme/api"}],
    "initContainers": [{"name": "i", "image": "quay.io/acme/wait"}],
}
TEMPLATE = {"template": {"spec": SPEC}}
VERSION = "example.com/v1"


def manifest(kind, api_version, spec):
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": "a", "uid": "u"},
        "spec": spec,
    }


TASK_RUN = manifest(
    "TaskRun",
    "tekton.dev/v1",
    {
        "serviceAccountName": "robot",
        "podTemplate": {"imagePullSecrets": SPEC["imagePullSecrets"]},
        "taskSpec": {"steps": SPEC["containers"], "sidecars": SPEC["initContainers"]},
    },
)
MANIFESTS = {
    "Rollout.argoproj.io": manifest("Rollout", "argoproj.io/v1alpha1", TEMPLATE),
    "Service.serving.knative.dev": manifest("Service", "serving.knative.dev/v1", TEMPLATE),
    "Configuration.serving.knative.dev": manifest(
        "Configuration", "serving.knative.dev/v1", TEMPLATE
    ),
    "Revision.serving.knative.dev": manifest("Revision", "serving.knative.dev/v1", SPEC),
    "CloneSet.apps.kruise.io": manifest("CloneSet", "apps.kruise.io/v1alpha1", TEMPLATE),
    "StatefulSet.apps.kruise.io": manifest("StatefulSet", "apps.kruise.io/v1beta1", TEMPLATE),
    "DaemonSet.apps.kruise.io": manifest("DaemonSet", "apps.kruise.io/v1alpha1", TEMPLATE),
    "BroadcastJob.apps.kruise.io": manifest("BroadcastJob", "apps.kruise.io/v1alpha1", TEMPLATE),
    "UnitedDeployment.apps.kruise.io": manifest(
        "UnitedDeployment",
        "apps.kruise.io/v1alpha1",
        {"template": {"cloneSetTemplate": {"spec": TEMPLATE}}, "topology": {}},
    ),
    "AdvancedCronJob.apps.kruise.io": manifest(
        "AdvancedCronJob",
        "apps.kruise.io/v1alpha1",
        {"template": {"broadcastJobTemplate": {"spec": TEMPLATE}}},
    ),
    "ScaledJob.keda.sh": manifest("ScaledJob", "keda.sh/v1alpha1", {"jobTargetRef": TEMPLATE}),
    "TaskRun.tekton.dev": TASK_RUN,
}


def test_there_is_an_example_of_each_known_kind():
    assert MANIFESTS.keys() == KNOWN.keys()


@pytest.mark.parametrize("each", MANIFESTS.values(), ids=MANIFESTS)
def test_a_known_kind_is_a_workload_with_its_own_list(each):
    cluster = Cluster.from_manifests([each])
    assert cluster.problems == ()
    [pod] = cluster.pods
    assert pod.kind == each["kind"]
    assert pod.pull_secrets == ("regcred",)
    assert pod.service_account == "robot"
    assert [c.image.reveal() for c in pod.images] == ["quay.io/acme/api", "quay.io/acme/wait"]
    assert not pod.stored  # the uid is the workload's, not a pod's


@pytest.mark.parametrize("each", MANIFESTS.values(), ids=MANIFESTS)
def test_its_manifest_reads_as_the_same_value(each):
    pod = Pod.from_manifest(each)
    assert Pod.from_manifest(pod.to_manifest()) == pod
    assert pickle.loads(pickle.dumps(pod)) == pod


@pytest.mark.parametrize("each", MANIFESTS.values(), ids=MANIFESTS)
def test_a_diagnosis_names_the_field_that_is_in_the_manifest(each):
    [found] = [d for d in check(Cluster.from_manifests([each])) if d.code == "PS102"]
    value = each
    for step in found.where.field:
        value = value[step]
    assert value == {"name": "regcred"}


@pytest.mark.parametrize(
    "kind, field",
    [
        ("UnitedDeployment", "statefulSetTemplate"),
        ("UnitedDeployment", "advancedStatefulSetTemplate"),
        ("UnitedDeployment", "cloneSetTemplate"),
        ("UnitedDeployment", "deploymentTemplate"),
        ("AdvancedCronJob", "jobTemplate"),
        ("AdvancedCronJob", "broadcastJobTemplate"),
    ],
)
def test_a_kind_with_one_of_several_templates(kind, field):
    spec = {"template": {field: {"spec": TEMPLATE}}}
    [pod] = Cluster.from_manifests([manifest(kind, "apps.kruise.io/v1alpha1", spec)]).pods
    assert pod.shape.spec == ("spec", "template", field, "spec", "template", "spec")
    assert pod.pull_secrets == ("regcred",)
    assert Pod.from_manifest(pod.to_manifest()) == pod


def test_steps_have_the_image_of_their_template():
    steps = [{"name": "a"}, {"name": "b", "image": "quay.io/b"}]
    spec = {"taskSpec": {"stepTemplate": {"image": "quay.io/t"}, "steps": steps}}
    cluster = Cluster.from_manifests([manifest("TaskRun", "tekton.dev/v1", spec)])
    assert cluster.problems == ()
    [pod] = cluster.pods
    assert [c.image.reveal() for c in pod.images] == ["quay.io/t", "quay.io/b"]


@pytest.mark.parametrize("kind", sorted(MANY))
def test_a_kind_that_makes_pods_of_several_templates_is_named(kind):
    """Even where its templates are all in other objects."""
    kind, _, group = kind.partition(".")
    [problem] = Cluster.from_manifests([manifest(kind, f"{group}/v1", {})]).problems
    assert (problem.code, problem.error) == (ProblemCode.UNKNOWN_WORKLOAD, False)
    assert f"1 object of the kind {kind}.{group}, which is about pods" in problem.message


def test_one_name_in_two_apis_is_two_objects():
    ours = {**MANIFESTS["StatefulSet.apps.kruise.io"], "apiVersion": "apps/v1"}
    cluster = Cluster.from_manifests([ours, MANIFESTS["StatefulSet.apps.kruise.io"]])
    assert len(cluster.pods) == 2
    assert cluster.problems == ()


@pytest.mark.parametrize(
    "path, spec",
    [
        ("spec.template", {"template": {"spec": SPEC}}),
        ("spec.template.pod", {"template": {"pod": {"spec": SPEC}}}),
        ("", SPEC),
    ],
)
def test_a_kind_can_be_added(path, spec):
    thing = manifest("Thing", VERSION, spec)
    things = {"kind": "ThingList", "apiVersion": VERSION, "items": [{**thing, "kind": None}]}
    for each in (thing, things):
        cluster = Cluster.from_manifests([each], templates={"Thing.example.com": path})
        assert cluster.problems == ()
        [pod] = cluster.pods
        assert pod.pull_secrets == ("regcred",)
        assert Cluster.from_objects([each], templates={"Thing.example.com": path}) == cluster


def test_an_added_kind_comes_before_the_known_one():
    rollout = manifest("Rollout", "argoproj.io/v1", {"pod": {"spec": SPEC}})
    [pod] = Cluster.from_manifests([rollout], templates={"Rollout.argoproj.io": "spec.pod"}).pods
    assert pod.pull_secrets == ("regcred",)


def test_an_unknown_kind_with_containers_is_named_once():
    things = [manifest("Thing", VERSION, TEMPLATE)] * 3
    others = [manifest("Other", VERSION, {"steps": [{"image": "a"}]}), manifest("X", VERSION, {})]
    cluster = Cluster.from_manifests([*things, *others])
    assert cluster.pods == ()
    assert [(p.code, p.error, p.place.document) for p in cluster.problems] == [
        (ProblemCode.UNKNOWN_WORKLOAD, False, 1),
        (ProblemCode.UNKNOWN_WORKLOAD, False, 4),
    ]
    first, second = (p.message for p in cluster.problems)
    assert "3 objects of the kind Thing.example.com," in first
    assert "1 object of the kind Other.example.com," in second


@pytest.mark.parametrize(
    "spec, reference",
    [
        (manifest("Rollout", "argoproj.io/v1alpha1", {"workloadRef": {}}), "spec.workloadRef"),
        (manifest("TaskRun", "tekton.dev/v1", {"taskRef": {"name": "a"}}), "spec.taskRef"),
    ],
)
def test_a_template_in_another_object_is_said(spec, reference):
    cluster = Cluster.from_manifests([spec])
    assert cluster.pods == ()
    [problem] = cluster.problems
    assert (problem.code, problem.error) == (ProblemCode.NO_TEMPLATE, False)
    assert problem.message.endswith(f" a takes its pod template from {reference}")


@pytest.mark.parametrize(
    "task",
    [
        {"steps": [{"name": "a", "ref": {"name": "b"}}]},
        {"steps": [{"name": "a", "image": "$(params.image)"}]},
        {"steps": [{"name": "a"}], "stepTemplate": {"image": "quay.io/$(params.image)"}},
        {"steps": [{"name": "a", "image": "x"}], "sidecars": [{"image": "$(params.image)"}]},
        # Tekton's template is for steps alone.
        {
            "steps": [{"name": "a"}],
            "sidecars": [{"name": "b"}],
            "stepTemplate": {"image": "quay.io/t"},
        },
    ],
)
def test_a_step_whose_image_is_elsewhere(task):
    run = manifest("TaskRun", "tekton.dev/v1", {"taskSpec": task})
    cluster = Cluster.from_manifests([run])
    assert cluster.pods == ()
    [problem] = cluster.problems
    assert (problem.code, problem.error) == (ProblemCode.NO_TEMPLATE, False)
    assert problem.message == "passed over: TaskRun a has an image that is not in it"


def test_what_is_malformed_names_its_field():
    bad = manifest("Rollout", "argoproj.io/v1alpha1", {"template": {"spec": {"containers": "x"}}})
    [problem] = Cluster.from_manifests([bad]).problems
    assert problem.code is ProblemCode.INVALID_OBJECT
    assert "spec.template.spec.containers is a string, not a list" in problem.message


@pytest.mark.parametrize("version", [1, None])
def test_a_version_that_is_none_is_only_said_of_kubernetes_own_kinds(version):
    assert Cluster.from_manifests([{"kind": "Thing", "apiVersion": version}]).problems == ()


def test_a_kind_without_a_pod_template():
    with pytest.raises(InvalidManifest, match=r"kind is 'Thing', not Pod or"):
        Pod.from_manifest(manifest("Thing", VERSION, TEMPLATE))


@pytest.mark.parametrize("kind", POD_TEMPLATES)
def test_the_shape_of_kubernetes_own_kinds(kind):
    assert shapes_of(kind, "", {}) == (own_shape(kind),)
    assert own_shape(kind).path(("containers", 0)) == (
        *POD_TEMPLATES[kind],
        "spec",
        "containers",
        0,
    )
    assert shapes_of(kind, VERSION, {}) == ()


@pytest.mark.parametrize(
    "value, wanted",
    [
        ({"Rollout": "spec"}, "has Rollout, not a kind with its group"),
        ({"\x1b.x": "spec"}, r"has \\x1b.x, not"),
        ({"A.b": 1}, "has no path of fields for A.b"),
        ({"A.b": "spec..template"}, "has no path of fields for A.b"),
    ],
)
def test_what_is_no_table_of_templates(value, wanted):
    with pytest.raises(ValueError, match=wanted):
        checked_templates(value)


@given(pods(), st.sampled_from(sorted(MANIFESTS)))
def test_a_pod_spec_means_the_same_wherever_it_is(pod, name):
    """The images and the list are those of the same spec in a Deployment."""
    kind, _, group = name.partition(".")
    spec = Pod.to_manifest(Pod("a", containers=pod.containers, pull_secrets=pod.pull_secrets))[
        "spec"
    ]
    shape = shape_of(MANIFESTS[name], KNOWN[name])
    moved = {"apiVersion": f"{group}/v1", "kind": kind, "metadata": {"name": "a"}}
    for field, value in spec.items():
        *way, last = shape.path((field,))
        holder = moved
        for step in way:
            holder = holder.setdefault(step, {})
        holder[last] = value
    read = Pod.from_manifest(moved)
    assert (read.containers, read.pull_secrets) == (pod.containers, pod.pull_secrets)
