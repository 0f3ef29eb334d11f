"""Whether a kubelet uses the image that is on its node, or asks the registry: the decision.

Facts B1 to B5 and E8 (``EnsureImageExists``, ``MustAttemptImagePull``). It is made before any
credential is tried, for each container, each time that it starts.
"""

from __future__ import annotations

from enum import StrEnum
from itertools import product
from typing import Final

from attrs import evolve, frozen

from pullsecrets.images import Image, InvalidImage
from pullsecrets.node.record_directory import BrokenRecord
from pullsecrets.node.recorded import PullCredentials, RecordedSecret, RecordedServiceAccount
from pullsecrets.node.records import PullRecords, name_in_records
from pullsecrets.node.verification import Verification
from pullsecrets.node.versions import Release
from pullsecrets.pull_policy import PullPolicy
from pullsecrets.secrecy import ImageText

__all__ = ["Conclusion", "Presented", "Step", "conclude"]

_MAX_SECRETS: Final = 100  # recorded for one name, from which on matches add none (E12)


class Step(StrEnum):
    """Where a kubelet's decision ends."""

    INVALID_CONFIG = "invalid-config"
    INVALID_POLICY = "invalid-policy"
    INVALID_IMAGE = "invalid-image"
    ALWAYS = "always"
    ABSENT = "absent"
    UNDECODABLE_SECRET = "undecodable-secret"
    NOT_VERIFIED = "not-verified"
    BROKEN_RECORD = "broken-record"
    BROKEN_INTENT = "broken-intent"
    POLICY_ALLOWS = "policy-allows"
    NO_RECORD = "no-record"
    OTHER_NAME = "other-name"
    OPEN_TO_ALL = "open-to-all"
    NOBODY_KNOWN = "nobody-known"
    SAME_CREDENTIAL = "same-credential"
    SAME_SECRET = "same-secret"
    SAME_SERVICE_ACCOUNT = "same-service-account"
    NO_MATCH = "no-match"

    @property
    def uses(self) -> bool:
        """Whether the image on the node is used."""
        return self in _USES


_USES: Final = frozenset(
    {
        Step.NOT_VERIFIED,
        Step.POLICY_ALLOWS,
        Step.OPEN_TO_ALL,
        Step.SAME_CREDENTIAL,
        Step.SAME_SECRET,
        Step.SAME_SERVICE_ACCOUNT,
    }
)


@frozen
class Presented:
    """The credentials of a pod for an image, as far as they count in a verification (E8.8, E9).

    Attributes:
        secrets: The credentials out of its secrets, in the order of the candidates.
        service_account: The service account of the first credential that a provider gave for one.
    """

    secrets: tuple[RecordedSecret, ...] = ()
    service_account: RecordedServiceAccount | None = None


@frozen
class Conclusion:
    """How a kubelet's decision ends.

    Attributes:
        step: Where it ends.
        looks_up: Whether secrets are decoded and providers asked for it, or for the pull.
        subject: What it ends with: the broken file, the entry of the allowlist, the names that the
            record has, whose credential is recorded.
        adds: The credential that is recorded because it matched, None where none is.
    """

    step: Step
    looks_up: bool = False
    subject: tuple[str, ...] = ()
    adds: RecordedSecret | None = None


def conclude(
    image: ImageText,
    image_id: str | None,
    pull_policy: PullPolicy,
    presented: Presented | None,
    *,
    verification: Verification,
    records: PullRecords,
    release: Release,
) -> Conclusion:
    """Decide about one image of one container (``EnsureImageExists``).

    Args:
        image: The image as the pod writes it.
        image_id: The id of the image that is on the node, None where it is not there.
        pull_policy: The container's policy.
        presented: The pod's credentials, None where one of its secrets does not decode.
        verification: The kubelet's configuration.
        records: The kubelet's records.
        release: The kubelet's version.
    """
    if verification.refusals(release):
        return Conclusion(Step.INVALID_CONFIG)
    try:
        Image.parse(image)
    except InvalidImage:
        return Conclusion(Step.INVALID_IMAGE)
    if pull_policy is PullPolicy.ALWAYS:
        found = Conclusion(Step.ALWAYS)
    elif image_id is None:
        found = Conclusion(Step.ABSENT)
    else:
        found = _conclude_present(image, image_id, presented, verification, records, release)
    if found.step is Step.UNDECODABLE_SECRET or found.step.uses or pull_policy is PullPolicy.NEVER:
        return found
    return Conclusion(
        Step.UNDECODABLE_SECRET if presented is None else found.step, True, found.subject
    )


def _conclude_present(
    image: ImageText,
    image_id: str,
    presented: Presented | None,
    verification: Verification,
    records: PullRecords,
    release: Release,
) -> Conclusion:
    """The decision about an image that is there, with the version's own look-ups (B3)."""
    early = verification.looks_up_first(release)
    if early and presented is None:
        return Conclusion(Step.UNDECODABLE_SECRET, looks_up=True)
    if not verification.is_on(release):
        return Conclusion(Step.NOT_VERIFIED, early)
    found = _verify(image, image_id, presented, verification, records, release)
    return evolve(found, looks_up=early or found.looks_up)


def _verify(
    image: ImageText,
    image_id: str,
    presented: Presented | None,
    verification: Verification,
    records: PullRecords,
    release: Release,
) -> Conclusion:
    """Steps 1 to 8 of E8 (``MustAttemptImagePull``)."""
    record = records.record_of(image_id, release)
    if isinstance(record, BrokenRecord):
        return Conclusion(Step.BROKEN_RECORD, subject=(str(record),))
    intent = None if record is not None else records.intent_of(image, release)
    if isinstance(intent, BrokenRecord):
        return Conclusion(Step.BROKEN_INTENT, subject=(str(intent),))
    if not verification.requires(image, record is not None or intent is not None, release):
        return Conclusion(Step.POLICY_ALLOWS)
    if record is None:
        return Conclusion(Step.NO_RECORD)
    name = name_in_records(image, release)
    known = record.credentials.get(name)
    if known is None:
        return Conclusion(Step.OTHER_NAME, subject=tuple(sorted(map(str, record.credentials))))
    if known.node_pods_accessible:
        return Conclusion(Step.OPEN_TO_ALL)
    if not known.secrets and not known.service_accounts:
        return Conclusion(Step.NOBODY_KNOWN)
    if presented is None:
        return Conclusion(Step.UNDECODABLE_SECRET, looks_up=True)
    return _match(presented, known)


def _match(presented: Presented, known: PullCredentials) -> Conclusion:
    """Steps 9 to 11 of E8: the first of the pod's credentials that the record knows."""
    adds = len(known.secrets) < _MAX_SECRETS
    for secret, recorded in product(presented.secrets, known.secrets):
        same = secret.identity == recorded.identity
        if recorded.hash and secret.hash == recorded.hash:
            added = secret if adds and not same else None
            return Conclusion(Step.SAME_CREDENTIAL, True, (str(recorded),), added)
        if same and adds:
            return Conclusion(Step.SAME_SECRET, True, (str(secret),), secret)
    account = presented.service_account
    if account is not None and account in known.service_accounts:
        return Conclusion(Step.SAME_SERVICE_ACCOUNT, True, (str(account),))
    recorded_ones = (*known.secrets, *known.service_accounts)
    return Conclusion(Step.NO_MATCH, True, tuple(map(str, recorded_ones)))
