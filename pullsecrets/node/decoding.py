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
from json import dumps, loads
from typing import Any, Final

from attrs import field, frozen

from pullsecrets._go.duration import parse_duration
from pullsecrets._go.json import Array, BadJSON, Object, go_string, parse_json
from pullsecrets.reading.text import read_yaml
from pullsecrets.secrecy import HiddenText, printable

__all__ = [
    "Decoder",
    "Document",
    "Fault",
    "FaultCode",
    "Faults",
    "Header",
    "Hidden",
    "NoDocument",
    "Path",
    "boolean",
    "decode",
    "duration",
    "hide",
    "list_of",
    "map_of",
    "read_header",
    "read_tree",
    "string",
    "struct",
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

    NOT_STARTED = "not-started"
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


@frozen
class NoDocument:
    """A mapping that no document could hold.

    Attributes:
        reason: Why not.
    """

    reason: str


Hidden = HiddenText | NoDocument
"""A document that no traceback shows."""

Document = str | bytes | Mapping[str, Any] | Hidden
"""A document as it is given: JSON or YAML, or as a loader of these gives it, or hidden already."""


def hide(document: Document) -> Hidden:
    """Wrap a document on its way in. A mapping becomes JSON."""
    if isinstance(document, HiddenText | NoDocument):
        return document
    if isinstance(document, str):
        return HiddenText(document)
    if isinstance(document, bytes):
        return HiddenText(document.decode("utf-8", "surrogateescape"))
    try:
        return HiddenText(_json(document))
    except BadJSON as error:
        return NoDocument(str(error))


def _json(value: Any, *, sort_keys: bool = False) -> str:
    try:
        text = dumps(value, default=str)
        # Keys that are no strings have become some, so that all of them can be sorted.
        return dumps(loads(text), sort_keys=True) if sort_keys else text
    except (RecursionError, ValueError):
        message = "nested too deeply"
    except TypeError:
        message = "not JSON: a key that is not a string"
    raise BadJSON(message)


_MARKER: Final = re.compile(r"^(?=---(?:[ \t\r\n]|\Z))|^\.\.\.(?=[ \t\r\n]|\Z)", re.MULTILINE)
_NO_CONTENT: Final = re.compile(r"(?:[ \t\r]*(?:[#%][^\n]*)?(?:\n|\Z))*")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def read_tree(document: Hidden, faults: Faults) -> Any:
    """The first document of a text, which is JSON where it begins with a brace, else YAML.

    It comes as `parse_json` gives it: a tree of objects, lists and scalars.

    Raises:
        BadJSON: It is neither. The message repeats nothing of it.
        MissingExtra: It is YAML, and PyYAML is not installed.
    """
    if isinstance(document, NoDocument):
        raise BadJSON(document.reason)
    if document.reveal().lstrip().startswith("{"):
        return parse_json(document.reveal())
    if _SURROGATE.search(document.reveal()):
        raise BadJSON("not UTF-8")
    read = read_yaml(_first(document))
    if read.error is not None:
        raise BadJSON(f"{read.error} (line {read.line + 1})")
    if faults.strict:
        for key, line in read.repeated:
            shown = printable(key)[:_MAX_SHOWN]
            where = "" if line is None else f" (line {line + 1})"
            faults.add(FaultCode.REPEATED_FIELD, (), f"the key '{shown}' is there twice{where}")
    # Kubernetes makes JSON of YAML by way of a Go map, whose keys are written sorted: of two fields
    # whose names differ in letter case alone, the last one counts.
    return parse_json(_json(read.value, sort_keys=True))


def decode(document: Hidden, decoder: Decoder, faults: Faults) -> Any:
    """Take a document apart that may be JSON or YAML, with what is at fault in it.

    Args:
        document: As `hide` gives it.
        decoder: What it is to hold.
        faults: Where to put what is wrong.

    Raises:
        MissingExtra: It is YAML, and PyYAML is not installed.
    """
    try:
        tree = read_tree(document, faults)
    except BadJSON as error:
        faults.add(FaultCode.DOCUMENT, (), f"is {error}")
        tree = None
    return decoder(tree, (), faults)


def _first(documents: HiddenText) -> HiddenText:
    """The first of several YAML documents: those behind it are not looked at."""
    first, *rest = _MARKER.split(documents.reveal().removeprefix("\ufeff"))
    return HiddenText(rest[0] if rest and _NO_CONTENT.fullmatch(first) else first)


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
