"""One registry, asked as a pull asks it: every way that an answer can send an attempt."""

from __future__ import annotations

import base64
import json
import urllib.parse
from collections.abc import Callable

import pytest
from attrs import evolve
from probing import (
    CANARY,
    MANIFEST_HEAD,
    NO_BODY_404,
    Answer,
    Received,
    Scripted,
    basic,
    challenge,
    reply,
    resolution,
    token_reply,
)

from pullsecrets import Password, resolve
from pullsecrets.probe import ImageProbe, Outcome, Prober
from pullsecrets.probe.flow import ACCEPT

Serve = Callable[..., Scripted]
Make = Callable[..., Prober]

ANN = ("ann", CANARY)


def bearer_registry(
    *,
    token: Callable[[Received], bytes] = lambda request: token_reply(),
    head: Callable[[Received], bytes] = lambda request: MANIFEST_HEAD,
    ping: Callable[[str], bytes] = challenge,
) -> Answer:
    """A registry that is its own token server."""

    def answer(request: Received) -> bytes:
        if request.target == "/v2/":
            return ping(f"http://{request.headers['host']}/token")
        if request.target.startswith("/token"):
            return token(request)
        return head(request)

    return answer


def probe(prober: Prober, server: Scripted, *logins: tuple[str, str]) -> ImageProbe:
    return prober.probe(resolution(server.image(), *logins))


def outcome(found: ImageProbe) -> tuple[str, str]:
    (attempt,) = found.attempts
    return attempt.outcome.value, attempt.detail


class TestTheUsualWay:
    def test_bearer(self, serve: Serve, prober: Make) -> None:
        server = serve(bearer_registry())
        found = probe(prober(), server, ANN)
        assert (found.outcome, found.starts) == (Outcome.PULLABLE, True)
        ping, token, head = server.received
        assert ping.short == ("GET", "/v2/")
        assert token.short == ("GET", "/token?service=s&scope=repository:team/a:pull")
        assert head.short == ("HEAD", "/v2/team/a/manifests/1")
        assert [r.authorization for r in server.received] == [
            None,
            basic(*ANN),
            "Bearer t0ken",
        ]
        assert head.headers["accept"] == ACCEPT
        assert ACCEPT.count("application/vnd.") == 4
        assert {r.headers["accept-encoding"] for r in server.received} == {"identity"}
        assert len({r.connection for r in server.received}) == 1
        (attempt,) = found.attempts
        assert [(r.method, r.url, r.status, r.shared) for r in attempt.requests] == [
            ("GET", f"{server.url}/v2/", 401, False),
            ("GET", server.url + token.target, 200, False),
            ("HEAD", server.url + head.target, 200, False),
        ]
        assert all(r.ms >= 0 for r in attempt.requests)

    def test_anonymous_bearer(self, serve: Serve, prober: Make) -> None:
        server = serve(bearer_registry())
        assert probe(prober(), server).outcome is Outcome.PULLABLE
        assert [r.authorization for r in server.received] == [None, None, "Bearer t0ken"]

    def test_basic(self, serve: Serve, prober: Make) -> None:
        def answer(request: Received) -> bytes:
            if request.authorization == basic(*ANN):
                return MANIFEST_HEAD
            return reply(401, ("WWW-Authenticate", 'Basic realm="x"'))

        server = serve(answer)
        found = probe(prober(), server, ("ann", "wrong"), ANN)
        assert [a.outcome for a in found.attempts] == [Outcome.BAD_CREDENTIAL, Outcome.PULLABLE]
        assert server.asked == [("GET", "/v2/"), *[("HEAD", "/v2/team/a/manifests/1")] * 2]

    def test_anonymous_at_a_basic_registry(self, serve: Serve, prober: Make) -> None:
        server = serve(lambda request: reply(401, ("WWW-Authenticate", 'Basic realm="x"')))
        assert outcome(probe(prober(), server)) == (
            "no-permission",
            "the registry gives it only with a log-in",
        )

    def test_an_open_registry_is_given_no_credential(self, serve: Serve, prober: Make) -> None:
        server = serve(lambda request: MANIFEST_HEAD if request.method == "HEAD" else reply(200))
        found = prober(exhaustive=True).probe(resolution(server.image(), ANN, ("bob", "x")))
        assert [a.outcome for a in found.attempts] == [Outcome.PULLABLE] * 3
        assert server.asked == [("GET", "/v2/"), ("HEAD", "/v2/team/a/manifests/1")]
        assert all(r.authorization is None for r in server.received)

    @pytest.mark.parametrize(
        "image, path",
        [
            ("app", "/v2/app/manifests/latest"),
            ("a/b/c:1.2", "/v2/a/b/c/manifests/1.2"),
            (f"app@sha256:{'0' * 64}", f"/v2/app/manifests/sha256:{'0' * 64}"),
            (f"app:1@sha256:{'0' * 64}", f"/v2/app/manifests/sha256:{'0' * 64}"),
        ],
    )
    def test_the_manifest_asked_for(
        self, serve: Serve, prober: Make, image: str, path: str
    ) -> None:
        server = serve(lambda request: MANIFEST_HEAD)
        prober().probe(resolve(f"{server.host}/{image}", []))
        assert server.received[-1].target == path

    def test_over_ipv6(self, serve: Serve, prober: Make) -> None:
        try:
            server = serve(bearer_registry(), address="::1")
        except OSError:
            pytest.skip("this machine has no IPv6")
        asking = prober(api_hosts={"x.io": f"http://[::1]:{server.port}"})
        assert asking.probe(resolution("x.io/a", ANN)).outcome is Outcome.PULLABLE
        assert {r.headers["host"] for r in server.received} == {f"[::1]:{server.port}"}

    def test_another_api_host_with_a_path(self, serve: Serve, prober: Make) -> None:
        server = serve(lambda request: MANIFEST_HEAD)
        asking = prober(api_hosts={"docker.io": f"http://{server.host}/mirror/"})
        assert asking.probe(resolve("nginx", [])).outcome is Outcome.PULLABLE
        assert server.asked == [
            ("GET", "/mirror/v2/"),
            ("HEAD", "/mirror/v2/library/nginx/manifests/latest"),
        ]


