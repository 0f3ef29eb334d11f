"""Go's ``strconv``."""

from __future__ import annotations

from typing import Final

__all__ = ["parse_bool"]

_BOOLS: Final = {
    **dict.fromkeys(("1", "t", "T", "true", "TRUE", "True"), True),
    **dict.fromkeys(("0", "f", "F", "false", "FALSE", "False"), False),
}


def parse_bool(text: str) -> bool | None:
    """A truth value as ``strconv.ParseBool`` reads it; None where it refuses.

    >>> parse_bool("t"), parse_bool("False"), parse_bool("yes")
    (True, False, None)
    """
    return _BOOLS.get(text)
