"""From objects to resolutions: what a cluster holds, what its pods are answered, what is shared."""

from __future__ import annotations

import json
import pickle
import tracemalloc
from itertools import islice
from pathlib import PurePath

import pytest
from attrs import evolve, fields

from pullsecrets import Cluster, DockerConfig, Image, Pod, check, load
from pullsecrets.makers.made import MadeSecret, Maker
from pullsecrets.metadata import Place
from pullsecrets.node.audiences import AudienceGrant
from pullsecrets.node.node import Node
from pullsecrets.node.plugins import Provider
from pullsecrets.node.provider_config import Providers
from pullsecrets.notes import Note, NoteCode
from pullsecrets.objects import Container, ContainerKind
from pullsecrets.reading import Objects, Problem, ProblemCode
from pullsecrets.testing import cluster as cluster_of
from pullsecrets.testing import pod, pull_secret, service_account
from pullsecrets.trace import explain_all
from pullsecrets.uses import uses
from support.answered import only, users
from support.made import STORED, account_manifest, pod_manifest, secret_manifest
from support.made import users as users_of


class TestTheList:
    def test_a_name_listed_twice_counts_twice(self):
        answer = only(
            pod_manifest("s", "t", "s", "s"),
            secret_manifest("s", "quay.io"),
            secret_manifest("t", "quay.io"),
        )
        assert users(answer) == ["s-user", "t-user", "s-user", "s-user"]
        assert [c.tier for c in answer.images[0].resolution.candidates] == [0, 1, 2, 3]
        assert answer.notes == (Note(NoteCode.REPEATED_SECRET, "default", "s"),)

    def test_a_dropped_entry_is_said_once_for_each_source(self):
        node = DockerConfig.from_json('{"auths": {"quay.io:x": {}}}')
        answer = only(
            pod_manifest("s", "s"),
            secret_manifest("s", "https://u:p@quay.io/%zz", "quay.io"),
            node=node,
        )
        assert users(answer) == ["s-user"] * 2
        assert [
            (n.code, n.namespace, n.name, str(n.entry), n.detail) for n in answer.notes[1:]
        ] == [
            (
                NoteCode.DROPPED_ENTRY,
                "default",
                "s",
                "https://********@quay.io/%zz",
                "a percent sign that begins no escape",
            ),
            (NoteCode.DROPPED_ENTRY, None, None, "quay.io:********", "a port that is not a number"),
        ]

    def test_pods_with_one_list_do_not_mix(self):
        """The same names in their lists, in two namespaces, before admission and after it."""
        cluster = Cluster.from_manifests(
            [
                pod_manifest("s", name="a"),
                pod_manifest("s", name="b", namespace="other"),
                pod_manifest("s", name="c", kind="Pod", **STORED),
                pod_manifest("s", name="d", spec={"serviceAccountName": "x"}),
                secret_manifest("s", auths={"quay.io": {"username": "one"}}),
                secret_manifest("s", auths={"quay.io": {"username": "two"}}, namespace="other"),
            ]
        )
        answers = list(cluster.resolve_all())
        assert list(map(users, answers)) == [["one"], ["two"], ["one"], ["one"]]
        assert [a.admission.origin for a in answers] == [
            "pod",
            "pod",
            "stored-pod",
            "pod",
        ]
        assert [len(a.notes) for a in answers] == [0, 0, 0, 1]

    def test_a_pod_that_is_not_of_the_cluster_can_be_asked_about(self):
        cluster = Cluster.from_manifests([secret_manifest("s", "quay.io")])
        read = Pod.from_manifest(pod_manifest("s"))
        assert users(cluster.resolve(read)) == ["s-user"]
        assert list(cluster.resolve_all()) == []


