"""Makes small changes to modules, in a copy, and counts those that no test notices.

`nox -s mutants` calls this: `-- --module matching --count 30 --seed 1`. Places in the module's code
are drawn by the seed, and one of cosmic-ray's mutants at each. Each is given to the tests that
mirror its module, and only to these. The results go to two tables of the docs; in that of the
survivors, the column of reasons is written by hand and kept. Exits with 1 where one has no reason.
"""

from __future__ import annotations

import argparse
import ast
import csv
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import astuple, frozen

if TYPE_CHECKING:
    from cosmic_ray.work_item import MutationSpec

ROOT = Path(__file__).parents[2]
SCORES = ROOT / "docs" / "explanation" / "mutants.csv"
SURVIVORS = ROOT / "docs" / "explanation" / "mutants-survivors.csv"
SCORES_HEAD = ("module", "places", "tried", "killed", "by the time limit", "survived", "seed")
SURVIVORS_HEAD = ("module", "in", "the line", "becomes", "why no test notices")

VECTORS = "conformance/test_vectors.py"
MODULES = {
    "matching": ("test_matching.py", "properties/test_ring.py", VECTORS),
    "keyring": ("test_keyring.py", "makers/test_made_answers.py", VECTORS),
    "resolution": ("test_keyring.py", "makers/test_made_answers.py", "test_cluster.py"),
    "dockerconfig": ("test_dockerconfig.py", VECTORS),
    "objects": ("test_objects.py",),
    "pull_secret": ("test_pull_secret.py", "test_objects.py"),
    "pod_resolution": ("test_pod_resolution.py", "test_cluster.py"),
    "references": ("test_references.py", "makers/test_copies.py"),
    "admission": ("test_admission.py", "makers/test_copies.py"),
    "cluster": ("test_cluster.py", "makers/test_copies.py"),
    "explanation": ("test_explanation.py", "test_trace.py"),
    "node/providers": ("node/test_providers.py", "conformance/test_node_vectors.py"),
    "node/answers": ("node/test_node_answers.py",),
    "node/decision": ("test_present_decisions.py", "conformance/test_decision_vectors.py"),
    "node/verification": ("node/test_verification.py",),
    "node/records": ("node/test_records.py",),
    "diagnoses/lists": ("diagnoses/test_lists.py", "diagnoses/test_catalogue.py"),
    "diagnoses/nearest": ("diagnoses/test_nearest.py",),
    "diagnoses/secrets": ("diagnoses/test_secrets.py", "diagnoses/test_catalogue.py"),
    "probe/policy": ("probe/test_policy.py",),
}


@frozen
class Change:
    """What a mutant does: a line before and after, and the function or class that it is in."""

    module: str
    name: str
    before: str
    after: str


@frozen
class Tried:
    """One mutant and what became of it."""

    change: Change
    killed: bool
    late: bool


