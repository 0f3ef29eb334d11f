"""Notes: the one place where what each of them says is compared word by word."""

from __future__ import annotations

import pytest

from pullsecrets.notes import Note, NoteCode
from pullsecrets.secrecy import EntryText, ImageText

MISSING = (
    "secret ns/s is not among the manifests: if it does not exist, the pull goes on without it"
)
SENTENCES = [
    (
        Note(NoteCode.INVALID_IMAGE, image=ImageText("A"), detail="is not an image reference"),
        "'A' is not an image reference",
    ),
    (
        Note(NoteCode.UNDECODABLE_SECRET, "ns", "s", detail="the document is an array"),
        (
            "secret ns/s does not decode, so no pull of a pod that lists it gets any credential: "
            "the document is an array"
        ),
    ),
    (
        Note(NoteCode.NAMELESS_REFERENCE, "ns", position=2),
        "imagePullSecrets[2] has no name: it is skipped",
    ),
    (
        Note(NoteCode.STRING_REFERENCE, "ns", "s\x1b", position=1),
        (
            "imagePullSecrets[1] is a string, 's\\x1b', so the API server refuses the object; "
            "here it counts as the name"
        ),
    ),
    (
        Note(NoteCode.RENDERED_REFERENCE, "ns", "map[name:s]", position=0),
        (
            "imagePullSecrets[0] is named 'map[name:s]', as no secret can be: "
            "a template wrote an object as text"
        ),
    ),
    (
        Note(NoteCode.MISSING_SECRET, "ns", "s", position=0),
        MISSING,
    ),
    (
        Note(NoteCode.MISSING_SECRET, "ns", "s", elsewhere=("a", "b")),
        (f"{MISSING}; there is one in namespace a, b"),
    ),
    (
        Note(NoteCode.MADE_SECRET, "ns", "s", detail="SealedSecret ns/s"),
        "secret ns/s is made by SealedSecret ns/s: what it holds is not known",
    ),
    (
        Note(NoteCode.UNREAD_SECRET, "ns", "s"),
        "secret ns/s could not be read: whether it exists, and what it holds, is not known",
    ),
    (
        Note(NoteCode.ABSENT_SECRET, "ns", "s", elsewhere=("a",)),
        ("secret ns/s does not exist: the pull goes on without it; there is one in namespace a"),
    ),
    (
        Note(NoteCode.MAYBE_MADE, "ns", "s", detail="SecretProviderClass ns/s"),
        (
            "secret ns/s may be made by SecretProviderClass ns/s: whether it is, and what it "
            "holds, is not known"
        ),
    ),
    (
        Note(NoteCode.FILLED_SECRET, "ns", "s", detail="ExternalSecret ns/s"),
        "secret ns/s is filled by ExternalSecret ns/s: its credentials are not known",
    ),
    (
        Note(NoteCode.MADE_WITH_ENTRIES, "ns", "s", detail="ExternalSecret ns/s"),
        (
            "secret ns/s is made by ExternalSecret ns/s: its entries are known, its credentials "
            "are not"
        ),
    ),
    (
        Note(NoteCode.UNKNOWN_SECRET, "ns", "s"),
        "secret ns/s may have a credential for it, which is not known",
    ),
    (
        Note(NoteCode.UNKNOWN_ANSWER, name="ecr"),
        "credential provider ecr may give a credential for it, which is not known",
    ),
    (
        Note(NoteCode.AMBIGUOUS_SECRET, "ns", "s", detail="that of a is taken, not of b"),
        "secret ns/s is defined in several files: that of a is taken, not of b",
    ),
    (
        Note(NoteCode.AMBIGUOUS_ACCOUNT, "ns", "x", detail="that of a is taken, not of b"),
        "service account ns/x is defined in several files: that of a is taken, not of b",
    ),
    (
        Note(NoteCode.REPEATED_SECRET, "ns", "s"),
        "secret ns/s is listed more than once: its credentials are tried each time",
    ),
    (
        Note(NoteCode.WRONG_TYPE, "ns", "s", detail="a\x1b"),
        "secret ns/s is skipped: its type is 'a\\x1b'",
    ),
    (
        Note(NoteCode.NO_VALUE, "ns", "s", detail=".dockercfg"),
        "secret ns/s is skipped: it has no value .dockercfg, which its type asks for",
    ),
    (
        Note(NoteCode.EMPTY_VALUE, "ns", "s", detail=".dockercfg"),
        "secret ns/s is skipped: its value .dockercfg is empty",
    ),
    (
        Note(NoteCode.DROPPED_ENTRY, "ns", "s", entry=EntryText("u:p@a b"), detail="why"),
        "entry '********@a b' of secret ns/s is dropped, as Go cannot parse it: why",
    ),
    (
        Note(NoteCode.DROPPED_ENTRY, entry=EntryText("a b"), detail="why"),
        "entry 'a b' of the node is dropped, as Go cannot parse it: why",
    ),
    (
        Note(NoteCode.MISSING_ACCOUNT, "ns", "a"),
        (
            "service account ns/a is not among the manifests: "
            "if it does not exist, the API server refuses the pod"
        ),
    ),
    (
        Note(NoteCode.ASSUMED_ACCOUNT, "ns", "default"),
        "service account ns/default is not among the manifests: taken to have no pull secrets",
    ),
    (
        Note(NoteCode.STATIC_POD, "ns", "p"),
        (
            "pod ns/p is a static pod: it has no pull secrets and no service account, "
            "whatever it names"
        ),
    ),
    (
        Note(NoteCode.STATIC_POD_REFUSED, "ns", "p"),
        (
            "pod ns/p is a static pod that names pull secrets or a service account: "
            "the kubelet refuses it"
        ),
    ),
    (
        Note(NoteCode.NOT_MOUNTABLE, "ns", "s", detail="robot"),
        (
            "secret ns/s is not in the enforced list of service account robot: "
            "the API server refuses the pod"
        ),
    ),
    (
        Note(NoteCode.PROVIDER_NOT_ASKED, name="ecr", detail="why"),
        "credential provider ecr is not asked: why",
    ),
    (
        Note(NoteCode.PROVIDER_UNKNOWN, name="ecr", detail="*.io"),
        "credential provider ecr is asked, by its pattern '*.io'; what it answers is not known",
    ),
    (
        Note(NoteCode.PROVIDER_REFUSED, name="ecr", detail="why"),
        "credential provider ecr gives nothing, as its answer is refused: why",
    ),
]