class TestAnswers:
    def test_each_image_in_order(self):
        manifest = pod_manifest("s", image="quay.io/a")
        manifest["spec"] |= {
            "initContainers": [{"name": "i", "image": "Bad"}],
            "volumes": [{"name": "v", "image": {"reference": "nginx"}}],
            "ephemeralContainers": [{"name": "e", "image": "ghcr.io/x:1"}],
        }
        cluster = Cluster.from_manifests([manifest, secret_manifest("s", "quay.io", "ghcr.io")])
        answer = cluster.resolve(cluster.pods[0])
        assert answer.pod is cluster.pods[0]
        assert tuple(each.container for each in answer.images) == cluster.pods[0].images
        assert [
            (e.container.name, e.container.kind, e.resolution.written, str(e.resolution.image))
            for e in answer.images
        ] == [
            ("c", ContainerKind.CONTAINER, "quay.io/a", "quay.io/a"),
            ("i", ContainerKind.INIT, "Bad", "None"),
            ("e", ContainerKind.EPHEMERAL, "ghcr.io/x:1", "ghcr.io/x:1"),
            ("v", ContainerKind.VOLUME, "nginx", "docker.io/library/nginx"),
        ]
        assert [e.resolution.failure is None for e in answer.images] == [True, False, True, True]
        assert answer.failure is answer.images[1].resolution.failure

    def test_a_bad_image_fails_alone_and_keeps_what_was_said(self):
        manifest = pod_manifest("s", "gone", image="Bad")
        manifest["spec"]["containers"].append({"name": "d", "image": "quay.io/a"})
        cluster = Cluster.from_manifests([manifest, secret_manifest("s", "quay.io")])
        (answer,) = cluster.resolve_all()
        bad, good = (each.resolution for each in answer.images)
        assert bad.failure is not None
        assert (bad.failure.code, bad.failure.image) == (NoteCode.INVALID_IMAGE, "Bad")
        assert bad.candidates == ()
        assert not bad.anonymous
        assert [note.code for note in answer.notes] == [NoteCode.MISSING_SECRET]
        assert users_of(good) == ["s-user"]

    def test_a_secret_that_does_not_decode_fails_them_all(self):
        manifest = pod_manifest("s", "bad")
        manifest["spec"]["containers"].append({"name": "d", "image": "nginx"})
        node = DockerConfig.from_json('{"auths": {"quay.io": {}, "docker.io": {}}}')
        cluster = Cluster.from_manifests(
            [
                manifest,
                secret_manifest("s", "quay.io"),
                secret_manifest("bad", auths={"x": {"auth": "!"}}),
            ],
            node=node,
        )
        (answer,) = cluster.resolve_all()
        for resolution in (each.resolution for each in answer.images):
            failure = resolution.failure
            assert failure is not None
            assert failure is answer.failure
            assert (
                failure.code,
                failure.namespace,
                failure.name,
                failure.path,
                failure.detail,
            ) == (
                NoteCode.UNDECODABLE_SECRET,
                "default",
                "bad",
                ("auths", "x", "auth"),
                "auths['x'].auth is not base64",
            )
            assert resolution.candidates == ()
            assert isinstance(resolution.image, Image)

    def test_the_first_bad_secret_is_named(self):
        manifests = [secret_manifest("b", auths={"x": 5}), secret_manifest("a", auths={"x": "y"})]
        assert only(pod_manifest("a", "b"), *manifests).failure.name == "a"
        assert only(pod_manifest("b", "a"), *manifests).failure.name == "b"

    def test_a_bad_secret_that_is_not_listed_does_no_harm(self):
        answer = only(
            pod_manifest("s"),
            secret_manifest("s", "quay.io"),
            secret_manifest("bad", auths={"x": 5}),
        )
        assert users(answer) == ["s-user"]


