"""One registry, asked as a pull asks it: ping, challenge, token, manifest (rules 18 to 20).

    GET  /v2/                              200, or 401 with a challenge
    GET  REALM?service=…&scope=…           Bearer only: Basic credentials, or none, for a token
    HEAD /v2/NAME/manifests/REFERENCE      with the token, or with Basic credentials

A `RegistryClient` asks each question once: what one attempt learned, the others use.
"""

from __future__ import annotations

import base64
import json
import math
import threading
import time
import urllib.parse
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Final

from attrs import evolve, field, frozen

from pullsecrets.images import Image
from pullsecrets.probe.answers import BadAnswer, Token, error_of, read_token, retry_after
from pullsecrets.probe.challenges import Challenge, parse_challenges
from pullsecrets.probe.outcomes import Outcome, Request
from pullsecrets.probe.policy import InvalidTarget, Policy, Refused, Target
from pullsecrets.probe.sites import is_public
from pullsecrets.probe.transport import Answer, Failed, Transport
from pullsecrets.registries import Registry
from pullsecrets.secrecy import Password, printable

__all__ = ["Login", "RegistryClient", "Verdict"]

ACCEPT: Final = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
"""Without all four a registry answers 404 for an image that it has."""

_ASK_AGAIN_AFTER: Final = 60.0
"""Seconds for which an answer that decides nothing (an outage, a rate limit) is kept."""

_BLANK: Final = "user or password is empty, and without a log-in the image is not given"
_MAX_REDIRECTS: Final = 5
_HANDSHAKE: Final = 3.0
"""Seconds to find out whether a server that does not take plain http speaks https."""

_MAX_SCOPES: Final = 10
_CLIENT_ID: Final = "pullsecrets"
_CONCEALED: Final = "(not shown: it repeats what is secret)"


