"""A registry for tests: in the test's own process, on loopback, on the standard library alone.

It answers as distribution 2.8 does when it is read-only: the same suite of tests runs against both.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import posixpath
import re
import secrets
import socket
import ssl
import threading
import time
import urllib.parse
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Literal, cast

from attrs import field, frozen

from pullsecrets.secrecy import Password

__all__ = [
    "DOCKER_LIST",
    "DOCKER_MANIFEST",
    "OCI_INDEX",
    "OCI_MANIFEST",
    "FakeRegistry",
    "RegistryRequest",
]

OCI_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX: Final = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST: Final = "application/vnd.docker.distribution.manifest.list.v2+json"

_JSON: Final = "application/json; charset=utf-8"
_TEXT: Final = "text/plain; charset=utf-8"

# The routes of distribution 2.8 (registry/api/v2/descriptors.go). Their name begins with what may
# be a host, which is why an upper-case first component gets through.
_HOST_LABEL: Final = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_HOST: Final = rf"{_HOST_LABEL}(?:\.{_HOST_LABEL})*(?::[0-9]+)?"
_COMPONENT: Final = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_NAME: Final = rf"(?P<name>(?:{_HOST}/)?{_COMPONENT}(?:/{_COMPONENT})*)"
_TAG: Final = r"[\w][\w.-]{0,127}"
_DIGEST: Final = r"[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+"
_ROUTES: Final = {
    "base": re.compile(r"/v2/"),
    "catalog": re.compile(r"/v2/_catalog"),
    "tags": re.compile(rf"/v2/{_NAME}/tags/list"),
    "manifest": re.compile(rf"/v2/{_NAME}/manifests/(?P<reference>{_TAG}|{_DIGEST})", re.ASCII),
    "blob": re.compile(rf"/v2/{_NAME}/blobs/(?P<reference>{_DIGEST})"),
}
_VALID_DIGEST: Final = re.compile(
    r"sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128}", re.ASCII
)
_ACTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(("GET", "HEAD"), ("pull",)),
    **dict.fromkeys(("POST", "PUT", "PATCH"), ("pull", "push")),
    "DELETE": ("delete",),
}

_MAX_BODY: Final = 64 * 1024  # bytes that are read of what a client posts
SILENCE: Final = 20.0  # seconds after which a silent connection is closed
_WINDOW: Final = 21_600  # seconds, in the header; as Docker Hub's


@frozen
class RegistryRequest:
    """A request that a `FakeRegistry` received.

    Attributes:
        method: ``GET``, ``HEAD`` …
        target: The path and the query.
        status: The status of the answer; 0 where there was none.
        scheme: ``Basic``, ``Bearer`` … in lower case, None for a request without credentials.
        user: The user of Basic credentials, right or wrong; of a Bearer token that is valid.
        authorization: The whole header, hidden: ``.reveal()`` shows it.
        headers: The other headers, their names in lower case.
    """

    method: str
    target: str
    status: int
    scheme: str | None = None
    user: str | None = None
    authorization: Password | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(factory=dict, repr=False, eq=False)

    @property
    def path(self) -> str:
        """The path without the query."""
        return urllib.parse.urlsplit(self.target).path


@frozen
class _Answer:
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(factory=dict)


@frozen
class _Manifest:
    media_type: str
    content: bytes


@frozen
class _Token:
    user: str | None
    access: frozenset[tuple[str, str]]  # (repository, action)
    expires: float


class FakeRegistry:
    """A registry on ``127.0.0.1`` that serves what the test puts there, and keeps what it is asked.

    Use it as a context manager; it listens from its construction on.

    Args:
        auth: ``open``, ``basic`` (each user may pull everything, as with htpasswd), or ``bearer``
            (its token server is at `realm`).
        users: User → password.
        images: What to `push` at once: ``"team/app"``, ``"team/app:1.0"``.
        grants: For ``bearer``: user → the repositories that the tokens let the user pull, ``*`` for
            all. The user None is whoever asks for a token without credentials. Users that are not
            named may pull everything, None nothing.
        identity_tokens: For ``bearer``: refresh token → user, for OAuth2.
        rate_limit: So many requests pass, the following are answered 429.
        retry_after: Seconds, as the 429's header says.
        failing: A status to answer everything with, ``"disconnect"`` to hang up instead of an
            answer, ``"hang"`` to leave the client without any until the registry is closed.
        tls: Serve https with this context.
        port: Where to listen; 0 for a free port.

    The attributes of the same names may be changed while it runs, `tls` and `port` excepted.

    Attributes:
        host: ``127.0.0.1:PORT``, as it begins an image's name.
        port: The port.

    >>> with FakeRegistry("basic", users={"ann": "password"}, images=["team/app:1.0"]) as registry:
    ...     registry.image("team/app", "1.0") == f"127.0.0.1:{registry.port}/team/app:1.0"
    True
    """

    def __init__(
        self,
        auth: Literal["open", "basic", "bearer"] = "open",
        *,
        users: Mapping[str, str] | None = None,
        images: Iterable[str] = (),
        grants: Mapping[str | None, Iterable[str]] | None = None,
        identity_tokens: Mapping[str, str] | None = None,
        rate_limit: int | None = None,
        retry_after: int = 3,
        failing: int | Literal["disconnect", "hang"] | None = None,
        tls: ssl.SSLContext | None = None,
        port: int = 0,
    ) -> None:
        if auth not in ("open", "basic", "bearer"):
            raise ValueError(f"auth is 'open', 'basic' or 'bearer', not {auth!r}")
        self.auth = auth
        self.users: dict[str, str] = dict(users or {})
        self.grants: dict[str | None, tuple[str, ...]] = {
            user: tuple(names) for user, names in (grants or {}).items()
        }
        self.identity_tokens: dict[str, str] = dict(identity_tokens or {})
        self.rate_limit = rate_limit
        self.retry_after = retry_after
        self.failing = failing
        self._manifests: dict[str, dict[str, _Manifest]] = {}  # repository → digest
        self._tags: dict[str, dict[str, str]] = {}  # repository → tag → digest
        self._blobs: dict[str, dict[str, bytes]] = {}  # repository → digest
        self._tokens: dict[str, _Token] = {}
        self._requests: list[RegistryRequest] = []
        self._counted = 0  # against the rate limit
        self._lock = threading.Lock()
        self._scheme = "http" if tls is None else "https"
        self._server = _Server(self, tls, port)
        self.port: int = self._server.server_address[1]
        self.host: str = f"127.0.0.1:{self.port}"
        for image in images:
            repository, _, tag = image.partition(":")
            self.push(repository, tag or "latest")
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()

    def __enter__(self) -> FakeRegistry:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<FakeRegistry {self.url} {self.auth}>"

    def close(self) -> None:
        """Stop listening and hang up; a second time does nothing."""
        self._server.shutdown()
        self._thread.join()
        self._server.hang_up()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        return f"{self._scheme}://{self.host}"

    @property
    def realm(self) -> str:
        """The URL of its token server."""
        return f"{self.url}/token"

    @property
    def service(self) -> str:
        """What it calls itself towards its token server."""
        return "fake-registry"

    @property
    def requests(self) -> tuple[RegistryRequest, ...]:
        """Everything it was asked since its start or `forget`, in order; tokens included."""
        with self._lock:
            return tuple(self._requests)

    def forget(self) -> None:
        """Let `requests` begin anew."""
        with self._lock:
            self._requests.clear()

    def image(self, repository: str, reference: str = "latest") -> str:
        """The image as a pod would name it; a reference with a colon is a digest."""
        return f"{self.host}/{repository}{'@' if ':' in reference else ':'}{reference}"

    def push(self, repository: str, tag: str = "latest", media_type: str = OCI_MANIFEST) -> str:
        """Put a small image there, or an index (a list) of one, and return its digest."""
        docker = media_type in (DOCKER_MANIFEST, DOCKER_LIST)
        kind = "docker.container.image.v1" if docker else "oci.image.config.v1"
        layer_type = "docker.image.rootfs.diff.tar" if docker else "oci.image.layer.v1.tar"
        layer = bytes(1024)  # an empty tar archive
        digest = _digest(layer)
        config = json.dumps(
            {
                "architecture": "amd64",
                "os": "linux",
                "config": {"Labels": {"repository": repository}},
                "rootfs": {"type": "layers", "diff_ids": [digest]},
            }
        ).encode()
        for blob in (layer, config):
            self._blobs.setdefault(repository, {})[_digest(blob)] = blob
        single = DOCKER_MANIFEST if docker else OCI_MANIFEST
        manifest = {
            "schemaVersion": 2,
            "mediaType": single,
            "config": _descriptor(f"application/vnd.{kind}+json", config),
            "layers": [_descriptor(f"application/vnd.{layer_type}", layer)],
        }
        content = json.dumps(manifest).encode()
        if media_type == single:
            return self.put_manifest(repository, content, media_type, tag)
        self.put_manifest(repository, content, single)
        platform = {"architecture": "amd64", "os": "linux"}
        entry = {**_descriptor(single, content), "platform": platform}
        index = {"schemaVersion": 2, "mediaType": media_type, "manifests": [entry]}
        return self.put_manifest(repository, json.dumps(index).encode(), media_type, tag)

    def put_manifest(
        self, repository: str, content: bytes, media_type: str, tag: str | None = None
    ) -> str:
        """Put a manifest there as it is, with or without a tag, and return its digest."""
        digest = _digest(content)
        self._manifests.setdefault(repository, {})[digest] = _Manifest(media_type, content)
        if tag is not None:
            self._tags.setdefault(repository, {})[tag] = digest
        return digest

    def issue_token(
        self, user: str | None = None, repositories: Iterable[str] = (), *, expires_in: float = 300
    ) -> str:
        """A token that lets its bearer pull the repositories, as the token server would give it.

        Args:
            user: Whose it is; of no consequence but for `requests`.
            repositories: What it is good for.
            expires_in: Seconds; a negative number makes a token that has expired.
        """
        token = secrets.token_urlsafe(24)
        access = frozenset((repository, "pull") for repository in repositories)
        self._tokens[token] = _Token(user, access, time.monotonic() + expires_in)
        return token

    def may_pull(self, user: str | None, repository: str) -> bool:
        """Whether the grants let a user pull a repository."""
        granted = self.grants.get(user, () if user is None else ("*",))
        return "*" in granted or repository in granted

    # What follows answers requests, in the threads of their connections.

    def _record(self, request: RegistryRequest) -> None:
        with self._lock:
            self._requests.append(request)

    def _respond(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> _Answer:
        """The answer to a request; it is not recorded yet."""
        if isinstance(self.failing, int):
            return _errors(self.failing, "UNAVAILABLE", "service unavailable")
        limit: dict[str, str] = {}
        if self.rate_limit is not None:
            with self._lock:
                self._counted += 1
                left = self.rate_limit - self._counted
            limit = {
                "RateLimit-Limit": f"{self.rate_limit};w={_WINDOW}",
                "RateLimit-Remaining": f"{max(left, 0)};w={_WINDOW}",
            }
            if left < 0:
                again = {"Retry-After": str(self.retry_after), **limit}
                return _errors(429, "TOOMANYREQUESTS", "slow down", headers=again)
        url = urllib.parse.urlsplit(target)
        path = urllib.parse.unquote(url.path)
        authorization = headers.get("authorization", "")
        if path == "/token" and self.auth == "bearer":
            answer = self._token_answer(method, url.query, body, authorization)
        else:
            answer = self._registry_answer(method, path, headers, authorization)
        return _Answer(answer.status, answer.body, {**answer.headers, **limit})

    def _registry_answer(
        self, method: str, path: str, headers: Mapping[str, str], authorization: str
    ) -> _Answer:
        if path == "/":
            return _Answer(200, headers={"Cache-Control": "no-cache"})
        clean = posixpath.normpath(path).replace("//", "/", 1)
        if clean + "/" * path.endswith("/") != path:
            return _api(301, headers={"Location": clean + "/" * path.endswith("/")})
        if path == "/v2":
            page = b'<a href="/v2/">Moved Permanently</a>.\n\n'
            moved = {"Location": "/v2/", "Content-Type": "text/html; charset=utf-8"}
            return _api(301, page if method == "GET" else b"", moved)
        found = _route(path)
        if found is None:
            nosniff = {"Content-Type": _TEXT, "X-Content-Type-Options": "nosniff"}
            return _api(404, b"404 page not found\n", nosniff)
        route, name, reference = found
        refusal = self._refusal(route, method, name, authorization)
        if refusal is not None:
            return refusal
        if route == "base":
            return _api(200, b"{}", {"Content-Type": _JSON})
        if method not in ("GET", "HEAD"):
            not_allowed = {
                "Allow": "GET" if route in ("tags", "catalog") else "GET, HEAD",
                "Content-Type": _TEXT,
                "X-Content-Type-Options": "nosniff",
            }
            return _api(405, b"Method not allowed\n", not_allowed)
        if route == "catalog":
            return _json(200, {"repositories": sorted(self._manifests)})
        if route == "tags":
            if name not in self._manifests:
                unknown = "repository name not known to registry"
                return _errors(404, "NAME_UNKNOWN", unknown, detail={"name": name})
            return _json(200, {"name": name, "tags": sorted(self._tags.get(name, ())) or None})
        if route == "blob":
            return self._blob(name, reference)
        return self._manifest(name, reference, headers)

    def _manifest(self, name: str, reference: str, headers: Mapping[str, str]) -> _Answer:
        by_digest = _VALID_DIGEST.fullmatch(reference) is not None
        manifests = self._manifests.get(name, {})
        if by_digest:
            digest = reference
            if digest not in manifests:
                return _unknown_manifest({"Name": name, "Revision": digest})
        elif ":" in reference:
            # A digest that is none: distribution takes it for a tag and its storage for no path.
            where = f"/docker/registry/v2/repositories/{name}/_manifests/tags/{reference}"
            detail = {"Path": f"{where}/current/link", "DriverName": "inmemory"}
            return _errors(500, "UNKNOWN", "unknown error", detail=detail)
        else:
            found = self._tags.get(name, {}).get(reference)
            if found is None:
                return _unknown_manifest({"Tag": reference})
            digest = found
        if headers.get("if-none-match", "").strip('"') == digest:
            return _api(304)
        manifest = manifests[digest]
        accepted = {part.partition(";")[0].strip() for part in headers.get("accept", "").split(",")}
        if manifest.media_type in _UNACCEPTED and manifest.media_type not in accepted:
            return _errors(404, "MANIFEST_UNKNOWN", _UNACCEPTED[manifest.media_type])
        if not by_digest and manifest.media_type == DOCKER_LIST and DOCKER_LIST not in accepted:
            # The manifest for linux/amd64, for clients from before there were lists.
            digest = json.loads(manifest.content)["manifests"][0]["digest"]
            manifest = manifests[digest]
        if not by_digest and manifest.media_type == DOCKER_MANIFEST not in accepted:
            # Older clients still would get schema 1; distribution cannot convert these images.
            return _errors(400, "MANIFEST_INVALID", "manifest invalid", detail={})
        return _api(
            200,
            manifest.content,
            {
                "Content-Type": manifest.media_type,
                "Docker-Content-Digest": digest,
                "Etag": f'"{digest}"',
            },
        )

    def _blob(self, name: str, digest: str) -> _Answer:
        blob = self._blobs.get(name, {}).get(digest)
        if blob is None:
            if _VALID_DIGEST.fullmatch(digest) is None:
                message = "provided digest did not match uploaded content"
                return _errors(400, "DIGEST_INVALID", message, detail={})
            return _errors(404, "BLOB_UNKNOWN", "blob unknown to registry", detail=digest)
        headers = {
            "Cache-Control": "max-age=31536000",
            "Content-Type": "application/octet-stream",
            "Docker-Content-Digest": digest,
            "Etag": f'"{digest}"',
        }
        return _api(200, blob, headers)

    def _refusal(self, route: str, method: str, name: str, authorization: str) -> _Answer | None:
        """The 401 where the credentials do not do; None where they do."""
        wanted = [("registry", "catalog", "*")] if route == "catalog" else []
        wanted += [("repository", name, action) for action in _ACTIONS.get(method, ()) if name]
        if self.auth == "open":
            return None
        if self.auth == "basic":
            user, password = _basic(authorization)
            if user is not None and self.users.get(user) == password:
                return None
            return _unauthorised('Basic realm="fake-registry"', wanted)
        challenge = f'Bearer realm="{self.realm}",service="{self.service}"'
        if wanted:
            actions = ",".join(action for _, _, action in wanted)
            challenge += f',scope="{wanted[0][0]}:{wanted[0][1]}:{actions}"'
        scheme, _, value = authorization.partition(" ")
        if scheme.lower() != "bearer" or not value or " " in value:
            return _unauthorised(challenge, wanted)
        token = self._tokens.get(value)
        if token is None or token.expires < time.monotonic():
            return _unauthorised(f'{challenge},error="invalid_token"', wanted)
        if all(kind == "repository" and (of, may) in token.access for kind, of, may in wanted):
            return None
        return _unauthorised(f'{challenge},error="insufficient_scope"', wanted)

    def _token_answer(self, method: str, query: str, body: bytes, authorization: str) -> _Answer:
        """What the token server answers (distribution, ``docs/spec/auth``)."""
        user: str | None = None
        if method == "POST":
            form = _parameters(body.decode("utf-8", "replace"))
            user = self._oauth2_user(form)
            if user is None:
                return _Answer(400, b'{"error":"invalid_grant"}\n', {"Content-Type": _JSON})
            scopes = form.get("scope", [])
        elif method == "GET":
            if authorization:
                user, password = _basic(authorization)
                if user is None or self.users.get(user) != password:
                    challenge = {"Www-Authenticate": 'Basic realm="fake-registry"'}
                    message = "incorrect username or password"
                    return _errors(401, "UNAUTHORIZED", message, headers=challenge, api=False)
            scopes = _parameters(query).get("scope", [])
        else:
            return _errors(405, "UNSUPPORTED", "The operation is unsupported.", api=False)
        asked = (scope.split(":") for scope in " ".join(scopes).split())
        names = [":".join(s[1:-1]) for s in asked if s[0] == "repository" and "pull" in s[-1]]
        granted = [name for name in names if self.may_pull(user, name)]
        token = self.issue_token(user, granted)
        document = {
            "token": token,
            "access_token": token,
            "expires_in": 300,
            # What a real server's token has inside, as a JWT: what it is good for.
            "scope": " ".join(f"repository:{name}:pull" for name in granted),
        }
        return _Answer(200, json.dumps(document).encode(), {"Content-Type": _JSON})

    def _oauth2_user(self, form: Mapping[str, list[str]]) -> str | None:
        grant = form.get("grant_type", [""])[0]
        if grant == "refresh_token":
            return self.identity_tokens.get(form.get("refresh_token", [""])[0])
        user, password = form.get("username", [""])[0], form.get("password", [""])[0]
        return user if grant == "password" and self.users.get(user) == password else None

    def _user(self, authorization: str) -> str | None:
        """Who asks, as far as the header says, for the record."""
        token = self._tokens.get(authorization.partition(" ")[2])
        return token.user if token is not None else _basic(authorization)[0]


_UNACCEPTED: Final = {
    OCI_MANIFEST: "OCI manifest found, but accept header does not support OCI manifests",
    OCI_INDEX: "OCI index found, but accept header does not support OCI indexes",
}


def _route(path: str) -> tuple[str, str, str] | None:
    """Route, repository and reference of a path."""
    for route, pattern in _ROUTES.items():
        match = pattern.fullmatch(path)
        if match:
            groups = match.groupdict("")
            return route, groups.get("name", ""), groups.get("reference", "")
    return None


def _api(status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> _Answer:
    version = {"Docker-Distribution-Api-Version": "registry/2.0"}
    return _Answer(status, body, {**version, **(headers or {})})


def _json(status: int, document: Any) -> _Answer:
    body = json.dumps(document, separators=(",", ":")).encode() + b"\n"
    return _api(status, body, {"Content-Type": _JSON})


_NOTHING: Final = object()


def _errors(
    status: int,
    code: str,
    message: str,
    *,
    detail: Any = _NOTHING,
    headers: Mapping[str, str] | None = None,
    api: bool = True,
) -> _Answer:
    """An answer in distribution's form of errors."""
    error = {"code": code, "message": message}
    if detail is not _NOTHING:
        error["detail"] = detail
    answer = _json(status, {"errors": [error]})
    own = answer.headers if api else {"Content-Type": _JSON}
    return _Answer(status, answer.body, {**own, **(headers or {})})


