"""The roots in a folder: which kustomizations and charts there are to render."""

from __future__ import annotations

from pathlib import Path

import pytest

from pullsecrets.reading.roots import find_roots
from support.renderers import REPOSITORY, write

COMPONENT = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"


def nothing(path):
    return False


def roots(root, exclude=nothing):
    return {str(each.folder.relative_to(root)): each for each in find_roots(root, exclude)}


def refusals(root):
    return [each.refusal for each in find_roots(root, nothing)]


def test_what_nothing_names_is_a_root(tmp_path):
    found = roots(write(tmp_path, REPOSITORY))
    assert {name: each.renderer.value for name, each in found.items()} == {
        "charts/web": "helm",
        "overlays/dev": "kustomize",
        "overlays/prod": "kustomize",
    }
    assert [each.refusal for each in found.values()] == [None] * 3


def test_a_root_is_made_of_all_that_it_reaches(tmp_path):
    found = roots(write(tmp_path, REPOSITORY))
    assert {str(each.relative_to(tmp_path)) for each in found["overlays/prod"].sources} == {
        "base/deployment.yaml",
        "base/kustomization.yaml",
        "overlays/prod/image.yaml",
        "overlays/prod/kustomization.yaml",
        "overlays/prod/regcred.yaml",
    }
    assert {each.name for each in found["charts/web"].sources} == {"Chart.yaml"}


def test_what_is_outside_of_the_folder_belongs_to_it(tmp_path):
    write(tmp_path, REPOSITORY)
    found = roots(tmp_path / "overlays" / "dev")
    assert {each.name for each in found["."].sources} == {
        "deployment.yaml",
        "kustomization.yaml",
        "regcred.yaml",
    }
    assert (tmp_path / "base/deployment.yaml").resolve() in found["."].sources


@pytest.mark.parametrize("name", ["kustomization.yaml", "kustomization.yml", "Kustomization"])
def test_each_name_of_a_kustomization(tmp_path, name):
    write(tmp_path, {f"a/{name}": "{}", f"b/{name}": "bases: [../a]\n"})
    assert list(roots(tmp_path)) == ["b"]


def test_components_and_libraries_are_for_others_only(tmp_path):
    write(
        tmp_path,
        {
            "parts/kustomization.yaml": COMPONENT,
            "lib/Chart.yaml": "name: lib\ntype: library\n",
            "app/Chart.yaml": "name: app\ntype: application\n",
            "broken/Chart.yaml": "name: [\n",
        },
    )
    assert list(roots(tmp_path)) == ["app", "broken"]


def test_kustomizations_that_name_each_other_are_no_roots(tmp_path):
    write(
        tmp_path,
        {"a/kustomization.yaml": "bases: [../b]\n", "b/kustomization.yaml": "bases: [../a]\n"},
    )
    assert roots(tmp_path) == {}


def test_a_circle_below_a_root_is_gone_through_once(tmp_path):
    write(
        tmp_path,
        {
            "a/kustomization.yaml": "resources: [../b]\n",
            "b/kustomization.yaml": "resources: [../c]\n",
            "c/kustomization.yaml": "resources: [../b, ../d]\n",
            "d/x.yaml": "",  # not a kustomization: kustomize says so
        },
    )
    assert len(roots(tmp_path)["a"].sources) == 3


def test_what_is_excluded_is_no_root(tmp_path):
    write(tmp_path, REPOSITORY)
    assert list(roots(tmp_path, lambda path: path.name in ("prod", "Chart.yaml"))) == [
        "overlays/dev"
    ]


NAMES_A_FILE = [
    "resources: [{}]",
    "bases: [{}]",
    "components: [{}]",
    "crds: [{}]",
    "configurations: [{}]",
    "generators: [{}]",
    "transformers: [{}]",
    "validators: [{}]",
    "patchesStrategicMerge: [{}]",
    "patches: [{{path: {}}}]",
    "patchesJson6902: [{{path: {}, target: {{kind: Pod}}}}]",
    "replacements: [{{path: {}}}]",
    "openapi: {{path: {}}}",
    "configMapGenerator: [{{name: a, files: [{}]}}]",
    "configMapGenerator: [{{name: a, envs: [{}]}}]",
    "configMapGenerator: [{{name: a, env: {}}}]",
    "secretGenerator: [{{name: a, files: ['key={}']}}]",
]


@pytest.mark.parametrize("field", NAMES_A_FILE)
@pytest.mark.parametrize(
    "address",
    [
        "https://example.org/install.yaml",
        "github.com/acme/base?ref=v1",
        "git@github.com:acme/base",
        "ssh://git@example.org/acme/base",
        "nowhere",
    ],
)
def test_nothing_is_fetched_wherever_it_is_named(tmp_path, field, address):
    write(tmp_path, {"a/kustomization.yaml": field.format(address)})
    (refusal,) = refusals(tmp_path)
    assert refusal.endswith("which is not here: nothing is fetched")


@pytest.mark.parametrize("field", NAMES_A_FILE)
def test_what_is_here_is_no_address(tmp_path, field):
    write(tmp_path, {"a/kustomization.yaml": field.format("x.yaml"), "a/x.yaml": ""})
    (root,) = find_roots(tmp_path, nothing)
    assert root.refusal is None
    assert {each.name for each in root.sources} == {"kustomization.yaml", "x.yaml"}


def test_an_address_in_a_part_refuses_the_root(tmp_path):
    write(
        tmp_path,
        {
            "a/kustomization.yaml": "resources: [../b]\n",
            "b/kustomization.yaml": "resources: ['https://user:hunter2@example.org/x']\n",
        },
    )
    (refusal,) = refusals(tmp_path)
    assert "hunter2" not in refusal
    assert "example.org/x" in refusal


@pytest.mark.parametrize(
    "text",
    [
        "helmCharts: [{name: web, repo: 'https://example.org'}]\n",
        "helmChartInflationGenerator: [{chartName: web}]\n",
    ],
)
def test_charts_of_a_kustomization_are_not_fetched(tmp_path, text):
    write(tmp_path, {"kustomization.yaml": text})
    assert refusals(tmp_path) == ["it has charts of its own, which kustomize would fetch"]


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "resources: {a: b}\npatches: [x, {path: 1}]\nopenapi: x\nsecretGenerator: [{files: 1}]\n",
        "patchesStrategicMerge:\n- |-\n  kind: Pod\n  metadata: {name: a}\n",
        "resources: ['']\n",
        "resources: [\n",
    ],
)
def test_what_is_no_kustomization_at_all_is_left_to_kustomize(tmp_path, text):
    write(tmp_path, {"kustomization.yaml": text})
    assert refusals(tmp_path) == [None]


@pytest.mark.parametrize("name", ["a\\0b", "x" * 5_000])
def test_names_that_no_file_system_takes(tmp_path, name):
    write(tmp_path, {"kustomization.yaml": f'resources: ["{name}"]\n'})
    (refusal,) = refusals(tmp_path)
    assert len(refusal) < 200


def test_a_kustomization_that_cannot_be_read_is_left_to_kustomize(tmp_path, monkeypatch):
    write(tmp_path, {"kustomization.yaml": "resources: [nowhere]\n"})

    def refuse(self):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert refusals(tmp_path) == [None]
