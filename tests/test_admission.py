"""Whose list of secrets a pod has, and what is said about it."""

from __future__ import annotations

import json

import pytest
from attrs import evolve

from pullsecrets import Cluster, DockerConfig, Pod, ServiceAccount
from pullsecrets.node.node import Node
from pullsecrets.notes import Note, NoteCode
from pullsecrets.objects import NOT_READ
from pullsecrets.pod_resolution import Admission, Origin
from support.answered import only, users
from support.made import MIRROR, STORED, account_manifest, pod_manifest, secret_manifest

ASSUMED = Note(NoteCode.ASSUMED_ACCOUNT, "default", "default")


class TestAdmission:
    def test_a_pod_without_a_list_gets_its_accounts(self):
        answer = only(
            pod_manifest(),
            account_manifest("default", "s", "t"),
            secret_manifest("s", "quay.io"),
            secret_manifest("t"),
        )
        assert answer.admission == Admission(Origin.SERVICE_ACCOUNT, "default", ("s", "t"))
        assert users(answer) == ["s-user"]
        assert answer.notes == ()

    def test_a_pods_own_list_is_used_alone(self):
        answer = only(
            pod_manifest("s"),
            account_manifest("default", "t"),
            secret_manifest("s", "quay.io"),
            secret_manifest("t", "quay.io"),
        )
        assert answer.admission == Admission(Origin.POD, "default", ("s",))
        assert users(answer) == ["s-user"]

    def test_a_nameless_reference_is_a_list_of_its_own(self):
        """The plugin looks at the length of the list, not into it."""
        answer = only(
            pod_manifest(""), account_manifest("default", "t"), secret_manifest("t", "quay.io")
        )
        assert answer.admission == Admission(Origin.POD, "default", ("",))
        assert answer.images[0].resolution.anonymous
        assert answer.notes == (Note(NoteCode.NAMELESS_REFERENCE, "default", position=0),)

    def test_an_accounts_nameless_reference_is_copied_too(self):
        answer = only(
            pod_manifest(), account_manifest("default", "", "s"), secret_manifest("s", "quay.io")
        )
        assert answer.admission == Admission(Origin.SERVICE_ACCOUNT, "default", ("", "s"))
        assert users(answer) == ["s-user"]
        assert [n.code for n in answer.notes] == [NoteCode.NAMELESS_REFERENCE]

    def test_an_account_without_a_list(self):
        answer = only(pod_manifest(), account_manifest("default"))
        assert answer.admission == Admission(Origin.SERVICE_ACCOUNT, "default", ())
        assert answer.images[0].resolution.anonymous
        assert answer.notes == ()

    def test_a_missing_default_account_is_assumed_empty_and_that_is_said(self):
        answer = only(pod_manifest())
        assert answer.admission == Admission(Origin.SERVICE_ACCOUNT, "default", ())
        assert answer.images[0].resolution.anonymous
        assert answer.notes == (ASSUMED,)

    def test_with_a_list_of_its_own_nothing_has_to_be_assumed(self):
        assert only(pod_manifest("s"), secret_manifest("s")).notes == ()

    @pytest.mark.parametrize("own", [(), ("s",)])
    def test_another_missing_account_is_warned_about(self, own):
        answer = only(
            pod_manifest(*own, spec={"serviceAccountName": "x\n"}), secret_manifest("s", "quay.io")
        )
        assert answer.admission.service_account == "x\n"
        assert answer.notes == (Note(NoteCode.MISSING_ACCOUNT, "default", "x\n"),)
        assert users(answer) == ["s-user"] * len(own)

    def test_an_account_of_another_namespace_is_another_account(self):
        answer = only(
            pod_manifest(),
            account_manifest("default", "s", namespace="other"),
            secret_manifest("s", "quay.io"),
        )
        assert answer.notes == (ASSUMED,)
        assert answer.images[0].resolution.anonymous

    @pytest.mark.parametrize("own", [(), ("s",)])
    def test_a_stored_pod_carries_the_outcome(self, own):
        """Rule 2: the account, be it there or not, is not asked again."""
        manifests = [
            pod_manifest(*own, **STORED),
            secret_manifest("s", "quay.io"),
            secret_manifest("t", "quay.io"),
        ]
        for more in ([], [account_manifest("default", "t")]):
            answer = only(*manifests, *more)
            assert answer.admission == Admission(Origin.STORED_POD, "default", own)
            assert users(answer) == [f"{name}-user" for name in own]
            assert answer.notes == ()

    def test_a_mirror_pod_has_the_nodes_credentials_only(self):
        """Rule 3."""
        node = DockerConfig.from_json('{"auths": {"quay.io": {"username": "node-user"}}}')
        manifests = [
            account_manifest("default", "t"),
            secret_manifest("s", "quay.io"),
            secret_manifest("t", "quay.io"),
        ]
        default = {"serviceAccountName": json.loads('"default"')}  # written out, it is no other
        answer = only(pod_manifest(spec=default, **MIRROR), *manifests, node=node)
        assert answer.admission == Admission(Origin.MIRROR_POD, None, ())
        assert users(answer) == ["node-user"]
        assert answer.notes == ()
        answer = only(pod_manifest("s", **MIRROR), *manifests, node=Node("1.33", node))
        assert answer.admission == Admission(Origin.MIRROR_POD, None, ())
        assert users(answer) == ["node-user"]
        assert answer.notes == (Note(NoteCode.STATIC_POD, "default", "p"),)
        answer = only(pod_manifest("s", **MIRROR), *manifests, node=Node("1.34", node))
        assert answer.notes == (Note(NoteCode.STATIC_POD_REFUSED, "default", "p"),)

    def test_a_workloads_pods_are_admitted_each_time(self):
        manifest = pod_manifest()
        manifest = {
            "kind": "Deployment",
            "metadata": {"name": "d", **STORED},
            "spec": {"template": {"metadata": dict(STORED), "spec": manifest["spec"]}},
        }
        answer = only(manifest, account_manifest("default", "s"), secret_manifest("s", "quay.io"))
        assert answer.admission == Admission(Origin.SERVICE_ACCOUNT, "default", ("s",))


