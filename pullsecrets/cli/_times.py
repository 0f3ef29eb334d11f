"""Moments and lengths of time as options: ``--at 2026-01-31``, ``--within 7d``."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

import click

__all__ = ["at_option", "within_option"]

_Command = TypeVar("_Command", bound=Callable[..., Any])
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_LENGTH: Final = re.compile(r"([0-9]{1,5})([mhdw])")


class _Moment(click.ParamType[datetime]):
    """A date, or a date and a time, as ISO 8601 has them; without a time zone it is in UTC."""

    name = "moment"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(value)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail("is not a date or a date and time, as 2026-01-31T12:00Z", param, ctx)


class _Length(click.ParamType[timedelta]):
    """A length of time: a number and m, h, d or w."""

    name = "length"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        if isinstance(value, timedelta):
            return value
        found = _LENGTH.fullmatch(value)
        if found is None:
            self.fail("is not a length of time, as 7d or 12h", param, ctx)
        return timedelta(**{_UNITS[found[2]]: int(found[1])})


def at_option(command: _Command) -> _Command:
    """The option ``--at``, the command's argument `at`: the moment that is asked about."""
    return click.option(
        "--at",
        metavar="TIME",
        type=_Moment(),
        default=lambda: datetime.now(UTC),
        help="Whether tokens have expired at this time, as 2026-01-31T12:00Z; now, if it is not "
        "given.",
    )(command)


def within_option(command: _Command) -> _Command:
    """The option ``--within``, the command's argument `within`."""
    return click.option(
        "--within",
        metavar="LENGTH",
        type=_Length(),
        default=timedelta(),
        help="Report tokens that expire within this time, too, as 7d or 12h.",
    )(command)
