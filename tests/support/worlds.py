"""Strategies: manifests in which entries and images meet often, in every way the rules know."""

from __future__ import annotations

import base64
import json

from hypothesis import strategies as st

HOSTS = [
    "quay.io", "quay.io:443", "docker.io", "index.docker.io", "registry-1.docker.io", "localhost",
    "localhost:5000", "r.example.com", "R.example.com", "my_reg.example.com", "[::1]", "[::1]:5000",
    "UP", "1.2.3.4", "a",
]  # fmt: skip
PATHS = ["a", "a/b", "ab", "a/b/c", "library/nginx", "v1/a", "v2/v2/a", "team-x/app", "nginx"]
SUFFIXES = ["", "", ":1.27", ":latest", "@sha256:" + "0" * 64, ":x@sha512:" + "f" * 128]
BAD_IMAGES = [
    "", "Nginx", "quay.io/A", "https://quay.io/a", "f" * 64, "nginx\n", " a", "a b", "quay.io/",
    "a@sha256:00", "a@md5:" + "0" * 32, "a:" + "t" * 129, "p" * 256, "my_reg.example.com:5000/a",
    "quay.io//a", "a/-b", "é", "[::1]:x/a", "a@sha256:" + "A" * 64,
]  # fmt: skip

# What the images and the entries of one test case are made of: few, so that they meet.
ANYTHING = (HOSTS, PATHS)
pools = st.tuples(
    st.lists(st.sampled_from(HOSTS), min_size=1, max_size=2),
    st.lists(st.sampled_from(PATHS), min_size=1, max_size=2),
)


def images(pool=ANYTHING):
    hosts, paths = pool
    prefixes = [*(f"{host}/" for host in hosts), *(f"{host}/" for host in hosts), ""]
    named = st.tuples(
        st.sampled_from(prefixes), st.sampled_from(paths), st.sampled_from(SUFFIXES)
    ).map("".join)
    # Not one_of: of its branches hypothesis would take the odd one as often as the usual one.
    odd = st.sampled_from(["nginx", "a/b", *BAD_IMAGES])
    return st.sampled_from([named] * 19 + [odd]).flatmap(lambda strategy: strategy)


@st.composite
def globbed(draw, host):
    """The host with a part of one of its labels given to a star."""
    name, colon, port = host.partition(":") if host[0] != "[" else (host, "", "")
    labels = name.split(".")
    at = draw(st.integers(0, len(labels) - 1))
    start = draw(st.integers(0, len(labels[at])))
    end = draw(st.integers(start, len(labels[at])))
    labels[at] = labels[at][:start] + "*" + labels[at][end:]
    return ".".join(labels) + colon + port


def escaped(text):
    return st.integers(0, max(len(text) - 1, 0)).map(
        lambda at: text[:at] + "".join(f"%{ord(c):02x}" for c in text[at : at + 1]) + text[at + 1 :]
    )


@st.composite
def entries(draw, pool=ANYTHING):
    hosts, paths = pool
    host = draw(st.sampled_from([*hosts * 4, "index.docker.io", draw(st.sampled_from(HOSTS))]))
    if host[0] != "[" and draw(st.integers(0, 3)) == 3:
        host = draw(globbed(host))
    path = draw(st.sampled_from(["", "", "", "/", *(f"/{p}" for p in paths)]))
    if path and draw(st.integers(0, 2)) == 2:
        path = path[: draw(st.integers(1, len(path)))]
    if path and draw(st.integers(0, 5)) == 5:
        path = draw(escaped(path))
        if draw(st.booleans()):
            path = path.replace("%", "%25")
    if draw(st.integers(0, 15)) == 15:
        host = draw(escaped(host))  # mostly refused
    scheme = draw(
        st.sampled_from(
            ["", "", "", "", "https://", "https://", "http://", "http://", "HTTPS://", "//"]
        )
    )
    user = draw(st.sampled_from([*[""] * 12, "u@", "u:pw@", "u%20x:@", "a b@"]))
    version = draw(st.sampled_from([*[""] * 20, "/v1", "/v2", "/v1/v2"]))
    tail = draw(st.sampled_from([*[""] * 16, "/", "?q", "#f", "%zz", "/%7f", " ", "\n"]))
    return scheme + user + host + version + path + tail


def b64(text):
    return base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()


