"""Docker config documents: from bytes to credentials, as the kubelet decodes them.

Rules 7 to 9. The kubelet reads them with Go's ``encoding/json`` into ``DockerConfigJSON`` and
``DockerConfigEntry`` (``pkg/credentialprovider/config.go``): field names match without regard to
letter case, the last of several wins, one bad field fails the document.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from attrs import field, frozen

from pullsecrets._go.base64 import canonical_base64, decode_base64
from pullsecrets._go.json import Array, BadJSON, Object, go_string, parse_json
from pullsecrets._go.marshal import go_marshal
from pullsecrets.errors import PullsecretsError
from pullsecrets.secrecy import Password, printable, redact_entry

__all__ = ["Credential", "DockerConfig", "InvalidDockerConfig"]


class InvalidDockerConfig(PullsecretsError, ValueError):
    """A document that the kubelet cannot decode.

    The message never holds any of its content but field names and entries.

    Attributes:
        path: The fields that lead to what is wrong, ``("auths", "quay.io", "auth")``; empty where
            it is the document. Show the entry only through ``redact_entry``.
    """

    def __init__(self, message: str, path: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.path = path


def _password(value: Password | str) -> Password:
    return value if isinstance(value, Password) else Password(value)


@frozen
class Credential:
    """What an entry of a docker config gives to log in with.

    Attributes:
        username: The user, empty where the entry has none.
        password: The password, empty where the entry has none. Given as a string it becomes a
            `Password`.
        email: A relic that no registry asks for.
    """

    username: str = ""
    password: Password = field(default=Password(""), converter=_password)
    email: str = ""


class _Lazy(Mapping[str, Credential]):
    """Entries whose credential is made when it is asked for: of a large config, few ever are.

    Until then there stands the decoded ``auth``, ``user:password``.
    """

    __slots__ = ("_entries",)

    def __init__(self, entries: dict[str, Credential | bytes]) -> None:
        self._entries = entries

    def __getitem__(self, entry: str) -> Credential:
        credential = self._entries[entry]
        if isinstance(credential, bytes):
            user, _, password = credential.partition(b":")
            credential = Credential(_text(user), Password(_text(password)))
            self._entries[entry] = credential
        return credential

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


def _read_only(auths: Mapping[str, Credential]) -> Mapping[str, Credential]:
    return MappingProxyType(auths if isinstance(auths, _Lazy) else dict(auths))


@frozen
class DockerConfig:
    """A decoded docker config.

    Attributes:
        auths: Entry as written → credential, in the document's order. Read-only.
        ignored: Paths of fields that people set and the kubelet ignores:
            ``("credsStore",)``, ``("auths", "x.azurecr.io", "identitytoken")``. Not compared.

    >>> config = DockerConfig.from_json('{"auths": {"quay.io": {"auth": "dXNlcjpwYXNz"}}}')
    >>> config.auths["quay.io"]
    Credential(username='user', password=<Password ********>, email='')
    """

    auths: Mapping[str, Credential] = field(
        factory=dict, converter=_read_only, eq=lambda auths: frozenset(auths.items()), repr=False
    )
    ignored: tuple[tuple[str, ...], ...] = field(default=(), eq=False, repr=False)

    @classmethod
    def from_json(cls, data: bytes | str) -> DockerConfig:
        """Decode a ``.dockerconfigjson`` value, or a node's ``config.json``.

        Raises:
            InvalidDockerConfig: The kubelet would fail to decode it.
        """
        return _decode(data, _from_document)

    @classmethod
    def from_legacy_json(cls, data: bytes | str) -> DockerConfig:
        """Decode a ``.dockercfg`` value: the map of entries itself.

        Raises:
            InvalidDockerConfig: The kubelet would fail to decode it.
        """
        return _decode(data, _from_map)

    def to_json(self) -> str:
        """The smallest ``.dockerconfigjson`` document that decodes to the same credentials.

        Entries are written as ``auth``, which every tool reads, and stay in their order.
        It holds the passwords in the clear: that is its purpose.

        >>> DockerConfig({"quay.io": Credential("user", Password("pass"))}).to_json()
        '{"auths":{"quay.io":{"auth":"dXNlcjpwYXNz"}}}'
        """
        entries = {entry: _fields(credential) for entry, credential in self.auths.items()}
        return go_marshal({"auths": entries})

    def __repr__(self) -> str:
        entries = ", ".join(f"'{redact_entry(entry)}'" for entry in self.auths)
        return f"<DockerConfig {entries or 'without entries'}>"

    def __reduce__(self) -> tuple[type[DockerConfig], tuple[Any, ...]]:
        return DockerConfig, (dict(self.auths), self.ignored)


def basic_auth(username: str, password: str) -> str:
    """The value of ``auth`` (``encodeDockerConfigFieldAuth`` of the kubelet and of kubectl)."""
    return b64encode(go_string(f"{username}:{password}").encode()).decode()


def _fields(credential: Credential) -> dict[str, str]:
    username, password = credential.username, credential.password.reveal()
    if ":" in username:  # `auth` would be split at that colon
        fields = {"username": username, "password": password}
    else:
        fields = {"auth": basic_auth(username, password)} if username or password else {}
    fields["email"] = credential.email
    return {name: value for name, value in fields.items() if value}


class _Undecodable(Exception):
    """What is wrong, and the path of field names that leads there."""

    def __init__(self, what: str, *path: str) -> None:
        super().__init__(what)
        self.what = what
        self.path = path


def _decode(data: bytes | str, read: Any) -> DockerConfig:
    # Raised outside of the handlers: the errors caught there know more than may be shown.
    if not isinstance(data, (bytes, str)):
        raise InvalidDockerConfig(f"a docker config is bytes or str, not {type(data).__name__}")
    path: tuple[str, ...] = ()
    try:
        auths, ignored = read(parse_json(data))
        return DockerConfig(_Lazy(auths), tuple(ignored))
    except BadJSON as error:
        message = str(error)
    except _Undecodable as error:
        message, path = _message(error), error.path
    raise InvalidDockerConfig(message, path)


def _message(error: _Undecodable) -> str:
    """One line: the path to the field, entries redacted, and what is wrong there."""
    where, *rest = error.path or ("the document",)
    if rest:
        entry, *names = rest
        where = ".".join([f"{where}['{redact_entry(entry)}']", *names])
    return printable(f"{where} {error.what}")


_Entries = dict[str, "Credential | bytes"]  # see _Lazy
_Decoded = tuple[_Entries, list[tuple[str, ...]]]


def _from_document(document: Any) -> _Decoded:
    auths: _Entries = {}
    ignored: list[tuple[str, ...]] = []
    for name, value in _members(document):
        folded = _fold(name)
        if folded == "auths":
            if value is None:
                auths.clear()
            # Into the same map, as Go decodes a repeated field: entries of the earlier stay.
            auths.update(_entries(value, ignored))
        elif folded == "httpheaders":
            for header, text in _members(value, "HttpHeaders"):
                _string(text, "HttpHeaders", go_string(header))
        elif folded in ("credsstore", "credhelpers") and value:
            ignored.append((go_string(name),))
    return auths, ignored


def _from_map(document: Any) -> _Decoded:
    ignored: list[tuple[str, ...]] = []
    return _entries(document, ignored), ignored


def _entries(value: Any, ignored: list[tuple[str, ...]]) -> _Entries:
    """The map of entries; adds to `ignored` what the kubelet does not look at."""
    entries: _Entries = {}
    for name, members in _members(value, "auths"):
        entry = name if name.isascii() else go_string(name)
        # As `docker login` writes it, plain base64 and nothing else: decoded with one call.
        if type(members) is Object and len(members) == 1 and members[0][0] == "auth":
            decoded = canonical_base64(members[0][1])
            if decoded is not None and b":" in decoded:
                entries[entry] = decoded
                continue
        entries[entry] = _credential(entry, members, ignored)
    return entries


_FIELDS: Final = frozenset({"username", "password", "email", "auth"})
_TOKENS: Final = frozenset({"identitytoken", "registrytoken"})


def _credential(entry: str, value: Any, ignored: list[tuple[str, ...]]) -> Credential:
    """An entry's credential; a non-empty ``auth`` replaces user name and password (rule 9)."""
    fields = {"username": "", "password": "", "email": "", "auth": ""}
    for name, text in _members(value, "auths", entry):
        folded = _fold(name)
        if folded in _FIELDS and text is not None:
            fields[folded] = _string(text, "auths", entry, folded)
        elif folded in _TOKENS and text:
            ignored.append(("auths", entry, folded))
    username, password = fields["username"], fields["password"]
    if fields["auth"]:
        username, password = _user_and_password(fields["auth"], entry)
    return Credential(username, Password(password), fields["email"])


