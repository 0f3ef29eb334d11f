"""Rendering: which program is run how, and what becomes of those that fail."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pullsecrets.reading import Problem, ProblemCode
from pullsecrets.reading.rendering import MissingProgram, render
from pullsecrets.reading.roots import find_roots
from support.canary import CANARY
from support.renderers import RECORDED, REPOSITORY, calls, real, stand_in, write


@pytest.fixture
def repository(tmp_path, monkeypatch):
    root = write(tmp_path / "repository", REPOSITORY)
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """A PATH with stand-ins of these names and nothing else."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def programs(*names, body=""):
        for name in names:
            stand_in(folder, name, body)
        return folder

    return programs


def rendered(folder=".", *, limit=30, **options):
    roots = find_roots(Path(folder), lambda path: False)
    return render(roots, namespace="default", limit=limit, **options)


def documents(found):
    return {each.root.folder.name: each.documents.reveal().decode() for each in found}


def test_each_root_is_rendered_by_its_program(repository, programs):
    folder = programs("kustomize", "helm", "kubectl")
    assert documents(rendered()) == RECORDED
    assert [arguments for arguments, _ in calls(folder)] == [
        ["build", "./overlays/dev"],
        ["build", "./overlays/prod"],
        ["template", "web", "./charts/web", "--namespace=default"],
    ]


@pytest.mark.skipif(not real("kustomize", "helm"), reason="kustomize and helm are not here")
def test_the_real_ones_print_what_was_recorded(repository):
    assert documents(rendered()) == RECORDED


@pytest.mark.skipif(not real("kustomize"), reason="kustomize is not here")
def test_the_real_kustomize_has_no_network(tmp_path):
    """Should an address ever get past the check: the proxy and git's protocols are closed."""
    # kustomize takes it for a repository although there is such a folder.
    name = "github.com/acme/base"
    write(tmp_path, {"kustomization.yaml": f"resources: [{name}]\n", f"{name}/x.yaml": ""})
    (found,) = rendered(tmp_path)
    assert "fails with exit status 1" in found.problem.message


def test_kubectl_renders_where_kustomize_is_not_there(repository, programs):
    folder = programs("helm", "kubectl")
    assert documents(rendered()) == RECORDED
    assert [arguments for arguments, _ in calls(folder)][:2] == [
        ["kustomize", "./overlays/dev"],
        ["kustomize", "./overlays/prod"],
    ]


@pytest.mark.parametrize(
    "there, message",
    [
        ((), "charts/web: rendering it needs helm on the PATH"),
        (("helm",), "overlays/dev: rendering it needs kustomize or kubectl on the PATH"),
        (("kustomize",), "charts/web: rendering it needs helm on the PATH"),
    ],
)
def test_a_program_that_is_missing_is_named(repository, programs, there, message):
    programs(*there)
    with pytest.raises(MissingProgram) as error:
        rendered()
    assert str(error.value) == message


def test_no_program_is_needed_where_there_is_nothing_to_render(repository, programs):
    programs()
    assert rendered("plain") == ()


def test_values_are_for_charts_only(repository, programs, tmp_path):
    folder = programs("kustomize", "helm")
    rendered(values=[tmp_path / "a.yaml", tmp_path / "b.yaml"])
    assert [arguments[3:] for arguments, _ in calls(folder)] == [
        [],
        [],
        ["--namespace=default", f"--values={tmp_path}/a.yaml", f"--values={tmp_path}/b.yaml"],
    ]


def test_the_programs_have_no_network_and_no_plugins(repository, programs, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.org")
    monkeypatch.setenv("NO_PROXY", "*")
    folder = programs("kustomize", "helm")
    rendered()
    for _, environment in calls(folder):
        assert environment["HTTPS_PROXY"] == environment["https_proxy"] == "http://127.0.0.1:9"
        assert environment["NO_PROXY"] == environment["no_proxy"] == ""
        assert environment["GIT_ALLOW_PROTOCOL"] == "none"
        assert environment["HELM_NO_PLUGINS"] == "1"
        assert environment["KUBECONFIG"] == os.devnull


@pytest.mark.parametrize("name", ["Web", "-web", "a_b", "w" * 54])
def test_a_folder_whose_name_is_no_release(tmp_path, programs, name):
    folder = programs("helm")
    write(tmp_path / name, {"Chart.yaml": "name: web\n"})
    rendered(tmp_path / name)
    ((arguments, _),) = calls(folder)
    assert arguments == ["template", str(tmp_path / name), "--namespace=default"]


def test_a_folder_whose_name_begins_with_a_dash_is_no_option(tmp_path, programs, monkeypatch):
    folder = programs("kustomize")
    monkeypatch.chdir(write(tmp_path, {"--help/kustomization.yaml": "{}"}))
    rendered()
    assert [arguments for arguments, _ in calls(folder)] == [["build", "./--help"]]


def problem(found):
    """The problem of one of them, the other ones being fine."""
    (only,) = [each for each in found if each.problem is not None]
    assert only.documents is None
    assert isinstance(only.problem, Problem)
    assert (only.problem.code, only.problem.error) == (ProblemCode.NOT_RENDERED, True)
    return f"{only.problem}"


def test_one_that_fails_says_how_to_see_why_and_nothing_else(repository, programs):
    write(repository, {"bad/kustomization.yaml": "{}"})
    body = (
        f"print('{CANARY}'); print('{CANARY}', file=sys.stderr)\n"
        "sys.exit(3 if sys.argv[-1] == './bad' else 0)\n"
    )
    programs("kustomize", "helm", body=body)
    found = rendered()
    assert problem(found) == (
        "bad/kustomization.yaml: is not rendered: "
        "'kustomize build ./bad' fails with exit status 3; run it to see why"
    )
    assert CANARY not in repr(found)


def test_one_that_takes_too_long(tmp_path, programs, monkeypatch):
    # Alone: on a busy machine, another one could need two seconds as well.
    monkeypatch.chdir(write(tmp_path, {"slow/kustomization.yaml": "{}"}))
    programs("kustomize", body="time.sleep(600)\n")
    assert problem(rendered(limit=2)).endswith(
        "'kustomize build ./slow' takes longer than 2 seconds"
    )


def test_one_that_cannot_be_started(tmp_path, programs, monkeypatch):
    monkeypatch.chdir(write(tmp_path, {"a/kustomization.yaml": "{}"}))
    (programs("kustomize") / "kustomize").write_text("#!/nowhere/at/all\n")
    assert problem(rendered()).endswith(
        "'kustomize build ./a' cannot be started: No such file or directory"
    )


def test_one_that_is_refused_starts_no_program(repository, programs):
    address = "https://example.org/x"
    write(repository, {"far/kustomization.yaml": f"resources: ['{address}']\n"})
    folder = programs("kustomize", "helm")
    assert problem(rendered()) == (
        f"far/kustomization.yaml: is not rendered: it names '{address}', which is not here: "
        "nothing is fetched"
    )
    assert len(calls(folder)) == 3


def test_a_missing_program_does_not_matter_for_what_is_refused(tmp_path, programs):
    programs()
    write(tmp_path, {"kustomization.yaml": "resources: [nowhere]\n"})
    assert "nothing is fetched" in problem(rendered(tmp_path))
