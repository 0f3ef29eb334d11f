"""Objects that make others, each with one pod template, as their controllers make them.

* Tekton's PipelineRun makes a TaskRun for each task (https://tekton.dev/docs/pipelines/pipelineruns/):
  ``taskRunTemplate`` is for all of them, and an entry of ``taskRunSpecs`` for one; of the two pod
  templates the entry's fields count first (its commit 7277870). In v1beta1 the fields of
  ``taskRunTemplate`` are the spec's own, and those of an entry begin with ``task``.
* JobSet makes Jobs (https://github.com/kubernetes-sigs/jobset, api/jobset/v1alpha2): as many for
  each of ``replicatedJobs`` as it has replicas, of which the first stands for all.
* Argo's Workflow makes Pods: `pullsecrets.reading.workflows` has them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from pullsecrets.fields import FieldPath
from pullsecrets.reading.parts import NOTHING, Made, Manifest, mapping, numbered
from pullsecrets.reading.workflows import workflow_pods
from pullsecrets.workloads import mappings_in, value_at

__all__ = ["children_of"]


def children_of(manifest: Manifest) -> Iterator[Made | str]:
    """The objects that will be made for an object; none if it makes none that are known.

    A text says what else it makes, of which not all is known.

    One that was read from a cluster has made them already, and they are there themselves.

    Args:
        manifest: The object.
    """
    group = str(manifest.get("apiVersion")).rpartition("/")[0]
    kind = manifest.get("kind")
    made = _CHILDREN.get((kind, group))
    stored = value_at(manifest, ("metadata", "uid")) is not None
    if made is not None and not (stored and kind not in _TEMPLATES):
        yield from made(manifest)


def _task_runs(run: Manifest) -> Iterator[Made]:
    spec = mapping(run.get("spec"))
    newer = bool(mapping(spec.get("taskRunTemplate")))
    common, at = (spec["taskRunTemplate"], ("taskRunTemplate",)) if newer else (spec, ())
    special = {
        str(each.get("pipelineTaskName")): each for each in mappings_in(spec.get("taskRunSpecs"))
    }
    for path, task in _tasks(spec):
        own = special.get(str(task.get("name")), NOTHING)
        template = own.get("podTemplate") or own.get("taskPodTemplate")
        made = {
            "taskSpec": task.get("taskSpec"),
            "taskRef": task.get("taskRef"),
            "podTemplate": {**mapping(common.get("podTemplate")), **mapping(template)},
            "serviceAccountName": own.get("serviceAccountName")
            or own.get("taskServiceAccountName")
            or common.get("serviceAccountName"),
        }
        names, version = (task.get("name"),), run["apiVersion"]
        # What is written for one task is looked for at that task.
        shared = {} if template else {"podTemplate": ("spec", *at, "podTemplate")}
        yield Made.by(run, names, path, version, "TaskRun", made, **shared)


def _tasks(spec: Manifest) -> Iterator[tuple[FieldPath, Manifest]]:
    pipeline = mapping(spec.get("pipelineSpec"))
    for name in ("tasks", "finally"):
        for number, task in numbered(pipeline.get(name)):
            yield ("spec", "pipelineSpec", name, number), task


def _jobs(job_set: Manifest) -> Iterator[Made]:
    for number, each in numbered(value_at(job_set, ("spec", "replicatedJobs"))):
        path = ("spec", "replicatedJobs", number, "template", "spec")
        spec = value_at(each, ("template", "spec"))
        yield Made.by(job_set, (each.get("name"), "0"), path, "batch/v1", "Job", spec)


_CHILDREN: Final[Mapping[Any, Callable[[Manifest], Iterator[Made | str]]]] = {
    ("PipelineRun", "tekton.dev"): _task_runs,
    ("JobSet", "jobset.x-k8s.io"): _jobs,
    ("Workflow", "argoproj.io"): workflow_pods,
    ("CronWorkflow", "argoproj.io"): workflow_pods,
    ("WorkflowTemplate", "argoproj.io"): workflow_pods,
}
_TEMPLATES: Final = frozenset({"CronWorkflow", "WorkflowTemplate"})
"""Those that make others again and again."""
