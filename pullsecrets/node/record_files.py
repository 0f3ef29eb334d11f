"""The files in which a kubelet keeps who pulled an image: what one of them holds.

Facts E6 and E7 (``pkg/kubelet/images/pullmanager/fs_pullrecords.go``). Decoding is strict: an
unknown field, a repeated one, or one of another type breaks the file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from attrs import frozen

from pullsecrets._go.json import BadJSON, go_string, write_json
from pullsecrets.node.decoding import (
    FaultCode,
    Faults,
    Path,
    boolean,
    list_of,
    map_of,
    read_header,
    read_tree,
    string,
    struct,
)
from pullsecrets.node.recorded import (
    PullCredentials,
    PulledRecord,
    PullIntent,
    RecordedSecret,
    RecordedServiceAccount,
)
from pullsecrets.node.versions import Release
from pullsecrets.secrecy import HiddenBytes, HiddenText, ImageText

__all__ = [
    "RecordFile",
    "file_name",
    "read_intent",
    "read_record",
    "write_file",
    "written_time",
]

_RECORD_KIND: Final = "ImagePulledRecord"
_INTENT_KIND: Final = "ImagePullIntent"
_ALPHA: Final = "kubelet.config.k8s.io/v1alpha1"
_API_VERSIONS: Final[Mapping[str, int]] = {_ALPHA: 33, "kubelet.config.k8s.io/v1beta1": 35}
"""apiVersion → the first minor version of Kubernetes that reads it (E7)."""

_SERVICE_ACCOUNTS_SINCE: Final = 34  # before, the field is an unknown one


@frozen
class RecordFile:
    """A file of a kubelet's record directories.

    Attributes:
        content: The file's bytes. Hidden, as hashes of credentials are in it.
        holds: What it holds, None where no release of Kubernetes can decode it.
        api_version: Its apiVersion, empty where it does not decode.
        since: The first minor version that reads it: 33 is Kubernetes 1.33.
        problem: Why it cannot be decoded, or an empty string.
    """

    content: HiddenBytes
    holds: PulledRecord | PullIntent | None
    api_version: str = ""
    since: int = 0
    problem: str = ""

    def read_by(self, release: Release) -> PulledRecord | PullIntent | None:
        """What a kubelet of that release reads in it, None where it cannot."""
        return self.holds if self.since <= release.minor else None


def file_name(key: str) -> str:
    """The name of the file for an image as written (an intent) or an image's id (a record)."""
    return f"sha256-{sha256(go_string(key).encode()).hexdigest()}"


def read_record(content: HiddenBytes) -> RecordFile:
    """Decode a file of the directory ``pulled``; one that does not decode says why.

    Raises:
        MissingExtra: It is YAML, and PyYAML is not there.
    """
    return _read(content, _RECORD_KIND, _record)


def read_intent(content: HiddenBytes) -> RecordFile:
    """Decode a file of the directory ``pulling``; one that does not decode says why.

    Raises:
        MissingExtra: It is YAML, and PyYAML is not there.
    """
    return _read(content, _INTENT_KIND, _intent)


def write_file(holds: PulledRecord | PullIntent, api_version: str) -> RecordFile:
    """The file that a kubelet writes (``WriteImagePulledRecord``, ``WriteImagePullIntent``).

    Args:
        holds: What it is to hold.
        api_version: The apiVersion that the kubelet writes.
    """
    if isinstance(holds, PulledRecord):
        document = _record_document(holds, api_version)
    else:
        document = {"kind": _INTENT_KIND, "apiVersion": api_version, "image": holds.key}
    content = HiddenBytes(f"{write_json(document)}\n".encode())
    return RecordFile(content, holds, api_version, _API_VERSIONS[api_version])


def _record_document(record: PulledRecord, api_version: str) -> dict[str, Any]:
    document: dict[str, Any] = {
        "kind": _RECORD_KIND,
        "apiVersion": api_version,
        "lastUpdatedTime": record.last_updated,
        "imageRef": record.image_id,
    }
    if record.credentials:
        document["credentialMapping"] = {
            name.reveal(): _credentials_document(record.credentials[name], api_version)
            for name in sorted(record.credentials, key=ImageText.reveal)
        }
    return document


def _credentials_document(credentials: PullCredentials, api_version: str) -> dict[str, Any]:
    document: dict[str, Any] = {}
    # Kubernetes 1.33 and 1.34 write the list even where there is none.
    if credentials.secrets or api_version == _ALPHA:
        document["kubernetesSecrets"] = [
            {
                "uid": secret.uid,
                "namespace": secret.namespace,
                "name": secret.name,
                "credentialHash": secret.hash.reveal(),
            }
            for secret in credentials.secrets
        ] or None
    if credentials.service_accounts:
        document["kubernetesServiceAccounts"] = [
            {"uid": account.uid, "namespace": account.namespace, "name": account.name}
            for account in credentials.service_accounts
        ]
    if credentials.node_pods_accessible:
        document["nodePodsAccessible"] = True
    return document


_Holds = tuple[PulledRecord | PullIntent, int]  # and the first minor version that reads all of it


