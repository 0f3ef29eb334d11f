from __future__ import annotations

import json
import pickle
from datetime import UTC, datetime

import pytest
from attrs import evolve, frozen
from hypothesis import given
from hypothesis import strategies as st

from pullsecrets import DockerConfig, PullSecret
from pullsecrets.node.answers import ProviderAnswer
from pullsecrets.node.decision import Step
from pullsecrets.node.node import Node
from pullsecrets.node.provider_config import Providers
from pullsecrets.node.providers import PodAccount
from pullsecrets.node.record_files import file_name
from pullsecrets.node.recorded import (
    PullCredentials,
    RecordedSecret,
    RecordedServiceAccount,
    credential_hash,
)
from pullsecrets.node.records import Pull, PullRecords
from pullsecrets.node.verification import Verification, VerificationPolicy
from pullsecrets.node.versions import Release
from pullsecrets.present import PullOutcome, decide
from support.canary import CANARY, leaks, texts

NOW = datetime(2026, 5, 6, tzinfo=UTC)
BETA = "kubelet.config.k8s.io/v1beta1"
ID = "sha256:" + "1" * 64
APP = "quay.io/acme/app:1"
ALWAYS_VERIFY = Verification(VerificationPolicy.ALWAYS, gate=True)
UNDECODABLE = PullSecret(
    "bad", "shop", "kubernetes.io/dockerconfigjson", {".dockerconfigjson": b"{"}
)


def secret(name="s", password="p", *, entry="quay.io", namespace="shop", uid=None):
    made = PullSecret.from_credentials(name, {entry: ("u", password)}, namespace=namespace)
    return evolve(made, uid=uid or f"uid-{namespace}-{name}")


def recorded(of):
    """The secret as a pull with it is recorded."""
    (credential,) = of.config().auths.values()
    return RecordedSecret(of.namespace, of.name, of.uid, credential_hash(credential))


@frozen
class World:
    """A node whose kubelet decides, pulls and records, and a registry that takes passwords."""

    node: Node = Node("1.36")
    verification: Verification = Verification()
    records: PullRecords = PullRecords()
    accepts: frozenset = frozenset({"p"})
    anonymous: bool = False
    image_id: str | None = ID

    def decide(self, image=APP, *secrets, pull_policy="IfNotPresent", **arguments):
        return decide(
            image,
            pull_policy=pull_policy,
            image_id=self.image_id,
            secrets=secrets,
            node=evolve(self.node, verification=self.verification),
            records=self.records,
            **arguments,
        )

    def start(self, image=APP, *secrets, pull_policy="IfNotPresent", **arguments):
        """Start a container: the world afterwards, and how the image got to it."""
        decision = self.decide(image, *secrets, pull_policy=pull_policy, **arguments)
        release = self.node.kubernetes
        records = self.records
        if decision.adds:
            added = PullCredentials((decision.adds,))
            records = records.with_credentials(image, self.image_id, added, release, NOW)
        if decision.outcome is not PullOutcome.PULL:
            return evolve(self, records=records), str(decision.outcome)
        owners = [
            each.owner
            for each in decision.tries
            if each.candidate.credential.password.reveal() in self.accepts
        ]
        pulled = bool(owners) or (decision.anonymous and self.anonymous)
        pull = Pull(image, ID if pulled else None, owners[0] if owners else None)
        world = evolve(
            self,
            records=records.after(pull, release, NOW),
            image_id=ID if pulled else self.image_id,
        )
        return world, "pulled" if pulled else "not pulled"


