"""Who may use an image that a kubelet pulled: what its records say.

Fact E7. The names are those of the kubelet's types (``pkg/kubelet/apis/config/types.go``), but for
``imageRef``, which is the image's id.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

from attrs import field, frozen

from pullsecrets._go.json import write_json
from pullsecrets.dockerconfig import Credential
from pullsecrets.frozen import FrozenDict
from pullsecrets.secrecy import HiddenText, ImageText, image_text, printable

__all__ = [
    "CredentialHash",
    "PullCredentials",
    "PullIntent",
    "PulledRecord",
    "RecordedSecret",
    "RecordedServiceAccount",
    "credential_hash",
]


class CredentialHash(HiddenText):
    """The hash of a credential, as pull records hold it: only `reveal` gives it.

    It has no salt, so whoever sees it can confirm a guess of the password (E7).
    """

    __slots__ = ()


def _hash(value: CredentialHash | str) -> CredentialHash:
    return value if isinstance(value, CredentialHash) else CredentialHash(value)


@frozen(order=True)
class RecordedServiceAccount:
    """A service account whose pods may use an image.

    Attributes:
        namespace: Its namespace.
        name: Its name.
        uid: Its UID; a service account that was made again has another one.
    """

    namespace: str
    name: str
    uid: str

    def __str__(self) -> str:
        return printable(f"{self.namespace}/{self.name}")


@frozen
class RecordedSecret:
    """A secret whose credential pulled an image.

    Attributes:
        namespace: The secret's namespace.
        name: The secret's name.
        uid: The secret's UID; a secret that was made again has another one.
        hash: The hash of the credential in it. Given as a string it becomes a `CredentialHash`.
    """

    namespace: str
    name: str
    uid: str
    hash: CredentialHash = field(converter=_hash)

    @property
    def identity(self) -> tuple[str, str, str]:
        """Namespace, name and UID, by which the kubelet compares and sorts secrets."""
        return self.namespace, self.name, self.uid

    def __str__(self) -> str:
        return printable(f"{self.namespace}/{self.name}")


@frozen
class PullCredentials:
    """Who may use an image under one name (``ImagePullCredentials``).

    Attributes:
        secrets: The secrets that pulled it.
        service_accounts: The service accounts that pulled it.
        node_pods_accessible: Whether every pod on the node may use it. The other two are then
            empty.
    """

    secrets: tuple[RecordedSecret, ...] = ()
    service_accounts: tuple[RecordedServiceAccount, ...] = ()
    node_pods_accessible: bool = False

    def with_added(self, new: PullCredentials) -> PullCredentials:
        """These and new ones; these themselves where nothing changes.

        Follows ``pulledRecordMergeNewCreds``: what is open to every pod stays so, and the new hash
        of a known secret replaces the old one.
        """
        if self.node_pods_accessible or new.node_pods_accessible:
            return self if self.node_pods_accessible else PullCredentials((), (), True)
        known = {secret.identity: secret for secret in self.secrets}
        if any(known.get(secret.identity) != secret for secret in new.secrets):
            known.update((secret.identity, secret) for secret in new.secrets)
            secrets = sorted(known.values(), key=lambda secret: secret.identity)
            return PullCredentials(tuple(secrets), self.service_accounts)
        accounts = {*self.service_accounts, *new.service_accounts}
        if accounts != set(self.service_accounts):
            return PullCredentials(self.secrets, tuple(sorted(accounts)))
        return self


_ByName = Mapping[str, PullCredentials] | Mapping[ImageText, PullCredentials]


def _by_name(credentials: _ByName) -> FrozenDict[ImageText, PullCredentials]:
    return FrozenDict({image_text(name): given for name, given in credentials.items()})


@frozen
class PulledRecord:
    """What a kubelet knows about an image that it pulled (``ImagePulledRecord``).

    Attributes:
        image_id: The image's id, as the runtime gives it (``imageRef``).
        credentials: Name of the image, without tag and digest → who may use it. Read-only.
        last_updated: When the record was last written, as RFC 3339 in UTC; None where it is not
            said.
    """

    image_id: str
    credentials: Mapping[ImageText, PullCredentials] = field(factory=dict, converter=_by_name)
    last_updated: str | None = None

    @property
    def key(self) -> str:
        """By what its file is named and found."""
        return self.image_id


@frozen
class PullIntent:
    """A pull that a kubelet began, and of whose end it knows nothing (``ImagePullIntent``).

    Attributes:
        image: The image as the pod writes it.
    """

    image: ImageText = field(converter=image_text)

    @property
    def key(self) -> str:
        """By what its file is named and found."""
        return self.image.reveal()


def credential_hash(credential: Credential) -> CredentialHash:
    r"""The hash by which a pull record knows a credential (E7, ``hashAuthConfig``).

    The e-mail is part of it. Bytes that are not UTF-8 count as one escape ``\ufffd`` each. They
    have to come as Python's error handler "surrogateescape" gives them: a decoded docker config
    has the character U+FFFD instead, which counts as itself.

    >>> credential_hash(Credential("u", "p")).reveal()
    'edbd57ca9372e64eb1c9070ecf3a049ac553596b0529acf034c7a71d4e618e88'
    """
    fields = {
        "username": credential.username,
        "password": credential.password.reveal(),
        "email": credential.email,
    }
    text = write_json({name: value for name, value in fields.items() if value})
    return CredentialHash(sha256(text.encode()).hexdigest())
