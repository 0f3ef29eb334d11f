"""Thousands of conversations with servers that mean harm, each a mutation of one that is good.

    PYTHONPATH=tests python -W error tests/probe/hostile.py [CONVERSATIONS] [SEED]

After each conversation: no exception but the probe's own values, every outcome a known one, no
secret in what is shown, none at a host where it must not be, a bounded number of requests, and no
more than one refused log-in. The first that fails is printed with its seed.
"""

from __future__ import annotations

import json
import logging
import random
import socket
import sys
import threading
import time
import unicodedata
from collections import Counter
from collections.abc import Iterator
from typing import Any

from probing import (
    CANARY,
    MANIFEST,
    Received,
    Scripted,
    basic,
    cluster,
    pod_manifest,
    reply,
    secret_manifest,
)

from pullsecrets.probe import ClusterProbe, Outcome, Prober, transport

ANN = ("ann", CANARY)
UNPRINTABLE = ("Cc", "Cf", "Cs", "Zl", "Zp")
MOST_REQUESTS = 60
"""For three images with two log-ins: several times what a good registry gets."""

SECONDS = 0.15
"""For a request, so that what hangs costs little."""

Head = list[tuple[str, str]]

# What is put in place of a value, or into it.
TEXTS = (
    *("", " ", "\x00", "\x1b[31m", "é", "\u202e", '"', "\\", ",", "=", "a" * 5000, "9" * 40, "-1"),
    *(CANARY, basic(*ANN), "::error::x", "##[group]", "Bearer", "Basic", "null", "{", "[" * 300),
)
USERINFO = f"http://u:{CANARY}@x/"
STATUSES = (
    100,
    103,
    200,
    204,
    206,
    301,
    302,
    304,
    307,
    400,
    401,
    403,
    404,
    405,
    429,
    500,
    502,
    599,
)
HEADERS = (
    ("Set-Cookie", "a=b; Path=/"),
    ("Retry-After", "0"),
    ("Retry-After", "-3"),
    ("Retry-After", "99999"),
    ("RateLimit-Remaining", "0;w=1"),
    ("Transfer-Encoding", "chunked"),
    ("Content-Encoding", "gzip"),
    ("Connection", "close"),
    ("Docker-Distribution-Api-Version", "registry/2.0"),
    ("WWW-Authenticate", "Negotiate"),
    ("WWW-Authenticate", 'Basic realm="x"'),
)


