"""Which credential provider plugins a kubelet has: its configuration, read and validated.

Facts D1 to D5 (``pkg/credentialprovider/plugin/config.go``).

A kubelet does not start with a configuration that it refuses, and says the first thing that is
wrong. Here all of it is collected.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path as FilePath
from typing import Any, Final

from attrs import evolve, field, frozen

from pullsecrets._go.json import BadJSON
from pullsecrets.errors import PullsecretsError
from pullsecrets.node.decoding import (
    Decoder,
    Document,
    Fault,
    FaultCode,
    Faults,
    Header,
    Hidden,
    Path,
    boolean,
    duration,
    hide,
    list_of,
    read_header,
    read_tree,
    string,
    struct,
)
from pullsecrets.node.plugins import CacheType, Provider, TokenAttributes
from pullsecrets.node.provider_rules import check_provider
from pullsecrets.node.versions import Gate, Release
from pullsecrets.secrecy import Password, printable

__all__ = ["InvalidProviderConfig", "Providers"]

_KIND: Final = "CredentialProviderConfig"
_GROUP: Final = "kubelet.config.k8s.io/"
_SERVED: Final = ("v1", "v1beta1", "v1alpha1")
_SUFFIXES: Final = (".json", ".yaml", ".yml")


class InvalidProviderConfig(PullsecretsError, ValueError):
    """A configuration with which the kubelet does not start.

    Attributes:
        errors: Everything that is wrong with it, in its order.
    """

    def __init__(self, errors: Iterable[Fault]) -> None:
        self.errors: tuple[Fault, ...] = tuple(errors)
        super().__init__("\n".join(map(str, self.errors)))

    def __reduce__(self) -> tuple[type[InvalidProviderConfig], tuple[tuple[Fault, ...]]]:
        return type(self), (self.errors,)


def _release(version: str | Release | None) -> Release:
    return Release.parse(version)


def _as_tuple(providers: Iterable[Provider]) -> tuple[Provider, ...]:
    return tuple(providers)


@frozen
class ConfigDocument:
    """A document that providers were read from.

    Attributes:
        text: The document.
        count: How many providers it has.
        file: The file's path, None for one that was no file.
    """

    text: Hidden
    count: int
    file: str | None = None


@frozen
class Providers:
    """The credential provider plugins of a kubelet.

    Attributes:
        providers: The providers in the order of the configuration.
        kubernetes: The release that took the configuration.
        documents: What they were read from, in the order of the providers.
        token_gate: The feature gate that they were read with, None for the release's default.

    >>> providers = Providers.from_config('''
    ... apiVersion: kubelet.config.k8s.io/v1
    ... kind: CredentialProviderConfig
    ... providers:
    ... - name: ecr-credential-provider
    ...   matchImages: ["*.dkr.ecr.*.amazonaws.com"]
    ...   defaultCacheDuration: 12h
    ...   apiVersion: credentialprovider.kubelet.k8s.io/v1
    ... ''')
    >>> [provider.name for provider in providers]
    ['ecr-credential-provider']
    """

    providers: tuple[Provider, ...] = field(converter=_as_tuple)
    kubernetes: Release = field(default=None, converter=_release)
    documents: tuple[ConfigDocument, ...] = field(default=(), eq=False, repr=False)
    token_gate: bool | None = field(default=None, eq=False, repr=False)

    def __iter__(self) -> Iterator[Provider]:
        return iter(self.providers)

    def __len__(self) -> int:
        return len(self.providers)

    @property
    def in_order(self) -> tuple[Provider, ...]:
        """The providers in the order in which they are asked (A2, A3)."""
        if not self.kubernetes.providers_by_name:
            return self.providers
        return tuple(sorted(self.providers, key=lambda provider: _utf8(provider.name)))

    def locate(self, at: int) -> tuple[str | None, int]:
        """Where a provider is written: the file, None for none, and its place in there.

        Args:
            at: Its place in `providers`.
        """
        for document in self.documents:
            if at < document.count:
                return document.file, at
            at -= document.count
        return None, at

    def read_by(self, kubernetes: str | Release | None) -> Providers:
        """The providers that another release reads in the same documents.

        Args:
            kubernetes: The version; None for the newest known.

        Raises:
            InvalidProviderConfig: A kubelet of that release would not start with it.
            UnknownRelease: The version is not known.
        """
        named = [(each.file, each.text) for each in self.documents]
        release = Release.parse(kubernetes)
        return _read(named, release, self.token_gate, folder=len(named) != 1)

    @classmethod
    def from_config(
        cls,
        *documents: Document,
        kubernetes: str | Release | None = None,
        token_gate: bool | None = None,
    ) -> Providers:
        """Read a configuration, or those of a directory in the order of their files' names.

        Args:
            documents: Text (JSON, YAML) or mappings.
            kubernetes: The version that reads them; None for the newest known.
            token_gate: The feature gate KubeletServiceAccountTokenForCredentialProviders, None
                for the version's default.

        Raises:
            InvalidProviderConfig: The kubelet would not start with it.
            MissingExtra: A text is YAML, and PyYAML is not there.
            UnknownRelease: The version is not known.
        """
        hidden: list[_Named] = [(None, hide(document)) for document in documents]
        del documents  # no traceback shows what this frame was given
        return _read(hidden, Release.parse(kubernetes), token_gate, folder=len(hidden) != 1)

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        *,
        kubernetes: str | Release | None = None,
        token_gate: bool | None = None,
    ) -> Providers:
        """Read what ``--image-credential-provider-config`` names: a file, or a directory.

        Args:
            path: The file, or the directory, whose ``*.json``, ``*.yaml`` and ``*.yml`` count.
            kubernetes: As for `from_config`.
            token_gate: As for `from_config`.

        Raises:
            InvalidProviderConfig: The kubelet would not start with it.
            OSError: It cannot be read.
            MissingExtra: A file is YAML, and PyYAML is not there.
            UnknownRelease: The version is not known.
        """
        root = FilePath(path)
        folder = root.is_dir()
        files = _config_files(root) if folder else [root]
        hidden: list[_Named] = [(str(file), hide(file.read_bytes())) for file in files]
        return _read(hidden, Release.parse(kubernetes), token_gate, folder=folder)


def _config_files(folder: FilePath) -> list[FilePath]:
    # By the end of the name: a file `.yaml` counts, which Python finds to have no suffix.
    found = (file for file in folder.iterdir() if file.name.endswith(_SUFFIXES))
    files = (file for file in found if file.is_file())
    return sorted(files, key=lambda file: os.fsencode(file.name))


def _utf8(name: str) -> bytes:
    return name.encode("utf-8", "surrogatepass")


_Named = tuple[str | None, Hidden]


def _read(
    documents: list[_Named], release: Release, token_gate: bool | None, *, folder: bool
) -> Providers:
    errors: list[Fault] = []
    if folder and not release.config_directory:
        errors.append(Fault(FaultCode.DIRECTORY, f"Kubernetes {release} reads one file only"))
    elif not documents:
        errors.append(Fault(FaultCode.DIRECTORY, "there is no *.json, *.yaml or *.yml file in it"))
    gate = release.token_gate is Gate.ON if token_gate is None else token_gate
    providers: list[Provider] = []
    names: set[str] = set()
    read: list[ConfigDocument] = []
    for file, document in documents:
        faults = Faults(release.strict_decoding)
        found = list(_providers(document, release, gate, names, faults))
        providers += found
        read.append(ConfigDocument(document, len(found), file))
        errors += (evolve(fault, document=file_name(file)) for fault in faults.found)
    if not providers and not errors:  # one file of a directory may name none
        errors.append(Fault(FaultCode.REQUIRED, "has to name a provider", ("providers",)))
    if errors:
        raise InvalidProviderConfig(errors)
    return Providers(providers, release, tuple(read), token_gate)


def file_name(file: str | None) -> str | None:
    """What a fault calls a file."""
    return None if file is None else printable(FilePath(file).name)


def _providers(
    document: Hidden,
    release: Release,
    gate: bool,
    names: set[str],
    faults: Faults,
) -> Iterator[Provider]:
    """The providers of one document; `names` are those before it."""
    try:
        tree = read_tree(document, faults)
    except BadJSON as error:
        faults.add(FaultCode.DOCUMENT, (), f"is {error}")
        return
    header = read_header(tree, faults)
    if header is None or not _is_config(header, faults):
        return
    tokens = release.token_gate is not Gate.ABSENT and header.group_version == f"{_GROUP}v1"
    given = _config(tokens, release.cache_type)(tree, (), faults)
    decoded = {fault.path for fault in faults.found}
    checks = Faults(faults.strict)
    for at, fields in enumerate(given["providers"]):
        path: Path = ("providers", at)
        check_provider(fields, path, release, gate, checks)
        if fields["name"] in names:
            checks.add(FaultCode.DUPLICATE_NAME, (*path, "name"), "is another provider's name, too")
        names.add(fields["name"])
        yield _provider(fields)
    # What did not decode is empty: that it is missing need not be said, too.
    faults.found.extend(fault for fault in checks.found if fault.path not in decoded)


def _is_config(header: Header, faults: Faults) -> bool:
    if header.kind != _KIND:
        faults.add(FaultCode.KIND, ("kind",), f"has to be {_KIND}")
        return False
    if header.group_version not in [_GROUP + version for version in _SERVED]:
        supported = ", ".join(_GROUP + version for version in _SERVED)
        faults.add(FaultCode.API_VERSION, ("apiVersion",), f"has to be one of {supported}")
        return False
    return True


def _config(tokens: bool, cache_type: bool) -> Decoder:
    strings = list_of(string)
    attributes = struct(
        serviceAccountTokenAudience=string,
        requireServiceAccount=boolean,
        requiredServiceAccountAnnotationKeys=strings,
        optionalServiceAccountAnnotationKeys=strings,
        **({"cacheType": string} if cache_type else {}),
    )
    provider = struct(
        name=string,
        matchImages=strings,
        defaultCacheDuration=duration,
        apiVersion=string,
        args=strings,
        env=list_of(struct(name=string, value=string)),
        **({"tokenAttributes": _optional(attributes)} if tokens else {}),
    )
    return struct(kind=string, apiVersion=string, providers=list_of(provider))


def _optional(decoder: Decoder) -> Decoder:
    """None where it is not there, so that it differs from an empty one."""
    return lambda value, path, faults: None if value is None else decoder(value, path, faults)


def _provider(fields: Mapping[str, Any]) -> Provider:
    token = fields.get("tokenAttributes")
    return Provider(
        fields["name"],
        fields["matchImages"],
        fields["defaultCacheDuration"] or timedelta(),
        fields["apiVersion"],
        tuple(map(Password, fields["args"])),
        tuple((variable["name"], Password(variable["value"])) for variable in fields["env"]),
        token and _token(token),
    )


def _token(fields: Mapping[str, Any]) -> TokenAttributes:
    cache_type = fields.get("cacheType")
    return TokenAttributes(
        fields["serviceAccountTokenAudience"],
        bool(fields["requireServiceAccount"]),
        CacheType(cache_type) if cache_type in tuple(CacheType) else None,
        fields["requiredServiceAccountAnnotationKeys"],
        fields["optionalServiceAccountAnnotationKeys"],
    )
