"""Builds the referee for a release of Kubernetes: a Go program around the kubelet's own packages.

Everything that Go makes or downloads stays out of the repository: modules in Go's own caches, the
programs in `pullsecrets-referee` in the user's cache directory, where one that was built from the
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
from pathlib import Path

SOURCES = Path(__file__).parent / "kubelet"

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
"""The releases that were compared → the patch release that was. A new one is added here."""

NEWEST = list(PATCHES)[-1]

BUILD_WITHIN = 900.0
"""Seconds. With a cold cache it takes about a minute on two cores, with a warm one two seconds."""


class NoReferee(Exception):
    """The referee cannot be built here: no Go, or no module proxy."""


def build(release: str, part: str = "keyring") -> Path:
    """Return the referee's program for a release (`1.37`), built where it is not there yet.

    Args:
        release: One of `PATCHES`.
        part: `keyring`, or one of the parts that need more of the kubelet: then the program has
            their operations, too.
    """
    go = shutil.which("go")
    if go is None:
        raise NoReferee("needs Go, which is not installed: https://go.dev/doc/install")
    version = PATCHES[release]
    tags = ",".join([part, *_release_tags(release)])
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pullsecrets-referee"
    program = home / f"{part}-{version}-{_digest()}"
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
        for source in SOURCES.glob("*.go"):
            shutil.copy(source, module)
        module.joinpath("go.mod").write_text("module referee\n")
        kubernetes = _run([go, "mod", "download", "-json", f"k8s.io/kubernetes@v{version}"], module)
        theirs = Path(json.loads(kubernetes)["GoMod"]).read_text()
        module.joinpath("go.mod").write_text(_go_mod(theirs, version))
        built = module / "referee"
        _run([go, "build", "-mod=mod", "-p=1", f"-tags={tags}", "-o", str(built), "."], module)
        built.rename(program)
    return program


def _release_tags(release: str) -> list[str]:
    """One for each release up to this one, as Go has them: `kubernetes_1_33` is 1.33 or later."""
    minor = int(release.removeprefix("1."))
    return [f"kubernetes_1_{number}" for number in range(25, minor + 1)]


def _digest() -> str:
    digest = hashlib.sha256()
    for source in sorted(SOURCES.glob("*.go")):
        digest.update(source.read_bytes())
    digest.update(Path(__file__).read_bytes())
    return digest.hexdigest()[:12]


def _go_mod(theirs: str, version: str) -> str:
    """The go.mod that builds the referee, from that of the release.

    Its `go` and `godebug` lines decide how strictly Go's own packages parse; what it takes from
    its staging directory is a module of its own to everybody else.
    """
    lines = ["module referee", ""]
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
        raise NoReferee(f"{' '.join(command[:3])} took over {BUILD_WITHIN:.0f} seconds") from None
    if done.returncode:
        raise NoReferee(f"{' '.join(command[:3])} failed:\n{done.stderr or done.stdout}")
    return done.stdout