class TestCluster:
    def test_lookups(self):
        cluster = Cluster.from_manifests(
            [
                secret_manifest("s"),
                secret_manifest("s", namespace="b"),
                account_manifest("a"),
                account_manifest("a", namespace="b"),
            ]
        )
        assert cluster.secret("default", "s") is cluster.secrets[0]
        assert cluster.secret("b", "s") is cluster.secrets[1]
        assert cluster.secret("c", "s") is None
        assert cluster.service_account("default", "a") is cluster.service_accounts[0]
        assert cluster.service_account("b", "a") is cluster.service_accounts[1]
        assert cluster.service_account("b", "s") is None

    def test_namespace(self):
        cluster = Cluster.from_manifests(
            [pod_manifest("s"), secret_manifest("s", "quay.io"), account_manifest("a")],
            namespace="ns",
        )
        everything = (*cluster.pods, *cluster.secrets, *cluster.service_accounts)
        assert [read.namespace for read in everything] == ["ns"] * 3
        assert users(*cluster.resolve_all()) == ["s-user"]

    def test_the_later_of_two_definitions_wins_and_it_is_said(self):
        cluster = Cluster.from_manifests(
            [
                secret_manifest("s", auths={"quay.io": {"username": "old"}}),
                pod_manifest("s", image="ghcr.io/a"),
                secret_manifest("s", auths={"quay.io": {"username": "new"}}),
                pod_manifest("s"),
                account_manifest("x"),
                account_manifest("x", "s"),
                pod_manifest("s", kind="Pod", namespace="other"),
                {
                    "kind": "Deployment",
                    "metadata": {"name": "p"},
                    "spec": {"template": pod_manifest()},
                },
            ]
        )
        twice = "is defined twice, this one replaces the one in document"
        assert [(p.code, p.error, p.place, p.message) for p in cluster.problems] == [
            (ProblemCode.DEFINED_TWICE, False, Place(None, number), message)
            for number, message in (
                (3, f"Secret default/s {twice} 1"),
                (4, f"Pod default/p {twice} 2"),
                (6, f"ServiceAccount default/x {twice} 5"),
            )
        ]
        assert len(cluster.pods) == 3
        assert users(cluster.resolve(cluster.pods[0])) == ["new"]
        assert cluster.service_accounts[0].pull_secrets == ("s",)

    def test_generated_names_are_never_the_same(self):
        generated = {
            "kind": "Pod",
            "metadata": {"generateName": "p-"},
            "spec": pod_manifest()["spec"],
        }
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
        pod = Pod("a", kind=kind, containers=(Container("c", "quay.io/a"),))
        manifest = {**pod.to_manifest(), "apiVersion": version}
        assert [read.kind for read in Cluster.from_manifests([manifest]).pods] == [kind]

    def test_lists(self):
        inner = {"kind": "List", "items": [pod_manifest(name="b"), {"kind": "Service"}]}
        bare = {key: value for key, value in pod_manifest(name="c").items() if key != "kind"}
        nameless_kind = {**pod_manifest(name="d"), "kind": None}
        cluster = Cluster.from_manifests(
            [
                {"kind": "List", "apiVersion": "v1", "items": [pod_manifest(name="a"), inner]},
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
                        {"kind": "List", "items": [5, pod_manifest(name="ok")]},
                        {"kind": "Secret", "metadata": {"name": "s"}, "data": {"a": "!"}},
                        {"metadata": {"name": "x"}},
                        {"kind": 5},
                        {"kind": "PodList", "items": {}},
                        {"kind": "Pod", "apiVersion": 5},
                        pod_manifest(name="ok"),
                    ],
                }
            ]
        )
        twice = "Pod default/ok is defined twice, this one replaces the one in document 1"
        assert [(str(problem), problem.error) for problem in cluster.problems] == [
            (f"document 1: {message}", error)
            for message, error in (
                ("items[0].items[0]: a Kubernetes object is a mapping, not int", True),
                ("items[1]: Secret s: data['a'] is not base64", True),
                ("items[2]: passed over: a mapping without a kind", False),
                ("items[3]: kind is not a string", True),
                ("items[4]: items is not a list", True),
                ("items[5]: apiVersion is not a string", True),
                (f"items[6]: {twice}", False),
            )
        ]
        assert len(cluster.pods) == 1

    def test_lists_end_somewhere(self):
        manifest = pod_manifest()
        for _ in range(9):
            manifest = {"kind": "List", "items": [manifest]}
        cluster = Cluster.from_manifests([manifest["items"][0]])
        assert len(cluster.pods) == 1
        cluster = Cluster.from_manifests([manifest, pod_manifest(name="q")])
        (problem,) = cluster.problems
        assert problem.message.endswith("lists are nested more than 8 deep")
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
            manifests += [
                pod_manifest(f"s{number}", name=f"p{number}"),
                secret_manifest(f"s{number}", "quay.io"),
            ]
        cluster = Cluster.from_manifests(manifests)
        assert [users(a) for a in cluster.resolve_all()] == [
            [f"s{number}-user"] for number in range(2000)
        ]


