"""From manifests to resolutions: admission, the list of secrets, and every image of every pod."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

from attrs import Factory, field, frozen

from pullsecrets._index import Name
from pullsecrets.reading.clients import manifests_of
from pullsecrets.dockerconfig import DockerConfig
from pullsecrets.images import Image, InvalidImage
from pullsecrets.keyring import Admission, Keyring, Resolution
from pullsecrets.objects import (
    POD_TEMPLATES,
    InvalidManifest,
    Place,
    Pod,
    PullSecret,
    ServiceAccount,
)
from pullsecrets.secrecy import printable

if TYPE_CHECKING:
    from pullsecrets.trace import PodExplanation

__all__ = ["Cluster", "Document", "ImageResolution", "Problem", "admit", "resolve"]

_DEFAULT_ACCOUNT: Final = "default"


@frozen
class Problem:
    """Something about the input that its author should know.

    Attributes:
        message: One line: what is wrong, in which field.
        place: Where it is.
        error: True where an object or a document could not be taken; False where all of it was
            taken, and this is only said.
    """

    message: str
    place: Place | None = None
    error: bool = True

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place is not None else self.message


@frozen
class Document:
    """A document as a loader gives it, which may be anything at all.

    Attributes:
        value: The document.
        place: Where it was read.
        path: Of an item of a list, where it stands in the document: ``items[2]``.
    """

    value: Any
    place: Place
    path: str = ""

    def problem(self, message: str, *, error: bool = True) -> Problem:
        """Something about the document, or about the item of the list that it is."""
        return Problem(f"{self.path}: {message}" if self.path else message, self.place, error)


@frozen
class ImageResolution:
    """The answer for one image of one pod.

    Attributes:
        pod: The pod.
        container: The name of the container, or of the volume.
        kind: ``container``, ``init``, ``ephemeral`` or ``volume``.
        written: The image as it stands in the manifest.
        image: The image; the string as written where it is no image reference.
        resolution: Which credentials the kubelet tries for it.
    """

    pod: Pod
    container: str
    kind: str
    written: str
    image: Image | str
    resolution: Resolution

    @property
    def admission(self) -> Admission:
        """Which list of secrets was used, and whose it was."""
        admission = self.resolution.admission
        assert admission is not None  # noqa: S101  (it is None only where no pod was asked about)
        return admission


def resolve(
    image: Image | str, secrets: Iterable[PullSecret], node: DockerConfig | None = None
) -> Resolution:
    """Which credentials the kubelet tries for an image, in order.

    Args:
        image: The image, or what stands in a container's ``image`` field.
        secrets: The pod's secrets in the order of its list; one listed twice counts twice.
        node: The node's own docker config.

    Returns:
        The resolution. Neither a bad image nor a secret that does not decode raises: both are the
        resolution's ``failure``.

    >>> secret = PullSecret.from_manifest(
    ...     {
    ...         "metadata": {"name": "regcred"},
    ...         "type": "kubernetes.io/dockerconfigjson",
    ...         "stringData": {".dockerconfigjson": '{"auths": {"quay.io": {"username": "me"}}}'},
    ...     }
    ... )
    >>> [c.credential.username for c in resolve("quay.io/acme/app", [secret]).candidates]
    ['me']
    >>> resolve("nginx", [secret]).anonymous
    True
    """
    return Keyring(secrets, node).resolve(image)


_Named = TypeVar("_Named", PullSecret, ServiceAccount)


def _by_name(objects: Iterable[_Named]) -> Mapping[tuple[str, str], _Named]:
    return {(found.namespace, found.name): found for found in objects}


def _homes(secrets: Iterable[PullSecret]) -> Mapping[str, tuple[str, ...]]:
    homes: dict[str, list[str]] = {}
    for secret in secrets:
        homes.setdefault(secret.name, []).append(secret.namespace)
    return {name: tuple(sorted(set(found))) for name, found in homes.items()}


@frozen
class Cluster:
    """What is known of a cluster, or of a set of manifests.

    Attributes:
        pods: Its pods and the workloads that make pods.
        service_accounts: Its service accounts.
        secrets: Its Secrets, of whatever type.
        node: The node's own docker config, None where it has none.
        problems: What was wrong with the input that this was read from.
    """

    pods: tuple[Pod, ...] = ()
    service_accounts: tuple[ServiceAccount, ...] = ()
    secrets: tuple[PullSecret, ...] = ()
    node: DockerConfig | None = None
    problems: tuple[Problem, ...] = ()
    _secrets: Mapping[tuple[str, str], PullSecret] = field(
        init=False,
        repr=False,
        eq=False,
        default=Factory(lambda self: _by_name(self.secrets), takes_self=True),
    )
    _homes: Mapping[str, tuple[str, ...]] = field(
        init=False,
        repr=False,
        eq=False,
        default=Factory(lambda self: _homes(self.secrets), takes_self=True),
    )
    _accounts: Mapping[tuple[str, str], ServiceAccount] = field(
        init=False,
        repr=False,
        eq=False,
        default=Factory(lambda self: _by_name(self.service_accounts), takes_self=True),
    )

    @classmethod
    def from_manifests(
        cls,
        manifests: Iterable[Mapping[str, Any]],
        *,
        namespace: str = "default",
        node: DockerConfig | None = None,
    ) -> Cluster:
        """Read Pods, workloads, ServiceAccounts, Secrets, and lists of them.

        Other kinds are passed over in silence. What is malformed is left out and listed in
        `problems`. Of an object that is defined twice the later definition wins.

        Args:
            manifests: Plain mappings, as ``json.load`` or a YAML loader gives them.
            namespace: For objects that name none.
            node: The node's own docker config.
        """
        documents = (Document(m, Place(None, number)) for number, m in enumerate(manifests, 1))
        return cls.from_documents(documents, namespace=namespace, node=node)

    @classmethod
    def from_objects(
        cls,
        *objects: object,
        namespace: str = "default",
        node: DockerConfig | None = None,
    ) -> Cluster:
        """Read the objects of a Kubernetes client; otherwise as `from_manifests`.

        Args:
            objects: Objects of `kubernetes`, `kubernetes_asyncio`, `lightkube`, `kr8s`, `pykube-ng`
                or of this package, plain mappings, lists that a client gives, and iterables of
                all these. A Secret's ``data`` holds base64, as the clients have it.
            namespace: For objects that name none.
            node: The node's own docker config.

        Raises:
            TypeError: Something is no object of a client and no mapping.
        """
        return cls.from_manifests(manifests_of(objects), namespace=namespace, node=node)

    @classmethod
    def from_documents(
        cls,
        documents: Iterable[Document | Problem],
        *,
        namespace: str = "default",
        node: DockerConfig | None = None,
    ) -> Cluster:
        """The same, from documents that know their place, and from what could not be read."""
        objects: dict[Any, Pod | ServiceAccount | PullSecret] = {}
        problems: list[Problem] = []
        for item in _objects(documents):
            if isinstance(item, Problem):
                problems.append(item)
                continue
            try:
                read = _READERS[item.value["kind"]](
                    item.value, namespace=namespace, place=item.place
                )
            except InvalidManifest as error:
                problems.append(item.problem(f"{_title(item.value)}: {error}"))
                continue
            identity = item.value["kind"], read.namespace, read.name
            # Each object with a generateName is one of its own.
            named = bool(item.value["metadata"].get("name"))
            if named and identity in objects:
                problems.append(
                    item.problem(
                        f"{printable(' '.join((identity[0], '/'.join(identity[1:]))))} is defined "
                        f"twice, this one replaces the one in {objects[identity].place}",
                        error=False,
                    )
                )
            objects[identity if named else (*identity, len(objects))] = read
        found = objects.values()
        return cls(
            tuple(o for o in found if isinstance(o, Pod)),
            tuple(o for o in found if isinstance(o, ServiceAccount)),
            tuple(o for o in found if isinstance(o, PullSecret)),
            node,
            tuple(problems),
        )

    def secret(self, namespace: str, name: str) -> PullSecret | None:
        """The Secret of that name, or None."""
        return self._secrets.get((namespace, name))

    def namespaces_with(self, name: str) -> tuple[str, ...]:
        """The namespaces that have a Secret of that name, sorted."""
        return self._homes.get(name, ())

    def service_account(self, namespace: str, name: str) -> ServiceAccount | None:
        """The service account of that name, or None."""
        return self._accounts.get((namespace, name))

    def resolve(self, pod: Pod) -> tuple[ImageResolution, ...]:
        """The resolution of each of the pod's images, in the order of `Pod.images`."""
        return tuple(_Shared(self).resolve(pod))

    def explain(self, pod: Pod) -> PodExplanation:
        """Why each entry of each secret is, or is not, a candidate for each of the pod's images."""
        from pullsecrets.trace import explain_pod

        return explain_pod(self, pod)

    def resolve_all(self) -> Iterator[ImageResolution]:
        """The resolutions of all images of all pods, pod after pod, each made when it is asked for.

        Pods with the same list, and containers with the same image, share what can be shared.
        """
        shared = _Shared(self)
        for pod in self.pods:
            yield from shared.resolve(pod)

    def to_records(self) -> list[dict[str, Any]]:
        """One flat dict for each image of each pod: for a data frame."""
        from pullsecrets.display.records import cluster_records

        return cluster_records(self)

    def _repr_html_(self) -> str:
        from pullsecrets.display.html import cluster_html

        return cluster_html(self)

    def __rich__(self) -> Any:
        from pullsecrets.display.terminal import cluster_table

        return cluster_table(self)


