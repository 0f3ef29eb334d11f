"""What the public API has lost since a release: `python .ci/public_api.py TAG`.

Public is what the reference documents; see docs/reference/compatibility.md.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import griffe

ROOT = Path(__file__).parent.parent
DIRECTIVE = re.compile(r"^\.\. auto\w+:: (\S+)", re.MULTILINE)


def documented() -> set[str]:
    """The paths of the names in the reference."""
    pages = sorted((ROOT / "docs" / "reference").glob("*.md"))
    return {path for page in pages for path in DIRECTIVE.findall(page.read_text("utf-8"))}


def broken(tag: str, public: set[str]) -> list[str]:
    """What breaks for who used the public names of a release, a line each."""
    before = griffe.load_git("pullsecrets", ref=tag, repo=ROOT)
    now = griffe.load("pullsecrets", search_paths=[ROOT])
    # A name is documented where people import it from, and changes where it is defined.
    homes = {_home(before, path) for path in public}
    return [
        change.explain(griffe.ExplanationStyle.ONE_LINE)
        for change in griffe.find_breaking_changes(before, now)
        if any(change.obj.path == home or change.obj.path.startswith(f"{home}.") for home in homes)
    ]


def _home(package: griffe.Object | griffe.Alias, path: str) -> str:
    try:
        return package[path.removeprefix("pullsecrets.")].canonical_path
    except (KeyError, griffe.AliasResolutionError):
        return path


if __name__ == "__main__":
    found = broken(sys.argv[1], documented())
    sys.stdout.write("".join(f"{line}\n" for line in found))
    sys.exit(bool(found))
