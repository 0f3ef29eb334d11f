"""Registries whose token server is on another site than they are.

Each row was seen in a challenge of that registry, or is in its provider's documentation.
"""

from __future__ import annotations

import re
from typing import Final

from attrs import frozen

__all__ = ["KNOWN_REALMS", "KnownRealm", "is_known_realm"]


@frozen
class KnownRealm:
    """Which token servers belong to which registries.

    Attributes:
        registry: the hosts of the registries, as a regular expression.
        realm: the hosts of their token servers, as a regular expression.
        source: where this is known from.
    """

    registry: re.Pattern[str]
    realm: re.Pattern[str]
    source: str


# An Alibaba region. Buckets of its object storage, which anybody can name, are below ``oss-…``.
_REGION: Final = r"[a-z]{2}-[a-z]+(?:-[0-9a-z]+)*"
_ALIBABA: Final = (
    "https://www.alibabacloud.com/help/en/ack (domain names that nodes reach: dockerauth.{region}, "
    "dockerauth-ee.{region}, dockerauth-{region} in Zhangjiakou); challenges of a registry in one "
    "region name another region's server"
)


def _row(registry: str, realm: str, source: str) -> KnownRealm:
    return KnownRealm(re.compile(registry), re.compile(realm), source)


KNOWN_REALMS: Final = (
    _row(
        r"(?:index\.|registry-1\.)?docker\.io|registry\.hub\.docker\.com",
        r"auth\.docker\.io",
        "https://docs.docker.com/reference/api/registry/auth/",
    ),
    _row(
        r"lscr\.io",
        r"ghcr\.io",
        "https://github.com/getwud/wud/issues/143",
    ),
    _row(
        r"rg\.[a-z]{2}-[a-z]{3}\.scw\.cloud",
        r"api\.scaleway\.com",
        "https://www.scaleway.com/en/developers/api/registry/",
    ),
    _row(
        # The shared registries, the personal ones; with an ending for other networks.
        rf"registry(?:-vpc|-intl|-internal)?\.{_REGION}\.aliyuncs\.com"
        rf"|[a-z0-9-]+\.{_REGION}\.personal\.cr\.aliyuncs\.com",
        rf"dockerauth(?:-vpc)?[.-]{_REGION}\.aliyuncs\.com",
        _ALIBABA,
    ),
    _row(
        # Enterprise instances.
        rf"[a-z0-9-]+-registry(?:-vpc)?\.{_REGION}\.cr\.aliyuncs\.com",
        rf"dockerauth(?:-ee)?(?:-vpc)?[.-]{_REGION}\.aliyuncs\.com",
        _ALIBABA,
    ),
)
"""The table."""


def is_known_realm(registry: str, realm: str) -> bool:
    """Whether a token server's host is known to belong to a registry's host."""
    return any(
        row.registry.fullmatch(registry) and row.realm.fullmatch(realm) for row in KNOWN_REALMS
    )
