"""What the names in a list of secrets lead to."""

from __future__ import annotations

import pytest

from pullsecrets import Cluster, Pod
from pullsecrets.makers.made import MadeSecret
from pullsecrets.notes import Note, NoteCode
from pullsecrets.objects import NOT_READ
from support.answered import only, users
from support.made import TYPE, pod_manifest, secret_manifest


def test_secrets_are_looked_up_in_the_pods_namespace():
    manifests = [
        pod_manifest("s", namespace="a"),
        secret_manifest("s", auths={"quay.io": {"username": "wrong"}}),
        secret_manifest("s", auths={"quay.io": {"username": "right"}}, namespace="a"),
    ]
    assert users(only(*manifests)) == ["right"]
    answer = only(*manifests[:2])
    assert answer.images[0].resolution.anonymous
    missing = Note(NoteCode.MISSING_SECRET, "a", "s", position=0, elsewhere=("default",))
    assert answer.notes == (missing,)


def test_a_missing_secret_is_skipped_and_said_once():
    answer = only(pod_manifest("gone", "s", "gone", "", ""), secret_manifest("s", "quay.io"))
    assert users(answer) == ["s-user"]
    assert answer.notes == (
        Note(NoteCode.MISSING_SECRET, "default", "gone", position=0),
        Note(NoteCode.NAMELESS_REFERENCE, "default", position=3),
        Note(NoteCode.NAMELESS_REFERENCE, "default", position=4),
    )


@pytest.mark.parametrize("first", ["Secret", "SealedSecret"])
def test_a_secret_counts_before_what_makes_it(first):
    sealed = {
        "apiVersion": "bitnami.com/v1alpha1",
        "kind": "SealedSecret",
        "metadata": {"name": "s"},
        "spec": {"encryptedData": {".dockerconfigjson": "x"}, "template": {"type": TYPE}},
    }
    both = sorted([secret_manifest("s", "quay.io"), sealed], key=lambda it: it["kind"] != first)
    answer = only(pod_manifest("s"), *both)
    assert users(answer) == ["s-user"]
    assert answer.images[0].resolution.unknown == ()
    [unknown] = only(pod_manifest("s"), sealed).images[0].resolution.unknown
    assert unknown.name == "s"


def test_a_name_that_a_template_wrote_says_so():
    answer = only(pod_manifest("map[name:s]"), secret_manifest("s", "quay.io"))
    assert answer.notes == (
        Note(NoteCode.RENDERED_REFERENCE, "default", "map[name:s]", position=0),
    )


def test_a_reference_that_is_a_string_counts_as_the_name_it_was_meant_to_be():
    answer = only(
        pod_manifest(spec={"imagePullSecrets": [{"name": "t"}, "s"]}),
        secret_manifest("s", "quay.io"),
        secret_manifest("t", "quay.io"),
    )
    assert users(answer) == ["t-user", "s-user"]
    assert answer.notes[:1] == (Note(NoteCode.STRING_REFERENCE, "default", "s", position=1),)


def test_where_all_was_looked_up_what_is_not_there_does_not_exist():
    cluster = Cluster((Pod("p", pull_secrets=("gone", ""), stored=True),), complete=True)
    [answer] = cluster.resolve_all()
    assert [note.code for note in answer.notes] == [
        NoteCode.ABSENT_SECRET,
        NoteCode.NAMELESS_REFERENCE,
    ]


def test_what_a_list_that_could_not_be_read_leads_to_is_not_known():
    found = Cluster().listed("shop", NOT_READ)
    assert isinstance(found, MadeSecret)
    assert found.unread
    assert not found.certain
    assert Cluster(made=(found,)).namespaces_with(NOT_READ) == ()