# Few clusters have more. These numbers bound the memory, the number of pods does not.
_MAX_IMAGES: Final = 65_536
_MAX_USED_LISTS: Final = 4_096
# Fewer: what lives on makes the collector look through the whole model again and again.
_MAX_ANSWERS: Final = 4_096


@frozen(eq=False)
class _List:
    """What all pods with one list of secrets have in common.

    Attributes:
        admission: Whose list it is.
        warnings: What was passed over, in the list and in its secrets.
        keyring: The secrets' keyring.
        answers: Image as written → its resolution.
    """

    admission: Admission
    warnings: tuple[str, ...]
    keyring: Keyring
    answers: dict[str, Resolution] = field(factory=dict)


class _Shared:
    """What is made once for a cluster's pods, however many of them ask for it.

    What has become too much is forgotten, so that memory stays bounded.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._kept = 0  # answers, in all lists
        # What admission looks at → list
        self._lists: dict[tuple[object, ...], _List] = {}
        # The secrets, by their identities (which they keep, as the cluster holds them) → keyring
        self._keyrings: dict[tuple[int, ...], Keyring] = {}
        # Image as written → what `_parse` makes of it
        self._images: dict[str, tuple[Image, Name] | tuple[str, None]] = {}

    def resolve(self, pod: Pod) -> Iterator[ImageResolution]:
        """The resolution of each of the pod's images."""
        used = self._list(pod)
        for container in pod.images:
            written = container.image
            answer = used.answers.get(written)
            if answer is None:
                answer = used.answers[written] = self._answer(used, written)
            yield ImageResolution(
                pod, container.name, container.kind, written, answer.image, answer
            )

    def _list(self, pod: Pod) -> _List:
        key = pod.namespace, pod.service_account, pod.pull_secrets, pod.stored, pod.mirror
        used = self._lists.get(key)
        if used is None:
            if len(self._lists) >= _MAX_USED_LISTS:
                self._lists.clear()
                self._keyrings.clear()
            admission, warnings = admit(pod, self._cluster)
            keyring = self._keyring(pod.namespace, admission.pull_secrets)
            used = self._lists[key] = _List(admission, warnings + keyring.warnings, keyring)
        return used

    def _keyring(self, namespace: str, names: Iterable[str]) -> Keyring:
        found = (self._cluster.secret(namespace, name) for name in names if name)
        secrets = tuple(secret for secret in found if secret is not None)
        key = tuple(map(id, secrets))
        keyring = self._keyrings.get(key)
        if keyring is None:
            keyring = self._keyrings[key] = Keyring(secrets, self._cluster.node)
        return keyring

    def _answer(self, used: _List, written: str) -> Resolution:
        if self._kept >= _MAX_ANSWERS:
            for known in self._lists.values():
                known.answers.clear()
            self._kept = 0
        self._kept += 1
        parsed = self._images.get(written)
        if parsed is None:
            if len(self._images) >= _MAX_IMAGES:
                self._images.clear()
            parsed = self._images[written] = _parse(written)
        image, name = parsed
        if name is None:
            return Resolution(written, (), str(image), used.warnings, used.admission)
        candidates = used.keyring.lookup(name)
        return Resolution(image, candidates, used.keyring.failure, used.warnings, used.admission)


