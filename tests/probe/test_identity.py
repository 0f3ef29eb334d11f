"""Identity tokens: read from the entries that the kubelet reads otherwise."""

from __future__ import annotations

import json
from typing import Any

import pytest
from attrs import evolve
from probing import cluster, resolution, secret_manifest

from pullsecrets.probe import identity_tokens
from pullsecrets.resolution import Candidate, Source, SourceKind

(CANDIDATE,) = resolution("x.io/a", ("ann", "x")).candidates


def found(document: object, candidate: Candidate = CANDIDATE, **how: Any) -> str | None:
    manifest = secret_manifest("s0")
    key = how.get("key", ".dockerconfigjson")
    text = document if isinstance(document, str) else json.dumps(document)
    manifest["stringData"] = {key: text}
    manifest["type"] = how.get("type", "kubernetes.io/dockerconfigjson")
    token = identity_tokens(cluster(manifest))
    first, second = token(candidate), token(candidate)
    assert first == second
    return None if first is None else first.reveal()


def test_in_either_kind_of_secret() -> None:
    entry = {"x.io": {"username": "u", "identitytoken": "refresh"}}
    assert found({"auths": entry}) == "refresh"
    assert found({"Auths": {"x.io": {"IDENTITYTOKEN": "refresh"}}}) == "refresh"
    assert found(entry, key=".dockercfg", type="kubernetes.io/dockercfg") == "refresh"


@pytest.mark.parametrize(
    "document",
    [
        "{",
        "",
        [],
        {},
        {"auths": None},
        {"auths": []},
        {"auths": {"x.io": "text"}},
        {"auths": {"x.io": {"identitytoken": ""}}},
        {"auths": {"x.io": {"identitytoken": 7}}},
        {"auths": {"y.io": {"identitytoken": "refresh"}}},
    ],
)
def test_none(document: object) -> None:
    assert found(document) is None


@pytest.mark.parametrize(
    "source",
    [
        Source(SourceKind.NODE),
        Source(SourceKind.SECRET, "other", "s0"),
        Source(SourceKind.PROVIDER),
    ],
)
def test_of_another_source(source: Source) -> None:
    candidate = evolve(CANDIDATE, source=source)
    assert found({"auths": {"x.io": {"identitytoken": "refresh"}}}, candidate) is None
