"""How much the tests that draw their inputs draw.

By default little, so that a run is short. `PULLSECRETS_TEST_EFFORT=20` draws twenty times as much.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

EFFORT = float(os.environ.get("PULLSECRETS_TEST_EFFORT", "1"))


def examples(count: int) -> settings:
    """Draw so many examples at an effort of 1. None fails for taking its time."""
    return settings(
        max_examples=max(1, round(count * EFFORT)),
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
