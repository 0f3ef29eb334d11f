"""Registries by the names that images have for them."""

from __future__ import annotations

import pytest

from pullsecrets import Image
from pullsecrets.registries import Registry


@pytest.mark.parametrize(
    "text, host, port",
    [
        ("quay.io", "quay.io", ""),
        ("quay.io:443", "quay.io", "443"),
        ("[::1]", "::1", ""),
        ("[::1]:5000", "::1", "5000"),
        ("LOCALHOST:5000", "LOCALHOST", "5000"),
    ],
)
def test_parts(text, host, port):
    registry = Registry.parse(text)
    assert (registry.host, registry.port) == (host, port)
    assert registry.name == str(registry) == registry.api_host == text
    assert not registry.is_docker_hub


def test_docker_hub():
    registry = Image.parse("nginx").registry
    assert registry.is_docker_hub
    assert registry.name == "docker.io"
    assert registry.api_host == "registry-1.docker.io"
    assert not Registry("docker.io", "443").is_docker_hub
