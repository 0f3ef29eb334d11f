"""Documents that are a part of an object: patches of kustomize, workloads without a pod template.

Patches lie next to the manifests that they change. Alone they say nothing about a pod.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Any, Final

from pullsecrets.makers.variables import has_variable
from pullsecrets.workloads import Shape, mappings_in, value_at

__all__ = ["Lack", "has_containers", "is_patch", "is_template", "lack_of", "mappings_within"]

# The directives of a strategic merge patch (apimachinery's ``strategicpatch``).
_DIRECTIVES: Final = ("$patch", "$retainKeys", "$setElementOrder/", "$deleteFromPrimitiveList/")
_LISTS: Final = frozenset({"containers", "initContainers", "ephemeralContainers"}) | {
    *("steps", "sidecars"),  # Tekton's, and Argo's
}
_ONE: Final = frozenset({"container", "script"})  # Argo's
_ACTION: Final = "{{"
_VARIABLE: Final = "$("  # https://tekton.dev/docs/pipelines/variables/
_PULL_SECRETS: Final = "imagePullSecrets"


class Lack(Enum):
    """Why an object of a kind that makes pods is not a whole workload."""

    PATCH = "patch"
    """It is a patch: a container has no image, or it has no containers at all."""
    ELSEWHERE = "elsewhere"
    """Its pod template, or a part of it, is in another object."""
    RENDERING = "rendering"
    """It is a template of a chart: YAML can read it, as its braces are in quotes."""
    VARIABLE = "variable"
    """An image has a variable, which is not filled in."""


def is_patch(value: Any) -> bool:
    """Whether a document is a patch by its form: of JSON 6902, or with a directive of a merge.

    What an API server has stored, which then has a ``uid``, is whole, whatever it says.
    """
    if isinstance(value, (list, tuple)):
        return bool(value) and all(
            isinstance(each, Mapping) and isinstance(each.get("op"), str) and "path" in each
            for each in value
        )
    if _is_stored(value):
        return False
    return any(
        isinstance(key, str) and key.startswith(_DIRECTIVES)
        for mapping in mappings_within(value)
        for key in mapping
    )


def _is_stored(value: Any) -> bool:
    """Whether an API server has stored it."""
    return value_at(value, ("metadata", "uid")) is not None


def lack_of(manifest: Mapping[str, Any], shape: Shape) -> Lack | None:
    """What a workload lacks; None if it is whole, or malformed.

    A Pod without containers is no patch: there is no use for such a patch. What an API server has
    stored is whole, or refers to another object.

    Args:
        manifest: The object.
        shape: Where its pods' fields are.
    """
    if not shape.reference and _is_stored(manifest):
        return None
    spec = value_at(manifest, shape.spec)

    def member(name: str) -> Any:
        if name in shape.parts:
            return value_at(manifest, shape.parts[name])
        return spec.get(name) if isinstance(spec, Mapping) else None

    containers = member("containers")
    if containers in (None, [], ()):
        if shape.reference and value_at(manifest, shape.reference) is not None:
            return Lack.ELSEWHERE
        return None if manifest.get("kind") == "Pod" else Lack.PATCH
    default = value_at(manifest, shape.image) if shape.image else None
    images = [each.get("image", default) for each in mappings_in(containers)]
    images += [each.get("image") for each in mappings_in(member("initContainers"))]
    if None in images or (shape.image and _any_with(_VARIABLE, images)):
        return Lack.ELSEWHERE if shape.image else Lack.PATCH
    secrets = [each.get("name") for each in mappings_in(member(_PULL_SECRETS))]
    if _any_with(_ACTION, [*images, *secrets, member("serviceAccountName"), *_names(manifest)]):
        return Lack.RENDERING
    return Lack.VARIABLE if any(map(has_variable, images)) else None


def is_template(manifest: Mapping[str, Any]) -> bool:
    """Whether an object that makes no pods is a template of a chart: one that YAML can read.

    Its braces are in quotes. They are looked for in names and in the values of a Secret, which
    never have any.

    Args:
        manifest: The object.
    """
    data = manifest.get("data")
    values = data.values() if isinstance(data, Mapping) else ()
    secrets = (each.get("name") for each in mappings_in(manifest.get(_PULL_SECRETS)))
    return _any_with(_ACTION, [*_names(manifest), *values, *secrets])


def _names(manifest: Mapping[str, Any]) -> Iterable[Any]:
    metadata = manifest.get("metadata")
    names = ("name", "generateName", "namespace")
    return [metadata.get(name) for name in names] if isinstance(metadata, Mapping) else ()


def _any_with(what: str, texts: Iterable[Any]) -> bool:
    return any(isinstance(text, str) and what in text for text in texts)


def has_containers(value: Any) -> bool:
    """Whether there is something like containers with images in a document, or pull secrets."""
    return any(map(_is_like_a_pod, mappings_within(value)))


def _is_like_a_pod(mapping: Mapping[Any, Any]) -> bool:
    secrets = mapping.get(_PULL_SECRETS)
    containers = [mapping[name] for name in _ONE & mapping.keys()]
    for name in _LISTS & mapping.keys():
        containers += mappings_in(mapping[name])
    return (isinstance(secrets, (list, tuple)) and bool(secrets)) or any(
        isinstance(each, Mapping) and isinstance(each.get("image"), str) for each in containers
    )


def mappings_within(value: Any) -> Iterator[Mapping[Any, Any]]:
    """All mappings in a document, each once even if aliases make it appear again."""
    seen: set[int] = set()
    ahead = [value]
    while ahead:
        at = ahead.pop()
        if not isinstance(at, (Mapping, list, tuple)) or id(at) in seen:
            continue
        seen.add(id(at))
        if isinstance(at, Mapping):
            yield at
        ahead += at.values() if isinstance(at, Mapping) else at
