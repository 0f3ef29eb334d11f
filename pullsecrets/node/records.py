"""What a kubelet knows about the images that it pulled, and what each pull adds to it.

Facts E6, E7, E10 and E13 (``pkg/kubelet/images/pullmanager/image_pull_manager.go``). A kubelet
keeps one file for each pull that it has begun, the intent, and one for each image that it has
pulled, the record.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from attrs import evolve, field, frozen

from pullsecrets.images import Image, InvalidImage
from pullsecrets.node.images import NodeImage
from pullsecrets.node.record_directory import (
    BrokenRecord,
    NoRecords,
    RecordDirectory,
    contents_of,
)
from pullsecrets.node.record_files import (
    read_intent,
    read_record,
    written_time,
)
from pullsecrets.node.recorded import (
    PullCredentials,
    PulledRecord,
    PullIntent,
    RecordedSecret,
    RecordedServiceAccount,
)
from pullsecrets.node.versions import Release
from pullsecrets.secrecy import HiddenBytes, ImageText, image_text, printable

__all__ = ["BrokenRecord", "NoRecords", "Pull", "PullRecords", "name_in_records"]


def _hidden(contents: Mapping[str, bytes | str]) -> Mapping[str, HiddenBytes]:
    return {
        name: HiddenBytes(
            given.encode("utf-8", "surrogatepass") if isinstance(given, str) else given
        )
        for name, given in contents.items()
    }


@frozen
class Pull:
    """A pull that a kubelet made.

    Attributes:
        image: The image as the pod writes it.
        image_id: The id that the runtime gave for it; None where the pull failed.
        by: Whose credential succeeded (E10). None for the node's own, for that of a provider
            without a service account, and for none at all: the image is then open to all pods.
    """

    image: ImageText = field(converter=image_text)
    image_id: str | None
    by: RecordedSecret | RecordedServiceAccount | None = None

    @property
    def credentials(self) -> PullCredentials:
        """Who may use the image after it, under the name that the pod has for it."""
        if isinstance(self.by, RecordedSecret):
            return PullCredentials(secrets=(self.by,))
        if self.by is not None:
            return PullCredentials(service_accounts=(self.by,))
        return PullCredentials(node_pods_accessible=True)


def name_in_records(image: ImageText | str, release: Release) -> ImageText:
    """The name under which records hold an image (E7, ``trimImageTagDigest``).

    Args:
        image: The image as the pod writes it.
        release: The kubelet's version: from 1.36 on the name is not normalised.

    Raises:
        InvalidImage: It is not an image reference.

    >>> name_in_records("nginx:1", Release.parse("1.35"))
    ImageText('docker.io/library/nginx')
    >>> name_in_records("nginx:1", Release.parse("1.36"))
    ImageText('nginx')
    """
    written = image_text(image)
    del image  # no traceback shows what this frame was given
    parsed = Image.parse(written)
    if not release.record_names_as_written:
        return ImageText(parsed.name)
    text = written.reveal()
    text = text.removesuffix(f"@{parsed.digest}") if parsed.digest else text
    return ImageText(text.removesuffix(f":{parsed.tag}") if parsed.tag else text)


@frozen
class PullRecords:
    """A kubelet's records of pulls, as they are on disk.

    A kubelet that has just been started decides by them. One that runs keeps them in memory, too,
    and does not see what others change in the files (E17).

    Attributes:
        pulled: The records, found by the image's id.
        pulling: The intents, found by the image as a pod writes it.
    """

    pulled: RecordDirectory = RecordDirectory()
    pulling: RecordDirectory = RecordDirectory()

    @classmethod
    def from_files(
        cls, pulled: Mapping[str, bytes | str], pulling: Mapping[str, bytes | str]
    ) -> PullRecords:
        """Read the files of the two directories. One that does not decode is kept as broken.

        Args:
            pulled: Name → content of each file in ``image_manager/pulled``.
            pulling: Name → content of each file in ``image_manager/pulling``.

        Raises:
            MissingExtra: A file is YAML, and PyYAML is not there.
        """
        hidden = _hidden(pulled), _hidden(pulling)
        del pulled, pulling  # no traceback shows what this frame was given
        return cls._read(*hidden)

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> PullRecords:
        """Read a kubelet's directory ``image_manager``, or the one that holds it.

        Args:
            folder: ``/var/lib/kubelet``, or a copy of it, or of ``image_manager`` in it.

        Raises:
            NoRecords: There is neither ``pulled`` nor ``pulling`` in it, or a file is too large to
                be a record.
            OSError: A file or a folder cannot be read.
            MissingExtra: A file is YAML, and PyYAML is not there.
        """
        root = Path(folder)
        if (root / "image_manager").is_dir():
            root /= "image_manager"
        if not any((root / name).is_dir() for name in ("pulled", "pulling")):
            raise NoRecords(printable(f"{root}: there is no directory 'pulled' or 'pulling' in it"))
        return cls._read(contents_of(root / "pulled"), contents_of(root / "pulling"))

    @classmethod
    def _read(
        cls, pulled: Mapping[str, HiddenBytes], pulling: Mapping[str, HiddenBytes]
    ) -> PullRecords:
        return cls(
            RecordDirectory.read(pulled, read_record), RecordDirectory.read(pulling, read_intent)
        )

    def record_of(self, image_id: str, release: Release) -> PulledRecord | BrokenRecord | None:
        """The record of an image (``GetImagePulledRecord``), None where there is none."""
        found = self.pulled.find(image_id, release)
        return None if isinstance(found, PullIntent) else found

    def intent_of(
        self, image: ImageText | str, release: Release
    ) -> PullIntent | BrokenRecord | None:
        """The intent to pull an image as a pod writes it (``ImagePullIntentExists``)."""
        found = self.pulling.find(image_text(image).reveal(), release)
        return None if isinstance(found, PulledRecord) else found

    def records(self, release: Release) -> Iterator[PulledRecord]:
        """The records that a kubelet of that release finds, one for each image."""
        for image_id in self.pulled.held():
            record = self.record_of(image_id, release)
            if isinstance(record, PulledRecord):
                yield record

    def broken(self, release: Release) -> Iterator[BrokenRecord]:
        """The records and intents that a kubelet of that release cannot decode."""
        yield from self.pulled.broken(release)
        yield from self.pulling.broken(release)

    def after(self, pull: Pull, release: Release, at: datetime) -> PullRecords:
        """The records after a pull (``RecordImagePulled``, ``RecordImagePullFailed``; E10).

        Args:
            pull: The pull, which may have failed.
            release: The kubelet's version.
            at: When it was made; a time without a zone is the local one.

        Raises:
            InvalidImage: It is not an image reference, so no kubelet pulls it.
        """
        intent = PullIntent(pull.image)
        begun = self.pulling.with_written(intent, release)
        records = evolve(self, pulling=begun.without(intent.key))
        if pull.image_id is None:
            return records
        return records.with_credentials(pull.image, pull.image_id, pull.credentials, release, at)

    def with_credentials(
        self,
        image: ImageText | str,
        image_id: str,
        credentials: PullCredentials | None,
        release: Release,
        at: datetime,
    ) -> PullRecords:
        """The records once it is written who may use an image (``writePulledRecordIfChanged``).

        Args:
            image: The image as a pod writes it.
            image_id: Its id.
            credentials: Who may use it; None where that is not known, only that it was pulled.
            release: The kubelet's version.
            at: When it is written; a time without a zone is the local one.

        Raises:
            InvalidImage: It is not an image reference.
        """
        written = image_text(image)
        del image  # no traceback shows what this frame was given
        name = name_in_records(written, release)
        found = self.record_of(image_id, release)
        # A broken one is written anew.
        record = found if isinstance(found, PulledRecord) else PulledRecord(image_id)
        if credentials is not None:
            known = record.credentials.get(name)
            merged = credentials if known is None else known.with_added(credentials)
            record = evolve(record, credentials={**record.credentials, name: merged})
        if record == found:
            return self
        record = evolve(record, last_updated=written_time(at))
        return evolve(self, pulled=self.pulled.with_written(record, release))

    def at_start(self, images: Iterable[NodeImage], release: Release, at: datetime) -> PullRecords:
        """The records once a kubelet that verifies has started (E13).

        Files of an older apiVersion are written anew. An intent whose image the runtime lists,
        under that very tag or digest, becomes a record that says nothing of credentials.

        Args:
            images: The images that the runtime lists.
            release: The kubelet's version.
            at: When it starts; a time without a zone is the local one.
        """
        records = PullRecords(self.pulled.rewritten(release), self.pulling.rewritten(release))
        begun = {intent.key for intent in records.pulling.readable(release)}
        for listed in images:
            for image in sorted(begun.intersection(listed.repo_digests + listed.repo_tags)):
                try:
                    records = records.with_credentials(image, listed.id, None, release, at)
                except InvalidImage:
                    continue
                records = evolve(records, pulling=records.pulling.without(image))
        return records
