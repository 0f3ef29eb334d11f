"""What the public API has lost since a release: `python .ci/public_api.py TAG`.

Public is what the reference documents; see docs/reference/compatibility.md.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import griffe

ROOT = Path(__file__).parent.parent
DIRECTIVE = re.compile(r"^\.\. (currentmodule|auto\w+):: (\S+)", re.MULTILINE)


def documented() -> set[str]:
    """The paths of the names in the reference."""
    return {
        path
        for page in sorted((ROOT / "docs" / "reference").glob("*.md"))
        for path in _documented_in(page.read_text("utf-8"))
    }


def _documented_in(page: str) -> Iterator[str]:
    module = "pullsecrets"
    for directive, name in DIRECTIVE.findall(page):
        if directive == "currentmodule":
            module = name
        else:
            yield name if name.startswith("pullsecrets.") else f"{module}.{name}"


def broken(tag: str, public: set[str]) -> Iterator[str]:
    """What breaks for who used the public names of a release, a line each."""
    before = griffe.load_git("pullsecrets", ref=tag, repo=ROOT)
    now = griffe.load("pullsecrets", search_paths=[ROOT])
    for path in sorted(public):
        if _home(now, path) is None:
            yield f"{path}: is in the reference, but not in the package"
    # A name is documented where people import it from, and changes where it is defined.
    homes = {_home(before, path): path for path in public}
    homes.pop(None, None)
    moved = {home for home, path in homes.items() if _home(now, path) not in (None, home)}
    for change in griffe.find_breaking_changes(before, now):
        at = change.obj.path
        if at not in moved and any(at == home or at.startswith(f"{home}.") for home in homes):
            yield change.explain(griffe.ExplanationStyle.ONE_LINE)


def _home(package: griffe.Object | griffe.Alias, path: str) -> str | None:
    """Where a name is defined; None if it is not there."""
    try:
        return package[path.removeprefix("pullsecrets.")].canonical_path
    except (KeyError, griffe.AliasResolutionError):
        return None


if __name__ == "__main__":
    found = list(broken(sys.argv[1], documented()))
    sys.stdout.write("".join(f"{line}\n" for line in found))
    sys.exit(bool(found))
