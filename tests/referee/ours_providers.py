"""What pullsecrets answers to a request about credential providers."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pullsecrets import DockerConfig, Image, InvalidImage, Password, PullSecret
from pullsecrets.node.answers import CacheKeyType, ProviderAnswer
from pullsecrets.node.node import Contribution, Node
from pullsecrets.node.provider_config import InvalidProviderConfig, Providers
from pullsecrets.node.providers import Asked, NotAskedCode, PodAccount
from pullsecrets.node.versions import Release
from referee import ours

Request = dict[str, Any]
Answer = dict[str, Any]


def configure(request: Request, release: str) -> Answer:
    providers = _start(request["providers"], release)
    if providers is None:
        return {"error": "start"}
    return {"providers": [provider.name for provider in providers.in_order]}


def providers(request: Request, release: str) -> Answer:
    started = _start(request["providers"], release)
    if started is None:
        return {"error": "start"}
    programs = request["providers"]["programs"]
    answers = {
        provider.name: ProviderAnswer.from_stdout(
            programs[provider.name]["stdout"], programs[provider.name]["exit"]
        )
        for provider in started
    }
    node = Node(Release.parse(release), ours.node_config(request["node"]), started, answers)
    secrets = ours.pull_secrets(request["secrets"])
    caches: set[Any] = set()
    return {"pulls": [_pull(pull, node, secrets, caches) for pull in request["providers"]["pulls"]]}


def _start(request: Request, release: str) -> Providers | None:
    """The providers, or None where the kubelet does not start."""
    with tempfile.TemporaryDirectory() as directory:
        for name, content in request["configuration"].items():
            Path(directory, name).write_bytes(content)
        try:
            found = Providers.load(
                Path(directory, request["file"]),
                kubernetes=release,
                token_gate=request["token_gate"],
            )
        except InvalidProviderConfig:
            return None
    # Whether the programs are there is not in the configuration (fact D5).
    return found if {provider.name for provider in found} <= request["programs"].keys() else None


def _pull(pull: Request, node: Node, secrets: list[PullSecret], caches: set[Any]) -> Answer:
    try:
        image = Image.parse(pull["image"])
    except InvalidImage:
        return {"error": "image"}
    account = _account(pull["account"])
    contribution = node.contribution(image.name, account)
    found = ours.tiers(image, secrets)
    if found is None:
        return {"error": "secret"}
    for layer in contribution.layers:
        found += _tiers(image, layer.parts)
    return {
        "tiers": found,
        "asked": [
            {"provider": each.provider.name, "request": json.loads(each.request.to_json())}
            for each in contribution.asked
            if not _cached(each, node, caches)
        ],
        "tokens": list(_tokens(contribution, account, node.kubernetes)),
    }


def _account(account: Request | None) -> PodAccount | None:
    if account is None:
        return None
    return PodAccount(
        "default",
        account["name"],
        account["uid"],
        account["annotations"],
        exists=not account["missing"],
        gets_tokens=not account["refused"],
        token=Password(account["token"]),
    )


def _tiers(image: Image, parts: Any) -> list[Any]:
    """A layer's tiers. Its parts are looked up like secrets: the rules are the same (fact D14)."""
    names = {f"part{at}": part for at, part in enumerate(parts)}
    found = ours.tiers(
        image,
        [
            PullSecret(
                name, data={".dockerconfigjson": DockerConfig(part.auths).to_json().encode()}
            )
            for name, part in names.items()
        ],
    )
    assert found is not None
    for tier in found:
        for candidate in tier:
            account = names[candidate["secret"]].account
            candidate["account"] = account.name if account is not None else ""
            candidate["secret"] = ""
    return found


def _cached(asked: Asked, node: Node, caches: set[Any]) -> bool:
    """Whether an earlier answer is used; else the new one is kept, as it says (facts D16, D17)."""

    def key(key_type: CacheKeyType) -> Any:
        found = asked.cache_key(key_type)
        return asked.provider.name, found, asked.request.token if found.per_token else None

    if any(key(key_type) in caches for key_type in CacheKeyType):
        return True
    if asked.response is not None and asked.response.kept_for(asked.provider):
        caches.add(key(asked.response.cache_key_type))
    return False


def _tokens(
    contribution: Contribution, account: PodAccount | None, release: Release
) -> Iterator[Answer]:
    """What is asked of the API server: for each provider in token mode that comes so far."""
    for each in contribution.consulted:
        refused = not isinstance(each, Asked) and each.code is NotAskedCode.TOKEN_REFUSED
        if refused or (isinstance(each, Asked) and each.account is not None):
            assert account is not None
            assert each.provider.token is not None
            yield {
                "audiences": [each.provider.token.audience],
                "account": account.name,
                "uid": account.uid if release.token_needs_same_account else "",
            }
