"""`pullsecrets resolve`: every field of its answer, its options, its exit statuses."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given

from pullsecrets import __file__ as package
from pullsecrets.cli import cli
from pullsecrets.notes import Note, NoteCode
from pullsecrets.secrecy import ImageText
from support import plain_rules, worlds
from support.command_line import run
from support.effort import examples

EXAMPLES = Path(__file__).parents[2] / "examples"
TYPE = "kubernetes.io/dockerconfigjson"


def pod(name="p", *secrets, image="quay.io/a", namespace=None, kind="Pod"):
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    spec = {
        "containers": [{"name": "c", "image": image}],
        "imagePullSecrets": [{"name": secret} for secret in secrets],
    }
    if kind != "Pod":
        spec = {"template": {"spec": spec}}
    return {"kind": kind, "metadata": metadata, "spec": spec}


def secret(name, auths, namespace=None):
    text = auths if isinstance(auths, str) else json.dumps({"auths": auths})
    return {
        "kind": "Secret",
        "metadata": {"name": name, **({"namespace": namespace} if namespace else {})},
        "type": TYPE,
        "data": {".dockerconfigjson": base64.b64encode(text.encode()).decode()},
    }


USER = {"username": "u", "password": "pw"}


@pytest.fixture
def write(tmp_path):
    def write(*manifests, name="a.yaml", text=""):
        file = tmp_path / name
        file.write_text(yaml.safe_dump_all(manifests) + text, "utf-8")
        return file

    return write


# --- The JSON document -----------------------------------------------------------------------


def test_every_field(write):
    manifest = pod("app", "one", "gone", "two", namespace="ns")
    manifest["spec"]["initContainers"] = [{"name": "i", "image": "nginx:1.27"}]
    manifest["spec"]["ephemeralContainers"] = [{"name": "e", "image": "Bad"}]
    manifest["spec"]["volumes"] = [{"name": "v", "image": {"reference": "ghcr.io/b/c:x"}}]
    file = write(
        manifest,
        secret(
            "one", {"quay.io": USER, "https://x:y@quay.io/v1/": {**USER, "username": "v"}}, "ns"
        ),
        secret("two", {"http://quay.io/a": {**USER, "username": "w"}, "ghcr.io/b": USER}, "ns"),
    )
    node = file.parent / "config.json"
    node.write_text('{"auths": {"*.io": {"auth": "bjpw"}}}')
    result = run("resolve", file, "--node-config", node, "--format", "json")

    def candidate(tier, name, entry, key, username):
        source = {"kind": "secret", "namespace": "ns", "name": name}
        if name is None:
            source = {"kind": "node", "namespace": None, "name": None}
        return {
            "tier": tier,
            "source": source,
            "entry": entry,
            "key": key,
            "username": username,
            "flaws": [],
            "expires": None,
        }

    def image(container, kind, written, name, *candidates, **more):
        return {
            "container": container,
            "kind": kind,
            "pull_policy": "Always",
            "relevance": "always",
            "looks_up_when_present": False,
            "image": written,
            "name": name,
            "anonymous": False,
            "failure": None,
            "deterministic": True,
            "candidates": list(candidates),
            "conditional": False,
            "unknown": [],
            "serving": [],
            "kubernetes": "1.37",
            **more,
        }

    refused = {"pull_policy": "IfNotPresent", "relevance": None}
    if_absent = {"pull_policy": "IfNotPresent", "relevance": "if-absent-or-verified"}
    failure = {
        "code": "invalid-image",
        "message": "'Bad' is not an image reference: the repository name must be lowercase",
        "namespace": None,
        "name": None,
        "entry": None,
        "image": "Bad",
        "position": None,
    }
    gone = {
        "code": "missing-secret",
        "message": str(Note(NoteCode.MISSING_SECRET, "ns", "gone")),
        "namespace": "ns",
        "name": "gone",
        "entry": None,
        "image": None,
        "position": 1,
    }
    assert result.json == {
        "version": 1,
        "problems": [],
        "pods": [
            {
                "namespace": "ns",
                "name": "app",
                "kind": "Pod",
                "admission": {
                    "origin": "pod",
                    "service_account": "default",
                    "pull_secrets": ["one", "gone", "two"],
                },
                "notes": [gone],  # nothing about an account: the pod has a list of its own
                "images": [
                    image(
                        "c",
                        "container",
                        "quay.io/a",
                        "quay.io/a",
                        candidate(0, "two", "http://quay.io/a", "quay.io/a", "w"),
                        candidate(1, "one", "quay.io", "quay.io", "u"),
                        candidate(1, "one", "https://********@quay.io/v1/", "quay.io", "v"),
                        candidate(2, None, "*.io", "*.io", "n"),
                        deterministic=False,
                    ),
                    image(
                        "i",
                        "init",
                        "nginx:1.27",
                        "docker.io/library/nginx",
                        candidate(0, None, "*.io", "*.io", "n"),
                        **if_absent,
                    ),
                    image("e", "ephemeral", "Bad", None, failure=failure, **refused),
                    image(
                        "v",
                        "volume",
                        "ghcr.io/b/c:x",
                        "ghcr.io/b/c",
                        candidate(0, "two", "ghcr.io/b", "ghcr.io/b", "u"),
                        candidate(1, None, "*.io", "*.io", "n"),
                        **if_absent,
                    ),
                ],
            }
        ],
    }
    assert (result.status, result.err) == (1, "")
    # The order of the members is part of what is printed, too.
    (printed,) = result.json["pods"]
    assert list(printed) == ["namespace", "name", "kind", "admission", "notes", "images"]
    assert list(printed["images"][0]) == [
        "container",
        "kind",
        "pull_policy",
        "relevance",
        "looks_up_when_present",
        "image",
        "name",
        "anonymous",
        "failure",
        "deterministic",
        "candidates",
        "conditional",
        "unknown",
        "serving",
        "kubernetes",
    ]
    assert list(printed["images"][0]["candidates"][0]) == [
        "tier",
        "source",
        "entry",
        "key",
        "username",
        "flaws",
        "expires",
    ]


def test_pods_that_are_alike_stay_apart(write):
    generated = pod()
    generated["metadata"] = {"generateName": "p-"}
    empty = {"kind": "Pod", "metadata": {"name": "empty"}}
    result = run("resolve", write(generated, generated, empty, generated), "--format", "json")
    assert [(p["name"], len(p["images"])) for p in result.json["pods"]] == [
        ("p-", 1),
        ("p-", 1),
        ("empty", 0),
        ("p-", 1),
    ]
    table = run("resolve", write(generated, empty, generated))
    assert "\nPod default/p- (2 pods)\n" in table.out
    assert table.status == 0


@pytest.mark.parametrize("form", ["table", "json"])
def test_nothing_to_say(write, form):
    result = run("resolve", write({"kind": "Service"}), "--format", form)
    assert result.status == 0
    if form == "json":
        assert result.json == {"version": 1, "problems": [], "pods": []}
        assert result.err == ""
    else:
        assert (result.out, result.err) == ("", "no pods and no workloads in the manifests\n")


@examples(40)
@given(worlds.worlds())
def test_drawn_manifests(tmp_path_factory, manifests):
    """The whole answer, as the plain reading of the rules has it."""
    file = tmp_path_factory.mktemp("world") / "a.json"
    file.write_text("\n".join(map(json.dumps, manifests)))
    result = run("resolve", file, "--format", "json")
    expected = plain_rules.resolve_world(manifests, "default", None)
    check(result, expected)


def check(result, expected):
    """The images of all pods, one after the other, against the plain answers."""
    assert result.status == any(plain["failure"] is not None for plain in expected)
    found = [(p, image) for p in result.json["pods"] for image in p["images"]]
    assert len(found) == len(expected)
    for (owner, image), plain in zip(found, expected, strict=True):
        assert (owner["kind"], owner["namespace"], owner["name"]) == plain["pod"]
        candidates = [
            {
                "tier": number,
                "source": {"kind": "secret", "namespace": owner["namespace"], "name": source},
                "key": key,
                "username": user,
            }
            for number, tier in enumerate(plain["tiers"])
            for source, _, key, user, _, _ in tier
        ]
        entries = [candidate.pop("entry") for candidate in image["candidates"]]
        for candidate in image["candidates"]:  # what the plain rules say nothing of
            del candidate["flaws"], candidate["expires"]
        spelled = [row[1] for tier in plain["tiers"] for row in tier]
        for entry, written in zip(entries, spelled, strict=True):
            assert entry == written or "@" in written or not written.isprintable()
        assert image["candidates"] == candidates
        for field in ("container", "kind", "name"):
            assert image[field] == plain[field]
        assert image["image"] == str(ImageText(plain["image"]))  # as it is safe to show
        assert (image["failure"] is None) is (plain["failure"] is None)
        assert image["anonymous"] is (plain["failure"] is None and not candidates)
        assert image["deterministic"] is all(
            len({row[3:5] for row in tier}) == 1 for tier in plain["tiers"]
        )
        assert len(owner["notes"]) == len(plain["warnings"])


# --- The examples ----------------------------------------------------------------------------


def manifests_under(folder):
    files = sorted(file for file in folder.rglob("*.yaml"))
    return [m for file in files for m in yaml.safe_load_all(file.read_text("utf-8")) if m]


@pytest.mark.parametrize(
    "folder",
    # The plain reading knows nothing of secrets that other programs make, nor of what is rendered.
    [
        p
        for p in sorted(EXAMPLES.glob("*/*"))
        if p.is_dir()
        and list(p.rglob("*.yaml"))
        and p.parent.name not in ("gitops", "environments")
    ],
    ids=lambda folder: f"{folder.parent.name}-{folder.name}",
)
def test_example_against_the_plain_rules(folder):
    expected = plain_rules.resolve_world(manifests_under(folder), "default", None)
    assert expected
    result = run("resolve", folder, "--format", "json")
    assert result.err == ""
    check(result, expected)


# Worked out by hand from the rules, line by line.
TABLES = {
    "good/two-registries": """\
