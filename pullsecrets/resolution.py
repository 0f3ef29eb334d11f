"""The answer for an image: the ordered candidates, and what is not known (rules 13 to 16)."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from attrs import field, frozen

from pullsecrets.dockerconfig import Credential
from pullsecrets.flaws import inspect
from pullsecrets.images import Image
from pullsecrets.makers.made import MadeSecret
from pullsecrets.metadata import Place
from pullsecrets.node.providers import Asked, NotAsked, PodAccount
from pullsecrets.node.versions import NEWEST, Release
from pullsecrets.notes import Note
from pullsecrets.pull_secret import PullSecret
from pullsecrets.registries import DOCKER_HUB_KEY
from pullsecrets.secrecy import EntryText, ImageText, printable
from pullsecrets.tables import Cell, Column, Table, Tabular, Tone

__all__ = ["Access", "Candidate", "Resolution", "Source", "SourceKind", "attempt_cell"]


class SourceKind(StrEnum):
    """What kind of place a credential comes from."""

    SECRET = "secret"
    NODE = "node"
    """The node's own docker config."""
    PROVIDER = "provider"
    """A credential provider plugin of the node."""


@frozen
class Source:
    """Where a credential comes from.

    Attributes:
        kind: What kind of place it is.
        namespace: The secret's namespace, None for all others.
        name: The secret's or the provider's name, None for the node's docker config.
        place: Where the secret was read, which tells those apart that several files define; not
            compared.
    """

    kind: SourceKind
    namespace: str | None = None
    name: str | None = None
    place: Place | None = field(default=None, eq=False, repr=False, kw_only=True)

    @classmethod
    def of(cls, secret: PullSecret | MadeSecret) -> Source:
        """A secret."""
        return cls(SourceKind.SECRET, secret.namespace, secret.name, place=secret.place)

    @property
    def identity(self) -> tuple[str | None, ...]:
        """What it is known by among the sources of one input."""
        file = None if self.place is None else self.place.file
        return self.kind, self.namespace, self.name, file

    @property
    def title(self) -> str:
        """What it is, for people: ``secret regcred``. Safe to show."""
        if self.kind is SourceKind.NODE:
            return "the node's docker config"
        kind = "credential provider" if self.kind is SourceKind.PROVIDER else "secret"
        return printable(f"{kind} {self.name or '(nameless)'}")

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {"kind": self.kind, "namespace": self.namespace, "name": self.name}

    def __str__(self) -> str:
        if self.kind is SourceKind.NODE:
            return "node"
        if self.kind is SourceKind.PROVIDER:
            return printable(f"provider {self.name}")
        return printable(f"{self.namespace}/{self.name}")


@frozen
class Candidate:
    """A credential that the kubelet tries for an image.

    Attributes:
        credential: What it logs in with.
        source: The secret, the node's docker config, or a credential provider.
        entry: The docker config's, or the answer's, entry as written.
        key: What the kubelet makes of the entry (rule 10).
        tier: Which tier it is in, counted from 0. The kubelet tries tier after tier, but the order
            within a tier is not defined (rule 13); here it is the document's.
        slot: Which of the docker configs the entry is in, counted from 0 in the order of the
            secrets. A secret that is listed twice has two slots. The node's docker config and the
            answers of its providers follow.
        account: The service account for which a pull with it is recorded, if a credential provider
            gave it for that account's token (D25); None for all others.
    """

    credential: Credential
    source: Source
    entry: EntryText
    key: EntryText
    tier: int
    slot: int
    account: PodAccount | None = None

    @property
    def user(self) -> str:
        """The user name, for people. Safe to show."""
        return printable(self.credential.username) or "(no user)"

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "tier": self.tier,
            "source": self.source.to_dict(),
            "entry": str(self.entry),
            "key": str(self.key),
            "username": self.credential.username,
            **inspect(self.credential).to_dict(),
        }

    def __str__(self) -> str:
        return f"{self.entry} as {self.user} from {self.source.title}"


class Access(StrEnum):
    """How the kubelet gets at an image, as far as it is known; the worst first."""

    FAILING = "failing"
    """Not at all: the lookup fails as a whole."""
    UNKNOWN = "unknown"
    """There is no known candidate, but what is unknown may give one."""
    ANONYMOUS = "anonymous"
    """Without credentials."""
    ENTRY = "entry"
    """With a credential that is not known: an entry for it is."""
    CREDENTIAL = "credential"
    """With a credential, or several, one after the other."""

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return list(Access).index(self)