@pytest.mark.parametrize("value, limited", [("true", True), ("T", True), ("yes", False)])
def test_an_account_can_limit_what_its_pods_list(value, limited):
    account = account_manifest("default", "allowed")
    account["metadata"]["annotations"] = {"kubernetes.io/enforce-mountable-secrets": value}
    answer = only(
        pod_manifest("allowed", "other", image="quay.io/a"),
        account,
        secret_manifest("allowed", "quay.io"),
        secret_manifest("other", "quay.io"),
    )
    note = Note(NoteCode.NOT_MOUNTABLE, "default", "other", position=1, detail="default")
    assert answer.notes == ((note,) if limited else ())
    assert users(answer) == ["allowed-user", "other-user"]


@pytest.mark.parametrize(
    "stored, own, expected",
    [
        (STORED, ("s",), ()),
        (STORED, ("other",), ("other",)),
        ({}, ("s",), ("s",)),
        ({}, ("other",), ("other",)),
    ],
)
def test_only_a_list_that_admission_copied_goes_with_the_account(stored, own, expected):
    cluster = Cluster.from_manifests(
        [pod_manifest(*own, **stored), account_manifest("default", "s")]
    )
    [before] = cluster.pods
    assert cluster.as_service_account(before, "builder") == evolve(
        before, service_account="builder", pull_secrets=expected, stored=False
    )


@pytest.mark.parametrize(
    "stored, own, expected",
    [(True, ("s",), (NOT_READ,)), (True, (), ()), (False, ("s",), ("s",))],
)
def test_whether_a_list_was_copied_from_one_that_could_not_be_read_is_not_known(
    stored, own, expected
):
    before = Pod("p", pull_secrets=own, stored=stored)
    cluster = Cluster((before,), (ServiceAccount("default", pull_secrets=(NOT_READ,)),))
    assert cluster.as_service_account(before, "builder").pull_secrets == expected
