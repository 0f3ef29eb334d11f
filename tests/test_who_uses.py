"""Who uses which credential: the answers of a cluster, the other way round."""

from __future__ import annotations

import json
from collections import Counter

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from pullsecrets import Cluster, Credential, DockerConfig, PullSecret
from pullsecrets.makers.made import MadeSecret
from pullsecrets.node.node import Node
from pullsecrets.node.plugins import Provider
from pullsecrets.node.provider_config import Providers
from pullsecrets.objects import Owner
from pullsecrets.resolution import Source, SourceKind
from pullsecrets.testing import cluster, pod, pull_secret
from pullsecrets.testing.strategies import (
    broken_docker_configs,
    clusters,
    docker_configs,
    suspicious_docker_configs,
)
from pullsecrets.uses import uses
from support.canary import CANARY, leaks, texts
from support.effort import examples

CONFIGS = st.one_of(docker_configs(), broken_docker_configs(), suspicious_docker_configs())


def place(pod, container):
    return pod.namespace, pod.kind, pod.name, container.name, container.kind


@examples(100)
@given(clusters() | clusters(configs=CONFIGS))
def test_it_is_the_answers_the_other_way_round(cluster):
    found = uses(cluster)
    theirs = Counter(
        (each.source, each.entry, place(use.pod, use.container), use.attempt)
        for each in found.credentials
        for use in each.uses
    )
    answers = [(a.pod, i) for a in cluster.resolve_all() for i in a.images]
    ours = Counter(
        (candidate.source, candidate.entry, place(pod, image.container), attempt)
        for pod, image in answers
        for attempt, candidate in image.resolution.attempts
    )
    assert theirs == ours
    # And each image without a candidate is in one of the other lists.
    rest = [use for part in (found.anonymous, found.unknown, found.failing) for use in part]
    assert Counter(place(use.pod, use.container) for use in rest) == Counter(
        place(pod, image.container) for pod, image in answers if not image.resolution.candidates
    )
    assert Counter(place(use.pod, use.container) for use in found.failing) == Counter(
        place(pod, image.container) for pod, image in answers if image.resolution.failure
    )


@examples(100)
@given(clusters(configs=CONFIGS))
def test_nothing_is_left_out_and_nothing_is_there_twice(cluster):
    found = uses(cluster)
    credentials = [(each.source, each.entry) for each in found.credentials]
    assert len(credentials) == len(set(credentials))
    secrets = {(s.namespace, s.name) for s in cluster.secrets}
    assert {
        (source.namespace, source.name)
        for source, _ in credentials
        if source.kind is SourceKind.SECRET
    } == secrets


def regcred(name="regcred", *entries, **more):
    return pull_secret(name, dict.fromkeys(entries or ("quay.io",), ("bot", "p")), **more)


def test_json():
    found = uses(
        cluster(
            pod("api", images=["quay.io/acme/api:1", "nginx"], pull_secrets=["regcred"]),
            regcred("regcred", "quay.io", "ghcr.io"),
        )
    )
    image = {"namespace": "default", "kind": "Pod", "name": "api", "container": "api"}
    secret = {"namespace": "default", "name": "regcred"}
    assert found.to_dict() == {
        "credentials": [
            {
                "secret": secret,
                "entry": "ghcr.io",
                "images": [],
            },
            {
                "secret": secret,
                "entry": "quay.io",
                "images": [{**image, "image": "quay.io/acme/api:1", "attempt": "1"}],
            },
        ],
        "node": [],
        "anonymous": [{**image, "container": "nginx", "image": "nginx"}],
        "unknown": [],
        "failing": [],
    }
    assert [str(each.entry) for each in found.unused] == ["ghcr.io"]


def test_the_nodes_credentials_are_apart():
    node = Node(
        docker_config=DockerConfig({"quay.io": Credential("node", "p")}),
        providers=Providers([Provider("vault", ("ghcr.io",))]),
    )
    found = uses(cluster(pod("api", images=["quay.io/a", "ghcr.io/b"]), node=node))
    document = found.to_dict()
    assert document["credentials"] == []
    (own,) = document["node"]
    assert own["source"] == {"kind": "node", "namespace": None, "name": None}
    assert [each["image"] for each in own["images"]] == ["quay.io/a"]
    assert [each["image"] for each in document["unknown"]] == ["ghcr.io/b"]
    assert found.of(secret=("default", "x")).credentials == ()


def test_order_that_is_not_defined():
    found = uses(
        cluster(
            pod("api", images=["quay.io/a"], pull_secrets=["regcred"]),
            regcred("regcred", "quay.io", "https://quay.io"),
        )
    )
    assert [use.attempt for each in found.credentials for use in each.uses] == ["1-2", "1-2"]


