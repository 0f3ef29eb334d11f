"""What a credential provider answers, and what the kubelet makes of it (D12 to D14, D24).

An answer with anything wrong in it gives nothing, and the pull goes on without (D13). The kubelet
says so in its log at most; here each failure has its code.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from enum import StrEnum
from typing import Final

from attrs import field, frozen

from pullsecrets._go.json import BadJSON, parse_json, write_json
from pullsecrets._go.url import BadURL
from pullsecrets.dockerconfig import Auths, Credential, credential_of
from pullsecrets.matching import Ring, normalise
from pullsecrets.node.decoding import (
    Fault,
    FaultCode,
    Faults,
    duration,
    map_of,
    read_header,
    string,
    struct,
)
from pullsecrets.node.plugins import CacheType, Provider
from pullsecrets.node.versions import Release
from pullsecrets.secrecy import Hidden, HiddenBytes, Password

__all__ = ["CacheKeyType", "ProviderAnswer", "Response"]

_KIND: Final = "CredentialProviderResponse"
_MAX_SIZE: Final = 16 * 1024 * 1024  # bytes; the kubelet sets no limit


class CacheKeyType(StrEnum):
    """For which images an answer is kept (D17)."""

    IMAGE = "Image"
    REGISTRY = "Registry"
    GLOBAL = "Global"


def _auths(auths: Auths | Mapping[str, Credential]) -> Auths:
    return auths if isinstance(auths, Auths) else Auths(auths)


@frozen
class Response:
    """An answer that the kubelet takes.

    Attributes:
        auths: Entry as written → credential. Read-only. The entries become keys as those of a
            docker config do, and have to match the image once more (D14).
        cache_key_type: For which images it is kept.
        cache_duration: For how long it is kept, None where the provider's default counts. A
            negative one has passed when it is kept.
    """

    auths: Auths = field(converter=_auths, eq=lambda auths: frozenset(auths.items()), repr=False)
    cache_key_type: CacheKeyType
    cache_duration: timedelta | None = None

    def serving(self, image_name: str) -> tuple[Credential, ...]:
        """The credentials that serve an image, were they all that there is, in their order (D14).

        Args:
            image_name: The image's normalised name, without tag and digest.
        """
        ring = Ring(_keyed(self.auths))
        return tuple(each for _, found in ring.lookup(image_name) for each in found)

    def kept_for(self, provider: Provider) -> timedelta:
        """How long the kubelet keeps it, 0 where it does not (D16)."""
        given = self.cache_duration
        return max(provider.default_cache_duration if given is None else given, timedelta())


def _keyed(auths: Auths) -> Iterator[tuple[str, Credential]]:
    for entry, credential in auths.items():
        with suppress(BadURL):  # the kubelet drops such an entry (rule 10)
            yield normalise(entry.reveal()), credential


@frozen
class ProviderAnswer:
    """What a provider's program did when it was asked.

    Attributes:
        stdout: What it wrote to its standard output. Hidden, as it holds credentials.
        exit_status: How it ended.
        timed_out: Whether it was ended because it took more than the kubelet's minute.
    """

    stdout: HiddenBytes
    exit_status: int = 0
    timed_out: bool = False

    @classmethod
    def from_stdout(cls, stdout: str | bytes, exit_status: int = 0) -> ProviderAnswer:
        """What a program said, as recorded.

        >>> ProviderAnswer.from_stdout('{"auth": {"quay.io": {"password": "hunter2"}}}')
        ProviderAnswer(stdout=<HiddenBytes ********>, exit_status=0, timed_out=False)
        """
        if isinstance(stdout, str):
            stdout = stdout.encode("utf-8", "surrogatepass")
        return cls(HiddenBytes(stdout), exit_status)

    @classmethod
    def from_credentials(
        cls,
        auths: Mapping[str, tuple[str, str]],
        *,
        api_version: str = "credentialprovider.kubelet.k8s.io/v1",
        cache_key_type: str = "Registry",
    ) -> ProviderAnswer:
        """What a program says that gives these credentials.

        Args:
            auths: Entry → user name and password.
            api_version: The provider's ``apiVersion``.
            cache_key_type: For which images it is kept: ``Image``, ``Registry`` or ``Global``.

        Raises:
            TypeError: A credential is something else.
        """
        given = Hidden(auths)
        del auths  # no traceback shows what this frame was given
        document = {
            "kind": _KIND,
            "apiVersion": api_version,
            "cacheKeyType": cache_key_type,
            "auth": {
                entry: _fields(credential_of(Hidden(given.reveal()[entry])))
                for entry in given.reveal()
            },
        }
        return cls.from_stdout(write_json(document))

    def read(
        self, provider: Provider, release: Release, token: Password | None = None
    ) -> Response | tuple[Fault, ...]:
        """What the kubelet makes of it: a response, or all that is wrong with it.

        Args:
            provider: Who was asked.
            release: The kubelet's version.
            token: The service account's token that was passed to it, if one was and is known.
        """
        faults = Faults(release.strict_decoding, names_shown=False)
        response = self._response(provider, faults)
        if response is not None and release.token_as_password_is_refused:
            _check_token(response, provider, token, faults)
        if response is None or faults.found:
            return tuple(faults.found)
        return response

    def _response(self, provider: Provider, faults: Faults) -> Response | None:
        if self.timed_out:
            faults.add(FaultCode.TIMEOUT, (), "took more than a minute")
        elif self.exit_status:
            faults.add(FaultCode.EXIT_STATUS, (), f"ended with exit status {self.exit_status}")
        elif len(self.stdout.reveal()) > _MAX_SIZE:
            sentence = (
                f"has more than {_MAX_SIZE:,} bytes; nothing is known about so large an answer"
            )
            faults.add(FaultCode.TOO_LARGE, (), sentence)
        else:
            return _decode(self.stdout, provider, faults)
        return None


_RESPONSE: Final = struct(
    kind=string,
    apiVersion=string,
    cacheKeyType=string,
    cacheDuration=duration,
    auth=map_of(struct(username=string, password=string)),
)


def _decode(stdout: HiddenBytes, provider: Provider, faults: Faults) -> Response | None:
    try:
        tree = parse_json(stdout.reveal())
    except BadJSON as error:
        faults.add(FaultCode.DOCUMENT, (), f"is {error}")
        return None
    header = read_header(tree, faults)
    if header is None:
        return None
    if header.kind != _KIND:
        faults.add(FaultCode.KIND, ("kind",), f"has to be {_KIND}")
    if header.group_version != provider.api_version:
        sentence = f"has to be the provider's, {provider.api_version}"
        faults.add(FaultCode.API_VERSION, ("apiVersion",), sentence)
    given = _RESPONSE(tree, (), faults)
    if given["cacheKeyType"] not in tuple(CacheKeyType):
        supported = " or ".join(CacheKeyType)
        faults.add(FaultCode.CACHE_KEY_TYPE, ("cacheKeyType",), f"has to be {supported}")
    if faults.found:
        return None
    auths = {
        entry: Credential(fields["username"], Password(fields["password"]))
        for entry, fields in given["auth"].items()
    }
    return Response(auths, CacheKeyType(given["cacheKeyType"]), given["cacheDuration"])


def _check_token(
    response: Response, provider: Provider, token: Password | None, faults: Faults
) -> None:
    """D24: a token that is handed on as a password would be kept for other pods, too."""
    if not token or provider.token is None or provider.token.cache_type is CacheType.TOKEN:
        return
    for at, credential in enumerate(response.auths.values()):
        if credential.password == token:
            sentence = "is the service account's token itself, which needs cacheType: Token"
            faults.add(FaultCode.TOKEN_AS_PASSWORD, ("auth", at, "password"), sentence)


def _fields(credential: Credential) -> dict[str, str]:
    return {"username": credential.username, "password": credential.password.reveal()}