class TestChallenges:
    @pytest.mark.parametrize("status", [200, 403, 404, 301])
    def test_only_on_the_manifest(self, serve: Serve, prober: Make, status: int) -> None:
        def head(request: Received) -> bytes:
            if request.authorization:
                return MANIFEST_HEAD
            realm = f"http://{request.headers['host']}/token"
            return challenge(realm, scope="repository:team/a:pull own:thing:x")

        server = serve(bearer_registry(ping=lambda realm: reply(status), head=head))
        found = probe(prober(), server, ANN)
        assert found.outcome is Outcome.PULLABLE
        token = server.received[2]
        assert urllib.parse.parse_qs(token.target.partition("?")[2])["scope"] == [
            "repository:team/a:pull",
            "own:thing:x",
        ]

    def test_only_on_the_manifest_without_a_scope(self, serve: Serve, prober: Make) -> None:
        def head(request: Received) -> bytes:
            realm = f"http://{request.headers['host']}/token"
            return MANIFEST_HEAD if request.authorization else challenge(realm)

        server = serve(bearer_registry(ping=lambda realm: reply(200), head=head))
        assert probe(prober(), server, ANN).outcome is Outcome.PULLABLE
        assert "scope=repository:team/a:pull" in server.received[2].target

    def test_basic_only_on_the_manifest(self, serve: Serve, prober: Make) -> None:
        def head(request: Received) -> bytes:
            if request.authorization == basic(*ANN):
                return MANIFEST_HEAD
            return reply(401, ("WWW-Authenticate", "Basic realm=x"))

        server = serve(bearer_registry(ping=lambda realm: reply(200), head=head))
        found = probe(prober(), server, ("ann", "old"), ANN)
        assert [a.outcome for a in found.attempts] == [Outcome.BAD_CREDENTIAL, Outcome.PULLABLE]
        # What was learned without a log-in is not asked again.
        assert len(server.received) == 4

    @pytest.mark.parametrize(
        "headers",
        [
            ['Basic realm="x", Bearer realm="{realm}",service="s"'],
            ['Bearer realm="{realm}",service="s", Basic realm="x"'],
            ['Basic realm="x"', 'Bearer realm="{realm}",service="s"'],
            ["Negotiate", 'Bearer realm="{realm}",service="s"'],
        ],
    )
    def test_several(self, serve: Serve, prober: Make, headers: list[str]) -> None:
        def ping(realm: str) -> bytes:
            lines = [("WWW-Authenticate", header.format(realm=realm)) for header in headers]
            return reply(401, *lines)

        server = serve(bearer_registry(ping=ping))
        assert probe(prober(), server, ANN).outcome is Outcome.PULLABLE
        assert server.received[1].target.startswith("/token")

    def test_a_scope_on_the_ping(self, serve: Serve, prober: Make) -> None:
        """A placeholder (GHCR's) is left out, a scope of the registry's own is asked for, too."""

        def ping(realm: str) -> bytes:
            return challenge(realm, scope="repository:user/image:pull registry:catalog:*")

        server = serve(bearer_registry(ping=ping))
        assert probe(prober(), server, ANN).outcome is Outcome.PULLABLE
        query = urllib.parse.parse_qs(server.received[1].target.partition("?")[2])
        assert query["scope"] == ["registry:catalog:*", "repository:team/a:pull"]

    def test_a_scope_that_only_the_manifest_tells(self, serve: Serve, prober: Make) -> None:
        def token(request: Received) -> bytes:
            return token_reply("good" if "own:" in request.target else "weak")

        def head(request: Received) -> bytes:
            if request.authorization == "Bearer good":
                return MANIFEST_HEAD
            realm = f"http://{request.headers['host']}/token"
            return challenge(realm, scope="own:team/a:read", error="insufficient_scope")

        server = serve(bearer_registry(token=token, head=head))
        assert probe(prober(), server, ANN).outcome is Outcome.PULLABLE
        assert [target.partition("?")[0] for _, target in server.asked] == [
            "/v2/",
            *["/token", "/v2/team/a/manifests/1"] * 2,
        ]

    def test_no_service_and_a_realm_with_a_query(self, serve: Serve, prober: Make) -> None:
        def ping(realm: str) -> bytes:
            return reply(401, ("WWW-Authenticate", f'Bearer realm="{realm}?tenant=t"'))

        server = serve(bearer_registry(ping=ping))
        found = probe(prober(), server, ANN)
        assert server.received[1].target == "/token?tenant=t&scope=repository:team/a:pull"
        # What else a realm asks for is not shown: it may be a secret.
        assert found.attempts[0].requests[1].url.endswith("/token?scope=repository:team/a:pull")

    def test_basic_on_the_ping_and_bearer_on_the_manifest(self, serve: Serve, prober: Make) -> None:
        def head(request: Received) -> bytes:
            realm = f"http://{request.headers['host']}/token"
            if request.authorization == "Bearer t0ken":
                return MANIFEST_HEAD
            return challenge(realm, scope="repository:team/a:pull")

        server = serve(
            bearer_registry(
                ping=lambda realm: reply(401, ("WWW-Authenticate", 'Basic realm="x"')), head=head
            )
        )
        assert probe(prober(), server, ANN).outcome is Outcome.PULLABLE
        assert probe(prober(), server).outcome is Outcome.PULLABLE

    @pytest.mark.parametrize("header", ["Negotiate", "Bearer", 'Bearer service="s"'])
    def test_none_that_helps(self, serve: Serve, prober: Make, header: str) -> None:
        server = serve(lambda request: reply(401, ("WWW-Authenticate", header)))
        found = probe(prober(), server, ANN)
        assert found.outcome is Outcome.PROTOCOL_ERROR
        assert "not by Basic or Bearer" in found.attempts[0].detail
        assert all(r.authorization is None for r in server.received)
        assert probe(prober(), server).outcome is Outcome.NO_PERMISSION

    def test_a_scheme_that_repeats_the_password(self, serve: Serve, prober: Make) -> None:
        """Schemes are read in lower case, which a password in them may not survive unseen."""
        user, password = "ann", f"{CANARY}Q"
        server = serve(lambda request: reply(401, ("WWW-Authenticate", password)))
        found = probe(prober(), server, (user, password))
        assert "not by Basic or Bearer" in found.attempts[0].detail
        assert password.lower() not in str(found.to_dict()).lower()

    def test_none_at_all(self, serve: Serve, prober: Make) -> None:
        server = serve(lambda request: reply(401))
        assert probe(prober(), server, ANN).outcome is Outcome.PROTOCOL_ERROR
        assert probe(prober(), server).outcome is Outcome.NO_PERMISSION


