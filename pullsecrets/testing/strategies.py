"""Hypothesis strategies: images, docker configs, secrets, pods, whole clusters (extra ``testing``).

Everything is drawn from a few registries, repositories and names, so that entries and images meet
often: every third image in `clusters` has a candidate, and every eighth has several.

Well-formed, broken and suspicious docker configs are three strategies. Which flaws there are is
listed in `BROKEN` and `SUSPICIOUS`, each under its name:

>>> BROKEN["auth without a colon"]
b'{"auths": {"quay.io": {"auth": "dXNlcg=="}}}'
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from itertools import combinations, permutations, product
from typing import Any, Final

from pullsecrets.cluster import Cluster
from pullsecrets.dockerconfig import Credential, DockerConfig
from pullsecrets.errors import MissingExtra
from pullsecrets.images import Image
from pullsecrets.objects import Container, ContainerKind, Owner, Pod, ServiceAccount
from pullsecrets.pull_secret import (
    DOCKERCFG_KEY,
    DOCKERCFG_TYPE,
    DOCKERCONFIGJSON_KEY,
    DOCKERCONFIGJSON_TYPE,
    PullSecret,
)
from pullsecrets.registries import Registry
from pullsecrets.secrecy import HiddenBytes, Password
from pullsecrets.workloads import POD_TEMPLATES

try:
    from hypothesis import strategies as st
except ImportError as _error:
    raise MissingExtra("drawing clusters with hypothesis", "testing") from _error

__all__ = [
    "BROKEN",
    "SUSPICIOUS",
    "broken_docker_configs",
    "clusters",
    "credentials",
    "docker_config_values",
    "docker_configs",
    "entries",
    "images",
    "invalid_images",
    "node_configs",
    "pods",
    "pull_secrets",
    "registries",
    "service_accounts",
    "suspicious_docker_configs",
    "written_images",
]

_HOSTS: Final = (
    "docker.io",
    "quay.io",
    "registry.example.com",
    "registry.example.com:5000",
    "eu.registry.example.com",
)
_PATHS: Final = ("library/nginx", "acme/api", "acme/web", "acme-tools/api", "acme/team/api")
_PODS: Final = ("api", "web")
_OWNERS: Final = ("Deployment", "ReplicaSet", "Job", "Rollout")
_NAMES: Final = ("regcred", "quay", "hub")
_NAMESPACES: Final = ("default", "shop")
_ACCOUNTS: Final = ("default", "deployer")
_USERS: Final = ("user", "bot", "robot$acme", "_json_key", "AWS", "ann@example.com", "")
_PASSWORDS: Final = ("password", "secret", "p:a:s:s", "")
_SUFFIXES: Final = ("", ":1.27", ":latest", f"@sha256:{'0' * 64}", f":v2@sha256:{'a' * 64}")
_IMAGES: Final = (
    "nginx",
    "acme/api:v2",
    "docker.io/nginx",
    "index.docker.io/acme/api",
    *("/".join(parts) for parts in product((*_HOSTS, *("quay.io",) * 12), _PATHS)),
    *(f"{host}/{path}{suffix}" for host, path, suffix in product(_HOSTS, _PATHS, _SUFFIXES)),
)

# All in one list, so that a draw is one choice. What is common is in it often.
_GLOBS: Final = (
    "*.io",
    "q*.io",
    "*.example.com",
    "*.example.com:5000",
    "registry.example.*",
    "*.*.example.com",
)
_PATH_KEYS: Final = ("", "/", "/acme", "/acme/", "/acme/api", "/library", "/acme/team", "/v2/")
_HUB: Final = ("https://index.docker.io/v1/", "index.docker.io")
_ENTRIES: Final = (
    *(_HOSTS + _HUB) * 8,
    *("quay.io", "https://quay.io", "http://quay.io/", "quay.io/acme/", "*.io") * 16,
    *map("".join, product(("", "https://", "http://"), (*_HOSTS, *_HUB, *_GLOBS), _PATH_KEYS)),
)


def registries() -> st.SearchStrategy[Registry]:
    """Registries: Docker Hub, with and without ports, of one and of several labels."""
    return st.sampled_from(_HOSTS).map(Registry.parse)


def images() -> st.SearchStrategy[Image]:
    """Images on these registries, with and without tag and digest."""
    return written_images().map(Image.parse)


def written_images() -> st.SearchStrategy[str]:
    """Valid images as a container's ``image`` field has them, short and long: ``nginx:1.27``."""
    return st.sampled_from(_IMAGES)


