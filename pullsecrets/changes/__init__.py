"""What differs between two clusters, or between two releases of Kubernetes, and because of what."""

from pullsecrets.changes.causes import diff_clusters
from pullsecrets.changes.comparison import diff
from pullsecrets.changes.grouping import ChangeGroup, group_changes
from pullsecrets.changes.model import Action, Answer, Cause, CauseKind, Change, changes_table
from pullsecrets.changes.releases import Refusal, Setting, Upgrade, diff_releases

__all__ = [
    "Action",
    "Answer",
    "Cause",
    "CauseKind",
    "Change",
    "ChangeGroup",
    "Refusal",
    "Setting",
    "Upgrade",
    "changes_table",
    "diff",
    "diff_clusters",
    "diff_releases",
    "group_changes",
]
