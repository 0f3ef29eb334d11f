"""Types that hide what they hold, and text that is safe to show.

Whatever may hold a password is wrapped on its way in. Its type then keeps it out of every output,
and only `reveal` gives it back.
"""

from __future__ import annotations

import re
from typing import Any, Final, Generic, NoReturn, SupportsIndex, TypeVar

__all__ = [
    "EntryText",
    "Hidden",
    "HiddenBytes",
    "HiddenText",
    "ImageText",
    "Password",
    "image_text",
    "printable",
]

T = TypeVar("T")

MASK: Final = "********"

# Category C (control, format, surrogate) plus the line separators: whatever could move a cursor,
# break a line or fail to encode.
_UNPRINTABLE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
# What the runners of GitHub and Azure take for commands: `::name::`, `::name key=value::` at the
# start of a line, wherever that is after folding; `##[name]` and `##vso[name]` anywhere.
_COMMAND: Final = re.compile(r":(?=:[A-Za-z-]+(?: |::))|#(?=#(?:vso)?\[)")
# Up to the last "@", wherever it is: a password with a slash in it ends the authority early.
_USERINFO: Final = re.compile(r"\A([A-Za-z][A-Za-z0-9+.-]*://)?.*@", re.DOTALL)
# A user and a password without a host: the port that Go's parser finds there is not a number.
_NO_PORT: Final = re.compile(
    r"\A((?:[A-Za-z][A-Za-z0-9+.-]*://)?[^\[\]/?#@:]*:)(?![0-9]*(?:[/?#]|\Z)).*", re.DOTALL
)
# The same in an image reference, where "@" also begins a digest.
_IMAGE_USERINFO: Final = re.compile(
    r"\A([A-Za-z][A-Za-z0-9+.-]*://)?.*"
    r"@(?!sha[0-9]+:|[A-Za-z][A-Za-z0-9+._-]*:[0-9A-Fa-f]{32,}\Z)",
    re.DOTALL | re.IGNORECASE,
)
_FIRST_PICKLE_PROTOCOL: Final = 4


class Hidden(Generic[T]):
    """A value that no output shows: only `reveal` gives it.

    It is neither an attrs class nor a subclass of `str`, because ``attrs.asdict``, ``json.dumps``
    and string formatting would look inside. It compares, hashes, copies and pickles by its value,
    and is true if that is not empty.
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
        return format(str(self), spec)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._value == other._value

    def __hash__(self) -> int:
        return hash((type(self), self._value))

    def __bool__(self) -> bool:
        return bool(self._value)

    def __getstate__(self) -> NoReturn:
        raise TypeError(f"{type(self).__name__} does not give its state away")

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[Any, ...]:
        # Copies and pickles use protocol 4 or later. What asks for less writes text: yaml.dump.
        if int(protocol) < _FIRST_PICKLE_PROTOCOL:
            raise TypeError(f"{type(self).__name__} is not written as text")
        return type(self), (self._value,)


class Password(Hidden[str]):
    """A registry password or token.

    >>> Password("hunter2")
    <Password ********>
    >>> f"{Password('hunter2')}"
    '********'
    >>> Password("hunter2").reveal()
    'hunter2'
    """

    __slots__ = ()


class HiddenBytes(Hidden[bytes]):
    """A value of a Secret's ``data`` after base64, or a file that may hold Secrets."""

    __slots__ = ()


class HiddenText(Hidden[str]):
    """A document that may hold Secrets."""

    __slots__ = ()


class _Shown(Hidden[str]):
    """Text that may hold a password: shown without it. It equals the plain string it holds."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        if type(other) is type(self):
            return self._value == other._value
        return isinstance(other, str) and self._value == other

    def __hash__(self) -> int:
        return hash(self._value)


class EntryText(_Shown):
    """An entry of a docker config as written, or the key that the kubelet makes of it.

    Go's URL parser reads ``https://user:password@quay.io`` as the host ``quay.io``, so an entry may
    hold a password. What follows a colon and is not a port is also taken for one.

    >>> str(EntryText("https://robot:hunter2@quay.io/team"))
    'https://********@quay.io/team'
    >>> EntryText("quay.io") == "quay.io"
    True
    """

    __slots__ = ()

    def __str__(self) -> str:
        text = self._value
        shown, masked = _USERINFO.subn(lambda m: f"{m[1] or ''}{MASK}@", text, count=1)
        return printable(shown if masked else _NO_PORT.sub(lambda m: m[1] + MASK, text, count=1))


class ImageText(_Shown):
    """An image as a manifest has it, which may not be an image reference at all.

    >>> str(ImageText("https://robot:hunter2@quay.io/team/app:1"))
    'https://********@quay.io/team/app:1'
    """

    __slots__ = ()

    def __str__(self) -> str:
        return printable(
            _IMAGE_USERINFO.sub(lambda m: f"{m[1] or ''}{MASK}@", self._value, count=1)
        )


def image_text(image: ImageText | str) -> ImageText:
    """An image as a manifest has it, whichever way it is given."""
    return image if isinstance(image, ImageText) else ImageText(image)


def printable(text: str) -> str:
    r"""Write everything that could confuse a terminal or an encoder as an escape.

    What a CI runner takes for a command gets a space, wherever it is: lines may be folded there.

    >>> printable("a\x1b[31mb")
    'a\\x1b[31mb'
    >>> printable("::error::gone ##[group]")
    ': :error: :gone # #[group]'
    """
    # Nearly all text is what Python calls printable, which nothing to escape is: quick to see.
    shown = text if text.isprintable() else _UNPRINTABLE.sub(_escape, text)
    # To look for the characters is much faster than to look for the command.
    commands = "::" in shown or "##" in shown
    return _COMMAND.sub(lambda match: f"{match[0]} ", shown) if commands else shown


def _escape(match: re.Match[str]) -> str:
    return match.group().encode("unicode_escape").decode("ascii")