def _user_and_password(auth: str, entry: str) -> tuple[str, str]:
    """The kubelet's ``decodeDockerConfigFieldAuth``."""
    decoded = decode_base64(auth, padded=auth.strip("\r\n").endswith("="))
    if decoded is None:
        raise _Undecodable("is not base64", "auths", entry, "auth")
    user, colon, password = decoded.partition(b":")
    if not colon:
        raise _Undecodable("holds no colon between user and password", "auths", entry, "auth")
    return _text(user), _text(password)


def _text(data: bytes) -> str:
    return go_string(data.decode("utf-8", "surrogateescape"))


def _fold(name: str) -> str:
    """A field's name as ``encoding/json`` compares it: without letter case, the long s's too."""
    return name.replace("ſ", "s").lower()


def _members(value: Any, *path: str) -> Iterator[tuple[str, Any]]:
    """An object's members; none for null, which Go decodes into any type without effect."""
    if value is None:
        return iter(())
    if type(value) is not Object:
        raise _Undecodable(f"is {_kind(value)}, not an object", *path)
    return iter(value)


def _string(value: Any, *path: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _Undecodable(f"is {_kind(value)}, not a string", *path)
    return go_string(value)


def _kind(value: Any) -> str:
    kinds: dict[type, str] = {
        str: "a string",
        bool: "a boolean",
        Object: "an object",
        Array: "an array",
    }
    return kinds.get(type(value), "a number")
