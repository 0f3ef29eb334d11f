"""From manifests to resolutions: whose list a pod has, what is passed over, what is said."""

from __future__ import annotations

import json

import pytest

from pullsecrets import Admission, Cluster, DockerConfig, Image, Place, Pod, Problem

TYPE = "kubernetes.io/dockerconfigjson"


def pod(*secrets, name="p", namespace=None, image="quay.io/a", spec=None, kind="Pod", **metadata):
    references = [{"name": secret} if secret else {} for secret in secrets]
    return {
        "kind": kind,
        "metadata": {"name": name, **({"namespace": namespace} if namespace else {}), **metadata},
        "spec": {
            "containers": [{"name": "c", "image": image}],
            **({"imagePullSecrets": references} if secrets else {}),
            **(spec or {}),
        },
    }


def secret(name, *entries, namespace=None, auths=None):
    auths = {entry: {"username": f"{name}-user"} for entry in entries} if auths is None else auths
    return {
        "kind": "Secret",
        "metadata": {"name": name, **({"namespace": namespace} if namespace else {})},
        "type": TYPE,
        "stringData": {".dockerconfigjson": json.dumps({"auths": auths})},
    }


def account(name, *secrets, namespace=None):
    return {
        "kind": "ServiceAccount",
        "metadata": {"name": name, **({"namespace": namespace} if namespace else {})},
        "imagePullSecrets": [{"name": secret} if secret else {} for secret in secrets],
    }


def only(*manifests, **keywords):
    """The one answer about the one image of the one pod."""
    cluster = Cluster.from_manifests(manifests, **keywords)
    assert cluster.problems == ()
    (answer,) = cluster.resolve_all()
    assert cluster.resolve(cluster.pods[0]) == (answer,)
    return answer.resolution


def users(resolution):
    return [candidate.credential.username for candidate in resolution.candidates]


ASSUMED = "service account default/default is not among the manifests: assumed without pull secrets"
STORED = {"uid": "6e0f4a5c", "creationTimestamp": "2024-05-01T10:00:00Z"}
MIRROR = {**STORED, "annotations": {"kubernetes.io/config.mirror": "x"}}


class TestAdmission:
    def test_a_pod_without_a_list_gets_its_accounts(self):
        resolution = only(pod(), account("default", "s", "t"), secret("s", "quay.io"), secret("t"))
        assert resolution.admission == Admission("service-account", "default", ("s", "t"))
        assert users(resolution) == ["s-user"]
        assert resolution.warnings == ()

    def test_a_pods_own_list_is_used_alone(self):
        resolution = only(
            pod("s"), account("default", "t"), secret("s", "quay.io"), secret("t", "quay.io")
        )
        assert resolution.admission == Admission("pod", "default", ("s",))
        assert users(resolution) == ["s-user"]

    def test_a_nameless_reference_is_a_list_of_its_own(self):
        """The plugin looks at the length of the list, not into it."""
        resolution = only(pod(""), account("default", "t"), secret("t", "quay.io"))
        assert resolution.admission == Admission("pod", "default", ("",))
        assert resolution.anonymous
        assert resolution.warnings == ("imagePullSecrets[0] has no name: it is skipped in silence",)

    def test_an_accounts_nameless_reference_is_copied_too(self):
        resolution = only(pod(), account("default", "", "s"), secret("s", "quay.io"))
        assert resolution.admission == Admission("service-account", "default", ("", "s"))
        assert users(resolution) == ["s-user"]
        assert len(resolution.warnings) == 1

    def test_an_account_without_a_list(self):
        resolution = only(pod(), account("default"))
        assert resolution.admission == Admission("service-account", "default", ())
        assert resolution.anonymous
        assert resolution.warnings == ()

    def test_a_missing_default_account_is_assumed_empty_and_that_is_said(self):
        resolution = only(pod())
        assert resolution.admission == Admission("service-account", "default", ())
        assert resolution.anonymous
        assert resolution.warnings == (ASSUMED,)

    def test_with_a_list_of_its_own_nothing_has_to_be_assumed(self):
        assert only(pod("s"), secret("s")).warnings == ()

    @pytest.mark.parametrize("own", [(), ("s",)])
    def test_another_missing_account_is_warned_about(self, own):
        resolution = only(pod(*own, spec={"serviceAccountName": "x\n"}), secret("s", "quay.io"))
        assert resolution.admission is not None
        assert resolution.admission.service_account == "x\n"
        assert resolution.warnings == (
            (
                "service account default/x\\n is not among the manifests: "
                "if it does not exist, the API server refuses the pod"
            ),
        )
        assert users(resolution) == ["s-user"] * len(own)

    def test_an_account_of_another_namespace_is_another_account(self):
        resolution = only(pod(), account("default", "s", namespace="other"), secret("s", "quay.io"))
        assert resolution.warnings == (ASSUMED,)
        assert resolution.anonymous

    @pytest.mark.parametrize("own", [(), ("s",)])
    def test_a_stored_pod_carries_the_outcome(self, own):
        """Rule 2: the account, be it there or not, is not asked again."""
        manifests = [pod(*own, **STORED), secret("s", "quay.io"), secret("t", "quay.io")]
        for more in ([], [account("default", "t")]):
            resolution = only(*manifests, *more)
            assert resolution.admission == Admission("stored-pod", "default", own)
            assert users(resolution) == [f"{name}-user" for name in own]
            assert resolution.warnings == ()

    def test_a_mirror_pod_has_the_nodes_credentials_only(self):
        """Rule 3."""
        node = DockerConfig.from_json('{"auths": {"quay.io": {"username": "node-user"}}}')
        manifests = [account("default", "t"), secret("s", "quay.io"), secret("t", "quay.io")]
        resolution = only(pod(**MIRROR), *manifests, node=node)
        assert resolution.admission == Admission("mirror-pod", "default", ())
        assert users(resolution) == ["node-user"]
        assert resolution.warnings == ()
        resolution = only(pod("s", **MIRROR), *manifests, node=node)
        assert resolution.admission == Admission("mirror-pod", "default", ())
        assert users(resolution) == ["node-user"]
        assert resolution.warnings == (
            "a static pod has node credentials only: its imagePullSecrets are idle",
        )

    def test_a_workloads_pods_are_admitted_each_time(self):
        manifest = pod()
        manifest = {
            "kind": "Deployment",
            "metadata": {"name": "d", **STORED},
            "spec": {"template": {"metadata": dict(STORED), "spec": manifest["spec"]}},
        }
        resolution = only(manifest, account("default", "s"), secret("s", "quay.io"))
        assert resolution.admission == Admission("service-account", "default", ("s",))


