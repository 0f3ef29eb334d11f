"""The kinds that are read from a cluster, and the names that kubectl has for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from attrs import frozen

from pullsecrets.objects import Pod
from pullsecrets.secrecy import printable

__all__ = ["KINDS", "Kind", "Reference"]


@frozen
class Kind:
    """A kind of Kubernetes' own API.

    Attributes:
        name: As manifests have it: ``ReplicaSet``.
        group: The API group, empty for the core group.
        resource: Its plural, as the API's paths and RBAC have it.
        short: kubectl's short names.
    """

    name: str
    group: str
    resource: str
    short: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """What kubectl takes for it, in lower case: short names, singular, plural, with group."""
        full = (f"{self.resource}.{self.group}",) if self.group else ()
        return (*self.short, self.name.lower(), self.resource, *full)

    @property
    def title(self) -> str:
        """The resource, as kubectl names it in messages: ``deployments.apps``."""
        return f"{self.resource}.{self.group}" if self.group else self.resource


# Short names: ``kubectl api-resources``.
_ALL: Final = (
    Kind("Pod", "", "pods", ("po",)),
    Kind("Deployment", "apps", "deployments", ("deploy",)),
    Kind("ReplicaSet", "apps", "replicasets", ("rs",)),
    Kind("StatefulSet", "apps", "statefulsets", ("sts",)),
    Kind("DaemonSet", "apps", "daemonsets", ("ds",)),
    Kind("ReplicationController", "", "replicationcontrollers", ("rc",)),
    Kind("Job", "batch", "jobs"),
    Kind("CronJob", "batch", "cronjobs", ("cj",)),
    Kind("PodTemplate", "", "podtemplates"),
    Kind("Secret", "", "secrets"),
    Kind("ServiceAccount", "", "serviceaccounts", ("sa",)),
)

KINDS: Final[Mapping[str, Kind]] = {kind.name: kind for kind in _ALL}
"""The kinds, by the name that manifests have."""

_BY_NAME: Final = {name: kind.name for kind in _ALL for name in kind.names}


@frozen
class Reference:
    """A pod or a workload, as somebody names it: ``api``, ``deploy/api`` or ``shop/api``.

    Attributes:
        name: Its name.
        kind: Its kind, None if none was written.
        namespace: Its namespace, None if none was written. It may be the full name of a kind that
            is not Kubernetes' own.
    """

    name: str
    kind: str | None = None
    namespace: str | None = None

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Read ``NAME``, ``KIND/NAME`` or ``NAMESPACE/NAME``.

        What is before the slash is a kind where it is one of kubectl's names of a kind, in
        whatever case; otherwise it is a namespace.
        """
        before, slash, name = text.rpartition("/")
        kind = _BY_NAME.get(before.lower())
        if not slash or kind is not None:
            return cls(name, kind)
        return cls(name, namespace=before)

    def names(self, pod: Pod) -> bool:
        """Whether it is the name of that pod or workload."""
        if pod.name != self.name or self.kind not in (None, pod.kind):
            return False
        before = self.namespace
        return before is None or before == pod.namespace or before.lower() == pod.kind.lower()

    def __str__(self) -> str:
        before = (self.kind or "").lower() or self.namespace
        return printable(f"{before}/{self.name}" if before else self.name)
