"""One suite for `FakeRegistry` and for Debian's `docker-registry`: the fake answers as the real."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve, frozen

from pullsecrets.testing import FakeRegistry
from pullsecrets.testing.registry import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST
from registries import Front, Htpasswd, Registry, TokenAuth, TokenServer, require, skopeo_can_pull

ALL = {"Accept": ", ".join([OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST])}
MEDIA_TYPES = {
    "team/oci": OCI_MANIFEST,
    "team/index": OCI_INDEX,
    "team/docker": DOCKER_MANIFEST,
    "team/list": DOCKER_LIST,
}
USERS = {"ann": "ann-password", "bob": "bob-password"}
GRANTS = {None: ["public/a"], "ann": ["team/oci", "public/a"], "bob": ["public/a"]}


@frozen
class Answer:
    """An answer, less what differs from run to run: the date, ports, realms."""

    status: int
    headers: Mapping[str, str]
    body: str

    @property
    def error(self) -> str:
        code: str = json.loads(self.body)["errors"][0]["code"]
        return code


@frozen
class Either:
    """The fake or the real registry, asked in the same way."""

    registry: FakeRegistry | Registry
    tokens: TokenServer | FakeRegistry | None = None

    def ask(
        self, method: str, target: str, headers: Mapping[str, str] | None = None, body: str = ""
    ) -> Answer:
        return _ask(self.registry.port, method, target, headers or {}, body)

    def challenge(self, target: str, headers: Mapping[str, str]) -> dict[str, str]:
        """What a 401 of token authentication asks for, less realm and service."""
        answer = self.ask("GET", target, {**ALL, **headers})
        assert (answer.status, answer.error) == (401, "UNAUTHORIZED")
        scheme, _, parameters = answer.headers["www-authenticate"].partition(" ")
        assert scheme == "Bearer"
        found = dict(re.findall('([a-z]+)="([^"]*)"', parameters))
        assert self.tokens is not None
        assert found.pop("realm") == self.tokens.realm
        assert found.pop("service")
        return found

    def token(self, user: str | None = None, scope: str = "") -> str:
        """Ask the token server as a client does."""
        headers = basic(user, USERS[user]) if user else {}
        answer = self.token_answer(f"service=x&scope={scope}" if scope else "service=x", headers)
        assert answer.status == 200, answer
        token: str = json.loads(answer.body)["token"]
        return token

    def token_answer(self, query: str, headers: Mapping[str, str] | None = None) -> Answer:
        assert self.tokens is not None
        port = int(self.tokens.host.rpartition(":")[2])
        return _ask(port, "GET", f"/token?{query}", headers or {})

    def expired(self, repository: str) -> str:
        """A token that was good."""
        if isinstance(self.tokens, FakeRegistry):
            return self.tokens.issue_token("ann", [repository], expires_in=-100)
        assert self.tokens is not None
        access = {"type": "repository", "name": repository, "actions": ["pull"]}
        return self.tokens.sign("ann", [access], expires_in=-100)


def _ask(port: int, method: str, target: str, headers: Mapping[str, str], body: str = "") -> Answer:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        connection.request(method, target, headers=dict(headers), body=body or None)
        answer = connection.getresponse()
        content = answer.read().decode()
    kept = {name.lower(): value for name, value in answer.getheaders() if name != "Date"}
    return Answer(answer.status, kept, content)


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


Start = Callable[[str], Either]


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.one_python)])
def start(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Start]:
    """Start a registry with the same images, the fake or the real: `start("basic")`."""
    with ExitStack() as stack:
        either = _fake if request.param == "fake" else _real
        yield lambda auth: either(auth, tmp_path / auth, stack)


def _fake(auth: str, folder: Path, stack: ExitStack) -> Either:
    registry = stack.enter_context(FakeRegistry(auth, users=USERS, grants=GRANTS))  # type: ignore[arg-type]
    _push(registry)
    return Either(registry, registry)


def _real(auth: str, folder: Path, stack: ExitStack) -> Either:
    require("docker-registry", "htpasswd")
    tokens = None
    how: dict[str, Any] = {}
    if auth == "basic":
        how["auth"] = Htpasswd(USERS)
    elif auth == "bearer":
        server = TokenServer(folder / "tokens", users=USERS, grants=GRANTS)
        tokens = stack.enter_context(server.running())
        how["auth"] = TokenAuth(tokens)
    registry = stack.enter_context(Registry.start(folder / "registry", **how))
    _push(registry)
    return Either(registry, tokens)


def _push(registry: FakeRegistry | Registry) -> None:
    for repository, media_type in MEDIA_TYPES.items():
        registry.push(repository, "1.0", media_type)
    registry.push("public/a", "1.0")


# What follows is the contract.


def test_open(start: Start) -> None:
    registry = start("open")
    answer = registry.ask("GET", "/v2/")
    assert (answer.status, answer.body) == (200, "{}")
    assert answer.headers == {
        "content-length": "2",
        "content-type": "application/json; charset=utf-8",
        "docker-distribution-api-version": "registry/2.0",
    }
    assert registry.ask("HEAD", "/v2/") == evolve(answer, body="")
    assert registry.ask("GET", "/v2").headers["location"] == "/v2/"


@pytest.mark.parametrize("repository", MEDIA_TYPES)
def test_manifest(start: Start, repository: str) -> None:
    registry = start("open")
    head = registry.ask("HEAD", f"/v2/{repository}/manifests/1.0", ALL)
    assert head.status == 200
    assert head.headers["content-type"] == MEDIA_TYPES[repository]
    digest = head.headers["docker-content-digest"]
    got = registry.ask("GET", f"/v2/{repository}/manifests/{digest}", ALL)
    assert got.headers == head.headers
    assert digest == f"sha256:{hashlib.sha256(got.body.encode()).hexdigest()}"
    again = {**ALL, "If-None-Match": f'"{digest}"'}
    assert registry.ask("GET", f"/v2/{repository}/manifests/1.0", again).status == 304


def test_accept_decides(start: Start) -> None:
    registry = start("open")
    for accept in ({}, {"Accept": "*/*"}, {"Accept": DOCKER_MANIFEST}):
        for repository in ("team/oci", "team/index"):
            answer = registry.ask("GET", f"/v2/{repository}/manifests/1.0", accept)
            assert (answer.status, answer.error) == (404, "MANIFEST_UNKNOWN")
    answer = registry.ask("GET", "/v2/team/docker/manifests/1.0", {"Accept": OCI_MANIFEST})
    assert (answer.status, answer.error) == (400, "MANIFEST_INVALID")
    # A client from before there were lists gets the image for linux/amd64 out of it.
    answer = registry.ask("GET", "/v2/team/list/manifests/1.0", {"Accept": DOCKER_MANIFEST})
    assert (answer.status, answer.headers["content-type"]) == (200, DOCKER_MANIFEST)


def test_what_is_not_there(start: Start) -> None:
    registry = start("open")
    for target in (
        "/v2/team/oci/manifests/2.0",
        "/v2/nowhere/manifests/1.0",
        f"/v2/team/oci/manifests/sha256:{'0' * 64}",
    ):
        answer = registry.ask("GET", target, ALL)
        assert (answer.status, answer.error) == (404, "MANIFEST_UNKNOWN")
        assert registry.ask("HEAD", target, ALL) == evolve(answer, body="")
    answer = registry.ask("GET", "/v2/team/oci/manifests/sha256:abc", ALL)
    assert (answer.status, answer.error) == (500, "UNKNOWN")


def test_basic(start: Start) -> None:
    registry = start("basic")
    for headers in (
        {},
        basic("ann", "wrong"),
        basic("nobody", "ann-password"),
        {"Authorization": "Basic !!!"},
        {"Authorization": f"Basic {base64.b64encode(b'ann').decode()}"},
        {"Authorization": "Bearer abc"},
        {"Authorization": "ann ann-password"},
    ):
        answer = registry.ask("GET", "/v2/", headers)
        assert (answer.status, answer.error) == (401, "UNAUTHORIZED")
        assert re.fullmatch('Basic realm="[^"]+"', answer.headers["www-authenticate"])
        answer = registry.ask("HEAD", "/v2/team/oci/manifests/1.0", {**ALL, **headers})
        assert answer.status == 401
    right = basic("ann", "ann-password")
    assert registry.ask("GET", "/v2/", right).status == 200
    assert registry.ask("HEAD", "/v2/team/oci/manifests/1.0", {**ALL, **right}).status == 200
    assert registry.ask("HEAD", "/v2/nowhere/manifests/1.0", {**ALL, **right}).status == 404
    assert registry.ask("GET", "/v2").status == 301


def test_bearer(start: Start) -> None:
    registry = start("bearer")
    manifest = "/v2/team/oci/manifests/1.0"
    for headers in ({}, basic("ann", "ann-password"), {"Authorization": "Bearer"}):
        assert registry.challenge("/v2/", headers) == {}
        assert registry.challenge(manifest, headers) == {"scope": "repository:team/oci:pull"}
    invalid = {"scope": "repository:team/oci:pull", "error": "invalid_token"}
    assert registry.challenge(manifest, bearer("garbage")) == invalid
    assert registry.challenge(manifest, bearer(registry.expired("team/oci"))) == invalid
    # Any valid token opens the front door; only the manifest tells whether it is good for it.
    for user in (None, "bob"):
        token = bearer(registry.token(user, "repository:team/oci:pull"))
        assert registry.ask("GET", "/v2/", token).status == 200
        insufficient = {"scope": "repository:team/oci:pull", "error": "insufficient_scope"}
        assert registry.challenge(manifest, token) == insufficient
        assert registry.challenge("/v2/nowhere/manifests/1", token)["error"] == "insufficient_scope"
    token = bearer(registry.token("ann", "repository:team/oci:pull"))
    assert registry.ask("HEAD", manifest, {**ALL, **token}).status == 200
    token = bearer(registry.token(None, "repository:public/a:pull"))
    assert registry.ask("HEAD", "/v2/public/a/manifests/1.0", {**ALL, **token}).status == 200
    assert registry.token_answer("service=x", basic("ann", "wrong")).status == 401


def test_skopeo_agrees(start: Start) -> None:
    require("skopeo")
    for auth in ("basic", "bearer"):
        image = start(auth).registry.image("team/oci", "1.0")
        assert skopeo_can_pull(image, "ann", "ann-password")
        assert not skopeo_can_pull(image, "ann", "wrong")
        assert not skopeo_can_pull(image, None)
        assert skopeo_can_pull(image, "bob", "bob-password") is (auth == "basic")


def test_rate_limit(start: Start, tmp_path: Path) -> None:
    registry = start("open").registry
    with ExitStack() as stack:
        if isinstance(registry, FakeRegistry):
            registry.rate_limit, registry.retry_after = 2, 7
            port = registry.port
        else:
            require("nginx")  # distribution itself has no limit
            front = Front.start(tmp_path / "front", registry.url, allowed=2, retry_after=7)
            port = stack.enter_context(front).port
        answers = [_ask(port, "HEAD", "/v2/team/oci/manifests/1.0", ALL) for _ in range(3)]
        answers.append(_ask(port, "GET", "/v2/", {}))
    assert [answer.status for answer in answers] == [200, 200, 429, 429]
    assert answers[3].error == "TOOMANYREQUESTS"
    assert answers[3].headers["retry-after"] == "7"
    assert answers[3].headers["ratelimit-remaining"].startswith("0;w=")


# Beyond the contract: each of these is answered by both, byte for byte.

OF_NO_USER = [
    *[(method, "/v2/") for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")],
    *[("GET", path) for path in ("/", "/v2", "/v2//", "/v2/?a=b", "/v2/x", "/x", "/v2/../v2/")],
    ("HEAD", "/v2"),
    ("HEAD", "/nowhere"),
    *[("GET", f"/v2/a{inner}b/manifests/1.0") for inner in ("//", "/./", "/../", "%2F", "%2e")],
    *[
        (method, f"/v2/{repository}/manifests/{reference}")
        for method in ("GET", "HEAD")
        for repository in [*MEDIA_TYPES, "nowhere", "Team/oci", "team/Oci", "TEAM", "a_b/c", "a--b"]
        for reference in ["1.0", "2", f"sha256:{'0' * 64}", "sha256:0", f"md5:{'0' * 32}", ".x", ""]
    ],
    ("POST", "/v2/team/oci/manifests/1.0"),
    ("GET", "/v2/team/oci/tags/list"),
    ("GET", "/v2/nowhere/tags/list"),
    ("POST", "/v2/team/oci/tags/list"),
    ("GET", f"/v2/team/oci/blobs/sha256:{'0' * 64}"),
    ("GET", "/v2/team/oci/blobs/sha256:abc"),
    ("GET", "/v2/team/oci/blobs/1.0"),
]
ACCEPTS = [
    {},
    ALL,
    {"Accept": "*/*"},
    {"Accept": OCI_INDEX},
    {"Accept": DOCKER_MANIFEST},
    {"Accept": f"{OCI_MANIFEST};q=0.5,{DOCKER_LIST}"},
]


@pytest.mark.one_python
@pytest.mark.parametrize("auth", ["open", "basic", "bearer"])
def test_fake_and_real_answer_alike(auth: str, tmp_path: Path) -> None:
    with ExitStack() as stack:
        real = _real(auth, tmp_path, stack)
        fake = _fake(auth, tmp_path, stack)
        assert isinstance(fake.registry, FakeRegistry)
        allowed = [{}]
        if auth == "basic":
            allowed = [{}, basic("ann", "ann-password")]
        _copy(real, fake.registry, allowed[-1] if auth == "basic" else {})
        different = [
            (asked, left, right)
            for credentials in allowed
            for accept in ACCEPTS
            for method, target in OF_NO_USER
            for asked in [(method, target, {**accept, **credentials})]
            for left, right in [(_levelled(real.ask(*asked)), _levelled(fake.ask(*asked)))]
            if left != right
        ]
    assert not different, "\n".join(map(str, different))


def _copy(real: Either, fake: FakeRegistry, credentials: Mapping[str, str]) -> None:
    """Put the real registry's manifests into the fake, so that digests and bodies are equal."""
    for repository, media_type in MEDIA_TYPES.items():
        if real.tokens is not None:
            assert isinstance(real.tokens, TokenServer)
            access = {"type": "repository", "name": repository, "actions": ["pull"]}
            credentials = bearer(real.tokens.sign("ann", [access]))
        headers = {**ALL, **credentials}
        got = real.ask("GET", f"/v2/{repository}/manifests/1.0", headers)
        if media_type in (OCI_INDEX, DOCKER_LIST):
            inner = json.loads(got.body)["manifests"][0]
            single = real.ask("GET", f"/v2/{repository}/manifests/{inner['digest']}", headers)
            fake.put_manifest(repository, single.body.encode(), inner["mediaType"])
        fake.put_manifest(repository, got.body.encode(), media_type, "1.0")


def _levelled(answer: Answer) -> Answer:
    """Without what tells two registries apart on purpose."""
    headers = dict(answer.headers)
    challenge = headers.get("www-authenticate", "")
    challenge = re.sub('realm="[^"]*"', 'realm="…"', challenge)
    headers["www-authenticate"] = re.sub('service="[^"]*"', 'service="…"', challenge)
    # In Go the order of the actions changes from run to run.
    headers["www-authenticate"] = headers["www-authenticate"].replace(":push,pull", ":pull,push")
    # The fake is read-only, and both say so.
    if headers.get("allow"):
        headers["allow"] = headers["allow"].replace("DELETE, ", "").replace(", PUT", "")
    return evolve(answer, headers=headers)
