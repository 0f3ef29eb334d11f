"""What a release says of itself: its address, and the pages that name it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from fnmatch import fnmatchcase
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


def test_each_action_is_pinned_by_one_hash_in_the_workflows_and_in_the_docs():
    own = [*(ROOT / ".github" / "workflows").glob("*.yml"), ROOT / "action.yml"]
    pins = {}
    for file in (*own, ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        uses = re.findall(r"^\s*(?:- )?uses: (\S+)@(.+)$", file.read_text("utf-8"), re.MULTILINE)
        for action, pin in uses:
            pins.setdefault(action, set()).add(pin)
    assert pins.pop(f"{PLACEHOLDER}/pullsecrets") == {"v0"}
    assert "github/codeql-action/upload-sarif" in pins
    for action, found in pins.items():
        [pin] = found
        assert re.fullmatch(r"[0-9a-f]{40} # v[0-9.]+", pin), action


def test_only_tags_of_versions_are_released():
    """The tag `v0`, which the action's users name, follows them and is none."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    describe = pyproject["tool"]["hatch"]["version"]["raw-options"]["git_describe_command"]
    patterns = [describe.split()[-1]]
    for name in ("release.yml", "docs.yml"):
        text = (ROOT / ".github" / "workflows" / name).read_text("utf-8")
        patterns += yaml.safe_load(text)[True]["push"]["tags"]  # YAML 1.1 reads `on` so
    for pattern in patterns:
        tags = ("v0.1.0", "v12.3.4", "v0", "v12")
        assert [tag for tag in tags if fnmatchcase(tag, pattern)] == ["v0.1.0", "v12.3.4"]


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
