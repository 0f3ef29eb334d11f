"""Documents as Kubernetes decodes its own kinds: known fields of known types, strict or lax.

What `runtime.Decode` and ``sigs.k8s.io/json`` do with a provider's configuration and its answer
(D2, D12): field names are compared with their letter case, ``null`` is the empty value, an unknown
or a repeated field is an error where decoding is strict. They end at the first error; here all
are collected.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

from attrs import field, frozen

from pullsecrets._go.json import Array, BadJSON, Object, go_string, parse_json
from pullsecrets.reading.text import read_yaml
from pullsecrets.secrecy import printable

__all__ = [
    "Decoder",
    "Fault",
    "FaultCode",
    "Faults",
    "Header",
    "Path",
    "boolean",
    "duration",
    "list_of",
    "map_of",
    "parse_duration",
    "read_header",
    "read_yaml_document",
    "string",
    "struct",
    "tree_of",
]

Path = tuple[str | int, ...]
"""Field names and positions, as they lead to a value: ``("providers", 0, "matchImages")``."""

_MAX_SHOWN: Final = 80


class FaultCode(StrEnum):
    """What is wrong with a provider's configuration or its answer."""

    DOCUMENT = "document"
    """It is not JSON, or not YAML where that is allowed, or not an object."""
    KIND = "kind"
    API_VERSION = "api-version"
    TYPE = "type"
    DURATION = "duration"
    UNKNOWN_FIELD = "unknown-field"
    REPEATED_FIELD = "repeated-field"

    DIRECTORY = "directory"
    """A directory of files where only one file is read, or one without any file that counts."""
    REQUIRED = "required"
    INVALID_NAME = "invalid-name"
    INVALID_PATTERN = "invalid-pattern"
    UNSUPPORTED = "unsupported"
    FORBIDDEN = "forbidden"
    NEGATIVE = "negative"
    DUPLICATE_NAME = "duplicate-name"
    INVALID_KEY = "invalid-key"
    DUPLICATE_KEY = "duplicate-key"
    REQUIRED_AND_OPTIONAL = "required-and-optional"

    EXIT_STATUS = "exit-status"
    TIMEOUT = "timeout"
    TOO_LARGE = "too-large"
    CACHE_KEY_TYPE = "cache-key-type"
    TOKEN_AS_PASSWORD = "token-as-password"


@frozen
class Fault:
    """Something that Kubernetes refuses.

    Attributes:
        code: What is wrong.
        sentence: The same for people. It holds nothing of an answer, and of a configuration
            nothing that could be a secret.
        path: Where; empty for the whole document.
        document: The name of the file, or None.
    """

    code: FaultCode
    sentence: str
    path: Path = ()
    document: str | None = None

    def __str__(self) -> str:
        where = ": ".join(filter(None, (self.document, _dotted(self.path))))
        return printable(f"{where}: {self.sentence}" if where else self.sentence)


def _dotted(path: Path) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


@frozen
class Faults:
    """Where decoders put what they find.

    Attributes:
        strict: Whether unknown and repeated fields are faults.
        names_shown: Whether unknown fields may be named: not in an answer, where anything may hold
            a secret.
        found: The faults so far.
    """

    strict: bool
    names_shown: bool = True
    found: list[Fault] = field(factory=list)

    def add(self, code: FaultCode, path: Path, sentence: str) -> None:
        """Note one more."""
        self.found.append(Fault(code, sentence, path))


Decoder = Callable[[Any, Path, Faults], Any]
"""Takes a value of a tree apart, and gives its empty value for null and for what is at fault."""


def string(value: Any, path: Path, faults: Faults) -> str:
    """A string."""
    if isinstance(value, str):
        return go_string(value)
    _expect("a string", value, path, faults)
    return ""


def boolean(value: Any, path: Path, faults: Faults) -> bool | None:
    """A boolean, None where it is not set."""
    if isinstance(value, bool):
        return value
    _expect("a boolean", value, path, faults)
    return None


