"""The kinds of objects that make a program make a secret, and where each writes what is known.

One row for each kind. The facts are from each program's documentation: its reference of the custom
resource, read in 2026.

* Sealed Secrets (Bitnami), "SealedSecrets as templates for secrets": ``spec.template`` is the
  secret without its values, ``spec.encryptedData`` has the values' names.
* External Secrets Operator, "ExternalSecret" and "ClusterExternalSecret": ``target.name`` is by
  default the object's own name; ``target.template.data`` replaces the values fetched unless
  ``mergePolicy`` is ``Merge``; the creation policy ``Merge`` fills a secret that is there, and
  ``None`` does nothing.
* Secrets Store CSI Driver, "Sync as Kubernetes Secret": a secret of ``secretObjects`` is made when
  a pod mounts the volume, not before.
* sops-secrets-operator (isindir), ``spec.secretTemplates``.
* Vault Secrets Operator (HashiCorp), "API reference", ``Destination``: a secret is only made with
  ``create: true``, otherwise one that is there is filled.
* 1Password operator: the secret has the object's name, and its top-level ``type``.
* Doppler, "Syncing Secrets", and its issue 56: ``managedSecret`` has the type, which is ``Opaque``
  by default, and the namespace, which is the object's own by default.
* Bitwarden's sm-operator, ``CreateK8sSecret`` of ``bitwardensecret_controller.go``: the secret that
  it makes is ``Opaque``, and no field changes that.
* Infisical and Akv2k8s: the reference of each operator's resource.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from attrs import field, frozen

from pullsecrets.errors import PullsecretsError
from pullsecrets.fields import Field
from pullsecrets.secrecy import printable

__all__ = ["MAKERS", "InvalidMakers", "Makers", "MakingKind", "makers_from"]

_Path = tuple[str, ...]
_NAMESPACE_LABEL: Final = "kubernetes.io/metadata.name"


def _always(_: Field) -> bool:
    return True


def _never(_: Field) -> bool:
    return False


def _unknown_keys(_: Field) -> None:
    return None


@frozen
class MakingKind:
    """Where objects of a kind write what is known of the secrets that are made for them.

    Attributes:
        many: The fields that lead to a list of secrets; empty if an object is for one secret.
        name: The fields that lead to the secret's name. Where that is empty or absent, the secret
            has the object's name.
        namespace: The fields that lead to the secret's namespace; as for `name`.
        type: The fields that lead to the secret's type.
        default_type: The type where none is written; None if it is not known.
        template: The fields that lead to a mapping from the names of the secret's values to their
            templates.
        text: The member of a template that has its text, empty if the template is the text.
        annotations: The fields that lead to the annotations that the secret will have.
        makes: Whether there will be a secret at all.
        fills: Whether the program only fills a secret that is there.
        keys: The names of the secret's values, None if they are not all known.
        whole: The fields that lead to a value which is the whole secret, encrypted: where it is
            there, nothing else is known.
        namespaces: The namespaces in which it is made (None for any) and whether that is certain;
            None where it is one namespace alone.
        certain: Whether the secret is made without anything else happening first.
    """

    many: _Path = ()
    name: _Path = ()
    namespace: _Path = ()
    type: _Path = ()
    default_type: str | None = "Opaque"
    template: _Path = ()
    text: str = ""
    annotations: _Path = ()
    makes: Callable[[Field], bool] = field(default=_always, repr=False)
    fills: Callable[[Field], bool] = field(default=_never, repr=False)
    keys: Callable[[Field], tuple[str, ...] | None] = field(default=_unknown_keys, repr=False)
    whole: _Path = ()
    namespaces: Callable[[Field], tuple[tuple[str | None, bool], ...]] | None = field(
        default=None, repr=False
    )
    certain: bool = True


Makers = Mapping[tuple[str, str], MakingKind]
"""Kind and API group → where it writes what."""


def _names(holder: Field, *path: str) -> tuple[str, ...]:
    return tuple(key for key, _ in holder.at(path).items())


def _sealed_keys(root: Field) -> tuple[str, ...]:
    return (
        *_names(root, "spec", "encryptedData"),
        *_names(root, "spec", "template", "data"),
    )


def _external_policy(spec: _Path) -> Callable[[Field], str]:
    return lambda root: root.at((*spec, "target", "creationPolicy")).string()


def _external_keys(spec: _Path) -> Callable[[Field], tuple[str, ...] | None]:
    def keys(root: Field) -> tuple[str, ...] | None:
        template = root.at((*spec, "target", "template"))
        if template.has("templateFrom"):
            return None
        templated = _names(template, "data")
        if templated and template.member("mergePolicy").string() != "Merge":
            return templated
        if root.at((*spec, "dataFrom")).value:
            return None
        fetched = (item.member("secretKey").string() for item in root.at((*spec, "data")).list())
        return (*templated, *fetched)

    return keys


def _selected(root: Field) -> tuple[tuple[str | None, bool], ...]:
    """The namespaces of a ClusterExternalSecret: those it names, and what its selectors select."""
    spec = root.member("spec")
    named = [namespace.string() for namespace in spec.member("namespaces").list()]
    selectors = [*spec.member("namespaceSelectors").list()]
    if spec.has("namespaceSelector"):
        selectors.append(spec.member("namespaceSelector"))
    everywhere: list[tuple[str | None, bool]] = []
    for selector in selectors:
        labels = dict(selector.member("matchLabels").items())
        if selector.has("matchExpressions") or set(labels) - {_NAMESPACE_LABEL}:
            everywhere.append((None, False))
        elif labels:
            named.append(labels[_NAMESPACE_LABEL].string())
        else:
            everywhere.append((None, True))  # an empty selector selects all
    return (*((name, True) for name in named if name), *everywhere)


def _listed_keys(holder: Field) -> tuple[str, ...]:
    return tuple(item.member("key").string() for item in holder.member("data").list())


def _data_keys(holder: Field) -> tuple[str, ...]:
    return *_names(holder, "data"), *_names(holder, "stringData")


def _is_created(root: Field) -> bool:
    return root.at(("spec", "destination", "create")).value is True


def _is_not_created(root: Field) -> bool:
    return not _is_created(root)


_EXTERNAL: Final = ("spec",)
_CLUSTER_EXTERNAL: Final = ("spec", "externalSecretSpec")


def _external(spec: _Path, **more: Any) -> MakingKind:
    target, policy = (*spec, "target"), _external_policy(spec)
    return MakingKind(
        name=(*target, "name"),
        type=(*target, "template", "type"),
        template=(*target, "template", "data"),
        annotations=(*target, "template", "metadata", "annotations"),
        makes=lambda root: policy(root) not in ("Merge", "None"),
        fills=lambda root: policy(root) == "Merge",
        keys=_external_keys(spec),
        **more,
    )


_VAULT: Final = MakingKind(
    name=("spec", "destination", "name"),
    type=("spec", "destination", "type"),
    template=("spec", "destination", "transformation", "templates"),
    text="text",
    annotations=("spec", "destination", "annotations"),
    makes=_is_created,
    fills=_is_not_created,
)

MAKERS: Final[Makers] = MappingProxyType(
    {
        ("SealedSecret", "bitnami.com"): MakingKind(
            type=("spec", "template", "type"),
            template=("spec", "template", "data"),
            annotations=("spec", "template", "metadata", "annotations"),
            keys=_sealed_keys,
            whole=("spec", "data"),
        ),
        ("ExternalSecret", "external-secrets.io"): _external(_EXTERNAL),
        ("ClusterExternalSecret", "external-secrets.io"): _external(
            _CLUSTER_EXTERNAL, namespaces=_selected
        ),
        # The older operator, which the one above replaced.
        ("ExternalSecret", "kubernetes-client.io"): MakingKind(type=("spec", "template", "type")),
        ("SecretProviderClass", "secrets-store.csi.x-k8s.io"): MakingKind(
            many=("spec", "secretObjects"),
            name=("secretName",),
            type=("type",),
            keys=_listed_keys,
            certain=False,
        ),
        ("SopsSecret", "isindir.github.com"): MakingKind(
            many=("spec", "secretTemplates"),
            name=("name",),
            type=("type",),
            annotations=("annotations",),
            keys=_data_keys,
        ),
        ("VaultStaticSecret", "secrets.hashicorp.com"): _VAULT,
        ("VaultDynamicSecret", "secrets.hashicorp.com"): _VAULT,
        ("VaultPKISecret", "secrets.hashicorp.com"): _VAULT,
        ("HCPVaultSecretsApp", "secrets.hashicorp.com"): _VAULT,
        ("OnePasswordItem", "onepassword.com"): MakingKind(type=("type",)),
        ("InfisicalSecret", "secrets.infisical.com"): MakingKind(
            name=("spec", "managedSecretReference", "secretName"),
            namespace=("spec", "managedSecretReference", "secretNamespace"),
            type=("spec", "managedSecretReference", "secretType"),
            template=("spec", "managedSecretReference", "template", "data"),
        ),
        ("DopplerSecret", "secrets.doppler.com"): MakingKind(
            name=("spec", "managedSecret", "name"),
            namespace=("spec", "managedSecret", "namespace"),
            type=("spec", "managedSecret", "type"),
        ),
        ("BitwardenSecret", "k8s.bitwarden.com"): MakingKind(name=("spec", "secretName")),
        ("AzureKeyVaultSecret", "spv.no"): MakingKind(
            name=("spec", "output", "secret", "name"), type=("spec", "output", "secret", "type")
        ),
    }
)
"""The kinds that are known without being told."""


class InvalidMakers(PullsecretsError, ValueError):
    """A table of makers that does not say what it has to."""


_WORDS: Final = {"many", "name", "namespace", "type", "template"}


def makers_from(table: Mapping[str, Any]) -> Makers:
    """The known kinds and more, as ``[tool.pullsecrets.makers]`` has them.

    Args:
        table: Kind and API group, as ``VaultStaticSecret.secrets.hashicorp.com`` → a mapping from
            ``many``, ``name``, ``namespace``, ``type`` and ``template`` to the fields that lead
            there, separated by dots: ``{"name": "spec.secretName"}``. ``default-type`` is the type
            where none is written.

    Raises:
        InvalidMakers: It is not such a table. The message says what is wrong, and where.

    >>> made = makers_from({"Vault.example.com": {"name": "spec.secret", "type": "spec.type"}})
    >>> made["Vault", "example.com"].name
    ('spec', 'secret')
    """
    added: dict[tuple[str, str], MakingKind] = {}
    for title, row in table.items():
        kind, dot, group = title.partition(".")
        if not (kind and dot and group):
            raise InvalidMakers(f"'{printable(title)}' is no kind with its group: Kind.example.com")
        if not isinstance(row, Mapping):
            raise InvalidMakers(f"'{printable(title)}' is no table")
        more = sorted(set(row) - _WORDS - {"default-type"})
        if more:
            raise InvalidMakers(f"'{printable(title)}' has an unknown key '{printable(more[0])}'")
        if not all(isinstance(value, str) for value in row.values()):
            raise InvalidMakers(f"'{printable(title)}' has a value that is no string")
        paths: dict[str, Any] = {
            word: tuple(filter(None, row[word].split("."))) for word in _WORDS & set(row)
        }
        default = row.get("default-type", "Opaque" if "type" in row else None)
        added[kind, group] = MakingKind(**paths, default_type=default)
    return MappingProxyType({**MAKERS, **added})
