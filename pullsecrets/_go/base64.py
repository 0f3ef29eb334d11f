"""Go's ``encoding/base64``, where Python's `base64` accepts more or other input."""

from __future__ import annotations

import re
from binascii import a2b_base64, b2a_base64
from typing import Any, Final

__all__ = ["canonical_base64", "decode_base64"]

# Groups of four; the last one is padded or, in the raw form, short. Neither looks at the bits
# that such a last group leaves over.
_PADDED: Final = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_RAW: Final = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2,3})?")


def canonical_base64(text: Any) -> bytes | None:
    """Decode what is a string in the one form that an encoder writes; None for all else.

    Going there and back again is the fastest way to know: `decode_base64` needs a pattern, too.
    """
    try:
        decoded = a2b_base64(text)
        return decoded if b2a_base64(decoded, newline=False) == text.encode() else None
    except (AttributeError, TypeError, ValueError):
        return None


def decode_base64(text: str, *, padded: bool = True) -> bytes | None:
    """Decode as ``StdEncoding`` (padded) or ``RawStdEncoding`` does; None where that refuses.

    Line breaks are passed over wherever they stand, other white space is not.
    """
    canonical = canonical_base64(text)
    if canonical is not None and (padded or not text.endswith("=")):
        return canonical
    text = text.replace("\n", "").replace("\r", "")
    if not (_PADDED if padded else _RAW).fullmatch(text):
        return None
    return a2b_base64(text + "=" * (-len(text) % 4))
