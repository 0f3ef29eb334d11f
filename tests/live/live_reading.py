"""Reading a real cluster, and kubectl with its plugin: the kubectl of the same release."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import urllib.request
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from attrs import evolve

from live.building import program
from live.starting import Refused
from live.test_kubeconfigs import plugin
from live.world import EDITOR, LISTER, READER, STRANGER, TENANT
from pullsecrets.live import connect, read_live, read_objects
from pullsecrets.reading import Document
from referee.__main__ import DOCS, add
from support.canary import leaks
from support.go_programs import NEWEST, PATCHES

REPORT = DOCS / "referee-live.csv"


@pytest.fixture(scope="module")
def kubectl(tmp_path_factory):
    """Runs kubectl with the plugin on its PATH; gives what it ends with."""
    tool = program("kubectl")
    home = tmp_path_factory.mktemp("home")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])

    def run(*arguments, kubeconfig, env=None):
        done = subprocess.run(
            [tool, *map(str, arguments)],
            env={"PATH": path, "HOME": str(home), "KUBECONFIG": str(kubeconfig), **(env or {})},
            cwd=home,
            capture_output=True,
            text=True,
        )
        assert not leaks(done.stdout + done.stderr)
        return done

    return run


@pytest.fixture(scope="module", autouse=True)
def report(request):
    """Writes the row of the docs' page, where nothing was left out."""
    session = request.session
    failed_before = session.testsfailed
    yield
    if not request.config.option.keyword:
        row = {
            "release": PATCHES[NEWEST],
            "on": datetime.now(UTC).date().isoformat(),
            "tests": str(sum(item.module is request.module for item in session.items)),
            "failed": str(session.testsfailed - failed_before),
        }
        add([row], REPORT)


@pytest.fixture
def config(server, tmp_path):
    return lambda user, **cluster: server.kubeconfig(tmp_path / user, user, cluster=cluster)


def test_what_the_user_may(server):
    """No more than listing pods and getting secrets by name: the API server says so itself."""
    server.ask("GET", "/api/v1/pods", user=READER)
    server.ask("GET", "/api/v1/namespaces/shop/secrets/regcred", user=READER)
    for path in (
        "/api/v1/secrets",
        "/api/v1/namespaces/shop/secrets",
        "/api/v1/namespaces/shop/pods/web",
        "/api/v1/namespaces/shop/serviceaccounts/default",
        "/api/v1/namespaces",
        "/api/v1/nodes",
    ):
        with pytest.raises(Refused, match="403"):
            server.ask("GET", path, user=READER)


def test_explain_through_kubectl(kubectl, config):
    done = kubectl("pullsecrets", "explain", "pod/web", "-n", "shop", kubeconfig=config(READER))
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "Pod shop/web" in done.stdout
    assert "acme+spare" in done.stdout or "secret spare" in done.stdout


def test_the_command_itself(config):
    """What kubectl is not needed for, with the right to list pods and to get secrets by name."""
    command = [sys.executable, "-m", "pullsecrets", "resolve", "--cluster", "--pod", "shop/web"]
    done = subprocess.run(
        [*command, "--kubeconfig", config(READER)], capture_output=True, text=True, check=True
    )
    assert "acme+spare" in done.stdout
    assert not leaks(done.stdout + done.stderr)


@pytest.mark.parametrize("command", ["check", "resolve", "uses"])
def test_other_commands_through_kubectl(command, kubectl, config):
    done = kubectl("pullsecrets", command, "-n", "shop", kubeconfig=config(READER))
    assert "web" in done.stdout
    assert "trial" not in done.stdout
    assert done.stderr == ""


def test_kubectls_options(kubectl, config, tmp_path):
    arguments = ("pullsecrets", "resolve", "--format", "json", "--kubeconfig", config(READER))
    done = kubectl(*arguments, "-A", "--context", "loopback-tests", kubeconfig=tmp_path / "none")
    assert len(json.loads(done.stdout)["pods"]) == 7


@pytest.mark.parametrize(
    "user, arguments, said",
    [
        (LISTER, ["resolve", "-n", "shop"], "no right to get secrets in namespace shop (403)"),
        (TENANT, ["resolve", "-A"], "no right to list pods in all namespaces (403)"),
        (STRANGER, ["resolve"], "no right to list pods in namespace default (403)"),
        (READER, ["explain", "deploy/api", "-n", "shop"], "no right to list deployments.apps"),
    ],
)
def test_a_right_that_is_missing(user, arguments, said, kubectl, config):
    done = kubectl("pullsecrets", *arguments, kubeconfig=config(user))
    assert done.returncode == 2
    assert said in done.stderr


