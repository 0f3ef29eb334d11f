"""`Cluster.from_objects` with objects of the real packages: all come to the same cluster."""

from __future__ import annotations

import datetime
import importlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings

from pullsecrets import Cluster, DockerConfig
from pullsecrets.testing import strategies

POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {
        "name": "api-7d9f",
        "namespace": "shop",
        "uid": "9c3c2e5e-0000-4000-8000-000000000001",
        "creationTimestamp": "2026-01-02T03:04:05Z",
        "annotations": {"pullsecrets/ignore": "PS102", "snake_case/annotation_key": "x"},
    },
    "spec": {
        "serviceAccountName": "deployer",
        "containers": [
            {"name": "api", "image": "quay.io/acme/api", "imagePullPolicy": "Always"},
            {"name": "proxy", "image": "nginx"},
        ],
        "initContainers": [{"name": "setup", "image": "busybox"}],
        "volumes": [
            {"name": "tmp", "emptyDir": {}},
            {"name": "model", "image": {"reference": "quay.io/acme/model"}},
        ],
        "imagePullSecrets": [{"name": "reg_cred"}, {}],
    },
}
DEPLOYMENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "api", "namespace": "shop", "uid": "9c3c2e5e-0000-4000-8000-2"},
    "spec": {
        "selector": {"matchLabels": {"app": "api"}},
        "template": {"metadata": {"labels": {"app": "api"}}, "spec": POD["spec"]},
    },
}
CRON_JOB: dict[str, Any] = {
    "apiVersion": "batch/v1",
    "kind": "CronJob",
    "metadata": {"name": "report", "namespace": "shop"},
    "spec": {
        "schedule": "@daily",
        "jobTemplate": {"spec": {"template": {"spec": {**POD["spec"], "restartPolicy": "Never"}}}},
    },
}
ACCOUNT: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "ServiceAccount",
    "metadata": {"name": "deployer", "namespace": "shop"},
    "imagePullSecrets": [{"name": "reg_cred"}],
}
SECRET: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "reg_cred", "namespace": "shop"},
    "type": "kubernetes.io/dockerconfigjson",
    # An entry quay.io, of the user "user".
    "data": {
        ".dockerconfigjson": "eyJhdXRocyI6IHsicXVheS5pbyI6IHsidXNlcm5hbWUiOiAidXNlciIsICJwYXNzd29yZ"
        "CI6ICJwYXNzd29yZCJ9fX0=",
        "snake_case_key": "",
    },
}
CONFIG_MAP: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "settings", "namespace": "shop"},
    "data": {"a": "b"},
}
OBJECTS = [POD, DEPLOYMENT, CRON_JOB, ACCOUNT, SECRET, CONFIG_MAP]
EXPECTED = Cluster.from_manifests(OBJECTS)


def without_kind(manifest: dict[str, Any]) -> dict[str, Any]:
    """As the API server has an item of a list."""
    return {name: value for name, value in manifest.items() if name not in ("kind", "apiVersion")}


def test_what_is_expected() -> None:
    assert [pod.kind for pod in EXPECTED.pods] == ["Pod", "Deployment", "CronJob"]
    assert EXPECTED.pods[0].stored
    assert EXPECTED.problems == ()


def test_mappings() -> None:
    assert Cluster.from_objects(*OBJECTS) == EXPECTED
    assert Cluster.from_objects(OBJECTS) == EXPECTED
    assert Cluster.from_objects(iter(OBJECTS[:2]), [OBJECTS[2:]]) == EXPECTED
    assert Cluster.from_objects({"kind": "List", "items": OBJECTS}) == EXPECTED


def test_namespace_and_node() -> None:
    pod = {"kind": "Pod", "metadata": {"name": "api"}}
    node = DockerConfig()
    found = Cluster.from_objects(pod, namespace="shop", node=node)
    assert (found.pods[0].namespace, found.node.docker_config) == ("shop", node)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(strategies.clusters())