def test_a_secret_is_decoded_anew_for_each_cluster():
    """Nothing is kept beyond the cluster that it is about."""
    answers = [
        users(only(pod_manifest("s"), secret_manifest("s", auths={"quay.io": {"username": name}})))
        for name in ("one", "two")
    ]
    assert answers == [["one"], ["two"]]


@pytest.mark.parametrize("manifests", [{"kind": "Pod"}, "kind: Pod", b"kind: Pod"])
def test_one_manifest_is_not_a_list_of_them(manifests):
    with pytest.raises(TypeError, match="a list of mappings, not"):
        Cluster.from_manifests(manifests)


# --- What pods share -------------------------------------------------------------------------


def shared(name, entry, namespace="default"):
    return pull_secret(name, {entry: (f"{namespace}/{name}", "p")}, namespace=namespace)


CLUSTER = cluster_of(
    pod("a", images=["quay.io/a", "ghcr.io/a"], pull_secrets=["quay"]),
    pod("b", images=["quay.io/a", "no image!"], pull_secrets=["quay"]),
    pod("c", images=["quay.io/a"], pull_secrets=["quay", "gone", "gone", ""]),
    pod("d", images=["quay.io/a"], namespace="other", pull_secrets=["quay"]),
    pod("e", images=["quay.io/a"]),
    pod("f", images=["quay.io/a"], namespace="third"),
    evolve(pod("g", images=["quay.io/a"], pull_secrets=["quay"]), stored=True, mirror=True),
    evolve(pod("h", images=["quay.io/a"], pull_secrets=["quay"]), stored=True),
    pod("i", images=["quay.io/a", "quay.io/a"], service_account="robot"),
    service_account("robot", pull_secrets=["quay"]),
    shared("quay", "quay.io"),
    shared("quay", "quay.io", "other"),
    shared("gone", "quay.io", "other"),
    shared("gone", "quay.io", "another"),
    node=DockerConfig.from_json('{"auths": {"ghcr.io": {"username": "node"}}}'),
)


def test_all_pods_come_out_as_each_does_alone():
    assert list(CLUSTER.resolve_all()) == list(map(CLUSTER.resolve, CLUSTER.pods))
    assert [
        (answer.pod.name, users_of(each.resolution))
        for answer in CLUSTER.resolve_all()
        for each in answer.images
    ] == [
        ("a", ["default/quay"]),
        ("a", ["node"]),
        ("b", ["default/quay"]),
        ("b", []),
        ("c", ["default/quay"]),
        ("d", ["other/quay"]),
        ("e", []),
        ("f", []),
        ("g", []),
        ("h", ["default/quay"]),
        ("i", ["default/quay"]),
        ("i", ["default/quay"]),
    ]


def test_a_missing_secret_is_said_to_be_elsewhere():
    assert CLUSTER.resolve(CLUSTER.pods[2]).notes == (
        Note(
            NoteCode.MISSING_SECRET,
            "default",
            "gone",
            position=1,
            elsewhere=("another", "other"),
        ),
        Note(NoteCode.NAMELESS_REFERENCE, "default", position=3),
    )
    assert CLUSTER.namespaces_with("gone") == ("another", "other")
    assert CLUSTER.namespaces_with("nowhere") == ()


def test_equal_lists_share_a_keyring():
    keyring = CLUSTER.keyring("default", ["quay"])
    assert CLUSTER.keyring("default", ("quay",)) is keyring
    assert [secret.namespace for secret in keyring.secrets] == ["default"]
    other = CLUSTER.keyring("other", ["quay"])
    assert [secret.namespace for secret in other.secrets] == ["other"]
    assert len(CLUSTER.keyring("default", ["quay", "", "nowhere", "quay"]).secrets) == 2


def test_more_lists_than_a_cluster_keeps_keyrings_for():
    cluster = cluster_of(shared("quay", "quay.io"))
    for number in range(4_200):
        names = ("quay", f"gone-{number}")
        assert len(cluster.keyring("default", names).secrets) == 1
    assert len(cluster.keyring("default", ("quay", "gone-0")).secrets) == 1


