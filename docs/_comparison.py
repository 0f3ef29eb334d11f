"""The points of the comparison page: the data of its tables, and of a test for each.

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
UNDEFINED: Final = "in no defined order"
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
        "The kubelet tries all of them, the others choose one. If the first credential is stale, "
        "they fail and the cluster does not. docker-py and oras-py look only at hosts, and never "
        "find the entry with the path.",
        "quay.io/acme/api",
        {"quay.io": _auth("general"), "quay.io/acme": _auth("acme")},
        _tried(["acme", "general"], ["acme"], ["general"], ["general"], ["acme"]),
    ),
    Point(
        "other-path",
        "An entry for another path",
        "docker-py removes the path: a credential for one organisation serves the whole host.",
        "quay.io/other/api",
        {"quay.io/acme": _auth("acme")},
        _tried([], [], ["acme"], [], []),
    ),
    Point(
        "neighbour",
        "A path that is the beginning of another",
        "The kubelet compares plain strings (rule 12), skopeo whole segments of the path.",
        "quay.io/acme-labs/api",
        {"quay.io/acme": _auth("acme")},
        _tried(["acme"], ["acme"], ["acme"], [], []),
    ),
    Point(
        "slash",
        "A path with a slash at its end",
        "The slash bounds the path for the kubelet; skopeo does not take this for a path.",
        "quay.io/acme/api",
        {"quay.io/acme/": _auth("acme")},
        _tried(["acme"], ["acme"], ["acme"], [], []),
    ),
    Point(
        "glob",
        "A wildcard",
        "docker-py, oras-py and skopeo know no wildcards.",
        "quay.io/acme/api",
        {"*.io": _auth("any")},
        _tried(["any"], ["any"], [], [], []),
    ),
    Point(
        "scheme",
        "An entry with a scheme",
        "All but oras-py remove `https://`.",
        "quay.io/acme/api",
        {"https://quay.io": _auth("general")},
        _tried(["general"], ["general"], ["general"], [], ["general"]),
    ),
    Point(
        "hub-login",
        "Docker Hub, as `docker login` writes it",
        "oras-py looks only for `docker.io`.",
        "docker.io/library/nginx",
        {"https://index.docker.io/v1/": _auth("hub")},
        _tried(["hub"], ["hub"], ["hub"], [], ["hub"]),
    ),
    Point(
        "hub-domain",
        "Docker Hub, as the domain of its images",
        "go-containerregistry calls the registry `index.docker.io` and never matches `docker.io`.",
        "docker.io/library/nginx",
        {"docker.io": _auth("domain")},
        _tried(["domain"], [], ["domain"], ["domain"], ["domain"]),
    ),
    Point(
        "hub-api",
        "Docker Hub, as its API host",
        "Only skopeo takes all of Docker Hub's names for one registry.",
        "docker.io/library/nginx",
        {"registry-1.docker.io": _auth("api")},
        _tried([], [], [], [], ["api"]),
    ),
    Point(
        "hub-both",
        "Docker Hub, both spellings",
        "For the kubelet, a match of `docker.io` hides the other entry (rule 14): it is not even "
        "tried second.",
        "docker.io/library/nginx",
        {"https://index.docker.io/v1/": _auth("hub"), "docker.io": _auth("domain")},
        _tried(["domain"], ["hub"], ["domain"], ["domain"], ["domain"]),
    ),
    Point(
        "localhost",
        "An image on localhost",
        "The kubelet sends Docker Hub's credential to a registry whose name has neither a dot nor "
        "a colon (rule 14). go-containerregistry takes the image for one on Docker Hub, and asks "
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
        "An empty entry",
        "For the kubelet it counts as a match, so the image is no longer pulled anonymously (rules "
        "9 and 16).",
        "quay.io/acme/api",
        {"quay.io": {}},
        _tried(EMPTY, EMPTY, EMPTY, [], []),
    ),
    Point(
        "identity-token",
        "An identity token",
        "As `az acr login` writes it. The kubelet and oras-py ignore it and send the rest: a "
        "meaningless user name with an empty password.",
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
        "The kubelet then uses no entry of any secret (rule 8). oras-py and skopeo read only what "
        "they need.",
        "quay.io/acme/api",
        {"quay.io": _auth("general"), "ghcr.io": {"auth": "user:password"}},
        _tried(ERROR, ERROR, ERROR, ["general"], ["general"]),
    ),
    Point(
        "bad-key",
        "An entry of another registry is not an address",
        "The kubelet drops that entry (rule 10). go-containerregistry fails.",
        "quay.io/acme/api",
        {"quay.io": _auth("general"), "ghcr.io:port": _auth("other")},
        _tried(["general"], ERROR, ["general"], ["general"], ["general"]),
    ),
    Point(
        "two-spellings",
        "Two spellings of one registry",
        "In one secret, their order is that of a Go map (rule 13). The others prefer the exact "
        "match.",
        "quay.io/acme/api",
        {"https://quay.io": _auth("first"), "quay.io": _auth("second")},
        _tried(UNDEFINED, UNDEFINED, ["second"], ["second"], ["second"]),
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
