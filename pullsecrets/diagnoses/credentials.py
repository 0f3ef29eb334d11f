"""What an entry logs in with, as far as it can be seen without trying it: PS401 to PS407."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from pullsecrets._go.base64 import decode_base64
from pullsecrets._go.json import BadJSON, parse_json
from pullsecrets.diagnoses.findings import Finding, finding, quoted, title_of_entry
from pullsecrets.diagnoses.model import Severity
from pullsecrets.keyring import KeyringEntry

__all__ = ["diagnose_credential"]

_NULL_GUID: Final = "00000000-0000-0000-0000-000000000000"
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


def diagnose_credential(entry: KeyringEntry, *, token: bool) -> Iterator[Finding]:
    """What is wrong with an entry's credential. Only the user name is ever shown.

    Args:
        entry: The entry.
        token: Whether it has an identity token, which the kubelet ignores.
    """
    shown = title_of_entry(entry)
    username, password = entry.credential.username, entry.credential.password.reveal()
    if not password and (token or username == _NULL_GUID):
        what = "an identity token" if token else "the null GUID"
        message = f"{shown} has {what} and an empty password: the kubelet sends that empty password"
        yield finding("PS404", message)
        return
    if not password and not username:
        yield finding("PS403", f"{shown} is empty, and still counts as a match")
        return
    values = (("user name", username), ("password", password))
    placeholders = [name for name, value in values if _is_placeholder(value)]
    if placeholders:
        are = "is a placeholder" if len(placeholders) == 1 else "are placeholders"
        yield finding("PS406", f"the {' and the '.join(placeholders)} in {shown} {are}")
        return
    if not password or not username:
        missing = "password" if not password else "user name"
        yield finding("PS402", f"the {missing} in {shown} is empty")
    for name, value in values:
        space = _space_around(value)
        if space:
            yield finding("PS401", f"the {name} in {shown} {space}")
    lifetime = _lifetime(username, password)
    if lifetime:
        yield finding("PS405", f"the password in {shown} is {lifetime}")
    harbor = "harbor" in entry.entry.reveal().lower()
    if _LOST_ROBOT.fullmatch(username) and (harbor or username != "robot"):
        message = (
            f"the user name in {shown} is {quoted(username)}: the name of a Harbor robot account "
            "begins with 'robot$'"
        )
        yield finding("PS407", message, severity=None if harbor else Severity.NOTE)


def _space_around(text: str) -> str:
    if text.endswith(("\n", "\r")):
        return "ends in a line break"
    if text != text.strip():
        return "ends in white space" if text == text.lstrip() else "begins with white space"
    return ""


# "robot" is what double quotes leave of "robot$name", "robot+name" of "robot$project+name".
_LOST_ROBOT: Final = re.compile(r"robot(?:\+.*|\\+\$.*)?", re.DOTALL)

_LIVES: Final = {
    "oauth2accesstoken": "an access token of Google Cloud, which lives for one hour",
    "_dcgcloud_token": "an access token of Google Cloud, which lives for one hour",
    "gitlab-ci-token": "the token of a GitLab job, which ends with the job",
    _NULL_GUID: "a token of Azure's registry, which lives for three hours",
}


def _lifetime(username: str, password: str) -> str:
    """What short-lived token it is, or nothing."""
    if not password:
        return ""
    if username == "AWS":
        expires = _ecr_expiration(password)
        return "a token of Amazon's registry, which lives for 12 hours" + (
            f": until {expires}" if expires else ""
        )
    if password.startswith("ghs_"):
        return "the token of a GitHub workflow, which ends with the job"
    return _LIVES.get(username, "")


def _ecr_expiration(password: str) -> str:
    """When an ECR token says that it ends: it is base64 of JSON with a Unix time."""
    raw = decode_base64(password, padded=password.endswith("="))
    try:
        parse_json(raw or b"")  # within the depth and the grammar that is read elsewhere, too
        expires = json.loads(raw or b"")["expiration"]
        return f"{datetime.fromtimestamp(expires, UTC):%Y-%m-%d %H:%M} UTC"
    except (BadJSON, ValueError, KeyError, TypeError, OverflowError, OSError, RecursionError):
        return ""
