"""A credential provider plugin, as a kubelet's configuration has it (D3)."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Final

from attrs import frozen

from pullsecrets.secrecy import Password

__all__ = ["EXEC_API_VERSIONS", "CacheType", "Provider", "TokenAttributes"]

EXEC_API_VERSIONS: Final = tuple(
    f"credentialprovider.kubelet.k8s.io/{version}" for version in ("v1", "v1beta1", "v1alpha1")
)
"""The apiVersions of requests and answers, the newest first."""


class CacheType(StrEnum):
    """Whether answers are kept for each token, or for each service account (D18)."""

    TOKEN = "Token"
    SERVICE_ACCOUNT = "ServiceAccount"


@frozen
class TokenAttributes:
    """That a provider gets a token of the pod's service account, and which (D22).

    Attributes:
        audience: The token's audience.
        require_service_account: Whether the provider is left out for a pod that has none.
        cache_type: What answers are kept for; None up to 1.33, where it is the service account.
        required_annotations: Annotations of the service account without which the provider is left
            out; they are passed on.
        optional_annotations: Annotations that are passed on where they are there.
    """

    audience: str
    require_service_account: bool
    cache_type: CacheType | None = None
    required_annotations: tuple[str, ...] = ()
    optional_annotations: tuple[str, ...] = ()


@frozen
class Provider:
    """A credential provider plugin.

    Attributes:
        name: Its name, which is that of its program.
        match_images: The patterns of images that it is asked for, as written.
        default_cache_duration: How long an answer is kept that does not say how long.
        api_version: The apiVersion of its requests and answers.
        args: The program's arguments. Hidden, as one may be a secret.
        env: What is added to its environment: names and hidden values.
        token: What it gets of the pod's service account, None outside of token mode.
    """

    name: str
    match_images: tuple[str, ...]
    default_cache_duration: timedelta = timedelta()
    api_version: str = EXEC_API_VERSIONS[0]
    args: tuple[Password, ...] = ()
    env: tuple[tuple[str, Password], ...] = ()
    token: TokenAttributes | None = None
