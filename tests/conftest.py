"""One marker: `one_python` for what comes out the same on every Python, and takes its time.

Such tests run on the newest Python that nox has only. `PULLSECRETS_ALL_TESTS=1` runs them anyway.
"""

from __future__ import annotations

import os
import sys

import pytest

NEWEST = (3, 13)  # of the Pythons that every machine of the project has


def pytest_configure(config):
    config.addinivalue_line("markers", "one_python: runs on one Python only (the newest)")


def pytest_collection_modifyitems(items):
    if sys.version_info >= NEWEST or os.environ.get("PULLSECRETS_ALL_TESTS") == "1":
        return
    skip = pytest.mark.skip(reason="runs on the newest Python only; or PULLSECRETS_ALL_TESTS=1")
    for item in items:
        if item.get_closest_marker("one_python"):
            item.add_marker(skip)
