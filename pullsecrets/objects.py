"""The Kubernetes objects that decide about pull credentials, read from plain mappings.

Mappings as ``json.load`` or a YAML loader gives them. Nothing here opens a file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Final

from attrs import Factory, evolve, field, frozen

from pullsecrets.fields import Field
from pullsecrets.frozen import FrozenDict
from pullsecrets.metadata import (
    IGNORE_ANNOTATION,
    Place,
    ignored,
    metadata_manifest,
    metadata_of,
    name_of,
    place_field,
)
from pullsecrets.secrecy import ImageText, printable
from pullsecrets.workloads import (
    GROUPS,
    NO_TEMPLATES,
    POD_TEMPLATES,
    Shape,
    Templates,
    own_shape,
    shape_of,
    shapes_of,
)

__all__ = [
    "NOT_READ",
    "Container",
    "ContainerKind",
    "Owner",
    "Pod",
    "ServiceAccount",
]

NOT_READ: Final = "(not read)"
"""The one name in a list of secrets that could not be read, that of a service account: no Secret
can have that name. What it leads to is not known."""

_MIRROR_ANNOTATION: Final = "kubernetes.io/config.mirror"

_API_VERSIONS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"), "apps/v1"),
    **dict.fromkeys(("Job", "CronJob"), "batch/v1"),
}


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
    place: Place | None = place_field()

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
        metadata = metadata_of(account, "ServiceAccount")
        references = account.member("imagePullSecrets")
        return cls(
            name_of(metadata),
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
        metadata = metadata_manifest(self.name, self.namespace, self.ignore, self.uid)
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
    place: Place | None = place_field()
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
        shapes = shapes_of(kind, version, templates)
        if not shapes:
            wanted = " or ".join(POD_TEMPLATES)
            raise root.member("kind").error(f"is '{printable(kind)}', not {wanted}")
        shape = shape_of(root.value, shapes)
        image = root.at(shape.image).string() if shape.image else ""
        metadata = root.member("metadata")
        annotations = dict(metadata.member("annotations").items())
        own = version.rpartition("/")[0] in GROUPS
        of_a_pod = own and kind == "Pod"
        member = shape.members(root)
        references = member("imagePullSecrets")
        return cls(
            name_of(metadata),
            metadata.member("namespace").string() or namespace,
            kind,
            _containers(member("containers"), ContainerKind.CONTAINER, image),
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
        metadata = metadata_manifest(self.name, self.namespace, self.ignore)
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


def _containers(containers: Field, kind: ContainerKind, image: str = "") -> tuple[Container, ...]:
    return tuple(
        Container(
            container.member("name").string(),
            container.member("image").string() or image,
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