def test_objects_of_this_package(drawn: Cluster) -> None:
    parts = (drawn.pods, drawn.service_accounts, drawn.secrets)
    assert Cluster.from_objects(parts, node=drawn.node) == drawn


@pytest.mark.parametrize("package", ["kubernetes", "kubernetes_asyncio"])
@pytest.mark.parametrize("bare", [False, True], ids=["whole", "items of lists"])
class TestOfficial:
    """`kubernetes` and the asynchronous client made from the same sources."""

    @pytest.fixture
    def expected(self, package: str) -> Cluster:
        """What is expected; a client from before 1.31 passes over image volumes."""
        volume = importlib.import_module(f"{package}.client").V1Volume
        if "image" in volume.attribute_map:
            return EXPECTED
        return evolve(EXPECTED, pods=tuple(evolve(p, image_volumes=()) for p in EXPECTED.pods))

    @pytest.fixture
    def models(self, package: str, bare: bool) -> list[Any]:
        """The objects as the client makes them from the API server's answers."""
        client = importlib.import_module(f"{package}.client")
        return [
            _deserialised(client, without_kind(item) if bare else item, f"V1{item['kind']}")
            for item in OBJECTS
        ]

    def test_models(self, models: list[Any], expected: Cluster) -> None:
        assert isinstance(models[0].metadata.creation_timestamp, datetime.datetime)
        assert Cluster.from_objects(models) == expected

    def test_lists(self, package: str, bare: bool, expected: Cluster) -> None:
        client = importlib.import_module(f"{package}.client")
        lists = []
        for item in OBJECTS:
            kind = f"{item['kind']}List"
            items = [without_kind(item) if bare else item]
            answer = {"kind": kind, "apiVersion": item["apiVersion"], "items": items}
            lists.append(_deserialised(client, answer, f"V1{kind}"))
        assert Cluster.from_objects(*lists) == expected
        assert Cluster.from_objects(one.items for one in lists) == expected

    def test_to_dict(self, models: list[Any], bare: bool, expected: Cluster) -> None:
        """Its mappings are in snake_case, with all members, None where they are absent."""
        mappings = [model.to_dict() for model in models]
        assert "image_pull_secrets" in mappings[0]["spec"]
        if bare:  # nothing tells a Deployment from a StatefulSet there
            mappings[1]["kind"], mappings[2]["kind"] = "Deployment", "CronJob"
        found = Cluster.from_objects(mappings)
        assert (found.pods, found.secrets) == (expected.pods, expected.secrets)
        assert found.service_accounts == expected.service_accounts

    def test_sanitised(
        self, package: str, models: list[Any], bare: bool, expected: Cluster
    ) -> None:
        """What it would send: the API's names, without the kind where that is absent."""
        client = importlib.import_module(f"{package}.client")
        sanitise = client.ApiClient.sanitize_for_serialization
        mappings = [sanitise(_api_client(client), model) for model in models]
        if bare:
            mappings[1]["kind"], mappings[2]["kind"] = "Deployment", "CronJob"
        found = Cluster.from_objects(mappings)
        assert (found.pods, found.secrets) == (expected.pods, expected.secrets)
        assert found.service_accounts == expected.service_accounts


def _api_client(client: Any) -> Any:
    # Without its __init__, which for asyncio wants a running loop.
    api = client.ApiClient.__new__(client.ApiClient)
    api.configuration = client.Configuration()
    return api


def _deserialised(client: Any, document: Any, class_name: str) -> Any:
    text = json.dumps(document)
    deserialize = _api_client(client).deserialize
    try:
        return deserialize(text, class_name, "application/json")
    except TypeError:  # before it was made from other templates
        response = type("Response", (), {"data": text})
        return deserialize(response, class_name)


