"""When an image's candidates count: by pull policy, release and verification."""

import attrs
import pytest

from pullsecrets import Cluster, explain_pod
from pullsecrets.node.node import Node
from pullsecrets.node.relevance import EffectivePolicy, Relevance, effective_policy
from pullsecrets.node.verification import Verification, VerificationPolicy
from pullsecrets.node.versions import Release
from pullsecrets.objects import Container, ContainerKind, Pod
from pullsecrets.present import PullOutcome, Step, decide
from pullsecrets.secrecy import ImageText

IMAGE = ImageText("quay.io/acme/app:1")
ON, OFF = Verification(gate=True), Verification(gate=False)


def effective(written, release, verification=None, image=IMAGE):
    return effective_policy(image, written, verification or Verification(), Release.parse(release))


class TestRelevance:
    @pytest.mark.parametrize(
        "written, release, verification, expected",
        [
            ("Always", "1.34", None, Relevance.ALWAYS),
            ("Always", "1.37", None, Relevance.ALWAYS),
            ("IfNotPresent", "1.32", None, Relevance.IF_ABSENT),
            ("IfNotPresent", "1.34", None, Relevance.IF_ABSENT),
            ("IfNotPresent", "1.34", ON, Relevance.IF_ABSENT_OR_VERIFIED),
            ("IfNotPresent", "1.35", None, Relevance.IF_ABSENT_OR_VERIFIED),
            ("IfNotPresent", "1.35", OFF, Relevance.IF_ABSENT),
            ("IfNotPresent", "1.35", Verification(VerificationPolicy.NEVER), Relevance.IF_ABSENT),
            ("Never", "1.34", None, Relevance.NEVER),
            ("Never", "1.35", None, Relevance.IF_VERIFIED),
            ("Never", "1.32", ON, Relevance.NEVER),  # the gate is not there yet
            ("Sometimes", "1.37", None, None),
        ],
    )
    def test_by_policy_release_and_verification(self, written, release, verification, expected):
        assert effective(written, release, verification).relevance is expected

    def test_the_allowlist_counts(self):
        listed = Verification(VerificationPolicy.ALLOWLISTED, ["quay.io/acme/*"])
        assert effective("Never", "1.37", listed).relevance is Relevance.NEVER
        other = ImageText("ghcr.io/acme/app:1")
        assert effective("Never", "1.37", listed, other).relevance is Relevance.IF_VERIFIED

    def test_the_default_policy_is_that_of_the_tag(self):
        assert effective(None, "1.34").policy == "IfNotPresent"
        latest = effective(None, "1.34", image=ImageText("nginx"))
        assert (latest.policy, latest.relevance) == ("Always", Relevance.ALWAYS)

    def test_what_is_no_image_is_never_pulled(self):
        for verification in (ON, Verification(VerificationPolicy.ALLOWLISTED, ["quay.io/acme/*"])):
            found = effective(None, "1.33", verification, ImageText("Quay.io/A B"))
            assert found == EffectivePolicy("IfNotPresent", None)


class TestLookUpFirst:
    @pytest.mark.parametrize(
        "release, verification, expected",
        [
            ("1.32", None, False),
            ("1.33", None, True),
            ("1.33", ON, True),
            ("1.34", None, False),
            ("1.34", ON, True),
            ("1.35", None, False),
            ("1.35", ON, False),
        ],
    )
    @pytest.mark.parametrize("policy", ["IfNotPresent", "Never"])
    def test_the_decision_says_the_same(self, release, verification, policy, expected):
        assert effective(policy, release, verification).looks_up_when_present is expected
        decision = decide(
            IMAGE,
            pull_policy=policy,
            image_id="sha256:1",
            node=Node(release, verification=verification),
        )
        assert (decision.outcome, decision.looks_up) == (PullOutcome.USE, expected)
        assert decision.step in (Step.NOT_VERIFIED, Step.POLICY_ALLOWS)


def test_the_sentences():
    assert str(effective("IfNotPresent", "1.33")) == (
        "IfNotPresent: pulled only if the node does not have it; secrets are decoded and providers "
        "run even if it has it"
    )
    assert str(effective("Always", "1.33")) == "Always: pulled at each start"
    assert str(effective("Never", "1.37")) == (
        "Never: never pulled; the credentials count only if the node has to verify it"
    )
    assert str(effective("Some\ntimes", "1.37")) == r"Some\ntimes"


def test_a_pod_has_it_for_each_of_its_images():
    pod = Pod(
        "web",
        containers=(Container("a", IMAGE, pull_policy="Never"), Container("b", "nginx")),
        image_volumes=(Container("v", IMAGE, ContainerKind.VOLUME, "Always"),),
    )
    cluster = Cluster((pod,), node=Node("1.34"))
    expected = [Relevance.NEVER, Relevance.ALWAYS, Relevance.ALWAYS]
    answer = cluster.resolve(pod)
    assert [each.policy.relevance for each in answer.images] == expected
    assert [each["relevance"] for each in answer.to_dict()["images"]] == expected
    assert [each["relevance"] for each in answer.to_records()] == expected
    assert [each["relevance"] for each in cluster.to_records()] == expected
    explained = explain_pod(cluster, pod)
    assert [each.policy.relevance for each in explained] == expected
    assert [each["relevance"] for each in explained.to_dict()["images"]] == expected
    assert [each["pull_policy"] for each in explained.to_records()] == ["Never"] + ["Always"] * 2


def test_the_admission_plugin_counts():
    pod = Pod("web", containers=(Container("a", IMAGE, pull_policy="Never"),))
    cluster = Cluster((pod,), always_pull=True)
    assert cluster.resolve(pod).images[0].policy == EffectivePolicy("Always", Relevance.ALWAYS)
    stored = attrs.evolve(pod, stored=True)
    assert cluster.resolve(stored).images[0].policy.policy == "Never"
