"""Lookups and building, next to what other libraries and a plain walk take for the same."""

from __future__ import annotations

import json
import logging
from base64 import b64decode
from typing import Any

import oras.provider
import pytest
from docker.auth import AuthConfig, resolve_repository_name
from docker_image.reference import Reference
from oras.container import Container

from benchmarks import made
from pullsecrets import Keyring, PullSecret
from pullsecrets.secrecy import HiddenBytes
from support.plain_walk import PlainWalk


def keyring(entries: int, per_host: int = 100) -> Keyring:
    config = HiddenBytes(made.docker_config(entries, per_host))
    return Keyring([PullSecret("registry", data={".dockerconfigjson": config})])


@pytest.fixture(params=[3, 10_000], ids=["3", "many"])
def entries(request: pytest.FixtureRequest, sizes: Any) -> int:
    return min(request.param, sizes.entries)


def each(function: Any, arguments: list[Any]) -> None:
    for argument in arguments:
        function(argument)


def measure(benchmark: Any, sizes: Any, function: Any, images: list[str]) -> None:
    benchmark.extra_info["each"] = len(images)
    benchmark.pedantic(each, (function, images), rounds=3 * sizes.rounds, warmup_rounds=1)


def test_warm_lookup(benchmark: Any, sizes: Any, entries: int) -> None:
    ring = keyring(entries)
    measure(benchmark, sizes, ring.resolve, made.images(entries, sizes.images))


@pytest.mark.parametrize("shape", ["hosts", "paths"])
def test_cold_lookup(benchmark: Any, sizes: Any, entries: int, shape: str) -> None:
    """Images that were not seen before, of keys on many hosts or of many below one host."""
    per_host = 1 if shape == "hosts" else entries
    ring = keyring(entries, per_host)
    fresh = made.images(entries, sizes.images, per_host)
    rounds = iter(range(10**6))

    def setup() -> Any:
        number = next(rounds)
        return (ring.resolve, [f"{image}.{number}" for image in fresh]), {}

    benchmark.extra_info["each"] = len(fresh)
    benchmark.pedantic(each, setup=setup, rounds=3 * sizes.rounds)


def test_parse_of_docker_image_py(benchmark: Any, sizes: Any) -> None:
    images = made.images(sizes.entries, sizes.images)
    measure(benchmark, sizes, Reference.parse_normalized_named, images)


def test_plain_walk(benchmark: Any, sizes: Any, entries: int) -> None:
    """Each key compared with the image's name, as the kubelet does; keys parsed beforehand."""
    walk = PlainWalk(keyring(entries))
    images = made.images(entries, sizes.images)[: 20 if entries > 3 else None]
    names = [image.rpartition(":")[0] for image in images]
    measure(benchmark, sizes, walk.candidates, names)


def test_docker_py(benchmark: Any, sizes: Any, entries: int) -> None:
    """The name's host and its credentials; paths, globs and further candidates are ignored."""
    logging.getLogger("docker").setLevel(logging.WARNING)
    config = json.loads(made.docker_config(entries))
    auths = AuthConfig({"auths": AuthConfig.parse_auth(config["auths"])})
    images = made.images(entries, sizes.images)[: 20 if entries > 3 else None]

    def resolve(image: str) -> Any:
        registry, _ = resolve_repository_name(image)
        return auths.resolve_authconfig(registry)

    assert resolve(images[0])
    measure(benchmark, sizes, resolve, images)


def test_oras_py(benchmark: Any, sizes: Any, entries: int, tmp_path: Any) -> None:
    """An entry that is spelled like the host; here the config has such entries."""
    config = json.loads(made.docker_config(entries))
    config["auths"] = {
        entry.removeprefix("https://").partition("/")[0]: fields
        for entry, fields in config["auths"].items()
    }
    file = tmp_path / "config.json"
    file.write_text(json.dumps(config))
    auth = oras.provider.Registry().auth
    images = made.images(entries, sizes.images)

    def resolve(image: str) -> Any:
        auth.load_configs(Container(image), [str(file)])
        return auth._basic_auth

    assert resolve(images[0])
    measure(benchmark, sizes, resolve, images)


def test_building(benchmark: Any, sizes: Any) -> None:
    """From the bytes of the config to a keyring that has answered once."""
    config = made.docker_config(sizes.entries)
    [image] = made.images(sizes.entries, 1)

    def build() -> None:
        secret = PullSecret("registry", data={".dockerconfigjson": HiddenBytes(config)})
        assert Keyring([secret]).resolve(image).candidates

    benchmark.pedantic(build, rounds=3 * sizes.rounds, warmup_rounds=1)


def test_json_and_base64_alone(benchmark: Any, sizes: Any) -> None:
    config = made.docker_config(sizes.entries)

    def decode() -> None:
        for fields in json.loads(config)["auths"].values():
            b64decode(fields["auth"])

    benchmark.pedantic(decode, rounds=3 * sizes.rounds, warmup_rounds=1)


def test_building_with_docker_py(benchmark: Any, sizes: Any) -> None:
    logging.getLogger("docker").setLevel(logging.WARNING)
    config = made.docker_config(sizes.entries)

    def build() -> None:
        AuthConfig({"auths": AuthConfig.parse_auth(json.loads(config)["auths"])})

    benchmark.pedantic(build, rounds=sizes.rounds, warmup_rounds=1)
