"""What only the fake registry can: failing, hanging, counting, remembering; tokens of its own."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import socket
import ssl
import threading
import time
import urllib.parse
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pullsecrets.testing import FakeRegistry
from pullsecrets.testing.registry import DOCKER_LIST, OCI_INDEX, OCI_MANIFEST
from registries import Authority

ANN = {"Authorization": f"Basic {base64.b64encode(b'ann:password').decode()}"}


def ask(
    registry: FakeRegistry,
    target: str = "/v2/",
    headers: Mapping[str, str] | None = None,
    *,
    method: str = "GET",
    body: Any = None,
) -> tuple[int, Mapping[str, str], str]:
    with closing(http.client.HTTPConnection("127.0.0.1", registry.port, timeout=20)) as connection:
        connection.request(method, target, body, dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode("utf-8", "replace")


def post(registry: FakeRegistry, body: Any) -> tuple[int, Any]:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    status, _, text = ask(registry, "/token", form, method="POST", body=body)
    return status, json.loads(text)


def test_requests_are_kept() -> None:
    with FakeRegistry("basic", users={"ann": "password"}, images=["team/app"]) as registry:
        ask(registry)
        ask(registry, "/v2/?a=b", ANN)
        ask(registry, headers={"Authorization": "Bearer abc", "X-Own": "1"})
        first, second, third = registry.requests
        assert (first.method, first.target, first.status) == ("GET", "/v2/", 401)
        assert (first.scheme, first.user, first.authorization) == (None, None, None)
        assert (second.path, second.status, second.scheme) == ("/v2/", 200, "basic")
        assert second.user == "ann"
        assert second.authorization is not None
        assert second.authorization.reveal() == ANN["Authorization"]
        assert "YW5u" not in repr(registry.requests)
        assert (third.scheme, third.user, third.headers["x-own"]) == ("bearer", None, "1")
        registry.forget()
        assert registry.requests == ()
        assert repr(registry) == f"<FakeRegistry http://127.0.0.1:{registry.port} basic>"


def test_images_and_blobs() -> None:
    with FakeRegistry(images=["team/app:1.0", "team/web"]) as registry:
        assert registry.image("team/app", "1.0") == f"{registry.host}/team/app:1.0"
        digest = registry.push("team/app", "index", OCI_INDEX)
        assert registry.image("team/app", digest) == f"{registry.host}/team/app@{digest}"
        assert json.loads(ask(registry, "/v2/_catalog")[2]) == {
            "repositories": ["team/app", "team/web"]
        }
        assert json.loads(ask(registry, "/v2/team/app/tags/list")[2])["tags"] == ["1.0", "index"]
        target = "/v2/team/app/manifests/1.0"
        manifest = json.loads(ask(registry, target, {"Accept": OCI_MANIFEST})[2])
        for part in (manifest["config"], *manifest["layers"]):
            status, headers, content = ask(registry, f"/v2/team/app/blobs/{part['digest']}")
            assert status == 200
            assert headers["Docker-Content-Digest"] == part["digest"]
            assert len(content) == part["size"]
        assert ask(registry, target, method="PUT", body="{}")[0] == 405
        registry.push("team/app", "list", DOCKER_LIST)
        assert ask(registry, "/v2/team/app/manifests/list")[0] == 400


def test_unknown_way_of_authentication() -> None:
    with pytest.raises(ValueError, match="not 'digest'"):
        FakeRegistry("digest")  # type: ignore[arg-type]


@pytest.mark.parametrize("status", [404, 500, 503, 599])
def test_failing(status: int) -> None:
    with FakeRegistry(failing=status) as registry:
        assert ask(registry)[0] == status
        assert registry.requests[0].status == status
        registry.failing = None
        assert ask(registry)[0] == 200


def test_disconnecting() -> None:
    with FakeRegistry(failing="disconnect") as registry:
        with pytest.raises(http.client.RemoteDisconnected):
            ask(registry)
        assert registry.requests[0].status == 0


def test_hanging_ends_with_the_registry() -> None:
    ended: list[type[Exception]] = []

    def hang() -> None:
        try:
            ask(registry)
        except (OSError, http.client.HTTPException) as error:
            ended.append(type(error))

    with FakeRegistry(failing="hang") as registry:
        client = threading.Thread(target=hang)
        client.start()
        while not registry.requests:
            time.sleep(0.01)
        assert not ended
    client.join(20)
    assert ended


def hung_up(connection: socket.socket) -> bool:
    """Whether the other side ends it, one way or the other."""
    connection.settimeout(20)
    with contextlib.suppress(ConnectionResetError):
        while connection.recv(100):
            pass
    return True


@pytest.mark.parametrize("tls", [False, True])
def test_silent_connections_do_not_keep_it(
    authority: Authority, tls: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where it waits for a client's handshake, which its own time limit would end late."""
    monkeypatch.setattr("pullsecrets.testing.registry.SILENCE", 600.0)
    registry = FakeRegistry(tls=_context(authority) if tls else None)
    wanted = ssl.SSLSocket if tls else socket.socket
    with socket.create_connection(("127.0.0.1", registry.port)) as connection:
        while not any(isinstance(one, wanted) for one in list(registry._server._connections)):
            time.sleep(0.01)
        closing = threading.Thread(target=registry.close, daemon=True)
        closing.start()
        closing.join(60)
        assert not closing.is_alive()
        registry.close()
        assert hung_up(connection)


