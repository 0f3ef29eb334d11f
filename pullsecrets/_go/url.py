"""Go's URL parsing and glob matching, as far as the kubelet's keyring uses them.

The kubelet hands docker config entries to ``net/url.Parse`` and host labels to
``path/filepath.Match``; what those accept, decode and refuse decides which image an entry
serves, so both are followed here exactly (Go 1.26).

Go strings are bytes. Here they are `str` in which a byte that is not part of valid UTF-8 is written
as a lone surrogate (the ``surrogateescape`` convention), so that one character is what Go decodes
as one rune. `go_bytes` gives the bytes back.
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv6Address
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes

__all__ = ["BadURL", "GoURL", "glob_matches", "go_bytes", "is_glob", "parse_url", "split_host_port"]

# The part of ASCII that net/url allows in a host. "?", "/", "#" and "@" end it, and what
# else is missing ("^", "\\", "{", "|", a space …) is refused: of the glob's operators only "*"
# ever reaches the matching of a host name.
_HOST_ASCII: Final = r"A-Za-z0-9!$&'()*+,;=:\[\]<>\"_.~\-"

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
# In a host only bytes outside of ASCII may be escaped, and the percent sign itself.
_HOST: Final = re.compile(rf"(?:[{_HOST_ASCII}\x80-\U0010ffff]|%25|%[89A-Fa-f][0-9A-Fa-f])*")
# An IPv6 zone also admits a space and, escaped, what is allowed unescaped.
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


# What can be in a label: stars and, in an IPv6 address without a port, brackets. They hold a set of
# characters to Go, in which a byte that is not UTF-8 is an error.
_TOKEN: Final = re.compile(
    r"(?P<star>\*+)|(?P<other>[^*\[])"
    r"|\[(?P<set>(?:[^]\-\ud800-\udfff](?:-[^]\-\ud800-\udfff])?)+)\]",
    re.DOTALL,
)


def is_glob(label: str) -> bool:
    """Whether a label is more than a literal to `glob_matches`."""
    return "*" in label or "[" in label


def glob_matches(pattern: str, label: str) -> bool:
    """``path/filepath.Match`` for a label of a host; a malformed pattern matches nothing.

    ``*`` is any run of characters. The other operators never get here: ``?`` begins the query of a
    URL, Go refuses a backslash in a host, and brackets only surround an IPv6 address.
    """
    if not is_glob(pattern):
        return pattern == label or go_bytes(pattern) == go_bytes(label)
    if "[" not in pattern:
        # Go compares bytes: an escape in a pattern may be half a character.
        pattern, label = (go_bytes(text).decode("latin-1") for text in (pattern, label))
    segments = [""]
    at = 0
    while at < len(pattern):
        token = _TOKEN.match(pattern, at)
        if token is None:
            return False
        at = token.end()
        if token["star"]:
            segments.append("")
        elif token["set"]:
            segments[-1] += _set(token["set"])
        else:
            segments[-1] += re.escape(token["other"])
    first, *rest = segments
    # Atomic groups, so that the time does not grow with a power of the number of stars.
    middle = "".join(f"(?>.*?{segment})" for segment in rest[:-1])
    last = f".*{rest[-1]}" if rest else ""
    return re.fullmatch(f"{first}{middle}{last}", label, re.DOTALL) is not None


def _set(ranges: str) -> str:
    """A set of characters as a regular expression; Go lets a range be empty."""
    pairs = ((low, high or low) for low, high in re.findall(r"(.)(?:-(.))?", ranges, re.DOTALL))
    kept = "".join(f"{re.escape(low)}-{re.escape(high)}" for low, high in pairs if low <= high)
    return f"[{kept}]" if kept else "(?!)"
