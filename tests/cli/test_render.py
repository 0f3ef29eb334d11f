"""`--render`: every command answers for each environment, with its name in front."""

from __future__ import annotations

import json

import pytest

from support.command_line import run
from support.renderers import REPOSITORY, stand_in, write

TITLES = {
    "charts/web: Pod default/web-v1",
    "overlays/dev: Deployment dev/api",
    "overlays/prod: Deployment prod/api",
    ".: Deployment default/plain",
}


@pytest.fixture(autouse=True)
def repository(tmp_path, monkeypatch):
    for name in ("kustomize", "helm"):
        stand_in(tmp_path / "bin", name)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.chdir(write(tmp_path / "repository", REPOSITORY))
    return tmp_path / "repository"


@pytest.mark.parametrize("command", ["resolve", "explain", "uses", "present"])
def test_the_name_is_in_front_of_each_pod(command):
    result = run(command, ".", "--render")
    assert {title for title in TITLES if title in result.out} == TITLES
    assert result.err.splitlines()[0] == "passed over: 1 file that is no manifest"
    assert result.status == 0


def environments(items):
    return {item["environment"] for item in items}


def test_in_json():
    every = {"charts/web", "overlays/dev", "overlays/prod", "."}
    for command, member in (("resolve", "pods"), ("explain", "pods"), ("present", "containers")):
        result = run(command, ".", "--render", "--format", "json")
        assert environments(result.json[member]) == every
    used = run("uses", ".", "--render", "--format", "json").json
    assert environments(used["anonymous"]) == {"charts/web", "."}
    assert [environments(each["images"]) for each in used["credentials"]] == [
        {"overlays/dev"},
        {"overlays/prod"},
    ]


def test_check_has_the_diagnoses_of_all(repository):
    dev = repository / "overlays/dev/regcred.yaml"
    dev.write_text(dev.read_text())
    result = run("check", ".", "--render")
    assert ".: Deployment default/plain, spec.template.spec.imagePullSecrets[0]" in result.out
    assert "in 4 pods and 2 secrets" in result.out
    found = run("check", ".", "--render", "--format", "json").json["diagnoses"]
    assert environments(each["where"] for each in found) == {"."}
    sarif = json.loads(run("check", ".", "--render", "--format", "sarif").out)
    assert len(sarif["runs"][0]["results"]) == len(found)


def test_what_was_asked_for_may_be_in_one_of_them_only():
    result = run("resolve", ".", "--render", "--format", "json", "-n", "dev")
    # What names no namespace is in it, too, but not what kustomize puts into another one.
    assert environments(result.json["pods"]) == {"overlays/dev", "."}
    result = run("resolve", ".", "--render", "--format", "json", "--pod", "web-v1")
    assert environments(result.json["pods"]) == {"charts/web"}
    result = run("explain", ".", "--render", "--pod", "nobody")
    assert (result.status, "no pod or workload 'nobody'" in result.err) == (2, True)


def test_a_secret_may_be_taken_away_from_one_of_them():
    result = run("resolve", ".", "--render", "--format", "json", "--without-secret", "dev/regcred")
    anonymous = {
        each["environment"]: [image["anonymous"] for image in each["images"]]
        for each in result.json["pods"]
    }
    assert (anonymous["overlays/dev"], anonymous["overlays/prod"]) == ([True], [False])


def test_diff_compares_each_with_its_own(repository, tmp_path):
    old = write(tmp_path / "old", REPOSITORY)
    write(repository, {"plain/deployment.yaml": REPOSITORY["plain/deployment.yaml"] + "  a: b\n"})
    result = run("diff", old, repository, "--render")
    assert (result.out, result.status) == ("nothing changes\n", 0)
    del_prod = {name: text for name, text in REPOSITORY.items() if "prod" not in name}
    new = write(tmp_path / "new", del_prod)
    changes = run("diff", old, new, "--render", "--format", "json").json["changes"]
    assert [each["environment"] for each in changes] == [f"{old}/overlays/prod"]


def test_diff_between_releases():
    result = run("diff", ".", "--render", "--from-kubernetes", "1.32", "--to-kubernetes", "1.33")
    assert (result.out, result.status) == ("nothing changes\n", 0)


def test_a_root_that_cannot_be_rendered_is_an_error_and_the_others_are_answered(repository):
    write(repository, {"overlays/prod/kustomization.yaml": "resources: ['https://example.org']\n"})
    result = run("resolve", ".", "--render", "--format", "json")
    assert result.status == 2
    assert result.err.splitlines() == [
        (
            "error: overlays/prod/kustomization.yaml: is not rendered: it names "
            "'https://example.org', which is not here: nothing is fetched"
        ),
        "passed over: 1 file that is no manifest, 1 patch, 1 kustomization that is not rendered",
    ]
    assert environments(result.json["pods"]) == {"charts/web", "overlays/dev", "."}


def test_a_program_that_is_missing_is_named(monkeypatch):
    monkeypatch.setenv("PATH", "")
    result = run("check", ".", "--render")
    assert result.status == 2
    assert result.err == "Error: charts/web: rendering it needs helm on the PATH\n"


def test_values(repository, tmp_path):
    (tmp_path / "v.yaml").write_text("tag: v2\n")
    assert run("check", ".", "--render", "--values", tmp_path / "v.yaml").status == 0
    assert f"--values={tmp_path}/v.yaml" in (tmp_path / "bin" / "calls").read_text()
    result = run("check", ".", "--values", tmp_path / "v.yaml")
    assert result.status == 2
    assert "--values is for charts, which are rendered with --render" in result.err


@pytest.mark.parametrize("command", ["resolve", "check"])
def test_exclude_of_the_configuration_counts(repository, command):
    (repository / "pullsecrets.toml").write_text('exclude = ["charts", "overlays/prod", "tools"]\n')
    result = run(command, ".", "--render", "--format", "json")
    assert result.err == ""
    if command == "resolve":
        assert environments(result.json["pods"]) == {"overlays/dev", "."}


@pytest.mark.parametrize(
    "arguments, said",
    [
        (("resolve", "--cluster"), "--render is for folders, not for a cluster"),
        (("diff", "--git", "main..HEAD"), "--render is for folders, not for revisions"),
    ],
)
def test_only_folders_are_rendered(arguments, said):
    result = run(*arguments, "--render")
    assert (result.status, result.out) == (2, "")
    assert said in " ".join(result.err.split())
