"""The answer for a pod as a value: its sentences, and the tables of one pod and of many."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from pullsecrets.node.node import Node
from pullsecrets.pod_resolution import Admission, Origin
from pullsecrets.resolution import Access
from pullsecrets.tables import Tone
from pullsecrets.testing import cluster, pod, pull_secret
from support.diagnosed import b64

MANY = cluster(
    pod("p", images=["quay.io/a", "Bad", "nginx"], pull_secrets=["s", "x", "e"]),
    pull_secret("s", {"quay.io": ("ann", "example-password")}),
    pull_secret("e", {"quay.io": ("", "")}),
)


@pytest.mark.parametrize(
    "origin, names, text",
    [
        (Origin.POD, ("a", ""), "its own imagePullSecrets: a, (nameless)"),
        (Origin.SERVICE_ACCOUNT, (), "imagePullSecrets of service account x\\n: none"),
        (Origin.STORED_POD, ("a",), "imagePullSecrets as stored in the cluster: a"),
        (Origin.MIRROR_POD, (), "a static pod: no imagePullSecrets"),
    ],
)
def test_whose_list_counts_is_said(origin, names, text):
    assert str(Admission(origin, "x\n", names)) == text


def test_the_worst_of_its_images_is_that_of_the_pod():
    for images, worst in (
        ((), Access.CREDENTIAL),
        (("quay.io/a",), Access.CREDENTIAL),
        (("quay.io/a", "nginx"), Access.ANONYMOUS),
        (("nginx", "Bad", "quay.io/a"), Access.FAILING),
    ):
        one = pod("p", images=images, pull_secrets=["s"])
        [answer] = cluster(one, pull_secret("s", {"quay.io": ("ann", "p")})).resolve_all()
        assert answer.worst is worst
    assert [access.rank for access in Access] == list(range(5))


def test_the_table_of_a_pod():
    [answer] = MANY.resolve_all()
    table = answer.table()
    assert (
        "\n".join(table.lines())
        == """\
Pod default/p
its own imagePullSecrets: s, x, e
  ! secret default/x is not among the manifests: if it does not exist, the pull goes on without it
  a: quay.io/a Always: pulled at each start
    1  s  quay.io  ann
    2  e  quay.io  (no user)  ! PS403
  Bad: Bad 'Bad' is not an image reference: the repository name must be lowercase (IfNotPresent)
  nginx: nginx Always: pulled at each start
    1  anonymous  no entry matches"""
    )
    columns = {column.field: column for column in table.columns}
    assert [name for name, column in columns.items() if column.group] == ["container"]
    assert [name for name, column in columns.items() if column.code] == ["entry"]
    assert [row[0].tone for row in table.rows] == [Tone.PLAIN, Tone.PLAIN, Tone.ERROR, Tone.PLAIN]
    assert table.subtitle.tone is Tone.FAINT
    [flaw] = [row[-1] for row in table.rows if row[-1] is not None]
    assert (flaw.value, flaw.tone) == ("PS403", Tone.WARNING)


LOWERCASE = "'Bad' is not an image reference: the repository name must be lowercase"
OWN, ALWAYS = "imagePullSecrets of service account default: none", "Always: pulled at each start"
EARLY = "secrets are decoded and providers run even if it has it"


@pytest.mark.parametrize(
    "images, release, above, below",
    [
        (["quay.io/a:1", "quay.io/b:1"], "1.37", [OWN], ["", ""]),
        (["quay.io/a:1"], "1.34", [OWN], [""]),
        (["quay.io/a", "quay.io/b"], "1.37", [OWN, ALWAYS], ["", ""]),
        (
            ["quay.io/a", "quay.io/b:1"],
            "1.34",
            [OWN],
            [ALWAYS, "IfNotPresent: pulled only if the node does not have it"],
        ),
        (
            ["quay.io/a:1", "quay.io/b:1"],
            "1.33",
            [OWN, f"IfNotPresent: pulled only if the node does not have it; {EARLY}"],
            ["", ""],
        ),
        (["Bad"], "1.37", [OWN], [LOWERCASE]),
        ([], "1.37", [OWN], []),
    ],
)
def test_the_pull_policy_is_said_once_and_the_usual_one_not_at_all(images, release, above, below):
    [answer] = cluster(pod("p", images=images), node=Node(release)).resolve_all()
    table = answer.table()
    assert table.subtitle.text == tuple(above)
    assert [row[0].below for row in table.rows] == below


@pytest.mark.parametrize("password, heading", [("example-password", None), ("", "")])
def test_the_column_of_flaws_is_shown_where_there_is_one(password, heading):
    [answer] = cluster(
        pod("p", images=["quay.io/a"], pull_secrets=["s"]),
        pull_secret("s", {"quay.io": ("ann", password)}),
    ).resolve_all()
    assert answer.table().columns[-1].heading == heading


def test_what_has_expired_is_a_matter_of_the_moment():
    header, claims = (b64(json.dumps(part)) for part in ({"alg": "RS256"}, {"exp": 1_767_225_600}))
    [answer] = cluster(
        pod("p", images=["quay.io/a"], pull_secrets=["s"]),
        pull_secret("s", {"quay.io": ("ann", f"{header}.{claims}.c2ln")}),
    ).resolve_all()
    for year, code in ((2025, None), (2027, "PS408")):
        cell = answer.table(at=datetime(year, 1, 1, tzinfo=UTC)).rows[0][-1]
        assert (cell and cell.value) == code
    assert answer.table().rows[0][-1] is None


def test_the_table_of_many_pods():
    table = MANY.table()
    [title, *_] = table.lines()
    assert (title, table.subtitle.value, table.unit) == ("Cluster", MANY.title, "images")
    columns = {column.field: column for column in table.columns}
    assert [name for name, column in columns.items() if column.group] == ["title"]
    assert [name for name, column in columns.items() if column.code] == ["image"]
    first, failed, anonymous = MANY.to_records()
    assert first == {
        "namespace": "default",
        "kind": "Pod",
        "pod": "p",
        "title": "Pod default/p",
        "container": "a",
        "container_kind": "container",
        "image": "quay.io/a",
        "registry": "quay.io",
        "repository": "quay.io/a",
        "list_of": "pod",
        "pull_policy": "Always",
        "relevance": "always",
        "candidates": 2,
        "anonymous": False,
        "deterministic": True,
        "failure": None,
        "first_source": "default/s",
        "first_entry": "quay.io",
        "first_username": "ann",
        "notes": 1,
    }
    empty = {"first_source": None, "first_entry": None, "first_username": None, "candidates": 0}
    assert failed.items() >= {**empty, "registry": None, "failure": "invalid-image"}.items()
    assert anonymous.items() >= {**empty, "anonymous": True, "registry": "docker.io"}.items()


@pytest.mark.parametrize(
    "limit, shown, remark",
    [
        (None, ["a", "b", "c"], ""),
        (3, ["a", "b", "c"], ""),
        (4, ["a", "b", "c"], ""),
        (2, ["b", "a"], "; the worst come first"),
    ],
)
def test_the_worst_come_first_where_not_all_are_shown(limit, shown, remark):
    images = {"a": "quay.io/a", "b": "Bad", "c": "quay.io/c"}
    pods = cluster(*(pod(name, images=[image]) for name, image in images.items()))
    table = pods.table(limit)
    position = [column.field for column in table.columns].index("pod")
    assert [row[position] for row in table.rows] == shown
    assert table.subtitle.value == pods.title + remark
    assert table.total == 3
