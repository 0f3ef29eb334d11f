"""Draw many lookups and compare the index with the plain walk: `python -m support.differential`.

`nox -s differential` runs it with a million.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Iterator

from support.keys import draw_hosts, draw_keyring, draw_name, image_of
from support.plain_walk import PlainWalk

NAMES = 100  # looked up in each keyring


def differences(lookups: int, seed: int) -> Iterator[tuple[list[str], str]]:
    """The drawn lookups that come out differently: the entries, and the image's name."""
    pick = random.Random(seed).choice
    for drawn in range(0, lookups, NAMES):
        hosts = draw_hosts(pick)
        keyring = draw_keyring(pick, hosts)
        walk = PlainWalk(keyring)
        for _ in range(min(NAMES, lookups - drawn)):
            name = draw_name(pick, hosts)
            if keyring.resolve(image_of(name)).candidates != walk.candidates(name):
                yield [entry.entry.reveal() for entry in keyring.entries], name


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lookups", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    options = parser.parse_args(arguments)
    start = time.monotonic()
    found = 0
    for entries, name in differences(options.lookups, options.seed):
        found += 1
        sys.stdout.write(f"different: {name!r} in {entries!r}\n")
    seconds = time.monotonic() - start
    sys.stdout.write(
        f"{options.lookups:,} lookups drawn with seed {options.seed} in {seconds:.0f} s: "
        f"{found} differences between index and plain walk\n"
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