class TestTheList:
    def test_secrets_are_looked_up_in_the_pods_namespace(self):
        manifests = [
            pod("s", namespace="a"),
            secret("s", auths={"quay.io": {"username": "wrong"}}),
            secret("s", auths={"quay.io": {"username": "right"}}, namespace="a"),
        ]
        assert users(only(*manifests)) == ["right"]
        resolution = only(*manifests[:2])
        assert resolution.anonymous
        assert resolution.warnings == (
            (
                "secret a/s is not among the manifests: "
                "a pull goes on without a secret that does not exist; "
                "there is one in namespace default"
            ),
        )

    def test_a_missing_secret_is_skipped_and_said_once(self):
        resolution = only(pod("gone", "s", "gone", "", ""), secret("s", "quay.io"))
        assert users(resolution) == ["s-user"]
        assert resolution.warnings == (
            (
                "secret default/gone is not among the manifests: "
                "a pull goes on without a secret that does not exist"
            ),
            "imagePullSecrets[3] has no name: it is skipped in silence",
            "imagePullSecrets[4] has no name: it is skipped in silence",
        )

    def test_a_name_listed_twice_counts_twice(self):
        resolution = only(pod("s", "t", "s", "s"), secret("s", "quay.io"), secret("t", "quay.io"))
        assert users(resolution) == ["s-user", "t-user", "s-user", "s-user"]
        assert [candidate.tier for candidate in resolution.candidates] == [0, 1, 2, 3]
        assert resolution.warnings == (
            "secret default/s is listed more than once: its credentials are tried each time",
        )

    def test_a_dropped_entry_is_said_once_for_each_source(self):
        node = DockerConfig.from_json('{"auths": {"quay.io:x": {}}}')
        resolution = only(
            pod("s", "s"), secret("s", "https://u:p@quay.io/%zz", "quay.io"), node=node
        )
        assert users(resolution) == ["s-user"] * 2
        assert resolution.warnings[1:] == (
            (
                "default/s: entry 'https://********@quay.io/%zz' is dropped, "
                "Go's URL parser finds a percent sign that begins no escape"
            ),
            (
                "node: entry 'quay.io:********' is dropped, "
                "Go's URL parser finds a port that is not a number"
            ),
        )

    def test_pods_with_one_list_do_not_mix(self):
        """The same names in their lists, in two namespaces, before admission and after it."""
        cluster = Cluster.from_manifests(
            [
                pod("s", name="a"),
                pod("s", name="b", namespace="other"),
                pod("s", name="c", kind="Pod", **STORED),
                pod("s", name="d", spec={"serviceAccountName": "x"}),
                secret("s", auths={"quay.io": {"username": "one"}}),
                secret("s", auths={"quay.io": {"username": "two"}}, namespace="other"),
            ]
        )
        answers = list(cluster.resolve_all())
        assert [users(a.resolution) for a in answers] == [["one"], ["two"], ["one"], ["one"]]
        assert [a.resolution.admission.origin for a in answers] == [
            "pod",
            "pod",
            "stored-pod",
            "pod",
        ]
        assert [len(a.resolution.warnings) for a in answers] == [0, 0, 0, 1]

    def test_a_pod_that_is_not_of_the_cluster_can_be_asked_about(self):
        cluster = Cluster.from_manifests([secret("s", "quay.io")])
        read = Pod.from_manifest(pod("s"))
        (answer,) = cluster.resolve(read)
        assert users(answer.resolution) == ["s-user"]
        assert list(cluster.resolve_all()) == []