def _parse(written: str) -> tuple[Image, Name] | tuple[str, None]:
    """An image and its name, or why it is none."""
    try:
        image = Image.parse(written)
    except InvalidImage as error:
        return str(error), None
    return image, Name.of(image.name)


def admit(pod: Pod, cluster: Cluster) -> tuple[Admission, tuple[str, ...]]:
    """Which list of secrets a pod has (rules 1 to 4), and what there is to say about it."""
    warnings: list[str] = []
    account = cluster.service_account(pod.namespace, pod.service_account)
    owner = printable(f"{pod.namespace}/{pod.service_account}")
    names = pod.pull_secrets
    if pod.mirror:
        origin = "mirror-pod"
        if names:
            warnings.append("a static pod has node credentials only: its imagePullSecrets are idle")
        names = ()
    elif pod.stored:
        origin = "stored-pod"
    else:
        origin = "pod" if names else "service-account"
        if account is not None:
            names = names or account.pull_secrets
        elif pod.service_account != _DEFAULT_ACCOUNT:
            warnings.append(
                f"service account {owner} is not among the manifests: "
                "if it does not exist, the API server refuses the pod"
            )
        elif not names:
            warnings.append(
                f"service account {owner} is not among the manifests: assumed without pull secrets"
            )
    warnings.extend(_passed_over(pod.namespace, names, cluster))
    return Admission(origin, pod.service_account, names), tuple(warnings)


