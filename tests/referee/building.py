"""Builds the referee: a Go program around the packages of the kubelet of a release."""

from __future__ import annotations

from pathlib import Path

from support import go_programs

SOURCES = Path(__file__).parent / "kubelet"


def build(release: str, part: str = "keyring") -> Path:
    """Return the referee's program for a release (`1.37`), built where it is not there yet.

    Args:
        release: One of `go_programs.PATCHES`.
        part: `keyring`, or one of the parts that need more of the kubelet: then the program has
            their operations, too.
    """
    tags = [part, *_release_tags(release)]
    return go_programs.build(f"referee-{part}", release, sources=SOURCES, tags=tags)


def _release_tags(release: str) -> list[str]:
    """One for each release up to this one, as Go has them: `kubernetes_1_33` is 1.33 or later."""
    minor = int(release.removeprefix("1."))
    return [f"kubernetes_1_{number}" for number in range(25, minor + 1)]
