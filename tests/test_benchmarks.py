"""The benchmarks still run, and say how each target fares. No test depends on a time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("pytest_benchmark")
pytest.importorskip("docker")
pytest.importorskip("oras")
pytest.importorskip("drawsvg")
pytest.importorskip("msgspec")

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


def test_the_commands_are_measured_and_the_page_is_made_from_the_figures(tmp_path: Path) -> None:
    from benchmarks import commands

    for folder in ("_static", "explanation"):
        (tmp_path / folder).mkdir()
    file = tmp_path / "explanation" / "benchmarks.md"
    file.write_text(f"before\n{commands.START}\nold\n{commands.END}\nafter\n")
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.commands", "--small", "--docs", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    found = json.loads((tmp_path / "_static" / "commands.json").read_text())
    assert [each["pods"] for each in found["dumps"]] == [20, 80]
    for each in found["dumps"]:
        assert all(took["memory"] > 1 for took in each["took"].values())
    text = file.read_text()
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "old" not in text
    verdicts = [line.split("|")[-2].strip() for line in text.splitlines() if line.startswith("| ")]
    assert len([verdict for verdict in verdicts if verdict in ("met", "MISSED")]) == 7
    for name in commands.COMMANDS:
        assert f"| `{name}` " in text
        assert f">{name}</text>" in (tmp_path / "_static" / "commands.svg").read_text()


def test_the_docs_show_the_figures_that_were_measured() -> None:
    from benchmarks import commands

    found = json.loads((ROOT / "docs" / "_static" / "commands.json").read_text())
    page = (ROOT / "docs" / "explanation" / "benchmarks.md").read_text("utf-8")
    assert commands.page(found) in page
    chart = (ROOT / "docs" / "_static" / "commands.svg").read_text("utf-8")
    assert commands.chart(found["dumps"]) == chart
    assert [each["pods"] for each in found["dumps"]] == list(commands.FULL)
