"""What a release says of itself: its address, and the pages that name it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import metadata
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
PLACEHOLDER = "OWNER"


def unfilled(version, urls):
    """The addresses that a release must not have."""
    if "dev" in version:
        return []
    return [url for url in urls if PLACEHOLDER in url]


@pytest.mark.parametrize(
    "version, expected",
    [("0.1.0", ["https://github.com/OWNER/x"]), ("1.2.3rc1", ["https://github.com/OWNER/x"])],
)
def test_a_release_with_a_placeholder_is_noticed(version, expected):
    assert unfilled(version, ["https://github.com/OWNER/x", "https://docs.example/"]) == expected


def test_no_placeholder_is_left_in_a_release():
    installed = metadata("pullsecrets")
    assert unfilled(installed["Version"], installed.get_all("Project-URL")) == []


def test_the_address_is_filled_in_at_one_place():
    urls = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["urls"]
    owners = {
        re.sub(r"https://(?:github\.com/)?([^./]+)[./].*", r"\1", url) for url in urls.values()
    }
    assert len(owners) == 1


def test_the_changelog_has_the_version_that_is_next():
    versions = re.findall(
        r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE
    )
    released = re.match(r"[0-9.]+[0-9]", metadata("pullsecrets")["Version"])[0]
    assert versions[0] == "Unreleased"
    assert released in versions


@pytest.mark.skipif(os.name != "posix", reason="the action's steps are for bash")
def test_the_action_writes_sarif_and_fails_as_check_does(tmp_path):
    steps = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))["runs"]["steps"]
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "ARGUMENTS": "--fail-on error\n--ignore PS307",
        "PATHS": "examples/broken/docker-hub-keys examples/good",
        "SARIF_FILE": str(tmp_path / "found.sarif"),
    }
    script = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", steps[-1]["run"]]
    done = subprocess.run(script, cwd=ROOT, env=environment, capture_output=True)
    assert (done.returncode, done.stderr.decode()) == (1, "")
    [run] = json.loads((tmp_path / "found.sarif").read_text("utf-8"))["runs"]
    codes = {result["ruleId"] for result in run["results"]}
    assert "PS301" in codes
    assert "PS307" not in codes
