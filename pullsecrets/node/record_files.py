"""The files in which a kubelet keeps who pulled an image: what one of them holds.

Facts E6 and E7. Kubernetes decodes them strictly (``fs_pullrecords.go``): an unknown field, a
repeated one, or one of another type breaks the file. A file that begins with ``{`` has to be JSON,
any other is read as YAML.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from typing import Any, Final

from attrs import frozen

from pullsecrets._go.json import BadJSON, Object, go_string, parse_json, write_json
from pullsecrets.node.recorded import (
    PullCredentials,
    PulledRecord,
    PullIntent,
    RecordedSecret,
    RecordedServiceAccount,
)
from pullsecrets.reading.text import read_yaml
from pullsecrets.secrecy import HiddenBytes, printable

__all__ = [
    "RecordFile",
    "file_name",
    "read_intent",
    "read_record",
    "write_intent",
    "write_record",
    "written_time",
]

_API_VERSIONS: Final[Mapping[str, int]] = {
    "kubelet.config.k8s.io/v1alpha1": 33,
    "kubelet.config.k8s.io/v1beta1": 35,
}
"""apiVersion → the first minor version of Kubernetes that reads it (E7)."""

_ALPHA: Final = "kubelet.config.k8s.io/v1alpha1"
_SERVICE_ACCOUNTS_SINCE: Final = 34  # before, the field is an unknown one
_TYPE: Final = ("kind", "apiVersion")
_CREDENTIALS: Final = ("kubernetesSecrets", "kubernetesServiceAccounts", "nodePodsAccessible")
_ACCOUNT: Final = ("namespace", "name", "uid")

_SHOWN_MAX: Final = 60
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_WHITE_SPACE: Final = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
"""What Go's ``unicode.IsSpace`` says is white space."""

# What Go's time.Parse takes for RFC 3339: an hour of one digit, too, and a comma.
_RFC_3339: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{1,2}):([0-9]{2}):([0-9]{2})(?:[.,][0-9]+)?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})"
)
_ZERO_TIME: Final = datetime(1, 1, 1, tzinfo=UTC)


@frozen
class RecordFile:
    """A file of a kubelet's record directories.

    Attributes:
        content: The file's bytes.
        holds: What it holds, None where no release of Kubernetes can decode it.
        since: The first minor version that reads it: 33 is Kubernetes 1.33.
        problem: Why it cannot be decoded, or an empty string.
    """

    content: HiddenBytes
    holds: PulledRecord | PullIntent | None
    since: int = 0
    problem: str = ""


def file_name(key: str) -> str:
    """The name of the file for an image as written (an intent) or an image's id (a record)."""
    return f"sha256-{sha256(go_string(key).encode()).hexdigest()}"


def read_record(content: bytes) -> RecordFile:
    """Decode a file of the directory ``pulled``; one that does not decode says why."""
    return _read(content, _record)


def read_intent(content: bytes) -> RecordFile:
    """Decode a file of the directory ``pulling``; one that does not decode says why."""
    return _read(content, _intent)


def write_record(record: PulledRecord, api_version: str) -> RecordFile:
    """The file that a kubelet writes for a record (``WriteImagePulledRecord``)."""
    document: dict[str, Any] = {
        "kind": "ImagePulledRecord",
        "apiVersion": api_version,
        "lastUpdatedTime": record.last_updated,
        "imageRef": record.image_id,
    }
    if record.credentials:
        document["credentialMapping"] = {
            name: _credentials_document(record.credentials[name], api_version)
            for name in sorted(record.credentials)
        }
    return _written(document, record, api_version)


def write_intent(image: str, api_version: str) -> RecordFile:
    """The file that a kubelet writes before it pulls an image (``WriteImagePullIntent``)."""
    document = {"kind": "ImagePullIntent", "apiVersion": api_version, "image": image}
    return _written(document, PullIntent(image), api_version)


def _written(
    document: dict[str, Any], holds: PulledRecord | PullIntent, api_version: str
) -> RecordFile:
    content = HiddenBytes(f"{write_json(document)}\n".encode())
    return RecordFile(content, holds, _API_VERSIONS[api_version])


def _credentials_document(credentials: PullCredentials, api_version: str) -> dict[str, Any]:
    document: dict[str, Any] = {}
    # Kubernetes 1.33 and 1.34 write the list even where it is none.
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


class _Broken(Exception):
    """A file that does not decode. The message says what is wrong and shows no value of it."""


def _read(
    content: bytes, decode: Callable[[Any], tuple[PulledRecord | PullIntent, int]]
) -> RecordFile:
    hidden = HiddenBytes(content)
    try:
        holds, since = decode(_document(content))
    except (_Broken, BadJSON) as error:
        return RecordFile(hidden, None, problem=str(error))
    return RecordFile(hidden, holds, since)


def _document(content: bytes) -> Any:
    """What the file holds, objects as `Object`, so that repeated names are seen."""
    text = content.decode("utf-8", "surrogateescape")
    if text.lstrip(_WHITE_SPACE).startswith("{"):
        return parse_json(content)
    if not text.strip():  # also without PyYAML, as a crash may leave such a file
        raise _Broken("it is empty")
    if _SURROGATE.search(text):
        raise _Broken("not YAML: bytes that are not UTF-8")
    read = next(read_yaml(text))
    if read.error is not None:
        raise _Broken(read.error)
    if read.repeated:
        raise _Broken("a field is repeated")
    return _as_object(read.value)


