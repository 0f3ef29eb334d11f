"""The examples of the pages, for the tests."""

from __future__ import annotations

import importlib.util
from pathlib import Path

FILE = Path(__file__).parents[2] / "docs" / "_diagnoses.py"
spec = importlib.util.spec_from_file_location("_diagnoses", FILE)
assert spec is not None
assert spec.loader is not None
pages = importlib.util.module_from_spec(spec)
spec.loader.exec_module(pages)

EXAMPLES = pages.EXAMPLES
