"""The values of a diagnosis: what it is, where it is, and all of a cluster's together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Any, Final, overload

from attrs import field, frozen

from pullsecrets.objects import Place
from pullsecrets.secrecy import printable

__all__ = ["Diagnoses", "Diagnosis", "Kind", "Severity", "Where"]


class Severity(Enum):
    """How bad it is.

    `ERROR`: a pull fails, or a credential is never used. `WARNING`: most likely not what was meant.
    `NOTE`: worth knowing.
    """

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return _RANKS[self]


_RANKS: Final = {severity: rank for rank, severity in enumerate(Severity)}


@frozen
class Kind:
    """An entry of the catalogue.

    Attributes:
        code: Its stable code, ``PS101``.
        name: Its name in lower case with hyphens.
        severity: How bad it is, where an instance does not say otherwise.
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
    """The place that a diagnosis points at. All of it is safe to show.

    Attributes:
        file: The file as it was given or found, ``-`` for standard input, None for a mapping.
        document: The number of the document in the file, or of the mapping, counted from 1.
        kind: The object's kind.
        namespace: The object's namespace.
        name: The object's name.
        field: The field: ``spec.imagePullSecrets[1]``, ``data['.dockerconfigjson']``. A value that
            was written as ``stringData`` is named so, too. A volume is named, not counted:
            ``spec.volumes['model'].image.reference``.
        entry: The entry of the docker config, with user information masked; None where the
            diagnosis is not about one.
    """

    file: str | None
    document: int | None
    kind: str
    namespace: str
    name: str
    field: str
    entry: str | None = None

    @classmethod
    def of(cls, place: Place | None, kind: str, named: Any, at: str, entry: str | None) -> Where:
        """The place of a field of an object that has a namespace and a name."""
        return cls(
            None if place is None or place.file is None else printable(place.file),
            None if place is None else place.document,
            kind,
            printable(named.namespace),
            printable(named.name),
            at,
            entry,
        )

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "file": self.file,
            "document": self.document,
            "kind": self.kind,
            "namespace": self.namespace,
            "name": self.name,
            "field": self.field,
            "entry": self.entry,
        }

    def __str__(self) -> str:
        entry = f", entry '{self.entry}'" if self.entry is not None else ""
        return f"{self.kind} {self.namespace}/{self.name}, {self.field}{entry}"


_NUMBER: Final = re.compile(r"(\d+)")


@frozen
class Diagnosis:
    """Something in the manifests that is not, or may not be, as it was meant.

    Attributes:
        kind: The catalogue's entry.
        severity: How bad it is here.
        message: What is wrong, in one sentence. Safe to show.
        advice: What to do, in one sentence. Safe to show.
        where: The place.
        replacement: The entry to write there instead, where the advice is to write another one;
            None otherwise. It was tried: with it the image, or some image, matches.
    """

    kind: Kind
    severity: Severity
    message: str
    advice: str
    where: Where
    replacement: str | None = None

    @property
    def code(self) -> str:
        """The stable code of its kind."""
        return self.kind.code

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "code": self.code,
            "severity": self.severity.value,
            "message": self.message,
            "advice": self.advice,
            "where": self.where.to_dict(),
        }

    @property
    def sort_key(self) -> tuple[Any, ...]:
        """The worst first, then by place; numbers in fields and files count as numbers."""
        where = self.where
        return (
            self.severity.rank,
            _natural(where.file or ""),
            where.document or 0,
            where.namespace,
            where.kind,
            where.name,
            _natural(where.field),
            where.entry or "",
            self.code,
            self.message,
        )

    def __str__(self) -> str:
        return f"{self.severity.value} {self.code}: {self.message}"


def _natural(text: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (0, part) for part in _NUMBER.split(text)]


def _sorted(items: Iterable[Diagnosis]) -> tuple[Diagnosis, ...]:
    return tuple(sorted(items, key=lambda each: each.sort_key))


@frozen(repr=False)
class Diagnoses(Sequence[Diagnosis]):
    """The diagnoses of a cluster, sorted: the worst first, then by place.

    A sequence that shows itself as a table in a notebook and in rich's terminal.
    """

    items: tuple[Diagnosis, ...] = field(default=(), converter=_sorted)

    @property
    def worst(self) -> Severity | None:
        """The worst severity; None where there is no diagnosis."""
        return self.items[0].severity if self.items else None

    def to_records(self) -> list[dict[str, Any]]:
        """One flat dict for each: code, severity, message, advice and the parts of the place."""
        from pullsecrets.display.records import diagnoses_records

        return diagnoses_records(self)

    @overload
    def __getitem__(self, index: int) -> Diagnosis: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Diagnosis, ...]: ...

    def __getitem__(self, index: int | slice) -> Diagnosis | tuple[Diagnosis, ...]:
        return self.items[index]

    def __len__(self) -> int:
        return len(self.items)

    def __repr__(self) -> str:
        lines = "".join(f"\n  {each}" for each in self.items)
        return f"<Diagnoses {len(self)}:{lines}>" if lines else "<Diagnoses: none>"

    def _repr_html_(self) -> str:
        from pullsecrets.display.html import diagnoses_html

        return diagnoses_html(self)

    def __rich__(self) -> Any:
        from pullsecrets.display.terminal import diagnoses_table

        return diagnoses_table(self)
