"""Assertions about a cluster: they read well, and where they fail they explain the image at fault.

Plain functions that raise `AssertionError`: they work in pytest, in unittest and without either.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Final, Literal

from attrs import evolve

from pullsecrets.cluster import Cluster
from pullsecrets.diagnoses import CATALOGUE, Severity, check
from pullsecrets.pod_resolution import ImageResolution, PodResolution
from pullsecrets.resolution import Resolution, Source, SourceKind
from pullsecrets.secrecy import printable
from pullsecrets.trace import explain_pod

__all__ = [
    "assert_deterministic",
    "assert_no_anonymous_pulls",
    "assert_no_problems",
    "assert_pulls_with",
]


def assert_pulls_with(
    cluster: Cluster,
    workload: str,
    *,
    secret: str,
    container: str | None = None,
    namespace: str | None = None,
    username: str | None = None,
) -> None:
    """The first credential that the kubelet tries is the secret's: for each image of a workload.

    Args:
        cluster: The cluster.
        workload: ``deployment/api``, or ``api`` alone. Letter case of the kind does not count.
        secret: The name of the secret, or a glob: ``regcred-*`` if kustomize appends a hash.
        container: Only this container's (or volume's) image, if the others come from elsewhere.
        namespace: The workload's, if several namespaces have one of that name.
        username: The user that it logs in as, too.

    Raises:
        AssertionError: It is another secret's, or none, or that is not known; or there is no such
            workload or container.
    """
    __tracebackhide__ = True
    answer = _answer(cluster, workload, namespace, container)
    user = "" if username is None else f" as {printable(username)}"
    _require(
        cluster,
        [answer],
        lambda image: _pulls_with(image.resolution, secret, username),
        f"not pulled with secret {printable(secret)}{user} first",
    )


def assert_no_anonymous_pulls(
    cluster: Cluster, *, allow: Collection[str] = (), unknown: bool = False
) -> None:
    """The kubelet has a credential for each image.

    Args:
        cluster: The cluster.
        allow: Names of images that need none, without tag and digest. Globs, in which ``*`` also
            matches slashes: ``registry.k8s.io/*``, ``docker.io/library/nginx``.
        unknown: Whether it is enough that an image may have a credential, as what a secret holds
            that another program makes is not known.

    Raises:
        AssertionError: An image is pulled anonymously, or it is not known whether it is, or its
            lookup fails as a whole; or there is no image in the cluster at all.
    """
    __tracebackhide__ = True
    patterns = [allow] if isinstance(allow, str) else allow
    _require(
        cluster,
        _answers(cluster),
        lambda image: (
            _has_a_credential(image.resolution, unknown=unknown)
            or _is_allowed(image.resolution, patterns)
        ),
        "pulled without a known credential",
    )


def assert_deterministic(cluster: Cluster) -> None:
    """Every pull of an image tries the same credentials in the same order.

    Raises:
        AssertionError: Two entries of one secret have the same key for an image (rule 13); or there
            is no image in the cluster at all.
    """
    __tracebackhide__ = True
    _require(
        cluster,
        _answers(cluster),
        lambda image: image.resolution.is_deterministic,
        "pulled with credentials in no defined order",
    )


def assert_no_problems(
    cluster: Cluster,
    *,
    allow: Collection[str] = (),
    fail_on: Literal["error", "warning", "note"] = "warning",
    at: datetime | None = None,
) -> None:
    """`pullsecrets.check` finds no error and no warning, and all of the input could be read.

    Args:
        cluster: The cluster.
        allow: Codes of diagnoses that may stay: ``["PS102"]``. For one object only, annotate it
            with ``pullsecrets/ignore``.
        fail_on: The least severity that fails, as for ``pullsecrets check``; ``note`` for all.
        at: The moment for which credentials count as expired, with its time zone; None: that is
            not looked at.

    Raises:
        AssertionError: There is a diagnosis of that severity, and of another code.
        ValueError: `allow` holds something that is no code.
    """
    __tracebackhide__ = True
    codes = [allow] if isinstance(allow, str) else list(allow)
    unknown = sorted(set(codes).difference(CATALOGUE))
    if unknown:
        raise ValueError(f"no diagnosis has the code {printable(', '.join(unknown))}")
    rank = Severity(fail_on).rank
    found = [d for d in check(cluster, ignore=codes, at=at) if d.severity.rank <= rank]
    lines = [f"error: {problem}" for problem in cluster.problems if problem.error]
    for diagnosis in found:
        lines += [str(diagnosis), f"    {diagnosis.where}", f"    {diagnosis.advice}"]
    if lines:
        objects = {(d.where.kind, d.where.namespace, d.where.name) for d in found}
        at_fault = [a for a in cluster.resolve_all() if objects.intersection(_involved(a))]
        raise AssertionError("\n".join([*lines, *_explained(cluster, at_fault)]))


def _involved(answer: PodResolution) -> Iterator[tuple[str, str, str]]:
    """The objects that decide about a pod's images, as a diagnosis names them."""
    pod = answer.pod
    named = [(pod.kind, pod.name), ("ServiceAccount", pod.service_account)]
    named += [("Secret", name) for name in answer.admission.pull_secrets]
    return ((kind, printable(pod.namespace), printable(name)) for kind, name in named)


def _answers(cluster: Cluster) -> list[PodResolution]:
    """The answers for all pods; with an image among them, or a test would check nothing."""
    __tracebackhide__ = True
    answers = list(cluster.resolve_all())
    if not _count(answers):
        raise AssertionError("there is no image in the cluster: was anything read?")
    return answers


def _answer(
    cluster: Cluster, workload: str, namespace: str | None, container: str | None
) -> PodResolution:
    """The answer for one workload, or for one of its containers."""
    __tracebackhide__ = True
    kind, _, name = workload.rpartition("/")
    pods = [
        pod
        for pod in cluster.pods
        if pod.name == name
        and (not kind or pod.kind.lower() == kind.lower())
        and (namespace is None or pod.namespace == namespace)
    ]
    within = "" if namespace is None else f" in namespace {printable(namespace)}"
    if not pods:
        there = _listed(pod.title for pod in cluster.pods)
        raise AssertionError(f"there is no {printable(workload)}{within}; there is {there}")
    if len(pods) > 1:
        there = _listed(pod.title for pod in pods)
        raise AssertionError(f"{printable(workload)}{within} is several: {there}")
    whole = cluster.resolve(pods[0])
    answer = _only(whole, lambda image: container in (None, image.container.name))
    if not answer.images:
        there = _listed(image.container.title for image in whole.images)
        what = "image" if container is None else f"container {printable(container)}"
        raise AssertionError(f"{whole.pod.title} has no {what}; there is {there}")
    return answer


def _require(
    cluster: Cluster,
    answers: list[PodResolution],
    is_right: Callable[[ImageResolution], bool],
    fault: str,
) -> None:
    """Raise if an image is not right; the message counts and explains those at fault."""
    __tracebackhide__ = True
    wrong = [_only(answer, lambda image: not is_right(image)) for answer in answers]
    count, total = _count(wrong), _count(answers)
    if count:
        images = f"image{'s' if total > 1 else ''} {'is' if count == 1 else 'are'}"
        title = f"{count} of {total} {images} {fault}"
        raise AssertionError("\n".join([title, *_explained(cluster, wrong)]))


def _only(answer: PodResolution, keep: Callable[[ImageResolution], bool]) -> PodResolution:
    return evolve(answer, images=tuple(filter(keep, answer.images)))


def _count(answers: Iterable[PodResolution]) -> int:
    return sum(len(answer.images) for answer in answers)


def _pulls_with(resolution: Resolution, secret: str, username: str | None) -> bool:
    others = [each for each in resolution.unknown_secrets if not _is(each, secret)]
    if resolution.unknown_secrets and not others and username is None:
        # Whatever comes first is this secret's, if it has an entry that is known to match.
        return bool(resolution.serving) and all(
            _is(candidate.source, secret) for candidate in resolution.candidates
        )
    # All of the first tier, as the order within it is not defined. What is unknown may be first.
    return (
        bool(resolution.candidates)
        and not resolution.unknown_secrets
        and all(
            _is(candidate.source, secret) and username in (None, candidate.credential.username)
            for candidate in resolution.tiers[0]
        )
    )


def _is(source: Source, secret: str) -> bool:
    return source.kind is SourceKind.SECRET and fnmatchcase(source.name or "", secret)


def _has_a_credential(resolution: Resolution, *, unknown: bool) -> bool:
    if resolution.candidates or resolution.serving:
        return True
    return unknown and resolution.anonymous is None


def _is_allowed(resolution: Resolution, patterns: Collection[str]) -> bool:
    image = resolution.image
    return image is not None and any(fnmatchcase(image.name, p) for p in patterns)


_MAX_LISTED: Final = 20


def _listed(names: Iterable[str]) -> str:
    found = list(names)
    more = [f"and {len(found) - _MAX_LISTED} more"] if len(found) > _MAX_LISTED else []
    return ", ".join(found[:_MAX_LISTED] + more) or "nothing"


def _explained(cluster: Cluster, answers: Iterable[PodResolution]) -> Iterator[str]:
    """Why these images have the candidates that they have; the rest is counted."""
    left = _MAX_LISTED
    for answer in filter(lambda answer: answer.images, answers):
        containers = [image.container for image in answer.images][: max(left, 0)]
        left -= len(answer.images)
        if containers:
            whole = explain_pod(cluster, answer.pod)
            images = tuple(each for each in whole if each.container in containers)
            yield ""
            yield from evolve(whole, images=images).table().lines()
    if left < 0:
        yield f"\n… and {-left} more"
