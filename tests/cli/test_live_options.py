"""Commands that read a cluster: with what a real API server answered, over loopback."""

from __future__ import annotations

import itertools
import sys
import threading
from pathlib import Path

import pytest

from live.recorded import recorded
from live.world import EDITOR, LISTER, READER
from pullsecrets.__main__ import main
from pullsecrets.cli import _live
from pullsecrets.cli._live import progress
from support.canary import leaks
from support.command_line import run


@pytest.fixture
def api(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    with recorded() as answers:
        for user in (READER, LISTER, EDITOR):
            answers.kubeconfig(tmp_path / user, user, namespace="shop")
        yield answers


def as_plugin(*arguments, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/bin/kubectl-pullsecrets", *arguments])
    return run(*arguments)


@pytest.mark.parametrize("command", ["resolve", "explain", "check", "uses"])
def test_reads_the_contexts_namespace(command, api):
    result = run(command, "--cluster", "--kubeconfig", READER)
    assert "shop/web" in result.out
    assert "trial" not in result.out
    assert not leaks(result.out + result.err)


def test_a_namespace(api):
    result = run("resolve", "-n", "lab", "--kubeconfig", READER, "--format", "json")
    assert [pod["name"] for pod in result.json["pods"]] == ["trial"]


def test_all_namespaces(api):
    result = run("resolve", "-A", "-n", "lab", "--kubeconfig", READER, "--format", "json")
    assert len(result.json["pods"]) == 7


@pytest.mark.parametrize("name", ["po/web", "pod/web", "web", "shop/web"])
def test_one_pod(name, api):
    result = run("resolve", "--kubeconfig", READER, "--pod", name, "--format", "json")
    assert [pod["name"] for pod in result.json["pods"]] == ["web"]
    assert "GET /api/v1/namespaces/shop/secrets/regcred" not in api.asked


def test_one_pod_of_another_namespace(api):
    result = run("resolve", "--kubeconfig", READER, "-n", "lab", "shop/web", "--format", "json")
    assert result.status == 2  # NAMESPACE/NAME is no PATH, and no kind is named
    result = run("resolve", "--kubeconfig", READER, "-n", "lab", "--pod", "shop/web")
    assert "Pod shop/web" in result.out


def test_a_kind_and_a_name_as_an_argument(api):
    result = run("explain", "pod/web", "--kubeconfig", READER)
    assert result.status == 0
    assert "Pod shop/web" in result.out
    assert "acme+spare" not in result.err


def test_no_such_pod(api):
    result = run("explain", "pod/none", "--kubeconfig", READER)
    assert result.status == 2
    assert "no pod or workload 'pod/none' in the cluster" in result.err


def test_a_path_of_that_name_is_a_path(api, tmp_path):
    (tmp_path / "pod").mkdir()
    (tmp_path / "pod" / "web").write_text("{}")
    assert run("resolve", "pod/web").status == 0
    assert api.asked == []


def test_one_of_the_manifests(api):
    Path("a.yaml").write_text(
        "{apiVersion: v1, kind: Pod, metadata: {name: web}, "
        "spec: {containers: [{name: a, image: nginx}]}}"
    )
    assert "Pod default/web" in run("resolve", "po/web", "a.yaml").out
    assert run("resolve", "po/other", "a.yaml").status == 2
    assert api.asked == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("resolve",),
        ("resolve", "po/a", "po/b", "--cluster"),
        ("resolve", "po/a", "--pod", "b", "--cluster"),
        ("resolve", ".", "--cluster"),
        ("resolve", ".", "--context", "a"),
        ("resolve", ".", "-A"),
        ("resolve", "--kubeconfig", "missing"),
        ("resolve", "--kubeconfig", READER, "--context", "missing"),
        ("diff", "--cluster"),
    ],
)
def test_bad_usage(arguments, api):
    assert run(*arguments).status == 2
    assert api.asked == []


def test_a_right_that_is_missing(api):
    result = run("resolve", "--kubeconfig", LISTER, "--format", "json")
    assert result.status == 2
    assert "error: the user of the kubeconfig has no right to get secrets" in result.err
    assert [problem["code"] for problem in result.json["problems"]] == ["forbidden"]
    [web] = [pod for pod in result.json["pods"] if pod["name"] == "web"]
    assert web["images"][0]["anonymous"] is None
    assert [source["name"] for source in web["images"][0]["unknown"]] == ["spare", "gone"]


def test_what_is_not_known_is_no_diagnosis(api):
    result = run("check", "--kubeconfig", LISTER)
    assert result.status == 2
    assert "PS102" not in result.out


def test_it_is_said_to_be_unknown(api):
    result = run("explain", "pod/web", "--kubeconfig", LISTER)
    assert "could not be read: whether it exists, and what it holds, is not known" in result.out


def test_a_secret_instead_of_one_that_could_not_be_read(api):
    Path("a.yaml").write_text(
        "{apiVersion: v1, kind: Secret, metadata: {name: spare}, "
        "type: kubernetes.io/dockerconfigjson, stringData: {.dockerconfigjson: "
        '\'{"auths": {"quay.io": {"username": "mine", "password": "x"}}}\'}}'
    )
    result = run("resolve", "pod/web", "--kubeconfig", LISTER, "--with-secret", "a.yaml")
    assert "mine" in result.out


def test_a_right_without_which_there_is_no_answer(api):
    result = run("explain", "deploy/api", "--kubeconfig", READER)
    assert result.status == 2
    assert result.out == ""
    assert "no right to list deployments.apps in namespace shop (403)" in result.err


def test_where_a_diagnosis_is(api):
    result = run("check", "--kubeconfig", READER)
    assert result.status == 1
    assert "  at  Pod shop/web, spec.imagePullSecrets[1]\n" in result.out