def duration(value: Any, path: Path, faults: Faults) -> timedelta | None:
    """A duration, None where it is not set."""
    if not isinstance(value, str):
        _expect("a string", value, path, faults)
        return None
    parsed = parse_duration(value)
    if parsed is None:
        faults.add(FaultCode.DURATION, path, "is not a duration of Go, such as 1h30m or 0s")
    return parsed


def list_of(item: Decoder) -> Decoder:
    """A list."""

    def decode(value: Any, path: Path, faults: Faults) -> tuple[Any, ...]:
        if type(value) is not Array:
            _expect("a list", value, path, faults)
            return ()
        return tuple(item(each, (*path, at), faults) for at, each in enumerate(value))

    return decode


def map_of(item: Decoder) -> Decoder:
    """An object of any names. A path holds their positions instead, as a name may be secret."""

    def decode(value: Any, path: Path, faults: Faults) -> dict[str, Any]:
        decoded: dict[str, Any] = {}
        for at, (written, each) in enumerate(_members(value, path, faults)):
            name = go_string(written)
            if name in decoded and faults.strict:
                faults.add(FaultCode.REPEATED_FIELD, (*path, at), "is there twice")
            decoded[name] = item(each, (*path, at), faults)
        return decoded

    return decode


def struct(**fields: Decoder) -> Decoder:
    """An object of known fields. Each of them has a value afterwards, if an empty one."""
    folded = {name.lower(): name for name in fields}

    def decode(value: Any, path: Path, faults: Faults) -> dict[str, Any]:
        given: dict[str, Any] = {}
        for name, each in _members(value, path, faults):
            if name in fields:
                if name in given and faults.strict:
                    faults.add(FaultCode.REPEATED_FIELD, (*path, name), "is there twice")
                given[name] = each
            elif faults.strict:
                _unknown(name, folded.get(name.lower()), path, faults)
        return {
            name: decoder(given.get(name), (*path, name), faults)
            for name, decoder in fields.items()
        }

    return decode


def _unknown(name: str, meant: str | None, path: Path, faults: Faults) -> None:
    if faults.names_shown:
        path = (*path, printable(go_string(name))[:_MAX_SHOWN])
    hint = f": '{meant}' is meant, letter case counts" if meant else ""
    faults.add(
        FaultCode.UNKNOWN_FIELD,
        path,
        f"is not a known field{hint}"
        if faults.names_shown
        else f"holds a field that is not known{hint}",
    )


def _members(value: Any, path: Path, faults: Faults) -> tuple[tuple[str, Any], ...]:
    if type(value) is Object:
        return value
    _expect("an object", value, path, faults)
    return ()


def _expect(kind: str, value: Any, path: Path, faults: Faults) -> None:
    if value is not None:
        faults.add(FaultCode.TYPE, path, f"is {_kind(value)}, not {kind}")


def _kind(value: Any) -> str:
    kinds: dict[type, str] = {
        str: "a string",
        bool: "a boolean",
        Object: "an object",
        Array: "a list",
    }
    return kinds.get(type(value), "a number")


