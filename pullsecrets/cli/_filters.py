"""Which images are asked for: what `--image`, `--registry`, `--secret` and `--only` mean."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final

import click
from attrs import evolve

from pullsecrets.cluster import Cluster
from pullsecrets.images import Image, InvalidImage
from pullsecrets.makers.made import MadeSecret
from pullsecrets.objects import Container, Pod
from pullsecrets.pull_secret import PullSecret
from pullsecrets.resolution import Access, Resolution, SourceKind
from pullsecrets.secrecy import ImageText, printable

__all__ = ["filter_options", "is_meant", "parse_image", "with_images"]

_Test = Callable[[Resolution], bool]

_ONLY: Final[Mapping[str, _Test]] = {
    "anonymous": lambda found: found.access is Access.ANONYMOUS,
    "unknown": lambda found: found.access is Access.UNKNOWN,
    "failing": lambda found: found.access is Access.FAILING,
    "nondeterministic": lambda found: not found.is_deterministic,
}

_OPTIONS: Final = (
    click.option(
        "--only",
        type=click.Choice(list(_ONLY)),
        help="Only images that are pulled anonymously; for which it is not known what is tried; "
        "whose lookup fails; for which credentials are tried in no defined order.",
    ),
    click.option(
        "--secret",
        "of_secret",
        metavar="[NS/]NAME",
        help="Only images for which this secret is, or may be, tried, or makes the lookup fail.",
    ),
    click.option(
        "--registry", metavar="HOST", help="Only images of this registry, as quay.io or docker.io."
    ),
)


def filter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that choose images; they go with `cluster_options`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def with_images(
    cluster: Cluster,
    pods: tuple[Pod, ...],
    *,
    image: str | None = None,
    registry: str | None = None,
    secret: str | None = None,
    only: str | None = None,
) -> tuple[Pod, ...]:
    """The pods that have such images, with these alone.

    Args:
        cluster: The cluster that they are in.
        pods: The pods.
        image: An image, which means any tag and digest if it has none; or a glob.
        registry: A registry's host, with its port.
        secret: The name of a secret, or its namespace and name.
        only: What becomes of the image.

    Raises:
        click.UsageError: No pod has that image, or one of that registry; there is no such secret.
            That nothing becomes of an image what `only` says is an answer.
    """
    tests: list[_Test] = []
    if image is not None:
        tests.append(_is_image(image))
    if registry is not None:
        tests.append(
            lambda found: found.image is not None and found.image.registry.name == registry
        )
    if tests:
        pods = _passing(cluster, pods, tests)
        if not pods:
            asked = [f"'{ImageText(each)}'" for each in (image, registry) if each is not None]
            raise click.UsageError(f"no pod has the image {' of '.join(asked)}")
    more: list[_Test] = [_ONLY[only]] if only is not None else []
    if secret is not None:
        more.append(_uses(cluster, secret))
    return _passing(cluster, pods, more) if more else pods


def _passing(cluster: Cluster, pods: Iterable[Pod], tests: Sequence[_Test]) -> tuple[Pod, ...]:
    """The pods with those images that pass all tests, if there are some."""
    found: list[Pod] = []
    for pod in pods:
        passed = {
            id(each.container)
            for each in cluster.resolve(pod).images
            if all(test(each.resolution) for test in tests)
        }
        if passed:
            found.append(_only(pod, passed))
    return tuple(found)


def _only(pod: Pod, passed: set[int]) -> Pod:
    """The pod with only those of its own containers."""

    def those(containers: Iterable[Container]) -> tuple[Container, ...]:
        return tuple(each for each in containers if id(each) in passed)

    return evolve(
        pod,
        containers=those(pod.containers),
        init_containers=those(pod.init_containers),
        ephemeral_containers=those(pod.ephemeral_containers),
        image_volumes=those(pod.image_volumes),
    )


def parse_image(image: str) -> Image:
    """The image that an option names.

    Raises:
        click.UsageError: It is not an image reference.
    """
    try:
        return Image.parse(image)
    except InvalidImage as error:
        raise click.UsageError(str(error)) from None


def _is_image(text: str) -> _Test:
    """Whether an image is the one that is meant, or is like it."""
    if "*" in text or "?" in text:
        return lambda found: any(fnmatchcase(each, text) for each in _spellings(found))
    wanted = parse_image(text)

    def is_wanted(found: Resolution) -> bool:
        image = found.image
        return (
            image is not None
            and image.name == wanted.name
            and wanted.tag in (None, image.tag)
            and wanted.digest in (None, image.digest)
        )

    return is_wanted


def _spellings(found: Resolution) -> Iterator[str]:
    """What a glob may match: the image as written, its full name, and that with tag and digest."""
    yield str(found.written)
    if found.image is not None:
        yield found.image.name
        yield str(found.image)


def is_meant(text: str, namespace: str | None, name: str | None) -> bool:
    """Whether a secret is one that an option names.

    Args:
        text: The name of a secret, or its namespace and name.
        namespace: The secret's namespace; None if it is made in any.
        name: The secret's name.
    """
    asked, _, wanted = text.rpartition("/")
    return name == wanted and (not asked or namespace in (None, asked))


def _uses(cluster: Cluster, text: str) -> _Test:
    """Whether a secret is tried for an image, or may be, or makes its lookup fail."""
    there: tuple[PullSecret | MadeSecret, ...] = (*cluster.secrets, *cluster.made)
    if not any(is_meant(text, each.namespace, each.name) for each in there):
        raise click.UsageError(f"there is no secret '{printable(text)}'")

    def is_used(found: Resolution) -> bool:
        if found.failure is not None:
            return is_meant(text, found.failure.namespace, found.failure.name)
        sources = (*(each.source for each in found.candidates), *found.unknown_secrets)
        return any(
            is_meant(text, each.namespace, each.name)
            for each in sources
            if each.kind is SourceKind.SECRET
        )

    return is_used
