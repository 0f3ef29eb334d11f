"""Kubeconfigs: contexts, several files, exec plugins, proxies, and those that cannot be used."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
import threading
from pathlib import Path
from unittest import mock

import pytest
from kubernetes import config
from kubernetes.config import kube_config

from live.recorded import recorded
from live.starting import CONTEXT
from live.world import READER
from pullsecrets.live import Unreachable, connect, connection, read_live
from registries.certificates import Authority
from support.canary import CANARY, b64, error_texts, leaks

PLUGIN = """
import json, os, sys
info = json.loads(os.environ["KUBERNETES_EXEC_INFO"])
version = info["apiVersion"]
token = os.environ["NAME"] + sys.argv[1]
status = {"token": token}
print(json.dumps({"apiVersion": version, "kind": "ExecCredential", "status": status}))
"""


@pytest.fixture
def api():
    with recorded() as answers:
        yield answers


@pytest.fixture(autouse=True)
def no_kubeconfig(monkeypatch, tmp_path):
    """Not the one of whoever runs the tests."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)


def write(path, document):
    path.write_text(json.dumps(document))
    return path


def with_user(api, path, user):
    """A kubeconfig whose user has those fields."""
    document = json.loads(api.kubeconfig(path, READER).read_text())
    document["users"][0]["user"] = user
    return write(path, document)


def plugin(tmp_path, version="v1", code=PLUGIN):
    (tmp_path / "plugin.py").write_text(code)
    return {
        "exec": {
            "apiVersion": f"client.authentication.k8s.io/{version}",
            "command": sys.executable,
            "args": [str(tmp_path / "plugin.py"), "-token"],
            "env": [{"name": "NAME", "value": READER}],
            "interactiveMode": "Never",
        }
    }


class TestWhere:
    def test_a_file(self, api, tmp_path):
        file = api.kubeconfig(tmp_path / "a.json", READER, namespace="lab")
        assert connect(file).namespace == "lab"

    def test_the_context_has_no_namespace(self, api, tmp_path):
        assert connect(api.kubeconfig(tmp_path / "a.json", READER)).namespace == "default"

    def test_the_environment(self, api, tmp_path, monkeypatch):
        file = api.kubeconfig(tmp_path / "a.json", READER)
        monkeypatch.setenv("KUBECONFIG", str(file))
        assert len(read_live(namespace="shop").pods) == 6

    def test_several_files(self, api, tmp_path, monkeypatch):
        whole = json.loads(api.kubeconfig(tmp_path / "a.json", READER).read_text())
        users = {"apiVersion": "v1", "kind": "Config", "users": whole.pop("users")}
        files = write(tmp_path / "a.json", whole), write(tmp_path / "b.json", users)
        monkeypatch.setenv("KUBECONFIG", os.pathsep.join([*map(str, files), "/not/there"]))
        assert len(read_live(namespace="shop").pods) == 6

    def test_the_home_directory(self, api, tmp_path):
        (tmp_path / "home" / ".kube").mkdir(parents=True)
        api.kubeconfig(tmp_path / "home" / ".kube" / "config", READER)
        assert len(read_live(namespace="shop").pods) == 6

    def test_a_context(self, api, tmp_path):
        file = api.kubeconfig(tmp_path / "a.json", READER)
        document = json.loads(file.read_text())
        document["contexts"].append(
            {"name": "lab", "context": {**document["contexts"][0]["context"], "namespace": "lab"}}
        )
        write(file, document)
        assert connect(file, "lab").namespace == "lab"
        assert connect(file, CONTEXT).namespace == "default"

    def test_no_such_context(self, api, tmp_path):
        with pytest.raises(Unreachable, match="has no context lab"):
            connect(api.kubeconfig(tmp_path / "a.json", READER), "lab")

    def test_none_at_all(self):
        with pytest.raises(Unreachable, match=r"there is no kubeconfig ~/.kube/config"):
            connect()

    def test_in_a_pod(self, monkeypatch):
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
        monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "1")
        with pytest.raises(Unreachable, match=r"[Ss]ervice token file does not exist"):
            connect()  # this is no pod, but it was looked for

    def test_in_a_pod_with_an_account(self, api, monkeypatch):
        def load(client_configuration):
            client_configuration.host = api.url

        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
        monkeypatch.setattr(config, "load_incluster_config", load)
        with mock.patch.object(Path, "read_text", return_value="shop\n") as read:
            assert connect().namespace == "shop"
        assert read.call_count == 1


