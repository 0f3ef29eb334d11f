"""JSON as Go's ``json.Marshal`` writes it, byte for byte.

Without white space, ``<``, ``>``, ``&`` and the two line separators as escapes, all other text
beyond ASCII as it is (``encoding/json``, ``appendString`` with ``escapeHTML``; Go 1.22 and later).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from pullsecrets._go.json import go_string

__all__ = ["Value", "go_marshal"]

Value = Mapping[str, "Value"] | str
"""What docker configs are made of: strings, and objects of them."""

_SHORT: Final = {
    '"': '\\"',
    "\\": "\\\\",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
}
_ESCAPED: Final = re.compile('["\\\\\x00-\x1f<>&\u2028\u2029]')


def go_marshal(value: Value) -> str:
    """Write an object or a string; members stay in their order."""
    if isinstance(value, str):
        return f'"{_ESCAPED.sub(_escape, go_string(value))}"'
    members = (f"{go_marshal(name)}:{go_marshal(member)}" for name, member in value.items())
    return f"{{{','.join(members)}}}"


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    return _SHORT.get(character) or f"\\u{ord(character):04x}"
