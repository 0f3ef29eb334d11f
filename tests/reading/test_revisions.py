"""Manifests in revisions of a git repository, read by git itself."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from pullsecrets.reading import Document, ProblemCode
from pullsecrets.reading.revisions import NoRevision, revisions
from support.canary import CANARY, error_texts, leaks

POD = "{{apiVersion: v1, kind: Pod, metadata: {{name: {}}}, spec: {{containers: []}}}}\n"


def git(folder, *arguments):
    who = ("-c", "user.name=a", "-c", "user.email=a@example", "-c", "commit.gpgsign=false")
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    subprocess.run(
        ["git", *who, *arguments], cwd=folder, check=True, capture_output=True, env=environment
    )


def write(folder, **files):
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def repository(tmp_path):
    """`main` and `change` have parted; the working tree is that of `change`."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-b", "main")
    write(folder, a__x_yaml=POD.format("old"), a__y_json=POD.format("z"), b_yaml=POD.format("b"))
    write(folder, a__note_txt="no manifest", a___hidden_yaml=POD.format("hidden"))
    (folder / "a" / ".folder").mkdir()
    write(folder / "a" / ".folder", z_yaml=POD.format("hidden"))
    (folder / "a" / "link.yaml").symlink_to("x.yaml")
    git(folder, "add", "-A")
    git(folder, "commit", "-m", "1")
    git(folder, "checkout", "-b", "change")
    write(folder, a__x_yaml=POD.format("new"))
    git(folder, "commit", "-am", "2")
    git(folder, "checkout", "main")
    write(folder, b_yaml=POD.format("later"))
    git(folder, "commit", "-am", "3")
    git(folder, "checkout", "change")
    write(folder, a__x_yaml=POD.format("not committed"))
    return folder


def names(revision, *paths):
    found = list(revision.documents(paths or ["."]))
    assert all(isinstance(each, Document) for each in found)
    return [each.value["metadata"]["name"] for each in found]


def test_two_revisions(repository):
    old, new = revisions("main..change", repository)
    assert names(old) == ["old", "z", "later"]
    assert names(new) == ["new", "z", "b"]


def test_since_they_parted(repository):
    old, new = revisions("main...change", repository)
    assert names(old) == ["old", "z", "b"]
    assert names(new) == ["new", "z", "b"]


@pytest.mark.parametrize("text", ["main..HEAD", "main..", "main..change^0"])
def test_ways_to_name_them(text, repository):
    assert names(revisions(text, repository)[1], "a") == ["new", "z"]


def test_head_on_the_left(repository):
    assert names(revisions("..main", repository)[0], "a/x.yaml") == ["new"]


def test_paths_begin_at_the_folder(repository):
    _, new = revisions("main..change", repository / "a")
    assert names(new, "x.yaml") == ["new"]
    assert names(new) == ["new", "z"]
    assert names(new, "../b.yaml") == ["b"]


def test_a_file_that_is_named_is_read_whatever_its_name_is(repository):
    _, new = revisions("main..change", repository)
    assert names(new, "a/.hidden.yaml") == ["hidden"]
    assert new.has("a/note.txt")


def test_places_are_named_as_git_names_them(repository):
    [document] = revisions("main..change", repository)[1].documents(["a/x.yaml"])
    assert str(document.place) == "change:a/x.yaml, document 1"


def test_paths_that_are_not_there(repository):
    old, _ = revisions("main..change", repository)
    assert not old.has("missing")
    assert names(old, "missing") == []


def test_what_is_excluded_is_not_read(repository):
    write(repository, shop__Chart_yaml="name: shop\n")
    git(repository, "add", "-A")
    git(repository, "commit", "-m", "a chart")
    _, new = revisions("main..change", repository)
    asked = []

    def exclude(path):
        asked.append(path)
        return path.name in ("Chart.yaml", "y.json")

    found = list(new.documents([".", "a/x.yaml"], exclude))
    assert [str(each.place) for each in found] == [
        "change:a/x.yaml, document 1",
        "change:b.yaml, document 1",
    ]
    assert repository / "b.yaml" in asked
    assert repository / "a" / "x.yaml" not in asked  # it is asked for by its name


def test_a_chart_is_passed_over(repository):
    write(repository, shop__Chart_yaml="name: shop\n", shop__templates__a_yaml="{{ a }}\n")
    git(repository, "add", "-A")
    git(repository, "commit", "-m", "a chart")
    [problem] = revisions("main..change", repository)[1].documents(["shop"])
    assert (problem.code, problem.error) == (ProblemCode.CHART, False)
    assert str(problem.place) == "change:shop"


def test_nothing_is_touched(repository):
    hook = repository / ".git" / "hooks" / "post-checkout"
    hook.write_text("#!/bin/sh\ntouch called\n")
    hook.chmod(0o755)

    def state():
        files = (path for path in repository.rglob("*") if path.is_file())
        return {path: path.read_bytes() for path in files}

    before = state()
    for side in revisions("main..change", repository):
        names(side)
    assert state() == before


@pytest.mark.parametrize(
    "text, said",
    [
        ("main", "is not two revisions"),
        ("main..missing", "git knows no revision 'missing' here"),
        ("--output=x..main", "git knows no revision '--output=x' here"),
        ("main:a..main", "git knows no revision 'main:a' here"),
    ],
)
def test_no_such_revision(text, said, repository):
    with pytest.raises(NoRevision, match=said):
        revisions(text, repository)


def test_no_common_ancestor(repository):
    git(repository, "checkout", "--orphan", "other")
    git(repository, "commit", "-am", "other")
    with pytest.raises(NoRevision, match="have no common ancestor"):
        revisions("main...other", repository)


def test_no_repository(tmp_path):
    with pytest.raises(NoRevision, match="not a git repository"):
        revisions("a..b", tmp_path)


def test_no_git(repository, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(NoRevision, match=r"git.*is not installed"):
        revisions("main..change", repository)


def fake_git(folder, monkeypatch, script):
    """A git that is the script."""
    program = folder / "git"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def test_a_clone_that_is_not_complete(repository, tmp_path, monkeypatch):
    old, _ = revisions("main..change", repository)
    (tmp_path / "bin").mkdir()
    line = "100644 blob 1234\\ta.yaml\\0"
    script = f"case $1 in ls-tree) printf '{line}';; *) echo '1234 missing';; esac"
    fake_git(tmp_path / "bin", monkeypatch, script)
    with pytest.raises(NoRevision, match="the clone is not complete"):
        names(old)


def test_git_that_never_answers(repository, monkeypatch):
    def run(command, **_):
        raise subprocess.TimeoutExpired(command, 1.0)

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(NoRevision, match="takes longer than"):
        revisions("main..change", repository)


def test_no_error_shows_what_is_in_a_file(repository, tmp_path, monkeypatch):
    old, _ = revisions("main..change", repository)
    (tmp_path / "bin").mkdir()
    fake_git(tmp_path / "bin", monkeypatch, f"echo {CANARY}; exit 3")
    with pytest.raises(NoRevision) as raised:
        names(old)
    assert not any(leaks(text) for text in error_texts(raised.value))
    trace = raised.value.__traceback__
    while trace is not None:
        if Path(trace.tb_frame.f_code.co_filename).name == "revisions.py":
            assert not leaks(repr(trace.tb_frame.f_locals))
        trace = trace.tb_next
