"""No text of a registry takes more time than its length: nothing here is quadratic.

Counted as the processor's time of this thread, against the same work on a text a quarter as long:
that takes four times as long where it is linear, sixteen times where it is quadratic.
"""

from __future__ import annotations

import base64
import contextlib
import time
from collections.abc import Callable

import pytest

from pullsecrets.probe.answers import error_of, read_token, retry_after
from pullsecrets.probe.challenges import parse_challenges
from pullsecrets.probe.policy import InvalidTarget, Target
from pullsecrets.probe.sites import site
from pullsecrets.probe.trail import Trail
from pullsecrets.probe.transport import Answer
from pullsecrets.secrecy import printable

SIZE = 120_000


def answer(body: bytes, *headers: tuple[str, str]) -> Answer:
    return Answer(200, headers, body, False, 0.0)


def token(payload: bytes) -> None:
    jwt = b".".join([b"e30", base64.urlsafe_b64encode(payload).rstrip(b"="), b"c2ln"])
    read_token(answer(b'{"token":"' + jwt[:65_000] + b'"}'), "a", 0)


def target(text: str) -> None:
    for url in (text, "https://" + text, "https://x.io/" + text):
        with contextlib.suppress(InvalidTarget):
            Target.parse(url)


READERS: dict[str, Callable[[str], object]] = {
    "json": lambda text: error_of(answer(text.encode())),
    "json, unfinished": lambda text: error_of(answer(b'{"errors": ["' + text.encode())),
    "jwt": lambda text: token(text.encode()[:48_000]),
    "challenges": lambda text: parse_challenges([text]),
    "many challenges": lambda text: parse_challenges(
        [text[start : start + 500] for start in range(0, len(text), 500)]
    ),
    "retry-after": lambda text: retry_after(answer(b"", ("Retry-After", text[:60_000]))),
    "site": lambda text: site(text[:4000]),
    "url": target,
    "printable": printable,
    "shown": lambda text: Trail(0, None, ["secret", "another"]).shown(text),
}
# A piece that is repeated; what is expensive about it is in the comment.
PIECES = {
    "escaped quotes, never closed": '\\"',
    "quotes": '"',
    "backslashes": "\\",
    "open brackets in strings": '"[',
    "commas": ",",
    "spaces": " ",
    "names without a value": "a ",
    "parameters without an end": 'a="',
    "parameters, escaped": 'a="\\',
    "schemes": "Basic ",
    "equals": "=",
    "token68": "a=",
    "colons": ":",
    "half commands": "::a",
    "hashes": "#",
    "dots": ".",
    "digits and dots": "1.",
    "hyphens": "-",
    "controls": "\x1b",
    "digits": "9",
}


def seconds(read: Callable[[str], object], text: str) -> float:
    """The least of several measurements: what else the machine does only adds to it."""
    best = float("inf")
    for _ in range(2):
        start = time.thread_time()
        read(text)
        best = min(best, time.thread_time() - start)
    return best


@pytest.mark.one_python
@pytest.mark.parametrize("reader", READERS)
def test_the_time_grows_with_the_length_only(reader: str) -> None:
    read = READERS[reader]
    slow = {}
    for name, piece in PIECES.items():
        for start in ("", '"', 'Bearer realm="'):
            for size in (SIZE // 4, SIZE):  # what is slow is slow with the first already
                text = start + piece * (size // len(piece))
                short, long = seconds(read, text[: size // 4]), seconds(read, text)
                # A floor, below which the clock and not the work is measured.
                if long > 8 * max(short, 0.002):
                    slow[name, start] = short, long
                    break
    assert not slow
