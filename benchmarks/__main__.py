"""Run the benchmarks and print how the targets fare: `python -m benchmarks [--small]`."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
TIMES = "\N{NO-BREAK SPACE}×"  # a number stays on a line with its sign


class Target(NamedTuple):
    """What is to be reached: `what` takes at most `limit` times `base`, or `limit` of `unit`."""

    title: str
    what: str
    limit: float
    base: str | None = None
    unit: str = ""


TARGETS = (
    Target("warm lookup, 3 entries", "warm_lookup[3]", 2e-6, unit="s"),
    Target("warm lookup, 10,000 entries / 3 entries", "warm_lookup[many]", 2, "warm_lookup[3]"),
    *(
        Target(
            f"cold lookup, {size} entries, many {shape} / docker-image-py's parse",
            f"cold_lookup[{key}-{shape}]",
            2,
            "parse_of_docker_image_py",
        )
        for shape in ("hosts", "paths")
        for size, key in (("3", "3"), ("10,000", "many"))
    ),
    *(
        Target(
            f"cold lookup, many {shape}, 10,000 entries / 3 entries",
            f"cold_lookup[many-{shape}]",
            1.5,
            f"cold_lookup[3-{shape}]",
        )
        for shape in ("hosts", "paths")
    ),
    Target(
        "building from 10,000 entries / json and base64 alone",
        "building",
        8,
        "json_and_base64_alone",
    ),
    Target("resolve_all, 300,000 images", "resolve_all[replicas]", 2, unit="s"),
    Target("the same, hardly an image twice", "resolve_all[scattered]", 2, unit="s"),
    Target("memory above the model", "memory_of_resolve_all[replicas]", 400, unit="MiB"),
    Target("the same, hardly an image twice", "memory_of_resolve_all[scattered]", 400, unit="MiB"),
    Target("loading JSON / json.loads", "load_json", 3, "json_loads"),
    Target("loading YAML / PyYAML's C loader", "load_yaml", 1.3, "c_loader"),
    Target("import pullsecrets / import docker", "import[pullsecrets]", 0.4, "import[docker]"),
    Target("explaining a cluster / resolving it", "explain", 10, "resolve_for_explain"),
    Target("checking a cluster / resolving it", "check", 10, "resolve_for_explain"),
)

# What others take for the same, over pullsecrets' own time. There is no target for these.
OTHERS = (
    ("plain walk, 3 entries / warm lookup", "plain_walk[3]", "warm_lookup[3]"),
    ("plain walk, 10,000 entries / warm lookup", "plain_walk[many]", "warm_lookup[many]"),
    ("plain walk, 10,000 entries / cold lookup", "plain_walk[many]", "cold_lookup[many-hosts]"),
    ("docker-py, 3 entries / cold lookup", "docker_py[3]", "cold_lookup[3-hosts]"),
    ("docker-py, 10,000 entries / cold lookup", "docker_py[many]", "cold_lookup[many-hosts]"),
    ("docker-py, building from 10,000 entries", "building_with_docker_py", "building"),
    ("oras-py, 3 entries / cold lookup", "oras_py[3]", "cold_lookup[3-hosts]"),
    ("oras-py, 10,000 entries / cold lookup", "oras_py[many]", "cold_lookup[many-hosts]"),
    ("import oras", "import[oras]", "import[pullsecrets]"),
    ("import docker and use it", "import[docker-and-use]", "import[pullsecrets-and-use]"),
)


def measured(benchmark: dict[str, object]) -> tuple[str, float]:
    """A benchmark's name and its median: seconds for one piece of its work, or MiB."""
    name = str(benchmark["name"]).removeprefix("test_")
    extra, stats = benchmark["extra_info"], benchmark["stats"]
    assert isinstance(extra, dict)
    assert isinstance(stats, dict)
    if name.startswith("memory"):
        return name, extra["bytes"] / 2**20
    return name, extra.get("seconds", stats["median"] / extra.get("each", 1))


def run(environment: dict[str, str]) -> dict[str, float]:
    """Run the benchmarks, each file in a process of its own: what one leaves slows the next."""
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for module in sorted(Path(__file__).parent.glob("test_*.py")):
            file = Path(folder, f"{module.stem}.json")
            command = [sys.executable, "-m", "pytest", str(module), "-q", "--benchmark-only"]
            # CPU time: nothing here waits, and another program's share is not counted.
            command += ["--benchmark-timer=time.process_time", f"--benchmark-json={file}"]
            command += ["--benchmark-columns=median", "-p", "no:cacheprovider"]
            done = subprocess.run(
                command,
                cwd=ROOT,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            if done.returncode:
                sys.exit(done.stdout)
            found.update(map(measured, json.loads(file.read_text())["benchmarks"]))
    return found


def amount(value: float, unit: str = "s") -> str:
    if unit == "MiB":
        return f"{value:.1f} MiB"
    for factor, name in ((1, "s"), (1e3, "ms"), (1e6, "µs")):
        if value * factor >= 1 or name == "µs":
            return f"{value * factor:.3g} {name}"
    raise AssertionError


def rows(found: dict[str, float]) -> Iterator[tuple[str, ...]]:
    """The table of targets, line by line."""
    for target in TARGETS:
        value = found[target.what]
        if target.base is None:
            shown, limit = amount(value, target.unit), amount(target.limit, target.unit)
            against = ""
        else:
            against = amount(found[target.base])
            shown, limit = amount(value), f"{target.limit:g}{TIMES}"
            value /= found[target.base]
        ratio = f"{value:.2f}{TIMES}" if target.base else ""
        verdict = "met" if value <= target.limit else "MISSED"
        yield target.title, shown, against, ratio, limit, verdict


def others(found: dict[str, float]) -> Iterator[tuple[str, ...]]:
    """The table of the others."""
    for title, theirs, ours in OTHERS:
        ratio = found[theirs] / found[ours]
        yield title, amount(found[theirs]), amount(found[ours]), f"{ratio:,.3g}{TIMES}"


def table(heads: tuple[str, ...], lines: list[tuple[str, ...]]) -> str:
    """A table in Markdown, which reads well in a terminal, too."""
    widths = [max(map(len, column)) for column in zip(heads, *lines, strict=True)]

    def line(cells: tuple[str, ...]) -> str:
        padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        return f"| {' | '.join(padded)} |"

    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([line(heads), rule, *map(line, lines)])


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--small", action="store_true", help="tiny inputs: does it all work?")
    options = parser.parse_args(arguments)
    size = "small" if options.small else "full"
    found = run({**os.environ, "PULLSECRETS_BENCH": size})
    heads = ("target", "median", "against", "ratio", "at most", "")
    lines = list(rows(found))
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores\n")
    print(table(heads, lines))
    missed = sum(line[-1] == "MISSED" for line in lines)
    print(f"\n{len(lines) - missed} of {len(lines)} targets are met.\n")
    print(table(("others", "they take", "pullsecrets takes", "ratio"), list(others(found))))
    if options.small:
        print("\nThese inputs are too small for the numbers to mean anything.")


if __name__ == "__main__":
    main(sys.argv[1:])
