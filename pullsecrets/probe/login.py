"""What an attempt logs in with, and whether a registry takes it."""

from __future__ import annotations

import base64
import json
import threading
import urllib.parse
from collections.abc import Callable
from typing import TypeVar

from attrs import frozen

from pullsecrets.probe.outcomes import Outcome
from pullsecrets.probe.trail import Stop, Trail
from pullsecrets.secrecy import Password, printable

__all__ = ["Gate", "Login"]

T = TypeVar("T")


@frozen
class Login:
    """What an attempt logs in with.

    Attributes:
        username: the user.
        password: the password.
        identity_token: an OAuth2 refresh token, used in their place at a token server.
    """

    username: str
    password: Password
    identity_token: Password | None = None

    @property
    def has_password(self) -> bool:
        """Whether there is a user and a password.

        A candidate without counts as one (rule 9), but containerd and containers/image then ask
        token servers anonymously, so that a public image can be pulled with it, and containerd
        sends nothing to a registry that wants Basic.
        """
        return bool(self.username and self.password)

    @property
    def is_sent(self) -> bool:
        """Whether a token server gets to see any of it."""
        return self.has_password or self.identity_token is not None

    @property
    def basic(self) -> Password:
        """The `Authorization` header: UTF-8, and base64, so that no character can leave it."""
        pair = f"{self.username}:{self.password.reveal()}"
        return Password("Basic " + base64.b64encode(_bytes(pair)).decode())

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be shown where a server repeats it, in all its spellings."""
        identity = () if self.identity_token is None else (self.identity_token.reveal(),)
        basic = self.basic.reveal().partition(" ")[2]
        secrets = (self.password.reveal(), basic, *identity)
        return tuple(spelling for secret in secrets if secret for spelling in spellings(secret))


def _bytes(text: str) -> bytes:
    """The bytes of a user or a password, as the kubelet sends them.

    A byte of the docker config that was no UTF-8 is a lone surrogate; here it is itself again.
    """
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # surrogates of the caller's own making
        return text.encode("utf-8", "surrogatepass")


def spellings(secret: str) -> tuple[str, ...]:
    """A secret as it is, as a URL or JSON has it, and as it would be shown."""
    quoted = urllib.parse.quote(_bytes(secret), safe="")
    return secret, quoted, json.dumps(secret)[1:-1], printable(secret)


class Gate:
    """Whether a registry takes one log-in.

    The first request that uses it goes alone. Where it is refused as such, that is remembered, and
    the log-in is not sent again: many a registry locks an account after a few wrong ones.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken = False
        self._refused: tuple[Stop, Trail] | None = None

    def use(self, trail: Trail, send: Callable[[Trail], T]) -> T:
        """Use the log-in.

        Args:
            trail: the attempt that uses it.
            send: uses it. It raises a `Stop` with `login_refused` where the log-in as such is
                refused, and another `Stop` where that is not known.

        Raises:
            Stop: the attempt is over.
        """
        if not self._taken:
            with self._lock:
                if self._refused is not None:
                    stop, first = self._refused
                    trail.take(first, shared=True)
                    raise stop.again()
                if not self._taken:
                    own = trail.branch()
                    try:
                        result = send(own)
                    except Stop as stop:
                        if stop.login_refused:
                            self._refused = stop, own
                        raise
                    finally:
                        trail.take(own, shared=False)
                    self._taken = True
                    return result
        try:
            return send(trail)
        except Stop as stop:
            if not stop.login_refused:
                raise
            detail = f"{stop.detail}, though it took this log-in before"
        raise Stop(Outcome.NO_PERMISSION, detail)
