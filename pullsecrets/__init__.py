"""Which registry credentials the kubelet uses for an image, in which order, and why.

>>> from pullsecrets import Image
>>> Image.parse("nginx").name
'docker.io/library/nginx'
"""

from __future__ import annotations

from pullsecrets.diagnoses import Diagnoses, Diagnosis, Severity, Where, check
from pullsecrets.dockerconfig import Credential, DockerConfig, InvalidDockerConfig
from pullsecrets.errors import MissingExtra, PullsecretsError
from pullsecrets.explain import EntryTrace, Explanation, PodExplanation, SecretTrace, explain
from pullsecrets.handover import NothingToHandOver, to_docker_config, write_docker_config
from pullsecrets.images import Image, InvalidImage
from pullsecrets.keyring import Admission, Candidate, Keyring, Resolution, Source, pattern_matches
from pullsecrets.manifests import load
from pullsecrets.pods import Container, InvalidManifest, Place, Pod, PullSecret, ServiceAccount
from pullsecrets.registries import Registry
from pullsecrets.resolver import Cluster, ImageResolution, Problem, resolve
from pullsecrets.secrecy import Password

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
