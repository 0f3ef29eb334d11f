"""How much the tests that draw their inputs draw.

By default little, so that a run is short. `PULLSECRETS_TEST_EFFORT=20` draws twenty times as much.
"""

from __future__ import annotations

import os
import sys

from hypothesis import HealthCheck, settings

EFFORT = float(os.environ.get("PULLSECRETS_TEST_EFFORT", "1"))


def examples(count: int) -> settings:
    """Draw so many examples at an effort of 1. None fails for taking its time."""
    return settings(
        max_examples=max(1, round(count * EFFORT)),
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


NEWEST = (3, 13)  # of the Pythons that every machine of the project has


def is_thorough():
    """Whether what comes out the same on every Python is tested in full: on one Python only."""
    return sys.version_info >= NEWEST or os.environ.get("PULLSECRETS_ALL_TESTS") == "1"