def invalid_images() -> st.SearchStrategy[str]:
    """Strings that are no image reference, as templates and typing make them."""
    return st.one_of(
        st.sampled_from(
            (
                "",
                " ",
                "quay.io/Acme/api",
                "quay.io/acme/api:",
                "https://quay.io/acme/api",
                "quay.io/acme/api:{{ .Values.tag }}",
                "quay.io/acme/api@sha256:abc",
                "quay.io//api",
                "a" * 64,
                "-nginx",
            )
        ),
        written_images().map("{} ".format),
        written_images().map("{}\n".format),
    )


def entries() -> st.SearchStrategy[str]:
    """Entries of docker configs: hosts, globs and paths, with and without a scheme.

    ``*`` is the only glob: the kubelet drops an entry with brackets, unless they surround an IPv6
    address, and takes what follows a ``?`` for a query (rule 12).
    """
    return st.sampled_from(_ENTRIES)


def credentials() -> st.SearchStrategy[Credential]:
    """Users with passwords; now and then an empty one, or one that is hard to write down."""
    logins = product(_USERS, map(Password, _PASSWORDS), ("", "", "user@example.com"))
    common = st.sampled_from([Credential(*login) for login in logins])
    odd = st.text('ab:\x00\n "\\<&>ü\u2028😀', max_size=8)
    return st.one_of(common, common, st.builds(Credential, odd, odd.map(Password), odd))


def docker_config_values() -> st.SearchStrategy[DockerConfig]:
    """Decoded docker configs with up to three entries."""
    return st.dictionaries(entries(), credentials(), max_size=3).map(DockerConfig)


def node_configs() -> st.SearchStrategy[DockerConfig | None]:
    """A node's own docker config, or none."""
    return st.one_of(st.none(), docker_config_values())


def docker_configs() -> st.SearchStrategy[bytes]:
    """Well-formed ``.dockerconfigjson`` values, spelled in the ways that people and tools do.

    With ``auth``, with user name and password, with both; names of fields in any letter case; with
    fields that the kubelet passes over; indented or not; non-ASCII text escaped or not.
    """
    return _documents(st.lists(st.tuples(entries(), _written_entries()), min_size=1, max_size=3))


_LAYOUTS: Final = tuple(product(("auths", "auths", "Auths"), (False, True), (None, "\t")))
_FORMS: Final = ("auth", "fields", "both", "unpadded", "broken lines")
_CASES: Final[tuple[Callable[[str], str], ...]] = (str, str, str.upper, str.title)


@st.composite
def _documents(draw: st.DrawFn, entries_: st.SearchStrategy[Any]) -> bytes:
    name, more, indent = draw(st.sampled_from(_LAYOUTS))
    document = {name: dict(draw(entries_))}
    if more:
        document["HttpHeaders"] = {"User-Agent": "docker"}
    return json.dumps(document, indent=indent, ensure_ascii=more).encode()


@st.composite
def _written_entries(draw: st.DrawFn) -> dict[str, Any]:
    credential = draw(credentials())
    user, password = credential.username, credential.password.reveal()
    form = draw(st.sampled_from(_FORMS))
    case = draw(st.sampled_from(_CASES))
    fields: dict[str, Any] = {}
    if form in ("fields", "both"):
        fields = {"username": user, "password": password}
    # A colon in the user name cannot be told from the one that ends it.
    if form != "fields" and ":" not in user:
        auth = b64encode(f"{user}:{password}".encode()).decode()
        if form == "unpadded":
            auth = auth.rstrip("=")
        elif form == "broken lines":
            auth = f"{auth[:4]}\r\n{auth[4:]}"
        fields["auth"] = auth
    if credential.email:
        fields["email"] = credential.email
    return {case(field): value for field, value in fields.items()}