def in_annotations(source: str) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Return where annotations start and end: they are never run, so that no test sees them."""
    found = []
    for node in ast.walk(ast.parse(source)):
        for name in ("annotation", "returns"):
            at = getattr(node, name, None)
            if isinstance(at, ast.expr):
                end = (at.end_lineno or at.lineno, at.end_col_offset or at.col_offset)
                found.append(((at.lineno, at.col_offset), end))
    return found


def draw(file: Path, count: int, seed: int) -> tuple[int, list[MutationSpec]]:
    """Return the number of places where cosmic-ray would change a file, and a sample of mutants."""
    from cosmic_ray.commands import init
    from cosmic_ray.work_db import WorkDB

    source = file.read_text("utf-8")
    annotations = in_annotations(source)
    places: dict[tuple[int, int], list[MutationSpec]] = {}
    database = WorkDB(":memory:", WorkDB.Mode.create)
    try:
        init([file], database, {})
        for item in database.work_items:
            [mutation] = item.mutations
            at = tuple(mutation.start_pos)
            if not any(start <= at < end for start, end in annotations):
                places.setdefault(at, []).append(mutation)
    finally:
        database.close()
    chance = random.Random(f"{seed} {file.stem}")
    chosen = []
    for at in chance.sample(sorted(places), len(places)):
        if len(chosen) == count:
            break
        ordered = sorted(places[at], key=lambda it: (it.operator_name, it.occurrence))
        mutation = chance.choice(ordered)
        if is_code(source, mutation):
            chosen.append(mutation)
    return len(places), chosen


def is_code(source: str, mutation: MutationSpec) -> bool:
    """Whether a mutant can be compiled: cosmic-ray takes the `*` of parameters for an operator."""
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    operator = get_operator(mutation.operator_name)(**mutation.operator_args)
    try:
        compile(mutate_code(source, operator, mutation.occurrence), "mutant", "exec")
    except SyntaxError:
        return False
    return True


def lines(diff: str) -> tuple[str, str]:
    """Return the lines that a diff takes away, and those that it adds, each as one."""
    body = diff.split("@@", 2)[2].splitlines()

    def picked(mark: str) -> str:
        return " ".join(line[1:].strip() for line in body if line.startswith(mark)).strip()

    return picked("-"), picked("+")


def try_module(name: str, copy: Path, count: int, seed: int) -> tuple[int, list[Tried]]:
    """Try a sample of a module's mutants in a copy of the repository."""
    from cosmic_ray.mutating import mutate_and_test
    from cosmic_ray.testing import run_tests
    from cosmic_ray.work_item import TestOutcome

    tests = " ".join(f"tests/{test}" for test in MODULES[name])
    command = f"{sys.executable} -m pytest -q -x -p no:cacheprovider {tests}"
    start = time.monotonic()
    outcome, output = run_tests(command, None)
    if outcome != TestOutcome.SURVIVED:
        sys.exit(f"{name}: the tests fail without a mutant\n{output}")
    limit = 30 + 5 * (time.monotonic() - start)
    places, mutations = draw(copy / "pullsecrets" / f"{name}.py", count, seed)
    tried = []
    for mutation in mutations:
        result = mutate_and_test([mutation], command, limit)
        if result.test_outcome is None or result.diff is None:
            sys.exit(f"{name}: {mutation} was not tried\n{result.output}")
        killed = result.test_outcome == TestOutcome.KILLED
        change = Change(name, mutation.definition_name or "", *lines(result.diff))
        tried.append(Tried(change, killed, late=killed and result.output == "timeout"))
        say("." if killed else f"survived: {change.before}\n  -> {change.after}")
    return places, tried


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def copy_to(folder: Path) -> None:
    """Copy the repository's files, new ones included, to a folder."""
    listed = ("git", "ls-files", "--cached", "--others", "--exclude-standard")
    for name in subprocess.check_output(listed, cwd=ROOT, text=True).splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)


def read(file: Path) -> list[list[str]]:
    """Return the rows of a table of the docs, without its head."""
    if not file.exists():
        return []
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream))[1:]


def write(file: Path, head: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Write a table of the docs, in the order of MODULES."""
    order = list(MODULES)
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(sorted(rows, key=lambda row: order.index(next(iter(row)).strip("`"))))


def is_there(change: Change) -> bool:
    """Whether a module still has the line that a mutant changes."""
    source = (ROOT / "pullsecrets" / f"{change.module}.py").read_text("utf-8")
    return " ".join(change.before.split()) in " ".join(source.split())


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def main() -> int:
    """Try mutants, write the tables, and return 1 where a survivor has no reason."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--module", action="append", choices=list(MODULES), help="several times")
    parser.add_argument("--count", type=int, default=15, help="mutants of each module")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    names = given.module or list(MODULES)

    scores = {row[0]: row for row in read(SCORES)}
    known = {Change(*(it.strip("`") for it in row[:-1])): row[-1] for row in read(SURVIVORS)}
    reasons = {change: why for change, why in known.items() if is_there(change)}
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder).resolve()
        copy_to(copy)
        os.chdir(copy)
        os.environ["PYTHONPATH"] = str(copy)
        for name in names:
            places, tried = try_module(name, copy, given.count, given.seed)
            killed, late = sum(it.killed for it in tried), sum(it.late for it in tried)
            row = (places, len(tried), killed, late, len(tried) - killed, given.seed)
            scores[f"`{name}`"] = [f"`{name}`", *map(str, row)]
            for it in tried:
                if it.killed:
                    reasons.pop(it.change, None)
                else:
                    reasons.setdefault(it.change, "")
            say(f"{name}: {killed} of {len(tried)} killed, {late} of them by the limit")
            write(SCORES, SCORES_HEAD, scores.values())
            told = [(*map(_code, astuple(change)), why) for change, why in reasons.items()]
            write(SURVIVORS, SURVIVORS_HEAD, told)
        os.chdir(ROOT)
    return int(not all(reasons.values()))


if __name__ == "__main__":
    sys.exit(main())
