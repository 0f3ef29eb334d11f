"""How the tests of this folder draw: no test fails because of a time."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

at_leisure = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
