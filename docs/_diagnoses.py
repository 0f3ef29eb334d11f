"""The pages of the diagnoses: made from the catalogue and from the examples here.

- `python docs/_diagnoses.py` writes `docs/diagnoses/`. A test holds that the pages are up to date.
- Each example has manifests before and after the fix, and similar ones that are not reported. The
  tests check all three; the pages run those before and after.
"""

from __future__ import annotations

import base64
import json
import os
import re
import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pullsecrets import Cluster
from pullsecrets.diagnoses import CATALOGUE, Diagnoses, Kind, check
from pullsecrets.node.answers import ProviderAnswer
from pullsecrets.node.node import Node
from pullsecrets.node.provider_config import Providers
from pullsecrets.node.verification import Verification
from pullsecrets.node.versions import Release

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent
PAGES = ROOT / "diagnoses"

JSON_TYPE: Final = "kubernetes.io/dockerconfigjson"
Manifests = list[dict[str, Any]]


class Example(NamedTuple):
    """Manifests that show a diagnosis, the same ones fixed, and similar ones without it.

    `fix` says what was changed, `difference` why the similar ones are not reported, `kubernetes`
    which release the nodes run if it is not the newest. Among the manifests there may be the
    configuration of the nodes, see `files`. `at` is the moment that they are checked for, `days`
    says how many days before its end a token is reported.
    """

    before: Manifests
    after: Manifests
    fix: str
    similar: Manifests
    difference: str
    kubernetes: str | None = None
    at: str | None = None
    days: int = 0


def with_list(*references: Any) -> dict[str, Any]:
    """A pod whose list of secrets is written as given."""
    manifest = pod(IMAGE)
    manifest["spec"]["imagePullSecrets"] = list(references)
    return manifest


def pod(
    *images: str, secrets: tuple[str, ...] = ("regcred",), name: str = "api", **more: Any
) -> dict[str, Any]:
    """A pod with one container for each image."""
    metadata = {"name": name, **more.pop("metadata", {})}
    spec: dict[str, Any] = {
        "containers": [
            {"name": f"c{at}" if at else "main", "image": image} for at, image in enumerate(images)
        ]
    }
    if secrets:
        spec["imagePullSecrets"] = [{"name": each} if each else {} for each in secrets]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {**spec, **more}}


def secret(
    document: Any, name: str = "regcred", kind: str = JSON_TYPE, **more: Any
) -> dict[str, Any]:
    """A secret with a document; a string is taken as it is."""
    text = document if isinstance(document, str) else json.dumps(document, indent=2)
    key = ".dockercfg" if kind.endswith("dockercfg") else ".dockerconfigjson"
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, **more.pop("metadata", {})},
        "type": kind,
        "stringData": {more.pop("key", key): text},
    }


def login(username: str = "acme+deploy", password: str = "example-password-1") -> dict[str, str]:
    """What an entry logs in with."""
    return {"username": username, "password": password}


def regcred(*entries: str, name: str = "regcred", **more: Any) -> dict[str, Any]:
    """A secret with a good login for each entry."""
    return secret({"auths": {entry: login() for entry in entries}}, name, **more)


def sealed(
    kind: str | None = JSON_TYPE, name: str = "regcred", key: str = ".dockerconfigjson", **more: Any
) -> dict[str, Any]:
    """A SealedSecret; what is sealed is cut short."""
    template: dict[str, Any] = {"metadata": {"name": name}, **({"type": kind} if kind else {})}
    return {
        "apiVersion": "bitnami.com/v1alpha1",
        "kind": "SealedSecret",
        "metadata": {"name": name, **more.pop("metadata", {})},
        "spec": {"encryptedData": {key: "AgBy3i4OJSWK+PiTySYZZA9rO43cGDEq"}, "template": template},
    }


def external(config: str, **more: Any) -> dict[str, Any]:
    """An ExternalSecret whose template gives a docker config."""
    template: dict[str, Any] = {"type": JSON_TYPE, "data": {".dockerconfigjson": config}}
    if "annotations" in more:
        template["metadata"] = {"annotations": more.pop("annotations")}
    return {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": {"name": "regcred", **more.pop("metadata", {})},
        "spec": {
            "secretStoreRef": {"kind": "ClusterSecretStore", "name": "vault"},
            "target": {"template": template},
            "dataFrom": [{"extract": {"key": "registry"}}],
        },
    }


def one(credential: dict[str, str], entry: str = "quay.io") -> dict[str, Any]:
    """A secret with one entry."""
    return secret({"auths": {entry: credential}})


