"""Objects of Kubernetes clients, as the mappings that the API has: without importing any client.

`kubernetes` and `kubernetes_asyncio` have classes with an ``attribute_map`` from their snake_case
to the API's names, `kr8s` keeps the mapping in ``raw``, `pykube-ng` in ``obj``, `lightkube` and
the dynamic client of `kubernetes` make it with ``to_dict()``. What Pulumi's mocks are given has
the API's names, but marks what is secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, Final

from pullsecrets.secrecy import Hidden, printable

__all__ = ["manifests_of"]

# Fields that hold names of the user's own: snake_case in them is meant.
_FREE: Final = frozenset({"annotations", "data", "string_data"})
# How Pulumi's mocks are given a value that is secret (its SDK's `runtime/rpc.py`).
_PULUMI_MARK: Final = "4dabf18193072939515e22adb298388d"
_PULUMI_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"
_AS_THEY_ARE: Final = frozenset({str, int, float, bool, type(None)})
_SNAKE: Final = re.compile("_([a-z0-9])")
_VERSION: Final = re.compile(r"\AV\d+(?:(?:alpha|beta)\d+)?(?=[A-Z])")


def manifests_of(objects: Iterable[object]) -> Iterator[Mapping[str, Any]]:
    """The mapping of each object; iterables of objects are looked into.

    Args:
        objects: Objects of clients, of this package, plain mappings, and iterables of them. A
            client's list object stays one mapping, of a kind such as ``PodList``.

    Raises:
        TypeError: Something is neither.
    """
    hidden = Hidden(objects)  # no traceback shows what this frame was given
    del objects
    return _manifests(hidden)


def _manifests(objects: Hidden[Any]) -> Iterator[Mapping[str, Any]]:
    for item in map(Hidden, objects.reveal()):
        found = _mapping(item.reveal())
        if found is not None:
            yield found
        text = isinstance(item.reveal(), (str, bytes))
        if found is None and not text and isinstance(item.reveal(), Iterable):
            yield from _manifests(item)
        elif found is None:
            hint = ": text is read by pullsecrets.load" if text else ""
            name = printable(type(item.reveal()).__name__)
            raise TypeError(f"a Kubernetes object or a mapping is wanted, not {name}{hint}")


def _mapping(item: Any) -> Mapping[str, Any] | None:
    """The item as the API has it; None where it is no object."""
    if isinstance(item, Mapping):
        snake = "api_version" in item and "apiVersion" not in item
        return _manifest(_camel(item) if snake else item)
    if _is_model(item):
        # The API leaves kind out of a list's items, so their class has to say it.
        return {"kind": _VERSION.sub("", type(item).__name__), **_plain(item)}
    for name in ("raw", "obj"):
        held = getattr(item, name, None)
        if isinstance(held, Mapping):
            kind = getattr(item, "kind", None)
            return _manifest({**({"kind": kind} if isinstance(kind, str) else {}), **held})
    for name in ("to_manifest", "to_dict"):
        method = getattr(item, name, None)
        if callable(method):
            made: Any = method()
            return _manifest(made)
    return None


def _manifest(mapping: Mapping[str, Any]) -> Mapping[str, Any]:
    # The status says nothing about credentials, and is the largest part of many a pod.
    without = {name: value for name, value in mapping.items() if name != "status"}
    manifest: Mapping[str, Any] = _plain(_with_kind(without))
    return manifest


def _is_model(value: Any) -> bool:
    return isinstance(getattr(type(value), "attribute_map", None), Mapping)


def _plain(value: Any) -> Any:
    """The value as JSON has it. Members that are None go: clients write what is absent so."""
    if type(value) in _AS_THEY_ARE:
        return value
    if isinstance(value, bytes):
        # In a Secret's data: the base64, which a client leaves as it is.
        return value.decode("ascii", "replace")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        if value.get(_PULUMI_MARK) == _PULUMI_SECRET:
            return _plain(value.get("value"))
        return {
            name: member if type(member) in _AS_THEY_ARE else _plain(member)
            for name, member in value.items()
            if member is not None
        }
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if _is_model(value):
        names = type(value).attribute_map
        return _plain({name: getattr(value, own) for own, name in names.items() if own != "status"})
    method = getattr(value, "to_dict", None)
    return _plain(method()) if callable(method) else value


def _camel(value: Any) -> Any:
    """What ``to_dict()`` of `kubernetes` gives, with the API's names for its fields."""
    if isinstance(value, (list, tuple)):
        return [_camel(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    return {
        _SNAKE.sub(lambda match: match[1].upper(), name) if isinstance(name, str) else name: (
            member if name in _FREE else _camel(member)
        )
        for name, member in value.items()
    }


def _with_kind(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    """Add the kind, where it is missing as in a list's items and the fields leave no doubt."""
    if manifest.get("kind") is not None:
        return manifest
    spec = manifest.get("spec")
    if isinstance(spec, Mapping) and "containers" in spec:
        return {**manifest, "kind": "Pod"}
    if "imagePullSecrets" in manifest:
        return {**manifest, "kind": "ServiceAccount"}
    if "stringData" in manifest or {"type", "data"} <= manifest.keys():
        return {**manifest, "kind": "Secret"}
    return manifest
