"""Objects that make others, each with one pod template, as their controllers make them.

* Tekton's PipelineRun makes a TaskRun for each task (https://tekton.dev/docs/pipelines/pipelineruns/):
  ``taskRunTemplate`` is for all of them, and an entry of ``taskRunSpecs`` for one; of the two pod
  templates the entry's fields count first (its commit 7277870). In v1beta1 the fields of
  ``taskRunTemplate`` are the spec's own, and those of an entry begin with ``task``.
* JobSet makes Jobs (https://github.com/kubernetes-sigs/jobset, api/jobset/v1alpha2): as many for
  each of ``replicatedJobs`` as it has replicas, of which the first stands for all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from pullsecrets.workloads import mappings_in, value_at

__all__ = ["children_of"]

_Manifest = Mapping[str, Any]
_NOTHING: Final[_Manifest] = MappingProxyType({})


def children_of(manifest: _Manifest) -> Iterator[_Manifest]:
    """The objects that will be made for an object; none if it makes none that are known.

    One that was read from a cluster has made them already, and they are there themselves.

    Args:
        manifest: The object.
    """
    group = str(manifest.get("apiVersion")).rpartition("/")[0]
    made = _CHILDREN.get((manifest.get("kind"), group))
    if made is not None and value_at(manifest, ("metadata", "uid")) is None:
        yield from made(manifest)


def _task_runs(run: _Manifest) -> Iterator[_Manifest]:
    spec = _mapping(run.get("spec"))
    pipeline = _mapping(spec.get("pipelineSpec"))
    common = _mapping(spec.get("taskRunTemplate")) or spec
    special = {
        str(each.get("pipelineTaskName")): each for each in mappings_in(spec.get("taskRunSpecs"))
    }
    for task in (*mappings_in(pipeline.get("tasks")), *mappings_in(pipeline.get("finally"))):
        own = special.get(str(task.get("name")), _NOTHING)
        template = own.get("podTemplate") or own.get("taskPodTemplate")
        yield {
            "apiVersion": run["apiVersion"],
            "kind": "TaskRun",
            "metadata": _metadata(run, task.get("name")),
            "spec": {
                "taskSpec": task.get("taskSpec"),
                "taskRef": task.get("taskRef"),
                "podTemplate": {**_mapping(common.get("podTemplate")), **_mapping(template)},
                "serviceAccountName": own.get("serviceAccountName")
                or own.get("taskServiceAccountName")
                or common.get("serviceAccountName"),
            },
        }


def _jobs(job_set: _Manifest) -> Iterator[_Manifest]:
    for each in mappings_in(value_at(job_set, ("spec", "replicatedJobs"))):
        yield {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": _metadata(job_set, each.get("name"), "0"),
            "spec": value_at(each, ("template", "spec")),
        }


_CHILDREN: Final[Mapping[Any, Callable[[_Manifest], Iterator[_Manifest]]]] = {
    ("PipelineRun", "tekton.dev"): _task_runs,
    ("JobSet", "jobset.x-k8s.io"): _jobs,
}


def _metadata(parent: _Manifest, *names: object) -> dict[str, Any]:
    """What a child has of its parent: its namespace, and its name before the child's own."""
    metadata = _mapping(parent.get("metadata"))
    kept = {key: metadata[key] for key in ("namespace", "annotations") if key in metadata}
    first: Any = metadata.get("name") or metadata.get("generateName")
    # What is no text is not made one, as it may be anything: whoever reads the child refuses it.
    wrong = [part for part in (first, *names) if not isinstance(part, str)]
    name = wrong[0] if wrong else "-".join((first.removesuffix("-"), *map(str, names)))
    return {**kept, "name": name}


def _mapping(value: Any) -> _Manifest:
    return value if isinstance(value, Mapping) else _NOTHING
