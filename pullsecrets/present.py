"""What happens when a container starts whose image may be on the node already.

The decision of `pullsecrets.node.decision`, for a pod with its secrets and a node with its
providers: will the kubelet ask the registry at all, and with which credentials?
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Final, cast

from attrs import frozen

from pullsecrets.dockerconfig import DockerConfig
from pullsecrets.keyring import Keyring
from pullsecrets.makers.made import MadeSecret
from pullsecrets.node.decision import Conclusion, Presented, Step, conclude
from pullsecrets.node.node import Node, as_node
from pullsecrets.node.providers import PodAccount
from pullsecrets.node.recorded import RecordedSecret, RecordedServiceAccount, credential_hash
from pullsecrets.node.records import PullRecords
from pullsecrets.node.verification import Verification
from pullsecrets.pull_policy import PullPolicy
from pullsecrets.pull_secret import PullSecret
from pullsecrets.resolution import Candidate, Resolution, Source, SourceKind
from pullsecrets.secrecy import ImageText, image_text, printable

__all__ = ["PullDecision", "PullOutcome", "Try", "decide", "decide_resolved"]

Owner = RecordedSecret | RecordedServiceAccount | None
"""As whose a pull is recorded; None: everybody's on the node (E10)."""


class PullOutcome(StrEnum):
    """What a kubelet does when a container starts."""

    USE = "use"
    """It uses the image on the node, without asking anybody."""
    PULL = "pull"
    """It asks the registry, which decides."""
    REFUSE = "refuse"
    """It does not start the container, as if the image were not there (``ErrImageNeverPull``)."""
    FAIL = "fail"
    """It cannot decide, and does not start the container."""


@frozen
class Try:
    """A credential that a kubelet tries.

    Attributes:
        candidate: The credential, and where it comes from.
        owner: As whose the pull is recorded if it succeeds with it.
    """

    candidate: Candidate
    owner: Owner


_SENTENCES: Final = {
    Step.INVALID_CONFIG: "the kubelet does not start with this configuration",
    Step.INVALID_POLICY: "the API server refuses this pull policy",
    Step.INVALID_IMAGE: "it is not an image reference",
    Step.ALWAYS: "the pull policy is Always, so what is on the node does not count",
    Step.ABSENT: "the image is not on the node",
    Step.UNDECODABLE_SECRET: "a secret of the pod does not decode",
    Step.NOT_VERIFIED: "the image is on the node, and this kubelet lets every pod use it",
    Step.BROKEN_RECORD: "the kubelet cannot decode its record of the image: {}",
    Step.BROKEN_INTENT: "the kubelet cannot decode its intent to pull the image: {}",
    Step.POLICY_ALLOWS: "the image is on the node, and the kubelet's policy does not verify it",
    Step.NO_RECORD: "the image is on the node, and no record says who pulled it",
    Step.OTHER_NAME: "the image was pulled by the kubelet, but under other names alone: {}",
    Step.OPEN_TO_ALL: "the image was pulled without a pod's credential, so every pod may use it",
    Step.NOBODY_KNOWN: "the image was pulled by the kubelet, but its record names nobody",
    Step.SAME_CREDENTIAL: "the pod has the credential that pulled the image, recorded for {}",
    Step.SAME_SECRET: "the image was pulled with the pod's secret {}, whose new content is trusted",
    Step.SAME_SERVICE_ACCOUNT: "the image was pulled for the pod's service account {}",
    Step.NO_MATCH: "the pod has no credential of those that pulled the image: {}",
}
_ENDINGS: Final = {
    PullOutcome.USE: "it is used",
    PullOutcome.PULL: "the registry decides",
    PullOutcome.REFUSE: "it is refused, with the words for an image that is not there",
    PullOutcome.FAIL: "the container does not start",
}
_MAX_SHOWN: Final = 5


@frozen
class PullDecision:
    """What a kubelet does about the image of a container, and why.

    Attributes:
        image: The image as the pod writes it.
        pull_policy: The pull policy, the API server's default where the pod has none.
        outcome: What it does.
        step: Where the decision ended.
        looks_up: Whether it decodes the pod's secrets and asks providers.
        tries: What is tried then, in order; the first that succeeds ends it.
        unknown: Providers that are asked and whose answer is not known, and secrets that another
            program makes and whose content is not known. They may add to what is tried, and, where
            the step is NO_MATCH, may be what lets the pod use the image.
        subject: What the step is about, as `Conclusion.subject`.
        adds: The credential that it records because it matched (E8, step 9), None for none.
    """

    image: ImageText
    pull_policy: str
    outcome: PullOutcome
    step: Step
    looks_up: bool = False
    tries: tuple[Try, ...] = ()
    unknown: tuple[Source, ...] = ()
    subject: tuple[str, ...] = ()
    adds: RecordedSecret | None = None

    @property
    def anonymous(self) -> bool | None:
        """Whether it pulls without any credential (rule 16); None where that is not known."""
        if self.outcome is not PullOutcome.PULL or self.tries:
            return False
        return None if self.unknown else True

    @property
    def uses_after_look_up(self) -> bool:
        """Whether it uses the image, but decodes secrets and asks providers for that (B3)."""
        return self.outcome is PullOutcome.USE and self.looks_up

    @property
    def reason(self) -> str:
        """Why, in one sentence."""
        shown = ", ".join(self.subject[:_MAX_SHOWN]) or "none"
        more = len(self.subject) - _MAX_SHOWN
        return printable(
            _SENTENCES[self.step].format(f"{shown} and {more} more" if more > 0 else shown)
        )

    def __str__(self) -> str:
        others = ", ".join(source.name or "" for source in self.unknown)
        unknown = printable(f"; and what {others} gives is not known") if others else ""
        return f"{self.image}: {self.reason}; {_ENDINGS[self.outcome]}{unknown}"


