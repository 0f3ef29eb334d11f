"""The commands as a user runs them, on dumps of whole clusters: `python -m benchmarks.commands`.

Each is a process of its own, and the operating system says what it took: CPU time, as another
program's share is not counted, and the most memory at once. The figures go to `commands.json`;
the chart and the tables of the docs' page are made from that file, in the same run.
"""

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
from typing import Any

import drawsvg

from benchmarks import made
from benchmarks.__main__ import ROOT, TIMES, table

FULL, SMALL = (5_000, 20_000), (20, 80)
START, END = "<!-- measured by benchmarks.commands -->", "<!-- until here -->"
JSON_LOAD, LOAD = "`json.load`", "`load`"

# The statement alone, without the start of Python and the imports.
TIMED = """
import json, sys, time
from pullsecrets import load
from yaml import CSafeLoader
import msgspec.json
def json_load(path):
    with open(path, "rb") as stream:
        json.load(stream)
start = time.process_time()
{}(sys.argv[1])
print(time.process_time() - start)
"""
STATEMENTS = {JSON_LOAD: "json_load", LOAD: "load"}
COMMANDS = {
    " ".join(["pullsecrets", *command]): [sys.executable, "-m", "pullsecrets", *command]
    for command in (
        ["resolve", "--format", "json"],
        ["resolve"],
        ["explain", "--format", "json"],
        ["explain"],
        ["check", "--format", "json"],
        ["check"],
    )
}
RESOLVE, RESOLVE_TEXT, EXPLAIN, EXPLAIN_TEXT, CHECK_JSON, CHECK = COMMANDS

# What is measured, what it is compared with, and how many times that it may take.
TARGETS = (
    (LOAD, JSON_LOAD, 0.8),
    (CHECK, RESOLVE, 2.5),
    (CHECK_JSON, RESOLVE, 2.5),
    (RESOLVE_TEXT, RESOLVE, 3),
    (EXPLAIN_TEXT, EXPLAIN, 3),
)
GROWTH, MEMORY = 4.5, 2  # times, from the small dump to the large; times the file


