"""What a Secret shows by itself: its type, its document, its entries and what they log in with."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Set
from datetime import datetime, timezone
from typing import Final

from pullsecrets._go.base64 import decode_base64
from pullsecrets._go.json import BadJSON, Object, parse_json
from pullsecrets._go.url import BadURL
from pullsecrets.spelling import HUB_ENTRY, is_api_path, is_hub_mistake, mend, unmatchable
from pullsecrets.diagnoses._model import Diagnosis, Severity
from pullsecrets.diagnoses._spots import diagnosis, in_secret, quoted, title
from pullsecrets.dockerconfig import Credential, DockerConfig, InvalidDockerConfig
from pullsecrets.keyring import normalise
from pullsecrets.objects import (
    DOCKERCFG_KEY,
    DOCKERCFG_TYPE,
    DOCKERCONFIGJSON_KEY,
    DOCKERCONFIGJSON_TYPE,
    PullSecret,
)
from pullsecrets.secrecy import printable, redact_entry

__all__ = ["diagnose_secret"]

_PULL_TYPES: Final = (DOCKERCONFIGJSON_TYPE, DOCKERCFG_TYPE)


def diagnose_secret(
    secret: PullSecret, *, listed: bool, used: Set[str] = frozenset()
) -> Iterator[Diagnosis]:
    """The diagnoses that need no pod.

    Args:
        secret: The Secret, of whatever type.
        listed: Whether a pod or a service account lists it.
        used: Its entries (as written) that are candidates for some image.
    """
    if secret.type not in _PULL_TYPES:
        if listed:
            message = (
                f"secret {title(secret)} is listed as a pull secret and skipped: its type is "
                f"{quoted(secret.type)}"
            )
            yield diagnosis("PS201", in_secret(secret, field="type"), message)
        return
    if secret.skipped is not None:
        message = f"secret {title(secret)} is skipped: {secret.skipped}"
        yield diagnosis("PS202", in_secret(secret, field="type"), message)
        return
    try:
        config = secret.config() or DockerConfig()  # None is what is skipped, seen to above
    except InvalidDockerConfig as error:
        yield _undecodable(secret, error)
        return
    yield from _document(secret, config, used)


def _payload(secret: PullSecret) -> bytes:
    key = DOCKERCFG_KEY if secret.type == DOCKERCFG_TYPE else DOCKERCONFIGJSON_KEY
    return secret.data[key].reveal()


def _undecodable(secret: PullSecret, error: InvalidDockerConfig) -> Diagnosis:
    if len(error.path) > 1:
        entry = error.path[1]
        message = (
            f"secret {title(secret)} does not decode, so no pull of a pod that lists it gets any "
            f"credential: {error}"
        )
        return diagnosis("PS203", in_secret(secret, entry), message)
    if _is_base64_of_json(_payload(secret)):
        message = f"the docker config of secret {title(secret)} is base64 twice"
        return diagnosis("PS205", in_secret(secret), message)
    message = (
        f"secret {title(secret)} does not decode, so no pull of a pod that lists it gets any "
        f"credential: {error}"
    )
    return diagnosis("PS204", in_secret(secret), message)


def _is_base64_of_json(payload: bytes) -> bool:
    text = "".join(payload.decode("latin-1").split())
    inner = decode_base64(text, padded=text.endswith("="))
    return inner is not None and inner.lstrip()[:1] == b"{"


def _document(secret: PullSecret, config: DockerConfig, used: Set[str]) -> Iterator[Diagnosis]:
    where = in_secret(secret)
    if _has_other_shape(secret, config):
        message = f"the docker config of secret {title(secret)} has the shape of the other type"
        yield diagnosis("PS206", where, message)
        return
    helpers = [path[0] for path in config.ignored if len(path) == 1]
    empty = [entry for entry, credential in config.auths.items() if _is_empty(credential)]
    if helpers and (empty or not config.auths):
        message = (
            f"secret {title(secret)} relies on {printable(helpers[0])}: "
            + ("its entries are empty" if empty else "it holds no credential")
            + ", and the kubelet runs no credential helpers"
        )
        yield diagnosis("PS208", where, message)
    elif any(name.lower() == "credhelpers" for name in helpers):
        message = (
            f"secret {title(secret)} names credential helpers, and the kubelet runs none: it has "
            "no credential for their registries"
        )
        advice = "Add user name and password for those registries, or take credHelpers out."
        yield diagnosis("PS208", where, message, advice, severity=Severity.NOTE)
    elif not config.auths:
        message = f"the docker config of secret {title(secret)} holds no entry"
        yield diagnosis("PS207", where, message)
    yield from _shared_keys(secret, config)
    tokens = {path[1] for path in config.ignored if len(path) > 1}
    for entry, credential in config.auths.items():
        yield from _key(secret, entry, used)
        if not (helpers and _is_empty(credential)):
            yield from _credential(secret, entry, credential, token=entry in tokens)


def _is_empty(credential: Credential) -> bool:
    return not (credential.username or credential.password)


def _has_other_shape(secret: PullSecret, config: DockerConfig) -> bool:
    if secret.type == DOCKERCFG_TYPE:
        return set(config.auths) == {"auths"} and _is_empty(config.auths["auths"])
    if config.auths:
        return False
    document = parse_json(_payload(secret))
    return type(document) is Object and any(
        type(value) is Object
        and {name.lower() for name, _ in value} & {"auth", "username", "password"}
        for _, value in document
    )


def _keys(config: DockerConfig) -> Iterator[tuple[str, str, Credential]]:
    for entry, credential in config.auths.items():
        try:
            yield entry, normalise(entry), credential
        except BadURL:
            continue


def _shared_keys(secret: PullSecret, config: DockerConfig) -> Iterator[Diagnosis]:
    entries: Mapping[str, list[tuple[str, Credential]]] = defaultdict(list)
    for entry, key, credential in _keys(config):
        entries[key].append((entry, credential))
    for key, same in entries.items():
        if len({(c.username, c.password) for _, c in same}) > 1:
            names = ", ".join(f"'{redact_entry(entry)}'" for entry, _ in same)
            message = (
                f"in secret {title(secret)} the entries {names} come down to one key, "
                f"'{redact_entry(key)}', and log in differently: their order is left to chance"
            )
            yield diagnosis("PS306", in_secret(secret, same[-1][0]), message)


def _key(secret: PullSecret, entry: str, used: Set[str]) -> Iterator[Diagnosis]:
    where = in_secret(secret, entry)
    shown = f"entry '{redact_entry(entry)}' of secret {title(secret)}"
    try:
        key = normalise(entry)
    except BadURL as error:
        mended = mend(entry)
        message = f"{shown} is dropped, as Go cannot parse it: {error}"
        yield diagnosis("PS302", where, message, _instead(mended), replacement=mended)
        return
    if entry in used:
        return
    if is_hub_mistake(key):
        message = f"{shown} never matches an image of Docker Hub"
        advice = f"Write '{HUB_ENTRY}' instead."
        yield diagnosis("PS301", where, message, advice, replacement=HUB_ENTRY)
        return
    reason = unmatchable(key)
    if reason is not None:
        mended = mend(entry)
        message = f"{shown} matches no image at all: {reason}"
        yield diagnosis("PS303", where, message, _instead(mended), replacement=mended)
    elif is_api_path(key):
        host = key.partition("/")[0]
        message = f"{shown} serves only images whose path begins with /{key.partition('/')[2]}"
        yield diagnosis("PS304", where, message, _instead(host), replacement=host)


def _instead(mended: str | None) -> str:
    return "" if mended is None else f"Write '{redact_entry(mended)}' instead."


_NULL_GUID: Final = "00000000-0000-0000-0000-000000000000"
# The whole value: what only contains such a text may be a password.
_PLACEHOLDER: Final = re.compile(
    r"""
      <[^<>]*>                                    # <token>
    | \$?\{\{.*\}\}                               # {{ .Values.password }}, ${{ secrets.TOKEN }}
    | \$\{[A-Za-z_][^{}]*\} | \$\([A-Za-z_]\w*\)  # ${PASSWORD}, $(PASSWORD)
    | \$[A-Z_][A-Z0-9_]*                          # $PASSWORD
    | %[A-Z_]+% | @@?[A-Z_]+@@? | __[A-Z_]+__
    | \[?redacted\]? | \*{3,} | x{3,} | \.{3} | …
    | change[-_ ]?(me|it) | replace[-_ ]?(me|this) | fill[-_ ]?me[-_ ]?in | todo | tbd
    | your[-_ ]?(registry|docker|harbor|hub|github)?[-_ ]?(access)?[-_ ]?
      (user|username|name|login|password|passwd|token|pat|secret|key)([-_ ]?here)?
    | (username|password|token|secret)[-_ ]here
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
# $PASSWORD is a variable only in capitals; the rest may be in any.
_LOWER_VARIABLE: Final = re.compile(r"\$(?=.*[a-z])[A-Za-z_]\w*")


