"""What pullsecrets answers to a request about credential providers."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pullsecrets import Keyring, Password, Resolution
from pullsecrets.node.answers import CacheKeyType, ProviderAnswer
from pullsecrets.node.node import Node
from pullsecrets.node.provider_config import InvalidProviderConfig, Providers
from pullsecrets.node.providers import Asked, NotAskedCode, PodAccount
from pullsecrets.node.versions import Release
from referee import ours
from referee.kubelet import IN_MEMORY

Request = dict[str, Any]
Answer = dict[str, Any]


def configure(request: Request, release: Release) -> Answer:
    providers = start(request["providers"], release)
    if providers is None:
        return {"error": "start"}
    return {"providers": [provider.name for provider in providers.in_order]}


def providers(request: Request, release: Release) -> Answer:
    started = start(request["providers"], release)
    if started is None:
        return {"error": "start"}
    programs = request["providers"]["programs"]
    answers = {
        provider.name: ProviderAnswer.from_stdout(
            programs[provider.name]["stdout"], programs[provider.name]["exit"]
        )
        for provider in started
    }
    node = Node(release, ours.node_config(request["node"]), started, answers)
    keyring = Keyring(ours.pull_secrets(request["secrets"]), node)
    cached: set[Any] = set()
    return {"pulls": [_pull(pull, keyring, cached) for pull in request["providers"]["pulls"]]}


def start(request: Request, release: Release) -> Providers | None:
    """The providers, or None where the kubelet does not start."""
    with tempfile.TemporaryDirectory(dir=IN_MEMORY) as directory:
        for name, content in request["configuration"].items():
            Path(directory, name).write_bytes(content)
        path = Path(directory, request["file"])
        gate = request["token_gate"]
        try:
            found = Providers.load(path, kubernetes=release, token_gate=gate)
        except (InvalidProviderConfig, FileNotFoundError):
            return None
    # Whether the programs are there is not in the configuration (fact D5).
    return found if {provider.name for provider in found} <= request["programs"].keys() else None


def _pull(pull: Request, keyring: Keyring, cached: set[Any]) -> Answer:
    pod_account = account(pull["account"])
    resolution = keyring.resolve(pull["image"], pod_account)
    answer = ours.candidates(resolution)
    if "error" in answer:
        return answer
    return {
        **answer,
        "asked": [
            {"provider": each.provider.name, "request": json.loads(each.request.to_json())}
            for each in resolution.asked
            if not _is_cached(each, cached)
        ],
        "tokens": list(_tokens(resolution, pod_account)),
    }


def account(given: Request | None) -> PodAccount | None:
    """The pod's service account."""
    if given is None:
        return None
    return PodAccount(
        given["namespace"],
        given["name"],
        given["uid"],
        given["annotations"],
        exists=not given["missing"],
        other_audiences=not given["refused"],
        token=Password(given["token"]),
    )


def _is_cached(asked: Asked, cached: set[Any]) -> bool:
    """Whether an earlier answer is used; else the new one is kept, as it says (facts D16, D17)."""

    def key(key_type: CacheKeyType) -> Any:
        found = asked.cache_key(key_type)
        return asked.provider.name, found, asked.request.token if found.per_token else None

    if any(key(key_type) in cached for key_type in CacheKeyType):
        return True
    if asked.response is not None and asked.response.kept_for(asked.provider):
        cached.add(key(asked.response.cache_key_type))
    return False


def _tokens(resolution: Resolution, account: PodAccount | None) -> Iterator[Answer]:
    """What is asked of the API server: for each provider in token mode that comes so far."""
    for each in resolution.consulted:
        refused = not isinstance(each, Asked) and each.code is NotAskedCode.TOKEN_REFUSED
        if refused or (isinstance(each, Asked) and each.account is not None):
            assert account is not None
            assert each.provider.token is not None
            yield {
                "audiences": [each.provider.token.audience],
                "account": account.name,
                "uid": account.uid if resolution.kubernetes.token_needs_same_account else "",
            }
