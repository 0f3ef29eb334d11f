"""What is wrong with a large cluster fits on one screen, and nothing is lost with `--all`."""

from __future__ import annotations

import io
import json
import re

import pytest

pytest.importorskip("rich")

from rich.console import Console

from benchmarks import made
from pullsecrets import Cluster, check, load
from pullsecrets.cli._lines import Lines
from pullsecrets.cli._report import print_causes
from pullsecrets.diagnoses import CATALOGUE, Diagnoses
from pullsecrets.diagnoses.groups import group_diagnoses
from pullsecrets.diagnoses.model import Where
from pullsecrets.diagnoses.unplaced import unplaced
from support.command_line import run

SCREEN = 40


@pytest.fixture(scope="module")
def dump(tmp_path_factory):
    """As the benchmark makes it, but smaller: the kinds of causes are the same."""
    file = tmp_path_factory.mktemp("dump") / "all.json"
    sizes = {"pods": 500, "namespaces": 20, "secrets": 80}
    file.write_text(json.dumps({"kind": "List", "items": list(made.cluster(**sizes))}))
    return file


def test_a_large_cluster_fits_on_a_screen(dump):
    shown = run("check", dump, "--fail-on", "note").out.splitlines()
    assert len(shown) <= SCREEN
    assert re.match(r"500 pods, 50 workloads, 1,500 images$", shown[0])
    cluster = load(dump)
    worst = group_diagnoses(check(cluster), cluster.pods)[0]
    first = next(line for line in shown if re.match("(error|warning|note) PS", line))
    assert first == f"{worst.severity} {worst.kind.code} {worst.message}"
    assert shown[-1] == "… --all shows every cause and every place"
    # What is left out is counted.
    assert any(
        re.match(r"  at  … and [\d,]+ more places, [\d,]+ diagnoses in all$", x) for x in shown
    )
    assert any(re.match(r"  … and \d+ more causes of PS308, \d+ diagnoses$", x) for x in shown)


def test_all_shows_every_place(dump):
    found = json.loads(run("check", dump, "--format", "json", "--fail-on", "note").out)
    shown = run("check", dump, "--all").out
    assert "…" not in shown
    cluster = load(dump)
    groups = group_diagnoses(check(cluster), cluster.pods)
    assert sum(len(group.diagnoses) for group in groups) == len(found["diagnoses"])
    for group in groups:
        assert group.message in shown
        for site in group.sites:
            assert f"  {site.title}\n" in shown


def printed(found, width=None, *, everything=False, above=0, pods=()):
    file = io.StringIO()
    console = Console(
        file=file, width=width or 240, force_terminal=width is not None, color_system=None
    )
    print_causes(
        console,
        Diagnoses(found),
        pods,
        Lines(each.where for each in found),
        everything=everything,
        above=above,
    )
    return file.getvalue().splitlines()


@pytest.mark.parametrize("width", [60, 80, 200])
def test_on_a_terminal_what_wraps_takes_more_rows(dump, width):
    cluster = load(dump)
    lines = printed(check(cluster), width, pods=cluster.pods, above=5)
    assert 3 < len(lines) <= SCREEN - 5
    assert all(len(line) <= width for line in lines)
    # What does not fit goes on below its text.
    folded = [line for line in lines if line.startswith(" " * 6)]
    assert bool(folded) == (width < 200)
    assert all(line[6] != " " for line in folded)
    assert all(line == line.rstrip() for line in lines)


def diagnosis(code, name, message):
    return unplaced(code, message, "Do.").at(Where(None, 1, "Secret", "default", name, ("data",)))


def test_what_fits_is_shown_in_full():
    found = [diagnosis("PS110", f"s{n}", f"m{n}") for n in range(13)]
    shown = printed(found)
    assert len(shown) == 39
    assert shown[:3] == ["note PS110 m0", "  at  Secret default/s0, data (document 1)", "  do  Do."]
    # One more, and only the first ones are.
    shown = printed([*found, diagnosis("PS110", "s13", "m13")])
    assert shown[-2:] == [
        "  … and 9 more causes of PS110, 9 diagnoses",
        "… --all shows every cause and every place",
    ]
    assert len(printed([*found, diagnosis("PS110", "s13", "m13")], everything=True)) == 42


def test_more_kinds_than_a_screen_has_room_for():
    found = [diagnosis(code, "s", "m") for code in CATALOGUE]
    shown = printed(found)
    assert len(shown) <= SCREEN
    assert shown[0].startswith("error ")
    assert shown[-1] == "… --all shows every cause and every place"
    number, codes = re.fullmatch(r"… and (\d+) more causes: (.*)", shown[-2]).groups()
    left = codes.split(", ")
    assert len(left) == int(number)
    assert len(left) + sum(" PS" in line for line in shown[:-2]) == len(CATALOGUE)


@pytest.mark.parametrize("command", ["resolve", "check", "explain"])
@pytest.mark.parametrize("more", [(), ("--image", "registry-0.*")])
def test_each_pod_is_resolved_once(dump, monkeypatch, command, more):
    resolve, seen = Cluster.resolve, []

    def counted(cluster, pod):
        seen.append(pod)
        return resolve(cluster, pod)

    monkeypatch.setattr(Cluster, "resolve", counted)
    assert run(command, dump, *more).out
    assert len(seen) == 500