Deployment two-registries/shop
  its own imagePullSecrets: quay, example-registry
    try  source            entry                      user
  api: quay.io/acme/shop-api:1.4.2
    1    quay              quay.io                    acme+shop
  web: registry.example.com:5000/shop/web:1.4.2
    1    example-registry  registry.example.com:5000  shop
  wait (init): alpine:3.20
    1    anonymous         no entry matches
""",
    # Rule 1: the list is that of the service account.
    "good/service-account": """\
CronJob service-account/report
  imagePullSecrets of service account reports: ghcr
    try  source  entry    user
  report: ghcr.io/acme/report:7
    1    ghcr    ghcr.io  acme-bot
  migrate (init): ghcr.io/acme/migrate:7
    1    ghcr    ghcr.io  acme-bot
""",
    # Rule 13: quay.io/team-a/ sorts behind quay.io, and the order is reversed.
    "good/overlapping": """\
Deployment overlapping/portal
  its own imagePullSecrets: quay-everything, quay-team-a
    try  source           entry            user
  portal: quay.io/team-a/portal:2.0
    1    quay-team-a      quay.io/team-a/  acme+team-a
    2    quay-everything  quay.io          acme+everything
  metrics: quay.io/team-b/metrics:0.9
    1    quay-everything  quay.io          acme+everything
