"""Every measured vector of decisions about images that are on the node, and of hashes."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

from attrs import evolve

from conformance.test_node_vectors import account_of, node_of
from conformance.vectors import assert_all
from pullsecrets import Credential, PullSecret
from pullsecrets.node.images import NodeImage
from pullsecrets.node.recorded import PullCredentials, credential_hash
from pullsecrets.node.records import Pull, PullRecords
from pullsecrets.node.verification import RefusalCode, Verification
from pullsecrets.node.versions import Release
from pullsecrets.present import PullOutcome, decide

NOW = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
WRITTEN_NOW = "2031-05-06T07:08:09Z"


def test_hashes():
    def text(vector, name):
        if name in vector:
            return vector[name]
        return base64.b64decode(vector[f"{name}_b64"]).decode("utf-8", "surrogateescape")

    def observe(vector):
        fields = (text(vector, name) for name in ("username", "password", "email"))
        return credential_hash(Credential(*fields)).reveal()

    assert_all("hashes", observe, lambda vector: vector["hash"])


def secrets_of(vector):
    return [
        PullSecret.from_manifest(
            {
                "metadata": {
                    "name": s["name"],
                    "namespace": vector["namespace"],
                    "uid": s["uid"],
                },
                "type": s["type"],
                "data": s["data"],
            }
        )
        for s in vector["secrets"]
    ]


def pulled_with(vector, decision):
    """What is sent to the runtime, whether the pull works, and whose credential it is then."""
    registry = vector["registry"]
    if decision.anonymous:
        return [None], registry["anonymous"], None
    sent = []
    for each in decision.tries:
        credential = each.candidate.credential
        pair = [credential.username, credential.password.reveal()]
        sent.append({"username": pair[0], "password": pair[1]})
        if pair in registry["accepts"]:
            return sent, True, each.owner
    return sent, False, None


def parsed(directory):
    files = {}
    for name, file in directory.files.items():
        text = file.content.reveal().decode()
        try:
            document = json.loads(text)
        except ValueError:
            document = text
        # The vectors' own program decodes into a map of Go's, which null fits, and a list does not.
        files[name] = document if isinstance(document, dict | None) else text
        if isinstance(document, dict) and document.get("lastUpdatedTime") == WRITTEN_NOW:
            document["lastUpdatedTime"] = "<now>"
    return files


NAMES = {
    PullOutcome.USE: "use",
    PullOutcome.PULL: "pull",
    PullOutcome.REFUSE: "never-absent",
    PullOutcome.FAIL: "error",
}


def observe(vector):
    verification = Verification(vector["policy"], vector["allowlist"], vector["gate"])
    node = node_of(vector)
    release = node.kubernetes
    records = PullRecords.from_files(vector["pulled"], vector["pulling"])
    if not verification.is_on(release):  # the vectors name a policy where it is off, too
        verification = Verification(gate=False)
    elif verification.refusals(release):
        return {"outcome": "start-error"}
    else:
        images = [
            NodeImage(image["id"], tuple(image["repo_tags"]), tuple(image["repo_digests"]))
            for image in vector["node_images"]
        ]
        records = records.at_start(images, release, NOW)
    decision = decide(
        vector["image"],
        pull_policy=vector["pull_policy"],
        image_id=vector["image_id"] if vector["present"] else None,
        secrets=secrets_of(vector),
        node=evolve(node, verification=verification),
        records=records,
        service_account=account_of(vector),
    )
    seen = {
        "outcome": NAMES[decision.outcome],
        "credentials_looked_up": decision.looks_up,
    }
    if decision.adds is not None:
        records = records.with_credentials(
            vector["image"],
            vector["image_id"],
            PullCredentials(secrets=(decision.adds,)),
            release,
            NOW,
        )
    if decision.outcome is PullOutcome.PULL:
        seen["attempts"], seen["pulled"], owner = pulled_with(vector, decision)
        if verification.is_on(release):
            image_id = vector.get("pull_returns") or vector["image_id"]
            pull = Pull(vector["image"], image_id if seen["pulled"] else None, owner)
            records = records.after(pull, release, NOW)
    if verification.is_on(release):
        seen["pulled_after"] = parsed(records.pulled)
        seen["pulling_after"] = parsed(records.pulling)
    return seen


def expected(vector):
    fields = ("outcome", "credentials_looked_up", "attempts", "pulled")
    fields += ("pulled_after", "pulling_after")
    return {name: vector["expect"][name] for name in fields if name in vector["expect"]}


def test_decisions():
    assert_all("decisions", observe, expected)


WORDS = {
    RefusalCode.UNKNOWN_POLICY: "unknown image pull credential verification policy",
    RefusalCode.SPACES: "leading/trailing spaces are not allowed",
    RefusalCode.EMPTY: "the supplied pattern is too short",
    RefusalCode.WILDCARD: "not a valid wildcard pattern",
    RefusalCode.NO_HOST: "at least registry hostname is required",
    RefusalCode.NOT_A_NAME: "failed to parse as an image name",
    RefusalCode.TAG_OR_DIGEST: "neither tag nor digest is accepted",
    RefusalCode.NOT_NORMALISED: "neither tag nor digest is accepted",
}


def test_refusals_have_the_code_of_the_kubelets_words():
    def observe(vector):
        verification = Verification(vector["policy"], vector["allowlist"], vector["gate"])
        refusals = verification.refusals(Release.parse(vector["kubernetes"]))
        return WORDS[refusals[0].code] if vector["gate"] and refusals else None

    def expected(vector):
        message = vector["expect"]["message"]
        if vector["expect"]["outcome"] != "start-error":
            return None
        return next(words for words in WORDS.values() if message.startswith(words))

    assert_all("decisions", observe, expected)
