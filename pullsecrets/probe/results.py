"""What a probe finds: values for an image, a pod, a cluster, which show themselves as tables."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Final

from attrs import field, frozen

from pullsecrets.notes import Note
from pullsecrets.objects import ContainerKind
from pullsecrets.probe.outcomes import Attempt, Outcome
from pullsecrets.resolution import Source
from pullsecrets.secrecy import ImageText, image_text, printable
from pullsecrets.tables import Cell, Column, Row, Table, Tabular, Tone

__all__ = ["ClusterProbe", "Finding", "FindingKind", "ImageProbe", "PodProbe"]

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

_HINT: Final = "If the image is public, a stale credential hides it: --exhaustive tells."


class FindingKind(StrEnum):
    """What the order of the attempts hides."""

    SLOW_START = "slow-start"
    """Candidates fail before one works."""
    ANONYMOUS_WOULD_WORK = "anonymous-would-work"
    """The image is public, and no candidate works (rule 16)."""
    TRIED_TWICE = "tried-twice"
    """Two candidates are the same user and password."""


@frozen
class Finding:
    """Something that the order of the attempts hides.

    Attributes:
        kind: What it is.
        message: What it means, in a sentence.
    """

    kind: FindingKind
    message: str

    def to_dict(self) -> dict[str, Any]:
        """The finding as JSON has it."""
        return {"kind": self.kind, "message": self.message}


@frozen
class ImageProbe(Tabular):
    """One image of a pod.

    Attributes:
        container: The container's name, empty where no pod was asked about.
        kind: What it is.
        image: The image as the pod names it. Given as a string it becomes an `ImageText`.
        attempts: In the order in which they were made.
        failure: Why nothing could be tried at all: no image reference, a secret that does not
            decode (rule 8). None otherwise.
        unknown: What may give the kubelet further credentials that are not known here: credential
            providers of the node whose answer was not given, and secrets that other programs make.
    """

    container: str
    kind: ContainerKind = field(converter=ContainerKind)
    image: ImageText = field(converter=image_text)
    attempts: tuple[Attempt, ...] = ()
    failure: Note | None = None
    unknown: tuple[Source, ...] = ()

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
        """Whether a container with this image starts; None where that is not known.

        One success is enough (rule 16), whatever came before it. It is not known where a registry
        could not be asked, or where something unknown may give a further credential.
        """
        if self.failure is not None:
            return False
        if self.outcome is Outcome.PULLABLE:
            return True
        open_question = self.outcome is not None and not self.outcome.is_final
        return None if open_question or self.unknown else False

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the order of the attempts hides."""
        return tuple(_findings(self.attempts))

    def to_dict(self) -> dict[str, Any]:
        """The image as JSON has it."""
        return {
            "container": self.container,
            "kind": self.kind,
            "image": str(self.image),
            "outcome": self.outcome,
            "starts": self.starts,
            "failure": None if self.failure is None else self.failure.to_dict(),
            "unknown": [source.to_dict() for source in self.unknown],
            "findings": [finding.to_dict() for finding in self.findings],
            "attempts": [attempt.to_dict() for attempt in self.attempts],
        }

    def table(self, limit: int | None = None) -> Table:
        """One row for each attempt."""
        return Table(_COLUMNS[1:], tuple(row[1:] for row in self._rows()))

    def _rows(self) -> Iterator[Row]:
        kind = "" if self.kind is ContainerKind.CONTAINER else f" ({self.kind})"
        title = f"{printable(self.container)}{kind}: {self.image}".removeprefix(": ")
        said = [f"! {finding.message}" for finding in self.findings]
        if self.outcome is Outcome.BAD_CREDENTIAL and all(
            attempt.tried_by_kubelet for attempt in self.attempts
        ):
            said.append(_HINT)
        head = Cell(self.container, title, below=" ".join(said)), str(self.image)
        if self.failure is not None:
            yield *head, None, Cell(None, str(self.failure), Tone.ERROR), None, None, None
        for number, attempt in enumerate(self.attempts, start=1):
            yield *head, *_attempt_cells(number, attempt)
        for source in self.unknown:
            what = Cell(None, "not known what it gives", Tone.WARNING)
            yield *head, "?", Cell(str(source), source.title), what, None, None


_COLUMNS: Final = (
    Column("container", group=True),
    Column("image"),
    Column("attempt", "try"),
    Column("source", "source"),
    Column("entry", "entry", code=True),
    Column("outcome", "outcome"),
    Column("detail", "detail"),
)
_TONES: Final = {True: Tone.GOOD, False: Tone.ERROR, None: Tone.WARNING}
_VERDICTS: Final = {
    True: "starts",
    False: "does not start",
    None: "not known whether it starts",
}


