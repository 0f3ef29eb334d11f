"""Which registry credentials the kubelet uses for an image, in which order, and why.

>>> from pullsecrets import Image
>>> Image.parse("nginx").name
'docker.io/library/nginx'
"""

from __future__ import annotations

import sys
from types import ModuleType

TYPE_CHECKING = False  # what `typing` has, without its 7 ms
if TYPE_CHECKING:
    from pullsecrets.diagnoses import Diagnoses, Diagnosis, Severity, Where, check
    from pullsecrets.dockerconfig import Credential, DockerConfig, InvalidDockerConfig
    from pullsecrets.errors import MissingExtra, PullsecretsError
    from pullsecrets.trace import EntryTrace, Explanation, PodExplanation, SecretTrace, explain
    from pullsecrets.handover import NothingToHandOver, to_docker_config, write_docker_config
    from pullsecrets.images import Image, InvalidImage
    from pullsecrets.keyring import (
        Admission,
        Candidate,
        Keyring,
        Resolution,
        Source,
        pattern_matches,
    )
    from pullsecrets.reading.files import load
    from pullsecrets.objects import Container, InvalidManifest, Place, Pod, PullSecret, ServiceAccount
    from pullsecrets.registries import Registry
    from pullsecrets.cluster import Cluster, ImageResolution, Problem, resolve
    from pullsecrets.secrecy import Password
else:  # out of the type checkers' sight: to them it would allow any name

    def __getattr__(name):
        """Load the module that a public name is from (PEP 562)."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
        globals()[name] = value
        return value


__all__ = [
    "Admission",
    "Candidate",
    "Cluster",
    "Container",
    "Credential",
    "Diagnoses",
    "Diagnosis",
    "DockerConfig",
    "EntryTrace",
    "Explanation",
    "Image",
    "ImageResolution",
    "InvalidDockerConfig",
    "InvalidImage",
    "InvalidManifest",
    "Keyring",
    "MissingExtra",
    "NothingToHandOver",
    "Password",
    "Place",
    "Pod",
    "PodExplanation",
    "Problem",
    "PullSecret",
    "PullsecretsError",
    "Registry",
    "Resolution",
    "SecretTrace",
    "ServiceAccount",
    "Severity",
    "Source",
    "Where",
    "check",
    "explain",
    "load",
    "pattern_matches",
    "resolve",
    "to_docker_config",
    "write_docker_config",
]

# `import pullsecrets` loads nothing else: each name brings its module when it is first used.
_NAMES = {
    "diagnoses": ("Diagnoses", "Diagnosis", "Severity", "Where", "check"),
    "dockerconfig": ("Credential", "DockerConfig", "InvalidDockerConfig"),
    "errors": ("MissingExtra", "PullsecretsError"),
    "trace": ("EntryTrace", "Explanation", "PodExplanation", "SecretTrace", "explain"),
    "handover": ("NothingToHandOver", "to_docker_config", "write_docker_config"),
    "images": ("Image", "InvalidImage"),
    "keyring": ("Admission", "Candidate", "Keyring", "Resolution", "Source", "pattern_matches"),
    "reading.files": ("load",),
    "objects": ("Container", "InvalidManifest", "Place", "Pod", "PullSecret", "ServiceAccount"),
    "registries": ("Registry",),
    "cluster": ("Cluster", "ImageResolution", "Problem", "resolve"),
    "secrecy": ("Password",),
}
_HOMES = {name: home for home, names in _NAMES.items() for name in names}


class _Package(ModuleType):
    """The package: `explain` stays the function when the module of that name is loaded."""

    def __setattr__(self, name: str, value: object) -> None:
        if name not in _HOMES or not isinstance(value, ModuleType):
            super().__setattr__(name, value)

    def __reduce__(self) -> tuple[object, tuple[str]]:
        # Programs that are sent to other processes (cloudpickle) may hold the module itself.
        return __import__, (self.__name__,)


sys.modules[__name__].__class__ = _Package


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
