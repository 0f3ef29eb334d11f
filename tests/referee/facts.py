"""Where the releases answer differently: what the docs' table of them is made from.

pullsecrets follows most of these facts by the release of the node. Where it answers as the newest
release does, the fact explains a difference.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Any

from attrs import frozen

from referee.kubelet import Answer, Kubelet, Request


def _never(request: Request) -> bool:
    return False


@frozen
class Fact:
    """What changed with a release.

    Attributes:
        name: One word, for counting.
        text: What is so up to the release, in one sentence.
        until: The last release that was compared in which it is so.
        shown: The request in a few words.
        request: A request that shows it: the releases up to this one answer it differently.
        answered: The answer in a few words.
        part: The part of the referee that answers.
        concerns: Whether a difference in the answers to another request may be due to it.
    """

    name: str
    text: str
    until: str
    shown: str
    request: Request
    answered: Callable[[Answer], str]
    part: str = "keyring"
    concerns: Callable[[Request], bool] = _never

    def explains(self, release: str, request: Request) -> bool:
        """Whether the fact is why the release's answer to the request is not pullsecrets'."""
        return minor(release) <= minor(self.until) and self.concerns(request)


def minor(release: str) -> int:
    return int(release.removeprefix("1."))


# --- images and patterns


def _host(text: str) -> str:
    return text.partition("/")[0]


def _new_host(request: Request) -> bool:
    """The first component is a host only by the rules of distribution/reference 0.5."""
    host = _host(request.get("image", ""))
    upper = host != host.lower() and "." not in host and ":" not in host
    return request["op"] != "match" and (upper or host.startswith("["))


def _long_name(request: Request) -> bool:
    return request["op"] != "match" and len(request.get("image", "")) > 255 - len("docker.io/")


def _colons(request: Request) -> bool:
    """A host with two colons that are not those of an IPv6 address in brackets."""
    texts = [request["pattern"], request["image"]] if request["op"] == "match" else []
    hosts = [_host(text).rpartition("@")[2] for text in texts]
    return any(
        (host.rpartition("]")[2] if host.startswith("[") else host).count(":") > 1 for host in hosts
    )


def _taken(answer: Answer) -> str:
    return "refused" if "error" in answer else "taken"


def _matches(answer: Answer) -> str:
    return "matches" if answer["match"] else "does not"


# --- credential providers

EXEC = "credentialprovider.kubelet.k8s.io/v1"
APP = "quay.io/acme/app:1"


def _provider(name: str, key: str, **fields: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A provider of the configuration, and its program."""
    response = {
        "kind": "CredentialProviderResponse",
        "apiVersion": EXEC,
        "cacheKeyType": "Image",
        "auth": {key: {"username": name, "password": "p"}},
    }
    provider = {
        "name": name,
        "matchImages": ["quay.io"],
        "defaultCacheDuration": "0s",
        "apiVersion": EXEC,
        **fields,
    }
    return provider, {"stdout": json.dumps(response).encode(), "exit": 0}


def _pulling(
    *providers: tuple[dict[str, Any], dict[str, Any]],
    directory: bool = False,
    node: Mapping[str, bytes] | None = None,
    op: str = "providers",
) -> Request:
    """A pull of an image on a kubelet with those providers."""
    document = {
        "apiVersion": "kubelet.config.k8s.io/v1",
        "kind": "CredentialProviderConfig",
        "providers": [fields for fields, _ in providers],
    }
    account = {"namespace": "default", "name": "default", "uid": "1", "annotations": {}}
    return {
        "op": op,
        "providers": {
            "configuration": {"config.yaml": json.dumps(document).encode()},
            "file": "" if directory else "config.yaml",
            "programs": {fields["name"]: program for fields, program in providers},
            "token_gate": None,
            "pulls": [
                {
                    "image": APP,
                    "account": {**account, "missing": False, "refused": False, "token": "token"},
                }
            ],
        },
        "secrets": [],
        "node": dict(node or {}),
    }


