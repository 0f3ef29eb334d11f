"""What every object has: where it was read, its name, and what its annotations ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from attrs import field, frozen

from pullsecrets.fields import Field, FieldPath
from pullsecrets.frozen import FrozenDict
from pullsecrets.secrecy import printable

__all__ = [
    "IGNORE_ANNOTATION",
    "Part",
    "Place",
    "ignored",
    "metadata_manifest",
    "metadata_of",
    "name_of",
    "place_field",
]

IGNORE_ANNOTATION: Final = "pullsecrets/ignore"
"""Annotation that names the diagnoses not to report for an object, separated by commas."""


@frozen
class Part:
    """The part of an object that another one is made of: a TaskRun of a PipelineRun's task.

    Attributes:
        kind: The kind of the object that is in the file.
        name: Its name, or its ``generateName``.
        path: The fields that lead to the part, which is what the other one has as its ``spec``.
        shared: Fields of that ``spec`` that all such parts share, and where they are.
    """

    kind: str
    name: str
    path: FieldPath
    shared: Mapping[str, FieldPath] = field(factory=FrozenDict[str, FieldPath])

    def written(self, made: FieldPath) -> FieldPath:
        """Where a field is written of what is made.

        Args:
            made: The fields that lead there, ``spec`` the first of them.
        """
        inside = made[1:]
        if inside and inside[0] in self.shared:
            return (*self.shared[str(inside[0])], *inside[1:])
        return (*self.path, *inside)


@frozen
class Place:
    """Where an object was read.

    Attributes:
        file: The path as given or found, ``-`` for standard input, None for a mapping.
        document: The number of the document in the file, or of the mapping, counted from 1.
        environment: The name of the environment that it belongs to, where there are several.
        source: The file that a program made the document from, as a comment of Helm's names it.
        part: The part of the document's object that it will be made of; None if it is the document.
    """

    file: str | None = None
    document: int | None = None
    environment: str | None = None
    source: str | None = None
    part: Part | None = None

    @property
    def shown(self) -> str | None:
        """The file that its author knows: the one that the document was made from, if known."""
        return self.file if self.source is None else self.source

    def __str__(self) -> str:
        if self.source is not None:
            return printable(self.source)
        file = printable(self.file) if self.file is not None else ""
        document = f"document {self.document}" if self.document is not None else ""
        return ", ".join(part for part in (file, document) if part)


def place_field() -> Any:
    """The attribute of a value that says where it was read; it is not compared."""
    return field(default=None, eq=False, repr=False, kw_only=True)


def metadata_of(root: Field, wanted: str) -> Field:
    """The ``metadata`` of an object of a kind.

    Args:
        root: The object.
        wanted: The kind; an object that names none is taken to be one.

    Raises:
        InvalidManifest: The object is of another kind.
    """
    kind = root.member("kind").string()
    if kind and kind != wanted:
        raise root.member("kind").error(f"is '{printable(kind)}', not {wanted}")
    return root.member("metadata")


def name_of(metadata: Field) -> str:
    """An object's name, or else its ``generateName``.

    Args:
        metadata: The object's ``metadata``.

    Raises:
        InvalidManifest: It has neither.
    """
    name = metadata.member("name").string() or metadata.member("generateName").string()
    if not name:
        raise metadata.member("name").error("is missing")
    return name


def ignored(metadata: Field) -> tuple[str, ...]:
    """The codes of diagnoses that an object's annotation asks not to report for it.

    Args:
        metadata: The object's ``metadata``.

    Raises:
        InvalidManifest: The annotations are no mapping, or that one is no string.
    """
    annotation = metadata.member("annotations").member(IGNORE_ANNOTATION).string()
    return tuple(code.strip() for code in annotation.split(",") if code.strip())


def metadata_manifest(
    name: str, namespace: str, ignore: tuple[str, ...], uid: str = ""
) -> dict[str, Any]:
    """An object's ``metadata`` as a plain mapping.

    Args:
        name: The object's name.
        namespace: Its namespace.
        ignore: The codes of diagnoses not to report for it.
        uid: Its UID, empty if it has none.
    """
    metadata: dict[str, Any] = {"name": name, "namespace": namespace}
    if uid:
        metadata["uid"] = uid
    if ignore:
        metadata["annotations"] = {IGNORE_ANNOTATION: ",".join(ignore)}
    return metadata