class Conversation:
    """One registry with its token server, and a stranger, as the random numbers have them."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.kind = self.random.choice(("basic", "bearer", "open"))
        self.rate = self.random.choice((0.1, 0.3, 0.7))
        # How often a log-in got the plain answer that it is wrong; and which got others, too.
        self.refused = Counter[str]()
        self.muddled: set[str] = set()
        # Whether it ever sent an answer too many: then a refusal may never have been seen.
        self.strayed = False
        # What it was sent: it can repeat that, and no more.
        self.known = ""
        self.stranger = ""

    def answer(self, request: Received) -> Iterator[bytes] | None:
        status, headers, body = self._good(request)
        used = request.authorization or ""
        self.known += used if used == basic(*ANN) else ""
        if self.random.random() > self.rate:
            # A registry that asks for a token instead has not said that the log-in is wrong.
            says = self.kind == "basic" or request.target.startswith("/token")
            self.refused[used] += says and status == 401 and used not in ("", "Bearer t0ken")
            return iter([reply(status, *headers, body=b"" if request.method == "HEAD" else body)])
        self.muddled.add(used)
        if self.random.random() < self.rate / 8:
            return None
        return self._sent(list(self._mutated(request, status, headers, body)))

    def _good(self, request: Received) -> tuple[int, Head, bytes]:
        own = request.headers.get("host", "")
        used = request.authorization or ""
        if request.target.startswith("/token"):
            if used and used != basic(*ANN):
                return 401, [], b'{"errors":[{"code":"UNAUTHORIZED","message":"no"}]}'
            token = {"token": "t0ken", "expires_in": 60, "scope": "repository:a:pull"}
            return 200, [("Content-Type", "application/json")], json.dumps(token).encode()
        manifest = [("Content-Type", MANIFEST), ("Docker-Content-Digest", "sha256:" + "0" * 64)]
        if self.kind == "open" or used in (basic(*ANN), "Bearer t0ken"):
            return 200, [] if request.target == "/v2/" else manifest, b""
        challenge = f'Bearer realm="http://{own}/token",service="s",scope="repository:a:pull"'
        if self.kind == "basic":
            challenge = 'Basic realm="x"'
        return 401, [("WWW-Authenticate", challenge)], b""

    def _mutated(self, request: Received, status: int, headers: Head, body: bytes) -> Head | Any:
        draw = self.random
        if draw.random() < self.rate / 3:
            status = draw.choice(STATUSES)
        if draw.random() < self.rate / 3:
            location = draw.choice(
                (f"{self.stranger}/blob", "/v2/", "//", "http://[::1", self._text(USERINFO), "")
            )
            headers = [*headers, ("Location", location)]
        if draw.random() < self.rate / 4:
            realm = draw.choice((f"{self.stranger}/token", "file:///", "", "http://127.0.0.1:1/"))
            headers = [*headers, ("WWW-Authenticate", f'Bearer realm="{realm}",service="s"')]
        if draw.random() < self.rate:
            headers = [*headers, *draw.sample(HEADERS, draw.randrange(3))]
            draw.shuffle(headers)
        if draw.random() < self.rate and headers:
            at = draw.randrange(len(headers))
            name, value = headers[at]
            headers[at] = draw.choice(
                ((name, self._mangled(value)), (self._mangled(name), value), (name, value + value))
            )
        if draw.random() < self.rate / 2:
            body = self._mangled(body.decode("latin-1")).encode("utf-8", "replace")
        length = [("Content-Length", str(len(body)))]
        if draw.random() < self.rate / 4:
            length = [("Content-Length", draw.choice(("-1", "x", "99999", "0")))]
        if draw.random() < self.rate / 4:
            yield b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n"
        lines = [f"HTTP/1.1 {status} Status", *(f"{n}: {v}" for n, v in [*length, *headers])]
        head = "\r\n".join([*lines, "", ""]).encode("utf-8", "replace")
        whole = head if request.method == "HEAD" and draw.random() < 0.9 else head + body
        if draw.random() < self.rate / 6:
            whole = whole[: draw.randrange(len(whole))]
        if draw.random() < self.rate / 6:
            at = draw.randrange(len(whole))
            whole = whole[:at] + bytes([draw.randrange(256)]) + whole[at + 1 :]
        yield whole
        if draw.random() < self.rate / 8:
            self.strayed = True
            yield b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

    def _mangled(self, text: str) -> str:
        draw = self.random
        at = draw.randrange(len(text) + 1)
        return draw.choice(
            (
                self._text(draw.choice(TEXTS)),
                text[:at],
                text[at:],
                text[:at] + self._text(draw.choice(TEXTS)) + text[at:],
                text[:at] + text[at + 1 :],
            )
        )

    def _text(self, text: str) -> str:
        secret = CANARY in text or text == basic(*ANN)
        return text if self.known or not secret else ""

    def _sent(self, pieces: list[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            yield piece
            if len(pieces) > 1:
                time.sleep(0.002)


def converse(seed: int) -> tuple[ClusterProbe, Conversation, Scripted, Scripted, str]:
    """Have one conversation."""
    said = Conversation(seed)
    lines: list[str] = []
    with (
        Scripted(lambda request: b"HTTP/1.1 200 OK\r\n\r\n").running() as stranger,
        Scripted(said.answer).running() as server,
    ):
        said.stranger = stranger.foreign
        images = [server.image(name) for name in ("a:1", "a:2", "b:1")]
        manifests = (
            secret_manifest("bad", (server.host, "bob", "bob-old-password")),
            secret_manifest("good", (server.host, *ANN)),
            pod_manifest("p", images, ["bad", "good"]),
        )
        with Prober(
            timeout=SECONDS,
            deadline=20 * SECONDS,
            retries=said.random.choice((0, 1)),
            exhaustive=said.random.random() < 0.3,
            trace=lines.append,
        ) as prober:
            found = prober.probe_all(cluster(*manifests))
    return found, said, server, stranger, "\n".join(lines)


def faults(seed: int) -> list[str]:
    """What is wrong with one conversation."""
    found, said, server, stranger, trace = converse(seed)
    shown = f"{found}\n{json.dumps(found.to_dict())}\n{found.table().markdown()}\n{trace}"
    at_the_stranger = b"".join(stranger.raw).decode("latin-1")
    wrong = []
    for secret in (CANARY, basic(*ANN).partition(" ")[2]):
        if secret in shown:
            wrong.append("a secret is shown")
        if secret in at_the_stranger.replace(f"u:{CANARY}", ""):
            wrong.append("a secret reached the stranger")
    if "::error::" in shown or "##[" in shown:
        wrong.append("a command of a runner is shown")
    if any(unicodedata.category(each) in UNPRINTABLE and each != "\n" for each in shown):
        wrong.append("something unprintable is shown")
    if len(server.received) + len(stranger.received) > MOST_REQUESTS:
        wrong.append(f"{len(server.received)} requests")
    if not said.strayed and any(
        count > 1 for used, count in said.refused.items() if used not in said.muddled
    ):
        wrong.append(f"a refused log-in was sent again: {sorted(said.refused.values())}")
    outcomes = [a.outcome for pod in found for image in pod.images for a in image.attempts]
    if not outcomes or Outcome.PROBE_ERROR in outcomes:
        wrong.append("the probe failed by itself")
    return wrong


def loopback_only() -> None:
    """No name is looked up: the stranger has one, and everything else has none."""
    known = {"localhost": "127.0.0.1", "foreign.test": "127.0.0.1", "127.0.0.1": "127.0.0.1"}

    def look_up(host: str, port: int) -> list[str]:
        if host not in known:
            raise OSError(-2, "Name or service not known")
        return [known[host]]

    transport.addresses_of = look_up


def main(conversations: int = 6000, seed: int = 0) -> int:
    loopback_only()
    logging.disable(logging.CRITICAL)
    threading.excepthook = lambda failure: sys.exit(f"in a thread: {failure.exc_value!r}")
    socket.setdefaulttimeout(None)
    for number in range(seed, seed + conversations):
        if wrong := faults(number):
            sys.stdout.write(f"seed {number}: {'; '.join(wrong)}\n")
            return 1
    last = seed + conversations - 1
    sys.stdout.write(f"{conversations} conversations, seeds {seed} to {last}: nothing wrong\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
