"""What fails or is passed over on the way to an answer: one code, one subject, one sentence each.

Programs branch on `Note.code` and read the subject's fields. People read ``str(note)``. Every
sentence is in `_SENTENCES`, and nowhere else.

>>> note = Note(NoteCode.MISSING_SECRET, namespace="shop", name="regcred")
>>> note.code.value
'missing-secret'
>>> print(note)
secret shop/regcred is not among the manifests: if it does not exist, the pull goes on without it
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from attrs import frozen

from pullsecrets.secrecy import EntryText, ImageText, printable

__all__ = ["Note", "NoteCode"]


class NoteCode(StrEnum):
    """What a note says. The values are stable."""

    INVALID_IMAGE = "invalid-image"
    """The text is not an image reference: the kubelet reports ``InvalidImageName``."""
    UNDECODABLE_SECRET = "undecodable-secret"
    """A secret does not decode, and the lookup fails with it (rule 8)."""

    NAMELESS_REFERENCE = "nameless-reference"
    """An item of ``imagePullSecrets`` has no name (rule 4)."""
    STRING_REFERENCE = "string-reference"
    """An item of ``imagePullSecrets`` is a string where an object belongs."""
    RENDERED_REFERENCE = "rendered-reference"
    """A name is an object that a template wrote as text: ``map[name:regcred]``."""
    MISSING_SECRET = "missing-secret"
    """No secret of that name is in the pod's namespace, as far as is known (rule 4)."""
    ABSENT_SECRET = "absent-secret"
    """The cluster has no secret of that name in the pod's namespace (rule 4)."""
    MADE_SECRET = "made-secret"
    """Another program makes the secret, and what it will hold is not known."""
    MAYBE_MADE = "maybe-made"
    """Another program may make the secret, and what it would hold is not known."""
    UNREAD_SECRET = "unread-secret"
    """The secret could not be read from the cluster; it may not even exist."""
    FILLED_SECRET = "filled-secret"
    """A secret is there, and another program fills it."""
    MADE_WITH_ENTRIES = "made-with-entries"
    """Another program makes it, and its entries are known: only its credentials are not."""
    AMBIGUOUS_SECRET = "ambiguous-secret"
    """Several files define the secret, and none is nearer to the pod than all others."""
    REPEATED_SECRET = "repeated-secret"
    """A secret is listed more than once, and counts each time (rule 4)."""
    WRONG_TYPE = "wrong-type"
    """A listed secret has another type than a pull secret's (rule 7)."""
    NO_VALUE = "no-value"
    """A pull secret lacks the value that its type asks for (rule 7)."""
    EMPTY_VALUE = "empty-value"
    """The value of a pull secret is empty (rule 7)."""
    DROPPED_ENTRY = "dropped-entry"
    """Go cannot parse an entry (rule 10)."""

    MISSING_ACCOUNT = "missing-account"
    """The pod's service account is not among the manifests (rule 1)."""
    ASSUMED_ACCOUNT = "assumed-account"
    """The service account ``default`` is not among the manifests, and is taken to be empty."""
    STATIC_POD = "static-pod"
    """A static pod names pull secrets or a service account, which nobody looks up (rule 3)."""
    STATIC_POD_REFUSED = "static-pod-refused"
    """The same, from Kubernetes 1.34 on: its kubelet refuses the pod (rule 3)."""
    AMBIGUOUS_ACCOUNT = "ambiguous-account"
    """Several files define the service account, and none is nearer to the pod than all others."""
    NOT_MOUNTABLE = "not-mountable"
    """A service account with ``enforce-mountable-secrets`` does not have a secret that the pod
    lists (the API server's ``limitSecretReferences``)."""

    PROVIDER_NOT_ASKED = "provider-not-asked"
    """The kubelet does not ask a credential provider for the image (facts D7, D22)."""
    PROVIDER_UNKNOWN = "provider-unknown"
    """A credential provider is asked, and its answer is not known."""
    UNKNOWN_SECRET = "unknown-secret"
    """A secret may have a credential for the image, but what it holds is not known."""
    UNKNOWN_ANSWER = "unknown-answer"
    """A credential provider may give a credential for the image, but its answer is not known."""
    PROVIDER_REFUSED = "provider-refused"
    """The kubelet refuses the answer of a credential provider (fact D13)."""

    @property
    def leaves_unknown(self) -> bool:
        """Whether it says of credentials that they are not known, and may be there."""
        return self in _LEAVE_UNKNOWN


_LEAVE_UNKNOWN: Final = frozenset(
    {
        NoteCode.MADE_SECRET,
        NoteCode.MAYBE_MADE,
        NoteCode.UNREAD_SECRET,
        NoteCode.FILLED_SECRET,
        NoteCode.MADE_WITH_ENTRIES,
        NoteCode.PROVIDER_UNKNOWN,
        NoteCode.UNKNOWN_SECRET,
        NoteCode.UNKNOWN_ANSWER,
    }
)

_IMAGE_MAX: Final = 80  # characters that are shown of an image
_SECRET: Final = "secret {namespace}/{name}"
_POD: Final = "pod {namespace}/{name}"
_PROVIDER: Final = "credential provider {name}"
_ACCOUNT: Final = "service account {namespace}/{name}"
_SEVERAL: Final = "is defined in several files: {detail}"

