"""HTTP that ends: one request at a time, with a deadline and a cap that a server cannot stretch.

`requests` has time limits for each read from the socket only, so that a server which sends one byte
a second holds it forever, and none for the size of an answer. Here the socket itself is on a leash:
each read and write gets the time that is left, and counts what came.

Only the adapter of `requests` is used, not its session: no cookies, no `.netrc`, no proxies of the
environment, no redirects.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import requests
import requests.adapters
import requests.utils
import urllib3
import urllib3.connection
import urllib3.exceptions
from attrs import field, frozen

from pullsecrets.probe.outcomes import Outcome
from pullsecrets.probe.policy import Target
from pullsecrets.secrecy import printable

if TYPE_CHECKING:
    from urllib3.connectionpool import HTTPConnectionPool

__all__ = ["Answer", "Failed", "Transport"]

MAX_HEADERS: Final = 64 * 1024
"""Bytes of status line and headers, interim answers included."""

MAX_BODY: Final = 256 * 1024
"""Bytes of a body. Tokens have a few thousand."""

# No compressed answers: a small one may be huge once it is unpacked.
_HEADERS: Final = {"User-Agent": "pullsecrets", "Accept-Encoding": "identity"}

Resolver: TypeAlias = Callable[[str, int], "list[str]"]


class Failed(Exception):
    """No answer. The message is safe to show: nothing of the request stands in it.

    Attributes:
        outcome: ``unreachable``, ``tls-error`` or ``protocol-error``.
        garbled: whether something answered, but not in HTTP: over plain http this may be https.
        ms: milliseconds until it failed.
    """

    def __init__(self, outcome: Outcome, message: str, *, garbled: bool = False) -> None:
        super().__init__(message)
        self.outcome = outcome
        self.garbled = garbled
        self.ms: float = 0.0


@frozen
class Answer:
    """What a server answered.

    Attributes:
        status: the HTTP status.
        headers: in order, with those that come several times.
        body: up to `MAX_BODY` bytes, not decoded.
        truncated: whether there was more.
        ms: milliseconds until it was read.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: bytes = field(repr=False)
    truncated: bool
    ms: float

    def all(self, name: str) -> list[str]:
        """Return the values of a header, one for each time it stands there."""
        return [value for key, value in self.headers if key.lower() == name]

    def get(self, name: str) -> str:
        """Return a header's first value, empty where there is none."""
        return next(iter(self.all(name)), "")


class _Ended(OSError):
    """The leash ran out; it passes through urllib3 as an error of the socket."""


class _Leash:
    """How long, and how much, one request may still read."""

    def __init__(self, deadline: float, stopped: threading.Event) -> None:
        self._deadline = deadline
        self._stopped = stopped
        self._room = MAX_HEADERS
        self.received = 0
        self.connected = False
        self.reason = ""

    @property
    def too_big(self) -> bool:
        return self._room < 0

    def left(self) -> float:
        """Seconds left; raises where there are none."""
        seconds = self._deadline - time.monotonic()
        if self._stopped.is_set():
            self.reason = "the probe was ended"
        elif seconds <= 0:
            self.reason = "the time limit was reached"
        else:
            return seconds
        raise _Ended(self.reason)

    def count(self, size: int) -> None:
        self.received += size
        self._room -= size
        if self.too_big:
            self.reason = "the answer is too big"
            raise _Ended(self.reason)

    def begin_body(self) -> None:
        # Chunked framing comes on top of the body itself.
        self._room = 2 * MAX_BODY


class _Leashes(threading.local):
    """The leash of the request that the current thread makes: a thread makes one at a time."""

    current: _Leash


def _sockets(leashes: _Leashes) -> tuple[type[socket.socket], type[ssl.SSLSocket]]:
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

        def send(self, data: Any, flags: int = 0) -> int:
            self.settimeout(leashes.current.left())
            return super().send(data, flags)

    return Plain, Tls