def _is_placeholder(text: str) -> bool:
    text = text.strip()
    return bool(_PLACEHOLDER.fullmatch(text)) and not _LOWER_VARIABLE.fullmatch(text)


def _credential(
    secret: PullSecret, entry: str, credential: Credential, *, token: bool
) -> Iterator[Diagnosis]:
    """What can be seen of a credential without trying it. Only the user name is ever shown."""
    where = in_secret(secret, entry)
    shown = f"entry '{redact_entry(entry)}' of secret {title(secret)}"
    username, password = credential.username, credential.password.reveal()
    if not password and (token or username == _NULL_GUID):
        what = "an identity token" if token else "the null GUID"
        message = f"{shown} has {what} and an empty password: the kubelet sends that empty password"
        yield diagnosis("PS404", where, message)
        return
    if not password and not username:
        yield diagnosis("PS403", where, f"{shown} is empty, and still counts as a match")
        return
    placeholders = [
        name
        for name, value in (("user name", username), ("password", password))
        if _is_placeholder(value)
    ]
    if placeholders:
        are = "is a placeholder" if len(placeholders) == 1 else "are placeholders"
        yield diagnosis("PS406", where, f"the {' and the '.join(placeholders)} in {shown} {are}")
        return
    if not password or not username:
        missing = "password" if not password else "user name"
        yield diagnosis("PS402", where, f"the {missing} in {shown} is empty")
    for name, value in (("user name", username), ("password", password)):
        space = _space_around(value)
        if space:
            yield diagnosis("PS401", where, f"the {name} in {shown} {space}")
    lifetime = _lifetime(username, password)
    if lifetime:
        yield diagnosis("PS405", where, f"the password in {shown} is {lifetime}")
    harbor = "harbor" in entry.lower()
    if _LOST_ROBOT.fullmatch(username) and (harbor or username != "robot"):
        message = (
            f"the user name in {shown} is {quoted(username)}: a Harbor robot account's begins with "
            "'robot$'"
        )
        yield diagnosis("PS407", where, message, severity=None if harbor else Severity.NOTE)