def test_secrets_without_entries():
    opaque = PullSecret("opaque", type="Opaque")
    found = uses(
        cluster(
            pod("api", images=["quay.io/a"], pull_secrets=["broken"]),
            opaque,
            pull_secret("broken", "no JSON"),
            pull_secret("empty", "{}"),
            PullSecret("nothing"),
        )
    )
    notes = {each.source.name: each.note and each.note.code.value for each in found.credentials}
    assert notes == {"broken": "undecodable-secret", "empty": None, "nothing": "no-value"}
    assert all(each.entry is None and not each.uses for each in found.credentials)
    (failing,) = found.to_dict()["failing"]
    assert failing["failure"]["code"] == "undecodable-secret"


def test_only_some():
    found = uses(
        cluster(
            pod("api", images=["quay.io/a", "nginx"], pull_secrets=["one", "two"]),
            regcred("one", "quay.io", "ghcr.io"),
            regcred("two", "quay.io"),
        )
    )
    some = found.of(secret=("default", "one"))
    assert [str(each.entry) for each in some.credentials] == ["ghcr.io", "quay.io"]
    assert some.anonymous == ()
    both = found.of(entry="quay.io").credentials
    assert [each.source.name for each in both] == ["one", "two"]
    (one,) = found.of(secret=("default", "two"), entry="quay.io").credentials
    assert one.source == Source(SourceKind.SECRET, "default", "two")


def test_records():
    found = uses(
        cluster(
            pod("api", images=["quay.io/a", "nginx", "A"], pull_secrets=["regcred"]),
            regcred("regcred", "quay.io", "ghcr.io"),
        )
    )
    records = found.to_records()
    assert [(each["entry"], each["image"], each["attempt"]) for each in records] == [
        ("ghcr.io", None, None),
        ("quay.io", "quay.io/a", "1"),
        (None, "nginx", None),
        (None, "A", None),
    ]
    table = found.table(limit=1)
    assert (len(table.rows), table.total) == (1, 4)
    assert repr(found) == "<Uses: 2 credentials, 1 unused>"
    text = "\n".join(found.table().lines())
    for words in (
        "nothing uses it",
        "quay.io of secret default/regcred",
        "pulled without a credential",
        "the lookup fails",
    ):
        assert words in text


@examples(100)
@given(clusters())
def test_no_password_is_shown(drawn):
    secret = pull_secret("regcred", {f"https://user:{CANARY}@quay.io": ("user", CANARY)})
    broken = pull_secret("quay", json.dumps({"auths": {"quay.io": {"auth": CANARY}}}))
    found = uses(evolve(drawn, secrets=(*drawn.secrets, secret, broken)))
    for value in (found.to_dict(), *found.credentials[-2:]):
        assert not any(leaks(text) for text in texts(value))
    for text in (found.table().html(), *found.table().lines(), json.dumps(found.to_records())):
        assert not leaks(text)


def test_an_empty_cluster():
    assert uses(Cluster()).to_records() == []


def test_of_a_secret_that_could_not_be_read_it_is_not_said_that_it_has_no_entry():
    """Nor where no image may use it, as each lookup fails."""
    bad = pull_secret("bad", "{")
    unread = MadeSecret.not_read("default", "x")
    asking = pod("p", images=["quay.io/a"], pull_secrets=["bad", "x"])
    found = uses(Cluster((asking,), (), (bad,), made=(unread,), complete=True))
    shown = "\n".join(found.table().lines())
    assert "whatever there is of secret default/x could not be read" in shown
    assert "no entry of secret default/bad does not decode" in shown


def test_the_pods_of_one_workload_are_one_row():
    def replicas(*names):
        owner = Owner("ReplicaSet", "api-7c9d")
        for name in names:
            yield evolve(pod(name, images=["quay.io/a"], pull_secrets=["regcred"]), owner=owner)

    other = pod("other", images=["quay.io/a"])
    secret = pull_secret("regcred", {"quay.io": ("user", CANARY)})
    found = uses(Cluster((*replicas("a", "b"), other), secrets=(secret,)))
    assert [" ".join(line.split()) for line in found.grouped_table().lines()] == [
        "quay.io of secret default/regcred",
        "ReplicaSet default/api-7c9d (2 pods) a quay.io/a 1",
        "pulled without a credential",
        "Pod default/other a quay.io/a",
    ]
    assert len(found.to_records()) == 3
    assert not leaks(found.grouped_table().html())
