"""The builders, and `cluster` with whatever a test may have rendered."""

from __future__ import annotations

import json
import traceback
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from pullsecrets import Cluster, Credential, DockerConfig, Password
from pullsecrets.metadata import Place
from pullsecrets.reading import NoSuchPath, ProblemCode, Unreadable
from pullsecrets.testing import cluster, pod, pull_secret, service_account, strategies

CANARY = "hunter2-canary"
TEXT = """\
---
# Source: shop/templates/deployment.yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
spec:
  template:
    spec:
      containers: [{name: shop, image: quay.io/acme/shop}]
      imagePullSecrets: [{name: regcred}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: shop}
"""
MAPPING: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "ServiceAccount",
    "metadata": {"name": "deployer"},
    "imagePullSecrets": [{"name": "quay"}],
}


def test_pod() -> None:
    made = pod("api", images=["quay.io/acme/api:1", "nginx", "ghcr.io/b/api@sha256:0", ""])
    assert [c.name for c in made.containers] == ["api", "nginx", "api-2", "container"]
    assert (made.kind, made.namespace, made.service_account) == ("Pod", "default", "default")
    made = pod(
        "api",
        images={"main": "nginx"},
        pull_secrets=["a", "b"],
        service_account="deployer",
        kind="Deployment",
        namespace="shop",
    )
    assert made.containers[0].name == "main"
    assert (made.kind, made.namespace, made.service_account) == ("Deployment", "shop", "deployer")
    assert made.pull_secrets == ("a", "b")


def test_one_string_in_place_of_several() -> None:
    made = pod("api", images="quay.io/acme/api", pull_secrets="regcred")
    assert [c.image for c in made.containers] == ["quay.io/acme/api"]
    assert made.pull_secrets == ("regcred",)


def test_service_account() -> None:
    assert service_account().name == "default"
    made = service_account("deployer", pull_secrets=["a"], namespace="shop")
    assert (made.name, made.namespace, made.pull_secrets) == ("deployer", "shop", ("a",))


def test_pull_secret() -> None:
    secret = pull_secret("regcred", {"quay.io": ("user", "password")}, namespace="shop")
    config = secret.config()
    assert config is not None
    assert (secret.namespace, secret.skipped) == ("shop", None)
    assert config.auths == {"quay.io": Credential("user", Password("password"))}
    for document in ('{"auths": {"quay.io": {}}}', b'{"auths": {"quay.io": {}}}'):
        config = pull_secret("regcred", document).config()
        assert config is not None
        assert list(config.auths) == ["quay.io"]


@pytest.mark.parametrize("text", [TEXT, TEXT.encode()], ids=["str", "bytes"])
def test_text(text: str | bytes) -> None:
    found = cluster(text)
    assert [p.name for p in found.pods] == ["shop"]
    assert found.pods[0].place == Place(None, 1)


def test_what_pulumis_mocks_are_given() -> None:
    """Recorded: it marks values that are secret outputs, here all of stringData."""
    marked = {
        "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
        "value": {".dockerconfigjson": '{"auths":{"quay.io":{"username":"u"}}}'},
    }
    inputs = {
        "metadata": {"name": "regcred"},
        "type": "kubernetes.io/dockerconfigjson",
        "kind": "Secret",
        "apiVersion": "v1",
        "stringData": marked,
    }
    (secret,) = cluster(inputs).secrets
    config = secret.config()
    assert config is not None
    assert list(config.auths) == ["quay.io"]


def test_everything_at_once(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "pod.json").write_text(
        json.dumps(pod("from-file", images=["nginx"]).to_manifest())
    )
    found = cluster(
        TEXT,
        MAPPING,
        [MAPPING | {"metadata": {"name": "other"}}, pod("built", images=["nginx"])],
        tmp_path / "folder",
        (secret for secret in [pull_secret("regcred", {"quay.io": ("user", "password")})]),
        cluster(pod("of-a-cluster", images=["nginx"])),
        namespace="shop",
        node=DockerConfig(),
    )
    assert [p.name for p in found.pods] == ["shop", "built", "from-file", "of-a-cluster"]
    assert [p.namespace for p in found.pods] == ["shop", "default", "default", "default"]
    assert [a.name for a in found.service_accounts] == ["deployer", "other"]
    assert [s.name for s in found.secrets] == ["regcred"]
    assert found.node.docker_config == DockerConfig()
    place = found.pods[2].place
    assert place is not None
    assert str(place.file).endswith("pod.json")


def test_what_cannot_be_read_is_an_error() -> None:
    broken = MAPPING | {"imagePullSecrets": "regcred"}
    with pytest.raises(Unreadable, match="imagePullSecrets is a string"):
        cluster(broken)
    found = cluster(broken, strict=False)
    assert len(found.problems) == 1
    assert cluster(found, strict=False).problems == found.problems
    with pytest.raises(NoSuchPath):
        cluster(Path("nowhere"))
    with pytest.raises(TypeError, match="not int"):
        cluster(42)


def test_a_path_as_text_is_told() -> None:
    with pytest.raises(Unreadable, match=r"given as pathlib.Path\('rendered/shop.yaml'\)"):
        cluster("rendered/shop.yaml")
    (problem,) = cluster(" rendered/shop.yaml\n", strict=False).problems
    assert (problem.code, problem.error) == (ProblemCode.NO_OBJECT, True)
    with pytest.raises(Unreadable) as error:
        cluster("https://user:hunter2@example.com/shop.yaml")
    assert "hunter2" not in str(error.value)


def test_text_that_is_not_unicode_is_a_problem() -> None:
    (problem,) = cluster("kind: Pod\nmetadata: {name: \ud800}\n", strict=False).problems
    assert problem.code is ProblemCode.NOT_UTF8
    assert pull_secret("s", '{"auths": {"\ud800": {}}}').config() is not None


@pytest.mark.parametrize(
    "mistake",
    [
        "kind: Pod\nmetadata: [",
        {"kind": "Secret", "metadata": {}, "stringData": {"a": CANARY}},
        42,
        Path("nowhere"),
    ],
)
def test_no_frame_that_raises_shows_what_was_given(mistake: object) -> None:
    text = f"kind: Secret\nmetadata: {{name: a}}\nstringData: {{a: {CANARY}}}\n"
    with pytest.raises((ValueError, TypeError, NoSuchPath)) as error:
        cluster(text, text.encode(), [text], {"kind": "Secret", "data": {"a": CANARY}}, mistake)
    frames = [frame for frame, _ in traceback.walk_tb(error.value.__traceback__)][1:]
    assert frames
    for frame in frames:
        assert CANARY not in repr(frame.f_locals)


def test_nothing_is_nothing() -> None:
    assert cluster("", "\n", [], b"---\n") == Cluster()


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(strategies.clusters())
def test_a_cluster_comes_out_as_it_went_in(drawn: Cluster) -> None:
    parts = [*drawn.pods, *drawn.service_accounts, *drawn.secrets]
    assert cluster(parts, node=drawn.node) == drawn
