"""Every measured vector of credential providers: configurations, requests, answers, order."""

from __future__ import annotations

import base64
import json
import re
import tempfile
from collections import Counter
from pathlib import Path

from conformance.vectors import assert_all

from pullsecrets import DockerConfig, Image, InvalidDockerConfig, InvalidImage, PullSecret
from pullsecrets._go.url import BadURL
from pullsecrets.matching import Ring, normalise
from pullsecrets.node.answers import ProviderAnswer
from pullsecrets.node.decoding import FaultCode
from pullsecrets.node.node import Node
from pullsecrets.node.provider_config import InvalidProviderConfig, Providers
from pullsecrets.node.providers import Asked, NotAskedCode, PodAccount
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
        gets_tokens=not account.get("token_error"),
        token=Password(account["token"]),
    )


def secrets_layer(secrets):
    """The secrets' part of the look-up, or the name of the secret that fails it."""
    parts = []
    for secret in secrets:
        try:
            config = secret.config()
        except InvalidDockerConfig:
            return f"secret:{secret.name}"
        source = f"secret:{secret.name}"
        parts.append((source, source, config.auths if config else {}))
    return parts


def node_layers(contribution):
    for layer in contribution.layers:
        yield [
            (
                "node" if part.provider is None else f"provider:{part.provider}",
                f"service-account:{part.account.name}" if part.account else "node",
                part.auths,
            )
            for part in layer.parts
        ]


def keyed(parts):
    for slot, (source, counts_as, auths) in enumerate(parts):
        for entry, credential in auths.items():
            try:
                key = normalise(entry.reveal())
            except BadURL:
                continue
            shown = (source, key, credential.username, credential.password.reveal(), counts_as)
            yield key, (slot, shown)


def tiers(layers, image):
    for parts in layers:
        for _, items in Ring(keyed(parts)).lookup(image.name):
            found = {}
            for slot, shown in items:
                found.setdefault(slot, []).append(shown)
            yield from map(Counter, found.values())


def token_requests(contribution, account, release):
    """What is asked of the API server: for each provider in token mode that comes so far."""
    for each in contribution.consulted:
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
    secrets = secrets_layer(secrets_of(vector))
    if isinstance(secrets, str):
        return f"error: {secrets}"
    try:
        node = node_of(vector)
    except InvalidProviderConfig:
        return "start_error"
    try:
        image = Image.parse(vector["image"])
    except InvalidImage:
        return "error: image"
    account = account_of(vector)
    contribution = node.contribution(image.name, account)
    assert contribution.is_complete
    with_counts = "service_account" in vector
    return (
        [each.provider.name for each in contribution.asked],
        {each.provider.name: json.loads(each.request.to_json()) for each in contribution.asked},
        list(token_requests(contribution, account, node.kubernetes)),
        [
            Counter({shown if with_counts else shown[:4]: n for shown, n in tier.items()})
            for tier in tiers([secrets, *node_layers(contribution)], image)
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
