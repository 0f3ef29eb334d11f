"""Documents, and what about them their author should know."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

from attrs import field, frozen

from pullsecrets.errors import PullsecretsError
from pullsecrets.fields import FieldPath, format_path
from pullsecrets.metadata import Place

__all__ = ["A_TEMPLATE", "RENDER_IT", "Document", "Problem", "ProblemCode", "Unreadable"]

RENDER_IT: Final = (
    "a template of a Helm chart, not a manifest: check what Helm makes of it, "
    "'helm template CHART | pullsecrets check -'"
)
"""What is said of a template that was named."""

A_TEMPLATE: Final = "passed over: a template of a Helm chart that is not rendered"
"""What is said of a template in a folder."""


class ProblemCode(StrEnum):
    """What is wrong with an input. The values are stable."""

    UNREADABLE = "unreadable"
    """A file, a folder or an object of a cluster cannot be read."""
    FORBIDDEN = "forbidden"
    """The right is missing to read objects of a cluster, so that they are not known."""
    NOT_UTF8 = "not-utf8"
    NOT_JSON = "not-json"
    NOT_YAML = "not-yaml"
    BYTE_ORDER_MARK = "byte-order-mark"
    """A file begins with one, which is ignored."""
    REPEATED_KEY = "repeated-key"
    """A key is twice in one mapping; the later one counts."""
    NO_OBJECT = "no-object"
    """A document is not a mapping."""
    NO_KIND = "no-kind"
    """A mapping has no kind, and is passed over."""
    NO_MANIFEST = "no-manifest"
    """A file of a folder holds something else than manifests, which is passed over."""
    CHART = "chart"
    """A folder holds a Helm chart, which is not rendered."""
    KUSTOMIZATION = "kustomization"
    """A file is a kustomization, which is not rendered."""
    TEMPLATE = "template"
    """A document is a template of a Helm chart, not what Helm makes of it; or one that names an
    image with a variable, which a program has yet to fill in."""
    PATCH = "patch"
    """A document is a patch of kustomize, which is passed over: it is a part of an object."""
    NO_TEMPLATE = "no-template"
    """An object takes its pod template from elsewhere, or a part of it, and is passed over."""
    UNKNOWN_WORKLOAD = "unknown-workload"
    """Objects of a kind that is not read have containers with images or pull secrets, and are
    passed over."""
    NOT_RENDERED = "not-rendered"
    """A kustomization or a chart that was to be rendered could not be."""
    NOTHING_FOUND = "nothing-found"
    """A folder or a stream holds nothing to look at."""
    INVALID_OBJECT = "invalid-object"
    """A field has a value that the API server would refuse."""
    DEFINED_TWICE = "defined-twice"
    """An object is defined again; the later definition counts."""
    NESTED_LISTS = "nested-lists"
    """Lists are in lists in lists."""
    INVALID_IGNORE = "invalid-ignore"
    """An annotation or a comment that asks not to report something names no code."""
    UNUSED_IGNORE = "unused-ignore"
    """Something is not to be reported, and there is no such diagnosis."""
    INVALID_PROVIDER_CONFIG = "invalid-provider-config"
    """A configuration of credential providers with which the kubelet does not start (fact D4)."""


@frozen
class Problem:
    """Something about the input that its author should know.

    Attributes:
        code: What it is.
        message: One line: what is wrong. Safe to show.
        place: Where it is.
        path: The fields that lead there, if it is about a part of a document.
        error: True if an object or a document could not be taken; False if all of it was taken,
            and this is only said.
    """

    code: ProblemCode
    message: str
    place: Place | None = None
    path: FieldPath = ()
    error: bool = True

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        place = self.place or Place()
        return {
            "code": self.code,
            "message": self.message,
            "file": place.shown,
            "document": place.document if place.source is None else None,
            "field": format_path(self.path),
            "error": self.error,
        }

    def __str__(self) -> str:
        at = format_path(self.path)
        message = f"{at}: {self.message}" if at else self.message
        place = str(self.place or "")
        return f"{place}: {message}" if place else message


@frozen
class Document:
    """A document as a loader gives it, which may be anything at all.

    Attributes:
        value: The document.
        place: Where it was read.
        path: For an item of a list, the fields that lead to it: ``("items", 2)``.
        expected: Whether it is expected to be a manifest, as in a file that was named.
    """

    value: Any = field(repr=False)
    place: Place
    path: FieldPath = ()
    expected: bool = True

    def problem(self, code: ProblemCode, message: str, *, error: bool = True) -> Problem:
        """Something about the document, or about the item of the list that it is."""
        return Problem(code, message, self.place, self.path, error)


class Unreadable(PullsecretsError, ValueError):
    """Some of the input could not be read.

    Attributes:
        problems: What, and where.
    """

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems

    def __reduce__(self) -> tuple[type[Unreadable], tuple[tuple[Problem, ...]]]:
        return type(self), (self.problems,)
