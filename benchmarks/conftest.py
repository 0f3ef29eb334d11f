"""How large the benchmarks' inputs are."""

from __future__ import annotations

import os
from typing import NamedTuple

import pytest


class Sizes(NamedTuple):
    """How much of everything; `rounds` measurements each."""

    entries: int
    images: int
    pods: int
    pods_of_json: int
    pods_of_yaml: int
    explained_pods: int
    imports: int
    rounds: int

    def cluster(self, pods: int) -> dict[str, int]:
        """The proportions of 100,000 pods, 5,000 images, 500 namespaces and 2,000 secrets."""
        return {
            "pods": pods,
            "distinct": max(pods // 20, 5),
            "namespaces": max(pods // 200, 2),
            "secrets": max(pods // 50, 8),
        }


FULL = Sizes(10_000, 2_000, 100_000, 20_000, 500, 20_000, 9, 5)
SMALL = Sizes(200, 20, 40, 40, 10, 20, 1, 1)


@pytest.fixture(scope="session")
def sizes() -> Sizes:
    return SMALL if os.environ.get("PULLSECRETS_BENCH") == "small" else FULL
