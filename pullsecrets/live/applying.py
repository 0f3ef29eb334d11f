"""What applying manifests would change in a cluster: the objects of the same names, and the rest.

As for ``kubectl diff``, an object that is not among the manifests stays as it is.
"""

from __future__ import annotations

from attrs import evolve

from pullsecrets.cluster import Cluster
from pullsecrets.kinds import KINDS
from pullsecrets.live.asking import Api, Count, joined, listed, with_credentials
from pullsecrets.reading import Objects

__all__ = ["applied", "counterparts"]


def counterparts(api: Api, manifests: Cluster, *, count: Count) -> Cluster:
    """The pods and workloads of a cluster that the manifests' ones would replace.

    With them come the service accounts and secrets that either side names.

    Args:
        api: The API server.
        manifests: The manifests.
        count: Is told what was read so far.

    Raises:
        Unreachable: There is no usable answer.
        Forbidden: The right is missing to list the pods or a kind of workload.
    """
    found = [
        listed(api, pod.kind, pod.namespace, pod.name, count)
        for pod in manifests.pods
        if pod.kind in KINDS
    ]
    theirs = Objects(manifests.pods, manifests.service_accounts)
    read = with_credentials(api, joined([*found, theirs]), all_accounts=True, count=count)
    accounts = read.service_accounts[len(manifests.service_accounts) :]
    objects = evolve(read, pods=joined(found).pods, service_accounts=accounts)
    return evolve(Cluster.of(objects, manifests.node), complete=True)


def applied(manifests: Cluster, live: Cluster) -> Cluster:
    """The manifests in a cluster: what they do not define is as it is there.

    Args:
        manifests: The manifests.
        live: Their `counterparts`.
    """
    there = Cluster(
        (), live.service_accounts, live.secrets, manifests.node, made=live.made, complete=True
    )
    return there.with_objects(
        Objects(
            manifests.pods,
            manifests.service_accounts,
            manifests.secrets,
            manifests.problems,
            made=manifests.made,
        )
    )
