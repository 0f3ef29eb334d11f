"""Fixtures of the probe's tests: real registries, scripted servers, a prober that is closed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from probing import Answer, Scripted
from registries.fixtures import *  # noqa: F403

from pullsecrets.probe import Prober


@pytest.fixture
def prober() -> Iterator[Callable[..., Prober]]:
    """`Prober`, closed when the test ends; time limits that no test waits for."""
    with contextlib.ExitStack() as stack:

        def make(**how: Any) -> Prober:
            return stack.enter_context(Prober(**{"timeout": 20, "deadline": 60, **how}))

        yield make


@pytest.fixture
def serve() -> Iterator[Callable[..., Scripted]]:
    """`Scripted`, running until the test ends."""
    with contextlib.ExitStack() as stack:

        def start(answer: Answer, **how: Any) -> Scripted:
            return stack.enter_context(Scripted(answer, **how).running())

        yield start
