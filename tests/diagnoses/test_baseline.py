"""A baseline: what was there when checking began is not reported again."""

from __future__ import annotations

import json

import pytest

from pullsecrets import Cluster
from pullsecrets.diagnoses import Diagnoses, check
from pullsecrets.diagnoses.baseline import InvalidBaseline, compare_to_baseline, to_baseline


def pod(*images, secrets=("gone",), name="api"):
    containers = [{"name": f"c{number}", "image": image} for number, image in images]
    spec = {"containers": containers, "imagePullSecrets": [{"name": each} for each in secrets]}
    return {"kind": "Pod", "metadata": {"name": name}, "spec": spec}


def found(*manifests):
    return check(Cluster.from_manifests(manifests))


BEFORE = found(pod((1, "Bad"), (2, "fine")))


def test_what_it_holds():
    assert json.loads(to_baseline(BEFORE)) == {
        "version": 1,
        "findings": [
            {"code": "PS102", "object": "Pod default/api", "subject": "gone"},
            {"code": "PS501", "object": "Pod default/api", "subject": "c1"},
        ],
    }


def test_the_same_findings_are_known_wherever_they_have_moved():
    moved = found(pod((2, "fine"), (1, "Bad"), secrets=("", "gone")))
    compared = compare_to_baseline(moved, to_baseline(BEFORE))
    assert [each.code for each in compared.new] == ["PS104"]
    assert (compared.known, compared.gone) == (2, 0)


def test_another_container_another_object_another_code_is_new():
    more = found(pod((1, "Bad"), (2, "Bad")), pod((1, "Bad"), name="other", secrets=()))
    compared = compare_to_baseline(more, to_baseline(BEFORE))
    assert sorted((each.code, each.where.name, each.subject) for each in compared.new) == [
        ("PS501", "api", "c2"),
        ("PS501", "other", "c1"),
    ]


def test_one_of_several_that_are_alike_is_new():
    twice = Diagnoses([*BEFORE, *BEFORE])
    compared = compare_to_baseline(twice, to_baseline(BEFORE))
    assert list(compared.new) == list(BEFORE)


def test_what_is_gone_is_counted():
    compared = compare_to_baseline(found(pod((1, "fine"))), to_baseline(BEFORE))
    assert (len(compared.new), compared.known, compared.gone) == (0, 1, 1)
    compared = compare_to_baseline(Diagnoses(), to_baseline(Diagnoses()))
    assert (compared.known, compared.gone) == (0, 0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "1",
        "{}",
        '{"version": 1}',
        '{"version": 1, "findings": [1]}',
        '{"version": 1, "findings": [{"code": 1, "object": "", "subject": ""}]}',
        '{"version": 1, "findings": [{"code": ""}]}',
        '{"version": 2, "findings": []}',
        f"1{'0' * 5000}",
        "[" * 100_000,
    ],
)
def test_what_is_no_baseline(text):
    with pytest.raises(InvalidBaseline, match="no baseline of this version"):
        compare_to_baseline(BEFORE, text)
