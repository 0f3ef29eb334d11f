"""Assertions about a cluster: they read well, and where they fail they explain the image at fault.

Plain functions that raise `AssertionError`: they work in pytest, in unittest and without either.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Literal

from pullsecrets.images import Image
from pullsecrets.objects import Pod
from pullsecrets.cluster import Cluster, ImageResolution
from pullsecrets.secrecy import printable, redact_entry

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
        secret: The name of the secret, or a glob: ``regcred-*`` where kustomize appends a hash.
        container: Only this container's (or volume's) image, where the others come from elsewhere.
        namespace: The workload's, where several namespaces have one of that name.
        username: The user that it logs in as, too.

    Raises:
        AssertionError: It is another secret's, or none; or there is no such workload or container.
    """
    __tracebackhide__ = True
    answers = _answers(cluster, workload, namespace, container)
    wrong = [a for a in answers if not _pulls_with(a, secret, username)]
    if wrong:
        user = "" if username is None else f" as {printable(username)}"
        raise AssertionError(
            _report(
                cluster,
                wrong,
                f"{_count(wrong, answers)} not pulled with secret {printable(secret)}{user} first",
            )
        )


def assert_no_anonymous_pulls(cluster: Cluster, *, allow: Collection[str] = ()) -> None:
    """The kubelet has a credential for each image.

    Args:
        cluster: The cluster.
        allow: Names of images for which it need not, without tag and digest, as globs in which
            ``*`` stands for slashes, too: ``registry.k8s.io/*``, ``docker.io/library/nginx``.

    Raises:
        AssertionError: An image is pulled anonymously, or its lookup fails as a whole; or there is
            no image in the cluster at all.
    """
    __tracebackhide__ = True
    answers = _all(cluster)
    wrong = [a for a in answers if not a.resolution.candidates and not _is_allowed(a, allow)]
    if wrong:
        title = f"{_count(wrong, answers)} pulled without a credential"
        raise AssertionError(_report(cluster, wrong, title))


def assert_deterministic(cluster: Cluster) -> None:
    """Nothing is left to chance: every pull of an image tries the same credentials in one order.

    Raises:
        AssertionError: Two entries of one secret come down to one key for an image (rule 13); or
            there is no image in the cluster at all.
    """
    __tracebackhide__ = True
    answers = _all(cluster)
    wrong = [a for a in answers if not a.resolution.is_deterministic]
    if wrong:
        title = f"{_count(wrong, answers)} pulled with credentials in an order left to chance"
        raise AssertionError(_report(cluster, wrong, title))


def assert_no_problems(
    cluster: Cluster,
    *,
    allow: Collection[str] = (),
    fail_on: Literal["error", "warning", "note"] = "warning",
) -> None:
    """`pullsecrets.check` finds no error and no warning, and all of the input could be read.

    Args:
        cluster: The cluster.
        allow: Codes of diagnoses that may stay: ``["PS102"]``. For one object only, annotate it
            with ``pullsecrets/ignore``.
        fail_on: The least severity that fails, as for ``pullsecrets check``; ``note`` for all.

    Raises:
        AssertionError: There is a diagnosis of that severity, and of another code.
        ValueError: `allow` holds something that is no code.
    """
    __tracebackhide__ = True
    from pullsecrets.diagnoses import CATALOGUE, Severity, check

    codes = [allow] if isinstance(allow, str) else list(allow)
    unknown = sorted(set(codes).difference(CATALOGUE))
    if unknown:
        raise ValueError(f"no diagnosis has the code {printable(', '.join(unknown))}")
    rank = Severity(fail_on).rank
    found = [d for d in check(cluster, ignore=codes) if d.severity.rank <= rank]
    lines = [f"error: {problem}" for problem in cluster.problems if problem.error]
    for diagnosis in found:
        lines += [str(diagnosis), f"    {diagnosis.where}", f"    {diagnosis.advice}"]
    if lines:
        objects = {(d.where.kind, d.where.namespace, d.where.name) for d in found}
        at_fault = [a for a in cluster.resolve_all() if objects.intersection(_involved(a))]
        raise AssertionError("\n".join([*lines, *_explained(cluster, at_fault)]))


