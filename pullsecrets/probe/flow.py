"""One registry, asked as a pull asks it: ping, challenge, token, manifest (rules 18 to 20).

    GET  /v2/                              200, or 401 with a challenge
    GET  REALM?service=…&scope=…           Bearer only: Basic credentials, or none, for a token
    HEAD /v2/NAME/manifests/REFERENCE      with the token, or with Basic credentials

A `RegistryClient` asks each question once: what one attempt learned, the others use.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Hashable, Mapping
from typing import Any, Final

from attrs import evolve, field, frozen

from pullsecrets.images import Image
from pullsecrets.probe.answers import BadAnswer, Token, read_token
from pullsecrets.probe.challenges import (
    Challenge,
    bearer_of,
    first_of,
    parse_challenges,
)
from pullsecrets.probe.login import Gate, Login, spellings
from pullsecrets.probe.manifests import ACCEPT, Platform, is_index, judge, judge_index
from pullsecrets.probe.outcomes import Outcome, Request
from pullsecrets.probe.policy import InvalidTarget, Policy, Refused, Target
from pullsecrets.probe.sender import API_VERSION, Sender
from pullsecrets.probe.sites import is_public
from pullsecrets.probe.tokens import BLANK, token_query, token_refused
from pullsecrets.probe.trail import Learned, Once, Stop, Trail
from pullsecrets.probe.transport import Answer
from pullsecrets.registries import Registry
from pullsecrets.secrecy import Password

__all__ = ["RegistryClient", "Verdict"]

_MAX_REDIRECTS: Final = 5
_HANDSHAKE: Final = 3.0
"""Seconds to find out whether a server that does not take plain http speaks https."""

_LONG: Final = 4
_CLIENT_ID: Final = "pullsecrets"


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


@frozen
class _Ping:
    """What `/v2/` said: where it is, how to log in, and what is behind it.

    Attributes:
        api: where it answers, by which scheme.
        challenges: how to log in.
        answers: whether it said anything: 200 or 401.
        is_registry: whether that was said by a registry, as far as can be seen.
        is_public: whether it has a public address.
    """

    api: Target
    challenges: tuple[Challenge, ...]
    answers: bool
    is_registry: bool
    is_public: bool


@frozen
class _Ask:
    """One image, on the way to its manifest."""

    repository: str
    manifest: Target
    ping: _Ping
    login: Login | None
    trail: Trail

    def scopes(self, bearer: Challenge) -> tuple[str, ...]:
        """What to ask a token for where no challenge for this very image tells.

        A challenge on the ping may name scopes, too. One for a repository is a placeholder there
        (GHCR's is `repository:user/image:pull`), others belong to every token.
        """
        kept = [scope for scope in bearer.scopes if not scope.startswith("repository:")]
        return (*kept, f"repository:{self.repository}:pull")

    def on(self, trail: Trail) -> _Ask:
        """The same, for a step that has a trail of its own."""
        return evolve(self, trail=trail)


class RegistryClient:
    """Asks one registry; safe to use from several threads.

    Args:
        registry: which.
        policy: where requests may go.
        sender: what sends them.
        platform: what an index has to have an image for, None where that does not matter.
    """

    def __init__(
        self, registry: Registry, policy: Policy, sender: Sender, platform: Platform | None = None
    ) -> None:
        self._registry = registry
        self._policy = policy
        self._sender = sender
        self._platform = platform
        self._pings = Once()
        self._opens = Once()
        self._tokens = Once()
        self._logins = Once()
        self._verdicts = Once()
        self._gates: dict[Hashable, Gate] = {}
        self._lock = threading.Lock()
        self._secrets: list[str] = []

    def ask(self, image: Image, login: Login | None, deadline: float) -> Verdict:
        """Try to get an image's manifest.

        Args:
            image: which; it has to be of this registry.
            login: what to log in with, None for anonymous.
            deadline: when it ends at the latest, on the clock of `time.monotonic`.
        """
        repository = image.name.partition("/")[2]
        reference = image.digest or image.tag or "latest"

        def make() -> Learned:
            secrets = () if login is None else login.secrets
            # What one attempt sent, the registry could repeat in another one. Short ones are in
            # half of all words, and hidden in their own attempts only.
            self._secrets += {s for s in secrets if len(s) >= _LONG} - set(self._secrets)
            trail = Trail(deadline, login, secrets, self._secrets)
            try:
                stop = self._attempt(repository, reference, login, trail)
            except Stop as early:
                stop = early
            verdict = Verdict(
                stop.outcome, stop.detail, tuple(trail.requests), stop.wait, trail.rate_limit
            )
            return Learned(verdict, trail, trail.keeps(stop))

        learned, mine = self._verdicts.get((repository, reference, login), make)
        verdict: Verdict = learned.value
        return verdict if mine else verdict.again()

    def _attempt(self, repository: str, reference: str, login: Login | None, trail: Trail) -> Stop:
        ping: _Ping = self._share(self._pings, None, trail, self._ping)
        manifest = _at(ping.api, f"/v2/{repository}/manifests/{reference}")
        ask = _Ask(repository, manifest, ping, login, trail)
        bearer = bearer_of(ping.challenges)
        if bearer is not None:
            return self._by_token(ask, bearer, ask.scopes(bearer))
        if login is not None and first_of(ping.challenges, "basic"):
            return self._by_basic(ask, login)
        # An open registry, one that challenges only here, or an anonymous attempt.
        answer: Answer = self._share(
            self._opens, (repository, reference), trail, lambda own: self._fetch(ask.on(own), None)
        )
        if answer.status == 401:
            return self._as_challenged(ask, _challenges(answer))
        if answer.status in (403, 404) and not ping.answers and login is not None:
            # Nobody said how to log in. Basic is what is left to try.
            return self._by_basic(ask, login)
        # Where a log-in was asked for before, "not found" may be said to keep strangers out.
        return self._judge(ask, answer, allows=not ping.challenges or None)

    def _as_challenged(self, ask: _Ask, challenges: tuple[Challenge, ...]) -> Stop:
        bearer = bearer_of(challenges)
        if bearer is not None:
            return self._by_token(ask, bearer, bearer.scopes or ask.scopes(bearer))
        if ask.login is None:
            return Stop(Outcome.NO_PERMISSION, "the registry gives it only with a log-in")
        if first_of(challenges, "basic"):
            return self._by_basic(ask, ask.login)
        schemes = ", ".join(c.scheme for c in (*ask.ping.challenges, *challenges))
        return Stop(
            Outcome.PROTOCOL_ERROR,
            "the registry asks for a log-in, but not by Basic or Bearer: "
            f"{ask.trail.shown(schemes)}",
        )

    def _ping(self, trail: Trail) -> _Ping:
        try:
            api = self._policy.api(self._registry)
            self._policy.check(api)
        except InvalidTarget as error:
            raise Stop(Outcome.PROTOCOL_ERROR, f"no registry can be asked: {error}") from None
        except Refused as error:
            raise Stop(Outcome.REFUSED, str(error)) from None
        addresses = self._sender.addresses(api, trail)
        public = any(is_public(address) for address in addresses) if addresses else True
        answer, api = self._knock(api, trail)
        page = "html" in answer.get("content-type").lower()
        return _Ping(
            api,
            # What is neither 200 nor 401 tells nothing: some registries answer on manifests only.
            challenges=_challenges(answer) if answer.status == 401 else (),
            answers=answer.status in (200, 401),
            is_registry=answer.status == 401
            or (answer.status == 200 and not page)
            or bool(answer.get(API_VERSION)),
            is_public=public,
        )

    def _knock(self, api: Target, trail: Trail) -> tuple[Answer, Target]:
        """Ask for `/v2/`; a server that takes plain http for an error is asked over https."""
        ping = _at(api, "/v2/")
        if api.origin.scheme == "https":
            return self._sender.send("ping", "GET", ping, trail), api
        plain: Answer | None = None
        try:
            plain = self._sender.send("ping", "GET", ping, trail, retry=False)
        except Stop as stop:
            if not stop.garbled and not stop.transient:
                raise
            tls = stop.garbled
        else:
            tls = plain.status == 400
        if tls:
            secure = evolve(api, origin=evolve(api.origin, scheme="https"))
            target = _at(secure, "/v2/")
            try:
                answer = self._sender.send(
                    "ping", "GET", target, trail, seconds=_HANDSHAKE, retry=False
                )
            except Stop as stop:
                # A certificate that is not trusted is worth knowing; that it speaks no TLS is not.
                if stop.outcome is Outcome.TLS_ERROR and "certificate" in stop.detail:
                    raise
            else:
                return answer, secure
        return plain or self._sender.send("ping", "GET", ping, trail), api

    def _by_basic(self, ask: _Ask, login: Login) -> Stop:
        if not login.has_password:
            return Stop(Outcome.BAD_CREDENTIAL, BLANK)
        gate = self._gate("basic", login)
        answer = gate.use(ask.trail, lambda own: self._basic(ask.on(own), login))
        if answer.status == 401:
            return self._as_challenged(ask, _challenges(answer))
        # Where it asks for a log-in it checks it each time, and knows no scopes: who gets here is
        # let in.
        return self._judge(ask, answer, allows=bool(ask.ping.answers) or None)

    def _basic(self, ask: _Ask, login: Login) -> Answer:
        answer = self._fetch(ask, login.basic)
        if answer.status == 401 and bearer_of(_challenges(answer)) is None:
            raise Stop(
                Outcome.BAD_CREDENTIAL,
                "the registry refuses this user and password",
                login_refused=True,
            )
        if answer.status == 403:

            def log_in(trail: Trail) -> Answer:
                target = _at(ask.ping.api, "/v2/")
                return self._sender.send("log-in", "GET", target, trail, authorization=login.basic)

            # The log-in or this pull? ECR answers 403 where a token has expired.
            front: Answer = self._share(self._logins, login, ask.trail, log_in)
            if front.status in (401, 403):
                raise Stop(
                    Outcome.BAD_CREDENTIAL,
                    "the registry refuses the log-in itself: is it expired?",
                    login_refused=True,
                )
        elif answer.status != 401:
            stop = self._judge(ask, answer, allows=None)
            if not stop.outcome.is_final:
                raise stop  # what makes no sense does not say that the log-in was taken, either
        return answer

    def _gate(self, where: str, login: Login) -> Gate:
        with self._lock:
            return self._gates.setdefault((where, login), Gate())

    def _by_token(
        self, ask: _Ask, bearer: Challenge, scopes: tuple[str, ...], *, first: bool = True
    ) -> Stop:
        trail, login = ask.trail, ask.login
        key = bearer.endpoint, scopes, login

        def step(own: Trail) -> Token:
            if login is None or not login.is_sent:
                return self._token(ask.on(own), bearer, scopes)
            gate = self._gate(bearer.get("realm"), login)
            return gate.use(own, lambda alone: self._token(ask.on(alone), bearer, scopes))

        token: Token
        token, mine = self._learn(self._tokens, key, trail, step)
        trail.hide(*spellings(token.value.reveal()))
        answer = self._fetch(ask, Password(f"Bearer {token.value.reveal()}"))
        if answer.status != 401:
            return self._judge(ask, answer, allows=token.allows)
        told = bearer_of(_challenges(answer))
        invalid = told is not None and told.get("error") == "invalid_token"
        if first and invalid and not mine:
            self._tokens.forget(key)  # revoked, or the clocks differ: one new token
            return self._by_token(ask, bearer, scopes, first=False)
        if first and told is not None:
            wanted = told.scopes or scopes
            if set(wanted) - set(scopes) or told.endpoint != bearer.endpoint:
                # The registry has scopes or a token server of its own, and tells them only here.
                return self._by_token(ask, told, wanted, first=False)
        if invalid:
            return Stop(
                Outcome.PROTOCOL_ERROR, "the registry does not take its own token server's token"
            )
        if login is not None and not login.is_sent:
            return Stop(Outcome.BAD_CREDENTIAL, BLANK)
        who = "anonymous pulls" if login is None else "this user"
        return Stop(
            Outcome.NO_PERMISSION, f"the token server gives {who} a token that allows no pull (401)"
        )

    def _token(self, ask: _Ask, bearer: Challenge, scopes: tuple[str, ...]) -> Token:
        trail, login = ask.trail, ask.login
        realm = self._realm(ask, bearer)
        start = time.monotonic()
        service = bearer.get("service")
        # What the registry wrote is shown like all that servers write, our own scope as it is.
        own = f"repository:{ask.repository}:pull"
        shown = trail.shown(f"{realm.origin}{realm.path}")
        if login is not None and login.identity_token is not None:
            form: dict[str, str | Password] = {
                **({"service": service} if service else {}),
                "scope": " ".join(scopes),
                "client_id": _CLIENT_ID,
                "grant_type": "refresh_token",
                "refresh_token": login.identity_token,
            }
            answer = self._sender.send("token", "POST", realm, trail, form=form, shown=shown)
        else:
            query = "&".join(part for part in (realm.query, token_query(service, scopes)) if part)
            safe = tuple(scope if scope == own else trail.shown(scope) for scope in scopes)
            answer = self._sender.send(
                "token",
                "GET",
                evolve(realm, query=query),
                trail,
                authorization=login.basic if login is not None and login.is_sent else None,
                shown=f"{shown}?{token_query(trail.shown(service), safe)}",
            )
        if answer.status != 200:
            raise token_refused(answer, realm, login, trail)
        try:
            return read_token(answer, ask.repository, start)
        except BadAnswer as error:
            raise Stop(Outcome.PROTOCOL_ERROR, f"the token server's answer {error}") from None

    def _realm(self, ask: _Ask, bearer: Challenge) -> Target:
        trail = ask.trail
        try:
            realm = Target.parse(bearer.get("realm"))
            if ask.login is not None and ask.login.is_sent:
                self._policy.check_realm(self._registry, ask.ping.api, realm)
            self._check_addresses(realm, ask)
        except InvalidTarget as error:
            raise Stop(Outcome.PROTOCOL_ERROR, trail.shown(f"the realm: {error}")) from None
        except Refused as error:
            raise Stop(Outcome.REFUSED, trail.shown(str(error), 400)) from None
        return realm

    def _fetch(self, ask: _Ask, authorization: Password | None) -> Answer:
        """Ask for the manifest; an index as a whole, where it matters what is in it."""
        answer = self._follow("HEAD", ask, authorization)
        if self._platform is not None and answer.status == 200 and is_index(answer):
            return self._follow("GET", ask, authorization)
        return answer

    def _follow(self, method: str, ask: _Ask, authorization: Password | None) -> Answer:
        """Follow redirects; nothing that is secret goes along."""
        headers = {"Accept": ACCEPT}
        target, trail = ask.manifest, ask.trail
        answer = self._sender.send(
            "manifest", method, target, trail, headers=headers, authorization=authorization
        )
        digests = [header for header in answer.headers if header[0].lower() == _DIGEST]
        for _ in range(_MAX_REDIRECTS):
            if answer.status not in (301, 302, 303, 307, 308):
                # Storage knows blobs: what is a manifest says the registry that sent us there.
                return evolve(answer, headers=(*answer.headers, *digests))
            try:
                target = Target.parse(answer.get("location"), target)
                if ask.login is not None and ask.login.is_sent:
                    self._policy.check(target)
                self._check_addresses(target, ask)
            except InvalidTarget as error:
                raise Stop(Outcome.PROTOCOL_ERROR, trail.shown(f"a redirect: {error}")) from None
            except Refused as error:
                raise Stop(Outcome.REFUSED, trail.shown(f"a redirect: {error}", 400)) from None
            shown = trail.shown(f"{target.origin}/…")
            answer = self._sender.send(
                "manifest", method, target, trail, headers=headers, shown=shown
            )
            if answer.status in (401, 403):
                detail = (
                    f"the registry redirects to {target.origin}, which wants a log-in: credentials "
                    "are not sent along with a redirect"
                )
                raise Stop(Outcome.REFUSED, trail.shown(detail))
        raise Stop(Outcome.PROTOCOL_ERROR, f"more than {_MAX_REDIRECTS} redirects")

    def _judge(self, ask: _Ask, answer: Answer, *, allows: bool | None) -> Stop:
        stop = judge(answer, allows=allows, is_registry=ask.ping.is_registry)
        if stop.outcome is Outcome.PROTOCOL_ERROR:
            self._sender.drop_connections(ask.manifest)
        if stop.outcome is Outcome.PULLABLE and self._platform is not None and is_index(answer):
            return judge_index(answer, self._platform, ask.trail.shown)
        return stop

    def _check_addresses(self, target: Target, ask: _Ask) -> None:
        if target.origin.host == ask.ping.api.origin.host:
            return  # the same addresses, on whatever port
        self._policy.check_addresses(
            self._registry,
            target,
            self._sender.addresses(target, ask.trail),
            registry_is_public=ask.ping.is_public,
        )

    def _learn(
        self, once: Once, key: Hashable, trail: Trail, step: Callable[[Trail], Any]
    ) -> tuple[Any, bool]:
        """Take a step once for all attempts that need it; say whether it was taken for this one."""

        def make() -> Learned:
            own = trail.branch()
            try:
                value = step(own)
            except Stop as stop:
                return Learned(stop.again(), own, own.keeps(stop))
            return Learned(value, own, value.until if isinstance(value, Token) else math.inf)

        learned, mine = once.get(key, make)
        trail.take(learned.trail, shared=not mine)
        if isinstance(learned.value, Stop):
            raise learned.value.again()
        return learned.value, mine

    def _share(self, once: Once, key: Hashable, trail: Trail, step: Callable[[Trail], Any]) -> Any:
        return self._learn(once, key, trail, step)[0]


_DIGEST: Final = "docker-content-digest"


def _at(api: Target, path: str) -> Target:
    return Target(api.origin, api.path.rstrip("/") + path)


def _challenges(answer: Answer) -> tuple[Challenge, ...]:
    return parse_challenges(answer.all("www-authenticate"))