""",
    # Rules 11 and 14: one name, and the entries with the key index.docker.io.
    "good/docker-hub": """\
Pod docker-hub/three-spellings
  its own imagePullSecrets: docker-hub
    try  source      entry                        user
  short: acmeshop/api:5
    1    docker-hub  https://index.docker.io/v1/  acmeshop
  long: docker.io/acmeshop/web:5
    1    docker-hub  https://index.docker.io/v1/  acmeshop
  old: index.docker.io/acmeshop/worker:5
    1    docker-hub  https://index.docker.io/v1/  acmeshop
""",
    # Rule 14: docker.io matches by itself, and shadows index.docker.io.
    "broken/docker-hub-keys": """\
Pod docker-hub-keys/three-keys
  its own imagePullSecrets: docker-login, by-domain, by-api-host
    try  source     entry      user
  api: acmeshop/api:5
    1    by-domain  docker.io  retired
""",
    # Rule 8: the other registry's secret takes all of them down.
    "broken/broken-secret": """\
Pod broken-secret/api
  its own imagePullSecrets: quay, old
  api: quay.io/acme/api:3
  secret broken-secret/old does not decode, so no pull of a pod that lists it gets any \
credential: \
auths['registry.example.com'].auth is not base64
""",
}


# How many images there are, and what becomes of how many.
SUMMARIES = {
    "good/docker-hub": """\
