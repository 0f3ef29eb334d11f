"""The values of an explanation: what was found for each secret and entry, and its tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, overload

from attrs import frozen

from pullsecrets.flaws import Inspected
from pullsecrets.node.relevance import EffectivePolicy
from pullsecrets.notes import Note, NoteCode
from pullsecrets.objects import Container, Pod
from pullsecrets.pod_resolution import Admission, PodResolution
from pullsecrets.resolution import Resolution, Source
from pullsecrets.secrecy import EntryText, printable
from pullsecrets.symptoms import symptoms_of
from pullsecrets.tables import Cell, Column, Row, Table, Tabular, Tone

__all__ = [
    "EntryTrace",
    "Explanation",
    "PodExplanation",
    "Reason",
    "SecretTrace",
]


class Reason(StrEnum):
    """Why an entry is not a candidate: the first rule that fails.

    But where the host is quite another one, it is that, although ports and paths are compared
    first: it says more.
    """

    FAILED = "failed"
    """The lookup fails as a whole, for another secret or the image; the entry is not asked."""
    DROPPED = "dropped"
    """Go cannot parse the entry: the kubelet drops it (rule 10)."""
    SPELLING = "spelling"
    """It is spelled so that it matches no image at all (rules 10 to 12)."""
    REGISTRY = "registry"
    """It is for another registry, whose host is not even nearly the image's (rule 12)."""
    PORT = "port"
    """The host is the image's or nearly so, and the ports differ (rule 12)."""
    LABEL_COUNT = "label-count"
    """The hosts are of one domain, and have different numbers of labels (rule 12)."""
    LABEL = "label"
    """One label of the host nearly matches (rule 12)."""
    PATH = "path"
    """The key's path is not a prefix of the image's (rule 12)."""
    SHADOWED = "shadowed"
    """It is Docker Hub's entry, and another one matched (rule 14)."""
    UNKNOWN = "unknown"
    """It matches, but the credential that another program puts there is not known."""


_WHAT: Final = {
    Reason.REGISTRY: "another registry",
    Reason.PORT: "the port",
    Reason.LABEL_COUNT: "the number of labels",
    Reason.LABEL: "the host",
    Reason.PATH: "the path",
}


# What the table of a pod says above its secrets; each of these shows what is about it.
_OF_ADMISSION: Final = frozenset(
    {
        NoteCode.MISSING_ACCOUNT,
        NoteCode.ASSUMED_ACCOUNT,
        NoteCode.AMBIGUOUS_ACCOUNT,
        NoteCode.AMBIGUOUS_SECRET,
        NoteCode.STATIC_POD,
        NoteCode.STATIC_POD_REFUSED,
        NoteCode.NOT_MOUNTABLE,
    }
)


@frozen
class EntryTrace:
    """The verdict on one entry of a docker config.

    Attributes:
        source: The secret that it is in, or the node.
        entry: The entry as written.
        key: What the kubelet makes of it (rule 10), None if it drops it.
        username: The user it logs in as.
        number: The number of the candidate that it is, counted from 1 in the order in which they
            are tried; None if it is not one.
        tier: The candidate's tier, None if it is not one.
        reason: Why it is not a candidate; None if it is one.
        in_key: The part of the key that does not match, if `reason` compares two things.
        in_image: The part of the image's name that it is compared with.
        message: What is wrong, if `reason` compares nothing; for a candidate, what may keep it from
            being one. Safe to show.
        inspected: What a candidate's credential shows.
    """

    source: Source
    entry: EntryText
    key: EntryText | None
    username: str
    number: int | None = None
    tier: int | None = None
    reason: Reason | None = None
    in_key: EntryText | None = None
    in_image: str = ""
    message: str = ""
    inspected: Inspected = Inspected()

    @property
    def sentence(self) -> str:
        """The verdict in words. Safe to show."""
        return self.sentence_at(None)

    def sentence_at(self, at: datetime | None) -> str:
        """The verdict in words. Safe to show.

        Args:
            at: The moment for which it is said what has expired; None: that is not said.
        """
        if self.reason is None:
            flaws = ", and ".join(map(str, self.inspected.flaws_at(at)))
            return f"candidate {self.number}{self.message}" + (f", but {flaws}" if flaws else "")
        if self.reason not in _WHAT:
            return self.message
        differs = f"{self.in_key}, the image has {self.in_image}"
        return printable(f"no match, {_WHAT[self.reason]}: {differs}")

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "entry": str(self.entry),
            "key": None if self.key is None else str(self.key),
            "username": self.username,
            "candidate": self.number,
            "tier": self.tier,
            "reason": self.reason,
            "in_key": None if self.in_key is None else str(self.in_key),
            "in_image": self.in_image or None,
            "verdict": self.sentence,
        }


