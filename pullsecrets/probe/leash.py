"""Sockets on a leash: each read and write gets the time that is left, and counts what came.

urllib3 has time limits for each read from the socket only, so that a server which sends one byte
a second holds it forever, and none for the size of an answer. Here the socket itself ends it.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from typing import Any, Final

__all__ = ["MAX_BODY", "MAX_HEADERS", "Ended", "FinalResponse", "Leash", "Leashes", "sockets"]

MAX_HEADERS: Final = 64 * 1024
"""Bytes of status line and headers, interim answers included."""

MAX_BODY: Final = 256 * 1024
"""Bytes of a body. Tokens have a few thousand."""


class Ended(OSError):
    """The leash ran out; it passes through urllib3 as an error of the socket."""


class Leash:
    """How long, and how much, one request may still read.

    Args:
        deadline: when the request ends, on the clock of `time.monotonic`.
        stopped: set when all requests are to end.

    Attributes:
        received: bytes that came so far.
        connected: whether a new connection was opened for it.
        reason: why it ended, empty while it has not.
        late: whether that was the deadline.
    """

    def __init__(self, deadline: float, stopped: threading.Event) -> None:
        self._deadline = deadline
        self._stopped = stopped
        self._room = MAX_HEADERS
        self.received = 0
        self.connected = False
        self.reason = ""
        self.late = False

    @property
    def too_big(self) -> bool:
        """Whether more came than fits."""
        return self._room < 0

    def left(self) -> float:
        """Seconds left.

        Raises:
            Ended: there are none.
        """
        seconds = self._deadline - time.monotonic()
        if self._stopped.is_set():
            self.reason = "the probe was ended"
        elif seconds <= 0:
            self.reason = "the time limit was reached"
            self.late = True
        else:
            return seconds
        raise Ended(self.reason)

    def count(self, size: int) -> None:
        """Note that so many bytes came.

        Raises:
            Ended: they are too many.
        """
        self.received += size
        self._room -= size
        if self.too_big:
            self.reason = "the answer is too big"
            raise Ended(self.reason)

    def begin_body(self) -> None:
        """Make room for a body."""
        # Chunked framing comes on top of the body itself.
        self._room = 2 * MAX_BODY


class Leashes(threading.local):
    """The leash of the request that the current thread makes: a thread makes one at a time."""

    current: Leash


def sockets(leashes: Leashes) -> tuple[type[socket.socket], type[ssl.SSLSocket]]:
    """Make the two classes of sockets that obey the leash of the thread that uses them."""

    class Plain(socket.socket):
        def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
            self.settimeout(leashes.current.left())
            size = super().recv_into(buffer, nbytes, flags)
            leashes.current.count(size)
            return size

        def sendall(self, data: Any, flags: int = 0) -> None:
            self.settimeout(leashes.current.left())
            super().sendall(data, flags)

    class Tls(ssl.SSLSocket):
        def do_handshake(self, block: bool = False) -> None:
            self.settimeout(leashes.current.left())
            super().do_handshake(block)

        def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:
            self.settimeout(leashes.current.left())
            size = super().recv_into(buffer, nbytes, flags)
            leashes.current.count(size)
            return size

        def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
            # Called where TLS goes through TLS, to an https proxy.
            self.settimeout(leashes.current.left())
            data = super().recv(buflen, flags)
            leashes.current.count(len(data))
            return data

        def send(self, data: Any, flags: int = 0) -> int:
            self.settimeout(leashes.current.left())
            return super().send(data, flags)

    return Plain, Tls


class FinalResponse(http.client.HTTPResponse):
    """An answer, after all interim ones: `http.client` itself passes over 100 only.

    An interim answer that was taken for the answer (103 Early Hints) would leave the real one on
    the connection, where the next request would find it.
    """

    def begin(self) -> None:
        """Read the status line and the headers."""
        super().begin()
        while 100 <= self.status < 200 and self.status != http.client.SWITCHING_PROTOCOLS:
            self.headers = self.msg = None  # type: ignore[assignment]  # not begun yet
            super().begin()
