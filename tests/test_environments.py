"""Environments: what is rendered, what belongs to no root, and that nothing is lost."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pullsecrets import Environment, load, load_environments
from pullsecrets.node.node import Node
from pullsecrets.reading import NoSuchPath, ProblemCode, Unreadable
from support.made import users
from support.renderers import REPOSITORY, SECRET, calls, stand_in, write


@pytest.fixture
def bin_folder(tmp_path, monkeypatch):
    folder = tmp_path / "bin"
    for name in ("kustomize", "helm"):
        stand_in(folder, name)
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.fixture
def repository(tmp_path, monkeypatch, bin_folder):
    root = write(tmp_path / "repository", REPOSITORY)
    monkeypatch.chdir(root)
    return root


def answers(environments):
    """Each pod of each environment with its images, and the users that are tried for them."""
    return {
        pod.pod.title: [(str(each.container.image), *users(each.resolution)) for each in pod.images]
        for environment in environments
        for pod in environment.cluster.resolve_all()
    }


def test_each_root_is_an_environment_and_so_is_the_rest(repository):
    found = load_environments(".")
    assert [each.name for each in found] == ["charts/web", "overlays/dev", "overlays/prod", "."]
    assert answers(found) == {
        "charts/web: Pod default/web-v1": [("quay.io/acme/web:v1",)],
        "overlays/dev: Deployment dev/api": [("quay.io/acme/api:1", "dev")],
        "overlays/prod: Deployment prod/api": [("quay.io/acme/api:2", "prod")],
        ".: Deployment default/plain": [("quay.io/acme/api:1",)],
    }


def test_what_is_rendered_is_not_passed_over(repository):
    problems = [problem for each in load_environments(".") for problem in each.cluster.problems]
    assert [(each.code, each.place.file) for each in problems] == [
        (ProblemCode.NO_MANIFEST, "tools/config.yaml")
    ]


def test_the_place_of_what_is_rendered_is_the_file_that_says_how(repository):
    found = load_environments(".")
    places = [each.place for environment in found for each in environment.cluster.pods]
    assert [(place.environment, place.file) for place in places] == [
        ("charts/web", "charts/web/Chart.yaml"),
        ("overlays/dev", "overlays/dev/kustomization.yaml"),
        ("overlays/prod", "overlays/prod/kustomization.yaml"),
        (".", "plain/deployment.yaml"),
    ]


def test_without_a_rest_there_is_none(repository):
    (found,) = load_environments("overlays/dev", node=Node("1.33"))
    assert found == Environment("overlays/dev", found.cluster)
    assert len(found.cluster.pods) == 1
    assert found.cluster.node == Node("1.33")


def test_without_roots_it_is_what_load_gives(repository):
    (found,) = load_environments("plain", namespace="shop")
    loaded = load("plain", namespace="shop")
    assert (found.name, found.cluster.pods) == ("plain", loaded.pods)


def test_files_and_several_folders_are_the_rest_together(repository):
    found = load_environments("plain/deployment.yaml", "overlays", "overlays/dev")
    assert [each.name for each in found] == [
        "overlays/dev",
        "overlays/prod",
        "plain/deployment.yaml overlays overlays/dev",
    ]
    assert [pod.name for pod in found[-1].cluster.pods] == ["plain"]


def test_what_could_not_be_rendered_is_read_as_it_is(repository):
    write(repository, {"base/far.yaml": "", "base/kustomization.yaml": "resources: [nowhere]\n"})
    found = load_environments(".")
    assert [each.name for each in found] == ["charts/web", "."]
    rest = found[-1].cluster
    assert {pod.name for pod in rest.pods} == {"api", "plain"}
    assert len(rest.secrets) == 2
    errors = [(each.code, each.place.file) for each in rest.problems if each.error]
    assert errors == [
        (ProblemCode.NOT_RENDERED, "overlays/dev/kustomization.yaml"),
        (ProblemCode.NOT_RENDERED, "overlays/prod/kustomization.yaml"),
    ]


def test_what_several_roots_share_is_left_out_if_one_of_them_is_rendered(repository):
    write(repository, {"overlays/prod/kustomization.yaml": "resources: [../../base, nowhere]\n"})
    rest = load_environments(".")[-1].cluster
    assert {pod.name for pod in rest.pods} == {"plain"}


def test_strict(repository):
    assert len(load_environments(".", strict=True)) == 4
    write(repository, {"overlays/prod/kustomization.yaml": "resources: [nowhere]\n"})
    with pytest.raises(Unreadable, match="is not rendered"):
        load_environments(".", strict=True)


def test_a_folder_with_nothing_in_it(repository):
    (found,) = load_environments("tools")
    assert [each.code for each in found.cluster.problems if each.error] == [
        ProblemCode.NOTHING_FOUND
    ]


def test_a_path_that_does_not_exist(repository):
    with pytest.raises(NoSuchPath):
        load_environments("nowhere")


def test_what_is_excluded_is_neither_read_nor_rendered(repository):
    found = load_environments(".", exclude=lambda path: path.name in ("prod", "tools"))
    assert [each.name for each in found] == ["charts/web", "overlays/dev", "."]
    assert found[-1].cluster.problems == ()
    assert load("plain", "tools", exclude=lambda path: path.name == "deployment.yaml").pods == ()


def test_values_and_the_namespace_are_handed_on(repository, bin_folder):
    load_environments(".", values=["v.yaml"], namespace="shop")
    (arguments,) = [each for each, _ in calls(bin_folder) if each[0] == "template"]
    assert arguments[3:] == ["--namespace=shop", "--values=v.yaml"]


def test_an_environment_does_not_see_into_another(repository):
    """Not even where both have what the other one names."""
    write(repository, {"plain/regcred.yaml": SECRET.format("plain").replace("regcred", "other")})
    for each in load_environments("."):
        assert len(each.cluster.secrets) == (0 if each.name == "charts/web" else 1)


def test_two_roots_in_one_folder(tmp_path, bin_folder):
    root = write(
        tmp_path / "web",
        {**{Path(k).name: v for k, v in REPOSITORY.items() if k.startswith("charts/web/C")}},
    )
    write(root, {"kustomization.yaml": "{}"})
    assert [each.name for each in load_environments(root)] == [str(root), str(root)]


def test_roles_are_something_to_look_at(tmp_path, bin_folder):
    role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: a}\n"
    root = write(tmp_path / "roles", {"role.yaml": role})
    assert load(root).problems == ()


NAMES = st.sampled_from(["a", "b"])
FOLDERS = st.lists(st.sampled_from("xyz"), max_size=3).map("/".join)


@given(st.lists(st.tuples(FOLDERS, st.sampled_from(["1.yaml", "2.yaml"]), NAMES), max_size=12))
@settings(deadline=None)
def test_no_pod_is_lost_wherever_it_is(places):
    """A pod is answered once for each file that defines it, whatever else is in the folder."""
    files = {}
    for folder, file, name in places:
        path = "/".join(filter(None, (folder, file)))
        pod = f"---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\n"
        files[path] = files.get(path, "") + pod
    with TemporaryDirectory() as folder:
        write(Path(folder), {**files, "values.yaml": "a: 1\n", "x/patch.yaml": "- op: test\n"})
        found = [(Path(pod.place.file).relative_to(folder), pod.name) for pod in load(folder).pods]
    assert sorted(found) == sorted({(Path(folder, file), name) for folder, file, name in places})


def test_each_overlay_has_the_secret_that_it_generates(tmp_path):
    files = {}
    for env in ("dev", "prod"):
        files[f"{env}/pod.yaml"] = REPOSITORY["plain/deployment.yaml"]
        files[f"{env}/kustomization.yaml"] = (
            "secretGenerator:\n- name: regcred\n  type: kubernetes.io/dockerconfigjson\n"
            "  literals:\n  - '.dockerconfigjson="
            f'{{"auths": {{"quay.io": {{"username": "{env}", "password": "p"}}}}}}\'\n'
        )
    cluster = load(write(tmp_path, files))
    assert [users(each.images[0].resolution) for each in cluster.resolve_all()] == [
        ["dev"],
        ["prod"],
    ]
    write(tmp_path, {"dev/regcred.yaml": SECRET.format("applied")})
    cluster = load(tmp_path)
    assert [users(each.images[0].resolution) for each in cluster.resolve_all()] == [
        ["applied"],
        ["prod"],
    ]


def test_a_document_of_a_chart_names_its_template(tmp_path, monkeypatch):
    """Helm writes the chart's name, not its folder; what has no comment keeps the chart's file."""
    folder = tmp_path / "bin"
    output = "\n".join(
        f"---\n{comment}\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\n"
        f"spec: {{containers: [{{name: c, image: quay.io/a, imagePullPolicy: Always}}]}}"
        for name, comment in (("a", "# Source: web/templates/a.yaml"), ("b", ""))
    )
    folder.mkdir()
    helm = folder / "helm"
    helm.write_text(f"#!/bin/sh\nprintf '%s\\n' '{output}'\n")
    helm.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    write(tmp_path / "repository", {"charts/shop/Chart.yaml": "apiVersion: v2\nname: web\n"})
    monkeypatch.chdir(tmp_path / "repository")
    [found] = load_environments(".")
    places = {pod.name: pod.place for pod in found.cluster.pods}
    assert places["a"].file == places["b"].file == "charts/shop/Chart.yaml"
    assert places["a"].shown == "charts/shop/templates/a.yaml"
    assert places["b"].shown == "charts/shop/Chart.yaml"
