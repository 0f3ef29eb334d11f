"""The values of a diagnosis: what it is, and where it is."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cache
from typing import Any, Final

from attrs import field, frozen

from pullsecrets.fields import FieldPath, format_path
from pullsecrets.makers.made import Maker
from pullsecrets.metadata import Part, Place
from pullsecrets.objects import Pod, ServiceAccount
from pullsecrets.pull_secret import PullSecret
from pullsecrets.secrecy import EntryText, printable

__all__ = ["Diagnosis", "Kind", "Severity", "Where", "documentation", "help_uri"]


class Severity(StrEnum):
    """How bad it is; the worst comes first."""

    ERROR = "error"
    """A pull fails, or a credential is never used."""
    WARNING = "warning"
    """Most likely not what was meant."""
    NOTE = "note"
    """Worth knowing."""

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return list(Severity).index(self)


@frozen
class Kind:
    """An entry of the catalogue.

    Attributes:
        code: Its stable code, ``PS101``.
        name: Its name in lower case with hyphens.
        severity: How bad it is, unless a diagnosis says otherwise.
        title: What is wrong, in one sentence of Markdown.
        why: What happens and why, in Markdown.
        advice: What to do, in one sentence of Markdown.
    """

    code: str
    name: str
    severity: Severity
    title: str
    why: str = field(repr=False)
    advice: str = field(repr=False)

    @staticmethod
    def plain(text: str) -> str:
        """A text of the catalogue without Markdown: quotation marks around code."""
        return text.replace("`", "'")

    @property
    def page(self) -> str:
        """Its page in the documentation, without the suffix."""
        return f"diagnoses/{self.code.lower()}"


@frozen
class Where:
    """The place that a diagnosis points at.

    Attributes:
        file: The file as it was given or found, ``-`` for standard input, None for a mapping.
        document: The number of the document in the file, or of the mapping, counted from 1; None
            where the file is a chart's template, of which it was made.
        kind: The object's kind.
        namespace: The object's namespace.
        name: The object's name.
        field: The fields that lead there: ``("spec", "imagePullSecrets", 1)``. A value of a Secret
            is named as part of ``data``, even if it was written as ``stringData``. A volume is
            named, not counted: ``("spec", "volumes", EntryText("model"), "image", "reference")``.
        entry: The entry of the docker config, None if the diagnosis is not about one.
        environment: The name of the environment, where there are several.
        part: What of the file's object the object will be made of; None if it is that object.
    """

    file: str | None
    document: int | None
    kind: str
    namespace: str
    name: str
    field: FieldPath
    entry: EntryText | None = None
    environment: str | None = None
    part: Part | None = None

    @classmethod
    def of(
        cls,
        named: Pod | PullSecret | ServiceAccount | Maker,
        field: FieldPath,
        entry: EntryText | None = None,
    ) -> Where:
        """The place of a field of an object.

        Args:
            named: The object.
            field: The fields that lead there. In a pod or a workload they begin below the pod's
                ``spec``.
            entry: The entry of a docker config.
        """
        kind = named.kind if isinstance(named, (Pod, Maker)) else _KINDS[type(named)]
        if isinstance(named, Pod):
            field = named.shape.path(field)
        place = named.place or Place()
        return cls(
            None if place.shown is None else printable(place.shown),
            place.document if place.source is None else None,
            printable(kind),
            printable(named.namespace),
            printable(named.name),
            field,
            entry,
            None if place.environment is None else printable(place.environment),
            place.part,
        )

    @classmethod
    def of_config(cls, kind: str, file: str | None, field: FieldPath) -> Where:
        """The place of a field of a node's configuration, which has no name.

        Args:
            kind: The configuration's kind.
            file: Its file, None where it was read from none.
            field: The fields that lead there.
        """
        shown, document = (None, None) if file is None else (printable(file), 1)
        return cls(shown, document, kind, "", "", field)

    @property
    def object(self) -> str:
        """The object: ``Pod default/api``, or its kind if it has no name. Safe to show."""
        title = f"{self.kind} {self.namespace}/{self.name}" if self.name else self.kind
        return title if self.environment is None else f"{self.environment}: {title}"

    @property
    def inside(self) -> str:
        """The place within the object. Safe to show."""
        entry = f", entry '{self.entry}'" if self.entry is not None else ""
        return f"{format_path(self.field)}{entry}"

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            **({} if self.environment is None else {"environment": self.environment}),
            "file": self.file,
            "document": self.document,
            "kind": self.kind,
            "namespace": self.namespace,
            "name": self.name,
            "field": format_path(self.field),
            "entry": None if self.entry is None else str(self.entry),
        }

    def __str__(self) -> str:
        return f"{self.object}, {self.inside}"


_KINDS: Final[dict[type, str]] = {PullSecret: "Secret", ServiceAccount: "ServiceAccount"}


@frozen
class Diagnosis:
    """Something in the manifests that is not, or may not be, as it was meant.

    Attributes:
        kind: The catalogue's entry.
        severity: How bad it is here.
        message: What is wrong, in one sentence. Safe to show.
        advice: What to do, in one sentence. Safe to show.
        where: The place.
        replacement: What to write instead, or None if the advice is something else. It was tried:
            the image, or some image, matches it.
        edit: The place of what `replacement` is written instead of; None if there is none.
        subject: The name of what it is about, where `where` has only its number: a container, a
            secret in a list. Safe to show.
        cause: What the message says of the image that it begins with, and may say of others, too;
            empty if it begins with none. Safe to show.
    """

    kind: Kind
    severity: Severity
    message: str
    advice: str
    where: Where
    replacement: EntryText | None = None
    edit: Where | None = None
    subject: str = ""
    cause: str = ""

    @property
    def identity(self) -> tuple[str, str, str]:
        """What makes it the same finding after other things have moved: code, object, subject.

        The subject is an entry, a name, or else the field. Safe to show.
        """
        where = self.where
        named = self.subject if where.entry is None else str(where.entry)
        return self.code, where.object, named or format_path(where.field)

    @property
    def code(self) -> str:
        """The stable code of its kind."""
        return self.kind.code

    @property
    def name(self) -> str:
        """The name of its kind."""
        return self.kind.name

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "code": self.code,
            "name": self.name,
            "severity": self.severity,
            "message": self.message,
            "advice": self.advice,
            "where": self.where.to_dict(),
            "replacement": None if self.replacement is None else str(self.replacement),
        }

    @property
    def sort_key(self) -> tuple[Any, ...]:
        """The worst first, then by place; numbers in fields and files count as numbers."""
        where = self.where
        return (
            self.severity.rank,
            where.environment or "",
            _natural(where.file or ""),
            where.document or 0,
            where.namespace,
            where.kind,
            where.name,
            _natural(format_path(where.field)),
            "" if where.entry is None else where.entry.reveal(),
            self.code,
            self.message,
        )

    def __str__(self) -> str:
        return f"{self.severity} {self.code}: {self.message}"


def help_uri(kind: Kind) -> str | None:
    """The address of a kind's page; None if the package names no documentation."""
    base = documentation()
    return None if base is None else f"{base}/{kind.page}.html"


@cache
def documentation() -> str | None:
    """The address of the documentation, as the package's metadata has it, or None."""
    from importlib import metadata  # costly: it loads the standard library's email

    for line in metadata.metadata("pullsecrets").get_all("Project-URL") or ():
        label, _, address = line.partition(",")
        if label.strip().lower() == "documentation":
            return str(address).strip().rstrip("/")
    return None


_NUMBER: Final = re.compile(r"(\d+)")


def _natural(text: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (0, part) for part in _NUMBER.split(text)]
