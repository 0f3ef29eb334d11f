"""Kinds whose objects make pods, and where in an object the pod's fields are.

Kubernetes' own kinds are known by their name (rule 6). Others are known by name and API group, as
``Rollout.argoproj.io``: Knative's ``Service`` is not the core group's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from attrs import field, frozen

from pullsecrets.fields import Field, FieldPath
from pullsecrets.frozen import FrozenDict
from pullsecrets.secrecy import printable

__all__ = [
    "GROUPS",
    "KNOWN",
    "NO_TEMPLATES",
    "POD_TEMPLATES",
    "Shape",
    "Templates",
    "checked_templates",
    "own_shape",
    "shape_of",
]

POD_TEMPLATES: Final[Mapping[str, tuple[str, ...]]] = {
    "Pod": (),
    "Deployment": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "ReplicationController": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    "PodTemplate": ("template",),
}
"""Kubernetes' kinds that carry pods, and the fields that lead to the pod's metadata and spec."""

GROUPS: Final = frozenset({"", "apps", "batch", "extensions"})
"""The API groups of these kinds; the core group has no name."""

Templates = Mapping[str, str]
"""Kind and group, ``Rollout.argoproj.io``, and the fields that lead to the pod's template: the
mapping with the pod's ``spec``. An empty text means that the object has this ``spec`` itself."""

NO_TEMPLATES: Final[Templates] = FrozenDict[str, str]()


def _frozen(parts: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
    return FrozenDict(parts)


@frozen
class Shape:
    """Where an object has the fields of its pods.

    Attributes:
        spec: The fields that lead to the pod's spec.
        parts: Fields of a pod's spec that are elsewhere, and the fields of the object that lead to
            each.
        reference: The fields that lead to a reference to another object, which has the template
            where this one has none; empty for most kinds.
    """

    spec: tuple[str, ...]
    parts: Mapping[str, tuple[str, ...]] = field(factory=dict, converter=_frozen)
    reference: tuple[str, ...] = ()

    def path(self, within: FieldPath) -> FieldPath:
        """The way to a field of the pod's spec, from the object on.

        Args:
            within: The fields that lead there, from the pod's spec on.
        """
        if within and within[0] in self.parts:
            return (*self.parts[str(within[0])], *within[1:])
        return (*self.spec, *within)

    def members(self, root: Field) -> Callable[[str], Field]:
        """A function that gives a field of the pod's spec by its name.

        Args:
            root: The object.

        Raises:
            InvalidManifest: Something on the way is not a mapping.
        """
        spec = _walk(root, self.spec)
        if not self.parts:
            return spec.member

        def member(name: str) -> Field:
            return _walk(root, self.parts[name]) if name in self.parts else spec.member(name)

        return member


def _walk(root: Field, path: Iterable[str]) -> Field:
    for name in path:
        root = root.member(name)
    return root


def _at(*template: str) -> Shape:
    return Shape((*template, "spec"))


_OF_A_POD: Final = _at()
_OWN: Final = {kind: _at(*template) for kind, template in POD_TEMPLATES.items()}

KNOWN: Final[Mapping[str, Shape]] = {
    # https://argoproj.github.io/argo-rollouts/features/specification/
    "Rollout.argoproj.io": Shape(("spec", "template", "spec"), reference=("spec", "workloadRef")),
    # https://github.com/knative/specs, specs/serving/knative-api-specification-1.0.md
    "Service.serving.knative.dev": _at("spec", "template"),
    "Configuration.serving.knative.dev": _at("spec", "template"),
    "Revision.serving.knative.dev": _at(),
    # https://openkruise.io/docs/, the user manuals of each
    "CloneSet.apps.kruise.io": _at("spec", "template"),
    "StatefulSet.apps.kruise.io": _at("spec", "template"),
    "DaemonSet.apps.kruise.io": _at("spec", "template"),
    "BroadcastJob.apps.kruise.io": _at("spec", "template"),
    # https://keda.sh/docs/latest/reference/scaledjob-spec
    "ScaledJob.keda.sh": _at("spec", "jobTargetRef", "template"),
    # https://tekton.dev/docs/pipelines/taskruns/ and https://tekton.dev/docs/pipelines/podtemplates/
    "TaskRun.tekton.dev": Shape(
        ("spec",),
        {
            "containers": ("spec", "taskSpec", "steps"),
            "initContainers": ("spec", "taskSpec", "sidecars"),
            "volumes": ("spec", "taskSpec", "volumes"),
            "imagePullSecrets": ("spec", "podTemplate", "imagePullSecrets"),
        },
        ("spec", "taskRef"),
    ),
}
"""Kinds of others that make pods. Where an object has several templates, each with a list of its
own, as a Tekton PipelineRun has, its kind is not among them."""

_NAME: Final = re.compile(r"[A-Za-z0-9]+\.[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
_PATH: Final = re.compile(r"(?:[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)?")


def shape_of(kind: str, api_version: str, templates: Templates) -> Shape | None:
    """Where the objects of a kind have the fields of their pods; None if the kind is not known.

    Args:
        kind: The kind, as manifests have it.
        api_version: Its ``apiVersion``; empty means Kubernetes' own.
        templates: Kinds in addition to the known ones, which come first.
    """
    group = api_version.rpartition("/")[0]
    name = f"{kind}.{group}"
    if name in templates:
        return _at(*filter(None, templates[name].split(".")))
    return KNOWN.get(name) or (_OWN.get(kind) if group in GROUPS else None)


def own_shape(kind: str) -> Shape:
    """The shape of one of Kubernetes' own kinds; that of a Pod for any other."""
    return _OWN.get(kind, _OF_A_POD)


def checked_templates(value: Mapping[str, Any]) -> Templates:
    """The mapping, if it is one of kinds to fields.

    Args:
        value: The mapping, as somebody wrote it.

    Raises:
        ValueError: A key is not a kind with its group, or a value is not a path of fields.
    """
    for name, path in value.items():
        if not _NAME.fullmatch(name):
            raise ValueError(f"has {printable(name)}, not a kind with its group: Kind.example.com")
        if not isinstance(path, str) or not _PATH.fullmatch(path):
            raise ValueError(f"has no path of fields for {name}, such as spec.template")
    return value
