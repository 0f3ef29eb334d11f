"""A baseline: the diagnoses that were there when checking began, so that only new ones count.

A diagnosis is known by its code, its object and its subject, not by its line: it stays the same
when other things move. The file holds no more than a report does.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, Final

from attrs import frozen

from pullsecrets.diagnoses.collection import Diagnoses
from pullsecrets.errors import PullsecretsError
from pullsecrets.secrecy import HiddenText

__all__ = ["Compared", "InvalidBaseline", "compare_to_baseline", "to_baseline"]

_VERSION: Final = 1
_PARTS: Final = ("code", "object", "subject")


class InvalidBaseline(PullsecretsError, ValueError):
    """A text that is no baseline."""


@frozen
class Compared:
    """Diagnoses, compared with a baseline.

    Attributes:
        new: The diagnoses that are not in the baseline. Of several alike the last ones are new.
        known: How many diagnoses are in it.
        gone: How many of the baseline are no longer there.
    """

    new: Diagnoses
    known: int
    gone: int


def to_baseline(diagnoses: Diagnoses) -> str:
    """The baseline of some diagnoses, as JSON. Sorted, so that a change of it can be reviewed."""
    findings = sorted(each.identity for each in diagnoses)
    document = {
        "version": _VERSION,
        "findings": [dict(zip(_PARTS, each, strict=True)) for each in findings],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def compare_to_baseline(diagnoses: Diagnoses, baseline: str | HiddenText) -> Compared:
    """Tell new diagnoses from those that a baseline has.

    Args:
        diagnoses: The diagnoses.
        baseline: What `to_baseline` gave. It is hidden, as it may be any file by mistake.

    Raises:
        InvalidBaseline: It is no baseline.
    """
    hidden = baseline if isinstance(baseline, HiddenText) else HiddenText(baseline)
    del baseline  # no traceback shows what this frame was given
    findings = _findings(hidden)
    if findings is None:
        raise InvalidBaseline("no baseline of this version; --write-baseline writes one")
    left = Counter(findings)
    all_of_them = left.total()
    new = []
    for each in diagnoses:
        if left[each.identity] > 0:
            left[each.identity] -= 1
        else:
            new.append(each)
    return Compared(Diagnoses(new), all_of_them - left.total(), left.total())


def _findings(baseline: HiddenText) -> list[tuple[str, ...]] | None:
    """The identities in a baseline; None if it is none."""
    try:
        document: Any = json.loads(baseline.reveal())
        findings = [tuple(each[part] for part in _PARTS) for each in document["findings"]]
        sound = document["version"] == _VERSION
    except (KeyError, TypeError, ValueError, RecursionError):
        return None
    sound &= all(isinstance(part, str) for finding in findings for part in finding)
    return findings if sound else None