class TestTokens:
    @pytest.mark.parametrize(
        "status, body, expected",
        [
            (401, b"", "bad-credential"),
            (401, b'{"errors":[{"code":"UNAUTHORIZED","message":"wrong"}]}', "bad-credential"),
            (403, b'{"errors":[{"code":"UNAUTHORIZED"}]}', "bad-credential"),
            (403, b'{"errors":[{"code":"DENIED","message":"no"}]}', "no-permission"),
            (403, b"", "no-permission"),
            (400, b'{"error":"invalid_grant"}', "bad-credential"),
            (400, b"", "protocol-error"),
            (404, b"", "protocol-error"),
            (405, b"", "protocol-error"),
            (204, b"", "protocol-error"),
            (200, b"", "protocol-error"),
            (200, b'{"token":""}', "protocol-error"),
            (302, b"", "refused"),
            (429, b"", "rate-limited"),
            (500, b"", "unreachable"),
            (503, b"", "unreachable"),
        ],
    )
    def test_none(
        self, serve: Serve, prober: Make, status: int, body: bytes, expected: str
    ) -> None:
        refusal = reply(status, ("Location", "http://localhost:1/"), body=body)
        if status == 204:
            refusal = b"HTTP/1.1 204 No Content\r\n\r\n"
        server = serve(bearer_registry(token=lambda request: refusal))
        found = probe(prober(), server, ANN)
        assert found.outcome == expected
        assert len(server.received) == 2

    @pytest.mark.parametrize("status", [401, 403])
    def test_none_for_anonymous_is_no_bad_credential(
        self, serve: Serve, prober: Make, status: int
    ) -> None:
        """As GHCR answers for a private repository."""
        server = serve(
            bearer_registry(
                token=lambda _: reply(status, body=b'{"errors":[{"code":"UNAUTHORIZED"}]}')
            )
        )
        assert probe(prober(), server).outcome is Outcome.NO_PERMISSION

    @pytest.mark.parametrize("login", [("ann", ""), ("", "x"), ("", "")])
    @pytest.mark.parametrize(
        "token, head, expected",
        [
            (token_reply(), MANIFEST_HEAD, "pullable"),
            (token_reply(), reply(401), "bad-credential"),
            (reply(401), MANIFEST_HEAD, "bad-credential"),
            (reply(403), MANIFEST_HEAD, "bad-credential"),
            (reply(404), MANIFEST_HEAD, "protocol-error"),
        ],
    )
    def test_an_empty_log_in(
        self,
        serve: Serve,
        prober: Make,
        login: tuple[str, str],
        token: bytes,
        head: bytes,
        expected: str,
    ) -> None:
        """Container runtimes ask token servers without it, so that a public image is pulled."""
        server = serve(bearer_registry(token=lambda _: token, head=lambda _: head))
        assert probe(prober(), server, login).outcome == expected
        assert server.received[1].authorization is None

    def test_an_identity_token_is_posted(self, serve: Serve, prober: Make) -> None:
        server = serve(bearer_registry())
        asking = prober(identity_token=lambda candidate: f"{CANARY}&x={candidate.source.name}")
        assert probe(asking, server, ("guid", "")).outcome is Outcome.PULLABLE
        post = server.received[1]
        assert (post.short, post.authorization) == (("POST", "/token"), None)
        assert post.headers["content-type"] == "application/x-www-form-urlencoded"
        assert urllib.parse.parse_qs(post.body.decode()) == {
            "service": ["s"],
            "scope": ["repository:team/a:pull"],
            "client_id": ["pullsecrets"],
            "grant_type": ["refresh_token"],
            "refresh_token": [f"{CANARY}&x=s0"],
        }

    def test_an_identity_token_that_is_old(self, serve: Serve, prober: Make) -> None:
        said = json.dumps({"error": "invalid_grant", "error_description": f"old: {CANARY}"})
        server = serve(bearer_registry(token=lambda _: reply(400, body=said.encode())))
        asking = prober(identity_token=lambda candidate: Password(CANARY))
        found = probe(asking, server, ("guid", "0"))
        assert found.outcome is Outcome.BAD_CREDENTIAL
        assert CANARY not in str(found)

    def test_no_identity_token_for_this_one(self, serve: Serve, prober: Make) -> None:
        server = serve(bearer_registry())
        asking = prober(identity_token=lambda candidate: None)
        assert probe(asking, server, ANN).outcome is Outcome.PULLABLE
        assert server.received[1].method == "GET"

    def test_a_kept_token_that_is_no_longer_taken(self, serve: Serve, prober: Make) -> None:
        """It was revoked: one new one is asked for."""
        valid = ["first"]

        def head(request: Received) -> bytes:
            if request.authorization == f"Bearer {valid[0]}":
                return MANIFEST_HEAD
            realm = f"http://{request.headers['host']}/token"
            return challenge(realm, error="invalid_token", scope="repository:team/a:pull")

        server = serve(bearer_registry(token=lambda _: token_reply(valid[0]), head=head))
        asking = prober()
        assert probe(asking, server, ANN).outcome is Outcome.PULLABLE
        valid[0] = "second"
        found = asking.probe(resolution(server.image("team/a:2"), ANN))
        assert found.outcome is Outcome.PULLABLE
        assert len([t for _, t in server.asked if t.startswith("/token")]) == 2

    def test_a_token_that_is_never_taken(self, serve: Serve, prober: Make) -> None:
        def head(request: Received) -> bytes:
            realm = f"http://{request.headers['host']}/token"
            return challenge(realm, error="invalid_token", scope="repository:team/a:pull")

        server = serve(bearer_registry(head=head))
        assert outcome(probe(prober(), server, ANN)) == (
            "protocol-error",
            "the registry does not take its own token server's token",
        )
        assert len(server.received) == 3

    def test_tokens_live_as_long_as_they_say(self, serve: Serve, prober: Make) -> None:
        lifetimes = {"/v2/long/a": 3600, "/v2/short/a": 0}

        def token(request: Received) -> bytes:
            repository = "short" if "short" in request.target else "long"
            return token_reply(expires_in=lifetimes[f"/v2/{repository}/a"])

        server = serve(bearer_registry(token=token))
        asking = prober()
        for repository in ("long/a", "short/a"):
            for tag in ("1", "2", "3"):
                asking.probe(resolution(server.image(f"{repository}:{tag}"), ANN))
        asked = [target for _, target in server.asked if target.startswith("/token")]
        assert len([t for t in asked if "long" in t]) == 1
        assert len([t for t in asked if "short" in t]) == 3


