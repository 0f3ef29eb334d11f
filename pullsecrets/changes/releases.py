"""What differs between two releases of Kubernetes, and because of which rows of their table.

The answers are made for each release on the way from the first to the last. Where an answer changes
from one release to the next, the causes are the rows of `pullsecrets.node.versions` that change
there, too, and that concern such an answer. Rows are not tried one by one, so several rows may be
named of which one is the cause.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from itertools import pairwise
from typing import Final

from attrs import evolve, frozen

from pullsecrets.changes.comparison import (
    Answers,
    answers_of,
    by_identity,
    decided,
    looked_up,
    pair,
)
from pullsecrets.changes.model import Action, Answer, Cause, CauseKind, Change
from pullsecrets.cluster import Cluster
from pullsecrets.node.versions import Release, differences
from pullsecrets.on_node import NodeState, decide_pod

__all__ = ["LOOKUP_ROWS", "Refusal", "Setting", "Upgrade", "diff_releases"]

CONFIG_ROWS: Final = frozenset(
    {
        "strict_decoding",
        "config_directory",
        "duplicate_names",
        "strict_url_ports",
        "token_gate",
        "cache_type",
        "verification_gate",
        "record_names_as_written",
    }
)
"""The rows that say which configurations of its own, and of providers, a kubelet refuses."""

LOOKUP_ROWS: Final = frozenset(
    {
        "lenient_image_domains",
        "name_limit_is_for_the_path",
        "strict_decoding",
        "one_node_keyring",
        "providers_by_name",
        "strict_url_ports",
        "token_gate",
        "cache_type",
        "token_as_password_is_refused",
    }
)
"""The rows that say which credentials are tried, and in which order."""

DECISION_ROWS: Final = frozenset(
    {
        "looks_up_when_present",
        "verification_gate",
        "verification_looks_up_late",
        "service_accounts_are_recorded",
        "record_api_version",
        "records_by_content",
        "record_names_as_written",
        "allowlist_ignores_tags",
    }
)
"""The rows that say what happens with an image that is on the node."""


@frozen
class Setting:
    """A cluster whose nodes run one release.

    Attributes:
        cluster: The cluster. Its node has the release.
        state: What is on a node, None if nobody asks what happens there.
        refused: Why its kubelet does not start with its configuration, or that of its providers.
            It then has no answers.
    """

    cluster: Cluster
    state: NodeState | None = None
    refused: tuple[str, ...] = ()

    @property
    def release(self) -> Release:
        """The release that its nodes run."""
        return self.cluster.node.kubernetes


@frozen
class Refusal:
    """A configuration that one of two releases refuses.

    Attributes:
        before: Why the kubelet of the first does not start with it, empty if it does.
        after: Why that of the second does not.
        because: The rows that change where that changes.
    """

    before: tuple[str, ...]
    after: tuple[str, ...]
    because: tuple[Cause, ...] = ()


@frozen
class Upgrade:
    """What differs between two releases.

    Attributes:
        changes: The images whose answers differ. Empty if there is a refusal, since a kubelet that
            does not start has no answers.
        refusal: The configuration that one of them refuses, or None.
    """

    changes: tuple[Change, ...] = ()
    refusal: Refusal | None = None

    @property
    def breaks(self) -> bool:
        """Whether something worked and does not any more."""
        refused = self.refusal is not None and bool(self.refusal.after)
        return refused or any(change.breaks for change in self.changes)


def diff_releases(settings: Sequence[Setting]) -> Upgrade:
    """What differs between the first and the last of some settings, and because of which rows.

    Args:
        settings: The same cluster at each release on the way, the first and the last included.
    """
    first, last = settings[0], settings[-1]
    if first.refused or last.refused:
        return Upgrade(refusal=_refusal(settings))
    changes = pair(_answers(first), _answers(last))
    causes: dict[object, list[Cause]] = {known: [] for known in changes}
    on_the_way = [setting for setting in settings if not setting.refused]
    old = {known: answer for known, answer in _answers(first).items() if known in changes}
    for before, after in pairwise(on_the_way):
        new = {known: answer for known, answer in _answers(after).items() if known in changes}
        for known in changes:
            causes[known] += _rows(before, after, _concerned(old[known], new[known]))
        old = new
    return Upgrade(
        tuple(evolve(change, because=tuple(causes[known])) for known, change in changes.items())
    )


def _answers(setting: Setting) -> Answers:
    cluster, state = setting.cluster, setting.state
    if state is None:
        return by_identity(answers_of(cluster.resolve_all()))
    return by_identity(_with_decisions(cluster, state))


def _with_decisions(cluster: Cluster, state: NodeState) -> Iterator[Answer]:
    for pod in cluster.pods:
        answers = answers_of([cluster.resolve(pod)])
        for answer, found in zip(answers, decide_pod(cluster, pod, state), strict=True):
            yield evolve(answer, decision=found.decision)


def _concerned(before: Answer, after: Answer) -> Container[str]:
    """The rows that may have changed an answer."""
    rows: frozenset[str] = frozenset()
    if looked_up(before.resolution) != looked_up(after.resolution):
        rows |= LOOKUP_ROWS
    if decided(before.decision) != decided(after.decision):
        rows |= DECISION_ROWS
    return rows


def _rows(before: Setting, after: Setting, concerned: Container[str]) -> Iterator[Cause]:
    for each in differences(before.release, after.release):
        if each.name in concerned:
            releases = str(before.release), str(after.release)
            yield Cause(CauseKind.ROW, Action.CHANGED, None, each.name, *releases)


def _refusal(settings: Sequence[Setting]) -> Refusal:
    because: list[Cause] = []
    for before, after in pairwise(settings):
        if bool(before.refused) != bool(after.refused):
            because += _rows(before, after, CONFIG_ROWS)
    return Refusal(settings[0].refused, settings[-1].refused, tuple(because))