@frozen
class Resolution(Tabular):
    """Which credentials the kubelet tries for an image.

    Attributes:
        image: The image; None if it is not an image reference.
        written: The image as it was written.
        candidates: The credentials in the order in which they are tried.
        failure: None, or why the lookup fails as a whole: the text is not an image reference, or a
            secret does not decode (rule 8). Then nothing is tried at all.
        notes: What was passed over among the secrets. Empty in the resolution of a pod, which has
            them once, in `PodResolution.notes`.
        consulted: The node's credential providers in the order in which the kubelet looks at them:
            those that it asks, with what they answer, and those that it does not ask.
        unknown: What may give further candidates, but is not known. Secrets that another program
            makes are in the ring of all secrets: their candidates may come before, between and
            after those that are known. Providers that are asked and whose answer was not given come
            after the secrets' candidates, and from Kubernetes 1.33 on after those of the node's
            docker config, too (A1, A2).
        serving: Those of `unknown` that give a candidate for certain, as an entry of theirs is
            known to match: only its credential is not known.
        kubernetes: The release that it is for.
    """

    image: Image | None
    written: ImageText
    candidates: tuple[Candidate, ...] = ()
    failure: Note | None = None
    notes: tuple[Note, ...] = ()
    consulted: tuple[Asked | NotAsked, ...] = ()
    unknown: tuple[Source, ...] = ()
    kubernetes: Release = NEWEST
    serving: tuple[Source, ...] = ()

    @property
    def asked(self) -> tuple[Asked, ...]:
        """The credential providers that are asked, in order."""
        return tuple(each for each in self.consulted if isinstance(each, Asked))

    @property
    def anonymous(self) -> bool | None:
        """Whether the kubelet pulls without credentials: only with no candidate (rule 16).

        None if there is no known candidate, and what is unknown may give one.
        """
        if self.candidates or self.serving or self.failure is not None:
            return False
        return None if self.unknown else True

    @property
    def unknown_secrets(self) -> tuple[Source, ...]:
        """Those of `unknown` that are secrets."""
        return tuple(each for each in self.unknown if each.kind is SourceKind.SECRET)

    @property
    def conditional(self) -> tuple[Candidate, ...]:
        """The candidates that an unknown secret may hide.

        Docker Hub's entries serve an image only if no other entry of the secrets does (rule 14).
        """
        if set(self.unknown_secrets) <= set(self.serving):
            return ()
        return tuple(
            each
            for each in self.candidates
            if each.key == DOCKER_HUB_KEY and each.source.kind is SourceKind.SECRET
        )

    @property
    def access(self) -> Access:
        """How the kubelet gets at the image, in one word."""
        if self.failure is not None:
            return Access.FAILING
        if self.candidates:
            return Access.CREDENTIAL
        if self.serving:
            return Access.ENTRY
        return Access.UNKNOWN if self.unknown else Access.ANONYMOUS

    @property
    def tiers(self) -> tuple[tuple[Candidate, ...], ...]:
        """The candidates, tier by tier."""
        tiers: dict[int, list[Candidate]] = {}
        for candidate in self.candidates:
            tiers.setdefault(candidate.tier, []).append(candidate)
        return tuple(map(tuple, tiers.values()))

    @property
    def is_deterministic(self) -> bool:
        """Whether no tier holds two different credentials, so that every pull is the same.

        As far as they are known: those of `unknown` are in tiers of their own.
        """
        return all(len({each.credential.login for each in tier}) == 1 for tier in self.tiers)

    @property
    def attempts(self) -> tuple[tuple[str, Candidate], ...]:
        """The candidates and when they are tried: ``2``, or ``2-3`` if the order is not defined.

        ``2+`` means then or later, as candidates of an unknown secret may come before it.
        """
        found: list[tuple[str, Candidate]] = []
        later = "+" if self.unknown_secrets else ""
        for tier in self.tiers:
            first, last = len(found) + 1, len(found) + len(tier)
            number = f"{first}{later}" if first == last else f"{first}-{last}{later}"
            found += [(number, candidate) for candidate in tier]
        return tuple(found)

    @property
    def summary(self) -> str:
        """The outcome in one line. Safe to show."""
        if self.failure is not None:
            return str(self.failure)
        if self.anonymous:
            return "pulled anonymously"
        count = len(self.candidates)
        order = "" if self.is_deterministic else ", partly in no defined order"
        others = ", ".join(
            f"{each.title} (which has an entry for it)" if each in self.serving else each.title
            for each in self.unknown
        )
        more = f", and what {others} gives, which is not known" if others else ""
        if self.candidates and self.unknown_secrets:
            more += " and may come first"
        return f"{count or 'no known'} candidate{'' if count == 1 else 's'}{order}{more}"

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "image": str(self.written),
            "name": None if self.image is None else self.image.name,
            "anonymous": self.anonymous,
            "failure": None if self.failure is None else self.failure.to_dict(),
            "deterministic": self.is_deterministic,
            "candidates": [candidate.to_dict() for candidate in self.candidates],
            "conditional": bool(self.conditional),
            "unknown": [source.to_dict() for source in self.unknown],
            "serving": [source.to_dict() for source in self.serving],
            "kubernetes": str(self.kubernetes),
        }

    def table(self, limit: int | None = None) -> Table:
        """One row for each candidate."""
        columns = (
            Column("image"),
            Column("number"),
            Column("tier"),
            Column("attempt", "try"),
            Column("source", "from"),
            Column("entry", "entry", code=True),
            Column("key", "key", code=True),
            Column("username", "user"),
        )
        rows = tuple(
            (
                str(self.written),
                number,
                candidate.tier,
                attempt_cell(attempt),
                Cell(str(candidate.source), candidate.source.title),
                str(candidate.entry),
                str(candidate.key),
                Cell(printable(candidate.credential.username), candidate.user),
            )
            for number, (attempt, candidate) in enumerate(self.attempts, 1)
        )
        tone = Tone.ERROR if self.failure is not None else Tone.FAINT
        return Table(
            columns,
            rows,
            title=str(self.written),
            subtitle=Cell(self.summary, tone=tone),
            notes=tuple(map(str, self.notes)),
        )


def attempt_cell(attempt: str) -> Cell:
    """When a candidate is tried, for a table: of ``2-3`` and ``2+`` it says what that means."""
    order = " in any order" if "-" in attempt else ""
    later = " or later" if attempt.endswith("+") else ""
    return Cell(attempt, f"{attempt}{order}{later}")
