"""Requests as a registry's client makes them: noted, tried again, held back where a host says so.

What is remembered of a host: until when it asked to be left alone, and that it failed time after
time. So one host's slowness costs only its own images.
"""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from typing import Final

from attrs import define, field

from pullsecrets.probe.answers import retry_after
from pullsecrets.probe.failures import Failed
from pullsecrets.probe.outcomes import Outcome, Request
from pullsecrets.probe.policy import Origin, Target
from pullsecrets.probe.trail import ASK_AGAIN_AFTER, Stop, Trail
from pullsecrets.probe.transport import Answer, Transport
from pullsecrets.secrecy import MASK, Password

__all__ = ["API_VERSION", "Sender"]

_PAUSE: Final = 0.5
"""Seconds before the first retry; each further one waits twice as long."""

_TRANSIENT: Final = frozenset({502, 503, 504})
API_VERSION: Final = "docker-distribution-api-version"
"""The header by which a registry says that it is one."""

_GIVEN_UP_AFTER: Final = 2
"""So many requests in a row without a usable answer, and a host is asked no more for a while."""

# What a trace shows of an answer: nothing else in it is of use, and some of it is secret.
_TRACED: Final = (
    *("content-type", "docker-", "location", "ratelimit-", "x-ratelimit-", "retry-after"),
    "www-authenticate",
)


@define
class _Host:
    """What is remembered of a host.

    Attributes:
        held: until when it is not asked, on the clock of `time.monotonic`, and why. By log-in where
            only that one was told to wait for longer than this probe can, else under `_ALL`.
        closed: step → until when that is not asked of it any more, and why.
        failed: step → how many requests in a row got no usable answer.
    """

    held: dict[Hashable, tuple[float, Stop]] = field(factory=dict)
    closed: dict[str, tuple[float, Stop]] = field(factory=dict)
    failed: Counter[str] = field(factory=Counter)


_ALL: Final = object()