def _unknown_manifest(detail: Mapping[str, str]) -> _Answer:
    return _errors(404, "MANIFEST_UNKNOWN", "manifest unknown", detail=detail)


def _unauthorised(challenge: str, wanted: Iterable[tuple[str, str, str]]) -> _Answer:
    detail = [{"Type": t, "Class": "", "Name": name, "Action": a} for t, name, a in wanted]
    return _errors(
        401,
        "UNAUTHORIZED",
        "authentication required",
        detail=detail or None,
        headers={"Www-Authenticate": challenge},
    )


def _basic(authorization: str) -> tuple[str | None, str]:
    """User and password; the user is None where the header holds no Basic credentials."""
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "basic":
        with contextlib.suppress(ValueError):
            user, colon, password = base64.b64decode(value, validate=True).decode().partition(":")
            if colon:
                return user, password
    return None, ""


def _parameters(text: str) -> dict[str, list[str]]:
    return urllib.parse.parse_qs(text, keep_blank_values=True)


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _descriptor(media_type: str, content: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "size": len(content), "digest": _digest(content)}


class _Server(ThreadingHTTPServer):
    """Serves the registry, and hangs up on everybody when it ends."""

    daemon_threads = False  # so that server_close() waits for them
    request_queue_size = 128

    def __init__(self, registry: FakeRegistry, tls: ssl.SSLContext | None, port: int) -> None:
        self.registry = registry
        self.ending = threading.Event()
        self._tls = tls
        self._connections: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__(("127.0.0.1", port), _Handler)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        self._track(request)
        try:
            if self._tls is not None:
                # In the connection's own thread: a client may take its time over the handshake.
                request.settimeout(SILENCE)
                # Wrapping takes the connection away from the plain socket. So it is tracked before
                # the handshake begins, for `hang_up` to end that, too.
                wrapped = self._tls.wrap_socket(
                    request, server_side=True, do_handshake_on_connect=False
                )
                self._track(wrapped, instead_of=request)
                request = wrapped
                wrapped.do_handshake()
        except OSError:
            self.shutdown_request(request)
        else:
            super().process_request_thread(request, client_address)
        finally:
            with self._guard:
                self._connections.discard(request)

    def _track(self, connection: socket.socket, *, instead_of: socket.socket | None = None) -> None:
        with self._guard:
            self._connections.add(connection)
            if instead_of is not None:
                self._connections.discard(instead_of)
        if self.ending.is_set():  # it came between the last accept and the hanging up
            self.hang_up()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no error of the test's."""

    def hang_up(self) -> None:
        """End all connections; whoever waits on one finds it closed."""
        self.ending.set()
        with self._guard:
            for connection in self._connections:
                # Not SSLSocket's own: that takes its TLS away under the thread that uses it.
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = SILENCE
    # A status line, headers and a body are three small packets: without this, 40 ms of waiting.
    wbufsize = -1
    disable_nagle_algorithm = True

    def _serve(self) -> None:
        server = cast(_Server, self.server)
        registry = server.registry
        body = self._body()
        headers: dict[str, str] = {}
        for name, value in self.headers.items():  # skopeo sends one Accept for each type
            before = headers.get(name.lower())
            headers[name.lower()] = value if before is None else f"{before}, {value}"
        authorization = headers.pop("authorization", None)
        asked = {**headers, "authorization": authorization or ""}
        silent = registry.failing if isinstance(registry.failing, str) else None
        answer = _Answer(0)
        if silent is None:
            answer = registry._respond(self.command, self.path, asked, body)
        registry._record(
            RegistryRequest(
                self.command,
                self.path,
                answer.status,
                None if authorization is None else authorization.partition(" ")[0].lower(),
                None if authorization is None else registry._user(authorization),
                None if authorization is None else Password(authorization),
                headers,
            )
        )
        if silent is not None:
            if silent == "hang":
                server.ending.wait()
            self.close_connection = True
            return
        self.send_response_only(answer.status, _reason(answer.status))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Date", self.date_time_string())
        # Go says no length where it cannot know it: no body for a HEAD, none allowed.
        head = self.command == "HEAD"
        if answer.status != HTTPStatus.NOT_MODIFIED and (answer.body or not head):
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if not head:
            self.wfile.write(answer.body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _serve  # noqa: N815

    def _body(self) -> bytes:
        """What was posted; with a length, or in chunks as skopeo sends it."""
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            length = int(self.headers.get("Content-Length") or 0)
            self.close_connection = self.close_connection or length > _MAX_BODY
            return self.rfile.read(min(length, _MAX_BODY))
        body = b""
        while size := int(self.rfile.readline(64).partition(b";")[0], 16):
            body += self.rfile.read(min(size, _MAX_BODY))
            self.rfile.readline(64)
            if len(body) > _MAX_BODY:
                self.close_connection = True
                return body
        self.rfile.readline(64)
        return body

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing: a test's output is the test's."""


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
