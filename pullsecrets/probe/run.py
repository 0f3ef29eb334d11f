"""One probe while it goes on: which image is asked about next, and what is known so far."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from attrs import define, field, frozen

from pullsecrets.images import Image
from pullsecrets.probe.flow import RegistryClient, Verdict
from pullsecrets.probe.login import Login
from pullsecrets.probe.outcomes import Outcome
from pullsecrets.registries import Registry

__all__ = ["Job", "Work"]

MAX_THREADS: Final = 128

NOT_ASKED: Final = Verdict(Outcome.UNREACHABLE, "not asked: the probe was ended before")
"""For what was not asked when a probe was ended."""

_LOOK_SECONDS: Final = 0.2
"""How long to wait without a look for signals: one that comes just before the wait, or to another
thread, does not end it, and on Windows none does."""

_TOO_LATE: Final = Verdict(Outcome.UNREACHABLE, "not asked: the probe's time was over")


@define(eq=False)
class Job:
    """One image with one list of log-ins: asked once, however many pods have it.

    Attributes:
        image: what to ask for.
        logins: in the kubelet's order; None is anonymous.
        verdicts: of the log-ins that were tried so far.
        done: whether no more will come.
    """

    image: Image
    logins: Sequence[Login | None]
    verdicts: list[Verdict] = field(factory=list)
    done: bool = False


@define(eq=False)
class _Lane:
    """The jobs of one registry.

    Attributes:
        waiting: those that have not begun.
        active: how many are being asked.
        begun: how many were begun.
        proven: whether the registry has said yes or no to one.
    """

    waiting: deque[Job] = field(factory=deque)
    active: int = 0
    begun: int = 0
    proven: bool = False


@frozen
class Limits:
    """What a probe keeps to.

    Attributes:
        seconds: for all of it.
        per_host: how many requests one host gets at a time.
        exhaustive: whether to go on behind the first success.
    """

    seconds: float
    per_host: int
    exhaustive: bool


class Work:
    """Asks jobs, in threads: registries take turns, each job once.

    A registry gets one request at a time until it has said yes or no, so that one that is slow or
    silent holds one thread, and the others have theirs.

    Args:
        jobs: what to ask.
        client: the client of a registry.
        limits: what to keep to.

    Attributes:
        total: how many jobs there are.
        done: how many of them are answered.
    """

    def __init__(
        self, jobs: Iterable[Job], client: Callable[[Registry], RegistryClient], limits: Limits
    ) -> None:
        self._client = client
        self._limits = limits
        self._lanes: dict[Registry, _Lane] = {}
        self.total: int = 0
        for job in jobs:
            self._lanes.setdefault(job.image.registry, _Lane()).waiting.append(job)
            self.total += 1
        self.done: int = 0
        self._ended = False
        self._changed = threading.Condition()
        # A line for each change. Who waits for it holds no lock: Ctrl-C may come at any moment, and
        # within a condition's wait it leaves the lock in a state that nothing can repair.
        self._news: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._deadline = 0.0

    def wait(self, progress: Callable[[int, int], None] | None = None) -> None:
        """Ask, and return when all is answered.

        Args:
            progress: called with `done` and `total`, at the start, when more is answered,
                and a few times each second in between.
        """
        self._deadline = time.monotonic() + self._limits.seconds
        wanted = sum(min(self._limits.per_host, len(one.waiting)) for one in self._lanes.values())
        # Daemons, so that whoever is interrupted here need not wait for a slow server.
        threads = [
            threading.Thread(target=self._work, daemon=True)
            for _ in range(min(wanted, MAX_THREADS))
        ]
        try:
            for thread in threads:
                thread.start()
            while self.done < self.total and not self._ended:
                if progress is not None:
                    progress(self.done, self.total)
                with contextlib.suppress(queue.Empty):
                    self._news.get(timeout=_LOOK_SECONDS)
        except BaseException:
            self._take_back()
            raise
        for thread in threads if not self._ended else ():
            thread.join()

    def stop(self) -> None:
        """Begin nothing more; what is under way does not count any more."""
        self._ended = True
        self._take_back()

    def _take_back(self) -> None:
        with self._changed:
            for lane in self._lanes.values():
                lane.waiting.clear()
            self._changed.notify_all()
        self._news.put(None)

    def _work(self) -> None:
        while (taken := self._next()) is not None:
            lane, job = taken
            self._ask(job)
            with self._changed:
                lane.active -= 1
                lane.proven = lane.proven or any(v.outcome.is_final for v in job.verdicts)
                self.done += job.done
                self._changed.notify_all()
            self._news.put(None)

    def _next(self) -> tuple[_Lane, Job] | None:
        """Take a job of the registry whose turn it is; None when there are no more."""
        with self._changed:
            while True:
                lanes = [lane for lane in self._lanes.values() if lane.waiting]
                if not lanes:
                    return None
                free = [
                    lane
                    for lane in lanes
                    if lane.active < (self._limits.per_host if lane.proven else 1)
                ]
                if free:
                    lane = min(free, key=lambda lane: (lane.active, lane.begun))
                    lane.active += 1
                    lane.begun += 1
                    return lane, lane.waiting.popleft()
                self._changed.wait()

    def _ask(self, job: Job) -> None:
        for login in job.logins:
            if time.monotonic() >= self._deadline:
                verdict = _TOO_LATE
            else:
                verdict = self._verdict(job.image, login)
            if self._ended:
                return  # what it says comes from the end itself
            job.verdicts.append(verdict)
            if verdict.outcome is Outcome.PULLABLE and not self._limits.exhaustive:
                break
        job.done = True

    def _verdict(self, image: Image, login: Login | None) -> Verdict:
        try:
            return self._client(image.registry).ask(image, login, self._deadline)
        except Exception as error:  # noqa: BLE001  # one attempt's fault costs that attempt only
            detail = f"a fault in pullsecrets, please report it: {type(error).__name__}"
            return Verdict(Outcome.PROBE_ERROR, detail)