@st.composite
def credentials(draw):
    """The members of an entry's value, as pairs; sometimes not what it should be."""
    number = draw(st.integers(0, 5))
    user, password = f"user{number}", f"pass{draw(st.integers(0, 1))}"
    auth = b64(f"{user}:{password}:x" if number == 5 else f"{user}:{password}")
    shape = draw(st.integers(0, 11))
    if shape < 4:
        pairs = [("username", user), ("password", password)]
    elif shape < 8:
        broken = auth[:5] + "\n" + auth[5:] + "\r\n"
        pairs = [("auth", draw(st.sampled_from([auth, auth, auth.rstrip("="), broken])))]
    elif shape == 8:
        pairs = [("username", "other"), ("auth", auth), ("identitytoken", "t"), ("email", "e@x")]
    elif shape == 9:
        pairs = [("USERNAME", "first"), ("Username", user), ("password", None), ("auth", "")]
    elif shape == 10:
        pairs = draw(
            st.sampled_from([[], None, [("email", "e@x")], [("Auth", auth), ("extra", 5)]])
        )
    else:
        pairs = [("username", user)]
    return pairs


BAD_CREDENTIALS = [
    [("auth", "!!")], [("auth", "YQ==")], [("auth", "dTpwC")],
    [("username", 5)], 5, "text", [["in a list"]], [("auth", "dTpw ")], [("auth", "=")],
    [("auth", [])], [("email", True)],
]  # fmt: skip


def dump(value):
    """JSON in which an object is a list of pairs, so that a name may stand twice."""
    if isinstance(value, list) and all(isinstance(item, tuple) for item in value):
        return "{" + ", ".join(f"{json.dumps(k)}: {dump(v)}" for k, v in value) + "}"
    return json.dumps(value)


@st.composite
def configs(draw, pool=ANYTHING, *, legacy=False, broken=True):
    """The text of a docker config."""
    auths = draw(st.lists(st.tuples(entries(pool), credentials()), min_size=1, max_size=4))
    flaw = draw(st.integers(0, 39)) if broken else 0
    if flaw == 39:
        auths.append((draw(entries(pool)), draw(st.sampled_from(BAD_CREDENTIALS))))
    if legacy:
        text = dump(auths)
    else:
        document = [("auths", auths)]
        extra = draw(st.integers(0, 11))
        if extra == 8:
            document = [("auths", None)]
        elif extra == 9:
            document += [("credsStore", "desktop"), ("HttpHeaders", [("A", "b")])]
        elif extra == 10:
            document += [("AUTHS", [(draw(entries(pool)), draw(credentials()))])]
        elif extra == 11:
            document += [("auths", None), ("Auths", auths[:1])]
        text = dump(document)
    if flaw in (37, 38):
        text = draw(st.sampled_from([text[:-1], text + "x", "[]", "5", '"x"', "\ufeff" + text]))
    return text


DOCKERCONFIGJSON, DOCKERCFG = "kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg"
SECRET_NAMES = ["s0", "s1", "s2"]
NAMESPACES = [None, None, None, "default", "other"]


def metadata(name, namespace):
    return {"name": name} if namespace is None else {"name": name, "namespace": namespace}


@st.composite
def secrets(draw, pool, name):
    legacy = draw(st.integers(0, 3)) == 3
    kind = DOCKERCFG if legacy else DOCKERCONFIGJSON
    key = ".dockercfg" if legacy else ".dockerconfigjson"
    if draw(st.integers(0, 11)) == 11:
        kind = draw(st.sampled_from(["Opaque", DOCKERCONFIGJSON, DOCKERCFG, None]))
    text = draw(configs(pool, legacy=legacy))
    if draw(st.integers(0, 11)) == 11:
        text = ""
    secret = {"apiVersion": "v1", "kind": "Secret"}
    secret["metadata"] = metadata(name, draw(st.sampled_from(NAMESPACES)))
    if kind is not None:
        secret["type"] = kind
    where = draw(st.integers(0, 5))
    if where < 3:
        secret["data"] = {key: b64(text)}
    elif where < 5:
        secret["stringData"] = {key: text}
    else:
        secret["data"] = {key: b64(draw(configs(pool, legacy=legacy))), "other": None}
        secret["stringData"] = {key: text}
    return secret


