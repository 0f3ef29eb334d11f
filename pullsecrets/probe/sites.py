"""Which hosts are neighbours, and which addresses are public."""

from __future__ import annotations

import ipaddress
from typing import Final, TypeAlias

__all__ = ["is_address", "is_public", "site"]

Address: TypeAlias = "ipaddress.IPv4Address | ipaddress.IPv6Address"

# Domains under which strangers get names of their own: each host is a site by itself. Besides the
# registries among them, these are where anybody can put up a server.
# fmt: off
_SHARED: Final = frozenset(
    (
        "amazonaws.com", "amazonaws.com.cn", "on.aws", "cloudfront.net", "awsapprunner.com",
        "elasticbeanstalk.com", "azurecr.io", "azurecr.cn", "azurecr.us", "azurecr.de",
        "azurewebsites.net", "azurefd.net", "azureedge.net", "cloudapp.net", "cloudapp.azure.com",
        "windows.net", "azurecontainerapps.io", "azurecontainer.io", "gcr.io", "pkg.dev",
        "run.app", "appspot.com", "web.app", "firebaseapp.com", "cloudfunctions.net", "jfrog.io",
        "jfrog.us", "ocir.io", "oraclecloud.com", "oci.customer-oci.com", "icr.io",
        "appdomain.cloud", "scw.cloud", "ovh.net", "ovh.us", "alicdn.com", "aliyuncs.com",
        "myqcloud.com", "tencentcr.com", "myhuaweicloud.com", "github.io",
        "githubusercontent.com", "github.dev", "gitlab.io", "bitbucket.io", "codeberg.page",
        "herokuapp.com", "onrender.com", "fly.dev", "netlify.app", "vercel.app", "pages.dev",
        "workers.dev", "r2.dev", "trycloudflare.com", "ngrok.io", "ngrok.app", "ngrok.dev",
        "ngrok-free.app", "ngrok-free.dev", "loca.lt", "ts.net", "ondigitalocean.app",
        "digitaloceanspaces.com", "linode.com", "vultrobjects.com", "sslip.io", "nip.io",
        "xip.io", "traefik.me", "duckdns.org", "dyndns.org", "ddns.net", "no-ip.org", "eu.org",
        "svc.cluster.local",
    )
)
# fmt: on

# What countries call their second level: a site there has three labels.
# fmt: off
_SECOND_LEVELS: Final = frozenset(
    (
        "ac", "asso", "co", "com", "edu", "firm", "gen", "gob", "gouv", "gov", "govt", "gub",
        "info", "int", "krd", "ltd", "mil", "name", "net", "nhs", "nic", "nom", "ne", "or", "org",
        "plc", "police", "pro", "sch", "school",
    )
)
# fmt: on


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
    )


_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


def site(host: str) -> str:
    """The site that a host belongs to: the name that somebody registered.

    The public suffix list would have to be fetched and kept; this is a rule in its place: two
    labels, three below what countries use as a second level, and the whole host below a domain that
    strangers share. It is there to tell neighbours from strangers, not to be complete: a registry
    that names a realm has the credential's trust already.

    >>> site("registry.example.com"), site("registry.example.co.uk"), site("acme.azurecr.io")
    ('example.com', 'example.co.uk', 'acme.azurecr.io')
    """
    if is_address(host):
        return host
    labels = host.split(".")
    if any(".".join(labels[start:]) in _SHARED for start in range(len(labels))):
        return host
    second, top = labels[-2:] if len(labels) > 1 else ("", host)
    country = len(top) == 2 and (second in _SECOND_LEVELS or len(second) <= 2)
    return ".".join(labels[-3 if country else -2 :])


def is_address(host: str) -> bool:
    """Whether a host is an IP address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
