"""What images do with entries: neighbours, shadowed entries, globs."""

from __future__ import annotations

from pullsecrets import DockerConfig, check
from pullsecrets.testing import cluster
from support.diagnosed import account, found, login, messages, pod, regcred, secret


def test_a_repository_whose_name_begins_anothers():
    both = pod("quay.io/acme/api", "quay.io/acme/api-gateway")
    assert found(both, regcred("quay.io/acme/api")) == [("PS305", "note")]
    alone = pod("quay.io/acme/api-gateway")
    assert found(alone, regcred("quay.io/acme/api")) == [("PS305", "warning")]
    assert found(pod("quay.io/acme/api"), regcred("quay.io/acme/api")) == []


def test_pods_that_differ_in_their_accounts_only():
    pods = [pod("quay.io/acme-b/x", name=name, account=name) for name in ("default", "robot")]
    assert found(*pods, regcred("quay.io/acme")) == [("PS305", "warning")]


def test_several_neighbours_are_one_diagnosis():
    [message] = messages(
        pod("quay.io/acme-b/x", "quay.io/acme-a/x", "quay.io/acme-c/x"), regcred("quay.io/acme")
    )
    assert "'quay.io/acme-a/x' and 2 more" in message


def test_what_shadows_docker_hubs_entry():
    hub = {"https://index.docker.io/v1/": login("hub")}
    both = secret({"auths": {**hub, "docker.io": login("x")}})
    assert found(pod("acme/api"), both) == [("PS307", "warning")]
    assert found(pod("quay.io/a/b", secrets=()), account("default", "regcred"), both) == []
    # What is on localhost is Docker Hub's only where nothing matches.
    local = secret({"auths": {**hub, "localhost": login("x")}})
    assert found(pod("localhost/app"), local) == []
    # The node's entries come after those of the secrets, and hide none of them.
    node = DockerConfig.from_json('{"auths": {"docker.io": {"username": "n", "password": "n"}}}')
    assert found(pod("acme/api"), secret({"auths": hub}), node=node) == []
    only_node = pod("acme/api", secrets=())
    assert found(only_node, node=node) == []


def test_globs():
    image = "registry.example.com:5000/shop/web"
    assert found(pod(image), regcred("*.example.com:5000")) == [("PS309", "note")]
    assert found(pod(image), regcred("*.example.com:5000", "registry.example.com:5000")) == []
    several = [pod(image, "other.example.com:5000/x"), regcred("*.example.com:5000")]
    [diagnosis] = check(cluster(*several))
    assert diagnosis.replacement is None
    assert diagnosis.advice == (
        "Write the host out: 'other.example.com:5000', 'registry.example.com:5000'."
    )
    node = DockerConfig.from_json('{"auths": {"*.example.com:5000": {}}}')
    assert found(pod(image, secrets=()), node=node) == []