@frozen
class Login:
    """What an attempt logs in with.

    Attributes:
        username: the user.
        password: the password.
        identity_token: an OAuth2 refresh token, used in their place at a token server.
    """

    username: str
    password: Password
    identity_token: Password | None = None

    @property
    def is_blank(self) -> bool:
        """Whether user or password is empty.

        Such a candidate counts as one (rule 9), but containerd and containers/image then ask token
        servers without any: a public image can be pulled with it.
        """
        return self.identity_token is None and not (self.username and self.password)

    @property
    def basic(self) -> str:
        """The `Authorization` header: UTF-8, and base64, so that no character can leave it."""
        pair = f"{self.username}:{self.password.reveal()}"
        return "Basic " + base64.b64encode(_bytes(pair)).decode()

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be shown where a server repeats it."""
        identity = () if self.identity_token is None else (self.identity_token.reveal(),)
        return self.password.reveal(), self.basic.partition(" ")[2], *identity


def _bytes(text: str) -> bytes:
    """The bytes of a user or a password, as the kubelet sends them.

    A byte that was no UTF-8 in the docker config stands as a lone surrogate; here it is itself.
    """
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # surrogates of the caller's own making
        return text.encode("utf-8", "surrogatepass")


def _spellings(secret: str) -> tuple[str, ...]:
    """A secret as it is, as it stands in a URL or in JSON, and as it would be shown."""
    quoted = urllib.parse.quote(_bytes(secret), safe="")
    return secret, quoted, json.dumps(secret)[1:-1], printable(secret)


@frozen
class Verdict:
    """How an attempt ended; see `Attempt` for the attributes."""

    outcome: Outcome
    detail: str
    requests: tuple[Request, ...] = ()
    wait: float | None = None
    rate_limit: Mapping[str, str] = field(factory=dict)

    def again(self) -> Verdict:
        """The same, for an attempt that made none of the requests itself."""
        return evolve(self, requests=tuple(evolve(r, shared=True) for r in self.requests))


class _Stop(Exception):
    """The attempt is over.

    Attributes:
        outcome: how.
        detail: in a sentence, safe to show.
        wait: seconds that the server asks to wait.
        garbled: whether the answer was none of HTTP.
    """

    def __init__(
        self, outcome: Outcome, detail: str, wait: float | None = None, *, garbled: bool = False
    ) -> None:
        super().__init__(detail)
        self.outcome = outcome
        self.detail = detail
        self.wait = wait
        self.garbled = garbled


class _Trail:
    """What one attempt did so far."""

    def __init__(self, deadline: float, login: Login | None) -> None:
        self.deadline = deadline
        self.login = login
        self.requests: list[Request] = []
        self.rate_limit: dict[str, str] = {}
        self._secrets: list[str] = []
        for secret in () if login is None else login.secrets:
            self.hide(secret)

    def hide(self, secret: str) -> None:
        """From here on, show no text in which a server repeats this."""
        if secret:
            self._secrets += _spellings(secret)

    def shown(self, text: str, limit: int = 200) -> str:
        """What a server wrote, safe to show: no secret, no control character, not too long.

        A text that repeats a secret is left out as a whole: with only the secret masked, the rest
        would tell where in a known text it stands.
        """
        if any(secret in text for secret in self._secrets):
            return _CONCEALED
        text = printable(text)
        return text if len(text) <= limit else text[:limit] + "…"

    def keeps(self, stop: _Stop) -> float:
        """How long an outcome is kept, on the clock of `time.monotonic`."""
        now = time.monotonic()
        if stop.outcome.is_final:
            return math.inf
        if now >= self.deadline:
            return now  # it says more about this probe than about the registry
        return now + (_ASK_AGAIN_AFTER if stop.wait is None else stop.wait)

    def take(self, other: _Trail, *, shared: bool) -> None:
        """Add a step of this attempt, or of another one whose outcome this one uses."""
        self.requests += [evolve(request, shared=shared) for request in other.requests]
        self.rate_limit.update(other.rate_limit)


@frozen
class _Learned:
    """The outcome of a step that several attempts share, and what was asked for it.

    Attributes:
        value: what the step found; a `_Stop` where the attempt ends there.
        trail: the requests of the step.
        until: when it has to be asked anew.
    """

    value: Any
    trail: _Trail
    until: float = math.inf


class Once:
    """What is learned once for each key, also when several threads ask at the same time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._locks: dict[Hashable, threading.Lock] = {}
        self._values: dict[Hashable, _Learned] = {}

    def get(self, key: Hashable, make: Callable[[], _Learned]) -> tuple[_Learned, bool]:
        """Return the value, and whether it was made for this call."""
        with self._lock:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            value = self._values.get(key)
            if value is not None and value.until > time.monotonic():
                return value, False
            value = make()
            self._values[key] = value
            return value, True

    def forget(self, key: Hashable) -> None:
        """Let the next `get` make it anew."""
        self._values.pop(key, None)


@frozen
class _Ping:
    """What `/v2/` said: where it is, how to log in, whether that is a public address."""

    api: Target
    challenges: tuple[Challenge, ...]
    is_public: bool


