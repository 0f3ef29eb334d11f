"""What pullsecrets answers to a request about containers whose images may be on the node."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pullsecrets import PullSecret
from pullsecrets.node.answers import ProviderAnswer
from pullsecrets.node.images import NodeImage
from pullsecrets.node.kubelet_config import InvalidKubeletConfig
from pullsecrets.node.node import Node
from pullsecrets.node.record_directory import RecordDirectory
from pullsecrets.node.recorded import PullCredentials
from pullsecrets.node.records import Pull, PullRecords
from pullsecrets.node.verification import Verification
from pullsecrets.node.versions import Release
from pullsecrets.present import PullDecision, PullOutcome, Try, decide
from referee import ours, ours_providers

Request = dict[str, Any]
Answer = dict[str, Any]

NOW = datetime(2001, 1, 1, tzinfo=UTC)
"""When everything happens that is written down; before any time that is drawn."""


def containers(request: Request, release: Release) -> Answer:
    asked = request["containers"]
    try:
        verification = Verification.from_kubelet_config(asked["config"], release)
    except InvalidKubeletConfig:
        return {"error": "start"}
    providers, answers = None, {}
    if request["providers"]["configuration"]:
        providers = ours_providers.start(request["providers"], release)
        if providers is None:
            return {"error": "start"}
        answers = {
            name: ProviderAnswer.from_stdout(program["stdout"], program["exit"])
            for name, program in request["providers"]["programs"].items()
        }
    if verification.refusals(release):
        return {"error": "start"}
    config = ours.node_config(request["node"])
    node = Node(release, config, providers, answers, verification=verification)
    records = PullRecords.from_files(asked["pulled"], asked["pulling"])
    listed = [NodeImage(i["id"], tuple(i["tags"]), tuple(i["digests"])) for i in asked["listed"]]
    starts = []
    for number, start in enumerate(asked["starts"]):
        if verification.is_on(release) and (asked["restarts"] or number == 0):
            records = records.at_start(listed, release, NOW)
        answer, records = _start(start, node, records)
        starts.append(answer)
    return {"starts": starts}


def _start(start: Request, node: Node, records: PullRecords) -> tuple[Answer, PullRecords]:
    """One start of a container, and the records afterwards."""
    decision = decide(
        start["image"],
        pull_policy=start["pull_policy"],
        image_id=start["image_id"] or None,
        secrets=[
            PullSecret(s["name"], s["namespace"], s["type"], s["data"], uid=s["uid"])
            for s in start["secrets"]
        ],
        node=node,
        records=records,
        service_account=ours_providers.account(start["account"]),
    )
    tried, pull = _pull(decision, start)
    works = decision.outcome is PullOutcome.USE or (pull is not None and pull.image_id is not None)
    if node.verification.is_on(node.kubernetes):
        if decision.adds is not None:
            added = PullCredentials((decision.adds,))
            records = records.with_credentials(
                start["image"], start["image_id"], added, node.kubernetes, NOW
            )
        if pull is not None:
            records = records.after(pull, node.kubernetes, NOW)
    answer = {
        "outcome": str(decision.outcome),
        "attempts": [ours.attempt(each.candidate) for each in tried],
        "works": works,
        "looked up": decision.looks_up,
        "pulled": _files(records.pulled),
        "pulling": _files(records.pulling),
    }
    return answer, records


def _pull(decision: PullDecision, start: Request) -> tuple[list[Try], Pull | None]:
    """What is tried at the registry of the request, and how the pull ends."""
    if decision.outcome is not PullOutcome.PULL:
        return [], None
    tried = []
    for each in decision.tries:
        tried.append(each)
        credential = each.candidate.credential
        if [credential.username, credential.password.reveal()] in start["accepts"]:
            return tried, Pull(start["image"], start["pulled_id"], each.owner)
    open_to_all = decision.anonymous and start["anonymous"]
    return tried, Pull(start["image"], start["pulled_id"] if open_to_all else None)


def _files(directory: RecordDirectory) -> dict[str, bytes]:
    return {name: file.content.reveal() for name, file in directory.files.items()}
