"""What pullsecrets says of a pod, next to what a real cluster did with it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, TypeVar

from attrs import frozen

from live.drawing import VOLUME
from live.registry import gives
from pullsecrets import Cluster, Image, PodResolution
from pullsecrets.node.recorded import PullCredentials
from pullsecrets.node.records import Pull, PullRecords
from pullsecrets.notes import NoteCode
from pullsecrets.objects import ContainerKind
from pullsecrets.on_node import ContainerDecision
from pullsecrets.pod_resolution import ImageResolution
from pullsecrets.present import PullOutcome
from pullsecrets.resolution import Candidate
from pullsecrets.symptoms import SymptomCode, symptoms_of

Login = tuple[str, str]
AT = datetime(2001, 1, 1, tzinfo=UTC)  # when things happen that are only compared without it

_Image = TypeVar("_Image", ImageResolution, ContainerDecision)

_PULL_FAILED = {"ErrImagePull", "ImagePullBackOff"}
_NOT_YET = {"ContainerCreating", "PodInitializing", None}
_OUTCOMES = {
    PullOutcome.REFUSE: {"ErrImageNeverPull"},
    PullOutcome.PULL: _PULL_FAILED,
}


@frozen
class Seen:
    """What became of a pod.

    Attributes:
        stored: The pod as the API server has it; None where it refused it.
        pulls: The pulls of the runtime for it.
        events: The reasons of its events.
    """

    stored: Mapping[str, Any] | None
    pulls: Sequence[Mapping[str, Any]] = ()
    events: frozenset[str] = frozenset()

    def state(self, container: str) -> str | None:
        """`running`, also of an init container that has ended, or why the container waits; None
        where that is not said yet. Of an image volume, that of the container that mounts it."""
        assert self.stored is not None
        if container == VOLUME:
            container = self.stored["spec"]["containers"][0]["name"]
        status = self.stored.get("status", {})
        for found in (
            *status.get("initContainerStatuses", ()),
            *status.get("containerStatuses", ()),
        ):
            if found["name"] == container:
                state: dict[str, Any] = found["state"]
                reason: str | None = state.get("waiting", {}).get("reason")
                return reason if "waiting" in state else "running"
        return None

    def has(self, each: ImageResolution) -> bool:
        """Whether the container runs; whether a pull of the volume's image worked."""
        if each.container.kind is ContainerKind.VOLUME:
            return any(worked for _, worked in self.logins(each.container.image.reveal()))
        return self.state(each.container.name) == "running"

    @property
    def is_settled(self) -> bool:
        """Whether it is said of each container that it runs, or why it does not.

        What comes behind an init container that does not start is never started.
        """
        if self.stored is None:
            return True
        spec = self.stored["spec"]
        states = [self.state(each["name"]) for each in spec.get("initContainers", ())]
        first = next((state for state in states if state != "running"), "running")
        if first == "running":
            states = [self.state(each["name"]) for each in spec["containers"]]
            return all(state not in _NOT_YET for state in states)
        return first not in _NOT_YET

    def logins(self, image: str) -> list[tuple[Login | None, bool]]:
        """With what an image was pulled, and whether that worked."""
        asked = [pull for pull in self.pulls if _same(pull["image"], image)]
        return [(pull["login"] and tuple(pull["login"]), pull["works"]) for pull in asked]


def _same(pulled: str, written: str) -> bool:
    """Whether a pull is of the image; the kubelet writes the default tag behind it."""
    return pulled in (written, f"{written}:latest")


def login(candidate: Candidate) -> Login:
    return candidate.credential.username, candidate.credential.password.reveal()


def works(image: Image, login: Login | None) -> bool:
    """Whether the registry gives the image; an empty user name is no log-in at the runtime."""
    return gives(f"/{image.path}/", login if login and login[0] else None)


def starts(each: ImageResolution) -> bool:
    """Whether a container with that image starts, by what the registry takes."""
    resolution = each.resolution
    if resolution.image is None or resolution.failure is not None:
        return False
    logins: list[Login | None] = [login(candidate) for candidate in resolution.candidates]
    return any(works(resolution.image, each) for each in logins or [None])


