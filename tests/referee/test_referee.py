"""A small, fixed part of `nox -s referee`, and what makes that comparison one that can fail."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import compress

import pytest

from referee import conformance, ours
from referee.__main__ import RELEASES, REPORTS, Comparison, add, read, releases_of
from referee.comparing import difference, shortest
from referee.drawing import LEGACY, requests
from referee.facts import FACTS, NOT_THERE, minor, table
from referee.kubelet import Kubelet
from support.go_programs import NEWEST, PATCHES, CannotBuild

EXPLAINED = {"hosts", "length", "colons"}
"""The facts of the releases that explain a difference."""

COUNT = 10_000
"""A dozen seconds. Deliberate mistakes were all found within fewer (see the docs' page)."""


@pytest.fixture(scope="module")
def newest() -> Iterator[Kubelet]:
    try:
        kubelet = Kubelet(NEWEST)
    except CannotBuild as error:
        if os.environ.get("CI", "").lower() in {"1", "true"}:
            pytest.fail(f"the referee {error}", pytrace=False)
        pytest.skip(f"the referee {error}")
    with kubelet:
        yield kubelet


@pytest.mark.one_python
def test_agrees_with_the_newest_release(newest):
    comparison = Comparison(newest)
    for request in requests(1, COUNT):
        comparison.put(request)
    assert comparison.lines() == []
    assert comparison.asked.total() == COUNT


@pytest.mark.parametrize("name", conformance.FILES)
def test_the_conformance_vectors_are_the_newest_release_s(name, newest):
    for vector in conformance.read(name):
        assert vector["kubernetes"] == NEWEST
        assert difference(newest, conformance.request_of(name, vector)) is None, vector


def test_the_table_of_releases_has_the_newest_ones_answers(newest):
    facts = [fact.part == newest.part for fact in FACTS]
    rows = compress(table({newest.part: [newest]}, [NEWEST]), facts)
    assert [row[NEWEST] for row in compress(read(RELEASES), facts)] == [r[NEWEST] for r in rows]


def test_the_table_of_releases_shows_each_fact():
    for fact, row in zip(FACTS, read(RELEASES), strict=True):
        assert fact.text == row["what is so"]
        compared = releases_of(fact.part)
        assert {row[release] for release in PATCHES if release not in compared} <= {NOT_THERE}
        changed = {release: row[release] != row[NEWEST] for release in compared}
        assert changed == {release: minor(release) <= minor(fact.until) for release in compared}


# --- the comparison itself, with a made-up kubelet


class Answering:
    """A kubelet that gives the answers that it was made with, one after the other."""

    release = NEWEST

    def __init__(self, *answers):
        self.answers = list(answers)
        self.times = []

    def ask(self, request):
        self.times.append(request.get("times"))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def lookup(*configs, image="quay.io/acme/api", node=None):
    return {
        "op": "lookup",
        "image": image,
        "secrets": [
            {"name": f"s{number}", "type": LEGACY, "data": {".dockercfg": config}}
            for number, config in enumerate(configs)
        ],
        "node": node or {},
    }


def candidate(username, secret="s0"):
    return {"username": username, "password": "", "email": "", "secret": secret, "account": ""}


TWO_KEYS = lookup(b'{"quay.io": {"username": "host"}, "quay.io/acme": {"username": "path"}}')
ONE_KEY = lookup(b'{"quay.io": {"username": "a"}, "https://quay.io": {"username": "b"}}')
HOST, PATH, A, B = map(candidate, ("host", "path", "a", "b"))


def test_the_same_candidates_in_the_same_order():
    assert difference(Answering({"orders": [[PATH, HOST]]}), TWO_KEYS) is None


@pytest.mark.parametrize(
    "orders",
    [
        [[HOST, PATH]],
        [[PATH]],
        [[PATH, HOST, HOST]],
        [[PATH, HOST], [HOST, PATH]],
        [[PATH, candidate("host", "s1")]],
        [[]],
    ],
)
def test_other_candidates(orders):
    assert difference(Answering({"orders": orders}), TWO_KEYS) == "candidates"


def test_up_to_1_32_nobody_says_from_which_secret_a_candidate_is():
    order = [{k: v for k, v in c.items() if k not in ("secret", "account")} for c in (PATH, HOST)]
    assert difference(Answering({"orders": [order]}), TWO_KEYS) is None


def test_a_tier_has_no_order():
    assert difference(Answering({"orders": [[A, B], [B, A]]}), ONE_KEY) is None


def test_a_tier_in_one_order_is_looked_at_again_until_both_were_seen():
    kubelet = Answering({"orders": [[A, B]]}, {"orders": [[B, A], [A, B]]})
    assert difference(kubelet, ONE_KEY) is None
    assert kubelet.times == [4, 200]


def test_a_tier_that_is_always_in_one_order_is_none():
    kubelet = Answering({"orders": [[A, B]]})
    assert difference(kubelet, ONE_KEY) == "tier with one order"
    assert kubelet.times == [4, 200, 5000]


def test_alike_candidates_have_no_order_to_see():
    request = lookup(b'{"quay.io": {"username": "a"}, "https://quay.io": {"username": "a"}}')
    assert difference(Answering({"orders": [[A, A]]}), request) is None


@pytest.mark.parametrize(
    "theirs, request_, words",
    [
        ({"error": "image", "text": "…"}, {"op": "image", "image": "A"}, None),
        ({"error": "image"}, {"op": "image", "image": "a"}, "kubelet: image, pullsecrets: answer"),
        (
            {"name": "docker.io/library/a", "tag": "1", "digest": ""},
            {"op": "image", "image": "a:2"},
            "tag",
        ),
        ({"match": False}, {"op": "match", "pattern": "*.io", "image": "quay.io/a"}, "match"),
        ({"error": "secret"}, lookup(b"{"), None),
        ({"error": "secret"}, lookup(b"{}"), "kubelet: secret, pullsecrets: answer"),
        ({"orders": [[]]}, lookup(b"{"), "kubelet: answer, pullsecrets: secret"),
        ({"error": "secret"}, lookup(b"{", image="A"), "kubelet: secret, pullsecrets: image"),
    ],
)
def test_answers_and_errors(theirs, request_, words):
    assert difference(Answering(theirs), request_) == words


def test_the_node_is_asked_after_the_secrets():
    node = {"root/config.json": b'{"auths": {"quay.io/acme": {"username": "node"}}}'}
    request = lookup(b'{"quay.io": {"username": "host"}}', node=node)
    assert ours.answer(request, NEWEST) == {"tiers": [[HOST], [candidate("node", "")]]}


def test_a_node_file_that_does_not_decode_is_passed_over():
    request = lookup(node={"root/config.json": b"{"})
    assert ours.answer(request, NEWEST) == {"tiers": []}


def test_what_differs_is_made_as_short_as_it_can_be():
    request = lookup(b'{"quay.io": {"username": "user17"}}', b"{}", node={"root/config.json": b"x"})
    short = shortest(request, lambda shorter: "user" in repr(shorter["secrets"]))
    assert short == {**lookup(b"user"), "image": ""}


def test_differences_are_counted_and_shown():
    comparison = Comparison(Answering({"match": False}))
    for pattern in ("*.io", "quay.io", "other.io"):
        comparison.put({"op": "match", "pattern": pattern, "image": "quay.io/a"})
    first, request, *_ = comparison.lines()
    assert first == f"{NEWEST}: 2 × match match"
    assert '"op": "match"' in request
    row = comparison.row(seed=7)
    assert (row["patterns"], row["not explained"], row["explained"]) == ("3", "2", "0")


@pytest.mark.parametrize(
    "fact", [fact for fact in FACTS if fact.name in EXPLAINED], ids=lambda fact: fact.name
)
def test_a_fact_explains_its_request_up_to_its_release_only(fact):
    explains = [release for release in PATCHES if fact.explains(release, fact.request)]
    assert explains == [release for release in PATCHES if minor(release) <= minor(fact.until)]
    assert not fact.explains("1.25", {"op": "image", "image": "quay.io/acme/api:v1"})
    assert not fact.explains("1.25", {"op": "match", "pattern": "*.io", "image": "[::1]:5000/a"})


def test_a_report_keeps_the_other_releases(tmp_path):
    report = tmp_path / "report.csv"
    add([{"release": "1.37.2", "on": "a"}, {"release": "1.28.15", "on": "a"}], report)
    add([{"release": "1.37.3", "on": "b", "more": "1"}], report)
    assert report.read_text() == "release,on,more\n1.28.15,a,\n1.37.3,b,1\n"


@pytest.mark.parametrize("part", REPORTS)
def test_the_reports_of_the_docs_have_each_release(part):
    report = read(REPORTS[part])
    assert [row["release"] for row in report] == [PATCHES[name] for name in releases_of(part)]
    assert {row["not explained"] for row in report} == {"0"}
