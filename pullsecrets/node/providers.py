"""Which credential provider plugins the kubelet asks for an image, and for what.

Facts D7, D11 and D16 to D22 (``pkg/credentialprovider/plugin/plugin.go``). A provider is asked when
one of its patterns matches the image. In token mode it also needs the pod's service account. The
kubelet says nothing of a provider that it leaves out; here each has its reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Final

from attrs import field, frozen

from pullsecrets._go.json import write_json
from pullsecrets.frozen import FrozenDict
from pullsecrets.matching import pattern_matches
from pullsecrets.node.answers import CacheKeyType, Response
from pullsecrets.node.decoding import Fault
from pullsecrets.node.patterns import Miss, nearest_miss
from pullsecrets.node.plugins import CacheType, Provider, TokenAttributes
from pullsecrets.node.provider_config import Providers
from pullsecrets.secrecy import Password, printable

__all__ = [
    "Asked",
    "CacheKey",
    "NotAsked",
    "NotAskedCode",
    "PodAccount",
    "ProviderRequest",
    "consult",
]


def _frozen(annotations: Mapping[str, str]) -> Mapping[str, str]:
    return FrozenDict(annotations)


def _frozen_if_known(annotations: Mapping[str, str] | None) -> Mapping[str, str] | None:
    return None if annotations is None else FrozenDict(annotations)


@frozen
class PodAccount:
    """The service account of a pod, as the kubelet has it for providers (D22).

    Attributes:
        namespace: Its namespace, which is the pod's.
        name: Its name.
        uid: Its UID, empty where it is not known.
        annotations: Its annotations, None where they are not known: a provider that requires some
            is then taken to be asked. Read-only.
        exists: Whether the kubelet can read it.
        audiences: The audiences for which the API server is known to give the node its tokens,
            ``*`` for each (D23).
        other_audiences: Whether it may give them for others, too, as not all that allows it is
            known. A provider is then taken to be asked.
        token: The token that is given, None where it is not known. Hidden.
    """

    namespace: str
    name: str
    uid: str = ""
    annotations: Mapping[str, str] | None = field(factory=dict, converter=_frozen_if_known)
    exists: bool = True
    audiences: frozenset[str] = frozenset()
    other_audiences: bool = True
    token: Password | None = None

    def gets_token(self, audience: str) -> bool | None:
        """Whether the API server gives the node a token for an audience; None: not known."""
        if audience in self.audiences or "*" in self.audiences:
            return True
        return None if self.other_audiences else False

    def lacks(self, annotations: Iterable[str]) -> tuple[str, ...]:
        """Those of some annotations that it is known not to have."""
        if self.annotations is None:
            return ()
        return tuple(key for key in annotations if key not in self.annotations)


@frozen
class ProviderRequest:
    """What a provider's program reads from its standard input (D11).

    Attributes:
        api_version: The provider's ``apiVersion``.
        image: The image's normalised name, without tag and digest.
        audience: The audience of the token that it holds; None where it holds none.
        token: The token, None where there is none or it is not known. Hidden.
        annotations: Annotations of the service account that are passed on. Read-only.
    """

    api_version: str
    image: str
    audience: str | None = None
    token: Password | None = None
    annotations: Mapping[str, str] = field(factory=dict, converter=_frozen)

    def to_json(self) -> str:
        """The document, with the token in the clear. One that is not known is left out."""
        document: dict[str, Any] = {
            "kind": "CredentialProviderRequest",
            "apiVersion": self.api_version,
            "image": self.image,
        }
        if self.token:
            document["serviceAccountToken"] = self.token.reveal()
        if self.annotations:
            document["serviceAccountAnnotations"] = dict(sorted(self.annotations.items()))
        return write_json(document)


@frozen
class CacheKey:
    """Under what an answer is kept: equal for images and pods that share it (D17, D18).

    Attributes:
        key_type: What the answer is kept for.
        base: The image's name, its registry, or an empty string.
        account: Namespace, name and UID of the service account, None where it has no part in it.
        annotations: The annotations that were passed on, sorted.
        per_token: Whether another token of that account is another key.
    """

    key_type: CacheKeyType
    base: str
    account: tuple[str, str, str] | None = None
    annotations: tuple[tuple[str, str], ...] = ()
    per_token: bool = False


@frozen
class Asked:
    """A provider that is asked for an image, and what became of it.

    Attributes:
        provider: The provider.
        pattern: The first of its patterns that matches.
        request: What it is asked.
        account: The service account whose token it gets, None where it gets none.
        response: Its answer; None where there is none that the kubelet takes.
        faults: What is wrong with its answer.
    """

    provider: Provider
    pattern: str
    request: ProviderRequest
    account: PodAccount | None = None
    response: Response | None = None
    faults: tuple[Fault, ...] = ()

    @property
    def is_answered(self) -> bool:
        """Whether its answer is known, be it one that the kubelet refuses."""
        return self.response is not None or bool(self.faults)

    def cache_key(self, key_type: CacheKeyType) -> CacheKey:
        """The key under which an answer of that type would be kept for this request."""
        image = self.request.image
        bases = {
            CacheKeyType.IMAGE: image,
            CacheKeyType.REGISTRY: image.partition("/")[0],
            CacheKeyType.GLOBAL: "",
        }
        account, token = self.account, self.provider.token
        if account is None or token is None:
            return CacheKey(key_type, bases[key_type])
        return CacheKey(
            key_type,
            bases[key_type],
            (account.namespace, account.name, account.uid),
            tuple(sorted(self.request.annotations.items())),
            token.cache_type is CacheType.TOKEN,
        )


class NotAskedCode(StrEnum):
    """Why a provider is not asked."""

    NO_PATTERN = "no-pattern"
    NO_SERVICE_ACCOUNT = "no-service-account"
    SERVICE_ACCOUNT_MISSING = "service-account-missing"
    ANNOTATION_MISSING = "annotation-missing"
    TOKEN_REFUSED = "token-refused"


_SENTENCES: Final = {
    NotAskedCode.NO_PATTERN: "no pattern matches the image",
    NotAskedCode.NO_SERVICE_ACCOUNT: "it requires a service account, and the pod has none",
    NotAskedCode.SERVICE_ACCOUNT_MISSING: "the pod's service account cannot be read",
    NotAskedCode.ANNOTATION_MISSING: "the pod's service account lacks a required annotation",
    NotAskedCode.TOKEN_REFUSED: "the API server gives the node no token for its audience",
}


@frozen
class NotAsked:
    """A provider that is not asked for an image.

    Attributes:
        provider: The provider.
        image: The image's normalised name, without tag and digest.
        code: Why not.
        annotation: The first required annotation that is missing, where that is why.
    """

    provider: Provider
    image: str
    code: NotAskedCode
    annotation: str | None = None

    @property
    def miss(self) -> Miss | None:
        """The pattern that comes nearest to the image, if no pattern matches it."""
        # Found when it is asked for: most providers are not meant for most images.
        return nearest_miss(self.provider.match_images, self.image)

    @property
    def reason(self) -> str:
        """Why not, in words that are safe to show."""
        miss = self.miss
        details = {
            NotAskedCode.NO_PATTERN: miss and str(miss),
            NotAskedCode.ANNOTATION_MISSING: self.annotation,
            NotAskedCode.TOKEN_REFUSED: self.provider.token and self.provider.token.audience,
        }
        detail = details.get(self.code)
        text = _SENTENCES[self.code]
        return printable(f"{text}: {detail}" if detail else text)

    def __str__(self) -> str:
        return printable(f"provider {self.provider.name} is not asked: {self.reason}")


def consult(
    providers: Providers, image_name: str, account: PodAccount | None = None
) -> tuple[Asked | NotAsked, ...]:
    """What the kubelet does with each provider for an image, in the order in which it does.

    Args:
        providers: The kubelet's providers.
        image_name: The image's normalised name, without tag and digest.
        account: The pod's service account, None for a pod without.
    """
    return tuple(_consult(provider, image_name, account) for provider in providers.in_order)


def _consult(provider: Provider, image_name: str, account: PodAccount | None) -> Asked | NotAsked:
    matching = (each for each in provider.match_images if pattern_matches(each, image_name))
    pattern = next(matching, None)
    if pattern is None:
        return NotAsked(provider, image_name, NotAskedCode.NO_PATTERN)
    plain = Asked(provider, pattern, ProviderRequest(provider.api_version, image_name))
    token = provider.token
    if token is None:
        return plain
    if account is None:
        if token.require_service_account:
            return NotAsked(provider, image_name, NotAskedCode.NO_SERVICE_ACCOUNT)
        return plain
    if not account.exists:
        return NotAsked(provider, image_name, NotAskedCode.SERVICE_ACCOUNT_MISSING)
    lacking = account.lacks(token.required_annotations)
    if lacking:
        return NotAsked(provider, image_name, NotAskedCode.ANNOTATION_MISSING, lacking[0])
    if account.gets_token(token.audience) is False:
        return NotAsked(provider, image_name, NotAskedCode.TOKEN_REFUSED)
    return Asked(provider, pattern, _request(provider, token, image_name, account), account)


def _request(
    provider: Provider, token: TokenAttributes, image_name: str, account: PodAccount
) -> ProviderRequest:
    passed = (*token.required_annotations, *token.optional_annotations)
    known = account.annotations or {}
    annotations = {key: known[key] for key in passed if key in known}
    return ProviderRequest(
        provider.api_version, image_name, token.audience, account.token, annotations
    )
