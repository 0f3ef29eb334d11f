"""Starts etcd and an API server on loopback, and makes objects and kubeconfigs for its users."""

from __future__ import annotations

import json
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attrs import frozen

from live.building import program
from registries.certificates import Authority
from registries.programs import READY_WITHIN, free_port, serving
from registries.programs import program as installed
from support.go_programs import NEWEST

ADMIN = "admin"
"""The user who may do everything. A user's token is the name with `-token` after it."""

_PLURALS = {
    "ClusterRole": "clusterroles",
    "ClusterRoleBinding": "clusterrolebindings",
    "Deployment": "deployments",
    "Namespace": "namespaces",
    "Node": "nodes",
    "Pod": "pods",
    "ReplicaSet": "replicasets",
    "Role": "roles",
    "RoleBinding": "rolebindings",
    "Secret": "secrets",
    "ServiceAccount": "serviceaccounts",
}
_WITHOUT_NAMESPACE = {"ClusterRole", "ClusterRoleBinding", "Namespace", "Node"}


class Refused(Exception):
    """The API server did not do what it was asked; its answer is in `status` and `message`."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message


@frozen
class ApiServer:
    """An API server that runs.

    Attributes:
        url: Where it answers.
        etcd: Where its etcd does.
        authority: The certificate of its certificate authority.
    """

    url: str
    authority: Path
    etcd: str

    def ask(self, method: str, path: str, body: Any = None, *, user: str = ADMIN) -> Any:
        """Ask one thing as a user, and return the document that it answers.

        Raises:
            Refused: Its status is not 2xx.
        """
        request = urllib.request.Request(
            self.url + path,
            None if body is None else json.dumps(body).encode(),
            {"Authorization": f"Bearer {user}-token", "Content-Type": "application/json"},
            method=method,
        )
        trust = ssl.create_default_context(cafile=str(self.authority))
        direct = urllib.request.ProxyHandler({})
        opener = urllib.request.build_opener(direct, urllib.request.HTTPSHandler(context=trust))
        try:
            with opener.open(request, timeout=30) as answer:
                text = answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                raise Refused(error.code, error.read().decode()) from None
        return json.loads(text) if text.startswith("{") else text

    def create(self, *manifests: Mapping[str, Any]) -> None:
        """Create objects, as the user who may do everything."""
        for manifest in manifests:
            self.ask("POST", path_of(manifest), manifest)

    def namespace(self, name: str, pull_secrets: list[str] | None = None) -> None:
        """Create a namespace and its account `default`, which no controller makes here."""
        references = [{"name": secret} for secret in pull_secrets or []]
        self.create(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}},
            {
                "apiVersion": "v1",
                "kind": "ServiceAccount",
                "metadata": {"name": "default", "namespace": name},
                "imagePullSecrets": references,
            },
        )

    def kubeconfig(
        self, path: Path, user: str = ADMIN, *, cluster: Mapping[str, Any] | None = None
    ) -> Path:
        """Write a kubeconfig with one context, `CONTEXT`, and return its path.

        Args:
            path: The file.
            user: Its user.
            cluster: More fields of its cluster, as `proxy-url`.
        """
        document = self.kubeconfig_of({"token": f"{user}-token"}, cluster=cluster)
        path.write_text(json.dumps(document))
        return path

    def kubeconfig_of(
        self, user: Mapping[str, Any], *, cluster: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """The kubeconfig of a user with those fields."""
        server = {"server": self.url, "certificate-authority": str(self.authority)}
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "loopback", "cluster": {**server, **(cluster or {})}}],
            "users": [{"name": "tests", "user": dict(user)}],
            "contexts": [{"name": CONTEXT, "context": {"cluster": "loopback", "user": "tests"}}],
            "current-context": CONTEXT,
        }


CONTEXT = "loopback-tests"


def path_of(manifest: Mapping[str, Any]) -> str:
    """The path under which objects of a manifest's kind are in its namespace."""
    version, kind = manifest["apiVersion"], manifest["kind"]
    base = f"/apis/{version}" if "/" in version else f"/api/{version}"
    if kind in _WITHOUT_NAMESPACE:
        return f"{base}/{_PLURALS[kind]}"
    return f"{base}/namespaces/{manifest['metadata']['namespace']}/{_PLURALS[kind]}"


@contextmanager
def api_server(
    folder: Path, *users: str, release: str = NEWEST, plugins: str = "ServiceAccount"
) -> Iterator[ApiServer]:
    """Run etcd and an API server until the block ends.

    There is no controller manager: a namespace's account `default` is to be created, and what a
    workload describes is not made.

    Args:
        folder: For their data and logs; an empty one.
        users: Users besides `ADMIN`, who may do nothing before RBAC lets them.
        release: Of Kubernetes.
        plugins: Admission plugins to be on besides those that always are.
    """
    server = program("kube-apiserver", release)
    etcd = installed("etcd")
    for name in ("etcd", "server"):
        (folder / name).mkdir()
    authority = Authority(folder / "certificates")
    serving_pair = authority.issue("127.0.0.1", name="kube-apiserver")
    signing = authority.issue(name="service-accounts").key
    tokens = folder / "tokens.csv"
    lines = [f"{ADMIN}-token,{ADMIN},{ADMIN},system:masters"]
    tokens.write_text("\n".join([*lines, *(f"{user}-token,{user},{user}" for user in users)]))

    def start_etcd(port: int) -> list[str]:
        peer = f"http://127.0.0.1:{free_port()}"
        url = f"http://127.0.0.1:{port}"
        return [
            etcd,
            f"--data-dir={folder / 'etcd' / 'data'}",
            f"--listen-client-urls={url}",
            f"--advertise-client-urls={url}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--unsafe-no-fsync",  # what it holds is thrown away
        ]

    def start_server(etcd_port: int, port: int) -> list[str]:
        return [
            str(server),
            f"--etcd-servers=http://127.0.0.1:{etcd_port}",
            "--service-cluster-ip-range=10.96.0.0/24",
            "--bind-address=127.0.0.1",
            f"--secure-port={port}",
            f"--tls-cert-file={serving_pair.certificate}",
            f"--tls-private-key-file={serving_pair.key}",
            f"--cert-dir={folder / 'certificates'}",
            f"--service-account-key-file={signing}",
            f"--service-account-signing-key-file={signing}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--token-auth-file={tokens}",
            "--authorization-mode=RBAC",
            f"--enable-admission-plugins={plugins}",
        ]

    with (
        serving(start_etcd, folder / "etcd") as etcd_port,
        serving(lambda port: start_server(etcd_port, port), folder / "server") as port,
    ):
        running = ApiServer(
            f"https://127.0.0.1:{port}", authority.path, f"http://127.0.0.1:{etcd_port}"
        )
        _wait_until_ready(running)
        yield running


def _wait_until_ready(server: ApiServer) -> None:
    until = time.monotonic() + READY_WITHIN
    while True:
        try:
            server.ask("GET", "/readyz")
        except (Refused, OSError):
            if time.monotonic() > until:
                raise
        else:
            return
        time.sleep(0.1)
