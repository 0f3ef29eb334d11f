"""What pullsecrets answers to a request; the only module here that uses its resolver."""

from __future__ import annotations

from typing import Any

from pullsecrets import (
    DockerConfig,
    Image,
    InvalidDockerConfig,
    InvalidImage,
    Keyring,
    PullSecret,
    Resolution,
    pattern_matches,
)
from pullsecrets._go.url import BadURL
from pullsecrets.matching import Pattern, compare
from pullsecrets.node.node import Node
from pullsecrets.node.versions import OLDEST_NODE, Release
from pullsecrets.resolution import Candidate, Source, SourceKind

Request = dict[str, Any]
Answer = dict[str, Any]


def answer(request: Request, release: str) -> Answer:
    """The answer in the referee's words, but for candidates: these come as tiers."""
    from referee import ours_present, ours_providers

    operations = {
        "image": _image,
        "match": _match,
        "config": _config,
        "lookup": _lookup,
        "configure": ours_providers.configure,
        "providers": ours_providers.providers,
        "containers": ours_present.containers,
    }
    return operations[request["op"]](request, max(Release.parse(release), OLDEST_NODE))


def _image(request: Request, release: Release) -> Answer:
    limited = not release.name_limit_is_for_the_path
    try:
        image = Image.parse(request["image"], limits_whole_name=limited)
    except InvalidImage:
        return {"error": "image"}
    tag = image.tag or ("" if image.digest else "latest")
    return {"name": image.name, "tag": tag, "digest": image.digest or ""}


def _match(request: Request, release: Release) -> Answer:
    texts = request["pattern"], request["image"]
    if release.strict_url_ports:
        return {"match": pattern_matches(*texts)}
    try:
        glob, name = (Pattern.parse(text, strict_ports=False) for text in texts)
    except BadURL:
        return {"match": False}
    return {"match": compare(glob, name) is None}


def _config(request: Request, release: Release) -> Answer:
    try:
        config = DockerConfig.from_json(request["config"])
    except InvalidDockerConfig:
        return {"error": "config"}
    return {
        "auths": {
            entry.reveal(): [found.username, found.password.reveal(), found.email]
            for entry, found in config.auths.items()
        }
    }


def _lookup(request: Request, release: Release) -> Answer:
    node = Node(release, node_config(request["node"]))
    return candidates(Keyring(pull_secrets(request["secrets"]), node).resolve(request["image"]))


def candidates(resolution: Resolution) -> Answer:
    """The tiers of a resolution, or what fails."""
    if resolution.failure is not None:
        return {"error": "image" if resolution.image is None else "secret"}
    return {"tiers": [[attempt(candidate) for candidate in tier] for tier in resolution.tiers]}


def attempt(candidate: Candidate) -> Answer:
    """A candidate as the kubelet tries it."""
    return {
        "username": candidate.credential.username,
        "password": candidate.credential.password.reveal(),
        "email": candidate.credential.email,
        "secret": _secret(candidate.source),
        "account": candidate.account.name if candidate.account else "",
    }


def _secret(source: Source) -> str:
    """Its name, empty for any other source."""
    return source.name or "" if source.kind is SourceKind.SECRET else ""


def pull_secrets(secrets: list[Request]) -> list[PullSecret]:
    return [
        PullSecret(secret["name"], "default", secret["type"], secret["data"]) for secret in secrets
    ]


def node_config(files: dict[str, bytes]) -> DockerConfig | None:
    """The node's docker config; a file that does not decode is passed over (fact C3)."""
    for content in files.values():
        try:
            return DockerConfig.from_json(content)
        except InvalidDockerConfig:
            continue
    return None
