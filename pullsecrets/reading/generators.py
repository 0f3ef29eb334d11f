"""The Secrets that a ``kustomization.yaml`` generates: kustomize's ``secretGenerator``.

Facts are from kustomize's reference ("secretGenerator") and its ``kv`` loader: ``files`` are
``key=path`` or a path whose last part is the key, ``literals`` are ``key=value``, the type is
``Opaque`` unless another is written. Kustomize appends a hash to the name, and to every reference:
manifests that are not rendered have neither, so the name as written is the one that pods list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pullsecrets.fields import Field
from pullsecrets.makers.made import MadeSecret, Maker
from pullsecrets.metadata import Place, ignored
from pullsecrets.pull_secret import DOCKERCFG_KEY, DOCKERCONFIGJSON_KEY, PullSecret
from pullsecrets.secrecy import HiddenBytes

__all__ = ["generated", "is_kustomization"]

_GROUP: Final = "kustomize.config.k8s.io"
_FILES: Final = frozenset({"kustomization.yaml", "kustomization.yml", "Kustomization"})
_KEYS: Final = (DOCKERCONFIGJSON_KEY, DOCKERCFG_KEY)
_MAX_SIZE: Final = 1024 * 1024  # bytes; core/v1 MaxSecretSize


def is_kustomization(manifest: Mapping[str, Any], place: Place) -> bool:
    """Whether a document is a kustomization, which need not say so but by its file's name.

    Args:
        manifest: The document.
        place: Where it was read.
    """
    kind, version = manifest.get("kind"), manifest.get("apiVersion")
    if kind is None and version is None:
        return place.file is not None and Path(place.file).name in _FILES
    of_kustomize = isinstance(version, str) and version.partition("/")[0] == _GROUP
    return of_kustomize and kind in ("Kustomization", "Component")


def generated(
    manifest: Mapping[str, Any], *, namespace: str = "default", place: Place
) -> Iterator[PullSecret | MadeSecret]:
    """The Secrets that a kustomization generates: whole where their content can be read.

    They are in the namespace that is written at the generator, or else in that of objects that name
    none, as the pods next to it are. In the kustomization's own namespace, which it gives to all of
    its objects, they are as copies: for pods that name it.

    Args:
        manifest: The kustomization.
        namespace: For objects that name none.
        place: Where it was read: files that it names are looked for in its folder.

    Raises:
        InvalidManifest: A field has a value of another type than it should have.
    """
    root = Field(manifest)
    del manifest  # no traceback shows what this frame was given
    common = root.member("namespace").string()
    for generator in root.member("secretGenerator").list():
        name = generator.member("name").string()
        if not name:
            raise generator.member("name").error("is missing")
        own = generator.member("namespace").string() or namespace
        maker = Maker(
            "Kustomization",
            common,
            root.member("metadata").member("name").string() or f"in {place}",
            "secretGenerator",
            (*generator.path, "type"),
            generator.path,
            ignored(root.member("metadata")),
            place=place,
        )
        yield _secret(generator, name, own, maker, place)
        if common not in ("", own):
            yield MadeSecret(name, common, None, maker, origin=(own, name))


def _secret(
    generator: Field, name: str, namespace: str, maker: Maker, place: Place
) -> PullSecret | MadeSecret:
    kind = generator.member("type").string() or "Opaque"
    sources = _sources(generator, place)
    merged = generator.member("behavior").string() == "merge"
    if not merged and sources is not None and None not in sources.values():
        data = {key: value for key, value in sources.items() if value is not None}
        kept = [(key, data.pop(key)) for key in _KEYS if key in data]
        return PullSecret(name, namespace, kind, kept, tuple(data), maker.ignore, place=place)
    keys = None if merged or sources is None else tuple(sources)
    return MadeSecret(name, namespace, kind, maker, keys)


def _sources(generator: Field, place: Place) -> dict[str, HiddenBytes | None] | None:
    """The values by their names, None for a file that cannot be read; or None for names unknown."""
    if generator.member("envs").value or generator.member("env").value:
        return None
    found: dict[str, HiddenBytes | None] = {}
    for item in generator.member("files").list():
        key, equals, path = item.string().partition("=")
        found[key if equals else Path(key).name] = _content(path if equals else key, place)
    for item in generator.member("literals").list():
        key, _, value = item.string().partition("=")
        found[key] = HiddenBytes(value.strip("\"'").encode("utf-8", "replace"))
    return found


def _content(path: str, place: Place) -> HiddenBytes | None:
    """What a file holds; None if it cannot be read, or is not in the kustomization's folder.

    Kustomize reads nothing outside of it either, unless it is told to.
    """
    if place.file is None or place.file == "-" or "\0" in path:
        return None
    folder = Path(place.file).parent
    try:
        file = (folder / path).resolve()
        if not file.is_relative_to(folder.resolve()) or file.stat().st_size > _MAX_SIZE:
            return None
        return HiddenBytes(file.read_bytes()) if file.is_file() else None
    except OSError:
        return None
