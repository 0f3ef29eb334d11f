"""Go's ``encoding/base64``, where Python's `base64` accepts more or other input."""

from __future__ import annotations

import re
from binascii import a2b_base64
from typing import Final

__all__ = ["decode_base64"]

# Groups of four; the last one is padded or, in the raw form, short. Neither looks at the bits
# that such a last group leaves over.
_PADDED: Final = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_RAW: Final = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2,3})?")


def decode_base64(text: str, *, padded: bool = True) -> bytes | None:
    """Decode as ``StdEncoding`` (padded) or ``RawStdEncoding`` does; None where that refuses.

    Line breaks are passed over wherever they stand, other white space is not.
    """
    text = text.replace("\n", "").replace("\r", "")
    if not (_PADDED if padded else _RAW).fullmatch(text):
        return None
    return a2b_base64(text + "=" * (-len(text) % 4))