def decide(
    image: ImageText | str,
    *,
    pull_policy: str | None = None,
    image_id: str | None = None,
    secrets: Iterable[PullSecret | MadeSecret] = (),
    node: Node | DockerConfig | None = None,
    records: PullRecords | None = None,
    service_account: PodAccount | None = None,
) -> PullDecision:
    """Tell what a kubelet does when a container starts: use the image, pull it, or neither.

    Args:
        image: The image as the pod writes it.
        pull_policy: The container's ``imagePullPolicy``, None for the API server's default.
        image_id: The id of that image on the node, None where it is not there.
        secrets: The pod's secrets in the order of its list.
        node: The node, or only its docker config; None for one of the newest version that adds
            nothing.
        records: The kubelet's records, None for none.
        service_account: The pod's service account, as far as providers look at it.

    Returns:
        The decision. Bad input does not raise: it is the decision's step.

    >>> decide("nginx:1.27", image_id="sha256:1").outcome
    <PullOutcome.USE: 'use'>
    >>> print(decide("nginx:1.27", image_id="sha256:1"))
    nginx:1.27: the image is on the node, and the kubelet's policy does not verify it; it is used
    """
    written = image_text(image)
    del image  # no traceback shows what this frame was given
    found = as_node(node)
    keyring = Keyring(secrets, found)
    return decide_resolved(
        keyring.lookup(written, service_account),
        keyring.secrets,
        pull_policy=pull_policy,
        image_id=image_id,
        verification=found.verification,
        records=records,
    )


def decide_resolved(
    resolution: Resolution,
    secrets: Sequence[PullSecret | MadeSecret],
    *,
    pull_policy: str | None = None,
    image_id: str | None = None,
    verification: Verification | None = None,
    records: PullRecords | None = None,
) -> PullDecision:
    """As `decide`, for an image that is resolved already.

    Args:
        resolution: The image's resolution, without the pull.
        secrets: The secrets of the keyring that it is from.
        pull_policy: As for `decide`.
        image_id: As for `decide`.
        verification: The node's, None for the release's defaults.
        records: As for `decide`.
    """
    image = resolution.written
    written = pull_policy or PullPolicy.default(image)
    if written not in tuple(PullPolicy):
        return PullDecision(image, written, PullOutcome.FAIL, Step.INVALID_POLICY)
    policy = PullPolicy(written)
    tries = tuple(_tries(resolution, secrets))
    undecodable = resolution.image is not None and resolution.failure is not None
    found = conclude(
        image,
        image_id,
        policy,
        None if undecodable else _presented(tries),
        verification=verification or Verification(),
        records=records or PullRecords(),
        release=resolution.kubernetes,
    )
    outcome = _outcome(found, policy)
    pulls = outcome is PullOutcome.PULL
    return PullDecision(
        image,
        policy,
        outcome,
        found.step,
        found.looks_up,
        tries if pulls else (),
        resolution.unknown if pulls or found.step is Step.NO_MATCH else (),
        found.subject,
        found.adds,
    )


_FAILING: Final = frozenset({Step.INVALID_CONFIG, Step.INVALID_IMAGE, Step.UNDECODABLE_SECRET})


def _outcome(found: Conclusion, policy: PullPolicy) -> PullOutcome:
    if found.step in _FAILING:
        return PullOutcome.FAIL
    if found.step.uses:
        return PullOutcome.USE
    return PullOutcome.REFUSE if policy is PullPolicy.NEVER else PullOutcome.PULL


def _presented(tries: Iterable[Try]) -> Presented:
    owners = [each.owner for each in tries]
    accounts = (owner for owner in owners if isinstance(owner, RecordedServiceAccount))
    return Presented(
        tuple(owner for owner in owners if isinstance(owner, RecordedSecret)),
        next(accounts, None),
    )


def _tries(resolution: Resolution, secrets: Sequence[PullSecret | MadeSecret]) -> Iterator[Try]:
    """The candidates, and as whose each of them counts (D25, E10)."""
    for candidate in resolution.candidates:
        owner: Owner = None
        if candidate.source.kind is SourceKind.SECRET:
            secret = cast("PullSecret", secrets[candidate.slot])  # what is made gives none
            digest = credential_hash(candidate.credential)
            owner = RecordedSecret(secret.namespace, secret.name, secret.uid, digest)
        elif candidate.account is not None:
            account = candidate.account
            owner = RecordedServiceAccount(account.namespace, account.name, account.uid)
        yield Try(candidate, owner)