class TestAnswers:
    def test_each_image_in_order(self):
        manifest = pod("s", image="quay.io/a")
        manifest["spec"] |= {
            "initContainers": [{"name": "i", "image": "Bad"}],
            "volumes": [{"name": "v", "image": {"reference": "nginx"}}],
            "ephemeralContainers": [{"name": "e", "image": "ghcr.io/x:1"}],
        }
        cluster = Cluster.from_manifests([manifest, secret("s", "quay.io", "ghcr.io")])
        answers = cluster.resolve(cluster.pods[0])
        assert [(a.container, a.kind, a.written, str(a.image)) for a in answers] == [
            ("c", "container", "quay.io/a", "quay.io/a"),
            ("i", "init", "Bad", "Bad"),
            ("e", "ephemeral", "ghcr.io/x:1", "ghcr.io/x:1"),
            ("v", "volume", "nginx", "docker.io/library/nginx"),
        ]
        assert [isinstance(a.image, Image) for a in answers] == [True, False, True, True]
        assert [a.resolution.failure is None for a in answers] == [True, False, True, True]
        assert all(a.pod is cluster.pods[0] for a in answers)
        assert all(a.image == a.resolution.image for a in answers)

    def test_a_bad_image_fails_alone_and_keeps_what_was_said(self):
        manifest = pod("s", "gone", image="Bad")
        manifest["spec"]["containers"].append({"name": "d", "image": "quay.io/a"})
        cluster = Cluster.from_manifests([manifest, secret("s", "quay.io")])
        bad, good = cluster.resolve_all()
        assert "lowercase" in (bad.resolution.failure or "")
        assert bad.resolution.candidates == ()
        assert not bad.resolution.anonymous
        assert bad.resolution.warnings == good.resolution.warnings != ()
        assert bad.resolution.admission == good.resolution.admission is not None
        assert users(good.resolution) == ["s-user"]

    def test_a_secret_that_does_not_decode_fails_them_all(self):
        manifest = pod("s", "bad")
        manifest["spec"]["containers"].append({"name": "d", "image": "nginx"})
        node = DockerConfig.from_json('{"auths": {"quay.io": {}, "docker.io": {}}}')
        cluster = Cluster.from_manifests(
            [manifest, secret("s", "quay.io"), secret("bad", auths={"x": {"auth": "!"}})], node=node
        )
        for answer in cluster.resolve_all():
            assert answer.resolution.failure == (
                "secret default/bad does not decode, so no pull of this pod gets any credential: "
                "auths['x'].auth is not base64"
            )
            assert answer.resolution.candidates == ()
            assert isinstance(answer.image, Image)

    def test_the_first_bad_secret_is_named(self):
        manifests = [secret("b", auths={"x": 5}), secret("a", auths={"x": "y"})]
        assert "secret default/a does not" in (only(pod("a", "b"), *manifests).failure or "")
        assert "secret default/b does not" in (only(pod("b", "a"), *manifests).failure or "")

    def test_a_bad_secret_that_is_not_listed_does_no_harm(self):
        resolution = only(pod("s"), secret("s", "quay.io"), secret("bad", auths={"x": 5}))
        assert users(resolution) == ["s-user"]


