"""Hypothesis strategies for authors of credential provider plugins (extra ``testing``).

`provider_requests` draws what a plugin's program may read, `provider_responses` what one may say,
and `BROKEN_RESPONSES` holds an answer for each way in which the kubelet refuses one:

>>> from pullsecrets.node.answers import ProviderAnswer
>>> from pullsecrets.node.plugins import Provider
>>> from pullsecrets.node.versions import NEWEST
>>> answer = ProviderAnswer.from_stdout(BROKEN_RESPONSES["cache-key-type"])
>>> [fault.code.value for fault in answer.read(Provider("p", ("quay.io",)), NEWEST)]
['cache-key-type']
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from pullsecrets.errors import MissingExtra
from pullsecrets.node.answers import CacheKeyType
from pullsecrets.node.plugins import EXEC_API_VERSIONS
from pullsecrets.node.providers import ProviderRequest
from pullsecrets.secrecy import Password

try:
    from hypothesis import strategies as st
except ImportError as _error:
    raise MissingExtra("drawing answers of providers with hypothesis", "testing") from _error

# Behind that: it needs hypothesis, too.
from pullsecrets.testing.strategies import credentials, entries, images

__all__ = ["BROKEN_RESPONSES", "provider_requests", "provider_responses"]

_V1: Final = EXEC_API_VERSIONS[0]
_DURATIONS: Final = (None, "0s", "5m", "1h30m", "12h0m0s", "-1s")
_TOKENS: Final = ("e30.e30.c2ln", "header.payload.signature")
_ANNOTATIONS: Final[st.SearchStrategy[dict[str, str]]] = st.dictionaries(
    st.sampled_from(("eks.amazonaws.com/ecr-role-arn", "example.com/tenant", "team")),
    st.sampled_from(("arn:aws:iam::123456789012:role/pull", "a\nb", "ü", "")),
)


@st.composite
def provider_requests(draw: st.DrawFn) -> ProviderRequest:
    """What a program may be asked: each image, each version, with and without a token."""
    api_version = draw(st.sampled_from(EXEC_API_VERSIONS))
    image = draw(images()).name
    if api_version != _V1 or not draw(st.booleans()):
        return ProviderRequest(api_version, image)
    token = Password(draw(st.sampled_from(_TOKENS)))
    return ProviderRequest(_V1, image, "sts.example.com", token, draw(_ANNOTATIONS))


@st.composite
def provider_responses(draw: st.DrawFn, *, api_version: str = _V1) -> str:
    """What a program may print: answers that every release of the kubelet takes.

    Args:
        draw: Hypothesis' own.
        api_version: The provider's ``apiVersion``.
    """
    document: dict[str, Any] = {
        "kind": "CredentialProviderResponse",
        "apiVersion": api_version,
        "cacheKeyType": draw(st.sampled_from(CacheKeyType)).value,
    }
    if draw(st.booleans()):
        document["cacheDuration"] = draw(st.sampled_from(_DURATIONS))
    auths = draw(st.dictionaries(entries(), st.none() | credentials(), max_size=3))
    document["auth"] = {
        entry: given and {"username": given.username, "password": given.password.reveal()}
        for entry, given in auths.items()
    }
    return draw(st.sampled_from(["", "\n"])) + json.dumps(document) + "\n"


def _broken(**fields: Any) -> str:
    document = {
        "kind": "CredentialProviderResponse",
        "apiVersion": _V1,
        "cacheKeyType": "Registry",
        "auth": {"quay.io": {"username": "user", "password": "password"}},
    }
    return json.dumps(document | fields)


BROKEN_RESPONSES: Final[Mapping[str, str]] = {
    "document": "quay.io: user:password",
    "kind": _broken(kind="CredentialProviderRequest"),
    "api-version": _broken(apiVersion="v1"),
    "type": _broken(auth=["quay.io"]),
    "duration": _broken(cacheDuration="5M"),
    "unknown-field": _broken(expires="5m"),
    "repeated-field": _broken().replace('"kind"', '"cacheKeyType": "Image", "kind"'),
    "cache-key-type": _broken(cacheKeyType="registry"),
}
"""The code of a fault → what a program prints that has it, and no other."""
