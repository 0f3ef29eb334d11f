"""What people see of a pod's trouble with its secrets, which differs between versions."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Final

from attrs import frozen

from pullsecrets.node.versions import MissingSecretEvent
from pullsecrets.notes import Note, NoteCode
from pullsecrets.pod_resolution import PodResolution
from pullsecrets.secrecy import printable

__all__ = ["Symptom", "SymptomCode", "symptoms_of"]


class SymptomCode(StrEnum):
    """What is seen. The values are stable."""

    EVENT_AT_EACH_SYNC = "event-at-each-sync"
    """The event of a missing secret comes each time the kubelet looks at the pod."""
    EVENT_AFTER_FAILED_PULL = "event-after-failed-pull"
    """The event of a missing secret comes only if a pull has failed, too."""
    PULL_ERROR = "pull-error"
    """A secret that does not decode looks like any pull that fails."""
    ERROR_TEXT = "error-text"
    """A secret that does not decode shows as the error's own text in STATUS."""


_SENTENCES: Final = {
    SymptomCode.EVENT_AT_EACH_SYNC: (
        "if secret {} does not exist, the pod gets the event FailedToRetrieveImagePullSecret each "
        "time the kubelet looks at it, also if its images are pulled without it"
    ),
    SymptomCode.EVENT_AFTER_FAILED_PULL: (
        "if secret {} does not exist, the pod gets the event FailedToRetrieveImagePullSecret only "
        "after a pull has failed"
    ),
    SymptomCode.PULL_ERROR: (
        "secret {} shows as ErrImagePull in STATUS, with back-off and the event 'Failed to pull "
        "image'"
    ),
    SymptomCode.ERROR_TEXT: (
        "secret {} shows as the error's own text in STATUS, as 'illegal base64 data at input byte "
        "0', without a Pulling event and without back-off"
    ),
}
_EVENTS: Final = {
    MissingSecretEvent.EACH_SYNC: SymptomCode.EVENT_AT_EACH_SYNC,
    MissingSecretEvent.AFTER_FAILED_PULL: SymptomCode.EVENT_AFTER_FAILED_PULL,
}


@frozen
class Symptom:
    """Something that `kubectl` shows of a pod.

    Attributes:
        code: What is seen.
        namespace: The namespace of the secret that it is about.
        name: The secret's name.
    """

    code: SymptomCode
    namespace: str
    name: str

    def __str__(self) -> str:
        return printable(_SENTENCES[self.code].format(f"{self.namespace}/{self.name}"))

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "code": self.code,
            "namespace": self.namespace,
            "name": self.name,
            "message": str(self),
        }


_MISSING: Final = (
    NoteCode.MISSING_SECRET,
    NoteCode.ABSENT_SECRET,
    NoteCode.RENDERED_REFERENCE,
)


def symptoms_of(answer: PodResolution) -> tuple[Symptom, ...]:
    """What is seen of the pod's missing secrets and of the one that does not decode (rules 4, 8).

    Args:
        answer: The pod's resolution.
    """
    return tuple(dict.fromkeys(_symptoms(answer)))


def _symptoms(answer: PodResolution) -> Iterator[Symptom]:
    if not answer.images:
        return
    release = answer.images[0].resolution.kubernetes
    for note in answer.notes:
        if note.code in _MISSING:
            yield _symptom(_EVENTS[release.missing_secret_event], note)
    for each in answer.images:
        failure = each.resolution.failure
        if failure is not None and failure.code is NoteCode.UNDECODABLE_SECRET:
            shown = release.undecodable_secret_is_a_pull_error
            yield _symptom(SymptomCode.PULL_ERROR if shown else SymptomCode.ERROR_TEXT, failure)


def _symptom(code: SymptomCode, note: Note) -> Symptom:
    return Symptom(code, note.namespace or "", note.name or "")