class TestPullPolicies:
    @pytest.mark.parametrize(
        "policy, image_id, outcome, step",
        [
            ("Always", None, PullOutcome.PULL, Step.ALWAYS),
            ("Always", ID, PullOutcome.PULL, Step.ALWAYS),
            ("IfNotPresent", None, PullOutcome.PULL, Step.ABSENT),
            ("IfNotPresent", ID, PullOutcome.USE, Step.POLICY_ALLOWS),
            ("Never", None, PullOutcome.REFUSE, Step.ABSENT),
            ("Never", ID, PullOutcome.USE, Step.POLICY_ALLOWS),
            (None, ID, PullOutcome.USE, Step.POLICY_ALLOWS),
        ],
    )
    def test_decide(self, policy, image_id, outcome, step):
        decision = decide(APP, pull_policy=policy, image_id=image_id)
        assert (decision.outcome, decision.step) == (outcome, step)
        assert decision.looks_up is (outcome is PullOutcome.PULL)
        assert decision.anonymous is (outcome is PullOutcome.PULL)

    def test_the_default_is_the_api_servers(self):
        assert decide("nginx", image_id=ID).pull_policy == "Always"
        assert decide("nginx:1", image_id=ID).pull_policy == "IfNotPresent"

    def test_what_is_no_policy_is_refused(self):
        decision = decide(APP, pull_policy="Sometimes", image_id=ID)
        assert (decision.outcome, decision.step) == (PullOutcome.FAIL, Step.INVALID_POLICY)

    def test_what_is_no_image_fails(self):
        decision = decide("Quay.io/\x1bA", image_id=ID)
        assert (decision.outcome, decision.step) == (PullOutcome.FAIL, Step.INVALID_IMAGE)
        assert not decision.looks_up
        assert str(decision) == (
            r"Quay.io/\x1bA: it is not an image reference; the container does not start"
        )

    def test_a_kubelet_that_does_not_start_starts_nothing(self):
        decision = World(verification=Verification("Bogus")).decide()
        assert (decision.outcome, decision.step) == (PullOutcome.FAIL, Step.INVALID_CONFIG)


class TestLookUps:
    """Table B3: whether credentials are looked up for an image that is there."""

    @pytest.mark.parametrize(
        "minor, gate, looks_up",
        [
            (32, None, False),
            (33, False, True),
            (33, True, True),
            (34, False, False),
            (34, True, True),
            (35, False, False),
            (35, True, False),
            (37, False, False),
            (37, True, False),
        ],
    )
    def test_by_release(self, minor, gate, looks_up):
        world = World(Node(f"1.{minor}"), Verification(gate=gate))
        for policy in ("IfNotPresent", "Never"):
            assert world.decide(pull_policy=policy).looks_up is looks_up
            bad = world.decide(APP, UNDECODABLE, pull_policy=policy)
            assert bad.looks_up is looks_up
            assert bad.outcome is (PullOutcome.FAIL if looks_up else PullOutcome.USE)

    def test_late_ones_are_made_only_for_secrets(self):
        world, _ = World(verification=ALWAYS_VERIFY).start(APP, secret())
        assert world.decide(APP, secret()).looks_up
        assert world.decide(APP, pull_policy="Never").looks_up
        bad = world.decide(APP, UNDECODABLE)
        assert (bad.outcome, bad.step) == (PullOutcome.FAIL, Step.UNDECODABLE_SECRET)
        elsewhere = world.decide("quay.io/acme/b:1", UNDECODABLE, pull_policy="Never")
        assert (elsewhere.outcome, elsewhere.looks_up) == (PullOutcome.REFUSE, False)

    @pytest.mark.parametrize("policy", ["Always", "IfNotPresent"])
    def test_a_pull_needs_them(self, policy):
        for minor in (31, 33, 37):
            node = Node(f"1.{minor}")
            decision = decide(APP, pull_policy=policy, secrets=[UNDECODABLE], node=node)
            assert (decision.outcome, decision.looks_up) == (PullOutcome.FAIL, True)
            assert not decision.tries

    def test_never_and_absent_needs_none(self):
        for minor in (31, 33, 34, 37):
            node = Node(f"1.{minor}")
            decision = decide(APP, pull_policy="Never", secrets=[UNDECODABLE], node=node)
            assert (decision.outcome, decision.looks_up) == (PullOutcome.REFUSE, False)


