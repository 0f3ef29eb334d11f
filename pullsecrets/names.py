"""Finding an object by its name: the nearest one, where several files define one of that name.

In a folder with the manifests of several environments each has objects of the same names. What a
pod means is looked for where somebody who reads the files looks: in the pod's own file, in its
folder, in the folders above. What is in none of these is looked for below these folders, the
nearest first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any, Final, Generic, TypeVar

from attrs import Factory, field, frozen

from pullsecrets.makers.made import MadeSecret
from pullsecrets.metadata import Place
from pullsecrets.notes import Note, NoteCode
from pullsecrets.objects import Pod, ServiceAccount
from pullsecrets.pull_secret import PullSecret

__all__ = ["Found", "Names"]

_Named = TypeVar("_Named", Pod, PullSecret | MadeSecret, ServiceAccount)

_STREAM: Final = "-"
_SHOWN: Final = 2  # others that are named


def _folders(file: str | None) -> tuple[str, ...]:
    """The folders that a file is in, the innermost first; none for a stream or for no file."""
    if file is None or file == _STREAM:
        return ()
    return tuple(map(str, PurePath(file).parents))


def _file(of: _Named) -> str | None:
    return None if of.place is None else of.place.file


@frozen
class Found(Generic[_Named]):
    """What a name means.

    Attributes:
        object: The object that is taken.
        rivals: The objects that are as near, it among them; empty if no other one is.
    """

    object: _Named
    rivals: tuple[_Named, ...] = ()

    @property
    def choice(self) -> str:
        """Which file's is taken, and which are not; empty if there is no choice. Not escaped."""
        if not self.rivals:
            return ""
        first = [_file(each) for each in self.rivals[: _SHOWN + 1] if each is not self.object]
        named = [str(file) for file in first[:_SHOWN]]
        left = len(self.rivals) - 1 - len(named)
        named += [f"{left:,} more"] if left else []
        return f"that of {_file(self.object)} is taken, not of {', '.join(named)}"

    def notes(self, code: NoteCode) -> tuple[Note, ...]:
        """That another object of the name may be meant; nothing if there is no choice.

        Args:
            code: What says so of an object of this kind.
        """
        about = self.object.namespace, self.object.name
        return (Note(code, *about, detail=self.choice),) if self.rivals else ()


@frozen
class _Several(Generic[_Named]):
    """Objects of one name in several files.

    Attributes:
        all: All of them, in the order in which they were read.
        by_file: Each by its file.
        inside: Those that are directly in a folder.
        below: Those that are in a folder, however deep.
    """

    all: tuple[_Named, ...]
    by_file: Mapping[str | None, _Named]
    inside: Mapping[str, tuple[_Named, ...]]
    below: Mapping[str, tuple[_Named, ...]]

    @classmethod
    def of(cls, by_file: Mapping[str | None, _Named]) -> _Several[_Named]:
        inside: dict[str, list[_Named]] = {}
        below: dict[str, list[_Named]] = {}
        for file, each in by_file.items():
            folders = _folders(file)
            for folder in folders[:1]:
                inside.setdefault(folder, []).append(each)
            for folder in folders:
                below.setdefault(folder, []).append(each)
        return cls(tuple(by_file.values()), by_file, _as_tuples(inside), _as_tuples(below))

    def near(self, place: Place) -> Found[_Named]:
        if place.file in self.by_file:
            return Found(self.by_file[place.file])
        folders = _folders(place.file)
        for folder in folders:
            if folder in self.inside:
                found = self.inside[folder]
                return Found(found[0], found if len(found) > 1 else ())
        # It is a guess which of them is meant, so that all are rivals.
        nearest = next((self.below[each] for each in folders if each in self.below), self.all)
        return Found(nearest[0], self.all)


def _as_tuples(lists: Mapping[str, list[_Named]]) -> Mapping[str, tuple[_Named, ...]]:
    return {key: tuple(values) for key, values in lists.items()}


# The namespace of a secret that a program makes may not be known.
_Key = tuple[str | None, str]
_ByFile = Mapping[_Key, dict[str | None, _Named]]


def _by_file(objects: Iterable[_Named]) -> _ByFile[_Named]:
    found: dict[_Key, dict[str | None, _Named]] = {}
    for each in objects:
        # Within a file the later definition counts.
        found.setdefault((each.namespace, each.name), {})[_file(each)] = each
    return found


def _any_several(objects: _ByFile[Any]) -> bool:
    return any(len(by_file) > 1 for by_file in objects.values())


@frozen
class Names(Generic[_Named]):
    """Objects by namespace and name.

    It takes time for each object that is given and for each that is asked for, not for one times
    the other.

    Args:
        objects: The objects, all of one kind.

    Attributes:
        depend_on_place: Whether some name means one object here and another there.
    """

    _objects: _ByFile[_Named] = field(converter=_by_file)
    _several: dict[_Key, _Several[_Named]] = field(init=False, factory=dict)
    depend_on_place: bool = field(
        init=False, default=Factory(lambda self: _any_several(self._objects), takes_self=True)
    )

    def find(
        self, namespace: str | None, name: str, near: Place | None = None
    ) -> Found[_Named] | None:
        """The object of that name.

        Args:
            namespace: Its namespace, None for those whose namespace is not known.
            name: Its name.
            near: Where the name is written. Without a place all objects are as near as others.

        Returns:
            What the name means, None if there is no object of that name.
        """
        by_file = self._objects.get((namespace, name))
        if by_file is None:
            return None
        if len(by_file) == 1:
            return Found(next(iter(by_file.values())))
        several = self._several.get((namespace, name))
        if several is None:
            several = self._several[namespace, name] = _Several.of(by_file)
        return several.near(near or Place())