class TestPlugin:
    def test_reads_the_cluster(self, api, monkeypatch):
        monkeypatch.setenv("KUBECONFIG", READER)
        result = as_plugin("explain", "pod/web", "-n", "shop", monkeypatch=monkeypatch)
        assert "Pod shop/web" in result.out

    def test_reads_paths_that_are_given(self, api, monkeypatch):
        Path("a.yaml").write_text("{}")
        assert as_plugin("resolve", "a.yaml", monkeypatch=monkeypatch).status == 0
        assert api.asked == []

    def test_what_would_be_applied(self, api, monkeypatch):
        monkeypatch.setenv("KUBECONFIG", EDITOR)
        Path("a.yaml").write_text(DEPLOYMENT.format(name="api", secret="spare"))
        result = as_plugin("diff", "a.yaml", monkeypatch=monkeypatch)
        assert "because  its own imagePullSecrets changed" in result.out

    def test_its_name(self, capsys, monkeypatch):
        for program, name in (
            ("/bin/kubectl-pullsecrets", "kubectl pullsecrets"),
            ("pullsecrets", "pullsecrets"),
        ):
            monkeypatch.setattr(sys, "argv", [program, "--help"])
            with pytest.raises(SystemExit):
                main()
            assert capsys.readouterr().out.startswith(f"Usage: {name} [OPTIONS]")


DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
spec:
  selector: {{matchLabels: {{app: a}}}}
  template:
    metadata: {{labels: {{app: a}}}}
    spec:
      containers: [{{name: main, image: quay.io/acme/api:3}}]
      imagePullSecrets: [{{name: {secret}}}]
"""


class TestDiff:
    def test_what_applying_changes(self, api):
        Path("a.yaml").write_text(
            DEPLOYMENT.format(name="api", secret="spare")
            + "---"
            + DEPLOYMENT.format(name="new", secret="other")
        )
        result = run("diff", "--kubeconfig", EDITOR, "a.yaml", "--format", "json")
        assert result.status == 0
        changes = {change["name"]: change for change in result.json["changes"]}
        assert [c["source"]["name"] for c in changes["api"]["before"]["candidates"]] == ["regcred"]
        assert [c["source"]["name"] for c in changes["api"]["after"]["candidates"]] == ["spare"]
        assert changes["new"]["before"] is None
        assert "GET /api/v1/namespaces/shop/secrets/other" in api.asked

    def test_what_is_among_the_manifests_replaces_what_is_there(self, api):
        Path("a.yaml").write_text(
            DEPLOYMENT.format(name="api", secret="regcred")
            + "---\n{apiVersion: v1, kind: Secret, metadata: {name: regcred}}\n"
        )
        result = run("diff", "--kubeconfig", EDITOR, "a.yaml")
        assert result.status == 1
        assert "secret shop/regcred changed" in result.out

    def test_kinds_that_are_not_read(self, api):
        Path("a.yaml").write_text("{}")
        assert run("diff", "--kubeconfig", EDITOR, "a.yaml").out == "nothing changes\n"

    def test_a_right_that_is_missing(self, api):
        Path("a.yaml").write_text(DEPLOYMENT.format(name="api", secret="spare"))
        result = run("diff", "--kubeconfig", READER, "a.yaml")
        assert result.status == 2
        assert "no right to list deployments.apps" in result.err

    def test_no_such_context(self, api):
        result = run("diff", "--context", "missing", "--kubeconfig", EDITOR, ".")
        assert result.status == 2
        assert "no context missing" in result.err


@pytest.mark.parametrize("arguments", [["check", "--cluster"], ["diff", "--cluster", "-"]])
def test_the_missing_client_is_named(arguments, api, monkeypatch):
    for name in [each for each in sys.modules if each.startswith("pullsecrets.live")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "kubernetes", None)
    result = run(*arguments)
    assert result.status == 2
    assert "reading a cluster needs the extra 'cluster'" in result.err


class TestProgress:
    def test_after_a_second(self, capsys, monkeypatch):
        clock = itertools.count().__next__
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
        with progress(clock) as count:
            for number in range(1, 4):
                count("pods", number)
        shown = capsys.readouterr().err
        assert shown.startswith("\r\x1b[Kreading the cluster: 1 pods\r\x1b[K")
        assert shown.endswith("\r\x1b[K")

    def test_that_nothing_is_read_for_a_second(self, capsys, monkeypatch):
        class Elapsed(threading.Timer):
            def start(self):
                self.function(*self.args, **self.kwargs)

        monkeypatch.setattr(_live, "Timer", Elapsed)
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
        with progress():
            pass
        assert capsys.readouterr().err == "waiting for the cluster\n"

    def test_not_elsewhere(self, capsys):
        with progress(itertools.count().__next__) as count:
            count("pods", 1)
        assert capsys.readouterr().err == ""

    def test_not_before(self, capsys, monkeypatch):
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
        with progress(lambda: 0.0) as count:
            count("pods", 1)
        assert capsys.readouterr().err == ""


@pytest.mark.parametrize("command", ["resolve", "explain", "check", "uses"])
def test_a_service_account_that_may_not_be_read(command, api):
    forbidden = {"kind": "Status", "apiVersion": "v1", "reason": "Forbidden", "code": 403}
    api.instead["/api/v1/namespaces/shop/serviceaccounts/default"] = 403, forbidden
    result = run(command, "deploy/api", "--kubeconfig", EDITOR)
    assert result.status == 2
    assert "no right to get serviceaccounts in namespace shop (403); not known: def" in result.err
    assert "anonymous" not in result.out
    assert "without a credential" not in result.out
    if command == "uses":
        assert "whatever there is of secret shop/(not read)" in result.out
