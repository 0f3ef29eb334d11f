"""Compare pullsecrets with the kubelet's own code: `nox -s referee -- --release 1.37 --count 1000`.

Requests are drawn, put to both, and where the answers differ, the shortest request of that kind is
printed. Exits with 1 if there is any difference that no fact about the release explains.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

from referee import drawing, drawing_present, drawing_providers, ours
from referee.building import PARTS
from referee.comparing import difference, shortest
from referee.facts import FACTS, minor, table
from referee.kubelet import Kubelet, Request, as_json
from support.go_programs import NEWEST, PATCHES, CannotBuild

DOCS = Path(__file__).parents[2] / "docs" / "explanation"
REPORTS = {part: DOCS / f"referee-{part}.csv" for part in PARTS}
TITLES = {
    "keyring": {"image": "images", "match": "patterns", "lookup": "look-ups"},
    "providers": {"configure": "configurations", "providers": "kubelets with providers"},
    "present": {"containers": "kubelets with containers"},
}
DRAWN = {
    "keyring": drawing.requests,
    "providers": drawing_providers.requests,
    "present": drawing_present.requests,
}
FIRST = {"keyring": "1.25", "providers": "1.31", "present": "1.33"}
"""The first release that does it, or that pullsecrets knows anything about, for each part."""
RELEASES = DOCS / "releases.csv"


class Comparison:
    """One release's answers next to pullsecrets', and what was counted on the way."""

    def __init__(self, kubelet: Kubelet, part: str = "keyring") -> None:
        self.kubelet = kubelet
        self.part = part
        self.asked: Counter[str] = Counter()
        self.explained: Counter[str] = Counter()
        self.different: Counter[tuple[str, str]] = Counter()
        self._firsts: dict[tuple[str, str], Request] = {}

    def put(self, request: Request) -> None:
        """Put one request to both."""
        self.asked[request["op"]] += 1
        kind = self._kind(request)
        if kind is not None:
            self.different[kind] += 1
            self._firsts.setdefault(kind, request)

    def _kind(self, request: Request) -> tuple[str, str] | None:
        """The operation and what differs, or None; counts what is explained."""
        what = difference(self.kubelet, request)
        if what is None:
            return None
        for fact in FACTS:
            if fact.explains(self.kubelet.release, request):
                self.explained[fact.name] += 1
                return None
        return request["op"], what

    def lines(self) -> list[str]:
        """For each kind of difference how often it was there, and a short request that shows it."""
        found = []
        for kind, count in self.different.items():
            request = shortest(self._firsts[kind], lambda r, kind=kind: self._kind(r) == kind)
            found += [
                f"{self.kubelet.release}: {count} × {' '.join(kind)}",
                f"  request      {as_json(request)}",
                f"  written      {request!r}",
                f"  kubelet      {json.dumps(self.kubelet.ask({**request, 'times': 4}))}",
                f"  pullsecrets  {json.dumps(ours.answer(request, self.kubelet.release))}",
            ]
        return found

    def row(self, seed: int) -> dict[str, str]:
        """The run as the report has it."""
        explained = ", ".join(f"{count:,} {name}" for name, count in sorted(self.explained.items()))
        return {
            "release": PATCHES[self.kubelet.release],
            "on": datetime.now(UTC).date().isoformat(),
            "seed": str(seed),
            "requests": f"{self.asked.total():,}",
            **{title: f"{self.asked[op]:,}" for op, title in TITLES[self.part].items()},
            "explained": explained or "0",
            "not explained": f"{self.different.total():,}",
        }


def add(rows: list[dict[str, str]], report: Path) -> None:
    """Put the runs into the report, each in the place of an earlier one of its release."""
    old = read(report) if report.exists() else []
    kept = {row["release"].rpartition(".")[0]: row for row in [*old, *rows]}
    write([kept[release] for release in sorted(kept, key=minor)], report)


def read(table: Path) -> list[dict[str, str]]:
    with table.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write(rows: list[dict[str, str]], table: Path) -> None:
    with table.open("w", encoding="utf-8", newline="") as file:
        # Rows of earlier runs may lack what is counted by now.
        names = dict.fromkeys(chain.from_iterable(sorted(rows, key=len, reverse=True)))
        writer = csv.DictWriter(file, list(names), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def releases_of(part: str) -> list[str]:
    """The releases that a part is compared with."""
    return [name for name in PATCHES if minor(name) >= minor(FIRST[part])]


def write_table(stack: ExitStack) -> None:
    kubelets = {
        part: [stack.enter_context(Kubelet(name, part)) for name in releases_of(part)]
        for part in PARTS
    }
    write(table(kubelets, list(PATCHES)), RELEASES)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="referee", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--release",
        action="append",
        choices=[*PATCHES, "all"],
        help=f"of Kubernetes; may be given several times (default: {NEWEST})",
    )
    parser.add_argument(
        "--part", choices=list(DRAWN), default="keyring", help="what is compared (%(default)s)"
    )
    parser.add_argument("--count", type=int, default=100_000, help="of requests (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of what is drawn (%(default)s)")
    parser.add_argument("--report", type=Path, help="a CSV file to be written (default: the docs')")
    parser.add_argument(
        "--table", action="store_true", help="only write the docs' table of where releases differ"
    )
    options = parser.parse_args(arguments)
    releases = options.release or [NEWEST]
    if "all" in releases:
        releases = releases_of(options.part)
    start = time.monotonic()
    with ExitStack() as stack:
        try:
            if options.table:
                write_table(stack)
                return 0
            comparisons = [
                Comparison(stack.enter_context(Kubelet(name, options.part)), options.part)
                for name in releases
            ]
        except CannotBuild as error:
            parser.exit(2, f"referee: {error}\n")
        for request in DRAWN[options.part](options.seed, options.count):
            for comparison in comparisons:
                comparison.put(request)
        for comparison in comparisons:
            sys.stdout.writelines(f"{line}\n" for line in comparison.lines())
    rows = [comparison.row(options.seed) for comparison in comparisons]
    for row in rows:
        sys.stdout.write(", ".join(f"{name} {value}" for name, value in row.items()) + "\n")
    sys.stdout.write(f"{time.monotonic() - start:.0f} seconds\n")
    add(rows, options.report or REPORTS[options.part])
    return 1 if any(comparison.different for comparison in comparisons) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
