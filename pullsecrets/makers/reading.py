"""The secrets that are made for an object, whatever it is.

Besides the kinds of `table` that are Secrets which SOPS encrypted, whose variables are not filled
in, or which a program fills, and objects whose secret is copied to other namespaces.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import evolve

from pullsecrets.dockerconfig import InvalidDockerConfig
from pullsecrets.fields import Field
from pullsecrets.makers.copies import copies_of, patched, pulled_from
from pullsecrets.makers.made import MadeSecret, Maker
from pullsecrets.makers.sops import ENCRYPTED, decrypted, is_encrypted, is_unreadable, unreadable
from pullsecrets.makers.table import Makers, MakingKind
from pullsecrets.makers.templates import TemplateFacts, read_template
from pullsecrets.makers.variables import filled_in
from pullsecrets.metadata import Place, ignored, name_of
from pullsecrets.pull_secret import DOCKERCFG_KEY, DOCKERCFG_TYPE, DOCKERCONFIGJSON_KEY, PullSecret
from pullsecrets.secrecy import Hidden, HiddenText

__all__ = ["is_maker", "made_for"]


def is_maker(manifest: Mapping[str, Any], makers: Makers) -> bool:
    """Whether all that an object tells is which secrets are made for it.

    Args:
        manifest: The object.
        makers: These kinds.
    """
    return is_unreadable(manifest) or _making(manifest, makers) is not None


def made_for(
    manifest: Mapping[str, Any],
    makers: Makers,
    *,
    namespace: str = "default",
    place: Place | None = None,
) -> tuple[tuple[MadeSecret, ...], bool]:
    """The secrets that are made for an object; and whether it says nothing else.

    Args:
        manifest: The object.
        makers: The kinds for whose objects other programs make secrets.
        namespace: For objects that name none.
        place: Where it was read.

    Raises:
        InvalidManifest: A field has a value of another type than it should have.
    """
    hidden, kind = Hidden(manifest), manifest.get("kind")
    making = _making(manifest, makers)
    del manifest  # no traceback shows what this frame was given
    if is_unreadable(hidden.reveal()):
        return (unreadable(place),), True
    if making is not None:
        return _secrets_of(making, hidden.reveal(), namespace, place), True
    if kind == "Deployment":
        return tuple(patched(hidden.reveal(), namespace=namespace, place=place)), False
    if kind == "Secret":
        return _of_secret(hidden, namespace, place)
    return (), False


def _making(manifest: Mapping[str, Any], makers: Makers) -> MakingKind | None:
    kind, version = manifest.get("kind"), manifest.get("apiVersion")
    if not isinstance(kind, str) or not isinstance(version, str):
        return None
    return makers.get((kind, version.rpartition("/")[0]))


def _secrets_of(
    making: MakingKind,
    manifest: Mapping[str, Any],
    namespace: str,
    place: Place | None,
) -> tuple[MadeSecret, ...]:
    """The secrets that are made for an object of a kind of the table."""
    root = Field(manifest)
    del manifest  # no traceback shows what this frame was given
    if not (making.makes(root) or making.fills(root)):
        return ()
    if not making.many:
        return tuple(_made(making, root, root, namespace, place))
    holders = tuple(root.at(making.many).list())
    return tuple(
        made for holder in holders for made in _made(making, holder, root, namespace, place)
    )


def _made(
    making: MakingKind, holder: Field, root: Field, namespace: str, place: Place | None
) -> Iterator[MadeSecret]:
    metadata = root.member("metadata")
    own = metadata.member("namespace").string() or namespace
    name = name_of(metadata)
    maker = Maker(
        root.member("kind").string(),
        own,
        name,
        type_field=(*holder.path, *making.type),
        value_field=(*holder.path, *making.template),
        ignore=ignored(metadata),
        place=place,
    )
    secret = (holder.at(making.name).string() if making.name else "") or name
    if secret.startswith(ENCRYPTED):
        secret = ""
    sealed = not secret or (bool(making.whole) and holder.at(making.whole).value is not None)
    kind = None if sealed else _type(making, holder)
    facts = _facts(making, holder, kind)
    single = holder.at(making.namespace).string() if making.namespace else ""
    where = ((single or own, True),) if making.namespaces is None else making.namespaces(root)
    for each, certain in where:
        yield MadeSecret(
            secret,
            each,
            kind,
            maker,
            None if sealed else making.keys(holder),
            facts.entries,
            facts.fault,
            certain and making.certain,
            fills=making.fills(root),
        )
        if making.annotations:
            yield from copies_of(holder.at(making.annotations), secret, each, maker)


def _type(making: MakingKind, holder: Field) -> str | None:
    """The secret's type; None if it is encrypted, or put in by a template."""
    written = holder.at(making.type).string() if making.type else ""
    unreadable = written.startswith(ENCRYPTED) or "{{" in written
    return None if unreadable else written or making.default_type


def _facts(making: MakingKind, holder: Field, kind: str | None) -> TemplateFacts:
    templates = holder.at(making.template) if making.template else None
    key = DOCKERCFG_KEY if kind == DOCKERCFG_TYPE else DOCKERCONFIGJSON_KEY
    if templates is None or not templates.has(key):
        return TemplateFacts()
    template = templates.member(key)
    text = template.member(making.text) if making.text else template
    return read_template(HiddenText(text.string()), legacy=key == DOCKERCFG_KEY)


def _of_secret(
    manifest: Hidden[Mapping[str, Any]], namespace: str, place: Place | None
) -> tuple[tuple[MadeSecret, ...], bool]:
    """The secret itself, if a program has yet to decrypt or to fill it; and its copies."""
    metadata = Field(manifest.reveal()).member("metadata")
    annotations = metadata.member("annotations")
    if is_encrypted(manifest.reveal()):
        secret: MadeSecret | None = decrypted(manifest.reveal(), namespace=namespace, place=place)
    else:
        secret = filled_in(manifest, namespace=namespace, place=place)
    if secret is not None:
        copies = copies_of(annotations, secret.name, secret.namespace, secret.maker)
        return (secret, *copies), True
    if not annotations.value:
        return (), False
    name = metadata.member("name").string()
    own = metadata.member("namespace").string() or namespace
    maker = Maker("Secret", own, name, ignore=ignored(metadata), place=place)
    original = pulled_from(annotations, own)
    if original is not None:
        found = PullSecret.from_manifest(manifest.reveal(), namespace=namespace, place=place)
        if _is_empty(found):
            at = annotations.path
            filler = evolve(maker, program=original[0], type_field=("type",), value_field=at)
            filled = MadeSecret(name, own, found.type, filler, origin=original[1])
            return (filled, *copies_of(annotations, name, own, maker)), True
    return tuple(copies_of(annotations, name, own, maker)), False


def _is_empty(secret: PullSecret) -> bool:
    """Whether a secret holds no entry: a program has yet to fill it."""
    try:
        config = secret.config()
    except InvalidDockerConfig:
        return False
    return config is None or not config.auths