_NODE_CONFIG = {"root/config.json": b'{"auths": {"quay.io": {"username": "node"}}}'}
_TOKEN = {
    "serviceAccountTokenAudience": "registry",
    "requireServiceAccount": True,
    "cacheType": "ServiceAccount",
}


def _started(answer: Answer) -> str:
    return "does not start" if "error" in answer else "starts"


def _order(answer: Answer) -> str:
    return ", ".join(candidate["username"] for candidate in answer["pulls"][0]["orders"][0])


def _token(answer: Answer) -> str:
    if "error" in answer:
        return "does not start"
    return "asks for one" if answer["pulls"][0]["tokens"] else "asks for none"


# --- images on the node


def _container(
    image: str = APP,
    pull_policy: str = "IfNotPresent",
    pulled: Mapping[str, Any] | None = None,
    **config: Any,
) -> Request:
    """The start of a container without a secret, whose image is on the node."""
    image_id = f"sha256:{'1' * 64}"
    file = "sha256-5d4cc820b37f3d1fd0c6e04ed50a56ead8d497ecfd3c25c749855ed9d852837d"
    record = {
        "kind": "ImagePulledRecord",
        "apiVersion": "kubelet.config.k8s.io/v1alpha1",
        "lastUpdatedTime": None,
        "imageRef": image_id,
        "credentialMapping": pulled,
    }
    document = {
        "kind": "KubeletConfiguration",
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "containerRuntimeEndpoint": "unix:///run/runtime.sock",
        "failCgroupV1": False,
        **config,
    }
    return {
        "op": "containers",
        "containers": {
            "config": json.dumps(document).encode(),
            "pulled": {} if pulled is None else {file: json.dumps(record).encode()},
            "pulling": {},
            "listed": [],
            "restarts": True,
            "starts": [
                {
                    "image": image,
                    "image_id": image_id,
                    "pull_policy": pull_policy,
                    "secrets": [],
                    "account": None,
                    "accepts": [],
                    "anonymous": True,
                    "pulled_id": image_id,
                }
            ],
        },
        "node": {},
        "providers": {**_pulling()["providers"], "configuration": {}},
    }


_BY_ANOTHER = {"quay.io/acme/app": {"kubernetesSecrets": [{"uid": "1", "name": "other"}]}}
_GATE = {"KubeletEnsureSecretPulledImages": True}


def _outcome(answer: Answer) -> str:
    return {"use": "used", "pull": "pulled"}[answer["starts"][0]["outcome"]]


def _looked_up(answer: Answer) -> str:
    return "looked up" if answer["starts"][0]["looked up"] else "not"


def _record(answer: Answer) -> dict[str, Any]:
    [content] = answer["starts"][0]["pulled"].values()
    record: dict[str, Any] = json.loads(b64decode(content))
    return record


def _api_version(answer: Answer) -> str:
    return str(_record(answer)["apiVersion"]).rpartition("/")[2]


def _recorded_name(answer: Answer) -> str:
    [name] = _record(answer)["credentialMapping"]
    return f"`{name}`"


