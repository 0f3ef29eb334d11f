"""Draws requests about credential providers: their configuration, their answers, what is cached."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from referee.drawing import (
    HOSTS,
    PATHS,
    SYNTAX,
    Draw,
    Request,
    document,
    entry,
    image,
    mutated,
    once_in,
    pattern,
    perhaps_broken,
    secret,
    settle,
)

NAMES = ("acr", "ecr", "gcp", "zot", "0", "Ecr", "a.b", "-x")
ODD_NAMES = (*("", ".", "..", "a/b", "a b", "é", "ecr ", "missing"), 1, True, None, ["ecr"], 1.5)
CONFIG_VERSIONS = (*("v1",) * 8, "v1beta1", "v1alpha1")
EXEC_VERSIONS = ("v1", "v1", "v1", "v1beta1", "v1alpha1")
GROUP, EXEC_GROUP = "kubelet.config.k8s.io/", "credentialprovider.kubelet.k8s.io/"
ODD_VERSIONS = ("", "v1", f"{EXEC_GROUP}v2", f"{GROUP}v1", f"{EXEC_GROUP}v1 ", "V1", None, 1)
DURATIONS = ("0s", "1h", "12h", "10m", "1h0m0s", "1.5h", "5h30m", "0", "+1h")
ODD_DURATIONS = (*("-1h", "1", "1d", "", "1h ", "h", "1e3s", "10000000h", "-0s"), None, 0, 3600, {})
ANNOTATIONS = ("example.com/role", "role", "eks.amazonaws.com/role-arn", "b")
ODD_ANNOTATIONS = ("", "/a", "a/", "a/b/c", "-a", "A/b", "Example.com/Role", "é", "a" * 64, "b ", 1)


def often(r: Draw, common: Any, odd: Any, times: int = 48) -> Any:
    """One of the common values, and one time in so many an odd one."""
    return r.choice(odd) if once_in(r, times) else r.choice(common)


def token_attributes(r: Draw) -> Any:
    if once_in(r, 32):
        return r.choice((None, {}, [], "x"))
    keys = [often(r, ANNOTATIONS, ODD_ANNOTATIONS) for _ in range(r.choice((0, 0, 1, 2)))]
    fields = {
        "serviceAccountTokenAudience": often(r, ("registry", "https://r"), ("", None, 1)),
        "requireServiceAccount": often(r, (True, True, False), (None, "true", 0)),
        "cacheType": often(r, ("ServiceAccount", "Token"), ("", "token", None)),
        "requiredServiceAccountAnnotationKeys": keys,
        "optionalServiceAccountAnnotationKeys": [
            often(r, ANNOTATIONS, ODD_ANNOTATIONS) for _ in range(r.choice((0, 0, 1, 1)))
        ],
    }
    if once_in(r, 3):
        del fields["cacheType"]
    for name in list(fields):
        if once_in(r, 48) or fields[name] == []:
            del fields[name]
    return fields


def provider(r: Draw, name: Any) -> dict[str, Any]:
    """One of the configuration's list; it serves the host that the request is about, mostly."""
    patterns = [
        pattern(r) if once_in(r, 8) else r.choice(r.hosts) for _ in range(r.choice((1, 1, 1, 2, 3)))
    ]
    fields: dict[str, Any] = {
        "name": name,
        "matchImages": patterns,
        "defaultCacheDuration": often(r, DURATIONS, ODD_DURATIONS, 48),
        "apiVersion": often(
            r, [EXEC_GROUP + version for version in EXEC_VERSIONS], ODD_VERSIONS, 64
        ),
    }
    if once_in(r, 6):
        fields["args"] = (
            r.choice((["get", "-v=1"], [], None, ["a b"])) if not once_in(r, 8) else [1]
        )
    if once_in(r, 6):
        sound = ([{"name": "A", "value": "b"}], [{}], None, [{"name": "A"}])
        fields["env"] = often(r, sound, ([{"x": "y"}], {}, "x"), 8)
    if once_in(r, 3):
        fields["tokenAttributes"] = token_attributes(r)
        fields["apiVersion"] = f"{EXEC_GROUP}v1" if not once_in(r, 8) else fields["apiVersion"]
    if once_in(r, 32):
        del fields[r.choice(list(fields))]
    if once_in(r, 32):
        fields["matchImages"] = r.choice(([], None, [""], "quay.io", [1], ["a b"], ["*.*"]))
    if once_in(r, 48):
        fields[r.choice(("Name", "matchimages", "cacheDuration", "x", "tokenAttributes"))] = "x"
    return fields


