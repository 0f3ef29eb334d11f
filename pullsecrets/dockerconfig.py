"""Docker config documents: from bytes to credentials, as the kubelet decodes them.

Rules 7 to 9. The kubelet reads them with Go's ``encoding/json`` into ``DockerConfigJSON`` and
``DockerConfigEntry`` (``pkg/credentialprovider/config.go``): field names match without regard to
letter case, the last of several wins, one bad field fails the document.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from attrs import field, frozen

from pullsecrets._go.base64 import decode_base64
from pullsecrets._go.json import Array, BadJSON, Object, go_string, parse_json, write_json
from pullsecrets.errors import PullsecretsError
from pullsecrets.secrecy import EntryText, Hidden, HiddenBytes, HiddenText, Password, printable

__all__ = [
    "Auths",
    "Credential",
    "DockerConfig",
    "InvalidDockerConfig",
    "basic_auth",
    "credential_of",
]

_Path = tuple[str | EntryText, ...]


class InvalidDockerConfig(PullsecretsError, ValueError):
    """A document that the kubelet cannot decode.

    The message never holds any of its content but field names and entries.

    Attributes:
        path: The fields that lead to the fault, ``("auths", EntryText("quay.io"), "auth")``;
            empty if it is the document itself.
    """

    def __init__(self, message: str, path: _Path = ()) -> None:
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
        email: A legacy field that no registry asks for.
        has_token: Whether the entry has an identity or registry token, which the kubelet ignores
            (rule 9); not compared.
    """

    username: str = ""
    password: Password = field(default=Password(""), converter=_password)
    email: str = ""
    has_token: bool = field(default=False, eq=False, repr=False, kw_only=True)

    @property
    def login(self) -> tuple[str, Password]:
        """User and password: all that a registry sees of it."""
        return self.username, self.password


def credential_of(given: Hidden[Any]) -> Credential:
    """A credential as it is given: as itself, or as a user, a password and perhaps an e-mail.

    Raises:
        TypeError: It is something else. Of a mapping the names would be the user and the password.
    """
    found: Credential | None = given.reveal() if isinstance(given.reveal(), Credential) else None
    if isinstance(given.reveal(), (tuple, list)) and len(given.reveal()) in (2, 3):
        found = Credential(*given.reveal())
    if found is not None:
        parts = Hidden((found.username, found.password.reveal(), found.email))
        if all(isinstance(part, str) for part in parts.reveal()):
            return found
    raise TypeError("a credential is a user name and a password, and perhaps an e-mail address")


class Auths(Mapping[EntryText, Credential]):
    """Entries as written and their credentials, in the document's order. Read-only.

    >>> auths = Auths({"quay.io": Credential("user", "pass")})
    >>> auths["quay.io"].username
    'user'
    """

    __slots__ = ("_credentials",)

    def __init__(self, credentials: Mapping[EntryText, Credential] | Mapping[str, Credential]):
        # A copy does not hash the entries again.
        entries: Any = dict(credentials)
        if any(isinstance(entry, str) for entry in entries):
            entries = {
                EntryText(entry) if isinstance(entry, str) else entry: credential
                for entry, credential in entries.items()
            }
        self._credentials: dict[EntryText, Credential] = entries

    def __getitem__(self, entry: EntryText | str) -> Credential:
        return self._credentials[entry]  # type: ignore[index]  # an entry equals its text

    def __iter__(self) -> Iterator[EntryText]:
        return iter(self._credentials)

    def __len__(self) -> int:
        return len(self._credentials)

    def __repr__(self) -> str:
        return f"Auths({self._credentials!r})"


_Data = bytes | str | HiddenBytes | HiddenText


def _auths(auths: Mapping[EntryText, Credential] | Mapping[str, Credential]) -> Auths:
    return auths if isinstance(auths, Auths) else Auths(auths)


@frozen
class DockerConfig:
    """A decoded docker config.

    Attributes:
        auths: Entry as written → credential, in the document's order. Read-only.
        ignored: Paths of fields that people set and the kubelet ignores: ``("credsStore",)``,
            ``("auths", EntryText("x.azurecr.io"), "identitytoken")``. Not compared.

    >>> config = DockerConfig.from_json('{"auths": {"quay.io": {"auth": "dXNlcjpwYXNz"}}}')
    >>> config.auths["quay.io"]
    Credential(username='user', password=<Password ********>, email='')
    """

    auths: Auths = field(
        default=Auths({}),
        converter=_auths,
        eq=lambda auths: frozenset(auths.items()),
        repr=False,
    )
    ignored: tuple[_Path, ...] = field(default=(), eq=False, repr=False)

    @classmethod
    def from_json(cls, data: _Data) -> DockerConfig:
        """Decode a ``.dockerconfigjson`` value, or a node's ``config.json``.

        Raises:
            InvalidDockerConfig: The kubelet would fail to decode it.
        """
        hidden = _hidden(data)
        del data  # no traceback shows what this frame was given
        return _decode(hidden, _from_document)

    @classmethod
    def from_legacy_json(cls, data: _Data) -> DockerConfig:
        """Decode a ``.dockercfg`` value: the map of entries itself.

        Raises:
            InvalidDockerConfig: The kubelet would fail to decode it.
        """
        hidden = _hidden(data)
        del data
        return _decode(hidden, _entries)

    def to_json(self) -> str:
        """The smallest ``.dockerconfigjson`` document that decodes to the same credentials.

        Entries are written as ``auth``, which every tool reads, and stay in their order.
        It holds the passwords in the clear: that is its purpose.

        >>> DockerConfig({"quay.io": Credential("user", Password("pass"))}).to_json()
        '{"auths":{"quay.io":{"auth":"dXNlcjpwYXNz"}}}'
        """
        entries = {entry.reveal(): _fields(found) for entry, found in self.auths.items()}
        return write_json({"auths": entries})

    def __repr__(self) -> str:
        entries = ", ".join(f"'{entry}'" for entry in self.auths)
        return f"<DockerConfig {entries or 'without entries'}>"


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

    def __init__(self, what: str, *path: str | EntryText) -> None:
        super().__init__(what)
        self.what = what
        self.path = path


