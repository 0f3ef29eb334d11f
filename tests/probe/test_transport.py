"""HTTP that ends: what the hostile servers of `test_hostile.py` do not reach."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from probing import Received, Scripted, reply

from pullsecrets.probe import Outcome
from pullsecrets.probe.failures import Failed, reason_of
from pullsecrets.probe.policy import Target
from pullsecrets.probe.proxies import Proxy
from pullsecrets.probe.transport import Answer, Transport

Serve = Callable[..., Scripted]


@pytest.fixture
def transport() -> Iterator[Callable[..., Transport]]:
    """`Transport`, closed when the test ends."""
    made: list[Transport] = []

    def make(**how: object) -> Transport:
        made.append(Transport(**how))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for one in made:
        one.close()


def get(transport: Transport, url: str, seconds: float = 20) -> Answer:
    return transport.send("GET", Target.parse(url), time.monotonic() + seconds)


def test_headers_that_come_several_times(serve: Serve, transport: Callable[..., Transport]) -> None:
    server = serve(lambda _: reply(200, ("X-A", "1"), ("x-a", "2"), body=b"body"))
    answer = get(transport(), server.url)
    assert (answer.status, answer.body, answer.truncated) == (200, b"body", False)
    assert answer.all("x-a") == ["1", "2"]
    assert answer.get("x-a") == "1"
    assert answer.get("x-b") == ""
    assert "body" not in repr(answer)


def test_the_next_address_where_one_does_not_answer(
    serve: Serve, transport: Callable[..., Transport]
) -> None:
    server = serve(lambda _: reply(200))
    addresses = ["::1", "127.0.0.1"]
    asking = transport(resolver=lambda host, port: addresses)
    assert get(asking, f"http://x.io:{server.port}").status == 200


def test_no_address(transport: Callable[..., Transport]) -> None:
    asking = transport(resolver=lambda host, port: [])
    with pytest.raises(Failed, match="no connection: no address"):
        get(asking, "http://x.io")


@pytest.mark.parametrize(
    "error, message",
    [
        (socket.gaierror(-2, "Name or service not known"), "Name or service not known"),
        (UnicodeError("label too long"), "not a host name"),
        (OSError("no reason"), "it failed"),
    ],
)
def test_names_that_cannot_be_looked_up(
    transport: Callable[..., Transport], error: Exception, message: str
) -> None:
    def fail(host: str, port: int) -> list[str]:
        raise error

    asking = transport(resolver=fail)
    target = Target.parse("https://x.io")
    with pytest.raises(Failed) as caught:
        asking.addresses(target, time.monotonic() + 20)
    assert str(caught.value) == f"the name has no address: {message}"
    # The same where only the connection asks: that to a proxy.
    with pytest.raises(Failed) as caught:
        get(transport(resolver=fail, proxy=Proxy.parse("http://proxy.io:3128")), "http://x.io")
    assert str(caught.value) == f"the name has no address: {message}"
    assert caught.value.ms >= 0


def test_behind_a_proxy_only_literal_addresses_are_known(
    transport: Callable[..., Transport],
) -> None:
    asking = transport(proxy=Proxy.parse("http://localhost:1"))
    deadline = time.monotonic() + 20
    assert asking.addresses(Target.parse("https://10.0.0.1"), deadline) == ["10.0.0.1"]
    assert asking.addresses(Target.parse("https://x.io"), deadline) == []


def test_whoever_waits_for_a_busy_host_has_a_deadline_too(
    serve: Serve, transport: Callable[..., Transport]
) -> None:
    reached, over = threading.Event(), threading.Event()

    def answer(request: Received) -> bytes:
        reached.set()
        over.wait(60)
        return reply(200)

    server = serve(answer)
    asking = transport(per_host=1)
    statuses = []
    first = threading.Thread(target=lambda: statuses.append(get(asking, server.url, 60).status))
    first.start()
    assert reached.wait(30)
    with pytest.raises(Failed, match="the time limit was reached"):
        get(asking, server.url, 0.1)
    over.set()
    first.join()
    assert statuses == [200]
    assert len(server.received) == 1


def test_no_time_and_stopped(serve: Serve, transport: Callable[..., Transport]) -> None:
    server = serve(lambda _: reply(200))
    asking = transport()
    assert get(asking, server.url).status == 200
    with pytest.raises(Failed) as caught:
        get(asking, server.url, 0)
    assert caught.value.outcome is Outcome.UNREACHABLE
    asking.stop()
    asking.stop()
    with pytest.raises(Failed, match="the probe was ended"):
        get(asking, server.url)


def test_a_kept_connection_that_was_closed_meanwhile(
    serve: Serve, transport: Callable[..., Transport]
) -> None:
    """The server gives up the second request of each connection, without a word."""
    seen: set[int] = set()

    def answer(request: Received) -> bytes | None:
        if request.connection in seen:
            return None
        seen.add(request.connection)
        return reply(200)

    server = serve(answer)
    asking = transport()
    assert [get(asking, server.url).status for _ in range(3)] == [200] * 3
    assert len(seen) == 3


def test_reasons() -> None:
    assert reason_of(TimeoutError("timed out")) == "the time limit was reached"
