"""HTTP that ends: one request at a time, with a deadline and a cap that a server cannot stretch.

Of urllib3 only the connections are used: no cookies, no `.netrc`, no proxies of the environment, no
redirects.
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
from typing import Any, Final, TypeAlias

import requests
import urllib3
import urllib3.connection
import urllib3.exceptions
from attrs import field, frozen

from pullsecrets.probe.failures import Failed, reason_of, why_failed
from pullsecrets.probe.leash import MAX_BODY, FinalResponse, Leash, Leashes, sockets
from pullsecrets.probe.outcomes import Outcome
from pullsecrets.probe.policy import Target
from pullsecrets.probe.proxies import Proxy
from pullsecrets.probe.sites import is_address
from pullsecrets.secrecy import Password

__all__ = ["Answer", "Transport"]

# No compressed answers: a small one may be huge once it is unpacked.
_HEADERS: Final = {"User-Agent": "pullsecrets", "Accept-Encoding": "identity"}

Resolver: TypeAlias = Callable[[str, int], "list[str]"]


@frozen
class Answer:
    """What a server answered.

    Attributes:
        status: the HTTP status.
        headers: in order, with those that come several times.
        body: up to `MAX_BODY` bytes, not decoded.
        truncated: whether there was more.
        ms: milliseconds until it was read.
        proxied: whether a proxy may have made it up: it came over plain http through one.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: bytes = field(repr=False)
    truncated: bool
    ms: float
    proxied: bool = False

    def all(self, name: str) -> list[str]:
        """Return the values of a header, one for each time it is there."""
        return [value for key, value in self.headers if key.lower() == name]

    def get(self, name: str) -> str:
        """Return a header's first value, empty where there is none."""
        return next(iter(self.all(name)), "")