class RegistryClient:
    """Asks one registry; safe to use from several threads.

    Args:
        registry: which.
        policy: where requests may go.
        transport: what sends them.
        timeout: seconds for each request.
    """

    def __init__(
        self, registry: Registry, policy: Policy, transport: Transport, timeout: float
    ) -> None:
        self._registry = registry
        self._policy = policy
        self._transport = transport
        self._timeout = timeout
        self._pings = Once()
        self._opens = Once()
        self._tokens = Once()
        self._logins = Once()
        self._verdicts = Once()
        self._limited: dict[Login | None, float] = {}

    def ask(self, image: Image, login: Login | None, deadline: float) -> Verdict:
        """Try to get an image's manifest.

        Args:
            image: which; it has to be of this registry.
            login: what to log in with, None for anonymous.
            deadline: when it ends at the latest, on the clock of `time.monotonic`.
        """
        repository = image.name.partition("/")[2]
        reference = image.digest or image.tag or "latest"

        def make() -> _Learned:
            trail = _Trail(deadline, login)
            try:
                self._check_limit(login)
                stop = self._attempt(repository, reference, trail)
            except _Stop as early:
                stop = early
            if stop.outcome is Outcome.RATE_LIMITED:
                self._limited[login] = trail.keeps(stop)
            verdict = Verdict(
                stop.outcome, stop.detail, tuple(trail.requests), stop.wait, trail.rate_limit
            )
            return _Learned(verdict, trail, trail.keeps(stop))

        learned, mine = self._verdicts.get((repository, reference, login), make)
        verdict: Verdict = learned.value
        return verdict if mine else verdict.again()

    def _check_limit(self, login: Login | None) -> None:
        left = self._limited.get(login, 0.0) - time.monotonic()
        if left > 0:
            raise _Stop(
                Outcome.RATE_LIMITED, "not asked: the registry said to wait", round(left, 1)
            )

    def _attempt(self, repository: str, reference: str, trail: _Trail) -> _Stop:
        ping: _Ping = self._share(self._pings, None, trail, self._ping)
        manifest = _at(ping.api, f"/v2/{repository}/manifests/{reference}")
        ask = _Ask(repository, manifest, ping, trail)
        bearer = _bearer(ping.challenges)
        if bearer is not None:
            return self._by_token(ask, bearer, ask.scopes(bearer))
        if trail.login is not None and _first(ping.challenges, "basic"):
            return self._by_basic(ask, trail.login)
        # An open registry, one that challenges only here, or an anonymous attempt.
        answer: Answer = self._share(
            self._opens, (repository, reference), trail, lambda own: self._head(ask, None, own)
        )
        if answer.status != 401:
            # Where a log-in was asked for before, "not found" may be said to keep strangers out.
            return self._judge(answer, allows=not ping.challenges or None)
        challenges = _challenges(answer)
        bearer = _bearer(challenges)
        if bearer is not None:
            return self._by_token(ask, bearer, _scopes(bearer) or ask.scopes(bearer))
        if trail.login is None:
            return _Stop(Outcome.NO_PERMISSION, "the registry gives it only with a log-in")
        if _first(challenges, "basic"):
            return self._by_basic(ask, trail.login)
        schemes = ", ".join(challenge.scheme for challenge in (*ping.challenges, *challenges))
        return _Stop(
            Outcome.PROTOCOL_ERROR,
            f"the registry asks for a log-in, but not by Basic or Bearer: {trail.shown(schemes)}",
        )

    def _ping(self, trail: _Trail) -> _Ping:
        try:
            api = self._policy.api(self._registry)
            self._policy.check(api)
        except InvalidTarget as error:
            raise _Stop(Outcome.PROTOCOL_ERROR, f"no registry can be asked: {error}") from None
        except Refused as error:
            raise _Stop(Outcome.REFUSED, str(error)) from None
        addresses = self._addresses(api, trail)
        public = any(is_public(address) for address in addresses) if addresses else True
        answer, api = self._knock(api, trail)
        # What is neither 200 nor 401 tells nothing: some registries answer on manifests only.
        return _Ping(api, _challenges(answer) if answer.status == 401 else (), public)

    def _knock(self, api: Target, trail: _Trail) -> tuple[Answer, Target]:
        """Ask for `/v2/`; a server that takes plain http for an error is asked over https."""
        try:
            answer = self._send("GET", _at(api, "/v2/"), trail)
        except _Stop as stop:
            if api.origin.scheme == "https" or not stop.garbled:
                raise
            plain: Answer | _Stop = stop
        else:
            if api.origin.scheme == "https" or answer.status != 400:
                return answer, api
            plain = answer
        secure = evolve(api, origin=evolve(api.origin, scheme="https"))
        try:
            target = _at(secure, "/v2/")
            return self._send("GET", target, trail, seconds=_HANDSHAKE), secure
        except _Stop as stop:
            # A certificate that is not trusted is worth knowing; that it speaks no TLS is not.
            if stop.outcome is Outcome.TLS_ERROR and "certificate" in stop.detail:
                raise
        if isinstance(plain, _Stop):
            raise plain
        return plain, api

    def _by_basic(self, ask: _Ask, login: Login) -> _Stop:
        answer = self._head(ask, login.basic, ask.trail)
        if answer.status == 401:
            bearer = _bearer(_challenges(answer))
            if bearer is not None:
                return self._by_token(ask, bearer, _scopes(bearer) or ask.scopes(bearer))
            return _Stop(Outcome.BAD_CREDENTIAL, "the registry refuses this user and password")
        if answer.status == 403:

            def log_in(trail: _Trail) -> Answer:
                headers = {"Authorization": login.basic}
                return self._send("GET", _at(ask.ping.api, "/v2/"), trail, headers)

            # The log-in or this pull? ECR answers 403 where a token has expired.
            front: Answer = self._share(self._logins, login, ask.trail, log_in)
            if front.status in (401, 403):
                return _Stop(
                    Outcome.BAD_CREDENTIAL, "the registry refuses the log-in itself: is it expired?"
                )
        # It checks the log-in at each request and knows no scopes: who gets here is let in.
        return self._judge(answer, allows=True)

    def _by_token(
        self, ask: _Ask, bearer: Challenge, scopes: tuple[str, ...], *, first: bool = True
    ) -> _Stop:
        trail = ask.trail
        key = bearer.get("realm"), bearer.get("service"), scopes, trail.login
        token: Token
        token, mine = self._learn(
            self._tokens, key, trail, lambda own: self._token(ask, bearer, scopes, own)
        )
        trail.hide(token.value.reveal())
        answer = self._head(ask, f"Bearer {token.value.reveal()}", trail)
        if answer.status != 401:
            return self._judge(answer, allows=token.allows)
        told = _bearer(_challenges(answer))
        invalid = told is not None and told.get("error") == "invalid_token"
        if first and invalid and not mine:
            self._tokens.forget(key)  # revoked, or the clocks differ: one new token
            return self._by_token(ask, bearer, scopes, first=False)
        if first and told is not None and set(_scopes(told)) - set(scopes):
            # The registry has scopes of its own, and tells them only here.
            return self._by_token(ask, told, _scopes(told), first=False)
        if invalid:
            return _Stop(
                Outcome.PROTOCOL_ERROR, "the registry does not take its own token server's token"
            )
        if trail.login is not None and trail.login.is_blank:
            return _Stop(Outcome.BAD_CREDENTIAL, _BLANK)
        who = "anonymous pulls" if trail.login is None else "this user"
        return _Stop(
            Outcome.NO_PERMISSION, f"the token server gives {who} a token that allows no pull (401)"
        )

    def _token(self, ask: _Ask, bearer: Challenge, scopes: tuple[str, ...], trail: _Trail) -> Token:
        realm = self._realm(ask, bearer, trail)
        login = trail.login
        start = time.monotonic()
        service = bearer.get("service")
        # What the registry wrote is shown like all that servers write, our own scope as it is.
        own = f"repository:{ask.repository}:pull"
        shown = trail.shown(f"{realm.origin}{realm.path}")
        if login is not None and login.identity_token is not None:
            form = {
                **({"service": service} if service else {}),
                "scope": " ".join(scopes),
                "client_id": _CLIENT_ID,
                "grant_type": "refresh_token",
                "refresh_token": login.identity_token.reveal(),
            }
            answer = self._send("POST", realm, trail, form=form, shown=shown)
        else:
            headers = {}
            if login is not None and not login.is_blank:
                headers["Authorization"] = login.basic
            query = "&".join(part for part in (realm.query, _query(service, scopes)) if part)
            safe = tuple(scope if scope == own else trail.shown(scope) for scope in scopes)
            shown = f"{shown}?{_query(trail.shown(service), safe)}"
            answer = self._send("GET", evolve(realm, query=query), trail, headers, shown=shown)
        if answer.status != 200:
            raise _token_refused(answer, realm, trail)
        try:
            return read_token(answer, ask.repository, start)
        except BadAnswer as error:
            raise _Stop(Outcome.PROTOCOL_ERROR, f"the token server's answer {error}") from None

    def _realm(self, ask: _Ask, bearer: Challenge, trail: _Trail) -> Target:
        try:
            realm = Target.parse(bearer.get("realm"))
            self._policy.check_realm(self._registry, ask.ping.api, realm)
            self._check_addresses(realm, ask.ping, trail)
        except InvalidTarget as error:
            raise _Stop(Outcome.PROTOCOL_ERROR, trail.shown(f"the realm: {error}")) from None
        except Refused as error:
            raise _Stop(Outcome.REFUSED, trail.shown(str(error), 400)) from None
        return realm

    def _head(self, ask: _Ask, authorization: str | None, trail: _Trail) -> Answer:
        """Ask for the manifest; redirects are followed, but nothing that is secret goes along."""
        headers = {"Accept": ACCEPT}
        own = {} if authorization is None else {"Authorization": authorization}
        target = ask.manifest
        answer = self._send("HEAD", target, trail, {**headers, **own})
        for _ in range(_MAX_REDIRECTS):
            if answer.status not in (301, 302, 303, 307, 308):
                break
            try:
                target = Target.parse(answer.get("location"), target)
                self._policy.check(target)
                self._check_addresses(target, ask.ping, trail)
            except InvalidTarget as error:
                detail = trail.shown(f"a redirect: {error}")
                raise _Stop(Outcome.PROTOCOL_ERROR, detail) from None
            except Refused as error:
                detail = trail.shown(f"a redirect: {error}", 400)
                raise _Stop(Outcome.REFUSED, detail) from None
            answer = self._send(
                "HEAD", target, trail, headers, shown=trail.shown(f"{target.origin}/…")
            )
            if answer.status in (401, 403):
                raise _Stop(
                    Outcome.REFUSED,
                    trail.shown(
                        f"the registry redirects to {target.origin}, which wants a log-in: "
                        "credentials are not sent along with a redirect"
                    ),
                )
        else:
            raise _Stop(Outcome.PROTOCOL_ERROR, f"more than {_MAX_REDIRECTS} redirects")
        return answer

    def _judge(self, answer: Answer, *, allows: bool | None) -> _Stop:
        """Say what the answer to the manifest's request means.

        Args:
            answer: neither 401, nor 429 or 5xx, nor a redirect.
            allows: whether the registry is known to let this attempt in, None where it is not.
        """
        if answer.status == 200:
            if "html" in answer.get("content-type").lower():
                return _Stop(Outcome.PROTOCOL_ERROR, "a web page, not a manifest: no registry?")
            return _Stop(Outcome.PULLABLE, "the registry gives the manifest")
        if answer.status == 403:
            return _Stop(Outcome.NO_PERMISSION, "the registry refuses the pull (403)")
        if answer.status == 404 and allows:
            return _Stop(Outcome.NOT_FOUND, "there is no such image (404)")
        if answer.status == 404:
            return _Stop(
                Outcome.HIDDEN,
                "the registry says 404, and does not tell whether the image or the permission "
                "is missing",
            )
        return _Stop(Outcome.PROTOCOL_ERROR, f"the registry answers {answer.status}")

    def _addresses(self, target: Target, trail: _Trail) -> list[str]:
        try:
            return self._transport.addresses(target, self._deadline(trail))
        except Failed as error:
            stop = _Stop(error.outcome, f"{target.origin.netloc}: {error}")
        raise stop

    def _check_addresses(self, target: Target, ping: _Ping, trail: _Trail) -> None:
        if target.origin.host == ping.api.origin.host:
            return
        self._policy.check_addresses(
            target, self._addresses(target, trail), registry_is_public=ping.is_public
        )

    def _deadline(self, trail: _Trail) -> float:
        return min(trail.deadline, time.monotonic() + self._timeout)

    def _send(
        self,
        method: str,
        target: Target,
        trail: _Trail,
        headers: Mapping[str, str] | None = None,
        *,
        form: Mapping[str, str] | None = None,
        shown: str | None = None,
        seconds: float = math.inf,
    ) -> Answer:
        """Make a request and note it; an outage and a rate limit end the attempt at once."""
        url = target.url if shown is None else shown
        deadline = min(self._deadline(trail), time.monotonic() + seconds)
        try:
            answer = self._transport.send(method, target, deadline, headers=headers, form=form)
        except Failed as failed:
            trail.requests.append(Request(method, url, None, failed.ms))
            where = trail.shown(target.origin.netloc)
            stop = _Stop(failed.outcome, f"{where}: {failed}", garbled=failed.garbled)
        else:
            trail.requests.append(Request(method, url, answer.status, answer.ms))
            for name, value in answer.headers:
                if name.lower().startswith(("ratelimit-", "x-ratelimit-")):
                    trail.rate_limit[trail.shown(name.lower())] = trail.shown(value)
            where = trail.shown(target.origin.netloc)
            wait = retry_after(answer)
            if answer.status == 429:
                stop = _Stop(Outcome.RATE_LIMITED, f"{where}: too many requests (429)", wait)
            elif answer.status >= 500:
                stop = _Stop(
                    Outcome.UNREACHABLE, f"{where} is out of order ({answer.status})", wait
                )
            else:
                return answer
        raise stop

    def _learn(
        self, once: Once, key: Hashable, trail: _Trail, step: Callable[[_Trail], Any]
    ) -> tuple[Any, bool]:
        """Take a step once for all attempts that need it; say whether it was taken for this one."""

        def make() -> _Learned:
            own = _Trail(trail.deadline, trail.login)
            try:
                value = step(own)
            except _Stop as stop:
                return _Learned(stop, own, own.keeps(stop))
            return _Learned(value, own, value.until if isinstance(value, Token) else math.inf)

        learned, mine = once.get(key, make)
        trail.take(learned.trail, shared=not mine)
        if isinstance(learned.value, _Stop):
            # A new one: an exception collects the frames of each thread that raises it.
            raise _Stop(learned.value.outcome, learned.value.detail, learned.value.wait)
        return learned.value, mine

    def _share(
        self, once: Once, key: Hashable, trail: _Trail, step: Callable[[_Trail], Any]
    ) -> Any:
        return self._learn(once, key, trail, step)[0]


