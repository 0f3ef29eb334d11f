"""Where requests and credentials may go.

A credential goes to the registry's own host and to the realm that this host named, nowhere else,
and only over https. What a registry says is not trusted beyond that: a realm on another site is
refused unless the caller names it. Leaks of this kind happened to other clients: CVE-2020-15157
(containerd), CVE-2026-48978 (oras-go). Where no credential would go along, sites and plain http do
not matter. Private addresses do, while the registry is public: nobody is sent there.
"""

from __future__ import annotations

import ipaddress
import re
import urllib.parse
from collections.abc import Iterable, Mapping
from typing import Final

from attrs import field, frozen

from pullsecrets.probe.realms import is_known_realm
from pullsecrets.probe.sites import is_local, is_public, site
from pullsecrets.registries import Registry
from pullsecrets.secrecy import printable

__all__ = ["InvalidTarget", "Origin", "Policy", "Refused", "Target"]

_LABEL = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_DNS_NAME: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_MAX_URL: Final = 4096


class Refused(Exception):
    """The policy forbids a request; the message says which, why, and how to allow it."""


class InvalidTarget(Exception):
    """A registry names an address that is no http or https URL."""


@frozen
class Origin:
    """Who answers: scheme, host and port.

    Attributes:
        scheme: ``https`` or ``http``.
        host: in lower case, an IPv6 address without brackets.
        port: always a number.
    """

    scheme: str
    host: str
    port: int

    @property
    def netloc(self) -> str:
        """``host`` or ``host:port``, the scheme's own port left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.netloc}"


_PORTS: Final = {"https": 443, "http": 80}


@frozen
class Target:
    """A URL taken apart, made only of characters that a request may have.

    Attributes:
        origin: who is asked.
        path: beginning with a slash.
        query: without the question mark, empty where there is none.
    """

    origin: Origin
    path: str
    query: str = field(default="", repr=False)

    @classmethod
    def parse(cls, url: str, base: Target | None = None) -> Target:
        """Parse what a registry names.

        Args:
            url: the URL; relative ones only with a base.
            base: what a relative URL is relative to.

        Raises:
            InvalidTarget: it is no plain http or https URL.
        """
        shown = printable(url)
        # Spaces, controls, backslashes and non-ASCII: parsers differ about them, and whoever is
        # asked has to be whom the policy looked at.
        if len(url) > _MAX_URL or not re.fullmatch(r"[!-\[\]-~]+", url):
            raise InvalidTarget(f"'{shown}' is not a plain URL")
        try:
            if base is not None:
                url = urllib.parse.urljoin(base.url, url)
            parts = urllib.parse.urlsplit(url)
            port = parts.port
        except ValueError:
            raise InvalidTarget(f"'{shown}' is not a URL") from None
        scheme = parts.scheme.lower()
        if scheme not in _PORTS:
            raise InvalidTarget(f"'{shown}' is not an http or https URL")
        if "@" in parts.netloc:
            raise InvalidTarget("it holds a user name or a password")
        host = _host(parts.hostname or "")
        if host is None or port == 0:
            raise InvalidTarget(f"'{shown}' names no host")
        origin = Origin(scheme, host, port or _PORTS[scheme])
        return cls(origin, parts.path or "/", parts.query)

    @property
    def url(self) -> str:
        """All of it, as requested."""
        return f"{self.origin}{self.path}{'?' if self.query else ''}{self.query}"


def _host(text: str) -> str | None:
    """A host name in lower case or an address in its one spelling; None for anything else."""
    text = text.lower().removesuffix(".")
    try:
        return str(ipaddress.ip_address(text)) if "%" not in text else None
    except ValueError:
        pass
    # Other spellings of an address (0x7f.1, 2130706433): their last label is a number.
    if not _DNS_NAME.fullmatch(text) or re.fullmatch(r"(?:.*\.)?(?:0x[0-9a-f]*|[0-9]+)", text):
        return None
    return text


def _lower(names: Iterable[str]) -> frozenset[str]:
    if isinstance(names, str):  # a set of letters would name no host, and say nothing
        names = [names]
    return frozenset(name.strip().lower() for name in names) - {""}


def _targets(hosts: Mapping[str, str]) -> Mapping[str, Target]:
    targets = {}
    for name, host in hosts.items():
        try:
            targets[name] = Target.parse(host if "://" in host else f"https://{host}")
        except InvalidTarget as error:
            raise ValueError(f"the API host of {printable(name)}: {error}") from None
    return targets


@frozen
class Policy:
    """What the caller allows.

    Attributes:
        insecure_registries: hosts, with or without a port, that are asked over plain http, as a
            registry and as a realm.
        allowed_realms: hosts, with or without a port, that may be any registry's realm; as
            ``REGISTRY=HOST`` only that of one registry.
        api_hosts: registry's name → the host or URL that answers for it: a mirror, another API
            host. A URL with ``http://`` names its host for plain http.
    """

    insecure_registries: frozenset[str] = field(converter=_lower, default=frozenset())
    allowed_realms: frozenset[str] = field(converter=_lower, default=frozenset())
    api_hosts: Mapping[str, Target] = field(converter=_targets, factory=dict, hash=False)

    def api(self, registry: Registry) -> Target:
        """Where a registry's API is (rule 18), without ``/v2/``.

        Raises:
            InvalidTarget: the registry's name is none that a request can go to.
        """
        target = self.api_hosts.get(registry.name)
        if target is not None:
            return target
        target = Target.parse(f"https://{registry.api_host}")
        origin = target.origin
        plain = is_local(origin.host) or _named(registry.name, self.insecure_registries)
        if not plain:
            return target
        port = int(registry.port or _PORTS["http"])
        return Target(Origin("http", origin.host, port), "/")

    def check(self, target: Target) -> None:
        """Let a registry's API, a realm or a redirect pass only over https.

        Raises:
            Refused: plain http to a host that the caller did not name.
        """
        origin = target.origin
        if origin.scheme == "https" or is_local(origin.host):
            return
        named = {api.origin for api in self.api_hosts.values()}
        if origin in named or _named(_with_port(origin), self.insecure_registries):
            return
        raise Refused(
            f"{origin} is plain http: a credential would go over the network readable. "
            f"Allow it with insecure_registries={{'{_with_port(origin)}'}} "
            f"(--insecure-registry {_with_port(origin)})"
        )

    def check_realm(self, registry: Registry, api: Target, realm: Target) -> None:
        """Let a realm get a credential that belongs to the registry, or that the caller named.

        Raises:
            Refused: it is plain http, or on another site.
        """
        self.check(realm)
        host = realm.origin.host
        own = {registry.host.lower(), api.origin.host}
        if (
            self.names(registry, realm)
            or any(site(host) == site(name) for name in own)
            or any(is_known_realm(name, host) for name in own)
        ):
            return
        raise Refused(
            f"the realm {realm.origin} is on another site than the registry "
            f"{printable(registry.name)}: it would get the credential. {_how(registry, realm)}"
        )

    def check_addresses(
        self,
        registry: Registry,
        target: Target,
        addresses: Iterable[str],
        *,
        registry_is_public: bool,
    ) -> None:
        """Look at the addresses that a realm's or a redirect's host name belongs to.

        Raises:
            Refused: one of them is private while the registry is public.
        """
        if not registry_is_public or self.names(registry, target):
            return
        for address in addresses:
            if not is_public(address):
                raise Refused(
                    f"{target.origin} is at the address {address}, which is not public while the "
                    f"registry is. {_how(registry, target)}"
                )

    def names(self, registry: Registry, target: Target) -> bool:
        """Whether the caller named this host as a realm, for this registry or for all."""
        host = _with_port(target.origin)
        bound = [allowed.split("=", 1) for allowed in self.allowed_realms if "=" in allowed]
        own = {realm for name, realm in bound if name and _named(registry.name, frozenset({name}))}
        return _named(host, self.allowed_realms | own)


def _how(registry: Registry, target: Target) -> str:
    name = f"{printable(registry.name)}={target.origin.netloc}"
    return f"Allow it with allowed_realms={{'{name}'}} (--allow-realm {name})"


def _with_port(origin: Origin) -> str:
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    return f"{host}:{origin.port}"


def _named(name: str, names: frozenset[str]) -> bool:
    """Whether the caller named a host, alone or with its port."""
    name = name.lower()
    return name in names or name.rpartition(":")[0] in names
