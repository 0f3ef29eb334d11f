"""Builds the referee: a Go program around the packages of the kubelet of a release."""

from __future__ import annotations

from pathlib import Path

from support import go_programs

SOURCES = Path(__file__).parent / "kubelet"

PARTS = {"keyring": [], "providers": ["providers"], "present": ["providers", "present"]}
"""Part → the tags of the sources that it has besides the first part's: these need more of the
kubelet, and take longer to build."""


def build(release: str, part: str = "keyring") -> Path:
    """Return the referee's program for a release (`1.37`), built where it is not there yet.

    Args:
        release: One of `go_programs.PATCHES`.
        part: One of `PARTS`.
    """
    tags = [*PARTS[part], *_release_tags(release)]
    return go_programs.build(f"referee-{part}", release, sources=SOURCES, tags=tags)


def _release_tags(release: str) -> list[str]:
    """One for each release up to this one, as Go has them: `kubernetes_1_33` is 1.33 or later."""
    minor = int(release.removeprefix("1."))
    return [f"kubernetes_1_{number}" for number in range(25, minor + 1)]
