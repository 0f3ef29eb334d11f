"""The Debian programs that the tests start, and what happens where they are missing."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

PACKAGES = {
    "docker-registry": "docker-registry",
    "skopeo": "skopeo",
    "htpasswd": "apache2-utils",
    "nginx": "nginx",
    "etcd": "etcd-server",
}
"""Program → the Debian package that has it."""

READY_WITHIN = 30.0
"""Seconds; a registry is ready after about 0.02, a loaded machine takes longer."""


def _find(program: str) -> str | None:
    # Debian puts servers where an ordinary user's PATH does not look.
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])
    return shutil.which(program, path=path)


def require(*programs: str) -> None:
    """Skip the test where a program is missing; fail it in CI, where none may be missing."""
    missing = [PACKAGES[name] for name in programs if _find(name) is None]
    if not missing:
        return
    message = (
        "needs Debian packages that are not installed: apt-get install -y "
        f"--no-install-recommends {' '.join(missing)}"
    )
    if os.environ.get("CI", "").lower() in {"1", "true"}:
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


def program(name: str) -> str:
    """Return the path of an installed program."""
    require(name)
    path = _find(name)
    assert path is not None
    return path


def free_port() -> int:
    """Return a port of loopback on which nothing listens at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _accepts(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


@contextlib.contextmanager
def serving(
    command: Callable[[int], list[str]], folder: Path, *, env: dict[str, str] | None = None
) -> Iterator[int]:
    """Run a server until the block ends, and give its port.

    Args:
        command: the command line for a port. Another program can take the port between its choice
            and the start, so it is called again with another port where the server ends at once.
        folder: where `stdout` and `stderr` are written.
        env: variables besides PATH and HOME.
    """
    for _ in range(5):
        port = free_port()
        with (
            (folder / "stdout").open("wb") as stdout,
            (folder / "stderr").open("wb") as stderr,
            subprocess.Popen(
                command(port),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                cwd=folder,
                env={
                    "PATH": os.environ.get("PATH", os.defpath),
                    "HOME": str(folder),
                    **(env or {}),
                },
            ) as process,
        ):
            try:
                until = time.monotonic() + READY_WITHIN
                while process.poll() is None and time.monotonic() < until:
                    if _accepts(port) and process.poll() is None:
                        yield port
                        return
                    time.sleep(0.01)
            finally:
                process.terminate()
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
    raise RuntimeError(f"the server did not start: {(folder / 'stderr').read_text()[-2000:]}")


def lines_once(path: Path, count: int) -> list[str]:
    """Return a log's lines once it has `count` of them: a server logs after it has answered."""
    until = time.monotonic() + READY_WITHIN
    while True:
        lines = path.read_text("utf-8", "replace").splitlines()
        if len(lines) >= count or time.monotonic() > until:
            return lines
        time.sleep(0.01)


def settled_lines(path: Path) -> list[str]:
    """Return a log's lines once none has come for a moment."""
    lines = path.read_text("utf-8", "replace").splitlines()
    while True:
        time.sleep(0.05)
        more = path.read_text("utf-8", "replace").splitlines()
        if more == lines:
            return lines
        lines = more
