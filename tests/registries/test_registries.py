"""The helpers themselves: the registries answer as measured, and skopeo agrees with the set-up."""

from __future__ import annotations

import contextlib
import http.client
from pathlib import Path

import pytest

from . import Authority, Logged, Registry, TokenServer, programs, require, skopeo_can_pull
from .distribution import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST
from .fixtures import *  # noqa: F403

pytestmark = pytest.mark.one_python


@pytest.mark.parametrize(
    "media_type", [OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST], ids=lambda t: t[12:]
)
def test_an_open_registry_serves_what_was_pushed(open_registry: Registry, media_type: str) -> None:
    digest = open_registry.push("team/b", "2", media_type)
    assert open_registry.requests() == []
    address = ("127.0.0.1", open_registry.port)
    with contextlib.closing(http.client.HTTPConnection(*address, timeout=20)) as connection:
        connection.request("HEAD", "/v2/team/b/manifests/2", headers={"Accept": media_type})
        answer = connection.getresponse()
    assert (answer.status, answer.headers["Docker-Content-Digest"]) == (200, digest)
    assert open_registry.requests() == [Logged("HEAD", "/v2/team/b/manifests/2", 200)]
    open_registry.forget()
    assert open_registry.requests() == []


def test_basic(basic_registry: Registry) -> None:
    image = basic_registry.image("team/a", "1.0")
    assert skopeo_can_pull(image, "ann", "ann-password")
    assert not skopeo_can_pull(image, "ann", "wrong")
    assert not skopeo_can_pull(image, None)


def test_bearer(token_registry: tuple[Registry, TokenServer]) -> None:
    registry, tokens = token_registry
    assert skopeo_can_pull(registry.image("team/a", "1.0"), "ann", "ann-password")
    assert not skopeo_can_pull(registry.image("team/a", "1.0"), "bob", "bob-password")
    assert skopeo_can_pull(registry.image("public/a", "1.0"), None)
    # skopeo asks a second time where the registry does not take the token.
    assert list(dict.fromkeys((r.method, r.user, r.status) for r in tokens.requests)) == [
        ("GET", "ann", 200),
        ("GET", "bob", 200),
        ("GET", None, 200),
    ]


def test_tls(authority: Authority, start_registry, start_front) -> None:  # type: ignore[no-untyped-def]
    certificate = authority.issue("localhost")
    registry = start_registry(tls=(authority, certificate))
    registry.push("team/a", "1.0")
    image = registry.image("team/a", "1.0")
    assert skopeo_can_pull(image, None, ca=authority.path)
    assert not skopeo_can_pull(image, None, ca=Authority(authority.path.parent / "other").path)


def test_a_front_limits_and_logs(open_registry: Registry, start_front) -> None:  # type: ignore[no-untyped-def]
    front = start_front(open_registry.url, allowed=2)
    statuses = []
    address = ("127.0.0.1", front.port)
    with contextlib.closing(http.client.HTTPConnection(*address, timeout=20)) as connection:
        for _ in range(3):
            connection.request("GET", "/v2/", headers={"Authorization": "Basic eDp5"})
            answer = connection.getresponse()
            answer.read()
            statuses.append(answer.status)
    assert statuses == [200, 200, 429]
    assert answer.headers["Retry-After"] == "3"
    received = front.requests()
    assert [r.status for r in received] == statuses
    assert {r.authorization for r in received} == {"Basic eDp5"}
    assert len({r.connection for r in received}) == 1


def test_a_missing_program_skips_here_and_fails_in_ci(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(programs, "_find", lambda name: None)
    monkeypatch.setenv("CI", "false")
    with pytest.raises(pytest.skip.Exception, match=r"apt-get install .* apache2-utils"):
        require("htpasswd")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match=r"apt-get install .* apache2-utils"):
        require("htpasswd")
