"""JSON, SARIF and GitHub's commands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from attrs import evolve
from catalogue_examples import EXAMPLES
from hypothesis import given

from pullsecrets import Cluster, Pod, check
from pullsecrets.diagnoses import CATALOGUE, Diagnoses, Diagnosis, Severity, Where
from pullsecrets.diagnoses.formats import (
    Position,
    to_github,
    to_json,
    to_sarif,
)
from pullsecrets.diagnoses.model import documentation, help_uri
from pullsecrets.metadata import Place
from pullsecrets.reading import Problem, ProblemCode
from pullsecrets.secrecy import EntryText
from support.drawn import clusters
from support.effort import examples

jsonschema = pytest.importorskip("jsonschema")
SCHEMA = Path(__file__).parents[1] / "data" / "sarif" / "sarif-2.1.0-rtm.5.json"
VALIDATOR = jsonschema.Draft4Validator(
    json.loads(SCHEMA.read_text("utf-8")),
    format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER,
)


def all_of_them(file=None):
    found = []
    for example in EXAMPLES.values():
        found += check(Cluster.from_manifests(example.before))
    if file is None:
        return Diagnoses(found)
    return Diagnoses(evolve(each, where=evolve(each.where, file=file)) for each in found)


def test_json_has_the_shape_that_is_promised():
    [found] = check(Cluster.from_manifests(EXAMPLES["PS203"].before))
    assert to_json(Diagnoses([found])) == [
        {
            "code": "PS203",
            "name": "entry-undecodable",
            "severity": "error",
            "message": found.message,
            "advice": found.advice,
            "where": {
                "file": None,
                "document": 2,
                "kind": "Secret",
                "namespace": "default",
                "name": "regcred",
                "field": "data['.dockerconfigjson']",
                "entry": "quay.io",
                "line": None,
                "column": None,
                "end_column": None,
            },
            "replacement": None,
            "edit": None,
            "help_uri": help_uri(CATALOGUE["PS203"]),
        }
    ]
    [dropped] = to_json(check(Cluster.from_manifests(EXAMPLES["PS302"].before)))
    assert dropped["replacement"] == "registry.example.com"


@pytest.mark.parametrize("file", [None, "-", "a b/ü#%.yaml", "/elsewhere/x.yaml"])
def test_sarif_is_valid(file):
    log = to_sarif(all_of_them(file), lambda where: Position(7, 3))
    VALIDATOR.validate(log)
    [run] = log["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == list(CATALOGUE)
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        [location] = result["locations"]
        assert ("physicalLocation" in location) == (file not in (None, "-"))
    assert {result["level"] for result in run["results"]} == {"error", "warning", "note"}


def test_sarif_can_be_invalid():
    log = to_sarif(all_of_them(), lambda where: Position(1, 1))
    log["runs"][0]["results"][0]["level"] = "fatal"
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(log)


@examples(30)
@given(clusters)
def test_sarif_of_drawn_clusters_is_valid(manifests):
    VALIDATOR.validate(to_sarif(check(Cluster.from_manifests(manifests)), lambda where: None))


@pytest.mark.parametrize(
    "file, uri",
    [
        ("k8s/pod.yaml", "k8s/pod.yaml"),
        ("a b/ü#%.yaml", "a%20b/%C3%BC%23%25.yaml"),
        (str(Path.cwd() / "x" / "pod.yaml"), "x/pod.yaml"),
        ("/elsewhere/x.yaml", "file:///elsewhere/x.yaml"),
    ],
)
def test_sarif_places(file, uri):
    log = to_sarif(all_of_them(file), lambda where: None)
    place = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": uri}, "region": {"startLine": 1}}


def test_the_same_finding_keeps_its_fingerprint_when_lines_move():
    first, second = (
        to_sarif(all_of_them("x.yaml"), lambda where, line=line: Position(line, 1))
        for line in (1, 9)
    )
    prints = [
        [result["partialFingerprints"] for result in log["runs"][0]["results"]]
        for log in (first, second)
    ]
    assert prints[0] == prints[1]
    assert len({json.dumps(each) for each in prints[0]}) == len(prints[0])


def diagnosis(severity, message="100% of it,\nsee: x", file="a,b:c.yaml"):
    pod = Pod("p", place=Place(file, 1))
    return Diagnosis(
        CATALOGUE["PS104"],
        severity,
        message,
        "Fix it.",
        Where.of(pod, ("containers", 0)),
    )


def test_github_commands():
    lines = list(
        to_github(Diagnoses([diagnosis(severity) for severity in Severity]), lambda where: None)
    )
    assert lines == [
        f"::{command} file=a%2Cb%3Ac.yaml,line=1,title=PS104 nameless-reference::"
        "100%25 of it,%0Asee: x. Fix it."
        for command in ("error", "warning", "notice")
    ]


def at(where):
    return Position(3, 5)


def test_github_commands_without_a_file():
    [line] = to_github(Diagnoses([diagnosis(Severity.NOTE, "x", "-")]), at)
    assert line == "::notice title=PS104 nameless-reference::x. Fix it."
    [line] = to_github(Diagnoses([diagnosis(Severity.NOTE, "x", "f")]), at)
    assert line.startswith("::notice file=f,line=3,col=5,title=")


UNREADABLE = (
    Problem(ProblemCode.NOT_YAML, "not YAML:\n::error::x", Place("a,b.yaml", 2)),
    Problem(ProblemCode.NOT_JSON, "not JSON", Place("-", 1)),
    Problem(ProblemCode.UNUSED_IGNORE, "unused", error=False),
)


def test_github_shows_what_could_not_be_read():
    assert list(to_github(Diagnoses(), problems=UNREADABLE)) == [
        (
            "::error file=a%2Cb.yaml,line=1,title=pullsecrets not-yaml::"
            "a,b.yaml, document 2: not YAML:%0A::error::x"
        ),
        "::error title=pullsecrets not-json::-, document 1: not JSON",
    ]


def test_sarif_says_what_could_not_be_read():
    log = to_sarif(Diagnoses(), problems=UNREADABLE)
    VALIDATOR.validate(log)
    [invocation] = log["runs"][0]["invocations"]
    assert invocation["executionSuccessful"] is False
    first, second, third = invocation["toolExecutionNotifications"]
    assert first["descriptor"] == {"id": "not-yaml"}
    assert first["level"] == "error"
    assert first["message"]["text"].startswith("a,b.yaml, document 2: not YAML")
    [location] = first["locations"]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == "a%2Cb.yaml"
    assert "locations" not in second
    assert third["level"] == "note"
    [invocation] = to_sarif(Diagnoses(), problems=UNREADABLE[2:])["runs"][0]["invocations"]
    assert invocation["executionSuccessful"] is True


def with_fix(**changes):
    [found] = check(Cluster.from_manifests(EXAMPLES["PS302"].before))
    edit = evolve(found.edit, file="x.yaml")
    return Diagnoses([evolve(found, edit=edit, **changes)])


def fixes_of(found, locate):
    log = to_sarif(found, locate)
    VALIDATOR.validate(log)
    return log["runs"][0]["results"][0].get("fixes")


def test_a_replacement_is_a_fix():
    [fix] = fixes_of(with_fix(), lambda where: Position(4, 8, 30))
    [change] = fix["artifactChanges"]
    assert change == {
        "artifactLocation": {"uri": "x.yaml"},
        "replacements": [
            {
                "deletedRegion": {"startLine": 4, "startColumn": 8, "endColumn": 30},
                "insertedContent": {"text": "registry.example.com"},
            }
        ],
    }


def test_nothing_is_replaced_that_is_not_written_out():
    assert fixes_of(with_fix(), lambda where: Position(4, 8)) is None
    assert fixes_of(with_fix(), lambda where: None) is None
    assert fixes_of(with_fix(replacement=None), at) is None
    hidden = with_fix(replacement=EntryText("https://user:password@registry.example.com"))
    assert fixes_of(hidden, lambda where: Position(4, 8, 30)) is None


@pytest.mark.parametrize(
    "urls, uri",
    [
        (None, None),
        (["Source, https://example.com/source"], None),
        (
            ["Source, https://example.com/", "Documentation, https://example.com/docs/"],
            "https://example.com/docs/diagnoses/ps203.html",
        ),
    ],
)
def test_the_page_of_a_code_is_where_the_package_says_its_documentation_is(
    monkeypatch, request, urls, uri
):
    class Metadata:
        def get_all(self, name):
            assert name == "Project-URL"
            return urls

    monkeypatch.setattr("importlib.metadata.metadata", lambda name: Metadata())
    documentation.cache_clear()
    request.addfinalizer(documentation.cache_clear)
    assert help_uri(CATALOGUE["PS203"]) == uri
    [found] = check(Cluster.from_manifests(EXAMPLES["PS203"].before))
    assert to_json(Diagnoses([found]))[0]["help_uri"] == uri
    log = to_sarif(Diagnoses([found]))
    VALIDATOR.validate(log)
    rule = next(each for each in log["runs"][0]["tool"]["driver"]["rules"] if each["id"] == "PS203")
    assert rule.get("helpUri") == uri