def _hidden(data: Any) -> Hidden[Any]:
    return data if isinstance(data, Hidden) else Hidden(data)


def _decode(data: Hidden[Any], read: _Reader) -> DockerConfig:
    if not isinstance(data.reveal(), (bytes, str)):
        kind = type(data.reveal()).__name__
        raise InvalidDockerConfig(f"a docker config is bytes or str, not {kind}")
    path: _Path = ()
    try:
        ignored: list[_Path] = []
        auths = read(parse_json(data.reveal()), ignored)
        return DockerConfig(Auths(auths), tuple(ignored))
    except BadJSON as error:
        message = str(error)
    except _Undecodable as error:
        message, path = _message(error), error.path
    # Raised outside of the handlers: the errors caught there know more than may be shown.
    raise InvalidDockerConfig(message, path)


def _message(error: _Undecodable) -> str:
    """One line: the path to the field, and what is wrong there."""
    steps = (f"['{step}']" if isinstance(step, EntryText) else f".{step}" for step in error.path)
    where = "".join(steps).removeprefix(".") or "the document"
    return printable(f"{where} {error.what}")


_Entries = dict[EntryText, Credential]
_Reader = Callable[[Any, list[_Path]], _Entries]


def _from_document(document: Any, ignored: list[_Path]) -> _Entries:
    """The entries of a document; adds to `ignored` what the kubelet does not look at."""
    auths: _Entries = {}
    for name, value in _members(document):
        folded = _fold(name)
        if folded == "auths":
            if value is None:
                auths.clear()
            # Into the same map, as Go decodes a repeated field: the earlier entries stay.
            auths.update(_entries(value, ignored))
        elif folded == "httpheaders":
            for header, text in _members(value, "HttpHeaders"):
                _string(text, "HttpHeaders", EntryText(go_string(header)))
        elif folded in ("credsstore", "credhelpers") and value:
            ignored.append((go_string(name),))
    return auths


def _entries(value: Any, ignored: list[_Path]) -> _Entries:
    """The map of entries; adds to `ignored` what the kubelet does not look at."""
    entries: _Entries = {}
    for name, members in _members(value, "auths"):
        entry = EntryText(go_string(name))
        entries[entry] = _credential(entry, members, ignored)
    return entries


_TOKENS: Final = frozenset({"identitytoken", "registrytoken"})


def _credential(entry: EntryText, value: Any, ignored: list[_Path]) -> Credential:
    """An entry's credential; a non-empty ``auth`` replaces user name and password (rule 9)."""
    fields = {"username": "", "password": "", "email": "", "auth": ""}
    has_token = False
    for name, text in _members(value, "auths", entry):
        folded = name if name in fields else _fold(name)
        if folded in fields and text is not None:
            fields[folded] = _string(text, "auths", entry, folded)
        elif folded in _TOKENS and text:
            has_token = True
            ignored.append(("auths", entry, folded))
    username, password = fields["username"], fields["password"]
    if fields["auth"]:
        username, password = _user_and_password(fields["auth"], entry)
    return Credential(username, Password(password), fields["email"], has_token=has_token)


def _user_and_password(auth: str, entry: EntryText) -> tuple[str, str]:
    """The kubelet's ``decodeDockerConfigFieldAuth``."""
    decoded = decode_base64(auth, padded=auth.strip("\r\n").endswith("="))
    if decoded is None:
        raise _Undecodable("is not base64", "auths", entry, "auth")
    text = go_string(decoded.decode("utf-8", "surrogateescape"))
    user, colon, password = text.partition(":")
    if not colon:
        raise _Undecodable("holds no colon between user and password", "auths", entry, "auth")
    return user, password


def _fold(name: str) -> str:
    """A field's name as ``encoding/json`` compares it: without letter case, the long s's too."""
    return name.replace("ſ", "s").lower()


def _members(value: Any, *path: str | EntryText) -> Iterator[tuple[str, Any]]:
    """An object's members; none for null, which Go decodes into any type without effect."""
    if value is None:
        return iter(())
    if type(value) is not Object:
        raise _Undecodable(f"is {_kind(value)}, not an object", *path)
    return iter(value)


def _string(value: Any, *path: str | EntryText) -> str:
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