def reached(images: Iterable[_Image], starts: Callable[[_Image], bool]) -> list[_Image]:
    """Those that the kubelet comes to.

    Volumes come first. Then init containers start one after the other, up to the first that does
    not; behind them all containers start, but for the first one if the volume that it mounts is
    not there.

    Args:
        images: The images of a pod, in the order of `Pod.images`.
        starts: Whether one is there for its container, or its volume.
    """
    kinds: dict[ContainerKind, list[_Image]] = {}
    for each in images:
        kinds.setdefault(each.container.kind, []).append(each)
    volumes = kinds.get(ContainerKind.VOLUME, [])
    found = [*volumes]
    for each in kinds.get(ContainerKind.INIT, ()):
        found.append(each)
        if not starts(each):
            return found
    mounted = all(map(starts, volumes))
    return found + kinds[ContainerKind.CONTAINER][0 if mounted else 1 :]


def is_mounted(each: _Image, starts: bool) -> bool:
    """Whether it is a volume that is there: then no STATUS speaks of it."""
    return starts and each.container.kind is ContainerKind.VOLUME


def unreached_differs(each: _Image, seen: Seen) -> str | None:
    """What differs for an image that the kubelet does not come to: it is not pulled."""
    container = each.container
    asked, state = seen.logins(container.image.reveal()), seen.state(container.name)
    if asked or state == "running":
        return f"not reached: {container.name} {container.image.reveal()}: {state}, pulls {asked}"
    return None


def admission_differs(answer: PodResolution, seen: Seen) -> str | None:
    """The lists that admission stored, or that it refused the pod."""
    refused = any(note.code is NoteCode.MISSING_ACCOUNT for note in answer.notes)
    if refused or seen.stored is None:
        same = refused == (seen.stored is None)
        return None if same else "admission: only one of both refuses the pod"
    listed = [each.get("name", "") for each in seen.stored["spec"].get("imagePullSecrets", ())]
    if listed != list(answer.admission.pull_secrets):
        return f"admission: stored {listed}, said {list(answer.admission.pull_secrets)}"
    return None


def differences(answer: PodResolution, seen: Seen) -> Iterator[str]:
    """What differs for a pod whose images are all pulled."""
    found = admission_differs(answer, seen)
    if found is not None:
        yield found
    if seen.stored is None:
        return
    symptoms = {symptom.code for symptom in symptoms_of(answer)}
    came_to = reached(answer.images, starts)
    for each in answer.images:
        image, name = each.resolution.written.reveal(), each.container.name
        if each not in came_to:
            words = unreached_differs(each, seen)
            if words is not None:
                yield words
            continue
        if not follows(seen.logins(image), each):
            yield f"order: {name} {image}: {seen.logins(image)}"
        state = seen.state(name)
        if is_mounted(each, starts(each)):
            continue
        if state not in expected_states(each, symptoms) and not _is_error_text(state, symptoms):
            yield f"status: {name} {image}: {state}"
    failed = any(each.resolution.failure is None and not starts(each) for each in came_to)
    expected = SymptomCode.EVENT_AT_EACH_SYNC in symptoms or (
        SymptomCode.EVENT_AFTER_FAILED_PULL in symptoms and failed
    )
    if expected != ("FailedToRetrieveImagePullSecret" in seen.events):
        yield f"event: a missing secret is {'not ' if expected else ''}in {sorted(seen.events)}"
    if SymptomCode.ERROR_TEXT in symptoms and seen.events & {"Pulling", "BackOff"}:
        yield f"event: an undecodable secret has {sorted(seen.events)}"


def expected_states(each: ImageResolution, symptoms: set[SymptomCode]) -> set[str]:
    """What STATUS may say of a container whose image is pulled."""
    if each.resolution.image is None:
        return {"InvalidImageName"}
    if each.resolution.failure is not None:
        return _PULL_FAILED if SymptomCode.PULL_ERROR in symptoms else set()
    return {"running"} if starts(each) else _PULL_FAILED


