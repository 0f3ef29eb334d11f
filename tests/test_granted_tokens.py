"""What RBAC, and a pod's own volumes, let a node's providers have of service accounts (D23)."""

import pickle

import pytest

from pullsecrets import Cluster, explain_pod
from pullsecrets.changes import diff_clusters
from pullsecrets.changes.model import CauseKind
from pullsecrets.diagnoses import check
from pullsecrets.node.audiences import audience_rule
from pullsecrets.node.node import Node
from pullsecrets.node.plugins import CacheType, Provider, TokenAttributes
from pullsecrets.node.provider_config import Providers
from pullsecrets.node.providers import NotAsked, NotAskedCode

TOKEN = TokenAttributes("aud", True, CacheType.SERVICE_ACCOUNT)
ROLE = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRole",
    "metadata": {"name": "tokens"},
    "rules": [audience_rule("aud", "builder")],
}
BINDING = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRoleBinding",
    "metadata": {"name": "tokens"},
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "tokens"},
    "subjects": [
        {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:nodes"}
    ],
}
ACCOUNT = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "builder"}}


def pod(account="builder", *audiences):
    sources = [{"serviceAccountToken": {"path": "t", "audience": each}} for each in audiences]
    spec = {
        "serviceAccountName": account,
        "containers": [{"name": "c", "image": "quay.io/acme/app:1"}],
        "volumes": [
            {"name": "empty", "emptyDir": {}},
            {"name": "t", "projected": {"sources": [{"configMap": {"name": "c"}}, *sources]}},
        ],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": spec}


def node(version="1.37", **token):
    given = TokenAttributes("aud", True, CacheType.SERVICE_ACCOUNT, **token)
    return Node(version, providers=Providers([Provider("p", ("quay.io",), token=given)], version))


def cluster(*manifests, on=None):
    return Cluster.from_manifests(manifests, node=on or node())


def consulted(found):
    (answer,) = found.resolve_all()
    (image,) = answer.images
    (each,) = image.resolution.consulted
    return each.code if isinstance(each, NotAsked) else "asked"


REFUSED = NotAskedCode.TOKEN_REFUSED


@pytest.mark.parametrize(
    "manifests, version, expected",
    [
        ([ROLE, BINDING, pod()], "1.37", "asked"),
        ([ROLE, BINDING, pod("other")], "1.37", REFUSED),
        ([ROLE, pod()], "1.37", REFUSED),
        # Without any object of RBAC it is not known.
        ([pod()], "1.37", "asked"),
        # The pod has the token in a volume.
        ([ROLE, pod("builder", "other", "aud")], "1.37", "asked"),
        ([ROLE, pod("builder", "other")], "1.37", REFUSED),
        # The API server does not restrict audiences by default.
        ([ROLE, pod()], "1.32", "asked"),
    ],
)
def test_a_provider_is_asked_where_the_node_gets_the_token(manifests, version, expected):
    assert consulted(cluster(*manifests, ACCOUNT, on=node(version))) == expected


def test_explain_says_so():
    found = cluster(ROLE, pod(), ACCOUNT)
    (image,) = explain_pod(found, found.pods[0])
    (provider,) = image.secrets
    assert "the API server gives the node no token for its audience: aud" in provider.message


def test_the_diagnosis_agrees():
    def codes(*manifests):
        return {each.code for each in check(cluster(*manifests, ACCOUNT)) if each.code == "PS606"}

    assert codes(ROLE, BINDING, pod()) == set()
    assert codes(ROLE, pod()) == {"PS606"}
    assert codes(pod()) == {"PS606"}  # not known: it may be missing
    assert codes(pod("builder", "aud")) == set()


@pytest.mark.parametrize("account", [[], [ACCOUNT]])
def test_annotations_of_an_account_that_is_not_there_are_not_known(account):
    on = node(required_annotations=("example.com/role",))
    found = cluster(pod(), *account, on=on)
    expected = NotAskedCode.ANNOTATION_MISSING if account else "asked"
    assert consulted(found) == expected
    assert ("PS607" in {each.code for each in check(found)}) is bool(account)


def test_a_new_rule_is_named_as_what_changed():
    old, new = cluster(ROLE, pod(), ACCOUNT), cluster(ROLE, BINDING, pod(), ACCOUNT)
    (change,) = diff_clusters(old, new)
    assert [cause.kind for cause in change.because] == [CauseKind.RBAC]
    assert str(change.because[0]) == "what RBAC lets nodes have tokens for changed"
    (change,) = diff_clusters(old, cluster(ROLE, pod("builder", "aud"), ACCOUNT))
    assert [cause.kind for cause in change.because] == [CauseKind.POD]


def test_a_cluster_keeps_it():
    found = cluster(ROLE, BINDING, pod("builder", "a", "b"), ACCOUNT)
    assert found.pods[0].token_audiences == ("a", "b")
    (read,) = Cluster.from_manifests([found.pods[0].to_manifest()]).pods
    assert read == found.pods[0]
    again = pickle.loads(pickle.dumps(found))
    assert again == found
    assert consulted(again) == "asked"


def test_bindings_as_objects_of_a_client():
    kubernetes = pytest.importorskip("kubernetes.client")
    role = kubernetes.V1ClusterRole(
        api_version=ROLE["apiVersion"],
        kind="ClusterRole",
        metadata=kubernetes.V1ObjectMeta(name="tokens"),
        rules=[
            kubernetes.V1PolicyRule(
                api_groups=[""],
                resources=["aud"],
                resource_names=["builder"],
                verbs=["request-serviceaccounts-token-audience"],
            )
        ],
    )
    binding = kubernetes.V1RoleBinding(
        api_version=ROLE["apiVersion"],
        kind="RoleBinding",
        metadata=kubernetes.V1ObjectMeta(name="tokens", namespace="shop"),
        role_ref=kubernetes.V1RoleRef(
            api_group="rbac.authorization.k8s.io", kind="ClusterRole", name="tokens"
        ),
        subjects=[kubernetes.RbacV1Subject(kind="Group", name="system:nodes")],
    )

    for namespace, expected in (("shop", "asked"), ("default", REFUSED)):
        read = Cluster.from_objects(role, binding, pod(), ACCOUNT, namespace=namespace, node=node())
        assert [grant.namespace for grant in read.grants] == ["shop"]
        assert consulted(read) == expected
