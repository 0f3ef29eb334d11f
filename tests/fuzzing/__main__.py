"""Coverage-guided fuzzing of one target: `python -m fuzzing TARGET [OPTIONS OF LIBFUZZER]`."""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

# What is imported here is measured: coverage guides the mutations.
with atheris.instrument_imports(include=["pullsecrets"]):
    from fuzzing.targets import TARGETS


def main() -> None:
    name, *options = sys.argv[1:]
    corpus = Path(__file__).parent / "corpus" / name
    atheris.Setup([sys.argv[0], *options, str(corpus)], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
