"""The Pods that Argo's workflow controller makes: one for each template with containers.

Facts are from https://github.com/argoproj/argo-workflows, workflow/controller:

* ``createWorkflowPod`` (workflowpod.go): ``imagePullSecrets`` are the workflow's, templates have
  none. The containers are those of ``container``, ``script`` or ``containerSet``, and of
  ``initContainers`` and ``sidecars``; the one without a name is ``main``. ``podSpecPatch`` of the
  workflow and of the template may change all of that.
* ``setupServiceAccount``: the template's ``serviceAccountName``, or else the workflow's.
* ``addVolumeReferences``: a pod has the volumes that a container mounts, the template's before the
  workflow's.
* ``mergedTemplateDefaultsInto`` (operator.go): ``templateDefaults`` are for each template, of which
  what it says itself counts first.
* ``toWorkflow`` (workflow/common/convert.go): a CronWorkflow makes Workflows of its
  ``workflowSpec``. Of a WorkflowTemplate a Workflow is made that has its spec, if that has an
  ``entrypoint``; one without it is there for the templates that others take from it.

The controller adds an init container and a container of its own, whose image is a setting of it,
and other settings (``workflowDefaults``) may add pull secrets: none of these is in a manifest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from pullsecrets.fields import FieldPath
from pullsecrets.reading.partial import mappings_within
from pullsecrets.reading.parts import Made, Manifest, mapping, numbered
from pullsecrets.secrecy import printable
from pullsecrets.workloads import mappings_in, value_at

__all__ = ["workflow_pods"]

_SPEC: Final = {"CronWorkflow": ("spec", "workflowSpec")}
_KINDS: Final = ("container", "script", "containerSet")
_LISTS: Final = ("initContainers", "sidecars")
_EXPRESSION: Final = "{{"
# What in a patch may be about images and pull secrets; or the patch as a whole is put in.
_PATCHED: Final = re.compile(r"image|serviceAccount|\$patch|\A\s*\{\{")


def workflow_pods(workflow: Manifest) -> Iterator[Made | str]:
    """The Pods of a Workflow, a CronWorkflow or a WorkflowTemplate.

    Args:
        workflow: The object.
    """
    path = _SPEC.get(workflow["kind"], ("spec",))
    spec = mapping(value_at(workflow, path))
    if spec.get("workflowTemplateRef") is not None:
        yield f"takes its pod templates from {'.'.join((*path, 'workflowTemplateRef'))}"
        return
    if workflow["kind"] == "WorkflowTemplate" and not spec.get("entrypoint"):
        return
    for at, name, template in _templates(spec, path):
        pod = _pod(spec, template)
        if pod is None:
            continue
        patches = (each.get("podSpecPatch") for each in (spec, _defaults(spec), template))
        if any(isinstance(each, str) and _PATCHED.search(each) for each in patches):
            yield f"has a podSpecPatch, which may change {_title(name)}"
        elif _has_expression(pod):
            yield f"has an image, or a name, that is not in it: an expression in {_title(name)}"
        else:
            secrets = (*path, "imagePullSecrets")
            yield Made.by(workflow, (name,), at, "v1", "Pod", pod, imagePullSecrets=secrets)
    if any(each.get("templateRef") is not None for each in mappings_within(spec)):
        yield "takes templates from other objects (templateRef)"


def _title(name: object) -> str:
    return f"the template {printable(name)}" if isinstance(name, str) else "a template"


def _templates(spec: Manifest, path: FieldPath) -> Iterator[tuple[FieldPath, object, Manifest]]:
    """The templates, those that are written in steps and tasks among them."""
    for number, template in numbered(spec.get("templates")):
        at = (*path, "templates", number)
        yield at, template.get("name"), template
        steps, tasks = template.get("steps"), value_at(template, ("dag", "tasks"))
        groups = enumerate(steps if isinstance(steps, (list, tuple)) else ())
        lists = [((*at, "steps", group), parallel) for group, parallel in groups]
        for way, items in (*lists, ((*at, "dag", "tasks"), tasks)):
            for place, each in numbered(items):
                yield (*way, place, "inline"), each.get("name"), mapping(each.get("inline"))


def _defaults(spec: Manifest) -> Manifest:
    return mapping(spec.get("templateDefaults"))


def _pod(spec: Manifest, template: Manifest) -> dict[str, Any] | None:
    """The spec of a template's pod; None if it makes none, or one without an image of its own."""
    kind = next((each for each in _KINDS if template.get(each) is not None), None)
    if kind is None:
        return None
    defaults = _defaults(spec)
    main = {**mapping(defaults.get(kind)), **mapping(template[kind])}
    containers = main.get("containers") if kind == "containerSet" else [{"name": "main", **main}]
    first, sidecars = (_by_name(defaults.get(each), template.get(each)) for each in _LISTS)
    every = [*mappings_in(containers), *sidecars]
    mounted = {
        str(mount.get("name"))
        for each in (*every, *first)
        for mount in mappings_in(each.get("volumeMounts"))
    }
    known = (*mappings_in(spec.get("volumes")), *mappings_in(template.get("volumes")))
    volumes = {str(each.get("name")): each for each in known}
    return {
        "containers": every,
        "initContainers": first,
        "volumes": [each for name, each in volumes.items() if name in mounted],
        "imagePullSecrets": spec.get("imagePullSecrets"),
        "serviceAccountName": template.get("serviceAccountName")
        or defaults.get("serviceAccountName")
        or spec.get("serviceAccountName"),
    }


def _by_name(defaults: Any, own: Any) -> list[Manifest]:
    """The containers of two lists: of two with one name, what the second says counts first."""
    found: dict[str, Manifest] = {}
    for each in (*mappings_in(defaults), *mappings_in(own)):
        name = str(each.get("name"))
        found[name] = {**found.get(name, {}), **each}
    return list(found.values())


def _has_expression(pod: Manifest) -> bool:
    images = [each.get("image") for each in (*pod["containers"], *pod["initContainers"])]
    secrets = [each.get("name") for each in mappings_in(pod["imagePullSecrets"])]
    texts = (*images, *secrets, pod["serviceAccountName"])
    return any(isinstance(each, str) and _EXPRESSION in each for each in texts)