def test_a_secret_is_decoded_once():
    one = shared("one", "quay.io")
    config = one.config()
    assert config is not None
    assert one.config() is config


def test_what_is_decoded_is_no_part_of_a_secret():
    fresh, used = shared("one", "quay.io"), shared("one", "quay.io")
    used.config()
    assert used == fresh
    assert hash(used) == hash(fresh)
    assert pickle.dumps(used) == pickle.dumps(fresh)
    assert pickle.loads(pickle.dumps(used)).config() == used.config()
    assert evolve(used, type="Opaque").config() is None


def test_resolve_all_is_lazy():
    answers = CLUSTER.resolve_all()
    assert next(answers).pod is CLUSTER.pods[0]
    assert len(list(islice(answers, 3))) == 3


def test_resolve_all_streams():
    """Ten times as many pods take no more memory, but for the model."""

    def peak(pods):
        made = tuple(pod(f"p{n}", images=["quay.io/a"], pull_secrets=["quay"]) for n in range(pods))
        cluster = evolve(CLUSTER, pods=made)
        tracemalloc.start()
        try:
            before = tracemalloc.get_traced_memory()[0]
            assert sum(1 for _ in cluster.resolve_all()) == pods
            return tracemalloc.get_traced_memory()[1] - before
        finally:
            tracemalloc.stop()

    assert peak(5_000) - peak(500) < 4_500 * 100  # bytes; an answer has ten times as many


@pytest.mark.parametrize("entries", [(), ("quay.io",)])
def test_an_unknown_answer_has_a_row_of_its_own(entries):
    """Next to what is known: in the table of the pod, in that of the cluster, in JSON."""
    node = Node("1.33", None, Providers([Provider("ecr", ("quay.io",))], "1.33"))
    cluster = Cluster.from_manifests(
        [pod_manifest("s", image="quay.io/a"), secret_manifest("s", *entries)], node=node
    )
    (answer,) = cluster.resolve_all()
    assert [record["attempt"] for record in answer.to_records()] == ["?", *("1" for _ in entries)]
    assert answer.to_records()[0]["source"] == "provider ecr"
    assert answer.to_records()[0]["entry"] is None
    lines = list(answer.table().lines())
    assert any("?" in line and "not known what it gives" in line for line in lines)
    assert not any("anonymous" in line for line in lines)
    [image] = answer.to_dict()["images"]
    assert image["anonymous"] is (False if entries else None)
    assert [source["name"] for source in image["unknown"]] == ["ecr"]
    [record] = cluster.to_records()
    assert (record["candidates"], record["anonymous"]) == (len(entries), image["anonymous"])
    known = [f"1. {each} as s-user from secret s" for each in entries]
    shown = "\n".join(cluster.table().lines())
    assert all(text in shown for text in [*known, "?. what credential provider ecr gives"])


