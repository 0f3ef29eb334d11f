"""Registries: the hosts that images are pulled from."""

from __future__ import annotations

from typing import Final

from attrs import frozen

from pullsecrets._go.url import split_host_port

__all__ = ["DOCKER_HUB", "DOCKER_HUB_KEY", "Registry"]

DOCKER_HUB: Final = "docker.io"
"""The domain of Docker Hub's images in their normalised names (distribution/reference)."""

DOCKER_HUB_KEY: Final = "index.docker.io"
"""The key of Docker Hub's credentials (rule 14; the kubelet's ``defaultRegistryHost``)."""

_DOCKER_HUB_API: Final = "registry-1.docker.io"


@frozen
class Registry:
    """A registry as image names spell it.

    Attributes:
        host: The host: a DNS name, an IPv4 address, or an IPv6 address without its brackets. Letter
            case is kept, the kubelet's matching minds it.
        port: The port's digits as written, empty where none is named.

    >>> Registry.parse("registry.example.com:5000").port
    '5000'
    """

    host: str
    port: str = ""

    @classmethod
    def parse(cls, text: str) -> Registry:
        """Take ``host``, ``host:port``, ``[v6]`` or ``[v6]:port`` apart."""
        host, port = split_host_port(text)
        return cls(host.removeprefix("[").removesuffix("]"), port)

    @property
    def name(self) -> str:
        """``host`` or ``host:port``, as it begins an image's name."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}" if self.port else host

    @property
    def is_docker_hub(self) -> bool:
        """Whether this is the registry of images that name none."""
        return self.name == DOCKER_HUB

    @property
    def api_host(self) -> str:
        """The host, with its port, that answers the registry API (rule 18)."""
        return _DOCKER_HUB_API if self.is_docker_hub else self.name

    def __str__(self) -> str:
        return self.name
