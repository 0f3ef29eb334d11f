"""What a probe finds: plain values, from one request up to a whole cluster.

No value here holds or shows a credential: an attempt names the candidate by its source and entry.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Final

from attrs import field, frozen

from pullsecrets.keyring import Candidate
from pullsecrets.secrecy import printable, redact_entry

__all__ = ["Attempt", "ClusterProbe", "Finding", "ImageProbe", "Outcome", "PodProbe", "Request"]


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

# Where every attempt failed, the one that came nearest says most about the image.
_NEAREST: Final = (
    Outcome.PULLABLE,
    Outcome.RATE_LIMITED,
    Outcome.UNREACHABLE,
    Outcome.TLS_ERROR,
    Outcome.PROTOCOL_ERROR,
    Outcome.REFUSED,
    Outcome.PROBE_ERROR,
    Outcome.WRONG_PLATFORM,
    Outcome.LEGACY_MANIFEST,
    Outcome.NOT_FOUND,
    Outcome.HIDDEN,
    Outcome.NO_PERMISSION,
    Outcome.BAD_CREDENTIAL,
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
        source = candidate and {
            "kind": candidate.source.kind,
            "namespace": candidate.source.namespace,
            "name": candidate.source.name,
        }
        return {
            "source": source,
            "entry": None if candidate is None else redact_entry(candidate.entry),
            "outcome": self.outcome.value,
            "detail": self.detail,
            "wait": self.wait,
            "rate_limit": dict(self.rate_limit),
            "tried_by_kubelet": self.tried_by_kubelet,
            "requests": [request.to_dict() for request in self.requests],
        }


@frozen
class Finding:
    """Something that the order of the attempts hides.

    Attributes:
        kind: ``slow-start``, ``anonymous-would-work`` or ``tried-twice``.
        message: what it means, in a sentence.
    """

    kind: str
    message: str

    def to_dict(self) -> dict[str, Any]:
        """The finding as JSON has it."""
        return {"kind": self.kind, "message": self.message}


@frozen
class ImageProbe:
    """One image of a pod.

    Attributes:
        container: the container's name, empty where no pod was asked about.
        kind: ``container``, ``init``, ``ephemeral`` or ``volume``.
        image: the image as the pod names it.
        attempts: in the order in which they were made.
        failure: why nothing could be tried at all: no image reference, a secret that does not
            decode (rule 8). None otherwise.
    """

    container: str
    kind: str
    image: str
    attempts: tuple[Attempt, ...] = ()
    failure: str | None = None

    @property
    def outcome(self) -> Outcome | None:
        """The kubelet's outcome; None where nothing can be tried.

        Where no attempt succeeds, the one that leaves the question open; else the one that came
        nearest to success.
        """
        outcomes = {attempt.outcome for attempt in self.attempts if attempt.tried_by_kubelet}
        return next((outcome for outcome in _NEAREST if outcome in outcomes), None)

    @property
    def starts(self) -> bool | None:
        """Whether a container with this image starts; None where the registry could not be asked.

        One success is enough (rule 16), whatever came before it.
        """
        if self.outcome is None:
            return False
        return self.outcome is Outcome.PULLABLE if self.outcome.is_final else None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the order of the attempts hides."""
        return tuple(_findings(self.attempts))

    def to_dict(self) -> dict[str, Any]:
        """The image as JSON has it."""
        return {
            "container": self.container,
            "kind": self.kind,
            "image": printable(self.image),
            "outcome": self.outcome and self.outcome.value,
            "starts": self.starts,
            "failure": self.failure,
            "findings": [finding.to_dict() for finding in self.findings],
            "attempts": [attempt.to_dict() for attempt in self.attempts],
        }


def _findings(attempts: tuple[Attempt, ...]) -> Iterator[Finding]:
    tried = [attempt for attempt in attempts if attempt.candidate is not None]
    outcomes = [attempt.outcome for attempt in tried]
    good = outcomes.index(Outcome.PULLABLE) if Outcome.PULLABLE in outcomes else None
    if good:
        failing = "The first candidate fails" if good == 1 else f"The first {good} candidates fail"
        message = f"{failing} before one works: every pull starts slower"
        if Outcome.BAD_CREDENTIAL in outcomes[:good]:
            message += ", and failed log-ins can lock an account"
        yield Finding("slow-start", f"{message}.")
    if tried and good is None:
        anonymous = [a for a in attempts if a.candidate is None]
        if any(attempt.outcome is Outcome.PULLABLE for attempt in anonymous):
            yield Finding(
                "anonymous-would-work",
                "The image is public, but no candidate works, and with candidates the kubelet "
                "never pulls anonymously (rule 16): fix or remove them.",
            )
    first: dict[object, int] = {}
    candidates = [a.candidate for a in attempts if a.candidate is not None]
    for number, candidate in enumerate(candidates, start=1):
        credential = candidate.credential
        same = first.setdefault((credential.username, credential.password), number)
        if same != number:
            yield Finding(
                "tried-twice",
                f"Candidates {same} and {number} are the same user and password: where the first "
                "of them fails, the other fails again.",
            )


@frozen
class PodProbe:
    """One pod, or one workload's pod template.

    Attributes:
        namespace: its namespace.
        name: its name.
        kind: ``Pod``, ``Deployment`` and so on.
        images: of all its containers, in the pod's order.
    """

    namespace: str
    name: str
    kind: str
    images: tuple[ImageProbe, ...]

    @property
    def starts(self) -> bool | None:
        """Whether all its images can be pulled; None where a registry could not be asked.

        An ephemeral container is added to a pod that runs already, and does not count.
        """
        verdicts = {image.starts for image in self.images if image.kind != "ephemeral"}
        return _all(verdicts)

    def to_dict(self) -> dict[str, Any]:
        """The pod as JSON has it."""
        return {
            "namespace": self.namespace,
            "name": self.name,
            "kind": self.kind,
            "starts": self.starts,
            "images": [image.to_dict() for image in self.images],
        }


@frozen
class ClusterProbe:
    """All pods that were asked about.

    Attributes:
        pods: in the cluster's order.
        complete: whether the probe came to its end; if not, what was not asked is ``unreachable``.
    """

    pods: tuple[PodProbe, ...]
    complete: bool = True

    def __iter__(self) -> Iterator[PodProbe]:
        return iter(self.pods)

    @property
    def starts(self) -> bool | None:
        """Whether all pods start; None where a registry could not be asked."""
        return _all({pod.starts for pod in self.pods})

    def to_dict(self) -> dict[str, Any]:
        """The document that `pullsecrets probe --format json` prints."""
        return {"version": 1, "pods": [pod.to_dict() for pod in self.pods]}


def _all(verdicts: set[bool | None]) -> bool | None:
    """False where one is False, else None where one is None."""
    return False if False in verdicts else None if None in verdicts else True