class TestTries:
    PROVIDERS = """
apiVersion: kubelet.config.k8s.io/v1
kind: CredentialProviderConfig
providers:
- name: prov
  matchImages: [quay.io]
  defaultCacheDuration: 0s
  apiVersion: credentialprovider.kubelet.k8s.io/v1
  tokenAttributes:
    serviceAccountTokenAudience: quay
    requireServiceAccount: false
    cacheType: ServiceAccount
"""
    NODE = Node(
        "1.36",
        DockerConfig.from_json('{"auths": {"quay.io": {"username": "n", "password": "node"}}}'),
        Providers.from_config(PROVIDERS, kubernetes="1.36"),
        {"prov": ProviderAnswer.from_credentials({"quay.io": ("a", "token")})},
    )
    ACCOUNT = PodAccount("shop", "builder", "sa-1")
    OWNER = RecordedServiceAccount("shop", "builder", "sa-1")

    def test_secrets_node_and_providers_in_order_with_their_owners(self):
        first, passed_over = secret("a"), PullSecret("x", "shop", "Opaque")
        decision = decide(
            APP,
            pull_policy="Always",
            secrets=[passed_over, secret("b", entry="quay.io/acme"), first],
            node=self.NODE,
            service_account=self.ACCOUNT,
        )
        assert [
            (str(t.candidate.source.kind), t.candidate.source.name) for t in decision.tries
        ] == [
            ("secret", "b"),
            ("secret", "a"),
            ("node", None),
            ("provider", "prov"),
        ]
        assert [t.owner for t in decision.tries[1:]] == [recorded(first), None, self.OWNER]

    def test_an_answer_that_is_not_known_is_said_to_be_unknown(self):
        world = World(evolve(self.NODE, docker_config=None, answers={}), ALWAYS_VERIFY)
        pull = world.decide(pull_policy="Always", service_account=self.ACCOUNT)
        assert pull.anonymous is None
        assert [source.name for source in pull.unknown] == ["prov"]
        world = evolve(
            world, records=PullRecords().after(Pull(APP, ID, self.OWNER), Release(36), NOW)
        )
        refused = world.decide(pull_policy="Never", service_account=self.ACCOUNT)
        assert (refused.step, len(refused.unknown)) == (Step.NO_MATCH, 1)
        assert "and what prov gives is not known" in str(refused)
        elsewhere = world.decide("quay.io/b:1", pull_policy="Never", service_account=self.ACCOUNT)
        assert (elsewhere.step, elsewhere.unknown) == (Step.OTHER_NAME, ())

    def test_up_to_1_33_a_service_account_counts_as_everybody(self):
        node = Node(
            "1.33",
            None,
            Providers.from_config(
                self.PROVIDERS.replace("    cacheType: ServiceAccount\n", ""),
                kubernetes="1.33",
                token_gate=True,
            ),
            self.NODE.answers,
        )
        (one,) = World(node).decide(pull_policy="Always", service_account=self.ACCOUNT).tries
        assert one.owner is None

    def test_an_image_pulled_for_a_service_account_is_its_pods(self):
        world = World(evolve(self.NODE, docker_config=None), accepts={"token"})
        world, how = world.start(pull_policy="Always", service_account=self.ACCOUNT)
        assert how == "pulled"
        again = world.decide(service_account=self.ACCOUNT)
        assert (again.outcome, again.step) == (PullOutcome.USE, Step.SAME_SERVICE_ACCOUNT)
        made_again = evolve(self.ACCOUNT, uid="sa-2")
        other = world.decide(service_account=made_again)
        assert (other.outcome, other.step) == (PullOutcome.PULL, Step.NO_MATCH)

    def test_the_nodes_credential_does_not_count_in_a_verification(self):
        world, _ = World(self.NODE, accepts={"p", "node"}).start(
            APP, secret(), pull_policy="Always"
        )
        decision = world.decide()
        assert (decision.outcome, decision.step) == (PullOutcome.PULL, Step.NO_MATCH)
        world, how = world.start()
        assert how == "pulled"
        assert world.decide().step is Step.OPEN_TO_ALL


