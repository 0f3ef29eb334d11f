"""``python -m pullsecrets``, and the ``pullsecrets`` command."""

from __future__ import annotations

import sys

from pullsecrets.errors import MissingExtra

__all__ = ["main"]


def main() -> None:
    """Run the command line; ends the process with its exit status."""
    try:
        from pullsecrets.cli import cli
    except ImportError:
        sys.stderr.write(f"pullsecrets: {MissingExtra('the command line', 'cli')}\n")
        sys.exit(2)
    from pullsecrets.cli._live import is_plugin

    cli(prog_name="kubectl pullsecrets" if is_plugin() else "pullsecrets")


if __name__ == "__main__":
    main()
