"""What a credential shows without being tried: that it cannot work, and when it ends.

Only the user name and the times are ever shown. A password is hidden before anything is made of it,
and no more of it is read than a token is long.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from attrs import frozen

from pullsecrets._go.base64 import decode_base64
from pullsecrets._go.json import BadJSON, parse_json
from pullsecrets.dockerconfig import Credential
from pullsecrets.secrecy import Password

__all__ = ["NULL_GUID", "Flaw", "Inspected", "inspect", "span"]

NULL_GUID: Final = "00000000-0000-0000-0000-000000000000"
"""The user name that Azure's registry writes next to its tokens."""

_MAX_TOKEN: Final = 65_536  # characters; a longer password is not looked into
_PARTS_OF_JWT: Final = 3


@frozen
class Flaw:
    """Why a log-in with a credential fails, as far as can be seen.

    Attributes:
        code: The code of its diagnosis.
        subject: What has it: ``the password``; empty for the entry as a whole.
        what: What is wrong with that. Safe to show.
    """

    code: str
    subject: str
    what: str

    def __str__(self) -> str:
        return f"{self.message} ({self.code})"

    @property
    def message(self) -> str:
        """What is wrong, in a few words. Safe to show."""
        return f"{self.subject or 'the entry'} {self.what}"

    def to_dict(self) -> dict[str, str]:
        """As JSON has it."""
        return {"code": self.code, "message": self.message}


@frozen
class Inspected:
    """What was seen of a credential.

    Attributes:
        flaws: Why a log-in with it fails, whenever that is.
        expires: When it ends, if it says so; with its time zone.
    """

    flaws: tuple[Flaw, ...] = ()
    expires: datetime | None = None

    def flaws_at(self, at: datetime | None) -> tuple[Flaw, ...]:
        """Why a log-in fails at a moment; None leaves out what depends on the time."""
        if at is None or self.expires is None or at < self.expires:
            return self.flaws
        expired = Flaw("PS408", "the password", f"expired {span(at - self.expires)} ago")
        return (*self.flaws, expired)

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        # Not by strftime, which writes years before 1000 with fewer digits on Linux.
        expires = self.expires and self.expires.isoformat(timespec="seconds")
        return {
            "flaws": [flaw.to_dict() for flaw in self.flaws],
            "expires": expires and expires.replace("+00:00", "Z"),
        }


def span(time: timedelta) -> str:
    """A length of time in words: the largest unit of which there are two.

    >>> span(timedelta(days=3, hours=5))
    '3 days'
    >>> span(timedelta(hours=25))
    '25 hours'
    """
    seconds = max(0, int(time.total_seconds()))
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length:,} {unit}"
    return "a minute"


def inspect(credential: Credential) -> Inspected:
    """See what a credential shows.

    Args:
        credential: What an entry gives to log in with.
    """
    return Inspected(_flaws(credential), _expiry(credential))


def _flaws(credential: Credential) -> tuple[Flaw, ...]:
    username, password = credential.username, credential.password
    token = credential.has_token
    if not password and (token or username == NULL_GUID):
        what = "an identity token" if token else "the null GUID"
        sent = "the kubelet sends that empty password"
        return (Flaw("PS404", "", f"has {what} and an empty password: {sent}"),)
    if not password and not username:
        return (Flaw("PS403", "", "is empty, and still counts as a match"),)
    values = (("user name", username), ("password", password.reveal()))
    placeholders = [name for name, value in values if _is_placeholder(value)]
    if placeholders:
        are = "is a placeholder" if len(placeholders) == 1 else "are placeholders"
        return (Flaw("PS406", f"the {' and the '.join(placeholders)}", are),)
    empty = [name for name, value in values if not value]
    spaces = [(name, _space_around(value)) for name, value in values]
    return (
        *(Flaw("PS402", f"the {name}", "is empty") for name in empty),
        *(Flaw("PS401", f"the {name}", what) for name, what in spaces if what),
    )


# The whole value: what only contains such a text may be a password.
_PLACEHOLDER: Final = re.compile(
    r"""
      <[^<>]*>                                    # <token>
    | \$?\{\{.*\}\}                               # {{ .Values.password }}, ${{ secrets.TOKEN }}
    | \$\{[A-Za-z_][^{}]*\} | \$\([A-Za-z_]\w*\)  # ${PASSWORD}, $(PASSWORD)
    | \$[A-Z_][A-Z0-9_]*                          # $PASSWORD
    | %[A-Z_]+% | @@?[A-Z_]+@@? | __[A-Z_]+__
    | \[?redacted\]? | \*{3,} | x{3,} | \.{3} | …
    | change[-_ ]?(me|it) | replace[-_ ]?(me|this) | fill[-_ ]?me[-_ ]?in | todo | tbd
    | your[-_ ]?(registry|docker|harbor|hub|github)?[-_ ]?(access)?[-_ ]?
      (user|username|name|login|password|passwd|token|pat|secret|key)([-_ ]?here)?
    | (username|password|token|secret)[-_ ]here
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
# $PASSWORD is a variable only in capitals; the rest may be in any.
_LOWER_VARIABLE: Final = re.compile(r"\$(?=.*[a-z])[A-Za-z_]\w*")


def _is_placeholder(text: str) -> bool:
    text = text.strip()
    return bool(_PLACEHOLDER.fullmatch(text)) and not _LOWER_VARIABLE.fullmatch(text)


def _space_around(text: str) -> str:
    if text.endswith(("\n", "\r")):
        return "ends in a line break"
    if text != text.strip():
        return "ends in white space" if text == text.lstrip() else "begins with white space"
    return ""


def _expiry(credential: Credential) -> datetime | None:
    """When a token of Amazon's registry (a JSON document), or a JWT (RFC 7519), says it ends."""
    password = credential.password
    if len(password.reveal()) > _MAX_TOKEN:
        return None
    if credential.username == "AWS":
        return _time_in(password, "expiration")
    parts = password.reveal().strip().split(".")
    if len(parts) != _PARTS_OF_JWT:
        return None
    return _time_in(Password(parts[1].translate(_URL_SAFE)), "exp")


_URL_SAFE: Final = str.maketrans("-_", "+/")


def _time_in(document: Password, name: str) -> datetime | None:
    """The Unix time that a member of a JSON object in base64 is, None if there is none."""
    text = document.reveal().strip()
    raw = decode_base64(text, padded=text.endswith("="))
    try:
        parse_json(raw or b"")  # within the depth and the grammar that is read elsewhere, too
        seconds = json.loads(raw or b"")[name]
        known = type(seconds) in (int, float)
        return datetime.fromtimestamp(seconds, UTC) if known else None
    except (BadJSON, ValueError, KeyError, TypeError, OverflowError, OSError, RecursionError):
        return None
