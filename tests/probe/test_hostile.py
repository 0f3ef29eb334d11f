"""Servers that mean harm, or are broken: each case ends, has a name, and leaks nothing."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import socket
import ssl
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from probing import (
    CANARY,
    MANIFEST,
    MANIFEST_HEAD,
    Answer,
    Received,
    Scripted,
    basic,
    challenge,
    reply,
    resolution,
    token_reply,
)

from pullsecrets import Password, resolve
from pullsecrets.probe import ImageProbe, Outcome, Prober
from pullsecrets.probe.failures import Failed
from pullsecrets.probe.leash import MAX_BODY
from pullsecrets.probe.policy import Target
from pullsecrets.probe.transport import Transport
from registries import Authority

Serve = Callable[..., Scripted]
Make = Callable[..., Prober]

ANN = ("ann", CANARY)
LIMIT = 0.4
"""Seconds that a request may take here. Nothing is asserted about time but that the test ends."""


def probe(prober: Prober, server: Scripted) -> ImageProbe:
    return prober.probe(resolution(server.image(), ANN))


def has_canary(*texts: object) -> bool:
    spellings = [CANARY, basic(*ANN).partition(" ")[2]]
    return any(spelling in str(text) for text in texts for spelling in spellings)


def seen_by(server: Scripted) -> str:
    return b"".join(server.raw).decode("latin-1")


class TestRealms:
    def test_elsewhere(self, serve: Serve, prober: Make) -> None:
        evil = serve(lambda request: token_reply())
        realm = f"https://evil.localhost:{evil.port}/token"
        server = serve(lambda request: challenge(realm))
        found = probe(prober(), server)
        assert found.outcome is Outcome.REFUSED
        assert f"=evil.localhost:{evil.port})" in found.attempts[0].detail
        assert evil.raw == []
        assert not has_canary(seen_by(server))

    def test_elsewhere_without_a_credential(self, serve: Serve, prober: Make) -> None:
        """The policy guards credentials: an anonymous attempt has none, an empty log-in neither."""
        other = serve(lambda request: token_reply())
        server = serve(
            lambda request: (
                MANIFEST_HEAD if request.authorization else challenge(f"{other.foreign}/token")
            )
        )
        assert prober().probe(resolve(server.image(), [])).outcome is Outcome.PULLABLE
        assert probe(prober(), server).outcome is Outcome.REFUSED
        empty = prober().probe(resolution(server.image(), ("ann", "")))
        assert empty.outcome is Outcome.PULLABLE
        assert [r.authorization for r in other.received] == [None, None]

    def test_elsewhere_over_http(self, serve: Serve, prober: Make) -> None:
        evil = serve(lambda request: token_reply())
        server = serve(lambda request: challenge(f"{evil.foreign}/token"))
        found = probe(prober(), server)
        assert found.outcome is Outcome.REFUSED
        assert f"--insecure-registry foreign.test:{evil.port}" in found.attempts[0].detail
        named = prober(insecure_registries=["foreign.test"])
        assert probe(named, server).outcome is Outcome.REFUSED  # still on another site
        assert evil.raw == []

    def test_elsewhere_but_allowed(self, serve: Serve, prober: Make) -> None:
        other = serve(lambda request: token_reply())
        realm = f"{other.foreign}/token"
        server = serve(lambda request: MANIFEST_HEAD if request.authorization else challenge(realm))
        asking = prober(insecure_registries=["foreign.test"], allowed_realms=["foreign.test"])
        assert probe(asking, server).outcome is Outcome.PULLABLE
        assert other.received[0].authorization == basic(*ANN)

    @pytest.mark.parametrize(
        "realm",
        [
            "token",
            "",
            "file:///etc/passwd",
            "https://ann:{canary}@localhost/",
            "https://localhost\\@evil/",
            "https://local host/",
        ],
    )
    def test_that_are_none(self, serve: Serve, prober: Make, realm: str) -> None:
        server = serve(lambda request: challenge(realm.format(canary=CANARY)))
        found = probe(prober(), server)
        assert found.outcome is Outcome.PROTOCOL_ERROR
        assert not has_canary(found, seen_by(server))

    @pytest.mark.parametrize(
        "address", ["169.254.169.254", "10.1.2.3", "::1", "::ffff:169.254.169.254", "fe80::1"]
    )
    def test_at_a_private_address(
        self, serve: Serve, prober: Make, monkeypatch: pytest.MonkeyPatch, address: str
    ) -> None:
        """By its name it is the registry's neighbour; its address tells."""
        addresses = {"registry.corp.example": ["127.0.0.1"], "auth.corp.example": [address]}
        asked: list[str] = []

        def look_up(host: str, port: int) -> list[str]:
            asked.append(host)
            return addresses[host]

        monkeypatch.setattr("pullsecrets.probe.transport.addresses_of", look_up)
        # This one address plays a public one.
        for module in ("flow", "policy"):
            monkeypatch.setattr(
                f"pullsecrets.probe.{module}.is_public", lambda text: text == "127.0.0.1"
            )
        server = serve(lambda request: challenge("http://auth.corp.example/token"))
        name = f"registry.corp.example:{server.port}"
        asking = prober(insecure_registries=[name, "auth.corp.example"])
        found = asking.probe(resolution(f"{name}/a", ANN))
        assert found.outcome is Outcome.REFUSED
        assert f"is at the address {address}" in found.attempts[0].detail
        assert asked == ["registry.corp.example", "auth.corp.example"]

    def test_a_name_that_is_bound_anew(
        self, serve: Serve, prober: Make, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """DNS rebinding: what was looked at is what is connected to."""
        answers = [["127.0.0.1"], ["169.254.169.254"], ["169.254.169.254"]]
        monkeypatch.setattr(
            "pullsecrets.probe.transport.addresses_of", lambda host, port: answers.pop(0)
        )
        server = serve(
            lambda request: reply(
                401, ("WWW-Authenticate", "Basic realm=x"), ("Connection", "close")
            )
        )
        name = f"registry.corp.example:{server.port}"
        asking = prober(insecure_registries=[name])
        for tag in ("1", "2"):
            found = asking.probe(resolution(f"{name}/a:{tag}", ANN))
            assert found.outcome is Outcome.BAD_CREDENTIAL
        assert len(answers) == 2

    def test_a_second_realm_after_the_credential_was_sent(self, serve: Serve, prober: Make) -> None:
        evil = serve(lambda request: token_reply())

        def answer(request: Received) -> bytes:
            if not request.authorization:
                return challenge(f"http://{request.headers['host']}/token")
            if request.target.startswith("/token"):
                return token_reply()
            return challenge(
                f"https://evil.localhost:{evil.port}/{CANARY}", scope="other:scope:pull"
            )

        server = serve(answer)
        found = probe(prober(), server)
        assert found.outcome is Outcome.REFUSED
        assert evil.raw == []
        assert not has_canary(found, json.dumps(found.to_dict()))


class TestRedirects:
    def test_to_another_host_that_asks_for_a_log_in(self, serve: Serve, prober: Make) -> None:
        """containerd sent the pull secret there."""
        evil = serve(lambda request: challenge(f"http://{request.headers['host']}/token"))

        def answer(request: Received) -> bytes:
            if request.authorization is None:
                return reply(401, ("WWW-Authenticate", "Basic realm=x"))
            return reply(307, ("Location", f"{evil.url}/v2/team/a/manifests/1"))

        server = serve(answer)
        found = probe(prober(), server)
        assert found.outcome is Outcome.REFUSED
        assert [r.short for r in evil.received] == [("HEAD", "/v2/team/a/manifests/1")]
        assert not has_canary(seen_by(evil))
        assert "authorization" not in seen_by(evil).lower()

    def test_of_a_token_server(self, serve: Serve, prober: Make) -> None:
        evil = serve(lambda request: token_reply())

        def answer(request: Received) -> bytes:
            if request.target == "/v2/":
                return challenge(f"http://{request.headers['host']}/token")
            return reply(307, ("Location", f"{evil.url}/token"))

        found = probe(prober(), serve(answer))
        assert found.outcome is Outcome.REFUSED
        assert evil.raw == []

    def test_to_a_private_address(
        self, serve: Serve, prober: Make, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        metadata = serve(lambda request: MANIFEST_HEAD)
        monkeypatch.setattr(
            "pullsecrets.probe.transport.addresses_of", lambda host, port: ["127.0.0.1"]
        )
        monkeypatch.setattr("pullsecrets.probe.flow.is_public", lambda address: True)
        server = serve(lambda request: reply(307, ("Location", metadata.url)))
        name = f"registry.corp.example:{server.port}"
        found = prober(insecure_registries=[name]).probe(resolution(f"{name}/a", ANN))
        assert found.outcome is Outcome.REFUSED
        assert "is at the address 127.0.0.1, which is not public" in found.attempts[0].detail
        assert metadata.raw == []


class TestLoops:
    def test_challenges_without_end(self, serve: Serve, prober: Make) -> None:
        numbers = iter(range(1_000_000))

        def answer(request: Received) -> bytes:
            realm = f"http://{request.headers['host']}/token"
            if request.target.startswith("/token"):
                return token_reply(f"t{next(numbers)}")
            return challenge(realm, scope=f"new:scope{next(numbers)}:pull")

        server = serve(answer)
        assert probe(prober(), server).outcome is Outcome.NO_PERMISSION
        assert len(server.received) == 5

    def test_a_token_server_that_challenges(self, serve: Serve, prober: Make) -> None:
        server = serve(lambda request: challenge(f"http://{request.headers['host']}/token"))
        assert probe(prober(), server).outcome is Outcome.BAD_CREDENTIAL
        assert len(server.received) == 2


def forever(piece: bytes, start: bytes = b"") -> Iterator[bytes]:
    yield start
    while True:
        yield piece


def dripping(content: bytes) -> Iterator[bytes]:
    """One byte at a time: each read gets something, so that a limit for each read never ends it."""
    for number in range(len(content)):
        yield content[number : number + 1]
        time.sleep(0.05)


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"

ENDLESS = {
    "status": lambda: forever(b"x" * 999),
    "headers": lambda: forever(b"X-A: b\r\n", OK),
    "one header": lambda: forever(b"x" * 999, OK + b"X-A: "),
    "few long headers": lambda: iter([OK, *[b"X-A: " + b"x" * 60_000 + b"\r\n"] * 20]),
    "interim answers": lambda: forever(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "body": lambda: forever(b"x" * 9999, OK + b"\r\n"),
    "long body": lambda: forever(b"x" * 9999, OK + b"Content-Length: 99999999999\r\n\r\n"),
    "chunks": lambda: forever(b"f\r\n" + b"x" * 15 + b"\r\n", CHUNKED),
    "empty lines": lambda: forever(b"\r\n"),
    "chunk size": lambda: forever(b"1" * 99, CHUNKED),
    "trailers": lambda: forever(b"X-A: b\r\n", CHUNKED + b"0\r\n"),
    "drip of a status": lambda: dripping(b"HTTP/1.1 200 OK" + b"x" * 9999),
    "drip of headers": lambda: dripping(OK + b"X-A: b\r\n" * 9999),
    "drip of a body": lambda: dripping(OK + b"Content-Length: 9999\r\n\r\n" + b"x" * 9999),
    "drip of chunks": lambda: dripping(CHUNKED + b"1\r\nx\r\n" * 9999),
    "silence": lambda: dripping(b""),
}
GARBAGE = {
    "nothing": b"",
    "no http": b"SSH-2.0-OpenSSH_9.6\r\n",
    "no status": b"HTTP/1.1\r\n\r\n",
    "status of letters": b"HTTP/1.1 abc OK\r\n\r\n",
    "status of 7": b"HTTP/1.1 7 OK\r\n\r\n",
    "http/9": b"HTTP/9.9 200 OK\r\n\r\n",
    "binary": bytes(range(256)) * 4,
    "half a status": b"HTTP/1.1 20",
    "half a header": OK + b"Content-",
    "half a body": OK + b"Content-Length: 100\r\n\r\nhalf",
    "half a chunk": CHUNKED + b"64\r\nhalf",
    "a bad chunk": CHUNKED + b"zz\r\nhalf",
    "a bad length": OK + b"Content-Length: -5\r\n\r\n",
    "two lengths": OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "a negative chunk": CHUNKED + b"-5\r\nhello\r\n0\r\n\r\n",
    "gzip": OK + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b\x08",
    "101": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",
}


def registry_failing_at(step: str, failure: Callable[[], object]) -> Answer:
    """A good Bearer registry but for one step."""

    def answer(request: Received) -> object:
        name = {"/v2/": "ping", "/token": "token"}.get(request.target.partition("?")[0], "head")
        if name == step:
            return failure()
        if name == "ping":
            return challenge(f"http://{request.headers['host']}/token")
        return token_reply() if name == "token" else MANIFEST_HEAD

    return answer  # type: ignore[return-value]


STEPS = ("ping", "token", "head")
ALLOWED = {
    Outcome.UNREACHABLE,
    Outcome.PROTOCOL_ERROR,
    # A whole body is not needed to know that a ping, or a manifest, was answered.
    Outcome.PULLABLE,
}


class TestBrokenAnswers:
    @pytest.mark.parametrize("step", STEPS)
    @pytest.mark.parametrize("what", ENDLESS)
    def test_endless(self, serve: Serve, prober: Make, step: str, what: str) -> None:
        server = serve(registry_failing_at(step, ENDLESS[what]))
        found = probe(prober(timeout=LIMIT, deadline=4 * LIMIT), server)
        assert found.outcome in ALLOWED
        if step == "token":
            assert found.outcome is not Outcome.PULLABLE

    @pytest.mark.parametrize("step", STEPS)
    @pytest.mark.parametrize("what", GARBAGE)
    def test_garbage(self, serve: Serve, prober: Make, step: str, what: str) -> None:
        def failure() -> Iterator[bytes]:
            yield GARBAGE[what]
            raise ConnectionError  # and cut

        server = serve(registry_failing_at(step, failure))
        found = probe(prober(timeout=5 * LIMIT), server)
        assert found.outcome in ALLOWED
        if step == "token":
            assert found.outcome is not Outcome.PULLABLE

    @pytest.mark.parametrize("step", STEPS)
    def test_cut(self, serve: Serve, prober: Make, step: str) -> None:
        server = serve(registry_failing_at(step, lambda: None))
        found = probe(prober(), server)
        assert found.outcome is Outcome.UNREACHABLE
        assert found.attempts[0].detail == f"{server.host}: the connection was cut"

    @pytest.mark.parametrize("step", STEPS)
    def test_reset(self, serve: Serve, prober: Make, step: str) -> None:
        server: Scripted

        def failure() -> None:
            for connection in server._open:
                linger = (1).to_bytes(4, "little") + (0).to_bytes(4, "little")
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

        server = serve(registry_failing_at(step, failure))
        assert probe(prober(), server).outcome is Outcome.UNREACHABLE

    def test_a_huge_body_where_none_is_needed(self, serve: Serve, prober: Make) -> None:
        """The status of the ping is known; its body is not read to the end."""

        def ping() -> Iterator[bytes]:
            challenge_header = b'WWW-Authenticate: Basic realm="x"\r\n'
            start = b"HTTP/1.1 401 No\r\n" + challenge_header + b"Content-Length: 9999999\r\n\r\n"
            return forever(b"x" * 99_999, start)

        server = serve(registry_failing_at("ping", ping))
        assert probe(prober(), server).outcome is Outcome.PULLABLE

    def test_a_huge_token(self, serve: Serve, prober: Make) -> None:
        body = json.dumps({"token": "t" * (MAX_BODY + 1)}).encode()
        server = serve(registry_failing_at("token", lambda: reply(200, body=body)))
        found = probe(prober(), server)
        assert found.outcome is Outcome.PROTOCOL_ERROR
        assert found.attempts[0].detail == "the token server's answer is too big"

    def test_deep_json(self, serve: Serve, prober: Make) -> None:
        body = b'{"token":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
        server = serve(registry_failing_at("token", lambda: reply(200, body=body)))
        assert probe(prober(), server).outcome is Outcome.PROTOCOL_ERROR

    def test_refused(self, prober: Make) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        found = prober().probe(resolution(f"localhost:{port}/a", ANN))
        assert found.outcome is Outcome.UNREACHABLE
        assert found.attempts[0].detail == (f"localhost:{port}: no connection: Connection refused")

    def test_nobody_accepts(self, prober: Make) -> None:
        """A listener whose queue is full answers no connection attempt at all."""
        with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
            port = listener.getsockname()[1]
            queue = []
            for _ in range(8):
                waiting = socket.socket()
                waiting.setblocking(False)
                waiting.connect_ex(("127.0.0.1", port))
                queue.append(waiting)
            found = prober(timeout=LIMIT).probe(resolution(f"localhost:{port}/a", ANN))
            for waiting in queue:
                waiting.close()
        assert found.outcome is Outcome.UNREACHABLE

    def test_a_name_server_that_takes_its_time(
        self, prober: Make, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        over = threading.Event()

        def slow(host: str, port: int) -> list[str]:
            over.wait(60)
            return []

        monkeypatch.setattr("pullsecrets.probe.transport.addresses_of", slow)
        found = prober(timeout=LIMIT).probe(resolution("slow.example.com/a", ANN))
        over.set()
        assert found.outcome is Outcome.UNREACHABLE
        assert "the name look-up took too long" in found.attempts[0].detail

    def test_the_whole_probe_has_a_deadline(self, serve: Serve, prober: Make) -> None:
        over = threading.Event()

        def answer(request: Received) -> bytes | None:
            if request.target == "/v2/":
                return reply(200)
            over.wait(60)
            return None

        server = serve(answer)
        found = prober(deadline=LIMIT).probe(resolution(server.image(), ANN, ("bob", "x")))
        over.set()
        assert [a.outcome for a in found.attempts] == [Outcome.UNREACHABLE] * 2
        assert [a.detail for a in found.attempts] == [
            f"{server.host}: the time limit was reached",
            "not asked: the probe's time was over",
        ]
        # It says something about that probe, not about the registry: another one asks.
        assert found.starts is None

    def test_a_deadline_that_is_over_is_not_remembered(self, serve: Serve, prober: Make) -> None:
        over, slow = threading.Event(), [True]

        def answer(request: Received) -> bytes | None:
            if slow:
                over.wait(60)
                return None
            return MANIFEST_HEAD

        server = serve(answer)
        asking = prober(deadline=LIMIT)
        assert probe(asking, server).outcome is Outcome.UNREACHABLE
        slow.clear()
        over.set()
        # A busy machine may need more than that for the next one, too.
        again = (probe(asking, server).outcome for _ in range(100))
        assert Outcome.PULLABLE in again


class TestTls:
    def test_a_private_authority(self, serve: Serve, prober: Make, authority: Authority) -> None:
        server = serve(lambda _: MANIFEST_HEAD, tls=authority.issue("localhost", name="good"))
        image = server.image()
        # localhost is asked over plain http first, without any credential.
        trusting = prober(ca=authority.path)
        assert trusting.probe(resolution(image, ANN)).outcome is Outcome.PULLABLE
        found = prober().probe(resolution(image, ANN))
        assert found.outcome is Outcome.TLS_ERROR
        assert "unable to get local issuer certificate" in found.attempts[0].detail
        assert not has_canary(seen_by(server))

    def test_the_authorities_that_requests_brings(
        self, serve: Serve, prober: Make, authority: Authority, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("requests.utils.DEFAULT_CA_BUNDLE_PATH", str(authority.path))
        server = serve(lambda _: MANIFEST_HEAD, tls=authority.issue("localhost", name="bundle"))
        assert prober().probe(resolution(server.image(), ANN)).outcome is Outcome.PULLABLE

    def test_the_authorities_of_the_environment(
        self, serve: Serve, prober: Make, authority: Authority, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
        server = serve(lambda _: MANIFEST_HEAD, tls=authority.issue("localhost", name="system"))
        assert prober().probe(resolution(server.image(), ANN)).outcome is Outcome.PULLABLE

    @pytest.mark.parametrize("what", ["other name", "expired", "other authority"])
    def test_bad(
        self, serve: Serve, prober: Make, authority: Authority, tmp_path: Path, what: str
    ) -> None:
        if what == "other authority":
            certificate = Authority(tmp_path).issue("localhost", name="other")
        elif what == "expired":
            certificate = authority.issue("localhost", name="expired", expired=True)
        else:
            certificate = authority.issue("example.com", name="example")
        server = serve(
            lambda request: reply(401, ("WWW-Authenticate", "Basic realm=x")), tls=certificate
        )
        asking = prober(ca=authority.path, api_hosts={"x.io": server.url})
        found = asking.probe(resolution("x.io/a", ANN))
        assert found.outcome is Outcome.TLS_ERROR
        assert found.starts is None
        assert server.received == []

    def test_none_at_all(self, serve: Serve, prober: Make) -> None:
        server = serve(lambda request: reply(200))
        asking = prober(api_hosts={"x.io": f"https://{server.host}"}, timeout=LIMIT)
        found = asking.probe(resolution("x.io/a", ANN))
        assert found.outcome in (Outcome.TLS_ERROR, Outcome.UNREACHABLE)
        assert not has_canary(seen_by(server))

    @pytest.mark.parametrize("reaction", ["cut", "silence", "drip", "garbage"])
    def test_a_handshake_that_fails(self, prober: Make, reaction: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            over = threading.Event()

            def accept() -> None:
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65536)
                    if reaction == "garbage":
                        connection.sendall(b"no TLS here\r\n" * 100)
                    elif reaction == "drip":
                        while not over.wait(0.05):
                            connection.sendall(b"\x16\x03\x03\x40\x00"[:1])
                    elif reaction == "silence":
                        over.wait(60)

            thread = threading.Thread(target=accept, daemon=True)
            thread.start()
            asking = prober(api_hosts={"x.io": f"https://localhost:{port}"}, timeout=LIMIT)
            found = asking.probe(resolution("x.io/a", ANN))
            over.set()
            thread.join(10)
        assert found.outcome in (Outcome.TLS_ERROR, Outcome.UNREACHABLE)

    def test_old_versions(self, prober: Make, authority: Authority) -> None:
        files = authority.issue("localhost", name="old")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files.certificate, files.key)
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
        with socket.create_server(("127.0.0.1", 0)) as listener:

            def accept() -> None:
                connection, _ = listener.accept()
                with connection, pytest.raises(ssl.SSLError):
                    context.wrap_socket(connection, server_side=True)

            thread = threading.Thread(target=accept, daemon=True)
            thread.start()
            url = f"https://localhost:{listener.getsockname()[1]}"
            found = prober(ca=authority.path, api_hosts={"x.io": url}).probe(
                resolution("x.io/a", ANN)
            )
            thread.join(10)
        assert found.outcome is Outcome.TLS_ERROR

    def test_a_client_certificate_is_shown_to_its_host_only(
        self, prober: Make, authority: Authority
    ) -> None:
        server_files = authority.issue("localhost", "127.0.0.1", name="mutual")
        client = authority.issue(name="client")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(server_files.certificate, server_files.key)
        context.verify_mode = ssl.CERT_OPTIONAL
        context.load_verify_locations(authority.path)
        seen: list[object] = []
        with socket.create_server(("127.0.0.1", 0)) as listener:

            def accept() -> None:
                for _ in range(2):
                    connection, _ = listener.accept()
                    with context.wrap_socket(connection, server_side=True) as stream:
                        for _ in range(2):
                            stream.recv(65536)
                            seen.append(bool(stream.getpeercert()))
                            stream.sendall(MANIFEST_HEAD)

            thread = threading.Thread(target=accept, daemon=True)
            thread.start()
            port = listener.getsockname()[1]
            files = (str(client.certificate), str(client.key))
            asking = prober(
                ca=authority.path,
                client_certificates={"LOCALHOST": files},
                api_hosts={
                    "a.io": f"https://localhost:{port}",
                    "b.io": f"https://127.0.0.1:{port}",
                },
            )
            for name in ("a.io", "b.io"):
                assert asking.probe(resolve(f"{name}/a", [])).outcome is Outcome.PULLABLE
            asking.close()
            thread.join(10)
        assert seen == [True, True, False, False]

    @pytest.mark.parametrize("reaction", ["cut", "400"])
    def test_localhost_may_speak_https_instead(
        self, prober: Make, authority: Authority, reaction: str
    ) -> None:
        """Go's servers answer plain http with 400, others cut: neither has seen a credential."""
        files = authority.issue("localhost", name="both")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files.certificate, files.key)
        received: list[bytes] = []
        with socket.create_server(("127.0.0.1", 0)) as listener:

            def accept() -> None:
                plain, _ = listener.accept()
                with plain:
                    received.append(plain.recv(65536))
                    if reaction == "400":
                        plain.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent HTTP")
                connection, _ = listener.accept()
                with context.wrap_socket(connection, server_side=True) as stream:
                    for answer in (reply(401, ("WWW-Authenticate", "Basic x=y")), MANIFEST_HEAD):
                        received.append(stream.recv(65536))
                        stream.sendall(answer)

            thread = threading.Thread(target=accept, daemon=True)
            thread.start()
            image = f"localhost:{listener.getsockname()[1]}/a"
            found = prober(ca=authority.path).probe(resolution(image, ANN))
            thread.join(10)
        assert found.outcome is Outcome.PULLABLE
        assert [b"uthorization" in request for request in received] == [False, False, True]
        assert [r.url.partition(":")[0] for r in found.attempts[0].requests] == [
            "http",
            "https",
            "https",
        ]

    def test_a_400_of_a_registry_that_speaks_only_http(self, serve: Serve, prober: Make) -> None:
        server = serve(lambda request: reply(400) if request.target == "/v2/" else MANIFEST_HEAD)
        assert probe(prober(), server).outcome is Outcome.PULLABLE

    def test_certificates_that_are_none(self, tmp_path: Path) -> None:
        (tmp_path / "ca.pem").write_text("nothing")
        for how in (
            {"ca": tmp_path / "ca.pem"},
            {"ca": tmp_path / "missing.pem"},
            {"client_certificates": {"a": (str(tmp_path / "ca.pem"), "b")}},
        ):
            with pytest.raises(ValueError, match="certificates: "):
                Prober(**how)


class TestNothingLeaks:
    def test_what_servers_write_is_shown_escaped(self, serve: Serve, prober: Make) -> None:
        said = json.dumps({"errors": [{"code": "\x1b[31mX", "message": "a\r\nb\x00\u202e" * 99}]})
        server = serve(registry_failing_at("token", lambda: reply(403, body=said.encode())))
        (attempt,) = probe(prober(), server).attempts
        assert "\\x1b[31mX a\\r\\nb\\x00\\u202e" in attempt.detail
        assert attempt.detail.isprintable()
        assert len(attempt.detail) < 400

    def test_headers_with_control_characters(self, serve: Serve, prober: Make) -> None:
        head = (
            b"HTTP/1.1 200 OK\r\nRateLimit-Limit: \x1b[31m5\x07\r\n"
            b"Docker-Content-Digest: sha256:" + b"0" * 64 + b"\r\n"
            b"RateLimit-Remaining: \xff\xfe\r\nContent-Type: \x00\r\nX-RateLimit-\x1b: 1\r\n\r\n"
        )
        server = serve(registry_failing_at("head", lambda: head))
        (attempt,) = probe(prober(), server).attempts
        assert attempt.outcome is Outcome.PULLABLE
        assert attempt.rate_limit["ratelimit-limit"] == "\\x1b[31m5\\x07"
        for name, value in attempt.rate_limit.items():
            assert (name + value).isprintable()

    @pytest.mark.parametrize("secret", [CANARY, "x", '"quoted\\"', "späße", "a b&c"])
    @pytest.mark.parametrize(
        "spelling",
        [
            lambda secret: secret,
            lambda secret: basic("ann", secret).partition(" ")[2],
            lambda secret: json.dumps(secret)[1:-1],
        ],
        ids=["plain", "base64", "json"],
    )
    def test_a_server_that_repeats_the_secret(
        self, serve: Serve, prober: Make, secret: str, spelling: Callable[[str], str]
    ) -> None:
        echo = f"<<{spelling(secret)}>>"
        said = json.dumps({"errors": [{"code": "NO", "message": echo}]}, ensure_ascii=False)

        def token() -> bytes:
            limit = ("RateLimit-Limit", spelling(secret).encode().decode("latin-1"))
            return reply(401, limit, body=said.encode())

        server = serve(registry_failing_at("token", token))
        found = prober().probe(resolution(server.image(), ("ann", secret)))
        assert echo not in found.attempts[0].detail
        assert "(not shown: it repeats what is secret)" in found.attempts[0].detail

    @pytest.mark.parametrize("secret", [CANARY, "can\x1bary-secret"])
    @pytest.mark.parametrize("padding", range(150, 210, 6))
    def test_a_realm_that_repeats_the_secret(
        self, serve: Serve, prober: Make, secret: str, padding: int
    ) -> None:
        """Wherever a long text is cut: no part of the secret is left on the near side."""

        def answer(request: Received) -> bytes:
            if not request.authorization:
                return reply(401, ("WWW-Authenticate", "Basic realm=x"))
            return challenge(f"nonsense://{'a' * padding}{secret}")

        found = prober().probe(resolution(serve(answer).image(), ("ann", secret)))
        assert found.outcome is Outcome.PROTOCOL_ERROR
        assert secret[:3] not in found.attempts[0].detail

    def test_a_token_is_shown_nowhere(self, serve: Serve, prober: Make) -> None:
        def answer(request: Received) -> bytes | None:
            if request.target == "/v2/":
                return challenge(f"http://{request.headers['host']}/token")
            return token_reply(CANARY) if "token" in request.target else None

        found = prober().probe(resolve(serve(answer).image(), []))
        assert found.outcome is Outcome.UNREACHABLE
        assert not has_canary(found, json.dumps(found.to_dict()))

    def test_a_token_that_the_registry_repeats(self, serve: Serve, prober: Make) -> None:
        def answer(request: Received) -> bytes:
            if request.target == "/v2/":
                return challenge(f"http://{request.headers['host']}/token")
            if "token" in request.target:
                return token_reply(CANARY)
            return reply(
                307, ("RateLimit-Limit", CANARY), ("Location", f"http://{CANARY}.localhost/")
            )

        found = prober().probe(resolve(serve(answer).image(), []))
        assert found.outcome is Outcome.UNREACHABLE
        assert "the name has no address" in found.attempts[0].detail
        assert not has_canary(found, json.dumps(found.to_dict()))

    def test_a_challenge_that_repeats_the_secret(self, serve: Serve, prober: Make) -> None:
        """The first challenge made it send the credential; the second one has it in all fields."""

        def answer(request: Received) -> bytes:
            if not request.authorization:
                return reply(401, ("WWW-Authenticate", "Basic realm=x"))
            if "token" in request.target:
                return reply(401)
            realm = f"http://{request.headers['host']}/token/{CANARY}?{CANARY}"
            return challenge(realm, service=CANARY, scope=f"{CANARY} own:scope:x")

        server = serve(answer)
        found = probe(prober(), server)
        assert found.outcome is Outcome.BAD_CREDENTIAL
        assert CANARY in server.received[-1].target
        assert not has_canary(found, json.dumps(found.to_dict()))
        assert "own:scope:x" in found.attempts[0].requests[-1].url

    def test_logs(self, serve: Serve, prober: Make, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        # The official Kubernetes client, where another test used it, has turned this one down.
        caplog.set_level(logging.DEBUG, logger="urllib3")
        for step in (*STEPS, "none"):
            server = serve(registry_failing_at(step, lambda: None))
            probe(prober(identity_token=lambda _: Password(CANARY)), server)
            probe(prober(), server)
        assert caplog.records
        assert not has_canary(caplog.text, *(record.__dict__ for record in caplog.records))
        assert "t0ken" not in caplog.text

    def test_errors_hold_nothing_of_the_request(self, serve: Serve) -> None:
        """`requests` puts the request into its exceptions, and `raise ... from` would keep them."""
        transport = Transport()
        server = serve(lambda request: None)
        with pytest.raises(Failed) as caught:
            transport.send(
                "GET",
                Target.parse(f"{server.url}/?{CANARY}"),
                time.monotonic() + 20,
                headers={"Authorization": CANARY},
            )
        transport.close()
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None
        assert not has_canary(repr(caught.value), vars(caught.value))

    def test_the_environment_and_cookies_are_left_alone(
        self, serve: Serve, prober: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        spy = serve(lambda request: reply(200))
        netrc = tmp_path / "netrc"
        netrc.write_text(f"default login ann password {CANARY}\n")
        netrc.chmod(0o600)
        monkeypatch.setenv("NETRC", str(netrc))
        monkeypatch.setenv("HOME", str(tmp_path))
        (tmp_path / ".netrc").write_text(netrc.read_text())
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, spy.url)
            monkeypatch.setenv(name.lower(), spy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", os.devnull)

        def answer(request: Received) -> bytes:
            cookie = ("Set-Cookie", "session=1; Path=/")
            realm = ("WWW-Authenticate", f'Bearer realm="http://{request.headers["host"]}/token"')
            if request.target == "/v2/":
                return reply(401, cookie, realm)
            if request.target.startswith("/token"):
                return reply(200, cookie, body=b'{"token":"t"}')
            return reply(200, cookie, ("Content-Type", MANIFEST))

        server = serve(answer)
        asking = prober()
        for tag in ("1", "2"):
            found = asking.probe(resolve(server.image(f"team/a:{tag}"), []))
            assert found.outcome is Outcome.PULLABLE
        assert spy.raw == []
        assert "cookie" not in seen_by(server).lower()
        assert not has_canary(seen_by(server))
        assert {r.headers["user-agent"] for r in server.received} == {"pullsecrets"}

    def test_https_through_a_proxy(self, serve: Serve, prober: Make, authority: Authority) -> None:
        """It sees where the tunnel goes, and nothing of what is in it."""
        server = serve(
            lambda request: (
                MANIFEST_HEAD
                if request.authorization
                else reply(401, ("WWW-Authenticate", "Basic realm=x"))
            ),
            tls=authority.issue("registry.example", name="tunnel"),
        )
        seen: list[bytes] = []

        def pump(source: socket.socket, sink: socket.socket) -> None:
            with contextlib.suppress(OSError):
                while piece := source.recv(65536):
                    seen.append(piece)
                    sink.sendall(piece)
            with contextlib.suppress(OSError):
                sink.shutdown(socket.SHUT_RDWR)

        with socket.create_server(("127.0.0.1", 0)) as listener:

            def accept() -> None:
                client, _ = listener.accept()
                with client, socket.create_connection(("127.0.0.1", server.port)) as upstream:
                    seen.append(client.recv(65536))
                    client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                    back = threading.Thread(target=pump, args=(upstream, client), daemon=True)
                    back.start()
                    pump(client, upstream)
                    back.join(10)

            thread = threading.Thread(target=accept, daemon=True)
            thread.start()
            asking = prober(
                ca=authority.path, proxy=f"http://localhost:{listener.getsockname()[1]}"
            )
            found = asking.probe(resolution("registry.example/a", ANN))
            asking.close()
            thread.join(10)
        assert found.outcome is Outcome.PULLABLE
        assert seen[0].startswith(b"CONNECT registry.example:443 HTTP/1.")
        assert not has_canary(b"".join(seen).decode("latin-1"))

    def test_a_proxy_by_explicit_setting(self, serve: Serve, prober: Make) -> None:
        proxy = serve(lambda request: reply(403) if request.method == "CONNECT" else MANIFEST_HEAD)
        asking = prober(
            proxy=f"http://user:pass@{proxy.host}", insecure_registries=["reg.example.com"]
        )
        assert asking.probe(resolve("reg.example.com/a", [])).outcome is Outcome.PULLABLE
        assert proxy.asked[0] == ("GET", "http://reg.example.com/v2/")
        assert proxy.received[0].headers["proxy-authorization"] == basic("user", "pass")
        # https goes through a tunnel, which this one does not open.
        found = asking.probe(resolution("secure.example.com/a", ANN))
        assert found.starts is None
        assert proxy.received[-1].method == "CONNECT"
        assert not has_canary(seen_by(proxy))
        # A literal address needs no name server.
        found = asking.probe(resolution("10.0.0.1/a", ANN))
        assert found.starts is None
        with pytest.raises(ValueError, match="a proxy is named by"):
            Prober(proxy="socks5://localhost")
