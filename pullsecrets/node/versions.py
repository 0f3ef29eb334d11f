"""What differs between the minor versions of Kubernetes: one row for each fact.

A row is an attribute of `Release`. On a release it is the value there, on the class it is the row
itself, with its sentence and its source:

>>> Release.parse("1.32").one_node_keyring
True
>>> Release.parse("1.33").one_node_keyring
False
>>> for difference in differences(Release.parse("1.31"), Release.parse("1.32")):
...     print(difference.name)
name_limit_is_for_the_path
strict_decoding
audience_restriction
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, ClassVar, Final, Generic, TypeVar, overload

from attrs import frozen

from pullsecrets.errors import PullsecretsError
from pullsecrets.secrecy import printable

__all__ = [
    "FACTS",
    "NEWEST",
    "OLDEST",
    "OLDEST_NODE",
    "RELEASES",
    "Difference",
    "DuplicateNames",
    "Fact",
    "Gate",
    "MissingSecretEvent",
    "Release",
    "UnknownRelease",
    "differences",
]

T = TypeVar("T")


class UnknownRelease(PullsecretsError, ValueError):
    """Not a minor version of Kubernetes that the library knows."""


class Gate(StrEnum):
    """Whether a feature is there, and on, where nobody sets its feature gate."""

    ABSENT = "absent"
    OFF = "off"
    ON = "on"


class DuplicateNames(StrEnum):
    """What notices two credential providers of one name. Each of them ends the kubelet."""

    REGISTRATION = "a fatal log line when the second is registered"
    VALIDATION = "the validation of the configuration"
    READING = "the reading of the configuration"


class MissingSecretEvent(StrEnum):
    """When a pod gets the event ``FailedToRetrieveImagePullSecret``."""

    NEVER = "never"
    EACH_SYNC = "at each sync"
    AFTER_FAILED_PULL = "only after a failed pull"


@frozen
class Fact(Generic[T]):
    """A row of the table.

    Attributes:
        sentence: What is the case where the value is true; otherwise what the value says.
        source: Where it can be looked up: the rule or fact, and the function of Kubernetes.
        first: The value in `OLDEST`.
        changes: Minor version → the value from there on, in order.
    """

    sentence: str
    source: str
    first: T
    changes: Mapping[int, T]

    def at(self, release: Release) -> T:
        """The value in a release."""
        value = self.first
        for minor, changed in self.changes.items():
            if minor <= release.minor:
                value = changed
        return value

    # Only on a release it is a value: a type checker takes `Difference.fact` for a descriptor, too.
    @overload
    def __get__(self, instance: Release, owner: type) -> T: ...
    @overload
    def __get__(self, instance: object, owner: type) -> Fact[T]: ...
    def __get__(self, instance: object, owner: type) -> Fact[T] | T:
        return self.at(instance) if isinstance(instance, Release) else self


@frozen(order=True)
class Release:
    """A minor version of Kubernetes, with what is the case in it.

    Attributes:
        minor: The number behind ``1.``.

    >>> Release.parse("v1.33.5-eks-113cf36")
    Release(minor=33)
    >>> str(Release.parse(None))
    '1.37'
    """

    minor: int

    lenient_image_domains: ClassVar[Fact[bool]] = Fact(
        "An image's domain may be upper case (`QUAY/a`) or an IPv6 address (`[::1]:5000/a`).",
        "rule 11; distribution/reference 0.5",
        False,
        {29: True},
    )
    name_limit_is_for_the_path: ClassVar[Fact[bool]] = Fact(
        "The limit of 255 characters is for an image's path, no longer with its domain.",
        "rule 11; distribution/reference 0.6",
        False,
        {32: True},
    )
    missing_secret_event: ClassVar[Fact[MissingSecretEvent]] = Fact(
        "When a pod gets the event of a missing pull secret.",
        "rule 4; kubelet `getPullSecretsForPod`",
        MissingSecretEvent.NEVER,
        {28: MissingSecretEvent.EACH_SYNC, 37: MissingSecretEvent.AFTER_FAILED_PULL},
    )
    static_pod_with_references_is_refused: ClassVar[Fact[bool]] = Fact(
        "The kubelet refuses a static pod that names secrets or a service account.",
        "rule 3",
        False,
        {34: True},
    )
    undecodable_secret_is_a_pull_error: ClassVar[Fact[bool]] = Fact(
        "A secret that does not decode shows as ErrImagePull, with back-off and the event 'Failed "
        "to pull image'; otherwise STATUS is the error's own text, with neither.",
        "rule 8; kubelet `EnsureImageExists`",
        True,
        {33: False},
    )
    looks_up_when_present: ClassVar[Fact[bool]] = Fact(
        "Secrets are decoded and plugins run also for an image that is on the node, so that a "
        "secret that does not decode fails its pod.",
        "B3, B4; kubernetes#132951, fixed in 1.34",
        False,
        {33: True, 34: False},
    )
    strict_decoding: ClassVar[Fact[bool]] = Fact(
        "An unknown field or a repeated key in a provider's configuration or answer is an error.",
        "D2, D12; `pkg/credentialprovider/plugin`",
        False,
        {32: True},
    )
    one_node_keyring: ClassVar[Fact[bool]] = Fact(
        "The node's docker config and all plugins are one keyring, sorted together; otherwise two.",
        "A1, A2; `NewDockerKeyring`, `MakeDockerKeyring`",
        True,
        {33: False},
    )
    providers_by_name: ClassVar[Fact[bool]] = Fact(
        "Plugins are asked in the order of their names, not in that of the configuration.",
        "A2, A3; `NewDockerKeyring`, `externalCredentialProviderKeyring.Lookup`",
        True,
        {33: False},
    )
    config_directory: ClassVar[Fact[bool]] = Fact(
        "The providers' configuration may be a directory.",
        "D1; `readCredentialProviderConfig`",
        False,
        {34: True},
    )
    duplicate_names: ClassVar[Fact[DuplicateNames]] = Fact(
        "What notices two providers of one name.",
        "D4; `validateCredentialProviderConfig`, `registerCredentialProviderPlugin`",
        DuplicateNames.REGISTRATION,
        {33: DuplicateNames.VALIDATION, 34: DuplicateNames.READING},
    )
    strict_url_ports: ClassVar[Fact[bool]] = Fact(
        "`quay.io:443:443` and `::1` no longer parse: such an entry is dropped, such a pattern "
        "refused.",
        "rule 10, D4; Go 1.26 `net/url`",
        False,
        {36: True},
    )
    token_gate: ClassVar[Fact[Gate]] = Fact(
        "Service account tokens for plugins (KubeletServiceAccountTokenForCredentialProviders).",
        "D21; `pkg/features/kube_features.go`",
        Gate.ABSENT,
        {33: Gate.OFF, 34: Gate.ON},
    )
    cache_type: ClassVar[Fact[bool]] = Fact(
        "`cacheType` of `tokenAttributes` is required; otherwise it is an unknown field.",
        "D4; `validateCredentialProviderConfig`",
        False,
        {34: True},
    )
    token_needs_same_account: ClassVar[Fact[bool]] = Fact(
        "A token is only given while the service account still has the UID that was read.",
        "D22; `serviceAccountProvider.getServiceAccountToken`",
        False,
        {34: True},
    )
    token_as_password_is_refused: ClassVar[Fact[bool]] = Fact(
        "An answer whose password is the token itself is refused unless `cacheType` is `Token`.",
        "D24; `pluginProvider.provide`",
        False,
        {34: True},
    )
    service_accounts_are_recorded: ClassVar[Fact[bool]] = Fact(
        "A pull with an answer to a service account's token counts as that account's; otherwise it "
        "is open to every pod of the node.",
        "D25, E7; `TrackedAuthConfig`",
        False,
        {34: True},
    )
    audience_restriction: ClassVar[Fact[Gate]] = Fact(
        "The API server gives a node a token for those audiences alone that RBAC allows "
        "(ServiceAccountNodeAudienceRestriction).",
        "D23; `validateNodeServiceAccountAudience`",
        Gate.ABSENT,
        {32: Gate.OFF, 33: Gate.ON},
    )
    verification_gate: ClassVar[Fact[Gate]] = Fact(
        "An image that is on the node is not for everybody (KubeletEnsureSecretPulledImages).",
        "E1; `pkg/features/kube_features.go`",
        Gate.ABSENT,
        {33: Gate.OFF, 35: Gate.ON},
    )
    verification_looks_up_late: ClassVar[Fact[bool]] = Fact(
        "With verification credentials are looked up only where its decision needs them.",
        "B3, B5; `makeLookupPullCredentialsFunc`",
        False,
        {35: True},
    )
    record_api_version: ClassVar[Fact[str]] = Fact(
        "The apiVersion of pull records that the kubelet writes.",
        "E7; `fs_pullrecords.go`",
        "",
        {33: "kubelet.config.k8s.io/v1alpha1", 35: "kubelet.config.k8s.io/v1beta1"},
    )
    records_by_content: ClassVar[Fact[bool]] = Fact(
        "A pull record is found by the image it names, whatever its file is called.",
        "E6; `fs_pullrecords.go`",
        False,
        {34: True},
    )
    record_names_as_written: ClassVar[Fact[bool]] = Fact(
        "Pull records and the allowlist hold an image's name as the pod writes it, not the "
        "normalised name.",
        "E7, E14; `trimImageTagDigest`, kubernetes#137629",
        False,
        {36: True},
    )
    allowlist_ignores_tags: ClassVar[Fact[bool]] = Fact(
        "An entry of the allowlist without `*` also matches images with a tag or a digest.",
        "E14; `image_pull_policies.go`",
        False,
        {36: True},
    )
    image_volumes: ClassVar[Fact[Gate]] = Fact(
        "Image volumes (ImageVolume).",
        "rule 5; `pkg/features/kube_features.go`",
        Gate.ABSENT,
        {31: Gate.OFF, 35: Gate.ON},
    )

    @classmethod
    def parse(cls, version: str | Release | None) -> Release:
        """A version as people and programs write it; None is the newest that is known.

        Args:
            version: ``1.33``, with or without a ``v`` before it and a patch level behind it.

        Raises:
            UnknownRelease: It is not a version, or not one that the library knows.
        """
        if version is None:
            return NEWEST
        if isinstance(version, Release):
            return version
        match = _VERSION.fullmatch(str(version))
        if match is None:
            shown = printable(str(version)[:40])
            raise UnknownRelease(f"'{shown}' is not a version of Kubernetes, such as 1.33")
        release = cls(int(match[1]))
        if not OLDEST <= release <= NEWEST:
            raise UnknownRelease(
                f"Kubernetes {release} is not known: {OLDEST_NODE} to {NEWEST} are"
            )
        return release

    def __str__(self) -> str:
        return f"1.{self.minor}"


def _rows() -> Iterator[tuple[str, Fact[Any]]]:
    for name, row in vars(Release).items():
        if isinstance(row, Fact):
            yield name, row


_VERSION: Final = re.compile(r"v?1\.([0-9]{1,3})(?:[.+-][0-9A-Za-z.+-]*)?")

OLDEST: Final = Release(22)
"""The oldest release that secrets' keyrings were measured with."""

OLDEST_NODE: Final = Release(31)
"""The oldest release that plugins were measured with."""

NEWEST: Final = Release(37)
"""The newest release that is known."""

RELEASES: Final = tuple(map(Release, range(OLDEST_NODE.minor, NEWEST.minor + 1)))
"""The releases that a `Node` can have."""

FACTS: Final[Mapping[str, Fact[Any]]] = dict(_rows())
"""The table: name → row."""


@frozen
class Difference:
    """A row whose value is another one in two releases.

    Attributes:
        name: The row's name.
        fact: The row.
        before: Its value in the first of the two.
        after: Its value in the second.
    """

    name: str
    fact: Fact[Any]
    before: Any
    after: Any


def differences(first: Release, second: Release) -> Iterator[Difference]:
    """The rows that differ between two releases, in the table's order."""
    for name, fact in FACTS.items():
        before, after = fact.at(first), fact.at(second)
        if before != after:
            yield Difference(name, fact, before, after)
