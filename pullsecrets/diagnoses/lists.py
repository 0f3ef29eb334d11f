"""What is wrong with lists of secrets: PS101, PS102, PS104, PS105, PS112 to PS114, PS308."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from heapq import nsmallest
from typing import Final

from attrs import frozen

from pullsecrets.cluster import Cluster
from pullsecrets.diagnoses.model import Severity
from pullsecrets.diagnoses.unplaced import Unplaced, quoted, unplaced
from pullsecrets.dockerconfig import Credential
from pullsecrets.fields import FieldPath
from pullsecrets.keyring import Keyring, KeyringEntry
from pullsecrets.makers.made import MadeSecret
from pullsecrets.metadata import Place
from pullsecrets.notes import Note, NoteCode
from pullsecrets.objects import Pod, ServiceAccount
from pullsecrets.pull_secret import PullSecret
from pullsecrets.references import string_references
from pullsecrets.resolution import SourceKind
from pullsecrets.secrecy import EntryText

__all__ = ["Lists", "SecretList", "strings_in"]


@frozen
class SecretList:
    """A list of secrets in a namespace.

    Attributes:
        keyring: Its keyring.
        entries: The entries of the keyring that are in a secret, not in the node's docker config.
        complete: Whether all of its secrets are there, with all that they hold.
        findings: What is wrong with it, whatever the images are.
    """

    keyring: Keyring
    entries: tuple[KeyringEntry, ...]
    complete: bool
    findings: tuple[Unplaced, ...]


def strings_in(holder: Pod | ServiceAccount) -> Iterator[Unplaced]:
    """What of an object's own list is written as a string."""
    for note in string_references(holder):
        field = ("imagePullSecrets", note.position or 0)
        yield unplaced("PS113", note, field=field, subject=note.name or "")


_SHOWN: Final = 2  # secrets that are left over


