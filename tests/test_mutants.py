"""The session that counts the changes no test notices: what it draws, and what it writes down."""

from __future__ import annotations

import pytest
from attrs import evolve

from support.mutants import (
    MODULES,
    ROOT,
    SURVIVORS,
    Change,
    draw,
    in_annotations,
    is_there,
    lines,
    read,
)

SOURCE = """\
from __future__ import annotations

LIMIT: int | None = 5


def f(a: int | None, *, b: str | bytes = "") -> str | None:
    return a | 3 if a == LIMIT else None
"""


@pytest.mark.parametrize("module", MODULES)
def test_each_module_and_its_tests_are_there(module):
    files = [f"pullsecrets/{module}.py", *(f"tests/{test}" for test in MODULES[module])]
    assert [file for file in files if not (ROOT / file).is_file()] == []


def test_annotations_are_found():
    texts = SOURCE.splitlines()
    found = {
        texts[line - 1][start:end] for (line, start), (_, end) in sorted(in_annotations(SOURCE))
    }
    assert found == {"int | None", "str | bytes", "str | None"}


def test_a_diff_is_two_texts():
    diff = "--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n def f():\n-    return 1\n+    return 2\n\n"
    assert lines(diff) == ("return 1", "return 2")


def test_a_sample_has_one_mutant_of_each_place_and_none_of_annotations(tmp_path):
    pytest.importorskip("cosmic_ray")
    file = tmp_path / "module.py"
    file.write_text(SOURCE)
    places, mutants = draw(file, 100, seed=1)
    positions = {tuple(mutant.start_pos) for mutant in mutants}
    assert len(positions) == len(mutants)
    assert places == len(positions) + 1  # the `*` of the parameters
    assert {line for line, _ in positions} == {3, 7}
    assert draw(file, 2, seed=1)[1] == draw(file, 2, seed=1)[1]


def test_a_survivor_goes_with_its_line():
    [change, *_] = (Change(*(it.strip("`") for it in row[:-1])) for row in read(SURVIVORS))
    assert is_there(change)
    assert not is_there(evolve(change, before=f"{change.before} # and more"))


def test_each_survivor_has_a_reason():
    assert [row for row in read(SURVIVORS) if not row[-1]] == []
