"""Where credentials may go."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullsecrets.probe.policy import InvalidTarget, Policy, Refused, Target
from pullsecrets.probe.sites import is_address, is_public, site
from pullsecrets.registries import Registry


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"],
)
def test_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("10.0.0.1", "172.16.0.1", "192.168.1.1", "127.0.0.1", "169.254.169.254", "0.0.0.0"),
        *("100.64.0.1", "198.18.0.1", "192.0.2.1", "240.0.0.1", "224.0.0.1", "255.255.255.255"),
        *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1"),
        # An IPv4 address in the clothes of an IPv6 one.
        *("::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:127.0.0.1"),
        *("64:ff9b::a00:1", "2002:a00:1::1", "2001:0:4136:e378:8000:63bf:f5ff:fffe"),
    ],
)
def test_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "host, expected",
    [
        ("registry-1.docker.io", "docker.io"),
        ("docker.io", "docker.io"),
        ("localhost", "localhost"),
        ("registry.gitlab.com", "gitlab.com"),
        ("a.b.c.example.com", "example.com"),
        ("registry.example.co.uk", "example.co.uk"),
        ("other.co.uk", "other.co.uk"),
        ("registry.example.com.au", "example.com.au"),
        ("127.0.0.1", "localhost"),
        ("10.0.0.1", "10.0.0.1"),
        ("2001:db8::1", "2001:db8::1"),
        # Strangers share these domains.
        ("acme.azurecr.io", "acme.azurecr.io"),
        ("1.dkr.ecr.eu-west-1.amazonaws.com", "1.dkr.ecr.eu-west-1.amazonaws.com"),
        ("a.team.svc.cluster.local", "a.team.svc.cluster.local"),
    ],
)
def test_site(host: str, expected: str) -> None:
    assert site(host) == expected


def test_is_address() -> None:
    assert is_address("::1")
    assert not is_address("localhost")


class TestTarget:
    @pytest.mark.parametrize(
        "url, expected",
        [
            ("https://x.io", "https://x.io/"),
            ("HTTPS://X.io:443/token?a=b#c", "https://x.io/token?a=b"),
            ("http://x.io:80/", "http://x.io/"),
            ("https://x.io:8443/token", "https://x.io:8443/token"),
            ("https://[2001:DB8::1]:5000/t", "https://[2001:db8::1]:5000/t"),
            ("https://[::1]", "https://[::1]/"),
            ("https://x.io./t", "https://x.io/t"),
            ("https://my_reg.x.io/t", "https://my_reg.x.io/t"),
        ],
    )
    def test_is_read(self, url: str, expected: str) -> None:
        assert Target.parse(url).url == expected

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "token",
            "/token",
            "//x.io/token",
            "ftp://x.io/",
            "file:///etc/passwd",
            "https://",
            "https:///token",
            "https://x.io:0/",
            "https://x.io:99999/",
            "https://x.io:port/",
            "https://[::1/",
            "https://[fe80::1%eth0]/",
            "https://user@x.io/",
            "https://user:hunter2@x.io/",
            "https://x.io\\@evil.io/",
            "https://x.io /",
            "https://x.io/\r\nX: y",
            "https://x.io/\x00",
            "https://xé.io/",
            "https://-x.io/",
            "https://x..io/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://127.1/",
            "https://0177.0.0.1/",
            "https://x.io/" + "a" * 5000,
        ],
    )
    def test_is_refused(self, url: str) -> None:
        with pytest.raises(InvalidTarget) as caught:
            Target.parse(url)
        assert "hunter2" not in str(caught.value)
        assert str(caught.value).isprintable()

    def test_relative_to_a_base(self) -> None:
        base = Target.parse("https://x.io/v2/a?b=c")
        assert Target.parse("../d?e", base).url == "https://x.io/d?e"
        assert Target.parse("//y.io/d", base).url == "https://y.io/d"

    @given(st.text(max_size=80))
    def test_a_host_is_what_was_looked_at(self, text: str) -> None:
        """Whatever a registry writes: what is asked is what was read."""
        for url in (text, f"https://{text}"):
            try:
                target = Target.parse(url)
            except InvalidTarget:
                continue
            assert Target.parse(target.url) == target


class TestApi:
    @pytest.mark.parametrize(
        "name, expected",
        [
            ("docker.io", "https://registry-1.docker.io/"),
            ("quay.io", "https://quay.io/"),
            ("reg.example.com:5000", "https://reg.example.com:5000/"),
            ("localhost:5000", "http://localhost:5000/"),
            ("localhost", "http://localhost/"),
            ("127.0.0.1:5000", "http://127.0.0.1:5000/"),
            ("127.9.9.9", "http://127.9.9.9/"),
            ("10.0.0.1:5000", "https://10.0.0.1:5000/"),
            ("plain.example.com", "http://plain.example.com/"),
            ("Plain.example.com:5000", "http://plain.example.com:5000/"),
            ("other.example.com:80", "http://other.example.com/"),
            ("other.example.com", "https://other.example.com/"),
            ("mirrored.example.com", "https://mirror.example.com/base"),
            ("local.example.com", "http://mirror.example.com:5000/"),
            ("[::1]:5000", "http://[::1]:5000/"),
        ],
    )
    def test_where_it_is(self, name: str, expected: str) -> None:
        policy = Policy(
            insecure_registries=["PLAIN.example.com", " other.example.com:80", "[::1]"],
            api_hosts={
                "mirrored.example.com": "mirror.example.com/base",
                "local.example.com": "http://mirror.example.com:5000",
            },
        )
        api = policy.api(Registry.parse(name))
        assert api.url == expected
        policy.check(api)

    def test_a_single_name(self) -> None:
        assert Policy(insecure_registries="plain.io").insecure_registries == {"plain.io"}
        assert Policy(insecure_registries=["", "a"]).insecure_registries == {"a"}

    def test_no_host(self) -> None:
        with pytest.raises(InvalidTarget):
            Policy().api(Registry("x.io", "99999"))

    def test_an_api_host_that_is_none(self) -> None:
        with pytest.raises(ValueError, match=r"the API host of a: '.*' names no host"):
            Policy(api_hosts={"a": "https://"})


class TestRealm:
    REGISTRY = Registry.parse("registry.example.com")

    def check(self, realm: str, registry: str = "registry.example.com", **allowed: object) -> None:
        policy = Policy(**allowed)  # type: ignore[arg-type]
        parsed = Registry.parse(registry)
        policy.check_realm(parsed, policy.api(parsed), Target.parse(realm))

    @pytest.mark.parametrize(
        "registry, realm",
        [
            ("registry.example.com", "https://registry.example.com/token"),
            ("registry.example.com", "https://registry.example.com:443/token"),
            ("registry.example.com:5000", "https://registry.example.com:5001/token"),
            ("registry.gitlab.com", "https://gitlab.com/jwt/auth"),
            ("docker.io", "https://auth.docker.io/token"),
            ("registry.hub.docker.com", "https://auth.docker.io/token"),
            ("acme.azurecr.io", "https://acme.azurecr.io/oauth2/token"),
            ("localhost:5000", "http://localhost:5001/token"),
            ("127.0.0.1:5000", "http://localhost:5001/token"),
            ("localhost:5000", "http://[::1]:5001/token"),
        ],
    )
    def test_passes(self, registry: str, realm: str) -> None:
        self.check(realm, registry)

    @pytest.mark.parametrize(
        "registry, realm",
        [
            ("registry.example.com", "https://evil.io/token"),
            ("registry.example.com", "https://registry.example.com.evil.io/token"),
            ("registry.example.com", "https://example.org/token"),
            ("registry.example.com", "https://localhost/token"),
            ("acme.azurecr.io", "https://evil.azurecr.io/oauth2/token"),
            ("x.azurecr.io", "https://x.azurecr.io.attacker.com/token"),
            ("a.co.uk", "https://b.co.uk/token"),
            ("10.0.0.1", "https://10.0.0.2/token"),
            ("quay.io", "https://auth.docker.io/token"),
            ("registry.example.com", "https://127.0.0.1/token"),
        ],
    )
    def test_another_site(self, registry: str, realm: str) -> None:
        with pytest.raises(Refused, match="is on another site than the registry"):
            self.check(realm, registry)

    def test_the_message_says_how(self) -> None:
        with pytest.raises(Refused) as caught:
            self.check("https://auth.other.io:8443/token")
        assert str(caught.value) == (
            "the realm https://auth.other.io:8443 is on another site than the registry "
            "registry.example.com: it would get the credential. Allow it with "
            "allowed_realms={'registry.example.com=auth.other.io:8443'} "
            "(--allow-realm registry.example.com=auth.other.io:8443)"
        )
        self.check("https://auth.other.io:8443/token", allowed_realms=["auth.other.io:8443"])
        self.check("https://auth.other.io:8443/token", allowed_realms=["auth.other.io"])
        with pytest.raises(Refused):
            self.check("https://auth.other.io/token", allowed_realms=["auth.other.io:8443"])
        # Named with or without the scheme's own port.
        self.check("https://auth.other.io/token", allowed_realms=["auth.other.io:443"])

    def test_plain_http(self) -> None:
        with pytest.raises(Refused, match="is plain http") as caught:
            self.check("http://registry.example.com/token")
        assert "--insecure-registry registry.example.com:80" in str(caught.value)
        with pytest.raises(Refused, match="is plain http"):  # being a realm is not enough
            self.check("http://auth.io/token", allowed_realms=["auth.io"])
        self.check(
            "http://registry.example.com/token", insecure_registries=["registry.example.com"]
        )
        # The API host was named with http://, this very origin and no other.
        named = {"registry.example.com": "http://registry.example.com:5000"}
        self.check("http://registry.example.com:5000/token", api_hosts=named)
        with pytest.raises(Refused):
            self.check("http://registry.example.com:5001/token", api_hosts=named)

    def test_private_addresses(self) -> None:
        target = Target.parse("https://auth.example.com/token")
        policy = Policy()
        policy.check_addresses(self.REGISTRY, target, ["8.8.8.8"], registry_is_public=True)
        policy.check_addresses(self.REGISTRY, target, ["10.0.0.1"], registry_is_public=False)
        for address in ("10.0.0.1", "::ffff:169.254.169.254"):
            with pytest.raises(Refused, match=r"--allow-realm \S+=auth\.example\.com") as caught:
                policy.check_addresses(
                    self.REGISTRY, target, ["8.8.8.8", address], registry_is_public=True
                )
            assert address in str(caught.value)
        allowing = Policy(allowed_realms=["auth.example.com"])
        allowing.check_addresses(self.REGISTRY, target, ["10.0.0.1"], registry_is_public=True)
