"""A whole cluster: loading it, resolving, explaining and checking it."""

from __future__ import annotations

import gc
import json
import tracemalloc
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from benchmarks import made
from pullsecrets import Cluster, check, load
from pullsecrets.trace import explain_all

yaml = pytest.importorskip("yaml")


def cluster(sizes: Any, pods: int, replicas: int) -> Cluster:
    return Cluster.from_manifests(made.cluster(**sizes.cluster(pods), replicas=replicas))


@pytest.fixture(scope="module", params=[10, 1], ids=["replicas", "scattered"])
def large(request: pytest.FixtureRequest, sizes: Any) -> Cluster:
    return cluster(sizes, sizes.pods, request.param)


@pytest.fixture(scope="module")
def middling(sizes: Any) -> Cluster:
    return cluster(sizes, sizes.explained_pods, 10)


def exhaust(items: Iterable[Any]) -> int:
    return sum(1 for _ in items)


def images(cluster: Cluster) -> int:
    return sum(len(answer.images) for answer in cluster.resolve_all())


def test_resolve_all(benchmark: Any, sizes: Any, large: Cluster) -> None:
    found = benchmark.pedantic(images, (large,), rounds=sizes.rounds, warmup_rounds=1)
    benchmark.extra_info["images"] = found
    assert found == 3 * sizes.pods


def test_memory_of_resolve_all(benchmark: Any, large: Cluster) -> None:
    """Not the time, which tracing makes long, but the most memory at once."""

    def peak() -> int:
        tracemalloc.start()
        try:
            before = tracemalloc.get_traced_memory()[0]
            exhaust(large.resolve_all())
            return tracemalloc.get_traced_memory()[1] - before
        finally:
            tracemalloc.stop()

    benchmark.extra_info["bytes"] = benchmark.pedantic(peak, rounds=1)


def test_resolve_for_explain(benchmark: Any, sizes: Any, middling: Cluster) -> None:
    benchmark.pedantic(
        lambda: exhaust(middling.resolve_all()), rounds=sizes.rounds, warmup_rounds=1
    )


def test_explain(benchmark: Any, sizes: Any, middling: Cluster) -> None:
    benchmark.pedantic(lambda: exhaust(explain_all(middling)), rounds=sizes.rounds)


def test_check(benchmark: Any, sizes: Any, middling: Cluster) -> None:
    benchmark.pedantic(lambda: check(middling), rounds=sizes.rounds)


@pytest.fixture
def alone() -> Iterator[None]:
    """Keep the collector from looking through what else lives in this process while it loads."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(scope="module")
def json_file(sizes: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    file = tmp_path_factory.mktemp("json") / "cluster.json"
    objects = list(made.cluster(**sizes.cluster(sizes.pods_of_json)))
    with file.open("w") as stream:
        json.dump({"apiVersion": "v1", "kind": "List", "items": objects}, stream)
    return file


@pytest.mark.usefixtures("alone")
def test_json_loads(benchmark: Any, sizes: Any, json_file: Any) -> None:
    rounds = min(sizes.rounds, 3)
    benchmark.extra_info["bytes"] = json_file.stat().st_size
    benchmark.pedantic(lambda: json.loads(json_file.read_bytes()), rounds=rounds)


@pytest.mark.usefixtures("alone")
def test_load_json(benchmark: Any, sizes: Any, json_file: Any) -> None:
    loaded = benchmark.pedantic(lambda: load(json_file), rounds=min(sizes.rounds, 3))
    assert len(loaded.pods) == sizes.pods_of_json


@pytest.fixture(scope="module")
def yaml_file(sizes: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    file = tmp_path_factory.mktemp("yaml") / "cluster.yaml"
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    with file.open("w") as stream:
        yaml.dump_all(
            made.cluster(**sizes.cluster(sizes.pods_of_yaml)), stream, dumper, sort_keys=True
        )
    return file


@pytest.mark.usefixtures("alone")
def test_c_loader(benchmark: Any, sizes: Any, yaml_file: Any) -> None:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    benchmark.extra_info["bytes"] = yaml_file.stat().st_size
    benchmark.pedantic(
        lambda: list(yaml.load_all(yaml_file.read_bytes(), loader)), rounds=min(sizes.rounds, 5)
    )


@pytest.mark.usefixtures("alone")
def test_load_yaml(benchmark: Any, sizes: Any, yaml_file: Any) -> None:
    loaded = benchmark.pedantic(lambda: load(yaml_file), rounds=min(sizes.rounds, 5))
    assert len(loaded.pods) == sizes.pods_of_yaml
