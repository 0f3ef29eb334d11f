"""The benchmarks still run, and say how each target fares. No test depends on a time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("pytest_benchmark")
pytest.importorskip("docker")
pytest.importorskip("oras")

pytestmark = pytest.mark.one_python
ROOT = Path(__file__).parent.parent


def test_small_benchmarks_print_their_table() -> None:
    # pytest-benchmark takes the variables of pytest-xdist for being run by it, and does nothing.
    env = {name: value for name, value in os.environ.items() if "PYTEST_XDIST" not in name}
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--small"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    lines = run.stdout.splitlines()
    verdicts = [line.split("|")[-2].strip() for line in lines if line.startswith("| ")]
    assert len([verdict for verdict in verdicts if verdict in ("met", "MISSED")]) == 18
    assert any("of 18 targets are met" in line for line in lines)
    assert any(line.startswith("| docker-py, 10,000 entries") for line in lines)
    assert any(line.startswith("| oras-py, 10,000 entries") for line in lines)