1 pod, 3 images
  3  credential  secret docker-hub/docker-hub""",
    "good/overlapping": """\
1 workload, 2 images
  1  credential  secret overlapping/quay-team-a
  1  credential  secret overlapping/quay-everything""",
    "good/service-account": """\
1 workload, 2 images
  2  credential  secret service-account/ghcr""",
    "good/two-registries": """\
1 workload, 3 images
  1  anonymous   no entry matches
  1  credential  secret two-registries/quay
  1  credential  secret two-registries/example-registry""",
    "broken/docker-hub-keys": """\
1 pod, 1 image
  1  credential  secret docker-hub-keys/by-domain""",
    "broken/broken-secret": """\
1 pod, 1 image
  1  failing  the lookup fails as a whole""",
}


@pytest.mark.parametrize("folder", TABLES)
def test_example_line_by_line(folder):
    result = run("resolve", EXAMPLES / folder)
    printed = "\n".join(line.rstrip() for line in result.out.splitlines()).rstrip() + "\n"
    summary, _, tables = printed.partition("\n\n")
    assert tables == TABLES[folder]
    assert summary == SUMMARIES[folder]
    assert result.err == ""
    assert result.status == (folder == "broken/broken-secret")


def test_several_pods_have_their_headings_once():
    out = run("resolve", EXAMPLES / "good").out
    assert out.count("  try  source ") == 1
    tables = out.split("\n\n", 1)[1]
    head, first = tables.split("\n", 1)
    assert head.split() == ["try", "source", "entry", "user"]
    assert first.startswith("Deployment two-registries/shop\n")
    # In all of them a column starts at the same place.
    rows = [line for line in tables.splitlines() if re.match(r"    (\d|try) ", line)]
    assert {line.index(word) for line in rows for word in re.findall(r"\S+  +(\S+)", line)[:1]} == {
        9
    }
    assert tables.count("\n\n") == 3


# --- The table -------------------------------------------------------------------------------


def test_the_table_says_whose_list_it_is(write):
    stored = pod("stored", "s")
    stored["metadata"]["uid"] = "6e0f"
    mirror = pod("mirror", "s")
    mirror["metadata"]["annotations"] = {"kubernetes.io/config.mirror": "x"}
    file = write(pod("own", "s", "t"), pod("none"), stored, mirror, secret("s", {}))
    out = run("resolve", file).out
    assert "  its own imagePullSecrets: s, t\n" in out
    assert "  imagePullSecrets of service account default: none\n" in out
    assert "  imagePullSecrets as stored in the cluster: s\n" in out
    assert "  a static pod: no imagePullSecrets\n" in out
    assert "  ! secret default/t is not among the manifests" in out
    assert "  ! service account default/default is not among the manifests" in out


def test_the_table_marks_an_order_that_is_not_defined(write):
    file = write(
        pod("p", "s", "t"),
        secret("s", {"quay.io/a": USER}),
        secret("t", {"quay.io": USER, "https://quay.io": {"username": "v", "password": "x"}}),
    )
    rows = [re.split("  +", line.strip()) for line in run("resolve", file).out.splitlines()]
    assert ["1", "s", "quay.io/a", "u"] in rows
    assert ["2-3 in any order", "t", "quay.io", "u"] in rows
    assert ["2-3 in any order", "t", "https://quay.io", "v"] in rows


def test_an_empty_column_and_an_empty_user(write):
    """Nothing is to be read out of a gap."""
    out = run("resolve", write(pod("p"))).out
    assert "    try  source     entry\n" in out
    file = write(pod("p", "s"), secret("s", {"quay.io": {"password": "x"}}))
    assert "    1    s       quay.io  (no user)" in run("resolve", file).out


def test_nothing_moves_the_cursor(write):
    bad = "a\x1b[31m\u202e\nb"
    file = write(
        pod(bad, bad, image=bad, namespace=bad),
        secret(bad, {"quay.io#\x1b": {"username": bad}}, bad),
        pod("q", "s"),
        secret("s", {"quay.io#\x1b": {"username": bad}}),
    )
    for form in ("table", "json"):
        result = run("resolve", file, "--format", form)
        assert not {"\x1b", "\u202e"} & set(result.out + result.err)
    assert "a\\x1b[31m\\u202e\\nb" in run("resolve", file).out


def test_lines_behind_a_pipe_are_not_folded(write):
    name = "x" * 400
    out = run("resolve", write(pod("p", name), secret(name, {"quay.io": USER}))).out
    assert any(name in line and "quay.io" in line for line in out.splitlines())


# --- Options ---------------------------------------------------------------------------------


@pytest.fixture
def several(write):
    return write(
        pod("a", "s"),
        pod("b", "s", namespace="ns"),
        pod("a", "s", kind="Deployment"),
        pod("a", "s", namespace="ns"),
        secret("s", {"quay.io": {"username": "default-user"}}),
        secret("s", {"quay.io": {"username": "ns-user"}}, "ns"),
    )


def titles(result):
    return [f"{p['kind']} {p['namespace']}/{p['name']}" for p in result.json["pods"]]


@pytest.mark.parametrize(
    "options, expected",
    [
        ((), ["Pod default/a", "Pod ns/b", "Deployment default/a", "Pod ns/a"]),
        (("--namespace", "default"), ["Pod default/a", "Deployment default/a"]),
        (("--pod", "b"), ["Pod ns/b"]),
        (("--pod", "a"), ["Pod default/a", "Deployment default/a", "Pod ns/a"]),
        (("--pod", "deployment/a"), ["Deployment default/a"]),
        (("--pod", "Pod/a", "--namespace", "default"), ["Pod default/a"]),
    ],
)
def test_choosing_pods(options, expected, several):
    result = run("resolve", several, "--format", "json", *options)
    assert titles(result) == expected
    assert result.status == 0


def test_namespace_is_also_that_of_objects_that_name_none(several):
    """As kubectl's option is."""
    file = several
    result = run("resolve", file, "--format", "json", "-n", "ns")
    # Both secrets are ns/s now, and so are both pods of the name a; the later ones win.
    assert titles(result) == ["Pod ns/a", "Pod ns/b", "Deployment ns/a"]
    assert "Secret ns/s is defined twice" in result.err
    assert "Pod ns/a is defined twice" in result.err
    assert result.status == 0
    users = {
        candidate["username"]
        for p in result.json["pods"]
        for image in p["images"]
        for candidate in image["candidates"]
    }
    assert users == {"ns-user"}


