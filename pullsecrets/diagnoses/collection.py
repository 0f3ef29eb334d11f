"""All diagnoses of a cluster, as one value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, overload

from attrs import evolve, field, frozen

from pullsecrets.diagnoses.groups import causes_table, group_diagnoses
from pullsecrets.diagnoses.model import Diagnosis, Severity
from pullsecrets.fields import format_path
from pullsecrets.groups import count
from pullsecrets.tables import Cell, Column, Row, Table, Tabular, Tone

__all__ = ["Diagnoses"]

_PLACES: Final = 3  # of one cause that are shown


def _sorted(items: Iterable[Diagnosis]) -> tuple[Diagnosis, ...]:
    return tuple(sorted(items, key=lambda each: each.sort_key))


@frozen(repr=False)
class Diagnoses(Sequence[Diagnosis], Tabular):
    """The diagnoses of a cluster, sorted: the worst first, then by place.

    A sequence that shows itself as a table in a notebook and in rich's terminal: each cause once.
    Records have each diagnosis.
    """

    items: tuple[Diagnosis, ...] = field(default=(), converter=_sorted)

    @property
    def worst(self) -> Severity | None:
        """The worst severity, None if there is no diagnosis."""
        return self.items[0].severity if self.items else None

    @property
    def title(self) -> str:
        """How many there are, in words."""
        return count(len(self), "diagnosis", "diagnoses") if self else "No diagnosis"

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

    def table(self, limit: int | None = None) -> Table:
        """One row for each diagnosis."""
        columns = (
            Column("severity", ""),
            Column("code", "code", code=True),
            Column("name"),
            Column("message", "what is wrong, what to do"),
            Column("advice"),
            *map(Column, ("where_file", "where_document", "where_kind", "where_namespace")),
            Column("where_name", "where"),
            *map(Column, ("where_field", "where_entry", "replacement")),
        )
        rows = tuple(map(_row, self.items[:limit]))
        return Table(columns, rows, title=self.title, total=len(self), unit="diagnoses")

    def _summary_table(self, limit: int) -> Table:
        """One row for each cause, however often it shows."""
        causes = group_diagnoses(self)
        table = causes_table(causes[:limit], _PLACES)
        return evolve(table, title=self.title, total=len(causes))


def _row(diagnosis: Diagnosis) -> Row:
    where = diagnosis.where
    field_ = format_path(where.field)
    return (
        Cell(diagnosis.severity.value, tone=Tone(diagnosis.severity)),
        diagnosis.code,
        diagnosis.name,
        Cell(diagnosis.message, below=diagnosis.advice),
        diagnosis.advice,
        where.file,
        where.document,
        where.kind,
        where.namespace,
        Cell(where.name, where.object, below=field_),
        field_,
        None if where.entry is None else str(where.entry),
        None if diagnosis.replacement is None else str(diagnosis.replacement),
    )
