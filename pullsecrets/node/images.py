"""The images on a node, as its container runtime lists them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from attrs import field, frozen

from pullsecrets.errors import PullsecretsError
from pullsecrets.images import Image
from pullsecrets.node.decoding import (
    Document,
    FaultCode,
    Faults,
    Path,
    decode,
    hide,
    list_of,
    string,
    struct,
)

__all__ = ["InvalidImageList", "NodeImage", "NodeImages"]

_IMAGES: Final = list_of(struct(id=string, repoTags=list_of(string), repoDigests=list_of(string)))


def _required(value: Any, path: Path, faults: Faults) -> Any:
    if value is None:
        faults.add(FaultCode.REQUIRED, path, "is missing: crictl images -o json writes it")
    return _IMAGES(value, path, faults)


_CRICTL: Final = struct(images=_required)


class InvalidImageList(PullsecretsError, ValueError):
    """A document that is not the list of images that a runtime gives."""


@frozen
class NodeImage:
    """An image on a node.

    Attributes:
        id: Its id: what the kubelet calls ``imageRef``, and finds its records by.
        repo_tags: Its names with a tag: ``docker.io/library/nginx:1.27``.
        repo_digests: Its names with a digest.
    """

    id: str
    repo_tags: tuple[str, ...] = ()
    repo_digests: tuple[str, ...] = ()


def _as_tuple(images: Iterable[NodeImage]) -> tuple[NodeImage, ...]:
    return tuple(images)


@frozen
class NodeImages:
    """The images on a node.

    Attributes:
        images: The images in the runtime's order.

    >>> images = NodeImages([NodeImage("sha256:1", ("docker.io/library/nginx:latest",))])
    >>> images.id_of(Image.parse("nginx"))
    'sha256:1'
    >>> images.id_of(Image.parse("nginx:1.27")) is None
    True
    """

    images: tuple[NodeImage, ...] = field(default=(), converter=_as_tuple)
    _ids: Mapping[str, str] = field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        ids: dict[str, str] = {}
        for image in self.images:
            for name in image.repo_tags + image.repo_digests:
                ids.setdefault(name, image.id)
        object.__setattr__(self, "_ids", ids)

    def __iter__(self) -> Iterator[NodeImage]:
        return iter(self.images)

    def __len__(self) -> int:
        return len(self.images)

    @classmethod
    def from_crictl(cls, document: Document) -> NodeImages:
        """Read what ``crictl images -o json`` prints.

        Args:
            document: Its text, or the mapping in it.

        Raises:
            InvalidImageList: It is something else.
        """
        hidden = hide(document)
        del document  # no traceback shows what this frame was given
        faults = Faults(strict=False)
        listed = decode(hidden, _CRICTL, faults)["images"]
        if faults.found:
            raise InvalidImageList(f"the list of images: {faults.found[0]}")
        return cls(
            NodeImage(image["id"], image["repoTags"], image["repoDigests"]) for image in listed
        )

    def id_of(self, image: Image) -> str | None:
        """The id of an image, None where it is not on the node.

        It is looked for by its digest where it has one, else by its tag, with ``latest`` for none.
        A runtime that looks short names up in registries of its own may find another one.
        """
        tag = image.tag or "latest"
        return self._ids.get(
            f"{image.name}@{image.digest}" if image.digest else f"{image.name}:{tag}"
        )
