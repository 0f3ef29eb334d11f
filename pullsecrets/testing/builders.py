"""Builders for short tests, and the one that takes whatever a test has rendered."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from attrs import evolve

from pullsecrets.cluster import Cluster
from pullsecrets.dockerconfig import Credential, DockerConfig
from pullsecrets.makers.made import MadeSecret
from pullsecrets.metadata import Place
from pullsecrets.node.node import Node
from pullsecrets.objects import Container, Pod, ServiceAccount
from pullsecrets.pull_secret import DOCKERCONFIGJSON_KEY, DOCKERCONFIGJSON_TYPE, PullSecret
from pullsecrets.reading import (
    Document,
    Problem,
    ProblemCode,
    manifests_of,
    objects_of,
    read_data,
    read_documents,
)
from pullsecrets.secrecy import EntryText, HiddenBytes

__all__ = ["cluster", "pod", "pull_secret", "service_account"]

_SHOWN: Final = 60
# One line that is no mapping and looks like a path.
_A_PATH: Final = re.compile(rb"\s*(?!#)[^:\n]*(?:/[^:\n]*|\.(?:yaml|yml|json))\s*")


def pull_secret(
    name: str,
    credentials: Mapping[str, Credential | tuple[str, str] | tuple[str, str, str]] | str | bytes,
    *,
    namespace: str = "default",
) -> PullSecret:
    """A Secret of the type ``kubernetes.io/dockerconfigjson``.

    Args:
        name: Its name.
        credentials: Entry → user and password, as `PullSecret.from_credentials` takes them; or a
            whole docker config as text, well-formed or not.
        namespace: Its namespace.

    >>> pull_secret("regcred", {"quay.io": ("user", "password")}).config()
    <DockerConfig 'quay.io'>
    """
    if isinstance(credentials, Mapping):
        return PullSecret.from_credentials(name, credentials, namespace=namespace)
    data = {DOCKERCONFIGJSON_KEY: _hidden(credentials)}
    return PullSecret(name, namespace, DOCKERCONFIGJSON_TYPE, data)


def service_account(
    name: str = "default", *, pull_secrets: Iterable[str] = (), namespace: str = "default"
) -> ServiceAccount:
    """A service account.

    Args:
        name: Its name.
        pull_secrets: The names in its ``imagePullSecrets``.
        namespace: Its namespace.
    """
    return ServiceAccount(name, namespace, _names(pull_secrets))


def pod(
    name: str,
    *,
    images: Iterable[str] | Mapping[str, str],
    pull_secrets: Iterable[str] = (),
    service_account: str = "default",
    kind: str = "Pod",
    namespace: str = "default",
) -> Pod:
    """A pod, or a workload that makes pods.

    Args:
        name: Its name.
        images: One for each container; the containers are called after their images (``api`` for
            ``quay.io/acme/api:1``), or as a mapping of names to images says.
        pull_secrets: The names in its ``imagePullSecrets``.
        service_account: Its service account.
        kind: ``Pod``, ``Deployment`` …
        namespace: Its namespace.

    >>> [container.name for container in pod("api", images=["quay.io/acme/api:1"]).containers]
    ['api']
    """
    if isinstance(images, str):
        images = [images]
    named = images.items() if isinstance(images, Mapping) else _named(images)
    return Pod(
        name,
        namespace,
        kind,
        containers=tuple(Container(own, image) for own, image in named),
        pull_secrets=_names(pull_secrets),
        service_account=service_account,
    )


def _names(names: Iterable[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def _named(images: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each image with the name of its container; a name that comes again is numbered."""
    seen: Counter[str] = Counter()
    for image in images:
        name = image.rpartition("/")[2].partition("@")[0].partition(":")[0] or "container"
        seen[name] += 1
        yield (name if seen[name] == 1 else f"{name}-{seen[name]}"), image


