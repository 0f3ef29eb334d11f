"""How long imports take, each in a new Python."""

from __future__ import annotations

import statistics
import subprocess
import sys
from typing import Any

import pytest

PROGRAMS = {
    "pullsecrets": "import pullsecrets",
    "docker": "import docker",
    "oras": "import oras.client",
    "pullsecrets-and-use": "from pullsecrets import resolve; resolve('nginx', [])",
    "docker-and-use": (
        "import docker; docker.auth.AuthConfig({'auths': {}}).resolve_authconfig('docker.io')"
    ),
}
TIMED = "import time; start = time.perf_counter(); {}; print(time.perf_counter() - start)"


@pytest.mark.parametrize("name", PROGRAMS)
def test_import(benchmark: Any, sizes: Any, name: str) -> None:
    command = [sys.executable, "-c", TIMED.format(PROGRAMS[name])]

    def measure() -> float:
        run = subprocess.run(command, capture_output=True, text=True, check=True)
        return float(run.stdout)

    measure()  # fills the file cache, writes the bytecode
    seconds = [measure() for _ in range(sizes.imports)]
    benchmark.extra_info["seconds"] = statistics.median(seconds)
    benchmark.pedantic(measure, rounds=1)
