"""The points of the comparison page: data for the page's tables and for the tests of each.

The column of go-containerregistry was measured with its `authn/kubernetes` of 2026-02-24, that of
skopeo with skopeo 1.9.3; the tests run the others, and skopeo where it is installed.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from sphinx.application import Sphinx

TOOLS: Final = {
    "kubelet": "kubelet, pullsecrets",
    "k8schain": "go-containerregistry",
    "docker": "docker-py",
    "oras": "oras-py",
    "skopeo": "skopeo",
}

ERROR: Final = "fails"
TOKEN: Final = "identity token"
EMPTY: Final = "an empty credential"
CHANCE: Final = "left to chance"
NOBODY: Final = "00000000-0000-0000-0000-000000000000"


class Point(NamedTuple):
    """One situation, and the users whose credentials each tool tries, in order.

    `auths` is one docker config, as all of these tools read it.
    """

    name: str
    title: str
    text: str
    image: str
    auths: dict[str, dict[str, str]]
    tried: dict[str, list[str] | str]


def _auth(user: str) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{user}:password".encode()).decode()}


def _tried(
    kubelet: list[str] | str,
    k8schain: list[str] | str,
    docker: list[str] | str,
    oras: list[str] | str,
    skopeo: list[str] | str,
) -> dict[str, list[str] | str]:
    return dict(zip(TOOLS, (kubelet, k8schain, docker, oras, skopeo), strict=True))


POINTS: Final = [
    Point(
        "several",
        "Several entries match",
        "The kubelet tries all of them, the others choose one: a first credential that is stale "
        "fails with them, and not in the cluster. docker-py and oras-py know hosts only, and never "
        "find the one of the path.",
        "quay.io/acme/api",
        {"quay.io": _auth("general"), "quay.io/acme": _auth("acme")},
        _tried(["acme", "general"], ["acme"], ["general"], ["general"], ["acme"]),
    ),
    Point(
        "other-path",
        "An entry for another path",
        "docker-py strips the path: a credential for one organisation serves the whole host.",
        "quay.io/other/api",
        {"quay.io/acme": _auth("acme")},
        _tried([], [], ["acme"], [], []),
    ),
    Point(
        "neighbour",
        "A path that is the beginning of another",
        "A plain prefix for the kubelet (rule 12), whole segments of the path for skopeo.",
        "quay.io/acme-labs/api",
        {"quay.io/acme": _auth("acme")},
        _tried(["acme"], ["acme"], ["acme"], [], []),
    ),
    Point(
        "slash",
        "A path with a slash at its end",
        "What bounds the path for the kubelet is no path at all for skopeo.",
        "quay.io/acme/api",
        {"quay.io/acme/": _auth("acme")},
        _tried(["acme"], ["acme"], ["acme"], [], []),
    ),
    Point(
        "glob",
        "A wildcard",
        "Only Kubernetes has them.",
        "quay.io/acme/api",
        {"*.io": _auth("any")},
        _tried(["any"], ["any"], [], [], []),
    ),
    Point(
        "scheme",
        "An entry with a scheme",
        "`https://` is taken off, but not by oras-py.",
        "quay.io/acme/api",
        {"https://quay.io": _auth("general")},
        _tried(["general"], ["general"], ["general"], [], ["general"]),
    ),
    Point(
        "hub-login",
        "Docker Hub, as `docker login` writes it",
        "oras-py looks for `docker.io` only.",
        "docker.io/library/nginx",
        {"https://index.docker.io/v1/": _auth("hub")},
        _tried(["hub"], ["hub"], ["hub"], [], ["hub"]),
    ),
    Point(
        "hub-domain",
        "Docker Hub, by the domain of its images",
        "go-containerregistry calls the registry `index.docker.io` and never matches `docker.io`.",
        "docker.io/library/nginx",
        {"docker.io": _auth("domain")},
        _tried(["domain"], [], ["domain"], ["domain"], ["domain"]),
    ),
    Point(
        "hub-api",
        "Docker Hub, by its API host",
        "Only skopeo makes one registry of all of Docker Hub's names.",
        "docker.io/library/nginx",
        {"registry-1.docker.io": _auth("api")},
        _tried([], [], [], [], ["api"]),
    ),
    Point(
        "hub-both",
        "Docker Hub, both spellings",
        "For the kubelet a match of `docker.io` hides the other (rule 14): it is not tried second.",
        "docker.io/library/nginx",
        {"https://index.docker.io/v1/": _auth("hub"), "docker.io": _auth("domain")},
        _tried(["domain"], ["hub"], ["domain"], ["domain"], ["domain"]),
    ),
    Point(
        "localhost",
        "An image on localhost",
        "The kubelet sends Docker Hub's credential to a registry whose name has neither dot nor "
        "colon (rule 14). go-containerregistry takes the image for one of Docker Hub, and asks "
        "there.",
        "localhost/app",
        {"https://index.docker.io/v1/": _auth("hub")},
        _tried(["hub"], ["hub"], [], [], []),
    ),
    Point(
        "fields",
        "`username` and `password`, without `auth`",
        "A secret written by hand that works in the cluster may not work with the tool you test it "
        "with.",
        "quay.io/acme/api",
        {"quay.io": {"username": "general", "password": "password"}},
        _tried(["general"], ["general"], EMPTY, [], []),
    ),
    Point(
        "empty",
        "An entry without anything",
        "It counts as a match for the kubelet: no anonymous pull any more (rules 9 and 16).",
        "quay.io/acme/api",
        {"quay.io": {}},
        _tried(EMPTY, EMPTY, EMPTY, [], []),
    ),
    Point(
        "identity-token",
        "An identity token",
        "As `az acr login` writes it. The kubelet and oras-py drop it and send what is left: a "
        "user name that says nothing, with an empty password.",
        "myregistry.azurecr.io/acme/api",
        {
            "myregistry.azurecr.io": {
                "auth": base64.b64encode(f"{NOBODY}:".encode()).decode(),
                "identitytoken": "token",
            }
        },
        _tried([NOBODY], TOKEN, TOKEN, [NOBODY], TOKEN),
    ),
    Point(
        "broken",
        "An entry of another registry is broken",
        "The kubelet gives up on all (rule 8), and not only on this secret's. oras-py and skopeo "
        "read what they need.",
        "quay.io/acme/api",
        {"quay.io": _auth("general"), "ghcr.io": {"auth": "user:password"}},
        _tried(ERROR, ERROR, ERROR, ["general"], ["general"]),
    ),
    Point(
        "bad-key",
        "An entry of another registry is no address",
        "The kubelet drops the entry (rule 10); go-containerregistry gives up on all.",
        "quay.io/acme/api",
        {"quay.io": _auth("general"), "ghcr.io:port": _auth("other")},
        _tried(["general"], ERROR, ["general"], ["general"], ["general"]),
    ),
    Point(
        "two-spellings",
        "Two spellings of one registry",
        "In one secret, the order between them is that of a Go map (rule 13). The others have a "
        "rule: an exact match first.",
        "quay.io/acme/api",
        {"https://quay.io": _auth("first"), "quay.io": _auth("second")},
        _tried(CHANCE, CHANCE, ["second"], ["second"], ["second"]),
    ),
]


def _shown(tried: list[str] | str) -> str:
    if isinstance(tried, str):
        return tried
    return ", then ".join(f"`{user}`" for user in tried) or "anonymous"


def _users(point: Point) -> str:
    """Who is behind the base64, for whoever does not read it."""
    users = []
    for entry, fields in point.auths.items():
        try:
            user, _, _ = base64.b64decode(fields["auth"], validate=True).partition(b":")
        except (KeyError, ValueError):
            continue
        users.append(f"`{entry}` has the user `{user.decode()}`")
    return f"; {', '.join(users)}" if users else ""


def markdown(point: Point) -> str:
    """The point as a section of the page."""
    document = json.dumps({"auths": point.auths}, indent=2)
    rows = "\n".join(f"| {name} | {_shown(point.tried[tool])} |" for tool, name in TOOLS.items())
    return f"""(comparison-{point.name})=
## {point.title}

{point.text}

The image `{point.image}`{_users(point)}:

```json
{document}
```

| tool | tries |
|---|---|
{rows}
"""


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx calls this: the page's placeholder becomes the points."""

    def insert(app: Sphinx, docname: str, source: list[str]) -> None:
        points = "\n".join(map(markdown, POINTS))
        source[0] = source[0].replace("<!-- the points -->", points)

    app.connect("source-read", insert)
    return {"parallel_read_safe": True}