@frozen
class SecretTrace:
    """The verdict on one secret of the list, or on something of the node's.

    Attributes:
        source: The secret, the node's docker config, or a credential provider. A reference without
            a name has an empty one.
        position: Its position in the list, counted from 0; None for what is the node's.
        note: Why the secret as a whole gives nothing, or nothing that is known; None if its entries
            are asked.
        entries: The verdicts on its entries, in the document's order.
    """

    source: Source
    position: int | None
    note: Note | None = None
    entries: tuple[EntryTrace, ...] = ()

    @property
    def title(self) -> str:
        """The secret with its number in the list, counted from 1 as people do."""
        number = "" if self.position is None else f"{self.position + 1}. "
        return f"{number}{self.source.title}"

    @property
    def message(self) -> str:
        """What is wrong with the secret as a whole; empty if nothing is. Safe to show."""
        if self.note is not None:
            return self.note.predicate
        return "" if self.entries else "holds no entry"

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "source": self.source.to_dict(),
            "position": self.position,
            "note": None if self.note is None else self.note.to_dict(),
            "entries": [entry.to_dict() for entry in self.entries],
        }


@frozen
class Explanation(Tabular):
    """Why an image has the candidates that it has.

    Attributes:
        resolution: What the kubelet tries; its candidates are the numbered entries.
        secrets: Each secret of the list, in its order, then the node's docker config if there is
            one, then its credential providers in the order in which the kubelet looks at them.
        container: The container that needs the image, None if no pod was asked about.
        policy: When the kubelet pulls the image, None if no pod was asked about.
    """

    resolution: Resolution
    secrets: tuple[SecretTrace, ...]
    container: Container | None = None
    policy: EffectivePolicy | None = None

    @property
    def entries(self) -> tuple[EntryTrace, ...]:
        """The entries of all secrets."""
        return tuple(entry for secret in self.secrets for entry in secret.entries)

    @property
    def candidates(self) -> tuple[EntryTrace, ...]:
        """The entries that are candidates, in the order in which they are tried."""
        return tuple(sorted((e for e in self.entries if e.number), key=lambda e: e.number or 0))

    @property
    def headline(self) -> str:
        """The outcome in one line, safe to show."""
        if self.resolution.anonymous is not True:
            return self.resolution.summary
        count = len(self.entries)
        none = {0: "there is no credential to try", 1: "the only entry does not match"}
        why = none.get(count, f"none of {count} entries matches")
        return f"{self.resolution.summary}: {why}"

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        container = self.container
        return {
            "container": None if container is None else container.name,
            "kind": None if container is None else container.kind,
            **({} if self.policy is None else self.policy.to_dict()),
            **self.resolution.to_dict(),
            "secrets": [secret.to_dict() for secret in self.secrets],
        }

    def table(self, limit: int | None = None, *, at: datetime | None = None) -> Table:
        """One row for each entry, under its secret.

        Args:
            limit: How many rows are wanted at most, None for all of them.
            at: The moment for which it is said what has expired; None: that is not said.
        """
        return Table(
            _COLUMNS,
            tuple(_rows(self, at)),
            title=str(self.resolution.written),
            subtitle=_headline(self),
        )