references = st.lists(
    st.sampled_from([*SECRET_NAMES * 3, "gone", ""]).map(
        lambda name: {"name": name} if name else {}
    ),
    min_size=1,
    max_size=4,
)


@st.composite
def service_accounts(draw):
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": metadata(
            draw(st.sampled_from(["default", "build"])), draw(st.sampled_from(NAMESPACES))
        ),
        "imagePullSecrets": draw(
            st.sampled_from([references] * 4 + [st.none(), st.just([])]).flatmap(lambda s: s)
        ),
    }


@st.composite
def pods(draw, pool):
    kind = draw(st.sampled_from([*["Pod"] * 6, *TEMPLATE_FIELDS]))
    spec = {"containers": [], "volumes": [{"name": "no-image", "emptyDir": {}}]}
    for number, image in enumerate(draw(st.lists(images(pool), min_size=1, max_size=4))):
        others = ["initContainers", "ephemeralContainers", "volumes"]
        # A workload without containers is a patch of kustomize's to a reader: it says no more.
        whole = kind == "Pod" or number > 0
        field = draw(st.sampled_from(["containers"] * 3 + others)) if whole else "containers"
        name = f"c{number}"
        if field == "volumes":
            spec["volumes"].append({"name": name, "image": {"reference": image}})
        else:
            spec.setdefault(field, []).append({"name": name, "image": image})
    own = draw(st.sampled_from([references] * 5 + [st.none(), st.just([])]).flatmap(lambda s: s))
    if own is not None:
        spec["imagePullSecrets"] = own
    account = draw(st.sampled_from([None, None, "default", "build", "nobody"]))
    if account is not None:
        spec["serviceAccountName"] = account
    meta = metadata(draw(st.sampled_from(["p0", "p1", "p2"])), draw(st.sampled_from(NAMESPACES)))
    if draw(st.integers(0, 7)) == 7:
        meta["generateName"] = meta.pop("name") + "-"
    mark = draw(st.integers(0, 11))
    if mark == 9:
        meta["uid"] = "6e0f4a5c"
    elif mark == 10:
        meta["creationTimestamp"] = draw(st.sampled_from([None, "2024-05-01T10:00:00Z"]))
    elif mark == 11:
        meta["annotations"] = {"kubernetes.io/config.mirror": "x"}
        meta["uid"] = "6e0f4a5c"
    manifest = {"spec": spec}
    for field in reversed(TEMPLATE_FIELDS.get(kind, ())):
        manifest = {field: manifest}
    return {"apiVersion": GROUPS.get(kind, "v1"), "kind": kind, "metadata": meta, **manifest}


TEMPLATE_FIELDS = {
    **dict.fromkeys(
        ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "ReplicationController", "Job"),
        ("spec", "template"),
    ),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    "PodTemplate": ("template",),
}  # fmt: skip
GROUPS = {
    **dict.fromkeys(("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"), "apps/v1"),
    **dict.fromkeys(("Job", "CronJob"), "batch/v1"),
}
PASSED_OVER = [
    {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s0"}},
    {"apiVersion": "x.example.com/v1", "kind": "AllowList", "items": 5},
]


@st.composite
def worlds(draw):
    """Manifests, in any order, some of them in lists."""
    pool = draw(pools)
    found = draw(st.lists(pods(pool), min_size=1, max_size=3))
    found += [draw(secrets(pool, name)) for name in SECRET_NAMES]
    found += draw(
        st.lists(st.sampled_from(SECRET_NAMES).flatmap(lambda n: secrets(pool, n)), max_size=2)
    )
    found += draw(st.lists(service_accounts(), max_size=2))
    found += draw(st.sampled_from([[], [], PASSED_OVER]))
    found = draw(st.permutations(found))
    listed = draw(st.sampled_from([None, None, None, "List", "Secret", "Pod"]))
    if listed == "List":
        at = draw(st.integers(0, len(found)))
        inner = {"apiVersion": "v1", "kind": "List", "items": list(found[:at])}
        found = [inner, *found[at:]]
    elif listed is not None:
        bare = [
            {k: v for k, v in m.items() if k not in ("kind", "apiVersion")}
            for m in found
            if m["kind"] == listed
        ]
        found = [m for m in found if m["kind"] != listed]
        found.append({"apiVersion": "v1", "kind": f"{listed}List", "items": bare})
    return list(found)
