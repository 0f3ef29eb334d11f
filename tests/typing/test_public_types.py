"""The public names have the types that users' checks rely on: the checkers agree line by line."""

from __future__ import annotations

import doctest
import re
import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from typing_extensions import assert_type

from hypothesis import given
from hypothesis.strategies import SearchStrategy

from pullsecrets import (
    Cluster, DockerConfig, Image, PodResolution, PullSecret, Resolution, explain_pod, load, resolve,
)
from pullsecrets.handover import to_docker_config, write_docker_config
from pullsecrets.notes import Note, NoteCode
from pullsecrets.explanation import Explanation, PodExplanation
from pullsecrets.testing import (
    FakeRegistry, RegistryRequest, assert_no_problems, assert_pulls_with, cluster, pod, pull_secret,
    service_account, strategies,
)

assert_type(resolve("nginx", [pull_secret("a", {"quay.io": ("u", "p")})]), Resolution)
assert_type(to_docker_config(resolve("nginx", [])), DockerConfig)
assert_type(Cluster.from_objects({}, [1, object()], node=None), Cluster)
assert_type(PullSecret.from_credentials("a", {"b": ("c", "d", "e")}).to_manifest(), dict[str, Any])
assert_type(pod("a", images={"b": "c"}).to_manifest(), dict[str, Any])
assert_type(DockerConfig().to_json(), str)
write_docker_config(Path("a"), DockerConfig(), overwrite=True)

found = cluster("text", b"bytes", Path("path"), pod("a", images=["b"]), service_account())
assert_type(found, Cluster)
for answer in found.resolve_all():
    assert_type(answer, PodResolution)
    assert_type(answer.failure, Note | None)
    assert_type(explain_pod(found, answer.pod), PodExplanation)
    for image in answer.images:
        assert_type(image.resolution, Resolution)
        assert_type(image.resolution.image, Image | None)
        if image.resolution.failure is not None:
            assert_type(image.resolution.failure.code, NoteCode)
assert_type(DockerConfig().auths["quay.io"].username, str)
assert_pulls_with(found, "pod/a", secret="b", container=None)
assert_no_problems(found, allow=["PS102"], fail_on="error")

with FakeRegistry("bearer", users={}, grants={None: ["a"], "b": ["*"]}) as registry:
    assert_type(registry, FakeRegistry)
    assert_type(registry.requests, tuple[RegistryRequest, ...])

assert_type(strategies.images(), SearchStrategy[Image])
assert_type(strategies.clusters(), SearchStrategy[Cluster])
assert_type(strategies.BROKEN, Mapping[str, bytes])

@given(strategies.pull_secrets(configs=strategies.broken_docker_configs()))
def test(secret: PullSecret) -> None: ...

# Each of these is a mistake.
resolve("nginx", "regcred")  # error
assert_pulls_with(found, "pod/a", "b")  # error
assert_no_problems(found, fail_on="all")  # error
FakeRegistry("digest")  # error
pull_secret("a", {"quay.io": "password"})  # error
to_docker_config("nginx")  # error
resolve("nginx", []).image.familiar  # error
Cluster.from_manifests({"kind": "Pod"})  # error
"""


ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs" / "how-to").glob("*.md"))]
TOOL = ROOT / "examples" / "tools" / "anonymous_pulls.py"
# What a user's project would have types for, or would leave out of the check.
UNTYPED = (  # noqa: SIM905 - as people write a list of words
    "dask distributed docker kr8s kubernetes kubernetes_asyncio lightkube oras pandas support"
).split()


def blocks(page: Path) -> str:
    """The Python of a page as one program, with the prompts of doctest taken away."""
    text = page.read_text("utf-8")
    found = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    return "\n\n".join(map(program, found))


def program(block: str) -> str:
    if ">>> " not in block:
        return block
    examples = doctest.DocTestParser().get_examples(block)
    return "".join(example.source for example in examples)


# Of the how-tos, whose functions are mostly tests: the bodies are checked, annotated or not.
SHORT_FORMS = ("--allow-untyped-defs", "--allow-untyped-calls", "--check-untyped-defs")


def strictly(*files: Path, folder: Path, options: tuple[str, ...] = ()) -> str:
    """What `mypy --strict` says of a user's files."""
    config = folder / "mypy.ini"
    lines = [f"[mypy-{name}.*]\nignore_missing_imports = True\n" for name in UNTYPED]
    config.write_text("[mypy]\n" + "".join(lines))
    command = [sys.executable, "-m", "mypy", "--strict", f"--config-file={config}", *options]
    files_ = [str(file) for file in files]
    done = subprocess.run([*command, *files_], capture_output=True, text=True, cwd=folder)
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.one_python
def test_the_examples_of_the_pages_are_typed(tmp_path: Path) -> None:
    """As a user runs it: a file for each page; every block of a page is in it, in order.

    With them the tool that a page shows: each start of mypy takes seconds.
    """
    pytest.importorskip("mypy")
    files = []
    for page in PAGES:
        code = blocks(page)
        if code:
            file = tmp_path / f"{page.stem.replace('-', '_').lower()}_page.py"
            file.write_text(code, "utf-8")
            files.append(file)
    assert len(files) > 3
    readme, *others = files
    assert strictly(readme, TOOL, folder=tmp_path) == ""
    assert strictly(*others, folder=tmp_path, options=SHORT_FORMS) == ""


def test_the_tool_runs() -> None:
    command = [sys.executable, str(TOOL), str(ROOT / "examples")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stderr == ""
    namespaces = [line for line in done.stdout.splitlines() if not line.startswith(" ")]
    assert {"broken-secret", "wrong-type"} <= set(namespaces)
    assert "quay.io/acme/api:3 fails: secret broken-secret/old does not decode" in done.stdout
    assert "alpine:3.20 is anonymous: no entry matches" in done.stdout
    assert len(TOOL.read_text().splitlines()) <= 40


# How each type checker is run on a user's file, as strictly as it can be.
CHECKERS = {
    "mypy": ("-m", "mypy", "--strict", "--config-file=", "--no-incremental"),
    "ty": ("-m", "ty", "check", "--output-format=concise", f"--python={sys.prefix}"),
    "pyrefly": (
        *("-m", "pyrefly", "check", "--preset=strict", "--output-format=min-text"),
        f"--python-interpreter-path={sys.executable}",
    ),
}


@pytest.mark.one_python
@pytest.mark.parametrize("checker", CHECKERS)
def test_type_checkers_agree(checker: str, tmp_path: Path) -> None:
    pytest.importorskip(checker)
    (tmp_path / "user.py").write_text(CODE)
    command = [sys.executable, *CHECKERS[checker], "user.py"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    found = {int(line) for line in re.findall(r"user\.py:(\d+).*error", done.stdout, re.IGNORECASE)}
    found |= {int(line) for line in re.findall(r"ERROR user\.py:(\d+)", done.stdout)}
    lines = enumerate(CODE.splitlines(), 1)
    assert found == {number for number, line in lines if line.endswith("# error")}, done.stdout
