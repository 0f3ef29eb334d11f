"""``pullsecrets check``, as somebody types it."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path

import pytest

pytest.importorskip("click")
pytest.importorskip("rich")
pytest.importorskip("yaml")

from click.testing import CliRunner

from pullsecrets import load
from pullsecrets.cli import _report, cli
from pullsecrets.cli import check as command
from pullsecrets.cli._lines import Lines
from pullsecrets.diagnoses import Where
from pullsecrets.diagnoses import check as diagnose
from pullsecrets.secrecy import EntryText

EXAMPLES = Path(__file__).parents[2] / "examples"
GOOD, BROKEN = EXAMPLES / "good", EXAMPLES / "broken"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """No pyproject.toml of ours is found from here."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments, status=0, stdin=None):
    result = CliRunner().invoke(cli, ["check", *map(str, arguments)], input=stdin)
    assert result.exit_code == status, result.output
    return result


def test_good_examples_are_silent():
    for form in ("text", "github"):
        result = run(GOOD, "--fail-on", "note", "--format", form)
        assert result.stdout == ""
        # How much was looked at, so that nothing at all is not taken for all being well.
        assert result.stderr == "no diagnosis in 4 pods and 6 secrets\n"
    assert json.loads(run(GOOD, "--format", "json").stdout) == {
        "version": 1,
        "diagnoses": [],
        "problems": [],
    }
    assert json.loads(run(GOOD, "--format", "sarif").stdout)["runs"][0]["results"] == []


# Every diagnosis of the broken examples, worked out by hand.
EXPECTED = {
    ("PS101", "other-namespace", "api"),
    ("PS103", "replaced-list", "shop"),
    ("PS111", "not-listed", "api"),
    ("PS201", "wrong-type", "quay"),
    ("PS203", "broken-secret", "old"),
    ("PS208", "laptop-config", "my-login"),
    ("PS301", "docker-hub-keys", "by-api-host"),
    ("PS305", "neighbour", "quay"),
    ("PS306", "two-spellings", "quay"),
    ("PS307", "docker-hub-keys", "docker-login"),
    ("PS401", "line-break", "quay"),
    ("PS405", "ecr-token", "ecr"),
    ("PS502", "missing-port", "web"),
    ("PS503", "wildcard", "ledger"),
}


def test_broken_examples_are_complete():
    shown = run(BROKEN, "--format", "json", "--at", "2026-01-01", status=1)
    found = json.loads(shown.stdout)["diagnoses"]
    assert {
        (each["code"], each["where"]["namespace"], each["where"]["name"]) for each in found
    } == EXPECTED
    assert len(found) == len(EXPECTED)


def test_no_password_shows_in_any_format():
    for form in ("text", "json", "sarif", "github"):
        assert "example-password" not in run(BROKEN, "--format", form, status=1).output


def test_text():
    shown = run(BROKEN / "missing-port", status=1).stdout
    assert shown == (
        "1 pod, 1 image\n"
        "  1  anonymous  no entry matches\n"
        "1 warning in 1 pod and 1 secret\n"
        "warning PS502 'registry.example.com:5000/shop/web:2' is pulled anonymously: entry "
        "'registry.example.com' of secret missing-port/shop has no port, the image has port 5000\n"
        f"  at  {BROKEN}/missing-port/pod.yaml:13  Pod missing-port/web, spec.containers[0].image\n"
        "  do  Write 'registry.example.com:5000' instead of 'registry.example.com', or in "
        "addition to it if other images need that.\n"
    )


@pytest.mark.parametrize(
    "folder, limit, status",
    [
        ("line-break", "error", 1),
        ("line-break", "note", 1),
        ("missing-port", "error", 0),
        ("missing-port", "warning", 1),
        ("missing-port", "note", 1),
    ],
)
def test_fail_on(folder, limit, status):
    run(BROKEN / folder, "--fail-on", limit, status=status)


NOTE = """
kind: Pod
metadata: {name: p}
spec: {containers: [{name: c, image: nginx}], imagePullSecrets: [{name: gone}]}
"""


def test_notes_do_not_fail_by_default():
    result = run("-", stdin=NOTE)
    assert "\nnote PS102 " in result.stdout
    assert "  at  Pod default/p, spec.imagePullSecrets[0] (document 1)\n" in result.stdout
    run("-", "--fail-on", "note", stdin=NOTE, status=1)


def test_input_that_cannot_be_read_is_2_whatever_else():
    run("-", stdin=NOTE + "---\n{", status=2)
    run("nowhere.yaml", status=2)