def _space_around(text: str) -> str:
    if text.endswith(("\n", "\r")):
        return "ends in a line break"
    if text != text.strip():
        return "ends in white space" if text == text.lstrip() else "begins with white space"
    return ""


# "robot" is what double quotes leave of "robot$name", "robot+name" of "robot$project+name".
_LOST_ROBOT: Final = re.compile(r"robot(?:\+.*|\\+\$.*)?", re.DOTALL)

_LIVES: Final = {
    "oauth2accesstoken": "an access token of Google Cloud, which lives for one hour",
    "_dcgcloud_token": "an access token of Google Cloud, which lives for one hour",
    "gitlab-ci-token": "the token of a GitLab job, which ends with the job",
    _NULL_GUID: "a token of Azure's registry, which lives for three hours",
}


def _lifetime(username: str, password: str) -> str:
    """What short-lived token it is, or nothing."""
    if not password:
        return ""
    if username == "AWS":
        expires = _ecr_expiration(password)
        return "a token of Amazon's registry, which lives for 12 hours" + (
            f": until {expires}" if expires else ""
        )
    if password.startswith("ghs_"):
        return "the token of a GitHub workflow, which ends with the job"
    return _LIVES.get(username, "")


def _ecr_expiration(password: str) -> str:
    """When an ECR token says that it ends: it is base64 of JSON with a Unix time."""
    raw = decode_base64(password, padded=password.endswith("="))
    try:
        parse_json(raw or b"")  # within the depth and the grammar that is read elsewhere, too
        expires = json.loads(raw or b"")["expiration"]
        return f"{datetime.fromtimestamp(expires, timezone.utc):%Y-%m-%d %H:%M} UTC"
    except (BadJSON, ValueError, KeyError, TypeError, OverflowError, OSError, RecursionError):
        return ""