def _is_error_text(state: str | None, symptoms: set[SymptomCode]) -> bool:
    """Whether it is an error's own text, where that is said: no reason, but a sentence."""
    return SymptomCode.ERROR_TEXT in symptoms and state is not None and " " in state


def follows(seen: Sequence[tuple[Login | None, bool]], each: ImageResolution) -> bool:
    """Whether the pulls begin with the candidates, in an order that the tiers allow."""
    resolution = each.resolution
    if resolution.failure is not None:
        return not seen
    if not resolution.candidates:
        return bool(seen) and seen[0][0] is None
    return _in_order(seen, [Counter(map(login, tier)) for tier in resolution.tiers])


def _in_order(seen: Sequence[tuple[Login | None, bool]], tiers: Iterable[Counter[Login]]) -> bool:
    """Tier after tier, each in any order, up to the first that works."""
    pulls = iter(seen)
    for tier in tiers:
        while tier.total():
            used, worked = next(pulls, (None, False))
            if used is None or not tier[used]:
                return False
            tier[used] -= 1
            if worked:
                return True
    return True


# --- images that are on the node


def pull_of(found: ContainerDecision, image_id: str) -> Pull | None:
    """The pull that comes of a decision; None where there is none."""
    decision = found.decision
    if decision.outcome is not PullOutcome.PULL:
        return None
    image = Image.parse(decision.image)
    for each in decision.tries:
        if works(image, login(each.candidate)):
            return Pull(decision.image, image_id, each.owner)
    open_to_all = decision.anonymous and works(image, None)
    return Pull(decision.image, image_id if open_to_all else None)


def is_there(found: ContainerDecision, pull: Pull | None) -> bool:
    """Whether the container, or the volume, has its image."""
    used = found.decision.outcome is PullOutcome.USE
    return used or (pull is not None and pull.image_id is not None)


def decision_differs(found: ContainerDecision, pull: Pull | None, seen: Seen) -> str | None:
    """What differs for a container whose image may be on the node."""
    decision = found.decision
    image = decision.image.reveal()
    asked, state = seen.logins(image), seen.state(found.container.name)
    if bool(asked) != (pull is not None):
        return f"decision: {image}: {decision.outcome} ({decision.step}), pulls {asked}"
    if pull is not None and decision.tries:
        tiers = groupby((each.candidate for each in decision.tries), lambda found: found.tier)
        if not _in_order(asked, [Counter(map(login, tier)) for _, tier in tiers]):
            return f"order: {image}: {asked}"
    if decision.outcome is PullOutcome.FAIL:
        failed = state is not None and (" " in state or state == "InvalidImageName")
        return None if failed else f"status: {image}: {state}"
    runs = is_there(found, pull)
    if is_mounted(found, runs):
        return None
    expected = {"running"} if runs else _OUTCOMES[decision.outcome]
    return None if state in expected else f"status: {image}: {state} ({decision.step})"


def has_an_order(each: ImageResolution) -> bool:
    """Whether it is defined in which order the log-ins are tried.

    Where it is not, the kubelet compares a secret with its record by either of two credentials, and
    records the one that it came to first: as a rotated secret's, if the record has the other.
    """
    return all(len(set(map(login, tier))) == 1 for tier in each.resolution.tiers)


def records_after(
    records: PullRecords, found: ContainerDecision, pull: Pull | None, cluster: Cluster
) -> PullRecords:
    """The kubelet's records once the container has been started."""
    release, decision = cluster.node.kubernetes, found.decision
    if decision.adds is not None and found.image_id is not None:
        added = PullCredentials((decision.adds,))
        records = records.with_credentials(decision.image, found.image_id, added, release, AT)
    return records if pull is None else records.after(pull, release, AT)


def as_documents(records: PullRecords) -> dict[str, Any]:
    """The records' files without the time of each."""
    return {name: _document(file.content.reveal()) for name, file in records.pulled.files.items()}


def _document(content: bytes) -> Any:
    document = json.loads(content)
    document.pop("lastUpdatedTime", None)
    return document
