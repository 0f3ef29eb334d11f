"""Answers of a real API server: recorded by this, served by the tests where there is none.

Run it in `tests/` to record them again: `python -m live.recorded`.
"""

from __future__ import annotations

import gzip
import json
import ssl
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from live.starting import ApiServer, Refused, api_server
from live.world import USERS, fill

ANSWERS = Path(__file__).parent / "answers.json.gz"
PAGE = 3
"""Pods in a page: the world has seven."""

_PATHS = (
    "/api/v1/namespaces/shop/pods?limit=500",
    "/api/v1/namespaces/lab/pods?limit=500",
    "/api/v1/pods?limit=500",
    "/api/v1/namespaces/shop/pods?fieldSelector=metadata.name%3Dweb&limit=500",
    "/api/v1/namespaces/shop/pods?fieldSelector=metadata.name%3Dnone&limit=500",
    "/apis/apps/v1/namespaces/shop/deployments?fieldSelector=metadata.name%3Dapi&limit=500",
    "/apis/apps/v1/namespaces/shop/deployments?fieldSelector=metadata.name%3Dnew&limit=500",
    *(f"/api/v1/namespaces/shop/secrets/{name}" for name in ("regcred", "spare", "gone", "other")),
    "/api/v1/namespaces/lab/secrets/labcred",
    *(f"/api/v1/namespaces/shop/serviceaccounts/{name}" for name in ("default", "robot")),
    "/api/v1/namespaces/lab/serviceaccounts/default",
)


def record(server: ApiServer) -> None:
    """Ask a real API server, as each user, and write its answers down as they are."""
    answers: dict[str, Any] = {}

    def ask(user: str, path: str) -> Any:
        try:
            status, body = 200, server.ask("GET", path, user=user)
        except Refused as refused:
            status, body = refused.status, json.loads(refused.message)
        answers[_key(user, path)] = [status, body]
        return body

    for user in USERS:
        for path in _PATHS:
            ask(user, path)
        more = ask(user, f"/api/v1/pods?limit={PAGE}").get("metadata", {}).get("continue")
        while more:
            page = ask(user, f"/api/v1/pods?continue={more}&limit={PAGE}")
            more = page["metadata"].get("continue")
    text = json.dumps(answers, indent=1).encode()
    ANSWERS.write_bytes(gzip.compress(text, mtime=0))


def _key(user: str, path: str) -> str:
    """A question, whatever order its parameters have."""
    url = urlsplit(path)
    return f"{user} {url.path} {sorted(parse_qsl(url.query))}"


class Recorded:
    """Serves the recorded answers on loopback.

    Attributes:
        asked: What it was asked, in order: method and path.
        instead: Answers to give instead of the recorded ones, by path; its parameters are in the
            order of the alphabet.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.instead: dict[str, tuple[int, Any]] = {}
        self._answers = json.loads(gzip.decompress(ANSWERS.read_bytes()))
        self.url = ""

    def answer(self, user: str, path: str) -> tuple[int, Any]:
        """The status and the document for a user's question."""
        url = urlsplit(path)
        query = urlencode(sorted(parse_qsl(url.query)))
        instead = self.instead.get(f"{url.path}?{query}" if query else url.path)
        if instead is not None:
            return instead
        nobody = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 401}
        status, document = self._answers.get(_key(user, path), (401, nobody))
        return status, document

    def kubeconfig(self, path: Path, user: str, **fields: Any) -> Path:
        """Write the kubeconfig of a user, and return its path.

        Args:
            path: The file.
            user: The user.
            fields: Of the context, as `namespace`.
        """
        server = ApiServer(self.url, Path(), "")
        document = server.kubeconfig_of({"token": f"{user}-token"})
        document["contexts"][0]["context"].update(fields)
        path.write_text(json.dumps(document))
        return path


@contextmanager
def recorded(tls: ssl.SSLContext | None = None) -> Iterator[Recorded]:
    """Serve the recorded answers until the block ends, over https with a context for it."""
    answers = Recorded()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 20

        def do_GET(self) -> None:
            answers.asked.append(f"GET {self.path}")
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            status, document = answers.answer(token.removesuffix("-token"), self.path)
            body = document if isinstance(document, bytes) else json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if status == 429:
                self.send_header("Retry-After", "1")  # as a real one does
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    answers.url = f"http{'s' if tls else ''}://127.0.0.1:{server.server_address[1]}"
    try:
        yield answers
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made, api_server(Path(made), *USERS) as running:
        fill(running)
        record(running)
