"""Go's URL parsing and glob matching, as far as the kubelet's keyring uses them.

The kubelet hands docker config entries to ``net/url.Parse`` and host labels to
``path/filepath.Match``; what those accept, decode and refuse decides which image an entry
serves, so both are followed here to the letter (Go 1.26).

Go strings are bytes. Here they are `str` in which a byte that is not part of valid UTF-8 stands
as a lone surrogate (the ``surrogateescape`` convention), so that one character is what Go decodes
as one rune. `go_bytes` gives the bytes back.
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv6Address
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes

__all__ = ["BadURL", "GoURL", "glob_matches", "go_bytes", "is_wild", "parse_url", "split_host_port"]

# The part of ASCII that net/url lets stand in a host. "?", "/", "#" and "@" end it, and what
# else is missing ("^", "\\", "{", "|", a space …) is refused: of the glob's operators only "*"
# ever reaches the matching of a host name.
_HOST_ASCII: Final = r"A-Za-z0-9!$&'()*+,;=:\[\]<>\"_.~\-"

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
# In a host only bytes outside of ASCII may be escaped, and the percent sign itself.
_HOST: Final = re.compile(rf"(?:[{_HOST_ASCII}\x80-\U0010ffff]|%25|%[89A-Fa-f][0-9A-Fa-f])*")
# An IPv6 zone also admits a space and, escaped, what may stand unescaped.
_ZONE: Final = re.compile(rf"(?:[{_HOST_ASCII}\x80-\U0010ffff]|%[0-7][0-9A-Fa-f])*")
_ZONE_ESCAPED: Final = re.compile(rf"[{_HOST_ASCII}% ]")
_OPTIONAL_PORT: Final = re.compile(r"(?::[0-9]*)?")
_USERINFO: Final = re.compile(r"[A-Za-z0-9._:~!$&'()*+,;=%@-]*")

_REPLACEMENT: Final = 0xFFFD


class BadURL(Exception):
    """Go's parser refuses the text. The message says why, without repeating the text."""


class GoURL(NamedTuple):
    """The parts of a ``net/url.URL`` that the keyring reads, decoded as Go decodes them."""

    host: str
    path: str


