"""Every measured vector of credential providers: configurations, requests, answers, order."""

from __future__ import annotations

import base64
import json
import re
import tempfile
from collections import Counter
from pathlib import Path

from conformance.vectors import assert_all
from pullsecrets import DockerConfig, InvalidDockerConfig, Keyring, PullSecret
from pullsecrets.node.answers import ProviderAnswer
from pullsecrets.node.decoding import FaultCode
from pullsecrets.node.node import Node
from pullsecrets.node.provider_config import InvalidProviderConfig, Providers
from pullsecrets.node.providers import Asked, NotAskedCode, PodAccount
from pullsecrets.resolution import SourceKind
from pullsecrets.secrecy import Password

# ----------------------------------------------------------------- configurations of providers

GO_KINDS = {
    FaultCode.REQUIRED: "Required value",
    FaultCode.INVALID_NAME: "Invalid value",
    FaultCode.INVALID_PATTERN: "Invalid value",
    FaultCode.INVALID_KEY: "Invalid value",
    FaultCode.NEGATIVE: "Invalid value",
    FaultCode.REQUIRED_AND_OPTIONAL: "Invalid value",
    FaultCode.UNSUPPORTED: "Unsupported value",
    FaultCode.FORBIDDEN: "Forbidden",
    FaultCode.DUPLICATE_KEY: "Duplicate value",
}
GO_ERROR = re.compile(rf"(providers[A-Za-z.]*): ({'|'.join(sorted(set(GO_KINDS.values())))})")
VALIDATION = "failed to validate credential provider config: "


def load(vector):
    version = {"kubernetes": vector["kubernetes"], "token_gate": vector.get("token_gate")}
    if "files" not in vector:
        return Providers.from_config(vector["config"], **version)
    with tempfile.TemporaryDirectory() as folder:
        for name, text in vector["files"].items():
            file = Path(folder, name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
        return Providers.load(folder, **version)


def named(fault):
    """A fault as Go names it, without the positions in lists."""
    return ".".join(part for part in fault.path if isinstance(part, str)), GO_KINDS[fault.code]


def go_names_it(fault):
    """Whether it is a rule of the validation, and not found before or after it."""
    return fault.code in GO_KINDS and "is empty" not in fault.sentence


def test_provider_configs():
    def observe(vector):
        try:
            providers = load(vector)
        except InvalidProviderConfig as error:
            if vector["expect"].get("error", "").startswith(VALIDATION + "providers.name: Dup"):
                return "refused", set()
            if not vector["expect"].get("error", "").startswith(VALIDATION):
                return "refused", None
            return "refused", {named(fault) for fault in error.errors if go_names_it(fault)}
        names = [provider.name for provider in providers]
        assert set(names) <= set(vector["executables"])  # no vector is about a missing program
        return "valid", names if "providers" in vector["expect"] else None

    def expected(vector):
        expect = vector["expect"]
        if expect["valid"]:
            return "valid", expect.get("providers")
        if not expect["error"].startswith(VALIDATION):
            return "refused", None
        rules = set(GO_ERROR.findall(expect["error"]))
        return "refused", {rule for rule in rules if rule != ("providers.name", "Duplicate value")}

    assert_all("provider_configs", observe, expected)


# ------------------------------------------------------------- who is asked, and what comes of it


def secrets_of(vector):
    return [
        PullSecret.from_manifest(
            {"metadata": {"name": s["name"]}, "type": s["type"], "data": s["data"]}
        )
        for s in vector["secrets"]
    ]


def node_of(vector):
    version = {"kubernetes": vector["kubernetes"], "token_gate": vector.get("token_gate")}
    config = None
    if vector["node_config_b64"] is not None:
        try:
            config = DockerConfig.from_json(base64.b64decode(vector["node_config_b64"]))
        except InvalidDockerConfig:
            config = None
    providers = None
    if vector["provider_config"]:
        providers = Providers.from_config(vector["provider_config"], **version)
    names = {provider.name for provider in providers or ()}
    answers = {
        name: ProviderAnswer.from_stdout(answer["stdout"], answer["exit"])
        for name, answer in vector["answers"].items()
        if name in names
    }
    return Node(vector["kubernetes"], config, providers, answers)


def account_of(vector):
    account = vector.get("service_account")
    if account is None:
        return None
    return PodAccount(
        vector["namespace"],
        account["name"],
        account["uid"],
        account["annotations"] or {},
        exists=not account.get("missing"),
        other_audiences=not account.get("token_error"),
        token=Password(account["token"]),
    )


def shown(candidate):
    """A candidate as a vector has it, and as whose pull one with it counts."""
    source, counts_as = str(candidate.source).replace(" ", ":"), "node"
    if candidate.source.kind is SourceKind.SECRET:
        source = counts_as = f"secret:{candidate.source.name}"
    if candidate.account is not None:
        counts_as = f"service-account:{candidate.account.name}"
    credential = candidate.credential
    user, password = credential.username, credential.password.reveal()
    return source, candidate.key.reveal(), user, password, counts_as


def token_requests(resolution, account, release):
    """What is asked of the API server: for each provider in token mode that comes so far."""
    for each in resolution.consulted:
        refused = not isinstance(each, Asked) and each.code is NotAskedCode.TOKEN_REFUSED
        if refused or (isinstance(each, Asked) and each.account is not None):
            yield (
                each.provider.token.audience,
                account.name,
                account.uid if release.token_needs_same_account else "",
            )


def observe_node(vector):
    # A vector names the first thing that fails, and its secrets are decoded before the plugins
    # are set up: one of them has a bad secret and a bad configuration.
    secrets = secrets_of(vector)
    failure = Keyring(secrets).failure
    if failure is not None:
        return f"error: secret:{failure.name}"
    try:
        node = node_of(vector)
    except InvalidProviderConfig:
        return "start_error"
    account = account_of(vector)
    resolution = Keyring(secrets, node).lookup(vector["image"], account)
    if resolution.failure is not None:
        return "error: image"
    assert not resolution.unknown
    with_counts = "service_account" in vector
    return (
        [each.provider.name for each in resolution.asked],
        {each.provider.name: json.loads(each.request.to_json()) for each in resolution.asked},
        list(token_requests(resolution, account, node.kubernetes)),
        [
            Counter(shown(candidate)[: None if with_counts else 4] for candidate in tier)
            for tier in resolution.tiers
        ],
    )


def expected_node(vector):
    expect = vector["expect"]
    if "start_error" in expect:
        return "start_error"
    if "error" in expect:
        return f"error: {re.match('image|secret:[^:]*', expect['error'])[0]}"
    return (
        expect["asked"],
        expect["requests"],
        [
            (*each["audiences"], each["service_account"], each["uid"])
            for each in expect.get("token_requests", ())
        ],
        [
            Counter(
                tuple(
                    c[field]
                    for field in ("source", "key", "username", "password", "counts_as")
                    if field in c
                )
                for c in tier
            )
            for tier in expect["tiers"]
        ],
    )


def test_node():
    assert_all("node", observe_node, expected_node)
