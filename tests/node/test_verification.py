from __future__ import annotations

import pickle

import pytest

from pullsecrets.node.kubelet_config import InvalidKubeletConfig
from pullsecrets.node.verification import (
    RefusalCode,
    Verification,
    VerificationPolicy,
)
from pullsecrets.node.versions import Release
from pullsecrets.secrecy import ImageText
from support.canary import CANARY, leaks

R32, R33, R34, R35, R36, R37 = map(Release, range(32, 38))


def allowing(*patterns):
    return Verification(VerificationPolicy.ALLOWLISTED, patterns, True)


class TestGate:
    def test_is_on_from_1_35(self):
        releases = map(Release, range(31, 38))
        assert [r.minor for r in releases if Verification().is_on(r)] == [35, 36, 37]

    def test_is_as_it_is_set(self):
        assert Verification(gate=True).is_on(R33)
        assert not Verification(gate=False).is_on(R37)
        assert not Verification(gate=True).is_on(R32)


class TestPolicy:
    @pytest.mark.parametrize(
        "policy, preloaded, pulled",
        [
            (None, False, True),
            (VerificationPolicy.PRELOADED, False, True),
            (VerificationPolicy.NEVER, False, False),
            (VerificationPolicy.ALWAYS, True, True),
            (VerificationPolicy.ALLOWLISTED, True, True),
        ],
    )
    def test_which_images_are_verified(self, policy, preloaded, pulled):
        verification = Verification(policy, ["other"])
        assert verification.requires(ImageText("nginx:1"), False, R36) is preloaded
        assert verification.requires(ImageText("nginx:1"), True, R36) is pulled

    @pytest.mark.parametrize("pulled", [False, True])
    def test_what_is_on_the_list_is_not(self, pulled):
        assert not allowing("quay.io/*").requires(ImageText("quay.io/a:1"), pulled, R36)


class TestAllowlist:
    @pytest.mark.parametrize(
        "pattern, image, minors",
        [
            ("docker.io/library/alpine", "alpine:3", []),
            ("docker.io/library/alpine", "docker.io/library/alpine:3", [36, 37]),
            ("docker.io/library/alpine", "docker.io/library/alpine", [33, 34, 35, 36, 37]),
            ("alpine", "alpine:3", [36, 37]),
            ("alpine", "docker.io/library/alpine:3", []),
            ("quay.io/a/b", "quay.io/a/b:1", [36, 37]),
            ("quay.io/a/b", f"quay.io/a/b@sha256:{'d' * 64}", [36, 37]),
            ("quay.io/a/*", "quay.io/a/b:1", [33, 34, 35, 36, 37]),
            ("quay.io/a/*", "quay.io/ab/c:1", []),
            ("docker.io/library/*", "alpine:3", []),
            ("quay.io/a/b/*", "quay.io/a/b:1", []),
        ],
    )
    def test_what_it_matches(self, pattern, image, minors):
        releases = map(Release, range(33, 38))
        matching = [
            r.minor for r in releases if allowing("x/y", pattern).allowing(ImageText(image), r)
        ]
        assert matching == minors

    def test_it_names_the_entry(self):
        assert (
            allowing("x.io/*", "quay.io/*", "quay.io/a").allowing(ImageText("quay.io/a"), R36)
            == "quay.io/*"
        )