class Sender:
    """Sends requests for all registries of a prober; safe to use from several threads.

    Args:
        transport: what makes a request.
        timeout: seconds for each request.
        retries: how often a request that failed for no lasting reason is made again.
        tell: gets what is sent and received, line by line, with all that is secret masked.
    """

    def __init__(
        self,
        transport: Transport,
        timeout: float,
        retries: int,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        self._transport = transport
        self._timeout = timeout
        self._pauses = [_PAUSE * 2**number for number in range(retries)]
        self._tell = tell
        self._lock = threading.Lock()
        self._hosts: dict[Origin, _Host] = {}

    def addresses(self, target: Target, trail: Trail) -> list[str]:
        """Return the addresses of a target's host.

        Raises:
            Stop: it has none.
        """
        try:
            return self._transport.addresses(target, self._deadline(trail))
        except Failed as error:
            stop = Stop(error.outcome, f"{target.origin.netloc}: {error}")
        raise stop

    def drop_connections(self, target: Target) -> None:
        """Keep no connection after an answer that makes no sense: it may be another request's."""
        self._transport.drop_connections(target)

    def send(
        self,
        step: str,
        method: str,
        target: Target,
        trail: Trail,
        *,
        headers: Mapping[str, str] | None = None,
        authorization: Password | None = None,
        form: Mapping[str, str | Password] | None = None,
        shown: str | None = None,
        seconds: float = math.inf,
        retry: bool = True,
    ) -> Answer:
        """Make a request, again where that may help, and note it.

        Args:
            step: what it is for: a host that hangs on manifests may answer pings.
            method: the HTTP method.
            target: where to.
            trail: the attempt that it is part of.
            headers: additional ones.
            authorization: the header of that name.
            form: what is posted.
            shown: the URL as it may be shown, where it holds what a server wrote.
            seconds: a time limit of its own.
            retry: whether to try again.

        Raises:
            Stop: there is no answer, or one of a server that is out of order or wants to be left
                alone.
        """
        host = self._host(target.origin)
        pauses = iter(self._pauses if retry else ())
        while True:
            self._wait(host, step, target, trail)
            try:
                answer = self._once(
                    method, target, trail, headers or {}, authorization, form, shown, seconds
                )
            except Stop as error:
                stop = error
            else:
                host.failed[step] = 0
                return answer
            now = time.monotonic()
            pause = next(pauses, math.inf)
            if stop.wait is not None:
                until = now + stop.wait
                own = stop.outcome is Outcome.RATE_LIMITED and until >= trail.deadline
                host.held[trail.who if own else _ALL] = until, stop
            too_late = now + max(pause, stop.wait or 0.0) >= trail.deadline
            if too_late or not stop.transient or self._transport.pause(pause):
                break
        if retry and (stop.transient or stop.late) and time.monotonic() < trail.deadline:
            host.failed[step] += 1
            if host.failed[step] >= _GIVEN_UP_AFTER:
                host.closed[step] = time.monotonic() + ASK_AGAIN_AFTER, stop
        raise stop.again()

    def _host(self, origin: Origin) -> _Host:
        with self._lock:
            return self._hosts.setdefault(origin, _Host())

    def _wait(self, host: _Host, step: str, target: Target, trail: Trail) -> None:
        """Wait as long as a host asked for, where the deadline allows it."""
        now = time.monotonic()
        until, why = host.closed.get(step, (now, None))
        if why is not None and until > now:
            left = round(until - now, 1)
            raise Stop(why.outcome, f"not asked any more: {why.detail}", left)
        holds = [host.held[who] for who in (_ALL, trail.who) if who in host.held]
        until, why = max(holds, key=lambda hold: hold[0], default=(now, None))
        if why is None or until <= now:
            return
        left = round(until - now, 1)
        where = trail.shown(target.origin.netloc)
        if until >= trail.deadline:
            raise Stop(why.outcome, f"not asked: {where} said to wait", left)
        self._say(f"* waiting {left:g} s, as {where} said")
        self._transport.pause(until - now)

    def _once(
        self,
        method: str,
        target: Target,
        trail: Trail,
        headers: Mapping[str, str],
        authorization: Password | None,
        form: Mapping[str, str | Password] | None,
        shown: str | None,
        seconds: float,
    ) -> Answer:
        url = target.url if shown is None else shown
        deadline = min(self._deadline(trail), time.monotonic() + seconds)
        where = trail.shown(target.origin.netloc)
        sent = [
            f"> {method} {url}",
            *(f"> {name}: {value}" for name, value in (headers or {}).items()),
        ]
        if authorization is not None:
            sent.append(f"> Authorization: {authorization.reveal().partition(' ')[0]} {MASK}")
        for name, value in (form or {}).items():
            sent.append(f"> {name}={MASK if isinstance(value, Password) else trail.shown(value)}")
        try:
            answer = self._transport.send(
                method, target, deadline, headers=headers, authorization=authorization, form=form
            )
        except Failed as failed:
            trail.requests.append(Request(method, url, None, failed.ms))
            self._say(*sent, f"! {failed}")
            stop = Stop(
                failed.outcome,
                f"{where}: {failed}",
                garbled=failed.garbled,
                transient=failed.cut,
                late=failed.late,
            )
        else:
            trail.requests.append(Request(method, url, answer.status, answer.ms))
            for name, value in answer.headers:
                if name.lower().startswith(("ratelimit-", "x-ratelimit-")):
                    trail.rate_limit[trail.shown(name.lower())] = trail.shown(value)
            self._say(*sent, f"< {answer.status}", *_traced(answer, trail))
            found = _trouble(answer, where)
            if found is None:
                return answer
            stop = found
        raise stop

    def _deadline(self, trail: Trail) -> float:
        return min(trail.deadline, time.monotonic() + self._timeout)

    def _say(self, *lines: str) -> None:
        """Tell several lines at once, so that those of other threads do not come in between."""
        if self._tell is not None:
            self._tell("\n".join(lines))


def _trouble(answer: Answer, where: str) -> Stop | None:
    """What in an answer ends the attempt whoever asked: a rate limit, an outage, a proxy's no."""
    status = answer.status
    wait = retry_after(answer)
    if answer.proxied and status == 407:
        return Stop(Outcome.UNREACHABLE, "the proxy asks for a log-in (407)")
    if answer.proxied and status in (403, 502, 503, 504) and not answer.get(API_VERSION):
        detail = f"{where} or the proxy answers {status}; which of them cannot be told"
        return Stop(Outcome.UNREACHABLE, detail, wait, transient=status != 403)
    if status == 429:
        return Stop(Outcome.RATE_LIMITED, f"{where}: too many requests (429)", wait, transient=True)
    if status >= 500:
        detail = f"{where} is out of order ({status})"
        return Stop(Outcome.UNREACHABLE, detail, wait, transient=status in _TRANSIENT)
    return None


def _traced(answer: Answer, trail: Trail) -> list[str]:
    lines = []
    for name, value in answer.headers:
        if name.lower().startswith(_TRACED):
            # The query of an address that is signed is a credential.
            cut = value.partition("?")[0] + "?…" if "?" in value else value
            text = cut if name.lower() == "location" else value
            lines.append(f"< {trail.shown(name)}: {trail.shown(text)}")
    return lines
