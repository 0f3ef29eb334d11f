"""Fixtures of the probe's tests: real registries, scripted servers, a prober that is closed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from probing import Answer, Scripted

from pullsecrets.probe import Prober, transport
from registries import Authority
from registries.fixtures import *  # noqa: F403


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test asks a name server, and no packet leaves the machine."""
    real = transport.addresses_of

    def look_up(host: str, port: int) -> list[str]:
        if host == "foreign.test":  # another site, at this machine's address
            return ["127.0.0.1"]
        if host not in ("localhost", "::1") and not host.startswith("127."):
            raise OSError(-2, "Name or service not known")
        return real(host, port)

    monkeypatch.setattr(transport, "addresses_of", look_up)


@pytest.fixture(scope="session")
def nobody(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificate of an authority that signs nothing."""
    return Authority(tmp_path_factory.mktemp("nobody"), "nobody").path


@pytest.fixture(autouse=True)
def _few_authorities(monkeypatch: pytest.MonkeyPatch, nobody: Path) -> None:
    """Each prober reads all that are trusted: 55 ms for the internet's, which no test needs."""
    monkeypatch.setenv("SSL_CERT_FILE", str(nobody))
    monkeypatch.setattr("requests.utils.DEFAULT_CA_BUNDLE_PATH", str(nobody))


@pytest.fixture
def prober() -> Iterator[Callable[..., Prober]]:
    """`Prober`, closed when the test ends; time limits that no test waits for, and no retries."""
    with contextlib.ExitStack() as stack:

        def make(**how: Any) -> Prober:
            return stack.enter_context(
                Prober(**{"timeout": 20, "deadline": 60, "retries": 0, **how})
            )

        yield make


@pytest.fixture
def serve() -> Iterator[Callable[..., Scripted]]:
    """`Scripted`, running until the test ends."""
    with contextlib.ExitStack() as stack:

        def start(answer: Answer, **how: Any) -> Scripted:
            return stack.enter_context(Scripted(answer, **how).running())

        yield start
