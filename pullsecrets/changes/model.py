"""A change of an answer, and its causes, as values."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Final, cast

from attrs import frozen

from pullsecrets.node.relevance import EffectivePolicy
from pullsecrets.node.versions import FACTS, Release
from pullsecrets.objects import Container, Pod
from pullsecrets.pod_resolution import tried
from pullsecrets.present import PullDecision, PullOutcome
from pullsecrets.resolution import Resolution
from pullsecrets.secrecy import printable
from pullsecrets.tables import Cell, Column, Table, Tone

__all__ = ["Action", "Answer", "Cause", "CauseKind", "Change", "changes_table"]


class Action(StrEnum):
    """What became of something."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class CauseKind(StrEnum):
    """What an answer depends on."""

    POD = "pod"
    """The pod or workload: whether it is there, was read from a cluster, or is a static pod's."""
    CONTAINER = "container"
    """Whether the container is in the pod."""
    IMAGE = "image"
    """What the container has for an image."""
    PULL_SECRETS = "pull-secrets"
    """The list of secrets in the pod itself."""
    ACCOUNT_NAME = "service-account-name"
    """Which service account the pod names."""
    SERVICE_ACCOUNT = "service-account"
    """The service account."""
    SECRET = "secret"
    """A secret."""
    RBAC = "rbac"
    """The rules of RBAC that let nodes have tokens of service accounts."""
    NODE_CONFIG = "node-config"
    """The node's own docker config."""
    PROVIDERS = "providers"
    """The node's credential providers, their answers, or the node's release."""
    ROW = "row"
    """A row of the table of versions (`pullsecrets.node.versions.FACTS`)."""


_SUBJECTS: Final = {
    CauseKind.POD: "the pod or workload",
    CauseKind.CONTAINER: "the container",
    CauseKind.IMAGE: "the image",
    CauseKind.PULL_SECRETS: "its own imagePullSecrets",
    CauseKind.ACCOUNT_NAME: "the name of its service account",
    CauseKind.SERVICE_ACCOUNT: "service account {namespace}/{name}",
    CauseKind.SECRET: "secret {namespace}/{name}",
    CauseKind.RBAC: "what RBAC lets nodes have tokens for",
    CauseKind.NODE_CONFIG: "the node's docker config",
    CauseKind.PROVIDERS: "the node's credential providers or its release",
    CauseKind.ROW: "{name} in Kubernetes {after}",
}


@frozen
class Cause:
    """Something that changed, and an answer with it.

    Attributes:
        kind: What it is.
        action: What became of it.
        namespace: The namespace of the secret or service account, None for all others.
        name: The name of the secret, the service account or the row; None for all others.
        before: What was there, for an image, a list or a name; for a row, the last release with
            the old value; otherwise empty. Safe to show.
        after: What is there now; for a row, the first release with the new value.
    """

    kind: CauseKind
    action: Action
    namespace: str | None = None
    name: str | None = None
    before: str = ""
    after: str = ""

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "kind": self.kind,
            "action": self.action,
            "namespace": self.namespace,
            "name": self.name,
            "before": self.before,
            "after": self.after,
            "message": str(self),
        }

    def __str__(self) -> str:
        named = {"namespace": self.namespace, "name": self.name, "after": self.after}
        subject = _SUBJECTS[self.kind].format(**named)
        if self.kind is CauseKind.ROW:
            fact = FACTS[self.name or ""]
            was, now = (fact.at(Release.parse(each)) for each in (self.before, self.after))
            return f"{subject}: {was} -> {now}. {fact.sentence}"
        verb = "changed" if self.action is Action.CHANGED else f"was {self.action}"
        values = f" from {self.before} to {self.after}" if self.before or self.after else ""
        return printable(f"{subject} {verb}{values}")


