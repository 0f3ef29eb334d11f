"""Image references, as the kubelet reads them.

The grammar is docker-image-py's, which follows distribution/reference. This is the only module
that imports it; it closes the gap to what the kubelet accepts (rule 11).
"""

from __future__ import annotations

from typing import Any, cast

from attrs import Factory, field, frozen
from docker_image import digest as _digests
from docker_image.reference import Reference
from docker_image.regexp import ImageRegexps

from pullsecrets.errors import PullsecretsError
from pullsecrets.notes import Note, NoteCode
from pullsecrets.registries import DOCKER_HUB, Registry
from pullsecrets.secrecy import ImageText, image_text

__all__ = ["Image", "InvalidImage"]

_NAME_MAX = 255
# No registry has a name that long. The grammar sets no end to a domain, but regular expressions
# take a time for it that grows with its square.
_TEXT_MAX = 4096


class InvalidImage(PullsecretsError, ValueError):
    """A string that is not an image reference; the kubelet reports ``InvalidImageName``.

    Attributes:
        image: The text; empty if it is not a string.
        note: What is wrong with it.
    """

    def __init__(self, image: ImageText, detail: str) -> None:
        self.image = image
        self.note: Note = Note(NoteCode.INVALID_IMAGE, image=image, detail=detail)
        super().__init__(str(self.note))

    def __reduce__(self) -> tuple[type[InvalidImage], tuple[ImageText, str]]:
        return type(self), (self.image, self.note.detail)


class _Refused(Exception):
    """What is wrong with a text that is not an image reference."""


@frozen
class Image:
    """A normalised image reference.

    Attributes:
        domain: The registry's part of the name: ``docker.io``, ``quay.io:443``. Empty where the
            first component has an underscore: distribution/reference then takes the whole name for
            the path (rule 11).
        path: The repository's part: ``library/nginx``.
        tag: The tag, or None. It is not defaulted: ``nginx`` has none.
        digest: The digest, ``sha256:…``, or None.
        name: Domain and path: what docker config keys are matched against (rule 11).

    >>> image = Image.parse("nginx:1.27")
    >>> image.name, image.tag, image.familiar
    ('docker.io/library/nginx', '1.27', 'nginx:1.27')
    """

    domain: str
    path: str
    tag: str | None = None
    digest: str | None = None
    name: str = field(
        init=False,
        eq=False,
        repr=False,
        default=Factory(
            lambda self: f"{self.domain}/{self.path}" if self.domain else self.path,
            takes_self=True,
        ),
    )

    @classmethod
    def parse(cls, text: str | ImageText, *, limits_whole_name: bool = False) -> Image:
        """Parse and normalise what a container's ``image`` field has.

        Follows ``ParseNormalizedNamed`` of distribution/reference 0.6. One limit is not the
        kubelet's: a text of more than 4,096 characters is refused.

        Args:
            text: The text.
            limits_whole_name: Whether the limit of 255 characters is for domain and path together:
                up to Kubernetes 1.31. Later it is for the path.

        Raises:
            InvalidImage: The kubelet would refuse it.
        """
        if not isinstance(text, (str, ImageText)):
            kind, text = type(text).__name__, ImageText("")
            raise InvalidImage(text, f"is {kind}, not a string")
        written = image_text(text)
        del text  # no traceback shows what this frame was given
        try:
            return cls(*_parse(written.reveal(), limits_whole_name))
        except _Refused as error:
            detail = str(error)
        # Raised outside of the handler, whose frames hold the text.
        raise InvalidImage(written, detail)

    @property
    def familiar(self) -> str:
        """The short form: Docker Hub's ``docker.io/`` and ``library/`` left out."""
        name = self.name
        if self.domain == DOCKER_HUB:
            name = self.path
            if self.path.count("/") == 1:
                name = self.path.removeprefix("library/")
        return name + self._suffix

    @property
    def registry(self) -> Registry:
        """The registry that it is pulled from: the first component of its name."""
        return Registry.parse(self.name.partition("/")[0])

    @property
    def is_public(self) -> bool:
        """Whether it is known to be public: Docker Hub's official images, and Kubernetes' own."""
        return self.name.startswith((f"{DOCKER_HUB}/library/", "registry.k8s.io/"))

    @property
    def _suffix(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        return f"{tag}@{self.digest}" if self.digest else tag

    def __str__(self) -> str:
        return self.name + self._suffix


def _parse(text: str, limits_whole_name: bool) -> tuple[str, str, str | None, str | None]:
    """Domain, path, tag and digest."""
    if len(text) > _TEXT_MAX:
        raise _Refused(f"has more than {_TEXT_MAX:,} characters")
    # Regular expressions are asked for a full match here, as docker-image-py's own "$" also
    # matches before a line break at the end.
    if ImageRegexps.ANCHORED_IDENTIFIER_REGEXP.fullmatch(text):
        raise _Refused("is an image ID (64 hexadecimal digits), not a name")
    domain, remainder = Reference.split_docker_domain(text)
    # Not Reference.parse: it wants a host name before the first slash and so refuses
    # "my_registry.example.com/app", in which distribution/reference finds no domain.
    match = ImageRegexps.REFERENCE_REGEXP.fullmatch(f"{domain}/{remainder}")
    if not match:
        raise _Refused(f"is not an image reference{_hint(text, remainder)}")
    name, tag, digest = match.groups()
    # Every name of the grammar has a domain or none, and a path.
    parts = cast(Any, ImageRegexps.ANCHORED_NAME_REGEXP.fullmatch(name))
    domain, path = parts.groups()
    if len(name if limits_whole_name else path) > _NAME_MAX:
        raise _Refused(f"has a name of more than {_NAME_MAX} characters")
    if digest:
        try:
            _digests.validate_digest(digest)
        except _digests.InvalidDigest as error:
            raise _Refused(f"is not an image reference: {error}") from None
    return domain or "", path, tag, digest


def _hint(text: str, remainder: str) -> str:
    if not text:
        return ": it is empty"
    if text.strip() != text:
        return ": white space around it"
    if "://" in text:
        return ": it begins with a scheme"
    repository = remainder.partition("@")[0].partition(":")[0]
    return ": the repository name must be lowercase" if repository.lower() != repository else ""
