"""Reads the vectors: the project's own, or those of the folder that PULLSECRETS_VECTORS names."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest

OWN = Path(__file__).parent
# None of the project's own vectors got lost on the way here.
COUNTS = {
    "images": 370,
    "matches": 1082,
    "configs": 843,
    "lookups": 1500,
    "node": 2100,
    "provider_configs": 602,
    "decisions": 1112,
    "hashes": 60,
}
SHOWN = 20


def read(name):
    """The vectors of `name`.jsonl or `name`.jsonl.gz; skips the test where a folder has neither."""
    given = os.environ.get("PULLSECRETS_VECTORS")
    folder = Path(given) if given else OWN
    for file, opened in ((f"{name}.jsonl", open), (f"{name}.jsonl.gz", gzip.open)):
        if (folder / file).exists():
            with opened(folder / file, "rt", encoding="utf-8") as lines:
                vectors = [json.loads(line) for line in lines]
            assert given or len(vectors) == COUNTS[name]
            return vectors
    if given:
        pytest.skip(f"no {name}.jsonl or {name}.jsonl.gz in {folder}")
    raise FileNotFoundError(f"{name}.jsonl")


def assert_all(name, observe, expected):
    """Compare what the library makes of each vector with what was measured.

    Args:
        name: The file, without its suffix.
        observe: Takes a vector and gives what the library says.
        expected: Takes a vector and gives what that has to be.
    """
    vectors = read(name)
    differing = []
    for line, vector in enumerate(vectors, 1):
        try:
            found = observe(vector)
        except Exception as error:  # noqa: BLE001 - one line must not hide the others
            found = f"{type(error).__name__}: {error}"
        wanted = expected(vector)
        if found != wanted:
            differing.append(f"line {line}: {found!r} is not {wanted!r}")
    shown = "\n".join(differing[:SHOWN])
    assert not differing, f"{len(differing)} of {len(vectors)} {name} differ:\n{shown}"
