"""How values show themselves: in a terminal, in a notebook, as records, as a picture.

The values call this when they are asked to show themselves, and import it only then. Everything
that comes out of a manifest is escaped here, and no password, token or ``auth`` ever comes in.

- `records`: flat dicts, for data frames. No dependency.
- `html`: tables for notebooks. No dependency.
- `terminal`: tables and trees; needs rich (extra ``cli``).
- `picture`: pods → secrets → registries; needs drawsvg (extra ``svg``).
"""

from __future__ import annotations

from pullsecrets.display.picture import Picture, draw

__all__ = ["Picture", "draw"]
