"""What a 200 or a 404 means, and whether an index has a platform."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from probing import (
    MANIFEST,
    MANIFEST_HEAD,
    Received,
    Scripted,
    basic,
    challenge,
    reply,
    resolution,
    token_reply,
)

from pullsecrets import resolve
from pullsecrets.probe import Outcome, Prober
from pullsecrets.probe.manifests import Platform

Serve = Callable[..., Scripted]
Make = Callable[..., Prober]

ANN = ("ann", "ann-password")
DIGEST = ("Docker-Content-Digest", "sha256:" + "0" * 64)
INDEX = "application/vnd.oci.image.index.v1+json"
SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+"


class TestAnswers:
    @pytest.mark.parametrize(
        "headers, expected",
        [
            ([("Content-Type", MANIFEST)], "pullable"),
            ([("Content-Type", f"{MANIFEST}; charset=utf-8")], "pullable"),
            ([("Content-Type", INDEX.upper())], "pullable"),
            ([DIGEST], "pullable"),
            ([DIGEST, ("Content-Type", "application/json")], "pullable"),
            # A captive portal, a cut header, a web page that knows the header.
            ([("Content-Type", "application/json")], "protocol-error"),
            ([("Docker-Content-Digest", "sha256:")], "protocol-error"),
            ([("Content-Type", "application/vnd.oci.im")], "protocol-error"),
            ([DIGEST, ("Content-Type", "text/html")], "protocol-error"),
            ([], "protocol-error"),
            # distribution's two names for schema 1.
            ([DIGEST, ("Content-Type", f"{SCHEMA_1}prettyjws")], "legacy-manifest"),
            ([DIGEST, ("Content-Type", f"{SCHEMA_1}json")], "legacy-manifest"),
        ],
    )
    def test_200(
        self, serve: Serve, prober: Make, headers: list[tuple[str, str]], expected: str
    ) -> None:
        server = serve(lambda r: reply(200, *([] if r.target == "/v2/" else headers)))
        found = prober().probe(resolve(server.image(), []))
        assert found.outcome == expected
        verdicts = {"pullable": True, "legacy-manifest": False, "protocol-error": None}
        assert found.starts is verdicts[expected]

    def test_a_redirect_to_storage_that_knows_no_manifests(
        self, serve: Serve, prober: Make
    ) -> None:
        """The registry says that it is one; storage gives bytes."""

        def answer(request: Received) -> bytes:
            if request.target == "/blob":
                return reply(200, ("Content-Type", "application/octet-stream"))
            if request.target == "/v2/":
                return reply(200)
            return reply(307, ("Location", "/blob"), DIGEST)

        assert prober().probe(resolve(serve(answer).image(), [])).outcome is Outcome.PULLABLE


class TestNoRegistry:
    def test_404_to_everything(self, serve: Serve, prober: Make) -> None:
        """A web server: it is not said that there is no such image, also after a log-in."""
        server = serve(lambda request: reply(404, ("Content-Type", "text/html")))
        for found in (
            prober().probe(resolve(server.image(), [])),
            prober().probe(resolution(server.image(), ANN)),
        ):
            assert found.outcome is Outcome.PROTOCOL_ERROR
            assert found.attempts[0].detail == "no registry here: it answers 404 to everything"

    def test_a_page_on_the_ping(self, serve: Serve, prober: Make) -> None:
        page = reply(200, ("Content-Type", "text/html"))
        server = serve(lambda request: page if request.target == "/v2/" else reply(404))
        found = prober().probe(resolve(server.image(), []))
        assert found.outcome is Outcome.PROTOCOL_ERROR

    @pytest.mark.parametrize("where", ["ping", "manifest"])
    def test_a_registry_says_that_it_is_one(self, serve: Serve, prober: Make, where: str) -> None:
        version = ("Docker-Distribution-Api-Version", "registry/2.0")

        def answer(request: Received) -> bytes:
            at = "ping" if request.target == "/v2/" else "manifest"
            return reply(404, *([version] if at == where else []))

        found = prober().probe(resolve(serve(answer).image(), []))
        assert found.outcome is not Outcome.PROTOCOL_ERROR
        assert found.starts is False

    @pytest.mark.parametrize("hidden", [403, 404])
    def test_the_log_in_is_tried_where_the_ping_says_nothing(
        self, serve: Serve, prober: Make, hidden: int
    ) -> None:
        def answer(request: Received) -> bytes:
            if request.target == "/v2/":
                return reply(404)
            return MANIFEST_HEAD if request.authorization == basic(*ANN) else reply(hidden)

        server = serve(answer)
        assert prober().probe(resolution(server.image(), ANN)).outcome is Outcome.PULLABLE
        assert prober().probe(resolve(server.image(), [])).starts is not True


class TestTheManifestsOwnChallenge:
    @pytest.mark.parametrize("what", ["realm", "service"])
    def test_is_used_where_it_names_another(self, serve: Serve, prober: Make, what: str) -> None:
        def answer(request: Received) -> bytes:
            base = f"http://{request.headers['host']}"
            if request.target == "/v2/":
                return challenge(f"{base}/token-old", service="old")
            if request.target.startswith("/token"):
                new = "/token-new" if what == "realm" else "service=new"
                return token_reply("new" if new in request.target else "old")
            if request.authorization == "Bearer new":
                return MANIFEST_HEAD
            realm = f"{base}/token-new" if what == "realm" else f"{base}/token-old"
            return challenge(realm, service="old" if what == "realm" else "new")

        server = serve(answer)
        assert prober().probe(resolution(server.image(), ANN)).outcome is Outcome.PULLABLE
        assert len(server.received) == 5


def index(*platforms: object) -> bytes:
    entries = [{"digest": "sha256:0", "platform": platform} for platform in platforms]
    return json.dumps({"schemaVersion": 2, "manifests": entries}).encode()


AMD = {"os": "linux", "architecture": "amd64"}
ARM = {"os": "linux", "architecture": "arm64", "variant": "v8"}
ATTESTATION = {"os": "unknown", "architecture": "unknown"}


class TestPlatforms:
    def probe(self, serve: Serve, prober: Make, body: bytes, platform: str | None) -> tuple:
        def answer(request: Received) -> bytes:
            whole = reply(200, ("Content-Type", INDEX), DIGEST, body=body)
            if request.method == "HEAD":
                return whole.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
            return reply(200) if request.target == "/v2/" else whole

        server = serve(answer)
        (attempt,) = prober(platform=platform).probe(resolve(server.image(), [])).attempts
        return attempt.outcome.value, attempt.detail, [r.method for r in server.received]

    def test_without_asking_for_one_it_is_not_looked_at(self, serve: Serve, prober: Make) -> None:
        found = self.probe(serve, prober, index(AMD), None)
        assert found[::2] == ("pullable", ["GET", "HEAD"])

    def test_there(self, serve: Serve, prober: Make) -> None:
        found = self.probe(serve, prober, index(AMD, ARM, ATTESTATION), "linux/arm64")
        assert found == (
            "pullable",
            "the registry gives the manifest, and has linux/arm64",
            ["GET", "HEAD", "GET"],
        )

    def test_not_there(self, serve: Serve, prober: Make) -> None:
        arm = {"os": "linux", "architecture": "arm", "variant": "v7"}
        found = self.probe(serve, prober, index(AMD, arm, ATTESTATION), "linux/arm64")
        assert found[:2] == (
            "wrong-platform",
            "the image is there, but not for linux/arm64; there is linux/amd64, linux/arm/v7",
        )

    @pytest.mark.parametrize(
        "entry", ["x", {}, {"os": 1}, {"os": "linux", "architecture": "amd64", "variant": 7}]
    )
    def test_entries_that_name_none(self, serve: Serve, prober: Make, entry: object) -> None:
        found = self.probe(serve, prober, index(entry), "linux/amd64")
        assert found[0] == "wrong-platform"
        assert found[1].endswith("there is none that is named")

    @pytest.mark.parametrize("body", [b"{}", b"[]", b"x", b'{"manifests": {}}'])
    def test_no_index(self, serve: Serve, prober: Make, body: bytes) -> None:
        assert self.probe(serve, prober, body, "linux/amd64")[0] == "protocol-error"

    def test_a_single_manifest_does_not_say(self, serve: Serve, prober: Make) -> None:
        server = serve(lambda r: reply(200) if r.target == "/v2/" else MANIFEST_HEAD)
        found = prober(platform="linux/arm64").probe(resolve(server.image(), []))
        assert found.outcome is Outcome.PULLABLE

    @pytest.mark.parametrize(
        "node, image, runs",
        [
            ("linux/amd64", "linux/amd64", True),
            ("linux/amd64", "linux/x86_64", True),
            ("linux/arm64", "linux/aarch64/v8", True),
            ("linux/arm64/v8", "linux/arm64", True),
            ("linux/arm/v7", "linux/arm/v6", True),
            ("linux/arm/v6", "linux/arm/v7", False),
            ("linux/arm", "linux/arm/v7", True),
            ("linux/amd64", "linux/amd64/v3", False),
            ("linux/amd64/v3", "linux/amd64", True),
            ("linux/amd64", "windows/amd64", False),
            ("linux/s390x", "linux/s390x", True),
            ("linux/amd64", "linux/arm64", False),
        ],
    )
    def test_which_run_where(self, node: str, image: str, runs: bool) -> None:
        assert Platform.parse(node).runs(Platform.parse(image)) is runs

    @pytest.mark.parametrize("text", ["", "linux", "linux/", "/amd64", "linux/arm/7", "a/b/v1/c"])
    def test_that_are_none(self, text: str) -> None:
        with pytest.raises(ValueError, match="a platform is OS/ARCHITECTURE"):
            Platform.parse(text)

    @given(st.text(max_size=30))
    def test_they_are_read_as_they_are_shown(self, text: str) -> None:
        try:
            platform = Platform.parse(text)
        except ValueError:
            return
        assert Platform.parse(str(platform)) == platform
