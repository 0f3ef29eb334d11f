"""A token server as distribution's token specification has it, signing JWTs that registries verify.

It signs RS256 with the certificate in the `x5c` header, which `docker-registry` checks against its
`rootcertbundle`; it gives what was asked for, cut down to what the user's grants allow.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import datetime
import json
import ssl
import threading
import time
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from attrs import frozen
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from .certificates import Certificate

ISSUER = "pullsecrets-tests"
SERVICE = "registry.test"


@frozen
class TokenRequest:
    """One request that the token server received.

    Attributes:
        method: GET or POST.
        path: the target without its query.
        parameters: of the query, and of the form where one was sent.
        authorization: the header as sent, or None.
        user: whose password or identity token it was; None for an anonymous request.
        status: the answer's.
    """

    method: str
    path: str
    parameters: Mapping[str, Sequence[str]]
    authorization: str | None
    user: str | None
    status: int


class TokenServer:
    """A token server on loopback.

    Attributes:
        users: user → password; change it as the test likes.
        grants: user → repositories it may pull, `*` for all; the user `None` is anonymous.
        identity_tokens: OAuth2 refresh token → user.
        expires_in: seconds that a token lives, None to leave the field out.
        fields: under which names the answer carries the token.
        requests: all that it received, in order.
    """

    def __init__(
        self,
        folder: Path,
        *,
        users: Mapping[str, str],
        grants: Mapping[str | None, Sequence[str]],
        tls: Certificate | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.users = dict(users)
        self.grants = dict(grants)
        self.identity_tokens: dict[str, str] = {}
        self.expires_in: float | None = 300
        self.fields: tuple[str, ...] = ("token",)
        self.requests: list[TokenRequest] = []
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, ISSUER)])
        now = datetime.datetime.now(datetime.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.bundle = folder / "token-issuer.crt"
        self.bundle.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        self._x5c = base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls.certificate, tls.key)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.host = f"localhost:{self._server.server_address[1]}"
        self.realm = f"{'http' if tls is None else 'https'}://{self.host}/token"

    @contextlib.contextmanager
    def running(self) -> Iterator[TokenServer]:
        """Serve until the block ends."""
        thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()

    def sign(
        self, user: str, access: Sequence[Mapping[str, Any]], *, expires_in: float = 300
    ) -> str:
        """Sign a JWT."""
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "sub": user,
            "aud": SERVICE,
            "exp": int(now + expires_in),
            "nbf": now - 10,
            "iat": now,
            "jti": f"{now}-{len(self.requests)}",
            "access": list(access),
        }
        header = {"typ": "JWT", "alg": "RS256", "x5c": [self._x5c]}
        signed = f"{_base64url(json.dumps(header))}.{_base64url(json.dumps(claims))}"
        signature = self._key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{_base64url(signature)}"

    def may_pull(self, user: str | None, repository: str) -> bool:
        """Whether the grants let a user pull a repository."""
        granted = self.grants.get(user, ())
        return "*" in granted or repository in granted

    def _answer(
        self, parameters: Mapping[str, Sequence[str]], authorization: str | None, *, form: bool
    ) -> tuple[int, dict[str, Any], str | None]:
        user: str | None = None
        if form:
            user = self.identity_tokens.get(parameters.get("refresh_token", [""])[0])
            if parameters.get("grant_type") != ["refresh_token"] or user is None:
                return 400, {"error": "invalid_grant"}, None
        elif authorization is not None:
            name, password = _basic(authorization)
            if name is None or self.users.get(name) != password:
                errors = [{"code": "UNAUTHORIZED", "message": "incorrect username or password"}]
                return 401, {"errors": errors}, name
            user = name
        access = []
        for scope in " ".join(parameters.get("scope", ())).split():
            kind, _, rest = scope.partition(":")
            repository, _, actions = rest.rpartition(":")
            if kind == "repository" and self.may_pull(user, repository):
                granted = [action for action in actions.split(",") if action == "pull"]
                access.append({"type": kind, "name": repository, "actions": granted})
        lifetime = 60 if self.expires_in is None else self.expires_in
        token = self.sign(user or "", access, expires_in=lifetime)
        document: dict[str, Any] = dict.fromkeys(self.fields, token)
        if self.expires_in is not None:
            document["expires_in"] = self.expires_in
        return 200, document, user

    def _handler(server) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 20

            def do_GET(self) -> None:
                self._serve({})

            def do_POST(self) -> None:
                body = self._body().decode("utf-8", "replace")
                self._serve(urllib.parse.parse_qs(body), form=True)

            def _body(self) -> bytes:
                if "chunked" not in self.headers.get("Transfer-Encoding", ""):
                    return self.rfile.read(int(self.headers.get("Content-Length", "0")))
                body = b""  # as skopeo sends it
                while size := int(self.rfile.readline(20).split(b";")[0], 16):
                    body += self.rfile.read(size)
                    self.rfile.readline(3)
                self.rfile.readline(3)
                return body

            def _serve(self, posted: dict[str, list[str]], *, form: bool = False) -> None:
                target = urllib.parse.urlsplit(self.path)
                parameters = {**urllib.parse.parse_qs(target.query), **posted}
                authorization = self.headers.get("Authorization")
                status, document, user = server._answer(parameters, authorization, form=form)
                server.requests.append(
                    TokenRequest(self.command, target.path, parameters, authorization, user, status)
                )
                content = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                if status == 401:
                    self.send_header("WWW-Authenticate", 'Basic realm="tokens"')
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def _base64url(content: str | bytes) -> str:
    data = content.encode() if isinstance(content, str) else content
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _basic(authorization: str) -> tuple[str | None, str]:
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None, ""
    try:
        user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None, ""
    return user, password
