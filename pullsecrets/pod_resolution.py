"""What is answered for a pod: whose list of secrets counts, and each of its images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import Any, Final

from attrs import frozen

from pullsecrets.flaws import inspect
from pullsecrets.node.relevance import EffectivePolicy
from pullsecrets.notes import Note
from pullsecrets.objects import Container, Pod
from pullsecrets.pull_policy import PullPolicy
from pullsecrets.resolution import Access, Resolution, attempt_cell
from pullsecrets.secrecy import printable
from pullsecrets.tables import Cell, Column, Row, Table, Tabular, Tone

__all__ = [
    "Admission",
    "ImageResolution",
    "Origin",
    "PodResolution",
    "images_table",
    "tried",
]


class Origin(StrEnum):
    """Whose list of secrets a pod has (rules 1 to 3)."""

    POD = "pod"
    """Its own."""
    SERVICE_ACCOUNT = "service-account"
    """Its service account's, as its own is empty."""
    STORED_POD = "stored-pod"
    """The one that a pod read from a cluster has: the outcome of its admission."""
    MIRROR_POD = "mirror-pod"
    """None, as it is the mirror of a static pod."""


_OWNERS: Final = {
    Origin.POD: "its own imagePullSecrets",
    Origin.SERVICE_ACCOUNT: "imagePullSecrets of service account {}",
    Origin.STORED_POD: "imagePullSecrets as stored in the cluster",
    Origin.MIRROR_POD: "a static pod: no imagePullSecrets",
}


@frozen
class Admission:
    """Which list of secrets a pod has, and whose it is (rules 1 to 3).

    Attributes:
        origin: Whose list it is.
        service_account: The service account's name, None for a static pod, which has none.
        pull_secrets: The names in the list that counts.
    """

    origin: Origin
    service_account: str | None
    pull_secrets: tuple[str, ...]

    def __str__(self) -> str:
        owner = _OWNERS[self.origin].format(self.service_account)
        if self.origin is Origin.MIRROR_POD:
            return owner
        names = ", ".join(name or "(nameless)" for name in self.pull_secrets) or "none"
        return printable(f"{owner}: {names}")


@frozen
class ImageResolution:
    """The answer for one image of a pod.

    Attributes:
        container: The container or the volume that needs it.
        resolution: Which credentials the kubelet tries for it.
        policy: When it pulls the image, so that the credentials count.
    """

    container: Container
    resolution: Resolution
    policy: EffectivePolicy


@frozen
class PodResolution(Tabular):
    """The answers for a pod.

    Attributes:
        pod: The pod, or the workload that makes pods.
        admission: Which list of secrets it has.
        notes: What was passed over on the way.
        images: The answer for each image, in the order of `Pod.images`.
    """

    pod: Pod
    admission: Admission
    notes: tuple[Note, ...]
    images: tuple[ImageResolution, ...]

    @property
    def failure(self) -> Note | None:
        """Why a lookup fails as a whole: the first failure of its images, or None."""
        failures = (each.resolution.failure for each in self.images)
        return next((failure for failure in failures if failure is not None), None)

    @property
    def worst(self) -> Access:
        """The worst that becomes of one of its images; the best, if it has none."""
        found = (each.resolution.access for each in self.images)
        return min(found, key=lambda access: access.rank, default=Access.CREDENTIAL)

    @property
    def when(self) -> tuple[str, ...]:
        """When its images are pulled, in a line; safe to show.

        None where that is the usual, when the node does not have them, or not the same for all.
        """
        policy = self._policy
        return () if policy is None or _is_usual(policy) else (str(policy),)

    @property
    def _policy(self) -> EffectivePolicy | None:
        """What all images have in common, if they do."""
        policies = {each.policy for each in self.images}
        return policies.pop() if len(policies) == 1 else None

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "namespace": self.pod.namespace,
            "name": self.pod.name,
            "kind": self.pod.kind,
            **self.pod.apart,
            "admission": {
                "origin": self.admission.origin,
                "service_account": self.admission.service_account,
                "pull_secrets": list(self.admission.pull_secrets),
            },
            "notes": [note.to_dict() for note in self.notes],
            "images": [
                {
                    "container": each.container.name,
                    "kind": each.container.kind,
                    **each.policy.to_dict(),
                    **each.resolution.to_dict(),
                }
                for each in self.images
            ],
        }

    def table(self, limit: int | None = None, *, at: datetime | None = None) -> Table:
        """One row for each attempt, under the image that it is for.

        Args:
            limit: How many rows are wanted at most, None for all of them.
            at: The moment for which it is said what has expired; None: that is not said.
        """
        differ = self._policy is None
        rows = tuple(row for each in self.images for row in _attempts(each, at, differ))
        columns = (
            Column("container", group=True),
            Column("image"),
            Column("pull_policy"),
            Column("relevance"),
            Column("attempt", "try"),
            Column("source", "source"),
            Column("entry", "entry", code=True),
            Column("username", "user"),
            Column("flaw", "" if any(row[-1] is not None for row in rows) else None),
        )
        return Table(
            columns,
            rows,
            title=self.pod.title,
            subtitle=Cell(None, (str(self.admission), *self.when), Tone.FAINT),
            notes=tuple(map(str, self.notes)),
        )