class TestVerdicts:
    @pytest.mark.parametrize(
        "token, head, expected",
        [
            # Whether a 404 says that there is no such image depends on what the token allows.
            (token_reply(scope="repository:team/a:pull"), NO_BODY_404, "not-found"),
            (token_reply(scope=""), NO_BODY_404, "hidden"),
            (token_reply("opaque"), NO_BODY_404, "hidden"),
            (token_reply(), b"HTTP/1.1 403 Forbidden\r\n\r\n", "no-permission"),
            (token_reply(), reply(401), "no-permission"),
            (token_reply(), b"HTTP/1.1 405 Not Allowed\r\n\r\n", "protocol-error"),
            (token_reply(), b"HTTP/1.1 400 Bad Request\r\n\r\n", "protocol-error"),
            (token_reply(), b"HTTP/1.1 500 Internal Server Error\r\n\r\n", "unreachable"),
            (token_reply(), b"HTTP/1.1 503 Service Unavailable\r\n\r\n", "unreachable"),
            (token_reply(), b"HTTP/1.1 429 Too Many Requests\r\n\r\n", "rate-limited"),
            (token_reply(), reply(200, ("Content-Type", "text/html")), "protocol-error"),
            (token_reply(), reply(200), "protocol-error"),
        ],
    )
    def test_bearer(
        self, serve: Serve, prober: Make, token: bytes, head: bytes, expected: str
    ) -> None:
        server = serve(bearer_registry(token=lambda _: token, head=lambda _: head))
        assert probe(prober(), server, ANN).outcome == expected

    @pytest.mark.parametrize(
        "ping, expected",
        [
            (reply(200), "not-found"),
            (reply(401, ("WWW-Authenticate", "Basic realm=x")), "hidden"),
        ],
    )
    def test_404_for_anonymous(
        self, serve: Serve, prober: Make, ping: bytes, expected: str
    ) -> None:
        server = serve(lambda request: ping if request.target == "/v2/" else NO_BODY_404)
        assert probe(prober(), server).outcome == expected

    def test_404_with_basic(self, serve: Serve, prober: Make) -> None:
        server = serve(
            lambda request: (
                NO_BODY_404
                if request.authorization
                else reply(401, ("WWW-Authenticate", "Basic realm=x"))
            )
        )
        assert probe(prober(), server, ANN).outcome is Outcome.NOT_FOUND

    @pytest.mark.parametrize(
        "front, expected",
        [(200, "no-permission"), (403, "bad-credential"), (401, "bad-credential")],
    )
    def test_403_with_basic(self, serve: Serve, prober: Make, front: int, expected: str) -> None:
        """ECR answers 403 for an expired token; whether it is that, `/v2/` tells."""

        def answer(request: Received) -> bytes:
            if not request.authorization:
                return reply(401, ("WWW-Authenticate", "Basic realm=x"))
            return reply(front if request.target == "/v2/" else 403)

        server = serve(answer)
        asking = prober()
        for tag in ("1", "2"):
            found = asking.probe(resolution(server.image(f"team/a:{tag}"), ANN))
            assert found.outcome == expected
        assert server.asked.count(("GET", "/v2/")) == 2  # the ping, and one log-in

    def test_who_may_not(self, serve: Serve, prober: Make) -> None:
        server = serve(bearer_registry(head=lambda request: reply(401)))
        assert "this user" in probe(prober(), server, ANN).attempts[0].detail
        assert "anonymous pulls" in probe(prober(), server).attempts[0].detail

    @pytest.mark.parametrize("status", [429, 500, 503])
    def test_a_ping_that_fails_is_no_bad_credential(
        self, serve: Serve, prober: Make, status: int
    ) -> None:
        server = serve(lambda request: reply(status, ("Retry-After", "700")))
        found = probe(prober(), server, ANN, ("bob", "x"))
        expected = Outcome.RATE_LIMITED if status == 429 else Outcome.UNREACHABLE
        assert [(a.outcome, a.wait) for a in found.attempts] == [(expected, 700), (expected, 700)]
        assert found.starts is None
        assert len(server.received) == 1


