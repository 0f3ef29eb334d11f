"""Diagnoses for other programs: JSON, SARIF 2.1.0, and the annotations of GitHub's workflows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from pullsecrets.diagnoses.catalogue import CATALOGUE
from pullsecrets.diagnoses.model import Diagnoses, Diagnosis, Kind, Severity, Where

__all__ = ["Locate", "to_github", "to_json", "to_sarif"]

Locate = Callable[[Where], int | None]
"""Gives the line of a place, counted from 1, or None if it is not known."""

_SARIF_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
# GitHub has another word for one of them; SARIF has the same three levels.
_COMMANDS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
_STDIN: Final = "-"


def to_json(diagnoses: Diagnoses) -> list[dict[str, Any]]:
    """The list ``diagnoses`` of a JSON document."""
    return [diagnosis.to_dict() for diagnosis in diagnoses]


def to_sarif(diagnoses: Diagnoses, locate: Locate) -> dict[str, Any]:
    """A SARIF log with one run, for code scanning and editors.

    Args:
        diagnoses: The diagnoses.
        locate: Finds the line of a place.
    """
    kinds = list(CATALOGUE.values())
    numbers = {kind.code: number for number, kind in enumerate(kinds)}
    driver = {
        "name": "pullsecrets",
        "version": version("pullsecrets"),
        "rules": [_rule(kind) for kind in kinds],
    }
    return {
        "$schema": _SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "unicodeCodePoints",
                "results": [_result(each, numbers[each.code], locate) for each in diagnoses],
            }
        ],
    }


def _rule(kind: Kind) -> dict[str, Any]:
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
    }


def _result(diagnosis: Diagnosis, number: int, locate: Locate) -> dict[str, Any]:
    where = diagnosis.where
    location: dict[str, Any] = {
        "logicalLocations": [{"fullyQualifiedName": str(where), "kind": "object"}]
    }
    if where.file not in (None, _STDIN):
        location["physicalLocation"] = {
            "artifactLocation": {"uri": _uri(str(where.file))},
            "region": {"startLine": locate(where) or 1},
        }
    # The same finding keeps its identity when lines move.
    identity = "\0".join([diagnosis.code, str(where.file), str(where)])
    return {
        "ruleId": diagnosis.code,
        "ruleIndex": number,
        "level": diagnosis.severity,
        "message": {"text": f"{diagnosis.message}. {diagnosis.advice}"},
        "locations": [location],
        "partialFingerprints": {"pullsecrets/v1": hashlib.sha256(identity.encode()).hexdigest()},
    }


def _uri(file: str) -> str:
    path = Path(file)
    if path.is_absolute():
        try:
            path = path.relative_to(Path.cwd())
        except ValueError:
            return path.as_uri()
    return quote(path.as_posix())


def to_github(diagnoses: Diagnoses, locate: Locate) -> Iterator[str]:
    """Workflow commands, one a line: GitHub shows them at the lines of the change.

    A command is what begins a line with ``::``. Line breaks are escaped here, so that a text out of
    a manifest cannot begin one.
    """
    for each in diagnoses:
        where = each.where
        properties = {"title": f"{each.code} {each.kind.name}"}
        if where.file not in (None, _STDIN):
            properties = {
                "file": str(where.file),
                "line": str(locate(where) or 1),
                **properties,
            }
        shown = ",".join(f"{name}={_property(text)}" for name, text in properties.items())
        yield f"::{_COMMANDS[each.severity]} {shown}::{_data(f'{each.message}. {each.advice}')}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