def _involved(answer: ImageResolution) -> Iterator[tuple[str, str, str]]:
    """The objects that decide about an image, as a diagnosis names them."""
    pod = answer.pod
    named = [(pod.kind, pod.name), ("ServiceAccount", pod.service_account)]
    named += [("Secret", name) for name in answer.admission.pull_secrets]
    return ((kind, printable(pod.namespace), printable(name)) for kind, name in named)


def _all(cluster: Cluster) -> list[ImageResolution]:
    """The answers for all images; there has to be one, so that no test passes for want of input."""
    __tracebackhide__ = True
    answers = list(cluster.resolve_all())
    if not answers:
        raise AssertionError("there is no image in the cluster: was anything read?")
    return answers


def _answers(
    cluster: Cluster, workload: str, namespace: str | None, container: str | None
) -> list[ImageResolution]:
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
        there = _listed(_title(pod) for pod in cluster.pods)
        raise AssertionError(f"there is no {printable(workload)}{within}; there is {there}")
    if len(pods) > 1:
        raise AssertionError(
            f"{printable(workload)}{within} is several: {_listed(map(_title, pods))}"
        )
    answers = [a for a in cluster.resolve(pods[0]) if container is None or a.container == container]
    if not answers:
        there = _listed(printable(a.name) for a in pods[0].images)
        what = "image" if container is None else f"container {printable(container)}"
        raise AssertionError(f"{_title(pods[0])} has no {what}; there is {there}")
    return answers


def _pulls_with(answer: ImageResolution, secret: str, username: str | None) -> bool:
    if not answer.resolution.candidates:
        return False
    # All of a tier: which one comes first is left to chance.
    return all(
        candidate.source.kind == "secret"
        and fnmatchcase(candidate.source.name or "", secret)
        and username in (None, candidate.credential.username)
        for candidate in answer.resolution.tiers[0]
    )


def _is_allowed(answer: ImageResolution, allow: Collection[str]) -> bool:
    patterns = [allow] if isinstance(allow, str) else allow
    image = answer.image
    return isinstance(image, Image) and any(fnmatchcase(image.name, p) for p in patterns)


def _count(wrong: list[ImageResolution], answers: list[ImageResolution]) -> str:
    verb = "is" if len(wrong) == 1 else "are"
    return f"{len(wrong)} of {len(answers)} image{'s' if len(answers) > 1 else ''} {verb}"


def _title(pod: Pod) -> str:
    return printable(f"{pod.kind.lower()}/{pod.name} in namespace {pod.namespace}")


_MAX_LISTED = 20


def _listed(names: Iterable[str]) -> str:
    found = list(names)
    more = [f"and {len(found) - _MAX_LISTED} more"] if len(found) > _MAX_LISTED else []
    return ", ".join(found[:_MAX_LISTED] + more) or "nothing"


def _report(cluster: Cluster, wrong: list[ImageResolution], title: str) -> str:
    return "\n".join([title, *_explained(cluster, wrong)])


def _explained(cluster: Cluster, answers: list[ImageResolution]) -> Iterator[str]:
    """What becomes of each image, and why; the rest counted where there are many."""
    for answer in answers[:_MAX_LISTED]:
        yield ""
        yield from _explanation(cluster, answer)
    if len(answers) > _MAX_LISTED:
        yield f"\n… and {len(answers) - _MAX_LISTED} more"


def _explanation(cluster: Cluster, answer: ImageResolution) -> Iterator[str]:
    """The trace of an image, as ``pullsecrets explain`` shows it."""
    from pullsecrets.display.text import list_used, secret_title

    pod = cluster.explain(answer.pod)
    trace = pod[[a.resolution for a in cluster.resolve(answer.pod)].index(answer.resolution)]
    yield f"{_title(answer.pod)}, {answer.kind} {printable(answer.container)}"
    yield f"  image {printable(answer.written)}: {trace.headline}"
    yield f"  {list_used(answer.admission)}"
    for secret in trace.secrets:
        yield f"  {secret_title(secret)}{': ' if secret.message else ''}{secret.message}"
        for entry in secret.entries:
            mark = "✓" if entry.reason is None else "✗"
            yield f"     {mark} {redact_entry(entry.entry)}: {entry.sentence}"
    yield from (f"  note: {warning}" for warning in answer.resolution.warnings)
