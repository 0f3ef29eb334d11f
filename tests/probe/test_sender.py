"""Requests: tried again, held back where a host says so, and told line by line."""

from __future__ import annotations

import email.utils
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from probing import (
    CANARY,
    MANIFEST,
    MANIFEST_HEAD,
    NO_BODY_404,
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

from pullsecrets import resolve
from pullsecrets.probe import Outcome, Prober
from pullsecrets.probe.transport import Transport

Serve = Callable[..., Scripted]
Make = Callable[..., Prober]

ANN = ("ann", CANARY)
CUT = None


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that are made; nobody waits for them."""
    made: list[float] = []

    def pause(self: Transport, seconds: float) -> bool:
        made.append(round(seconds, 1))
        now[0] += seconds
        return False

    now = [0.0]
    real = time.monotonic
    monkeypatch.setattr("pullsecrets.probe.sender.time.monotonic", lambda: real() + now[0])
    monkeypatch.setattr(Transport, "pause", pause)
    return made


def in_turn(*answers: bytes | None) -> Callable[[Received], bytes | None]:
    """An open registry whose manifests are answered so, one after the other.

    Each answer ends its connection: what is cut was not kept from before.
    """
    left = [
        answer and answer.replace(b"\r\n", b"\r\nConnection: close\r\n", 1) for answer in answers
    ]
    ping = reply(200, ("Connection", "close"))
    return lambda request: ping if request.target == "/v2/" else left.pop(0)


class TestRetries:
    @pytest.mark.parametrize("failure", [CUT, reply(502), reply(503), reply(504), reply(429)])
    @pytest.mark.parametrize("times", [1, 2])
    def test_what_passes(
        self,
        serve: Serve,
        prober: Make,
        pauses: list[float],
        failure: bytes | None,
        times: int,
    ) -> None:
        server = serve(in_turn(*[failure] * times, MANIFEST_HEAD))
        (attempt,) = prober(retries=2).probe(resolve(server.image(), [])).attempts
        assert attempt.outcome is Outcome.PULLABLE
        assert pauses == [0.5, 1.0][:times]
        assert len(attempt.requests) == 2 + times  # each try is one of its requests

    def test_it_ends(self, serve: Serve, prober: Make, pauses: list[float]) -> None:
        server = serve(in_turn(*[reply(502)] * 3))
        found = prober(retries=2).probe(resolve(server.image(), []))
        assert found.attempts[0].detail == f"{server.host} is out of order (502)"
        assert len(pauses) == 2

    @pytest.mark.parametrize("status", [401, 403, 404, 500])
    def test_what_is_not_tried_again(
        self, serve: Serve, prober: Make, pauses: list[float], status: int
    ) -> None:
        """A log-in that was refused least of all."""

        def answer(request: Received) -> bytes:
            if request.authorization:
                return reply(status)
            return reply(401, ("WWW-Authenticate", "Basic realm=x"))

        server = serve(answer)
        prober(retries=2).probe(resolution(server.image(), ANN))
        heads = [r for r in server.received if r.method == "HEAD"]
        assert len(heads) == 1
        assert pauses == []

    def test_not_beyond_the_deadline(self, serve: Serve, prober: Make) -> None:
        server = serve(in_turn(reply(502), MANIFEST_HEAD))
        found = prober(retries=2, deadline=0.4).probe(resolve(server.image(), []))
        assert found.outcome is Outcome.UNREACHABLE

    def test_a_ping_over_plain_http_is_tried_again_after_https(
        self, serve: Serve, prober: Make, pauses: list[float]
    ) -> None:
        answers = iter([None, reply(502), reply(200)])
        server = serve(lambda r: next(answers) if r.target == "/v2/" else MANIFEST_HEAD)
        found = prober(retries=1).probe(resolve(server.image(), []))
        assert found.outcome is Outcome.PULLABLE
        assert [r.url.partition(":")[0] for r in found.attempts[0].requests[:3]] == [
            *("http", "https", "http"),
        ]

    def test_an_end_during_a_pause(
        self, serve: Serve, prober: Make, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pausing = threading.Event()
        real = Transport.pause

        def pause(self: Transport, seconds: float) -> bool:
            pausing.set()
            return real(self, seconds)

        monkeypatch.setattr(Transport, "pause", pause)
        server = serve(in_turn(*[reply(503, ("Retry-After", "50"))] * 3))
        run = prober(retries=2).start(cluster(pod_manifest("p", [server.image()])))
        waiting = threading.Thread(target=run.wait, daemon=True)
        waiting.start()
        assert pausing.wait(60)
        run.stop()
        waiting.join(60)
        assert not waiting.is_alive()
        assert len(server.received) == 2


class TestRetryAfter:
    @pytest.mark.parametrize("status", [429, 503])
    @pytest.mark.parametrize("form", ["seconds", "date"])
    def test_it_is_waited_for(
        self, serve: Serve, prober: Make, pauses: list[float], status: int, form: str
    ) -> None:
        text = "20" if form == "seconds" else email.utils.formatdate(time.time() + 20, usegmt=True)
        server = serve(in_turn(reply(status, ("Retry-After", text)), MANIFEST_HEAD))
        found = prober(retries=1).probe(resolve(server.image(), []))
        assert found.outcome is Outcome.PULLABLE
        assert sum(pauses) == pytest.approx(20, abs=10)  # a busy machine is late to see the date

    @pytest.mark.parametrize("text", ["-3", "soon", "1.5", ""])
    def test_one_that_says_nothing(
        self, serve: Serve, prober: Make, pauses: list[float], text: str
    ) -> None:
        server = serve(in_turn(reply(429, ("Retry-After", text)), MANIFEST_HEAD))
        assert prober(retries=1).probe(resolve(server.image(), [])).starts is True
        assert pauses == [0.5]

    @pytest.mark.parametrize("text", ["9" * 50, "61", "Fri, 31 Dec 9999 23:59:59 GMT"])
    def test_longer_than_the_deadline(
        self, serve: Serve, prober: Make, pauses: list[float], text: str
    ) -> None:
        server = serve(in_turn(reply(503, ("Retry-After", text))))
        asking = prober(retries=2)
        found = asking.probe(resolve(server.image(), []))
        assert (found.outcome, len(found.attempts[0].requests)) == (Outcome.UNREACHABLE, 2)
        # Remembered for the host, whatever is asked of it.
        other = asking.probe(resolve(server.image("team/b:1"), []))
        assert other.attempts[0].detail == f"not asked: {server.host} said to wait"
        assert pauses == []
        assert len(server.received) == 2

    def test_all_of_a_host_wait(self, serve: Serve, prober: Make, pauses: list[float]) -> None:
        """Where there is time for it, also those with another log-in."""
        server = serve(in_turn(reply(429, ("Retry-After", "20")), MANIFEST_HEAD, MANIFEST_HEAD))
        asking = prober(retries=0)
        assert asking.probe(resolve(server.image(), [])).outcome is Outcome.RATE_LIMITED
        assert asking.probe(resolve(server.image("b"), [])).outcome is Outcome.PULLABLE
        assert pauses == [pytest.approx(20, abs=2)]


class TestInterimAnswers:
    """http.client passes over 100 only; 103 shifted every following answer by one."""

    @pytest.mark.parametrize("interim", [b"103 Early Hints", b"102 Processing", b"100 Continue"])
    @pytest.mark.parametrize("apart", [True, False])
    def test_are_skipped(self, serve: Serve, prober: Make, interim: bytes, apart: bool) -> None:
        missing = b"HTTP/1.1 404 Not Found\r\nDocker-Distribution-Api-Version: registry/2.0\r\n\r\n"

        def answer(request: Received) -> Iterator[bytes]:
            first = b"HTTP/1.1 " + interim + b"\r\nLink: <x>\r\n\r\n"
            final = reply(200) if request.target == "/v2/" else MANIFEST_HEAD
            final = missing if "missing" in request.target else final
            if not apart:
                first, final = b"", first + first + final
            yield first
            time.sleep(0.02 if apart else 0)
            yield final

        server = serve(answer)
        asking = prober(per_host=1)
        names = ["a", "missing", "b", "missing-too", "c"]
        found = [asking.probe(resolve(server.image(name), [])).outcome for name in names]
        assert found == [
            *(Outcome.PULLABLE, Outcome.NOT_FOUND, Outcome.PULLABLE, Outcome.NOT_FOUND),
            Outcome.PULLABLE,
        ]
        assert len({r.connection for r in server.received}) == 1

    def test_another_protocol(self, serve: Serve, prober: Make) -> None:
        switch = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n"
        server = serve(in_turn(switch, MANIFEST_HEAD))
        asking = prober()
        found = asking.probe(resolve(server.image(), []))
        assert "switches to another protocol" in found.attempts[0].detail
        assert asking.probe(resolve(server.image("b"), [])).outcome is Outcome.PULLABLE
        assert server.received[-1].connection != server.received[-2].connection

    def test_an_answer_too_many(self, serve: Serve, prober: Make) -> None:
        """The body that a HEAD must not have: it is not the next request's answer."""
        sent = threading.Event()

        def answer(request: Received) -> Iterator[bytes]:
            if request.target == "/v2/":
                yield reply(200)
                return
            yield NO_BODY_404
            time.sleep(0.02)
            yield MANIFEST_HEAD
            sent.set()

        server = serve(answer)
        asking = prober(per_host=1)
        for name in "abc":
            found = asking.probe(resolve(server.image(name), []))
            assert found.outcome is Outcome.NOT_FOUND
            assert sent.wait(60)  # it is there before the next request
            sent.clear()


class TestSilentHosts:
    def test_what_hangs_is_given_up(self, serve: Serve, prober: Make) -> None:
        """Pings are answered, manifests never: two are waited for, not twenty."""
        over = threading.Event()

        def answer(request: Received) -> bytes | None:
            if request.target == "/v2/":
                return challenge(f"http://{request.headers['host']}/token")
            if request.target.startswith("/token"):
                return token_reply()
            over.wait(60)
            return None

        server = serve(answer)
        images = [server.image(f"r{n}:1") for n in range(20)]
        (pod,) = prober(timeout=0.3).probe_all(cluster(pod_manifest("p", images)))
        over.set()
        assert pod.starts is None
        details = Counter(image.attempts[0].detail for image in pod.images)
        late = f"{server.host}: the time limit was reached"
        assert details == {late: 2, f"not asked any more: {late}": 18}
        assert len([r for r in server.received if r.method == "HEAD"]) == 2

    def test_an_answer_is_a_new_start(
        self, serve: Serve, prober: Make, pauses: list[float]
    ) -> None:
        server = serve(in_turn(*[reply(502), MANIFEST_HEAD] * 3))
        asking = prober()
        found = [asking.probe(resolve(server.image(n), [])).outcome for n in "abcdef"]
        assert found == [Outcome.UNREACHABLE, Outcome.PULLABLE] * 3


class TestTrace:
    def test_line_by_line_and_nothing_secret(self, serve: Serve, prober: Make) -> None:
        def answer(request: Received) -> bytes:
            secret = ("Set-Cookie", f"session={CANARY}")
            if request.target == "/v2/":
                return challenge(f"http://{request.headers['host']}/token", service="::error::x")
            if request.target.startswith("/token"):
                return token_reply("t0ken-t0ken")
            location = ("Location", f"/blob?X-Amz-Signature={CANARY}")
            if request.authorization:
                return reply(307, secret, location, ("RateLimit-Limit", "t0ken-t0ken"))
            return reply(200, secret, ("Content-Type", MANIFEST))

        server = serve(answer)
        lines: list[str] = []
        asking = prober(trace=lines.append, identity_token=lambda _: "refresh-me")
        assert asking.probe(resolution(server.image(), ANN)).starts is True
        plain = prober(trace=lines.append)
        assert plain.probe(resolution(server.image(), ANN)).starts is True
        text = "\n".join(lines)
        for hidden in (CANARY, basic(*ANN), "t0ken-t0ken", "refresh-me", "::error::"):
            assert hidden not in text
        asked = [line for line in text.splitlines() if line.startswith("> ")]
        assert asked[:2] == [f"> GET {server.url}/v2/", f"> POST {server.url}/token"]
        assert "> refresh_token=********" in asked
        assert "> Authorization: Bearer ********" in asked
        assert "> Authorization: Basic ********" in asked
        assert f"> HEAD {server.url}/…" in asked
        assert "< 401" in text
        assert "< Location: /blob?…" in text
        assert "Set-Cookie" not in text

    def test_what_fails_and_what_waits(
        self, serve: Serve, prober: Make, pauses: list[float]
    ) -> None:
        server = serve(in_turn(CUT, reply(429, ("Retry-After", "20")), MANIFEST_HEAD))
        lines: list[str] = []
        prober(retries=2, trace=lines.append).probe(resolve(server.image(), []))
        text = "\n".join(lines)
        assert "! the connection was cut" in text
        assert f"s, as {server.host} said" in text


def test_a_message_is_no_command_of_a_runner(serve: Serve, prober: Make) -> None:
    said = {"errors": [{"code": "X", "message": "long " * 3 + "::error::a ##[group]b"}]}

    def answer(request: Received) -> bytes:
        if request.target == "/v2/":
            return challenge(f"http://{request.headers['host']}/token")
        return reply(403, body=json.dumps(said).encode())

    found: Any = prober().probe(resolve(serve(answer).image(), []))
    text = json.dumps(found.to_dict())
    assert "::error::" not in text
    assert "##[" not in text
    assert ": :error: :a # #[group]b" in text