@frozen
class _Ask:
    """One image, on the way to its manifest."""

    repository: str
    manifest: Target
    ping: _Ping
    trail: _Trail

    def scopes(self, bearer: Challenge) -> tuple[str, ...]:
        """What to ask a token for where no challenge for this very image tells.

        A challenge on the ping may name scopes, too. One for a repository is a placeholder there
        (GHCR's is `repository:user/image:pull`), others belong to every token.
        """
        kept = [scope for scope in _scopes(bearer) if not scope.startswith("repository:")]
        return (*kept, f"repository:{self.repository}:pull")


def _at(api: Target, path: str) -> Target:
    return Target(api.origin, api.path.rstrip("/") + path)


def _challenges(answer: Answer) -> tuple[Challenge, ...]:
    return parse_challenges(answer.all("www-authenticate"))


def _first(challenges: Sequence[Challenge], scheme: str) -> Challenge | None:
    return next((challenge for challenge in challenges if challenge.scheme == scheme), None)


def _bearer(challenges: Sequence[Challenge]) -> Challenge | None:
    """The challenge that names a token server; it comes before Basic, as in container runtimes."""
    bearer = _first(challenges, "bearer")
    return bearer if bearer is not None and bearer.get("realm") else None


def _scopes(bearer: Challenge) -> tuple[str, ...]:
    return tuple(dict.fromkeys(bearer.get("scope").split()))[:_MAX_SCOPES]


