"""What is wrong with a node's providers, or may not be as it was meant: the codes PS6xx.

Each function looks at one thing and yields remarks; none opens a file. A kubelet says nothing of
most of this, and each mistake hides those behind it: so each is looked for by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Final

from attrs import frozen

from pullsecrets.matching import pattern_matches
from pullsecrets.node.answers import ProviderAnswer
from pullsecrets.node.audiences import AudienceGrant, granted_tokens
from pullsecrets.node.decoding import Path
from pullsecrets.node.node import Answer
from pullsecrets.node.patterns import Miss, MissCode, miss_of_every_image, nearest_miss
from pullsecrets.node.plugins import Provider
from pullsecrets.node.provider_config import InvalidProviderConfig, Providers, file_name
from pullsecrets.node.providers import Asked, PodAccount
from pullsecrets.node.versions import RELEASES, Gate
from pullsecrets.secrecy import printable

__all__ = [
    "Remark",
    "check_accounts",
    "check_answers",
    "check_asked",
    "check_config",
    "check_images",
    "check_providers",
    "is_meant",
]


@frozen
class Remark:
    """Something about a node's providers that is not, or may not be, as it was meant.

    Attributes:
        code: Its code: ``PS601``.
        sentence: What it is. Safe to show.
        provider: The name of the provider that it is about, None where it is not about one.
        path: The field of the configuration, empty where it is not about one.
        instead: What to write there; tried. None where nothing is known.
        file: The configuration's file, None where it was read from none.
    """

    code: str
    sentence: str
    provider: str | None = None
    path: Path = ()
    instead: str | None = None
    file: str | None = None

    def __str__(self) -> str:
        return printable(self.sentence)


def check_config(providers: Providers) -> Iterator[Remark]:
    """PS605: what the first later version that refuses the configuration will say.

    Args:
        providers: Providers that were read from documents.
    """
    for release in RELEASES:
        if not providers.documents or release <= providers.kubernetes:
            continue
        try:
            providers.read_by(release)
        except InvalidProviderConfig as error:
            files = {file_name(each.file): each.file for each in providers.documents}
            for fault in error.errors:
                sentence = f"the kubelet from {release} on does not start with this: {fault}"
                file = files.get(fault.document)
                yield Remark("PS605", sentence, path=fault.path, file=file)
            return


def _found(
    code: str,
    sentence: str,
    providers: Providers,
    at: int,
    *path: str | int,
    instead: str | None = None,
) -> Remark:
    """A remark about the provider at a place."""
    file, place = providers.locate(at)
    name = providers.providers[at].name
    return Remark(code, sentence, name, ("providers", place, *path), instead, file)


def _and_more(names: Iterable[str]) -> str:
    first, *others = names
    return f"{first} and {len(others):,} more" if others else first


def check_providers(providers: Providers) -> Iterator[Remark]:
    """PS601, PS602, PS608 and PS609: what the configuration shows by itself."""
    for at, provider in enumerate(providers):
        for index, pattern in enumerate(provider.match_images):
            path = "matchImages", index
            if (miss := miss_of_every_image(pattern)) is not None:
                sentence = f"provider {provider.name} is never asked by this pattern: {miss}"
                yield _found("PS601", sentence, providers, at, *path, instead=miss.instead)
            for sentence in _overlaps(providers, at, pattern):
                yield _found("PS602", sentence, providers, at, *path)
        if provider.default_cache_duration == timedelta():
            sentence = (
                f"provider {provider.name} runs for each pull unless its answer says how long it "
                "is kept: defaultCacheDuration is 0"
            )
            yield _found("PS608", sentence, providers, at, "defaultCacheDuration")
        left_out = _left_out(provider)
        if left_out:
            shown = ", ".join(left_out)
            sentence = f"provider {provider.name} knows hosts for which it is not asked: {shown}"
            yield _found("PS609", sentence, providers, at, "matchImages")


def _overlaps(providers: Providers, at: int, pattern: str) -> Iterator[str]:
    own = providers.providers[at]
    for other in providers.providers[:at]:
        wider = next((each for each in other.match_images if _covers(each, pattern)), None)
        if wider is not None:
            yield (
                f"for each image of '{pattern}' provider {other.name} runs, too, by its pattern "
                f"'{wider}', and provider {own.name} only adds to what that one gives"
            )


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


def _left_out(provider: Provider) -> list[str]:
    known = _KNOWN_HOSTS.get(provider.name.removesuffix(".exe"), ())
    return [
        each
        for each in known
        if not any(_covers(pattern, f"{each}/") for pattern in provider.match_images)
    ]


_FAR: Final = frozenset({MissCode.PATH, MissCode.HOST})


def _near_miss(provider: Provider, image_name: str) -> Miss | None:
    """The pattern that was most likely meant for an image, where none matches it."""
    miss = nearest_miss(provider.match_images, image_name)
    return None if miss is None or miss.code in _FAR else miss


def check_images(providers: Providers, image_names: Iterable[str]) -> Iterator[Remark]:
    """PS603: images that a provider just misses, by a pattern that may match others.

    Args:
        providers: The kubelet's providers.
        image_names: Normalised names of images, without tag and digest.
    """
    names = tuple(dict.fromkeys(image_names))
    for at, provider in enumerate(providers):
        missed: dict[Miss, list[str]] = {}
        for name in names:
            miss = _near_miss(provider, name)
            if miss is not None and not miss_of_every_image(miss.pattern):
                missed.setdefault(miss, []).append(name)
        for miss, images in missed.items():
            sentence = f"provider {provider.name} is not asked for {_and_more(images)}: {miss}"
            index = provider.match_images.index(miss.pattern)
            path = "matchImages", index
            yield _found("PS603", sentence, providers, at, *path, instead=miss.instead)


def check_accounts(
    providers: Providers,
    pulls: Iterable[tuple[PodAccount, str]],
    grants: Iterable[AudienceGrant],
) -> Iterator[Remark]:
    """PS606 and PS607: service accounts whose pods get nothing of a provider in token mode.

    Args:
        providers: The kubelet's providers.
        pulls: The service accounts of pods, and the names of their images. An account counts for a
            provider if a pattern matches an image, or just misses it, which is another mistake.
        grants: What RBAC lets nodes ask for.
    """
    known = tuple(dict.fromkeys(pulls))
    restricted = providers.kubernetes.audience_restriction is Gate.ON
    granted = granted_tokens(grants)
    for at, provider in enumerate(providers):
        token = provider.token
        if token is None:
            continue
        lacking: dict[str, list[str]] = {}
        refused: list[str] = []
        for account in dict.fromkeys(each for each, name in known if is_meant(provider, name)):
            called = f"{account.namespace}/{account.name}"
            keys = [key for key in token.required_annotations if key not in account.annotations]
            if account.exists and keys:
                lacking.setdefault(", ".join(keys), []).append(called)
            if restricted and not granted(token.audience, account.namespace, account.name):
                refused.append(called)
        for keys_lacking, accounts in lacking.items():
            sentence = (
                f"provider {provider.name} is not asked for pods of service account "
                f"{_and_more(accounts)}, which lacks the annotation {keys_lacking}"
            )
            yield _found("PS607", sentence, providers, at, "tokenAttributes")
        if refused:
            sentence = (
                "no rule among the manifests lets nodes have a token of service account "
                f"{_and_more(refused)} for the audience {token.audience}, so provider "
                f"{provider.name} is not asked unless the pod has it in a volume"
            )
            path = "tokenAttributes", "serviceAccountTokenAudience"
            yield _found("PS606", sentence, providers, at, *path)


def is_meant(provider: Provider, image_name: str) -> bool:
    """Whether a provider is asked for an image, or its patterns just miss it.

    Args:
        provider: The provider.
        image_name: The image's normalised name, without tag and digest.
    """
    matches = any(pattern_matches(pattern, image_name) for pattern in provider.match_images)
    return matches or _near_miss(provider, image_name) is not None


def check_answers(providers: Providers, answers: Mapping[str, Answer]) -> Iterator[Remark]:
    """PS610: recorded answers that the kubelet refuses, whether it would ask for them or not."""
    for at, provider in enumerate(providers):
        answer = answers.get(provider.name)
        if isinstance(answer, ProviderAnswer):
            read = answer.read(provider, providers.kubernetes)
            for fault in read if isinstance(read, tuple) else ():
                sentence = f"the answer of provider {provider.name} is refused: {fault}"
                yield _found("PS610", sentence, providers, at)


def check_asked(providers: Providers, asked: Iterable[Asked]) -> Iterator[Remark]:
    """PS611: answers that are not for the image that was asked for.

    Args:
        providers: The kubelet's providers.
        asked: Which of them are asked for the images, with what they answer.
    """
    useless: dict[str, dict[str, None]] = {}
    for each in asked:
        name = each.request.image
        if each.response is not None and each.response.auths and not each.response.serving(name):
            useless.setdefault(each.provider.name, {})[name] = None
    for at, provider in enumerate(providers):
        if provider.name in useless:
            sentence = (
                f"provider {provider.name} answers for {_and_more(useless[provider.name])} with "
                "entries that do not match it: it gives nothing, and the answer is kept"
            )
            yield _found("PS611", sentence, providers, at)
