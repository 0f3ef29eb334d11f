"""Flat dicts, one for each row: ``pandas.DataFrame(cluster.to_records())``.

Values are str, int, bool or None. Entries have their user information masked.
"""

from __future__ import annotations

from typing import Any

from pullsecrets.diagnoses import Diagnoses
from pullsecrets.trace import Explanation
from pullsecrets.images import Image
from pullsecrets.keyring import Resolution
from pullsecrets.cluster import Cluster, ImageResolution
from pullsecrets.secrecy import printable, redact_entry

__all__ = ["cluster_records", "diagnoses_records", "explanation_records", "resolution_records"]


def cluster_records(cluster: Cluster) -> list[dict[str, Any]]:
    """One record for each image of each pod."""
    return [_image_record(answer) for answer in cluster.resolve_all()]


def _image_record(answer: ImageResolution) -> dict[str, Any]:
    resolution = answer.resolution
    first = resolution.candidates[0] if resolution.candidates else None
    image = answer.image if isinstance(answer.image, Image) else None
    return {
        "namespace": printable(answer.pod.namespace),
        "kind": printable(answer.pod.kind),
        "pod": printable(answer.pod.name),
        "container": printable(answer.container),
        "container_kind": answer.kind,
        "image": printable(answer.written),
        "registry": None if image is None else image.registry.name,
        "repository": None if image is None else image.name,
        "list_of": answer.admission.origin,
        "candidates": len(resolution.candidates),
        "anonymous": resolution.anonymous,
        "deterministic": resolution.is_deterministic,
        "failure": resolution.failure,
        "first_source": None if first is None else str(first.source),
        "first_entry": None if first is None else redact_entry(first.entry),
        "first_username": None if first is None else printable(first.credential.username),
        "warnings": len(resolution.warnings),
    }


def resolution_records(resolution: Resolution) -> list[dict[str, Any]]:
    """One record for each candidate, in the order in which they are tried."""
    return [
        {
            "image": printable(str(resolution.image)),
            "number": number,
            "tier": candidate.tier,
            "source": str(candidate.source),
            "entry": redact_entry(candidate.entry),
            "key": redact_entry(candidate.key),
            "username": printable(candidate.credential.username),
        }
        for number, candidate in enumerate(resolution.candidates, 1)
    ]


def explanation_records(explanation: Explanation) -> list[dict[str, Any]]:
    """One record for each entry of each secret, and one for each secret without entries."""
    pod = explanation.pod
    image = explanation.image
    head = {
        "namespace": None if pod is None else printable(pod.namespace),
        "kind": None if pod is None else printable(pod.kind),
        "pod": None if pod is None else printable(pod.name),
        "container": printable(explanation.container) or None,
        "image": printable(explanation.written or str(image)),
        "repository": image.name if isinstance(image, Image) else None,
    }
    empty = dict.fromkeys(("entry", "key", "username", "number", "tier", "in_key", "in_image"))
    records = []
    for secret in explanation.secrets:
        of_secret = {**head, "source": str(secret.source), "position": secret.position}
        if not secret.entries:
            reason = None if secret.reason is None else secret.reason.value
            records.append({**of_secret, **empty, "reason": reason, "verdict": secret.message})
        for entry in secret.entries:
            compared = entry.in_image != ""
            records.append(
                {
                    **of_secret,
                    "entry": redact_entry(entry.entry),
                    "key": None if entry.key is None else redact_entry(entry.key),
                    "username": printable(entry.username),
                    "number": entry.number,
                    "tier": entry.tier,
                    "in_key": printable(entry.in_key) if compared else None,
                    "in_image": printable(entry.in_image) if compared else None,
                    "reason": None if entry.reason is None else entry.reason.value,
                    "verdict": entry.sentence,
                }
            )
    return records


def diagnoses_records(diagnoses: Diagnoses) -> list[dict[str, Any]]:
    """One record for each diagnosis, the place's parts beside the others."""
    records = []
    for diagnosis in diagnoses:
        record = diagnosis.to_dict()
        where = record.pop("where")
        records.append({**record, "name": diagnosis.kind.name, **_prefixed(where)})
    return records


def _prefixed(where: dict[str, Any]) -> dict[str, Any]:
    return {f"where_{name}": value for name, value in where.items()}