class TestRateLimits:
    def test_the_headers_are_part_of_the_answer(self, serve: Serve, prober: Make) -> None:
        head = reply(
            200, ("RateLimit-Limit", "100;w=21600"), ("ratelimit-remaining", "7"), ("X-Other", "1")
        )
        server = serve(bearer_registry(head=lambda request: head))
        (attempt,) = probe(prober(), server, ANN).attempts
        assert attempt.rate_limit == {"ratelimit-limit": "100;w=21600", "ratelimit-remaining": "7"}

    def test_who_has_to_wait_is_not_asked_for_again(self, serve: Serve, prober: Make) -> None:
        """Another user may have another limit."""

        def head(request: Received) -> bytes:
            if request.authorization == "Bearer ann":
                return b"HTTP/1.1 429 Slow\r\nRetry-After: 1000\r\n\r\n"
            return MANIFEST_HEAD

        def token(request: Received) -> bytes:
            return token_reply("ann" if request.authorization == basic(*ANN) else "bob")

        server = serve(bearer_registry(token=token, head=head))
        asking = prober()
        first = asking.probe(resolution(server.image("team/a:1"), ANN, ("bob", "x")))
        second = asking.probe(resolution(server.image("team/a:2"), ANN, ("bob", "x")))
        for found in (first, second):
            assert [a.outcome for a in found.attempts] == [Outcome.RATE_LIMITED, Outcome.PULLABLE]
            assert found.starts is True
        assert all(r.shared for r in second.attempts[0].requests[:1])
        assert [r.method for r in second.attempts[0].requests] == ["GET", "GET"]
        assert second.attempts[0].wait == pytest.approx(1000, abs=300)
        heads = [r for r in server.received if r.method == "HEAD"]
        assert [r.authorization for r in heads] == ["Bearer ann", "Bearer bob", "Bearer bob"]

    def test_a_limit_without_a_time(self, serve: Serve, prober: Make) -> None:
        server = serve(bearer_registry(head=lambda _: b"HTTP/1.1 429 Slow\r\n\r\n"))
        asking = prober()
        waits = [
            asking.probe(resolution(server.image(f"team/{name}:1"), ANN)).attempts[0].wait
            for name in "abc"
        ]
        assert waits[:2] == [None, None]
        assert waits[2] is not None  # as long as it is held back here, after two in a row
        assert len([r for r in server.received if r.method == "HEAD"]) == 2

    def test_when_the_time_is_over_it_is_asked_again(self, serve: Serve, prober: Make) -> None:
        answers = [b"HTTP/1.1 429 Slow\r\nRetry-After: 0\r\n\r\n", MANIFEST_HEAD]
        server = serve(bearer_registry(head=lambda request: answers.pop(0)))
        asking = prober()
        assert probe(asking, server, ANN).outcome is Outcome.RATE_LIMITED
        assert probe(asking, server, ANN).outcome is Outcome.PULLABLE


