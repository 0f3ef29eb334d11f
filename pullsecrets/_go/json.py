"""Go's ``encoding/json``, where Python's `json` reads a document otherwise.

* an object keeps its members in order, repeated names included (`Object`): what a repetition means
  depends on the type it is decoded into,
* a string that is not Unicode, as bytes or as an escape, gets U+FFFD for each bad byte or escape,
* ``NaN`` and ``Infinity`` are errors, a number may have any number of digits,
* nesting ends at 10,000.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from json import JSONDecodeError, JSONDecoder, dumps
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any, Final, NoReturn

__all__ = ["Array", "BadJSON", "Object", "go_string", "parse_json", "write_json"]

Object: Final[type[tuple[tuple[str, Any], ...]]] = tuple
"""How a JSON object comes out: a tuple of (name, value) pairs."""

Array: Final[type[list[Any]]] = list
"""How a JSON array comes out."""

MAX_DEPTH: Final = 10_000
_SURROGATES: Final = re.compile("[\ud800-\udfff]")
_ESCAPED_BY_GO: Final = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


class BadJSON(Exception):
    """Not JSON. The message says what is wrong and where, without repeating any of it."""


def go_string(text: str) -> str:
    """The string as Go has it after decoding: U+FFFD for what is not Unicode."""
    return text if text.isascii() else _SURROGATES.sub("\ufffd", text)


def write_json(value: Mapping[str, Any]) -> str:
    r"""Write an object without numbers as ``json.Marshal`` does, byte for byte.

    A byte that is not UTF-8, which Python holds as a surrogate, becomes the escape ``\ufffd``.
    """
    text = dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _SURROGATES.sub(r"\\ufffd", text).translate(_ESCAPED_BY_GO)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _number(digits: str) -> int:
    # No field that anybody reads is a number, and int() refuses very long ones.
    return 0


_DECODER: Final = JSONDecoder(
    object_pairs_hook=Object,
    parse_int=_number,
    parse_float=_number,
    parse_constant=_refuse_constant,
)


def parse_json(data: bytes | str) -> Any:
    """Parse a document. Strings in it still have to go through `go_string`.

    Raises:
        BadJSON: ``encoding/json`` refuses it.
    """
    text = data.decode("utf-8", "surrogateescape") if isinstance(data, bytes) else data
    # The errors of `json` carry the whole document along, so none of them may stay attached to
    # what is raised here: hence no raise inside of the handlers.
    try:
        value = _DECODER.decode(text)
    except JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
    except ValueError:
        where = "a number that is none"
    except RecursionError:
        return _parse_deep(text)
    else:
        if _depth_bound(text) <= MAX_DEPTH or not _is_too_deep(value):
            return value
        where = f"nested more than {MAX_DEPTH} deep"
    raise BadJSON(f"not JSON ({where})")


def _depth_bound(text: str) -> int:
    """A number that the document does not nest deeper than, found without a look at its values.

    What is deepest is either in the first half, behind all the brackets that it is in, or in
    the second, before all that close them.
    """
    half = len(text) // 2
    return max(
        text.count("[", 0, half) + text.count("{", 0, half),
        text.count("]", half) + text.count("}", half),
    )


def _is_too_deep(value: Any) -> bool:
    level = [value] if type(value) in (Array, Object) else []
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for outer in level
            for inner in (outer if type(outer) is Array else (member for _, member in outer))
            if type(inner) in (Array, Object)
        ]
    return bool(level)


_TOKEN: Final = re.compile(
    r"""[ \t\n\r]*(?:
        (?P<mark> [][{}:,"] | \Z )
      | (?P<scalar> (?: -?(?:0|[1-9][0-9]*) (?:\.[0-9]+)? (?:[eE][-+]?[0-9]+)? | true|false|null )
                    (?![0-9A-Za-z.+-]) )
    )""",
    re.VERBOSE,
)
_LITERALS: Final = {"true": True, "false": False, "null": None}


def _tokens(text: str) -> Iterator[tuple[str, Any]]:
    """The document's tokens: a mark and None, or "string" or "scalar" and its value."""
    at = 0
    while (match := _TOKEN.match(text, at)) is not None:
        at = match.end()
        if match["scalar"] is not None:
            yield "scalar", _LITERALS.get(match["scalar"], 0)
        elif match["mark"] != '"':
            yield match["mark"], None
        else:
            try:
                value, at = scanstring(text, at, True)
            except JSONDecodeError:
                return
            yield "string", value


def _parse_deep(text: str) -> Any:
    """The same parse without recursion, for what nests deeper than Python's stack."""
    items: list[Any] = []  # of the innermost open container; of an object, names and values in turn
    outer: list[tuple[list[Any], str]] = []  # around it, with the marks that close
    expected = "value"
    for kind, value in _tokens(text):
        if kind == "string" and expected.endswith("name"):
            items.append(value)
            expected = "colon"
        elif kind in ("string", "scalar") and expected.endswith("value"):
            items.append(value)
            expected = "next"
        elif kind in ("[", "{") and expected.endswith("value") and len(outer) < MAX_DEPTH:
            outer.append((items, "]" if kind == "[" else "}"))
            items = []
            expected = "first value" if kind == "[" else "first name"
        elif kind == ":" and expected == "colon":
            expected = "value"
        elif kind == "," and expected == "next" and outer:
            expected = "value" if outer[-1][1] == "]" else "name"
        elif outer and kind == outer[-1][1] and expected.startswith(("next", "first")):
            closed, (items, _) = items, outer.pop()
            items.append(
                closed if kind == "]" else Object(zip(closed[::2], closed[1::2], strict=True))
            )
            expected = "next"
        elif kind == "" and expected == "next" and not outer:
            return items[0]
        else:
            break
    raise BadJSON(f"not JSON, or nested more than {MAX_DEPTH} deep")