def _attempt_cells(number: int, attempt: Attempt) -> Row:
    candidate = attempt.candidate
    tone = _TONES[attempt.outcome is Outcome.PULLABLE if attempt.outcome.is_final else None]
    if candidate is None:
        source = Cell(None, "anonymous")
        entry = None if attempt.tried_by_kubelet else Cell(None, "not tried by the kubelet")
    else:
        name = printable(candidate.source.name or "the node")
        source, entry = Cell(str(candidate.source), name), Cell(str(candidate.entry))
    detail = attempt.detail
    if attempt.wait is not None:
        detail += f", wait {attempt.wait:g} s"
    if attempt.rate_limit:
        detail += f" [{', '.join(f'{k}: {v}' for k, v in attempt.rate_limit.items())}]"
    return (
        Cell(number, f"{number}" if attempt.tried_by_kubelet else "-"),
        source,
        entry,
        Cell(attempt.outcome.value, tone=tone),
        Cell(attempt.detail, detail, Tone.FAINT),
    )


def _findings(attempts: tuple[Attempt, ...]) -> Iterator[Finding]:
    tried = [attempt for attempt in attempts if attempt.candidate is not None]
    outcomes = [attempt.outcome for attempt in tried]
    good = outcomes.index(Outcome.PULLABLE) if Outcome.PULLABLE in outcomes else None
    if good:
        failing = "The first candidate fails" if good == 1 else f"The first {good} candidates fail"
        message = f"{failing} before one works: every pull starts slower"
        if Outcome.BAD_CREDENTIAL in outcomes[:good]:
            message += ", and failed log-ins can lock an account"
        yield Finding(FindingKind.SLOW_START, f"{message}.")
    if tried and good is None:
        anonymous = [a for a in attempts if a.candidate is None]
        if any(attempt.outcome is Outcome.PULLABLE for attempt in anonymous):
            yield Finding(
                FindingKind.ANONYMOUS_WOULD_WORK,
                "The image is public, but no candidate works, and with candidates the kubelet "
                "never pulls anonymously (rule 16): fix or remove them.",
            )
    first: dict[object, int] = {}
    candidates = [a.candidate for a in attempts if a.candidate is not None]
    for number, candidate in enumerate(candidates, start=1):
        credential = candidate.credential
        same = first.setdefault(credential.login, number)
        if same != number:
            yield Finding(
                FindingKind.TRIED_TWICE,
                f"Candidates {same} and {number} are the same user and password: where the first "
                "of them fails, the other fails again.",
            )


@frozen
class PodProbe(Tabular):
    """One pod, or one workload's pod template.

    Attributes:
        namespace: Its namespace.
        name: Its name.
        kind: ``Pod``, ``Deployment`` and so on.
        images: Of all its containers, in the pod's order.
        environment: Its environment, where there are several.
        file: Its file, where several files define one of its kind and name.
    """

    namespace: str
    name: str
    kind: str
    images: tuple[ImageProbe, ...]
    environment: str | None = None
    file: str | None = None

    @property
    def title(self) -> str:
        """Its kind, namespace and name, where it is if these are not enough, and the verdict."""
        environment = "" if self.environment is None else f"{self.environment}: "
        file = "" if self.file is None else f" in {self.file}"
        name = f"{self.kind} {self.namespace}/{self.name}"
        return f"{environment}{name}{file}: {_VERDICTS[self.starts]}"

    @property
    def starts(self) -> bool | None:
        """Whether all its images can be pulled; None where that is not known.

        An ephemeral container is added to a pod that runs already, and does not count.
        """
        return _all({one.starts for one in self.images if one.kind is not ContainerKind.EPHEMERAL})

    def to_dict(self) -> dict[str, Any]:
        """The pod as JSON has it."""
        return {
            "namespace": self.namespace,
            "name": self.name,
            "kind": self.kind,
            **({} if self.environment is None else {"environment": self.environment}),
            **({} if self.file is None else {"file": self.file}),
            "starts": self.starts,
            "images": [image.to_dict() for image in self.images],
        }

    def table(self, limit: int | None = None) -> Table:
        """One row for each attempt, under the image that it is for."""
        return Table(
            _COLUMNS,
            tuple(row for image in self.images for row in image._rows()),
            title=self.title,
        )


@frozen
class ClusterProbe(Tabular):
    """All pods that were asked about.

    Attributes:
        pods: In the cluster's order.
        complete: Whether the probe came to its end; if not, what was not asked is ``unreachable``.
    """

    pods: tuple[PodProbe, ...]
    complete: bool = True

    def __iter__(self) -> Iterator[PodProbe]:
        return iter(self.pods)

    @property
    def starts(self) -> bool | None:
        """Whether all pods start; None where that is not known."""
        return _all({pod.starts for pod in self.pods})

    def to_dict(self) -> dict[str, Any]:
        """The cluster as JSON has it."""
        return {"complete": self.complete, "pods": [pod.to_dict() for pod in self.pods]}

    def table(self, limit: int | None = None) -> Table:
        """One row for each attempt, under the pod and the image that it is for."""
        rows = (
            (
                Cell(pod.name, pod.title),
                *row,
            )
            for pod in self.pods
            for image in pod.images
            for row in image._rows()
        )
        return Table((Column("pod", group=True), *_COLUMNS), tuple(rows))


def _all(verdicts: set[bool | None]) -> bool | None:
    """False where one is False, else None where one is None."""
    return False if False in verdicts else None if None in verdicts else True
