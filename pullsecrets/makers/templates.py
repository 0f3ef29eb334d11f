"""Which entries a template of a docker config has, as far as it can be read.

Makers write templates of Go's ``text/template``: ``{"auths": {"quay.io": {"auth": "{{ .a }}"}}}``
names its entry, ``{{ .config }}`` names none. What is between the braces is put in by the program
and not known here; it is taken to leave the document's shape alone. Variables, ``${auth}``, are
like them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from attrs import frozen

from pullsecrets._go.json import BadJSON, Object, go_string, parse_json
from pullsecrets.dockerconfig import DockerConfig, InvalidDockerConfig
from pullsecrets.secrecy import EntryText, HiddenText

__all__ = ["VARIABLE", "TemplateFacts", "read_plain", "read_template"]

VARIABLE: Final = re.compile(r"\$\{[^{}]*\}|<path:[^<>]*>")
"""What a program fills in within a text (`variables` says which)."""

_FILLED: Final = "\ue000"  # of the private use area: stands for what an action puts in
_CONTROL: Final = frozenset(
    ["if", "else", "range", "with", "end", "define", "block", "template", "break", "continue"]
)
_NOT_JSON: Final = "is not JSON"


@frozen
class TemplateFacts:
    """What a template tells of the docker config that it gives.

    Attributes:
        entries: Its entries, None if they are not all known.
        fault: Why it gives no docker config; empty if it does, or if that is not known.
    """

    entries: tuple[EntryText, ...] | None = None
    fault: str = ""


def read_template(template: HiddenText, *, legacy: bool = False) -> TemplateFacts:
    """What a template tells of the docker config that it gives.

    Args:
        template: The template, or a docker config without any action.
        legacy: Whether it is for the type ``kubernetes.io/dockercfg``, which has no ``auths``.
    """
    if "{{" not in template.reveal() and VARIABLE.search(template.reveal()) is None:
        return read_plain(template, legacy=legacy)
    # A variable is what an action is that puts something in.
    parts = list(_parts(VARIABLE.sub("{{.}}", template.reveal())))
    if any(control for _, control in parts):
        return TemplateFacts()
    text, bare = _filled(part for part, _ in parts)
    if not text.replace(f'"{_FILLED}"', "").strip():
        return TemplateFacts()  # the whole of it is put in
    try:
        document = parse_json(text)
    except BadJSON:
        return TemplateFacts() if bare else TemplateFacts(fault=_NOT_JSON)
    return _entries(document, legacy)


def read_plain(template: HiddenText, *, legacy: bool = False) -> TemplateFacts:
    """What a docker config tells that is taken as it is written.

    Args:
        template: The docker config.
        legacy: As for `read_template`.
    """
    decode = DockerConfig.from_legacy_json if legacy else DockerConfig.from_json
    try:
        config = decode(template)
    except InvalidDockerConfig as error:
        return TemplateFacts(fault=str(error))
    return TemplateFacts(tuple(config.auths))


def _parts(text: str) -> Iterator[tuple[str | None, bool]]:
    """The text between actions, None for an action that puts something in; and whether it controls.

    An action that only sets a variable, and a comment, give nothing.
    """
    at = 0
    while True:
        start = text.find("{{", at)
        end = -1 if start < 0 else text.find("}}", start + 2)
        if end < 0:
            yield text[at:], False
            return
        yield text[at:start], False
        action = text[start + 2 : end].strip("- \t\r\n")
        at = end + 2
        first = action.split(maxsplit=1)[0] if action else ""
        if first in _CONTROL:
            yield "", True
        elif not action.startswith("/*") and not (first.startswith("$") and ":=" in action):
            yield None, False


def _filled(parts: Iterator[str | None]) -> tuple[str, bool]:
    """The text with a mark for each action; and whether one is outside of JSON's strings."""
    found: list[str] = []
    inside = bare = False
    for part in parts:
        if part is None:
            found.append(_FILLED if inside else f'"{_FILLED}"')
            bare = bare or not inside
            continue
        found.append(part)
        # A quotation mark after a backslash does not end a string.
        quotes = part.replace("\\\\", "").replace('\\"', "").count('"')
        inside = inside != bool(quotes % 2)
    return "".join(found), bare


def _entries(document: Any, legacy: bool) -> TemplateFacts:
    if type(document) is not Object:
        return TemplateFacts(fault="is no JSON object")
    found = [document] if legacy else [v for name, v in document if name.lower() == "auths"]
    if not found:
        return TemplateFacts(fault="has no 'auths'")
    entries: list[str] = []
    for auths in found:
        if type(auths) is not Object:
            known = isinstance(auths, str) and _FILLED in auths
            return TemplateFacts(fault="" if known else "has an 'auths' that is no object")
        for name, value in auths:
            if type(value) is not Object and not (isinstance(value, str) and _FILLED in value):
                return TemplateFacts(fault="has an entry that is no object")
            entries.append(go_string(name))
    if any(_FILLED in entry for entry in entries):
        return TemplateFacts()
    return TemplateFacts(tuple(map(EntryText, dict.fromkeys(entries))))
