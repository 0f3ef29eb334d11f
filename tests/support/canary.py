"""A password that must never be seen, and where one might see it."""

from __future__ import annotations

import base64
import json
import pprint
import traceback
from collections.abc import Mapping

import attrs

CANARY = "hunter2-CANARY-9XqZ"


def b64(data):
    return base64.b64encode(data if isinstance(data, bytes) else data.encode()).decode()


AUTH = b64(f"user:{CANARY}")
# The password, its base64 at each of the three alignments that it can have, and its escapes.
FORMS = (
    CANARY,
    CANARY.lower(),
    CANARY.encode().hex(),
    *(b64(b"x" * shift + CANARY.encode())[4:-4] for shift in range(3)),
)


def leaks(text):
    return [form for form in FORMS if form in text]


def as_json(value, default):
    """The value as JSON; the error, if a mapping has keys that JSON has no form for."""
    try:
        return json.dumps(value, default=default)
    except TypeError as error:
        return str(error)


def texts(value):
    """Every text that a value gives of itself."""
    yield repr(value)
    yield str(value)
    yield format(value)
    yield f"{value!a} {value:.2000}" if isinstance(value, str) else f"{value!a}"
    yield "%s %r" % (value, value)  # noqa: UP031
    yield pprint.pformat(value)
    yield as_json([value], default=str)
    yield as_json([value], default=repr)
    if attrs.has(type(value)):
        yield repr(attrs.asdict(value))
        yield as_json(attrs.asdict(value), default=str)
        yield repr(attrs.astuple(value))
    if isinstance(value, Mapping):
        yield repr(dict(value))
        yield repr(list(value))


def chain(error):
    """The error and all that hang on it."""
    seen = []
    waiting = [error]
    while waiting:
        current = waiting.pop()
        if current is None or current in seen:
            continue
        seen.append(current)
        waiting += [current.__cause__, current.__context__]
    return seen


def error_texts(error):
    """Every text that an error and its causes give, in whatever way they are shown or logged."""
    yield "".join(traceback.format_exception(error))
    for link in chain(error):
        yield repr(link)
        yield str(link)
        yield repr(link.args)
        yield repr(vars(link))
        for name in ("doc", "object", "problem", "context", "msg"):
            yield repr(getattr(link, name, ""))