def test_ignore_on_the_command_line():
    assert run(BROKEN / "missing-port", "--ignore", "PS502").stdout == ""
    assert run(BROKEN / "missing-port", "--ignore", "ps101, ps502", "--ignore", "PS999", status=2)
    run(BROKEN / "docker-hub-keys", "--ignore", "PS301,", "--ignore", "PS307")
    result = run(GOOD, "--ignore", "PS999", status=2)
    assert "--ignore has PS999, and there is no such code" in result.stderr


def test_ignore_in_pyproject(elsewhere, monkeypatch):
    (elsewhere / "pyproject.toml").write_text('[tool.pullsecrets]\nignore = ["PS502"]\n')
    (elsewhere / "sub").mkdir()
    monkeypatch.chdir(elsewhere / "sub")
    assert run(BROKEN / "missing-port").stdout == ""
    run(BROKEN / "line-break", status=1)


def test_a_pyproject_that_cannot_be_used(elsewhere):
    (elsewhere / "pyproject.toml").write_text('[tool.pullsecrets]\nignored = ["PS502"]')
    assert "there is no setting ignored; there are " in run(GOOD, status=2).stderr


def test_fail_on_in_pyproject(elsewhere):
    (elsewhere / "pyproject.toml").write_text('[tool.pullsecrets]\nfail-on = "error"')
    run(BROKEN / "missing-port", status=0)
    run(BROKEN / "missing-port", "--fail-on", "warning", status=1)


@pytest.mark.parametrize("text", ["", "[tool.other]\nx = 1\n", "[tool.pullsecrets]\n"])
def test_a_pyproject_that_says_nothing(elsewhere, text):
    (elsewhere / "pyproject.toml").write_text(text)
    run(BROKEN / "missing-port", status=1)


def test_ignore_by_annotation():
    annotated = NOTE.replace(
        "{name: p}", "{name: p, annotations: {pullsecrets/ignore: 'PS101,PS102'}}"
    )
    assert run("-", "--fail-on", "note", stdin=annotated).stdout == ""


def test_a_pod_or_a_namespace_of_many():
    def codes(*arguments, status):
        shown = run(EXAMPLES, *arguments, "--format", "json", status=status).stdout
        return {each["code"] for each in json.loads(shown)["diagnoses"]}

    assert codes("-n", "line-break", status=1) == {"PS401"}
    assert codes("-n", "overlapping", status=0) == set()
    # The secret is in the list of the pod.
    assert codes("--pod", "three-keys", status=1) == {"PS301", "PS307"}
    assert codes("--pod", "ledger", status=1) == {"PS503"}
    assert codes("--pod", "report", status=0) == set()
    # So does what is wrong with its service account's list.
    listed = "kind: ServiceAccount\nmetadata: {name: default}\nimagePullSecrets: [{}]\n---\n"
    shown = run("-", "--pod", "p", stdin=f"{listed}{NOTE}", status=1).stdout
    assert "PS104" in shown
    # A secret that only other pods list is not unused.
    run(EXAMPLES / "good", "--pod", "shop", "--fail-on", "note")


SEVERAL = """
kind: Pod
metadata: {name: p}
spec:
  containers:
  - {name: a, image: "quay.io:5000/a"}
  - {name: b, image: "ghcr.io:5000/b"}
  - {name: hub, image: nginx}
  - {name: bad, image: Bad}
  imagePullSecrets: [{name: s}, {}]
---
kind: Pod
metadata: {name: other}
spec: {containers: [{name: a, image: "Other"}]}
---
kind: Secret
metadata: {name: s}
type: kubernetes.io/dockerconfigjson
stringData:
  .dockerconfigjson: |
    {"auths": {
      "quay.io": {"username": "u", "password": "p "},
      "quay.io:5000/x": {"username": "", "password": "p"},
      "ghcr.io:5000": {"username": "u "},
      "hub.docker.com": {"username": "u", "password": "p"},
      " quay.io:5000": {"username": "u", "password": "p"}}}
"""


@pytest.mark.parametrize(
    "arguments, found",
    [
        (["--pod", "p"], {"PS104", "PS302", "PS401", "PS402", "PS501", "PS502", "PS301"}),
        (["--pod", "p", "--image", "quay.io:5000/a"], {"PS104", "PS302", "PS502"}),
        (["--image", "ghcr.io:5000/b"], {"PS104", "PS401", "PS402"}),
        (["--image", "nginx"], {"PS104", "PS301"}),
        (["--pod", "other"], {"PS501"}),
    ],
)
def test_only_what_was_asked_for(arguments, found):
    shown = run("-", *arguments, "--format", "json", stdin=SEVERAL, status=1).stdout
    assert {each["code"] for each in json.loads(shown)["diagnoses"]} == found


