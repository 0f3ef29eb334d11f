"""What cannot be read, or is named with a variable, is unknown, and not taken to be absent."""

from __future__ import annotations

import pytest

from pullsecrets import Cluster, check
from pullsecrets.makers.made import MadeSecret
from pullsecrets.notes import NoteCode
from pullsecrets.objects import NOT_READ
from pullsecrets.reading import ProblemCode

JSON, KEY = "kubernetes.io/dockerconfigjson", ".dockerconfigjson"
PLAIN = '{"auths": {"quay.io": {"auth": "dTpw"}}}'


def secret(name="regcred", kind=JSON, **values):
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "type": kind} | values


def account(*names, name="default", **metadata):
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": name, **metadata},
        "imagePullSecrets": [{"name": each} for each in names],
    }


def pod(*names, image="quay.io/acme/api", uid=None, **spec):
    spec |= {"containers": [{"name": "c", "image": image}]}
    if names:
        spec["imagePullSecrets"] = [{"name": each} for each in names]
    metadata = {"name": "api", **({"uid": uid} if uid else {})}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def read(*manifests):
    """The cluster, and whether its one image is pulled anonymously: None if that is not known."""
    cluster = Cluster.from_manifests(manifests)
    [answer] = cluster.resolve_all()
    [image] = answer.images
    return cluster, image.resolution.anonymous


def test_what_a_cluster_has_stored_is_what_it_is():
    """There a dollar is a part of an image, or of a name, which is wrong."""
    cluster = Cluster.from_manifests([pod("$A", image="a:${TAG}", uid="1")])
    assert [each.name for each in cluster.pods] == ["api"]
    assert cluster.made == ()
    stored = account("${A}", uid="1")
    cluster, anonymous = read(stored, pod())
    assert (cluster.made, anonymous) == ((), True)


@pytest.mark.parametrize("listed", ["${REGCRED}", "$REGCRED", "<path:a#b>"])
def test_a_secret_that_is_named_with_a_variable_is_not_known(listed):
    assert read(secret(stringData={KEY: PLAIN}), pod(listed))[1] is None
    assert read(account(listed), pod())[1] is None
    cluster, _ = read(pod(listed))
    [answer] = cluster.resolve_all()
    assert [note.code for note in answer.notes] == [NoteCode.UNREAD_SECRET]
    assert list(check(cluster)) == []


def test_the_same_variable_is_the_same_secret():
    cluster, anonymous = read(secret("${A}", stringData={KEY: PLAIN}), pod("${A}"))
    assert (cluster.made, anonymous) == ((), False)


def test_a_service_account_that_is_named_with_a_variable_is_not_known():
    runs = {"serviceAccountName": "${WHO}"}
    cluster, anonymous = read(pod(**runs))
    assert anonymous is None
    assert [(each.name, each.pull_secrets) for each in cluster.service_accounts] == [
        ("${WHO}", (NOT_READ,))
    ]
    # It is of no use where the pod has a list of its own, and not guessed where it is there.
    known = secret(stringData={KEY: PLAIN})
    assert read(known, pod("regcred", **runs))[1] is False
    cluster, anonymous = read(account(name="${WHO}"), pod(**runs))
    assert (len(cluster.service_accounts), anonymous) == (1, True)


# --- What cannot be read -----------------------------------------------------------------------

SEALED = {"apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret", "metadata": {"name": "a"}}


@pytest.mark.parametrize(
    "broken, listed",
    [
        (secret(data={KEY: "%"}), "regcred"),
        (secret(data={"a": 1}), "regcred"),
        (SEALED | {"spec": {"template": 1}}, "any"),  # whatever the secret's name would be
    ],
)
def test_a_secret_that_is_malformed_may_be_there(broken, listed):
    cluster, anonymous = read(broken, pod(listed))
    assert anonymous is None
    assert [problem.code for problem in cluster.problems] == [ProblemCode.INVALID_OBJECT]
    assert [type(each) for each in cluster.made] == [MadeSecret]
    assert [each.code for each in check(cluster)] == []


def test_a_malformed_one_is_in_its_namespace_only():
    broken = secret(data={KEY: "%"})
    broken["metadata"] = {"name": "regcred", "namespace": "other"}
    assert read(broken, pod("regcred"))[1] is True


def test_the_list_of_a_service_account_that_is_malformed_is_not_known():
    assert read(account() | {"imagePullSecrets": "regcred"}, pod())[1] is None
    assert read(account(name="other") | {"imagePullSecrets": "regcred"}, pod())[1] is True


@pytest.mark.parametrize("metadata", [{"name": 1}, {"name": "a", "namespace": 1}, [], {}])
def test_what_has_no_name_is_asked_for_by_nobody(metadata):
    cluster = Cluster.from_manifests([secret(data={KEY: "%"}) | {"metadata": metadata}])
    assert (cluster.made, len(cluster.problems)) == ((), 1)


def test_other_kinds_that_are_malformed_are_no_secrets():
    cluster = Cluster.from_manifests([pod() | {"spec": 1}])
    assert (cluster.made, cluster.service_accounts) == ((), ())
