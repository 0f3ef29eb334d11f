"""What is wrong with a set of manifests, and what to do about it: the diagnoses.

>>> from pullsecrets import Cluster
>>> pod = {
...     "kind": "Pod",
...     "metadata": {"name": "api"},
...     "spec": {
...         "containers": [{"name": "api", "image": "quay.io/acme/api"}],
...         "imagePullSecrets": [{"name": "quay"}, {"name": ""}],
...     },
... }
>>> for diagnosis in check(Cluster.from_manifests([pod])):
...     print(diagnosis.code, diagnosis.severity.value, diagnosis.where.field)
...     print(diagnosis.message)
PS104 warning spec.imagePullSecrets[1]
imagePullSecrets[1] has no name: it is skipped
PS102 note spec.imagePullSecrets[0]
secret 'quay' of namespace 'default' is not among the manifests: if it does not exist, the pull ...
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from pullsecrets.diagnoses._model import Diagnoses, Diagnosis, Kind, Severity, Where
from pullsecrets.diagnoses._pulls import diagnose
from pullsecrets.diagnoses.catalogue import CATALOGUE
from pullsecrets.objects import Pod
from pullsecrets.cluster import Cluster

__all__ = [
    "CATALOGUE",
    "Diagnoses",
    "Diagnosis",
    "Kind",
    "Severity",
    "Where",
    "check",
]


def check(
    cluster: Cluster,
    *,
    ignore: Collection[str] = (),
    track: Callable[[Iterable[Pod]], Iterable[Pod]] = iter,
) -> Diagnoses:
    """Find what is wrong with a cluster's pods, service accounts and secrets.

    An object whose annotation ``pullsecrets/ignore`` names codes, separated by commas, has none of
    these reported. The time it takes grows with the size of the input, not with pods times secrets.

    Args:
        cluster: The cluster, or the manifests.
        ignore: Codes not to report at all.
        track: Is given the pods and gives them back, one after the other: for a progress bar.
    """
    codes = frozenset(ignore)
    return Diagnoses(
        found
        for found, by_object in diagnose(cluster, track)
        if found.code not in codes and found.code not in by_object
    )
