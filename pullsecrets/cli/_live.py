"""Reading a cluster for a command: its options, and what is said while it takes long."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click

__all__ = ["LIVE_OPTIONS", "is_plugin", "progress"]

LIVE_OPTIONS: Final = (
    click.option(
        "--cluster",
        "live",
        is_flag=True,
        help="Read a cluster, not PATHs. The next three options imply it; so does kubectl, which "
        "this is a plugin of, where no PATH is given.",
    ),
    click.option("--context", metavar="NAME", help="The kubeconfig's context."),
    click.option(
        "--kubeconfig",
        metavar="FILE",
        type=click.Path(dir_okay=False, path_type=Path),
        help="The kubeconfig; else KUBECONFIG, or ~/.kube/config.",
    ),
    click.option(
        "-A", "--all-namespaces", is_flag=True, help="All namespaces, not only the context's."
    ),
)

_EVERY: Final = 1.0  # seconds
_CLEAR: Final = "\r\x1b[K"


def is_plugin() -> bool:
    """Whether kubectl started this, as its plugin."""
    return Path(sys.argv[0]).stem == "kubectl-pullsecrets"


@contextmanager
def progress(
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Callable[[str, int], None]]:
    """Say on a terminal's standard error how much was read, once that takes longer than a second.

    It is one line that changes. Elsewhere nothing is said.

    Args:
        clock: The time, in seconds.
    """
    due = clock() + _EVERY
    shown = False

    def say(what: str, number: int) -> None:
        nonlocal due, shown
        if clock() < due or not sys.stderr.isatty():
            return
        due = clock() + _EVERY
        shown = True
        click.echo(f"{_CLEAR}reading the cluster: {number:,} {what}", err=True, nl=False)

    try:
        yield say
    finally:
        if shown:
            click.echo(_CLEAR, err=True, nl=False)
