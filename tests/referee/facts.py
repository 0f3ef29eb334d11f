"""Where the releases answer differently, and pullsecrets answers as the newest one."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from referee.kubelet import Answer, Kubelet, Request


@frozen
class Fact:
    """What changed with a release.

    Attributes:
        name: One word, for counting.
        text: What is so up to the release, in one sentence.
        until: The last release that was compared in which it is so.
        request: A request that shows it: the releases up to this one answer it differently.
        concerns: Whether a difference in the answers to another request may be due to it.
    """

    name: str
    text: str
    until: str
    request: Request
    concerns: Callable[[Request], bool]

    def explains(self, release: str, request: Request) -> bool:
        """Whether the fact is why the release's answer to the request is not pullsecrets'."""
        return minor(release) <= minor(self.until) and self.concerns(request)


def minor(release: str) -> int:
    return int(release.removeprefix("1."))


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


FACTS = (
    Fact(
        "hosts",
        "An image's first component is no host where it is of upper-case letters without a dot, "
        "or an IPv6 address: such an image is refused.",
        "1.28",
        {"op": "image", "image": "QUAY/app"},
        _new_host,
    ),
    Fact(
        "length",
        "The limit of 255 characters is for host and path together; later for the path alone.",
        "1.31",
        {"op": "image", "image": f"quay.io/{'a' * 250}"},
        _long_name,
    ),
    Fact(
        "colons",
        "A host may have several colons outside of brackets; later such an entry is dropped.",
        "1.35",
        {"op": "match", "pattern": "::1", "image": "::1/app"},
        _colons,
    ),
)


def table(kubelets: list[Kubelet]) -> list[dict[str, str]]:
    """The facts with the answers of the releases, for the docs."""
    return [
        {
            "up to": fact.until,
            "what is so": fact.text,
            "request": _shown(fact.request),
            **{kubelet.release: _answered(kubelet.ask(fact.request)) for kubelet in kubelets},
        }
        for fact in FACTS
    ]


def _shown(request: Request) -> str:
    text = " in ".join(request[name] for name in ("pattern", "image") if name in request)
    return f"`{text if len(text) <= 40 else text[:20] + '…' + text[-5:]}`"


def _answered(answer: Answer) -> str:
    if "error" in answer:
        return "refused"
    if "match" in answer:
        return "matches" if answer["match"] else "does not"
    return "taken"
