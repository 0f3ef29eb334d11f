"""Whose turn it is: one host's slowness costs only its own images."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from probing import (
    CANARY,
    MANIFEST_HEAD,
    Received,
    Scripted,
    cluster,
    pod_manifest,
    reply,
)

from pullsecrets.probe import Outcome, Prober
from pullsecrets.probe.policy import Target
from pullsecrets.probe.transport import Transport

Serve = Callable[..., Scripted]
Make = Callable[..., Prober]

HEALTHY = 10


def open_registry(request: Received) -> bytes:
    return reply(200) if request.method == "GET" else MANIFEST_HEAD


class Slow:
    """A registry that never ends an answer, until the test does."""

    def __init__(self) -> None:
        self.over = threading.Event()

    def drips(self, request: Received) -> Iterator[bytes]:
        while not self.over.wait(0.05):
            yield b"x"

    def hangs_on_manifests(self, request: Received) -> bytes | None:
        if request.method == "GET":
            return reply(200)
        self.over.wait(60)
        return None


@pytest.mark.parametrize("how", ["drips", "hangs_on_manifests"])
@pytest.mark.parametrize("number", [10, 40])
def test_slow_registries_next_to_healthy_ones(
    serve: Serve, prober: Make, how: str, number: int
) -> None:
    """Every healthy image has its answer while the slow ones are still waited for.

    All slow registries come first, with more images than there are threads for one host. None of
    their requests can end before the test lets it; so the healthy ones were not waiting for them.
    """
    slow = Slow()
    servers = [serve(getattr(slow, how)) for _ in range(number)]
    healthy = [serve(open_registry) for _ in range(HEALTHY)]
    images = [server.image(f"a:{n}") for server in servers for n in range(6)]
    good = [server.image(f"a:{n}") for server in healthy for n in range(6)]
    run = prober(timeout=50).start(
        cluster(pod_manifest("slow", images), pod_manifest("good", good))
    )
    waiting = threading.Thread(target=run.wait, daemon=True)
    waiting.start()
    until = time.monotonic() + 40
    while run.done < len(good) and time.monotonic() < until:
        time.sleep(0.01)
    found = run.result()
    assert [pod.starts for pod in found] == [None, True]
    assert {image.outcome for image in found.pods[1].images} == {Outcome.PULLABLE}
    run.stop()
    slow.over.set()
    waiting.join(30)


def test_a_registry_gets_one_request_until_it_has_answered(serve: Serve, prober: Make) -> None:
    """So that a silent one holds one thread, whatever its images."""
    slow = Slow()
    server = serve(slow.hangs_on_manifests)
    images = [server.image(f"a:{n}") for n in range(12)]
    run = prober(timeout=50, per_host=4).start(cluster(pod_manifest("p", images)))
    waiting = threading.Thread(target=run.wait, daemon=True)
    waiting.start()
    while not any(r.method == "HEAD" for r in list(server.received)):
        time.sleep(0.01)
    time.sleep(0.1)
    assert len([r for r in server.received if r.method == "HEAD"]) == 1
    run.stop()
    slow.over.set()
    waiting.join(30)


def test_the_order_of_turns(serve: Serve, prober: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Registry by registry, not all of the first one before the second."""
    monkeypatch.setattr("pullsecrets.probe.run.MAX_THREADS", 1)
    order: list[str] = []

    def answer(request: Received) -> bytes:
        if request.method == "HEAD":
            order.append(request.headers["host"])
        return open_registry(request)

    servers = [serve(answer) for _ in range(3)]
    images = [server.image(f"a:{n}") for server in servers for n in range(3)]
    (pod,) = prober(per_host=1).probe_all(cluster(pod_manifest("p", images)))
    assert pod.starts is True
    assert order == [server.host for server in servers] * 3


@pytest.mark.parametrize("where", ["client", "look-up", "transport"])
def test_whatever_goes_wrong_is_that_attempts_outcome(
    serve: Serve, prober: Make, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """One image fails in a way that nobody foresaw; every other one has its answer."""
    server, other = serve(open_registry), serve(open_registry)

    def fault(*arguments: object) -> None:
        raise ZeroDivisionError(CANARY)

    if where == "transport":
        exchange = Transport.exchange

        def faulty_exchange(self: Transport, method: str, target: Target, *rest: Any) -> Any:
            return exchange(self, method, target, *rest) if "faulty" not in target.path else fault()

        monkeypatch.setattr(Transport, "exchange", faulty_exchange)
    elif where == "look-up":
        real = "pullsecrets.probe.transport.addresses_of"
        monkeypatch.setattr(real, lambda host, port: fault() if "faulty" in host else ["127.0.0.1"])
    else:
        monkeypatch.setattr("pullsecrets.probe.flow.read_token", fault)
    faulty = f"faulty.example:{server.port}/a" if where == "look-up" else server.image("faulty")

    def token(request: Received) -> bytes:
        realm = f'Bearer realm="http://{request.headers["host"]}/token"'
        if request.target.startswith("/token"):
            return reply(200, body=b"{}")
        return reply(401, ("WWW-Authenticate", realm))

    if where == "client":
        server = serve(token)
        faulty = server.image("faulty")
    asking = prober(insecure_registries=["faulty.example"])
    found = asking.probe_all(cluster(pod_manifest("p", [faulty, other.image("a")])))
    first, second = found.pods[0].images
    assert second.outcome is Outcome.PULLABLE
    assert first.starts is None
    assert CANARY not in str(found)
    assert found.complete