def _is_usual(policy: EffectivePolicy) -> bool:
    """Whether it goes without saying: an image that the node does not have is pulled."""
    return policy.policy == PullPolicy.IF_NOT_PRESENT and not policy.looks_up_when_present


def _attempts(answer: ImageResolution, at: datetime | None, differ: bool) -> Iterator[Row]:
    """A row for each pull that is tried, with the pull policy if those of the pod differ."""
    written = str(answer.container.image)
    resolution = answer.resolution
    title = f"{answer.container.title}: {written}"
    policy = answer.policy
    about = written, printable(policy.policy), policy.relevance
    when = str(policy) if differ else ""
    head = Cell(answer.container.name, title, below=when), *about
    if resolution.failure is not None:
        below = f"{resolution.failure} ({when})" if when else str(resolution.failure)
        failed = Cell(answer.container.name, title, Tone.ERROR, below)
        yield failed, *about, None, None, None, None, None
    elif resolution.anonymous:
        yield *head, "1", Cell(None, "anonymous"), Cell(None, "no entry matches"), None, None
    for unknown in resolution.unknown:
        certain = unknown in resolution.serving
        known = "has an entry, with what credential is not known"
        what = Cell(None, known if certain else "not known what it gives", Tone.WARNING)
        yield *head, "?", Cell(str(unknown), unknown.title), what, None, None
    for attempt, candidate in resolution.attempts:
        source = Cell(str(candidate.source), printable(candidate.source.name or "the node"))
        user = Cell(printable(candidate.credential.username), candidate.user)
        codes = ", ".join(flaw.code for flaw in inspect(candidate.credential).flaws_at(at))
        flaw = Cell(codes, f"! {codes}", Tone.WARNING) if codes else None
        yield *head, attempt_cell(attempt), source, str(candidate.entry), user, flaw


def images_table(
    answers: Iterable[tuple[str, PodResolution]], limit: int | None, *, total: int, subtitle: str
) -> Table:
    """One row for each image of many pods, with what is tried for it.

    In the order of the pods; if not all are wanted, those whose images are the worst off.

    Args:
        answers: What each pod is called, and its answer.
        limit: How many rows are wanted at most, None for all of them.
        total: How many images the pods have.
        subtitle: What stands below the table's title.
    """
    if limit is not None and limit < total:
        answers = sorted(answers, key=lambda titled: titled[1].worst.rank)
        subtitle += "; the worst come first"
    rows = (row for titled in answers for row in _image_rows(*titled))
    kept = tuple(islice(rows, limit))
    return Table(
        _COLUMNS, kept, title="Cluster", subtitle=Cell(subtitle), total=total, unit="images"
    )


_COLUMNS: Final = (
    Column("namespace"),
    Column("kind"),
    Column("pod"),
    Column("title", group=True),
    Column("container", "container"),
    Column("container_kind"),
    Column("image", "image", code=True),
    Column("registry"),
    Column("repository"),
    Column("list_of"),
    Column("pull_policy"),
    Column("relevance"),
    Column("candidates", "tried, in this order"),
    Column("anonymous"),
    Column("deterministic"),
    Column("failure"),
    Column("first_source"),
    Column("first_entry"),
    Column("first_username"),
    Column("notes"),
)


def _image_rows(title: str, answer: PodResolution) -> Iterator[Row]:
    pod = answer.pod
    for each in answer.images:
        resolution, image = each.resolution, each.resolution.image
        first = resolution.candidates[0] if resolution.candidates else None
        yield (
            printable(pod.namespace),
            printable(pod.kind),
            printable(pod.name),
            title,
            Cell(printable(each.container.name), each.container.title),
            each.container.kind,
            str(each.container.image),
            None if image is None else image.registry.name,
            None if image is None else image.name,
            answer.admission.origin,
            printable(each.policy.policy),
            each.policy.relevance,
            tried(resolution),
            resolution.anonymous,
            resolution.is_deterministic,
            None if resolution.failure is None else resolution.failure.code,
            None if first is None else str(first.source),
            None if first is None else str(first.entry),
            None if first is None else printable(first.credential.username),
            len(answer.notes),
        )


def tried(resolution: Resolution) -> Cell:
    """What is tried for an image, a line for each attempt; a record holds how many candidates."""
    count = len(resolution.candidates)
    if resolution.failure is not None:
        return Cell(count, str(resolution.failure), Tone.ERROR)
    if resolution.anonymous:
        return Cell(count, "anonymous", Tone.FAINT)
    hidden = "unless another entry matches: "
    known = tuple(
        f"{number}. {hidden if each in resolution.conditional else ''}{each}"
        for number, each in resolution.attempts
    )
    unknown = tuple(f"?. what {each.title} gives" for each in resolution.unknown)
    return Cell(count, known + unknown)
