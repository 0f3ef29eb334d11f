"""What the images of a cluster do with the entries of its secrets: PS305, PS307, PS309."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from attrs import field, frozen

from pullsecrets.diagnoses.lists import Lists, SecretList
from pullsecrets.diagnoses.model import Severity
from pullsecrets.diagnoses.unplaced import Unplaced, quoted, title_of_entry, unplaced
from pullsecrets.images import Image
from pullsecrets.keyring import KeyringEntry
from pullsecrets.matching import Pattern, pattern_matches
from pullsecrets.pod_resolution import PodResolution
from pullsecrets.pull_secret import PullSecret
from pullsecrets.registries import DOCKER_HUB_KEY
from pullsecrets.resolution import Candidate, Resolution, Source, SourceKind
from pullsecrets.secrecy import EntryText

__all__ = ["EntryUse", "EntryUses"]

_GLOB: Final = frozenset("*?[")
_SHOWN: Final = 5  # hosts


@frozen
class EntryUse:
    """What images do with an entry of a secret. All but `entry` grows while pods are looked at.

    Attributes:
        entry: The entry.
        key: Its key.
        neighbours: Names of images that it serves although its path ends within a component.
        proper: Names of the other images that it serves.
        only_by_glob: Names of images that have no candidate without a glob.
        shadowed: Names of images for which another entry hides this one, and that other entry.
    """

    entry: KeyringEntry | Candidate
    key: EntryText
    neighbours: set[str] = field(factory=set)
    proper: set[str] = field(factory=set)
    only_by_glob: set[str] = field(factory=set)
    shadowed: dict[str, Candidate] = field(factory=dict)

    @property
    def is_candidate(self) -> bool:
        """Whether some image has it as a candidate: one that is only shadowed is none."""
        return bool(self.neighbours or self.proper)

    def findings(self) -> Iterator[Unplaced]:
        """What there is to say about it."""
        if self.neighbours:
            yield self._neighbours()
        if self.shadowed:
            by = title_of_entry(self.shadowed[min(self.shadowed)])
            message = (
                f"{title_of_entry(self.entry)} is never tried for {_examples(self.shadowed)}: "
                f"{by} matches by itself"
            )
            yield unplaced("PS307", message)
        if self.only_by_glob:
            yield self._by_glob()

    def _neighbours(self) -> Unplaced:
        message = (
            f"{title_of_entry(self.entry)} also serves {_examples(self.neighbours)}, whose path "
            "only begins with that of the entry"
        )
        bounded = EntryText(f"{self.key.reveal()}/")
        if all(pattern_matches(bounded.reveal(), name) for name in self.proper):
            advice = f"Write {quoted(bounded)}, which ends the path there."
            return unplaced("PS305", message, advice, replacement=bounded)
        advice = (
            "No key can tell them apart: with a slash at the end it no longer matches the "
            "repository itself. Put its credential into a secret that only its own pods list."
        )
        return unplaced("PS305", message, advice, severity=Severity.NOTE)

    def _by_glob(self) -> Unplaced:
        path = Pattern.parse(self.key.reveal()).path
        written = sorted({name.partition("/")[0] + path for name in self.only_by_glob})
        message = (
            f"only the glob of {title_of_entry(self.entry)} gives {_examples(self.only_by_glob)} "
            "a credential"
        )
        advice = f"Write the host out: {', '.join(map(quoted, written[:_SHOWN]))}."
        replacement = EntryText(written[0]) if len(written) == 1 else None
        return unplaced("PS309", message, advice, replacement=replacement)


def _examples(names: Iterable[str]) -> str:
    first, *others = sorted(names)
    more = f" and {len(others):,} more" if others else ""
    return f"{quoted(first)}{more}"


class EntryUses:
    """The uses of all entries of a cluster's secrets."""

    def __init__(self, lists: Lists) -> None:
        self._lists = lists
        # Identity of a secret → its entries' uses.
        self._uses: dict[tuple[str | None, ...], dict[EntryText, EntryUse]] = {}
        # Lists and the images that were looked at: the pods of a workload have the same.
        self._seen: set[tuple[int, str]] = set()

    def of(self, secret: PullSecret) -> Iterable[EntryUse]:
        """The uses of a secret's entries."""
        return self._uses.get(Source.of(secret).identity, {}).values()

    def add(self, answer: PodResolution) -> None:
        """Take note of what the images of a pod use."""
        listed = self._lists.of(answer.pod, answer.admission.pull_secrets)
        for each in answer.images:
            resolution = each.resolution
            seen = id(listed), resolution.written.reveal()
            if resolution.image is not None and resolution.candidates and seen not in self._seen:
                self._seen.add(seen)
                self._add(listed, resolution.image, resolution)

    def _add(self, listed: SecretList, image: Image, resolution: Resolution) -> None:
        candidates = resolution.candidates
        by_glob = not resolution.unknown and all(
            _GLOB & set(_host(candidate.key)) for candidate in candidates
        )
        for candidate in candidates:
            if candidate.source.kind is SourceKind.SECRET:
                use = self._use(candidate, candidate.key)
                neighbour = _is_neighbour(candidate.key, image)
                (use.neighbours if neighbour else use.proper).add(image.name)
                if by_glob:
                    use.only_by_glob.add(image.name)
        first = candidates[0]
        if (
            image.registry.is_docker_hub
            and first.source.kind is SourceKind.SECRET
            and first.key != DOCKER_HUB_KEY
        ):
            for entry in listed.entries:
                if entry.key == DOCKER_HUB_KEY and entry.credential != first.credential:
                    self._use(entry, entry.key).shadowed[image.name] = first

    def _use(self, entry: KeyringEntry | Candidate, key: EntryText) -> EntryUse:
        uses = self._uses.setdefault(entry.source.identity, {})
        return uses.setdefault(entry.entry, EntryUse(entry, key))


def _host(key: EntryText) -> str:
    return key.reveal().partition("/")[0]


def _is_neighbour(key: EntryText, image: Image) -> bool:
    """Whether a key covers an image although its path ends in the middle of a name."""
    if "/" not in key.reveal():
        return False
    path = Pattern.parse(key.reveal()).path
    rest = f"/{image.path}".removeprefix(path)
    return bool(path) and not path.endswith("/") and bool(rest) and not rest.startswith("/")
