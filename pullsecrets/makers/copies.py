"""Secrets that a program copies from one namespace to others.

What says so are annotations: of the original (it is pushed) or of the copy (it is pulled).

* Reflector (EmberStack), "Usage": ``reflection-allowed`` with ``reflection-auto-enabled`` pushes
  into the namespaces of ``reflection-auto-namespaces``, or else of
  ``reflection-allowed-namespaces``, or into all; ``reflects`` pulls.
* kubernetes-replicator (Mittwald), "Push-based" and "Pull-based replication": ``replicate-to`` has
  namespaces, ``replicate-to-matching`` a selector of their labels; ``replicate-from`` pulls.
* imagepullsecret-patcher (Titansoft), "Configuration", and its ``main.go``: it makes one secret in
  all namespaces but those that it is told to leave out, and adds it to the lists of their service
  accounts: of ``default``, of those in ``CONFIG_SERVICEACCOUNTS``, or of all of them with
  ``CONFIG_ALLSERVICEACCOUNT``. What it is told by arguments is not read.

Both lists may hold regular expressions, which are not evaluated here: a name that is none is a
namespace, anything else may be any namespace.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pullsecrets._go.strconv import parse_bool
from pullsecrets.fields import Field, FieldPath
from pullsecrets.makers.made import MadeSecret, Maker
from pullsecrets.makers.templates import TemplateFacts, read_template
from pullsecrets.metadata import Place, ignored
from pullsecrets.objects import DEFAULT_ACCOUNT
from pullsecrets.pull_secret import DOCKERCONFIGJSON_TYPE
from pullsecrets.secrecy import HiddenText

__all__ = ["copies_of", "patched", "pulled_from"]

_REFLECTOR: Final = "reflector.v1.k8s.emberstack.com/"
_REPLICATOR: Final = "replicator.v1.mittwald.de/"
_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_ALL: Final = frozenset({"", "*", ".*"})
_PATCHER: Final = "imagepullsecret-patcher"


def copies_of(
    annotations: Field, name: str, namespace: str | None, owner: Maker
) -> Iterator[MadeSecret]:
    """The copies that are made of a secret in other namespaces.

    Args:
        annotations: The secret's annotations, or those that its maker will give it.
        name: The secret's name.
        namespace: The secret's namespace; nothing is copied from one that is not known.
        owner: The object that has the annotations.

    Raises:
        InvalidManifest: The annotations are no mapping, or one of these is no string.
    """
    if namespace is None:
        return
    for program, (where, certain) in _targets(annotations):
        if where != namespace:
            maker = Maker(
                owner.kind,
                owner.namespace,
                owner.name,
                program,
                annotations.path,
                annotations.path,
                owner.ignore,
                place=owner.place,
            )
            yield MadeSecret(name, where, None, maker, certain=certain, origin=(namespace, name))


def _targets(annotations: Field) -> Iterator[tuple[str, tuple[str | None, bool]]]:
    def text(name: str) -> str:
        return annotations.member(name).string()

    allowed = text(f"{_REFLECTOR}reflection-allowed") == "true"
    if allowed and text(f"{_REFLECTOR}reflection-auto-enabled") == "true":
        names = text(f"{_REFLECTOR}reflection-auto-namespaces") or text(
            f"{_REFLECTOR}reflection-allowed-namespaces"
        )
        yield from (("reflector", each) for each in _namespaces(names))
    if annotations.has(f"{_REPLICATOR}replicate-to"):
        names = text(f"{_REPLICATOR}replicate-to")
        yield from (("kubernetes-replicator", each) for each in _namespaces(names))
    if annotations.has(f"{_REPLICATOR}replicate-to-matching"):
        yield "kubernetes-replicator", (None, False)


def _namespaces(written: str) -> Iterator[tuple[str | None, bool]]:
    """The namespaces of a list, None for all or for some that a regular expression matches."""
    for name in {part.strip(): None for part in written.split(",")}:
        if _NAME.fullmatch(name):
            yield name, True
        else:
            yield None, name in _ALL


def pulled_from(annotations: Field, namespace: str) -> tuple[str, tuple[str, str]] | None:
    """Which program fills a secret, and from which one; None if its annotations say nothing.

    Args:
        annotations: The annotations of the secret to be filled.
        namespace: Its namespace, which is the original's if the annotation names none.

    Raises:
        InvalidManifest: The annotations are no mapping, or one of these is no string.
    """
    for annotation, program in (
        (f"{_REFLECTOR}reflects", "reflector"),
        (f"{_REPLICATOR}replicate-from", "kubernetes-replicator"),
    ):
        where, _, name = annotations.member(annotation).string().rpartition("/")
        if name:
            return program, (where or namespace, name)
    return None


def patched(
    manifest: Mapping[str, Any], *, namespace: str = "default", place: Place | None = None
) -> Iterator[MadeSecret]:
    """The secret that a Deployment of imagepullsecret-patcher makes, if it is one.

    Args:
        manifest: The Deployment.
        namespace: For an object that names none.
        place: Where it was read.

    Raises:
        InvalidManifest: It is not such an object as the API server would take.
    """
    root = Field(manifest)
    del manifest
    metadata = root.member("metadata")
    spec = root.member("spec").member("template").member("spec")
    for container in spec.member("containers").list():
        name = container.member("image").string().partition("@")[0].rpartition("/")[2]
        if name.partition(":")[0] != _PATCHER:
            continue
        settings = {item.member("name").string(): item for item in container.member("env").list()}
        config = settings.get("CONFIG_DOCKERCONFIGJSON")
        facts: TemplateFacts = TemplateFacts()
        at: FieldPath = ()
        if config is not None and config.has("value"):
            facts = read_template(HiddenText(config.member("value").string()))
            at = config.member("value").path
        title = settings.get("CONFIG_SECRETNAME")
        maker = Maker(
            "Deployment",
            metadata.member("namespace").string() or namespace,
            metadata.member("name").string(),
            _PATCHER,
            at,
            at,
            ignored(metadata),
            place=place,
        )
        secret = title.member("value").string() if title is not None else "image-pull-secret"
        yield MadeSecret(
            secret,
            None,
            DOCKERCONFIGJSON_TYPE,
            maker,
            entries=facts.entries,
            fault=facts.fault,
            certain=False,
            accounts=_accounts(settings),
        )


def _accounts(settings: Mapping[str, Field]) -> tuple[str, ...] | None:
    """The service accounts that imagepullsecret-patcher adds its secret to; None for all."""
    every, named = settings.get("CONFIG_ALLSERVICEACCOUNT"), settings.get("CONFIG_SERVICEACCOUNTS")
    if every is not None and parse_bool(every.member("value").string()) is not False:
        return None
    if named is None:
        return (DEFAULT_ACCOUNT,)
    # Where the value comes from another object, it may be any service account.
    return tuple(named.member("value").string().split(",")) if named.has("value") else None
