"""What a project configures for the command line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest.importorskip("click")
pytest.importorskip("pathspec")

from pullsecrets.cli._settings import FilePatterns, InvalidSettings, Settings, codes_of
from pullsecrets.diagnoses import Severity

ALL = """
exclude = ["old/", "*.tmpl.yaml"]
fail-on = "error"
select = ["PS1", "PS5"]
ignore = ["ps502"]
[per-file-ignores]
"apps/**/legacy.yaml" = ["PS1", "PS502"]
[makers]
"Vault.example.com" = { name = "spec.name" }
[templates]
"Rollout.argoproj.io" = "spec.template"
"""


def test_everything_that_can_be_configured(tmp_path):
    file = tmp_path / "pullsecrets.toml"
    file.write_text(ALL)
    assert Settings.find(tmp_path) == Settings(
        file,
        exclude=FilePatterns(("old/", "*.tmpl.yaml"), tmp_path),
        fail_on=Severity.ERROR,
        select=("PS1", "PS5"),
        ignore=("PS502",),
        per_file_ignores=((FilePatterns(("apps/**/legacy.yaml",), tmp_path), ("PS1", "PS502")),),
        makers={"Vault.example.com": {"name": "spec.name"}},
        templates={"Rollout.argoproj.io": "spec.template"},
    )


def test_patterns_need_an_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pathspec", None)
    file = tmp_path / "pullsecrets.toml"
    file.write_text("exclude = []")
    assert Settings.find(tmp_path) == Settings(file, exclude=FilePatterns((), tmp_path))
    file.write_text("exclude = ['a']")
    with pytest.raises(InvalidSettings, match="exclude patterns of files needs the extra 'cli'"):
        Settings.find(tmp_path)


def test_the_nearest_folder_counts(tmp_path):
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    assert Settings.find(inner) == Settings()
    outer = tmp_path / "pyproject.toml"
    outer.write_text('[tool.pullsecrets]\nignore = ["PS1"]\n')
    # One that says nothing of pullsecrets is another program's, or of another part of the project.
    (tmp_path / "a" / "pyproject.toml").write_text("tool = 1\n")
    assert Settings.find(inner) == Settings(outer, ignore=("PS1",))
    own = tmp_path / "a" / "pullsecrets.toml"
    own.write_text("")
    assert Settings.find(inner) == Settings(own)


def test_its_own_file_comes_first(tmp_path):
    (tmp_path / "pyproject.toml").write_text('[tool.pullsecrets]\nignore = ["PS1"]\n')
    file = tmp_path / "pullsecrets.toml"
    file.write_text('ignore = ["PS2"]\n')
    assert Settings.find(tmp_path) == Settings(file, ignore=("PS2",))


@pytest.mark.parametrize(
    "text, message",
    [
        ("[", "cannot be read: "),
        ("ignores = []", "there is no setting ignores; there are exclude, fail-on, select, ignore"),
        ('ignore = "PS502"', "ignore is not a list of strings"),
        ("ignore = [1]", "ignore is not a list of strings"),
        ('ignore = ["PS999"]', "ignore has PS999, and there is no such code"),
        ('select = ["X"]', "select has X, and there is no such code"),
        ('fail-on = "bad"', "fail-on is not one of error, warning, note"),
        ("fail-on = [1]", "fail-on is not one of error, warning, note"),
        ("exclude = [[]]", "exclude is not a list of strings"),
        ('exclude = ["!"]', "exclude "),
        ("per-file-ignores = 1", "per-file-ignores is not a table"),
        ("[per-file-ignores]\na = 1", "per-file-ignores is not a list of strings"),
        ("makers = 1", "makers is not a table"),
        ("makers = {Vault = {}}", "makers 'Vault' is no kind with its group: Kind.example.com"),
        ("templates = []", "templates is not a table"),
        ("[templates]\nRollout = 'spec'", "templates has Rollout, not a kind with its group"),
    ],
)
def test_what_cannot_be_used_is_one_line(tmp_path, text, message):
    file = tmp_path / "pullsecrets.toml"
    file.write_text(text)
    with pytest.raises(InvalidSettings) as error:
        Settings.find(tmp_path)
    assert error.value.message.startswith(f"{file}: {message}")
    assert "\n" not in error.value.message
    assert error.value.exit_code == 2


def test_a_file_that_is_no_text_and_a_table_that_is_none(tmp_path):
    (tmp_path / "pullsecrets.toml").write_bytes(b"\xff")
    with pytest.raises(InvalidSettings, match="cannot be read"):
        Settings.find(tmp_path)
    (tmp_path / "pullsecrets.toml").unlink()
    (tmp_path / "pyproject.toml").write_text("tool.pullsecrets = 1")
    with pytest.raises(InvalidSettings, match="pullsecrets is not a table"):
        Settings.find(tmp_path)


@pytest.mark.parametrize(
    "pattern, path, matches",
    [
        ("charts/", "apps/charts/web.yaml", True),
        ("charts/", "apps/charts", True),
        ("/charts/", "apps/charts/web.yaml", False),
        ("*.tmpl.yaml", "apps/a.tmpl.yaml", True),
        ("*.tmpl.yaml", "apps/a.yaml", False),
        ("apps/**/b.yaml", "apps/x/y/b.yaml", True),
        ("*", "../outside.yaml", False),
    ],
)
def test_patterns_are_those_of_git(tmp_path, monkeypatch, pattern, path, matches):
    (tmp_path / "apps" / "charts").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    patterns = FilePatterns((pattern,), tmp_path)
    assert patterns.match(path) is matches
    assert patterns.match(Path.cwd() / path) is matches
    assert not FilePatterns((), tmp_path).match(path)


def test_patterns_start_from_the_file_not_from_the_current_folder(tmp_path, monkeypatch):
    (tmp_path / "apps").mkdir()
    monkeypatch.chdir(tmp_path / "apps")
    assert FilePatterns(("apps/web.yaml",), tmp_path).match("web.yaml")


def test_codes():
    assert codes_of(["ps5, PS101,", "PS"]) == ("PS5", "PS101", "PS")
    with pytest.raises(ValueError, match="has PS9"):
        codes_of(["PS9"])