class TestMatching:
    def known(self, *secrets):
        credentials = PullCredentials(tuple(secrets))
        records = PullRecords().with_credentials(APP, ID, credentials, Release(36), NOW)
        return World(verification=ALWAYS_VERIFY, records=records)

    def test_the_same_credential_in_another_secret_is_recorded(self):
        world = self.known(recorded(secret("a")))
        other = secret("b", namespace="else")
        decision = world.decide(APP, other)
        assert (decision.step, decision.adds) == (Step.SAME_CREDENTIAL, recorded(other))
        world, how = world.start(APP, other)
        assert how == "use"
        assert world.decide(APP, other).adds is None

    def test_an_empty_hash_equals_none(self):
        world = self.known(evolve(recorded(secret("a")), hash=""))
        assert world.decide(APP, secret("b")).step is Step.NO_MATCH
        assert world.decide(APP, secret("a")).step is Step.SAME_SECRET

    def test_from_100_recorded_secrets_on_nothing_is_added(self):
        many = [recorded(secret(f"m{n:03}", str(n))) for n in range(99)]
        known = recorded(secret("a"))
        for others, adds in ((many[:98], True), (many[:99], False)):
            world = self.known(known, *others)
            rotated = world.decide(APP, secret("a", "new"))
            assert rotated.step is (Step.SAME_SECRET if adds else Step.NO_MATCH)
            equal = world.decide(APP, secret("b"))
            assert equal.step is Step.SAME_CREDENTIAL
            assert (equal.adds is not None) is adds

    def test_the_sentence_names_a_few(self):
        many = [recorded(secret(f"m{n}", str(n))) for n in range(7)]
        reason = self.known(*many).decide().reason
        assert reason.endswith("shop/m0, shop/m1, shop/m2, shop/m3, shop/m4 and 2 more")


