"""Draws requests about images on a node: the kubelet's configuration, its records, containers."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from referee.drawing import CONFIG, DIGESTS, KEYS, SYNTAX, Draw, Request, mutated, once_in
from referee.drawing_providers import EXEC_GROUP, GROUP, account

IDS = tuple(f"sha256:{digit * 64}" for digit in "123")
NAMES = (
    *("quay.io/acme/app", "quay.io/acme/app", "quay.io/acme/api", "nginx", "library/nginx"),
    *("docker.io/library/nginx", "docker.io/nginx", "localhost:5000/app", "index.docker.io/nginx"),
)
SUFFIXES = ("", ":1", ":1", ":2", ":latest", f"@{DIGESTS[0]}", f":1@{DIGESTS[0]}")
ODD_IMAGES = ("", "A", "a//b", "a" * 64, "quay.io/acme/app:1:2", " nginx")
KEYS_OF_CREDENTIALS = ("quay.io", "quay.io/acme", "docker.io", "localhost:5000", "*.io")
USERS = ("u", "v", "é", "<&>", "a\u2028b", "", "\ufffd")
PASSWORDS = ("p", "q", "p", "q", '"\\', "\x7f\x01", "")
POLICIES = (
    *(None, None, "AlwaysVerify", "AlwaysVerify", "NeverVerify"),
    *("NeverVerifyPreloadedImages", "NeverVerifyAllowlistedImages", "NeverVerifyAllowlistedImages"),
)
ODD_POLICIES = ("alwaysVerify", "Always", " NeverVerify")
ODD_PATTERNS = (
    *("*", "/*", "quay.io/*/app", "quay.io/acme/app:1", " quay.io/acme/app", "", "nginx/", "/a/*"),
    *(f"nginx@{DIGESTS[0]}", "QUAY.io/acme", "quay.io/acme*", "a" * 64, "quay.io//*", "é/*"),
)
TIMES = ("2026-01-02T03:04:05Z", "2025-12-31T23:59:59+02:00", None)
RECORD_VERSIONS = (f"{GROUP}v1alpha1", f"{GROUP}v1beta1")
NAMESPACE = "default"


def login(r: Draw) -> tuple[str, str]:
    return (r.choice(USERS), r.choice(PASSWORDS)) if once_in(r, 6) else ("u", r.choice("pq"))


def secret(r: Draw, name: str) -> Request:
    """A secret whose entries differ in their keys: the order of what is tried is defined."""
    entries: dict[str, Any] = {}
    for key in r.sample(KEYS_OF_CREDENTIALS, r.choice((1, 2, 2))):
        user, password = login(r)
        entries[key] = {"username": user, "password": password}
        if once_in(r, 8):
            entries[key]["email"] = "a@example.com"
    value = json.dumps({"auths": entries}, ensure_ascii=once_in(r, 2)).encode()
    if once_in(r, 24):
        value = mutated(r, value, SYNTAX)
    return {
        "name": name,
        "namespace": NAMESPACE,
        "uid": f"uid-{name}" if not once_in(r, 6) else "uid-new",
        "type": CONFIG if not once_in(r, 24) else "Opaque",
        "data": {KEYS[CONFIG]: value},
    }


def written_image(r: Draw) -> str:
    if once_in(r, 64):
        return r.choice(ODD_IMAGES)
    return r.choice(NAMES) + r.choice(SUFFIXES)


def trimmed(r: Draw, image: str, normalised: bool) -> str:
    """The name of an image in a record, mostly; written or in full."""
    name = image.partition("@")[0]
    name = name.rpartition(":")[0] if ":" in name.rpartition("/")[2] else name
    if normalised and "/" not in name:
        name = f"docker.io/library/{name}"
    return name if not once_in(r, 8) else r.choice(NAMES)


def recorded_secret(r: Draw, secrets: list[Request]) -> dict[str, Any]:
    """One that is recorded: the pod's own, as it is or with another credential, or any other."""
    name = r.choice(secrets)["name"] if secrets and not once_in(r, 4) else r.choice("abc")
    user, password = login(r)
    fields = {"username": user, "password": password}
    text = json.dumps({key: value for key, value in fields.items() if value}, separators=(",", ":"))
    return {
        "uid": f"uid-{name}" if not once_in(r, 6) else "uid-other",
        "namespace": NAMESPACE if not once_in(r, 8) else "other",
        "name": name,
        "credentialHash": "" if once_in(r, 16) else sha256(text.encode()).hexdigest(),
    }


def many_secrets(r: Draw) -> list[dict[str, Any]]:
    """As many as the kubelet adds to a record, one less or one more."""
    return [
        {
            "uid": f"uid-m{number}",
            "namespace": NAMESPACE,
            "name": f"m{number:03}",
            "credentialHash": sha256(str(number).encode()).hexdigest(),
        }
        for number in range(r.choice((97, 98, 99, 100)))
    ]