def _in_auths(entry: Any, *, host: str = "quay.io") -> str:
    return json.dumps({"auths": {host: entry}})


def _auth(text: str | bytes) -> str:
    return b64encode(text if isinstance(text, bytes) else text.encode()).decode()


_BROKEN: Final[Mapping[str, str | bytes]] = {
    "no JSON": "quay.io: user",
    "white space alone": " \n",
    "cut off": _in_auths({"auth": _auth("user:password")})[:-3],
    "two documents": '{"auths": {}} {"auths": {}}',
    "a comment": '{"auths": {}} // quay',
    "a comma too many": '{"auths": {},}',
    "single quotes": "{'auths': {}}",
    "not a number": '{"auths": {}, "experimental": NaN}',
    "a line break in a string": '{"auths": {"quay.io": {"auth": "dXNl\ncjpwYXNz"}}}',
    "a byte order mark": b"\xef\xbb\xbf" + _in_auths({}).encode(),
    "UTF-16": _in_auths({}).encode("utf-16"),
    "base64 once more": _auth(_in_auths({"auth": _auth("user:password")})),
    "an array": "[]",
    "a string": '"auths"',
    "auths is an array": '{"auths": []}',
    "auths is a string": '{"auths": "quay.io"}',
    "an entry is a string": _in_auths("user:password"),
    "an entry is an array": _in_auths(["user", "password"]),
    "a field is a number": _in_auths({"username": "user", "password": 12345}),
    "a field is a boolean": _in_auths({"username": True}),
    "a field is an object": _in_auths({"auth": {"user": "password"}}),
    "auth is no base64": _in_auths({"auth": "user:password"}),
    "auth is URL-safe base64": _in_auths({"auth": _auth("user:~~~???").replace("/", "_")}),
    "auth lacks some padding": _in_auths({"auth": _auth("user:pa")[:-1]}),
    "auth has white space inside": _in_auths({"auth": "dXNl cjpwYXNz"}),
    "auth without a colon": _in_auths({"auth": _auth("user")}),
    "headers are no strings": '{"auths": {}, "HttpHeaders": {"X": 1}}',
    "nested too deep": '{"x": ' * 10_001 + "{}" + "}" * 10_001,
}
BROKEN: Final[Mapping[str, bytes]] = {
    name: text if isinstance(text, bytes) else text.encode() for name, text in _BROKEN.items()
}
"""Docker configs that do not decode: a pod with one of them in its list gets no credential."""


_LOGIN: Final = {"auth": _auth("user:password")}

SUSPICIOUS: Final[Mapping[str, bytes]] = {
    name: text.encode()
    for name, text in {
        "empty": "{}",
        "null": "null",
        "no entries": '{"auths": {}}',
        "an empty entry": _in_auths({}),
        "an entry that is null": _in_auths(None),
        "a user without a password": _in_auths({"username": "user"}),
        "a password without a user": _in_auths({"password": "password"}),
        "a line break after the password": _in_auths({"auth": _auth("user:password\n")}),
        "white space around the user": _in_auths({"username": " user ", "password": "password"}),
        "a placeholder": _in_auths({"username": "user", "password": "<token>"}),
        "an identity token": _in_auths(
            {
                "auth": _auth("00000000-0000-0000-0000-000000000000:"),
                "identitytoken": "identity-token",
            },
            host="acme.azurecr.io",
        ),
        "a credential store": json.dumps({"auths": {"quay.io": {}}, "credsStore": "desktop"}),
        "a credential helper": json.dumps({"credHelpers": {"quay.io": "quay"}}),
        "the other type's shape": json.dumps({"quay.io": _LOGIN}),
        "auth and other fields": _in_auths(
            {"auth": _auth("user:password"), "username": "other", "password": "other"}
        ),
        "a field in two letter cases": _in_auths({"username": "one", "USERNAME": "two"}),
        "an entry twice": '{"auths": {"quay.io": {"username": "1"}, "quay.io": {"username": "2"}}}',
        "two spellings of one key": json.dumps(
            {
                "auths": {
                    "quay.io": {"auth": _auth("one:password")},
                    "https://quay.io": {"auth": _auth("two:password")},
                }
            }
        ),
        **{
            f"the entry {entry}": _in_auths(_LOGIN, host=entry)
            for entry in (
                "",
                "*",
                "registry-1.docker.io",
                "https://index.docker.io/v1",
                "index.docker.io/acme",
                "*.docker.io",
                "hub.docker.com",
                "quay.io/acme*",
                "quay.io:*",
                "*quay.io",
                "QUAY.IO",
                "user:password@quay.io",
                "quay.io?team=acme",
                "oci://quay.io",
                "quay.io/%zz",
                "quay.io:port",
                "[quay.io",
                "quay.io/%2561cme",
                " quay.io",
            )
        },
    }.items()
}
"""Docker configs that decode, and most likely not to what their author meant."""


