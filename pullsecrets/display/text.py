"""Words that terminal, HTML and picture share. All of them are safe to show."""

from __future__ import annotations

from typing import Final

from pullsecrets.trace import EntryTrace, SecretTrace
from pullsecrets.keyring import Admission, Candidate, Source
from pullsecrets.objects import Pod
from pullsecrets.cluster import Cluster
from pullsecrets.secrecy import printable, redact_entry

__all__ = [
    "attempt",
    "cluster_title",
    "list_used",
    "pod_title",
    "secret_title",
    "source_title",
    "verdict_mark",
]

_ORIGINS: Final = {
    "pod": "its own imagePullSecrets",
    "service-account": "imagePullSecrets of service account {}",
    "stored-pod": "imagePullSecrets as stored in the cluster",
    "mirror-pod": "a static pod: no imagePullSecrets",
}


def cluster_title(cluster: Cluster) -> str:
    """What a cluster holds."""
    counts = (
        (len(cluster.pods), "pod or workload", "pods and workloads"),
        (len(cluster.secrets), "secret", "secrets"),
        (len(cluster.service_accounts), "service account", "service accounts"),
    )
    parts = [f"{number:,} {one if number == 1 else more}" for number, one, more in counts]
    return ", ".join([*parts, *(["a node config"] if cluster.node is not None else [])])


def pod_title(pod: Pod) -> str:
    """A pod's kind, namespace and name."""
    return printable(f"{pod.kind} {pod.namespace}/{pod.name}")


def list_used(admission: Admission) -> str:
    """Whose list of secrets a pod has, and the list."""
    owner = _ORIGINS[admission.origin].format(admission.service_account)
    names = ", ".join(name or "(nameless)" for name in admission.pull_secrets) or "none"
    return printable(owner if admission.origin == "mirror-pod" else f"{owner}: {names}")


def source_title(source: Source) -> str:
    """``secret NAME``, or the node's config."""
    if source.kind == "node":
        return "the node's docker config"
    return printable(f"secret {source.name or '(nameless)'}")


def secret_title(secret: SecretTrace) -> str:
    """The secret with its place in the list, counted from 1 as people do."""
    number = "" if secret.position is None else f"{secret.position + 1}. "
    return f"{number}{source_title(secret.source)}"


def attempt(number: int, candidate: Candidate) -> str:
    """A candidate in one line."""
    user = printable(candidate.credential.username) or "(no user)"
    return (
        f"{number}. {redact_entry(candidate.entry)} as {user} from {source_title(candidate.source)}"
    )


def verdict_mark(entry: EntryTrace) -> str:
    """A mark that can be told without colour."""
    return f"✓ {entry.number}" if entry.reason is None else "✗"