class TestCluster:
    def test_lookups(self):
        cluster = Cluster.from_manifests(
            [secret("s"), secret("s", namespace="b"), account("a"), account("a", namespace="b")]
        )
        assert cluster.secret("default", "s") is cluster.secrets[0]
        assert cluster.secret("b", "s") is cluster.secrets[1]
        assert cluster.secret("c", "s") is None
        assert cluster.service_account("default", "a") is cluster.service_accounts[0]
        assert cluster.service_account("b", "a") is cluster.service_accounts[1]
        assert cluster.service_account("b", "s") is None

    def test_namespace(self):
        cluster = Cluster.from_manifests(
            [pod("s"), secret("s", "quay.io"), account("a")], namespace="ns"
        )
        everything = (*cluster.pods, *cluster.secrets, *cluster.service_accounts)
        assert [read.namespace for read in everything] == ["ns"] * 3
        (answer,) = cluster.resolve_all()
        assert users(answer.resolution) == ["s-user"]

    def test_the_later_of_two_definitions_wins_and_it_is_said(self):
        cluster = Cluster.from_manifests(
            [
                secret("s", auths={"quay.io": {"username": "old"}}),
                pod("s", image="ghcr.io/a"),
                secret("s", auths={"quay.io": {"username": "new"}}),
                pod("s"),
                account("x"),
                account("x", "s"),
                pod("s", kind="Pod", namespace="other"),
                {**pod(), "kind": "Deployment", "metadata": {"name": "p"}},
            ]
        )
        assert cluster.problems == (
            Problem(
                "Secret default/s is defined twice, this one replaces the one in document 1",
                Place(None, 3),
                error=False,
            ),
            Problem(
                "Pod default/p is defined twice, this one replaces the one in document 2",
                Place(None, 4),
                error=False,
            ),
            Problem(
                "ServiceAccount default/x is defined twice, "
                "this one replaces the one in document 5",
                Place(None, 6),
                error=False,
            ),
        )
        assert len(cluster.pods) == 3
        (answer,) = cluster.resolve(cluster.pods[0])
        assert users(answer.resolution) == ["new"]
        assert cluster.service_accounts[0].pull_secrets == ("s",)

    def test_generated_names_are_never_the_same(self):
        generated = {"kind": "Pod", "metadata": {"generateName": "p-"}, "spec": pod()["spec"]}
        cluster = Cluster.from_manifests([generated, generated])
        assert len(cluster.pods) == 2
        assert cluster.problems == ()
        assert len(list(cluster.resolve_all())) == 2

    def test_other_kinds_are_passed_over_in_silence(self):
        others = [
            {"kind": "Service", "metadata": 5},
            {"kind": "ConfigMap", "data": []},
            {"kind": "AllowList", "items": 5},
            {"kind": "PodMetricsList", "apiVersion": "metrics.k8s.io/v1beta1", "items": "x"},
            # Other APIs have kinds of these names.
            {"kind": "Secret", "apiVersion": "crossplane.example.com/v1", "metadata": 5},
            {"kind": "Job", "apiVersion": "batch.volcano.sh/v1alpha1", "spec": []},
            {"kind": "PodList", "apiVersion": "metrics.example.com/v1", "items": "x"},
            None,
        ]
        assert Cluster.from_manifests(others) == Cluster()

    @pytest.mark.parametrize(
        "kind, version",
        [
            ("Pod", "v1"),
            ("Pod", None),
            ("Deployment", "apps/v1"),
            ("Deployment", "extensions/v1beta1"),
            ("CronJob", "batch/v1beta1"),
            ("PodTemplate", ""),
        ],
    )
    def test_versions_of_kubernetes_own_apis_are_read(self, kind, version):
        manifest = {"kind": kind, "apiVersion": version, "metadata": {"name": "a"}}
        assert [read.kind for read in Cluster.from_manifests([manifest]).pods] == [kind]

    def test_lists(self):
        inner = {"kind": "List", "items": [pod(name="b"), {"kind": "Service"}]}
        bare = {key: value for key, value in pod(name="c").items() if key != "kind"}
        nameless_kind = {**pod(name="d"), "kind": None}
        cluster = Cluster.from_manifests(
            [
                {"kind": "List", "apiVersion": "v1", "items": [pod(name="a"), inner]},
                {"kind": "PodList", "items": (bare, nameless_kind)},
                {"kind": "DeploymentList", "apiVersion": "apps/v1", "items": []},
                {"kind": "SecretList", "items": None},
                {"kind": "ServiceAccountList", "items": [{"metadata": {"name": "x"}}]},
                {"kind": "SecretList"},
            ]
        )
        assert [read.name for read in cluster.pods] == ["a", "b", "c", "d"]
        assert [read.name for read in cluster.service_accounts] == ["x"]
        assert cluster.problems == ()
        assert {read.place for read in cluster.pods} == {Place(None, 1), Place(None, 2)}

    def test_problems_name_the_item(self):
        cluster = Cluster.from_manifests(
            [
                {
                    "kind": "List",
                    "items": [
                        {"kind": "List", "items": [5, pod(name="ok")]},
                        {"kind": "Secret", "metadata": {"name": "s"}, "data": {"a": "!"}},
                        {"metadata": {"name": "x"}},
                        {"kind": 5},
                        {"kind": "PodList", "items": {}},
                        {"kind": "Pod", "apiVersion": 5},
                        pod(name="ok"),
                    ],
                }
            ]
        )
        assert [(problem.message, problem.error) for problem in cluster.problems] == [
            ("items[0].items[0]: a Kubernetes object is a mapping, not int", True),
            ("items[1]: Secret s: data['a'] is not base64", True),
            ("items[2]: passed over: a mapping without a kind", False),
            ("items[3]: kind is not a string", True),
            ("items[4]: items is not a list", True),
            ("items[5]: apiVersion is not a string", True),
            (
                (
                    "items[6]: Pod default/ok is defined twice, "
                    "this one replaces the one in document 1"
                ),
                False,
            ),
        ]
        assert len(cluster.pods) == 1

    def test_lists_end_somewhere(self):
        manifest = pod()
        for _ in range(9):
            manifest = {"kind": "List", "items": [manifest]}
        cluster = Cluster.from_manifests([manifest["items"][0]])
        assert len(cluster.pods) == 1
        cluster = Cluster.from_manifests([manifest, pod(name="q")])
        (problem,) = cluster.problems
        assert problem.message.endswith("lists stand in lists, more than 8 deep")
        assert [read.name for read in cluster.pods] == ["q"]

    @pytest.mark.parametrize(
        "manifest, title",
        [
            ({"metadata": 5}, "Secret: "),
            ({"metadata": {"name": 5}}, "Secret: "),
            ({"metadata": {"name": "a\nc", "namespace": "b"}, "data": 5}, "Secret b/a\\nc: "),
            ({"metadata": {"name": "a", "namespace": 5}}, "Secret a: "),
        ],
    )
    def test_a_problem_names_the_object(self, manifest, title):
        (problem,) = Cluster.from_manifests([{"kind": "Secret", **manifest}]).problems
        assert problem.message.startswith(title)
        assert str(problem).startswith(f"document 1: {title}")

    def test_many_documents(self):
        manifests = []
        for number in range(2000):
            manifests += [pod(f"s{number}", name=f"p{number}"), secret(f"s{number}", "quay.io")]
        cluster = Cluster.from_manifests(manifests)
        assert [users(a.resolution) for a in cluster.resolve_all()] == [
            [f"s{number}-user"] for number in range(2000)
        ]


