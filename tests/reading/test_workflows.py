"""Argo's workflows, as the Pods that their controller makes of their templates."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullsecrets import Cluster
from pullsecrets.objects import ContainerKind
from pullsecrets.reading.problems import ProblemCode
from support.effort import examples

PULLING = [{"name": "quay"}]


def workflow(*templates, kind="Workflow", metadata=None, **spec):
    spec = {"imagePullSecrets": PULLING, "templates": list(templates), **spec}
    metadata = {"name": "ship", "namespace": "ci"} if metadata is None else metadata
    spec = {"workflowSpec": spec} if kind == "CronWorkflow" else spec
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": kind,
        "metadata": metadata,
        "spec": spec,
    }


def build(name="build", image="quay.io/acme/build", **more):
    return {"name": name, "container": {"image": image}, **more}


def read(manifest):
    cluster = Cluster.from_manifests([manifest])
    found = {
        pod.name: [(each.name, str(each.image)) for each in pod.images] for pod in cluster.pods
    }
    return cluster, found


def problems(manifest):
    """What is said of it: all of it notes that something is elsewhere."""
    cluster, found = read(manifest)
    assert {(each.code, each.error) for each in cluster.problems} <= {
        (ProblemCode.NO_TEMPLATE, False)
    }
    return [each.message for each in cluster.problems], found


def test_each_template_with_containers_is_a_pod():
    script = {"name": "test", "script": {"image": "quay.io/acme/py", "source": "{{inputs.x}}"}}
    pair = [{"name": "a", "image": "quay.io/acme/a"}, {"name": "b", "image": "quay.io/acme/b"}]
    others = [
        {"name": "dag", "dag": {"tasks": [{"name": "x", "template": "build"}]}},
        {"name": "steps", "steps": [[{"name": "x", "template": "build"}]]},
        {"name": "wait", "suspend": {}},
        {"name": "make", "resource": {"action": "create", "manifest": "{{x}}"}},
        {"name": "ask", "http": {"url": "https://example.com"}},
        {"name": "set", "containerSet": {"containers": pair}},
    ]
    cluster, found = read(workflow(build(), script, *others))
    assert found == {
        "ship-build": [("main", "quay.io/acme/build")],
        "ship-test": [("main", "quay.io/acme/py")],
        "ship-set": [("a", "quay.io/acme/a"), ("b", "quay.io/acme/b")],
    }
    assert {(pod.kind, pod.namespace, pod.pull_secrets) for pod in cluster.pods} == {
        ("Pod", "ci", ("quay",))
    }
    assert cluster.problems == ()


def test_a_template_has_init_containers_sidecars_and_the_volumes_that_are_mounted():
    def volume(name, image):
        return {"name": name, "image": {"reference": image}}

    template = build(
        initContainers=[
            {"name": "first", "image": "quay.io/acme/first", "volumeMounts": [{"name": "own"}]}
        ],
        sidecars=[{"name": "proxy", "image": "quay.io/acme/proxy"}],
        volumes=[volume("own", "a:own"), volume("both", "a:own"), volume("not-mounted", "a")],
    )
    template["container"] |= {
        "name": "builder",
        "volumeMounts": [{"name": "common"}, {"name": "both"}],
    }
    common = [volume("common", "a:common"), volume("both", "a:common"), volume("of-another", "a")]
    cluster, _ = read(workflow(template, volumes=common))
    [pod] = cluster.pods
    assert [(each.name, str(each.image), each.kind) for each in pod.images] == [
        ("builder", "quay.io/acme/build", ContainerKind.CONTAINER),
        ("proxy", "quay.io/acme/proxy", ContainerKind.CONTAINER),
        ("first", "quay.io/acme/first", ContainerKind.INIT),
        ("common", "a:common", ContainerKind.VOLUME),
        ("both", "a:own", ContainerKind.VOLUME),
        ("own", "a:own", ContainerKind.VOLUME),
    ]


@pytest.mark.parametrize(
    "own, defaults, common, wanted",
    [
        ("own", "defaults", "common", "own"),
        (None, "defaults", "common", "defaults"),
        (None, None, "common", "common"),
        (None, None, None, "default"),
    ],
)
def test_the_nearest_service_account_counts(own, defaults, common, wanted):
    spec = {
        "templateDefaults": {"serviceAccountName": defaults},
        "serviceAccountName": common,
    }
    cluster, _ = read(workflow(build(serviceAccountName=own), **spec))
    assert [pod.service_account for pod in cluster.pods] == [wanted]


def test_defaults_are_for_all_and_what_a_template_says_counts_first():
    log, proxy = {"name": "log", "image": "quay.io/acme/log"}, {"name": "proxy", "image": "a"}
    defaults = {
        "container": {"image": "quay.io/acme/default", "imagePullPolicy": "Always"},
        "sidecars": [log, proxy],
    }
    bare = {"name": "bare", "container": {"command": ["true"]}}
    named = build(sidecars=[{"name": "proxy", "image": "b"}])
    steps = {"name": "steps", "steps": []}  # does not become a container
    cluster, found = read(workflow(bare, named, steps, templateDefaults=defaults))
    sidecars = ("log", "quay.io/acme/log")
    assert found == {
        "ship-bare": [("main", "quay.io/acme/default"), sidecars, ("proxy", "a")],
        "ship-build": [("main", "quay.io/acme/build"), sidecars, ("proxy", "b")],
    }
    assert {pod.containers[0].pull_policy for pod in cluster.pods} == {"Always"}


def test_templates_within_steps_and_tasks():
    def inline(name, image):
        return {"name": name, "inline": {"container": {"image": image}}}

    steps = {"name": "s", "steps": [[inline("a", "x"), {"name": "t", "template": "u"}], "no list"]}
    tasks = {"name": "d", "dag": {"tasks": [inline("b", "y"), None]}}
    _, found = read(workflow(steps, tasks, {"name": "e", "steps": "no list"}))
    assert found == {"ship-a": [("main", "x")], "ship-b": [("main", "y")]}


def test_a_name_that_the_api_server_will_make_longer():
    _, found = read(workflow(build(), metadata={"generateName": "ship-"}))
    assert list(found) == ["ship-build"]


@pytest.mark.parametrize(
    "kind, spec, metadata",
    [
        ("CronWorkflow", {}, {"name": "ship"}),
        ("CronWorkflow", {}, {"name": "ship", "uid": "1"}),  # makes others again
        ("WorkflowTemplate", {"entrypoint": "build"}, {"name": "ship"}),
        ("WorkflowTemplate", {"entrypoint": "build"}, {"name": "ship", "uid": "1"}),
    ],
)
def test_what_workflows_are_made_of(kind, spec, metadata):
    cluster, found = read(workflow(build(), kind=kind, metadata=metadata, **spec))
    assert (list(found), cluster.problems) == (["ship-build"], ())
    assert cluster.pods[0].pull_secrets == ("quay",)


@pytest.mark.parametrize(
    "manifest",
    [
        workflow(build(), metadata={"name": "ship", "uid": "1"}),  # its pods are in the cluster
        workflow(build(), kind="WorkflowTemplate"),  # used by others, with their secrets
        workflow(build(), kind="ClusterWorkflowTemplate", entrypoint="build"),  # in any namespace
        workflow({"name": "make", "resource": {}}),
        workflow(),
        workflow(None, "build"),
        {**workflow(), "spec": "x"},
    ],
)
def test_what_is_passed_over_by_its_name(manifest):
    cluster, found = read(manifest)
    assert found == {}
    [problem] = cluster.problems
    assert problem.code is ProblemCode.UNKNOWN_WORKLOAD
    assert f"{manifest['kind']}.argoproj.io" in problem.message


def test_a_workflow_whose_templates_are_elsewhere():
    reference = {"workflowTemplateRef": {"name": "other"}}
    where = "passed over: {} ci/ship takes its pod templates from {}"
    said, found = problems(workflow(build(), **reference))
    assert (said, found) == ([where.format("Workflow", "spec.workflowTemplateRef")], {})
    said, _ = problems(workflow(kind="CronWorkflow", **reference))
    at = "spec.workflowSpec.workflowTemplateRef"
    assert said == [where.format("CronWorkflow", at)]


def test_a_template_of_another_object():
    steps = {"name": "s", "steps": [[{"name": "a", "templateRef": {"name": "other"}}]]}
    said, found = problems(workflow(steps, build()))
    assert said == [
        "passed over: Workflow ci/ship takes templates from other objects (templateRef)"
    ]
    assert list(found) == ["ship-build"]


CANARY = "hunter2-canary"


@pytest.mark.parametrize(
    "template, common",
    [
        (build("b", f"quay.io/{{{{inputs.parameters.{CANARY}}}}}"), {}),
        (build("b", "{{=workflow.parameters.image}}"), {}),
        (build("b", sidecars=[{"name": "s", "image": "{{x}}"}]), {}),
        (build("b", initContainers=[{"name": "i", "image": "{{x}}"}]), {}),
        (build("b", serviceAccountName="{{x}}"), {}),
    ],
)
def test_an_expression_makes_one_template_unknown(template, common):
    said, found = problems(workflow(template, build(), **common))
    assert list(found) == ["ship-build"]
    [message] = said
    assert message.startswith("passed over: Workflow ci/ship has an image, or a name, that is not")
    assert message.endswith("in it: an expression in the template b")


def test_an_expression_in_the_list_of_secrets():
    said, found = problems(workflow(build(), imagePullSecrets=[{"name": "{{x}}"}]))
    assert (len(said), found) == (1, {})


@pytest.mark.parametrize(
    "patch, known",
    [
        ("containers: [{name: main, resources: {limits: {cpu: '{{inputs.cpu}}'}}}]", True),
        ('{"terminationGracePeriodSeconds": 1}', True),
        ("containers: [{name: main, image: x}]", False),
        ("imagePullSecrets: [{name: x}]", False),
        ("serviceAccountName: x", False),
        ("containers: [{name: main, $patch: delete}]", False),
        (" {{inputs.parameters.patch}}", False),
    ],
)
def test_a_patch_that_may_change_the_images(patch, known):
    for manifest in (
        workflow(build(podSpecPatch=patch)),
        workflow(build(), podSpecPatch=patch),
        workflow(build(), templateDefaults={"podSpecPatch": patch}),
    ):
        said, found = problems(manifest)
        assert list(found) == (["ship-build"] if known else [])
        assert [each.split(" has a ")[1] for each in said] == (
            [] if known else ["podSpecPatch, which may change the template build"]
        )


@pytest.mark.parametrize("name", [{"password": CANARY}, 5, None])
def test_a_name_that_is_no_text_is_refused_and_not_shown(name):
    cluster, found = read(workflow(build(name)))
    assert found == {}
    [problem] = cluster.problems
    assert problem.code is ProblemCode.INVALID_OBJECT
    assert CANARY not in repr(cluster) + str(problem)
    said, _ = problems(workflow(build(name, "{{x}}")))
    assert said[0].endswith("an expression in a template")


def test_a_patch_of_a_workflow_is_a_patch():
    cluster, _ = read(workflow({"name": "build", "container": {"command": ["true"]}}))
    assert [each.code for each in cluster.problems] == [ProblemCode.PATCH]


FIELDS = [
    *("name", "image", "container", "script", "containerSet", "containers", "initContainers"),
    *("sidecars", "steps", "dag", "tasks", "inline", "volumes", "volumeMounts", "podSpecPatch"),
    *("templates", "templateDefaults", "templateRef", "serviceAccountName", "imagePullSecrets"),
    *("workflowSpec", "metadata"),
]
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.sampled_from(["", "x", "{{x}}", 1]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(FIELDS), inner),
    max_leaves=8,
)


@examples(200)
@given(
    st.sampled_from(["Workflow", "CronWorkflow", "WorkflowTemplate"]),
    st.dictionaries(st.sampled_from(FIELDS), ANYTHING),
    st.dictionaries(st.sampled_from(FIELDS), ANYTHING),
)
def test_whatever_is_written_is_read_or_said(kind, spec, template):
    spec = {"entrypoint": "x", "templates": [template], **spec}
    manifest = workflow(kind=kind, **spec)
    cluster = Cluster.from_manifests([manifest])
    assert cluster.pods or cluster.problems
    list(cluster.resolve_all())