@pytest.mark.parametrize("option", [("--pod", "c"), ("--pod", "job/a"), ("--pod", "b", "-n", "x")])
def test_a_pod_that_is_not_there(option, several):
    result = run("resolve", several, *option)
    assert (result.status, result.out) == (2, "")
    assert f"no pod or workload '{option[1]}' in the manifests" in result.err
    assert "Traceback" not in result.err


def test_the_nodes_config(write):
    file = write(pod("p"))
    node = file.parent / "config.json"
    node.write_text('{"auths": {"quay.io": {"auth": "dTpw"}}}')
    result = run("resolve", file, "--node-config", node, "--format", "json")
    ((candidate,),) = [image["candidates"] for p in result.json["pods"] for image in p["images"]]
    assert candidate == {
        "tier": 0,
        "source": {"kind": "node", "namespace": None, "name": None},
        "entry": "quay.io",
        "key": "quay.io",
        "username": "u",
        "flaws": [],
        "expires": None,
    }
    assert "1    the node  quay.io  u" in run("resolve", file, "--node-config", node).out
    legacy = file.parent / ".dockercfg"
    legacy.write_text('{"quay.io": {"auth": "dTpw"}}')
    assert run("resolve", file, "--node-config", legacy, "--format", "json").json == result.json


def test_a_nodes_config_that_cannot_be_used(write, monkeypatch):
    file = write(pod("p"))
    node = file.parent / "config.json"
    for text, message in (("{", "not JSON"), ('{"auths": 5}', "auths is a number, not an object")):
        node.write_text(text)
        result = run("resolve", file, "--node-config", node)
        assert (result.status, result.out) == (2, "")
        assert f"{node}: {message}" in result.err
        assert "the kubelet skips such a file" in result.err
    for path in (file.parent / "nowhere", file.parent):
        assert run("resolve", file, "--node-config", path).status == 2

    def refuse(self):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    result = run("resolve", file, "--node-config", node)
    assert (result.status, result.out) == (2, "")
    assert f"{node} cannot be read: Permission denied" in result.err


