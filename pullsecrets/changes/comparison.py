"""Which answers differ between two sides.

An image is compared by what a kubelet does for it: which credentials it tries and in which tiers,
which providers it asks, and whether its lookup fails. The order within a tier is not defined
(rule 13), so it is not compared. Passwords are compared and never shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from pullsecrets.changes.model import Action, Answer, Cause, CauseKind, Change
from pullsecrets.objects import ContainerKind
from pullsecrets.pod_resolution import PodResolution
from pullsecrets.present import PullDecision
from pullsecrets.resolution import Resolution

__all__ = [
    "Answers",
    "Identity",
    "answers_of",
    "by_identity",
    "decided",
    "diff",
    "looked_up",
    "pair",
]

Identity = tuple[str, str, str, str, bool, int]
"""What an image is known by: the namespace, kind and name of its workload; the container's name,
and whether it is a volume, as volumes have names of their own; its number among those alike."""

Answers = Mapping[Identity, Answer]
"""One side of a comparison."""


def by_identity(answers: Iterable[Answer]) -> Answers:
    """Answers by what their images are known by."""
    seen: Counter[tuple[Any, ...]] = Counter()
    found: dict[Identity, Answer] = {}
    for answer in answers:
        pod, container = answer.pod, answer.container
        volume = container.kind is ContainerKind.VOLUME
        known = pod.namespace, pod.kind, pod.name, container.name, volume
        found[*known, seen[known]] = answer
        seen[known] += 1
    return found


def answers_of(pods: Iterable[PodResolution]) -> Iterable[Answer]:
    """The answers for the images of some pods."""
    for each in pods:
        for image in each.images:
            yield Answer(each.pod, image.container, image.resolution, image.policy)


def looked_up(resolution: Resolution) -> object:
    """What is compared of a resolution."""
    tiers = [
        Counter(
            (each.source, each.entry, each.key, each.credential.username, each.credential.password)
            for each in tier
        )
        for tier in resolution.tiers
    ]
    asked = [each.provider.name for each in resolution.asked]
    unknown = resolution.unknown, resolution.serving, bool(resolution.conditional)
    return tiers, resolution.failure, unknown, asked


def decided(decision: PullDecision | None) -> object:
    """What is compared of a decision: not the step, if it leads to the same."""
    return None if decision is None else (decision.outcome, decision.looks_up)


def pair(old: Answers, new: Answers) -> dict[Identity, Change]:
    """The changes from one side to the other; those that break come first."""
    pods = {known[:3] for known in old} & {known[:3] for known in new}
    changes: dict[Identity, Change] = {}
    for known in dict.fromkeys((*old, *new)):
        before, after = old.get(known), new.get(known)
        if before is None or after is None:
            kind = CauseKind.CONTAINER if known[:3] in pods else CauseKind.POD
            action = Action.ADDED if before is None else Action.REMOVED
            changes[known] = Change(before, after, (Cause(kind, action),))
        elif looked_up(before.resolution) != looked_up(after.resolution) or (
            decided(before.decision) != decided(after.decision)
        ):
            changes[known] = Change(before, after)
    return dict(sorted(changes.items(), key=lambda item: not item[1].breaks))


def diff(old: Iterable[PodResolution], new: Iterable[PodResolution]) -> tuple[Change, ...]:
    """The images whose answers differ; those that break come first.

    An image is known by the namespace, kind and name of its workload and by its container's name.

    Args:
        old: The answers that were.
        new: The answers that are.

    Returns:
        The changes. For an image that is on both sides the causes are left out, as a resolution
        does not hold all that it was made of: `diff_clusters` finds them.
    """
    return tuple(pair(by_identity(answers_of(old)), by_identity(answers_of(new))).values())
