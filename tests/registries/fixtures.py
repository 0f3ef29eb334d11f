"""Pytest fixtures over the real registries: `from registries.fixtures import *` in a conftest."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from . import Authority, Front, Htpasswd, Registry, TokenAuth, TokenServer, require

__all__ = [
    "authority",
    "basic_registry",
    "open_registry",
    "start_front",
    "start_registry",
    "start_tokens",
    "token_registry",
]

StartRegistry: TypeAlias = Callable[..., Registry]
StartFront: TypeAlias = Callable[..., Front]
StartTokens: TypeAlias = Callable[..., TokenServer]


@pytest.fixture
def start_registry(tmp_path: Path) -> Iterator[StartRegistry]:
    """`Registry.start` without its folder; what it starts ends with the test."""
    require("docker-registry", "htpasswd")
    with contextlib.ExitStack() as stack:

        def start(**how: Any) -> Registry:
            folder = tmp_path / f"registry-{len(list(tmp_path.iterdir()))}"
            return stack.enter_context(Registry.start(folder, **how))

        yield start


@pytest.fixture
def start_tokens(tmp_path: Path) -> Iterator[StartTokens]:
    """`TokenServer` without its folder, running until the test ends."""
    with contextlib.ExitStack() as stack:

        def start(**how: Any) -> TokenServer:
            folder = tmp_path / f"tokens-{len(list(tmp_path.iterdir()))}"
            return stack.enter_context(TokenServer(folder, **how).running())

        yield start


@pytest.fixture
def start_front(tmp_path: Path) -> Iterator[StartFront]:
    """`Front.start` without its folder; what it starts ends with the test."""
    require("nginx")
    with contextlib.ExitStack() as stack:

        def start(upstream: str, **how: Any) -> Front:
            folder = tmp_path / f"front-{len(list(tmp_path.iterdir()))}"
            return stack.enter_context(Front.start(folder, upstream, **how))

        yield start


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A private certificate authority, made once: keys take a while."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def open_registry(start_registry: StartRegistry) -> Registry:
    """A registry that lets everybody in, with `team/a:1.0`."""
    registry = start_registry()
    registry.push("team/a", "1.0")
    return registry


@pytest.fixture
def basic_registry(start_registry: StartRegistry) -> Registry:
    """A registry with Basic authentication (`ann`, `ann-password`) and `team/a:1.0`."""
    registry = start_registry(auth=Htpasswd({"ann": "ann-password"}))
    registry.push("team/a", "1.0")
    return registry


@pytest.fixture
def token_registry(
    start_registry: StartRegistry, start_tokens: StartTokens
) -> tuple[Registry, TokenServer]:
    """A registry with a token server: `ann` may pull `team/a`, everybody `public/a`."""
    server = start_tokens(
        users={"ann": "ann-password", "bob": "bob-password"},
        grants={None: ["public/a"], "ann": ["team/a", "public/a"], "bob": ["public/a"]},
    )
    registry = start_registry(auth=TokenAuth(server))
    for repository in ("team/a", "public/a"):
        registry.push(repository, "1.0")
    return registry, server
