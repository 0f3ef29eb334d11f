"""The referee as a process that is asked one request after the other."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from base64 import b64encode
from pathlib import Path
from types import TracebackType
from typing import Any

from referee.building import build

Request = dict[str, Any]
Answer = dict[str, Any]


IN_MEMORY = next(filter(os.path.isdir, ["/dev/shm"]), None)
"""Where files of one request are written; None, the usual place, where there is no such thing. Most
of the time of requests with programs or records would go into a disk."""


def as_json(request: Request) -> str:
    """The request as the referee reads it: bytes in base64."""
    return json.dumps(request, default=lambda value: b64encode(value).decode())


class Kubelet:
    """The kubelet's packages of a release; to be used in a `with` block."""

    def __init__(self, release: str, part: str = "keyring") -> None:
        self.release = release
        self.part = part
        program = build(release, part)
        self._directory = tempfile.TemporaryDirectory(prefix="referee-", dir=IN_MEMORY)
        directory = Path(self._directory.name)
        for name in ("root", "cwd", "home"):
            directory.joinpath(name).mkdir()
        self._process = subprocess.Popen(
            [program, directory],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=directory / "cwd",
            env={**os.environ, "HOME": str(directory / "home")},
            text=True,
            encoding="utf-8",
        )

    def ask(self, request: Request) -> Answer:
        """What the kubelet's own code answers."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(as_json(request) + "\n")
        stdin.flush()
        line = stdout.readline()
        if not line:
            raise RuntimeError(f"the referee of {self.release} ended at {as_json(request)}")
        answer: Answer = json.loads(line)
        return answer

    def __enter__(self) -> Kubelet:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.communicate()
        self._directory.cleanup()
