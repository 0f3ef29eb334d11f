"""The public names have the types that users' type checks rely on: mypy agrees with each line."""

from __future__ import annotations

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
    Cluster, DockerConfig, Image, PullSecret, Resolution, load, resolve, to_docker_config,
    write_docker_config,
)
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
"""


def test_mypy_agrees(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    file = tmp_path / "user.py"
    file.write_text(CODE)
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--no-incremental"]
    done = subprocess.run([*command, str(file)], capture_output=True, text=True, cwd=tmp_path)
    found = {int(line) for line in re.findall(r"user\.py:(\d+): error", done.stdout)}
    lines = enumerate(CODE.splitlines(), 1)
    assert found == {number for number, line in lines if line.endswith("# error")}, done.stdout