# The subject, and what there is to say about it.
_SENTENCES: Final[Mapping[NoteCode, tuple[str, str]]] = {
    NoteCode.INVALID_IMAGE: ("'{image}'", "{detail}"),
    NoteCode.UNDECODABLE_SECRET: (
        _SECRET,
        "does not decode, so no pull of a pod that lists it gets any credential: {detail}",
    ),
    NoteCode.NAMELESS_REFERENCE: ("imagePullSecrets[{position}]", "has no name: it is skipped"),
    NoteCode.STRING_REFERENCE: (
        "imagePullSecrets[{position}]",
        "is a string, '{name}', so the API server refuses the object; here it counts as the name",
    ),
    NoteCode.RENDERED_REFERENCE: (
        "imagePullSecrets[{position}]",
        "is named '{name}', as no secret can be: a template wrote an object as text",
    ),
    NoteCode.MISSING_SECRET: (
        _SECRET,
        "is not among the manifests: if it does not exist, the pull goes on without it{elsewhere}",
    ),
    NoteCode.ABSENT_SECRET: (_SECRET, "does not exist: the pull goes on without it{elsewhere}"),
    NoteCode.MADE_SECRET: (_SECRET, "is made by {detail}: what it holds is not known"),
    NoteCode.MAYBE_MADE: (
        _SECRET,
        "may be made by {detail}: whether it is, and what it holds, is not known",
    ),
    NoteCode.UNREAD_SECRET: (
        _SECRET,
        "could not be read: whether it exists, and what it holds, is not known",
    ),
    NoteCode.FILLED_SECRET: (_SECRET, "is filled by {detail}: its credentials are not known"),
    NoteCode.MADE_WITH_ENTRIES: (
        _SECRET,
        "is made by {detail}: its entries are known, its credentials are not",
    ),
    NoteCode.AMBIGUOUS_SECRET: (_SECRET, _SEVERAL),
    NoteCode.REPEATED_SECRET: (
        _SECRET,
        "is listed more than once: its credentials are tried each time",
    ),
    NoteCode.WRONG_TYPE: (_SECRET, "is skipped: its type is '{detail}'"),
    NoteCode.NO_VALUE: (_SECRET, "is skipped: it has no value {detail}, which its type asks for"),
    NoteCode.EMPTY_VALUE: (_SECRET, "is skipped: its value {detail} is empty"),
    NoteCode.DROPPED_ENTRY: (
        "entry '{entry}' of {owner}",
        "is dropped, as Go cannot parse it: {detail}",
    ),
    NoteCode.MISSING_ACCOUNT: (
        _ACCOUNT,
        "is not among the manifests: if it does not exist, the API server refuses the pod",
    ),
    NoteCode.ASSUMED_ACCOUNT: (
        _ACCOUNT,
        "is not among the manifests: taken to have no pull secrets",
    ),
    NoteCode.AMBIGUOUS_ACCOUNT: (_ACCOUNT, _SEVERAL),
    NoteCode.STATIC_POD: (
        _POD,
        "is a static pod: it has no pull secrets and no service account, whatever it names",
    ),
    NoteCode.STATIC_POD_REFUSED: (
        _POD,
        "is a static pod that names pull secrets or a service account: the kubelet refuses it",
    ),
    NoteCode.NOT_MOUNTABLE: (
        _SECRET,
        "is not in the enforced list of service account {detail}: the API server refuses the pod",
    ),
    NoteCode.PROVIDER_NOT_ASKED: (_PROVIDER, "is not asked: {detail}"),
    NoteCode.PROVIDER_UNKNOWN: (
        _PROVIDER,
        "is asked, by its pattern '{detail}'; what it answers is not known",
    ),
    NoteCode.UNKNOWN_SECRET: (_SECRET, "may have a credential for it, which is not known"),
    NoteCode.UNKNOWN_ANSWER: (_PROVIDER, "may give a credential for it, which is not known"),
    NoteCode.PROVIDER_REFUSED: (_PROVIDER, "gives nothing, as its answer is refused: {detail}"),
}


@frozen
class Note:
    """Something that fails, or that the kubelet passes over.

    Attributes:
        code: What it is.
        namespace: The namespace of the secret, service account or pod that it is about; None for
            what belongs to the node.
        name: The name of that object, or of the credential provider; None for the node's docker
            config.
        entry: The docker config's entry that it is about, or None.
        image: The image that it is about, or None.
        position: The position in the list of secrets, counted from 0, or None.
        detail: What exactly is wrong. Safe to show.
        elsewhere: For a missing secret, the other namespaces that have one of its name.
        path: For a secret that does not decode, the fields that lead to the fault.
    """

    code: NoteCode
    namespace: str | None = None
    name: str | None = None
    entry: EntryText | None = None
    image: ImageText | None = None
    position: int | None = None
    detail: str = ""
    elsewhere: tuple[str, ...] = ()
    path: tuple[str | EntryText, ...] = ()

    @property
    def subject(self) -> str:
        """What it is about, in words that are safe to show."""
        return self._said(0)

    @property
    def predicate(self) -> str:
        """What there is to say about the subject. Safe to show."""
        return self._said(1)

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "code": self.code,
            "message": str(self),
            "namespace": self.namespace,
            "name": self.name,
            "entry": None if self.entry is None else str(self.entry),
            "image": None if self.image is None else str(self.image),
            "position": self.position,
        }

    def _said(self, part: int) -> str:
        image = str(self.image)
        there = f"; there is one in namespace {', '.join(self.elsewhere)}"
        return printable(
            _SENTENCES[self.code][part].format(
                namespace=self.namespace,
                name=self.name,
                owner="the node" if self.name is None else f"secret {self.namespace}/{self.name}",
                entry=self.entry,
                image=image if len(image) <= _IMAGE_MAX else f"{image[:_IMAGE_MAX]}…",
                position=self.position,
                detail=self.detail,
                elsewhere=there if self.elsewhere else "",
            )
        )

    def __str__(self) -> str:
        return f"{self.subject} {self.predicate}"
