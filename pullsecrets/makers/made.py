"""A secret that another program makes, as a value: what is known of it, and nothing guessed."""

from __future__ import annotations

from typing import Any

from attrs import evolve, field, frozen

from pullsecrets.dockerconfig import InvalidDockerConfig
from pullsecrets.fields import FieldPath
from pullsecrets.metadata import Place
from pullsecrets.notes import Note, NoteCode
from pullsecrets.pull_secret import CONFIG_KEYS, DOCKERCONFIGJSON_KEY, PullSecret
from pullsecrets.secrecy import EntryText, printable

__all__ = ["MadeSecret", "Maker", "copy_of"]


@frozen
class Maker:
    """The object that makes a program make a secret.

    Attributes:
        kind: The object's kind: ``SealedSecret``.
        namespace: The object's namespace, empty if it has none.
        name: The object's name.
        program: The program, where the kind does not tell: ``reflector``, ``SOPS``.
        type_field: The fields that lead to the secret's type; empty if its kind has none.
        value_field: The fields that lead to the docker config, or to its template.
        ignore: Codes of diagnoses not to report for it.
        place: Where it was read; not compared.
    """

    kind: str
    namespace: str
    name: str
    program: str = ""
    type_field: FieldPath = ()
    value_field: FieldPath = ()
    ignore: tuple[str, ...] = ()
    place: Place | None = field(default=None, eq=False, repr=False, kw_only=True)

    @property
    def title(self) -> str:
        """What makes the secret, for people: ``SealedSecret shop/regcred``. Safe to show."""
        where = f"{self.namespace}/{self.name}" if self.namespace else self.name
        by = f"{self.program} from " if self.program else ""
        return printable(f"{by}{self.kind} {where}")


@frozen
class MadeSecret:
    """A secret of which is not known all that it holds: as a program makes it, or it is `unread`.

    What the program writes is taken to decode: whether it does cannot be seen here. A secret that
    does not decode fails every lookup of a pod that lists it (rule 8).

    Attributes:
        name: The secret's name, empty if it is encrypted.
        namespace: The secret's namespace; None if it is made in several that are not named.
        type: The secret's type, None if it is not known.
        maker: What makes it.
        keys: The names of its values, None if they are not all known.
        entries: The entries of its docker config, None if they are not all known.
        fault: Why its template gives no docker config; empty if it does, or if that is not known.
        certain: Whether it is certain to be made in this namespace.
        origin: The namespace and name of the secret that it is a copy of, or None.
        unread: Whether nothing makes it, but it could not be read: the right was missing for it in
            a cluster, it is malformed, or its name is not known. Then its `maker` is the Secret
            itself.
        fills: Whether the program makes no secret, and only fills one that is there.
        accounts: The service accounts of its namespace to whose lists the program adds it; None for
            all of them.
    """

    name: str
    namespace: str | None
    type: str | None
    maker: Maker
    keys: tuple[str, ...] | None = None
    entries: tuple[EntryText, ...] | None = None
    fault: str = ""
    certain: bool = True
    origin: tuple[str, str] | None = None
    unread: bool = False
    fills: bool = False
    accounts: tuple[str, ...] | None = ()

    @classmethod
    def not_read(cls, namespace: str, name: str, place: Place | None = None) -> MadeSecret:
        """A secret that could not be read, so that nothing of it is known.

        Args:
            namespace: Its namespace.
            name: Its name, empty if it may have any.
            place: Where it is, or is named.
        """
        itself = Maker("Secret", namespace, name, place=place)
        return cls(name, namespace, None, itself, certain=False, unread=True)

    @property
    def why(self) -> str:
        """Why not all of it is known: ``made by SealedSecret shop/regcred``. Safe to show."""
        if self.unread:
            return "could not be read"
        return f"{'filled' if self.fills else 'made'} by {self.maker.title}"

    @property
    def place(self) -> Place | None:
        """Where its maker was read."""
        return self.maker.place

    def is_added_to(self, namespace: str, account: str) -> bool:
        """Whether the program adds it to the list of a service account.

        Args:
            namespace: The service account's namespace.
            account: The service account's name.
        """
        here = self.namespace in (None, namespace)
        return here and (self.accounts is None or account in self.accounts)

    @property
    def key(self) -> str:
        """The key of the value that its type asks for: that of the newer type for any other."""
        return CONFIG_KEYS.get(self.type or "", DOCKERCONFIGJSON_KEY)

    @property
    def skipped(self) -> Note | None:
        """Why the kubelet will skip this secret for certain (rule 7), or None."""
        if self.type is not None and self.type not in CONFIG_KEYS:
            return Note(NoteCode.WRONG_TYPE, self.namespace, self.name, detail=self.type)
        if self.type is not None and self.keys is not None and self.key not in self.keys:
            return Note(NoteCode.NO_VALUE, self.namespace, self.name, detail=self.key)
        return None

    @property
    def note(self) -> Note:
        """What there is to say about it, to whoever lists it."""
        if self.skipped is not None:
            return self.skipped
        if self.unread:
            code = NoteCode.UNREAD_SECRET
        elif self.fills:
            code = NoteCode.FILLED_SECRET
        elif not self.certain:
            code = NoteCode.MAYBE_MADE
        elif self.entries is None:
            code = NoteCode.MADE_SECRET
        else:
            code = NoteCode.MADE_WITH_ENTRIES
        return Note(code, self.namespace, self.name, detail=self.maker.title)


def copy_of(made: MadeSecret, origin: PullSecret | MadeSecret | None) -> PullSecret | MadeSecret:
    """A copy of a secret, with what is known of the original.

    Args:
        made: The copy, in the namespace of whoever asks. Its type counts if it is known, as a type
            cannot be changed (core/v1 ``ValidateSecretUpdate``).
        origin: The original, or None if it is not known.
    """
    if origin is None:
        return made
    kind: Any = made.type or origin.type
    if isinstance(origin, MadeSecret):
        return evolve(made, type=kind, keys=origin.keys, entries=origin.entries)
    if made.certain:
        namespace = made.namespace or origin.namespace
        return evolve(origin, name=made.name, namespace=namespace, type=kind, uid="")
    try:
        config = origin.config()
    except InvalidDockerConfig:
        return evolve(made, type=kind)
    entries = tuple(config.auths) if config is not None else None
    return evolve(made, type=kind, keys=(*origin.data, *origin.other_keys), entries=entries)