def test_a_connection_that_comes_while_it_ends() -> None:
    registry = FakeRegistry()
    registry.close()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        registry._server._track(theirs)
        assert hung_up(ours)


def test_https(authority: Authority) -> None:
    context = ssl.create_default_context(cafile=str(authority.path))
    with FakeRegistry(tls=_context(authority)) as registry:
        assert registry.url.startswith("https://127.0.0.1:")
        address = ("127.0.0.1", registry.port)
        with (
            socket.create_connection(address) as raw,
            context.wrap_socket(raw, server_hostname="localhost") as connection,
        ):
            connection.sendall(b"GET /v2/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert connection.recv(100).startswith(b"HTTP/1.1 200 OK\r\n")
        with socket.create_connection(address) as plain:  # it is no handshake
            plain.sendall(b"GET /v2/ HTTP/1.1\r\n\r\n")
            assert hung_up(plain)


def _context(authority: Authority) -> ssl.SSLContext:
    certificate = authority.issue("localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    return context


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


def test_rate_limit_says_what_is_left() -> None:
    with FakeRegistry(rate_limit=2) as registry:
        answers = [ask(registry) for _ in range(3)]
        registry.forget()  # what is remembered has nothing to do with what is counted
        answers.append(ask(registry))
    assert [status for status, _, _ in answers] == [200, 200, 429, 429]
    left = [headers["RateLimit-Remaining"] for _, headers, _ in answers]
    assert left == ["1;w=21600", "0;w=21600", "0;w=21600", "0;w=21600"]
    assert answers[2][1]["Retry-After"] == "3"


def test_token_server() -> None:
    how: dict[str, Any] = {
        "users": {"ann": "password"},
        "grants": {"ann": ["team/app"]},
        "identity_tokens": {"refresh": "ann"},
        "images": ["team/app:1.0"],
    }
    scope = "repository:team/app:pull repository:team/web:pull,push registry:catalog:*"
    with FakeRegistry("bearer", **how) as registry:
        query = urllib.parse.urlencode({"scope": scope, "service": registry.service})
        status, _, body = ask(registry, f"/token?{query}", ANN)
        assert status == 200
        assert json.loads(body)["token"] == json.loads(body)["access_token"]
        tokens = [json.loads(body)["token"]]
        for fields in (
            {"grant_type": "refresh_token", "refresh_token": "refresh"},
            {"grant_type": "password", "username": "ann", "password": "password"},
        ):
            status, answer = post(registry, urllib.parse.urlencode({**fields, "scope": scope}))
            assert status == 200
            tokens.append(answer["access_token"])
        for token in tokens:
            bearer = {"Authorization": f"Bearer {token}", "Accept": OCI_MANIFEST}
            assert ask(registry, "/v2/team/app/manifests/1.0", bearer)[0] == 200
            assert ask(registry, "/v2/team/web/manifests/1.0", bearer)[0] == 401
            assert ask(registry, "/v2/_catalog", bearer)[0] == 401
            assert registry.requests[-1].user == "ann"
        for fields in (
            {"grant_type": "refresh_token", "refresh_token": "other"},
            {"grant_type": "password", "username": "ann", "password": "wrong"},
            {"grant_type": "authorization_code"},
            {},
        ):
            assert post(registry, urllib.parse.urlencode(fields))[0] == 400
        assert ask(registry, "/token", {"Authorization": "Basic !"})[0] == 401
        assert ask(registry, "/token", method="DELETE")[0] == 405
        # A token without any scope, for nobody.
        assert ask(registry, "/token")[0] == 200


def test_only_a_registry_with_tokens_has_a_token_server() -> None:
    with FakeRegistry() as registry:
        assert ask(registry, "/token")[0] == 404


def test_a_form_in_chunks() -> None:
    form = b"grant_type=refresh_token&refresh_token=refresh"
    with FakeRegistry("bearer", identity_tokens={"refresh": "ann"}) as registry:
        assert post(registry, iter([form[:10], form[10:]]))[0] == 200
        # More than anybody means ends the connection, in either way.
        for body in (b"x" * 70_000, iter([b"x" * 60_000, b"x" * 60_000])):
            assert post(registry, body)[0] == 400


def test_a_garbled_request_is_no_error_of_the_tests() -> None:
    garbled = b"POST /token HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n"
    with FakeRegistry("bearer") as registry:
        with socket.create_connection(("127.0.0.1", registry.port)) as connection:
            connection.sendall(garbled)
            assert hung_up(connection)
        assert ask(registry)[0] == 401


def test_many_at_once() -> None:
    statuses: list[int] = []
    with FakeRegistry() as registry:
        clients = [
            threading.Thread(target=lambda: statuses.append(ask(registry)[0])) for _ in range(50)
        ]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        assert len(registry.requests) == 50
    assert statuses == [200] * 50
