from __future__ import annotations

import pytest

from pullsecrets import Cluster, DockerConfig, PullSecret, check
from pullsecrets.diagnoses import CATALOGUE
from pullsecrets.diagnoses.verification import useless_entries
from pullsecrets.node.node import Node
from pullsecrets.node.verification import Verification, VerificationPolicy
from pullsecrets.node.versions import Release
from pullsecrets.objects import Container, Pod

SECRET = PullSecret.from_credentials("s", {"quay.io": ("u", "p"), "registry.k8s.io": ("u", "p")})
BAD = PullSecret("bad", "default", "kubernetes.io/dockercfg", {".dockercfg": b"{"})


def pod(name, *images, secrets=(), policy=None):
    containers = tuple(Container("c", image, pull_policy=policy) for image in images)
    return Pod(name, containers=containers, pull_secrets=secrets)


def found_in(*pods, verification, kubernetes="1.36", docker_config=None, **more):
    node = Node(kubernetes, docker_config, verification=verification)
    return [
        (each.code, each.where.name, each.message)
        for each in check(Cluster(pods, (), (SECRET, BAD), node, **more))
        if each.code[:3] == "PS7"
    ]


def listing(*entries):
    return Verification(VerificationPolicy.ALLOWLISTED, entries, True)


ALWAYS = Verification(VerificationPolicy.ALWAYS)


class TestRefusedFields:
    @pytest.mark.parametrize(
        "verification, kubernetes, said",
        [
            (
                Verification(VerificationPolicy.ALWAYS),
                "1.34",
                ["must not be set while the feature gate"],
            ),
            (Verification(VerificationPolicy.ALWAYS), "1.35", []),
            (Verification("Sometimes"), "1.35", ["Sometimes"]),
            (
                Verification(VerificationPolicy.ALWAYS, ["quay.io/*"]),
                "1.35",
                ["Allowlist: is only for"],
            ),
            (listing("quay.io/a", "a:1", "*"), "1.35", ["[1] 'a:1'", "[2] '*'"]),
        ],
    )
    def test_each_is_an_error(self, verification, kubernetes, said):
        found = found_in(verification=verification, kubernetes=kubernetes)
        refused = [message for code, _, message in found if code == "PS704"]
        assert len(refused) == len(said)
        for message, words in zip(refused, said, strict=True):
            assert message.startswith(f"the kubelet of Kubernetes {kubernetes} does not start")
            assert words in message

    def test_the_field_is_its_place(self):
        verification = Verification(
            VerificationPolicy.ALLOWLISTED, ["quay.io/*", "*"], file="kubelet.yaml"
        )
        node = Node("1.35", verification=verification)
        (found,) = [each for each in check(Cluster(node=node)) if each.code == "PS704"]
        assert (found.where.kind, found.where.file) == ("KubeletConfiguration", "kubelet.yaml")
        assert found.where.field == ("preloadedImagesVerificationAllowlist", 1)
        assert found.severity == "error"


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
        (found,) = useless_entries(listing("quay.io/*", "a" * 64), Release(36))
        assert found.kind is CATALOGUE["PS701"]
        assert found.field == ("preloadedImagesVerificationAllowlist", 1)
        assert found.advice == "Write the part before the last slash with '/*'."

    def test_a_list_that_is_refused_or_not_used_has_none(self):
        assert not list(useless_entries(listing("quay.io/a", "*"), Release(35)))
        assert not list(useless_entries(Verification(), Release(35)))

    def test_its_place_is_in_the_configuration(self):
        document = {
            "kind": "KubeletConfiguration",
            "imagePullCredentialsVerificationPolicy": "NeverVerifyAllowlistedImages",
            "preloadedImagesVerificationAllowlist": ["quay.io/a"],
        }
        node = Node.from_kubelet_config(document, kubernetes="1.35", file="kubelet.yaml")
        [found] = check(Cluster(node=node))
        assert str(found.where) == "KubeletConfiguration, preloadedImagesVerificationAllowlist[0]"
        assert found.where.file == "kubelet.yaml"


class TestNeverPulled:
    def found(self, verification, *images, policy="Never", **more):
        return [
            message.split("'")[1]
            for code, _, message in found_in(
                pod("p", *images, policy=policy), verification=verification, **more
            )
            if code == "PS702"
        ]

    def test_only_where_it_is_verified_in_any_case(self):
        images = ("quay.io/a:1", "quay.io/b:1", "Not an image")
        assert self.found(ALWAYS, *images) == ["quay.io/a:1", "quay.io/b:1"]
        assert self.found(listing("quay.io/a"), *images) == ["quay.io/b:1"]
        for verification in (Verification(), Verification(VerificationPolicy.NEVER), None):
            assert self.found(verification, *images) == []

    def test_not_where_it_can_be_pulled_or_nothing_is_verified(self):
        assert self.found(ALWAYS, "quay.io/a:1", policy="IfNotPresent") == []
        assert self.found(ALWAYS, "quay.io/a:1", policy=None) == []
        assert self.found(ALWAYS, "quay.io/a:1", kubernetes="1.33") == []
        assert self.found(ALWAYS, "quay.io/a:1", always_pull=True) == []

    def test_it_says_so(self):
        (found,) = found_in(pod("p", "quay.io/a:1", policy="Never"), verification=ALWAYS)
        message = "'quay.io/a:1' is verified, and has the pull policy Never"
        assert found == ("PS702", "p", message)


class TestClosingPulls:
    WITH = pod("with", "quay.io/a:1", secrets=("s",))
    WITHOUT = pod("without", "quay.io/a:2")
    PUBLIC = pod("public", "registry.k8s.io/pause:3", secrets=("s",))

    def test_one_pod_with_a_secret_and_one_without(self):
        pods = self.WITH, self.WITHOUT, pod("other", "quay.io/b", secrets=("s",))
        (found,) = found_in(*pods, verification=Verification())
        message = "'quay.io/a': a pull with secret s closes it to Pod default/without"
        assert found == ("PS703", "with", message)

    def test_an_image_that_is_known_to_be_public(self):
        (found,) = found_in(self.PUBLIC, verification=Verification())
        message = (
            "'registry.k8s.io/pause': a pull with secret s closes it to pods without that secret"
        )
        assert found == ("PS703", "public", message)

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
        assert not found_in(self.WITH, *others, verification=Verification())

    @pytest.mark.parametrize(
        "verification",
        [
            Verification(VerificationPolicy.NEVER),
            Verification(gate=False),
            listing("quay.io/a"),
            None,
        ],
    )
    def test_not_where_nothing_is_verified_or_that_is_not_known(self, verification):
        assert not found_in(self.WITH, self.WITHOUT, verification=verification)

    def test_a_nodes_credential_closes_nothing(self):
        config = DockerConfig.from_json('{"auths": {"quay.io": {"auth": "dTpw"}}}')
        found = found_in(self.WITHOUT, verification=Verification(), docker_config=config)
        assert not found
