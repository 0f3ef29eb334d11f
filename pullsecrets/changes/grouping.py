"""The same change in all pods of a workload is one, as people read it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import frozen

from pullsecrets.changes.model import Answer, Change
from pullsecrets.groups import Named, Workload, named, workloads_of
from pullsecrets.objects import Pod

__all__ = ["ChangeGroup", "group_changes"]


@frozen
class ChangeGroup:
    """Changes that read alike, of a container of one workload.

    Attributes:
        workload: The workload.
        changes: The changes, at least one.
    """

    workload: Workload
    changes: tuple[Change, ...]

    @property
    def first(self) -> Change:
        """The first change, which speaks for all."""
        return self.changes[0]

    @property
    def title(self) -> str:
        """The workload and how many pods of it are meant. Safe to show."""
        if len(self.changes) == 1:
            return self.first.subject.pod.title
        return self.workload.title(named(change.subject.pod) for change in self.changes)


def group_changes(changes: Iterable[Change]) -> tuple[ChangeGroup, ...]:
    """Changes of one workload that read alike, as one.

    Args:
        changes: The changes.

    Returns:
        Groups that hold each change once, in the order of the changes.
    """
    those = tuple(changes)
    workloads = workloads_of(_pods(those))
    found: dict[object, list[Change]] = {}
    for change in those:
        found.setdefault(_alike(change, workloads), []).append(change)
    return tuple(
        ChangeGroup(workloads[named(each[0].subject.pod)], tuple(each)) for each in found.values()
    )


def _pods(changes: Iterable[Change]) -> Iterable[Pod]:
    for change in changes:
        for answer in (change.before, change.after):
            if answer is not None:
                yield answer.pod


def _alike(change: Change, workloads: Mapping[Named, Workload]) -> object:
    subject = change.subject
    sides = (_said(change.before), _said(change.after), change.reasons, change.breaks)
    container = subject.container.name, subject.container.kind, subject.container.image
    return workloads[named(subject.pod)], subject.pod.apart.get("file"), container, sides


def _said(answer: Answer | None) -> tuple[str, ...] | None:
    return None if answer is None else answer.lines