def broken_docker_configs() -> st.SearchStrategy[bytes]:
    """Values that the kubelet cannot decode, in every known way (`BROKEN`).

    If the flaw is in an entry, well-formed entries may be in the document, too.
    """
    flaws = st.sampled_from(sorted(BROKEN)).map(BROKEN.__getitem__)
    return st.one_of(flaws, st.builds(_together, docker_configs(), flaws))


def suspicious_docker_configs() -> st.SearchStrategy[bytes]:
    """Values that decode, but most likely not to what their author meant (`SUSPICIOUS`)."""
    flaws = st.sampled_from(sorted(SUSPICIOUS)).map(SUSPICIOUS.__getitem__)
    return st.one_of(flaws, st.builds(_together, docker_configs(), flaws))


def _together(sound: bytes, flawed: bytes) -> bytes:
    """The entries of both documents in one; the flawed one alone if its flaw is not in an entry."""
    prefix = b'{"auths": {'
    if not flawed.startswith(prefix + b'"') or not flawed.endswith(b"}}"):
        return flawed
    own = json.dumps(next(iter(json.loads(sound).values())))
    return prefix + own[1:-1].encode() + b", " + flawed.removeprefix(prefix)


@st.composite
def pull_secrets(
    draw: st.DrawFn,
    *,
    name: str | None = None,
    namespace: str | None = None,
    configs: st.SearchStrategy[bytes] | None = None,
) -> PullSecret:
    """Secrets with a docker config, in either of the two types.

    Args:
        draw: Given by hypothesis.
        name: Its name; one of a few if it is left out.
        namespace: Its namespace; one of two if it is left out.
        configs: What to draw the ``.dockerconfigjson`` value from, `docker_configs` if it is
            left out: a broken or a suspicious one, or a mixture.
    """
    value = draw(docker_configs() if configs is None else configs)
    type_, key = DOCKERCONFIGJSON_TYPE, DOCKERCONFIGJSON_KEY
    if configs is None and draw(st.integers(0, 3)) == 0:
        type_, key = DOCKERCFG_TYPE, DOCKERCFG_KEY
        value = json.dumps(next(iter(json.loads(value).values()))).encode()
    return PullSecret(
        draw(_or_one_of(name, _NAMES)),
        draw(_or_one_of(namespace, _NAMESPACES)),
        type_,
        {key: HiddenBytes(value)},
    )


def _or_one_of(given: str | None, choices: tuple[str, ...]) -> st.SearchStrategy[str]:
    return st.sampled_from(choices) if given is None else st.just(given)


def _lists() -> st.SearchStrategy[tuple[str, ...]]:
    """Lists of pull secrets: mostly names that exist, now and then none, another or one twice."""
    return st.sampled_from(_LISTS)


def service_accounts(
    *, name: str | None = None, namespace: str | None = None
) -> st.SearchStrategy[ServiceAccount]:
    """Service accounts with lists of pull secrets; name and namespace as for `pull_secrets`."""
    return st.builds(
        ServiceAccount,
        _or_one_of(name, _ACCOUNTS),
        _or_one_of(namespace, _NAMESPACES),
        _lists(),
    )