def configuration_file(r: Draw, names: list[Any]) -> bytes:
    version = f"{GROUP}{r.choice(CONFIG_VERSIONS)}"
    fields: dict[str, Any] = {
        "apiVersion": often(r, [version], ODD_VERSIONS, 64),
        "kind": often(r, ["CredentialProviderConfig"], ("", "Config", None), 48),
        "providers": [provider(r, name) for name in names],
    }
    if once_in(r, 32):
        fields[r.choice(("x", "metadata", "Kind", "status"))] = r.choice((None, {}, "x"))
    if once_in(r, 48):
        del fields[r.choice(list(fields))]
    if once_in(r, 3):
        content = yaml.safe_dump(fields, sort_keys=False, allow_unicode=True).encode()
    else:
        content = json.dumps(fields).encode()
    return mutated(r, content, SYNTAX) if once_in(r, 24) else content


FILES = ("a.yaml", "b.json", "c.yml", "0.yaml", "Z.yaml", "f.yaml", "d.txt", ".yaml")


def configuration(r: Draw) -> tuple[dict[str, bytes], str, list[Any]]:
    """Files, the one that the kubelet is given ("" for all), and the providers' names."""
    names = [often(r, NAMES, ODD_NAMES, 32) for _ in range(r.choice((1, 1, 2, 3)))]
    if not once_in(r, 12):
        names = list({repr(name): name for name in names}.values())
    if not once_in(r, 4):
        return {"config.yaml": configuration_file(r, names)}, "config.yaml", names
    cut = r.randrange(len(names) + 1) if once_in(r, 2) else len(names)
    files = r.sample(FILES, 2)
    parts = [part for part in (names[:cut], names[cut:]) if part]
    return (
        {file: configuration_file(r, part) for file, part in zip(files, parts, strict=False)},
        "",
        names,
    )


def response(r: Draw, version: Any, token: str) -> bytes:
    """What a program says: a response for the host that the request is about, mostly."""
    auth: Any = {}
    for _ in range(r.choice((0, 1, 1, 1, 2, 3))):
        password = token if once_in(r, 24) else f"password{r.randrange(1000)}"
        credential: Any = {"username": f"user{r.randrange(1000)}", "password": password}
        if once_in(r, 24):
            credential = r.choice((None, {}, {"username": None}, [], "x", {"x": "y"}, {"auth": ""}))
        auth[entry(r) if once_in(r, 2) else r.choice(r.hosts)] = credential
    fields: dict[str, Any] = {
        "kind": often(r, ["CredentialProviderResponse"], ("", "CredentialProviderRequest"), 48),
        "apiVersion": often(r, [version], (f"{EXEC_GROUP}v1", f"{EXEC_GROUP}v1beta1", ""), 32),
        "cacheKeyType": often(r, ("Image", "Registry", "Global"), ("", "image", None, 1)),
        "auth": often(r, [auth], (None, [], "x"), 48),
    }
    if once_in(r, 2):
        fields["cacheDuration"] = often(r, ("1h", "0s", "10m", None), ODD_DURATIONS, 16)
    if once_in(r, 32):
        fields[r.choice(("x", "Auth", "status"))] = r.choice((None, {}, "x"))
    if once_in(r, 32):
        del fields[r.choice(list(fields))]
    text = json.dumps(fields).encode()
    if once_in(r, 24):
        return mutated(r, text, SYNTAX)
    if once_in(r, 24):
        return r.choice((b"", b" \n", b"{}", b"kind: x", b"\xef\xbb\xbf" + text, text + b"{}"))
    return text + b"\n"


def account(r: Draw) -> Request | None:
    if once_in(r, 4):
        return None
    return {
        "namespace": "default",
        "name": r.choice(("default", "deployer")),
        "uid": r.choice(("1", "1", "1", "2", "")),
        "annotations": {key: r.choice("xy") for key in ANNOTATIONS if not once_in(r, 4)},
        "missing": once_in(r, 16),
        "refused": once_in(r, 16),
        "token": r.choice(("token", "token", "other", "")),
    }


def changed(r: Draw, account_: Request | None) -> Request | None:
    """The account with one thing changed that may be part of a cache's key."""
    if account_ is None or once_in(r, 4):
        return account(r)
    annotations = {**account_["annotations"], r.choice(ANNOTATIONS): r.choice("xy")}
    changes = {
        "uid": "2",
        "token": "other",
        "name": "other",
        "namespace": "other",
        "annotations": annotations,
    }
    name = r.choice(list(changes))
    return {**account_, name: changes[name]}


def configure_request(r: Draw) -> Request:
    settle(r, HOSTS, PATHS)
    files, file, names = configuration(r)
    programs = {
        name: {"stdout": b"", "exit": 0}
        for name in names
        if isinstance(name, str) and name not in ("", ".", "..", "missing") and "/" not in name
    }
    return {
        "op": "configure",
        "providers": {
            "configuration": files,
            "file": file,
            "programs": programs,
            "token_gate": r.choice((None, True, True, False)),
        },
    }