def _read(content: HiddenBytes, kind: str, decode: Callable[[Any, Faults], _Holds]) -> RecordFile:
    text = HiddenText(content.reveal().decode("utf-8", "surrogateescape"))
    faults = Faults(strict=True)
    try:
        tree = read_tree(text, faults) if text.reveal().strip() else None
    except BadJSON as error:
        return RecordFile(content, None, problem=f"it is {error}")
    api_version = _api_version(tree, kind, faults)
    holds, needs = decode(tree, faults)
    if faults.found:
        return RecordFile(content, None, problem=str(faults.found[0]))
    return RecordFile(content, holds, api_version, max(_API_VERSIONS[api_version], needs))


def _api_version(tree: Any, kind: str, faults: Faults) -> str:
    header = read_header(tree, faults)
    if header is None:
        return ""
    if header.group_version not in _API_VERSIONS:
        served = " or ".join(_API_VERSIONS)
        faults.add(FaultCode.API_VERSION, ("apiVersion",), f"has to be {served}")
    if header.kind != kind:
        faults.add(FaultCode.KIND, ("kind",), f"has to be {kind}")
    return header.group_version


def _record(tree: Any, faults: Faults) -> _Holds:
    fields = _RECORD(tree, (), faults)
    mapping = fields["credentialMapping"]
    credentials = {
        name: PullCredentials(
            tuple(_secret(secret) for secret in given["kubernetesSecrets"]),
            tuple(RecordedServiceAccount(**a) for a in given["kubernetesServiceAccounts"]),
            bool(given["nodePodsAccessible"]),
        )
        for name, given in mapping.items()
    }
    accounts = not faults.found and _names_service_accounts(tree)
    return (
        PulledRecord(fields["imageRef"], credentials, fields["lastUpdatedTime"]),
        _SERVICE_ACCOUNTS_SINCE if accounts else 0,
    )


def _names_service_accounts(tree: Any) -> bool:
    """Whether a record has the field, if only with `null`: to 1.33 it is unknown even so."""
    mappings = (mapping for name, mapping in tree if name == "credentialMapping")
    given = (given for mapping in mappings for _, given in mapping or ())
    return any(name == "kubernetesServiceAccounts" for each in given for name, _ in each or ())


def _secret(fields: dict[str, str]) -> RecordedSecret:
    return RecordedSecret(
        fields["namespace"], fields["name"], fields["uid"], fields["credentialHash"]
    )


def _intent(tree: Any, faults: Faults) -> _Holds:
    return PullIntent(_INTENT(tree, (), faults)["image"]), 0


# What Go's time.Parse takes for RFC 3339: an hour of one digit, too, and a comma.
_RFC_3339: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{1,2}):([0-9]{2}):([0-9]{2})(?:[.,][0-9]+)?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})"
)
_ZERO_TIME: Final = "0001-01-01T00:00:00Z"  # Go's
_MAX_HOURS, _MAX_MINUTES = 24, 60  # of a zone
_CYCLE: Final = 400  # years, after which the calendar repeats itself


def _time(value: Any, path: Path, faults: Faults) -> str | None:
    """A time as Kubernetes writes it back; None where it is not set."""
    text = string(value, path, faults)
    if not isinstance(value, str):
        return None
    written = _in_utc(text)
    if written is None:
        faults.add(FaultCode.TYPE, path, "is not a time, such as 2026-01-02T03:04:05Z")
    return None if written == _ZERO_TIME else written


def _in_utc(text: str) -> str | None:
    match = _RFC_3339.fullmatch(text)
    if match is None:
        return None
    *parts, offset = match.groups()
    year, month, day, hour, minute, second = map(int, parts)
    # Python's years are 1 to 9999; Go's begin at 0 here, and a zone may lead out of them.
    shift = _CYCLE if year < _CYCLE else -_CYCLE
    try:
        moment = datetime(year + shift, month, day, hour, minute, second) - _east(offset)
    except ValueError:
        return None
    year = moment.year - shift
    return f"{'-' if year < 0 else ''}{abs(year):04}-{moment:%m-%dT%H:%M:%S}Z"


def _east(offset: str) -> timedelta:
    """How far a zone is east of UTC. Go takes up to 24 hours and 60 minutes."""
    if offset == "Z":
        return timedelta()
    hours, minutes = int(offset[1:3]), int(offset[4:])
    if hours > _MAX_HOURS or minutes > _MAX_MINUTES:
        raise ValueError("there is no such zone")
    east = timedelta(hours=hours, minutes=minutes)
    return -east if offset[0] == "-" else east


def written_time(moment: datetime) -> str:
    """A moment as Kubernetes writes it: RFC 3339 in UTC, to the second."""
    return f"{moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat()}Z"


_ACCOUNT: Final = {"uid": string, "namespace": string, "name": string}
_RECORD: Final = struct(
    kind=string,
    apiVersion=string,
    lastUpdatedTime=_time,
    imageRef=string,
    credentialMapping=map_of(
        struct(
            kubernetesSecrets=list_of(struct(**_ACCOUNT, credentialHash=string)),
            kubernetesServiceAccounts=list_of(struct(**_ACCOUNT)),
            nodePodsAccessible=boolean,
        )
    ),
)
_INTENT: Final = struct(kind=string, apiVersion=string, image=string)