def test_models_made_by_hand() -> None:
    from kubernetes import client

    secret = client.V1Secret(
        metadata=client.V1ObjectMeta(name="regcred"),
        type="kubernetes.io/dockerconfigjson",
        data={".dockerconfigjson": SECRET["data"][".dockerconfigjson"].encode()},
    )
    pod = client.V1Pod(
        metadata=client.V1ObjectMeta(name="api"),
        spec=client.V1PodSpec(
            containers=[client.V1Container(name="api", image="quay.io/acme/api")],
            image_pull_secrets=[client.V1LocalObjectReference(name="regcred")],
        ),
    )
    (answer,) = Cluster.from_objects(pod, secret).resolve_all()
    (image,) = answer.images
    assert [c.credential.username for c in image.resolution.candidates] == ["user"]


def test_dynamic_client() -> None:
    from kubernetes.dynamic.resource import ResourceField, ResourceInstance

    instances = [ResourceInstance(None, dict(item)) for item in OBJECTS]
    assert Cluster.from_objects(instances) == EXPECTED
    answer = {"kind": "PodList", "apiVersion": "v1", "items": [without_kind(POD)]}
    found = ResourceInstance(None, answer)
    assert Cluster.from_objects(found).pods == EXPECTED.pods[:1]
    assert isinstance(found.items[0], ResourceField)
    assert Cluster.from_objects(found.items).pods == EXPECTED.pods[:1]


def _lightkube() -> Iterator[Any]:
    from lightkube.resources import apps_v1, batch_v1, core_v1

    for item in OBJECTS:
        for module in (core_v1, apps_v1, batch_v1):
            resource = getattr(module, item["kind"], None)
            if resource is not None:
                yield resource.from_dict(item)
                break


def _kr8s() -> Iterator[Any]:
    from kr8s import objects

    for item in OBJECTS:
        yield getattr(objects, item["kind"])(item, api=object())


def _kr8s_asyncio() -> Iterator[Any]:
    from kr8s.asyncio import objects

    for item in OBJECTS:
        yield getattr(objects, item["kind"])(item, api=object())


def _pykube() -> Iterator[Any]:
    import pykube

    for item in OBJECTS:
        yield getattr(pykube, item["kind"])(None, without_kind(item))


@pytest.mark.parametrize("client", [_lightkube, _kr8s, _kr8s_asyncio, _pykube])
def test_other_clients(client: Callable[[], Iterator[Any]]) -> None:
    objects = list(client())
    assert len(objects) == len(OBJECTS)
    assert Cluster.from_objects(*objects) == EXPECTED
    assert Cluster.from_objects(iter(objects)) == EXPECTED


def test_none_of_them_is_imported() -> None:
    program = """
import sys
from pullsecrets import Cluster
Cluster.from_objects({"kind": "Pod", "metadata": {"name": "api"}})
for name in ("kubernetes", "kubernetes_asyncio", "lightkube", "kr8s", "pykube", "yaml"):
    assert name not in sys.modules, name
"""
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("thing", ["kind: Pod", b"{}", 42, None, object()])
def test_what_is_no_object(thing: object) -> None:
    with pytest.raises(TypeError, match=f"not {type(thing).__name__}"):
        Cluster.from_objects(thing)


def test_what_stays_as_it_is() -> None:
    """Odd values reach the reader, which says what is wrong with them."""

    class Raw:
        kind = 42

        def __init__(self) -> None:
            self.raw = {"metadata": {"name": "api"}, "spec": {"containers": {1, 2}}}

    class Value:
        def to_dict(self) -> dict[str, Any]:
            return {"name": "api"}

    found = Cluster.from_objects(Raw(), {"api_version": "v1", 1: 2, "metadata": {"labels": (3,)}})
    assert [problem.error for problem in found.problems] == [True, False]
    assert "spec.containers is set, not a list" in found.problems[0].message
    assert Cluster.from_objects({"kind": "Pod", "metadata": Value()}).pods[0].name == "api"
