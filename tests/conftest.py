"""One marker: `one_python` for what comes out the same on every Python, and takes its time.

Such tests run on the newest Python that nox has only. `PULLSECRETS_ALL_TESTS=1` runs them anyway.
"""

from __future__ import annotations

import pytest

from support.effort import is_thorough


def pytest_configure(config):
    config.addinivalue_line("markers", "one_python: runs on one Python only (the newest)")


def pytest_collection_modifyitems(items):
    if is_thorough():
        return
    skip = pytest.mark.skip(reason="runs on the newest Python only; or PULLSECRETS_ALL_TESTS=1")
    for item in items:
        if item.get_closest_marker("one_python"):
            item.add_marker(skip)
