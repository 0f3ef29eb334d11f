"""What keeps secrets out of sight: values that hide themselves, text that is safe to show.

Everything that reaches a person (a repr, a message, a table, a page) passes through here when it
comes out of a manifest.
"""

from __future__ import annotations

import re
from typing import Final, Generic, NoReturn, TypeVar

__all__ = ["HiddenBytes", "HiddenText", "Password", "printable", "redact_entry"]

T = TypeVar("T", str, bytes)

MASK: Final = "********"

# Category C (control, format, surrogate) plus the line separators: whatever could move a cursor,
# break a line or fail to encode.
_UNPRINTABLE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)

# Up to the last "@" wherever it stands: a password with a slash in it ends the authority early.
_USERINFO: Final = re.compile(r"\A([A-Za-z][A-Za-z0-9+.-]*://)?.*@", re.DOTALL)
# A user and a password without a host: the port that Go's parser finds there is no number.
_NO_PORT: Final = re.compile(
    r"\A((?:[A-Za-z][A-Za-z0-9+.-]*://)?[^\[\]/?#@:]*:)(?![0-9]*(?:[/?#]|\Z)).*", re.DOTALL
)


class _Hidden(Generic[T]):
    """A value that no output shows: `reveal` is the only way to it.

    It is not an attrs class and not a subclass of `str` on purpose: ``attrs.asdict``,
    ``json.dumps`` and string formatting would look inside. It compares, hashes, copies and pickles
    by its value, and is true when that is not empty.
    """

    __slots__ = ("_value",)

    _value: T

    def __init__(self, value: T) -> None:
        object.__setattr__(self, "_value", value)

    def reveal(self) -> T:
        """The value itself."""
        return self._value

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {MASK}>"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._value == other._value

    def __hash__(self) -> int:
        return hash((type(self), self._value))

    def __bool__(self) -> bool:
        return bool(self._value)

    def __reduce__(self) -> tuple[type[_Hidden[T]], tuple[T]]:
        return type(self), (self._value,)


class Password(_Hidden[str]):
    """A registry password or token.

    >>> Password("hunter2")
    <Password ********>
    >>> f"{Password('hunter2')}"
    '********'
    >>> Password("hunter2").reveal()
    'hunter2'
    """

    __slots__ = ()


class HiddenBytes(_Hidden[bytes]):
    """A value of a Secret's ``data``, as it is after base64."""

    __slots__ = ()


class HiddenText(_Hidden[str]):
    """A document that may hold Secrets."""

    __slots__ = ()


def printable(text: str) -> str:
    r"""Write everything that a terminal or an encoder could trip over as an escape.

    >>> printable("a\x1b[31mb")
    'a\\x1b[31mb'
    """
    return _UNPRINTABLE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    return match.group().encode("unicode_escape").decode("ascii")


def redact_entry(entry: str) -> str:
    """A docker config entry, safe to show: control characters escaped, userinfo masked.

    Go's URL parser reads ``https://user:password@quay.io`` as the host ``quay.io``, so an entry as
    written may hold a password. What stands behind a colon and is no port is taken for one, too.

    >>> redact_entry("https://robot:hunter2@quay.io/team")
    'https://********@quay.io/team'
    """
    shown, masked = _USERINFO.subn(lambda m: f"{m[1] or ''}{MASK}@", entry, count=1)
    return printable(shown if masked else _NO_PORT.sub(lambda m: m[1] + MASK, entry, count=1))
