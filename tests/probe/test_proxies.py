"""The proxy: what goes through it, what does not, and what it says by itself."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from probing import (
    CANARY,
    MANIFEST_HEAD,
    Received,
    Scripted,
    basic,
    reply,
    resolution,
)

from pullsecrets import resolve
from pullsecrets.probe import Outcome, Prober
from pullsecrets.probe.policy import Target
from pullsecrets.probe.proxies import Proxy
from registries import Authority

Serve = Callable[..., Scripted]
Make = Callable[..., Prober]

ANN = ("ann", CANARY)


def basic_registry(request: Received) -> bytes:
    if request.authorization == basic(*ANN):
        return MANIFEST_HEAD
    return reply(401, ("WWW-Authenticate", "Basic realm=x"))


@pytest.mark.parametrize(
    "url",
    [
        *("http://", "http://h:abc", "http://h:0", "http://h:99999", "socks5://h", "h:3128", ""),
        *("http://h/path", "http://h?x", "https://", "http://user:hunter2@", "http://h h"),
    ],
)
def test_that_are_none(url: str) -> None:
    with pytest.raises(ValueError, match=r"a proxy is named by http://HOST:PORT") as caught:
        Proxy.parse(url)
    assert "hunter2" not in str(caught.value)


def test_a_log_in() -> None:
    proxy = Proxy.parse("https://us%40er:p%3Ass@proxy.io:3128/")
    assert str(proxy.origin) == "https://proxy.io:3128"
    assert proxy.headers == {"proxy-authorization": basic("us@er", "p:ss")}
    assert "p:ss" not in repr(proxy)
    assert Proxy.parse("http://proxy.io").headers == {}


@pytest.mark.parametrize(
    "no_proxy, url, served",
    [
        ([], "https://x.io", True),
        ([], "http://localhost:5000", False),
        ([], "http://127.0.0.9:5000", False),
        ([], "http://[::1]:5000", False),
        (["x.io"], "https://x.io", False),
        (["x.io"], "https://a.x.io", False),
        (["X.IO "], "https://a.x.io", False),
        (["x.io"], "https://evilx.io", True),
        (["x.io"], "https://10.0.0.1", True),
        ([".x.io"], "https://a.x.io", False),
        (["*.x.io"], "https://a.x.io", False),
        (["x.io:443"], "https://x.io", False),
        (["x.io:5000"], "https://x.io", True),
        (["10.0.0.0/8"], "https://10.1.2.3", False),
        (["10.0.0.0/8"], "https://11.1.2.3", True),
        (["10.0.0.0/8"], "https://x.io", True),
        (["10.1.2.3"], "https://10.1.2.3", False),
        (["10.1.2.3:444"], "https://10.1.2.3", True),
        (["fd00::/8"], "https://[fd00::1]", False),
        (["[fd00::1]:443"], "https://[fd00::1]", False),
        (["fd00::1"], "https://[fd00::1]", False),
        (["fd00::1"], "https://10.0.0.1", True),
        (["*"], "https://x.io", False),
        ("a.io,x.io", "https://x.io", False),
        ("", "https://x.io", True),
    ],
)
def test_what_it_serves(no_proxy: Any, url: str, served: bool) -> None:
    proxy = Proxy.parse("http://proxy.io:3128", no_proxy)
    assert proxy.serves(Target.parse(url).origin) is served


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
def test_what_is_local_never_goes_through_it(serve: Serve, prober: Make, name: str) -> None:
    """It would get the log-in in the clear."""
    spy = serve(lambda request: reply(200))
    server = serve(basic_registry)
    asking = prober(proxy=spy.foreign)
    found = asking.probe(resolution(f"{name}:{server.port}/a", ANN))
    assert found.outcome is Outcome.PULLABLE
    assert spy.raw == []


def test_what_is_named_goes_past_it(serve: Serve, prober: Make) -> None:
    spy = serve(lambda request: reply(200))
    server = serve(basic_registry)
    how = {"proxy": spy.url, "insecure_registries": ["foreign.test"]}
    past = prober(no_proxy=["foreign.test"], **how)
    image = f"foreign.test:{server.port}/a"
    assert past.probe(resolution(image, ANN)).outcome is Outcome.PULLABLE
    assert spy.raw == []
    prober(**how).probe(resolve(image, []))
    assert spy.asked[0] == ("GET", f"http://foreign.test:{server.port}/v2/")


class TestWhatItSaysByItself:
    @pytest.mark.parametrize("status", [403, 407, 502])
    def test_to_a_tunnel(self, serve: Serve, prober: Make, status: int) -> None:
        proxy = serve(lambda request: reply(status))
        found = prober(proxy=proxy.url).probe(resolution("secure.example.com/a", ANN))
        assert (found.outcome, found.starts) == (Outcome.UNREACHABLE, None)
        assert found.attempts[0].detail == (
            f"secure.example.com: the proxy opens no tunnel ({status})"
        )

    @pytest.mark.parametrize(
        "status, expected",
        [
            (407, "the proxy asks for a log-in (407)"),
            (403, "reg.example or the proxy answers 403; which of them cannot be told"),
            (502, "reg.example or the proxy answers 502; which of them cannot be told"),
        ],
    )
    def test_to_plain_http(self, serve: Serve, prober: Make, status: int, expected: str) -> None:
        proxy = serve(lambda r: reply(status) if r.method == "HEAD" else reply(200))
        asking = prober(proxy=proxy.url, insecure_registries=["reg.example"])
        found = asking.probe(resolve("reg.example/a", []))
        assert (found.outcome, found.starts) == (Outcome.UNREACHABLE, None)
        assert found.attempts[0].detail == expected

    def test_a_registrys_no_is_known_by_its_header(self, serve: Serve, prober: Make) -> None:
        no = reply(403, ("Docker-Distribution-Api-Version", "registry/2.0"))
        proxy = serve(lambda r: no if r.method == "HEAD" else reply(200))
        asking = prober(proxy=proxy.url, insecure_registries=["reg.example"])
        assert asking.probe(resolve("reg.example/a", [])).outcome is Outcome.NO_PERMISSION


@contextlib.contextmanager
def tunnel(context: ssl.SSLContext, upstream: Scripted) -> Iterator[tuple[int, list[bytes]]]:
    """An https proxy on loopback: port, and all that it saw inside of its own TLS."""
    seen: list[bytes] = []

    def serve(plain: socket.socket) -> None:
        with contextlib.suppress(OSError), context.wrap_socket(plain, server_side=True) as client:
            request = client.recv(65536)
            seen.append(request)
            if not request.startswith(b"CONNECT"):
                client.sendall(reply(200) if b"/v2/ " in request else MANIFEST_HEAD)
                return
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            with socket.create_connection(("127.0.0.1", upstream.port)) as server:
                back = threading.Thread(target=pump, args=(server, client), daemon=True)
                back.start()
                pump(client, server)
                back.join(10)

    def pump(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                seen.append(piece)
                sink.sendall(piece)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)

    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    threading.Thread(target=serve, args=(connection,), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield listener.getsockname()[1], seen
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def server_context(certificate: Any) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    return context


class TestHttpsProxies:
    def test_tls_goes_through_tls(self, serve: Serve, prober: Make, authority: Authority) -> None:
        """The proxy sees where the tunnel goes, the network between not even that."""
        registry = serve(basic_registry, tls=authority.issue("registry.example", name="inner"))
        outer = server_context(authority.issue("localhost", name="outer"))
        with tunnel(outer, registry) as (port, seen):
            asking = prober(ca=authority.path, proxy=f"https://ann:x@localhost:{port}")
            for tag in "12":
                found = asking.probe(resolution(f"registry.example/a:{tag}", ANN))
                assert found.outcome is Outcome.PULLABLE
            asking.close()
        assert seen[0].startswith(b"CONNECT registry.example:443 HTTP/1.")
        assert basic("ann", "x").encode() in seen[0]
        inside = b"".join(seen[1:])
        assert CANARY.encode() not in inside
        assert basic(*ANN).encode() not in inside

    def test_plain_http_goes_through_tls(
        self, serve: Serve, prober: Make, authority: Authority
    ) -> None:
        outer = server_context(authority.issue("localhost", name="outer-plain"))
        with tunnel(outer, serve(basic_registry)) as (port, seen):
            asking = prober(
                ca=authority.path,
                proxy=f"https://localhost:{port}",
                insecure_registries=["reg.example"],
            )
            found = asking.probe(resolve("reg.example/a", []))
            assert found.outcome is Outcome.PULLABLE
            asking.close()
        assert seen[0].startswith(b"GET http://reg.example/v2/ HTTP/1.1\r\n")

    def test_a_proxy_that_is_not_trusted(
        self, serve: Serve, prober: Make, authority: Authority
    ) -> None:
        outer = server_context(authority.issue("localhost", name="outer-strange"))
        with tunnel(outer, serve(basic_registry)) as (port, seen):
            asking = prober(proxy=f"https://localhost:{port}")
            found = asking.probe(resolution("registry.example/a", ANN))
            asking.close()
        assert found.outcome is Outcome.UNREACHABLE
        assert "the proxy: TLS: unable to get local issuer" in found.attempts[0].detail
        assert seen == []

    def test_a_registry_that_is_not_trusted_is_not_the_proxys_fault(
        self, serve: Serve, prober: Make, authority: Authority
    ) -> None:
        registry = serve(basic_registry, tls=authority.issue("other.example", name="inner-strange"))
        outer = server_context(authority.issue("localhost", name="outer-good"))
        with tunnel(outer, registry) as (port, _):
            asking = prober(ca=authority.path, proxy=f"https://localhost:{port}")
            found = asking.probe(resolution("registry.example/a", ANN))
            asking.close()
        assert found.outcome is Outcome.TLS_ERROR
        assert found.attempts[0].detail.startswith("registry.example: TLS: ")
