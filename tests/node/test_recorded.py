from __future__ import annotations

import pickle

import pytest

from pullsecrets import Credential
from pullsecrets.node.recorded import (
    CredentialHash,
    PullCredentials,
    PulledRecord,
    PullIntent,
    RecordedSecret,
    RecordedServiceAccount,
    credential_hash,
)
from support.canary import CANARY, leaks, texts

A = RecordedSecret("ns", "a", "uid-a", "aaaa")
A_ROTATED = RecordedSecret("ns", "a", "uid-a", "bbbb")
A_MADE_AGAIN = RecordedSecret("ns", "a", "uid-b", "aaaa")
Z = RecordedSecret("ns", "z", "uid-z", "cccc")
OTHER_NAMESPACE = RecordedSecret("ms", "z", "uid-z", "cccc")
BUILDER = RecordedServiceAccount("ns", "builder", "sa-1")
ALICE = RecordedServiceAccount("ns", "alice", "sa-2")


class TestHash:
    def test_it_is_the_kubelets(self):
        hashes = {
            ("u", "p", ""): "edbd57ca9372e64eb1c9070ecf3a049ac553596b0529acf034c7a71d4e618e88",
            ("u", "p", "a@b"): "0eea14d331e3914209dbf9049e4c732dcca7c7ec9ac161f46a69bc25ce81b1b7",
            ("a&b", "<>", ""): "6ced5d6542c213496e466d2d9c0a9058cfd2a7693ce291620837d7250cdb4685",
            ("", "", ""): "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
        }
        assert {
            fields: credential_hash(Credential(*fields)).reveal() for fields in hashes
        } == hashes

    def test_a_byte_that_is_no_text_differs_from_the_character_that_replaces_it(self):
        assert credential_hash(Credential("u", "\udcff")) != credential_hash(
            Credential("u", "\ufffd")
        )

    def test_nothing_shows_it(self):
        secret = RecordedSecret("ns", "a", "uid", CANARY)
        record = PulledRecord("sha256:1", {"quay.io/a": PullCredentials((secret,))})
        for value in (secret.hash, secret, record, record.credentials["quay.io/a"]):
            for text in texts(value):
                assert not leaks(text)
        assert secret.hash.reveal() == CANARY
        assert str(secret) == "ns/a"


class TestAdding:
    def test_what_is_open_to_all_stays_so(self):
        everyone = PullCredentials(node_pods_accessible=True)
        assert everyone.with_added(PullCredentials((A,))) is everyone
        assert PullCredentials((A,), (BUILDER,)).with_added(everyone) == everyone

    def test_secrets_are_sorted_and_the_new_hash_counts(self):
        known = PullCredentials((Z,), (BUILDER,))
        added = known.with_added(PullCredentials((A, OTHER_NAMESPACE)))
        assert added == PullCredentials((OTHER_NAMESPACE, A, Z), (BUILDER,))
        assert added.with_added(PullCredentials((A_ROTATED,))).secrets == (
            OTHER_NAMESPACE,
            A_ROTATED,
            Z,
        )
        assert added.with_added(PullCredentials((A_MADE_AGAIN,))).secrets == (
            OTHER_NAMESPACE,
            A,
            A_MADE_AGAIN,
            Z,
        )

    def test_service_accounts_are_sorted(self):
        known = PullCredentials((Z, A), (BUILDER,))
        added = known.with_added(PullCredentials(service_accounts=(ALICE,)))
        assert added == PullCredentials((Z, A), (ALICE, BUILDER))

    @pytest.mark.parametrize("new", [PullCredentials((A,)), PullCredentials((), (BUILDER,))])
    def test_where_nothing_is_new_nothing_changes(self, new):
        known = PullCredentials((Z, A), (BUILDER, ALICE))  # not even their order
        assert known.with_added(new) is known


def test_they_are_values():
    record = PulledRecord("sha256:1", {"b": PullCredentials((A,)), "a": PullCredentials()})
    for value in (record, PullIntent("nginx"), CredentialHash("x"), BUILDER):
        assert pickle.loads(pickle.dumps(value)) == value
        assert len({value, pickle.loads(pickle.dumps(value))}) == 1
    with pytest.raises(TypeError):
        record.credentials["c"] = PullCredentials()
    assert record.key == "sha256:1"
    assert PullIntent("nginx").key == "nginx"
