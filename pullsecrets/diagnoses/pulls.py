"""What the pulls of a pod show: PS103, PS106 to PS109, PS111, PS5."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, cast

from attrs import evolve

from pullsecrets.cluster import Cluster
from pullsecrets.diagnoses.lists import Lists, SecretList, strings_in
from pullsecrets.diagnoses.model import Where
from pullsecrets.diagnoses.nearest import nearest
from pullsecrets.diagnoses.unplaced import (
    Ignorable,
    Unplaced,
    image_fields,
    in_config,
    quoted,
    title_of_entry,
    unplaced,
)
from pullsecrets.images import Image
from pullsecrets.matching import Pattern
from pullsecrets.notes import NoteCode
from pullsecrets.objects import DEFAULT_ACCOUNT, Pod, ServiceAccount
from pullsecrets.pod_resolution import ImageResolution, Origin, PodResolution
from pullsecrets.pull_secret import PullSecret
from pullsecrets.resolution import Resolution
from pullsecrets.secrecy import EntryText, ImageText
from pullsecrets.spelling import is_sound

__all__ = ["Pulls"]

_LIST: Final = ("imagePullSecrets",)
_ACCOUNT: Final = ("serviceAccountName",)
_STATIC: Final = (NoteCode.STATIC_POD, NoteCode.STATIC_POD_REFUSED)


class Pulls:
    """Diagnoses the pods of a cluster, and remembers what pods have in common."""

    def __init__(self, cluster: Cluster, lists: Lists) -> None:
        self._cluster = cluster
        self._lists = lists
        self._unused = lists.unused()
        self._with_accounts = {account.namespace for account in cluster.service_accounts}
        self._patterns: dict[EntryText, Pattern | None] = {}
        # The pods of a workload ask for the same images with the same list and service account.
        self._known: dict[tuple[object, ...], Unplaced | None] = {}

    def diagnose(self, answer: PodResolution) -> Iterator[Ignorable]:
        """The diagnoses of a pod."""
        pod, origin = answer.pod, answer.admission.origin
        listed = self._lists.of(pod, answer.admission.pull_secrets)
        findings = [*self._of_admission(answer), *strings_in(pod)]
        if origin is not Origin.SERVICE_ACCOUNT:
            findings += listed.findings
        # What is about the list is said once, with the first image that shows it.
        of_list: dict[str, Unplaced] = {}
        of_images = False
        for each, field in zip(answer.images, image_fields(pod), strict=True):
            found = self._of_image(answer, each, listed)
            if found is None:
                continue
            of_images = True
            if found.field:
                of_list.setdefault(found.kind.code, found)
            else:
                yield found.at(Where.of(pod, field), each.container.name), _owners(pod, found)
        findings += of_list.values()
        if not findings and not of_images and self._serves_nothing(answer, listed):
            shown = " and ".join(map(quoted, answer.admission.pull_secrets))
            message = (
                f"no entry of {shown} matches any image of the pod: all are pulled anonymously"
            )
            findings.append(unplaced("PS506", message, field=_LIST))
        for found in findings:
            yield found.at(Where.of(pod, found.field)), _owners(pod, found)

    def _of_admission(self, answer: PodResolution) -> Iterator[Unplaced]:
        for note in answer.notes:
            if note.code in _STATIC and answer.pod.pull_secrets:
                yield unplaced("PS109", note, field=_LIST)
            elif (
                note.code is NoteCode.MISSING_ACCOUNT
                and answer.admission.origin is Origin.SERVICE_ACCOUNT
                and answer.pod.namespace in self._with_accounts
            ):
                yield unplaced("PS106", note, field=_ACCOUNT)

    def _of_image(
        self, answer: PodResolution, each: ImageResolution, listed: SecretList
    ) -> Unplaced | None:
        admission, namespace = answer.admission, answer.pod.namespace
        image = each.container.image
        here = self._cluster.standpoint(answer.pod.place)
        like = namespace, admission, answer.pod.service_account, image, here
        if like not in self._known:
            self._known[like] = self._outcome(answer, each.resolution, listed)
        return self._known[like]

    def _outcome(
        self, answer: PodResolution, resolution: Resolution, listed: SecretList
    ) -> Unplaced | None:
        if resolution.image is None:
            return unplaced("PS501", str(resolution.failure))
        if not resolution.anonymous:
            return None
        found = (
            self._by_account(answer, resolution.written)
            or self._by_edit(listed, resolution.written, resolution.image)
            or self._by_listing(answer, resolution.written, resolution.image)
        )
        if found is None:
            return None
        # All of them begin with the image.
        return evolve(found, cause=found.message.removeprefix(f"{quoted(resolution.written)} "))

    def _by_account(self, answer: PodResolution, image: ImageText) -> Unplaced | None:
        """What a service account's list would have given."""
        pod, admission = answer.pod, answer.admission
        account = self._cluster.service_account(pod.namespace, pod.service_account, pod.place)
        if account is None:
            return None
        if admission.origin is Origin.SERVICE_ACCOUNT:
            default = self._cluster.service_account(pod.namespace, DEFAULT_ACCOUNT, pod.place)
            if account.pull_secrets or default is None or not self._serves(default, pod, image):
                return None
            message = (
                f"{_anonymous(image)}: the pod runs as service account {quoted(account.name)}, "
                f"which has no pull secrets; only {quoted(DEFAULT_ACCOUNT)} has"
            )
            return unplaced("PS108", message, field=_ACCOUNT)
        if admission.origin is Origin.MIRROR_POD or not self._serves(account, pod, image):
            return None
        names = ", ".join(map(quoted, account.pull_secrets))
        if admission.pull_secrets:
            message = (
                f"{_anonymous(image)}: the pod's own imagePullSecrets replace those of service "
                f"account {quoted(account.name)} ({names})"
            )
            return unplaced("PS103", message, field=_LIST)
        message = (
            f"{_anonymous(image)}: service account {quoted(account.name)} got its pull secrets "
            f"({names}) after the pod was created"
        )
        return unplaced("PS107", message)

    def _serves(self, account: ServiceAccount, pod: Pod, image: ImageText) -> bool:
        keyring = self._cluster.keyring(account.namespace, account.pull_secrets, pod.place)
        return bool(keyring.lookup(image).candidates)

    def _by_edit(self, listed: SecretList, written: ImageText, image: Image) -> Unplaced | None:
        """The entry that it just misses."""
        patterns = ((entry, self._pattern(entry.key)) for entry in listed.entries)
        near = nearest(image, ((entry, key) for entry, key in patterns if key is not None))
        if near is None:
            return None
        shown = quoted(near.entry.entry)
        secret = cast("PullSecret", listed.keyring.secrets[near.entry.slot])
        return unplaced(
            near.code,
            f"{_anonymous(written)}: {title_of_entry(near.entry)} {near.difference}",
            f"Write {quoted(near.replacement)} instead of {shown}, or in addition to it if other "
            "images need that.",
            severity=near.severity,
            secret=secret,
            replacement=near.replacement,
            edit=in_config(secret, near.entry.entry),
        )

    def _pattern(self, key: EntryText | None) -> Pattern | None:
        """The key taken apart; None if there is something wrong with it by itself."""
        if key is None:
            return None
        if key not in self._patterns:
            text = key.reveal()
            self._patterns[key] = Pattern.parse(text) if is_sound(text) else None
        return self._patterns[key]

    def _by_listing(
        self, answer: PodResolution, written: ImageText, image: Image
    ) -> Unplaced | None:
        """A secret that nothing lists, and that would serve it."""
        pod = answer.pod
        keyring = self._unused.get(pod.namespace)
        if keyring is None or pod.mirror or image.is_public:
            return None
        candidates = keyring.lookup(image).candidates
        if not candidates:
            return None
        secret = cast("PullSecret", keyring.secrets[candidates[0].slot])
        self._lists.suggested.add((secret.namespace, secret.name))
        message = (
            f"{_anonymous(written)}: secret {quoted(secret.name)} has a credential for it, and "
            "nothing lists that secret"
        )
        advice = (
            f"List {quoted(secret.name)} in the pod's imagePullSecrets, or in those of service "
            f"account {quoted(pod.service_account)}."
        )
        return unplaced("PS111", message, advice, secret=secret)

    def _serves_nothing(self, answer: PodResolution, listed: SecretList) -> bool:
        return (
            answer.admission.origin is Origin.POD
            and listed.complete
            and bool(listed.entries)
            and all(self._pattern(entry.key) is not None for entry in listed.entries)
            and bool(answer.images)
            and all(each.resolution.anonymous for each in answer.images)
        )

    def is_unused(self, secret: PullSecret) -> bool:
        """Whether nothing lists a pull secret, and no pod was told to."""
        suggested = (secret.namespace, secret.name) in self._lists.suggested
        return self._lists.is_unused(secret) and not suggested


def _owners(pod: Pod, found: Unplaced) -> tuple[Pod | PullSecret, ...]:
    return (pod,) if found.secret is None else (pod, found.secret)


def _anonymous(image: ImageText) -> str:
    return f"{quoted(image)} is pulled anonymously"
