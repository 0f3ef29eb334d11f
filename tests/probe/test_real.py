"""Real registries: Debian's docker-registry, a token server with real JWTs, nginx; and skopeo.

The table of users × repositories × credentials agrees with `skopeo inspect --creds`, case by case.
The servers' own logs are the proof of how often they were asked, and of what they were sent.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from probing import basic, cluster, pod_manifest, resolution, secret_manifest

from pullsecrets import resolve
from pullsecrets.probe import Outcome, Prober
from registries import (
    Authority,
    Front,
    Htpasswd,
    Logged,
    Registry,
    TokenAuth,
    TokenServer,
    require,
    skopeo_can_pull,
)
from registries.distribution import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST

pytestmark = pytest.mark.one_python

Make = Callable[..., Prober]
Start = Callable[..., Any]

USERS = {"ann": "ann-password", "bob": 'bob: "password" with, ütf-8 $\'', "robot$ci": "r0b0t"}
GRANTS: dict[str | None, list[str]] = {
    None: ["public/app"],
    "ann": ["*"],
    "bob": ["public/app", "team/app"],
    "robot$ci": ["team/app"],
}
PUSHED = {"public/app": "1", "team/app": "1", "secret/deep/app": "1"}
IMAGES = [
    *(f"{repository}:{tag}" for repository, tag in PUSHED.items()),
    "team/app:missing",
    "missing/app:1",
]
CREDENTIALS = [
    *USERS.items(),
    ("ann", "wrong"),
    ("ann", ""),
    ("nobody", "ann-password"),
    ("bob", "ann-password"),
]


def expected_outcome(kind: str, image: str, login: tuple[str, str] | None) -> Outcome:
    """What the set-up says, in words of its own."""
    repository, _, tag = image.partition(":")
    there = Outcome.PULLABLE if PUSHED.get(repository) == tag else Outcome.NOT_FOUND
    if kind == "open":
        return there
    blank = login is not None and not login[1]
    if kind == "token" and blank:
        # Without a password token servers are asked anonymously, by skopeo, too.
        return there if repository in GRANTS[None] else Outcome.BAD_CREDENTIAL
    if login is not None and USERS.get(login[0]) != login[1]:
        return Outcome.BAD_CREDENTIAL
    if kind == "basic":
        return Outcome.NO_PERMISSION if login is None else there
    granted = GRANTS[login[0] if login else None]
    return there if "*" in granted or repository in granted else Outcome.NO_PERMISSION


class TestTheTable:
    @pytest.mark.parametrize("kind", ["open", "basic", "token", "token over tls"])
    def test_agrees_with_skopeo(
        self,
        kind: str,
        start_registry: Start,
        start_tokens: Start,
        authority: Authority,
        prober: Make,
    ) -> None:
        require("skopeo")
        how: dict[str, Any] = {}
        tls = authority.issue("localhost", name="table") if "tls" in kind else None
        if kind == "basic":
            how["auth"] = Htpasswd(USERS)
        elif kind != "open":
            how["auth"] = TokenAuth(start_tokens(users=USERS, grants=GRANTS, tls=tls))
        if tls:
            how["tls"] = (authority, tls)
        registry: Registry = start_registry(**how)
        for repository, tag in PUSHED.items():
            registry.push(repository, tag)
        ca = authority.path if tls else None
        asking = prober(ca=ca)
        table: dict[tuple[str, object], tuple[object, ...]] = {}
        for image in IMAGES:
            for login in [None, *CREDENTIALS]:
                name = registry.image(*image.split(":"))
                found = asking.probe(resolution(name, *([login] if login else [])))
                user, password = login or (None, "")
                skopeo = skopeo_can_pull(name, user, password, ca=ca)
                table[image, login] = (found.outcome, found.starts, skopeo)
        expected = {
            (image, login): (outcome, outcome is Outcome.PULLABLE, outcome is Outcome.PULLABLE)
            for image in IMAGES
            for login in [None, *CREDENTIALS]
            for outcome in [expected_outcome(kind.partition(" ")[0], image, login)]
        }
        assert table == expected
        assert len(table) == 40

    @pytest.mark.parametrize("media_type", [OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST])
    @pytest.mark.parametrize("by", ["tag", "digest"])
    def test_all_kinds_of_manifests(
        self, open_registry: Registry, prober: Make, media_type: str, by: str
    ) -> None:
        digest = open_registry.push("kinds/app", "1", media_type)
        name = open_registry.image("kinds/app", "1" if by == "tag" else digest)
        assert prober().probe(resolve(name, [])).outcome is Outcome.PULLABLE
        missing = open_registry.image("kinds/app", f"sha256:{'0' * 64}")
        assert prober().probe(resolve(missing, [])).outcome is Outcome.NOT_FOUND


class TestTls:
    def test_without_the_authority_both_refuse(
        self, start_registry: Start, authority: Authority, prober: Make, tmp_path: Path
    ) -> None:
        require("skopeo")
        files = authority.issue("127.0.0.1", name="address")
        registry: Registry = start_registry(
            auth=Htpasswd(USERS), tls=(authority, authority.issue("localhost", name="real"))
        )
        registry.push("team/app", "1")
        login = ("ann", USERS["ann"])
        name = registry.image("team/app", "1")
        found = prober().probe(resolution(name, login))
        assert (found.outcome, found.starts) == (Outcome.TLS_ERROR, None)
        assert not skopeo_can_pull(name, *login, ca=Authority(tmp_path / "other").path)
        assert prober(ca=authority.path).probe(resolution(name, login)).starts is True
        # Another name than the certificate's.
        by_address = name.replace("localhost", "127.0.0.1")
        found = prober(ca=authority.path).probe(resolution(by_address, login))
        assert found.outcome is Outcome.TLS_ERROR
        assert files.certificate.exists()
        # Not one request came through, but for the one that trusted.
        assert {r.status for r in registry.requests() if r.method == "HEAD"} == {200}

    def test_client_certificates(
        self, start_registry: Start, authority: Authority, prober: Make
    ) -> None:
        server = authority.issue("localhost", name="mutual-real")
        client = authority.issue(name="client-real")
        registry: Registry = start_registry(
            auth=None, tls=(authority, server), client_ca=authority.path
        )
        name = registry.image("team/app", "1")
        files = (str(client.certificate), str(client.key))
        asking = prober(ca=authority.path, client_certificates={"localhost": files})
        assert asking.probe(resolve(name, [])).outcome is Outcome.NOT_FOUND
        # Without: TLS 1.3 tells only after the handshake.
        assert prober(ca=authority.path).probe(resolve(name, [])).starts is None


class TestFewRequests:
    """Over many images: one ping, one token for a credential and repository, one HEAD each.

    A log-in that is refused is sent once.
    """

    TAGS = ("1", "2", "3")
    REPOSITORIES = ("team/a", "team/b", "team/c", "team/d")

    def pods(self, host: str) -> list[dict[str, Any]]:
        images = [f"{host}/{r}:{t}" for r in self.REPOSITORIES for t in self.TAGS]
        return [
            secret_manifest("bad", (host, "ann", "wrong")),
            secret_manifest("good", (host, "bob", "bob-password")),
            secret_manifest("twin", (host, "bob", "bob-password")),
            *(pod_manifest(f"p{n}", images, ["bad", "good", "twin"]) for n in range(3)),
        ]

    @pytest.mark.parametrize("exhaustive", [False, True])
    def test_bearer(
        self,
        exhaustive: bool,
        start_registry: Start,
        start_tokens: Start,
        start_front: Start,
        prober: Make,
    ) -> None:
        tokens: TokenServer = start_tokens(
            users={"ann": "ann-password", "bob": "bob-password"}, grants={"bob": ["*"]}
        )
        registry: Registry = start_registry(auth=TokenAuth(tokens))
        for repository in self.REPOSITORIES:
            for tag in self.TAGS:
                registry.push(repository, tag)
        front: Front = start_front(registry.url)
        found = prober(exhaustive=exhaustive).probe_all(cluster(*self.pods(front.host)))
        assert found.starts is True
        received = front.requests()
        kinds = Counter((r.method, r.target.split("/")[-1]) for r in received)
        images = len(self.REPOSITORIES) * len(self.TAGS)
        logins = 2 if exhaustive else 1  # bob, and anonymously; ann gets no token to ask with
        assert Counter(r.method for r in received) == {"GET": 1, "HEAD": images * logins}
        assert kinds["GET", ""] == 1
        # The twin is the same credential, and is asked for no second time.
        asked = Counter((r.parameters["scope"][0], r.user) for r in tokens.requests)
        assert sum(asked.pop((scope, user)) for scope, user in list(asked) if user == "ann") == 1
        assert asked == {
            (f"repository:{repository}:pull", user): 1
            for repository in self.REPOSITORIES
            for user in (["bob", None] if exhaustive else ["bob"])
        }
        # Few connections, shared by all.
        assert len({r.connection for r in received}) <= 4
        attempts = [a for pod in found for image in pod.images for a in image.attempts]
        for pod in found:
            for image in pod.images:
                outcomes = [a.outcome.value for a in image.attempts]
                expected = ["bad-credential", "pullable"]
                assert outcomes == [
                    *expected,
                    *(["pullable", "no-permission"] if exhaustive else []),
                ]
        # The report says who made each request: exactly those in the logs.
        own = [r for a in attempts for r in a.requests if not r.shared]
        assert len(own) == len(received) + len(tokens.requests)

    def test_basic(self, start_registry: Start, prober: Make) -> None:
        registry: Registry = start_registry(auth=Htpasswd({"bob": "bob-password"}))
        for repository in self.REPOSITORIES:
            for tag in self.TAGS:
                registry.push(repository, tag)
        found = prober().probe_all(cluster(*self.pods(registry.host)))
        assert found.starts is True
        asked = Counter(registry.requests())
        assert sum(asked.pop(r) for r in list(asked) if (r.method, r.status) == ("HEAD", 401)) == 1
        assert asked == {
            Logged("GET", "/v2/", 401): 1,
            **{
                Logged("HEAD", f"/v2/{repository}/manifests/{tag}", 200): 1
                for repository in self.REPOSITORIES
                for tag in self.TAGS
            },
        }

    def test_a_second_call_asks_nothing_again(
        self, token_registry: tuple[Registry, TokenServer], prober: Make
    ) -> None:
        registry, tokens = token_registry
        asking = prober()
        image = resolution(registry.image("team/a", "1.0"), ("ann", "ann-password"))
        first, second = asking.probe(image), asking.probe(image)
        assert first.outcome is second.outcome is Outcome.PULLABLE
        assert len(registry.requests()) == 2
        assert len(tokens.requests) == 1
        assert [r.shared for r in first.attempts[0].requests] == [False] * 3
        assert [r.shared for r in second.attempts[0].requests] == [True] * 3


class TestCredentialsStayHome:
    def test_the_logs_of_all_servers(
        self,
        start_registry: Start,
        start_tokens: Start,
        start_front: Start,
        prober: Make,
    ) -> None:
        """Two registries, a token server: each sees its own credential, and nobody another's."""
        tokens: TokenServer = start_tokens(users={"ann": "canary-ann"}, grants={"ann": ["*"]})
        bearer: Registry = start_registry(auth=TokenAuth(tokens))
        with_basic: Registry = start_registry(auth=Htpasswd({"bob": "canary-bob"}))
        opened: Registry = start_registry()
        for registry in (bearer, with_basic, opened):
            registry.push("team/a", "1")
        fronts = [start_front(r.url) for r in (bearer, with_basic, opened)]
        entries = [
            (fronts[0].host, "ann", "canary-ann"),
            (fronts[1].host, "bob", "canary-bob"),
            (fronts[2].host, "eve", "canary-eve"),
        ]
        images = [f"{front.host}/team/a:1" for front in fronts]
        found = prober(exhaustive=True).probe_all(
            cluster(secret_manifest("all", *entries), pod_manifest("p", images, ["all"]))
        )
        assert found.starts is True
        sent = [{r.authorization for r in front.requests()} for front in fronts]
        assert all(re.match(r"(Bearer [!-~]+)?$", value) for value in sent[0])
        assert sent[1] == {"", basic("bob", "canary-bob")}
        assert sent[2] == {""}
        assert {r.authorization for r in tokens.requests} == {basic("ann", "canary-ann"), None}
        printed = f"{found} {found.to_dict()}"
        for secret in ("canary-ann", "canary-bob", "canary-eve"):
            assert secret not in printed
            assert basic("x", secret)[-8:] not in printed


