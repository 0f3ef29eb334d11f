"""A registry on loopback in which it is up to an image's path who may pull it."""

from __future__ import annotations

import hashlib
import json
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

USER, PASSWORD = "user", "right"
"""The log-in that it takes."""

_LOGIN = "Basic " + b64encode(f"{USER}:{PASSWORD}".encode()).decode()
_ANONYMOUS, _KNOWN = "token-of-nobody", "token-of-the-user"
_MANIFEST = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": f"sha256:{'0' * 64}",
            "size": 2,
        },
        "layers": [],
    }
).encode()


def gives(path: str, login: tuple[str, str] | None) -> bool:
    """Whether it gives an image to who logs in so; a wrong log-in gets nothing, not even what is
    public, as its token server refuses it.

    Args:
        path: The image's, without the host.
        login: User name and password, None for nobody.
    """
    if login is not None and login != (USER, PASSWORD):
        return False
    return _status(path, _ANONYMOUS if login is None else _KNOWN) == 200


def _status(path: str, token: str) -> int:
    if token not in (_ANONYMOUS, _KNOWN) or (token == _ANONYMOUS and "/public/" not in path):
        return 401
    return 404 if "/gone/" in path else 200


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        authorization = self.headers.get("Authorization")
        if self.path.startswith("/token"):
            token = {None: _ANONYMOUS, _LOGIN: _KNOWN}.get(authorization)
            body = json.dumps({"token": token}).encode()
            self._answer(401 if token is None else 200, body, "application/json")
            return
        status = _status(self.path, (authorization or "").removeprefix("Bearer "))
        if status == 200:
            self._answer(200, _MANIFEST, "application/vnd.oci.image.manifest.v1+json")
        else:
            self._answer(status, b"{}", "application/json")

    do_HEAD = do_GET  # noqa: N815

    def _answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", kind)
        self.send_header("Docker-Content-Digest", f"sha256:{hashlib.sha256(body).hexdigest()}")
        if status == 401:
            realm = f"http://{self.headers['Host']}/token"
            self.send_header("WWW-Authenticate", f'Bearer realm="{realm}",service="registry"')
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


@contextmanager
def registry() -> Iterator[str]:
    """Run one until the block ends, and give its host and port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
