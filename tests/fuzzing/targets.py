"""What is fuzzed: functions that take any bytes, and fail where something does not hold.

Each asks for more than that nothing raises: what is written reads as the same value, and nothing
secret is in what is shown.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from pullsecrets import (
    Cluster,
    DockerConfig,
    Image,
    InvalidDockerConfig,
    InvalidImage,
    check,
)
from pullsecrets.dockerconfig import Auths, basic_auth
from pullsecrets.node.answers import ProviderAnswer, Response
from pullsecrets.node.provider_config import Providers
from pullsecrets.node.records import Pull, PullRecords
from pullsecrets.node.versions import NEWEST
from pullsecrets.probe.answers import BadAnswer, error_of, read_token
from pullsecrets.probe.challenges import parse_challenges
from pullsecrets.probe.transport import Answer
from pullsecrets.reading import Document, objects_of
from pullsecrets.reading.files import read_data
from pullsecrets.trace import explain_all

_LONG: Final = 8  # characters; a shorter password is in some other text by chance


def _shown_nowhere(auths: Auths, *texts: str, public: str = "") -> None:
    """No password is in the texts, unless it is public as something else, too."""
    public += "".join(f"{entry.reveal()} {c.username} {c.email} " for entry, c in auths.items())
    for credential in auths.values():
        password = credential.password.reveal()
        if len(password) >= _LONG and password not in public:
            forms = password, basic_auth(credential.username, password)
            assert not any(form in text for form in forms for text in texts)


def docker_config(data: bytes) -> None:
    """A docker config that decodes is written as one that decodes to the same."""
    for decode in (DockerConfig.from_json, DockerConfig.from_legacy_json):
        try:
            config = decode(data)
        except InvalidDockerConfig as error:
            str(error)
            continue
        assert DockerConfig.from_json(config.to_json()) == config
        _shown_nowhere(config.auths, repr(config), repr(config.auths), str(list(config.ignored)))


def image(data: bytes) -> None:
    """An image's familiar name is an image of the same name."""
    try:
        found = Image.parse(data.decode("utf-8", "surrogateescape"))
    except InvalidImage as error:
        str(error.note)
        return
    again = Image.parse(found.familiar)
    assert (again.name, again.tag, again.digest) == (found.name, found.tag, found.digest)
    assert Image.parse(found.name).name == found.name


def _strings(value: Any) -> Iterator[str]:
    """What is public in a manifest: all keys and values but a Secret's data."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield str(key)
            if key not in ("data", "stringData"):
                yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
    else:
        yield str(value)


def _manifests(data: bytes, name: str) -> None:
    documents = list(read_data(data, name))
    cluster = Cluster.of(objects_of(documents))
    public = "\n".join(
        text for each in documents if isinstance(each, Document) for text in _strings(each.value)
    )
    texts = [cluster.table().markdown(), repr(cluster), *map(str, cluster.problems)]
    for answer in cluster.resolve_all():
        texts += [json.dumps(answer.to_dict()), answer.table().html()]
    texts += [json.dumps(explained.to_dict()) for explained in explain_all(cluster)]
    texts += [f"{each}" for each in check(cluster)]
    for secret in cluster.secrets:
        try:
            config = secret.config()
        except InvalidDockerConfig:
            continue
        if config is not None:
            _shown_nowhere(config.auths, *texts, public=public)
    written = [
        each.to_manifest() for each in (*cluster.pods, *cluster.secrets, *cluster.service_accounts)
    ]
    again = Cluster.from_manifests(written)
    for kept, read in zip(cluster.pods, again.pods, strict=True):
        assert (kept.name, kept.images, kept.pull_secrets) == (
            read.name,
            read.images,
            read.pull_secrets,
        )


def yaml_manifests(data: bytes) -> None:
    """Manifests are answered, explained and checked; what is written reads as the same."""
    _manifests(data, "fuzzed.yaml")


def json_manifests(data: bytes) -> None:
    """As `yaml_manifests`, of JSON."""
    _manifests(data, "fuzzed.json")


_PROVIDERS: Final = Providers.from_config(
    {
        "apiVersion": "kubelet.config.k8s.io/v1",
        "kind": "CredentialProviderConfig",
        "providers": [
            {
                "name": "fuzzed",
                "apiVersion": "credentialprovider.kubelet.k8s.io/v1",
                "matchImages": ["*.example.com"],
                "defaultCacheDuration": "1m",
            }
        ],
    }
)


def provider_answer(data: bytes) -> None:
    """What a provider wrote is a response or a list of faults, and either is shown."""
    [provider] = _PROVIDERS.providers
    found = ProviderAnswer.from_stdout(data).read(provider, NEWEST)
    if isinstance(found, Response):
        _shown_nowhere(found.auths, repr(found), repr(found.auths))
        assert isinstance(found.serving("a.example.com/b"), tuple)
    else:
        assert found
        assert all(map(str, found))


def pull_records(data: bytes) -> None:
    """A kubelet's record is kept, as it is or as broken, and survives a pull."""
    name = "sha256-" + "0" * 64
    records = PullRecords.from_files({name: data}, {name: data})
    assert len([*records.records(NEWEST), *records.broken(NEWEST)]) <= 3
    at = datetime(2026, 1, 1, tzinfo=UTC)
    pull = Pull("registry.example.com/a:1", "sha256:" + "1" * 64)
    after = records.after(pull, NEWEST, at)
    assert after.record_of("sha256:" + "1" * 64, NEWEST) is not None


def challenges(data: bytes) -> None:
    """The challenges of an answer, written again, read as the same."""
    for found in parse_challenges([data.decode("latin-1")]):
        quoted = ",".join(f'{name}="{_escaped(value)}"' for name, value in found.parameters.items())
        assert parse_challenges([f"{found.scheme} {quoted}"]) in ((found,), ())


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def registry_answer(data: bytes) -> None:
    """A registry's, or a token server's, body: a token, or an error that can be shown."""
    answer = Answer(200, (("content-type", "application/json"),), data, False, 1.0)
    assert all(isinstance(each, str) for each in error_of(answer))
    try:
        token = read_token(answer, "a/b", 0.0)
    except BadAnswer as error:
        str(error)
        return
    value = token.value.reveal()
    assert value not in repr(token) or len(value) < _LONG


TARGETS: Final[MappingProxyType[str, Callable[[bytes], None]]] = MappingProxyType(
    {
        each.__name__: each
        for each in (
            docker_config,
            image,
            yaml_manifests,
            json_manifests,
            provider_answer,
            pull_records,
            challenges,
            registry_answer,
        )
    }
)