class TestRateLimits:
    @pytest.mark.parametrize("allowed", [0, 1])
    def test_nginx_says_429(
        self, basic_registry: Registry, start_front: Start, prober: Make, allowed: int
    ) -> None:
        front: Front = start_front(basic_registry.url, allowed=allowed, retry_after=700)
        logins = [("ann", "ann-password"), ("bob", "b")]
        found = prober().probe(resolution(f"{front.host}/team/a:1.0", *logins))
        assert [a.outcome for a in found.attempts] == [Outcome.RATE_LIMITED] * 2
        assert [a.wait for a in found.attempts] == [700, 700]
        limits = {"ratelimit-limit": "100;w=21600", "ratelimit-remaining": "0;w=21600"}
        assert [a.rate_limit for a in found.attempts] == [limits] * 2
        assert found.starts is None
        # The limited ping is asked once; where only the manifest is limited, each log-in asks.
        assert [r.status for r in front.requests()] == ([429] if allowed == 0 else [401, 429, 429])


class TestIdentityTokens:
    def test_real(self, token_registry: tuple[Registry, TokenServer], prober: Make) -> None:
        registry, tokens = token_registry
        tokens.identity_tokens["good-refresh"] = "ann"
        image = resolution(registry.image("team/a", "1.0"), ("00000000-0000", ""))
        for token, expected in (("good-refresh", True), ("bad-refresh", False)):
            asking = prober(identity_token=lambda candidate, token=token: token)
            assert asking.probe(image).starts is expected
        assert [(r.method, r.user, r.status) for r in tokens.requests] == [
            ("POST", "ann", 200),
            ("POST", None, 400),
        ]
        # As the kubelet does it: a user and an empty password.
        assert prober().probe(image).outcome is Outcome.BAD_CREDENTIAL

    @pytest.mark.parametrize("fields", [("token",), ("access_token",), ("token", "access_token")])
    @pytest.mark.parametrize("expires_in", [None, 300])
    def test_what_a_token_server_may_answer(
        self,
        token_registry: tuple[Registry, TokenServer],
        prober: Make,
        fields: tuple[str, ...],
        expires_in: float | None,
    ) -> None:
        registry, tokens = token_registry
        tokens.fields, tokens.expires_in = fields, expires_in
        image = resolution(registry.image("team/a", "1.0"), ("ann", "ann-password"))
        assert prober().probe(image).starts is True


class TestPublicImages:
    def test_a_stale_credential_breaks_one(
        self, token_registry: tuple[Registry, TokenServer], prober: Make
    ) -> None:
        """Rule 16: with a candidate the kubelet never pulls anonymously."""
        registry, _ = token_registry
        image = resolution(registry.image("public/a", "1.0"), ("ann", "stale"))
        found = prober().probe(image)
        assert (found.outcome, found.starts) == (Outcome.BAD_CREDENTIAL, False)
        assert found.findings == ()
        found = prober(exhaustive=True).probe(image)
        assert (found.outcome, found.starts) == (Outcome.BAD_CREDENTIAL, False)
        assert [finding.kind for finding in found.findings] == ["anonymous-would-work"]
        assert prober().probe(resolve(registry.image("public/a", "1.0"), [])).starts is True
