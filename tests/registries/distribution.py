"""Debian's `docker-registry` (distribution), started for a test, and images to ask it for."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import re
import ssl
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from attrs import frozen

from .certificates import Authority, Certificate
from .programs import program, serving, settled_lines
from .tokens import ISSUER, SERVICE, TokenServer

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"


@frozen
class Htpasswd:
    """Basic authentication; the users and their passwords."""

    users: Mapping[str, str]


@frozen
class TokenAuth:
    """Bearer authentication by a token server."""

    server: TokenServer


@frozen
class Logged:
    """One request, as the registry's access log has it."""

    method: str
    path: str
    status: int


@frozen
class Registry:
    """A running registry.

    Attributes:
        host: `localhost:PORT`, as an image name begins.
        port: where it listens, on 127.0.0.1.
        authority: who signed its certificate; None where it speaks plain http.
    """

    host: str
    port: int
    authority: Authority | None
    _folder: Path
    _auth: Htpasswd | TokenAuth | None

    @classmethod
    @contextlib.contextmanager
    def start(
        cls,
        folder: Path,
        *,
        auth: Htpasswd | TokenAuth | None = None,
        tls: tuple[Authority, Certificate] | None = None,
        client_ca: Path | None = None,
    ) -> Iterator[Registry]:
        """Start a registry that forgets its images when it ends."""
        folder.mkdir(parents=True, exist_ok=True)
        config: dict[str, Any] = {
            "version": "0.1",
            "log": {"level": "error", "accesslog": {"disabled": False}},
            "storage": {"inmemory": {}, "maintenance": {"uploadpurging": {"enabled": False}}},
            "http": {"addr": "127.0.0.1:0"},
        }
        if isinstance(auth, Htpasswd):
            passwords = folder / "htpasswd"
            lines = [_htpasswd(user, password) for user, password in auth.users.items()]
            passwords.write_text("".join(lines))
            config["auth"] = {"htpasswd": {"realm": "tests", "path": str(passwords)}}
        elif isinstance(auth, TokenAuth):
            token = {"realm": auth.server.realm, "service": SERVICE, "issuer": ISSUER}
            config["auth"] = {"token": {**token, "rootcertbundle": str(auth.server.bundle)}}
        if tls is not None:
            files = {"certificate": str(tls[1].certificate), "key": str(tls[1].key)}
            config["http"]["tls"] = files
            if client_ca is not None:
                config["http"]["tls"] = {**files, "clientcas": [str(client_ca)]}

        def command(port: int) -> list[str]:
            config["http"]["addr"] = f"127.0.0.1:{port}"
            (folder / "config.yml").write_text(yaml.safe_dump(config))
            return [program("docker-registry"), "serve", "config.yml"]

        with serving(command, folder) as port:
            yield cls(f"localhost:{port}", port, tls[0] if tls else None, folder, auth)

    @property
    def url(self) -> str:
        """Scheme and host."""
        return f"{'https' if self.authority else 'http'}://{self.host}"

    def image(self, repository: str, reference: str = "latest") -> str:
        """Return the image as a pod would name it; a reference with a colon is a digest."""
        return f"{self.host}/{repository}{'@' if ':' in reference else ':'}{reference}"

    def push(self, repository: str, tag: str = "latest", media_type: str = OCI_MANIFEST) -> str:
        """Put a small image (or an index of one) there, and return its digest."""
        layer = b"not a layer: " + repository.encode()
        config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {}}).encode()
        for blob in (layer, config):
            self._put_blob(repository, blob)
        oci = media_type in (OCI_MANIFEST, OCI_INDEX)
        manifest_type = OCI_MANIFEST if oci else DOCKER_MANIFEST
        prefix = "application/vnd.oci.image" if oci else "application/vnd.docker.container.image"
        layers = [_descriptor("application/vnd.oci.image.layer.v1.tar", layer)]
        if not oci:
            layers[0]["mediaType"] = "application/vnd.docker.image.rootfs.diff.tar.gzip"
        config_type = f"{prefix}.config.v1+json" if oci else f"{prefix}.v1+json"
        document: dict[str, Any] = {
            "schemaVersion": 2,
            "mediaType": manifest_type,
            "config": _descriptor(config_type, config),
            "layers": layers,
        }
        manifest = json.dumps(document).encode()
        if media_type in (OCI_INDEX, DOCKER_LIST):
            digest = self._put_manifest(repository, _digest(manifest), manifest_type, manifest)
            platform = {"architecture": "amd64", "os": "linux"}
            entry = {**_descriptor(manifest_type, manifest), "platform": platform}
            document = {"schemaVersion": 2, "mediaType": media_type, "manifests": [entry]}
            manifest = json.dumps(document).encode()
        digest = self._put_manifest(repository, tag, media_type, manifest)
        assert digest == _digest(manifest)
        return digest

    def requests(self) -> list[Logged]:
        """Return all requests since the start or the last `forget`, pushes left out."""
        found = []
        for line in settled_lines(self._folder / "stdout"):
            match = re.search(r'"([A-Z]+) (\S+) HTTP/[0-9.]+" (\d+) \d+ ".*?" "(.*?)"$', line)
            if match and match[4] != _PUSHER:
                found.append(Logged(match[1], match[2], int(match[3])))
        return found[self._forgotten() :]

    def forget(self) -> None:
        """Let `requests` begin anew."""
        count = len(self.requests()) + self._forgotten()
        (self._folder / "forgotten").write_text(str(count))

    def _forgotten(self) -> int:
        mark = self._folder / "forgotten"
        return int(mark.read_text()) if mark.exists() else 0

    def _put_blob(self, repository: str, content: bytes) -> None:
        start = self._send("POST", f"/v2/{repository}/blobs/uploads/", repository)
        location = start.headers["Location"]
        target = location[location.index("/v2/") :]
        digest = _digest(content).replace(":", "%3A")
        headers = {"Content-Type": "application/octet-stream"}
        self._send("PUT", f"{target}&digest={digest}", repository, content, headers)

    def _put_manifest(self, repository: str, tag: str, media_type: str, manifest: bytes) -> str:
        target = f"/v2/{repository}/manifests/{tag}"
        answer = self._send("PUT", target, repository, manifest, {"Content-Type": media_type})
        return str(answer.headers["Docker-Content-Digest"])

    def _send(
        self,
        method: str,
        target: str,
        repository: str,
        content: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        request = urllib.request.Request(self.url + target, data=content, method=method)
        request.add_header("User-Agent", _PUSHER)
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        if isinstance(self._auth, Htpasswd):
            user, password = next(iter(self._auth.users.items()))
            pair = base64.b64encode(f"{user}:{password}".encode()).decode()
            request.add_header("Authorization", f"Basic {pair}")
        elif isinstance(self._auth, TokenAuth):
            access = {"type": "repository", "name": repository, "actions": ["pull", "push"]}
            token = self._auth.server.sign("pusher", [access])
            request.add_header("Authorization", f"Bearer {token}")
        # Without a context of ours, urllib reads the system's authorities for each request: 30 ms.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if self.authority is not None:
            context.load_verify_locations(cafile=str(self.authority.path))
        # A proxy of the environment has no business on loopback.
        handlers = urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        with urllib.request.build_opener(*handlers).open(request, timeout=20) as answer:
            answer.read()
            return answer


_PUSHER = "pullsecrets-tests-push"


def _htpasswd(user: str, password: str) -> str:
    # The lowest cost of bcrypt: the registry computes it for every request.
    command = [program("htpasswd"), "-niBC", "4", user]
    done = subprocess.run(command, input=password, capture_output=True, text=True, check=True)
    return done.stdout.strip() + "\n"


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _descriptor(media_type: str, content: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": _digest(content), "size": len(content)}
