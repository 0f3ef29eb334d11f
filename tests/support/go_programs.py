"""Builds Go programs with a release of Kubernetes: its own ones, and ours around its packages.

Everything that Go makes or downloads stays out of the repository: modules in Go's own caches, the
programs in `pullsecrets-tests` in the user's cache directory, where one that was built from the
same sources is found again.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

PATCHES = {
    "1.25": "1.25.16",
    "1.28": "1.28.15",
    "1.31": "1.31.14",
    "1.32": "1.32.13",
    "1.33": "1.33.13",
    "1.34": "1.34.4",
    "1.35": "1.35.4",
    "1.36": "1.36.3",
    "1.37": "1.37.2",
}
"""The releases that pullsecrets is compared with → the patch release. A new one is added here."""

NEWEST = list(PATCHES)[-1]

BUILD_WITHIN = 1800.0
"""Seconds. With a cold cache an API server takes about two minutes on two cores."""


class CannotBuild(Exception):
    """A program cannot be built here: no Go, or no module proxy."""


def build(
    name: str,
    release: str,
    package: str = ".",
    *,
    sources: Path | None = None,
    tags: Sequence[str] = (),
) -> Path:
    """Return a program for a release (`1.37`), built where it is not there yet.

    Args:
        name: The program's file name begins with it.
        release: One of `PATCHES`.
        package: What is built: one of Kubernetes' own packages, or the `sources`.
        sources: A folder of Go files that use packages of Kubernetes.
        tags: For `go build`.
    """
    go = shutil.which("go")
    if go is None:
        raise CannotBuild("needs Go, which is not installed: https://go.dev/doc/install")
    version = PATCHES[release]
    home = cache()
    program = home / f"{name}-{version}-{_digest(package, sources, tags)}"
    if program.exists():
        return program
    home.mkdir(parents=True, exist_ok=True)
    with (
        home.joinpath("lock").open("w") as lock,
        tempfile.TemporaryDirectory(dir=home) as directory,
    ):
        fcntl.flock(lock, fcntl.LOCK_EX)  # one build at a time: it takes a core and some memory
        if program.exists():
            return program
        module = Path(directory)
        for source in [] if sources is None else sources.glob("*.go"):
            shutil.copy(source, module)
        module.joinpath("go.mod").write_text("module programs\n")
        kubernetes = _run([go, "mod", "download", "-json", f"k8s.io/kubernetes@v{version}"], module)
        theirs = Path(json.loads(kubernetes)["GoMod"]).read_text()
        module.joinpath("go.mod").write_text(_go_mod(theirs, version))
        built = module / "program"
        flags = ["-mod=mod", "-p=1", f"-tags={','.join(tags)}", f"-ldflags={_says(version)}"]
        _run([go, "build", *flags, "-o", str(built), package], module)
        built.rename(program)
    return program


def cache() -> Path:
    """The directory of the programs."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "pullsecrets-tests"


def _says(version: str) -> str:
    """The linker's flags by which Kubernetes' programs know which release they are."""
    major, minor, _ = version.split(".")
    values = {"gitVersion": f"v{version}", "gitMajor": major, "gitMinor": minor}
    where = "k8s.io/component-base/version"
    return " ".join(["-s", "-w", *(f"-X {where}.{name}={values[name]}" for name in values)])


def _digest(package: str, sources: Path | None, tags: Sequence[str]) -> str:
    digest = hashlib.sha256("\0".join([package, *tags]).encode())
    for source in [] if sources is None else sorted(sources.glob("*.go")):
        digest.update(source.read_bytes())
    digest.update(Path(__file__).read_bytes())
    return digest.hexdigest()[:12]


def _go_mod(theirs: str, version: str) -> str:
    """The go.mod that builds with a release, from that of the release.

    Its `go` and `godebug` lines decide how strictly Go's own packages parse; what it takes from
    its staging directory is a module of its own to everybody else.
    """
    lines = ["module programs", ""]
    lines += re.findall(r"^(?:go|godebug) .*$", theirs, re.MULTILINE)
    lines += ["", f"require k8s.io/kubernetes v{version}", ""]
    staging = re.findall(r"^\s*(?:replace )?(k8s\.io/\S+) => \./staging/", theirs, re.MULTILINE)
    lines += [f"replace {name} => {name} v0{version.removeprefix('1')}" for name in staging]
    return "\n".join([*lines, ""])


def _run(command: list[str], directory: Path) -> str:
    try:
        done = subprocess.run(
            command, cwd=directory, capture_output=True, text=True, timeout=BUILD_WITHIN
        )
    except subprocess.TimeoutExpired:
        raise CannotBuild(f"{' '.join(command[:3])} took over {BUILD_WITHIN:.0f} s") from None
    if done.returncode:
        raise CannotBuild(f"{' '.join(command[:3])} failed:\n{done.stderr or done.stdout}")
    return done.stdout