class _Adapter(requests.adapters.HTTPAdapter):
    """The adapter of `requests`, over connections that the transport opens."""

    def __init__(
        self,
        pools: Mapping[str, type[HTTPConnectionPool]],
        context_for: Callable[[str], ssl.SSLContext],
        per_host: int,
    ) -> None:
        self._pools = pools
        self._context_for = context_for
        super().__init__(pool_connections=64, pool_maxsize=per_host, max_retries=0)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = dict(self._pools)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **options)
        manager.pool_classes_by_scheme = dict(self._pools)
        return manager

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> tuple[Any, Any]:
        host, _ = super().build_connection_pool_key_attributes(request, True)
        return host, {"ssl_context": self._context_for(str(host["host"]))}

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Leave it to the context: it verifies, and has the authorities and the certificate."""


class Transport:
    """Sends requests, over shared connections; safe to use from several threads.

    Args:
        ca: a file of certificate authorities that are trusted besides the system's.
        client_certificates: host → files of certificate and key; presented to that host only.
        proxy: ``http://host:port`` through which everything goes.
        per_host: how many requests one host gets at a time.
        resolver: host, port → IP addresses; for tests.
    """

    def __init__(
        self,
        *,
        ca: str | None = None,
        client_certificates: Mapping[str, tuple[str, str]] | None = None,
        proxy: str | None = None,
        per_host: int = 4,
        resolver: Resolver | None = None,
    ) -> None:
        if proxy is not None and not proxy.lower().startswith("http://"):
            raise ValueError("a proxy is named by an http:// URL")
        self._proxies = {} if proxy is None else {"http": proxy, "https": proxy}
        self._resolver = _lookup if resolver is None else resolver
        self._addresses: dict[tuple[str, int], list[str]] = {}
        self._per_host = per_host
        self._slots: dict[tuple[str, int], threading.Semaphore] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._leashes = _Leashes()
        self._open: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self._plain, tls = _sockets(self._leashes)
        # Made now: a file that is missing or is no certificate is the caller's error, not a host's.
        context = _context(tls, ca, None)
        contexts = {
            host.lower(): _context(tls, ca, files)
            for host, files in (client_certificates or {}).items()
        }
        self._adapter = _Adapter(
            self._pools(), lambda host: contexts.get(host.strip("[]").lower(), context), per_host
        )

    def stop(self) -> None:
        """End all requests that are under way, and make no more."""
        self._stopped.set()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close all connections."""
        self._adapter.close()

    def addresses(self, target: Target, deadline: float) -> list[str]:
        """Return the addresses of a host: those that `send` will connect to, and no others.

        They are looked up once, so that what was looked at is what is used, whatever the name
        server says the next time (DNS rebinding). Behind a proxy, which looks names up itself, only
        a literal address is given.

        Raises:
            Failed: the name has none.
        """
        host, port = target.origin.host, target.origin.port
        if self._proxies:
            try:
                return [str(ipaddress.ip_address(host))]
            except ValueError:
                return []
        return self._resolve(host, port, deadline)

    def send(
        self,
        method: str,
        target: Target,
        deadline: float,
        *,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> Answer:
        """Make one request, and read the answer.

        Args:
            method: the HTTP method.
            target: where to.
            deadline: when it ends at the latest, on the clock of `time.monotonic`.
            headers: besides those that every request has.
            form: sent as a form, where there is one.

        Raises:
            Failed: there is no answer.
        """
        leash = _Leash(deadline, self._stopped)
        with self._slot(target, leash):
            start = time.monotonic()
            try:
                request = requests.Request(method, target.url, data=dict(form or {})).prepare()
                request.headers.update(_HEADERS)
                request.headers.update(headers or {})
                return self._exchange(request, leash, start)
            except Failed as error:
                failed = error
            except (
                requests.RequestException,
                urllib3.exceptions.HTTPError,
                http.client.HTTPException,
                OSError,
                ValueError,
            ) as error:
                failed = _explain(error, leash)
            failed.ms = _ms(start)
            # Outside of the handler: what `requests` raises holds the request, with its headers.
            raise failed

    def _exchange(self, request: requests.PreparedRequest, leash: _Leash, start: float) -> Answer:
        self._leashes.current = leash
        leash.left()
        limit: Any = urllib3.Timeout(total=None)  # the socket has its own
        try:
            response = self._adapter.send(
                request, stream=True, timeout=limit, proxies=self._proxies
            )
        except requests.ConnectionError:
            # A kept connection that the server closed meanwhile: nothing of an answer has come.
            if leash.connected or leash.received or leash.reason:
                raise
            response = self._adapter.send(
                request, stream=True, timeout=limit, proxies=self._proxies
            )
        with contextlib.closing(response):
            leash.begin_body()
            body = response.raw.read(MAX_BODY + 1, decode_content=False)
            truncated = len(body) > MAX_BODY
            if truncated:
                response.raw.close()  # the rest is not wanted, and so the connection is not, too
            headers = tuple(response.raw.headers.iteritems())
            return Answer(response.status_code, headers, body[:MAX_BODY], truncated, _ms(start))

    def _pools(self) -> dict[str, type[HTTPConnectionPool]]:
        connect = self._connect

        class Plain(urllib3.connection.HTTPConnection):
            def _new_conn(self) -> socket.socket:
                return connect(self.host, self.port)

        class Tls(urllib3.connection.HTTPSConnection):
            def _new_conn(self) -> socket.socket:
                return connect(self.host, self.port or 443)

        class PlainPool(urllib3.HTTPConnectionPool):
            ConnectionCls: Any = Plain

        class TlsPool(urllib3.HTTPSConnectionPool):
            ConnectionCls: Any = Tls

        return {"http": PlainPool, "https": TlsPool}

    def _connect(self, host: str, port: int) -> socket.socket:
        """Connect to one of the addresses that were looked up, each getting its share of time."""
        leash = self._leashes.current
        leash.connected = True
        addresses = self._resolve(host.strip("[]"), port, time.monotonic() + leash.left())
        error: OSError = OSError(0, "no address")
        for number, address in enumerate(addresses):
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            connection = self._plain(family, socket.SOCK_STREAM)
            try:
                connection.settimeout(leash.left() / (len(addresses) - number))
                connection.connect((address, port))
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError as failure:
                connection.close()
                error = failure
            else:
                self._open.add(connection)
                return connection
        leash.left()
        leash.reason = f"no connection: {_reason(error)}"
        raise error

    def _resolve(self, host: str, port: int, deadline: float) -> list[str]:
        found = self._addresses.get((host, port))
        if found is None:
            found = _within(lambda: self._resolver(host, port), deadline - time.monotonic())
            with self._lock:
                found = self._addresses.setdefault((host, port), found)
        return found

    @contextlib.contextmanager
    def _slot(self, target: Target, leash: _Leash) -> Iterator[None]:
        key = target.origin.host, target.origin.port
        with self._lock:
            slots = self._slots.setdefault(key, threading.Semaphore(self._per_host))
        try:
            seconds = leash.left()
        except _Ended as ended:
            raise Failed(Outcome.UNREACHABLE, str(ended)) from None
        if not slots.acquire(timeout=seconds):
            raise Failed(Outcome.UNREACHABLE, "the time limit was reached")
        try:
            yield
        finally:
            slots.release()


def _ms(start: float) -> float:
    return round((time.monotonic() - start) * 1000, 1)


def _context(
    sockets: type[ssl.SSLSocket], ca: str | None, files: tuple[str, str] | None
) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.load_verify_locations(requests.utils.DEFAULT_CA_BUNDLE_PATH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.sslsocket_class = sockets
    try:
        if ca is not None:
            context.load_verify_locations(ca)
        if files is not None:
            context.load_cert_chain(*files)
    except OSError as error:  # ssl.SSLError is one, too
        raise ValueError(f"certificates: {error}") from None
    return context


def _lookup(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _within(look_up: Callable[[], list[str]], seconds: float) -> list[str]:
    """Run the name look-up, which has no time limit of its own, for so long at most."""
    result: list[list[str] | Exception] = []

    def run() -> None:
        try:
            result.append(look_up())
        except (OSError, UnicodeError) as error:
            result.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(max(seconds, 0.0))
    if not result:
        raise Failed(Outcome.UNREACHABLE, "the name look-up took too long")
    found = result[0]
    if isinstance(found, Exception):
        raise Failed(Outcome.UNREACHABLE, f"the name has no address: {_reason(found)}")
    return found


def _explain(error: BaseException, leash: _Leash) -> Failed:
    """Say what an exception means, in words that hold nothing of the request."""
    if leash.too_big:
        return Failed(Outcome.PROTOCOL_ERROR, leash.reason)
    if leash.reason:
        return Failed(Outcome.UNREACHABLE, leash.reason)
    chain = list(_chain(error))
    for link in chain:
        if isinstance(link, ssl.SSLError):
            return Failed(Outcome.TLS_ERROR, f"TLS: {_reason(link)}")
        if isinstance(link, TimeoutError):
            return Failed(Outcome.UNREACHABLE, "the time limit was reached")
    for link in chain:
        cut = isinstance(link, (ConnectionError, http.client.IncompleteRead))
        if cut or isinstance(link, http.client.RemoteDisconnected):
            return Failed(Outcome.UNREACHABLE, "the connection was cut", garbled=True)
    return Failed(Outcome.PROTOCOL_ERROR, "the answer is not HTTP", garbled=True)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The exception and all that it came from: causes, contexts, and what urllib3 wraps."""
    queue: list[object] = [error]
    seen: set[int] = set()
    while queue:
        link = queue.pop(0)
        if isinstance(link, BaseException) and id(link) not in seen:
            seen.add(id(link))
            yield link
            queue += [link.__cause__, link.__context__, getattr(link, "reason", None), *link.args]


def _reason(error: BaseException) -> str:
    """What the system or OpenSSL says; neither knows the request."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return printable(error.verify_message or "the certificate is not valid")
    if isinstance(error, ssl.SSLError):
        return printable((error.reason or "handshake failed").replace("_", " ").lower())
    if isinstance(error, TimeoutError):
        return "the time limit was reached"
    if isinstance(error, OSError) and error.strerror:
        return printable(error.strerror)
    return "not a host name" if isinstance(error, UnicodeError) else "it failed"
