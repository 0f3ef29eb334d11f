"""All images of all pods: what is shared, what goes in parallel, and how it ends."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from probing import (
    CANARY,
    MANIFEST_HEAD,
    Received,
    Scripted,
    basic,
    challenge,
    cluster,
    pod_manifest,
    reply,
    resolution,
    token_reply,
)

from pullsecrets import Password, resolve
from pullsecrets.probe import Outcome, Prober
from pullsecrets.probe.flow import RegistryClient

Serve = Callable[..., Scripted]
Make = Callable[..., Prober]

BROKEN_SECRET = {
    "kind": "Secret",
    "apiVersion": "v1",
    "metadata": {"name": "broken"},
    "type": "kubernetes.io/dockerconfigjson",
    "stringData": {".dockerconfigjson": '{"auths": {"x": {"auth": "%%%"}}}'},
}


def open_registry(request: Received) -> bytes:
    return reply(200) if request.method == "GET" else MANIFEST_HEAD


class TestPods:
    def test_every_image_is_there_in_order(self, serve: Serve, prober: Make) -> None:
        server = serve(open_registry)
        manifest = pod_manifest("p", [server.image("a"), server.image("b"), server.image("a")])
        manifest["spec"]["initContainers"] = [{"name": "i", "image": server.image("c")}]
        found = cluster(manifest, {**pod_manifest("q", []), "kind": "Pod"})
        result = prober().probe_all(found)
        assert [(pod.namespace, pod.name, pod.kind) for pod in result] == [
            ("default", "p", "Pod"),
            ("default", "q", "Pod"),
        ]
        (pod, empty) = result
        expected = {("c0", "container"), ("c1", "container"), ("c2", "container"), ("i", "init")}
        assert {(image.container, image.kind) for image in pod.images} == expected
        assert [image.image for image in pod.images] == [
            each.container.image for each in found.resolve(found.pods[0]).images
        ]
        assert empty.images == ()
        assert result.complete
        assert pod.starts is True

    def test_one_pod(self, serve: Serve, prober: Make) -> None:
        server = serve(open_registry)
        found = cluster(pod_manifest("p", [server.image()]), pod_manifest("q", [server.image("b")]))
        pod = prober().probe_pod(found, found.pods[1])
        assert (pod.name, pod.starts) == ("q", True)
        assert [target for _, target in server.asked] == ["/v2/", "/v2/b/manifests/latest"]

    def test_a_failure_asks_nobody(self, serve: Serve, prober: Make) -> None:
        server = serve(open_registry)
        found = prober().probe_all(
            cluster(
                BROKEN_SECRET,
                pod_manifest("broken", [server.image()], ["broken"]),
                pod_manifest("invalid", ["Upper:1"]),
            )
        )
        assert [pod.starts for pod in found] == [False, False]
        assert [pod.images[0].outcome for pod in found] == [None, None]
        assert "broken does not decode" in str(found.pods[0].images[0].failure)
        assert "must be lowercase" in str(found.pods[1].images[0].failure)
        assert server.raw == []
        assert prober().probe(resolve("Upper:1", [])).image == "Upper:1"

    def test_an_image_resolution_keeps_its_place(self, serve: Serve, prober: Make) -> None:
        server = serve(open_registry)
        (pod,) = cluster(pod_manifest("p", [server.image()])).resolve_all()
        (image,) = pod.images
        assert prober().probe(image).container == "c0"


class TestOrder:
    def test_it_stops_at_the_first_success(self, serve: Serve, prober: Make) -> None:
        def answer(request: Received) -> bytes:
            if request.authorization in (basic("b", "x"), basic("c", "x")):
                return MANIFEST_HEAD
            return reply(401, ("WWW-Authenticate", "Basic realm=x"))

        server = serve(answer)
        image = resolution(server.image(), ("a", "x"), ("b", "x"), ("c", "x"))
        tried = [c.source.name for c in image.candidates]
        found = prober().probe(image)
        assert [(a.candidate and a.candidate.source.name) for a in found.attempts] == tried[:2]
        assert [a.tried_by_kubelet for a in found.attempts] == [True, True]
        found = prober(exhaustive=True).probe(image)
        assert [(a.candidate and a.candidate.source.name) for a in found.attempts] == [
            *tried,
            None,
        ]
        assert [a.outcome.value for a in found.attempts] == [
            "bad-credential",
            "pullable",
            "pullable",
            "no-permission",
        ]
        assert [a.tried_by_kubelet for a in found.attempts] == [True] * 3 + [False]

    def test_never_anonymously_with_candidates(self, serve: Serve, prober: Make) -> None:
        server = serve(
            lambda request: (
                token_reply()
                if request.target.startswith("/token") and not request.authorization
                else challenge(f"http://{request.headers['host']}/token")
                if request.target == "/v2/"
                else MANIFEST_HEAD
                if request.authorization == "Bearer t0ken"
                else reply(401)
            )
        )
        image = resolution(server.image(), ("a", "x"), ("b", "x"))
        assert prober().probe(image).starts is False
        assert None not in {r.authorization for r in server.received if "token" in r.target}
        found = prober(exhaustive=True).probe(image)
        assert (found.starts, found.findings[0].kind) == (False, "anonymous-would-work")

    def test_equal_credentials_are_asked_once(self, serve: Serve, prober: Make) -> None:
        server = serve(lambda request: reply(401, ("WWW-Authenticate", "Basic realm=x")))
        image = resolution(server.image(), ("a", "x"), ("a", "x"), ("a", "x"))
        found = prober().probe(image)
        assert [a.outcome for a in found.attempts] == [Outcome.BAD_CREDENTIAL] * 3
        assert len(server.received) == 2
        assert [[r.shared for r in a.requests] for a in found.attempts] == [
            [False, False],
            [True, True],
            [True, True],
        ]
        assert [finding.kind for finding in found.findings] == ["tried-twice"] * 2


class Meeting:
    """Counts how many requests a server has at the same time."""

    def __init__(self, wanted: int) -> None:
        self._lock = threading.Lock()
        self._met = threading.Event()
        self._wanted = wanted
        self.now = self.most = self.heads = 0

    def answer(self, request: Received) -> bytes:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
            if self.now >= self._wanted:
                self._met.set()
            self.heads += request.method == "HEAD"
        if request.method == "HEAD" and self.heads > 1:  # the first goes alone
            self._met.wait(10)  # so that others come, if they may
        with self._lock:
            self.now -= 1
        return open_registry(request)


class TestParallel:
    @pytest.mark.parametrize("bound", [1, 3])
    def test_one_host_gets_so_many_at_a_time(self, serve: Serve, prober: Make, bound: int) -> None:
        meeting = Meeting(bound)
        server = serve(meeting.answer)
        images = [server.image(f"a:{n}") for n in range(12)]
        found = prober(per_host=bound).probe_all(cluster(pod_manifest("p", images)))
        assert found.starts is True
        assert meeting.most == bound
        assert len({r.connection for r in server.received}) <= bound

    def test_different_registries_go_in_parallel(self, serve: Serve, prober: Make) -> None:
        """Each waits until the other is asked, too."""
        both = threading.Barrier(2, timeout=20)

        def answer(request: Received) -> bytes:
            if request.method == "HEAD":
                both.wait()
            return open_registry(request)

        servers = [serve(answer), serve(answer)]
        images = [server.image() for server in servers]
        found = prober(per_host=1).probe_all(cluster(pod_manifest("p", images)))
        assert found.starts is True

    def test_whoever_has_nothing_to_do_waits_for_a_busy_registry(
        self, serve: Serve, prober: Make
    ) -> None:
        """Another registry's thread is free early, and must not break the first one's bound."""
        free = threading.Event()
        meeting = Meeting(1)

        def slow(request: Received) -> bytes:
            if request.method == "HEAD":
                free.wait(20)
            return meeting.answer(request)

        busy, idle = serve(slow), serve(open_registry)
        images = [*(busy.image(f"a:{n}") for n in range(3)), idle.image()]
        run = prober(per_host=1).start(cluster(pod_manifest("p", images)))

        def watch() -> None:
            until = time.monotonic() + 20
            # Two wait: whoever called `wait`, and the free thread.
            while len(run._work._changed._waiters) < 2 and time.monotonic() < until:  # type: ignore[attr-defined]
                time.sleep(0.01)
            free.set()

        watching = threading.Thread(target=watch)
        watching.start()
        run.wait()
        watching.join()
        assert run.result().starts is True
        assert meeting.most == 1

    def test_a_shared_token_server_has_its_own_bound(self, serve: Serve, prober: Make) -> None:
        meeting = Meeting(2)

        def tokens(request: Received) -> bytes:
            meeting.answer(Received("HEAD", "", {}, b"", 0))
            return token_reply()

        server = serve(tokens)

        def registry(request: Received) -> bytes:
            return MANIFEST_HEAD if request.authorization else challenge(f"{server.url}/token")

        registries = [serve(registry) for _ in range(3)]
        images = [one.image(f"r{n}") for one in registries for n in range(4)]
        found = prober(per_host=2).probe_all(cluster(pod_manifest("p", images)))
        assert found.starts is True
        assert meeting.most == 2
        assert len(server.received) == 12

    def test_many_threads_learn_a_thing_once(self, serve: Serve, prober: Make) -> None:
        server = serve(
            lambda request: (
                challenge(f"http://{request.headers['host']}/token")
                if request.target == "/v2/"
                else token_reply()
                if request.target.startswith("/token")
                else MANIFEST_HEAD
            )
        )
        asking = prober(per_host=8)
        found = []

        def ask(tag: int) -> None:
            found.append(asking.probe(resolution(server.image(f"a:{tag}"), ("u", "p"))))

        threads = [threading.Thread(target=ask, args=(n % 4,)) for n in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [image.starts for image in found] == [True] * 16
        kinds = Counter(target.partition("?")[0] for _, target in server.asked)
        assert kinds == {
            "/v2/": 1,
            "/token": 1,
            **{f"/v2/a/manifests/{n}": 1 for n in range(4)},
        }


class TestRuns:
    def test_progress(self, serve: Serve, prober: Make) -> None:
        server = serve(open_registry)
        images = [server.image(f"a:{n}") for n in range(5)]
        run = prober(per_host=1).start(cluster(pod_manifest("p", [*images, *images])))
        seen: list[tuple[int, int]] = []
        assert (run.done, run.total) == (0, 5)
        assert run.result().complete is False
        run.wait(lambda done, total: seen.append((done, total)))
        assert seen[0] == (0, 5)
        assert seen == sorted(seen)
        assert run.done == 5

    def test_stopping_gives_what_is_known(self, serve: Serve, prober: Make) -> None:
        reached, over = threading.Event(), threading.Event()

        def answer(request: Received) -> bytes | None:
            if "slow" in request.target:
                reached.set()
                over.wait(60)
                return None
            return open_registry(request)

        server = serve(answer)
        asking = prober(per_host=1)
        run = asking.start(
            cluster(
                pod_manifest("p", [server.image("fast")]),
                pod_manifest("q", [server.image("slow"), server.image("never")]),
            )
        )
        waiting = threading.Thread(target=run.wait, daemon=True)
        waiting.start()
        assert reached.wait(30)
        run.stop()
        over.set()
        found = run.result()
        assert [pod.starts for pod in found] == [True, None]
        assert found.complete is False
        for image in found.pods[1].images:
            (attempt,) = image.attempts
            assert (attempt.outcome, attempt.requests) == (Outcome.UNREACHABLE, ())
            assert attempt.detail == "not asked: the probe was ended before"
        assert "/v2/never/manifests/latest" not in [target for _, target in server.asked]
        # Nothing more is asked with this prober.
        again = asking.probe(resolve(server.image("again"), []))
        assert again.outcome is Outcome.UNREACHABLE
        assert "the probe was ended" in again.attempts[0].detail

    def test_an_error_in_the_progress_ends_the_probe(self, serve: Serve, prober: Make) -> None:
        server = serve(open_registry)
        run = prober(per_host=1).start(cluster(pod_manifest("p", [server.image()])))

        def interrupt(done: int, total: int) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            run.wait(interrupt)

    def test_a_signal_that_wakes_nobody(self, serve: Serve, prober: Make) -> None:
        """Another thread gets it, so that the one that waits sleeps on: it has to look for it."""
        over = threading.Event()

        def answer(request: Received) -> bytes | None:
            signal.pthread_kill(threading.get_ident(), signal.SIGINT)
            over.wait(60)
            return None

        run = prober(timeout=60).start(cluster(pod_manifest("p", [serve(answer).image()])))
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            with pytest.raises(KeyboardInterrupt):
                run.wait()
        finally:
            signal.signal(signal.SIGINT, before)
        over.set()
        assert run.done == 0  # not even what ran out of its time

    def test_an_error_of_ours_is_the_attempts_outcome(
        self, serve: Serve, prober: Make, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        server = serve(open_registry)

        def fail(*arguments: object) -> None:
            raise ZeroDivisionError("a bug")

        monkeypatch.setattr(RegistryClient, "ask", fail)
        images = [server.image(f"a:{n}") for n in range(20)]
        (pod,) = prober(per_host=2).probe_all(cluster(pod_manifest("p", images)))
        assert pod.starts is None
        assert {(a.outcome, a.detail) for image in pod.images for a in image.attempts} == {
            (Outcome.PROBE_ERROR, "a fault in pullsecrets, please report it: ZeroDivisionError")
        }

    def test_a_deadline_for_all(self, serve: Serve, prober: Make) -> None:
        over = threading.Event()

        def answer(request: Received) -> bytes | None:
            over.wait(60)
            return None

        server = serve(answer)
        images = [server.image(f"a:{n}") for n in range(50)]
        found = prober(deadline=0.5, per_host=2).probe_all(cluster(pod_manifest("p", images)))
        over.set()
        assert found.complete is True
        assert {image.outcome for image in found.pods[0].images} == {Outcome.UNREACHABLE}
        assert len(server.received) <= 2


class TestSettings:
    @pytest.mark.parametrize(
        "how",
        [
            {"timeout": 0},
            {"timeout": -1},
            {"timeout": float("inf")},
            {"timeout": float("nan")},
            {"deadline": 0},
            {"deadline": float("inf")},
            {"per_host": 0},
            {"retries": -1},
            {"platform": "arm64"},
            {"proxy": "socks5://localhost"},
            {"api_hosts": {"a": "https://"}},
        ],
    )
    def test_that_cannot_be(self, how: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match=r"."):
            Prober(**how)

    def test_plain_http_is_for_named_hosts(self, serve: Serve, prober: Make) -> None:
        """Others are asked over https; the bytes that arrive hold nothing."""
        server = serve(open_registry)
        image = f"foreign.test:{server.port}/a"
        found = prober().probe(resolution(image, ("ann", CANARY)))
        assert found.outcome in (Outcome.TLS_ERROR, Outcome.UNREACHABLE)
        assert server.received == []
        assert CANARY.encode() not in b"".join(server.raw)
        for named in (["foreign.test"], [f"foreign.test:{server.port}"], "foreign.test"):
            asking = prober(insecure_registries=named)
            assert asking.probe(resolution(image, ("ann", CANARY))).starts is True
        assert all(r.authorization is None for r in server.received)

    def test_an_identity_token_as_a_password(self, serve: Serve, prober: Make) -> None:
        seen = []

        def tokens(candidate: Any) -> Password:
            seen.append(candidate.source.name)
            return Password("refresh")

        server = serve(open_registry)
        image = resolution(server.image(), ("ann", "x"))
        assert prober(identity_token=tokens).probe(image).starts is True
        assert seen == ["s0"]


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("package", ["requests", "publicsuffixlist", "urllib3"])
def test_without_its_extra_it_says_what_to_install(package: str) -> None:
    code = f"""
import sys
sys.modules[{package!r}] = None
from pullsecrets.errors import MissingExtra
try:
    import pullsecrets.probe
except MissingExtra as error:
    print(error)
"""
    done = run_python(code)
    assert done.stdout.strip() == (
        "asking registries needs the extra 'probe': pip install 'pullsecrets[probe]'"
    )


def test_another_missing_module_is_not_blamed_on_the_extra() -> None:
    code = """
import sys
sys.modules["pullsecrets.probe.sites"] = None
import pullsecrets.probe
"""
    done = run_python(code)
    assert "ModuleNotFoundError" in done.stderr
    assert "MissingExtra" not in done.stderr


def test_the_core_does_not_load_it() -> None:
    done = run_python(
        "import json, sys, pullsecrets; print(json.dumps([m for m in sys.modules"
        " if m.startswith(('pullsecrets.probe', 'publicsuffixlist', 'urllib3'))]))"
    )
    assert json.loads(done.stdout) == []