class Lists:
    """The lists of a cluster, each looked at once however many pods have it.

    Attributes:
        suggested: Namespace and name of the secrets that were named in an advice to list them.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._known: dict[tuple[str, tuple[str, ...], str | None], SecretList] = {}
        self._with_pods = {pod.namespace for pod in cluster.pods}
        holders: tuple[Pod | ServiceAccount, ...] = (*cluster.service_accounts, *cluster.pods)
        self._listed = {
            (holder.namespace, name) for holder in holders for name in holder.pull_secrets
        }
        self._names = {name for _, name in self._listed}
        left_over: dict[str, set[str]] = defaultdict(set)
        for secret in cluster.secrets:
            if self.is_unused(secret):
                left_over[secret.namespace].add(secret.name)
        # Namespace → names of the pull secrets that nothing lists, the first ones by name.
        self._left_over = {
            namespace: nsmallest(_SHOWN, names) for namespace, names in left_over.items()
        }
        self.suggested: set[tuple[str, str]] = set()

    def of(self, holder: Pod | ServiceAccount, names: tuple[str, ...]) -> SecretList:
        """A list of secrets.

        Args:
            holder: Whose list it is.
            names: The names in the list.
        """
        key = holder.namespace, names, self._cluster.standpoint(holder.place)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._look_at(holder.namespace, names, holder.place)
        return known

    def _look_at(self, namespace: str, names: tuple[str, ...], near: Place | None) -> SecretList:
        keyring = self._cluster.keyring(namespace, names, near)
        found = tuple(self._cluster.references(namespace, names, near))
        entries = tuple(e for e in keyring.entries if e.source.kind is SourceKind.SECRET)
        findings = (*self._references(namespace, names, found), *_shared_keys(entries, names))
        complete = not any(isinstance(each, (Note, MadeSecret)) for each in found)
        return SecretList(keyring, entries, complete, findings)

    def _references(
        self,
        namespace: str,
        names: tuple[str, ...],
        found: tuple[Note | PullSecret | MadeSecret, ...],
    ) -> Iterator[Unplaced]:
        seen: set[str] = set()
        for position, (name, each) in enumerate(zip(names, found, strict=True)):
            field = ("imagePullSecrets", position)
            if name in seen:
                note = Note(NoteCode.REPEATED_SECRET, namespace, name, position=position)
                yield unplaced("PS105", note, field=field, subject=name)
            elif isinstance(each, Note) and each.code is NoteCode.NAMELESS_REFERENCE:
                yield unplaced("PS104", each, field=field, subject="(nameless)")
            elif isinstance(each, Note) and each.code is NoteCode.RENDERED_REFERENCE:
                yield unplaced("PS114", each, field=field, subject=name)
            elif isinstance(each, Note) and each.elsewhere and self._is_made(name, each.elsewhere):
                yield unplaced("PS112", self._elsewhere(name, each.elsewhere[0]), field=field)
            elif isinstance(each, Note) and each.elsewhere:
                advice = f"Put a copy of the secret into namespace {quoted(namespace)}."
                yield unplaced("PS101", each, advice, field=field, subject=name)
            elif isinstance(each, Note):
                yield self._missing(each, name, field)
            if name:
                seen.add(name)

    def _missing(self, note: Note, name: str, field: FieldPath) -> Unplaced:
        """A note; a warning where secrets are left over, one of which may be meant."""
        left = self._left_over.get(note.namespace or "")
        if not left:
            severity = Severity.WARNING if note.code is NoteCode.ABSENT_SECRET else None
            return unplaced("PS102", note, severity=severity, field=field, subject=name)
        self.suggested.update((note.namespace or "", each) for each in left)
        meant = " or ".join(map(quoted, left))
        advice = f"Write {meant}, which nothing lists, if that is meant; otherwise add the secret."
        return unplaced("PS102", note, advice, severity=Severity.WARNING, field=field, subject=name)

    def _is_made(self, name: str, namespaces: Iterable[str]) -> bool:
        """Whether the secrets of that name are all made by programs."""
        return all(self._cluster.secret(namespace, name) is None for namespace in namespaces)

    def _elsewhere(self, name: str, namespace: str) -> str:
        made = self._cluster.listed(namespace, name)
        maker = made.maker.title if isinstance(made, MadeSecret) else "another program"
        return f"{maker} makes secret {quoted(name)} in namespace {quoted(namespace)} alone"

    def is_listed(self, secret: PullSecret | MadeSecret) -> bool:
        """Whether a pod or a service account lists a secret."""
        if secret.namespace is None:
            return secret.name in self._names
        return (secret.namespace, secret.name) in self._listed

    def is_unused(self, secret: PullSecret) -> bool:
        """Whether nothing lists a pull secret, although there are pods in its namespace."""
        skipped = secret.skipped
        return (
            (skipped is None or skipped.code is not NoteCode.WRONG_TYPE)
            and secret.namespace in self._with_pods
            and not self.is_listed(secret)
        )

    def unused(self) -> Mapping[str, Keyring]:
        """Of each namespace the secrets that nothing lists; those that do not decode left out."""
        unused: dict[str, list[PullSecret]] = defaultdict(list)
        for secret in self._cluster.secrets:
            if self.is_unused(secret) and Keyring((secret,)).failure is None:
                unused[secret.namespace].append(secret)
        return {namespace: Keyring(secrets) for namespace, secrets in unused.items()}


def _shared_keys(entries: tuple[KeyringEntry, ...], names: tuple[str, ...]) -> Iterator[Unplaced]:
    """Several secrets with different credentials for one key."""
    by_key: dict[EntryText, dict[str, Credential]] = defaultdict(dict)
    for entry in entries:
        if entry.key is not None:
            by_key[entry.key].setdefault(entry.source.name or "", entry.credential)
    for key, credentials in by_key.items():
        if len({each.login for each in credentials.values()}) > 1:
            order = ", then ".join(map(quoted, credentials))
            message = f"several secrets have an entry for {quoted(key)}; all are tried: {order}"
            last = names.index(list(credentials)[-1])
            yield unplaced("PS308", message, field=("imagePullSecrets", last))
