from __future__ import annotations

from datetime import UTC, datetime

import pytest
from attrs import evolve, frozen

from pullsecrets import Cluster, PullSecret
from pullsecrets.makers.made import MadeSecret, Maker
from pullsecrets.node.decision import Step
from pullsecrets.node.images import NodeImage, NodeImages
from pullsecrets.node.node import Node
from pullsecrets.node.recorded import RecordedSecret, credential_hash
from pullsecrets.node.records import Pull, PullRecords
from pullsecrets.node.verification import Verification, VerificationPolicy
from pullsecrets.objects import Container, Pod
from pullsecrets.on_node import (
    ChangeCode,
    NodeState,
    SecretState,
    decide_pod,
    recorded_images,
)
from pullsecrets.present import PullOutcome

NOW = datetime(2026, 5, 6, tzinfo=UTC)
APP = "quay.io/acme/app:1"
IMAGES = NodeImages(
    [
        NodeImage("sha256:1", (APP, "mirror.example.com/app:1", "<none>:<none>")),
        NodeImage("sha256:2", ("docker.io/library/nginx:1",)),
    ]
)


def secret(name="s", password="p", uid="uid-s"):
    made = PullSecret.from_credentials(name, {"quay.io": ("u", password)}, namespace="shop")
    return evolve(made, uid=uid)


def recorded(of):
    (credential,) = of.config().auths.values()
    return RecordedSecret(of.namespace, of.name, of.uid, credential_hash(credential))


@frozen
class World:
    """A node of some release, and what is on it."""

    node: Node
    state: NodeState

    def cluster(self, *secrets):
        return Cluster((), (), secrets, self.node)

    def recorded(self, *secrets):
        return recorded_images(self.cluster(*secrets), self.state)


def state(*pulls, kubernetes="1.36", verification=None):
    node = Node(kubernetes, verification=verification)
    records = PullRecords()
    for pull in pulls:
        records = records.after(pull, node.kubernetes, NOW)
    return World(node, NodeState(IMAGES, records))


def pod(*containers, secrets=()):
    return Pod("web", "shop", containers=containers, pull_secrets=secrets)


def decide_one(on, image=APP, policy=None, secrets=()):
    names = tuple(each.name for each in secrets)
    asked = pod(Container("c", image, pull_policy=policy), secrets=names)
    (found,) = decide_pod(on.cluster(*secrets), asked, on.state)
    return found


PULLED = Pull(APP, "sha256:1", recorded(secret()))


class TestPods:
    def test_each_image_of_a_pod_in_order(self):
        containers = (
            Container("app", APP),
            Container("web", "nginx:1"),
            Container("gone", "nginx:2"),
            Container("bad", "Not An Image"),
        )
        found = decide_pod(state().cluster(), pod(*containers), state().state)
        assert [(each.container.name, each.image_id) for each in found] == [
            ("app", "sha256:1"),
            ("web", "sha256:2"),
            ("gone", None),
            ("bad", None),
        ]
        assert [each.decision.outcome for each in found] == ["use", "use", "pull", "fail"]
        assert all(each.changes == () for each in found)

    def test_the_pods_own_secrets_count(self):
        on = state(PULLED)
        assert decide_one(on, secrets=(secret(),)).decision.step is Step.SAME_CREDENTIAL
        assert decide_one(on).decision.step is Step.NO_MATCH