def test_what_applying_changes(kubectl, config, tmp_path):
    manifest = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "api", "namespace": "shop"},
        "spec": {
            "selector": {"matchLabels": {"app": "api"}},
            "template": {
                "metadata": {"labels": {"app": "api"}},
                "spec": {
                    "containers": [{"name": "main", "image": "quay.io/acme/api:3"}],
                    "imagePullSecrets": [{"name": "gone"}],
                },
            },
        },
    }
    (tmp_path / "new.json").write_text(json.dumps(manifest))
    done = kubectl("pullsecrets", "diff", tmp_path / "new.json", kubeconfig=config(EDITOR))
    assert done.returncode == 1, done.stderr
    assert "1 image changes, 1 for the worse" in done.stdout


class TestKubeconfigs:
    @pytest.mark.parametrize("version", ["v1", "v1beta1"])
    def test_an_exec_plugin(self, version, server, tmp_path):
        file = tmp_path / "config"
        file.write_text(json.dumps(server.kubeconfig_of(plugin(tmp_path, version))))
        assert len(read_live(kubeconfig=file, namespace="shop").pods) == 6

    def test_a_proxy(self, config):
        with tunnel() as (url, seen):
            file = config(READER, **{"proxy-url": url})
            assert len(read_live(kubeconfig=file, namespace="shop").pods) == 6
        assert seen
        assert all(line.startswith("CONNECT 127.0.0.1:") for line in seen)

    def test_a_server_name(self, server, config):
        file = config(READER, **{"tls-server-name": "127.0.0.1"})
        document = json.loads(file.read_text())
        cluster = document["clusters"][0]["cluster"]
        cluster["server"] = cluster["server"].replace("127.0.0.1", "localhost")
        file.write_text(json.dumps(document))
        assert len(read_live(kubeconfig=file, namespace="shop").pods) == 6


@contextmanager
def tunnel():
    """A proxy for https on loopback: its URL, and the first line of what it was asked."""
    seen = []
    listener = socket.create_server(("127.0.0.1", 0))

    def copy(source, target):
        while data := source.recv(65536):
            target.sendall(data)

    def serve(client):
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(65536)
        seen.append(head.split(b"\r\n")[0].decode())
        host, _, port = seen[-1].split()[1].rpartition(":")
        with client, socket.create_connection((host, int(port))) as upstream:
            client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            back = threading.Thread(target=copy, args=(upstream, client), daemon=True)
            back.start()
            copy(client, upstream)
            upstream.shutdown(socket.SHUT_WR)
            back.join(10)

    def accept():
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(client,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    with listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", seen


def test_pages(config):
    connection = evolve(connect(config(READER)), page=2)
    pages = list(connection.pages("Pod", "shop"))
    connection.close()
    assert [len(page.value["items"]) for page in pages] == [2, 2, 2]


def test_a_list_that_expires(server, config):
    """etcd forgets the revision that the second page is to be read from."""
    connection = evolve(connect(config(READER)), page=2)
    pages = connection.pages("Pod", "shop")
    first = next(pages)
    assert isinstance(first, Document)
    for number in range(3):
        server.namespace(f"later-{number}")
    compact(server.etcd, int(server.ask("GET", "/api/v1/pods")["metadata"]["resourceVersion"]))
    others = list(pages)
    if not isinstance(others[0], Document):  # newer API servers page from their own memory
        assert others[0].expired
        assert len(others[1].value["items"]) == 6
    connection.close()


def compact(etcd, revision):
    body = json.dumps({"revision": revision, "physical": True}).encode()
    request = urllib.request.Request(f"{etcd}/v3/kv/compaction", body, method="POST")
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
        assert answer.status == 200


def test_nothing_is_written(server, config):
    def versions():
        found = {}
        for kind in ("pods", "secrets", "serviceaccounts", "events"):
            for item in server.ask("GET", f"/api/v1/{kind}")["items"]:
                metadata = item["metadata"]
                found[kind, metadata["uid"]] = metadata["resourceVersion"]
        return found

    before = versions()
    connection = connect(config(EDITOR))
    read_objects(connection, None, with_accounts=True, count=lambda *_: None)
    connection.close()
    assert versions() == before