def account(name: str, *secrets: str) -> dict[str, Any]:
    """A service account."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": name},
        "imagePullSecrets": [{"name": each} for each in secrets],
    }


def encoded(text: str) -> str:
    """Base64."""
    return base64.b64encode(text.encode()).decode()


def jwt(exp: int | None) -> str:
    """A token that ends at some second."""
    claims = {"sub": "example"} if exp is None else {"sub": "example", "exp": exp}
    head = encoded(json.dumps({"alg": "none"})).rstrip("=")
    return f"{head}.{encoded(json.dumps(claims)).rstrip('=')}.c2lnbmF0dXJl"


def providers(*patterns: str, name: str = "acme-provider", **more: Any) -> dict[str, Any]:
    """A configuration with one credential provider."""
    provider = {
        "name": name,
        "matchImages": list(patterns),
        "defaultCacheDuration": "10m",
        "apiVersion": "credentialprovider.kubelet.k8s.io/v1",
        **more,
    }
    return {
        "apiVersion": "kubelet.config.k8s.io/v1",
        "kind": "CredentialProviderConfig",
        "providers": [provider],
    }


def answer(entry: str, key_type: str = "Registry", name: str = "acme-provider") -> dict[str, Any]:
    """What a provider answers, by its name."""
    return {
        name: {
            "apiVersion": "credentialprovider.kubelet.k8s.io/v1",
            "kind": "CredentialProviderResponse",
            "cacheKeyType": key_type,
            "auth": {entry: login()},
        }
    }


def kubelet(policy: str = "", *allowlist: str) -> dict[str, Any]:
    """The configuration of the nodes' kubelets."""
    fields: dict[str, Any] = {"imagePullCredentialsVerificationPolicy": policy} if policy else {}
    if allowlist:
        fields["preloadedImagesVerificationAllowlist"] = list(allowlist)
    head = {"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration"}
    return {**head, **fields}


def with_policy(policy: str) -> dict[str, Any]:
    """A pod whose container has a pull policy."""
    made = pod(IMAGE, secrets=())
    made["spec"]["containers"][0]["imagePullPolicy"] = policy
    return made


def robot(**annotations: str) -> dict[str, Any]:
    """A service account with annotations, for providers."""
    made = account("robot")
    del made["imagePullSecrets"]
    if annotations:
        made["metadata"]["annotations"] = dict(annotations)
    return made


RBAC: Final = "rbac.authorization.k8s.io"
MAY_HAVE_TOKENS: Final[Manifests] = [
    {
        "apiVersion": f"{RBAC}/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "registry-tokens"},
        "rules": [
            {
                "apiGroups": [""],
                "verbs": ["request-serviceaccounts-token-audience"],
                "resources": ["registry.example.com"],
            }
        ],
    },
    {
        "apiVersion": f"{RBAC}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "registry-tokens"},
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "registry-tokens"},
        "subjects": [{"apiGroup": RBAC, "kind": "Group", "name": "system:nodes"}],
    },
]
TOKEN: Final = {
    "serviceAccountTokenAudience": "registry.example.com",
    "requireServiceAccount": True,
    "cacheType": "ServiceAccount",
}
ROLE_KEY: Final = "example.com/role"
ROLE_REQUIRED: Final = {**TOKEN, "requiredServiceAccountAnnotationKeys": [ROLE_KEY]}


IMAGE: Final = "quay.io/acme/api:1.4"
GOOD: Final = [pod(IMAGE), regcred("quay.io")]
EXAMPLE_REGISTRY: Final = "registry.example.com:5000/shop/web:2"
GUID: Final = "00000000-0000-0000-0000-000000000000"
UID: Final = {"uid": "6b6c2f0e-6f2c-4c39-9d4c-0b8f4c1d2e3f"}
ECR: Final = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
ECR_TOKEN: Final = encoded(
    json.dumps({"payload": "example", "version": "2", "expiration": 1767268800})
)


def _key(before: str, after: str, image: str, similar: str, difference: str) -> Example:
    """An example in which one entry is fixed."""
    return Example(
        [pod(image), regcred(before)],
        [pod(image), regcred(after)],
        f"The entry reads `{after}`.",
        [pod(image), regcred(similar)],
        difference,
    )


def _login(before: dict[str, str], similar: dict[str, str], difference: str, fix: str) -> Example:
    """An example in which the credential is fixed."""
    return Example([pod(IMAGE), one(before)], GOOD, fix, [pod(IMAGE), one(similar)], difference)


