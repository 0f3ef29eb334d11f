"""What a node's providers have to do with a cluster's pods: PS6, through `check`."""

from __future__ import annotations

import json

import pytest
import yaml

from pullsecrets import Cluster, check
from pullsecrets.node.node import Node
from pullsecrets.node.plugins import Provider, TokenAttributes
from pullsecrets.node.provider_config import Providers
from pullsecrets.objects import Container, Pod, ServiceAccount
from support.canary import CANARY
from support.command_line import run

PULLER = ServiceAccount("puller", "team")


def pod(image, name="app", **more):
    return Pod(name, "team", containers=(Container("c", image),), **more)


def found_in(*pods, patterns=("quay.io",), token=None, **more):
    providers = Providers((Provider("p", patterns, token=token),), "1.36")
    cluster = Cluster(pods, (PULLER,), (), Node("1.36", providers=providers), **more)
    return [(each.code, each.where.name) for each in check(cluster) if each.code[:3] == "PS6"]


def test_what_concerns_many_pods_is_said_once():
    pods = [pod("quay.io:443/a", f"app-{n}", service_account="puller") for n in range(30)]
    token = TokenAttributes("aud", True, None, ("role",))
    # defaultCacheDuration is 0, too.
    found = found_in(*pods, token=token)
    assert sorted(found) == [(code, "") for code in ("PS603", "PS606", "PS607", "PS608")]


def test_an_image_that_one_pod_has_a_credential_for_is_served():
    stored = pod("quay.io/a", "first", pull_secrets=("regcred",), stored=True)
    assert ("PS612", "second") in found_in(pod("gcr.io/a", "second"), stored)
    assert found_in(stored, pod("quay.io/a", "second")) == [("PS608", "")]


def test_what_is_no_image_and_a_static_pod():
    token = TokenAttributes("aud", True)
    found = found_in(pod("Not an image"), pod("quay.io/a", mirror=True), token=token)
    assert found == [("PS608", "")]


def test_who_ignores_what_nobody_serves():
    assert ("PS612", "app") in found_in(pod("gcr.io/a"))
    assert ("PS612", "app") not in found_in(pod("gcr.io/a", ignore=("PS612",)))


V1 = "credentialprovider.kubelet.k8s.io/v1"
CONFIG = f"""
apiVersion: kubelet.config.k8s.io/v1
kind: CredentialProviderConfig
providers:
- name: harbor
  matchImages:
  - registry.example.com
  - harbor.example.com/*
  defaultCacheDuration: 5m
  apiVersion: {V1}
  tokenAttributes:
    serviceAccountTokenAudience: harbor
    requireServiceAccount: true
    cacheType: ServiceAccount
"""
ANSWERS = {
    "harbor": {
        "kind": "CredentialProviderResponse",
        "apiVersion": V1,
        "cacheKeyType": "registry",
        "auth": {"harbor.example.com": {"username": "u", "password": CANARY}},
    }
}
RULES = [
    {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleList",
        "items": [
            {
                "metadata": {"name": "tokens"},
                "rules": [
                    {
                        "apiGroups": [""],
                        "verbs": ["request-serviceaccounts-token-audience"],
                        "resources": ["harbor"],
                    }
                ],
            }
        ],
    },
    {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "tokens"},
        "roleRef": {"kind": "Role", "name": "tokens"},
        "subjects": [{"kind": "Group", "name": "system:nodes"}],
    },
]


@pytest.fixture
def checked(tmp_path):
    """Check a pod whose image is of a registry that only a provider has a credential for."""

    def checked(*options, config=CONFIG, more=(), form="json"):
        manifest = {
            "kind": "Pod",
            "metadata": {"name": "app"},
            "spec": {"containers": [{"name": "c", "image": "harbor.example.com/team/app:1"}]},
        }
        (tmp_path / "pod.yaml").write_text(yaml.safe_dump_all([manifest, *more]))
        (tmp_path / "config.yaml").write_text(config)
        (tmp_path / "answers.yaml").write_text(json.dumps(ANSWERS))
        files = "--provider-config", tmp_path / "config.yaml"
        files += "--provider-answers", tmp_path / "answers.yaml"
        return run("check", tmp_path / "pod.yaml", *files, "--format", form, *options)

    return checked


THREE = ["PS610", "PS601", "PS606"]


@pytest.mark.parametrize("options", [(), ("--pod", "app"), ("--namespace", "default")])
def test_three_bugs_that_hide_each_other_are_named_in_one_run(checked, options):
    """A pattern that never matches, no rule for the audience, a bad cacheKeyType: kind#4185."""
    result = checked(*options)
    assert [each["code"] for each in result.json["diagnoses"]] == THREE
    assert CANARY not in result.out + result.err


def test_with_the_rule_among_the_manifests_two_are_left(checked):
    found = checked(more=RULES).json["diagnoses"]
    assert [each["code"] for each in found] == ["PS610", "PS601"]
    # In another namespace the role is for others.
    found = checked("--namespace", "default", more=_in("other")).json["diagnoses"]
    assert [each["code"] for each in found] == THREE


def _in(namespace):
    role_list, binding = RULES
    [role] = role_list["items"]
    metadata = {"name": "tokens", "namespace": namespace}
    return {**role_list, "items": [{**role, "metadata": metadata}]}, {
        **binding,
        "metadata": metadata,
    }


def test_each_is_found_by_its_line(checked):
    text = checked(form="text").out
    lines = {
        line.split(".yaml:")[1].split()[0]: line.rpartition(", ")[2]
        for line in text.splitlines()
        if line.startswith("  at  ")
    }
    assert lines == {
        "8": "providers[0].matchImages[1]",
        "5": "providers[0]",
        "12": "providers[0].tokenAttributes.serviceAccountTokenAudience",
    }
    assert "CredentialProviderConfig, providers[0].matchImages[1]" in text


def test_a_configuration_that_is_refused_is_a_problem_of_the_input(checked):
    result = checked(config=CONFIG.replace("5m", "-5m"))
    assert [each["code"] for each in result.json["problems"]] == ["invalid-provider-config"]
    assert result.status == 2
    assert result.json["diagnoses"] == []


def test_an_object_of_another_api_with_the_name_of_a_role_is_passed_over(checked):
    roles = [{**each, "apiVersion": "example.com/v1"} for each in RULES]
    assert [each["code"] for each in checked(more=roles).json["diagnoses"]] == THREE
