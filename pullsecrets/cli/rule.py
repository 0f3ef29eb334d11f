"""``pullsecrets rule``: what a code means, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable

import click
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from pullsecrets.cli._output import console
from pullsecrets.cli._report import linked, style_of
from pullsecrets.cli._settings import codes_of
from pullsecrets.diagnoses import CATALOGUE, Kind
from pullsecrets.diagnoses.model import help_uri

__all__ = ["rule"]

_WIDTH = 96  # of the text; a longer line is hard to read


@click.command()
@click.argument("codes", nargs=-1, metavar="[CODE]...")
def rule(codes: tuple[str, ...]) -> None:
    """Show why check reports a code, and what to do about it.

    Without a code, or with the beginning of several, the codes are listed. Exits with 2 if there is
    no such code.
    """
    try:
        wanted = codes_of(codes)
    except ValueError as error:
        raise click.UsageError(f"the command line {error}") from None
    kinds = [kind for code, kind in CATALOGUE.items() if code.startswith(wanted or ("",))]
    pages = [CATALOGUE[code] for code in wanted if code in CATALOGUE]
    out = console()
    out.width = min(out.width, _WIDTH)
    if len(pages) == len(wanted) and pages:
        for kind in pages:
            _page(out, kind)
    else:
        _list(out, kinds)


def _page(out: Console, kind: Kind) -> None:
    """The page, without its examples, which are in the documentation."""
    severity = Text(kind.severity, style=style_of(kind.severity))
    out.print(Text.assemble(linked(kind), f" {kind.name}  ", severity))
    parts = (("", kind.title), ("Why", kind.why), ("What to do", kind.advice))
    for heading, text in parts:
        if heading:
            out.print(Text(f"\n{heading}", style="bold"))
        out.print(Padding(Text(kind.plain(text)), (0, 0, 0, 2), expand=False))
    uri = help_uri(kind)
    if uri is not None:
        out.print(Text(f"\n{uri}", style="dim"), soft_wrap=True)


def _list(out: Console, kinds: Iterable[Kind]) -> None:
    for kind in kinds:
        severity = Text(f"{kind.severity:8}", style=style_of(kind.severity))
        out.print(
            Text.assemble(linked(kind), "  ", severity, kind.plain(kind.title)), soft_wrap=True
        )
