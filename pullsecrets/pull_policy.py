"""When a kubelet asks the registry at all: ``imagePullPolicy``."""

from __future__ import annotations

from enum import StrEnum

from pullsecrets.images import Image, InvalidImage
from pullsecrets.secrecy import ImageText, image_text

__all__ = ["PullPolicy"]


class PullPolicy(StrEnum):
    """A container's ``imagePullPolicy``, or an image volume's ``pullPolicy``."""

    ALWAYS = "Always"
    IF_NOT_PRESENT = "IfNotPresent"
    NEVER = "Never"

    @classmethod
    def default(cls, image: ImageText | str) -> PullPolicy:
        """What the API server sets where none is written (rule 17).

        It parses the image for that, and takes one that does not parse for one with a tag
        (``SetDefaults_Container``).

        >>> PullPolicy.default("nginx"), PullPolicy.default("nginx:1.27")
        (<PullPolicy.ALWAYS: 'Always'>, <PullPolicy.IF_NOT_PRESENT: 'IfNotPresent'>)
        """
        written = image_text(image)
        del image  # no traceback shows what this frame was given
        try:
            parsed = Image.parse(written)
        except InvalidImage:
            return cls.IF_NOT_PRESENT
        latest = parsed.tag == "latest" or not (parsed.tag or parsed.digest)
        return cls.ALWAYS if latest else cls.IF_NOT_PRESENT