def mapping(r: Draw, secrets: list[Request], account_: Request | None) -> Any:
    form = r.randrange(16)
    if form <= 2:
        return {"nodePodsAccessible": True}
    if form == 3:
        return r.choice(({}, {"kubernetesSecrets": None}, {"nodePodsAccessible": False}))
    fields: dict[str, Any] = {}
    if form != 4:
        listed = many_secrets(r) if once_in(r, 24) else []
        fields["kubernetesSecrets"] = [
            *listed,
            *(recorded_secret(r, secrets) for _ in range(r.choice((1, 1, 2)))),
        ]
    if form <= 6:
        of = account_ or {"name": "default", "uid": "1"}
        uid = of["uid"] if not once_in(r, 4) else "2"
        fields["kubernetesServiceAccounts"] = [
            {"uid": uid, "namespace": NAMESPACE, "name": of["name"]}
        ]
    return fields


def record(r: Draw, image_id: str, start: Request) -> dict[str, Any]:
    fields = {
        "kind": "ImagePulledRecord",
        "apiVersion": r.choice(RECORD_VERSIONS),
        "lastUpdatedTime": r.choice(TIMES),
        "imageRef": image_id,
        "credentialMapping": {
            trimmed(r, start["image"], once_in(r, 2)): mapping(
                r, start["secrets"], start["account"]
            )
            for _ in range(r.choice((0, 1, 1, 1, 2)))
        },
    }
    if once_in(r, 24):
        del fields[r.choice(list(fields))]
    if once_in(r, 24):
        fields[r.choice(("x", "kind", "imageRef", "credentialMapping"))] = r.choice(("", 1, None))
    return fields


def file(r: Draw, key: str, fields: dict[str, Any], odd: bool) -> tuple[str, bytes]:
    """A file of the records; an odd one does not decode, or does not count."""
    name = f"sha256-{sha256(key.encode()).hexdigest()}"
    content = json.dumps(fields, indent=1 if once_in(r, 8) else None).encode()
    if odd:
        form = r.randrange(4)
        if form == 0:
            name = r.choice((f"{name}.tmp", name.upper(), "x"))
        elif form == 1:
            content = mutated(r, content, SYNTAX)
        elif form == 2:
            content = r.choice((b"", b"{}", b"null", b"kind: x", content + content))
    return name, content


def record_file(r: Draw, image_id: str, start: Request, odd: bool) -> tuple[str, bytes]:
    """A record; an odd one may be under a wrong name, too."""
    name, content = file(r, image_id, record(r, image_id, start), odd)
    if odd and once_in(r, 4):
        name = r.choice((f"sha256-{'0' * 64}", f"{name}x"))
    return name, content


def intent(r: Draw, image: str, odd: bool) -> tuple[str, bytes]:
    """An intent for an image that a kubelet does pull, so that it may have written it.

    Never under a wrong name: a kubelet forgets it then and leaves the file, so that what it decides
    is no more by what is on the disk, which is all that pullsecrets knows.
    """
    version = r.choice(RECORD_VERSIONS)
    return file(r, image, {"kind": "ImagePullIntent", "apiVersion": version, "image": image}, odd)


def pattern(r: Draw) -> str:
    """One of the allowlist."""
    if once_in(r, 24):
        return r.choice(ODD_PATTERNS)
    name = r.choice(("quay.io/acme/app", "docker.io/library/nginx", "localhost:5000/app", "nginx"))
    cut = "/".join(name.split("/")[: r.choice((1, 2))])
    return f"{cut}/*" if once_in(r, 2) else name


def config(r: Draw, gate: bool | None) -> bytes:
    fields: dict[str, Any] = {
        "kind": "KubeletConfiguration",
        "apiVersion": f"{GROUP}v1beta1",
        "containerRuntimeEndpoint": "unix:///run/runtime.sock",
        "failCgroupV1": False,
    }
    if gate is not None:
        fields["featureGates"] = {"KubeletEnsureSecretPulledImages": gate}
    if gate or once_in(r, 16):
        policy = r.choice(ODD_POLICIES) if once_in(r, 48) else r.choice(POLICIES)
        if policy is not None:
            fields["imagePullCredentialsVerificationPolicy"] = policy
        if policy == "NeverVerifyAllowlistedImages" or once_in(r, 48):
            fields["preloadedImagesVerificationAllowlist"] = [
                pattern(r) for _ in range(r.choice((1, 1, 2)))
            ]
    return json.dumps(fields).encode()


