"""nginx in front of a registry: it limits, and it logs what a registry's own log leaves out."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

from .certificates import Certificate
from .programs import program, serving, settled_lines

_CONFIG = """
daemon off; master_process off; worker_processes 1; pid nginx.pid; error_log stderr warn;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path temp; proxy_temp_path temp; fastcgi_temp_path temp;
    uwsgi_temp_path temp; scgi_temp_path temp;
    log_format received escape=json '{{"method":"$request_method","target":"$request_uri",'
        '"status":$status,"host":"$http_host","authorization":"$http_authorization",'
        '"connection":$connection}}';
    limit_req_zone $server_name zone=all:1m rate={rate};
    server {{
        listen 127.0.0.1:{port}{ssl};
        server_name front;
        {certificate}
        access_log access.log received;
        keepalive_timeout 60;
        location / {{
            {limit}
            proxy_pass {upstream};
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header Connection "";
            {headers}
        }}
        error_page 429 = @limited;
        location @limited {{
            default_type application/json;
            add_header Retry-After {retry_after} always;
            add_header RateLimit-Limit "100;w=21600" always;
            add_header RateLimit-Remaining "0;w=21600" always;
            return 429 '{{"errors":[{{"code":"TOOMANYREQUESTS","message":"slow down"}}]}}';
        }}
    }}
}}
"""


@frozen
class FrontRequest:
    """One request that nginx received; equal `connection`s came over one connection."""

    method: str
    target: str
    status: int
    host: str
    authorization: str
    connection: int


@frozen
class Front:
    """A running nginx; `host` as an image name begins."""

    host: str
    port: int
    _folder: Path

    @classmethod
    @contextlib.contextmanager
    def start(
        cls,
        folder: Path,
        upstream: str,
        *,
        allowed: int | None = None,
        retry_after: int = 3,
        tls: Certificate | None = None,
        headers: str = "",
    ) -> Iterator[Front]:
        """Start nginx.

        Args:
            folder: for its configuration and its log.
            upstream: the URL to which it passes requests on.
            allowed: so many requests pass, the others are answered 429; None for no limit.
            retry_after: seconds, in the 429's header.
            tls: the certificate to serve https with.
            headers: more nginx directives of the location.
        """
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "temp").mkdir(exist_ok=True)
        limit = f"limit_req zone=all burst={allowed - 1} nodelay;" if allowed else ""
        if allowed == 0:
            limit = "return 429;"
        elif allowed == 1:
            limit = "limit_req zone=all;"

        def command(port: int) -> list[str]:
            config = _CONFIG.format(
                port=port,
                ssl=" ssl" if tls else "",
                certificate=(
                    f"ssl_certificate {tls.certificate}; ssl_certificate_key {tls.key};"
                    if tls
                    else ""
                ),
                rate="1r/m",
                limit=limit + (" limit_req_status 429;" if allowed else ""),
                upstream=upstream,
                retry_after=retry_after,
                headers=headers,
            )
            (folder / "nginx.conf").write_text(config)
            return [program("nginx"), "-p", str(folder), "-c", str(folder / "nginx.conf")]

        with serving(command, folder) as port:
            yield cls(f"localhost:{port}", port, folder)

    def requests(self) -> list[FrontRequest]:
        """Return all requests so far."""
        log = self._folder / "access.log"
        if not log.exists():
            return []
        return [FrontRequest(**json.loads(line)) for line in settled_lines(log)]
