"""Token servers on other sites than their registries, and strangers that pass for neighbours."""

from __future__ import annotations

import pytest

from pullsecrets.probe.policy import Policy, Refused, Target
from pullsecrets.probe.realms import KNOWN_REALMS, is_known_realm
from pullsecrets.probe.sites import site
from pullsecrets.registries import Registry

KNOWN = [
    ("docker.io", "auth.docker.io"),
    ("index.docker.io", "auth.docker.io"),
    ("registry-1.docker.io", "auth.docker.io"),
    ("registry.hub.docker.com", "auth.docker.io"),
    ("lscr.io", "ghcr.io"),
    ("rg.fr-par.scw.cloud", "api.scaleway.com"),
    ("registry.cn-hangzhou.aliyuncs.com", "dockerauth.cn-hangzhou.aliyuncs.com"),
    ("registry-vpc.cn-beijing.aliyuncs.com", "dockerauth-vpc.cn-beijing.aliyuncs.com"),
    ("registry-intl.ap-southeast-1.aliyuncs.com", "dockerauth.ap-southeast-1.aliyuncs.com"),
    ("registry.cn-zhangjiakou.aliyuncs.com", "dockerauth-cn-zhangjiakou.aliyuncs.com"),
    # Another region's server, as was seen in challenges.
    ("crpi-x1.cn-beijing.personal.cr.aliyuncs.com", "dockerauth.cn-hangzhou.aliyuncs.com"),
    ("acme-registry.cn-hangzhou.cr.aliyuncs.com", "dockerauth-ee.cn-hangzhou.aliyuncs.com"),
    ("acme-registry-vpc.us-west-1.cr.aliyuncs.com", "dockerauth-ee-vpc.us-west-1.aliyuncs.com"),
]
STRANGERS = [
    ("lscr.io", "evil.ghcr.io"),
    ("evil.lscr.io", "ghcr.io"),
    ("quay.io", "auth.docker.io"),
    ("registry.cn-hangzhou.aliyuncs.com", "dockerauth.oss-cn-hangzhou.aliyuncs.com"),
    ("registry.cn-hangzhou.aliyuncs.com", "evil.cn-hangzhou.aliyuncs.com"),
    ("registry.cn-hangzhou.aliyuncs.com", "dockerauth-ee.cn-hangzhou.aliyuncs.com.evil.io"),
    ("evil.oss-cn-hangzhou.aliyuncs.com", "dockerauth.cn-hangzhou.aliyuncs.com"),
    ("rg.fr-par.scw.cloud", "evil.scw.cloud"),
    ("evil.s3.fr-par.scw.cloud", "api.scaleway.com"),
]


@pytest.mark.parametrize("registry, realm", KNOWN)
def test_known(registry: str, realm: str) -> None:
    assert is_known_realm(registry, realm)
    name = Registry.parse(registry)
    policy = Policy()
    policy.check_realm(name, policy.api(name), Target.parse(f"https://{realm}/token"))
    with pytest.raises(Refused, match="plain http"):
        policy.check_realm(name, policy.api(name), Target.parse(f"http://{realm}/token"))


@pytest.mark.parametrize("registry, realm", STRANGERS)
def test_strangers(registry: str, realm: str) -> None:
    assert not is_known_realm(registry, realm)
    name = Registry.parse(registry)
    policy = Policy()
    with pytest.raises(Refused, match="on another site"):
        policy.check_realm(name, policy.api(name), Target.parse(f"https://{realm}/token"))


def test_each_row_says_where_it_is_from_and_is_tried_above() -> None:
    for row in KNOWN_REALMS:
        assert row.source.startswith("https://")
        assert any(
            row.registry.fullmatch(registry) and row.realm.fullmatch(realm)
            for registry, realm in KNOWN
        )


@pytest.mark.parametrize(
    "one, other",
    [
        ("registry.db.de", "gitlab.db.de"),
        ("registry.gitlab.com", "gitlab.com"),
        ("docker.elastic.co", "docker-auth.elastic.co"),
        ("registry.corp.example", "auth.corp.example"),
        ("localhost", "127.0.0.1"),
        ("127.0.0.1", "127.1.2.3"),
        ("::1", "localhost"),
    ],
)
def test_neighbours(one: str, other: str) -> None:
    assert site(one) == site(other)


@pytest.mark.parametrize(
    "suffix",
    [
        *("up.railway.app", "deno.dev", "hf.space", "uk.com", "synology.me", "co.uk", "github.io"),
        *("team.svc", "svc", "svc.cluster.local", "azurecr.io", "eu-west-1.amazonaws.com"),
        *("run.app", "trycloudflare.com", "sslip.io", "jfrog.io", "cn-hangzhou.aliyuncs.com"),
    ],
)
def test_strangers_share_a_suffix(suffix: str) -> None:
    assert site(f"a.{suffix}") != site(f"b.{suffix}")
    assert site(f"a.{suffix}") != site(suffix)


class TestAllowedRealms:
    REALM = Target.parse("https://auth.other.io:8443/token")

    @pytest.mark.parametrize(
        "allowed, registry, passes",
        [
            ("reg.io=auth.other.io", "reg.io", True),
            ("REG.io=auth.other.io:8443", "reg.io", True),
            ("reg.io:5000=auth.other.io", "reg.io:5000", True),
            ("reg.io=auth.other.io", "reg.io:5000", True),
            ("auth.other.io", "reg.io", True),
            ("reg.io=auth.other.io", "other.io.example", False),
            ("reg.io:5000=auth.other.io", "reg.io", False),
            ("reg.io=auth.other.io:443", "reg.io", False),
            ("reg.io=", "reg.io", False),
            ("=auth.other.io", "reg.io", False),
        ],
    )
    def test_for_one_registry(self, allowed: str, registry: str, passes: bool) -> None:
        name = Registry.parse(registry)
        policy = Policy(allowed_realms=[allowed])
        assert policy.names(name, self.REALM) is passes
        # The same permission is for its address.
        if passes:
            policy.check_addresses(name, self.REALM, ["10.0.0.1"], registry_is_public=True)