class Transport:
    """Sends requests, over shared connections; safe to use from several threads.

    Args:
        ca: a file of certificate authorities that are trusted in addition to the system's.
        client_certificates: host → files of certificate and key; presented to that host only.
        proxy: through which everything goes but what it does not serve.
        per_host: how many requests one host gets at a time.
        resolver: host, port → IP addresses; for tests.

    Raises:
        ValueError: a file is missing, or holds no certificate.
    """

    def __init__(
        self,
        *,
        ca: str | None = None,
        client_certificates: Mapping[str, tuple[str, str | None]] | None = None,
        proxy: Proxy | None = None,
        per_host: int = 4,
        resolver: Resolver | None = None,
    ) -> None:
        self._proxy = proxy
        self._resolver = addresses_of if resolver is None else resolver
        self._addresses: dict[str, list[str]] = {}
        self._per_host = per_host
        self._slots: dict[tuple[str, int], threading.Semaphore] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._leashes = Leashes()
        self._open: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self._plain, tls = sockets(self._leashes)
        # Made now: a file that is missing or is no certificate is the caller's error, not a host's.
        self._common = _context(tls, ca, None)
        self._own = {
            host.lower().strip("[]"): _context(tls, ca, files)
            for host, files in (client_certificates or {}).items()
        }
        self._managers: dict[tuple[ssl.SSLContext, bool], urllib3.PoolManager] = {}

    def stop(self) -> None:
        """End all requests that are under way, and make no more."""
        self._stopped.set()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            for manager in self._managers.values():
                manager.clear()

    def pause(self, seconds: float) -> bool:
        """Do nothing for so long; tell whether all was ended meanwhile."""
        return self._stopped.wait(seconds)

    def drop_connections(self, target: Target) -> None:
        """Keep no connection after an answer that makes no sense: it may be another request's."""
        manager = self._manager(target)
        with self._lock:
            manager.clear()

    def addresses(self, target: Target, deadline: float) -> list[str]:
        """Return the addresses of a host: those that `send` will connect to, and no others.

        They are looked up once, so that what was looked at is what is used, whatever the name
        server says the next time (DNS rebinding), and on whatever port. Behind a proxy, which looks
        names up itself, only a literal address is given.

        Raises:
            Failed: the name has none.
        """
        host = target.origin.host
        if self._is_proxied(target):
            return [str(ipaddress.ip_address(host))] if is_address(host) else []
        return self._resolve(host, target.origin.port, deadline)

    def send(
        self,
        method: str,
        target: Target,
        deadline: float,
        *,
        headers: Mapping[str, str] | None = None,
        authorization: Password | None = None,
        form: Mapping[str, str | Password] | None = None,
    ) -> Answer:
        """Make one request, and read the answer.

        Args:
            method: the HTTP method.
            target: where to.
            deadline: when it ends at the latest, on the clock of `time.monotonic`.
            headers: those that it has in addition to what every request has.
            authorization: the header of that name.
            form: sent as a form, where there is one.

        Raises:
            Failed: there is no answer.
        """
        leash = Leash(deadline, self._stopped)
        start = time.monotonic()
        try:
            with self._slot(target, leash):
                start = time.monotonic()
                return self.exchange(method, target, leash, headers or {}, authorization, form)
        except Failed as error:
            failed = error
        except Exception as error:  # noqa: BLE001  # whatever goes wrong is this request's outcome
            failed = why_failed(error, leash)
        failed.ms = _ms(start)
        # Outside of the handler: what urllib3 raises may hold the request, with its headers.
        raise failed

    def exchange(
        self,
        method: str,
        target: Target,
        leash: Leash,
        headers: Mapping[str, str],
        authorization: Password | None,
        form: Mapping[str, str | Password] | None,
    ) -> Answer:
        """Make a request whose time is on a leash; what goes wrong raises as it is."""
        self._leashes.current = leash
        start = time.monotonic()
        manager = self._manager(target)
        sent = {**_HEADERS, **headers}
        if authorization is not None:
            sent["Authorization"] = authorization.reveal()
        fields = {k: v.reveal() if isinstance(v, Password) else v for k, v in (form or {}).items()}
        # requests makes the request. It does not send it: it would read cookies, netrc files and
        # the environment, and its time limits are for each read, not for the whole.
        prepared = requests.Request(method, target.url, headers=sent, data=fields).prepare()
        response = None
        while response is None:
            leash.left()
            try:
                response = manager.urlopen(
                    method,
                    target.url,  # exactly the one that the policy allowed
                    headers=prepared.headers,
                    body=prepared.body,
                    redirect=False,
                    retries=False,
                    preload_content=False,
                    decode_content=False,
                    timeout=urllib3.Timeout(total=None),  # the socket has its own
                )
            except (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError):
                # A kept connection that the server closed meanwhile, or wrote on unasked: the next
                # one in the pool, until there is a new one.
                if leash.connected or leash.reason:
                    raise
        try:
            if response.status == http.client.SWITCHING_PROTOCOLS:
                raise Failed(Outcome.PROTOCOL_ERROR, "the server switches to another protocol")
            leash.begin_body()
            content = response.read(MAX_BODY + 1, decode_content=False)
        finally:
            response.close()  # a connection whose answer was read to its end is kept
        truncated = len(content) > MAX_BODY
        found = tuple(response.headers.iteritems())
        proxied = target.origin.scheme == "http" and self._is_proxied(target)
        return Answer(response.status, found, content[:MAX_BODY], truncated, _ms(start), proxied)

    def _is_proxied(self, target: Target) -> bool:
        return self._proxy is not None and self._proxy.serves(target.origin)

    def _manager(self, target: Target) -> urllib3.PoolManager:
        context = self._own.get(target.origin.host, self._common)
        proxied = self._is_proxied(target)
        with self._lock:
            manager = self._managers.get((context, proxied))
            if manager is None:
                how: dict[str, Any] = {
                    "num_pools": 256,
                    "maxsize": self._per_host,
                    "ssl_context": context,
                }
                if self._proxy is not None and proxied:
                    manager = urllib3.ProxyManager(
                        str(self._proxy.origin),
                        proxy_headers=self._proxy.headers,
                        proxy_ssl_context=self._common,
                        **how,
                    )
                else:
                    manager = urllib3.PoolManager(**how)
                manager.pool_classes_by_scheme = self._pools()
                self._managers[context, proxied] = manager
        return manager

    def _pools(self) -> dict[str, Any]:
        connect = self._connect

        class Plain(urllib3.connection.HTTPConnection):
            response_class = FinalResponse

            def _new_conn(self) -> socket.socket:
                return connect(self.host, self.port)

        class Tls(urllib3.connection.HTTPSConnection):
            response_class = FinalResponse

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
        leash.reason = f"no connection: {reason_of(error)}"
        raise error

    def _resolve(self, host: str, port: int, deadline: float) -> list[str]:
        found = self._addresses.get(host)
        if found is None:
            found = _within(lambda: self._resolver(host, port), deadline - time.monotonic())
            with self._lock:
                found = self._addresses.setdefault(host, found)
        return found

    @contextlib.contextmanager
    def _slot(self, target: Target, leash: Leash) -> Iterator[None]:
        key = target.origin.host, target.origin.port
        with self._lock:
            slots = self._slots.setdefault(key, threading.Semaphore(self._per_host))
        while not slots.acquire(timeout=leash.left()):
            pass
        try:
            yield
        finally:
            slots.release()


def _ms(start: float) -> float:
    return round((time.monotonic() - start) * 1000, 1)


def _context(
    tls: type[ssl.SSLSocket], ca: str | None, files: tuple[str, str | None] | None
) -> ssl.SSLContext:
    # Not ssl.create_default_context(): that writes the session's keys where SSLKEYLOGFILE says, and
    # is stricter about private authorities in some versions of Python than in others.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # as Go: what is trusted is an anchor
    context.load_default_certs()
    context.load_verify_locations(requests.utils.DEFAULT_CA_BUNDLE_PATH)
    context.sslsocket_class = tls
    try:
        if ca is not None:
            context.load_verify_locations(ca)
        if files is not None:
            context.load_cert_chain(*files)
    except OSError as error:  # ssl.SSLError is one, too
        raise ValueError(f"certificates: {reason_of(error)}") from None
    return context


def addresses_of(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _within(look_up: Callable[[], list[str]], seconds: float) -> list[str]:
    """Run the name look-up, which has no time limit of its own, for so long at most."""
    result: list[list[str] | Exception] = []

    def run() -> None:
        try:
            result.append(look_up())
        except Exception as error:  # noqa: BLE001  # handed on to the thread that waits
            result.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(max(seconds, 0.0))
    if not result:
        raise Failed(Outcome.UNREACHABLE, "the name look-up took too long", late=True)
    found = result[0]
    if isinstance(found, Exception):
        raise Failed(Outcome.UNREACHABLE, f"the name has no address: {reason_of(found)}")
    return found
