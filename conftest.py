"""Run every example of README, docs and docstrings: `pytest README.md docs pullsecrets`.

On Markdown pages, the language of a fenced block says what happens to it:

- `python`: run; doctest prompts are compared. Each page has one namespace.
- `console`: each line after `$ ` is run by a shell. The lines below it are the expected output, in
  which `...` matches anything. `$ echo $?` gives the exit code of the command before.
- `sh`: run; must exit with 0.
- `yaml`, `json`, `toml`, `ini`: must be well-formed.
- `text` and MyST directives: nothing to run. Any other language is an error.

If the first line of a block is the comment `# file: NAME`, the block is written to that file. Each
page has a directory of its own, which contains the repository's `examples/`.
`<!-- skip: next "why" -->` before a block leaves it out.

`PULLSECRETS_DOCS=update` writes the real output of `console` blocks into the pages.
"""

from __future__ import annotations

import configparser
import doctest
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, settings

try:
    from sybil import Region, Sybil
    from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser
    from sybil.parsers.markdown.lexers import FencedCodeBlockLexer
    from sybil.parsers.rest import DocTestParser
    from sybil.sybil import SybilCollection
except ModuleNotFoundError:  # the tests under tests/ do not need it
    Sybil = None  # type: ignore[assignment,misc]

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sybil import Document, Example

# No example fails for taking its time on a busy machine.
settings.register_profile(
    "unhurried", settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
)
settings.load_profile("unhurried")

ROOT = Path(__file__).parent
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
FILE_LINE = re.compile(r"\A(?:#|;|//) file: (\S+)\n")


def _shell(command: str, status: int = 0) -> subprocess.CompletedProcess[str]:
    """Run a command as a reader would in a terminal of 100 columns, without colours."""
    environment = {
        **os.environ,
        "PATH": os.pathsep.join(
            [str(Path(sys.executable).parent), str(ROOT / "docs" / "_bin"), os.environ["PATH"]]
        ),
        "COLUMNS": "100",
        "NO_COLOR": "1",
        "TERM": "dumb",
        "LC_ALL": "C.UTF-8",
    }
    return subprocess.run(
        ["bash", "-c", f"(exit {status})\n{command}"],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def _console(example: Example) -> str | None:
    """Run the commands of a `console` block; return what differs, or None."""
    text = str(example.parsed)
    status, real, complaint = 0, "", None
    for part in re.split(r"^(?=\$ )", text, flags=re.MULTILINE)[1:]:
        command = re.match(r"\$ (.*(?:(?<=\\)\n.*)*)\n?", part)
        assert command is not None
        expected = part[command.end() :]
        result = _shell(command[1], status)
        status = result.returncode
        output = "".join(f"{line.rstrip()}\n" for line in result.stdout.splitlines())
        if doctest.OutputChecker().check_output(expected, output, OPTIONS):
            output = expected
        else:
            complaint = f"$ {command[1]}\nexpected:\n{expected}\ngot:\n{output}"
        real += f"$ {command[1]}\n{output}"
    crashed = "Traceback (most recent call last)" in real  # which nobody means to show
    if complaint and not crashed and os.environ.get("PULLSECRETS_DOCS") == "update":
        page = Path(example.path)
        page.write_text(page.read_text("utf-8").replace(text, real, 1), "utf-8")
        return None
    return complaint


def _sh(example: Example) -> str | None:
    result = _shell(f"set -e\n{example.parsed}")
    return f"exit {result.returncode}:\n{result.stdout}" if result.returncode else None


def _well_formed(language: str, source: str) -> None:
    if language == "json":
        json.loads(source)
    elif language == "yaml":
        import yaml

        list(yaml.safe_load_all(source))
    elif language == "ini":
        configparser.ConfigParser(interpolation=None).read_string(source)
    elif language == "toml":
        tomllib.loads(source)


def _block(language: str) -> Any:
    """Return what evaluates a block of the language."""

    def evaluate(example: Example) -> str | None:
        source = str(example.parsed)
        file = FILE_LINE.match(source)
        if file:
            path = Path(file[1])
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source, "utf-8")
        if language == "console":
            return _console(example)
        if language == "sh":
            return _sh(example)
        if language in ("yaml", "json", "toml", "ini"):
            _well_formed(language, source)
        elif not file:
            return f"nothing here runs a block of {language!r}; say 'text' where nothing can"
        return None

    return evaluate


def _other_blocks(document: Document) -> Iterator[Region]:
    """The fenced blocks that Sybil's own parsers leave."""
    lexer = FencedCodeBlockLexer(r"[^{\n]+")
    for region in lexer(document):
        language, source = region.lexemes["language"].strip(), region.lexemes["source"]
        if language == "text" or (language == "python" and not FILE_LINE.match(source)):
            continue
        yield Region(region.start, region.end, source, _block(language))


class _PythonBlocks:
    """Python blocks, without those that are files for a later block."""

    def __init__(self) -> None:
        self._blocks = PythonCodeBlockParser(doctest_optionflags=OPTIONS)

    def __call__(self, document: Document) -> Iterator[Region]:
        for region in self._blocks(document):
            if not FILE_LINE.match(str(region.parsed)):
                yield region


def _enter(namespace: dict[str, Any]) -> None:
    directory = Path(tempfile.mkdtemp(prefix="page-"))
    (directory / "examples").symlink_to(ROOT / "examples")
    namespace["_left"] = Path.cwd()
    namespace["_entered"] = directory
    os.chdir(directory)


def _leave(namespace: dict[str, Any]) -> None:
    os.chdir(namespace["_left"])
    shutil.rmtree(namespace["_entered"])


if Sybil is not None:
    _pages: dict[str, Any] = {
        "parsers": [_PythonBlocks(), _other_blocks, SkipParser()],
        "setup": _enter,
        "teardown": _leave,
    }
    pytest_collect_file = SybilCollection(
        [
            Sybil(path=".", pattern="README.md", excludes=["*/README.md"], **_pages),
            Sybil(path="docs", pattern="*.md", excludes=["_build/*", "_build/**/*"], **_pages),
            Sybil(path="pullsecrets", pattern="*.py", parsers=[DocTestParser(OPTIONS)]),
        ]
    ).pytest()
