"""The Kubernetes objects that decide about pull credentials, read from plain mappings.

Mappings as ``json.load`` or a YAML loader gives them. Nothing here opens a file.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from functools import partial
from typing import Any, Final

from attrs import Factory, evolve, field, frozen

from pullsecrets._go.base64 import decode_base64
from pullsecrets._go.json import go_string, write_json
from pullsecrets.dockerconfig import Credential, DockerConfig, basic_auth
from pullsecrets.fields import Field
from pullsecrets.frozen import FrozenDict
from pullsecrets.notes import Note, NoteCode
from pullsecrets.secrecy import Hidden, HiddenBytes, ImageText, printable
from pullsecrets.workloads import (
    GROUPS,
    NO_TEMPLATES,
    POD_TEMPLATES,
    Shape,
    Templates,
    own_shape,
    shape_of,
)

__all__ = [
    "DOCKERCFG_KEY",
    "DOCKERCFG_TYPE",
    "DOCKERCONFIGJSON_KEY",
    "DOCKERCONFIGJSON_TYPE",
    "IGNORE_ANNOTATION",
    "Container",
    "ContainerKind",
    "Owner",
    "Place",
    "Pod",
    "PullSecret",
    "ServiceAccount",
    "ignored",
]

DOCKERCONFIGJSON_TYPE: Final = "kubernetes.io/dockerconfigjson"
DOCKERCONFIGJSON_KEY: Final = ".dockerconfigjson"
DOCKERCFG_TYPE: Final = "kubernetes.io/dockercfg"
DOCKERCFG_KEY: Final = ".dockercfg"

IGNORE_ANNOTATION: Final = "pullsecrets/ignore"
"""Annotation that names the diagnoses not to report for an object, separated by commas."""

_KEYS: Final[Mapping[str, str]] = {
    DOCKERCONFIGJSON_TYPE: DOCKERCONFIGJSON_KEY,
    DOCKERCFG_TYPE: DOCKERCFG_KEY,
}

_MIRROR_ANNOTATION: Final = "kubernetes.io/config.mirror"
_MAX_SECRET_SIZE: Final = 1024 * 1024  # bytes of all values; core/v1 MaxSecretSize

_API_VERSIONS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"), "apps/v1"),
    **dict.fromkeys(("Job", "CronJob"), "batch/v1"),
}


_Credentials = Mapping[str, Credential | tuple[str, str] | tuple[str, str, str]]


@frozen
class Place:
    """Where an object was read.

    Attributes:
        file: The path as given or found, ``-`` for standard input, None for a mapping.
        document: The number of the document in the file, or of the mapping, counted from 1.
        environment: The name of the environment that it belongs to, where there are several.
        source: The file that a program made the document from, as a comment of Helm's names it.
    """

    file: str | None = None
    document: int | None = None
    environment: str | None = None
    source: str | None = None

    @property
    def shown(self) -> str | None:
        """The file that its author knows: the one that the document was made from, if known."""
        return self.file if self.source is None else self.source

    def __str__(self) -> str:
        if self.source is not None:
            return printable(self.source)
        file = printable(self.file) if self.file is not None else ""
        document = f"document {self.document}" if self.document is not None else ""
        return ", ".join(part for part in (file, document) if part)


def _place() -> Any:
    return field(default=None, eq=False, repr=False, kw_only=True)


_Value = HiddenBytes | bytes
_Pairs = Mapping[str, _Value] | Iterable[tuple[str, _Value]]


def _pairs(data: _Pairs) -> tuple[tuple[str, HiddenBytes], ...]:
    # Pairs, so that the value can be hashed and pickled; sorted, as the order says nothing.
    return tuple(
        (key, value if isinstance(value, HiddenBytes) else HiddenBytes(value))
        for key, value in sorted(dict(data).items(), key=lambda pair: pair[0])
    )


@frozen
class PullSecret:
    """A Secret object that a pod may name in ``imagePullSecrets``.

    Attributes:
        name: The object's name.
        namespace: The object's namespace.
        type: The Secret's type; only two kinds of Secret hold docker configs (rule 7).
        data: The values of ``.dockerconfigjson`` and ``.dockercfg``, decoded from base64; other
            values are not kept. Given as bytes they become `HiddenBytes`.
        other_keys: The names of the other values.
        ignore: Codes of diagnoses not to report for it.
        uid: The UID that the API server gave it, empty where it was not read from a cluster. Pull
            records know a secret by it (fact E7).
        place: Where it was read; not compared.
    """

    name: str
    namespace: str = "default"
    type: str = DOCKERCONFIGJSON_TYPE
    _data: tuple[tuple[str, HiddenBytes], ...] = field(default=(), converter=_pairs)
    other_keys: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    uid: str = field(default="", kw_only=True)
    place: Place | None = _place()
    _config: DockerConfig | None = field(default=None, init=False, eq=False, repr=False)

    @property
    def data(self) -> Mapping[str, HiddenBytes]:
        """The values that may hold a docker config, by their key."""
        return dict(self._data)

    @classmethod
    def from_manifest(
        cls, manifest: Mapping[str, Any], *, namespace: str = "default", place: Place | None = None
    ) -> PullSecret:
        """Read a Secret, of whatever type.

        Args:
            manifest: The object. Values of ``stringData`` win over those of ``data`` (rule 7).
            namespace: For an object that names none.
            place: Where it was read.

        Raises:
            InvalidManifest: It is not a Secret that the API server would take.
        """
        secret = Field(manifest)
        del manifest  # no traceback shows what this frame was given
        metadata = _metadata(secret, "Secret")
        data: dict[str, HiddenBytes] = {}
        for key, field_ in secret.member("data").items():
            data[key] = _decoded(field_)
        for key, field_ in secret.member("stringData").items():
            data[key] = HiddenBytes(go_string(field_.string()).encode())
        size = sum(len(value.reveal()) for value in data.values())
        if size > _MAX_SECRET_SIZE:
            raise secret.member("data").error(
                f"holds {size:,} bytes; the API server refuses more than {_MAX_SECRET_SIZE:,}"
            )
        kept = {key: data.pop(key) for key in _KEYS.values() if key in data}
        return cls(
            _name(metadata),
            metadata.member("namespace").string() or namespace,
            secret.member("type").string() or "Opaque",
            kept,
            tuple(data),
            ignored(metadata),
            uid=metadata.member("uid").string(),
            place=place,
        )

    @classmethod
    def from_credentials(
        cls, name: str, credentials: _Credentials, *, namespace: str = "default"
    ) -> PullSecret:
        """Make the Secret that ``kubectl create secret docker-registry`` makes.

        Its value is kubectl's, byte for byte (``handleDockerCfgJSONContent``). Several entries,
        which kubectl has no options for, are sorted as Go's ``json.Marshal`` sorts them.

        Args:
            name: The Secret's name.
            credentials: Entry → credential, or user and password, or user, password and e-mail.
                kubectl's own default for the entry is ``https://index.docker.io/v1/``.
            namespace: The Secret's namespace.

        Raises:
            TypeError: A credential has too many parts.

        >>> secret = PullSecret.from_credentials("regcred", {"quay.io": ("user", "password")})
        >>> secret.config()
        <DockerConfig 'quay.io'>
        """
        given = Hidden(credentials)
        del credentials
        auths = {
            entry: _kubectl_fields(Hidden(given.reveal()[entry]))
            for entry in sorted(given.reveal(), key=go_string)
        }
        payload = HiddenBytes(write_json({"auths": auths}).encode())
        return cls(name, namespace, DOCKERCONFIGJSON_TYPE, {DOCKERCONFIGJSON_KEY: payload})

    def to_manifest(self) -> dict[str, Any]:
        """The Secret as a plain mapping, which reads as the same value again.

        It holds the passwords in base64, which hides nothing: that is its purpose. Of the values
        under `other_keys` only the names are known, they come out empty.
        """
        values = [(key, value.reveal()) for key, value in self._data]
        values += [(key, b"") for key in self.other_keys]
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": _metadata_manifest(self),
            "type": self.type,
            "data": {key: b64encode(value).decode() for key, value in values},
        }

    @property
    def key(self) -> str:
        """The key of the value that its type asks for: that of the newer type for any other."""
        return _KEYS.get(self.type, DOCKERCONFIGJSON_KEY)

    @property
    def skipped(self) -> Note | None:
        """Why the kubelet skips this Secret without a word (rule 7), or None."""
        if self.type not in _KEYS:
            return Note(NoteCode.WRONG_TYPE, self.namespace, self.name, detail=self.type)
        code = NoteCode.EMPTY_VALUE if self.key in self.data else NoteCode.NO_VALUE
        value = self.data.get(self.key)
        return None if value else Note(code, self.namespace, self.name, detail=self.key)

    def config(self) -> DockerConfig | None:
        """The docker config in it; None if the kubelet skips the Secret.

        Raises:
            InvalidDockerConfig: It does not decode: then no pull of a pod that names this Secret
                gets any credential (rule 8).
        """
        # A secret may be in many lists: what is decoded once is kept.
        if self._config is None and self.skipped is None:
            legacy = self.type == DOCKERCFG_TYPE
            decode = DockerConfig.from_legacy_json if legacy else DockerConfig.from_json
            object.__setattr__(self, "_config", decode(self.data[self.key]))
        return self._config

    def __reduce__(self) -> tuple[Any, ...]:
        # Without what is decoded, which is found in `data` again.
        fields = self.name, self.namespace, self.type, self._data, self.other_keys, self.ignore
        return partial(PullSecret, uid=self.uid, place=self.place), fields


def _frozen(annotations: Mapping[str, str]) -> Mapping[str, str]:
    # What `ignore` holds already would be a second place for it.
    return FrozenDict({k: text for k, text in annotations.items() if k != IGNORE_ANNOTATION})


@frozen
class ServiceAccount:
    """A service account: its list is copied into pods that have none of their own (rule 1).

    Attributes:
        name: The object's name.
        namespace: The object's namespace.
        pull_secrets: The names in ``imagePullSecrets``, in order; an empty string where a
            reference has no name.
        ignore: Codes of diagnoses not to report for it.
        uid: The UID that the API server gave it, empty if it was not read from a cluster.
        annotations: Its annotations, which credential providers may read. Read-only. The one that
            `ignore` is read from is not among them.
        string_references: The positions in `pull_secrets` of what is written as a string where an
            object belongs, so that the API server refuses the object.
        place: Where it was read; not compared.
    """

    name: str
    namespace: str = "default"
    pull_secrets: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    uid: str = field(default="", kw_only=True)
    annotations: Mapping[str, str] = field(
        factory=dict, converter=_frozen, repr=False, kw_only=True
    )
    string_references: tuple[int, ...] = field(default=(), kw_only=True)
    place: Place | None = _place()

    @classmethod
    def from_manifest(
        cls, manifest: Mapping[str, Any], *, namespace: str = "default", place: Place | None = None
    ) -> ServiceAccount:
        """Read a ServiceAccount.

        Args:
            manifest: The object.
            namespace: For an object that names none.
            place: Where it was read.

        Raises:
            InvalidManifest: It is not a ServiceAccount that the API server would take.
        """
        account = Field(manifest)
        del manifest
        metadata = _metadata(account, "ServiceAccount")
        references = account.member("imagePullSecrets")
        return cls(
            _name(metadata),
            metadata.member("namespace").string() or namespace,
            _pull_secrets(references),
            ignored(metadata),
            uid=metadata.member("uid").string(),
            annotations={
                key: value.string() for key, value in metadata.member("annotations").items()
            },
            string_references=_string_references(references),
            place=place,
        )

    def to_manifest(self) -> dict[str, Any]:
        """The ServiceAccount as a plain mapping, which reads as the same value again."""
        metadata = _metadata_manifest(self)
        if self.annotations:
            metadata["annotations"] = {**self.annotations, **metadata.get("annotations", {})}
        return {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": metadata,
            **_references(self),
        }


class ContainerKind(StrEnum):
    """What in a pod needs an image (rule 5)."""

    CONTAINER = "container"
    INIT = "init"
    """An init container, or a sidecar."""
    EPHEMERAL = "ephemeral"
    VOLUME = "volume"
    """A volume that is an image."""


def _image_text(image: ImageText | str) -> ImageText:
    return image if isinstance(image, ImageText) else ImageText(image)


@frozen
class Container:
    """Something in a pod that needs an image.

    Attributes:
        name: The container's name, or the volume's.
        image: The image as written, which may not be an image reference at all. Given as a string
            it becomes an `ImageText`.
        kind: What it is.
        pull_policy: The ``imagePullPolicy`` as written, or None.
    """

    name: str
    image: ImageText = field(converter=_image_text)
    kind: ContainerKind = field(default=ContainerKind.CONTAINER, converter=ContainerKind)
    pull_policy: str | None = None

    @property
    def title(self) -> str:
        """Its name, and what it is if that is not a plain container. Safe to show."""
        kind = "" if self.kind is ContainerKind.CONTAINER else f" ({self.kind})"
        return (printable(self.name) or "(unnamed)") + kind


@frozen
class Owner:
    """The object that made a pod or a workload, and that keeps it: its controller.

    It is in the namespace of what it made.

    Attributes:
        kind: Its kind: ``ReplicaSet``, ``Job``, or that of a custom resource.
        name: Its name.
    """

    kind: str
    name: str


@frozen
class Pod:
    """A pod, or the pods that a workload's template describes.

    Attributes:
        name: The object's name (a workload's own), or its ``generateName``.
        namespace: The object's namespace.
        kind: The object's kind: ``Pod``, ``Deployment`` …
        containers: Its containers.
        init_containers: Its init containers, sidecars among them.
        ephemeral_containers: Its ephemeral containers.
        image_volumes: Its volumes that are images.
        pull_secrets: The names in ``imagePullSecrets``, in order; an empty string where a
            reference has no name.
        service_account: The service account's name.
        stored: Whether it was read from a cluster, so that admission is behind it (rule 2).
        mirror: Whether it is the mirror of a static pod (rule 3).
        ignore: Codes of diagnoses not to report for it.
        token_audiences: The audiences of the service account's tokens in its projected volumes.
        owner: Its controller, as ``ownerReferences`` names it (apimachinery's ``GetControllerOf``);
            None if it has none.
        shape: Where an object of its kind has the fields of its pods.
        api_version: The ``apiVersion`` of a kind that is not Kubernetes' own, empty for one that
            is.
        string_references: The positions in `pull_secrets` of what is written as a string where an
            object belongs, so that the API server refuses the object.
        place: Where it was read; not compared.
        repeated: Whether other files define one of its kind and name, so that its title says which
            file it is in; not compared.
    """

    name: str
    namespace: str = "default"
    kind: str = "Pod"
    containers: tuple[Container, ...] = ()
    init_containers: tuple[Container, ...] = ()
    ephemeral_containers: tuple[Container, ...] = ()
    image_volumes: tuple[Container, ...] = ()
    pull_secrets: tuple[str, ...] = ()
    service_account: str = "default"
    stored: bool = False
    mirror: bool = False
    ignore: tuple[str, ...] = ()
    token_audiences: tuple[str, ...] = field(default=(), kw_only=True)
    owner: Owner | None = field(default=None, kw_only=True)
    shape: Shape = field(
        default=Factory(lambda self: own_shape(self.kind), takes_self=True),
        repr=False,
        kw_only=True,
    )
    api_version: str = field(default="", kw_only=True)
    string_references: tuple[int, ...] = field(default=(), kw_only=True)
    place: Place | None = _place()
    repeated: bool = field(default=False, eq=False, repr=False, kw_only=True)

    @property
    def images(self) -> tuple[Container, ...]:
        """Everything in the pod that needs an image (rule 5)."""
        return (
            self.containers + self.init_containers + self.ephemeral_containers + self.image_volumes
        )

    @property
    def title(self) -> str:
        """Its kind, namespace and name, and where it is if these are not enough. Safe to show."""
        apart = self.apart
        environment = f"{apart['environment']}: " if "environment" in apart else ""
        file = f" in {apart['file']}" if "file" in apart else ""
        return printable(f"{environment}{self.kind} {self.namespace}/{self.name}{file}")

    @property
    def apart(self) -> dict[str, str]:
        """What tells it from others of its kind and name, as JSON has it; empty if nothing has to.

        It is its environment, where there are several, and its file, where several define it.
        """
        place = self.place or Place()
        found = {} if place.environment is None else {"environment": printable(place.environment)}
        return {**found, "file": printable(place.file or "")} if self.repeated else found

    def with_image(self, image: ImageText | str, name: str = "debugger") -> Pod:
        """The pod with an ephemeral container more, as ``kubectl debug --image`` adds it.

        Args:
            image: Its image.
            name: Its name.
        """
        added = Container(name, image, ContainerKind.EPHEMERAL)
        return evolve(self, ephemeral_containers=(*self.ephemeral_containers, added))

    @classmethod
    def from_manifest(
        cls,
        manifest: Mapping[str, Any],
        *,
        namespace: str = "default",
        place: Place | None = None,
        templates: Templates = NO_TEMPLATES,
    ) -> Pod:
        """Read a Pod, or the template of a workload (`pullsecrets.workloads` knows the kinds).

        Args:
            manifest: The object.
            namespace: For an object that names none.
            place: Where it was read.
            templates: Kinds in addition to the known ones, ``Rollout.argoproj.io``, and the fields
                that lead to the template of each, ``spec.template``.

        Raises:
            InvalidManifest: It is not such an object as the API server would take.
        """
        root = Field(manifest)
        del manifest
        kind = root.member("kind").string() or "Pod"
        version = root.member("apiVersion").string()
        shape = shape_of(kind, version, templates)
        if shape is None:
            wanted = " or ".join(POD_TEMPLATES)
            raise root.member("kind").error(f"is '{printable(kind)}', not {wanted}")
        metadata = root.member("metadata")
        annotations = dict(metadata.member("annotations").items())
        own = version.rpartition("/")[0] in GROUPS
        of_a_pod = own and kind == "Pod"
        member = shape.members(root)
        references = member("imagePullSecrets")
        return cls(
            _name(metadata),
            metadata.member("namespace").string() or namespace,
            kind,
            _containers(member("containers"), ContainerKind.CONTAINER),
            _containers(member("initContainers"), ContainerKind.INIT),
            _containers(member("ephemeralContainers"), ContainerKind.EPHEMERAL),
            _image_volumes(member("volumes")),
            _pull_secrets(references),
            # The older name of the field is still read.
            member("serviceAccountName").string() or member("serviceAccount").string() or "default",
            of_a_pod and bool(metadata.member("uid").string() or metadata.has("creationTimestamp")),
            of_a_pod and _MIRROR_ANNOTATION in annotations,
            ignored(metadata),
            token_audiences=tuple(_token_audiences(member("volumes"))),
            owner=_owner(metadata),
            shape=shape,
            api_version="" if own else version,
            string_references=_string_references(references),
            place=place,
        )

    def to_manifest(self) -> dict[str, Any]:
        """The pod or workload as a plain mapping, which reads as the same value again.

        It has the fields that this class keeps, so it is no manifest to apply. A stored pod gets
        a time of creation, which the API server alone sets, as its mark; not the real one.
        """
        metadata = _metadata_manifest(self)
        if self.stored:
            metadata["creationTimestamp"] = "1970-01-01T00:00:00Z"
        if self.mirror:
            metadata.setdefault("annotations", {})[_MIRROR_ANNOTATION] = "mirror"
        if self.owner is not None:
            owner = {"kind": self.owner.kind, "name": self.owner.name, "controller": True}
            metadata["ownerReferences"] = [owner]
        spec: dict[str, Any] = {"containers": _container_manifests(self.containers)}
        for field_name, containers in (
            ("initContainers", self.init_containers),
            ("ephemeralContainers", self.ephemeral_containers),
        ):
            if containers:
                spec[field_name] = _container_manifests(containers)
        if volumes := [*map(_volume_manifest, self.image_volumes), *_token_volumes(self)]:
            spec["volumes"] = volumes
        if self.service_account != "default":
            spec["serviceAccountName"] = self.service_account
        manifest: dict[str, Any] = {
            "apiVersion": self.api_version or _API_VERSIONS.get(self.kind, "v1"),
            "kind": self.kind,
            "metadata": metadata,
        }
        for name, value in {**spec, **_references(self)}.items():
            *way, last = self.shape.path((name,))
            holder = manifest
            for step in way:
                holder = holder.setdefault(str(step), {})
            holder[str(last)] = value
        return manifest


def _decoded(value: Field) -> HiddenBytes:
    data = decode_base64(value.string())
    if data is None:
        raise value.error("is not base64")
    return HiddenBytes(data)


def _metadata(root: Field, wanted: str) -> Field:
    kind = root.member("kind").string()
    if kind and kind != wanted:
        raise root.member("kind").error(f"is '{printable(kind)}', not {wanted}")
    return root.member("metadata")


def _name(metadata: Field) -> str:
    name = metadata.member("name").string() or metadata.member("generateName").string()
    if not name:
        raise metadata.member("name").error("is missing")
    return name


def ignored(metadata: Field) -> tuple[str, ...]:
    """The codes of diagnoses that an object's annotation asks not to report for it.

    Args:
        metadata: The object's ``metadata``.

    Raises:
        InvalidManifest: The annotations are no mapping, or that one is no string.
    """
    annotation = metadata.member("annotations").member(IGNORE_ANNOTATION).string()
    return tuple(code.strip() for code in annotation.split(",") if code.strip())


def _owner(metadata: Field) -> Owner | None:
    for reference in metadata.member("ownerReferences").list():
        if reference.member("controller").value is True:
            return Owner(reference.member("kind").string(), reference.member("name").string())
    return None


def _pull_secrets(references: Field) -> tuple[str, ...]:
    return tuple(
        each.string() if isinstance(each.value, str) else each.member("name").string()
        for each in references.list()
    )


def _string_references(references: Field) -> tuple[int, ...]:
    found = enumerate(references.list())
    return tuple(position for position, each in found if isinstance(each.value, str))


def _containers(containers: Field, kind: ContainerKind) -> tuple[Container, ...]:
    return tuple(
        Container(
            container.member("name").string(),
            container.member("image").string(),
            kind,
            container.member("imagePullPolicy").string() or None,
        )
        for container in containers.list()
    )


def _image_volumes(volumes: Field) -> tuple[Container, ...]:
    return tuple(
        Container(
            volume.member("name").string(),
            volume.member("image").member("reference").string(),
            ContainerKind.VOLUME,
            volume.member("image").member("pullPolicy").string() or None,
        )
        for volume in volumes.list()
        if volume.has("image")
    )


def _token_audiences(volumes: Field) -> Iterator[str]:
    for volume in volumes.list():
        for source in volume.member("projected").member("sources").list():
            audience = source.member("serviceAccountToken").member("audience").string()
            if audience:
                yield audience


def _kubectl_fields(given: Hidden[Credential | tuple[str, ...]]) -> dict[str, str]:
    """An entry's fields in kubectl's order, empty ones left out (its ``DockerConfigEntry``)."""
    credential = _credential(given)
    username, password = credential.username, credential.password.reveal()
    fields = {"username": username, "password": password, "email": credential.email}
    fields["auth"] = basic_auth(username, password)
    return {name: value for name, value in fields.items() if value}


def _credential(given: Hidden[Any]) -> Credential:
    if isinstance(given.reveal(), Credential):
        found: Credential = given.reveal()
        return found
    try:
        return Credential(*given.reveal())
    except TypeError:
        pass
    raise TypeError("a credential is a user name and a password, and perhaps an e-mail address")


def _metadata_manifest(of: PullSecret | ServiceAccount | Pod) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": of.name, "namespace": of.namespace}
    if not isinstance(of, Pod) and of.uid:
        metadata["uid"] = of.uid
    if of.ignore:
        metadata["annotations"] = {IGNORE_ANNOTATION: ",".join(of.ignore)}
    return metadata


def _references(holder: ServiceAccount | Pod) -> dict[str, Any]:
    written = [
        name if at in holder.string_references else {"name": name} if name else {}
        for at, name in enumerate(holder.pull_secrets)
    ]
    return {"imagePullSecrets": written} if written else {}


def _container_manifests(containers: tuple[Container, ...]) -> list[dict[str, str]]:
    return [
        {
            "name": container.name,
            "image": container.image.reveal(),
            **({"imagePullPolicy": container.pull_policy} if container.pull_policy else {}),
        }
        for container in containers
    ]


def _volume_manifest(volume: Container) -> dict[str, Any]:
    source = {"reference": volume.image.reveal()}
    if volume.pull_policy:
        source["pullPolicy"] = volume.pull_policy
    return {"name": volume.name, "image": source}


def _token_volumes(pod: Pod) -> Iterator[dict[str, Any]]:
    if pod.token_audiences:
        sources = [{"serviceAccountToken": {"audience": each}} for each in pod.token_audiences]
        yield {"name": "tokens", "projected": {"sources": sources}}