def go_bytes(text: str) -> bytes:
    """The bytes of a Go string. A surrogate that stands for no byte becomes U+FFFD, as in Go."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return re.sub("[\ud800-\udfff]", "\ufffd", text).encode("utf-8")


def parse_url(schemeless: str, *, strict_ports: bool = True) -> GoURL:
    """Parse ``https://`` + `schemeless` as ``net/url.Parse`` does.

    Args:
        schemeless: The URL without its scheme.
        strict_ports: As Go 1.26 does, refuse a host with several colons. Before, only what is
            behind the last of them had to be a number.

    Raises:
        BadURL: Go's parser refuses it.
    """
    url, _, fragment = schemeless.partition("#")
    if _CONTROL.search(url):
        raise BadURL("a control character")
    authority, slash, path = url.partition("?")[0].partition("/")
    userinfo, at, host = authority.rpartition("@")
    host = _parse_host(host, strict_ports)
    if at and (not _USERINFO.fullmatch(userinfo) or _BAD_ESCAPE.search(userinfo)):
        raise BadURL("a user or password with characters that a URL does not admit")
    for part in (path, fragment):
        if _BAD_ESCAPE.search(part):
            raise BadURL("a percent sign that begins no escape")
    return GoURL(host, _unescape(slash + path))


def _parse_host(host: str, strict_ports: bool) -> str:
    """``net/url.parseHost``: check and decode the authority without its user information."""
    bracket = host.rfind("[")
    if bracket > 0:
        raise BadURL("a bracket inside of the host name")
    if bracket == 0:
        return _parse_ip_literal(host)
    colon = host.find(":") if strict_ports else host.rfind(":")
    if colon >= 0 and not _OPTIONAL_PORT.fullmatch(host[colon:]):
        raise BadURL("a port that is not a number")
    if not _HOST.fullmatch(host):
        raise BadURL("a character or an escape that a host name does not admit")
    return _unescape(host)


def _parse_ip_literal(host: str) -> str:
    literal, bracket, port = host[1:].rpartition("]")
    if not bracket:
        raise BadURL("a bracket that is not closed")
    if not _OPTIONAL_PORT.fullmatch(port):
        raise BadURL("a port that is not a number")
    zone_at = literal.find("%25")
    zone = literal[zone_at:] if zone_at >= 0 else ""
    address = literal.removesuffix(zone)
    if not (_HOST.fullmatch(address) and _ZONE.fullmatch(zone)) or not all(
        _ZONE_ESCAPED.fullmatch(chr(int(escape, 16))) for escape in re.findall("%(..)", zone)
    ):
        raise BadURL("a character or an escape that a host name does not admit")
    literal = _unescape(address) + _unescape(zone)
    address, percent, zone = literal.partition("%")
    try:
        IPv6Address(address)
    except AddressValueError:
        raise BadURL("brackets around something that is no IPv6 address") from None
    if percent and not zone:
        raise BadURL("an IPv6 address with an empty zone")
    return f"[{literal}]{port}"


def _unescape(text: str) -> str:
    if "%" not in text:
        return text
    return unquote_to_bytes(go_bytes(text)).decode("utf-8", "surrogateescape")


def split_host_port(host: str) -> tuple[str, str]:
    """``net.SplitHostPort``, and the host as it is with no port where that refuses it."""
    name, colon, port = host.rpartition(":")
    if not colon:
        return host, ""
    if name.startswith("["):
        if not name.endswith("]") or "]" in name[:-1]:
            return host, ""
        name = name[1:-1]
        if "[" in name:
            return host, ""
    elif any(c in name for c in ":[]"):
        return host, ""
    if "[" in port or "]" in port:
        return host, ""
    return name, port


# A set of characters: negated or not, and its ranges. A pattern's tokens are sets, literal
# bytes, and None for a star.
_Set = tuple[bool, tuple[tuple[int, int], ...]]
_SLASH: Final = ord("/")
_NOT_A_SLASH: Final[_Set] = (True, ((_SLASH, _SLASH),))


def is_wild(pattern: str) -> bool:
    """Whether a pattern is more than a literal to `glob_matches`.

    An IPv6 address is, in its brackets: as a glob they hold a set of characters.
    """
    return "*" in pattern or "[" in pattern or "?" in pattern or "\\" in pattern


def glob_matches(pattern: str, name: str) -> bool:
    """``path/filepath.Match`` on Linux; a malformed pattern matches nothing.

    ``*`` is any run without a slash, ``?`` any character but a slash, ``[a-c]`` a set, ``[^a]``
    all but a set, and a backslash takes the next character literally.
    """
    if not is_wild(pattern):  # most labels: no need to look at each byte
        return pattern == name or go_bytes(pattern) == go_bytes(name)
    tokens = _tokens(pattern)
    if tokens is None:
        return False
    # By bytes, as in Go: a star and a literal may end in the middle of a character.
    text = go_bytes(name)
    token = at = 0
    # Where to take up again when a literal run fails: behind the last star, one character on.
    # A later star never has to give back what an earlier one took.
    resume: tuple[int, int] | None = None
    while at < len(text) or token < len(tokens):
        if token < len(tokens) and tokens[token] is None:
            token += 1
            resume = token, at
        elif token < len(tokens) and (width := _accepts(tokens[token], text, at)):
            token += 1
            at += width
        elif resume is not None and resume[1] < len(text) and text[resume[1]] != _SLASH:
            token, at = resume[0], resume[1] + 1
            resume = token, at
        else:
            return False
    return True


def _accepts(token: int | _Set | None, text: bytes, at: int) -> int:
    """How many of the bytes there the token takes, 0 where it does not match."""
    if at == len(text):
        return 0
    if not isinstance(token, tuple):
        return token == text[at]
    negated, ranges = token
    code, width = _rune(text, at)
    return width if any(low <= code <= high for low, high in ranges) != negated else 0


def _rune(text: bytes, at: int) -> tuple[int, int]:
    """The character there and its width; for a byte that begins none what Go gives, U+FFFD."""
    for width in range(1, 5):
        try:
            return ord(text[at : at + width].decode()), width
        except UnicodeDecodeError:
            continue
    return _REPLACEMENT, 1


def _tokens(pattern: str) -> list[int | _Set | None] | None:
    """The pattern as a list of sets, literal bytes and stars; None where it is malformed."""
    tokens: list[int | _Set | None] = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if char == "*":
            tokens.append(None)
        elif char == "?":
            tokens.append(_NOT_A_SLASH)
        elif char == "[":
            parsed = _set(pattern, at)
            if parsed is None:
                return None
            token, at = parsed
            tokens.append(token)
        elif char == "\\":
            if at == len(pattern):
                return None
            tokens.extend(go_bytes(pattern[at]))
            at += 1
        else:
            tokens.extend(go_bytes(char))
    return tokens


def _set(pattern: str, at: int) -> tuple[_Set, int] | None:
    negated = pattern.startswith("^", at)
    at += negated
    ranges: list[tuple[int, int]] = []
    while not (ranges and pattern.startswith("]", at)):
        low = _set_character(pattern, at)
        if low is None:
            return None
        at = low[1]
        high = low
        if pattern.startswith("-", at):
            bound = _set_character(pattern, at + 1)
            if bound is None:
                return None
            high, at = bound, bound[1]
        ranges.append((low[0], high[0]))
    return (negated, tuple(ranges)), at + 1


def _set_character(pattern: str, at: int) -> tuple[int, int] | None:
    """The code of the possibly escaped character there, and where the next one stands."""
    if pattern.startswith(("-", "]"), at):
        return None
    at += pattern.startswith("\\", at)
    # A set has to be closed, so its characters never are the pattern's last.
    if at + 1 >= len(pattern) or "\ud800" <= pattern[at] <= "\udfff":
        return None
    return ord(pattern[at]), at + 1
