"""Documents that are a part of an object: patches of kustomize, workloads without a pod template.

Patches lie next to the manifests that they change. Alone they say nothing about a pod.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Any, Final

from pullsecrets.workloads import Shape

__all__ = ["Lack", "has_containers", "is_patch", "lack_of"]

# The directives of a strategic merge patch (apimachinery's ``strategicpatch``).
_DIRECTIVES: Final = ("$patch", "$retainKeys", "$setElementOrder/", "$deleteFromPrimitiveList/")
_LISTS: Final = frozenset({"containers", "initContainers", "steps"})


class Lack(Enum):
    """Why an object of a kind that makes pods is not a whole workload."""

    PATCH = "patch"
    """It is a patch: a container has no image, or it has no containers at all."""
    ELSEWHERE = "elsewhere"
    """Its pod template, or a part of it, is in another object."""


def is_patch(value: Any) -> bool:
    """Whether a document is a patch by its form: of JSON 6902, or with a directive of a merge.

    What an API server has stored, which then has a ``uid``, is whole, whatever it says.
    """
    if isinstance(value, (list, tuple)):
        return bool(value) and all(
            isinstance(each, Mapping) and isinstance(each.get("op"), str) and "path" in each
            for each in value
        )
    if _at(value, ("metadata", "uid")) is not None:
        return False
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
    containers = _at(manifest, shape.path(("containers",)))
    init_containers = _at(manifest, shape.path(("initContainers",)))
    referring = bool(shape.reference) and _at(manifest, shape.reference) is not None
    if containers in (None, [], ()):
        if referring:
            return Lack.ELSEWHERE
        return None if manifest.get("kind") == "Pod" else Lack.PATCH
    for each in (*_items(containers), *_items(init_containers)):
        if isinstance(each, Mapping) and each.get("image") is None:
            return Lack.ELSEWHERE if shape.parts else Lack.PATCH
    return None


def has_containers(value: Any) -> bool:
    """Whether there is something like containers in a document: a list of them with images."""
    return any(
        isinstance(item, Mapping) and isinstance(item.get("image"), str)
        for mapping in _mappings(value)
        for name in _LISTS & mapping.keys()
        for item in _items(mapping[name])
    )


def _items(value: Any) -> Iterable[Any]:
    return value if isinstance(value, (list, tuple)) else ()


def _at(value: Any, path: Iterable[Any]) -> Any:
    for name in path:
        is_mapping = type(value) is dict or isinstance(value, Mapping)  # the first is faster
        value = value.get(name) if is_mapping else None
    return value


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
