"""A diagnosis that does not have its place yet, and the words it is put together from.

What holds for a list of secrets, or for an image with such a list, is found once and then reported
at every pod that shows it.
"""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from pullsecrets.diagnoses.catalogue import CATALOGUE
from pullsecrets.diagnoses.model import Diagnosis, Kind, Severity, Where
from pullsecrets.fields import FieldPath
from pullsecrets.keyring import KeyringEntry
from pullsecrets.makers.made import Maker
from pullsecrets.notes import Note
from pullsecrets.objects import Pod, ServiceAccount
from pullsecrets.pull_secret import PullSecret
from pullsecrets.resolution import Candidate
from pullsecrets.secrecy import EntryText, printable

__all__ = [
    "Ignorable",
    "Unplaced",
    "image_fields",
    "in_config",
    "instead",
    "quoted",
    "title",
    "title_of_entry",
    "unplaced",
]


@frozen
class Unplaced:
    """What a diagnosis says, without its place.

    Attributes:
        kind: The catalogue's entry.
        severity: How bad it is.
        message: What is wrong. Safe to show.
        advice: What to do. Safe to show.
        field: The fields that lead there from a service account, or from a pod's ``spec``. Empty
            if it is about an image, which may be in several places.
        secret: A secret that it is about although it is reported elsewhere: its annotation counts,
            too.
        replacement: What to write instead, or None.
        edit: Where to write it, if that is not the place of the diagnosis.
        subject: The name of what it is about, if the field has only its number.
        cause: What the message says of the image that it begins with; empty if it does with none.
    """

    kind: Kind
    severity: Severity
    message: str
    advice: str
    field: FieldPath = ()
    secret: PullSecret | None = None
    replacement: EntryText | None = None
    edit: Where | None = None
    subject: str = ""
    cause: str = ""

    def at(self, where: Where, subject: str = "") -> Diagnosis:
        """The diagnosis at a place.

        Args:
            where: The place.
            subject: The name of what it is about, if that is only known now.
        """
        edit = None if self.replacement is None else self.edit or where
        return Diagnosis(
            self.kind,
            self.severity,
            self.message,
            self.advice,
            where,
            self.replacement,
            edit,
            printable(subject or self.subject),
            self.cause,
        )


Ignorable = tuple[Diagnosis, tuple[Pod | PullSecret | ServiceAccount | Maker, ...]]
"""A diagnosis, and the objects whose annotation may ask not to report it."""


def unplaced(
    code: str,
    message: str | Note,
    advice: str = "",
    *,
    severity: Severity | None = None,
    field: FieldPath = (),
    secret: PullSecret | None = None,
    replacement: EntryText | None = None,
    edit: Where | None = None,
    subject: str = "",
) -> Unplaced:
    """A diagnosis without its place; the catalogue says what the caller does not."""
    kind = CATALOGUE[code]
    return Unplaced(
        kind,
        severity or kind.severity,
        printable(str(message)),
        printable(advice or kind.plain(kind.advice)),
        field,
        secret,
        replacement,
        edit,
        subject,
    )


def quoted(text: object) -> str:
    """A text out of a manifest, for a message. Of an entry or an image no password shows."""
    return f"'{printable(str(text))}'"


def in_config(secret: PullSecret, entry: EntryText | None = None) -> Where:
    """The docker config of a Secret, or an entry in it."""
    return Where.of(secret, ("data", EntryText(secret.key)), entry)


def title(secret: PullSecret) -> str:
    """A secret, for a message."""
    return printable(f"secret {secret.namespace}/{secret.name}")


def title_of_entry(entry: KeyringEntry | Candidate) -> str:
    """An entry of a secret, for a message."""
    return f"entry {quoted(entry.entry)} of secret {entry.source}"


def instead(correction: EntryText | None) -> str:
    """The advice to write something else, empty where nothing is known."""
    return "" if correction is None else f"Write {quoted(correction)} instead."


def image_fields(pod: Pod) -> Iterator[FieldPath]:
    """The field of each of `Pod.images`, in their order."""
    for name, containers in (
        ("containers", pod.containers),
        ("initContainers", pod.init_containers),
        ("ephemeralContainers", pod.ephemeral_containers),
    ):
        for at in range(len(containers)):
            yield name, at, "image"
    for volume in pod.image_volumes:
        yield "volumes", EntryText(volume.name), "image", "reference"