_UNITS: Final = {
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
_MAX_NANOSECONDS: Final = 2**63
_MAX_DIGITS: Final = 40  # of a number; more only fill up with zeros


def parse_duration(text: str) -> timedelta | None:
    """A duration as Go's ``time.ParseDuration`` reads it; None where it refuses.

    Nanoseconds are rounded to the next microsecond away from zero, so that none becomes zero.

    >>> parse_duration("1h30m")
    datetime.timedelta(seconds=5400)
    >>> parse_duration("5M") is None
    True
    """
    match = _DURATION.fullmatch(text) if len(text) <= 10 * _MAX_DIGITS else None
    if match is None:
        return None
    nanoseconds = 0
    for number, unit in re.findall(_PART, match[2] or ""):
        whole, _, fraction = number.partition(".")
        if len(whole.lstrip("0")) > _MAX_DIGITS:
            return None
        fraction = fraction[:_MAX_DIGITS]
        nanoseconds += int(whole or "0") * _UNITS[unit]
        nanoseconds += int(fraction or "0") * _UNITS[unit] // 10 ** len(fraction)
    if nanoseconds >= _MAX_NANOSECONDS + (match[1] == "-"):
        return None
    microseconds = timedelta(microseconds=-(-nanoseconds // 1000))
    return -microseconds if match[1] == "-" else microseconds


_MARKER: Final = re.compile(r"^(?=---(?:[ \t\r\n]|\Z))|^\.\.\.(?=[ \t\r\n]|\Z)", re.MULTILINE)
_NO_CONTENT: Final = re.compile(r"(?:[ \t\r]*(?:[#%][^\n]*)?(?:\n|\Z))*")


def read_yaml_document(data: bytes | str, faults: Faults) -> Any:
    """The first document of a text, which is JSON where it begins with a brace, else YAML.

    Raises:
        BadJSON: It is neither. The message repeats nothing of it.
        MissingExtra: It is YAML, and PyYAML is not there.
    """
    text = data.decode("utf-8", "surrogateescape") if isinstance(data, bytes) else data
    if text.lstrip().startswith("{"):
        return parse_json(text)
    if re.search("[\ud800-\udfff]", text):
        raise BadJSON("not UTF-8")
    first, *rest = _MARKER.split(text.removeprefix("\ufeff"))
    if rest and _NO_CONTENT.fullmatch(first):
        first = rest[0]
    (read,) = read_yaml(first)
    if read.error is not None:
        raise BadJSON(f"{read.error} (line {read.line + 1})")
    if faults.strict:
        for key, line in read.repeated:
            shown = printable(key)[:_MAX_SHOWN]
            where = "" if line is None else f" (line {line + 1})"
            faults.add(FaultCode.REPEATED_FIELD, (), f"the key '{shown}' is there twice{where}")
    return tree_of(read.value)


_TOO_DEEP: Final = 500  # as for YAML: no document that anybody means


def tree_of(value: Any, depth: int = 0) -> Any:
    """Plain mappings, lists and scalars as a tree, in the form that JSON is read into.

    Raises:
        BadJSON: It is nested too deeply.
    """
    if depth > _TOO_DEEP:
        raise BadJSON(f"nested more than {_TOO_DEEP} deep")
    if isinstance(value, Mapping):
        return Object((_name(name), tree_of(each, depth + 1)) for name, each in value.items())
    if isinstance(value, list | tuple):
        return [tree_of(each, depth + 1) for each in value]
    if value is None or isinstance(value, bool | str):
        return value
    return 0  # no field that anybody reads is a number


def _name(name: Any) -> str:
    # As sigs.k8s.io/yaml writes keys that are no strings.
    if isinstance(name, bool):
        return "true" if name else "false"
    return "null" if name is None else str(name)


@frozen
class Header:
    """What a document says that it is.

    Attributes:
        group_version: Its ``apiVersion``.
        kind: Its ``kind``.
    """

    group_version: str
    kind: str


def read_header(tree: Any, faults: Faults) -> Header | None:
    """The document's apiVersion and kind, None where it has none that could be read.

    Here, and only here, letter case does not count: ``encoding/json`` reads them
    (``SimpleMetaFactory.Interpret``).
    """
    if type(tree) is not Object:
        if tree is not None:
            faults.add(FaultCode.DOCUMENT, (), f"is {_kind(tree)}, not an object")
            return None
        tree = ()
    found = {"apiversion": "", "kind": ""}
    before = len(faults.found)
    for name, value in tree:
        folded = name.lower()
        if folded in found and value is not None:
            found[folded] = string(value, (name,), faults)
    return None if len(faults.found) > before else Header(found["apiversion"], found["kind"])
