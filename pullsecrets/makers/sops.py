"""A Secret that SOPS encrypted: its values are unreadable, the rest is mostly left as it was.

SOPS (getsops.io, "Encrypting using ..." and "Selectively encrypting"): the file gets a block
``sops``, and each encrypted value becomes ``ENC[AES256_GCM,data:…]``; names of fields stay. Which
values are encrypted is the author's choice: usually those of ``data`` and ``stringData``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pullsecrets.fields import Field
from pullsecrets.makers.made import MadeSecret, Maker
from pullsecrets.metadata import Place, ignored

__all__ = ["ENCRYPTED", "decrypted", "is_encrypted", "is_unreadable", "unreadable"]

ENCRYPTED: Final = "ENC["
"""How a value begins that SOPS encrypted."""


def is_encrypted(manifest: Mapping[str, Any]) -> bool:
    """Whether a manifest has the block that SOPS adds to a file."""
    return isinstance(manifest.get("sops"), Mapping)


def is_unreadable(manifest: Mapping[str, Any]) -> bool:
    """Whether not even the kind of an object can be read: SOPS was not told what to encrypt."""
    return is_encrypted(manifest) and str(manifest.get("kind")).startswith(ENCRYPTED)


def unreadable(place: Place | None) -> MadeSecret:
    """What is known of an object whose kind is encrypted, too: it may be any Secret.

    Args:
        place: Where it was read.
    """
    maker = Maker("object", "", f"in {place}", "SOPS", place=place)
    return MadeSecret("", None, None, maker, certain=False)


def decrypted(
    manifest: Mapping[str, Any], *, namespace: str = "default", place: Place | None = None
) -> MadeSecret:
    """What is known of the Secret that decrypting will give.

    Args:
        manifest: The Secret, encrypted.
        namespace: For an object that names none.
        place: Where it was read.

    Raises:
        InvalidManifest: It is not such an object as the API server would take.
    """
    root = Field(manifest)
    del manifest
    metadata = root.member("metadata")
    name = metadata.member("name").string()
    if not name:
        raise metadata.member("name").error("is missing")
    own = metadata.member("namespace").string()
    where = None if own.startswith(ENCRYPTED) else own or namespace
    kind = root.member("type").string()
    keys = [key for part in ("data", "stringData") for key, _ in root.member(part).items()]
    codes = ignored(metadata)
    maker = Maker("Secret", where or "", name, "SOPS", ("type",), ("data",), codes, place=place)
    return MadeSecret(
        name, where, None if kind.startswith(ENCRYPTED) else kind or "Opaque", maker, tuple(keys)
    )