def test_a_secret_that_does_not_decode_is_about_every_image():
    text = SEVERAL.replace('" quay.io:5000": {"username": "u", "password": "p"}', '"x": 1')
    shown = run("-", "--image", "nginx", "--format", "json", stdin=text, status=1).stdout
    assert {each["code"] for each in json.loads(shown)["diagnoses"]} == {"PS104", "PS203"}


def test_sarif_and_github_name_lines(monkeypatch):
    monkeypatch.chdir(EXAMPLES.parent)
    log = json.loads(run("examples/broken/line-break", "--format", "sarif", status=1).stdout)
    [result] = log["runs"][0]["results"]
    text = (BROKEN / "line-break" / "pod.yaml").read_text().split("\n")
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "examples/broken/line-break/pod.yaml"
    assert '"quay.io"' in text[place["region"]["startLine"] - 1]
    line = place["region"]["startLine"]
    shown = run("examples/broken/line-break", "--format", "github", status=1).stdout
    assert shown.startswith(f"::error file=examples/broken/line-break/pod.yaml,line={line},")


class Terminal:
    """A stream that says that it is a terminal."""

    def __init__(self, stream):
        self._stream = stream

    def isatty(self):
        return True

    def __getattr__(self, name):
        return getattr(self._stream, name)


@pytest.mark.parametrize("many", [4, 5])
def test_on_a_terminal_it_tells_how_far_it_is_and_that_all_is_well(many, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stderr", Terminal(sys.stderr))
    monkeypatch.setattr(_report, "_MANY", many)
    with pytest.raises(SystemExit) as end:
        command.check.main([str(GOOD)], standalone_mode=False)
    assert end.value.code == 0
    shown = capsys.readouterr()
    assert shown.out == ""
    assert ("checking" in shown.err) is (many == 4)
    assert "no diagnosis in 4 pods and 6 secrets" in shown.err


# Lines


def lines_of(tmp_path, text, name="all.yaml"):
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    found = [each for each in diagnose(load(file)) if each.code != "PS102"]
    lines = Lines(each.where for each in found)
    return [(each.code, lines(each.where)) for each in found]


POD = """\
# A comment.
---
apiVersion: v1
kind: List
items:
- kind: Deployment
  metadata:
    name: d
  spec:
    template:
      spec:
        containers:
        - name: a
          image: nginx
        - name: b
          image: Q
        volumes:
        - name: other
        - name: model
          image:
            reference: R
        imagePullSecrets:
        - name: x
        - name: ""
"""


def test_lines_in_yaml(tmp_path):
    assert sorted(lines_of(tmp_path, POD)) == [("PS104", 24), ("PS501", 16), ("PS501", 21)]


def test_lines_after_other_documents_and_marks(tmp_path):
    text = "\ufeffkind: ConfigMap\nmetadata: {name: x}\n--- \n" + POD
    assert sorted(lines_of(tmp_path, text)) == [("PS104", 27), ("PS501", 19), ("PS501", 24)]


def test_lines_in_json(tmp_path):
    text = '{"kind": "Pod",\n "metadata": {"name": "p"},\n "spec": {"containers": [\n'
    text += '  {"name": "c",\n   "image": "Q"}]}}\n'
    assert lines_of(tmp_path, text, "p.json") == [("PS501", 5)]


def secret(data):
    return f"kind: Secret\nmetadata: {{name: s}}\ntype: kubernetes.io/dockerconfigjson\n{data}"


def test_lines_of_entries(tmp_path):
    literal = secret(
        'stringData:\n  .dockerconfigjson: |\n    {"auths": {\n'
        '      "quay.io": {"username": "a", "password": "b"},\n'
        '      "ghcr.io": {}}}\n'
    )
    assert lines_of(tmp_path, literal) == [("PS403", 8)]
    encoded = secret("data:\n  .dockerconfigjson: eyJhdXRocyI6IHsicXVheS5pbyI6IHt9fX0=\n---\n#x\n")
    assert lines_of(tmp_path, encoded) == [("PS403", 5)]
    both = secret("data: {other: eA==}\nstringData:\n  .dockerconfigjson: '{\"auths\": {}}'\n")
    assert lines_of(tmp_path, both) == [("PS207", 6)]
    last = secret('stringData: {.dockerconfigjson: \'{"auths": {"a.io": {}}}\'}')
    assert lines_of(tmp_path, last) == [("PS403", 4)]


def where(file, **more):
    place = {
        "document": 1, "kind": "Pod", "namespace": "default", "name": "p", "field": ("spec",),
        **more,
    }  # fmt: skip
    return Where(file, **place)


def line_of(place):
    return Lines([place])(place)


def test_places_without_lines(tmp_path):
    assert line_of(where(None)) is None
    assert line_of(where("-")) is None
    assert line_of(where(str(tmp_path / "gone.yaml"))) is None
    file = tmp_path / "x.yaml"
    file.write_text(
        "[1]\n---\n{\n---\nkind: Pod\nmetadata: {name: p}\n---\nkind: Pod\nmetadata: 1\n"
    )
    assert line_of(where(str(file), name="other")) is None
    # As deep as the field is there.
    assert line_of(where(str(file), field=("spec", "containers", 0, "image"))) == 5
    assert line_of(where(str(file), field=("metadata", "annotations"))) == 6
    assert line_of(where(str(file), field=("metadata", 3))) == 6


def test_lists_that_are_shorter_or_have_other_names(tmp_path):
    file = tmp_path / "x.yaml"
    file.write_text("kind: Pod\nmetadata: {name: p}\nspec:\n  volumes:\n  - name: a\n  - name: b\n")
    assert line_of(where(str(file), field=("spec", "volumes", 1))) == 6
    assert line_of(where(str(file), field=("spec", "volumes", 2))) == 4
    assert line_of(where(str(file), field=("spec", "volumes", EntryText("b")))) == 6
    assert line_of(where(str(file), field=("spec", "volumes", EntryText("c")))) == 4
    # Of two with one name the later counts.
    file.write_text("kind: Pod\nmetadata: {name: p}\n---\nkind: Pod\nmetadata: {name: p}\n")
    assert line_of(where(str(file))) == 4


# Time


def secret_with(password):
    text = 'stringData:\n  .dockerconfigjson: \'{"auths": {"a.io": {"auth": "%s"}}}\''
    return secret(text % base64.b64encode(f"user:{password}".encode()).decode())


JWT = secret_with("e30.eyJleHAiOiAxNzY3MjY4ODAwfQ.x")  # until 2026-01-01 12:00 UTC


@pytest.mark.parametrize(
    "options, status, said",
    [
        (["--at", "2026-01-01"], 0, ""),
        (["--at", "2026-01-01", "--within", "11h"], 0, ""),
        (["--at", "2026-01-01", "--within", "12h"], 1, "warning PS409 the password in entry "),
        (["--at", "2025-12-30", "--within", "1w"], 1, "expires in 2 days, at 2026-01-01 12:00 UTC"),
        (["--at", "2026-01-01T12:00"], 1, "error PS408 the password in entry "),
        (["--at", "2026-01-01T14:00:00+01:00"], 1, "expired 60 minutes ago, at 2026-01-01 12:00"),
        (["--at", "2026-01-11T12:00Z", "--within", "9w"], 1, "expired 10 days ago, at 2026-01-01"),
        ([], 1, "error PS408 "),  # now, which is later than that
    ],
)
def test_tokens_that_have_expired_or_will(options, status, said):
    assert said in run("-", *options, stdin=JWT, status=status).stdout


def test_an_ecr_token_says_how_long_it_is_left():
    shown = run(BROKEN / "ecr-token", "--at", "2026-01-01T05:00Z", status=1).stdout
    assert "\nwarning PS405 " in shown
    assert "12 hours: until 2026-01-01 12:00 UTC, which is in 7 hours\n" in shown
    shown = run(BROKEN / "ecr-token", "--at", "2026-02-01", "--format", "json", status=1).stdout
    assert [each["code"] for each in json.loads(shown)["diagnoses"]] == ["PS408"]


@pytest.mark.parametrize(
    "option, value, said",
    [
        ("--at", "tomorrow", "is not a date or a date and time"),
        ("--at", "0001-01-01T00:00+14:00", "is not a date or a date and time"),
        ("--within", "7", "is not a length of time"),
        ("--within", "7 days", "is not a length of time"),
        ("--within", "999999999d", "is not a length of time"),
    ],
)
def test_times_that_are_none(option, value, said):
    assert said in run(GOOD, option, value, status=2).stderr


@pytest.mark.parametrize("at, status", [("0001-01-01", 0), ("9999-12-31", 1)])
def test_far_away_times(at, status):
    run("-", "--at", at, "--within", "99999w", stdin=JWT, status=status)


@pytest.mark.parametrize(
    "name, text",
    [
        ("x.yaml", "kind: Pod\nmetadata: {name: p}\nspec:\n  hostname: h\n"),
        (
            "x.json",
            '{"kind": "Pod", "metadata": {"name": "p"},\n"spec": {\n"x": 1,\n"hostname": "h"}}',
        ),
    ],
)
def test_nothing_is_inside_of_a_text(name, text, tmp_path):
    file = tmp_path / name
    file.write_text(text)
    assert line_of(where(str(file), field=("spec", "hostname", "deeper"))) == 4
