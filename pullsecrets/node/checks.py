"""What is wrong with a node's providers, or may not be as it was meant: the codes PS6xx.

Each function looks at one thing and yields remarks; none opens a file. A kubelet says nothing of
most of this, and each mistake hides those behind it: so each is looked for by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from itertools import takewhile
from typing import Final

from attrs import frozen

from pullsecrets._go.url import BadURL
from pullsecrets.matching import Pattern, compare, pattern_matches
from pullsecrets.node.answers import ProviderAnswer
from pullsecrets.node.decoding import Fault, Path
from pullsecrets.node.node import Answer
from pullsecrets.node.patterns import Miss, Patterns, miss_of_every_image
from pullsecrets.node.plugins import Provider
from pullsecrets.node.provider_config import InvalidProviderConfig, Providers, file_name
from pullsecrets.node.providers import Asked, PodAccount
from pullsecrets.node.versions import RELEASES, Gate, Release
from pullsecrets.secrecy import EntryText, printable

__all__ = [
    "Remark",
    "check_accounts",
    "check_answers",
    "check_asked",
    "check_config",
    "check_images",
    "check_providers",
    "meant_images",
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
    """PS605: what later versions refuse in the configuration, each fault once.

    Args:
        providers: Providers that were read from documents.
    """
    if not providers.documents:
        return
    refusing: dict[Fault, list[Release]] = {}
    for release in RELEASES:
        if release > providers.kubernetes:
            try:
                providers.read_by(release)
            except InvalidProviderConfig as error:
                for fault in dict.fromkeys(error.errors):
                    refusing.setdefault(fault, []).append(release)
    files = {file_name(each.file): each.file for each in providers.documents}
    for fault, releases in refusing.items():
        # `cacheType` is refused in 1.33, and no longer from 1.34 on.
        lasts = releases == [release for release in RELEASES if release >= releases[0]]
        which = f"from {releases[0]} on" if lasts else f"of {', '.join(map(str, releases))}"
        sentence = f"the kubelet {which} does not start with this: {fault}"
        yield Remark("PS605", sentence, path=fault.path, file=files.get(fault.document))


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
    wider = _wider_patterns(providers)
    for at, provider in enumerate(providers):
        for index, pattern in enumerate(provider.match_images):
            path = "matchImages", index
            if (miss := miss_of_every_image(pattern)) is not None:
                sentence = f"provider {provider.name} is never asked by this pattern: {miss}"
                yield _found("PS601", sentence, providers, at, *path, instead=miss.instead)
            for other, theirs in wider(at, pattern):
                own, wider_one = EntryText(pattern), EntryText(theirs)
                sentence = (
                    f"for each image of '{own}' provider {other} runs, too, by its pattern "
                    f"'{wider_one}', and provider {provider.name} only adds to what that one gives"
                )
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


def _wider_patterns(providers: Providers) -> Callable[[int, str], Iterator[tuple[str, str]]]:
    """For a provider's place and one of its patterns: the earlier providers that have a wider one.

    Each with the first such pattern. A pattern is compared with those alone that have its port and
    its number of labels, all taken apart once: a thousand of one kind take half a second.
    """
    alike: dict[tuple[str, int], list[tuple[int, str, Pattern]]] = {}
    parsed: dict[str, Pattern] = {}
    for at, provider in enumerate(providers):
        for text in provider.match_images:
            with suppress(BadURL):
                found = parsed[text] = Pattern.parse(text)
                alike.setdefault((found.port, len(found.labels)), []).append((at, text, found))

    def wider(at: int, text: str) -> Iterator[tuple[str, str]]:
        # A glob matches the text of a glob, so a pattern can be put in the place of a name.
        own, last = parsed.get(text), -1
        if own is None:
            return
        same = alike[own.port, len(own.labels)]
        for place, other, pattern in takewhile(lambda each: each[0] < at, same):
            if place != last and compare(pattern, own) is None:
                last = place
                yield providers.providers[place].name, other

    return wider


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
    # A glob matches the text of a glob, so a known pattern can be put in the place of a name.
    return [
        each
        for each in known
        if not any(pattern_matches(pattern, f"{each}/") for pattern in provider.match_images)
    ]


def check_images(providers: Providers, image_names: Iterable[str]) -> Iterator[Remark]:
    """PS603: images that a provider just misses, by a pattern that may match others.

    Args:
        providers: The kubelet's providers.
        image_names: Normalised names of images, without tag and digest.
    """
    names = tuple(dict.fromkeys(image_names))
    for at, provider in enumerate(providers):
        missed: dict[Miss, list[str]] = {}
        patterns = Patterns(provider.match_images)
        for name in names:
            miss = patterns.near_miss(name)
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
) -> Iterator[Remark]:
    """PS606 and PS607: service accounts whose pods get nothing of a provider in token mode.

    Args:
        providers: The kubelet's providers.
        pulls: The service accounts of pods, and the names of their images. An account counts for a
            provider if a pattern matches an image, or just misses it, which is another mistake.
    """
    known = tuple(dict.fromkeys(pulls))
    restricted = providers.kubernetes.audience_restriction is Gate.ON
    for at, provider in enumerate(providers):
        token = provider.token
        if token is None:
            continue
        # Sets that keep their order: pods of one account may differ in their volumes.
        lacking: dict[str, dict[str, None]] = {}
        refused: dict[str, None] = {}
        meant = meant_images((provider,), (name for _, name in known))
        for account in dict.fromkeys(each for each, name in known if name in meant):
            called = f"{account.namespace}/{account.name}"
            keys = account.lacks(token.required_annotations)
            if account.exists and keys:
                lacking.setdefault(", ".join(keys), {})[called] = None
            if restricted and not account.gets_token(token.audience):
                refused[called] = None
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
                f"{provider.name} is not asked unless a CSI driver of the pod asks for it"
            )
            path = "tokenAttributes", "serviceAccountTokenAudience"
            yield _found("PS606", sentence, providers, at, *path)


def meant_images(providers: Iterable[Provider], image_names: Iterable[str]) -> frozenset[str]:
    """The images that some provider is asked for, or just misses.

    Args:
        providers: The providers.
        image_names: Normalised names of images, without tag and digest.
    """
    patterns = [Patterns(provider.match_images) for provider in providers]
    names = dict.fromkeys(image_names)
    return frozenset(name for name in names if any(each.are_meant(name) for each in patterns))


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