class TestRefusals:
    def codes(self, verification, release=R36):
        return [refusal.code for refusal in verification.refusals(release)]

    def test_the_default_is_taken(self):
        for minor in range(31, 38):
            assert not Verification().refusals(Release(minor))

    def test_the_gate_has_to_be_on(self):
        for verification in (
            Verification(VerificationPolicy.NEVER, gate=False),
            Verification(allowlist=["quay.io/*"], gate=False),
        ):
            assert self.codes(verification) == [RefusalCode.GATE_IS_OFF]
            assert "feature gate" in str(verification.refusals(R36)[0])
        assert self.codes(Verification(VerificationPolicy.NEVER), R34) == [RefusalCode.GATE_IS_OFF]

    def test_to_1_32_the_gate_is_unknown_and_the_fields_do_not_count(self):
        assert self.codes(Verification(gate=True), R32) == [RefusalCode.UNKNOWN_GATE]
        assert not self.codes(Verification("Bogus", ["*"]), R32)

    def test_no_refusal_shows_a_password(self):
        (refusal,) = allowing(f"me:{CANARY}@quay.io/a").refusals(R36)
        assert refusal.code is RefusalCode.NOT_A_NAME
        assert "'********@quay.io/a'" in str(refusal)
        assert not leaks(str(refusal))

    def test_policies(self):
        for policy in VerificationPolicy:
            assert not self.codes(Verification(policy))
        assert self.codes(Verification("Bogus")) == [RefusalCode.UNKNOWN_POLICY]
        assert self.codes(Verification("")) == [RefusalCode.UNKNOWN_POLICY]
        refused = Verification("Bo\x1bgus").refusals(R36)[0]
        assert str(refused).startswith(r"imagePullCredentialsVerificationPolicy 'Bo\x1bgus'")

    def test_a_list_is_for_one_policy(self):
        for policy in (
            None,
            VerificationPolicy.NEVER,
            VerificationPolicy.PRELOADED,
            VerificationPolicy.ALWAYS,
        ):
            listed = Verification(policy, ["quay.io/*"])
            assert self.codes(listed) == [RefusalCode.LIST_WITHOUT_POLICY]

    @pytest.mark.parametrize(
        "pattern, code, since",
        [
            ("quay.io/a", None, None),
            ("quay.io/*", None, None),
            ("quay.io:443/*", None, None),
            ("not an image/*", None, None),
            (" quay.io/a", RefusalCode.SPACES, None),
            ("quay.io/a\u00a0", RefusalCode.SPACES, None),
            ("", RefusalCode.EMPTY, None),
            ("*", RefusalCode.WILDCARD, None),
            ("*/*", RefusalCode.WILDCARD, None),
            ("quay.io/a*", RefusalCode.WILDCARD, None),
            ("/*", RefusalCode.NO_HOST, None),
            ("QUAY.io/A", RefusalCode.NOT_A_NAME, None),
            ("quay.io/a:1", RefusalCode.TAG_OR_DIGEST, None),
            (f"quay.io/a@sha256:{'d' * 64}", RefusalCode.TAG_OR_DIGEST, None),
            ("nginx", RefusalCode.NOT_NORMALISED, 36),
            ("a" * 64, RefusalCode.NOT_A_NAME, 36),
        ],
    )
    def test_entries(self, pattern, code, since):
        for minor in range(33, 38):
            taken = code is None or (since is not None and minor >= since)
            found = allowing("quay.io/x", pattern).refusals(Release(minor))
            assert [each.code for each in found] == ([] if taken else [code])
            assert all(each.path.endswith("[1]") for each in found)

    def test_all_entries_are_named(self):
        assert self.codes(allowing("*", "", "quay.io/a")) == [
            RefusalCode.WILDCARD,
            RefusalCode.EMPTY,
        ]

    def test_a_short_name_is_told_its_full_one(self):
        (refused,) = allowing("nginx").refusals(R35)
        assert str(refused) == (
            "preloadedImagesVerificationAllowlist[0] 'nginx': is not the full name, "
            "which is docker.io/library/nginx"
        )


class TestKubeletConfig:
    def read(self, release=R36, **fields):
        document = {"kind": "KubeletConfiguration", **fields}
        return Verification.from_kubelet_config(document, release)

    def test_the_fields(self):
        yaml = """
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
cgroupDriver: systemd
featureGates:
  KubeletEnsureSecretPulledImages: true
imagePullCredentialsVerificationPolicy: NeverVerifyAllowlistedImages
preloadedImagesVerificationAllowlist:
- quay.io/*
"""
        expected = Verification(VerificationPolicy.ALLOWLISTED, ("quay.io/*",), True)
        assert Verification.from_kubelet_config(yaml, R36) == expected

    def test_without_them_the_defaults_count(self):
        assert self.read() == Verification()
        assert self.read(imagePullCredentialsVerificationPolicy="") == Verification()

    @pytest.mark.parametrize(
        "release, gates, gate",
        [
            (R34, {"AllAlpha": True}, True),
            (R34, {"AllBeta": False}, None),
            (R36, {"AllBeta": False}, False),
            (R36, {"AllAlpha": True}, None),
            (R36, {"AllBeta": False, "KubeletEnsureSecretPulledImages": True}, True),
            (R32, {"AllAlpha": True, "AllBeta": True}, None),
        ],
    )
    def test_gates_of_a_stage(self, release, gates, gate):
        assert self.read(release, featureGates=gates).gate is gate

    @pytest.mark.parametrize(
        "document, problem",
        [
            ("[]", "is a list, not an object"),
            ("{", "not JSON"),
            ({}, "kind: has to be KubeletConfiguration"),
            (None, "kind: has to be KubeletConfiguration"),
            ({"kind": "KubeletConfiguration", "featureGates": []}, "featureGates: is a list"),
            (
                {"kind": "KubeletConfiguration", "featureGates": {"AllAlpha": "yes"}},
                "is a string, not a boolean",
            ),
            (
                {"kind": "KubeletConfiguration", "preloadedImagesVerificationAllowlist": "a"},
                "is a string, not a list",
            ),
        ],
    )
    def test_what_is_none_says_why(self, document, problem):
        with pytest.raises(InvalidKubeletConfig, match=problem):
            Verification.from_kubelet_config(document, R36)


def test_it_is_a_value():
    verification = allowing("quay.io/*")
    assert pickle.loads(pickle.dumps(verification)) == verification
    assert len({verification, allowing("quay.io/*")}) == 1
