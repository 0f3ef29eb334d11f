"""What the probe's tests share: manifests in a line, and servers that answer as a test scripts."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from attrs import field, frozen

from pullsecrets import Cluster, PullSecret, Resolution, resolve
from registries import Certificate

CANARY = "canary-7Qz4-secret"
"""The password that must reach nobody but the registry and its token server."""

MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def secret(name: str, *entries: tuple[str, str, str], namespace: str = "default") -> PullSecret:
    """A pull secret from (entry, user, password)."""
    return PullSecret.from_manifest(secret_manifest(name, *entries, namespace=namespace))


def secret_manifest(
    name: str, *entries: tuple[str, str, str], namespace: str = "default"
) -> dict[str, Any]:
    auths = {entry: {"username": user, "password": password} for entry, user, password in entries}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "type": "kubernetes.io/dockerconfigjson",
        "stringData": {".dockerconfigjson": json.dumps({"auths": auths})},
    }


def pod_manifest(name: str, images: Iterable[str], secrets: Iterable[str] = ()) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {
            "containers": [{"name": f"c{n}", "image": image} for n, image in enumerate(images)],
            "imagePullSecrets": [{"name": secret} for secret in secrets],
        },
    }


def cluster(*manifests: Mapping[str, Any]) -> Cluster:
    found = Cluster.from_manifests(manifests)
    assert not found.problems
    return found


def resolution(image: str, *logins: tuple[str, str]) -> Resolution:
    """Candidates for the image's registry, in this order: one secret for each login."""
    host = image.partition("/")[0]
    return resolve(image, [secret(f"s{n}", (host, *login)) for n, login in enumerate(logins)])


@frozen
class Received:
    """One request as it came in; `connection` tells over which connection."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    connection: int

    @property
    def authorization(self) -> str | None:
        return self.headers.get("authorization")

    @property
    def short(self) -> tuple[str, str]:
        return self.method, self.target


Answer: TypeAlias = Callable[[Received], "bytes | Iterable[bytes] | None"]


def reply(status: int, *headers: tuple[str, str], body: bytes = b"") -> bytes:
    """A whole answer, as bytes."""
    lines = [f"HTTP/1.1 {status} Status", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def challenge(realm: str, *, service: str = "s", **more: str) -> bytes:
    """A 401 with a Bearer challenge."""
    pairs = {"realm": realm, "service": service, **more}
    text = ",".join(f'{name}="{value}"' for name, value in pairs.items())
    return reply(401, ("WWW-Authenticate", f"Bearer {text}"))


def token_reply(token: str = "t0ken", **more: object) -> bytes:
    return reply(200, body=json.dumps({"token": token, **more}).encode())


MANIFEST_HEAD = reply(200, ("Content-Type", MANIFEST), ("Docker-Content-Digest", "sha256:0"))
NO_BODY_404 = b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\n"  # of a HEAD: no body follows


@frozen(eq=False)
class Scripted:
    """A server on loopback that answers each request with what a function gives.

    The function returns bytes, or an iterable of pieces, or None to cut the connection.

    Attributes:
        received: all requests, in the order in which they came in.
        raw: all bytes, of what is no request, too.
    """

    answer: Answer
    tls: Certificate | None = None
    received: list[Received] = field(factory=list)
    raw: list[bytes] = field(factory=list)
    address: str = "127.0.0.1"
    _listener: socket.socket = field()
    _open: list[socket.socket] = field(factory=list)

    @_listener.default
    def _listen(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self.address else socket.AF_INET
        return socket.create_server((self.address, 0), family=family)

    @property
    def port(self) -> int:
        number: int = self._listener.getsockname()[1]
        return number

    @property
    def host(self) -> str:
        return f"localhost:{self.port}"

    @property
    def url(self) -> str:
        return f"{'http' if self.tls is None else 'https'}://{self.host}"

    @property
    def foreign(self) -> str:
        """The same by a name on another site; over plain http only where it was named."""
        return f"http://foreign.test:{self.port}"

    @property
    def asked(self) -> list[tuple[str, str]]:
        """Method and target of all requests."""
        return [request.short for request in self.received]

    def image(self, name: str = "team/a:1") -> str:
        return f"{self.host}/{name}"

    @contextlib.contextmanager
    def running(self) -> Iterator[Scripted]:
        threads = [threading.Thread(target=self._accept, daemon=True)]
        threads[0].start()
        try:
            yield self
        finally:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            for connection in list(self._open):
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            threads[0].join(10)

    def _accept(self) -> None:
        threads = []
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                break
            self._open.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection, len(self._open)))
            thread.daemon = True
            thread.start()
            threads.append(thread)
        for thread in threads:
            thread.join(10)

    def _serve(self, plain: socket.socket, number: int) -> None:
        with contextlib.ExitStack() as stack:
            connection = stack.enter_context(plain)
            stack.enter_context(contextlib.suppress(OSError))
            plain.settimeout(60)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.tls is None and plain.recv(1, socket.MSG_PEEK) == b"\x16":
                return  # a TLS handshake, which this server does not speak
            if self.tls is not None:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(self.tls.certificate, self.tls.key)
                connection = stack.enter_context(context.wrap_socket(plain, server_side=True))
                self._open[number - 1] = connection
            stream = stack.enter_context(connection.makefile("rb"))
            while (request := self._read(stream, number)) is not None:
                self.received.append(request)
                answer = self.answer(request)
                if answer is None:
                    return
                for piece in [answer] if isinstance(answer, bytes) else answer:
                    connection.sendall(piece)

    def _read(self, stream: Any, number: int) -> Received | None:
        head = []
        while line := stream.readline(65536):
            self.raw.append(line)
            if line in (b"\r\n", b"\n"):
                break
            head.append(line.decode("latin-1").rstrip("\r\n"))
        parts = head[0].split(" ") if head else []
        if not line or len(parts) != 3:
            return None
        headers = {}
        for entry in head[1:]:
            name, _, value = entry.partition(":")
            headers[name.lower()] = value.strip()
        body = stream.read(int(headers.get("content-length", "0")))
        self.raw.append(body)
        return Received(parts[0], parts[1], headers, body, number)
