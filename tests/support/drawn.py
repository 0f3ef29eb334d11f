"""Clusters drawn by hypothesis, as manifests, with passwords that must not show anywhere."""

# ruff: noqa: E501 - tables of samples

from __future__ import annotations

import base64
import json
import re

from hypothesis import strategies as st

from pullsecrets.secrecy import EntryText

CANARY = "cAnArY-1f3e9"
CANARIES = (
    CANARY,
    base64.b64encode(CANARY.encode()).decode()[:-4],
    base64.b64encode(f"user:{CANARY}".encode()).decode()[8:-4],
)


def b64(text):
    return base64.b64encode(text.encode()).decode()


ENTRIES = [
    "quay.io", "https://quay.io", "quay.io/acme", "quay.io/acme/", "quay.io/amce/", "quay.io/acme/*",
    "quay.io/acme/api:1", "quay.io/Acme", "quay.io/v2", "https://quay.io/v2/", " quay.io", "oci://quay.io",
    "registry.example.com", "registry.example.com:5000", "registry.exmaple.com:5000", "example.com:5000",
    "*.example.com:5000", "*example.com", "*.io", "*", "registry.example.com:*", "a.b.example.com",
    "https://index.docker.io/v1/", "index.docker.io/v1", "docker.io", "registry-1.docker.io", "*.docker.io",
    "docker.io/api", "localhost:5000", "localhost", "", "/", "#", "%zz", "[::1]:5000", "[x", "quay.io/%25zz",
    f"https://user/{CANARY}@quay.io", f"http://user/{CANARY}@quay.io", f"us.er/{CANARY}@sha256:12",
    f"https://user:{CANARY}@quay.io", f"user:{CANARY}@registry.example.com:5000/acme", "QUAY.io",
    "my_reg.example.com", "<b>&\"'", "\x1b[31mred", "harbor.example.com",
    "1.dkr.ecr.eu-west-1.amazonaws.com",
]  # fmt: skip
IMAGES = [
    "nginx", "acme/api:1", "docker.io/acme/api", "localhost/app", "quay.io/acme/api:1.0", "quay.io/acme-labs/x",
    "quay.io/team/x@sha256:" + "0" * 64, "registry.example.com:5000/acme/api", "registry.example.com/acme/api",
    "a.b.example.com/x", "eu.registry.example.com:5000/y", "my_reg.example.com/a", "[::1]:5000/a", "UPPER/x",
    "", " nginx", "<script>alert(1)</script>", "quay.io/ACME/api", "[:::]:5000/a", "harbor.example.com/x/y",
    "1.dkr.ecr.eu-west-1.amazonaws.com/x",
]  # fmt: skip
USERS = [
    "", "user", " user", "AWS", "robot", "robot+ci", "00000000-0000-0000-0000-000000000000", "<user>", "${USER}",
    "oauth2accesstoken", "gitlab-ci-token", "<i>u</i>", "\x1b[0m",
]  # fmt: skip
PASSWORDS = ["", CANARY, f"{CANARY}\n", f" {CANARY}", "<token>", f"ghs_{CANARY}", b64(CANARY)]

credentials = st.one_of(
    st.fixed_dictionaries(
        {},
        optional={
            "username": st.sampled_from(USERS),
            "password": st.sampled_from(PASSWORDS),
            "identitytoken": st.just(CANARY),
            "auth": st.sampled_from(
                ["", b64(f"user:{CANARY}"), CANARY, f"user:{CANARY}", b64(CANARY), b64("AWS:" + b64(CANARY))]
            ),
        },
    ),
    st.fixed_dictionaries({"username": st.just("user"), "password": st.just(CANARY)}),
)  # fmt: skip
entries = st.sampled_from(ENTRIES) | st.text(max_size=8)
auths = st.dictionaries(entries, credentials, max_size=4)
documents = st.one_of(
    st.fixed_dictionaries(
        {"auths": auths},
        optional={"credsStore": st.just("desktop"), "credHelpers": st.just({"gcr.io": "gcloud"})},
    ).map(json.dumps),
    auths.map(json.dumps),
    auths.map(lambda a: b64(json.dumps({"auths": a}))),
    st.sampled_from(["", "{", "[]", "null", '{"auths": 1}', CANARY, b64(CANARY)]),
)
names = st.sampled_from(["a", "b", "c", "d<b>", "e'f"])
namespaces = st.sampled_from(["default", "shop"])
ignores = st.sampled_from([None, None, None, "PS102", "PS110, PS303"])