def providers_request(r: Draw) -> Request:
    request = configure_request(r)
    versions = {
        fields["name"]: fields.get("apiVersion")
        for content in request["providers"]["configuration"].values()
        for fields in _providers(content)
    }
    providers = request["providers"]
    for name, program in providers["programs"].items():
        program["stdout"] = response(r, versions.get(name, f"{EXEC_GROUP}v1"), "token")
        program["exit"] = 1 if once_in(r, 24) else 0
    first = account(r)
    accounts = [first, changed(r, first)]
    providers["pulls"] = [
        {"image": image(r), "account": r.choice(accounts)} for _ in range(r.choice((1, 2, 3)))
    ]
    secrets = [secret(r)] if once_in(r, 4) else []
    node = {}
    if once_in(r, 3):
        node["root/config.json"] = perhaps_broken(r, document(r))
    return {**request, "op": "providers", "secrets": secrets, "node": node}


# --- what is kept for later pulls: nothing here stops a kubelet, or a program


def kept_provider(r: Draw, name: str, hosts: Sequence[str]) -> dict[str, Any]:
    """A sound provider for some hosts, with a token for service accounts mostly."""
    fields: dict[str, Any] = {
        "name": name,
        "matchImages": list(hosts),
        "defaultCacheDuration": r.choice(DURATIONS),
        "apiVersion": f"{EXEC_GROUP}v1",
    }
    if once_in(r, 3):
        return fields
    keys = r.sample(ANNOTATIONS, 2)
    attributes: dict[str, Any] = {
        "serviceAccountTokenAudience": "registry",
        "requireServiceAccount": True,
        "cacheType": r.choice(("ServiceAccount", "Token")),
        "requiredServiceAccountAnnotationKeys": keys[: r.choice((0, 0, 1))],
        "optionalServiceAccountAnnotationKeys": keys[1:],
    }
    if once_in(r, 4):  # as 1.33 has it
        del attributes["cacheType"]
    return {**fields, "tokenAttributes": attributes}


def kept_response(r: Draw, user: str) -> bytes:
    """An answer that is kept, for as long as it says or as the configuration says, or is not."""
    fields: dict[str, Any] = {
        "kind": "CredentialProviderResponse",
        "apiVersion": f"{EXEC_GROUP}v1",
        "cacheKeyType": r.choice(("Image", "Registry", "Global")),
        "auth": {r.hosts[0]: {"username": user, "password": "p"}},
    }
    if once_in(r, 2):
        fields["cacheDuration"] = r.choice((*DURATIONS, "-1h", None))
    return json.dumps(fields).encode()


def kept_request(r: Draw) -> Request:
    """Pulls one after the other, each of which has one thing changed since the one before."""
    settle(r, HOSTS, PATHS)
    names = r.sample(NAMES, r.choice((1, 1, 2)))
    hosts = (r.hosts[0], r.choice(HOSTS))
    document = {
        "apiVersion": f"{GROUP}v1",
        "kind": "CredentialProviderConfig",
        "providers": [kept_provider(r, name, hosts) for name in names],
    }
    account_ = account(r)
    written = f"{r.hosts[0]}/{r.paths[0]}"
    pulls = [{"image": written, "account": account_}]
    for _ in range(r.choice((1, 1, 2))):
        if once_in(r, 2):
            written = f"{r.choice(hosts)}/{r.choice(r.paths)}{r.choice(('', ':1'))}"
        else:
            account_ = changed(r, account_)
        pulls.append({"image": written, "account": account_})
    return {
        "op": "providers",
        "providers": {
            "configuration": {"config.yaml": json.dumps(document).encode()},
            "file": "config.yaml",
            "programs": {name: {"stdout": kept_response(r, name), "exit": 0} for name in names},
            "token_gate": r.choice((None, True)),
            "pulls": pulls,
        },
        "secrets": [],
        "node": {},
    }


def _providers(content: bytes) -> list[dict[str, Any]]:
    """The providers of a file, so that most answers have their apiVersion; none where it is odd."""
    try:
        found = yaml.safe_load(content)["providers"]
        return [fields for fields in found if isinstance(fields["name"], str)]
    except Exception:  # noqa: BLE001  (whatever a broken file leads to)
        return []


def requests(seed: int, count: int) -> Iterator[Request]:
    """So many requests; the same ones for the same seed."""
    r = Draw(seed)
    for _ in range(count):
        yield r.choice((configure_request, providers_request, kept_request, kept_request))(r)
