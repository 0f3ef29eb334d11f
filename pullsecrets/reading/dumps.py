"""Dumps: JSON as ``kubectl get pods,secrets,serviceaccounts -A -o json`` writes it, megabytes long.

Two thirds of a dump are probes, mounts and statuses that the model does not hold. msgspec checks
that they are JSON and skips them, which takes a fifth of the time and of the memory that `json`
takes for the whole. What comes out reads as the whole would; a test holds that no reader asks for a
member that is missing here.
"""

from __future__ import annotations

from codecs import getincrementaldecoder
from typing import Any, Final, TypedDict

from pullsecrets.secrecy import HiddenBytes

__all__ = ["DUMP_SIZE", "Item", "read_dump"]

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


class _Spec(TypedDict, total=False):
    containers: list[_Container] | None
    initContainers: list[_Container] | None
    ephemeralContainers: list[_Container] | None
    volumes: list[_Volume] | None
    imagePullSecrets: Any
    serviceAccountName: Any
    serviceAccount: Any
    template: _Template | None  # a workload's
    jobTemplate: _Template | None  # a CronJob's


class _Template(TypedDict, total=False):
    spec: _Spec | None


class Item(TypedDict, total=False):
    """The members that readers ask for, of objects of all kinds and of lists of them."""

    apiVersion: Any
    kind: Any
    items: list[Item] | None
    metadata: _Metadata | None
    spec: _Spec | None
    template: _Template | None  # a PodTemplate's
    data: Any  # a Secret's, as the next two
    stringData: Any
    type: Any
    imagePullSecrets: Any  # a ServiceAccount's
    rules: Any  # a role's
    roleRef: Any  # a binding's, as the next
    subjects: Any


def read_dump(data: HiddenBytes) -> Item | None:
    """The one object or list that a large file is, as far as readers look at it.

    Returns:
        None if it is not large, if msgspec is not installed, or if it is anything else than JSON
        in the shape that the API server gives it. Then the reader of all texts has to say what it
        is, and what is wrong with it.
    """
    if len(data.reveal()) < DUMP_SIZE or not _is_utf8(data):
        return None
    try:
        from msgspec.json import Decoder
    except ImportError:
        return None
    try:
        item = Decoder(Item).decode(data.reveal())
    except (ValueError, RecursionError):  # msgspec's own errors are ValueErrors
        return None
    return item


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
