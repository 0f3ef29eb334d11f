"""Dumps: JSON as ``kubectl get pods,secrets,serviceaccounts -A -o json`` writes it, megabytes long.

Nearly all of a dump are pods, and two thirds of a pod are probes, mounts and statuses that the
model does not hold. msgspec checks that they are JSON and skips them, which takes a third of the
time and of the memory that `json` takes for the whole. A pod then reads as the whole would; a test
holds that no reader asks for a member that is missing here. Other objects come in full.
"""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections.abc import Mapping
from typing import Any, Final, TypedDict

from pullsecrets.secrecy import HiddenBytes

__all__ = ["DUMP_SIZE", "PodShape", "read_dump"]

DUMP_SIZE: Final = 1_000_000
"""Bytes of JSON from which on a file is a dump, and read without a look for repeated keys."""

_BLOCK: Final = 1 << 20


class _Metadata(TypedDict, total=False):
    name: Any
    generateName: Any
    namespace: Any
    uid: Any
    annotations: Any
    creationTimestamp: Any
    ownerReferences: Any


class _Container(TypedDict, total=False):
    name: Any
    image: Any
    imagePullPolicy: Any


class _Volume(TypedDict, total=False):
    name: Any
    image: Any
    projected: Any


class _Spec(TypedDict, total=False):
    containers: list[_Container] | None
    initContainers: list[_Container] | None
    ephemeralContainers: list[_Container] | None
    volumes: list[_Volume] | None
    imagePullSecrets: Any
    serviceAccountName: Any
    serviceAccount: Any


class PodShape(TypedDict, total=False):
    """The members of a pod that readers ask for."""

    apiVersion: Any
    kind: Any
    metadata: _Metadata | None
    spec: _Spec | None
    sops: Any


def read_dump(data: HiddenBytes) -> Mapping[str, Any] | None:
    """The list that a large file is, its pods only as far as readers look at them.

    Returns:
        None if it is not large, if msgspec is not installed, or if it is anything else than JSON
        with a list. Then the reader of all texts has to say what it is, and what is wrong with it.
    """
    if len(data.reveal()) < DUMP_SIZE or not _is_utf8(data):
        return None
    try:
        from msgspec import Raw
        from msgspec.json import Decoder
    except ImportError:
        return None
    # Not as a class: of one in a function msgspec could not resolve the annotations.
    members = {"apiVersion": Any, "kind": Any, "items": list[Raw]}
    shape = TypedDict("shape", members, total=False)  # type: ignore[misc]
    try:
        found = dict(Decoder(shape).decode(data.reveal()))
        if "items" not in found:
            return None
        return {**found, "items": _items(found["items"], found.get("kind") == "PodList")}
    except (ValueError, RecursionError):  # msgspec's own errors are ValueErrors
        return None


def _items(items: Any, are_pods: bool) -> list[Any]:
    """The items; those of a list of pods need not say that they are pods."""
    from msgspec import ValidationError
    from msgspec.json import Decoder

    pods, whole = Decoder(PodShape), Decoder()
    found = []
    for raw in items:
        try:
            item: Any = pods.decode(raw)
        except ValidationError:  # another kind, or a pod that the API server would refuse
            item = {}
        is_pod = item.get("kind") == "Pod" or (are_pods and item.get("kind") is None and item)
        found.append(item if is_pod else whole.decode(raw))
    return found


def _is_utf8(data: HiddenBytes) -> bool:
    """Whether it is, also in what msgspec skips; by blocks, not to have it twice in memory."""
    if data.reveal().isascii():
        return True
    decoder, whole = getincrementaldecoder("utf-8")(), memoryview(data.reveal())
    try:
        for at in range(0, len(whole), _BLOCK):
            decoder.decode(whole[at : at + _BLOCK])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
