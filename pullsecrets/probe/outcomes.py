"""How an attempt ended, and what was asked for it.

No value here holds or shows a credential: an attempt names the candidate by its source and entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from attrs import field, frozen

from pullsecrets.resolution import Candidate

__all__ = ["Attempt", "Outcome", "Request"]


class Outcome(StrEnum):
    """How an attempt ended; the value is its fixed name in JSON."""

    PULLABLE = "pullable"
    """The registry gives the manifest."""
    BAD_CREDENTIAL = "bad-credential"
    """It does not know this user with this password."""
    NO_PERMISSION = "no-permission"
    """It knows who asks, and does not allow this pull."""
    NOT_FOUND = "not-found"
    """It would allow the pull, but there is no such image."""
    WRONG_PLATFORM = "wrong-platform"
    """It gives the image, but there is none for the platform that was asked about."""
    LEGACY_MANIFEST = "legacy-manifest"
    """It gives a manifest of schema 1 only, which no current container runtime pulls."""
    HIDDEN = "hidden"
    """It says "not found", and does not tell whether the image or the permission is missing."""
    RATE_LIMITED = "rate-limited"
    """Too many requests: it did not look at this one."""
    UNREACHABLE = "unreachable"
    """No answer, or one of a server that is out of order (5xx)."""
    TLS_ERROR = "tls-error"
    """No trusted https connection."""
    PROTOCOL_ERROR = "protocol-error"
    """An answer that is none of a registry."""
    REFUSED = "refused"
    """Not asked: the credential would have gone where it must not go."""
    PROBE_ERROR = "probe-error"
    """The probe itself failed; this is a fault in pullsecrets, to be reported there."""

    @property
    def is_final(self) -> bool:
        """Whether the registry said yes or no; if not, asking again may give something else."""
        return self in _FINAL


_FINAL: Final = frozenset(
    {
        Outcome.PULLABLE,
        Outcome.BAD_CREDENTIAL,
        Outcome.NO_PERMISSION,
        Outcome.NOT_FOUND,
        Outcome.WRONG_PLATFORM,
        Outcome.LEGACY_MANIFEST,
        Outcome.HIDDEN,
    }
)


@frozen
class Request:
    """One request to a registry or its token server.

    Attributes:
        method: ``GET``, ``HEAD`` or ``POST``.
        url: where it went. Of the query only `service` and `scope` are kept, of a redirect's target
            nothing: a signed address is a credential, too.
        status: the answer's; None where none came.
        ms: milliseconds until the answer was read.
        shared: whether another attempt made it, and this one used the answer.
    """

    method: str
    url: str
    status: int | None
    ms: float
    shared: bool = False

    def to_dict(self) -> dict[str, Any]:
        """The request as JSON has it."""
        document = {"method": self.method, "url": self.url, "status": self.status, "ms": self.ms}
        return {**document, "shared": True} if self.shared else document


@frozen
class Attempt:
    """One try to get an image, with one candidate or anonymously.

    Attributes:
        candidate: what was tried; None for an anonymous attempt.
        outcome: how it ended.
        detail: the same in a sentence, safe to show.
        requests: what was asked, in order.
        wait: seconds that the registry asks to wait (`Retry-After`), None where it does not.
        rate_limit: the `ratelimit-*` headers of the last answer that had any.
        tried_by_kubelet: whether the kubelet would make it, too. It would not try anonymously where
            there are candidates (rule 16).
    """

    candidate: Candidate | None
    outcome: Outcome
    detail: str = ""
    requests: tuple[Request, ...] = ()
    wait: float | None = None
    rate_limit: Mapping[str, str] = field(factory=dict, hash=False)
    tried_by_kubelet: bool = True

    def to_dict(self) -> dict[str, Any]:
        """The attempt as JSON has it."""
        candidate = self.candidate
        return {
            "source": None if candidate is None else candidate.source.to_dict(),
            "entry": None if candidate is None else str(candidate.entry),
            "outcome": self.outcome.value,
            "detail": self.detail,
            "wait": self.wait,
            "rate_limit": dict(self.rate_limit),
            "tried_by_kubelet": self.tried_by_kubelet,
            "requests": [request.to_dict() for request in self.requests],
        }
