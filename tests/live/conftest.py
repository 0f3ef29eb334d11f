"""The real API server of `nox -s cluster`, started once, with the world in it."""

from __future__ import annotations

import pytest

from live.starting import api_server
from live.world import USERS, fill


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    with api_server(tmp_path_factory.mktemp("cluster"), *USERS) as running:
        fill(running)
        yield running