def _query(service: str, scopes: Sequence[str]) -> str:
    pairs = [("service", service)] if service else []
    pairs += [("scope", scope) for scope in scopes]
    return urllib.parse.urlencode(pairs, quote_via=urllib.parse.quote, safe="/:,*")


def _token_refused(answer: Answer, realm: Target, trail: _Trail) -> _Stop:
    """Say why a token server gave no token."""
    code, message = error_of(answer)
    said = trail.shown(" ".join(part for part in (code, message) if part))
    where = f"the token server {trail.shown(realm.origin.netloc)}"
    what = f"{where} answers {answer.status}{': ' if said else ''}{said}"
    unknown = answer.status == 401 or code in ("UNAUTHORIZED", "invalid_grant")
    if 300 <= answer.status < 400:
        return _Stop(Outcome.REFUSED, f"{where} redirects, and credentials are not sent along")
    if trail.login is not None and trail.login.is_blank and answer.status in (401, 403):
        return _Stop(Outcome.BAD_CREDENTIAL, _BLANK)
    if trail.login is not None and unknown and answer.status in (400, 401, 403):
        return _Stop(Outcome.BAD_CREDENTIAL, what)
    if answer.status in (401, 403):
        return _Stop(Outcome.NO_PERMISSION, what)
    return _Stop(Outcome.PROTOCOL_ERROR, what)