def cluster(
    *what: object,
    namespace: str = "default",
    node: Node | DockerConfig | None = None,
    strict: bool = True,
) -> Cluster:
    r"""Put together a cluster from whatever a test has.

    Args:
        what: Any of these, and iterables of them: what the other builders make; text, as
            ``helm template`` and ``kustomize build`` print it (`str` or `bytes`); mappings, as
            cdk8s synthesises and Pulumi's mocks receive them; objects of Kubernetes clients; files
            and folders as `pathlib.Path`; a cluster, for its objects; a `MadeSecret`.
        namespace: For objects that name none. Helm leaves it out where a template does.
        node: The node, or only its docker config.
        strict: Raise if something cannot be read, instead of testing the rest.

    Raises:
        Unreadable: Something cannot be read, and `strict` is set.
        NoSuchPath: A path does not exist.
        TypeError: Something is none of these.

    >>> rendered = "kind: Pod\nmetadata: {name: web}\nspec: {containers: [{image: nginx}]}"
    >>> found = cluster(rendered, pull_secret("regcred", {"docker.io": ("user", "password")}))
    >>> [len(found.pods), len(found.secrets)]
    [1, 1]
    """
    given = list(_given(what))
    del what  # no traceback shows what this frame was given
    made = tuple(item for item in given if isinstance(item, MadeSecret))
    objects = objects_of(_documents(given), namespace=namespace)
    if strict:
        objects.require_all()
    found = Cluster.of(objects, node)
    return evolve(found, made=(*found.made, *made)) if made else found


_Given = Document | Problem | MadeSecret | HiddenBytes | os.PathLike[str] | type


def _given(what: Iterable[object]) -> Iterator[_Given]:
    """What a test has, one by one, in a form that hides it. Raises nothing."""
    for item in what:
        if isinstance(item, (str, bytes)):
            yield _hidden(item)
        elif isinstance(item, os.PathLike):
            yield item
        elif isinstance(item, Cluster):
            yield from item.problems
            yield from _given([*item.pods, *item.service_accounts, *item.secrets, *item.made])
        elif isinstance(item, MadeSecret):
            yield item
        elif isinstance(item, (Pod, ServiceAccount, PullSecret)):
            yield Document(item.to_manifest(), item.place or Place())
        elif isinstance(item, Iterable) and not _is_object(item):
            yield from _given(item)
        else:
            yield from _of_client(item)


def _hidden(text: str | bytes) -> HiddenBytes:
    # What UTF-8 has no form for is not UTF-8 in what comes out, either: a problem of its document.
    return HiddenBytes(text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text)


def _is_object(item: object) -> bool:
    # Client objects can be iterable, too; all of them are mappings or can become one.
    return isinstance(item, Mapping) or hasattr(item, "to_dict")


def _of_client(item: object) -> Iterator[_Given]:
    try:
        manifests = list(manifests_of([item]))
    except TypeError:
        yield type(item)  # to be refused where nothing else is at hand
    else:
        yield from (Document(m, Place(None, number)) for number, m in enumerate(manifests, 1))


def _documents(given: Iterable[_Given]) -> Iterator[Document | Problem]:
    for item in given:
        if isinstance(item, (Document, Problem)):
            yield item
        elif isinstance(item, HiddenBytes):
            yield from _text(item)
        elif isinstance(item, os.PathLike):
            yield from read_documents(item)
        elif not isinstance(item, MadeSecret):
            raise TypeError(f"text, a path or a Kubernetes object is wanted, not {item.__name__}")


def _text(data: HiddenBytes) -> Iterator[Document | Problem]:
    if _A_PATH.fullmatch(data.reveal()):
        shown = EntryText(data.reveal().decode("utf-8", "replace").strip()[:_SHOWN])
        message = f"'{shown}' is text, but no manifest; a file is given as pathlib.Path('{shown}')"
        yield Problem(ProblemCode.NO_OBJECT, message)
    else:
        yield from read_data(data, None)
