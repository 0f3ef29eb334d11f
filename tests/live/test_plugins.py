"""Exec plugins: what they are told, what they give, and that none is left running."""

from __future__ import annotations

import base64
import json
import socket
import subprocess
import sys
from contextlib import closing

import pytest

from pullsecrets.live.plugins import PluginFailed, asked_plugin
from support.canary import CANARY, error_texts, leaks

V1 = "client.authentication.k8s.io/v1"
SERVER = {"server": "https://api.example"}
# Gives back what it is told, as a token.
ECHO = """
import json, os
told = os.environ["KUBERNETES_EXEC_INFO"]
version = json.loads(told)["apiVersion"]
print(json.dumps({"kind": "ExecCredential", "apiVersion": version, "status": {"token": told}}))
"""
# Is there until its connection is closed, and so is what it starts.
STAYS = """
import socket, subprocess, sys
port, *others = sys.argv[1:]
if others:
    subprocess.Popen([sys.executable, __file__, port])
with socket.create_connection(("127.0.0.1", int(port))) as here:
    here.sendall(b"p" if others else b"c")
    while said := here.recv(1):
        here.sendall(said)
"""


@pytest.fixture(autouse=True)
def no_terminal(monkeypatch):
    """Also where whoever runs the tests has one."""
    for stream in (sys.stdin, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: False)


@pytest.fixture
def ask(tmp_path):
    """Asks a plugin of that code, in a user's ``exec`` with those fields."""

    def asked(code, *args, cluster=SERVER, **fields):
        file = tmp_path / "plugin.py"
        file.write_text(code)
        plugin = {"apiVersion": V1, "command": sys.executable, "args": [str(file), *args]}
        return asked_plugin({**plugin, **fields}, cluster, tmp_path)

    return asked


def told(fields):
    return json.loads(fields["token"])


class TestWhatItIsTold:
    def test_that_nobody_can_be_asked(self, ask):
        assert told(ask(ECHO)) == {
            "apiVersion": V1,
            "kind": "ExecCredential",
            "spec": {"interactive": False},
        }

    def test_the_cluster(self, ask):
        extensions = [
            {"name": "other", "extension": 1},
            {"name": "client.authentication.k8s.io/exec", "extension": {"audience": "a"}},
        ]
        cluster = {**SERVER, "extensions": extensions}
        info = told(ask(ECHO, cluster=cluster, provideClusterInfo=True))
        assert info["spec"]["cluster"] == {**cluster, "config": {"audience": "a"}}

    def test_a_cluster_without_anything_for_plugins(self, ask):
        assert told(ask(ECHO, provideClusterInfo=True))["spec"]["cluster"] == SERVER

    @pytest.mark.parametrize(
        "mode, asks", [(None, True), ("IfAvailable", True), ("Always", True), ("Never", False)]
    )
    def test_that_somebody_can_be_asked(self, mode, asks, ask, monkeypatch):
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
        assert told(ask(ECHO, interactiveMode=mode))["spec"]["interactive"] is asks

    def test_not_asked_where_it_needs_somebody(self, ask):
        with pytest.raises(PluginFailed, match="there is no terminal"):
            ask(ECHO, interactiveMode="Always")


def test_what_it_says_is_seen_at_a_terminal(ask, monkeypatch, capfd):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    ask(f"import sys; print('open this page', file=sys.stderr)\n{ECHO}")
    assert capfd.readouterr().err == "open this page\n"


def test_is_not_there(ask):
    with pytest.raises(PluginFailed, match="cannot be started: No such file"):
        ask(ECHO, command="/not/there")


def answer(**status):
    return {"kind": "ExecCredential", "apiVersion": V1, "status": status}


def prints(text):
    return f"print({text!r})"


def test_gives_a_certificate(ask):
    given = answer(clientCertificateData="one", clientKeyData="two")
    assert ask(prints(json.dumps(given))) == {
        "token": "",
        "client-certificate-data": base64.b64encode(b"one").decode(),
        "client-key-data": base64.b64encode(b"two").decode(),
    }


@pytest.mark.parametrize(
    "text",
    [
        CANARY,
        "[" * 200_000,
        f'["{CANARY}"]',
        *map(
            json.dumps,
            [
                {**answer(token=CANARY), "apiVersion": "client.authentication.k8s.io/v1beta1"},
                {**answer(), "status": CANARY},
                answer(),
                answer(token=[CANARY]),
                answer(token=CANARY, clientCertificateData=CANARY),
                answer(clientKeyData=CANARY),
            ],
        ),
    ],
)
def test_gives_nothing_that_can_be_used(text, ask):
    with pytest.raises(PluginFailed, match=f"gives no credentials as {V1} has") as raised:
        ask(prints(text))
    assert not any(leaks(text) for text in error_texts(raised.value))


class TestIsEnded:
    @pytest.fixture
    def running(self, monkeypatch):
        """Lets the limit pass once the plugin and what it started are there; both of them."""
        there = {}
        server = socket.create_server(("127.0.0.1", 0))
        server.settimeout(60)
        ends = subprocess.Popen.communicate

        def communicate(process, timeout):
            while len(there) < 2:
                connection, _ = server.accept()
                connection.settimeout(60)
                there[connection.recv(1)] = connection
            return ends(process, timeout=0)

        monkeypatch.setattr(subprocess.Popen, "communicate", communicate)
        with closing(server):
            yield server.getsockname()[1], there
        for each in there.values():
            each.close()

    def test_with_what_it_started(self, running, ask):
        port, there = running
        with pytest.raises(PluginFailed, match="gives no credentials within 60 seconds"):
            ask(STAYS, str(port), "and another")
        assert {name: each.recv(1) for name, each in there.items()} == {b"p": b"", b"c": b""}

    def test_alone_where_it_shares_the_terminal(self, running, ask, monkeypatch):
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
        port, there = running
        with pytest.raises(PluginFailed, match="gives no credentials within 600 seconds"):
            ask(STAYS, str(port), "and another")
        assert there[b"p"].recv(1) == b""
        there[b"c"].sendall(b"!")
        assert there[b"c"].recv(1) == b"!"

    def test_if_we_are_interrupted(self, running, ask, monkeypatch):
        port, there = running
        until_there = subprocess.Popen.communicate

        def interrupted(process, timeout):
            try:
                return until_there(process, timeout)
            except subprocess.TimeoutExpired:
                raise KeyboardInterrupt from None

        monkeypatch.setattr(subprocess.Popen, "communicate", interrupted)
        with pytest.raises(KeyboardInterrupt):
            ask(STAYS, str(port), "and another")
        assert {name: each.recv(1) for name, each in there.items()} == {b"p": b"", b"c": b""}
