"""Asking a token server: what a request for a token has, and why there was none (rule 19)."""

from __future__ import annotations

import urllib.parse
from collections.abc import Sequence
from typing import Final

from pullsecrets.probe.answers import error_of
from pullsecrets.probe.login import Login
from pullsecrets.probe.outcomes import Outcome
from pullsecrets.probe.policy import Target
from pullsecrets.probe.trail import Stop, Trail
from pullsecrets.probe.transport import Answer

__all__ = ["BLANK", "token_query", "token_refused"]

BLANK: Final = "user or password is empty, and without a log-in the image is not given"
"""Why a log-in without a user or a password ends, as it is never sent."""


def token_query(service: str, scopes: Sequence[str]) -> str:
    """The query that asks for a token.

    Args:
        service: The challenge's service, empty where it names none.
        scopes: What the token is to be for.
    """
    pairs = [("service", service)] if service else []
    pairs += [("scope", scope) for scope in scopes]
    return urllib.parse.urlencode(pairs, quote_via=urllib.parse.quote, safe="/:,*")


def token_refused(answer: Answer, realm: Target, login: Login | None, trail: Trail) -> Stop:
    """Why a token server gave no token.

    Args:
        answer: What it answered.
        realm: Where it is.
        login: What it was sent, None for an anonymous attempt.
        trail: The attempt; it masks what is secret in the answer.
    """
    code, message = error_of(answer)
    said = trail.shown(" ".join(part for part in (code, message) if part))
    where = f"the token server {trail.shown(realm.origin.netloc)}"
    what = f"{where} answers {answer.status}{': ' if said else ''}{said}"
    refused = answer.status in (401, 403)
    if 300 <= answer.status < 400:
        return Stop(Outcome.REFUSED, f"{where} redirects, and credentials are not sent along")
    if login is None:
        return Stop(Outcome.NO_PERMISSION if refused else Outcome.PROTOCOL_ERROR, what)
    if not login.is_sent:
        if refused:
            return Stop(Outcome.BAD_CREDENTIAL, BLANK)
        return Stop(Outcome.PROTOCOL_ERROR, what)
    if answer.status == 401 and code != "DENIED":
        return Stop(Outcome.BAD_CREDENTIAL, what, login_refused=True)
    if code in ("UNAUTHORIZED", "invalid_grant") and answer.status in (400, 403):
        return Stop(Outcome.BAD_CREDENTIAL, what, login_refused=True)
    if refused:
        # GHCR says the same to a wrong token and to one without permission.
        detail = f"{what}; it may mean this image, or that the credential itself is wrong"
        return Stop(Outcome.NO_PERMISSION, detail)
    return Stop(Outcome.PROTOCOL_ERROR, what)