@st.composite
def metadatas(draw, stored=False):
    metadata = {"name": draw(names), "namespace": draw(namespaces)}
    annotations = {}
    ignore = draw(ignores)
    if ignore is not None:
        annotations["pullsecrets/ignore"] = ignore
    if stored and draw(st.integers(0, 5)) == 0:
        annotations["kubernetes.io/config.mirror"] = "x"
    if annotations:
        metadata["annotations"] = annotations
    if stored and draw(st.integers(0, 4)) == 0:
        metadata["uid"] = "1"
    return metadata


def references(draw):
    return [
        {"name": name} if name else {} for name in draw(st.lists(names | st.just(""), max_size=3))
    ]


@st.composite
def secrets(draw):
    kind = draw(
        st.sampled_from(
            ["kubernetes.io/dockerconfigjson"] * 5 + ["kubernetes.io/dockercfg", "Opaque"]
        )
    )
    key = ".dockercfg" if kind.endswith("cfg") else ".dockerconfigjson"
    key = draw(st.sampled_from([key, key, key, key, ".dockercfg", "other"]))
    document = draw(documents)
    plain = draw(st.booleans())
    return {
        "kind": "Secret",
        "metadata": draw(metadatas()),
        "type": kind,
        "stringData" if plain else "data": {key: document if plain else b64(document)},
    }


@st.composite
def accounts(draw):
    metadata = draw(metadatas())
    metadata["name"] = draw(st.sampled_from(["default", "robot"]))
    return {
        "kind": "ServiceAccount",
        "metadata": metadata,
        "imagePullSecrets": references(draw),
    }


@st.composite
def pods(draw):
    images = draw(st.lists(st.sampled_from(IMAGES), min_size=1, max_size=3))
    spec = {
        "containers": [{"name": f"c{at}", "image": each} for at, each in enumerate(images)],
        "serviceAccountName": draw(st.sampled_from(["default", "robot"])),
    }
    if draw(st.booleans()):
        spec["imagePullSecrets"] = references(draw)
    if draw(st.integers(0, 3)) == 0:
        spec["initContainers"] = [{"name": "i", "image": draw(st.sampled_from(IMAGES))}]
        spec["ephemeralContainers"] = [{"name": "e", "image": draw(st.sampled_from(IMAGES))}]
        spec["volumes"] = [
            {"name": "plain"},
            {"name": "model", "image": {"reference": draw(st.sampled_from(IMAGES))}},
        ]
    if draw(st.booleans()):
        return {"kind": "Pod", "metadata": draw(metadatas(stored=True)), "spec": spec}
    return {
        "kind": "CronJob",
        "metadata": draw(metadatas()),
        "spec": {"jobTemplate": {"spec": {"template": {"spec": spec}}}},
    }


clusters = st.lists(secrets() | secrets() | pods() | accounts(), max_size=8)
nodes = st.none() | auths.map(
    lambda found: {name: value for name, value in found.items() if "auth" not in value}
)

STEP = re.compile(r"\.?([A-Za-z]\w*)|\[(\d+)\]|\['((?:[^'])*)'\]")


def at(manifest, where):
    """What stands at the place in a manifest; raises LookupError where nothing does."""
    assert manifest["kind"] == where.kind
    assert manifest["metadata"]["name"] == where.name
    assert manifest["metadata"].get("namespace", "default") == where.namespace
    value = manifest
    field = where.field
    if field.startswith("data["):
        key = field[len("data['") : -len("']")]
        text = (
            manifest["stringData"][key]
            if key in manifest.get("stringData", {})
            else base64.b64decode(manifest["data"][key]).decode()
        )
        if where.entry is None:
            return text
        document = json.loads(text)
        found = document.get("auths", document) if key == ".dockerconfigjson" else document
        [entry] = [name for name in found if str(EntryText(name)) == where.entry][:1]
        return found[entry]
    consumed = 0
    for step in STEP.finditer(field):
        assert step.start() == consumed
        consumed = step.end()
        name, index, key = step.groups()
        if name is not None:
            value = value[name]
        elif index is not None:
            value = value[int(index)]
        else:
            [value] = [item for item in value if item["name"] == key]
    assert consumed == len(field)
    return value
