"""Why a request got no answer, in words that hold nothing of the request."""

from __future__ import annotations

import http.client
import re
import ssl
from collections.abc import Iterator
from typing import Final

import urllib3.exceptions

from pullsecrets.probe.leash import Leash
from pullsecrets.probe.outcomes import Outcome
from pullsecrets.secrecy import printable

__all__ = ["Failed", "reason_of", "why_failed"]


class Failed(Exception):
    """No answer. The message is safe to show: it holds nothing of the request.

    Attributes:
        outcome: ``unreachable``, ``tls-error`` or ``protocol-error``.
        garbled: whether something answered, but not in HTTP: over plain http this may be https.
        cut: whether the connection was cut: another try may help.
        late: whether the time limit was reached.
        ms: milliseconds until it failed.
    """

    def __init__(
        self,
        outcome: Outcome,
        message: str,
        *,
        garbled: bool = False,
        cut: bool = False,
        late: bool = False,
    ) -> None:
        super().__init__(message)
        self.outcome = outcome
        self.garbled = garbled
        self.cut = cut
        self.late = late
        self.ms: float = 0.0


_TUNNEL: Final = re.compile(r"Tunnel connection failed: ([0-9]{3})(?![0-9])")


def why_failed(error: BaseException, leash: Leash) -> Failed:
    """What an exception means, in words that hold nothing of the request."""
    if leash.too_big:
        return Failed(Outcome.PROTOCOL_ERROR, leash.reason)
    chain = list(_chain(error))
    # Before there is a connection to the proxy, or a tunnel through it, the registry has no part.
    at_proxy = any(isinstance(link, urllib3.exceptions.ProxyError) for link in chain)
    if leash.reason:
        where = "the proxy: " if at_proxy and not leash.late else ""
        return Failed(Outcome.UNREACHABLE, f"{where}{leash.reason}", late=leash.late)
    for link in chain:
        if isinstance(link, ssl.SSLError):
            outcome = Outcome.UNREACHABLE if at_proxy else Outcome.TLS_ERROR
            where = "the proxy: " if at_proxy else ""
            return Failed(outcome, f"{where}TLS: {reason_of(link)}")
        if isinstance(link, TimeoutError):
            return Failed(Outcome.UNREACHABLE, "the time limit was reached", late=True)
        if isinstance(link, OSError) and (refusal := _TUNNEL.match(str(link))):
            return Failed(Outcome.UNREACHABLE, f"the proxy opens no tunnel ({refusal[1]})")
    for link in chain:
        cut = isinstance(link, (ConnectionError, http.client.IncompleteRead))
        if cut or isinstance(link, http.client.RemoteDisconnected):
            return Failed(Outcome.UNREACHABLE, "the connection was cut", garbled=True, cut=True)
    known = (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError, ValueError)
    if isinstance(error, known):
        return Failed(Outcome.PROTOCOL_ERROR, "the answer is not HTTP", garbled=True)
    return Failed(Outcome.PROBE_ERROR, f"an error of the probe's own: {type(error).__name__}")


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The exception and all that it came from: causes, contexts, and what urllib3 wraps."""
    queue: list[object] = [error]
    seen: set[int] = set()
    while queue:
        link = queue.pop(0)
        if isinstance(link, BaseException) and id(link) not in seen:
            seen.add(id(link))
            yield link
            queue += [link.__cause__, link.__context__, getattr(link, "reason", None), *link.args]


def reason_of(error: BaseException) -> str:
    """What the system or OpenSSL says; neither knows the request."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return printable(error.verify_message or "the certificate is not valid")
    if isinstance(error, ssl.SSLError):
        return printable((error.reason or "handshake failed").replace("_", " ").lower())
    if isinstance(error, TimeoutError):
        return "the time limit was reached"
    if isinstance(error, OSError) and error.strerror:
        return printable(error.strerror)
    return "not a host name" if isinstance(error, UnicodeError) else "it failed"