@pytest.mark.parametrize(
    "text",
    [
        "}{",
        "[]",
        "text",
        "contexts: 1",
        "kind: Config",
        "current-context: a\ncontexts: [{name: a}]\nclusters: []\nusers: []",
        "current-context: a\ncontexts: [{name: a, context: {}}]\nclusters: []\nusers: []",
        f"current-context: {CANARY}",
    ],
)
def test_files_that_are_no_kubeconfig(text, tmp_path):
    file = tmp_path / "config"
    file.write_text(text)
    with pytest.raises(Unreachable) as raised:
        connect(file)
    assert "\n" not in str(raised.value)


class TestPlugins:
    @pytest.mark.parametrize("version", ["v1", "v1beta1"])
    def test_gives_a_token(self, version, api, tmp_path):
        file = with_user(api, tmp_path / "a.json", plugin(tmp_path, version))
        before = file.read_bytes()
        assert len(read_live(kubeconfig=file, namespace="shop").pods) == 6
        assert file.read_bytes() == before

    def test_gives_a_certificate_and_a_token(self, tmp_path):
        authority = Authority(tmp_path / "tls")
        issued, own = authority.issue("127.0.0.1"), authority.issue(name="client")
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(authority.path))
        context.load_cert_chain(issued.certificate, issued.key)
        context.verify_mode = ssl.CERT_REQUIRED
        with recorded(context) as api:
            pair = Path(own.certificate).read_text(), Path(own.key).read_text()
            given = (
                f'status |= {{"clientCertificateData": {pair[0]!r}, "clientKeyData": {pair[1]!r}}}'
            )
            code = PLUGIN.replace("print(", f"{given}\nprint(")
            file = with_user(api, tmp_path / "a.json", plugin(tmp_path, code=code))
            document = json.loads(file.read_text())
            document["clusters"][0]["cluster"]["certificate-authority"] = str(authority.path)
            cluster = read_live(kubeconfig=write(file, document), namespace="shop")
        assert len(cluster.pods) == 6

    def test_is_next_to_the_kubeconfig(self, api, tmp_path):
        """What has no slash is looked for on the PATH."""
        user = plugin(tmp_path)
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin" / "plugin").symlink_to(sys.executable)
        user["exec"]["command"] = f"bin{os.sep}plugin"
        file = with_user(api, tmp_path / "a.json", user)
        assert len(read_live(kubeconfig=file, namespace="shop").pods) == 6

    def test_a_token_of_the_kubeconfig_wins(self, api, tmp_path):
        user = {**plugin(tmp_path, code="exit(1)"), "token": f"{READER}-token"}
        file = with_user(api, tmp_path / "a.json", user)
        assert len(read_live(kubeconfig=file, namespace="shop").pods) == 6

    def test_what_has_no_form(self, api, tmp_path):
        with pytest.raises(Unreachable, match="the kubeconfig cannot be used"):
            connect(with_user(api, tmp_path / "a.json", {"exec": {}}))

    @pytest.mark.parametrize(
        "code, said",
        [
            ("import sys; sys.exit('log in first')", "fails with status 1: log in first"),
            (f"print('{CANARY}')", "gives no credentials as client.authentication.k8s.io/v1 has"),
        ],
    )
    def test_fails(self, code, said, api, tmp_path):
        file = with_user(api, tmp_path / "a.json", plugin(tmp_path, code=code))
        with pytest.raises(Unreachable, match=r"^the exec plugin") as raised:
            connect(file)
        assert said in str(raised.value)
        assert not any(leaks(text) for text in error_texts(raised.value))
        assert api.asked == []


def test_a_user_that_is_not_there(api, tmp_path):
    file = api.kubeconfig(tmp_path / "a.json", READER)
    document = {**json.loads(file.read_text()), "users": [{"name": "other", "user": {}}]}
    with pytest.raises(Unreachable, match="does not accept the credentials"):
        read_live(kubeconfig=write(file, document), namespace="shop")


