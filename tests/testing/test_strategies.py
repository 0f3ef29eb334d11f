"""The strategies draw what they say, in every way they say, and entries meet images."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from pullsecrets import (
    Cluster,
    Credential,
    DockerConfig,
    Image,
    InvalidDockerConfig,
    InvalidImage,
    Keyring,
    Pod,
    PullSecret,
    Resolution,
    ServiceAccount,
    resolve,
)
from pullsecrets.registries import Registry
from pullsecrets.testing import strategies

# Without shrinking: whether there is one is the question, not which is the smallest.
seek = settings(max_examples=2000, database=None, phases=[Phase.generate])
slow = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def resolutions(cluster: Cluster) -> list[Resolution]:
    return [image.resolution for answer in cluster.resolve_all() for image in answer.images]


def test_without_hypothesis() -> None:
    program = """
import sys
sys.modules["hypothesis"] = None
import pullsecrets.testing
try:
    import pullsecrets.testing.strategies
except pullsecrets.PullsecretsError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "pip install 'pullsecrets[testing]'" in done.stdout


@slow
@given(strategies.images(), strategies.written_images(), strategies.registries())
def test_images_and_registries(image: Image, written: str, registry: Registry) -> None:
    assert Image.parse(str(image)) == image
    assert Image.parse(written)
    assert Registry.parse(registry.name) == registry


@slow
@given(strategies.invalid_images())
def test_invalid_images(written: str) -> None:
    with pytest.raises(InvalidImage):
        Image.parse(written)


@slow
@given(strategies.entries())
def test_entries_are_such_as_a_kubelet_keeps(entry: str) -> None:
    """Rule 12: of a glob's operators only the star ever reaches the host of a key."""
    [found] = Keyring((), DockerConfig({entry: Credential()})).entries
    assert found.key is not None
    assert not set(found.key.reveal()) & set("?[]")


@slow
@given(strategies.docker_configs())
def test_docker_configs_decode(document: bytes) -> None:
    config = DockerConfig.from_json(document)
    assert not config.ignored
    assert config.auths


@pytest.mark.parametrize("name", strategies.BROKEN)
def test_each_broken_one_is_refused(name: str) -> None:
    with pytest.raises(InvalidDockerConfig):
        DockerConfig.from_json(strategies.BROKEN[name])


@pytest.mark.parametrize("name", strategies.SUSPICIOUS)
def test_each_suspicious_one_decodes(name: str) -> None:
    DockerConfig.from_json(strategies.SUSPICIOUS[name])


@slow
@given(strategies.broken_docker_configs())
def test_broken_docker_configs(document: bytes) -> None:
    with pytest.raises(InvalidDockerConfig):
        DockerConfig.from_json(document)


def test_a_broken_entry_and_sound_ones_in_one_document() -> None:
    document = find(
        strategies.broken_docker_configs(),
        lambda found: b"user:password" not in found and found.count(b'"auth"') > 1,
        settings=seek,
    )
    with pytest.raises(InvalidDockerConfig):
        DockerConfig.from_json(document)


@slow
@given(strategies.suspicious_docker_configs())
def test_suspicious_docker_configs(document: bytes) -> None:
    DockerConfig.from_json(document)


@slow
@given(strategies.docker_config_values(), strategies.credentials(), strategies.entries())
def test_values(config: DockerConfig, credential: Credential, entry: str) -> None:
    assert DockerConfig.from_json(config.to_json()) == config
    assert DockerConfig({entry: credential}).auths == {entry: credential}


@slow
@given(strategies.pull_secrets())
def test_pull_secrets(secret: PullSecret) -> None:
    assert secret.skipped is None
    assert secret.config() is not None


@slow
@given(
    strategies.pull_secrets(
        name="broken", namespace="shop", configs=strategies.broken_docker_configs()
    )
)
def test_pull_secrets_of_ones_own(secret: PullSecret) -> None:
    assert (secret.name, secret.namespace) == ("broken", "shop")
    assert resolve("nginx", [secret]).failure is not None


def test_both_types_are_drawn() -> None:
    for type_ in ("kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg"):
        assert find(
            strategies.pull_secrets(), lambda secret, t=type_: secret.type == t, settings=seek
        )


@slow
@given(strategies.service_accounts(), strategies.pods(name="api"))
def test_service_accounts_and_pods(account: ServiceAccount, pod: Pod) -> None:
    assert isinstance(account.pull_secrets, tuple)
    assert pod.name == "api"
    assert pod.containers


@pytest.mark.parametrize("kind", ["container", "init", "ephemeral", "volume"])
def test_every_kind_of_container_is_drawn(kind: str) -> None:
    assert find(
        strategies.pods(), lambda pod: any(c.kind == kind for c in pod.images), settings=seek
    )


@pytest.mark.one_python
@pytest.mark.parametrize(
    "origin", ["pod", "service-account", "stored-pod", "mirror-pod"], ids=lambda o: o
)
def test_every_origin_is_drawn(origin: str) -> None:
    def has(cluster: Cluster) -> bool:
        return any(answer.admission.origin == origin for answer in cluster.resolve_all())

    find(strategies.clusters(), has, settings=seek)


@pytest.mark.one_python
def test_entries_and_images_meet_often() -> None:
    count: Counter[str] = Counter()

    @settings(slow, max_examples=200, database=None, derandomize=True)
    @given(strategies.clusters())
    def draw(cluster: Cluster) -> None:
        for resolution in resolutions(cluster):
            count["images"] += 1
            count["met"] += bool(resolution.candidates)
            count["several"] += len(resolution.candidates) > 1

    draw()
    assert count["met"] > count["images"] / 5
    assert count["several"] > count["images"] / 20


@pytest.mark.one_python
def test_clusters_have_orders_that_are_not_defined() -> None:
    def has(cluster: Cluster) -> bool:
        return not all(resolution.is_deterministic for resolution in resolutions(cluster))

    find(strategies.clusters(), has, settings=seek)


@slow
@given(st.data())
def test_clusters_of_broken_secrets(data: st.DataObject) -> None:
    cluster = data.draw(strategies.clusters(configs=strategies.broken_docker_configs()))
    for resolution in resolutions(cluster):
        assert not resolution.candidates or resolution.candidates[0].source.kind == "node"
