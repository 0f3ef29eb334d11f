"""What a Secret shows by itself: its type, its document and its entries: PS2, PS301 to PS306."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Set
from datetime import datetime, timedelta

from pullsecrets._go.base64 import decode_base64
from pullsecrets._go.json import Object, parse_json
from pullsecrets.diagnoses.credentials import diagnose_credential
from pullsecrets.diagnoses.model import Diagnosis, Severity, Where
from pullsecrets.diagnoses.unplaced import (
    Unplaced,
    in_config,
    instead,
    quoted,
    title,
    title_of_entry,
    unplaced,
)
from pullsecrets.dockerconfig import Credential, DockerConfig
from pullsecrets.keyring import Keyring, KeyringEntry
from pullsecrets.notes import Note, NoteCode
from pullsecrets.pull_secret import DOCKERCFG_TYPE, PullSecret
from pullsecrets.secrecy import EntryText, HiddenBytes
from pullsecrets.spelling import HUB_ENTRY, corrected, is_api_path, is_hub_mistake, unmatchable

__all__ = ["diagnose_secret"]


def diagnose_secret(
    secret: PullSecret,
    *,
    listed: bool,
    used: Set[EntryText] = frozenset(),
    at: datetime | None = None,
    within: timedelta = timedelta(),
) -> Iterator[Diagnosis]:
    """The diagnoses that need no pod.

    Args:
        secret: The Secret, of whatever type.
        listed: Whether a pod or a service account lists it.
        used: Its entries that are candidates for some image.
        at: The moment for which it is said what has expired; None: that is not said.
        within: How long before its end a token is reported.
    """
    skipped = secret.skipped
    if skipped is not None:
        code = "PS201" if skipped.code is NoteCode.WRONG_TYPE else "PS202"
        if listed or code == "PS202":
            yield unplaced(code, skipped).at(Where.of(secret, ("type",)))
        return
    keyring = Keyring((secret,))
    if keyring.failure is not None:
        yield _undecodable(secret, keyring.failure)
        return
    config = secret.config() or DockerConfig()  # None is what is skipped, seen to above
    if _has_other_shape(secret, config):
        message = f"the docker config of {title(secret)} has the form that the other type needs"
        yield unplaced("PS206", message).at(in_config(secret))
        return
    yield from _document(secret, config)
    yield from _shared_keys(secret, keyring)
    yield from _entries(secret, config, keyring, used, at, within)


def _undecodable(secret: PullSecret, failure: Note) -> Diagnosis:
    entry = next((step for step in failure.path if isinstance(step, EntryText)), None)
    if entry is not None and failure.path[0] == "HttpHeaders":
        advice = (
            "Make each value in HttpHeaders a string, or remove it: the kubelet does not use it."
        )
        return unplaced("PS203", failure, advice).at(in_config(secret))
    if entry is not None:
        return unplaced("PS203", failure).at(in_config(secret, entry))
    if _is_base64_of_json(secret.data[secret.key]):
        message = f"the docker config of {title(secret)} is encoded in base64 twice"
        return unplaced("PS205", message).at(in_config(secret))
    return unplaced("PS204", failure).at(in_config(secret))


def _is_base64_of_json(value: HiddenBytes) -> bool:
    text = "".join(value.reveal().decode("latin-1").split())
    inner = decode_base64(text, padded=text.endswith("="))
    return inner is not None and inner.lstrip()[:1] == b"{"


def _has_other_shape(secret: PullSecret, config: DockerConfig) -> bool:
    if secret.type == DOCKERCFG_TYPE:
        return set(config.auths) == {"auths"} and _is_empty(config.auths["auths"])
    if config.auths:
        return False
    document = parse_json(secret.data[secret.key].reveal())
    return type(document) is Object and any(
        type(value) is Object
        and {name.lower() for name, _ in value} & {"auth", "username", "password"}
        for _, value in document
    )


def _is_empty(credential: Credential) -> bool:
    return not (credential.username or credential.password)


def _helpers(config: DockerConfig) -> list[str]:
    return [str(path[0]) for path in config.ignored if len(path) == 1]


def _document(secret: PullSecret, config: DockerConfig) -> Iterator[Diagnosis]:
    """Credential helpers, and documents without entries."""
    helpers = _helpers(config)
    empty = any(map(_is_empty, config.auths.values()))
    if helpers and (empty or not config.auths):
        message = (
            f"{title(secret)} relies on {helpers[0]}: "
            + ("its entries are empty" if empty else "it holds no credential")
            + ", and the kubelet runs no credential helpers"
        )
        yield unplaced("PS208", message).at(in_config(secret))
    elif any(name.lower() == "credhelpers" for name in helpers):
        message = (
            f"{title(secret)} names credential helpers, and the kubelet runs none: it has no "
            "credential for their registries"
        )
        advice = "Add user name and password for those registries, or remove credHelpers."
        yield unplaced("PS208", message, advice, severity=Severity.NOTE).at(in_config(secret))
    elif not config.auths:
        message = f"the docker config of {title(secret)} holds no entry"
        yield unplaced("PS207", message).at(in_config(secret))


def _shared_keys(secret: PullSecret, keyring: Keyring) -> Iterator[Diagnosis]:
    by_key: dict[EntryText, list[KeyringEntry]] = defaultdict(list)
    for entry in keyring.entries:
        if entry.key is not None:
            by_key[entry.key].append(entry)
    for key, same in by_key.items():
        if len({each.credential.login for each in same}) > 1:
            names = ", ".join(quoted(each.entry) for each in same)
            message = (
                f"in {title(secret)} the entries {names} all normalise to the key {quoted(key)} "
                "and log in differently: their order is not defined"
            )
            yield unplaced("PS306", message).at(in_config(secret, same[-1].entry))


def _entries(
    secret: PullSecret,
    config: DockerConfig,
    keyring: Keyring,
    used: Set[EntryText],
    at: datetime | None,
    within: timedelta,
) -> Iterator[Diagnosis]:
    """What is wrong with each entry's key, and with what it logs in with."""
    helpers = _helpers(config)
    dropped = {note.entry: note for note in keyring.notes}
    for entry in keyring.entries:
        where = in_config(secret, entry.entry)
        if entry.key is None:
            correction = corrected(entry.entry)
            advice = instead(correction)
            note = dropped[entry.entry]
            yield unplaced("PS302", note, advice, replacement=correction).at(where)
        elif entry.entry not in used:
            for found in _key(entry, entry.key):
                yield found.at(where)
        if not (helpers and _is_empty(entry.credential)):
            for found in diagnose_credential(entry, at, within):
                yield found.at(where)


def _key(entry: KeyringEntry, key: EntryText) -> Iterator[Unplaced]:
    """What is wrong with a key that no image was matched by."""
    shown = title_of_entry(entry)
    if is_hub_mistake(key.reveal()):
        message = f"{shown} never matches an image of Docker Hub"
        hub = EntryText(HUB_ENTRY)
        yield unplaced("PS301", message, instead(hub), replacement=hub)
        return
    reason = unmatchable(key.reveal())
    if reason is not None:
        correction = corrected(entry.entry)
        message = f"{shown} matches no image at all: {reason}"
        yield unplaced("PS303", message, instead(correction), replacement=correction)
    elif is_api_path(key.reveal()):
        host, _, path = key.reveal().partition("/")
        message = f"{shown} serves only images whose path begins with /{path}"
        correction = EntryText(host)
        yield unplaced("PS304", message, instead(correction), replacement=correction)
