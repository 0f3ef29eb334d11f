"""Go's ``time.ParseDuration``."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

__all__ = ["parse_duration"]

_NANOSECONDS: Final = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,  # the micro sign
    "μs": 10**3,  # the Greek letter
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
_PART: Final = r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)"
_DURATION: Final = re.compile(rf"([-+]?)(?:0|((?:{_PART})+))")
_LIMIT: Final = 2**63  # of nanoseconds: they have 64 bits
_MAX_LENGTH: Final = 400  # of a text; what anybody means is far shorter
_MAX_DIGITS: Final = 40  # of a number; a limit to the time that it takes


def parse_duration(text: str) -> timedelta | None:
    """A duration as Go reads it; None where it refuses.

    Nanoseconds are rounded to the next microsecond away from zero, so that none becomes zero.

    >>> parse_duration("1h30m")
    datetime.timedelta(seconds=5400)
    >>> parse_duration("5M") is None
    True
    """
    match = _DURATION.fullmatch(text) if len(text) <= _MAX_LENGTH else None
    if match is None:
        return None
    nanoseconds = 0
    for number, unit in re.findall(_PART, match[2] or ""):
        whole, _, fraction = number.partition(".")
        if len(whole.lstrip("0")) > _MAX_DIGITS:
            return None
        fraction = fraction[:_MAX_DIGITS]
        nanoseconds += int(whole or "0") * _NANOSECONDS[unit]
        nanoseconds += int(fraction or "0") * _NANOSECONDS[unit] // 10 ** len(fraction)
    negative = match[1] == "-"
    if nanoseconds >= _LIMIT + negative:
        return None
    rounded = timedelta(microseconds=-(-nanoseconds // 1000))
    return -rounded if negative else rounded