def _two(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """One configuration with the providers of both."""
    return {**first, "providers": first["providers"] + second["providers"]}


BY_ROBOT: Final = pod(IMAGE, secrets=(), serviceAccountName="robot")
ACR: Final = "acme.azurecr.io/api:1"

EXAMPLES: Final[dict[str, Example]] = {
    "PS101": Example(
        [pod(IMAGE, metadata={"namespace": "shop"}), regcred("quay.io")],
        [
            pod(IMAGE, metadata={"namespace": "shop"}),
            regcred("quay.io"),
            regcred("quay.io", metadata={"namespace": "shop"}),
            pod(IMAGE),
        ],
        "The secret is in both namespaces.",
        GOOD,
        "A secret in the pod's namespace, which both leave out: it is the default.",
    ),
    "PS102": Example(
        [pod(IMAGE, secrets=("quay", "regcred")), regcred("quay.io", name="quay")],
        [pod(IMAGE, secrets=("quay",)), regcred("quay.io", name="quay")],
        "The reference is removed.",
        [pod(IMAGE, secrets=("quay",)), regcred("quay.io", name="quay")],
        "Secrets that are there.",
    ),
    "PS103": Example(
        [
            pod(IMAGE, EXAMPLE_REGISTRY, secrets=("example",)),
            account("default", "regcred"),
            regcred("quay.io"),
            regcred("registry.example.com:5000", name="example"),
        ],
        [
            pod(IMAGE, EXAMPLE_REGISTRY, secrets=("example", "regcred")),
            account("default", "regcred"),
            regcred("quay.io"),
            regcred("registry.example.com:5000", name="example"),
        ],
        "The pod lists both.",
        [
            pod(IMAGE, secrets=("own",)),
            account("default", "regcred"),
            regcred("quay.io"),
            regcred("quay.io/acme/", name="own"),
        ],
        "A list that replaces another, where every image has a credential.",
    ),
    "PS104": Example(
        [pod(IMAGE, secrets=("regcred", "")), regcred("quay.io")],
        GOOD,
        "The item without a name is removed.",
        GOOD,
        "References that have names.",
    ),
    "PS105": Example(
        [pod(IMAGE, secrets=("regcred", "regcred")), regcred("quay.io")],
        GOOD,
        "The secret is listed once.",
        [
            pod(IMAGE, EXAMPLE_REGISTRY, secrets=("regcred", "example")),
            regcred("quay.io"),
            regcred("registry.example.com:5000", name="example"),
        ],
        "Two secrets for two registries.",
    ),
    "PS106": Example(
        [
            pod(IMAGE, secrets=(), serviceAccountName="robto"),
            account("robot", "regcred"),
            regcred("quay.io"),
        ],
        [
            pod(IMAGE, secrets=(), serviceAccountName="robot"),
            account("robot", "regcred"),
            regcred("quay.io"),
        ],
        "The name is that of the service account.",
        [
            pod(IMAGE, serviceAccountName="elsewhere"),
            account("robot", "regcred"),
            regcred("quay.io"),
        ],
        "A pod with a list of its own: that of its service account does not matter.",
    ),
    "PS107": Example(
        [
            pod(IMAGE, secrets=(), metadata=UID, serviceAccountName="robot"),
            account("robot", "regcred"),
            regcred("quay.io"),
        ],
        [
            pod(IMAGE, metadata=UID, serviceAccountName="robot"),
            account("robot", "regcred"),
            regcred("quay.io"),
        ],
        "The pod was created again, and got the list.",
        [
            pod(IMAGE, secrets=(), serviceAccountName="robot"),
            account("robot", "regcred"),
            regcred("quay.io"),
        ],
        "A manifest of a pod that does not exist yet: it will get the list.",
    ),
    "PS108": Example(
        [
            pod(IMAGE, secrets=(), serviceAccountName="robot"),
            account("robot"),
            account("default", "regcred"),
            regcred("quay.io"),
        ],
        [
            pod(IMAGE, secrets=(), serviceAccountName="robot"),
            account("robot", "regcred"),
            account("default", "regcred"),
            regcred("quay.io"),
        ],
        "Both service accounts have the secret.",
        [
            pod("nginx:1.27", secrets=(), serviceAccountName="robot"),
            account("robot"),
            account("default", "regcred"),
            regcred("quay.io"),
        ],
        "An image for which the list of `default` has no credential either.",
    ),
    "PS109": Example(
        [
            pod(IMAGE, metadata={"annotations": {"kubernetes.io/config.mirror": "1f3a"}}),
            regcred("quay.io"),
        ],
        [
            pod(
                IMAGE, secrets=(), metadata={"annotations": {"kubernetes.io/config.mirror": "1f3a"}}
            ),
            pod(IMAGE, name="ordinary"),
            regcred("quay.io"),
        ],
        "The static pod lists nothing: the node has the credential.",
        GOOD,
        "An ordinary pod.",
    ),
    "PS110": Example(
        [*GOOD, regcred("registry.example.com:5000", name="example")],
        GOOD,
        "The secret is removed.",
        [regcred("quay.io")],
        "Secrets without pods: nothing is known of the pods.",
    ),
    "PS111": Example(
        [pod(IMAGE, secrets=()), regcred("quay.io")],
        GOOD,
        "The pod lists the secret.",
        [
            pod("nginx:1.27", secrets=()),
            account("robot", "regcred"),
            regcred("https://index.docker.io/v1/"),
        ],
        "A public image of Docker Hub, and a secret that a service account lists.",
    ),
    "PS112": Example(
        [pod(IMAGE), sealed(metadata={"namespace": "flux-system"})],
        [pod(IMAGE), sealed()],
        "The SealedSecret is in the pod's namespace, sealed for it.",
        [
            pod(IMAGE),
            external(
                '{"auths": {"quay.io": {"auth": "{{ .auth }}"}}}',
                metadata={"namespace": "flux-system"},
                annotations={"replicator.v1.mittwald.de/replicate-to": "default"},
            ),
        ],
        "A secret that another program copies into the pod's namespace.",
    ),
    "PS113": Example(
        [with_list("regcred"), regcred("quay.io")],
        GOOD,
        "The item is an object with a name.",
        [account("robot", "regcred"), regcred("quay.io")],
        "A service account whose list has objects.",
    ),
    "PS114": Example(
        [pod(IMAGE, secrets=("map[name:mirror]", "regcred")), regcred("quay.io")],
        GOOD,
        "The item is removed; the other one has a secret's name.",
        [pod(IMAGE, secrets=("map",)), secret({"auths": {"quay.io": login()}}, name="map")],
        "A secret that is called so.",
    ),
    "PS201": Example(
        [pod(IMAGE), secret({"auths": {"quay.io": login()}}, kind="Opaque")],
        GOOD,
        "The secret has the type of a pull secret.",
        [*GOOD, secret("shopkeeper", "database", "Opaque", key="user")],
        "Any other secret that no pod lists as a pull secret.",
    ),
    "PS202": Example(
        [pod(IMAGE), secret({"auths": {"quay.io": login()}}, key="config.json")],
        GOOD,
        "The document is under `.dockerconfigjson`.",
        [pod(IMAGE), secret({"quay.io": login()}, kind="kubernetes.io/dockercfg")],
        "The older type, with the key that belongs to it.",
    ),
    "PS203": Example(
        [pod(IMAGE), one({"auth": "acme+deploy:example-password-1"})],
        [pod(IMAGE), one({"auth": encoded("acme+deploy:example-password-1")})],
        "`auth` is base64 of `user:password`.",
        GOOD,
        "An entry with user name and password.",
    ),
    "PS204": Example(
        [pod(IMAGE), secret('{"auths": ["quay.io"]}')],
        GOOD,
        "`auths` is an object again.",
        GOOD,
        "A document that decodes.",
    ),
    "PS205": Example(
        [pod(IMAGE), secret(encoded(json.dumps({"auths": {"quay.io": login()}})))],
        GOOD,
        "The plain document is in `stringData`.",
        [
            pod(IMAGE),
            {
                **secret(""),
                "stringData": {},
                "data": {".dockerconfigjson": encoded(json.dumps({"auths": {"quay.io": login()}}))},
            },
        ],
        "Base64, once, in `data`.",
    ),
    "PS206": Example(
        [pod(IMAGE), secret({"quay.io": login()})],
        GOOD,
        "The entries are under `auths`.",
        [pod(IMAGE), secret({"quay.io": login()}, kind="kubernetes.io/dockercfg")],
        "The older type has them without.",
    ),
    "PS207": Example(
        [pod(IMAGE), secret({"auths": {}})],
        GOOD,
        "The document has an entry.",
        GOOD,
        "A document with an entry.",
    ),
    "PS208": Example(
        [pod(IMAGE), secret({"auths": {"quay.io": {}}, "credsStore": "desktop"})],
        GOOD,
        "The secret holds user name and password.",
        [pod(IMAGE), secret({"auths": {"quay.io": login()}, "credsStore": "desktop"})],
        "A `credsStore` next to entries that hold their credentials: it is ignored, and harmless.",
    ),
    "PS209": Example(
        [pod(IMAGE), sealed(kind=None)],
        [pod(IMAGE), sealed()],
        "The template has a type.",
        [*GOOD, sealed(kind=None, name="database", key="password")],
        "A secret that is made for something else.",
    ),
    "PS210": Example(
        [pod(IMAGE), external('{"quay.io": {"auth": "{{ .auth }}"}}')],
        [pod(IMAGE), external('{"auths": {"quay.io": {"auth": "{{ .auth }}"}}}')],
        "The entries are under `auths`.",
        [pod(IMAGE), external("{{ .config }}")],
        "A template that puts in the whole document: what it will be is not known.",
    ),
    "PS301": _key(
        "registry-1.docker.io",
        "https://index.docker.io/v1/",
        "acmeshop/api:5",
        "docker.io/acmeshop/",
        "A key for one organisation of Docker Hub: `docker.io` matches by itself.",
    ),
    "PS302": _key(
        "registry.example.com:*",
        "registry.example.com:5000",
        EXAMPLE_REGISTRY,
        "https://registry.example.com:5000",
        "A scheme that is removed.",
    ),
    "PS303": _key(
        "quay.io/acme/*",
        "quay.io/acme/",
        IMAGE,
        "quay.io/acme/api",
        "The path of a repository, without tag.",
    ),
    "PS304": _key(
        "https://quay.io/v2",
        "quay.io",
        IMAGE,
        "https://quay.io/v2/",
        "With the slash it is removed.",
    ),
    "PS305": Example(
        [pod(IMAGE), pod("quay.io/acme-labs/tool:1", name="tool"), regcred("quay.io/acme")],
        [
            pod(IMAGE),
            pod("quay.io/acme-labs/tool:1", name="tool", secrets=()),
            regcred("quay.io/acme/"),
        ],
        "The path ends with a slash. The other image is public, and its pod lists no secret.",
        [pod(IMAGE), pod("quay.io/acme/tool:1", name="tool"), regcred("quay.io/acme")],
        "A prefix without a slash at the end that serves only what it is meant for.",
    ),
    "PS306": Example(
        [
            pod(IMAGE),
            secret(
                {"auths": {"quay.io": login(), "https://quay.io": login("acme+old", "example-2")}}
            ),
        ],
        GOOD,
        "One entry is left.",
        [pod(IMAGE), regcred("quay.io", "https://quay.io")],
        "Two spellings with the same credential: the order makes no difference.",
    ),
    "PS307": Example(
        [
            pod("acmeshop/api:5"),
            secret(
                {
                    "auths": {
                        "https://index.docker.io/v1/": login("acmeshop"),
                        "docker.io": login("retired", "example-password-2"),
                    }
                }
            ),
        ],
        [pod("acmeshop/api:5"), regcred("https://index.docker.io/v1/")],
        "The other entry is removed.",
        [pod("acmeshop/api:5"), regcred("https://index.docker.io/v1/", "docker.io")],
        "Both have the same credential: nothing is lost.",
    ),
    "PS308": Example(
        [
            pod(IMAGE, secrets=("regcred", "old")),
            regcred("quay.io"),
            secret({"auths": {"quay.io": login("acme+old", "example-password-2")}}, "old"),
        ],
        GOOD,
        "One of them is left.",
        [
            pod(IMAGE, secrets=("regcred", "team")),
            regcred("quay.io"),
            secret({"auths": {"quay.io/acme/": login("acme+team", "example-password-2")}}, "team"),
        ],
        "Different keys that both match: the longer one is tried first, which is its purpose.",
    ),
    "PS309": _key(
        "*.example.com:5000",
        "registry.example.com:5000",
        EXAMPLE_REGISTRY,
        "registry.example.com:5000/shop/",
        "A host that is written out.",
    ),
    "PS401": _login(
        login("acme+deploy", "example-password-1\n"),
        login("acme+deploy", "example password 1"),
        "White space within a password.",
        "The line break is removed.",
    ),
    "PS402": _login(
        login("acme+deploy", ""),
        {"auth": encoded("acme+deploy:example-password-1")},
        "User name and password in `auth`.",
        "The entry has both.",
    ),
    "PS403": _login(
        {},
        {"username": "acme+deploy", "password": "example-password-1", "email": ""},
        "An empty `email`, which no registry asks for.",
        "The entry has user name and password.",
    ),
    "PS404": Example(
        [
            pod("acme.azurecr.io/api:1"),
            one({"auth": encoded(f"{GUID}:"), "identitytoken": "example-token"}, "acme.azurecr.io"),
        ],
        [pod("acme.azurecr.io/api:1"), regcred("acme.azurecr.io")],
        "The entry has the id and the password of a service principal.",
        [
            pod("acme.azurecr.io/api:1"),
            one({**login(), "identitytoken": "example-token"}, "acme.azurecr.io"),
        ],
        "An identity token next to user name and password, which are used.",
    ),
    "PS405": Example(
        [pod(f"{ECR}/api:1"), one(login("AWS", ECR_TOKEN), ECR)],
        [pod(f"{ECR}/api:1", secrets=())],
        "The secret is removed: the nodes' credential provider logs in.",
        GOOD,
        "A password that does not expire.",
        at="2026-01-01T08:00Z",
    ),
    "PS406": _login(
        login("acme+deploy", "<token>"),
        login("acme+deploy", "a<b>c"),
        "A password that only contains such characters.",
        "The token is filled in.",
    ),
    "PS407": Example(
        [pod("harbor.example.com/shop/api:1"), one(login("robot+ci"), "harbor.example.com")],
        [pod("harbor.example.com/shop/api:1"), one(login("robot$shop+ci"), "harbor.example.com")],
        "The user name is complete.",
        [pod("harbor.example.com/shop/api:1"), one(login("robots"), "harbor.example.com")],
        "The user name is not a robot account's.",
    ),
    "PS408": Example(
        [pod(IMAGE), one(login("acme+deploy", jwt(1767268800)))],
        [pod(IMAGE), one(login("acme+deploy", jwt(1798804800)))],
        "The token is a new one.",
        [pod(IMAGE), one(login("acme+deploy", jwt(None)))],
        "A token that does not say when it ends.",
        at="2026-01-04T12:00Z",
    ),
    "PS409": Example(
        [pod(IMAGE), one(login("acme+deploy", jwt(1767268800)))],
        [pod(IMAGE), one(login("acme+deploy", jwt(1798804800)))],
        "The token is a new one.",
        [pod(IMAGE), one(login("acme+deploy", jwt(1767873600)))],
        "A token that is valid for longer than that.",
        at="2025-12-29",
        days=7,
    ),
    "PS501": Example(
        [pod("quay.io/acme/API:1.4"), regcred("quay.io")],
        GOOD,
        "The name is in lower case.",
        [pod("quay.io/acme/api:V1.4"), regcred("quay.io")],
        "Capital letters in a tag.",
    ),
    "PS502": _key(
        "registry.example.com",
        "registry.example.com:5000",
        EXAMPLE_REGISTRY,
        "https://registry.example.com:5000/v2/",
        "The same port, spelled as a URL.",
    ),
    "PS503": _key(
        "*example.com:5000",
        "registry.example.com:5000",
        EXAMPLE_REGISTRY,
        "https://registry.example.com:5000",
        "The host, written out.",
    ),
    "PS504": _key(
        "quay.io/amce/",
        "quay.io/acme/",
        IMAGE,
        "quay.io/acme",
        "A prefix of the path.",
    ),
    "PS505": _key(
        "registry.exmaple.com:5000",
        "registry.example.com:5000",
        EXAMPLE_REGISTRY,
        "registry.example.com:5000/shop",
        "The same host.",
    ),
    "PS506": Example(
        [pod("nginx:1.27"), regcred("quay.io")],
        [pod("nginx:1.27", secrets=())],
        "The list is removed.",
        [pod("nginx:1.27", IMAGE), regcred("quay.io")],
        "A list that serves one of the images; the other one is public.",
    ),
    "PS507": Example(
        [pod(IMAGE), external('{"auths": {"ghcr.io": {"auth": "{{ .auth }}"}}}')],
        [pod(IMAGE), external('{"auths": {"quay.io": {"auth": "{{ .auth }}"}}}')],
        "The template has the registry of the image.",
        [pod(IMAGE), external('{"auths": {"{{ .registry }}": {"auth": "{{ .auth }}"}}}')],
        "A template that puts in the registry, too: which one is not known.",
    ),
    "PS601": Example(
        [BY_ROBOT, robot(), providers("quay.io/*")],
        [BY_ROBOT, robot(), providers("quay.io/")],
        "The path of the pattern is a plain prefix.",
        [BY_ROBOT, robot(), providers("quay.io/acme", "*.example.com")],
        "Globs in the host, where they work.",
    ),
    "PS602": Example(
        [BY_ROBOT, robot(), _two(providers("quay.io"), providers("quay.io/acme", name="other"))],
        [BY_ROBOT, robot(), providers("quay.io")],
        "One provider is left.",
        [BY_ROBOT, robot(), _two(providers("quay.io/acme"), providers("quay.io", name="other"))],
        "The second provider has images of its own.",
    ),
    "PS603": Example(
        [pod(EXAMPLE_REGISTRY, secrets=()), providers("registry.example.com")],
        [pod(EXAMPLE_REGISTRY, secrets=()), providers("registry.example.com:5000")],
        "The pattern names the port.",
        [pod(IMAGE, secrets=()), providers("quay.io/acme", "registry.example.com")],
        "A pattern for other images.",
    ),
    "PS605": Example(
        [BY_ROBOT, robot(), providers("quay.io", timeout="1m")],
        [BY_ROBOT, robot(), providers("quay.io")],
        "The unknown field is removed.",
        [BY_ROBOT, robot(), providers("quay.io", args=["--verbose"])],
        "Fields that every version knows.",
        "1.31",
    ),
    "PS606": Example(
        [BY_ROBOT, robot(), providers("quay.io", tokenAttributes=TOKEN)],
        [BY_ROBOT, robot(), *MAY_HAVE_TOKENS, providers("quay.io", tokenAttributes=TOKEN)],
        "A rule allows it, and is bound to the nodes.",
        [BY_ROBOT, robot(), providers("quay.io")],
        "A provider that asks for no token.",
    ),
    "PS607": Example(
        [BY_ROBOT, robot(), *MAY_HAVE_TOKENS, providers("quay.io", tokenAttributes=ROLE_REQUIRED)],
        [
            BY_ROBOT,
            robot(**{ROLE_KEY: "reader"}),
            *MAY_HAVE_TOKENS,
            providers("quay.io", tokenAttributes=ROLE_REQUIRED),
        ],
        "The service account has the annotation.",
        [
            pod("nginx:1.27", secrets=(), serviceAccountName="robot"),
            robot(),
            *MAY_HAVE_TOKENS,
            providers("quay.io", tokenAttributes=ROLE_REQUIRED),
        ],
        "A service account whose pods have no image of the provider's.",
    ),
    "PS608": Example(
        [BY_ROBOT, robot(), providers("quay.io", defaultCacheDuration="0s")],
        [BY_ROBOT, robot(), providers("quay.io", defaultCacheDuration="1h")],
        "An answer is kept for an hour.",
        [BY_ROBOT, robot(), providers("quay.io", defaultCacheDuration="1s")],
        "A short time, which may be meant.",
    ),
    "PS609": Example(
        [pod(ACR, secrets=()), providers("*.azurecr.io", name="acr-credential-provider")],
        [pod(ACR, secrets=()), providers("*.azurecr.*", name="acr-credential-provider")],
        "The pattern is for all hosts that the program knows.",
        [pod(ACR, secrets=()), providers("*.azurecr.io")],
        "A program that nothing is known of.",
    ),
    "PS610": Example(
        [BY_ROBOT, robot(), providers("quay.io"), answer("quay.io", "registry")],
        [BY_ROBOT, robot(), providers("quay.io"), answer("quay.io")],
        "The type of the key has a capital letter.",
        [BY_ROBOT, robot(), providers("quay.io"), answer("quay.io", "Global")],
        "Another type that the kubelet knows.",
    ),
    "PS611": Example(
        [BY_ROBOT, robot(), providers("quay.io"), answer("registry.example.com")],
        [BY_ROBOT, robot(), providers("quay.io"), answer("quay.io")],
        "The entry matches the image.",
        [BY_ROBOT, robot(), providers("quay.io"), answer("*.io")],
        "An entry with a glob that matches the image.",
    ),
    "PS612": Example(
        [BY_ROBOT, robot(), providers("registry.example.com")],
        [BY_ROBOT, robot(), providers("registry.example.com", "quay.io")],
        "The provider has a pattern for the image.",
        [pod("nginx:1.27", secrets=()), providers("registry.example.com")],
        "An official image of Docker Hub, which is public.",
    ),
    "PS701": Example(
        [*GOOD, kubelet("NeverVerifyAllowlistedImages", "quay.io/acme/api")],
        [*GOOD, kubelet("NeverVerifyAllowlistedImages", "quay.io/acme/*")],
        "The entry ends in `/*`.",
        [*GOOD, kubelet("NeverVerifyAllowlistedImages", "registry.example.com/*")],
        "An entry that matches other images.",
        "1.35",
    ),
    "PS702": Example(
        [with_policy("Never"), kubelet("AlwaysVerify")],
        [with_policy("IfNotPresent"), kubelet("AlwaysVerify")],
        "The registry is asked if the pod has no record.",
        [with_policy("Never"), kubelet("NeverVerify")],
        "A kubelet that verifies nothing.",
    ),
    "PS703": Example(
        [pod("nginx:1.27"), regcred("https://index.docker.io/v1/"), kubelet()],
        [pod("nginx:1.27", secrets=()), kubelet()],
        "The public image is pulled without the secret.",
        [*GOOD, kubelet()],
        "An image that nobody is known to have without a secret.",
    ),
    "PS704": Example(
        [*GOOD, kubelet("NeverVerifyPreloadedImages", "quay.io/acme/*")],
        [*GOOD, kubelet("NeverVerifyAllowlistedImages", "quay.io/acme/*")],
        "The policy is the one that takes a list.",
        [*GOOD, kubelet("NeverVerifyPreloadedImages")],
        "A policy that needs no list.",
    ),
}


def as_yaml(manifests: Manifests) -> str:
    """The manifests as a file, documents as people write them: several lines in literal style."""
    import yaml

    class Dumper(yaml.SafeDumper):
        pass

    def text(dumper: Any, value: str) -> Any:
        style = "|" if "\n" in value or value.startswith("{") else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Dumper.add_representer(str, text)
    return "---\n".join(
        yaml.dump(each, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=100)
        for each in manifests
    )


@contextmanager
def _within(folder: str) -> Iterator[None]:
    left = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(left)


# What is no manifest is given by an option of its own, in a file of its own.
_OPTIONS: Final = {
    "providers.yaml": "--provider-config",
    "answers.yaml": "--provider-answers",
    "kubelet.yaml": "--kubelet-config",
}
_CONFIGS: Final = {
    "CredentialProviderConfig": "providers.yaml",
    "KubeletConfiguration": "kubelet.yaml",
    None: "answers.yaml",
}


def files(manifests: Manifests, name: str) -> dict[str, str]:
    """The text of each file that an example has; `name` is that of the manifests."""
    parts: dict[str, Manifests] = {}
    for each in manifests:
        parts.setdefault(_CONFIGS.get(each.get("kind"), name), []).append(each)
    return {file: f"# file: {file}\n{as_yaml(part)}" for file, part in parts.items()}


def command(manifests: Manifests, name: str, example: Example) -> list[str]:
    """The arguments with which `pullsecrets` checks an example."""
    options = ["--kubernetes", example.kubernetes] if example.kubernetes else []
    options += ["--at", example.at] if example.at else []
    options += ["--within", f"{example.days}d"] if example.days else []
    for file in files(manifests, name):
        options += [_OPTIONS[file], file] if file in _OPTIONS else []
    return ["check", "--fail-on", "note", name, *options]


def cluster(manifests: Manifests, kubernetes: str | None = None) -> Cluster:
    """An example as a cluster."""
    configs: dict[str | None, Any] = {
        each.get("kind"): each for each in manifests if each.get("kind") in _CONFIGS
    }
    config, answers = configs.get("CredentialProviderConfig"), configs.get(None, {})
    kubelet_config = configs.get("KubeletConfiguration")
    node = Node(
        kubernetes,
        providers=config and Providers.from_config(config, kubernetes=kubernetes),
        answers={
            name: ProviderAnswer.from_stdout(json.dumps(each)) for name, each in answers.items()
        },
        verification=kubelet_config
        and Verification.from_kubelet_config(kubelet_config, Release.parse(kubernetes)),
    )
    objects = [each for each in manifests if each.get("kind") not in _CONFIGS]
    return Cluster.from_manifests(objects, node=node)


def diagnoses(manifests: Manifests, example: Example, ignore: tuple[str, ...] = ()) -> Diagnoses:
    """What is found in manifests of an example."""
    at = None
    if example.at is not None:
        at = datetime.fromisoformat(example.at).replace(tzinfo=UTC)
    within = timedelta(days=example.days)
    return check(cluster(manifests, example.kubernetes), ignore=ignore, at=at, within=within)


def _output(manifests: Manifests, name: str, example: Example) -> str:
    """What `pullsecrets check` prints about them."""
    from click.testing import CliRunner

    from pullsecrets.cli import cli

    with tempfile.TemporaryDirectory() as folder, _within(folder):
        for file, text in files(manifests, name).items():
            Path(file).write_text(text, "utf-8")
        return CliRunner().invoke(cli, command(manifests, name, example)).output


def _blocks(manifests: Manifests, name: str) -> str:
    return "\n".join(f"```yaml\n{text}```\n" for text in files(manifests, name).values())


def _linked(text: str) -> str:
    """The numbers of rules and facts become links to their pages."""

    def link(match: re.Match[str]) -> str:
        if match[2].isdecimal():
            return f"[{match[0]}](#rule-{match[2]})"
        numbers = re.sub(r"\d+", lambda m: f"[{m[0]}](#rule-{m[0]})", match[2])
        return match[1] + numbers

    text = re.sub(r"\b([A-E])(\d+)\b(?=[^()]*\))", _fact, text)
    return re.sub(r"(rules? )(\d+(?:(?:, | and | to )\d+)*)", link, text)


def _fact(match: re.Match[str]) -> str:
    return f"[{match[0]}](#facts-{match[1].lower()})"


def page(kind: Kind) -> str:
    """The page of a code, in Markdown."""
    example = EXAMPLES[kind.code]
    before, after = (
        " ".join(command(manifests, name, example))
        for manifests, name in ((example.before, "before.yaml"), (example.after, "after.yaml"))
    )
    return f"""(diagnosis-{kind.code.lower()})=
# {kind.code} {kind.name}

**{kind.severity.capitalize()}.** {kind.title}

## Why

{_linked(kind.why)}

## What to do

{kind.advice}

## Before

{_blocks(example.before, "before.yaml")}
```console
$ pullsecrets {before}
{_output(example.before, "before.yaml", example)}```

## After

{example.fix}

{_blocks(example.after, "after.yaml")}
```console
$ pullsecrets {after}
{_output(example.after, "after.yaml", example)}$ echo $?
0
```

## Not reported

{example.difference}

## To ignore it

`pullsecrets check --ignore {kind.code}`{_by_annotation(kind.code)}. See
[ignore a code](#ignore-a-code).
"""


def _by_annotation(code: str) -> str:
    [found] = diagnoses(EXAMPLES[code].before, EXAMPLES[code])
    # The configuration of a node is no object, and has no annotations.
    named = (
        f", or for one object the annotation\n`pullsecrets/ignore: {code}` or the comment "
        f"`# pullsecrets: ignore[{code}]`"
    )
    return named if found.where.name else ""


GROUPS: Final = {
    "1": "Which secrets a pod has",
    "2": "The secret as a whole",
    "3": "Entries and their keys",
    "4": "Credentials",
    "5": "A pull",
    "6": "The nodes' credential providers",
    "7": "Images that are on a node",
}

# Situations from reports of users that manifests cannot show, and what does show them.
OUTSIDE: Final = [
    (
        "A credential has expired or was revoked, and breaks the pull even of a public image.",
        (
            "It looks like any other, unless it is a token that says when it ends "
            "([PS408](ps408.md)) or is known to be short-lived ([PS405](ps405.md)). "
            "`pullsecrets probe` asks the registry."
        ),
    ),
    (
        "The node's own docker config is not found, or another file counts.",
        (
            "It is a file on the node: the first valid one of the search path is used, and nothing "
            "is merged ([rule 15](#rule-15)). `--node-config FILE` makes it part of the answer."
        ),
    ),
    (
        "A credential provider on the node answers, or does not.",
        (
            "It is a program on the node. What its configuration shows is reported with "
            "`--provider-config FILE`, and what is wrong with a recorded answer with "
            "`--provider-answers FILE`."
        ),
    ),
    (
        "A private image starts without a secret, because it is on the node already.",
        (
            "The pull policy allows it ([rule 17](#rule-17)). What a node has is in its "
            "`status.images`."
        ),
    ),
    (
        "A pull through a mirror is refused.",
        (
            "Mirrors are set in the container runtime. Credentials are chosen by the image's name, "
            "not by the mirror's."
        ),
    ),
    (
        "The manifest of a static pod lists secrets.",
        (
            "On disk it looks like any pod. Its mirror in the cluster has an annotation, and is "
            "reported ([PS109](ps109.md))."
        ),
    ),
]


def index() -> str:
    """The page with the whole catalogue."""
    parts = [
        """# Diagnoses

What `pullsecrets check` finds. The codes are stable. An **error** makes a pull fail, or leaves a
credential unused. A **warning** is most likely not what was meant. A **note** is worth knowing.
Each page has manifests before and after the fix. They are run when the documentation is built.
"""
    ]
    for digit, title in GROUPS.items():
        rows = "\n".join(
            f"| [{kind.code}]({kind.code.lower()}.md) | {kind.severity} | {kind.title} |"
            for kind in CATALOGUE.values()
            if kind.code[2] == digit
        )
        parts.append(f"## {title}\n\n| code | severity | what is wrong |\n|---|---|---|\n{rows}\n")
    pages = "\n".join(code.lower() for code in CATALOGUE)
    outside = "\n".join(f"**{what}**\n: {why}\n" for what, why in OUTSIDE)
    parts.append(f"## What manifests cannot show\n\n{outside}")
    parts.append(f"```{{toctree}}\n:hidden:\n\n{pages}\n```\n")
    return "\n".join(parts)


def pages() -> dict[str, str]:
    """The text of each page by its file's name."""
    return {
        "index.md": index(),
        **{f"{kind.code.lower()}.md": page(kind) for kind in CATALOGUE.values()},
    }


if __name__ == "__main__":
    PAGES.mkdir(exist_ok=True)
    for name, text in pages().items():
        (PAGES / name).write_text(text, encoding="utf-8")
