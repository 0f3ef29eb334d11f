"""What kubeseal, SOPS and kustomize really write, and the documented examples of the others.

The files are made by `tests/data/makers/make.sh`. External Secrets' are its documentation's
("Common K8S Secret Types", external-secrets.io/latest/guides/common-k8s-secret-types), in form.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from pullsecrets import PullSecret, check, load
from pullsecrets.makers.made import MadeSecret
from support.command_line import run

DATA = Path(__file__).parents[1] / "data" / "makers"
JSON, KEY = "kubernetes.io/dockerconfigjson", ".dockerconfigjson"
POD = """\
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: shop}
spec:
  imagePullSecrets: [{name: regcred}]
  containers: [{name: api, image: quay.io/acme/api:1}]
"""


@pytest.fixture
def pod(tmp_path):
    file = tmp_path / "pod.yaml"
    file.write_text(POD)
    return file


def resolution(*paths):
    cluster = load(*paths)
    assert not [problem for problem in cluster.problems if problem.error]
    pod = next(pod for pod in cluster.pods if pod.kind == "Pod")
    return cluster, cluster.resolve(pod).images[0].resolution


@pytest.mark.parametrize("tool", ["kubeseal", "sops"])
def test_a_pull_secret_whose_content_is_unknown(tool, pod):
    cluster, found = resolution(pod, DATA / tool / "regcred.yaml")
    [made] = cluster.made
    assert (made.namespace, made.name, made.type, made.keys) == ("shop", "regcred", JSON, (KEY,))
    assert made.entries is None
    assert found.anonymous is None
    assert [str(source) for source in found.unknown] == ["shop/regcred"]
    assert list(check(cluster)) == []


@pytest.mark.parametrize("tool", ["kubeseal", "sops"])
def test_a_secret_without_a_type(tool, pod):
    cluster, found = resolution(pod, DATA / tool / "opaque.yaml")
    assert found.anonymous is True
    [diagnosis] = check(cluster)
    assert diagnosis.code == "PS209"
    assert "with the type 'Opaque', which the kubelet skips" in diagnosis.message


@pytest.mark.parametrize("tool", ["kubeseal", "sops"])
def test_a_secret_that_is_copied(tool, pod):
    cluster, found = resolution(pod, DATA / tool / "reflected.yaml")
    assert found.anonymous is None
    assert list(check(cluster)) == []
    assert {made.namespace for made in cluster.made} == {"registry", "shop", None}


def test_a_file_that_is_encrypted_altogether_may_be_any_secret(pod):
    """SOPS encrypts the kind, too, if it is not told what to encrypt."""
    cluster, found = resolution(pod, DATA / "sops" / "everything.yaml")
    assert not cluster.listed("anywhere", "anything").certain
    assert found.anonymous is None
    assert list(check(cluster)) == []


@pytest.mark.parametrize(
    "file, names",
    [
        ("sops-secret.yaml", {("", None)}),
        ("sops-secret-names.yaml", {("regcred", JSON), ("database", "Opaque")}),
    ],
)
def test_the_names_in_a_sops_secret_may_be_encrypted(file, names, pod):
    cluster, found = resolution(pod, DATA / "sops" / file)
    assert {(made.name, made.type) for made in cluster.made} == names
    assert cluster.listed("other", "regcred") is None
    assert found.anonymous is None


def test_a_kustomization_that_is_not_rendered():
    cluster = load(DATA / "kustomize")
    [workload] = cluster.pods
    images = cluster.resolve(workload).images
    users = [[c.credential.username for c in each.resolution.candidates] for each in images]
    assert users == [["acme+deploy"], ["acme"]]
    assert list(check(cluster)) == []
    # What pods list that name the namespace which the kustomization gives to all.
    assert isinstance(cluster.listed("shop", "regcred"), PullSecret)


def tried(cluster):
    [workload] = cluster.pods
    return [
        [(found.entry, found.credential) for found in each.resolution.candidates]
        for each in cluster.resolve(workload).images
    ]


def test_a_kustomization_and_what_kustomize_makes_of_it_give_the_same():
    assert tried(load(DATA / "kustomize")) == tried(load(DATA / "kustomize.yaml"))


EXTERNAL = """\
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: dk-cfg-example, namespace: shop}
spec:
  refreshInterval: 1h0m0s
  secretStoreRef: {name: example, kind: SecretStore}
  target:
    name: regcred
    creationPolicy: Owner
    template:
      type: kubernetes.io/dockerconfigjson
      data:
        .dockerconfigjson: %s
  data:
  - secretKey: mysecret
    remoteRef: {key: docker-config-example}
"""


@pytest.mark.parametrize(
    "config, anonymous, serving",
    [
        ('"{{ .mysecret | toString }}"', None, []),
        ("""'{"auths":{"quay.io":{"auth":"{{ .mysecret }}"}}}'""", False, ["shop/regcred"]),
        ("""'{"auths":{"ghcr.io":{"auth":"{{ .mysecret }}"}}}'""", True, []),
    ],
)
def test_an_external_secret(config, anonymous, serving, pod, tmp_path):
    (tmp_path / "external.yaml").write_text(EXTERNAL % config)
    _, found = resolution(tmp_path)
    assert found.anonymous is anonymous
    assert [str(source) for source in found.serving] == serving


def test_a_project_adds_a_maker(pod, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "vault.yaml").write_text(
        "apiVersion: vault.example.com/v1\nkind: Vault\n"
        "metadata: {name: regcred, namespace: shop}\nspec: {type: kubernetes.io/dockerconfigjson}\n"
    )
    said = run("resolve", ".")
    assert "shop/regcred is not among the manifests" in said.out
    settings = tmp_path / "pyproject.toml"
    settings.write_text('[tool.pullsecrets.makers."Vault.vault.example.com"]\ntype = "spec.type"\n')
    said = run("resolve", ".")
    assert said.status == 0
    assert "shop/regcred is made by Vault shop/regcred: what it holds is not known" in said.out
    settings.write_text('[tool.pullsecrets.makers."Vault.vault.example.com"]\ntyp = "spec.type"\n')
    said = run("resolve", ".")
    assert said.status == 2
    assert "has an unknown key 'typ'" in said.err


def test_it_is_a_made_secret(pod):
    cluster, _ = resolution(pod, DATA / "kubeseal" / "regcred.yaml")
    assert isinstance(cluster.listed("shop", "regcred"), MadeSecret)
    assert cluster.secret("shop", "regcred") is None
    assert cluster.without("shop", "regcred").made == ()
    assert "1 secret to be made" in cluster.title