class TestStories:
    """What was reported upstream, played."""

    def test_kubernetes_138175_a_preloaded_image_pulled_again_under_another_name(self):
        world = World(anonymous=True)
        assert world.decide().step is Step.POLICY_ALLOWS
        world, how = world.start("mirror.example.com/app:1", pull_policy="Always")
        assert how == "pulled"
        poisoned = world.decide()
        assert (poisoned.outcome, poisoned.step) == (PullOutcome.PULL, Step.OTHER_NAME)
        assert str(poisoned) == (
            "quay.io/acme/app:1: the image was pulled by the kubelet, but under other names alone: "
            "mirror.example.com/app; the registry decides"
        )
        assert world.decide(pull_policy="Never").outcome is PullOutcome.REFUSE

    def test_a_pod_without_a_secret_comes_after_one_that_pulled_with_it(self):
        world, _ = World().start(APP, secret(), pull_policy="Always")
        decision = world.decide()
        assert (decision.outcome, decision.step) == (PullOutcome.PULL, Step.NO_MATCH)
        assert decision.anonymous
        assert decision.reason == (
            "the pod has no credential of those that pulled the image: shop/s"
        )
        closed, how = world.start()
        assert how == "not pulled"
        assert closed.decide().step is Step.NO_MATCH
        public, how = evolve(world, anonymous=True).start()
        assert how == "pulled"
        assert public.decide().step is Step.OPEN_TO_ALL

    def test_a_rotated_secret_is_trusted_also_with_wrong_content(self):
        world, _ = World().start(APP, secret(), pull_policy="Always")
        wrong = secret(password="wrong")
        decision = world.decide(APP, wrong)
        assert (decision.outcome, decision.step) == (PullOutcome.USE, Step.SAME_SECRET)
        assert decision.adds == recorded(wrong)
        world, _ = world.start(APP, wrong)
        assert world.decide(APP, secret("other", "p")).step is Step.NO_MATCH  # it was replaced
        made_again = secret(password="wrong", uid="new")
        assert evolve(world).decide(APP, made_again).step is Step.SAME_CREDENTIAL

    def test_crio_9728_kubernetes_136498_a_record_of_another_id(self):
        pull = Pull(APP, f"quay.io/acme/app@sha256:{'d' * 64}", recorded(secret()))
        records = PullRecords().after(pull, Release(36), NOW)
        unnoticed = World(records=records).decide()
        assert (unnoticed.outcome, unnoticed.step) == (PullOutcome.USE, Step.POLICY_ALLOWS)
        each_time = World(records=records, verification=ALWAYS_VERIFY).decide(APP, secret())
        assert (each_time.outcome, each_time.step) == (PullOutcome.PULL, Step.NO_RECORD)

    def test_kubernetes_132951_a_secret_that_does_not_decode_in_1_33(self):
        for minor, outcome in ((32, "use"), (33, "fail"), (34, "use"), (37, "use")):
            off = Verification(gate=None if minor == 32 else False)
            assert World(Node(f"1.{minor}"), off).decide(APP, UNDECODABLE).outcome == outcome

    def test_kubernetes_137629_short_names_are_pulled_once_more_after_the_upgrade_to_1_36(self):
        before = World(Node("1.35"), anonymous=True)
        world, _ = before.start("nginx:1", pull_policy="Always")
        assert world.decide("docker.io/library/nginx:1").step is Step.OPEN_TO_ALL
        upgraded = evolve(world, node=Node("1.36"))
        assert upgraded.decide("nginx:1").step is Step.OTHER_NAME
        assert upgraded.decide("docker.io/library/nginx:1").step is Step.OPEN_TO_ALL

    def test_kubernetes_137629_an_exact_entry_of_the_allowlist_matches_no_tag_before_1_36(self):
        listed = Verification(VerificationPolicy.ALLOWLISTED, ["quay.io/acme/app"], True)
        steps = [World(Node(f"1.{n}"), listed).decide().step for n in (33, 34, 35, 36, 37)]
        assert steps == [Step.NO_RECORD] * 3 + [Step.POLICY_ALLOWS] * 2

    def test_a_failed_check_makes_an_interrupted_pull_count_as_preloaded(self):
        document = {"kind": "ImagePullIntent", "apiVersion": BETA, "image": APP}
        begun = PullRecords.from_files({}, {file_name(APP): json.dumps(document)})
        world = World(records=begun)
        assert world.decide().step is Step.NO_RECORD
        world, how = world.start()
        assert how == "not pulled"
        assert world.decide().step is Step.POLICY_ALLOWS

    def test_files_that_do_not_decode_are_asked_about(self):
        never = Verification(VerificationPolicy.NEVER)
        broken = PullRecords.from_files({file_name(ID): "{"}, {})
        decision = World(records=broken, verification=never).decide()
        assert (decision.outcome, decision.step) == (PullOutcome.PULL, Step.BROKEN_RECORD)
        assert file_name(ID) in decision.reason
        begun = PullRecords.from_files({}, {file_name(APP): "{"})
        assert World(records=begun, verification=never).decide().step is Step.BROKEN_INTENT

    def test_a_record_that_names_nobody(self):
        records = PullRecords().with_credentials(APP, ID, PullCredentials(), Release(36), NOW)
        assert World(records=records).decide(APP, secret()).step is Step.NOBODY_KNOWN


# --------------------------------------------------------------------------------- properties

IMAGES = (APP, "quay.io/acme/app:2", "quay.io/acme/other", "nginx:1", "docker.io/library/nginx")
RELEASES = st.sampled_from([Node(f"1.{minor}") for minor in range(33, 38)])
SECRETS = st.builds(
    secret,
    st.sampled_from("abc"),
    st.sampled_from(["p", "q", "r"]),
    entry=st.sampled_from(["quay.io", "docker.io"]),
    namespace=st.sampled_from(["shop", "else"]),
)
STARTS = st.tuples(st.sampled_from(IMAGES), st.lists(SECRETS, max_size=2))


