"""Reading a cluster for a command: its options, and what is said while it takes long."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
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

    It is one line that changes, and before it one that nothing was read for a second. Elsewhere
    nothing is said.

    Args:
        clock: The time, in seconds.
    """
    if not sys.stderr.isatty():
        yield lambda what, number: None
        return
    due = clock() + _EVERY
    shown = False
    # With an end, as a plugin may be asking somebody below it.
    waiting = Timer(_EVERY, click.echo, ["waiting for the cluster"], {"err": True})
    waiting.daemon = True
    waiting.start()

    def say(what: str, number: int) -> None:
        nonlocal due, shown
        waiting.cancel()
        if clock() < due:
            return
        due = clock() + _EVERY
        shown = True
        click.echo(f"{_CLEAR}reading the cluster: {number:,} {what}", err=True, nl=False)

    try:
        yield say
    finally:
        waiting.cancel()
        if shown:
            click.echo(_CLEAR, err=True, nl=False)
