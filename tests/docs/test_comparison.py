"""The points of the comparison page, each run against what it speaks of."""

from __future__ import annotations

import base64
import importlib.util
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from pullsecrets import PullSecret, resolve

DOCS = Path(__file__).parents[2] / "docs"
spec = importlib.util.spec_from_file_location("_comparison", DOCS / "_comparison.py")
assert spec is not None
assert spec.loader is not None
comparison = importlib.util.module_from_spec(spec)
spec.loader.exec_module(comparison)
POINTS = [pytest.param(point, id=point.name) for point in comparison.POINTS]


def secret(name, auths):
    return PullSecret.from_manifest(
        {
            "kind": "Secret",
            "metadata": {"name": name},
            "type": "kubernetes.io/dockerconfigjson",
            "stringData": {".dockerconfigjson": json.dumps({"auths": auths})},
        }
    )


def user_of(basic):
    return base64.b64decode(basic).decode().partition(":")[0]


@pytest.mark.parametrize("point", POINTS)
def test_pullsecrets(point):
    result = resolve(point.image, [secret("regcred", point.auths)])
    tried = [candidate.credential.username for candidate in result.candidates]
    if result.failure:
        tried = comparison.ERROR
    elif not result.is_deterministic:
        assert sorted(tried) == ["first", "second"]
        tried = comparison.UNDEFINED
    elif tried == [""]:
        assert not result.candidates[0].credential.password.reveal()
        tried = comparison.EMPTY
    assert tried == point.tried["kubelet"]


@pytest.mark.parametrize("point", POINTS)
def test_docker_py(point):
    docker_auth = pytest.importorskip("docker.auth")
    registry, _ = docker_auth.resolve_repository_name(point.image)
    try:
        config = docker_auth.load_config(config_dict={"auths": point.auths})
        found = docker_auth.resolve_authconfig(config, registry)
    except ValueError:  # base64's
        tried = comparison.ERROR
    else:
        if found is None:
            tried = []
        elif "IdentityToken" in found:
            tried = comparison.TOKEN
        else:
            tried = [found["username"]] if found else comparison.EMPTY
    assert tried == point.tried["docker"]


@pytest.mark.parametrize("point", POINTS)
def test_oras_py(point, tmp_path, monkeypatch):
    auth = pytest.importorskip("oras.auth")
    container = pytest.importorskip("oras.container")
    monkeypatch.setenv("HOME", str(tmp_path))  # not the developer's own docker config
    monkeypatch.delenv("DOCKER_CONFIG", raising=False)
    file = tmp_path / "docker-config.json"
    file.write_text(json.dumps({"auths": point.auths}))
    backend = auth.get_auth_backend("basic")
    backend.load_configs(container.Container(point.image), [str(file)])
    basic = getattr(backend, "_basic_auth", None)
    assert ([user_of(basic)] if basic else []) == point.tried["oras"]


@pytest.mark.skipif(not shutil.which("skopeo"), reason="skopeo is not installed")
@pytest.mark.parametrize("point", POINTS)
def test_skopeo(point, tmp_path):
    file = tmp_path / "auth.json"
    file.write_text(json.dumps({"auths": point.auths}))
    # Tells which credential it would use, and asks no registry.
    command = ["skopeo", "login", "--get-login", "--authfile", str(file), point.image]
    result = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    if point.tried["skopeo"] == comparison.TOKEN:
        # It has one; `--get-login` can only tell the user name next to it.
        assert result.stdout.strip() == comparison.NOBODY
    elif result.returncode:
        assert "not logged into" in result.stderr
        assert point.tried["skopeo"] == []
    else:
        assert [result.stdout.strip()] == point.tried["skopeo"]


def test_several_secrets_with_one_key():
    secrets = [secret(user, {"quay.io": {"username": user}}) for user in ("first", "second")]
    candidates = resolve("quay.io/acme/api", secrets).candidates
    assert [candidate.credential.username for candidate in candidates] == ["first", "second"]


def test_credential_helpers(tmp_path, monkeypatch):
    """docker-py and oras-py run them, the kubelet does not."""
    docker_auth = pytest.importorskip("docker.auth")
    auth = pytest.importorskip("oras.auth")
    container = pytest.importorskip("oras.container")
    helper = tmp_path / "docker-credential-test"
    helper.write_text('#!/bin/sh\necho \'{"Username": "helped", "Secret": "password"}\'\n')
    helper.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("DOCKER_CONFIG", raising=False)
    document = {"auths": {}, "credHelpers": {"quay.io": "test"}}
    file = tmp_path / "docker-config.json"
    file.write_text(json.dumps(document))

    config = docker_auth.load_config(config_dict=document)
    assert docker_auth.resolve_authconfig(config, "quay.io")["Username"] == "helped"
    backend = auth.get_auth_backend("basic")
    backend.load_configs(container.Container("quay.io/acme/api"), [str(file)])
    assert user_of(backend._basic_auth) == "helped"
    ignoring = PullSecret.from_manifest(
        {
            "kind": "Secret",
            "metadata": {"name": "regcred"},
            "type": "kubernetes.io/dockerconfigjson",
            "stringData": {".dockerconfigjson": json.dumps(document)},
        }
    )
    assert resolve("quay.io/acme/api", [ignoring]).anonymous