_LISTS: Final = (
    (),
    *((name,) for name in _NAMES),
    *permutations(_NAMES, 2),
    *permutations(_NAMES, 3),
    ("regcred", "missing"),
    ("missing", "quay", "hub"),
    ("", "quay"),
    ("hub", "", "missing", "quay"),
    ("quay", "regcred", "quay"),
)
_MORE_CONTAINERS: Final = (
    (),
    (),
    (ContainerKind.INIT,),
    (ContainerKind.VOLUME,),
    (ContainerKind.INIT, ContainerKind.EPHEMERAL, ContainerKind.VOLUME),
)
_POLICIES: Final = (None, None, "Always", "IfNotPresent", "Never")


_CONTAINERS: Final = {
    ContainerKind.CONTAINER: ("app", "proxy"),
    ContainerKind.INIT: ("setup", "wait"),
    ContainerKind.EPHEMERAL: ("debugger", "shell"),
    ContainerKind.VOLUME: ("model", "data"),
}


def _containers(kind: ContainerKind) -> st.SearchStrategy[tuple[Container, ...]]:
    first, second = (
        st.builds(Container, st.just(name), written_images(), st.just(kind), _policies())
        for name in _CONTAINERS[kind]
    )
    return st.one_of(st.tuples(first), st.tuples(first, second))


def _policies() -> st.SearchStrategy[str | None]:
    return st.sampled_from(_POLICIES)


@st.composite
def pods(draw: st.DrawFn, *, name: str | None = None, namespace: str | None = None) -> Pod:
    """Pods and workloads of every kind, with containers of every kind.

    Args:
        draw: Given by hypothesis.
        name: Its name; one of a few if it is left out.
        namespace: Its namespace; one of two if it is left out.
    """
    kind = draw(st.sampled_from(("Pod", *POD_TEMPLATES)))
    more = draw(st.sampled_from(_MORE_CONTAINERS))
    state = draw(st.sampled_from(("new", "new", "stored", "mirror"))) if kind == "Pod" else "new"
    owner = draw(st.none() | st.builds(Owner, st.sampled_from(_OWNERS), st.sampled_from(_PODS)))
    return Pod(
        draw(_or_one_of(name, _PODS)),
        draw(_or_one_of(namespace, _NAMESPACES)),
        kind,
        draw(_containers(ContainerKind.CONTAINER)),
        draw(_containers(ContainerKind.INIT)) if ContainerKind.INIT in more else (),
        draw(_containers(ContainerKind.EPHEMERAL)) if ContainerKind.EPHEMERAL in more else (),
        draw(_containers(ContainerKind.VOLUME)) if ContainerKind.VOLUME in more else (),
        draw(_lists()),
        draw(st.sampled_from(("default", "default", "deployer", "missing"))),
        stored=state != "new",  # the mirror of a static pod is in the cluster, too
        mirror=state == "mirror",
        owner=owner,
    )


@st.composite
def clusters(draw: st.DrawFn, *, configs: st.SearchStrategy[bytes] | None = None) -> Cluster:
    """Clusters of pods, service accounts and secrets that refer to each other, and a node.

    Most of it is in one namespace, so that most names lead somewhere.

    Args:
        draw: Given by hypothesis.
        configs: What the secrets hold, as for `pull_secrets`.
    """

    def places(names: tuple[str, ...], least: int) -> list[tuple[str, str]]:
        sizes = range(least, len(names) + 1)
        chosen = draw(st.sampled_from([c for size in sizes for c in combinations(names, size)]))
        # All in one namespace, or one of them in the other.
        stray = draw(st.sampled_from((*("",) * 8, *chosen)))
        return [(name, "shop" if name == stray else "default") for name in chosen]

    return Cluster(
        tuple(draw(pods(name=n, namespace=ns)) for n, ns in places(_PODS, 1)),
        tuple(draw(service_accounts(name=n, namespace=ns)) for n, ns in places(_ACCOUNTS, 1)),
        tuple(
            draw(pull_secrets(name=n, namespace=ns, configs=configs)) for n, ns in places(_NAMES, 2)
        ),
        draw(node_configs()),
    )
