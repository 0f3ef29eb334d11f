"""From values back to manifests; Secrets as kubectl makes them, byte for byte."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pullsecrets import (
    Cluster,
    Container,
    Credential,
    DockerConfig,
    Password,
    Pod,
    PullSecret,
    ServiceAccount,
)
from pullsecrets._go.marshal import go_marshal
from pullsecrets.testing import strategies

VECTORS = [
    json.loads(line) for line in (Path(__file__).parent / "kubectl.jsonl").read_text().splitlines()
]
many = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: repr(vector["username"]))
def test_secrets_as_kubectl_made_them(vector: dict[str, str]) -> None:
    """Recorded with kubectl 1.32.4, `create secret docker-registry --dry-run=client -o json`."""
    credential = (vector["username"], vector["password"], vector["email"])
    for given_ in (credential, Credential(credential[0], Password(credential[1]), credential[2])):
        manifest = PullSecret.from_credentials("regcred", {vector["entry"]: given_}).to_manifest()
        assert manifest["type"] == "kubernetes.io/dockerconfigjson"
        assert manifest["data"] == {".dockerconfigjson": vector["value"]}


# What a command line carries, and what a registry could ask for.
arguments = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
@settings(many, max_examples=15)
@given(entry=arguments, username=arguments, password=arguments)
def test_secrets_as_kubectl_makes_them(entry: str, username: str, password: str) -> None:
    command = ["kubectl", "create", "secret", "docker-registry", "regcred", "--dry-run=client"]
    command += ["-o=json", f"--docker-server={entry}", f"--docker-username={username}"]
    done = subprocess.run([*command, f"--docker-password={password}"], capture_output=True)
    if done.returncode:
        pytest.skip("this kubectl makes no secrets")  # a stand-in, or too old
    secret = PullSecret.from_credentials("regcred", {entry: (username, password)})
    assert json.loads(done.stdout)["data"] == secret.to_manifest()["data"]


def test_several_entries_stand_in_gos_order() -> None:
    credentials = dict.fromkeys(("quay.io", "Quay.io", "a.io/x", "a.io", "ä.io"), ("u", "p"))
    payload = PullSecret.from_credentials("regcred", credentials).data[".dockerconfigjson"].reveal()
    assert list(json.loads(payload)["auths"]) == ["Quay.io", "a.io", "a.io/x", "quay.io", "ä.io"]
    nobody = PullSecret.from_credentials("regcred", {"a.io": ("", ""), "b.io": ("", "", "e")})
    assert nobody.data[".dockerconfigjson"].reveal() == (
        b'{"auths":{"a.io":{"auth":"Og=="},"b.io":{"email":"e","auth":"Og=="}}}'
    )


def test_a_lone_surrogate_is_written_as_go_would() -> None:
    assert go_marshal("\ud800") == '"\ufffd"'
    secret = PullSecret.from_credentials("regcred", {"quay.io": ("\ud800", "\udcff")})
    config = secret.config()
    assert config is not None
    assert config.auths["quay.io"].password.reveal() == "\ufffd"


@many
@given(st.recursive(st.text(), lambda inner: st.dictionaries(st.text(), inner, max_size=3)))
def test_marshalled_json_is_json(value: Any) -> None:
    assert json.loads(go_marshal(value)) == value


@many
@given(strategies.docker_config_values())
@example(DockerConfig({"quay.io": Credential("a:b", Password("c"), "e")}))
@example(DockerConfig({"quay.io": Credential("", Password(":"))}))
@example(DockerConfig({"quay.io": Credential("a:", Password(""))}))
def test_docker_configs_read_back(config: DockerConfig) -> None:
    again = DockerConfig.from_json(config.to_json())
    assert again == config
    assert list(again.auths) == list(config.auths)
    # The same by another parser, which knows `auth` as every tool does.
    for entry, fields in json.loads(config.to_json())["auths"].items():
        credential = config.auths[entry]
        if "auth" in fields:
            user, _, password = base64.b64decode(fields["auth"]).decode().partition(":")
            assert (user, password) == (credential.username, credential.password.reveal())


@many
@given(strategies.pull_secrets(configs=strategies.suspicious_docker_configs()))
def test_secrets_read_back(secret: PullSecret) -> None:
    assert PullSecret.from_manifest(secret.to_manifest()) == secret


def test_a_secret_of_another_type_reads_back() -> None:
    manifest = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s", "annotations": {"pullsecrets/ignore": "PS101, PS102"}},
        "data": {"tls.key": "AAAA", ".dockercfg": "e30=", "a": "AAAA"},
    }
    secret = PullSecret.from_manifest(manifest)
    again = secret.to_manifest()
    assert PullSecret.from_manifest(again) == secret
    assert again["data"] == {".dockercfg": "e30=", "tls.key": "", "a": ""}
    assert again["metadata"]["annotations"] == {"pullsecrets/ignore": "PS101,PS102"}


@many
@given(strategies.service_accounts())
@example(ServiceAccount("deployer", "shop", ("", "a", "a"), ("PS101",)))
def test_service_accounts_read_back(account: ServiceAccount) -> None:
    assert ServiceAccount.from_manifest(account.to_manifest()) == account


@many
@given(strategies.pods())
@example(Pod("api", mirror=True, stored=True, ignore=("PS101",), pull_secrets=("", "a")))
@example(
    Pod(
        "api",
        image_volumes=(
            Container("model", "quay.io/acme/model", "volume"),
            Container("data", "", "volume", "Always"),
        ),
    )
)
def test_pods_read_back(pod: Pod) -> None:
    assert Pod.from_manifest(pod.to_manifest()) == pod


@many
@given(strategies.clusters())
def test_clusters_read_back_and_are_json(cluster: Cluster) -> None:
    parts = [*cluster.pods, *cluster.service_accounts, *cluster.secrets]
    text = json.dumps([part.to_manifest() for part in parts])
    assert Cluster.from_manifests(json.loads(text), node=cluster.node) == cluster


def test_versions() -> None:
    versions = {kind: Pod("x", kind=kind).to_manifest()["apiVersion"] for kind in ("Pod", "Job")}
    assert versions == {"Pod": "v1", "Job": "batch/v1"}
    assert Pod("x", kind="Deployment").to_manifest()["apiVersion"] == "apps/v1"