FACTS = (
    Fact(
        "hosts",
        "An image's first component is no host where it is of upper-case letters without a dot, "
        "or an IPv6 address: such an image is refused.",
        "1.28",
        "`QUAY/app`",
        {"op": "image", "image": "QUAY/app"},
        _taken,
        concerns=_new_host,
    ),
    Fact(
        "length",
        "The limit of 255 characters is for host and path together; later for the path alone.",
        "1.31",
        "`quay.io/aaaaaaaaaaaa…aaaaa`",
        {"op": "image", "image": f"quay.io/{'a' * 250}"},
        _taken,
        concerns=_long_name,
    ),
    Fact(
        "decoding",
        "An unknown field of a provider is passed over; later the kubelet does not start.",
        "1.31",
        "a provider with the field `x`",
        _pulling(_provider("a", "quay.io", x=1), op="configure"),
        _started,
        "providers",
    ),
    Fact(
        "keyrings",
        "The node's docker config and all providers are one keyring, sorted together by key; "
        "later the node's comes first.",
        "1.32",
        "`quay.io` from the node, `quay.io/acme` from a provider",
        _pulling(_provider("provider", "quay.io/acme"), node=_NODE_CONFIG),
        _order,
        "providers",
    ),
    Fact(
        "order",
        "Providers that answer with one key come in the order of their names; later in that of "
        "the configuration.",
        "1.32",
        "providers `b`, `a`",
        _pulling(_provider("b", "quay.io"), _provider("a", "quay.io")),
        _order,
        "providers",
    ),
    Fact(
        "directory",
        "The configuration of providers is one file; later it may be a directory.",
        "1.33",
        "a directory with one file",
        _pulling(_provider("a", "quay.io"), directory=True, op="configure"),
        _started,
        "providers",
    ),
    Fact(
        "tokens",
        "A provider gets no token of the pod's service account, by default; from 1.32 on a "
        "configuration that asks for one is refused.",
        "1.33",
        "a provider with `tokenAttributes` and `cacheType`",
        _pulling(_provider("a", "quay.io", tokenAttributes=_TOKEN)),
        _token,
        "providers",
    ),
    Fact(
        "look-up",
        "Credentials are looked up for an image that is on the node, without verification, too.",
        "1.33",
        "an image on the node, `IfNotPresent`, the feature gate off",
        _container(featureGates={"KubeletEnsureSecretPulledImages": False}),
        _looked_up,
        "present",
    ),
    Fact(
        "gate",
        "Who pulled an image is not looked at by default: every pod may use it.",
        "1.34",
        "an image that was pulled with another pod's secret, `IfNotPresent`",
        _container(pulled=_BY_ANOTHER),
        _outcome,
        "present",
    ),
    Fact(
        "records",
        "The kubelet writes its records as v1alpha1.",
        "1.34",
        "the record after a pull",
        _container(pull_policy="Always", featureGates=_GATE),
        _api_version,
        "present",
    ),
    Fact(
        "colons",
        "A host may have several colons outside of brackets; later such an entry is dropped.",
        "1.35",
        "`::1` in `::1/app`",
        {"op": "match", "pattern": "::1", "image": "::1/app"},
        _matches,
        concerns=_colons,
    ),
    Fact(
        "names",
        "A record has the full name of the image; later the name as the pod writes it.",
        "1.35",
        "the record after a pull of `nginx:1`",
        _container("nginx:1", "Always", featureGates=_GATE),
        _recorded_name,
        "present",
    ),
    Fact(
        "allowlist",
        "An entry of the allowlist without a `*` matches no image that has a tag.",
        "1.35",
        "`quay.io/acme/app` for `quay.io/acme/app:1`",
        _container(
            pulled=_BY_ANOTHER,
            featureGates=_GATE,
            imagePullCredentialsVerificationPolicy="NeverVerifyAllowlistedImages",
            preloadedImagesVerificationAllowlist=["quay.io/acme/app"],
        ),
        _outcome,
        "present",
    ),
)

NOT_THERE = "–"
"""What the table has for a release that has nothing of the kind, or of which that is not known."""


def table(kubelets: Mapping[str, list[Kubelet]], releases: list[str]) -> list[dict[str, str]]:
    """The facts with the answers of the releases, for the docs.

    Args:
        kubelets: Part → the releases of it.
        releases: All of them.
    """
    return [
        {
            "up to": fact.until,
            "what is so": fact.text,
            "request": fact.shown,
            **dict.fromkeys(releases, NOT_THERE),
            **{
                kubelet.release: fact.answered(kubelet.ask(fact.request))
                for kubelet in kubelets.get(fact.part, [])
            },
        }
        for fact in FACTS
    ]
