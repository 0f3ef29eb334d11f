"""What the credential providers of a cluster's nodes are asked, or are not: PS6."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pullsecrets.cluster import Cluster
from pullsecrets.diagnoses.model import Diagnosis, Where
from pullsecrets.diagnoses.unplaced import Ignorable, image_fields, instead, quoted, unplaced
from pullsecrets.node import checks
from pullsecrets.node.providers import Asked, PodAccount
from pullsecrets.objects import Pod
from pullsecrets.pod_resolution import PodResolution
from pullsecrets.secrecy import EntryText

__all__ = ["Consulted"]

_KIND: Final = "CredentialProviderConfig"


class Consulted:
    """What the images of a cluster's pods have to do with its nodes' providers.

    A mistake is reported once, at its place in the configuration, however many pods it concerns.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        # Sets that keep their order.
        self._pulls: dict[tuple[PodAccount, str], None] = {}
        self._asked: dict[Asked, None] = {}
        self._served: dict[str, None] = {}
        # Images that nobody serves, and the first place of each.
        self._unserved: dict[str, tuple[Where, Pod]] = {}

    def add(self, answer: PodResolution) -> None:
        """Take note of what is asked for the images of a pod."""
        if self._cluster.node.providers is None:
            return
        pod = answer.pod
        account = self._cluster.pod_account(pod)
        for each, field in zip(answer.images, image_fields(pod), strict=True):
            resolution = each.resolution
            image, asked = resolution.image, resolution.asked
            if image is None:
                continue
            self._asked.update(dict.fromkeys(asked))
            if account is not None:
                self._pulls[account, image.name] = None
            if asked or image.is_public or not resolution.anonymous:
                self._served[image.name] = None
            else:
                self._unserved.setdefault(image.name, (Where.of(pod, field), pod))

    def diagnose(self) -> Iterator[Ignorable]:
        """The diagnoses, each with its object."""
        node = self._cluster.node
        providers = node.providers
        if providers is None:
            return
        for found in (
            *checks.check_config(providers),
            *checks.check_providers(providers),
            *checks.check_images(providers, {**self._served, **self._unserved}),
            *checks.check_accounts(providers, self._pulls),
            *checks.check_answers(providers, node.answers),
            *checks.check_asked(providers, self._asked),
        ):
            yield _diagnosis(found), ()
        meant = checks.meant_images(providers, self._unserved)
        for name, (where, pod) in self._unserved.items():
            if name not in self._served and name not in meant:
                message = (
                    f"{quoted(name)} is served by no secret, by no file of the node and by no "
                    "provider"
                )
                yield unplaced("PS612", message).at(where), (pod,)


def _diagnosis(found: checks.Remark) -> Diagnosis:
    replacement = None if found.instead is None else EntryText(found.instead)
    where = Where.of_config(_KIND, found.file, found.path)
    advice = instead(replacement)
    return unplaced(found.code, str(found), advice, replacement=replacement).at(where)