@st.composite
def played(draw, verification=ALWAYS_VERIFY):
    """A node after some pods have started on it."""
    world = World(
        draw(RELEASES),
        verification,
        accepts=frozenset(draw(st.sets(st.sampled_from(["p", "q", "r"])))),
        anonymous=draw(st.booleans()),
    )
    for image, secrets in draw(st.lists(STARTS, max_size=6)):
        world, _ = world.start(image, *secrets)
    return world


@given(played(), STARTS, st.sampled_from(["IfNotPresent", "Never"]))
def test_with_the_gate_off_no_record_changes_anything(world, start, policy):
    image, secrets = start
    off = evolve(world, verification=Verification(gate=False))
    without = evolve(off, records=PullRecords())
    assert off.decide(image, *secrets, pull_policy=policy) == without.decide(
        image, *secrets, pull_policy=policy
    )
    assert off.decide(image, *secrets, pull_policy=policy).outcome is PullOutcome.USE


@given(played(), STARTS, st.sampled_from(["IfNotPresent", "Never"]))
def test_never_verify_uses_every_image_that_is_there(world, start, policy):
    # But for a record or an intent that does not decode (E8, step 1): none is broken here.
    image, secrets = start
    never = evolve(world, verification=Verification(VerificationPolicy.NEVER, gate=True))
    assert never.decide(image, *secrets, pull_policy=policy).outcome is PullOutcome.USE


def could_pull(world, image, secrets):
    decision = world.decide(image, *secrets, pull_policy="Always")
    if decision.anonymous:
        return world.anonymous
    passwords = [each.candidate.credential.password.reveal() for each in decision.tries]
    return bool(world.accepts.intersection(passwords))


@given(st.data())
def test_who_may_use_an_image_could_pull_it_or_has_one_of_the_ways_that_are_known(data):
    """The ways are: a pull that counts as everybody's, and a secret with new content.

    The registry takes the same credentials all the time: that a credential which it has stopped
    taking still opens the image is a third way, and the policies are further ones.
    """
    world = World(
        data.draw(RELEASES),
        ALWAYS_VERIFY,
        accepts=frozenset(data.draw(st.sets(st.sampled_from(["p", "q", "r"])))),
        anonymous=data.draw(st.booleans()),
    )
    pulled_for_all, pulled_with, trusted = set(), set(), set()
    for image, secrets in data.draw(st.lists(STARTS, max_size=8)):
        decision = world.decide(image, *secrets)
        repository = image.removeprefix("docker.io/library/").partition(":")[0]
        if decision.outcome is PullOutcome.USE:
            if decision.step is Step.OPEN_TO_ALL:
                assert repository in pulled_for_all
            elif decision.step is Step.SAME_SECRET:
                assert (repository, decision.adds.identity) in pulled_with
                trusted.add((repository, decision.adds.hash))
            else:
                assert decision.step is Step.SAME_CREDENTIAL
                hashes = {recorded(each).hash for each in secrets}
                assert could_pull(world, image, secrets) or any(
                    (repository, known) in trusted for known in hashes
                )
            if decision.adds:
                pulled_with.add((repository, decision.adds.identity))
        before, (world, how) = world, world.start(image, *secrets)
        if how == "pulled":
            assert could_pull(before, image, secrets)
            if decision.anonymous:
                pulled_for_all.add(repository)
            pulled_with.update(
                (repository, each.owner.identity)
                for each in decision.tries
                if each.candidate.credential.password.reveal() in world.accepts
            )


def test_decisions_are_values_that_hide_what_they_hold():
    pod_secret = secret(password=CANARY)
    world, _ = World(accepts={CANARY}).start(APP, pod_secret, pull_policy="Always")
    for decision in (
        world.decide(APP, pod_secret, pull_policy="Always"),
        world.decide(APP, secret(password="new")),
        world.decide(APP, UNDECODABLE),
    ):
        assert pickle.loads(pickle.dumps(decision)) == decision
        for text in texts(decision):
            assert not leaks(text)
