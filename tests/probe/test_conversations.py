"""The fuzzer of conversations (`nox -s hostile`), a few of them; and that it would notice."""

from __future__ import annotations

import hostile
import pytest

from pullsecrets.probe import flow, login, trail
from pullsecrets.secrecy import printable


@pytest.fixture(autouse=True)
def _names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pullsecrets.probe.transport.addresses_of", None)
    hostile.loopback_only()


def test_nothing_is_wrong() -> None:
    assert {seed: wrong for seed in range(40) if (wrong := hostile.faults(seed))} == {}


def is_noticed(fault: str) -> bool:
    """Whether one of many conversations has it: on a busy machine one may end too early to."""
    return any(each.startswith(fault) for seed in range(600) for each in hostile.faults(seed))


@pytest.mark.one_python
def test_it_notices_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trail.Trail, "shown", lambda self, text, limit=200: text)
    assert is_noticed("a secret is shown")


@pytest.mark.one_python
def test_it_notices_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = lambda text: printable(text).replace(": :", "::").replace("# #", "##")  # noqa: E731
    monkeypatch.setattr(trail, "printable", whole)
    assert is_noticed("a command of a runner is shown")


@pytest.mark.one_python
def test_it_notices_a_log_in_that_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login.Gate, "use", lambda self, trail, send: send(trail))
    assert is_noticed("a refused log-in was sent again")


@pytest.mark.one_python
def test_it_notices_a_stranger_with_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("check_realm", "check"):
        monkeypatch.setattr(flow.Policy, name, lambda self, *targets: None)
    assert is_noticed("a secret reached the stranger")


@pytest.mark.one_python
def test_it_notices_an_exception(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "read_token", lambda *arguments: 1 / 0)
    assert is_noticed("the probe failed by itself")