class TestChanges:
    def test_what_would_let_a_pod_use_an_image(self):
        found = decide_one(state(PULLED))
        assert found.decision.outcome is PullOutcome.PULL
        assert [str(change) for change in found.changes] == [
            "after a pull with a credential of the node, or none, every pod uses it",
            "with quay.io/acme/app in preloadedImagesVerificationAllowlist every pod uses it",
        ]

    def test_a_refused_one_may_be_pulled(self):
        found = decide_one(state(PULLED), policy="Never")
        assert found.decision.outcome is PullOutcome.REFUSE
        first = found.changes[0]
        assert (first.code, first.outcome) == (ChangeCode.PULL_POLICY, PullOutcome.PULL)
        assert str(first) == "with imagePullPolicy: IfNotPresent the registry decides"
        assert len(found.changes) == 3

    def test_an_absent_one_can_only_be_pulled(self):
        found = decide_one(state(), "nginx:2", "Never")
        assert [change.code for change in found.changes] == [ChangeCode.PULL_POLICY]

    def test_always_stays_always(self):
        assert decide_one(state(PULLED), policy="Always").changes == ()

    @pytest.mark.parametrize(
        "image, kubernetes, entry",
        [
            (APP, "1.36", "quay.io/acme/app"),
            (APP, "1.35", "quay.io/acme/*"),
            ("nginx:1", "1.36", "nginx"),
            ("nginx:1", "1.35", None),
        ],
    )
    def test_the_entry_is_one_that_matches_in_that_version(self, image, kubernetes, entry):
        always = Verification(VerificationPolicy.ALWAYS)
        found = decide_one(state(kubernetes=kubernetes, verification=always), image)
        entries = [c.value for c in found.changes if c.code is ChangeCode.ALLOWLIST]
        assert entries == ([] if entry is None else [entry])

    def test_entries_are_added_to_those_that_there_are(self):
        listed = Verification(VerificationPolicy.ALLOWLISTED, ["other.io/*"])
        found = decide_one(state(verification=listed))
        assert [change.code for change in found.changes] == [
            ChangeCode.NODE_PULL,
            ChangeCode.ALLOWLIST,
        ]

    def test_without_verification_there_is_nothing_to_change(self):
        on = state(kubernetes="1.33")
        bad = PullSecret("s", "shop", "kubernetes.io/dockercfg", {".dockercfg": b"{"})
        found = decide_one(on, secrets=(bad,))
        assert (found.decision.outcome, found.changes) == (PullOutcome.FAIL, ())
        assert decide_one(on, policy="Always").changes == ()
        assert len(decide_one(on, "nginx:2", "Never").changes) == 1


class TestRecords:
    @pytest.mark.parametrize(
        "now, expected",
        [
            ([secret()], SecretState.CURRENT),
            ([secret(uid="new")], SecretState.CURRENT),
            ([secret(password="new")], SecretState.ROTATED),
            ([secret(password="new", uid="new")], SecretState.MADE_AGAIN),
            ([secret(password="new", uid="")], SecretState.OTHER),
            ([PullSecret("s", "shop", "Opaque", uid="uid-s")], SecretState.ROTATED),
            (
                [
                    PullSecret(
                        "s", "shop", "kubernetes.io/dockercfg", {".dockercfg": b"{"}, uid="uid-s"
                    )
                ],
                SecretState.ROTATED,
            ),
            ([secret("other")], SecretState.GONE),
            ([], SecretState.GONE),
        ],
    )
    def test_what_has_become_of_a_secret(self, now, expected):
        (found,) = state(PULLED).recorded(*now)
        ((known, its_state),) = found.names[0].secrets
        assert (known, its_state) == (recorded(secret()), expected)

    def test_what_another_program_makes_is_not_known(self):
        made = MadeSecret("s", "shop", None, Maker("SealedSecret", "shop", "s"))
        (found,) = recorded_images(Cluster(made=(made,)), state(PULLED).state)
        ((_, its_state),) = found.names[0].secrets
        assert its_state is SecretState.UNKNOWN

    def test_which_names_are_blocked(self):
        (found,) = state(PULLED).recorded()
        assert [str(each.name) for each in found.names] == ["quay.io/acme/app"]
        assert found.blocked == ("mirror.example.com/app",)
        # And that is what a pod meets.
        assert (
            decide_one(state(PULLED), "mirror.example.com/app:1").decision.step is Step.OTHER_NAME
        )

    @pytest.mark.parametrize("kubernetes", ["1.35", "1.36"])
    def test_a_short_name_does_not_block_the_full_one(self, kubernetes):
        (found,) = state(Pull("nginx:1", "sha256:2"), kubernetes=kubernetes).recorded()
        assert found.blocked == ()
        assert found.names[0].credentials.node_pods_accessible

    def test_an_image_that_is_gone(self):
        (found,) = state(Pull("a:1", "sha256:9")).recorded()
        assert (found.is_there, found.blocked) == (False, ())