class TestSeveralFiles:
    """A folder with the manifests of several environments, each with objects of the same names."""

    @pytest.fixture
    def walked(self, tmp_path):
        def write(file, *manifests):
            path = tmp_path / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n".join(json.dumps({"apiVersion": "v1", **m}) for m in manifests))

        for env in ("dev", "prod"):
            auths = {"quay.io": {"username": env, "password": "p"}}
            write(f"{env}/pod.json", pod_manifest("s"), pod_manifest(name="by-account"))
            write(f"{env}/secret.json", secret_manifest("s", auths=auths))
            write(f"{env}/account.json", account_manifest("default", "s"))
        write("other/far.json", pod_manifest("s", name="far"))
        return load(tmp_path), tmp_path

    def test_each_pod_is_answered_with_what_is_nearest_to_it(self, walked):
        cluster, root = walked
        answers = {
            (answer.pod.name, answer.pod.place.file): users(answer)
            for answer in cluster.resolve_all()
        }
        assert answers == {
            ("p", f"{root}/dev/pod.json"): ["dev"],
            ("by-account", f"{root}/dev/pod.json"): ["dev"],
            ("p", f"{root}/prod/pod.json"): ["prod"],
            ("by-account", f"{root}/prod/pod.json"): ["prod"],
            ("far", f"{root}/other/far.json"): ["dev"],
        }

    def test_where_it_is_a_guess_the_answer_says_so(self, walked):
        cluster, root = walked
        notes = {answer.pod.name: answer.notes for answer in cluster.resolve_all()}
        assert notes["p"] == notes["by-account"] == ()
        assert [(note.code, note.name) for note in notes["far"]] == [
            (NoteCode.AMBIGUOUS_ACCOUNT, "default"),
            (NoteCode.AMBIGUOUS_SECRET, "s"),
        ]
        choice = f"that of {root}/dev/secret.json is taken, not of {root}/prod/secret.json"
        assert notes["far"][1].detail == choice

    def test_explaining_checking_and_counting_uses_look_at_the_same_secrets(self, walked):
        cluster, _ = walked
        explained = {
            (each.pod.name, each.pod.place.file): [
                secret.source.place.file for image in each.images for secret in image.secrets
            ]
            for each in explain_all(cluster)
        }
        for (_, file), secrets in explained.items():
            env = "prod" if "prod" in file else "dev"
            assert [PurePath(secret).parent.name for secret in secrets] == [env]
        used = {
            PurePath(each.source.place.file).parent.name: len(each.uses)
            for each in uses(cluster).credentials
        }
        assert used == {"dev": 3, "prod": 2}
        assert list(check(cluster)) == []

    def test_what_is_not_anybodys_is_found_wherever_it_is(self, walked):
        cluster, _ = walked
        assert cluster.without("default", "s").secrets == ()
        assert cluster.secret("default", "s").place.file.endswith("dev/secret.json")
        assert cluster.service_account("default", "default") is not None

    def test_what_decides_for_secrets_may_not_for_accounts(self, tmp_path):
        """Of the two kinds only one has to be in several files for the place to matter."""
        for env in ("dev", "prod"):
            (tmp_path / env).mkdir()
            objects = [pod_manifest("s"), account_manifest(env), pod_manifest(name="by-account")]
            auths = {"quay.io": {"username": env, "password": "p"}}
            objects.append(secret_manifest("s", auths=auths))
            documents = [json.dumps({"apiVersion": "v1", **each}) for each in objects]
            (tmp_path / env / "all.json").write_text("\n".join(documents))
        answers = load(tmp_path).resolve_all()
        assert [users(each) for each in answers] == [["dev"], [], ["prod"], []]


def test_objects_of_rbac_are_added():
    role = {
        "kind": "ClusterRole",
        "metadata": {"name": "r"},
        "rules": [
            {
                "apiGroups": [""],
                "resources": ["registry.io"],
                "verbs": ["request-serviceaccounts-token-audience"],
            }
        ],
    }
    binding = {
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "b"},
        "roleRef": {"kind": "ClusterRole", "name": "r"},
        "subjects": [{"kind": "Group", "name": "system:nodes"}],
    }
    assert Cluster().with_objects(Objects()).grants is None
    once = Cluster().with_objects(Objects(rbac=(role, binding)))
    twice = once.with_objects(Objects(rbac=(role, binding)))
    assert [len(each.grants) for each in (once, twice)] == [1, 2]


def test_pods_share_what_becomes_of_a_pull_policy():
    cluster = cluster_of(pod("p", images=["quay.io/a", "quay.io/b"]))
    first, second = cluster.pods[0].containers
    policies = [cluster.policy(cluster.pods[0], each) for each in (first, second, first)]
    assert policies[0] is policies[2]


def test_more_policies_than_are_remembered():
    found = Cluster.from_manifests([pod_manifest(image="quay.io/a", name="p")])
    [first] = found.resolve(found.pods[0]).images
    for number in range(5_000):
        other = evolve(found.pods[0], containers=(Container("c", f"quay.io/a{number}"),))
        [answer] = found.resolve(other).images
        assert answer.policy == first.policy


