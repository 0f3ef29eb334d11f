"""Handing the answer on: docker configs that make other tools use the kubelet's credential.

The tools look entries up by the registry's name alone and know one credential for it, where the
kubelet has keys with globs and paths and a list of candidates. So what they get is one entry, under
the name by which all of them find it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from pullsecrets.dockerconfig import Credential, DockerConfig
from pullsecrets.errors import PullsecretsError
from pullsecrets.images import Image
from pullsecrets.keyring import Resolution
from pullsecrets.secrecy import Password

__all__ = ["NothingToHandOver", "to_docker_config", "write_docker_config"]

_DOCKER_HUB_ENTRY: Final = "https://index.docker.io/v1/"
"""Docker Hub as all of the tools spell it (docker/cli ``registry.IndexServer``)."""


class NothingToHandOver(PullsecretsError, ValueError):
    """The lookup failed as a whole, so the kubelet has no answer that could be handed on."""


def to_docker_config(resolution: Resolution) -> DockerConfig:
    """The smallest docker config that makes other tools choose the kubelet's first credential.

    For docker, skopeo and whatever is built on containers/image, crane, oras. It is right for the
    image of this resolution; for another image on the same registry the kubelet may choose another
    credential. Of several candidates only the first is in it, as the tools try only one; where
    chance decides about the order (``resolution.is_deterministic``), it is one of the first.

    Returns:
        A config with one entry; with none where the image is pulled anonymously, or with an empty
        credential, which comes to the same.

    Raises:
        NothingToHandOver: The lookup failed: the message says why.

    >>> from pullsecrets import PullSecret, resolve
    >>> secret = PullSecret.from_credentials("hub", {"index.docker.io": ("user", "password")})
    >>> to_docker_config(resolve("nginx", [secret]))
    <DockerConfig 'https://index.docker.io/v1/'>
    """
    if resolution.failure is not None:
        raise NothingToHandOver(resolution.failure)
    if not resolution.candidates:
        return DockerConfig()
    credential = resolution.candidates[0].credential
    # What a registry is sent is "user:password" and split at the first colon; a user name with a
    # colon in it has to be split there already, as the tools read nothing but `auth`.
    username, _, password = f"{credential.username}:{credential.password.reveal()}".partition(":")
    if not username and not password:
        return DockerConfig()
    return DockerConfig({_entry(resolution.image): Credential(username, Password(password))})


def _entry(image: Image | str) -> str:
    assert isinstance(image, Image)  # noqa: S101  (a string has no candidates)
    registry = image.registry
    return _DOCKER_HUB_ENTRY if registry.is_docker_hub else registry.name


def write_docker_config(
    path: str | os.PathLike[str], config: DockerConfig, *, overwrite: bool = False
) -> None:
    """Write a docker config to a file that nobody but its owner can read.

    The file has the mode 0600 from its beginning and appears with its whole content, so that there
    is no moment at which another user could read it or a tool could read half of it.

    Args:
        path: The file: ``config.json`` in a folder that ``DOCKER_CONFIG`` names for docker, crane
            and oras; any file for ``REGISTRY_AUTH_FILE``, which skopeo and podman read.
        config: The config.
        overwrite: Replace a file that is there; a symbolic link is replaced, not followed.

    Raises:
        FileExistsError: There is a file, or a link, and `overwrite` is not set.
        OSError: The folder is not there, or cannot be written to.
    """
    import tempfile  # with it come compression and random numbers, which few programs here need

    target = Path(path)
    descriptor, name = tempfile.mkstemp(prefix=".pullsecrets-", dir=target.parent)  # 0600, O_EXCL
    written = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(config.to_json())
        if overwrite:
            written.replace(target)
        else:
            target.hardlink_to(written)  # unlike a rename it never replaces
    finally:
        written.unlink(missing_ok=True)  # it is gone where it was renamed
