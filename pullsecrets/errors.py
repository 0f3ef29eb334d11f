"""The root of the library's errors.

Each error class lives next to the code that raises it; all of them derive from
`PullsecretsError` and, where Python has a fitting built-in, from that too.
"""

from __future__ import annotations

__all__ = ["MissingExtra", "PullsecretsError"]


class PullsecretsError(Exception):
    """Root of every error that pullsecrets raises on purpose."""


class MissingExtra(PullsecretsError, ImportError):
    """An optional part of the library was used without the packages it needs.

    Args:
        what: What was asked for, as a noun phrase: ``"reading YAML"``.
        extra: The extra that brings it: ``"cli"``.
    """

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs the extra {extra!r}: pip install 'pullsecrets[{extra}]'")
        self.what = what
        self.extra = extra

    def __reduce__(self) -> tuple[type[MissingExtra], tuple[str, str]]:
        return type(self), (self.what, self.extra)
