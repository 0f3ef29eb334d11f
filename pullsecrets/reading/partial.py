"""Documents that are a part of an object: patches of kustomize, workloads without a pod template.

Patches lie next to the manifests that they change. Alone they say nothing about a pod.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Any, Final

from pullsecrets.workloads import Shape, value_at

__all__ = ["Lack", "has_containers", "is_patch", "lack_of"]

# The directives of a strategic merge patch (apimachinery's ``strategicpatch``).
_DIRECTIVES: Final = ("$patch", "$retainKeys", "$setElementOrder/", "$deleteFromPrimitiveList/")
_LISTS: Final = frozenset({"containers", "initContainers", "ephemeralContainers"}) | {
    *("steps", "sidecars"),  # Tekton's, and Argo's
}
_ONE: Final = frozenset({"container", "script"})  # Argo's
_VARIABLE: Final = "$("  # https://tekton.dev/docs/pipelines/variables/
_PULL_SECRETS: Final = "imagePullSecrets"


class Lack(Enum):
    """Why an object of a kind that makes pods is not a whole workload."""

    PATCH = "patch"
    """It is a patch: a container has no image, or it has no containers at all."""
    ELSEWHERE = "elsewhere"
    """Its pod template, or a part of it, is in another object."""


def is_patch(value: Any) -> bool:
    """Whether a document is a patch by its form: of JSON 6902, or with a directive of a merge."""
    if isinstance(value, (list, tuple)):
        return bool(value) and all(
            isinstance(each, Mapping) and isinstance(each.get("op"), str) and "path" in each
            for each in value
        )
    return any(
        isinstance(key, str) and key.startswith(_DIRECTIVES)
        for mapping in _mappings(value)
        for key in mapping
    )


def lack_of(manifest: Mapping[str, Any], shape: Shape) -> Lack | None:
    """What a workload lacks; None if it is whole, or malformed.

    A Pod without containers is no patch: there is no use for such a patch.

    Args:
        manifest: The object.
        shape: Where its pods' fields are.
    """
    containers = value_at(manifest, shape.path(("containers",)))
    init_containers = value_at(manifest, shape.path(("initContainers",)))
    referring = bool(shape.reference) and value_at(manifest, shape.reference) is not None
    if containers in (None, [], ()):
        if referring:
            return Lack.ELSEWHERE
        return None if manifest.get("kind") == "Pod" else Lack.PATCH
    default = value_at(manifest, shape.image) if shape.image else None
    images = (
        *(each.get("image", default) for each in _items(containers)),
        *(each.get("image") for each in _items(init_containers)),
    )
    if shape.image and any(_VARIABLE in image for image in images if isinstance(image, str)):
        return Lack.ELSEWHERE
    if None in images:
        return Lack.ELSEWHERE if shape.image else Lack.PATCH
    return None


def has_containers(value: Any) -> bool:
    """Whether there is something like containers with images in a document, or pull secrets."""
    return any(map(_is_like_a_pod, _mappings(value)))


def _is_like_a_pod(mapping: Mapping[Any, Any]) -> bool:
    secrets = mapping.get(_PULL_SECRETS)
    containers = [mapping[name] for name in _ONE & mapping.keys()]
    for name in _LISTS & mapping.keys():
        containers += _items(mapping[name])
    return (isinstance(secrets, (list, tuple)) and bool(secrets)) or any(
        isinstance(each, Mapping) and isinstance(each.get("image"), str) for each in containers
    )


def _items(value: Any) -> Iterable[Mapping[Any, Any]]:
    """The mappings in a list."""
    items = value if isinstance(value, (list, tuple)) else ()
    return tuple(item for item in items if isinstance(item, Mapping))


def _mappings(value: Any) -> Iterator[Mapping[Any, Any]]:
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
