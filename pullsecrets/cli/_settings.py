"""The configuration of the command line: ``[tool.pullsecrets]``, or a ``pullsecrets.toml``.

It is that of the nearest folder, from the current one upwards, that has one. In it a
``pullsecrets.toml`` comes before a ``pyproject.toml``, and a ``pyproject.toml`` without the table
is passed over. Patterns of files are those of a ``.gitignore`` in that folder.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from attrs import Factory, field, frozen

from pullsecrets.diagnoses.model import Severity
from pullsecrets.diagnoses.selection import is_code
from pullsecrets.errors import MissingExtra
from pullsecrets.makers.table import makers_from
from pullsecrets.secrecy import printable
from pullsecrets.workloads import NO_TEMPLATES, Templates, checked_templates

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

__all__ = ["FilePatterns", "InvalidSettings", "Settings", "codes_of"]


class InvalidSettings(click.ClickException):
    """A configuration, or an option that means the same, that cannot be used."""

    exit_code = 2


@frozen
class FilePatterns:
    """Patterns of files, as a ``.gitignore`` has them.

    Attributes:
        patterns: The patterns. One without a slash is for names in all folders below.
        folder: The folder that they start from. They match nothing outside of it.

    Raises:
        ValueError: A pattern is none.
        MissingExtra: There are patterns, and the package for them is not installed.
    """

    patterns: tuple[str, ...] = ()
    folder: Path = Path()
    _spec: GitIgnoreSpec | None = field(
        init=False,
        repr=False,
        eq=False,
        default=Factory(lambda self: _spec_of(self.patterns), takes_self=True),
    )

    def match(self, path: str | os.PathLike[str]) -> bool:
        """Whether a file or a folder is one of those."""
        if self._spec is None:
            return False
        absolute = Path(os.path.abspath(path))  # noqa: PTH100  (a link counts by its own name)
        try:
            inside = absolute.relative_to(self.folder.absolute())
        except ValueError:
            return False
        slash = "/" if absolute.is_dir() else ""
        return self._spec.match_file(f"{inside.as_posix()}{slash}")


def _spec_of(patterns: tuple[str, ...]) -> GitIgnoreSpec | None:
    """What matches the patterns; most projects have none, and import nothing for them.

    Raises:
        MissingExtra: The package for patterns is not installed.
        ValueError: A pattern is none.
    """
    if not patterns:
        return None
    try:
        from pathspec import GitIgnoreSpec
    except ImportError:
        raise MissingExtra("patterns of files", "cli") from None
    return GitIgnoreSpec.from_lines(patterns)


@frozen
class Settings:
    """What a project has configured.

    Attributes:
        file: The file that it was read from, None if there is none.
        exclude: The files and folders that are not read.
        fail_on: The severity from which on ``check`` fails, None if it is not configured.
        select: Codes to report, or their beginnings; empty means all of them.
        ignore: Codes not to report, or their beginnings.
        per_file_ignores: Files, and codes not to report for what is in them.
        makers: The table ``makers`` as it was given: kinds of objects that make Secrets.
        templates: Kinds of objects that make pods, with their group, and the fields that lead to
            the pod template of each.
    """

    file: Path | None = None
    exclude: FilePatterns = FilePatterns()
    fail_on: Severity | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    per_file_ignores: tuple[tuple[FilePatterns, tuple[str, ...]], ...] = ()
    makers: Mapping[str, Any] = field(factory=dict)
    templates: Templates = NO_TEMPLATES

    @classmethod
    def find(cls, folder: Path) -> Settings:
        """The settings that count in a folder.

        Raises:
            InvalidSettings: The file cannot be read, or holds something that is no setting.
        """
        for parent in (folder, *folder.parents):
            for name, outer in _FILES.items():
                file = parent / name
                table = _read(file, outer) if file.is_file() else None
                if table is not None:
                    return cls(file, **dict(_checked(file, table)))
        return cls()


_FILES: Final[Mapping[str, tuple[str, ...]]] = {
    "pullsecrets.toml": (),
    "pyproject.toml": ("tool", "pullsecrets"),
}


def _read(file: Path, outer: tuple[str, ...]) -> Any:
    """The table in a file, None if it has none."""
    table: Any = None
    failed = ""
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        failed = f"cannot be read: {error}"
    if failed:
        # Outside of the handler: the error caught there knows the whole text.
        raise _invalid(file, failed)
    for name in outer:
        table = table.get(name) if isinstance(table, dict) else None
    return table


def _checked(file: Path, table: Any) -> Iterable[tuple[str, Any]]:
    """The attributes of the settings, and their values."""
    if not isinstance(table, dict):
        raise _invalid(file, "tool.pullsecrets is not a table")
    for key, value in table.items():
        check = _KEYS.get(key)
        if check is None:
            raise _invalid(file, f"there is no setting {key}; there are {', '.join(_KEYS)}")
        try:
            yield key.replace("-", "_"), check(value, file.parent)
        except (ValueError, MissingExtra) as error:
            raise _invalid(file, f"{key} {error}") from None


def _invalid(file: Path, what: str) -> InvalidSettings:
    return InvalidSettings(printable(f"{file}: {what}"))


def codes_of(values: Iterable[str]) -> tuple[str, ...]:
    """The codes in some texts, separated by commas, in capital letters.

    Raises:
        ValueError: One is neither a code nor the beginning of one.
    """
    codes = [code.strip().upper() for value in values for code in value.split(",")]
    for code in filter(None, codes):
        if not is_code(code):
            raise ValueError(f"has {printable(code)}, and there is no such code")
    return tuple(filter(None, codes))


def _strings(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ValueError("is not a list of strings")
    return tuple(value)


def _files(value: Any, folder: Path) -> FilePatterns:
    return FilePatterns(_strings(value), folder)


def _codes(value: Any, _: Path) -> tuple[str, ...]:
    return codes_of(_strings(value))


def _severity(value: Any, _: Path) -> Severity:
    if value not in list(Severity):
        raise ValueError(f"is not one of {', '.join(Severity)}")
    return Severity(value)


def _table(value: Any, _: Path) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("is not a table")
    return value


def _makers(value: Any, folder: Path) -> Mapping[str, Any]:
    makers_from(_table(value, folder))
    return dict(value)


def _templates(value: Any, folder: Path) -> Templates:
    return checked_templates(_table(value, folder))


def _codes_by_file(value: Any, folder: Path) -> tuple[tuple[FilePatterns, tuple[str, ...]], ...]:
    return tuple(
        (FilePatterns((pattern,), folder), _codes(codes, folder))
        for pattern, codes in _table(value, folder).items()
    )


_KEYS: Final[Mapping[str, Callable[[Any, Path], Any]]] = {
    "exclude": _files,
    "fail-on": _severity,
    "select": _codes,
    "ignore": _codes,
    "per-file-ignores": _codes_by_file,
    "makers": _makers,
    "templates": _templates,
}