class TestRedirects:
    def redirecting(self, location: Callable[[Received], str], status: int = 307) -> Answer:
        def head(request: Received) -> bytes:
            return reply(status, ("Location", location(request)))

        return bearer_registry(head=head)

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_to_storage(self, serve: Serve, prober: Make, status: int) -> None:
        storage = serve(lambda request: MANIFEST_HEAD)
        server = serve(
            self.redirecting(lambda _: f"{storage.url}/blob/1?signature={CANARY}", status)
        )
        found = probe(prober(), server, ANN)
        assert found.outcome is Outcome.PULLABLE
        (received,) = storage.received
        assert received.short == ("HEAD", f"/blob/1?signature={CANARY}")
        assert "authorization" not in received.headers
        # A signed address is a credential: neither its path nor its query is shown.
        assert found.attempts[0].requests[-1].url == f"{storage.url}/…"

    @pytest.mark.parametrize(
        "status, expected",
        [
            (401, "refused"),
            (403, "refused"),
            (404, "hidden"),
            (500, "unreachable"),
            (429, "rate-limited"),
            (418, "protocol-error"),
        ],
    )
    def test_and_the_target_says_no(
        self, serve: Serve, prober: Make, status: int, expected: str
    ) -> None:
        elsewhere = serve(
            lambda request: f"HTTP/1.1 {status} No\r\nWWW-Authenticate: Basic\r\n\r\n".encode()
        )
        server = serve(self.redirecting(lambda _: elsewhere.url))
        assert probe(prober(), server, ANN).outcome == expected
        assert len(elsewhere.received) == 1
        assert "authorization" not in elsewhere.received[0].headers

    def test_also_on_the_same_host_without_the_credential(self, serve: Serve, prober: Make) -> None:
        server = serve(
            lambda request: (
                reply(401, ("WWW-Authenticate", "Basic realm=x"))
                if request.target in ("/v2/", "/new")
                else reply(307, ("Location", "/new"))
            )
        )
        found = probe(prober(), server, ANN)
        assert found.outcome is Outcome.REFUSED
        assert "credentials are not sent along with a redirect" in found.attempts[0].detail
        assert [r.authorization for r in server.received] == [None, basic(*ANN), None]

    def test_without_end(self, serve: Serve, prober: Make) -> None:
        server = serve(self.redirecting(lambda request: request.target + "x"))
        assert outcome(probe(prober(), server, ANN)) == ("protocol-error", "more than 5 redirects")
        assert len(server.received) == 2 + 1 + 5

    @pytest.mark.parametrize("location", ["", "https://", "ftp://x/", "https://u:p@localhost/"])
    def test_to_nowhere(self, serve: Serve, prober: Make, location: str) -> None:
        server = serve(self.redirecting(lambda request: location))
        assert probe(prober(), server, ANN).outcome is Outcome.PROTOCOL_ERROR
        assert len([r for r in server.received if r.authorization]) == 2

    def test_to_plain_http(self, serve: Serve, prober: Make) -> None:
        server = serve(self.redirecting(lambda request: "http://storage.example:9/"))
        found = probe(prober(), server, ANN)
        assert found.outcome is Outcome.REFUSED
        assert "http://storage.example:9 is plain http" in found.attempts[0].detail

    def test_of_the_ping_is_not_followed(self, serve: Serve, prober: Make) -> None:
        elsewhere = serve(lambda request: reply(200))
        server = serve(
            lambda request: (
                reply(302, ("Location", elsewhere.url))
                if request.target == "/v2/"
                else MANIFEST_HEAD
            )
        )
        assert probe(prober(), server, ANN).outcome is Outcome.PULLABLE
        assert elsewhere.received == []