def test_what_pods_share_is_bounded(monkeypatch):
    """With next to no room for what is shared, the answers are the same."""
    from pullsecrets import resolver

    manifests = [secret(f"s{n}", f"r{n}.io", "quay.io") for n in range(6)]
    for number in range(40):
        manifest = pod(f"s{number % 6}", name=f"p{number}", image=f"r{number % 7}.io/a:{number}")
        manifest["spec"]["containers"] += [
            {"name": "d", "image": "quay.io/a"},
            {"name": "e", "image": "Bad"},
            {"name": "f", "image": f"quay.io/a:{number % 3}"},
        ]
        manifests.append(manifest)
    cluster = Cluster.from_manifests(manifests)
    expected = list(cluster.resolve_all())
    assert len(expected) == 160
    for name, value in list(vars(resolver).items()):
        if name.startswith("_MAX_") and value > 100:
            monkeypatch.setattr(resolver, name, 2)
    assert list(cluster.resolve_all()) == expected
    assert [answer for read in cluster.pods for answer in cluster.resolve(read)] == expected


def test_a_secret_is_decoded_anew_for_each_cluster():
    """Nothing is kept beyond the cluster that it is about."""
    answers = [
        users(only(pod("s"), secret("s", auths={"quay.io": {"username": name}})))
        for name in ("one", "two")
    ]
    assert answers == [["one"], ["two"]]
