"""Diagnoses for other programs: JSON, SARIF 2.1.0, and the annotations of GitHub's workflows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from attrs import frozen

from pullsecrets.diagnoses.catalogue import CATALOGUE
from pullsecrets.diagnoses.collection import Diagnoses
from pullsecrets.diagnoses.model import Diagnosis, Kind, Severity, Where, help_uri
from pullsecrets.reading import Problem
from pullsecrets.secrecy import printable

__all__ = ["Locate", "Position", "to_github", "to_json", "to_sarif"]


@frozen
class Position:
    """Where in a file a place is.

    Attributes:
        line: The line, counted from 1.
        column: The character in it, counted from 1.
        end: The character after the last one, if it is known what is there: a value on one line.
    """

    line: int
    column: int
    end: int | None = None


Locate = Callable[[Where], Position | None]
"""Finds a place in its file; None if it is not known where it is."""


def _nowhere(_: Where) -> Position | None:
    return None


_SARIF_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
# GitHub has another word for one of them; SARIF has the same three levels.
_COMMANDS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
_STDIN: Final = "-"


def to_json(diagnoses: Diagnoses, locate: Locate = _nowhere) -> list[dict[str, Any]]:
    """The list ``diagnoses`` of a JSON document.

    Args:
        diagnoses: The diagnoses.
        locate: Finds a place in its file.
    """
    # Once for each kind: it reads the package's metadata.
    uris = {code: help_uri(CATALOGUE[code]) for code in {each.code for each in diagnoses}}
    return [
        {
            **each.to_dict(),
            "help_uri": uris[each.code],
            "where": _json_place(each.where, locate),
            "edit": None if each.edit is None else _json_place(each.edit, locate),
        }
        for each in diagnoses
    ]


def _json_place(where: Where, locate: Locate) -> dict[str, Any]:
    at = locate(where)
    line, column, end = (None, None, None) if at is None else (at.line, at.column, at.end)
    return {**where.to_dict(), "line": line, "column": column, "end_column": end}


def to_sarif(
    diagnoses: Diagnoses, locate: Locate = _nowhere, problems: Iterable[Problem] = ()
) -> dict[str, Any]:
    """A SARIF log with one run, for code scanning and editors.

    Args:
        diagnoses: The diagnoses.
        locate: Finds a place in its file.
        problems: What was wrong with the input. The run is not successful if some is an error.
    """
    kinds = list(CATALOGUE.values())
    numbers = {kind.code: number for number, kind in enumerate(kinds)}
    driver = {
        "name": "pullsecrets",
        "version": metadata.version("pullsecrets"),
        "rules": [_rule(kind) for kind in kinds],
    }
    problems = tuple(problems)
    invocation = {
        "executionSuccessful": not any(problem.error for problem in problems),
        "toolExecutionNotifications": [_notification(problem) for problem in problems],
    }
    return {
        "$schema": _SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "invocations": [invocation],
                "columnKind": "unicodeCodePoints",
                "results": [_result(each, numbers[each.code], locate) for each in diagnoses],
            }
        ],
    }


def _rule(kind: Kind) -> dict[str, Any]:
    uri = help_uri(kind)
    return {
        "id": kind.code,
        "name": "".join(part.capitalize() for part in kind.name.split("-")),
        "shortDescription": {"text": kind.plain(kind.title)},
        "fullDescription": {"text": kind.plain(f"{kind.title} {kind.advice}")},
        "help": {
            "text": kind.plain(f"{kind.why}\n\n{kind.advice}"),
            "markdown": f"{kind.why}\n\n**What to do:** {kind.advice}",
        },
        "defaultConfiguration": {"level": kind.severity},
        **({} if uri is None else {"helpUri": uri}),
    }


def _notification(problem: Problem) -> dict[str, Any]:
    file = None if problem.place is None else problem.place.shown
    notification: dict[str, Any] = {
        "descriptor": {"id": problem.code},
        "level": "error" if problem.error else "note",
        "message": {"text": str(problem)},
    }
    if file not in (None, _STDIN):
        place = {"artifactLocation": {"uri": _uri(printable(str(file)))}}
        notification["locations"] = [{"physicalLocation": place}]
    return notification


def _result(diagnosis: Diagnosis, number: int, locate: Locate) -> dict[str, Any]:
    where = diagnosis.where
    location: dict[str, Any] = {
        "logicalLocations": [{"fullyQualifiedName": str(where), "kind": "object"}]
    }
    if where.file not in (None, _STDIN):
        location["physicalLocation"] = {
            "artifactLocation": {"uri": _uri(str(where.file))},
            "region": _region(locate(where)),
        }
    # The same finding keeps its identity when lines move.
    identity = "\0".join([*diagnosis.identity, str(where.file)])
    fix = _fix(diagnosis, locate)
    return {
        "ruleId": diagnosis.code,
        "ruleIndex": number,
        "level": diagnosis.severity,
        "message": {"text": f"{diagnosis.message}. {diagnosis.advice}"},
        "locations": [location],
        "partialFingerprints": {"pullsecrets/v1": hashlib.sha256(identity.encode()).hexdigest()},
        **({} if fix is None else {"fixes": [fix]}),
    }


def _region(at: Position | None) -> dict[str, int]:
    if at is None:
        return {"startLine": 1}
    region = {"startLine": at.line, "startColumn": at.column}
    return region if at.end is None else {**region, "endColumn": at.end}


def _fix(diagnosis: Diagnosis, locate: Locate) -> dict[str, Any] | None:
    """The replacement, if what it replaces is written out, and nothing of it is hidden."""
    edit, replacement = diagnosis.edit, diagnosis.replacement
    if edit is None or replacement is None or replacement != str(replacement):
        return None
    at = None if edit.file in (None, _STDIN) else locate(edit)
    if at is None or at.end is None:
        return None
    written = {"deletedRegion": _region(at), "insertedContent": {"text": str(replacement)}}
    change = {"artifactLocation": {"uri": _uri(str(edit.file))}, "replacements": [written]}
    return {"description": {"text": diagnosis.advice}, "artifactChanges": [change]}


def _uri(file: str) -> str:
    path = Path(file)
    if path.is_absolute():
        try:
            path = path.relative_to(Path.cwd())
        except ValueError:
            return path.as_uri()
    return quote(path.as_posix())


def to_github(
    diagnoses: Diagnoses, locate: Locate = _nowhere, problems: Iterable[Problem] = ()
) -> Iterator[str]:
    """Workflow commands, one a line: GitHub shows them at the lines of the change.

    A command is what begins a line with ``::``. Line breaks are escaped here, so that a text out of
    a manifest cannot begin one.

    Args:
        diagnoses: The diagnoses.
        locate: Finds a place in its file.
        problems: What was wrong with the input; of this the errors are shown.
    """
    for problem in problems:
        if problem.error:
            file = None if problem.place is None else problem.place.shown
            title = {"title": f"pullsecrets {problem.code}"}
            yield _command("error", _in_file(file, None) | title, str(problem))
    for each in diagnoses:
        properties = {"title": f"{each.code} {each.kind.name}"}
        properties = _in_file(each.where.file, locate(each.where)) | properties
        yield _command(_COMMANDS[each.severity], properties, f"{each.message}. {each.advice}")


def _in_file(file: str | None, at: Position | None) -> dict[str, str]:
    if file is None or file == _STDIN:
        return {}
    place = {"file": printable(file), "line": str(1 if at is None else at.line)}
    return place if at is None else {**place, "col": str(at.column)}


def _command(name: str, properties: Mapping[str, str], text: str) -> str:
    shown = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name} {shown}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