def _passed_over(namespace: str, names: Sequence[str], cluster: Cluster) -> Iterator[str]:
    """The references that lead nowhere (rule 4), each name once."""
    seen: set[str] = set()
    for position, name in enumerate(names):
        if not name:
            yield f"imagePullSecrets[{position}] has no name: it is skipped in silence"
        elif name not in seen and cluster.secret(namespace, name) is None:
            others = cluster.namespaces_with(name)
            hint = f"; there is one in namespace {', '.join(others)}" if others else ""
            yield printable(
                f"secret {namespace}/{name} is not among the manifests: "
                f"a pull goes on without a secret that does not exist{hint}"
            )
        seen.add(name)


_MAX_LISTS: Final = 8
_READERS: Final[Mapping[str, Any]] = {
    **dict.fromkeys(POD_TEMPLATES, Pod.from_manifest),
    "ServiceAccount": ServiceAccount.from_manifest,
    "Secret": PullSecret.from_manifest,
}
_LISTS: Final = frozenset({"List", *(f"{kind}List" for kind in _READERS)})
# Of the API groups; the core group has no name.
_GROUPS: Final = frozenset({"", "apps", "batch", "extensions"})


def _objects(
    documents: Iterable[Document | Problem], depth: int = 0
) -> Iterator[Document | Problem]:
    """The objects of a kind that is read here, lists of them unwrapped (rule 6)."""
    for document in documents:
        if isinstance(document, Problem):
            yield document
            continue
        value = document.value
        if value is None:
            continue
        if not isinstance(value, Mapping):
            yield document.problem(f"a Kubernetes object is a mapping, not {type(value).__name__}")
            continue
        kind, version = value.get("kind"), value.get("apiVersion")
        if kind is None:
            yield document.problem("passed over: a mapping without a kind", error=False)
        elif not isinstance(kind, str):
            yield document.problem("kind is not a string")
        elif kind not in _READERS and kind not in _LISTS:
            continue
        elif not isinstance(version, (str, type(None))):
            yield document.problem("apiVersion is not a string")
        elif (version or "").rpartition("/")[0] not in _GROUPS:
            continue  # another API's kind of the same name
        elif kind in _READERS:
            yield document
        elif depth == _MAX_LISTS:
            yield document.problem(f"lists stand in lists, more than {_MAX_LISTS} deep")
        else:
            yield from _objects(_items(document), depth + 1)


def _items(document: Document) -> Iterator[Document | Problem]:
    items = document.value.get("items")
    if not isinstance(items, (list, tuple, type(None))):
        yield document.problem("items is not a list")
        return
    # The API server's typed lists leave the kind of their items to the list's.
    implied = document.value["kind"].removesuffix("List")
    for number, item in enumerate(items or ()):
        bare = isinstance(item, Mapping) and implied in _READERS and item.get("kind") is None
        path = f"{document.path}.items[{number}]".removeprefix(".")
        yield Document({**item, "kind": implied} if bare else item, document.place, path)


def _title(manifest: Mapping[str, Any]) -> str:
    """An object's kind and name, for a message about an object that could not be read."""
    metadata = manifest.get("metadata")
    names = metadata if isinstance(metadata, Mapping) else {}
    parts = [part for part in (names.get("namespace"), names.get("name")) if isinstance(part, str)]
    return printable(" ".join([manifest["kind"], "/".join(parts)]).strip())