@pytest.mark.parametrize(
    "place, fields",
    [
        ("users", {"auth-provider": {"name": "oidc", "config": {"client-secret": CANARY}}}),
        ("users", {"auth-provider": {"name": "gcp", "config": {"access-token": CANARY}}}),
        (
            "clusters",
            {"server": "http://127.0.0.1:1", "proxy-url": f"http://u:{CANARY}@127.0.0.1:1"},
        ),
    ],
)
def test_no_message_has_what_the_kubeconfig_has(place, fields, api, tmp_path):
    file = api.kubeconfig(tmp_path / "a.json", READER)
    document = json.loads(file.read_text())
    document[place][0][place.removesuffix("s")] = fields
    with pytest.raises(Unreachable) as raised:
        read_live(kubeconfig=write(file, document), namespace="shop")
    assert not any(leaks(text) for text in error_texts(raised.value))


def test_a_provider_of_tokens_that_gives_none(api, tmp_path, monkeypatch):
    over = threading.Event()
    monkeypatch.setattr(connection, "_PROVIDER", 0.0)
    monkeypatch.setattr(kube_config.KubeConfigLoader, "load_and_set", lambda *_: over.wait(60))
    with pytest.raises(Unreachable, match="auth-provider gives no token within 0 seconds"):
        connect(api.kubeconfig(tmp_path / "a.json", READER))
    over.set()


def test_a_certificate_that_is_not_there(api, tmp_path):
    file = api.kubeconfig(tmp_path / "a.json", READER)
    document = json.loads(file.read_text())
    document["clusters"][0]["cluster"] = {
        "server": "https://127.0.0.1:1",
        "certificate-authority": "/not/there",
    }
    with pytest.raises(Unreachable, match="/not/there"):
        connect(write(file, document))


def test_a_proxy(api, tmp_path):
    """Asked for the whole URL, as a proxy is for http: the recorded answers are the proxy."""
    file = api.kubeconfig(tmp_path / "a.json", READER)
    document = json.loads(file.read_text())
    document["clusters"][0]["cluster"] |= {
        "server": "http://api.example",
        "proxy-url": api.url,
    }
    write(file, document)
    read_live(kubeconfig=file, namespace="shop")
    assert api.asked[:1] == ["GET http://api.example/api/v1/namespaces/shop/pods?limit=500"]


def test_no_message_has_the_proxys_password(api, tmp_path):
    file = api.kubeconfig(tmp_path / "a.json", READER)
    document = json.loads(file.read_text())
    document["clusters"][0]["cluster"]["proxy-url"] = f"http://user:{CANARY}@127.0.0.1:1"
    write(file, document)
    with pytest.raises(Unreachable) as raised:
        read_live(kubeconfig=file, namespace="shop")
    assert not any(leaks(text) for text in error_texts(raised.value))


@pytest.mark.parametrize(
    "proxy",
    [
        f"socks5://user:{CANARY}@127.0.0.1:1",  # kubectl can; here it takes one more package
        f"http://user:{CANARY}@127.0.0.1:99999",
        f"user:{CANARY}@127.0.0.1:1",
    ],
)
def test_a_proxy_that_cannot_be_used(proxy, api, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "socks", None)
    file = api.kubeconfig(tmp_path / "a.json", READER)
    document = json.loads(file.read_text())
    document["clusters"][0]["cluster"]["proxy-url"] = proxy
    with pytest.raises(Unreachable, match=r"\Athe kubeconfig cannot be used: .+\Z") as raised:
        connect(write(file, document))
    assert not any(leaks(text) for text in error_texts(raised.value))


def test_a_token_server_that_cannot_be_asked(api, tmp_path, capfd):
    """The client asks it in a thread, where what is raised is printed if nobody catches it."""
    expired = f"e.{b64(json.dumps({'exp': 1})).rstrip('=')}.s"
    settings = {
        "client-id": "me",
        "client-secret": CANARY,
        "id-token": expired,
        "refresh-token": CANARY,
        "idp-issuer-url": f"https://user:{CANARY}@127.0.0.1:1",
    }
    user = {"auth-provider": {"name": "oidc", "config": settings}}
    with pytest.raises(Unreachable, match="the kubeconfig cannot be used") as raised:
        connect(with_user(api, tmp_path / "a.json", user))
    assert not any(leaks(text) for text in error_texts(raised.value))
    assert "Traceback" not in capfd.readouterr().err
    assert api.asked == []


def test_the_extra_is_named():
    code = (
        "import sys; sys.modules['kubernetes'] = None\n"
        "from pullsecrets.errors import MissingExtra\n"
        "try:\n    import pullsecrets.live\n"
        "except MissingExtra as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "pip install 'pullsecrets[cluster]'" in done.stdout