@pytest.mark.parametrize("note, sentence", SENTENCES, ids=[note.code for note, _ in SENTENCES])
def test_what_a_note_says(note, sentence):
    assert str(note) == sentence == f"{note.subject} {note.predicate}"


@pytest.mark.parametrize("code", NoteCode)
def test_every_note_says_something_about_a_subject(code):
    note = Note(code, "ns", "name", EntryText("u:hunter2@e"), ImageText("u:hunter2@i"), 1, "why")
    assert note.subject
    assert note.predicate
    assert "hunter2" not in str(note) + str(note.to_dict()) + repr(note)
    assert note.to_dict()["code"] == code.value
    assert note.to_dict()["message"] == str(note)


def test_a_long_image_is_cut():
    note = Note(NoteCode.INVALID_IMAGE, image=ImageText("a" * 5000), detail="is too long")
    assert str(note) == f"'{'a' * 80}…' is too long"


def test_every_code_has_its_sentence_here():
    assert {note.code for note, _ in SENTENCES} == set(NoteCode)


def test_which_codes_say_that_credentials_are_not_known():
    """Those whose sentence says so, and no others."""
    said = ("not known", "its credentials are not")
    expected = {note.code for note, text in SENTENCES if any(words in text for words in said)}
    assert {code for code in NoteCode if code.leaves_unknown} == expected
