"""Secrets, read from plain mappings as ``json.load`` or a YAML loader gives them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, Final

from attrs import field, frozen

from pullsecrets._go.base64 import decode_base64
from pullsecrets._go.json import go_string, write_json
from pullsecrets.dockerconfig import Credential, DockerConfig, basic_auth, credential_of
from pullsecrets.fields import Field
from pullsecrets.metadata import (
    Place,
    ignored,
    metadata_manifest,
    metadata_of,
    name_of,
    place_field,
)
from pullsecrets.notes import Note, NoteCode
from pullsecrets.secrecy import Hidden, HiddenBytes

__all__ = [
    "CONFIG_KEYS",
    "DOCKERCFG_KEY",
    "DOCKERCFG_TYPE",
    "DOCKERCONFIGJSON_KEY",
    "DOCKERCONFIGJSON_TYPE",
    "PullSecret",
]

DOCKERCONFIGJSON_TYPE: Final = "kubernetes.io/dockerconfigjson"
DOCKERCONFIGJSON_KEY: Final = ".dockerconfigjson"
DOCKERCFG_TYPE: Final = "kubernetes.io/dockercfg"
DOCKERCFG_KEY: Final = ".dockercfg"

CONFIG_KEYS: Final[Mapping[str, str]] = {
    DOCKERCONFIGJSON_TYPE: DOCKERCONFIGJSON_KEY,
    DOCKERCFG_TYPE: DOCKERCFG_KEY,
}
"""The types of Secret that hold a docker config (rule 7), and the key of it in each."""

_MAX_SECRET_SIZE: Final = 1024 * 1024  # bytes of all values; core/v1 MaxSecretSize

_Credentials = Mapping[str, Credential | tuple[str, str] | tuple[str, str, str]]


_Value = HiddenBytes | bytes
_Pairs = Mapping[str, _Value] | Iterable[tuple[str, _Value]]


def _pairs(data: _Pairs) -> tuple[tuple[str, HiddenBytes], ...]:
    # Pairs, so that the value can be hashed and pickled; sorted, as the order says nothing.
    return tuple(
        (key, value if isinstance(value, HiddenBytes) else HiddenBytes(value))
        for key, value in sorted(dict(data).items(), key=lambda pair: pair[0])
    )


@frozen
class PullSecret:
    """A Secret object that a pod may name in ``imagePullSecrets``.

    Attributes:
        name: The object's name.
        namespace: The object's namespace.
        type: The Secret's type; only two kinds of Secret hold docker configs (rule 7).
        data: The values of ``.dockerconfigjson`` and ``.dockercfg``, decoded from base64; other
            values are not kept. Given as bytes they become `HiddenBytes`.
        other_keys: The names of the other values.
        ignore: Codes of diagnoses not to report for it.
        uid: The UID that the API server gave it, empty where it was not read from a cluster. Pull
            records know a secret by it (fact E7).
        place: Where it was read; not compared.
    """

    name: str
    namespace: str = "default"
    type: str = DOCKERCONFIGJSON_TYPE
    _data: tuple[tuple[str, HiddenBytes], ...] = field(default=(), converter=_pairs)
    other_keys: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    uid: str = field(default="", kw_only=True)
    place: Place | None = place_field()
    _config: DockerConfig | None = field(default=None, init=False, eq=False, repr=False)

    @property
    def data(self) -> Mapping[str, HiddenBytes]:
        """The values that may hold a docker config, by their key."""
        return dict(self._data)

    @classmethod
    def from_manifest(
        cls, manifest: Mapping[str, Any], *, namespace: str = "default", place: Place | None = None
    ) -> PullSecret:
        """Read a Secret, of whatever type.

        Args:
            manifest: The object. Values of ``stringData`` win over those of ``data`` (rule 7).
            namespace: For an object that names none.
            place: Where it was read.

        Raises:
            InvalidManifest: It is not a Secret that the API server would take.
        """
        secret = Field(manifest)
        del manifest  # no traceback shows what this frame was given
        metadata = metadata_of(secret, "Secret")
        data: dict[str, HiddenBytes] = {}
        for key, field_ in secret.member("data").items():
            data[key] = _decoded(field_)
        for key, field_ in secret.member("stringData").items():
            data[key] = HiddenBytes(go_string(field_.string()).encode())
        size = sum(len(value.reveal()) for value in data.values())
        if size > _MAX_SECRET_SIZE:
            raise secret.member("data").error(
                f"holds {size:,} bytes; the API server refuses more than {_MAX_SECRET_SIZE:,}"
            )
        kept = {key: data.pop(key) for key in CONFIG_KEYS.values() if key in data}
        return cls(
            name_of(metadata),
            metadata.member("namespace").string() or namespace,
            secret.member("type").string() or "Opaque",
            kept,
            tuple(data),
            ignored(metadata),
            uid=metadata.member("uid").string(),
            place=place,
        )

    @classmethod
    def from_credentials(
        cls, name: str, credentials: _Credentials, *, namespace: str = "default"
    ) -> PullSecret:
        """Make the Secret that ``kubectl create secret docker-registry`` makes.

        Its value is kubectl's, byte for byte (``handleDockerCfgJSONContent``). Several entries,
        which kubectl has no options for, are sorted as Go's ``json.Marshal`` sorts them.

        Args:
            name: The Secret's name.
            credentials: Entry → credential, or user and password, or user, password and e-mail.
                kubectl's own default for the entry is ``https://index.docker.io/v1/``.
            namespace: The Secret's namespace.

        Raises:
            TypeError: A credential is something else, or has too many parts.

        >>> secret = PullSecret.from_credentials("regcred", {"quay.io": ("user", "password")})
        >>> secret.config()
        <DockerConfig 'quay.io'>
        """
        given = Hidden(credentials)
        del credentials
        auths = {
            entry: _kubectl_fields(Hidden(given.reveal()[entry]))
            for entry in sorted(given.reveal(), key=go_string)
        }
        payload = HiddenBytes(write_json({"auths": auths}).encode())
        return cls(name, namespace, DOCKERCONFIGJSON_TYPE, {DOCKERCONFIGJSON_KEY: payload})

    def to_manifest(self) -> dict[str, Any]:
        """The Secret as a plain mapping, which reads as the same value again.

        It holds the passwords in base64, which hides nothing: that is its purpose. Of the values
        under `other_keys` only the names are known, they come out empty.
        """
        values = [(key, value.reveal()) for key, value in self._data]
        values += [(key, b"") for key in self.other_keys]
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": metadata_manifest(self.name, self.namespace, self.ignore, self.uid),
            "type": self.type,
            "data": {key: b64encode(value).decode() for key, value in values},
        }

    @property
    def key(self) -> str:
        """The key of the value that its type asks for: that of the newer type for any other."""
        return CONFIG_KEYS.get(self.type, DOCKERCONFIGJSON_KEY)

    @property
    def skipped(self) -> Note | None:
        """Why the kubelet skips this Secret without a word (rule 7), or None."""
        if self.type not in CONFIG_KEYS:
            return Note(NoteCode.WRONG_TYPE, self.namespace, self.name, detail=self.type)
        code = NoteCode.EMPTY_VALUE if self.key in self.data else NoteCode.NO_VALUE
        value = self.data.get(self.key)
        return None if value else Note(code, self.namespace, self.name, detail=self.key)

    def config(self) -> DockerConfig | None:
        """The docker config in it; None if the kubelet skips the Secret.

        Raises:
            InvalidDockerConfig: It does not decode: then no pull of a pod that names this Secret
                gets any credential (rule 8).
        """
        # A secret may be in many lists: what is decoded once is kept.
        if self._config is None and self.skipped is None:
            legacy = self.type == DOCKERCFG_TYPE
            decode = DockerConfig.from_legacy_json if legacy else DockerConfig.from_json
            object.__setattr__(self, "_config", decode(self.data[self.key]))
        return self._config

    def __reduce__(self) -> tuple[Any, ...]:
        # Without what is decoded, which is found in `data` again.
        fields = self.name, self.namespace, self.type, self._data, self.other_keys, self.ignore
        return partial(PullSecret, uid=self.uid, place=self.place), fields


def _decoded(value: Field) -> HiddenBytes:
    data = decode_base64(value.string())
    if data is None:
        raise value.error("is not base64")
    return HiddenBytes(data)


def _kubectl_fields(given: Hidden[Credential | tuple[str, ...]]) -> dict[str, str]:
    """An entry's fields in kubectl's order, empty ones left out (its ``DockerConfigEntry``)."""
    credential = credential_of(given)
    username, password = credential.username, credential.password.reveal()
    fields = {"username": username, "password": password, "email": credential.email}
    fields["auth"] = basic_auth(username, password)
    return {name: value for name, value in fields.items() if value}
