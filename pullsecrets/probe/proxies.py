"""The proxy: how it is named, and what does not go through it."""

from __future__ import annotations

import ipaddress
import urllib.parse
from collections.abc import Iterable
from typing import Final

from attrs import field, frozen
from urllib3.util import make_headers

from pullsecrets.probe.policy import InvalidTarget, Origin, Target
from pullsecrets.probe.sites import is_address, is_local

__all__ = ["Proxy"]

_FORM: Final = "a proxy is named by http://HOST:PORT or https://HOST:PORT"


def _lower(names: Iterable[str]) -> tuple[str, ...]:
    if isinstance(names, str):
        names = names.split(",")
    return tuple(name.strip().lower() for name in names if name.strip())


@frozen
class Proxy:
    """A proxy, and the hosts that are asked without it.

    Attributes:
        origin: where it is.
        no_proxy: hosts with their subdomains, ``.domain`` for subdomains only, addresses, networks,
            ``*`` for all; a host may have a port. As Go's `httpproxy` reads ``NO_PROXY``.
        headers: its log-in, where the URL had one.
    """

    origin: Origin
    no_proxy: tuple[str, ...] = field(converter=_lower, default=())
    headers: dict[str, str] = field(factory=dict, repr=False)

    @classmethod
    def parse(cls, url: str, no_proxy: Iterable[str] = ()) -> Proxy:
        """Parse a proxy's URL, with or without ``user:password@``.

        Raises:
            ValueError: it is none. The message does not repeat it: it may hold a password.
        """
        scheme, separator, rest = url.partition("://")
        login, at, place = rest.rpartition("@")
        try:
            target = Target.parse(f"{scheme}{separator}{place}")
        except InvalidTarget:
            target = None
        if target is None or (target.path, target.query) != ("/", ""):
            raise ValueError(_FORM)
        unquoted = urllib.parse.unquote(login)
        headers = make_headers(proxy_basic_auth=unquoted) if at else {}
        return cls(target.origin, no_proxy, headers)

    def serves(self, origin: Origin) -> bool:
        """Whether a request goes through it. What is on this machine never does."""
        if is_local(origin.host):
            return False
        return not any(_covers(entry, origin) for entry in self.no_proxy)


def _covers(entry: str, origin: Origin) -> bool:
    if entry == "*":
        return True
    host, colon, port = entry.rpartition(":")
    if colon and port.isdigit() and (":" not in host or host.endswith("]")):
        if int(port) != origin.port:
            return False
        entry = host
    entry = entry.removeprefix("[").removesuffix("]")
    if is_address(origin.host):
        try:
            network = ipaddress.ip_network(entry, strict=False)
        except ValueError:
            return False
        return ipaddress.ip_address(origin.host) in network
    subdomains = "." + entry.removeprefix("*").removeprefix(".")
    return origin.host == entry or origin.host.endswith(subdomains)
