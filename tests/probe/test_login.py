"""Log-ins: a wrong one is sent once, the first use of each goes alone, and empty ones stay home."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from probing import (
    MANIFEST_HEAD,
    Received,
    Scripted,
    basic,
    challenge,
    cluster,
    pod_manifest,
    reply,
    resolution,
    secret_manifest,
    token_reply,
)

from pullsecrets.probe import Outcome, Prober

Serve = Callable[..., Scripted]
Make = Callable[..., Prober]

BAD, GOOD = ("robot", "old"), ("robot", "new")


class Locking:
    """A registry, Basic or Bearer, that locks the account after some refusals."""

    def __init__(self, kind: str, after: int) -> None:
        self.kind = kind
        self.after = after
        self.refused = 0
        self.used: Counter[str | None] = Counter()
        self._lock = threading.Lock()

    def _takes(self, request: Received) -> bool:
        with self._lock:
            self.used[request.authorization] += 1
            good = request.authorization == basic(*GOOD) and self.refused < self.after
            self.refused += not good
            return good

    def answer(self, request: Received) -> bytes:
        if self.kind == "basic":
            if not request.authorization:
                return reply(401, ("WWW-Authenticate", "Basic realm=x"))
            if self._takes(request):
                return MANIFEST_HEAD
            return reply(401, ("WWW-Authenticate", "Basic realm=x"))
        if request.target.startswith("/token"):
            return token_reply() if self._takes(request) else reply(401)
        if request.authorization == "Bearer t0ken":
            return MANIFEST_HEAD
        return challenge(f"http://{request.headers['host']}/token")


def fleet(host: str, pods: int, images: int, repositories: int) -> list[dict[str, Any]]:
    names = [f"{host}/r{n % repositories}:{n}" for n in range(images)]
    return [
        secret_manifest("a-bad", (host, *BAD)),
        secret_manifest("b-good", (host, *GOOD)),
        *(
            pod_manifest(f"p{n}", names[n % images :] + names[: n % images], ["a-bad", "b-good"])
            for n in range(pods)
        ),
    ]


@pytest.mark.parametrize("kind", ["basic", "bearer"])
def test_an_account_that_locks(serve: Serve, prober: Make, kind: str) -> None:
    """After three refusals it refuses the good credential, too. It is found for all 60 pods."""
    account = Locking(kind, after=3)
    server = serve(account.answer)
    found = prober().probe_all(cluster(*fleet(server.host, 60, 50, 25)))
    assert [pod.starts for pod in found] == [True] * 60
    outcomes = {tuple(a.outcome for a in image.attempts) for pod in found for image in pod.images}
    assert outcomes == {(Outcome.BAD_CREDENTIAL, Outcome.PULLABLE)}
    assert account.used[basic(*BAD)] == 1
    assert account.refused == 1


@pytest.mark.parametrize("kind, expected", [("basic", 51), ("bearer", 76)])
def test_requests_for_fifty_images(serve: Serve, prober: Make, kind: str, expected: int) -> None:
    """One ping, one request for each image; with Bearer one token for each of 25 repositories."""
    server = serve(Locking(kind, after=1).answer)
    names = [server.image(f"r{n % 25}:{n}") for n in range(50)]
    manifests = [secret_manifest("s", (server.host, *GOOD)), pod_manifest("p", names, ["s"])]
    assert prober().probe_all(cluster(*manifests)).starts is True
    assert len(server.received) == expected


@pytest.mark.parametrize("kind", ["basic", "bearer"])
def test_many_threads_use_a_wrong_log_in_once(serve: Serve, prober: Make, kind: str) -> None:
    account = Locking(kind, after=99)
    server = serve(account.answer)
    asking = prober(per_host=8)
    found = []

    def ask(number: int) -> None:
        found.append(asking.probe(resolution(server.image(f"r{number}:1"), BAD)))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [image.outcome for image in found] == [Outcome.BAD_CREDENTIAL] * 12
    assert account.used[basic(*BAD)] == 1
    # The report says who made the request.
    own = [r for image in found for r in image.attempts[0].requests if not r.shared]
    assert len(own) == len(server.received)


def test_those_that_waited_for_a_good_log_in_go_on(serve: Serve, prober: Make) -> None:
    """The first goes alone; the others follow, each with its own request."""
    account = Locking("basic", after=1)
    waiting = threading.Event()

    def answer(request: Received) -> bytes:
        if request.authorization and not waiting.is_set():
            waiting.wait(0.3)
            waiting.set()
        return account.answer(request)

    server = serve(answer)
    asking = prober(per_host=8)
    found: list[Any] = []

    def ask(number: int) -> None:
        found.append(asking.probe(resolution(server.image(f"r{number}:1"), GOOD)))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [image.outcome for image in found] == [Outcome.PULLABLE] * 6
    assert account.used[basic(*GOOD)] == 6


def test_an_answer_that_makes_no_sense_is_no_proof(serve: Serve, prober: Make) -> None:
    """A 200 that is no manifest, as a stray answer on the connection is: it is used no more."""
    answers = iter([reply(200), *[reply(401, ("WWW-Authenticate", "Basic realm=x"))] * 9])

    def answer(request: Received) -> bytes:
        if not request.authorization:
            return reply(401, ("WWW-Authenticate", "Basic realm=x"))
        return next(answers)

    server = serve(answer)
    asking = prober(per_host=1)
    found = [asking.probe(resolution(server.image(f"r{n}:1"), BAD)).outcome for n in range(4)]
    assert found == [Outcome.PROTOCOL_ERROR, *[Outcome.BAD_CREDENTIAL] * 3]
    assert [r.connection for r in server.received] == [1, 1, 2]


class TestRefusedForOneScopeOnly:
    def registry(self, refusal: bytes, scope: str) -> Callable[[Received], bytes]:
        def answer(request: Received) -> bytes:
            if request.target.startswith("/token"):
                return refusal if scope in request.target else token_reply()
            if request.authorization:
                return MANIFEST_HEAD
            return challenge(f"http://{request.headers['host']}/token")

        return answer

    @pytest.mark.parametrize(
        "status, body",
        [
            (403, b""),
            (403, b'{"errors":[{"code":"DENIED","message":"no"}]}'),
            (401, b'{"errors":[{"code":"DENIED","message":"no"}]}'),
        ],
    )
    def test_the_others_are_asked(
        self, serve: Serve, prober: Make, status: int, body: bytes
    ) -> None:
        server = serve(self.registry(reply(status, body=body), "closed"))
        asking = prober()
        closed = asking.probe(resolution(server.image("closed/a:1"), GOOD))
        opened = asking.probe(resolution(server.image("open/a:1"), GOOD))
        assert (closed.outcome, opened.outcome) == (Outcome.NO_PERMISSION, Outcome.PULLABLE)
        assert "the credential itself is wrong" in closed.attempts[0].detail

    def test_one_that_was_taken_before(self, serve: Serve, prober: Make) -> None:
        """Then a 401 is about the image: it is not remembered, and no bad credential."""
        server = serve(self.registry(reply(401), "closed"))
        asking = prober()
        names = ("open/a:1", "closed/a:1", "open/b:1")
        found = [asking.probe(resolution(server.image(name), GOOD)) for name in names]
        assert [image.outcome for image in found] == [
            *(Outcome.PULLABLE, Outcome.NO_PERMISSION, Outcome.PULLABLE)
        ]
        assert found[1].attempts[0].detail.endswith("though it took this log-in before")

    def test_an_outage_decides_nothing(self, serve: Serve, prober: Make) -> None:
        server = serve(self.registry(reply(500), "broken"))
        asking = prober()
        names = ("broken/a:1", "open/a:1", "broken/b:1")  # before it was taken, and after
        found = [asking.probe(resolution(server.image(name), GOOD)).outcome for name in names]
        assert found == [Outcome.UNREACHABLE, Outcome.PULLABLE, Outcome.UNREACHABLE]


@pytest.mark.parametrize("login", [("ann", ""), ("", "x"), ("", "")])
def test_an_empty_log_in_is_not_sent_to_basic(
    serve: Serve, prober: Make, login: tuple[str, str]
) -> None:
    """As containerd: no basic auth credentials."""
    server = serve(lambda request: reply(401, ("WWW-Authenticate", "Basic realm=x")))
    found = prober().probe(resolution(server.image(), login))
    assert found.outcome is Outcome.BAD_CREDENTIAL
    assert "user or password is empty" in found.attempts[0].detail
    assert all(r.authorization is None for r in server.received)