def test_a_cluster_is_equal_to_itself_before_it_was_asked():
    manifests = [pod_manifest("s"), secret_manifest("s", "quay.io")]
    asked = Cluster.from_manifests(manifests)
    assert users(*asked.resolve_all()) == ["s-user"]
    assert asked == Cluster.from_manifests(manifests)


def test_the_title_says_what_could_not_be_read():
    manifests = [pod_manifest(), {"kind": "Secret", "data": 5}]
    assert Cluster.from_manifests(manifests[:1]).title == (
        "1 pod or workload, 0 secrets, 0 service accounts"
    )
    for errors, part in ((1, "1 part"), (2, "2 parts")):
        cluster = Cluster.from_manifests([*manifests, *manifests[1:] * (errors - 1)])
        assert cluster.title.endswith(f"accounts, {part} of the input not readable")
        assert repr(cluster) == f"<Cluster: {cluster.title}>"


def test_nothing_but_that_secret_is_taken_away():
    secrets = [secret_manifest(name, namespace=where) for where in "abc" for name in "abc"]
    found = Cluster.from_manifests(secrets)
    left = [(each.namespace, each.name) for each in found.without("b", "b").secrets]
    assert left == [
        (where, name) for where in "abc" for name in "abc" if (where, name) != ("b", "b")
    ]
    assert found.without("b", "z") == found


def test_what_a_program_makes_is_taken_away_by_its_name_too():
    made = tuple(
        MadeSecret(name, where, None, Maker("SealedSecret", where, name))
        for where in "abc"
        for name in "abc"
    )
    left = [(each.namespace, each.name) for each in Cluster(made=made).without("b", "b").made]
    assert left == [
        (where, name) for where in "abc" for name in "abc" if (where, name) != ("b", "b")
    ]


def test_objects_replace_those_of_their_kind_namespace_and_name():
    pods = (
        pod("p", images=["quay.io/a"]),
        evolve(pod("p", images=["quay.io/b"]), kind="Job"),
        pod("p", images=["quay.io/c"], namespace="other"),
    )
    accounts = (service_account("p", pull_secrets=["s"]),)
    before = Cluster(pods, accounts, (pull_secret("p", {}),))
    more = Objects(
        (pod("p", images=["quay.io/new"]),),
        (*accounts, service_account("p", pull_secrets=["u"], namespace="other")),
        (pull_secret("p", {"quay.io": ("ann", "example-password")}),),
    )
    after = before.with_objects(more)
    assert after.pods == (*pods[1:], *more.pods)
    assert after.secrets == more.secrets
    assert after.service_accounts == more.service_accounts


@pytest.mark.parametrize(
    "made, policies",
    [
        (Pod("p"), ("Always", "Always")),
        (Pod("p", stored=True), ("Never", None)),
        (Pod("p", mirror=True), ("Never", None)),
    ],
)
def test_always_pull_images_is_for_pods_that_are_created(made, policies):
    containers = Container("a", "quay.io/a:1", pull_policy="Never"), Container("b", "quay.io/a:1")
    by_plugin, plain = Cluster(always_pull=True), Cluster()
    assert tuple(by_plugin.pull_policy(made, each) for each in containers) == policies
    assert [plain.pull_policy(made, each) for each in containers] == ["Never", None]


def test_what_a_cluster_is_set_to_is_kept():
    """In a pickle, and where something else in it changes."""
    problem = Problem(ProblemCode.NO_KIND, "no kind")
    whole = Cluster(
        (pod("p", images=[]),),
        (service_account("a"),),
        (pull_secret("s", {}),),
        Node("1.33"),
        (problem,),
        always_pull=True,
        grants=(AudienceGrant(("registry.io",)),),
        made=(MadeSecret("m", "default", None, Maker("SealedSecret", "default", "m")),),
        complete=True,
    )
    plain = Cluster()
    assert [each.name for each in fields(Cluster) if each.init] == [
        each.name
        for each in fields(Cluster)
        if each.init and getattr(whole, each.name) != getattr(plain, each.name)
    ]
    for same in (
        pickle.loads(pickle.dumps(whole)),
        whole.without("no", "such"),
        whole.with_objects(Objects()),
    ):
        assert same == whole
        assert same.node == Node("1.33")
