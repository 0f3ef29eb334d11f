from __future__ import annotations

import pytest

from pullsecrets import Cluster, DockerConfig, PullSecret
from pullsecrets.diagnoses.verification import KINDS, closing_pulls, never_pulled, useless_entries
from pullsecrets.node.node import Node
from pullsecrets.node.verification import Policy, Verification
from pullsecrets.node.versions import Release
from pullsecrets.objects import Container, Pod

SECRET = PullSecret.from_credentials("s", {"quay.io": ("u", "p")})
BAD = PullSecret("bad", "default", "kubernetes.io/dockercfg", {".dockercfg": b"{"})


def pod(name, *images, secrets=(), policy=None):
    containers = tuple(Container("c", image, pull_policy=policy) for image in images)
    return Pod(name, containers=containers, pull_secrets=secrets)


def resolve(*pods, node=None):
    return list(Cluster(pods, (), (SECRET, BAD), node or Node("1.36")).resolve_all())


def listing(*entries):
    return Verification(Policy.ALLOWLISTED, entries, True)


class TestUselessEntries:
    @pytest.mark.parametrize(
        "entry, minors",
        [
            ("quay.io/a", [33, 34, 35]),
            ("quay.io/*", []),
            ("quay.io/a/*", []),
            ("not an image/*", [33, 34, 35, 36, 37]),
            ("quay.io/A/*", [33, 34, 35, 36, 37]),
        ],
    )
    def test_by_release(self, entry, minors):
        found = {n: list(useless_entries(listing(entry), Release(n))) for n in range(33, 38)}
        assert [n for n, findings in found.items() if findings] == minors
        assert all(entry in each.message for findings in found.values() for each in findings)

    def test_as_written_an_image_id_is_a_name_that_no_pod_can_have(self):
        (found,) = useless_entries(listing("a" * 64), Release(36))
        assert found.kind is KINDS["PS701"]
        assert found.advice == "Write the part before the last slash with '/*'."

    def test_a_list_that_is_refused_or_not_used_has_none(self):
        assert not list(useless_entries(listing("quay.io/a", "*"), Release(35)))
        assert not list(useless_entries(Verification(), Release(35)))


class TestNeverPulled:
    def found(self, verification, *images, policy="Never", kubernetes="1.36"):
        (answer,) = resolve(pod("p", *images, policy=policy), node=Node(kubernetes))
        return [str(each.resolution.written) for each, _ in never_pulled(answer, verification)]

    def test_only_where_it_is_verified_in_any_case(self):
        images = ("quay.io/a:1", "quay.io/b:1", "Not an image")
        assert self.found(Verification(Policy.ALWAYS), *images) == ["quay.io/a:1", "quay.io/b:1"]
        assert self.found(listing("quay.io/a"), *images) == ["quay.io/b:1"]
        for verification in (Verification(), Verification(Policy.NEVER)):
            assert self.found(verification, *images) == []

    def test_not_where_it_can_be_pulled_or_nothing_is_verified(self):
        always = Verification(Policy.ALWAYS)
        assert self.found(always, "quay.io/a:1", policy="IfNotPresent") == []
        assert self.found(always, "quay.io/a:1", policy=None) == []
        assert self.found(always, "quay.io/a:1", kubernetes="1.33") == []

    def test_it_says_so(self):
        (answer,) = resolve(pod("p", "quay.io/a:1", policy="Never"))
        ((_, finding),) = never_pulled(answer, Verification(Policy.ALWAYS))
        assert finding.message == "'quay.io/a:1' is verified, and has the pull policy Never"


class TestClosingPulls:
    WITH = pod("with", "quay.io/a:1", secrets=("s",))
    WITHOUT = pod("without", "quay.io/a:2")

    def test_one_pod_with_a_secret_and_one_without(self):
        answers = resolve(self.WITH, self.WITHOUT, pod("other", "quay.io/b", secrets=("s",)))
        ((found, each, finding),) = closing_pulls(answers, Verification())
        assert (found, str(each.resolution.written)) == (self.WITH, "quay.io/a:1")
        assert finding.message == (
            "'quay.io/a': a pull with secret s closes it to Pod default/without"
        )

    @pytest.mark.parametrize(
        "others",
        [
            (pod("without", "quay.io/b"),),
            (pod("with-too", "quay.io/a:2", secrets=("s",)),),
            (pod("fails", "quay.io/a:2", secrets=("bad",)),),
            (pod("none", "Not an image"),),
        ],
    )
    def test_not_where_nobody_is_shut_out(self, others):
        assert not list(closing_pulls(resolve(self.WITH, *others), Verification()))

    def test_not_where_nothing_is_verified(self):
        answers = resolve(self.WITH, self.WITHOUT)
        for verification in (Verification(Policy.NEVER), Verification(gate=False)):
            assert not list(closing_pulls(answers, verification))
        assert not list(closing_pulls(answers, listing("quay.io/a")))

    def test_a_nodes_credential_closes_nothing(self):
        config = DockerConfig.from_json('{"auths": {"quay.io": {"auth": "dTpw"}}}')
        answers = resolve(self.WITHOUT, node=Node("1.36", config))
        assert not list(closing_pulls(answers, Verification()))