class TestNoRegistry:
    def test_a_port_that_is_none(self, prober: Make) -> None:
        found = prober().probe(resolve("localhost:99999/a", []))
        assert outcome(found)[0] == "protocol-error"
        assert "no registry can be asked" in outcome(found)[1]

    def test_the_hub_over_plain_http(self, prober: Make) -> None:
        """Its API host is another name, which was not named."""
        found = prober(insecure_registries=["docker.io"]).probe(resolve("nginx", []))
        assert outcome(found)[0] == "refused"
        assert found.attempts[0].requests == ()

    def test_a_name_without_an_address(self, prober: Make, monkeypatch: pytest.MonkeyPatch) -> None:
        def nothing(host: str, port: int) -> list[str]:
            raise OSError(-2, "Name or service not known")

        monkeypatch.setattr("pullsecrets.probe.transport.addresses_of", nothing)
        found = prober().probe(resolve("nowhere.example.com/a", []))
        assert outcome(found) == (
            "unreachable",
            "nowhere.example.com: the name has no address: Name or service not known",
        )


class TestLogins:
    """A user name or a password cannot leave its header, whatever is in it."""

    @pytest.mark.parametrize(
        "user, password",
        [
            ("ann", "line\r\nX-Evil: 1"),
            ("ann\r\nX-Evil: 1", "x"),
            ("ann:colon", "pass:word"),
            ("änn", "pässwörd €"),
            ("ann", "\x00\x1b"),
            ("ann", "\udcff"),  # the byte 0xff, as the docker config had it
            ("\ud800", "x"),  # no byte at all
            ("a" * 1000, "b" * 8000),
        ],
    )
    def test_basic(self, serve: Serve, prober: Make, user: str, password: str) -> None:
        server = serve(
            lambda request: (
                MANIFEST_HEAD
                if request.authorization
                else reply(401, ("WWW-Authenticate", "Basic realm=x"))
            )
        )
        source = resolution(server.image(), ("ann", "x"))
        (candidate,) = source.candidates
        credential = evolve(candidate.credential, username=user, password=Password(password))
        changed = evolve(candidate, credential=credential)
        found = prober().probe(evolve(source, candidates=(changed,)))
        assert found.outcome is Outcome.PULLABLE
        sent = (server.received[-1].authorization or "").removeprefix("Basic ")
        handler = "surrogatepass" if "\ud800" in user else "surrogateescape"
        assert base64.b64decode(sent) == f"{user}:{password}".encode("utf-8", handler)
        assert "x-evil" not in server.received[-1].headers
