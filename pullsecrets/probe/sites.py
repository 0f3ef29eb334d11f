"""Which hosts are neighbours, which are this machine, and which addresses are public."""

from __future__ import annotations

import functools
import ipaddress
from typing import Final, TypeAlias

from publicsuffixlist import PublicSuffixList

__all__ = ["is_address", "is_local", "is_public", "site"]

Address: TypeAlias = "ipaddress.IPv4Address | ipaddress.IPv6Address"

# Domains whose names go to strangers and that are not on the public suffix list: the registries
# that give each customer a host, and what else such a host could be confused with.
_SHARED: Final = frozenset(
    (
        *("azurecr.io", "azurecr.cn", "azurecr.us", "azurecr.de"),
        *("azurecontainerapps.io", "windows.net", "azure.com"),
        *("amazonaws.com", "amazonaws.com.cn", "on.aws"),
        *("gcr.io", "pkg.dev", "jfrog.io", "jfrog.us", "ocir.io", "oraclecloud.com"),
        *("oci.customer-oci.com", "icr.io", "appdomain.cloud", "scw.cloud", "aliyuncs.com"),
        *("alicdn.com", "myqcloud.com", "tencentcr.com", "myhuaweicloud.com", "ntruss.com"),
        *("ovh.net", "ovh.us", "linode.com", "github.dev", "loca.lt"),
        *("sslip.io", "nip.io", "xip.io", "traefik.me"),
        # Names inside of a cluster: each service may be another team's.
        *("svc", "svc.cluster.local"),
    )
)

# What `ipaddress` takes for public, in some versions of Python at least: site-local addresses
# (RFC 3879), documentation (RFC 9637), and the address at which Azure's hosts serve their machines
# (https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16).
_NOT_PUBLIC: Final = tuple(
    map(ipaddress.ip_network, ("fec0::/10", "3fff::/20", "168.63.129.16/32"))
)
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet.

    An IPv4 address inside an IPv6 one (mapped, 6to4, Teredo, NAT64) counts as itself.
    """
    ip: Address = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    # is_global alone counts multicast in, and older Pythons some of what is reserved.
    return ip.is_global and not (
        ip.is_multicast
        or ip.is_reserved
        or ip.is_private
        or ip.is_link_local
        or ip.is_loopback
        or ip.is_unspecified
        or any(ip in network for network in _NOT_PUBLIC)
    )


def is_local(host: str) -> bool:
    """Whether a host is this machine by its name: ``localhost``, 127.0.0.0/8 or ``::1``.

    The same that containerd asks over plain http (its ``MatchLocalhost``).
    """
    if not is_address(host):
        return host == "localhost"
    ip = ipaddress.ip_address(host)
    return bool((getattr(ip, "ipv4_mapped", None) or ip).is_loopback)


def site(host: str) -> str:
    """The site that a host belongs to: the name that somebody registered.

    That is one label more than the public suffix list has (https://publicsuffix.org), or the whole
    host below a domain that strangers share. Loopback addresses and ``localhost`` are one site.

    >>> site("registry.example.com"), site("registry.example.co.uk"), site("acme.azurecr.io")
    ('example.com', 'example.co.uk', 'acme.azurecr.io')
    """
    if is_local(host):
        return "localhost"
    labels = host.split(".")
    shared = any(".".join(labels[start:]) in _SHARED for start in range(len(labels)))
    if shared or is_address(host):
        return host
    return _public_suffixes().privatesuffix(host) or host


@functools.cache
def _public_suffixes() -> PublicSuffixList:
    # Made when it is needed first: reading the list takes 40 ms.
    return PublicSuffixList()


def is_address(host: str) -> bool:
    """Whether a host is an IP address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