def _as_object(value: Any) -> Any:
    if isinstance(value, dict):
        return Object((name, _as_object(member)) for name, member in value.items())
    return list(map(_as_object, value)) if isinstance(value, list) else value


def _record(document: Any) -> tuple[PulledRecord, int]:
    fields = _fields(document, "", "lastUpdatedTime", "imageRef", "credentialMapping", *_TYPE)
    since = _since(fields, "ImagePulledRecord")
    credentials = {}
    for name, value in _members(fields.get("credentialMapping"), "credentialMapping").items():
        where = f"credentialMapping['{_shown(name)}']"
        members = _fields(value, where, *_CREDENTIALS)
        if "kubernetesServiceAccounts" in members:
            since = max(since, _SERVICE_ACCOUNTS_SINCE)
        credentials[name] = _credentials(members, where)
    image_id = _string(fields, "imageRef", "")
    return PulledRecord(image_id, credentials, _time(fields.get("lastUpdatedTime"))), since


def _intent(document: Any) -> tuple[PullIntent, int]:
    fields = _fields(document, "", "image", *_TYPE)
    return PullIntent(_string(fields, "image", "")), _since(fields, "ImagePullIntent")


def _since(fields: Mapping[str, Any], kind: str) -> int:
    api_version = _string(fields, "apiVersion", "")
    if api_version not in _API_VERSIONS:
        raise _Broken(f"apiVersion is '{_shown(api_version)}', not {' or '.join(_API_VERSIONS)}")
    if (found := _string(fields, "kind", "")) != kind:
        raise _Broken(f"kind is '{_shown(found)}', not {kind}")
    return _API_VERSIONS[api_version]


def _credentials(members: Mapping[str, Any], where: str) -> PullCredentials:
    secrets, accounts, accessible = map(members.get, _CREDENTIALS)
    if not isinstance(accessible, bool | None):
        raise _Broken(f"{where}.nodePodsAccessible is not a boolean")
    return PullCredentials(
        tuple(
            RecordedSecret(*_strings(secret, place, *_ACCOUNT, "credentialHash"))
            for place, secret in _items(secrets, f"{where}.kubernetesSecrets")
        ),
        tuple(
            RecordedServiceAccount(*_strings(account, place, *_ACCOUNT))
            for place, account in _items(accounts, f"{where}.kubernetesServiceAccounts")
        ),
        bool(accessible),
    )


def _items(value: Any, where: str) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, list | None):
        raise _Broken(f"{where} is not a list")
    return ((f"{where}[{at}]", item) for at, item in enumerate(value or ()))


def _strings(value: Any, where: str, *names: str) -> Iterator[str]:
    fields = _fields(value, where, *names)
    return (_string(fields, name, where) for name in names)


def _fields(value: Any, where: str, *names: str) -> Mapping[str, Any]:
    """An object's members, where it has no others than these."""
    members = _members(value, where)
    if unknown := members.keys() - set(names):
        raise _Broken(f"{where or 'the document'} has an unknown field, '{_shown(min(unknown))}'")
    return members


def _members(value: Any, where: str) -> Mapping[str, Any]:
    """An object's members; none for null, which Go decodes into any type without effect."""
    if value is None:
        return {}
    if type(value) is not Object:
        raise _Broken(f"{where or 'the document'} is not an object")
    members: dict[str, Any] = {}
    for name, member in value:
        if not isinstance(name, str):
            raise _Broken(f"{where or 'the document'} has a name that is not a string")
        if name in members:
            raise _Broken(f"{where or 'the document'} has '{_shown(name)}' twice")
        members[go_string(name)] = member
    return members


def _string(fields: Mapping[str, Any], name: str, where: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str | None):
        raise _Broken(f"{where}.{name} is not a string".removeprefix("."))
    return go_string(value or "")


def _time(value: Any) -> str | None:
    """A time as Kubernetes writes it back: in UTC, to the second; None for Go's zero time."""
    if value is None:
        return None
    match = _RFC_3339.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise _Broken("lastUpdatedTime is not a time")
    *parts, offset = match.groups()
    year, month, day, hour, minute, second = map(int, parts)
    try:
        local = datetime(year, month, day, hour, minute, second, tzinfo=_zone(offset))
        moment = local.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _Broken("lastUpdatedTime is not a time") from None
    return None if moment == _ZERO_TIME else written_time(moment)


def _zone(offset: str) -> timezone:
    if offset == "Z":
        return UTC
    hours, minutes = int(offset[1:3]), int(offset[4:])
    return timezone((-1 if offset[0] == "-" else 1) * timedelta(hours=hours, minutes=minutes))


def written_time(moment: datetime) -> str:
    """A moment as Kubernetes writes it: RFC 3339 in UTC, to the second."""
    utc = moment.astimezone(UTC).replace(microsecond=0, tzinfo=None)
    return f"{utc.isoformat()}Z"


def _shown(text: str) -> str:
    return printable(text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}…")