@frozen
class PodExplanation(Sequence[Explanation], Tabular):
    """Why the images of a pod have the candidates that they have: a sequence of explanations.

    Attributes:
        resolution: What was resolved: the pod, its list of secrets, what was passed over.
        images: The explanation of each image, in the order of `Pod.images`.
    """

    resolution: PodResolution
    images: tuple[Explanation, ...]

    @property
    def pod(self) -> Pod:
        """The pod."""
        return self.resolution.pod

    @property
    def admission(self) -> Admission:
        """Which list of secrets it has."""
        return self.resolution.admission

    @property
    def notes(self) -> tuple[Note, ...]:
        """What was passed over on the way."""
        return self.resolution.notes

    @overload
    def __getitem__(self, index: int) -> Explanation: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Explanation, ...]: ...

    def __getitem__(self, index: int | slice) -> Explanation | tuple[Explanation, ...]:
        return self.images[index]

    def __len__(self) -> int:
        return len(self.images)

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            **self.resolution.to_dict(),
            "images": [each.to_dict() for each in self.images],
            "symptoms": [each.to_dict() for each in symptoms_of(self.resolution)],
        }

    def table(self, limit: int | None = None, *, at: datetime | None = None) -> Table:
        """One row for each entry, under its secret, under the image.

        Args:
            limit: How many rows are wanted at most, None for all of them.
            at: The moment for which it is said what has expired; None: that is not said.
        """
        pod = self.pod
        head = printable(pod.namespace), printable(pod.kind), printable(pod.name)
        fields = "namespace", "kind", "pod", "container", "image", "pull_policy", "relevance"
        image = Column("image_title", group=True)
        rows = []
        for each in self.images:
            written = str(each.resolution.written)
            name = "" if each.container is None else each.container.title
            policy = each.policy
            below = _headline(each).shown + ("" if policy is None else f" ({policy})")
            title = Cell(f"{name}: {written}", below=below)
            when = (None, None) if policy is None else (printable(policy.policy), policy.relevance)
            rows += [
                (*head, name, written, *when, title, *row)
                for row in _rows(each, at) or [(None,) * len(_COLUMNS)]
            ]
        return Table(
            (*map(Column, fields), image, *_COLUMNS),
            tuple(rows),
            title=pod.title,
            subtitle=Cell(str(self.admission), tone=Tone.FAINT),
            notes=(
                *(str(note) for note in self.notes if note.code in _OF_ADMISSION),
                *map(str, symptoms_of(self.resolution)),
            ),
        )


_COLUMNS: Final = (
    Column("source"),
    Column("position"),
    Column("secret", group=True),
    Column("number", ""),
    Column("tier"),
    Column("entry", "entry", code=True),
    Column("key"),
    Column("username"),
    Column("reason"),
    Column("in_key"),
    Column("in_image"),
    Column("verdict", "verdict"),
)


def _headline(explanation: Explanation) -> Cell:
    failed = explanation.resolution.failure is not None
    return Cell(explanation.headline, tone=Tone.ERROR if failed else Tone.PLAIN)


def _rows(explanation: Explanation, at: datetime | None) -> list[Row]:
    """A row for each entry, and one for each secret without entries."""
    rows: list[Row] = []
    for secret in explanation.secrets:
        message = secret.message
        sign = "?" if secret.note is not None and secret.note.code.leaves_unknown else "✗"
        title = f"{secret.title}  {sign} {message}" if message else secret.title
        tone = Tone.WARNING if secret.note is not None else Tone.PLAIN
        head = str(secret.source), secret.position, Cell(secret.source.name, title, tone)
        if not secret.entries:
            code = None if secret.note is None else secret.note.code
            verdict = Cell(message, "")
            rows.append((*head, None, None, None, None, None, code, None, None, verdict))
        rows += [(*head, *_entry_row(entry, at)) for entry in secret.entries]
    return rows


def _entry_row(entry: EntryTrace, at: datetime | None) -> Row:
    mark, tone, said = "?" if entry.reason is Reason.UNKNOWN else "✗", Tone.FAINT, Tone.PLAIN
    if entry.reason is None:
        flawed = bool(entry.inspected.flaws_at(at))
        mark = f"{'!' if flawed else '✓'} {entry.number}"
        tone = said = Tone.WARNING if flawed else Tone.GOOD
    return (
        Cell(entry.number, mark, tone),
        entry.tier,
        str(entry.entry),
        None if entry.key is None else str(entry.key),
        printable(entry.username),
        entry.reason,
        None if entry.in_key is None else str(entry.in_key),
        entry.in_image or None,
        Cell(entry.sentence_at(at), tone=said),
    )