def test_standard_input_and_folders(write):
    text = yaml.safe_dump(pod("in"))
    write({"apiVersion": "v1", **pod("b")}, name="b.yaml")
    folder = write({"apiVersion": "v1", **pod("a")}, name="a.json").parent
    result = run("resolve", "-", folder, "--format", "json", stdin=text.encode())
    assert titles(result) == ["Pod default/in", "Pod default/a", "Pod default/b"]


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("resolve",),
        ("nothing",),
        ("resolve", "a.yaml", "--format", "xml"),
        ("resolve", "a.yaml", "--nope"),
        ("resolve", "nowhere.yaml"),
        ("resolve", "a.yaml", "--node-config"),
    ],
)
def test_bad_usage(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a.yaml").write_text("")
    result = run(*arguments)
    assert result.status == 2
    assert result.out == ""
    assert result.err
    assert "Traceback" not in result.err


# --- Exit statuses and bad input -------------------------------------------------------------


def test_a_lookup_that_fails(write):
    bad = secret("bad", {"quay.io": {"auth": "!"}})
    assert run("resolve", write(pod("p", "bad"), bad)).status == 1
    assert run("resolve", write(pod("p", image="Bad"))).status == 1
    assert run("resolve", write(pod("p", "gone"))).status == 0
    assert run("resolve", write(pod("p"), bad)).status == 0  # nobody names it
    # Only what was asked about counts.
    file = write(pod("p", "bad"), pod("q"), bad)
    assert run("resolve", file, "--pod", "q").status == 0
    assert run("resolve", file).status == 1


@pytest.mark.parametrize(
    "text, said",
    [
        ("a: [\n", "error: {file}, document 2: not YAML: "),
        ("just text\n", "error: {file}, document 2: a Kubernetes object is a mapping, not str\n"),
        ("kind: Secret\nmetadata: 5\n", "error: {file}, document 2: Secret: metadata is a number"),
        (
            "kind: Secret\nmetadata: {name: s}\ndata: {a: '!'}\n",
            "error: {file}, document 2: Secret s: data['a'] is not base64\n",
        ),
        ("kind: 5\n", "error: {file}, document 2: kind is not a string\n"),
    ],
)
@pytest.mark.parametrize("form", ["table", "json"])
def test_input_that_cannot_be_read(text, said, form, write):
    file = write(pod("first"), text=f"---\n{text}---\n{yaml.safe_dump(pod('last', image='Bad'))}")
    result = run("resolve", file, "--format", form)
    assert result.status == 2  # which is more than that a lookup fails
    assert result.err.startswith(said.format(file=file))
    assert result.err.count("\n") == 1
    if form == "json":
        assert titles(result) == ["Pod default/first", "Pod default/last"]
    else:
        assert "Pod default/first" in result.out
        assert "Pod default/last" in result.out


def test_what_is_only_said_is_no_error(write):
    file = write(pod("p"), pod("p"), {"a": 1})
    result = run("resolve", file)
    assert result.status == 0
    assert result.err == (
        f"note: {file}, document 2: Pod default/p is defined twice, this one replaces the one in "
        f"{file}, document 1\n"
        f"note: {file}, document 3: passed over: a mapping without a kind\n"
    )


def test_bytes_that_are_no_text(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_bytes(b"\xff\xfe\x00" + os.urandom(50))
    result = run("resolve", file)
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith(f"error: {file}, document 1: not UTF-8 (line 1)\n")


# --- As a process of its own -----------------------------------------------------------------


def python(*arguments, stdin=""):
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True,
        text=True,
        input=stdin,
        cwd=Path(package).parents[1],
    )


def test_the_module_runs():
    module = ("-m", "pullsecrets", "resolve", "-")
    result = python(*module, "--format", "json", stdin=json.dumps(pod()))
    assert (result.returncode, result.stderr) == (0, "")
    assert json.loads(result.stdout)["pods"][0]["name"] == "p"
    result = python(*module, stdin="[")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("error: -, document 1: not YAML")
    result = python("-m", "pullsecrets", "--version")
    assert result.stdout.startswith("pullsecrets ")


def test_an_encoding_that_lacks_a_character(tmp_path, monkeypatch):
    """A pipe's encoding may be as poor as it likes."""
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    file = tmp_path / "a.yaml"
    file.write_text(yaml.safe_dump(pod("é", image="quay.io/ü")), "utf-8")
    result = python("-m", "pullsecrets", "resolve", file)
    assert (result.returncode, result.stderr) == (1, "")
    assert "Pod default/\\xe9\n" in result.stdout
    assert "quay.io/\\xfc" in result.stdout


WITHOUT = """
import sys
for name in {names}:
    sys.modules[name] = None
sys.argv = ["pullsecrets", *{arguments}]
from pullsecrets.__main__ import main
main()
"""


def without(names, *arguments, stdin=""):
    return python("-c", WITHOUT.format(names=names, arguments=list(arguments)), stdin=stdin)


@pytest.mark.parametrize(
    "names, arguments, said",
    [
        (["click"], ["resolve", "-"], "pullsecrets: the command line needs the extra 'cli'"),
        (["click"], ["--help"], "pullsecrets: the command line needs the extra 'cli'"),
        (["rich"], ["resolve", "-"], "the command resolve needs the extra 'cli'"),
        (["yaml"], ["resolve", "-"], "reading YAML needs the extra 'cli'"),
    ],
)
def test_a_missing_extra_is_named(names, arguments, said):
    result = without(names, *arguments, stdin="kind: Pod\n")
    assert (result.returncode, result.stdout) == (2, "")
    assert f"{said}: pip install 'pullsecrets[cli]'" in result.stderr
    assert "Traceback" not in result.stderr


def test_json_needs_no_yaml():
    result = without(["yaml"], "resolve", "-", "--format", "json", stdin=json.dumps(pod()))
    assert (result.returncode, result.stderr) == (0, "")


def test_help_needs_no_extra_but_the_command_line():
    result = without(["yaml", "requests", "urllib3", "hypothesis", "pytest"], "--help")
    assert (result.returncode, result.stderr) == (0, "")
    for command in ("resolve", "explain", "check", "probe"):
        assert f"  {command} " in result.stdout
    result = without(["rich"], "--help")
    assert (result.returncode, result.stderr) == (0, "")
    assert "a package that it needs is missing" in result.stdout


def test_help_says_what_each_command_does_in_one_line(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    lines = run("--help").out.partition("Commands:\n")[2].splitlines()
    assert [line.split()[0] for line in lines] == cli.list_commands(None)
    assert [line for line in lines if not re.fullmatch(r"  [a-z]+ +[A-Z].*[^.]\.", line)] == []


def test_help_in_this_process(monkeypatch):
    monkeypatch.setitem(sys.modules, "pullsecrets.cli.probe", None)
    monkeypatch.delitem(sys.modules, "pullsecrets.cli.probe")
    monkeypatch.setitem(sys.modules, "rich.progress", None)
    result = run("--help")
    assert result.status == 0
    assert "resolve" in result.out
    result = run("probe", "--exhaustive", "x")
    assert result.status == 2
    assert "the command probe needs the extra 'cli'" in result.err


def test_a_fault_of_ours_is_not_taken_for_a_missing_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "pullsecrets.cli.resolve", None)
    with pytest.raises(ModuleNotFoundError, match=r"pullsecrets\.cli\.resolve"):
        run("resolve", "x")


def test_main(monkeypatch, capsys):
    from pullsecrets.__main__ import main

    monkeypatch.setattr(sys, "argv", ["pullsecrets", "resolve", str(EXAMPLES / "good")])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 0
    assert "Pod docker-hub/three-spellings" in capsys.readouterr().out
    monkeypatch.setitem(sys.modules, "pullsecrets.cli", None)
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    assert "needs the extra 'cli'" in capsys.readouterr().err


def test_an_encoding_without_check_marks(monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    result = python("-m", "pullsecrets", "explain", EXAMPLES / "good" / "overlapping")
    marks = [line.split()[0] for line in result.stdout.splitlines() if "/team-a/" in line]
    assert {"+", "x"} <= set(marks)