def container(r: Draw, image: str, account_: Request | None) -> Request:
    secrets = [secret(r, name) for name in r.sample("abc", r.choice((0, 1, 1, 1, 2)))]
    return {
        "image": image,
        "image_id": r.choice(IDS[:2]) if not once_in(r, 6) else "",
        "pull_policy": r.choice(("IfNotPresent",) * 6 + ("Never", "Always")),
        "secrets": secrets,
        "account": account_,
        "accepts": [["u", password] for password in r.choice(("p", "p", "q", "pq", ""))],
        "anonymous": once_in(r, 2),
        "pulled_id": r.choice(IDS[:2]) if not once_in(r, 8) else IDS[2],
    }


def again(r: Draw, start: Request) -> Request:
    """The container once more, with one thing changed that may decide."""
    fresh = container(r, written_image(r), start["account"])
    field = r.choice(
        ("image", "secrets", "secrets", "secrets", "account", "pull_policy", "accepts")
    )
    if field == "account":
        return {**start, "account": plain_account(r)}
    if field == "secrets" and start["secrets"] and once_in(r, 2):
        kept = start["secrets"][0]
        rotated = secret(r, kept["name"])
        return {**start, "secrets": [{**rotated, "uid": kept["uid"]}]}
    return {**start, field: fresh[field]}


def plain_account(r: Draw) -> Request | None:
    drawn = account(r)
    return drawn and {**drawn, "missing": False, "refused": False, "token": "token"}


def provider(r: Draw) -> Request:
    """One provider, in token mode mostly, whose answer is kept or not."""
    user, password = login(r)
    response = {
        "kind": "CredentialProviderResponse",
        "apiVersion": f"{EXEC_GROUP}v1",
        "cacheKeyType": "Image",
        "cacheDuration": "0s",
        "auth": {"quay.io/acme": {"username": user, "password": password}},
    }
    fields: dict[str, Any] = {
        "name": "ecr",
        "matchImages": ["quay.io"],
        "defaultCacheDuration": "0s",
        "apiVersion": f"{EXEC_GROUP}v1",
    }
    if not once_in(r, 4):
        fields["tokenAttributes"] = {
            "serviceAccountTokenAudience": "registry",
            "requireServiceAccount": False,
            "cacheType": "ServiceAccount",
        }
    document = {
        "apiVersion": f"{GROUP}v1",
        "kind": "CredentialProviderConfig",
        "providers": [fields],
    }
    return {
        "configuration": {"config.yaml": json.dumps(document).encode()},
        "file": "config.yaml",
        "programs": {"ecr": {"stdout": json.dumps(response).encode(), "exit": 0}},
        "token_gate": None,
        "pulls": [],
    }


NO_PROVIDERS: Request = {
    "configuration": {},
    "file": "config.yaml",
    "programs": {},
    "token_gate": None,
    "pulls": [],
}


def node_config(r: Draw) -> dict[str, bytes]:
    if not once_in(r, 4):
        return {}
    user, password = login(r)
    entries = {"quay.io": {"auth": b64encode(f"{user}:{password}".encode()).decode()}}
    return {"root/config.json": json.dumps({"auths": entries}).encode()}


def containers_request(r: Draw) -> Request:
    gate = r.choice((None, None, True, True, True, False))
    starts = [container(r, written_image(r), plain_account(r))]
    while len(starts) < 3 and once_in(r, 2):
        starts.append(again(r, starts[-1]))
    # A kubelet that runs does not see what is wrong with its files as one does that has just read
    # them (fact E17): they are sound where it is not started again.
    odd = once_in(r, 6)
    pulled: dict[str, bytes] = {}
    pulling: dict[str, bytes] = {}
    for image_id in IDS[:2]:
        if not once_in(r, 3):
            name, content = record_file(r, image_id, r.choice(starts), odd and once_in(r, 2))
            pulled[name] = content
    for image in sorted({start["image"] for start in starts} - {*ODD_IMAGES}):
        if once_in(r, 3):
            name, content = intent(r, image, odd and once_in(r, 2))
            pulling[name] = content
    listed = [
        {
            "id": r.choice(IDS[:2]),
            "tags": [r.choice(starts)["image"] if once_in(r, 2) else "quay.io/acme/app:1"],
            "digests": [f"quay.io/acme/app@{DIGESTS[0]}"] if once_in(r, 2) else [],
        }
        for _ in range(r.choice((0, 0, 1, 2)))
    ]
    return {
        "op": "containers",
        "containers": {
            "config": config(r, gate),
            "pulled": pulled,
            "pulling": pulling,
            "listed": listed,
            "restarts": odd or once_in(r, 2),
            "starts": starts,
        },
        "node": node_config(r),
        "providers": provider(r) if once_in(r, 8) else NO_PROVIDERS,
    }


def requests(seed: int, count: int) -> Iterator[Request]:
    """So many requests; the same ones for the same seed."""
    r = Draw(seed)
    for _ in range(count):
        yield containers_request(r)