@frozen
class Answer:
    """What a kubelet does for an image of a pod.

    Attributes:
        pod: The pod or workload.
        container: The container, or the image volume.
        resolution: Which credentials it tries.
        policy: When it pulls the image, so that the credentials count.
        decision: What happens when the container starts on a node, None if nobody asked.
    """

    pod: Pod
    container: Container
    resolution: Resolution
    policy: EffectivePolicy
    decision: PullDecision | None = None

    @property
    def asked(self) -> tuple[str, ...]:
        """The names of the credential providers that it asks, in order."""
        return tuple(each.provider.name for each in self.resolution.asked)

    @property
    def lines(self) -> tuple[str, ...]:
        """What people read. Safe to show."""
        asked = f"asks {', '.join(self.asked)}" if self.asked else None
        on_node = None if self.decision is None else f"on the node: {self.decision.outcome}"
        if self.decision is not None and self.decision.uses_after_look_up:
            on_node = f"{on_node}, after secrets are decoded and providers run"
        more = (printable(line) for line in (asked, on_node) if line is not None)
        return (*tried(self.resolution).shown.split("\n"), *more)

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it: an image of ``resolve --format json``."""
        named = {"container": self.container.name, "kind": self.container.kind}
        return {**named, **self.policy.to_dict(), **self.resolution.to_dict()}


_FAILING: Final = frozenset({PullOutcome.REFUSE, PullOutcome.FAIL})


def _fails(decision: PullDecision | None) -> bool:
    return decision is not None and decision.outcome in _FAILING


@frozen
class Change:
    """An image whose answer is another one now, or that is new, or gone.

    Attributes:
        before: The answer that was, None for an image that was not there.
        after: The answer that is, None for an image that is no longer there.
        because: What changed it. If there are several, there is no single cause, or of rows it is
            not known which. Empty if it was not looked for, or not found.
    """

    before: Answer | None
    after: Answer | None
    because: tuple[Cause, ...] = ()

    @property
    def subject(self) -> Answer:
        """The answer that is, or else the one that was."""
        return cast("Answer", self.after or self.before)

    @property
    def breaks(self) -> bool:
        """Whether the image had candidates and has none now, or its lookup fails now.

        Or its container does not start now and did before, where that was asked.
        """
        if self.after is None:
            return False
        now = self.after.resolution
        had = self.before is not None and bool(self.before.resolution.candidates)
        failed = self.before is not None and _fails(self.before.decision)
        return (
            now.failure is not None
            or (had and not now.candidates)
            or (_fails(self.after.decision) and not failed)
        )

    @property
    def reasons(self) -> tuple[str, ...]:
        """The causes in words, a line each. Safe to show."""
        if len(self.because) > 1:
            rows = self.because[0].kind is CauseKind.ROW
            head = "one or more of these rows:" if rows else "no single cause:"
            return head, *map(str, self.because)
        return tuple(map(str, self.because)) or ("no cause was found",)

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it.

        ``asked`` is there only if a provider is asked, ``decision`` only if there is one.
        """
        subject, before, after = self.subject, self.before, self.after
        found: dict[str, Any] = {
            **subject.pod.apart,
            "namespace": subject.pod.namespace,
            "kind": subject.pod.kind,
            "name": subject.pod.name,
            "container": subject.container.name,
            "before": None if before is None else before.to_dict(),
            "after": None if after is None else after.to_dict(),
            "because": [cause.to_dict() for cause in self.because],
        }
        sides = {"before": before, "after": after}
        if any(side is not None and side.asked for side in sides.values()):
            found["asked"] = {
                name: None if side is None else list(side.asked) for name, side in sides.items()
            }
        if subject.decision is not None:
            found["decision"] = {name: _decision(side) for name, side in sides.items()}
        return found


def _decision(answer: Answer | None) -> dict[str, Any] | None:
    decision = None if answer is None else answer.decision
    return (
        None
        if decision is None
        else {
            "outcome": decision.outcome,
            "step": decision.step,
            "looks_up": decision.looks_up,
            "message": str(decision),
        }
    )


def changes_table(changes: Iterable[Change], titles: Iterable[str] | None = None) -> Table:
    """One row for each change: in a notebook, the table shows itself.

    Args:
        changes: The changes.
        titles: What each is shown under; None for the titles of their pods.
    """
    those = tuple(changes)
    shown = titles or (change.subject.pod.title for change in those)
    columns = (
        Column("namespace"),
        Column("kind"),
        Column("pod"),
        Column("workload", "workload", group=True),
        Column("container", "container"),
        Column("before", "before"),
        Column("after", "after"),
        Column("because", "because"),
        Column("breaks"),
    )
    rows = []
    for change, title in zip(those, shown, strict=True):
        pod, container = change.subject.pod, change.subject.container
        tone = Tone.ERROR if change.breaks else Tone.PLAIN
        rows.append(
            (
                printable(pod.namespace),
                printable(pod.kind),
                printable(pod.name),
                title,
                Cell(printable(container.name), container.title, below=str(container.image)),
                _side(change.before),
                _side(change.after, tone),
                Cell("; ".join(map(str, change.because)), change.reasons),
                change.breaks,
            )
        )
    return Table(columns, tuple(rows), unit="changes")


def _side(answer: Answer | None, tone: Tone = Tone.PLAIN) -> Cell:
    if answer is None:
        return Cell(None, "not there", Tone.FAINT)
    return Cell("; ".join(answer.lines), answer.lines, tone)
