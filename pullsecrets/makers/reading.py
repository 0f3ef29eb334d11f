"""The secrets that are made for an object, whatever it is.

Besides the kinds of `table` that are Secrets which SOPS encrypted, or which a program fills, and
objects whose secret is copied to other namespaces.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import evolve

from pullsecrets.dockerconfig import InvalidDockerConfig
from pullsecrets.fields import Field
from pullsecrets.makers.copies import copies_of, patched, pulled_from
from pullsecrets.makers.made import MadeSecret, Maker
from pullsecrets.makers.sops import decrypted, is_encrypted
from pullsecrets.makers.table import Makers, MakingKind, read_maker
from pullsecrets.objects import Place, PullSecret, ignored
from pullsecrets.secrecy import Hidden

__all__ = ["is_maker", "made_for"]


def is_maker(manifest: Mapping[str, Any], makers: Makers) -> bool:
    """Whether an object is of a kind for whose objects a program makes secrets.

    Args:
        manifest: The object.
        makers: These kinds.
    """
    return _making(manifest, makers) is not None


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
    making = _making(manifest, makers)
    if making is not None:
        return read_maker(making, manifest, namespace=namespace, place=place), True
    if manifest.get("kind") == "Deployment":
        return tuple(patched(manifest, namespace=namespace, place=place)), False
    if manifest.get("kind") == "Secret":
        return _of_secret(Hidden(manifest), namespace, place)
    return (), False


def _making(manifest: Mapping[str, Any], makers: Makers) -> MakingKind | None:
    kind, version = manifest.get("kind"), manifest.get("apiVersion")
    if not isinstance(kind, str) or not isinstance(version, str):
        return None
    return makers.get((kind, version.rpartition("/")[0]))


def _of_secret(
    manifest: Hidden[Mapping[str, Any]], namespace: str, place: Place | None
) -> tuple[tuple[MadeSecret, ...], bool]:
    """The secret itself, if a program has yet to decrypt or to fill it; and its copies."""
    metadata = Field(manifest.reveal()).member("metadata")
    annotations = metadata.member("annotations")
    if is_encrypted(manifest.reveal()):
        secret = decrypted(manifest.reveal(), namespace=namespace, place=place)
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
