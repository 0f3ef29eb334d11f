"""What an entry logs in with, as far as it can be seen without trying it: PS401 to PS409."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from pullsecrets.diagnoses.model import Severity
from pullsecrets.diagnoses.unplaced import Unplaced, quoted, title_of_entry, unplaced
from pullsecrets.flaws import NULL_GUID, inspect, span
from pullsecrets.keyring import KeyringEntry

__all__ = ["diagnose_credential"]


def diagnose_credential(
    entry: KeyringEntry, at: datetime | None = None, within: timedelta = timedelta()
) -> Iterator[Unplaced]:
    """What is wrong with an entry's credential. Only the user name is ever shown.

    Args:
        entry: The entry.
        at: The moment for which it is said what has expired; None: that is not said.
        within: How long before its end a token is reported.
    """
    shown = title_of_entry(entry)
    inspected = inspect(entry.credential)
    flaws, expires = inspected.flaws_at(at), inspected.expires
    for flaw in flaws:
        subject = f"{flaw.subject} in {shown}" if flaw.subject else shown
        until = f", at {_written(expires)}" if flaw.code == "PS408" and expires else ""
        yield unplaced(flaw.code, f"{subject} {flaw.what}{until}")
    if any(flaw.code in _NOTHING_TO_SEE for flaw in flaws):
        return
    username = entry.credential.username
    left = None if at is None or expires is None else expires - at
    kind = _short_lived(username, entry.credential.password.reveal())
    if kind:
        until = "" if expires is None else f": until {_written(expires)}"
        if left is not None:
            until += f", which is in {span(left)}"
        yield unplaced("PS405", f"the password in {shown} is {kind}{until}")
    elif left is not None and left <= within:
        yield unplaced(
            "PS409", f"the password in {shown} expires in {span(left)}, at {_written(expires)}"
        )
    harbor = "harbor" in entry.entry.reveal().lower()
    if _LOST_ROBOT.fullmatch(username) and (harbor or username != "robot"):
        message = (
            f"the user name in {shown} is {quoted(username)}: the name of a Harbor robot account "
            "begins with 'robot$'"
        )
        yield unplaced("PS407", message, severity=None if harbor else Severity.NOTE)


# After these there is no log-in whose user name or end means anything.
_NOTHING_TO_SEE: Final = frozenset({"PS403", "PS404", "PS406", "PS408"})


def _written(time: datetime | None) -> str:
    return "" if time is None else f"{time:%Y-%m-%d %H:%M} UTC"


# "robot" is what double quotes leave of "robot$name", "robot+name" of "robot$project+name".
_LOST_ROBOT: Final = re.compile(r"robot(?:\+.*|\\+\$.*)?", re.DOTALL)

_LIVES: Final = {
    "AWS": "a token of Amazon's registry, which lives for 12 hours",
    "oauth2accesstoken": "an access token of Google Cloud, which lives for one hour",
    "_dcgcloud_token": "an access token of Google Cloud, which lives for one hour",
    "gitlab-ci-token": "the token of a GitLab job, which ends with the job",
    NULL_GUID: "a token of Azure's registry, which lives for three hours",
}


def _short_lived(username: str, password: str) -> str:
    """What short-lived token it is, or nothing."""
    if not password:
        return ""
    if password.startswith("ghs_"):
        return "the token of a GitHub workflow, which ends with the job"
    return _LIVES.get(username, "")
