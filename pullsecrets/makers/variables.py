"""Variables in manifests that a program fills in before they are applied.

* ``${registry}``, also with a default, ``${tag:-latest}``: Flux (its Kustomization's ``postBuild``,
  https://fluxcd.io/flux/components/kustomize/kustomizations/#post-build-variable-substitution),
  envsubst, parameters of OpenShift's templates. envsubst fills in ``$REGISTRY``, too, and kustomize
  ``$(REGISTRY)``.
* ``<path:secret/data/regcred#config>``: Argo CD's vault plugin
  (https://argocd-vault-plugin.readthedocs.io/en/stable/howitworks/, inline-path placeholders).
* ``ko://example.com/cmd/server``: ko, https://ko.build/features/k8s/, in images.

What will be there is not known from the files.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pullsecrets.fields import Field
from pullsecrets.makers.made import MadeSecret, Maker
from pullsecrets.makers.templates import VARIABLE, read_plain, read_template
from pullsecrets.metadata import Place, ignored, name_of
from pullsecrets.pull_secret import CONFIG_KEYS, DOCKERCFG_KEY, DOCKERCONFIGJSON_KEY
from pullsecrets.secrecy import Hidden, HiddenText

__all__ = ["filled_in", "has_variable"]


def has_variable(name: object) -> bool:
    """Whether a name, an image or base64 is not what will be there: none ever has a dollar."""
    # Without a regular expression, as each value of each Secret is looked at.
    return isinstance(name, str) and ("$" in name or "<path:" in name or name.startswith("ko://"))


def filled_in(
    manifest: Hidden[Mapping[str, Any]], *, namespace: str = "default", place: Place | None = None
) -> MadeSecret | None:
    """What is known of a Secret whose values have variables; None if they have none that matter.

    In ``data``, which is base64, any value does. In ``stringData`` only a docker config does that
    cannot be read as it is. What an API server has stored has none.

    Args:
        manifest: The Secret.
        namespace: For an object that names none.
        place: Where it was read.

    Raises:
        InvalidManifest: It is not such an object as the API server would take.
    """
    root = Field(manifest.reveal())
    metadata, written = root.member("metadata"), root.member("type").string()
    if metadata.has("uid"):
        return None
    kind = None if has_variable(written) else written or "Opaque"
    key = CONFIG_KEYS.get(kind or "", DOCKERCONFIGJSON_KEY)
    data, texts = root.member("data"), root.member("stringData")
    part = texts if texts.has(key) else data
    config, legacy = HiddenText(part.member(key).string()), key == DOCKERCFG_KEY
    in_config = part is texts and _hides_entries(config, legacy)
    if not in_config and not any(has_variable(value.string()) for _, value in data.items()):
        return None
    own = metadata.member("namespace").string() or namespace
    name = name_of(metadata)
    maker = Maker(
        "Secret",
        own,
        name,
        "substitution",
        ("type",),
        (*part.path, key),
        ignored(metadata),
        place=place,
    )
    keys = tuple({name: None for each in (data, texts) for name, _ in each.items()})
    entries = read_template(config, legacy=legacy).entries if part is texts else None
    return MadeSecret(name, own, kind, maker, keys, entries)


def _hides_entries(config: HiddenText, legacy: bool) -> bool:
    """Whether a docker config has variables that leave its entries unknown, or do not decode.

    One in a user name or a password does neither. It is a placeholder, which has its own diagnosis.
    """
    if VARIABLE.search(config.reveal()) is None:
        return False
    found = read_plain(config, legacy=legacy)
    return bool(found.fault) or any(
        VARIABLE.search(entry.reveal()) for entry in found.entries or ()
    )
