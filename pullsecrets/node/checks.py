"""What is wrong with a node's providers, or may not be as it was meant: the codes PS6xx.

Each function looks at one thing and yields findings; none opens a file. A kubelet says nothing of
most of this, and each mistake hides those behind it: so each is looked for by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Final

from attrs import frozen

from pullsecrets.matching import pattern_matches
from pullsecrets.node.answers import ProviderAnswer
from pullsecrets.node.audiences import AudienceGrant
from pullsecrets.node.decoding import Document, Path, hide
from pullsecrets.node.node import Answer, Contribution
from pullsecrets.node.patterns import MissCode, miss_of_every_image, nearest_miss
from pullsecrets.node.plugins import Provider
from pullsecrets.node.provider_config import InvalidProviderConfig, Providers
from pullsecrets.node.providers import PodAccount
from pullsecrets.node.versions import RELEASES, Gate, Release
from pullsecrets.secrecy import printable

__all__ = [
    "Finding",
    "check_accounts",
    "check_answers",
    "check_config",
    "check_image",
    "check_images",
    "check_providers",
]


@frozen
class Finding:
    """Something about a node's providers that is not, or may not be, as it was meant.

    Attributes:
        code: Its code: ``PS601``.
        sentence: What it is. Safe to show.
        provider: The name of the provider that it is about, None where it is not about one.
        path: The field of the configuration, empty where it is not about one.
        instead: What to write there; tried. None where nothing is known.
        document: The configuration's file, where there are several.
    """

    code: str
    sentence: str
    provider: str | None = None
    path: Path = ()
    instead: str | None = None
    document: str | None = None

    def __str__(self) -> str:
        return printable(self.sentence)


def check_config(
    *documents: Document, kubernetes: str | Release | None = None
) -> Iterator[Finding]:
    """PS604 and PS605: what this version refuses, and what the first one that does will.

    Args:
        documents: As `Providers.from_config` takes them.
        kubernetes: The kubelet's version.
    """
    hidden = tuple(map(hide, documents))
    del documents  # no traceback shows what this frame was given
    release = Release.parse(kubernetes)
    for each in RELEASES:
        if each < release:
            continue
        try:
            Providers.from_config(*hidden, kubernetes=each)
        except InvalidProviderConfig as error:
            code, when = ("PS604", "") if each == release else ("PS605", f"from {each} on ")
            for fault in error.errors:
                sentence = f"the kubelet {when}does not start with this: {fault}"
                yield Finding(code, sentence, None, fault.path, None, fault.document)
            return


def check_providers(providers: Providers) -> Iterator[Finding]:
    """PS601, PS602, PS608 and PS609: what the configuration shows by itself."""
    for at, provider in enumerate(providers):
        for index, pattern in enumerate(provider.match_images):
            path: Path = ("providers", at, "matchImages", index)
            if (miss := miss_of_every_image(pattern)) is not None:
                sentence = f"provider {provider.name} is never asked by this pattern: {miss}"
                yield Finding("PS601", sentence, provider.name, path, miss.instead)
            yield from _overlaps(providers, at, pattern, path)
        if provider.default_cache_duration == timedelta():
            sentence = (
                f"provider {provider.name} runs for each pull unless its answer says how long it "
                "is kept: defaultCacheDuration is 0"
            )
            where = ("providers", at, "defaultCacheDuration")
            yield Finding("PS608", sentence, provider.name, where)
        yield from _left_out(provider, at)


def _overlaps(providers: Providers, at: int, pattern: str, path: Path) -> Iterator[Finding]:
    own = providers.providers[at]
    for other in providers.providers[:at]:
        wider = next((each for each in other.match_images if _covers(each, pattern)), None)
        if wider is not None:
            sentence = (
                f"for each image of '{pattern}' provider {other.name} runs, too, by its pattern "
                f"'{wider}', and provider {own.name} only adds to what that one gives"
            )
            yield Finding("PS602", sentence, own.name, path)


def _covers(wider: str, pattern: str) -> bool:
    # A glob matches the text of a glob, so a pattern can be put in the place of a name.
    return pattern_matches(wider, pattern)


# The patterns of the hosts that the clouds' own plugins know (D9).
_KNOWN_HOSTS: Final[Mapping[str, tuple[str, ...]]] = {
    "ecr-credential-provider": (
        "*.dkr.ecr.*.amazonaws.com",
        "*.dkr.ecr.*.amazonaws.com.cn",
        "*.dkr.ecr-fips.*.amazonaws.com",
        "*.dkr-ecr.*.on.aws",
        "public.ecr.aws",
    ),
    "acr-credential-provider": ("*.azurecr.io", "*.azurecr.cn", "*.azurecr.de", "*.azurecr.us"),
    "auth-provider-gcp": ("container.cloud.google.com", "gcr.io", "*.gcr.io", "*.pkg.dev"),
}


def _left_out(provider: Provider, at: int) -> Iterator[Finding]:
    known = _KNOWN_HOSTS.get(provider.name.removesuffix(".exe"), ())
    left_out = [
        each
        for each in known
        if not any(_covers(pattern, f"{each}/") for pattern in provider.match_images)
    ]
    if left_out:
        shown = ", ".join(left_out)
        sentence = f"provider {provider.name} knows hosts for which it is not asked: {shown}"
        yield Finding("PS609", sentence, provider.name, ("providers", at, "matchImages"))


_NEAR: Final = frozenset(MissCode) - {MissCode.PATH, MissCode.HOST, MissCode.NO_IMAGE}


def check_images(providers: Providers, image_names: Iterable[str]) -> Iterator[Finding]:
    """PS603: images that a provider just misses, by a pattern that may match others.

    Args:
        providers: The kubelet's providers.
        image_names: Normalised names of images, without tag and digest.
    """
    for name in dict.fromkeys(image_names):
        for at, provider in enumerate(providers):
            miss = nearest_miss(provider.match_images, name)
            if miss is None or miss.code not in _NEAR or miss_of_every_image(miss.pattern):
                continue
            sentence = f"provider {provider.name} is not asked for {name}: {miss}"
            index = provider.match_images.index(miss.pattern)
            path = ("providers", at, "matchImages", index)
            yield Finding("PS603", sentence, provider.name, path, miss.instead)


def check_accounts(
    providers: Providers, accounts: Iterable[PodAccount], grants: Iterable[AudienceGrant]
) -> Iterator[Finding]:
    """PS606 and PS607: service accounts whose pods get nothing of a provider in token mode.

    Args:
        providers: The kubelet's providers.
        accounts: The service accounts of the pods.
        grants: What RBAC lets nodes ask for.
    """
    restricted = providers.kubernetes.audience_restriction is Gate.ON
    known = tuple(grants)
    for account in dict.fromkeys(accounts):
        for at, provider in enumerate(providers):
            token = provider.token
            if token is None:
                continue
            path: Path = ("providers", at, "tokenAttributes")
            called = f"{account.namespace}/{account.name}"
            lacking = [key for key in token.required_annotations if key not in account.annotations]
            if account.exists and lacking:
                sentence = (
                    f"provider {provider.name} is not asked for pods of service account {called}, "
                    f"which lacks the annotation {', '.join(lacking)}"
                )
                yield Finding("PS607", sentence, provider.name, path)
            if restricted and not any(
                grant.allows(token.audience, account.namespace, account.name) for grant in known
            ):
                sentence = (
                    f"no rule among the manifests lets nodes have a token of service account "
                    f"{called} for the audience {token.audience}, so provider {provider.name} is "
                    "not asked unless the pod has it in a volume"
                )
                where = (*path, "serviceAccountTokenAudience")
                yield Finding("PS606", sentence, provider.name, where)


def check_answers(providers: Providers, answers: Mapping[str, Answer]) -> Iterator[Finding]:
    """PS610: recorded answers that the kubelet refuses, whether it would ask for them or not."""
    for at, provider in enumerate(providers):
        answer = answers.get(provider.name)
        if isinstance(answer, ProviderAnswer):
            read = answer.read(provider, providers.kubernetes)
            for fault in read if isinstance(read, tuple) else ():
                sentence = f"the answer of provider {provider.name} is refused: {fault}"
                yield Finding("PS610", sentence, provider.name, ("providers", at))


def check_image(
    image_name: str, contribution: Contribution, *, has_candidates: bool
) -> Iterator[Finding]:
    """PS611 and PS612: answers that are not for the image, and an image that nobody serves.

    Args:
        image_name: The image's normalised name, without tag and digest.
        contribution: What the node adds for it.
        has_candidates: Whether there is any credential for it, wherever it comes from.
    """
    for asked in contribution.asked:
        response = asked.response
        if response is not None and response.auths and not response.serving(image_name):
            sentence = (
                f"provider {asked.provider.name} answers for {image_name} with entries that do "
                "not match it: it gives nothing, and the answer is kept"
            )
            yield Finding("PS611", sentence, asked.provider.name)
    if not has_candidates and not contribution.asked:
        sentence = f"{image_name} is served by no secret, by no file of the node and no provider"
        yield Finding("PS612", sentence)
