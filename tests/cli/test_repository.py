"""A repository of 4,000 files as it is: no pod is lost, and what is said can be read."""

from __future__ import annotations

import shutil

import pytest

from benchmarks.repository import CLUSTERS, repository
from support.command_line import run
from support.renderers import real, write

APPS = 125


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    files = repository(APPS)
    assert len(files) == 4_000
    return write(tmp_path_factory.mktemp("repository"), files)


@pytest.fixture
def small(tmp_path):
    return write(tmp_path, repository(2))


def users(pod):
    return [candidate["username"] for each in pod["images"] for candidate in each["candidates"]]


def test_no_pod_is_lost_and_each_has_its_own_secret(folder):
    result = run("resolve", folder, "--format", "json")
    assert result.status == 0
    assert len(result.err.splitlines()) == 1
    answered = {
        (pod["file"].removeprefix(f"{folder}/clusters/"), pod["kind"]): users(pod)
        for pod in result.json["pods"]
    }
    assert answered == {
        (f"{cluster}/app-{number:03}/{kind.lower()}.yaml", kind): [f"{cluster}-app-{number:03}"]
        for cluster in CLUSTERS
        for number in range(APPS)
        for kind in ("Deployment", "CronJob")
    }
    assert all(pod["notes"] == [] for pod in result.json["pods"])


def test_check_says_little_and_ends_as_its_findings_do(folder):
    found = run("check", folder)
    assert (found.out, found.status) == ("", 0)
    passed_over, looked_at = found.err.splitlines()
    assert passed_over == (
        "passed over: 750 files that are no manifests, 125 templates, 375 patches, "
        "125 charts and 375 kustomizations that are not rendered (--render)"
    )
    assert looked_at.startswith("no diagnosis in 750 pods and ")


def test_a_finding_in_one_cluster_is_found_there(small):
    secret = small / "clusters/prod/app-001/regcred.yaml"
    secret.write_text(secret.read_text().replace("example.com/prod", "example.com:5000/prod"))
    result = run("check", small, "--format", "json")
    assert result.status == 1
    pods = [each["where"] for each in result.json["diagnoses"] if each["where"]["kind"] != "Secret"]
    assert {each["file"] for each in pods} == {
        f"{small}/clusters/prod/app-001/{kind}.yaml" for kind in ("deployment", "cronjob")
    }


def test_a_secret_that_another_cluster_has_is_a_guess_that_is_told(small):
    (small / "clusters/prod/app-001/regcred.yaml").unlink()
    pods = run("resolve", small, "--format", "json", "-n", "app-001").json["pods"]
    notes = {pod["file"].split("/")[-3]: [note["code"] for note in pod["notes"]] for pod in pods}
    assert notes == {"dev": [], "stage": [], "prod": ["ambiguous-secret"]}


@pytest.mark.skipif(not real("kustomize", "helm"), reason="kustomize and helm are not here")
def test_rendered_by_the_real_programs(small):
    shutil.rmtree(small / "charts")  # whose templates are no good
    result = run("resolve", small, "--render", "--format", "json")
    assert result.status == 0
    assert {tuple(users(pod)) for pod in result.json["pods"]} == {
        (f"{cluster}-app-{number:03}",) for cluster in CLUSTERS for number in range(2)
    }
    assert {pod["environment"] for pod in result.json["pods"]} == {
        f"{small}/clusters/{cluster}/app-{number:03}" for cluster in CLUSTERS for number in range(2)
    }
