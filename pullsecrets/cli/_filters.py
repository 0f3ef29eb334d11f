"""Which pods and images are asked for: what the options mean that choose some of all.

These are `--namespace`, `--pod`, `--image`, `--registry`, `--secret` and `--only`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final, TypeVar

import click
from attrs import evolve

from pullsecrets.cli._given import Given
from pullsecrets.cluster import Cluster
from pullsecrets.images import Image, InvalidImage
from pullsecrets.kinds import Reference
from pullsecrets.loading import Environment
from pullsecrets.makers.made import MadeSecret
from pullsecrets.objects import Container, Pod
from pullsecrets.pod_resolution import PodResolution
from pullsecrets.pull_secret import PullSecret
from pullsecrets.resolution import Access, Resolution, SourceKind
from pullsecrets.secrecy import ImageText, printable

__all__ = [
    "answers_for",
    "filter_options",
    "is_meant",
    "nothing_found",
    "parse_image",
    "select",
]

_Item = TypeVar("_Item")
_Chosen = TypeVar("_Chosen")
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


def select(environments: Iterable[Environment], given: Given) -> tuple[Environment, ...]:
    """The environments with only the pods that were asked for, and of these only the images.

    Raises:
        click.UsageError: As for `answers_for`.
    """

    def chosen(each: Environment) -> Environment:
        pods = _asked(each.cluster, given)
        if given.chooses_images:
            answers = map(each.cluster.resolve, pods)
            pods = tuple(answer.pod for answer in _with_images(each.cluster, answers, given))
        return evolve(each, cluster=evolve(each.cluster, pods=pods))

    nothing = [evolve(each, cluster=evolve(each.cluster, pods=())) for each in environments]
    return _of_each(chosen, environments, nothing)


def answers_for(
    environments: Sequence[Environment],
    given: Given,
    known: Sequence[Iterable[PodResolution]] = (),
) -> tuple[tuple[PodResolution, ...], ...]:
    """For each environment the answers for the pods and images that were asked for.

    Args:
        environments: What was read.
        given: What was asked for.
        known: The answers for all pods of each environment, if they are known by now.

    Raises:
        click.UsageError: In none of them there is something in such a namespace, such a pod, or
            such an image. That nothing becomes of an image what ``--only`` says is an answer.
    """

    def chosen(at: int) -> tuple[PodResolution, ...]:
        cluster = environments[at].cluster
        pods = _asked(cluster, given)
        answers: Iterable[PodResolution] = map(cluster.resolve, pods)
        if known:
            wanted = set(map(id, pods))
            answers = (each for each in known[at] if id(each.pod) in wanted)
        return tuple(_with_images(cluster, answers, given) if given.chooses_images else answers)

    nothing: list[tuple[PodResolution, ...]] = [() for _ in environments]
    return _of_each(chosen, range(len(environments)), nothing)


def nothing_found(given: Given) -> str:
    """That there is no answer to show, in words."""
    if not given.chooses_images:
        return "no pods and no workloads in the manifests"
    what = "is what was asked for" if given.only is None else f"is {given.only}"
    return f"no image {what}"


def _of_each(
    choose: Callable[[_Item], _Chosen], items: Iterable[_Item], nothing: Sequence[_Chosen]
) -> tuple[_Chosen, ...]:
    """What is chosen of each; an item that has nothing of the kind is no error if another has."""
    found: list[_Chosen] = []
    complaints: list[click.UsageError] = []
    for item, none in zip(items, nothing, strict=True):
        try:
            found.append(choose(item))
        except click.UsageError as error:
            complaints.append(error)
            found.append(none)
    if len(complaints) == len(found):
        raise complaints[0]
    return tuple(found)


def _asked(cluster: Cluster, given: Given) -> tuple[Pod, ...]:
    """The pods that were asked for by their name or namespace."""
    wanted = None if given.pod is None else Reference.parse(given.pod)
    if wanted is not None and wanted.namespace is not None:
        given = evolve(given, namespace=None)  # its own counts
    namespaces = {
        *(each.namespace for each in cluster.pods),
        *(each.namespace for each in cluster.secrets),
        *(each.namespace for each in cluster.service_accounts),
        *(each.namespace for each in cluster.made if each.namespace),
    }
    if given.namespace is not None and namespaces and given.namespace not in namespaces:
        there_are = ", ".join(sorted(namespaces))
        message = f"nothing is in namespace '{given.namespace}'; the manifests have {there_are}"
        raise click.UsageError(printable(message))
    pods = tuple(
        pod
        for pod in cluster.pods
        if (wanted is None or wanted.names(pod)) and given.namespace in (None, pod.namespace)
    )
    if wanted is not None and not pods:
        where = "the cluster" if given.live else "the manifests"
        raise click.UsageError(f"no pod or workload '{wanted}' in {where}")
    return pods


def _with_images(
    cluster: Cluster, answers: Iterable[PodResolution], given: Given
) -> Iterable[PodResolution]:
    """The answers that have such images, with these alone."""
    tests: list[_Test] = []
    if given.image is not None:
        tests.append(_is_image(given.image))
    if given.registry is not None:
        tests.append(
            lambda found: found.image is not None and found.image.registry.name == given.registry
        )
    found = _passing(answers, tests)
    # Without any pod, `explain` explains the image alone.
    if tests and cluster.pods and not found:
        image = "an image" if given.image is None else f"the image '{ImageText(given.image)}'"
        registry = "" if given.registry is None else f" of registry '{printable(given.registry)}'"
        raise click.UsageError(f"no pod has {image}{registry}")
    more: list[_Test] = [_ONLY[given.only]] if given.only is not None else []
    if given.of_secret is not None and cluster.pods:
        more.append(_uses(cluster, given.of_secret))
    return _passing(found, more)


def _passing(answers: Iterable[PodResolution], tests: Sequence[_Test]) -> list[PodResolution]:
    """The answers with those images that pass all tests, if there are some."""
    found: list[PodResolution] = []
    for answer in answers:
        images = tuple(
            each for each in answer.images if all(test(each.resolution) for test in tests)
        )
        if images and len(images) == len(answer.images):
            found.append(answer)
        elif images:
            pod = _only(answer.pod, {id(each.container) for each in images})
            found.append(evolve(answer, pod=pod, images=images))
    return found


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
