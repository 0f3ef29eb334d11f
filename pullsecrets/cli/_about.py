"""The diagnoses of what was asked for: of some pods, or of some images in them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from typing import Final

from pullsecrets._go.url import BadURL
from pullsecrets.cli._filters import is_meant
from pullsecrets.cluster import Cluster
from pullsecrets.diagnoses import Diagnoses, Diagnosis, Where
from pullsecrets.diagnoses.unplaced import image_fields
from pullsecrets.fields import FieldPath
from pullsecrets.images import Image, InvalidImage
from pullsecrets.makers.made import MadeSecret
from pullsecrets.matching import Ring, is_default_registry, normalise
from pullsecrets.objects import Pod
from pullsecrets.pod_resolution import PodResolution
from pullsecrets.registries import DOCKER_HUB_KEY
from pullsecrets.secrecy import EntryText, printable

__all__ = ["about"]

_OF_SECRETS: Final = "PS2"
_Object = tuple[str, str, str]


def about(
    cluster: Cluster,
    answers: Iterable[PodResolution],
    diagnoses: Diagnoses,
    secret: str | None = None,
) -> Diagnoses:
    """The diagnoses of some pods, of their service accounts and of the secrets that they list.

    Of a pod's containers only those count that are asked for, and of a secret's entries only those
    that serve one of their images, or would with the replacement. What is about the nodes'
    configuration is about all pods.

    Args:
        cluster: All that was read.
        answers: Those for the pods that are asked for, each with only the containers that are.
        diagnoses: The diagnoses of all that was read.
        secret: The secret that is asked for, its namespace before it or not; then all that is
            wrong with it counts, and no other secret.
    """
    chosen = tuple(answers)
    asked = [answer.pod for answer in chosen]
    pods = {_object(pod.kind, pod.namespace, pod.name) for pod in asked}
    named = {_object("ServiceAccount", pod.namespace, pod.service_account) for pod in asked}
    for answer in chosen if secret is None else ():
        pod = answer.pod
        for name in answer.admission.pull_secrets:
            named.add(_object("Secret", pod.namespace, name))
            found = cluster.listed(pod.namespace, name, pod.place)
            if isinstance(found, MadeSecret):
                named.add(_maker(found))
    if secret is not None:
        those = (each for each in cluster.made if is_meant(secret, each.namespace, each.name))
        named.update(map(_maker, those))
    serving = _serving(diagnoses, set(_images(asked)))
    others = set(_other_images(cluster, asked))

    def is_about(diagnosis: Diagnosis) -> bool:
        where = diagnosis.where
        is_object = _object(where.kind, where.namespace, where.name)
        if not where.name:
            return True
        if is_object[0] == "Secret" and secret is not None:
            return is_meant(secret, where.namespace, where.name) or is_object in named
        if is_object in pods:
            return (is_object, where.field) not in others
        # A secret that does not decode gives nothing to any image, whichever entry it is for.
        as_a_whole = where.entry is None or diagnosis.code.startswith(_OF_SECRETS)
        return is_object in named and (as_a_whole or not serving.isdisjoint(_entries(diagnosis)))

    return Diagnoses(filter(is_about, diagnoses))


def _maker(made: MadeSecret) -> _Object:
    return _object(made.maker.kind, made.maker.namespace, made.maker.name)


def _object(kind: str, namespace: str, name: str) -> _Object:
    return printable(kind), printable(namespace), printable(name)


def _images(pods: Iterable[Pod]) -> Iterator[str]:
    for pod in pods:
        for container in pod.images:
            with suppress(InvalidImage):  # no entry serves it
                yield Image.parse(container.image).name


def _other_images(cluster: Cluster, asked: Iterable[Pod]) -> Iterator[tuple[_Object, FieldPath]]:
    """The fields of those images of the pods that are not asked for."""
    kept = {
        (_object(pod.kind, pod.namespace, pod.name), container)
        for pod in asked
        for container in pod.images
    }
    for pod in cluster.pods:
        is_object = _object(pod.kind, pod.namespace, pod.name)
        for container, field in zip(pod.images, image_fields(pod), strict=True):
            if (is_object, container) not in kept:
                yield is_object, Where.of(pod, field).field


def _entries(diagnosis: Diagnosis) -> list[EntryText]:
    entries = diagnosis.where.entry, diagnosis.replacement
    return [entry for entry in entries if entry is not None]


def _serving(diagnoses: Iterable[Diagnosis], images: Collection[str]) -> set[EntryText]:
    """The entries, and what is to be written instead of them, that serve one of the images."""
    keys: list[tuple[str, EntryText]] = []
    for entry in {entry for diagnosis in diagnoses for entry in _entries(diagnosis)}:
        with suppress(BadURL):  # the kubelet drops it
            keys.append((normalise(entry.reveal()), entry))
    ring = Ring(keys)
    serving: set[EntryText] = set()
    for image in images:
        for _, entries in ring.lookup(image):
            serving.update(entries)
    if any(map(is_default_registry, images)):  # also where another entry shadows it (rule 14)
        serving.update(entry for key, entry in keys if key == DOCKER_HUB_KEY)
    return serving
