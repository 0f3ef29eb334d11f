"""Compares the two answers to a request, and makes a request that shows a difference shorter."""

from __future__ import annotations

import itertools
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from referee import ours, ours_present
from referee.kubelet import Answer, Kubelet, Request

TIMES = (4, 200, 5000)
"""How often a keyring is built anew: for any request, to see both orders of two candidates that
Go's map order decides about, and before it is said that there is one order only. In a map of 16
places two neighbours change theirs in one of 16 keyrings at least."""


def _text_of(time: datetime) -> bytes:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ").encode()


_START, _DRAWN = _text_of(datetime.now(UTC)), _text_of(ours_present.NOW)


def difference(kubelet: Kubelet, request: Request) -> str | None:
    """What the two answers differ in, in a few words; None where they do not."""
    mine = ours.answer(request, kubelet.release)
    if request["op"] == "lookup":
        return _lookups_differ(kubelet, request, mine)
    theirs = at_drawn_times(kubelet.ask(request))
    if request["op"] == "providers" and "error" not in mine and "error" not in theirs:
        found = (
            _pulls_differ(*pulls) for pulls in zip(mine["pulls"], theirs["pulls"], strict=True)
        )
        return next(filter(None, found), None)
    if request["op"] == "containers" and "error" not in mine and "error" not in theirs:
        found = (
            _starts_differ(*starts) for starts in zip(mine["starts"], theirs["starts"], strict=True)
        )
        return next(filter(None, found), None)
    theirs.pop("text", None)
    return None if mine == theirs else _words(mine, theirs)


def _lookups_differ(kubelet: Kubelet, request: Request, mine: Answer) -> str | None:
    theirs = kubelet.ask({**request, "times": TIMES[0]})
    if "error" in mine or "error" in theirs:
        same = mine.get("error") == theirs.get("error")
        return None if same else _words(mine, theirs)
    tiers = mine["tiers"]
    if not _follow(theirs["orders"], tiers):
        return "candidates"
    for times in TIMES[1:]:
        if all(_both_ways(theirs["orders"], tier) for tier in tiers):
            return None
        theirs = kubelet.ask({**request, "times": times})
    return None if all(_both_ways(theirs["orders"], t) for t in tiers) else "tier with one order"


def _pulls_differ(mine: Answer, theirs: Answer) -> str | None:
    """Two answers to one pull with credential providers, each of which is run once."""
    if "error" in mine or "error" in theirs:
        same = mine.get("error") == theirs.get("error")
        return None if same else _words(mine, theirs)
    if not _follow(theirs["orders"], mine["tiers"]):
        return "candidates"
    names = [name for name in ("asked", "tokens") if mine[name] != theirs[name]]
    return ", ".join(names) or None


def _starts_differ(mine: Answer, theirs: Answer) -> str | None:
    """Two answers to one start of a container."""
    mine = {**mine, "attempts": [_login(attempt) for attempt in mine["attempts"]]}
    theirs = {
        **theirs,
        # Sources are known with the feature gate only; the records show them.
        "attempts": [_login(attempt) for attempt in theirs["attempts"]],
        # Where a secret does not decode, the look-up fails before the node is asked.
        "looked up": mine["looked up"] if theirs["outcome"] == "fail" else theirs["looked up"],
        **{what: _files(theirs[what]) for what in ("pulled", "pulling")},
    }
    return ", ".join(name for name in mine if mine[name] != theirs[name]) or None


def _files(encoded: dict[str, str]) -> dict[str, bytes]:
    return {name: b64decode(content) for name, content in encoded.items()}


_TIME = re.compile(rb'(?<="lastUpdatedTime":")2[^"]*(?=")')


def at_drawn_times(answer: Answer) -> Answer:
    """The answer, in whose records the time of writing is the one that pullsecrets writes."""
    for start in answer.get("starts", ()):
        start["pulled"] = {
            name: b64encode(_TIME.sub(_drawn, content)).decode()
            for name, content in _files(start["pulled"]).items()
        }
    return answer


def _drawn(found: re.Match[bytes]) -> bytes:
    """The drawn time for one of now; another time as it is."""
    return _DRAWN if _START <= found[0] <= _text_of(datetime.now(UTC)) else found[0]


def _words(mine: Answer, theirs: Answer) -> str:
    """`error` or `no error` for each, and which fields differ where there is none."""
    if "error" in mine or "error" in theirs:
        words = [a.get("error", "answer") for a in (theirs, mine)]
        return "kubelet: {}, pullsecrets: {}".format(*words)
    return ", ".join(sorted(name for name in mine if mine[name] != theirs.get(name)))


def _follow(orders: list[list[Answer]], tiers: list[list[Answer]]) -> bool:
    """Whether each order goes through the tiers one after the other."""
    return all(_follows(order, tiers) for order in orders)


def _follows(order: list[Answer], tiers: list[list[Answer]]) -> bool:
    start = 0
    for tier in tiers:
        seen = order[start : start + len(tier)]
        tracked = all("secret" in candidate for candidate in seen)
        if sorted(_key(c, tracked) for c in seen) != sorted(_key(c, tracked) for c in tier):
            return False
        start += len(tier)
    return start == len(order)


def _key(candidate: Answer, tracked: bool) -> tuple[str, ...]:
    """What candidates are compared by; up to 1.32 nobody says what secret one is from."""
    login = _login(candidate)
    return (*login, candidate["secret"], candidate["account"]) if tracked else login


def _login(candidate: Answer) -> tuple[str, ...]:
    return candidate["username"], candidate["password"], candidate["email"]


def _both_ways(orders: list[list[Answer]], tier: list[Answer]) -> bool:
    """Whether each two candidates of the tier were seen in both orders.

    Alike ones, and those that another tier has as well, cannot be told apart: they are left out.
    """
    logins = [[_key(candidate, False) for candidate in order] for order in orders]
    single = [
        login
        for login in (_key(candidate, False) for candidate in tier)
        if logins[0].count(login) == 1
    ]
    return all(
        len({order.index(one) < order.index(other) for order in logins}) == 2
        for one, other in itertools.combinations(single, 2)
    )


# --- shorter requests


TRIES = 3_000
"""How many shorter requests are tried: a second or two for most, half a minute with programs."""


def shortest(request: Request, differs: Callable[[Request], bool]) -> Request:
    """A request that still differs, with as much left out as that many tries allow."""
    tries = itertools.count()
    while True:
        for shorter in _shorter(request):
            if next(tries) == TRIES:
                return request
            if differs(shorter):
                request = shorter
                break
        else:
            return request


_MAPS = ("annotations", "configuration", "data", "node", "programs", "pulled", "pulling")
"""Fields whose names are free: of these one may be left out, of all others a request has each."""
_KEPT = ("file", "name", "op", "type")


def _shorter(value: Any, field: str = "") -> Iterator[Any]:
    """The value with something left out, large parts first."""
    if isinstance(value, dict):
        for name in value if field in _MAPS else ():
            yield {other: part for other, part in value.items() if other != name}
        for name, part in value.items():
            if name not in _KEPT:
                for shorter in _shorter(part, name):
                    yield {**value, name: shorter}
    elif isinstance(value, list):
        for index in range(len(value)):
            yield value[:index] + value[index + 1 :]
        for index, part in enumerate(value):
            for shorter in _shorter(part):
                yield [*value[:index], shorter, *value[index + 1 :]]
    elif isinstance(value, str | bytes):
        for size in range(len(value), 0, -1):
            for start in range(0, len(value) - size + 1, max(1, size // 4)):
                yield value[:start] + value[start + size :]
