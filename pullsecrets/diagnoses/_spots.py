"""Building diagnoses: where something is, and the words for it."""

from __future__ import annotations

from collections.abc import Iterator

from pullsecrets.diagnoses._model import Diagnosis, Severity, Where
from pullsecrets.diagnoses.catalogue import CATALOGUE
from pullsecrets.objects import (
    DOCKERCFG_KEY,
    DOCKERCFG_TYPE,
    DOCKERCONFIGJSON_KEY,
    POD_TEMPLATES,
    Pod,
    PullSecret,
    ServiceAccount,
)
from pullsecrets.secrecy import printable, redact_entry

__all__ = ["diagnosis", "image_fields", "in_account", "in_pod", "in_secret", "quoted", "title"]


def diagnosis(
    code: str,
    where: Where,
    message: str,
    advice: str = "",
    *,
    severity: Severity | None = None,
    replacement: str | None = None,
) -> Diagnosis:
    """A diagnosis; the catalogue says what the caller does not."""
    kind = CATALOGUE[code]
    return Diagnosis(
        kind,
        severity or kind.severity,
        printable(message),
        printable(advice or kind.plain(kind.advice)),
        where,
        replacement,
    )


def quoted(text: str) -> str:
    """A text out of a manifest, for a message."""
    return f"'{printable(text)}'"


def title(named: PullSecret | ServiceAccount | Pod) -> str:
    """An object's namespace and name, for a message."""
    return printable(f"{named.namespace}/{named.name}")


def in_pod(pod: Pod, field: str) -> Where:
    """A field of a pod's spec, or of the spec in a workload's template."""
    path = ".".join((*POD_TEMPLATES.get(pod.kind, ()), "spec", field))
    return Where.of(pod.place, pod.kind, pod, path, None)


def in_account(account: ServiceAccount, field: str) -> Where:
    """A field of a service account."""
    return Where.of(account.place, "ServiceAccount", account, field, None)


def in_secret(secret: PullSecret, entry: str | None = None, field: str = "") -> Where:
    """A field of a Secret, by default the docker config, and an entry in it."""
    if not field:
        key = DOCKERCFG_KEY if secret.type == DOCKERCFG_TYPE else DOCKERCONFIGJSON_KEY
        field = f"data['{key}']"
    shown = None if entry is None else redact_entry(entry)
    return Where.of(secret.place, "Secret", secret, field, shown)


def image_fields(pod: Pod) -> Iterator[str]:
    """The field of each of `Pod.images`, in their order."""
    for name, containers in (
        ("containers", pod.containers),
        ("initContainers", pod.init_containers),
        ("ephemeralContainers", pod.ephemeral_containers),
    ):
        for at in range(len(containers)):
            yield f"{name}[{at}].image"
    for volume in pod.image_volumes:
        yield f"volumes[{quoted(volume.name)}].image.reference"
