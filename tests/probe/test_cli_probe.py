"""`pullsecrets probe`: what it prints, and how it ends."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from probing import (
    CANARY,
    MANIFEST,
    MANIFEST_HEAD,
    Received,
    Scripted,
    basic,
    challenge,
    pod_manifest,
    reply,
    secret_manifest,
    token_reply,
)

from pullsecrets.cli import cli
from pullsecrets.errors import MissingExtra
from registries import Authority, Htpasswd, Registry

Serve = Callable[..., Scripted]


def run(*arguments: object) -> Result:
    try:
        runner = CliRunner(mix_stderr=False)  # type: ignore[call-arg]  # click before 8.2
    except TypeError:
        runner = CliRunner()
    return runner.invoke(cli, ["probe", *map(str, arguments)], catch_exceptions=False)


def write(folder: Path, *manifests: dict[str, Any]) -> Path:
    path = folder / "manifests.json"
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests}))
    return path


def open_registry(request: Received) -> bytes:
    return reply(200) if request.method == "GET" else MANIFEST_HEAD


class TestJson:
    def test_of_a_real_registry(self, basic_registry: Registry, tmp_path: Path) -> None:
        """The document of the issue, key by key."""
        host = basic_registry.host
        path = write(
            tmp_path,
            secret_manifest("old", (host, "ann", "old")),
            secret_manifest("good", (host, "ann", "ann-password")),
            pod_manifest("p", [f"{host}/team/a:1.0"], ["old", "good"]),
        )
        result = run(path, "--format", "json")
        assert result.exit_code == 0
        document = json.loads(result.stdout)
        (pod,) = document["pods"]
        assert {k: pod[k] for k in ("namespace", "name", "kind", "starts")} == {
            "namespace": "default",
            "name": "p",
            "kind": "Pod",
            "starts": True,
        }
        (image,) = pod["images"]
        assert {k: image[k] for k in ("container", "image", "outcome")} == {
            "container": "c0",
            "image": f"{host}/team/a:1.0",
            "outcome": "pullable",
        }
        assert [finding["kind"] for finding in image["findings"]] == ["slow-start"]
        attempts = image["attempts"]
        assert [a["outcome"] for a in attempts] == ["bad-credential", "pullable"]
        assert attempts[0]["source"] == {"kind": "secret", "namespace": "default", "name": "old"}
        assert attempts[0]["entry"] == host
        url = f"{basic_registry.url}/v2/"
        manifest = f"{url}team/a/manifests/1.0"
        assert [
            [(r["method"], r["url"], r["status"]) for r in a["requests"]] for a in attempts
        ] == [
            [("GET", url, 401), ("HEAD", manifest, 401)],
            [("GET", url, 401), ("HEAD", manifest, 200)],
        ]
        assert all(r["ms"] >= 0 for a in attempts for r in a["requests"])

    def test_an_anonymous_attempt_has_no_source(self, serve: Serve, tmp_path: Path) -> None:
        path = write(tmp_path, pod_manifest("p", [serve(open_registry).image()]))
        (pod,) = json.loads(run(path, "--format", "json").stdout)["pods"]
        (attempt,) = pod["images"][0]["attempts"]
        assert (attempt["source"], attempt["entry"], attempt["outcome"]) == (None, None, "pullable")


class TestStatus:
    @pytest.mark.parametrize(
        "answers, expected",
        [
            ({"a": MANIFEST_HEAD}, 0),
            ({"a": reply(404)}, 1),
            ({"a": reply(503)}, 3),
            ({"a": MANIFEST_HEAD, "b": reply(503)}, 3),
            ({"a": reply(404), "b": reply(503)}, 1),
            ({}, 0),
        ],
    )
    def test_of_the_verdict(
        self, serve: Serve, tmp_path: Path, answers: dict[str, bytes], expected: int
    ) -> None:
        def answer(request: Received) -> bytes:
            if request.target == "/v2/":
                return reply(200)
            name = request.target.split("/")[2]
            return answers[name].partition(b"\r\n\r\n")[0] + b"\r\n\r\n"  # a HEAD has no body

        server = serve(answer)
        path = write(tmp_path, pod_manifest("p", [server.image(name) for name in answers]))
        result = run(path, "--format", "json")
        assert result.exit_code == expected
        (pod,) = json.loads(result.stdout)["pods"]
        assert pod["starts"] == {0: True, 1: False, 3: None}[expected]

    def test_a_broken_secret(self, serve: Serve, tmp_path: Path) -> None:
        server = serve(open_registry)
        broken = secret_manifest("broken")
        broken["stringData"] = {".dockerconfigjson": '{"auths":{"x":{"auth":"%"}}}'}
        result = run(write(tmp_path, broken, pod_manifest("p", [server.image()], ["broken"])))
        assert result.exit_code == 1
        assert "Pod default/p: does not start" in result.stdout
        assert "secret default/broken does not decode" in result.stdout
        assert server.raw == []

    def test_unreadable_input_wins(self, serve: Serve, tmp_path: Path) -> None:
        (tmp_path / "bad.json").write_text('{"apiVersion": "v1", "kind": "Pod"')
        write(tmp_path, pod_manifest("p", [serve(open_registry).image()]))
        result = run(tmp_path)
        assert result.exit_code == 2
        assert "Pod default/p: starts" in result.stdout

    def test_no_pods(self, tmp_path: Path) -> None:
        result = run(write(tmp_path))
        assert (result.exit_code, result.stdout) == (0, "")
        assert "no pods and no workloads" in result.stderr

    @pytest.mark.parametrize(
        "arguments",
        [
            [],
            ["--timeout", "0"],
            ["--timeout", "soon"],
            ["--deadline", "-1"],
            ["--api-host", "x.io"],
            ["--api-host", "=x"],
            ["--api-host", "x.io=ftp://y"],
            ["--client-cert", "localhost"],
            ["--client-cert", "localhost=missing.pem"],
            ["--platform", "arm64"],
            ["--retries", "-1"],
            ["--proxy", "http://"],
            ["--proxy", "socks5://x"],
            ["--ca", "missing.pem"],
            ["--format", "xml"],
            ["--pod", "other"],
            ["--image", "other"],
            ["missing"],
        ],
    )
    def test_bad_usage(self, tmp_path: Path, arguments: list[str]) -> None:
        path = write(tmp_path, pod_manifest("p", ["Upper:1"]))
        result = run(*arguments, *([path] if arguments else []))
        assert result.exit_code == 2
        assert "Traceback" not in result.output

    def test_a_file_that_is_no_certificate(self, tmp_path: Path) -> None:
        path = write(tmp_path)
        result = run(path, "--ca", path)
        assert result.exit_code == 2
        assert "certificates: " in result.stderr

    def test_without_requests(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.delitem(sys.modules, "pullsecrets.cli.probe")

        class Missing:
            def __getattr__(self, name: str) -> object:
                if name == "__path__":
                    raise AttributeError
                raise MissingExtra("asking registries", "probe")

        monkeypatch.setitem(sys.modules, "pullsecrets.probe", Missing())  # type: ignore[arg-type]
        result = run(write(tmp_path))
        assert result.exit_code == 2
        assert "pip install 'pullsecrets[probe]'" in result.stderr


class TestOptions:
    def test_pod_and_image(self, serve: Serve, tmp_path: Path) -> None:
        server = serve(open_registry)
        path = write(
            tmp_path,
            pod_manifest("p", [server.image("a"), server.image("b:1"), "Upper:1"]),
            pod_manifest("q", [server.image("a:latest"), server.image("c")]),
        )

        def images(*arguments: str) -> list[str]:
            result = run(path, "--format", "json", *arguments)
            pods = json.loads(result.stdout)["pods"]
            return [
                f"{pod['name']}/{image['container']}" for pod in pods for image in pod["images"]
            ]

        assert images("--pod", "p") == ["p/c0", "p/c1", "p/c2"]
        assert images("--image", server.image("b:1")) == ["p/c1"]
        assert images("--image", server.image("a")) == ["p/c0", "q/c0"]
        assert images("--image", server.image("a:latest")) == ["q/c0"]
        assert images("--pod", "pod/q", "--image", server.image("c")) == ["q/c1"]
        assert {target for _, target in server.asked if "latest" in target} == {
            "/v2/a/manifests/latest",
            "/v2/c/manifests/latest",
        }

    def test_exhaustive(self, token_registry: Any, tmp_path: Path) -> None:
        registry, _ = token_registry
        path = write(
            tmp_path,
            secret_manifest("old", (registry.host, "ann", "old")),
            pod_manifest("p", [registry.image("public/a", "1.0")], ["old"]),
        )
        result = run(path)
        assert result.exit_code == 1
        assert "--exhaustive tells" in result.stdout
        result = run(path, "--exhaustive")
        assert result.exit_code == 1
        assert "--exhaustive tells" not in result.stdout
        assert "not tried by the kubelet" in result.stdout
        assert "never pulls anonymously (rule 16)" in result.stdout

    def test_insecure_registries_and_realms(self, serve: Serve, tmp_path: Path) -> None:
        tokens = serve(lambda request: token_reply())
        server = serve(
            lambda request: (
                MANIFEST_HEAD if request.authorization else challenge(f"{tokens.foreign}/token")
            )
        )
        path = write(
            tmp_path,
            secret_manifest("s", (server.host, "ann", "x")),
            pod_manifest("p", [server.image()], ["s"]),
        )
        insecure = ("--insecure-registry", f"foreign.test:{tokens.port}")
        realm = ("--allow-realm", f"{server.host}=foreign.test")
        for arguments, expected in (((), 3), (insecure, 3), (realm, 3), ((*insecure, *realm), 0)):
            result = run(path, *arguments)
            assert result.exit_code == expected
            if expected:
                assert "refused" in result.stdout
        assert len(tokens.received) == 1

    def test_a_mirror_and_an_authority(
        self, start_registry: Any, authority: Authority, tmp_path: Path
    ) -> None:
        registry: Registry = start_registry(
            auth=Htpasswd({"ann": "x"}), tls=(authority, authority.issue("localhost", name="cli"))
        )
        registry.push("library/nginx", "latest")
        path = write(
            tmp_path,
            secret_manifest("hub", ("https://index.docker.io/v1/", "ann", "x")),
            pod_manifest("p", ["nginx"], ["hub"]),
        )
        mirror = ("--api-host", f"docker.io=https://{registry.host}")
        assert run(path, *mirror, "--ca", authority.path).exit_code == 0
        result = run(path, *mirror)
        assert result.exit_code == 3
        assert "tls-error" in result.stdout

    def test_a_timeout(self, serve: Serve, tmp_path: Path) -> None:
        over = threading.Event()
        server = serve(lambda request: over.wait(60) and None)
        path = write(tmp_path, pod_manifest("p", [server.image()]))
        for option in ("--timeout", "--deadline"):
            result = run(path, option, "0.3")
            assert result.exit_code == 3
            # The second, where a busy machine was late to ask at all.
            late = r"the time limit was reached|look-up took too long|the probe's time was over"
            assert re.search(late, result.stdout)
        over.set()


class TestMoreOptions:
    def test_markdown_and_html(self, serve: Serve, tmp_path: Path) -> None:
        path = write(
            tmp_path, *(pod_manifest(name, [serve(open_registry).image()]) for name in "pq")
        )
        markdown = run(path, "--format", "markdown").stdout
        assert markdown.startswith("### Pod default/p: starts\n\n#### c0: ")
        assert "### Pod default/q: starts" in markdown
        page = run(path, "--format", "html").stdout
        assert page.startswith("<!DOCTYPE html>")
        assert page.count("<table>") == 2

    def test_trace(self, serve: Serve, tmp_path: Path) -> None:
        server = serve(
            lambda r: (
                MANIFEST_HEAD
                if r.authorization
                else reply(401, ("WWW-Authenticate", "Basic realm=x"))
            )
        )
        path = write(
            tmp_path,
            secret_manifest("s", (server.host, "ann", CANARY)),
            pod_manifest("p", [server.image()], ["s"]),
        )
        result = run(path, "--trace", "--format", "json")
        assert json.loads(result.stdout)["pods"][0]["starts"] is True
        assert f"> GET {server.url}/v2/\n< 401\n" in result.stderr
        assert "> Authorization: Basic ********" in result.stderr
        assert CANARY not in result.stderr
        assert basic("ann", CANARY) not in result.stderr

    def test_an_identity_token(self, serve: Serve, tmp_path: Path) -> None:
        """As `az acr login` leaves it: the null GUID, no password, and the token."""
        guid = "00000000-0000-0000-0000-000000000000"

        def answer(request: Received) -> bytes:
            if request.target == "/v2/":
                return challenge(f"http://{request.headers['host']}/token")
            if request.target.startswith("/token"):
                good = request.method == "POST" and b"refresh_token=refresh" in request.body
                return token_reply() if good else reply(401)
            return MANIFEST_HEAD

        server = serve(answer)
        entry = {"auth": base64.b64encode(f"{guid}:".encode()).decode(), "IdentityToken": "refresh"}
        acr = secret_manifest("acr")
        acr["stringData"] = {".dockerconfigjson": json.dumps({"auths": {server.host: entry}})}
        path = write(tmp_path, acr, pod_manifest("p", [server.image()], ["acr"]))
        assert run(path).exit_code == 1
        assert run(path, "--identity-token").exit_code == 0

    def test_a_client_certificate(
        self, start_registry: Any, authority: Authority, tmp_path: Path
    ) -> None:
        client = authority.issue(name="cli-client")
        registry: Registry = start_registry(
            auth=None,
            tls=(authority, authority.issue("localhost", name="cli-mutual")),
            client_ca=authority.path,
        )
        path = write(tmp_path, pod_manifest("p", [registry.image("team/app", "1")]))
        common = (path, "--ca", authority.path, "--retries", "0")
        assert run(*common).exit_code == 3
        both = tmp_path / "both.pem"
        both.write_text(client.certificate.read_text() + client.key.read_text())
        for files in (f"{client.certificate},{client.key}", both):
            result = run(*common, "--client-cert", f"localhost={files}")
            assert "not-found" in result.stdout

    def test_a_platform(self, serve: Serve, tmp_path: Path) -> None:
        body = json.dumps({"manifests": [{"platform": {"os": "linux", "architecture": "amd64"}}]})
        index = ("Content-Type", "application/vnd.oci.image.index.v1+json")

        def answer(request: Received) -> bytes:
            if request.target == "/v2/":
                return reply(200)
            return reply(200, index, body=body.encode() if request.method == "GET" else b"")

        path = write(tmp_path, pod_manifest("p", [serve(answer).image()]))
        assert run(path, "--platform", "linux/amd64").exit_code == 0
        result = run(path, "--platform", "linux/arm64")
        assert result.exit_code == 1
        assert "not for linux/arm64; there is linux/amd64" in result.stdout

    def test_past_the_proxy(self, serve: Serve, tmp_path: Path) -> None:
        spy = serve(lambda request: reply(403))
        server = serve(open_registry)
        path = write(tmp_path, pod_manifest("p", [f"foreign.test:{server.port}/a"]))
        how = ("--proxy", spy.url, "--insecure-registry", "foreign.test", "--retries", "0")
        assert run(path, *how, "--no-proxy", "other.test,foreign.test").exit_code == 0
        assert spy.raw == []
        assert run(path, *how).exit_code == 3


class TestTable:
    def test_it_shows_what_is_known(self, serve: Serve, tmp_path: Path) -> None:
        def answer(request: Received) -> bytes:
            if request.authorization == basic("ann", CANARY):
                return reply(200, ("Content-Type", MANIFEST), ("RateLimit-Limit", "100"))
            if request.authorization:
                return b"HTTP/1.1 429 Slow\r\nRetry-After: 700\r\n\r\n"
            return reply(401, ("WWW-Authenticate", "Basic realm=x"))

        server = serve(answer)
        manifest = pod_manifest("p", [server.image()], ["slow", "twin", "good"])
        containers = manifest["spec"]["containers"]
        manifest["spec"]["initContainers"] = [{**containers[0], "name": "first"}]
        path = write(
            tmp_path,
            secret_manifest("slow", (f"http://bob:{CANARY}@{server.host}", "bob", CANARY)),
            secret_manifest("twin", (server.host, "bob", CANARY)),
            secret_manifest("good", (server.host, "ann", CANARY)),
            manifest,
        )
        result = run(path)
        assert result.exit_code == 0
        lines = result.stdout.splitlines()
        assert lines[0] == "Pod default/p: starts"
        assert f"first (init): {server.image()}" in result.stdout
        assert "rate-limited" in result.stdout
        assert "too many requests (429), wait 700 s" in result.stdout
        assert "[ratelimit-limit: 100]" in result.stdout
        assert f"http://********@{server.host}" in result.stdout
        assert "! The first 2 candidates fail before one works" in result.stdout
        assert "! Candidates 1 and 2 are the same user and password" in result.stdout
        assert CANARY not in result.output

    def test_text_of_registries_is_no_markup(self, serve: Serve, tmp_path: Path) -> None:
        said = {"errors": [{"code": "[bold red]X[/]", "message": ":smile: \x1b[31m [link=x]"}]}

        def answer(request: Received) -> bytes:
            if request.target == "/v2/":
                return challenge(f"http://{request.headers['host']}/token")
            return reply(403, body=json.dumps(said).encode())

        result = run(write(tmp_path, pod_manifest("p", [serve(answer).image()])))
        assert "[bold red]X[/] :smile: \\x1b[31m [link=x]" in result.stdout
        assert "\x1b" not in result.stdout

    def test_a_progress_bar_only_on_a_terminal(
        self, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        server = serve(open_registry)
        # More than a hundred: not every one of them is drawn.
        images = [server.image(f"a:{number}") for number in range(250)]
        path = write(tmp_path, pod_manifest("p", images))
        monkeypatch.delenv("FORCE_COLOR", raising=False)
        assert run(path).stderr == ""
        monkeypatch.setenv("FORCE_COLOR", "1")
        result = run(path, "--format", "json")
        assert "asking registries" in result.stderr
        assert json.loads(result.stdout)["pods"][0]["starts"] is True


class TestInterrupted:
    # A process in the background ignores Ctrl-C, and so do those that it starts; here it counts.
    COMMAND = (
        *(sys.executable, "-c"),
        (
            "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
            "from pullsecrets.__main__ import main; sys.exit(main())"
        ),
        "probe",
    )

    def slow(self, serve: Serve, tmp_path: Path) -> tuple[Path, threading.Event, threading.Event]:
        reached, over = threading.Event(), threading.Event()

        def answer(request: Received) -> bytes | None:
            if "slow" in request.target:
                reached.set()
                over.wait(120)
                return None
            return open_registry(request)

        server = serve(answer)
        path = write(
            tmp_path,
            pod_manifest("fast", [server.image("fast")]),
            pod_manifest("slow", [server.image("slow")]),
        )
        return path, reached, over

    @pytest.mark.parametrize("form", ["json", "table"])
    def test_ctrl_c(self, serve: Serve, tmp_path: Path, form: str) -> None:
        """With the progress bar drawn on a real (pseudo) terminal, while the server is silent."""
        path, reached, over = self.slow(serve, tmp_path)
        terminal, stderr = pty.openpty()
        with subprocess.Popen(
            [*self.COMMAND, path, "--format", form, "--timeout", "100"],
            stdout=subprocess.PIPE,
            stderr=stderr,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "120"},
        ) as process:
            os.close(stderr)
            assert reached.wait(60)
            shown = b""
            while b"1/2" not in shown:
                shown += os.read(terminal, 65536)
            process.send_signal(signal.SIGINT)
            stdout, _ = process.communicate(timeout=60)
            with contextlib.suppress(OSError):  # nobody holds the other end any more
                while piece := os.read(terminal, 65536):
                    shown += piece
        os.close(terminal)
        over.set()
        assert process.returncode == 3
        assert b"asking registries" in shown
        assert b"interrupted: 1 of 2 images were asked about" in shown
        assert b"asking registries" not in stdout
        if form == "json":
            pods = json.loads(stdout)["pods"]
            assert [(pod["name"], pod["starts"]) for pod in pods] == [
                ("fast", True),
                ("slow", None),
            ]
        else:
            assert b"Pod default/fast: starts" in stdout
            assert b"Pod default/slow: not known" in stdout

    def test_sigterm(self, serve: Serve, tmp_path: Path) -> None:
        """A job that runs out of its time is told so by SIGTERM; it prints what it knows."""
        path, reached, over = self.slow(serve, tmp_path)
        with subprocess.Popen(
            [*self.COMMAND, path, "--format", "json", "--timeout", "100"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            assert reached.wait(60)
            process.send_signal(signal.SIGTERM)
            stdout, stderr = process.communicate(timeout=60)
        over.set()
        assert process.returncode == 3
        assert b"interrupted: " in stderr
        pods = json.loads(stdout)["pods"]
        assert (pods[1]["name"], pods[1]["starts"]) == ("slow", None)

    def test_outside_of_the_main_thread(self, serve: Serve, tmp_path: Path) -> None:
        """There no signal can be handled, and none has to be."""
        path = write(tmp_path, pod_manifest("p", [serve(open_registry).image()]))
        results: list[Result] = []
        thread = threading.Thread(target=lambda: results.append(run(path)))
        thread.start()
        thread.join(60)
        assert results[0].exit_code == 0

    def test_in_this_process(
        self, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path, _, over = self.slow(serve, tmp_path)

        def wait(run: Any, progress: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("pullsecrets.probe.prober.Run.wait", wait)
        result = run(path)
        over.set()
        assert result.exit_code == 3
        assert "not asked: the probe was ended before" in result.stdout
        assert "interrupted: 0 of 2 images" in result.stderr
