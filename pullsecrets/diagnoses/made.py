"""What is wrong with secrets that other programs make, as far as it shows: PS209, PS210, PS507."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pullsecrets.cluster import Cluster
from pullsecrets.diagnoses.lists import Lists
from pullsecrets.diagnoses.model import Diagnosis, Where
from pullsecrets.diagnoses.unplaced import Ignorable, Unplaced, quoted, unplaced
from pullsecrets.makers.made import MadeSecret, Maker
from pullsecrets.notes import NoteCode
from pullsecrets.pod_resolution import PodResolution
from pullsecrets.pull_secret import DOCKERCFG_KEY, DOCKERCONFIGJSON_KEY
from pullsecrets.secrecy import printable

__all__ = ["Made"]

_NO_TYPE: Final = "No field of a {} says the type: let another program make the secret."


class Made:
    """The secrets that are made in a cluster, and what its images do with them."""

    def __init__(self, cluster: Cluster, lists: Lists) -> None:
        self._cluster = cluster
        self._lists = lists
        # Name and maker of the secrets that images could use; True if one has an entry that does.
        self._used: dict[tuple[str, str], bool] = {}

    def add(self, answer: PodResolution) -> None:
        """Take note of which secrets of a pod's list serve its images."""
        pod = answer.pod
        for name in dict.fromkeys(answer.admission.pull_secrets):
            made = self._cluster.listed(pod.namespace, name)
            if isinstance(made, MadeSecret) and made.entries is not None:
                serves = any(
                    source.name == name
                    for each in answer.images
                    for source in each.resolution.unknown_secrets
                )
                known = self._used.get(_key(made), False)
                if any(each.resolution.image is not None for each in answer.images):
                    self._used[_key(made)] = known or serves

    def diagnose(self) -> Iterator[Ignorable]:
        """The diagnoses, each with the object that makes the secret."""
        found: dict[Diagnosis, Maker] = {}
        for made in self._cluster.made:
            # What is wrong with an original is not said again of its copies.
            for each in () if made.origin is not None else self._of(made):
                found[each.at(Where.of(made.maker, each.field))] = made.maker
        yield from ((diagnosis, (maker,)) for diagnosis, maker in found.items())

    def _of(self, made: MadeSecret) -> Iterator[Unplaced]:
        listed = self._lists.is_listed(made)
        skipped = made.skipped
        title = f"{made.maker.title} makes secret {quoted(made.name)}"
        if skipped is not None and skipped.code is NoteCode.WRONG_TYPE:
            if listed or {DOCKERCONFIGJSON_KEY, DOCKERCFG_KEY} & set(made.keys or ()):
                message = f"{title} with the type {quoted(made.type)}, which the kubelet skips"
                typed = bool(made.maker.type_field)
                advice = "" if typed else _NO_TYPE.format(printable(made.maker.kind))
                yield unplaced("PS209", message, advice, field=made.maker.type_field)
        elif skipped is not None:
            message = f"{title} without a value {made.key}, which its type asks for"
            yield unplaced("PS210", message, field=made.maker.value_field)
        elif made.fault:
            message = f"the docker config that {made.maker.title} makes {printable(made.fault)}"
            yield unplaced("PS210", message, field=made.maker.value_field)
        elif not self._used.get(_key(made), True):
            entries = ", ".join(map(quoted, made.entries or ())) or "none"
            message = f"{title}, and none of its entries ({entries}) matches an image that lists it"
            yield unplaced("PS507", message, field=made.maker.value_field)


def _key(made: MadeSecret) -> tuple[str, str]:
    return made.name, made.maker.title
