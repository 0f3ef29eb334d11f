"""What pullsecrets answers to a request; the only module here that uses its resolver."""

from __future__ import annotations

from typing import Any

from pullsecrets import (
    DockerConfig,
    Image,
    InvalidDockerConfig,
    InvalidImage,
    PullSecret,
    pattern_matches,
    resolve,
)

Request = dict[str, Any]
Answer = dict[str, Any]


def answer(request: Request, release: str) -> Answer:
    """The answer in the referee's words, but for candidates: these come as tiers."""
    if request["op"] in ("configure", "providers"):
        from referee import ours_providers

        return getattr(ours_providers, request["op"])(request, release)
    return _OPERATIONS[request["op"]](request)


def _image(request: Request) -> Answer:
    try:
        image = Image.parse(request["image"])
    except InvalidImage:
        return {"error": "image"}
    tag = image.tag or ("" if image.digest else "latest")
    return {"name": image.name, "tag": tag, "digest": image.digest or ""}


def _match(request: Request) -> Answer:
    return {"match": pattern_matches(request["pattern"], request["image"])}


def _lookup(request: Request) -> Answer:
    try:
        image = Image.parse(request["image"])
    except InvalidImage:
        return {"error": "image"}
    found = tiers(image, pull_secrets(request["secrets"]), node_config(request["node"]))
    return {"error": "secret"} if found is None else {"tiers": found}


def tiers(
    image: Image, secrets: list[PullSecret], node: DockerConfig | None = None
) -> list[list[Answer]] | None:
    """The candidates for an image, or None where a secret does not decode."""
    resolution = resolve(image, secrets, node)
    if resolution.failure is not None:
        return None
    return [
        [
            {
                "username": candidate.credential.username,
                "password": candidate.credential.password.reveal(),
                "email": candidate.credential.email,
                "secret": candidate.source.name or "",
                "account": "",
            }
            for candidate in tier
        ]
        for tier in resolution.tiers
    ]


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


_OPERATIONS = {"image": _image, "match": _match, "lookup": _lookup}
