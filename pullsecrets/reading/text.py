"""Documents from text: JSON through `json`, YAML through PyYAML.

Both say where a document stops being one without repeating any of it, both notice keys that are
repeated, and neither can be made to take more time or memory than the text is long.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from functools import lru_cache, partial
from math import isinf
from typing import Any, Final, NoReturn

from attrs import field, frozen

from pullsecrets.errors import MissingExtra
from pullsecrets.reading.problems import ProblemCode
from pullsecrets.secrecy import HiddenText

__all__ = ["Read", "read_json", "read_yaml", "without_marks", "yaml_loader"]

_JSON_NEXT: Final = re.compile(r"^(?=[ \t]*\{)", re.MULTILINE)

_MARK: Final = "\ufeff"

_TOO_DEEP: Final = "nested too deeply"

_MAX_DEPTH: Final = 500  # of values in YAML; Kubernetes objects stay far below 100
_MAX_VALUES: Final = 1_000_000  # that the aliases of one document may expand to
_TOO_MANY_VALUES: Final = f"aliases that expand to more than {_MAX_VALUES:,} values"


# Plain scalars that Kubernetes' parser, goyaml.v2 in sigs.k8s.io/yaml, takes for no string and
# PyYAML does: its pattern of floats, and beginnings.
_NUMBERS_AND_BOOLEANS: Final = (
    (
        "float",
        r"[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?\Z",
        "-+.0123456789",
    ),
    ("int", r"[-+]?0[oO]_*[0-7][0-7_]*\Z", "-+0"),
    ("bool", r"[yYnN]\Z", "yYnN"),
)


def _as_tuple(repeated: Iterable[tuple[str, int | None]]) -> tuple[tuple[str, int | None], ...]:
    return tuple(repeated)


@frozen
class Read:
    """What became of a document.

    Attributes:
        value: The document, None if it could not be read.
        error: What is wrong with it, or None.
        code: What kind of fault that is.
        line: The line of the error, counted from 0.
        repeated: Keys that are more than once in one mapping, and the line, if it is known.
    """

    value: Any = field(default=None, repr=False)
    error: str | None = None
    code: ProblemCode = ProblemCode.NOT_JSON
    line: int = 0
    repeated: tuple[tuple[str, int | None], ...] = field(default=(), converter=_as_tuple)


def without_marks(text: str) -> str:
    """The text without byte order marks, at its start and where files were put together.

    Go's YAML passes over one at the start of any line (``yaml_parser_scan_to_next_token``).
    """
    if _MARK not in text:
        return text
    return text.removeprefix(_MARK).replace(f"\n{_MARK}", "\n")


def read_json(document: HiddenText, at: int = 0) -> Iterator[Read]:
    """The documents from there to the end, one after the other as ``jq`` writes them."""
    text = document.reveal()
    repeated: list[tuple[str, int | None]] = []
    decoder = json.JSONDecoder(
        object_pairs_hook=partial(_mapping, repeated), parse_constant=_refuse_constant
    )
    while at < len(text):
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            message, position = _json_error(error, at)
            yield Read(error=message, line=text.count("\n", 0, position))
            # In lines of JSON the next one may be sound.
            following = _JSON_NEXT.search(text, max(position, at + 1))
            at = len(text) if following is None else following.start()
        else:
            yield Read(value, repeated=repeated)
            at = end
        while at < len(text) and text[at] in " \t\r\n":
            at += 1
        repeated.clear()


def _mapping(repeated: list[tuple[str, int | None]], pairs: list[tuple[str, Any]]) -> Any:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        times = Counter(key for key, _ in pairs)
        repeated.extend((key, None) for key in times if times[key] > 1)
    return mapping


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _json_error(error: ValueError | RecursionError, at: int) -> tuple[str, int]:
    if isinstance(error, json.JSONDecodeError):
        # The message is one of a fixed set, the document is only in the error's other attributes.
        return f"not JSON: {error.msg}", error.pos
    if isinstance(error, RecursionError):
        return _TOO_DEEP, at
    return "not JSON: a number that is none, or too long", at


def read_yaml(document: HiddenText) -> Read:
    """The one document that the text is.

    Raises:
        MissingExtra: PyYAML is not installed.
    """
    yaml, loader_class = yaml_loader()
    text = document.reveal()
    repeated: list[tuple[str, int | None]] = []
    try:
        try:
            value = _load(loader_class, text, repeated)
        except yaml.composer.ComposerError:
            # YAML allows an anchor to be defined again, PyYAML's composers do not.
            repeated.clear()
            value = _load(_redefining(loader_class), text, repeated)
    except yaml.YAMLError as error:
        return _bad_yaml(f"not YAML: {_yaml_problem(error)}", _yaml_line(error))
    except RecursionError:
        return _bad_yaml(_TOO_DEEP)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        # PyYAML's own, from a value that is not what its tag says.
        return _bad_yaml("not YAML: a value that does not fit its tag")
    if "*" in text and _expands_too_far(value):
        return _bad_yaml(_TOO_MANY_VALUES)
    return Read(value, repeated=repeated)


def _load(loader_class: Any, text: str, repeated: list[tuple[str, int | None]]) -> Any:
    loader = loader_class(text)
    loader.repeated = repeated
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def _bad_yaml(error: str, line: int = 0) -> Read:
    return Read(error=error, code=ProblemCode.NOT_YAML, line=line)


@lru_cache(maxsize=1)
def yaml_loader() -> Any:
    """PyYAML and its loader that reads as Kubernetes does, made on first use.

    Raises:
        MissingExtra: PyYAML is not installed.
    """
    try:
        import yaml
    except ImportError:
        raise MissingExtra("reading YAML", "cli") from None
    base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):  # type: ignore[misc, valid-type]
        """The safe loader, but for what Kubernetes reads otherwise, and what a key hides."""

        repeated: list[tuple[str, int | None]]
        values_merged = 0
        depth = 0

        # PyYAML's composers call these two around each value. Left alone, the one in C overflows
        # the stack, which ends the process, unless its libyaml has a limit of its own.
        def descend_resolver(self, parent: Any, index: Any) -> None:
            self.depth += 1
            if self.depth > _MAX_DEPTH:
                raise RecursionError(_TOO_DEEP)

        def ascend_resolver(self) -> None:
            self.depth -= 1

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            values: dict[Hashable, Any] = {}
            merged: set[Hashable] = set()
            for key_node, value_node in node.value:
                if key_node.tag == "tag:yaml.org,2002:merge":
                    # What is behind wins, a merge as well as a key; of one merge, what is before.
                    for mapping in reversed(self._merged(value_node)):
                        self.values_merged += len(mapping)
                        if self.values_merged > _MAX_VALUES:
                            raise yaml.constructor.ConstructorError(
                                None, None, _TOO_MANY_VALUES, key_node.start_mark
                            )
                        values.update(mapping)
                        merged.update(mapping)
                    continue
                key = self.construct_object(key_node, deep=True)
                if not isinstance(key, Hashable):
                    raise yaml.constructor.ConstructorError(
                        None, None, "a key that is a collection", key_node.start_mark
                    )
                if isinstance(key, (int, float)):
                    key = _as_key(key)
                if key in values and key not in merged:
                    self.repeated.append((str(key), key_node.start_mark.line))
                values[key] = self.construct_object(value_node, deep=True)
            return values

        def _merged(self, node: Any) -> list[Any]:
            value = self.construct_object(node, deep=True)
            mappings = value if isinstance(value, list) else [value]
            if not all(isinstance(mapping, dict) for mapping in mappings):
                raise yaml.constructor.ConstructorError(
                    None, None, "a merge of something that is no mapping", node.start_mark
                )
            return mappings

    # Plain scalars that look like a date, or like a number to the base of 60, stay strings: for
    # Kubernetes' parser they are.
    Loader.yaml_implicit_resolvers = {
        first: [
            (tag, re.compile(f"(?![^:]*:){regexp.pattern}", re.VERBOSE))
            for tag, regexp in resolvers
            if not tag.endswith(":timestamp")
        ]
        for first, resolvers in base.yaml_implicit_resolvers.items()
    }
    for tag, pattern, first in _NUMBERS_AND_BOOLEANS:
        Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), list(first))
    Loader.bool_values = {**base.bool_values, "y": True, "n": False}
    Loader.add_constructor(None, _untagged)
    Loader.add_constructor("tag:yaml.org,2002:float", _number)
    Loader.add_constructor(
        "tag:yaml.org,2002:binary",
        lambda loader, node: loader.construct_yaml_binary(node).decode("utf-8", "replace"),
    )
    Loader.add_constructor("tag:yaml.org,2002:value", Loader.construct_yaml_str)
    Loader.add_constructor(
        "tag:yaml.org,2002:map", lambda loader, node: loader.construct_mapping(node, deep=True)
    )
    Loader.add_constructor(
        "tag:yaml.org,2002:seq", lambda loader, node: loader.construct_sequence(node, deep=True)
    )
    return yaml, Loader


def _as_key(key: object) -> str:
    """A key that is a number or a boolean as JSON has it."""
    if isinstance(key, bool):
        return str(key).lower()
    return f"{key:.8g}" if isinstance(key, float) else str(key)


def _untagged(loader: Any, node: Any) -> Any:
    """What has a tag that nobody knows, as if it had none; a scalar is a string."""
    if node.id == "scalar":
        return loader.construct_scalar(node)
    return (loader.construct_mapping if node.id == "mapping" else loader.construct_sequence)(
        node, deep=True
    )


def _number(loader: Any, node: Any) -> float | str:
    """A float; one that is too large is a string: ``12e4567``, the beginning of a git commit."""
    number: float = loader.construct_yaml_float(node)
    return str(node.value) if isinf(number) and node.value[-1].isdecimal() else number


@lru_cache(maxsize=1)
def _redefining(loader_class: Any) -> Any:
    """The loader with PyYAML's composer in Python, in which an anchor may be defined again."""
    yaml, _ = yaml_loader()
    composer = yaml.composer.Composer

    class Redefining(loader_class):  # type: ignore[misc]
        """Slower by far than the C composer, so it is only for the files that need it."""

        get_single_node = composer.get_single_node
        compose_document = composer.compose_document
        compose_scalar_node = composer.compose_scalar_node
        compose_sequence_node = composer.compose_sequence_node
        compose_mapping_node = composer.compose_mapping_node

        def __init__(self, text: str) -> None:
            super().__init__(text)
            self.anchors: dict[str, Any] = {}

        def compose_node(self, parent: Any, index: Any) -> Any:
            event = self.peek_event()
            if isinstance(event, yaml.NodeEvent) and not isinstance(event, yaml.AliasEvent):
                self.anchors.pop(event.anchor, None)
            return composer.compose_node(self, parent, index)

    return Redefining


def _expands_too_far(value: Any) -> bool:
    """Whether the document, were each alias written out, is larger than anybody means."""
    sizes: dict[int, int] = {}
    stack = [value]
    while stack:
        top = stack[-1]
        inner = _inner(top)
        unknown = [
            item for item in inner if isinstance(item, (dict, list)) and id(item) not in sizes
        ]
        if unknown:
            stack.extend(unknown)
            continue
        stack.pop()
        sizes[id(top)] = 1 + sum(sizes.get(id(item), 1) for item in inner)
    return sizes[id(value)] > _MAX_VALUES


def _inner(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _yaml_problem(error: Any) -> str:
    """PyYAML's words less what they quote, which may be anything: ``password: *hunter2``."""
    problem = getattr(error, "problem", None) or "characters that YAML does not admit"
    return re.sub(r"(['\"]).*\1", "…", str(problem), flags=re.DOTALL)


def _yaml_line(error: Any) -> int:
    mark = getattr(error, "problem_mark", None)
    return mark.line if mark is not None else 0