def finished(command: list[str], file: Path) -> tuple[str, dict[str, float]]:
    """Run a command on a file: what it printed, its CPU seconds and its peak memory in MB."""
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen([*command, str(file)], stdout=out, stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in (0, 1):  # 1: something is wrong with what is checked
            sys.exit(f"{command} ended with {process.returncode}")
        out.seek(0)
        text = out.read(100).decode()
    peak = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6
    return text, {"seconds": used.ru_utime + used.ru_stime, "memory": peak}


def timed(statement: str, file: Path) -> dict[str, float]:
    """The best of three runs."""
    runs = [finished([sys.executable, "-c", TIMED.format(statement)], file) for _ in range(3)]
    return {
        "seconds": min(float(text) for text, _ in runs),
        "memory": min(used["memory"] for _, used in runs),
    }


def measure(pods: int, folder: Path) -> dict[str, Any]:
    """All figures of a dump."""
    file = folder / f"{pods}.json"
    made.written(
        made.cluster(pods, namespaces=max(pods // 100, 2), secrets=max(6 * pods // 100, 8)), file
    )
    return {
        "pods": pods,
        "megabytes": file.stat().st_size / 1e6,
        "took": {
            **{name: timed(statement, file) for name, statement in STATEMENTS.items()},
            **{name: finished(command, file)[1] for name, command in COMMANDS.items()},
        },
    }


def rows(dumps: list[dict[str, Any]]) -> Iterator[tuple[str, ...]]:
    """What each took, line by line."""
    small, large = dumps
    for name in (*STATEMENTS, *COMMANDS):
        figures = [each["took"][name] for each in dumps]
        cells = [f"{each['seconds']:.2f} s, {each['memory']:.0f} MB" for each in figures]
        growth = large["took"][name]["seconds"] / small["took"][name]["seconds"]
        yield name if name in STATEMENTS else f"`{name}`", *cells, f"{growth:.1f}{TIMES}"


def targets(dumps: list[dict[str, Any]]) -> Iterator[tuple[str, ...]]:
    """How the targets fare, line by line."""
    for name, base, most in TARGETS:
        shown = [each if each in STATEMENTS else f"`{each}`" for each in (name, base)]
        ratios = [each["took"][name]["seconds"] / each["took"][base]["seconds"] for each in dumps]
        yield _target(f"{shown[0]} / {shown[1]}", ratios, most)
    commands = [LOAD, *COMMANDS]
    small, large = ([each["took"][name]["seconds"] for name in commands] for each in dumps)
    worst = max(after / before for before, after in zip(small, large, strict=True))
    yield _target("growth of any of them, for 4 times the pods", [worst], GROWTH)
    lengths = [
        max(each["took"][name]["memory"] for name in commands) / each["megabytes"] for each in dumps
    ]
    yield _target("peak memory of any of them / length of the file", lengths, MEMORY)


def _target(title: str, ratios: list[float], most: float) -> tuple[str, ...]:
    cells = [f"{ratio:.2f}{TIMES}" for ratio in ratios]
    verdict = "met" if max(ratios) <= most else "MISSED"
    return title, cells[0] if len(cells) > 1 else "", cells[-1], f"{most:g}{TIMES}", verdict


def page(found: dict[str, Any]) -> str:
    """What the docs' page says, in Markdown."""
    heads = [f"{each['pods']:,} pods ({each['megabytes']:.0f} MB)" for each in found["dumps"]]
    sizes = [f"{each['pods']:,}" for each in found["dumps"]]
    machine = (
        f"Python {found['python']}, {found['cores']} cores of a virtual machine that other programs"
        " used at the same time: their share is not counted, but it slows each figure down. Whole"
        " processes in CPU seconds, with their peak memory; for the first two, the time of the call"
        " alone."
    )
    parts = [
        "![CPU seconds of each command, as in the table](../_static/commands.svg)",
        machine,
        table(("", *heads, "growth"), list(rows(found["dumps"]))),
        table(("target", *sizes, "at most", ""), list(targets(found["dumps"]))),
    ]
    return "\n\n".join(parts)


CSS = """
text { font: 13px system-ui, sans-serif; fill: #1f2328; }
.small { fill: #8db7e8; } .large { fill: #2f6fb7; } .note { opacity: 0.75; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; } .small { fill: #35597f; } .large { fill: #5b9be0; }
}
"""
LEFT, BAR, WIDTH = 230, 13, 640


def chart(dumps: list[dict[str, Any]]) -> str:
    """Two bars for each: the seconds of both dumps, as SVG."""
    names = (*STATEMENTS, *COMMANDS)
    most = max(each["took"][name]["seconds"] for each in dumps for name in names)
    image = drawsvg.Drawing(WIDTH, 40 * len(names) + 36, role="img")
    image.append_css(CSS)
    legend = [f"{each['pods']:,} pods, {each['megabytes']:.0f} MB" for each in dumps]
    for kind, text, x in zip(("small", "large"), legend, (LEFT, LEFT + 190), strict=True):
        image.append(drawsvg.Rectangle(x, 8, BAR, BAR, class_=kind))
        image.append(drawsvg.Text(text, None, x + BAR + 6, 19))
    image.append(drawsvg.Text("CPU seconds", None, 8, 19, class_="note"))
    for at, name in enumerate(names):
        top = 40 * at + 36
        image.append(drawsvg.Text(name.strip("`"), None, 8, top + 18))
        for number, each in enumerate(dumps):
            seconds = each["took"][name]["seconds"]
            length, y = (WIDTH - LEFT - 60) * seconds / most, top + number * (BAR + 1)
            kind = ("small", "large")[number]
            image.append(drawsvg.Rectangle(LEFT, y, length, BAR, class_=kind))
            image.append(drawsvg.Text(f"{seconds:.2f}", None, LEFT + length + 5, y + 11))
    return str(image.as_svg())


def write(found: dict[str, Any], docs: Path) -> None:
    """Write the figures, and what is made from them alone: the chart, the page's tables."""
    file = docs / "_static" / "commands.json"
    file.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    file.with_suffix(".svg").write_text(chart(found["dumps"]), "utf-8")
    file = docs / "explanation" / "benchmarks.md"
    before, _, rest = file.read_text("utf-8").partition(START)
    _, _, after = rest.partition(END)
    file.write_text(f"{before}{START}\n\n{page(found)}\n\n{END}{after}", "utf-8")


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.commands", description=__doc__)
    parser.add_argument("--small", action="store_true", help="tiny dumps: does it all work?")
    parser.add_argument("--docs", type=Path, help="the docs to write to, these ones by default")
    options = parser.parse_args(arguments)
    docs = options.docs or (None if options.small else ROOT / "docs")
    with tempfile.TemporaryDirectory() as folder:
        dumps = [measure(pods, Path(folder)) for pods in (SMALL if options.small else FULL)]
    found = {"python": platform.python_version(), "cores": os.cpu_count(), "dumps": dumps}
    print(page(found))
    if docs is not None:
        write(found, docs)


if __name__ == "__main__":
    main(sys.argv[1:])
