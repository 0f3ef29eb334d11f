"""What is in an answer: tokens, errors, times to wait. Nothing a server writes is trusted here."""

from __future__ import annotations

import base64
import binascii
import email.utils
import json
import re
import time
from typing import Any, Final

from attrs import frozen

from pullsecrets.probe.transport import Answer
from pullsecrets.secrecy import Password

__all__ = ["BadAnswer", "Token", "error_of", "json_of", "read_token", "retry_after"]

_TOKEN_LIFETIME: Final = 60.0
"""Seconds, where the token server names none (distribution's token specification)."""

_MAX_LIFETIME: Final = 24 * 3600.0
_MAX_DEPTH: Final = 32
_YEAR: Final = 365 * 24 * 3600
_FOREVER: Final = 10.0 * _YEAR
# Possessive, and the closing quote may be missing: a string is passed over once, never tried again
# from its next quote.
_BRACKETS: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?+|([\[\]{}])', re.DOTALL)


class BadAnswer(Exception):
    """The answer is none of a token server."""


@frozen
class Token:
    """A token for pulls.

    Attributes:
        value: what the registry wants to see.
        allows: whether it says that it allows the pull; None where it does not say.
        until: how long it lives, on the clock of `time.monotonic`.
    """

    value: Password
    allows: bool | None
    until: float


def error_of(answer: Answer) -> tuple[str, str]:
    """The code and the message of an error, in distribution's form or in OAuth2's."""
    document = json_of(answer)
    if not isinstance(document, dict):
        return "", ""
    errors = document.get("errors")
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        code, message = errors[0].get("code"), errors[0].get("message")
    else:
        code, message = document.get("error"), document.get("error_description")
    return code if isinstance(code, str) else "", message if isinstance(message, str) else ""


def json_of(answer: Answer) -> Any:
    """The body as JSON, None where it is none, or is nested too deep."""
    try:
        text = answer.body.decode("utf-8-sig")
        if answer.truncated or _depth(text) > _MAX_DEPTH:
            return None
        return json.loads(text, parse_constant=_no_constant)
    except ValueError:
        return None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _depth(text: str) -> int:
    """How deep brackets nest, without reading them as JSON: that takes a stack as deep."""
    deepest = depth = 0
    for bracket in _BRACKETS.findall(text):
        if bracket:
            depth += 1 if bracket in "[{" else -1
            deepest = max(deepest, depth)
    return deepest


def read_token(answer: Answer, repository: str, start: float) -> Token:
    """Read a token server's answer.

    Args:
        answer: with the status 200.
        repository: what the token shall allow to pull.
        start: when it was asked for, on the clock of `time.monotonic`.

    Raises:
        BadAnswer: there is no token in it.
    """
    if answer.truncated:
        raise BadAnswer("is too big")
    document = json_of(answer)
    if not isinstance(document, dict):
        raise BadAnswer("is no JSON object")
    # Both should be the same; containerd takes access_token where they are not.
    token = document.get("access_token") or document.get("token")
    if not isinstance(token, str) or not re.fullmatch(r"[!-~]{1,65536}", token):
        raise BadAnswer("has no usable token")
    lifetime = document.get("expires_in")
    if isinstance(lifetime, bool) or not isinstance(lifetime, (int, float)):
        lifetime = _TOKEN_LIFETIME
    # A little early: it has to be good when it arrives.
    lifetime = min(max(lifetime, 0), _MAX_LIFETIME)
    until = start + lifetime - min(5.0, lifetime / 10)
    return Token(Password(token), _allows(token, document.get("scope"), repository), until)


def _allows(token: str, scope: object, repository: str) -> bool | None:
    """Whether a token says that it allows the pull; None where it does not say.

    It is not verified, and decides nothing but how a 404 is to be read.
    """
    if isinstance(scope, str):
        granted = [entry.rpartition(":") for entry in scope.split()]
        wanted = f"repository:{repository}"
        return any(name == wanted and "pull" in actions.split(",") for name, _, actions in granted)
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        payload = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
    except (binascii.Error, ValueError):
        return None
    claims = json_of(Answer(200, (), payload, False, 0.0))
    access = claims.get("access") if isinstance(claims, dict) else None
    if not isinstance(access, list):
        return None
    return any(
        isinstance(entry, dict)
        and (entry.get("type"), entry.get("name")) == ("repository", repository)
        and isinstance(entry.get("actions"), list)
        and ("pull" in entry["actions"] or "*" in entry["actions"])
        for entry in access
    )


def retry_after(answer: Answer) -> float | None:
    """The seconds of `Retry-After`: a number, a date, or (Docker Hub) a point in Unix time."""
    text = answer.get("retry-after").strip()
    if re.fullmatch(r"[0-9]{1,12}", text):
        number = float(text)
        return number if number < _YEAR else max(round(number - time.time(), 1), 0.0)
    if re.fullmatch(r"[0-9]+", text):
        return _FOREVER
    try:
        moment = email.utils.parsedate_to_datetime(text)
        return max(round(moment.timestamp() - time.time(), 1), 0.0)
    except (ValueError, TypeError, OverflowError, OSError):
        return None
