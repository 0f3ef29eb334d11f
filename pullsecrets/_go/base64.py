"""Go's ``encoding/base64``, where Python's `base64` accepts other input."""

from __future__ import annotations

from binascii import a2b_base64

__all__ = ["decode_base64"]


def decode_base64(text: str, *, padded: bool = True) -> bytes | None:
    """Decode as ``StdEncoding`` (padded) or ``RawStdEncoding`` does; None if that refuses.

    Line breaks are ignored wherever they are, other white space is not.
    """
    text = text.replace("\n", "").replace("\r", "")
    if not padded:
        if "=" in text:
            return None
        text += "=" * (-len(text) % 4)
    # Up to 3.12 Python's strict mode accepts padding after a whole group.
    if len(text) % 4 or text.endswith("==="):
        return None
    try:
        return a2b_base64(text, strict_mode=True)
    except ValueError:
        return None
