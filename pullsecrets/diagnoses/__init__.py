"""What is wrong with a set of manifests, and what to do about it: the diagnoses.

>>> from pullsecrets import Cluster
>>> from pullsecrets.fields import format_path
>>> pod = {
...     "kind": "Pod",
...     "metadata": {"name": "api"},
...     "spec": {
...         "containers": [{"name": "api", "image": "quay.io/acme/api"}],
...         "imagePullSecrets": [{"name": "quay"}, {"name": ""}],
...     },
... }
>>> for diagnosis in check(Cluster.from_manifests([pod])):
...     print(diagnosis.code, diagnosis.severity, format_path(diagnosis.where.field))
...     print(diagnosis.message)
PS104 warning spec.imagePullSecrets[1]
imagePullSecrets[1] has no name: it is skipped
PS102 note spec.imagePullSecrets[0]
secret default/quay is not among the manifests: if it does not exist, the pull goes on without it
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime, timedelta

from pullsecrets.cluster import Cluster
from pullsecrets.diagnoses.catalogue import CATALOGUE
from pullsecrets.diagnoses.collection import Diagnoses
from pullsecrets.diagnoses.lists import Lists, strings_in
from pullsecrets.diagnoses.made import Made
from pullsecrets.diagnoses.model import Diagnosis, Kind, Severity, Where
from pullsecrets.diagnoses.providers import Consulted
from pullsecrets.diagnoses.pulls import Pulls
from pullsecrets.diagnoses.secrets import diagnose_secret
from pullsecrets.diagnoses.selection import Ignore, annotated, select
from pullsecrets.diagnoses.unplaced import Ignorable, in_config, title, unplaced
from pullsecrets.diagnoses.uses import EntryUses
from pullsecrets.diagnoses.verification import Verified
from pullsecrets.objects import Pod
from pullsecrets.pod_resolution import PodResolution

__all__ = [
    "CATALOGUE",
    "Diagnoses",
    "Diagnosis",
    "Kind",
    "Severity",
    "Where",
    "check",
    "find",
]


def check(
    cluster: Cluster,
    *,
    ignore: Collection[str] = (),
    at: datetime | None = None,
    within: timedelta = timedelta(),
    track: Callable[[Iterable[Pod]], Iterable[Pod]] = iter,
) -> Diagnoses:
    """Find what is wrong with a cluster's pods, service accounts, secrets and nodes.

    Of its nodes only what is given is looked at: their providers, and how they verify images.

    An object whose annotation ``pullsecrets/ignore`` names codes, separated by commas, has none of
    these reported. The time it takes grows with the size of the input, not with pods times secrets;
    only an image that no entry matches is compared with each entry of the secrets listed for it.

    Args:
        cluster: The cluster, or the manifests.
        ignore: Codes not to report at all, or their beginnings: ``PS5``. One may be a string.
        at: The moment for which it is said what has expired, with its time zone; None: that is not
            said. Nothing here looks at a clock.
        within: How long before its end a token is reported.
        track: Is given the pods and gives them back, one after the other: for a progress bar.
    """
    codes = (ignore,) if isinstance(ignore, str) else ignore  # its letters would hide everything
    ignores = (*map(Ignore, codes), *annotated(cluster))
    answers = map(cluster.resolve, track(cluster.pods))
    return select(find(cluster, answers, at=at, within=within), ignores).diagnoses


def find(
    cluster: Cluster,
    answers: Iterable[PodResolution],
    *,
    at: datetime | None = None,
    within: timedelta = timedelta(),
) -> Iterator[Ignorable]:
    """All diagnoses, what is to be ignored among them, each with its objects.

    `selection.select` leaves out what is to be ignored, and says what was ignored in vain.

    Args:
        cluster: As for `check`.
        answers: The answers for all of its pods, as `Cluster.resolve_all` gives them.
        at: As for `check`.
        within: As for `check`.
    """
    lists = Lists(cluster)
    pulls, uses = Pulls(cluster, lists), EntryUses(lists)
    consulted, verified, made = Consulted(cluster), Verified(cluster), Made(cluster, lists)
    for answer in answers:
        uses.add(answer)
        consulted.add(answer)
        verified.add(answer)
        made.add(answer)
        yield from pulls.diagnose(answer)
    for account in cluster.service_accounts:
        findings = lists.of(account, account.pull_secrets).findings
        for found in (*strings_in(account), *findings):
            yield found.at(Where.of(account, found.field)), (account,)
    yield from consulted.diagnose()
    yield from verified.diagnose()
    yield from made.diagnose()
    # After the pods, which tell what uses the entries.
    for secret in cluster.secrets:
        used = {use.entry.entry for use in uses.of(secret) if use.is_candidate}
        listed = lists.is_listed(secret)
        for diagnosis in diagnose_secret(secret, listed=listed, used=used, at=at, within=within):
            yield diagnosis, (secret,)
        if pulls.is_unused(secret):
            message = f"no pod and no service account lists {title(secret)}"
            yield unplaced("PS110", message).at(Where.of(secret, ("metadata", "name"))), (secret,)
        for use in uses.of(secret):
            for found in use.findings():
                yield found.at(in_config(secret, use.entry.entry)), (secret,)
