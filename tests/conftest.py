"""How much is drawn by the tests that do not say so: what hypothesis draws, at an effort of 1."""

from __future__ import annotations

from hypothesis import settings

from support.effort import examples

settings.register_profile("effort", examples(100))
settings.load_profile("effort")
