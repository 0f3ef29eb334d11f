"""A small API server on loopback: pods, a page at a time, and secrets by name."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


class FakeApi:
    """Serves plain mappings; `requests` are the paths that it was asked for, in order."""

    def __init__(self, *objects: dict[str, Any]) -> None:
        self.requests: list[str] = []
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 20

            def do_GET(self) -> None:
                api.requests.append(self.path)
                status, document = api._answer(urlsplit(self.path), objects)
                content = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, url: Any, objects: tuple[dict[str, Any], ...]) -> tuple[int, Any]:
        parts = url.path.removeprefix("/api/v1/").split("/")
        if parts == ["pods"]:
            query = parse_qs(url.query)
            start, limit = int(query.get("continue", ["0"])[0]), int(query["limit"][0])
            pods = [item for item in objects if item["kind"] == "Pod"]
            more = str(start + limit) if start + limit < len(pods) else ""
            # As the API server has them: without kind and apiVersion in the items.
            items = [
                {name: value for name, value in pod.items() if name not in ("kind", "apiVersion")}
                for pod in pods[start : start + limit]
            ]
            metadata = {"continue": more}
            return 200, {
                "kind": "PodList",
                "apiVersion": "v1",
                "metadata": metadata,
                "items": items,
            }
        _, namespace, _, name = parts
        for item in objects:
            metadata = item["metadata"]
            if item["kind"] == "Secret" and (metadata["namespace"], metadata["name"]) == (
                namespace,
                name,
            ):
                return 200, item
        status = {"kind": "Status", "apiVersion": "v1", "reason": "NotFound", "code": 404}
        return 404, status
