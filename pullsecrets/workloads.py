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
    "MANY",
    "NO_TEMPLATES",
    "POD_TEMPLATES",
    "Shape",
    "Templates",
    "checked_templates",
    "mappings_in",
    "own_shape",
    "shape_of",
    "shapes_of",
    "value_at",
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
        image: The fields that lead to the image of containers that name none, as Tekton has one.
            Where there is such a field, an image may hold variables, too, and a container may be
            one that is defined elsewhere.
    """

    spec: tuple[str, ...]
    parts: Mapping[str, tuple[str, ...]] = field(factory=dict, converter=_frozen)
    reference: tuple[str, ...] = ()
    image: tuple[str, ...] = ()

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

KNOWN: Final[Mapping[str, tuple[Shape, ...]]] = {
    # https://argoproj.github.io/argo-rollouts/features/specification/
    "Rollout.argoproj.io": (
        Shape(("spec", "template", "spec"), reference=("spec", "workloadRef")),
    ),
    # https://github.com/knative/specs, specs/serving/knative-api-specification-1.0.md
    "Service.serving.knative.dev": (_at("spec", "template"),),
    "Configuration.serving.knative.dev": (_at("spec", "template"),),
    "Revision.serving.knative.dev": (_at(),),
    # https://github.com/openkruise/kruise, apis/apps/v1alpha1: `SubsetTemplate`, `CronJobTemplate`
    "CloneSet.apps.kruise.io": (_at("spec", "template"),),
    "StatefulSet.apps.kruise.io": (_at("spec", "template"),),
    "DaemonSet.apps.kruise.io": (_at("spec", "template"),),
    "BroadcastJob.apps.kruise.io": (_at("spec", "template"),),
    "UnitedDeployment.apps.kruise.io": tuple(
        _at("spec", "template", f"{kind}Template", "spec", "template")
        for kind in ("statefulSet", "advancedStatefulSet", "cloneSet", "deployment")
    ),
    "AdvancedCronJob.apps.kruise.io": tuple(
        _at("spec", "template", f"{kind}Template", "spec", "template")
        for kind in ("job", "broadcastJob")
    ),
    # https://keda.sh/docs/latest/reference/scaledjob-spec
    "ScaledJob.keda.sh": (_at("spec", "jobTargetRef", "template"),),
    # https://tekton.dev/docs/pipelines/taskruns/ and https://tekton.dev/docs/pipelines/podtemplates/
    "TaskRun.tekton.dev": (
        Shape(
            ("spec",),
            {
                "containers": ("spec", "taskSpec", "steps"),
                "initContainers": ("spec", "taskSpec", "sidecars"),
                "volumes": ("spec", "taskSpec", "volumes"),
                "imagePullSecrets": ("spec", "podTemplate", "imagePullSecrets"),
            },
            ("spec", "taskRef"),
            ("spec", "taskSpec", "stepTemplate", "image"),
        ),
    ),
}
"""Kinds of others that make pods, and where. An object has one of several shapes: the first one
whose fields it has."""

MANY: Final = frozenset(
    {
        # `pullsecrets.reading.children` reads those whose templates are in them.
        "PipelineRun.tekton.dev",
        "JobSet.jobset.x-k8s.io",
        "Workflow.argoproj.io",
        "CronWorkflow.argoproj.io",
        "WorkflowTemplate.argoproj.io",
        # Whose pods are in the namespace of whatever Workflow refers to it.
        "ClusterWorkflowTemplate.argoproj.io",
        # https://strimzi.io/docs/operators/latest/configuring: `spec.kafka.template.pod` and others
        # are parts of pods, whose images the operator knows
        "Kafka.kafka.strimzi.io",
        "KafkaBridge.kafka.strimzi.io",
        "KafkaConnect.kafka.strimzi.io",
        "KafkaMirrorMaker2.kafka.strimzi.io",
    }
)
"""Kinds of others that make pods for which there is no one template in the object: the pods have
several, or their images are elsewhere. They are not read, and it is said that they are not."""

_NAME: Final = re.compile(r"[A-Za-z0-9]+\.[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
_PATH: Final = re.compile(r"(?:[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)?")


def shapes_of(kind: str, api_version: str, templates: Templates) -> tuple[Shape, ...]:
    """Where objects of a kind may have the fields of their pods; empty if the kind is not known.

    Args:
        kind: The kind, as manifests have it.
        api_version: Its ``apiVersion``; empty means Kubernetes' own.
        templates: Kinds in addition to the known ones, which come first.
    """
    group = api_version.rpartition("/")[0]
    name = f"{kind}.{group}"
    if name in templates:
        return (_at(*filter(None, templates[name].split("."))),)
    own = (_OWN[kind],) if group in GROUPS and kind in _OWN else ()
    return KNOWN.get(name, own)


def shape_of(manifest: Mapping[str, Any], shapes: tuple[Shape, ...]) -> Shape:
    """Which of the shapes of its kind an object has: the first one, if it has none of them.

    Args:
        manifest: The object.
        shapes: The shapes of its kind, at least one.
    """
    if len(shapes) == 1:
        return shapes[0]
    found = (shape for shape in shapes if value_at(manifest, shape.spec) is not None)
    return next(found, shapes[0])


def value_at(value: Any, path: Iterable[Any]) -> Any:
    """The value at the end of a path; None where there is none."""
    for name in path:
        is_mapping = type(value) is dict or isinstance(value, Mapping)  # the first is faster
        value = value.get(name) if is_mapping else None
    return value


def mappings_in(value: Any) -> tuple[Mapping[Any, Any], ...]:
    """The mappings in a list; none if the value is no list."""
    items = value if isinstance(value, (list, tuple)) else ()
    return tuple(item for item in items if isinstance(item, Mapping))


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
