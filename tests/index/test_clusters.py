"""A cluster's resolutions: shared where they are the same, made one by one, forgotten in time."""

from __future__ import annotations

import pickle
import tracemalloc
from itertools import islice
from typing import Any

import pytest
from attrs import evolve

from pullsecrets import Cluster, Container, Keyring, Pod, PullSecret, ServiceAccount, resolver
from pullsecrets.dockerconfig import DockerConfig
from pullsecrets.secrecy import HiddenBytes


def secret(name: str, entry: str, namespace: str = "default") -> PullSecret:
    document = f'{{"auths": {{"{entry}": {{"username": "{namespace}/{name}"}}}}}}'.encode()
    return PullSecret(name, namespace, data={".dockerconfigjson": HiddenBytes(document)})


def pod(name: str, *images: str, **fields: Any) -> Pod:
    containers = tuple(Container(f"c{n}", image) for n, image in enumerate(images))
    return Pod(name, containers=containers, **fields)


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[Keyring]:
    """The keyrings that the resolver builds."""
    keyrings: list[Keyring] = []

    def build(*arguments: Any) -> Keyring:
        keyrings.append(Keyring(*arguments))
        return keyrings[-1]

    monkeypatch.setattr(resolver, "Keyring", build)
    return keyrings


CLUSTER = Cluster(
    pods=(
        pod("a", "quay.io/a", "ghcr.io/a", pull_secrets=("quay",)),
        pod("b", "quay.io/a", "no image!", pull_secrets=("quay",)),
        pod("c", "quay.io/a", pull_secrets=("quay", "gone", "gone", "")),
        pod("d", "quay.io/a", namespace="other", pull_secrets=("quay",)),
        pod("e", "quay.io/a"),
        pod("f", "quay.io/a", namespace="third"),
        pod("g", "quay.io/a", pull_secrets=("quay",), mirror=True),
        pod("h", "quay.io/a", pull_secrets=("quay",), stored=True),
        pod("i", "quay.io/a", "quay.io/a", service_account="robot"),
    ),
    service_accounts=(ServiceAccount("robot", pull_secrets=("quay",)),),
    secrets=(
        secret("quay", "quay.io"),
        secret("quay", "quay.io", "other"),
        secret("gone", "quay.io", "other"),
        secret("gone", "quay.io", "another"),
    ),
    node=DockerConfig.from_json('{"auths": {"ghcr.io": {"username": "node"}}}'),
)


def alone(cluster: Cluster) -> list[Any]:
    return [answer for each in cluster.pods for answer in cluster.resolve(each)]


def test_all_pods_come_out_as_each_does_alone() -> None:
    assert list(CLUSTER.resolve_all()) == alone(CLUSTER)
    users = [
        (answer.pod.name, [c.credential.username for c in answer.resolution.candidates])
        for answer in CLUSTER.resolve_all()
    ]
    assert users == [
        ("a", ["default/quay"]),
        ("a", ["node"]),
        ("b", ["default/quay"]),
        ("b", []),
        ("c", ["default/quay"]),
        ("d", ["other/quay"]),
        ("e", []),
        ("f", []),
        ("g", []),
        ("h", ["default/quay"]),
        ("i", ["default/quay"]),
        ("i", ["default/quay"]),
    ]


def test_warnings_name_each_missing_secret_once() -> None:
    warnings = CLUSTER.resolve(CLUSTER.pods[2])[0].resolution.warnings
    [missing] = [warning for warning in warnings if "gone" in warning]
    assert missing == (
        "secret default/gone is not among the manifests: a pull goes on without a secret that "
        "does not exist; there is one in namespace another, other"
    )
    assert "imagePullSecrets[3] has no name: it is skipped in silence" in warnings
    assert CLUSTER.namespaces_with("gone") == ("another", "other")
    assert CLUSTER.namespaces_with("nowhere") == ()


def test_equal_lists_share_a_keyring(built: list[Keyring]) -> None:
    answers = list(CLUSTER.resolve_all())
    # default's secret; the same name in another namespace; none at all.
    assert [len(keyring.secrets) for keyring in built] == [1, 1, 0]
    assert answers[-1].resolution is answers[-2].resolution
    assert answers[0].image is answers[2].image
    assert answers[0].resolution.candidates is answers[-1].resolution.candidates


def test_a_secret_is_decoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[bytes] = []
    decode = DockerConfig.from_json
    monkeypatch.setattr(
        DockerConfig, "from_json", lambda data: decoded.append(data) or decode(data)
    )
    one = secret("one", "quay.io")
    cluster = Cluster((pod("a", "a", pull_secrets=("one",)),), secrets=(one,))
    for _ in range(3):
        assert len(list(cluster.resolve_all())) == 1
        assert one.config() is one.config()
        Keyring([one, one])
    assert len(decoded) == 1


def test_what_is_decoded_is_no_part_of_a_secret() -> None:
    fresh, used = secret("one", "quay.io"), secret("one", "quay.io")
    used.config()
    assert used == fresh
    assert hash(used) == hash(fresh)
    assert pickle.dumps(used) == pickle.dumps(fresh)
    assert pickle.loads(pickle.dumps(used)).config() == used.config()
    assert evolve(used, type="Opaque").config() is None


def test_what_is_shared_is_forgotten_in_time(
    monkeypatch: pytest.MonkeyPatch, built: list[Keyring]
) -> None:
    monkeypatch.setattr(resolver, "_MAX_IMAGES", 1)
    monkeypatch.setattr(resolver, "_MAX_ANSWERS", 3)
    monkeypatch.setattr(resolver, "_MAX_USED_LISTS", 2)
    assert list(CLUSTER.resolve_all()) == alone(CLUSTER)


def test_resolve_all_is_lazy(built: list[Keyring]) -> None:
    answers = CLUSTER.resolve_all()
    assert built == []
    assert next(answers).pod is CLUSTER.pods[0]
    assert len(built) == 1
    assert len(list(islice(answers, 3))) == 3


def test_resolve_all_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten times as many pods take no more memory, but for the model."""
    monkeypatch.setattr(resolver, "_MAX_IMAGES", 200)
    monkeypatch.setattr(resolver, "_MAX_ANSWERS", 200)

    def peak(pods: int) -> int:
        made = tuple(pod(f"p{n}", f"quay.io/a:{n}", pull_secrets=("quay",)) for n in range(pods))
        cluster = evolve(CLUSTER, pods=made)
        tracemalloc.start()
        try:
            before = tracemalloc.get_traced_memory()[0]
            assert sum(1 for _ in cluster.resolve_all()) == pods
            return tracemalloc.get_traced_memory()[1] - before
        finally:
            tracemalloc.stop()

    assert peak(5_000) < 1.5 * peak(500)
