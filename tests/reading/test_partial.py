"""Patches, and what only looks like one."""

from __future__ import annotations

import pytest

from pullsecrets import Cluster, load
from pullsecrets.reading import ProblemCode
from pullsecrets.reading.partial import has_containers, is_patch

WHOLE = {"name": "c", "image": "quay.io/a"}


def deployment(*containers, **spec):
    template = {"spec": {"containers": list(containers), **spec}}
    return {"kind": "Deployment", "metadata": {"name": "a"}, "spec": {"template": template}}


@pytest.mark.parametrize(
    "document",
    [
        [{"op": "replace", "path": "/spec/replicas", "value": 3}],
        deployment({"name": "c", "env": []}),
        deployment(WHOLE, {"name": "sidecar", "image": None}),
        deployment(WHOLE, initContainers=[{"name": "i"}]),
        deployment(),
        {"kind": "Deployment", "metadata": {"name": "a"}, "spec": {"replicas": 3}},
        {"kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": [{"name": "c"}]}},
        deployment(WHOLE, {"name": "old", "image": "x", "$patch": "delete"}),
        {"kind": "Secret", "metadata": {"name": "a"}, "$patch": "delete"},
        deployment(WHOLE, **{"$setElementOrder/containers": [{"name": "c"}]}),
    ],
)
def test_a_patch_is_passed_over_and_no_error(document):
    cluster = Cluster.from_manifests([document])
    assert (cluster.pods, cluster.secrets) == ((), ())
    assert [(p.code, p.error) for p in cluster.problems] == [(ProblemCode.PATCH, False)]


@pytest.mark.parametrize(
    "document",
    [
        deployment(WHOLE),
        deployment({"name": "c", "image": ""}),  # what a template was given nothing for
        {"kind": "Pod", "metadata": {"name": "a"}, "spec": {}},
        {**deployment(WHOLE, **{"$patch": "x"}), "metadata": {"name": "a", "uid": "1"}},  # stored
    ],
)
def test_what_is_no_patch(document):
    cluster = Cluster.from_manifests([document])
    assert len(cluster.pods) == 1
    assert cluster.problems == ()


def test_a_patch_in_a_list_does_not_take_the_others_with_it():
    patch = {"kind": "Secret", "metadata": {"name": "a"}, "$patch": "delete"}
    whole = {"kind": "List", "items": [deployment(WHOLE), patch]}
    cluster = Cluster.from_manifests([whole])
    assert [pod.name for pod in cluster.pods] == ["a"]
    assert [p.code for p in cluster.problems] == [ProblemCode.PATCH]


@pytest.mark.parametrize("value", [[], [1], [{"op": "add"}], [{"op": 1, "path": "/"}], "x", None])
def test_other_lists_are_no_patches(value):
    assert not is_patch(value)


def test_a_patch_in_a_folder_is_counted_as_one_too(tmp_path):
    file = tmp_path / "patch.yaml"
    file.write_text("- op: remove\n  path: /a\n")
    for path in (file, tmp_path):
        codes = [problem.code for problem in load(path).problems]
        assert codes[0] is ProblemCode.PATCH


def test_a_document_that_holds_itself_has_an_end():
    loop = {"a": []}
    loop["a"].append(loop)
    assert not is_patch(loop)
    assert not has_containers(loop)


@pytest.mark.parametrize(
    "value, wanted",
    [
        ({"a": [{"containers": [{"image": "x"}]}]}, True),
        ({"steps": ({"image": "x"},)}, True),
        ({"containers": {"image": "x"}}, False),
        ({"containers": [{"image": {}}, "x"]}, False),
        ({"image": "x"}, False),
        ({"templates": [{"container": {"image": "x"}}]}, True),
        ({"templates": [{"script": {"image": "x"}}]}, True),
        ({"container": "x", "script": {}}, False),
        ({"pod": {"imagePullSecrets": [{"name": "a"}]}}, True),
        ({"imagePullSecrets": ["a"]}, True),
        ({"imagePullSecrets": []}, False),
        ({"imagePullSecrets": {"type": "array"}}, False),  # of a schema
    ],
)
def test_something_like_containers(value, wanted):
    assert has_containers(value) is wanted
