"""Handing the answer over: docker configs that make other tools use the kubelet's credential.

The tools look entries up by the registry's name alone and know one credential for it, while the
kubelet has keys with globs and paths and a list of candidates. So they get one entry, under the
name by which all of them find it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from pullsecrets.dockerconfig import Credential, DockerConfig
from pullsecrets.errors import PullsecretsError
from pullsecrets.images import Image
from pullsecrets.notes import Note, NoteCode
from pullsecrets.resolution import Resolution, Source, SourceKind
from pullsecrets.secrecy import Password

__all__ = ["NothingToHandOver", "to_docker_config", "write_docker_config"]

_DOCKER_HUB_ENTRY: Final = "https://index.docker.io/v1/"
"""Docker Hub as all of the tools spell it (docker/cli ``registry.IndexServer``)."""


class NothingToHandOver(PullsecretsError, ValueError):
    """The lookup failed as a whole, so the kubelet has no answer that could be handed over.

    Attributes:
        failure: Why it failed.
    """

    def __init__(self, failure: Note) -> None:
        super().__init__(str(failure))
        self.failure = failure


def to_docker_config(resolution: Resolution) -> DockerConfig:
    """The smallest docker config that makes other tools choose the kubelet's first credential.

    For docker, skopeo and whatever is built on containers/image, crane, oras. It is right for the
    image of this resolution; for another image on the same registry the kubelet may choose another
    credential. It holds only the first candidate, because the tools try only one. If the order is
    not defined (``resolution.is_deterministic``), it is one of the first.

    Returns:
        A config with one entry; with none if the image is pulled anonymously, or with an empty
        credential.

    Raises:
        NothingToHandOver: The lookup failed, or no credential is known and there may be one: the
            message says why.

    >>> from pullsecrets import PullSecret, resolve
    >>> secret = PullSecret.from_credentials("hub", {"index.docker.io": ("user", "password")})
    >>> to_docker_config(resolve("nginx", [secret]))
    <DockerConfig 'https://index.docker.io/v1/'>
    """
    if resolution.failure is not None:
        raise NothingToHandOver(resolution.failure)
    if not resolution.candidates and not resolution.anonymous:
        raise NothingToHandOver(_unknown(resolution.unknown[0]))
    if resolution.image is None or not resolution.candidates:
        return DockerConfig()
    credential = resolution.candidates[0].credential
    if not credential.username and not credential.password:
        return DockerConfig()
    # A registry is sent "user:password" and splits it at the first colon. The tools read nothing
    # but `auth`, so a user name with a colon in it has to be split here.
    username, colon, rest = credential.username.partition(":")
    password = Password(f"{rest}{colon}{credential.password.reveal()}")
    return DockerConfig({_entry(resolution.image): Credential(username, password)})


def _unknown(source: Source) -> Note:
    """That what gives a credential is not known."""
    made = source.kind is SourceKind.SECRET
    code = NoteCode.UNKNOWN_SECRET if made else NoteCode.UNKNOWN_ANSWER
    return Note(code, source.namespace, source.name)


def _entry(image: Image) -> str:
    registry = image.registry
    return _DOCKER_HUB_ENTRY if registry.is_docker_hub else registry.name


def write_docker_config(
    path: str | os.PathLike[str], config: DockerConfig, *, overwrite: bool = False
) -> None:
    """Write a docker config to a file that nobody but its owner can read.

    The file has the mode 0600 from the start and appears with its whole content: at no moment can
    another user read it, or a tool read half of it. Windows has no such mode: there the folder's
    permissions are the file's.

    Args:
        path: The file: ``config.json`` in a folder that ``DOCKER_CONFIG`` names for docker, crane
            and oras; any file for ``REGISTRY_AUTH_FILE``, which skopeo and podman read.
        config: The config.
        overwrite: Replace an existing file; a symbolic link is replaced, not followed.

    Raises:
        FileExistsError: The file, or a link of its name, exists, and `overwrite` is not set.
        OSError: The folder does not exist, or cannot be written to.
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
        written.unlink(missing_ok=True)  # it is gone if it was renamed
