"""What one attempt did, how it ended, and what several attempts share."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, Final

from attrs import evolve, frozen

from pullsecrets.probe.outcomes import Outcome, Request
from pullsecrets.secrecy import printable

__all__ = ["ASK_AGAIN_AFTER", "Learned", "Once", "Stop", "Trail"]

ASK_AGAIN_AFTER: Final = 60.0
"""Seconds for which an answer that decides nothing (an outage, a rate limit) is kept."""

_CONCEALED: Final = "(not shown: it repeats what is secret)"


class Stop(Exception):
    """The attempt is over.

    Attributes:
        outcome: how.
        detail: in a sentence, safe to show.
        wait: seconds that the server asks to wait.
        garbled: whether the answer was none of HTTP.
        transient: whether the same request may succeed a moment later.
        late: whether a time limit was reached.
        login_refused: whether the log-in as such was refused, and not one image.
    """

    def __init__(
        self,
        outcome: Outcome,
        detail: str,
        wait: float | None = None,
        *,
        garbled: bool = False,
        transient: bool = False,
        late: bool = False,
        login_refused: bool = False,
    ) -> None:
        super().__init__(detail)
        self.outcome = outcome
        self.detail = detail
        self.wait = wait
        self.garbled = garbled
        self.transient = transient
        self.late = late
        self.login_refused = login_refused

    def again(self) -> Stop:
        """An equal one: an exception collects the frames of each thread that raises it."""
        return Stop(
            self.outcome,
            self.detail,
            self.wait,
            garbled=self.garbled,
            transient=self.transient,
            late=self.late,
            login_refused=self.login_refused,
        )


class Trail:
    """What one attempt did so far.

    Attributes:
        deadline: when it ends at the latest, on the clock of `time.monotonic`.
        who: whose attempt it is: the log-in, None for anonymous.
        requests: what it asked.
        rate_limit: the `ratelimit-*` headers that it saw last.

    Args:
        deadline: see above.
        who: see above.
        secrets: what is not shown where a server repeats it.
        of_others: the same, of other attempts at the registry; it may grow.
    """

    def __init__(
        self,
        deadline: float,
        who: Hashable = None,
        secrets: Iterable[str] = (),
        of_others: Sequence[str] = (),
    ) -> None:
        self.deadline = deadline
        self.who = who
        self.requests: list[Request] = []
        self.rate_limit: dict[str, str] = {}
        self._secrets = [secret for secret in secrets if secret]
        self._of_others = of_others

    def branch(self) -> Trail:
        """An empty one for a step of the same attempt."""
        return Trail(self.deadline, self.who, self._secrets, self._of_others)

    def hide(self, *secrets: str) -> None:
        """From here on, show no text in which a server repeats one of these."""
        self._secrets += secrets

    def shown(self, text: str, limit: int = 200) -> str:
        """What a server wrote, safe to show: no secret, no control character, not too long.

        A text that repeats a secret is left out as a whole: with only the secret masked, the rest
        would tell where in a known text it is.
        """
        folded = text.lower()  # names of schemes and headers are compared without letter case
        if any(secret.lower() in folded for secret in (*self._secrets, *self._of_others)):
            return _CONCEALED
        text = printable(text)
        return text if len(text) <= limit else text[:limit] + "…"

    def keeps(self, stop: Stop) -> float:
        """How long an outcome is kept, on the clock of `time.monotonic`."""
        now = time.monotonic()
        if stop.outcome.is_final:
            return math.inf
        if now >= self.deadline:
            return now  # it says more about this probe than about the registry
        return now + (ASK_AGAIN_AFTER if stop.wait is None else stop.wait)

    def take(self, other: Trail, *, shared: bool) -> None:
        """Add a step of this attempt, or of another one whose outcome this one uses."""
        self.requests += [
            evolve(request, shared=True) if shared else request for request in other.requests
        ]
        self.rate_limit.update(other.rate_limit)


@frozen
class Learned:
    """The outcome of a step that several attempts share, and what was asked for it.

    Attributes:
        value: what the step found; a `Stop` where the attempt ends there.
        trail: the requests of the step.
        until: when it has to be asked anew.
    """

    value: Any
    trail: Trail
    until: float = math.inf


class Once:
    """What is learned once for each key, also when several threads ask at the same time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._locks: dict[Hashable, threading.Lock] = {}
        self._values: dict[Hashable, Learned] = {}

    def get(self, key: Hashable, make: Callable[[], Learned]) -> tuple[Learned, bool]:
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
