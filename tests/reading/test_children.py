"""Objects that make others: what their controllers make of them, read as what it is."""

from __future__ import annotations

import pytest

from pullsecrets import Cluster
from pullsecrets.reading.problems import ProblemCode


def task(image, name="step"):
    return {"steps": [{"name": name, "image": image}]}


def run(spec, version="tekton.dev/v1", **metadata):
    metadata = {"name": "ship", "namespace": "ci", **metadata}
    return {"apiVersion": version, "kind": "PipelineRun", "metadata": metadata, "spec": spec}


def pulling(*names):
    return {"imagePullSecrets": [{"name": name} for name in names]}


PIPELINE = {
    "tasks": [
        {"name": "build", "taskSpec": task("quay.io/acme/build")},
        {"name": "test", "taskSpec": task("quay.io/acme/test")},
    ],
    "finally": [{"name": "tell", "taskSpec": task("quay.io/acme/tell")}],
}


def read(*manifests):
    cluster = Cluster.from_manifests(manifests)
    found = {
        (pod.kind, pod.namespace, pod.name): (pod.pull_secrets, pod.service_account)
        for pod in cluster.pods
    }
    return cluster, found


def test_a_pipeline_run_makes_a_task_run_for_each_task():
    template = {"podTemplate": pulling("quay"), "serviceAccountName": "builder"}
    cluster, found = read(run({"pipelineSpec": PIPELINE, "taskRunTemplate": template}))
    assert found == {
        ("TaskRun", "ci", f"ship-{name}"): (("quay",), "builder")
        for name in ("build", "test", "tell")
    }
    assert [str(pod.images[0].image) for pod in cluster.pods] == [
        "quay.io/acme/build",
        "quay.io/acme/test",
        "quay.io/acme/tell",
    ]
    assert cluster.problems == ()


def test_the_older_version_has_the_fields_in_the_spec():
    spec = {"podTemplate": pulling("quay"), "serviceAccountName": "builder"}
    own = {
        "pipelineTaskName": "test",
        "taskServiceAccountName": "tester",
        "taskPodTemplate": pulling("ghcr"),
    }
    spec |= {"pipelineSpec": PIPELINE, "taskRunSpecs": [own]}
    _, found = read(run(spec, "tekton.dev/v1beta1"))
    assert found["TaskRun", "ci", "ship-build"] == (("quay",), "builder")
    assert found["TaskRun", "ci", "ship-test"] == (("ghcr",), "tester")


@pytest.mark.parametrize(
    "own, wanted",
    [
        ({"podTemplate": pulling("ghcr")}, (("ghcr",), "builder")),
        # The two templates are merged: what one does not have, the other has.
        ({"podTemplate": {"nodeSelector": {"disk": "fast"}}}, (("quay",), "builder")),
        ({"serviceAccountName": "tester"}, (("quay",), "tester")),
    ],
)
def test_what_is_written_for_one_task_comes_first(own, wanted):
    template = {"podTemplate": pulling("quay"), "serviceAccountName": "builder"}
    own = {"pipelineTaskName": "test", **own}
    spec = {"pipelineSpec": PIPELINE, "taskRunTemplate": template, "taskRunSpecs": [own]}
    _, found = read(run(spec))
    assert found["TaskRun", "ci", "ship-test"] == wanted
    assert found["TaskRun", "ci", "ship-build"] == (("quay",), "builder")


def test_a_name_that_the_api_server_will_make_longer():
    _, found = read(run({"pipelineSpec": PIPELINE}, name=None, generateName="ship-"))
    assert ("TaskRun", "ci", "ship-build") in found


def test_a_task_that_is_elsewhere_is_said():
    tasks = [{"name": "build", "taskRef": {"name": "kaniko"}}, PIPELINE["tasks"][1]]
    cluster, found = read(run({"pipelineSpec": {"tasks": tasks}}))
    assert list(found) == [("TaskRun", "ci", "ship-test")]
    [problem] = cluster.problems
    assert problem.code is ProblemCode.NO_TEMPLATE
    assert "TaskRun ci/ship-build takes its pod template from spec.taskRef" in problem.message


@pytest.mark.parametrize(
    "manifest",
    [
        run({"pipelineRef": {"name": "ship"}}),
        run({"pipelineSpec": PIPELINE}, uid="1"),  # its task runs are in the cluster
        run({"pipelineSpec": {"tasks": ["build", None]}}),
        run("spec"),
    ],
)
def test_one_that_makes_nothing_that_is_known_is_passed_over(manifest):
    cluster, found = read(manifest)
    assert found == {}
    [problem] = cluster.problems
    assert problem.code is ProblemCode.UNKNOWN_WORKLOAD
    assert "PipelineRun.tekton.dev" in problem.message


def test_a_job_set_makes_jobs():
    def job(name, image):
        spec = {"containers": [{"name": name, "image": image}], **pulling("quay")}
        return {"name": name, "replicas": 4, "template": {"spec": {"template": {"spec": spec}}}}

    spec = {"replicatedJobs": [job("leader", "quay.io/a"), job("worker", "quay.io/b")]}
    cluster, found = read(
        {
            "apiVersion": "jobset.x-k8s.io/v1alpha2",
            "kind": "JobSet",
            "metadata": {"name": "train", "annotations": {"pullsecrets/ignore": "PS102"}},
            "spec": spec,
        }
    )
    assert found == {
        ("Job", "default", "train-leader-0"): (("quay",), "default"),
        ("Job", "default", "train-worker-0"): (("quay",), "default"),
    }
    assert [pod.ignore for pod in cluster.pods] == [("PS102",)] * 2


CANARY = "hunter2-canary"


@pytest.mark.parametrize(
    "metadata, name, wrong",
    [
        ({"name": {"password": CANARY}}, "build", "a mapping"),
        ({"name": None, "generateName": [CANARY]}, "build", "a list"),
        ({}, {"password": CANARY}, "a mapping"),
        ({}, 5, "a number"),
    ],
)
def test_a_name_that_is_no_text_is_refused_and_not_shown(metadata, name, wrong):
    pipeline = {"tasks": [{"name": name, "taskSpec": task("quay.io/acme/build")}]}
    cluster, found = read(run({"pipelineSpec": pipeline}, **metadata))
    assert found == {}
    [problem] = cluster.problems
    assert f"metadata.name is {wrong}, not a string" in problem.message
    assert CANARY not in repr(cluster) + str(problem)


def test_a_task_without_a_name():
    pipeline = {"tasks": [{"taskSpec": task("quay.io/acme/build")}]}
    cluster, found = read(run({"pipelineSpec": pipeline}))
    assert found == {}
    assert "metadata.name is missing" in cluster.problems[0].message
