"""``pullsecrets check``: what is not to be reported, and what is not new."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("click")
pytest.importorskip("rich")
pytest.importorskip("yaml")

from click.testing import CliRunner

from pullsecrets import Cluster, testing
from pullsecrets.cli import cli
from pullsecrets.cli._ignores import scopes_of
from pullsecrets.cli._lines import Lines
from pullsecrets.cli._settings import FilePatterns, Settings
from pullsecrets.diagnoses import check as diagnose

BROKEN = Path(__file__).parents[2] / "examples" / "broken"

POD = """\
apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  containers:
  - name: a
    image: Bad
  - name: b
    image: Bad
  imagePullSecrets:
  - name: gone
  - name: ""
"""


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(*arguments):
    return CliRunner().invoke(cli, ["check", *arguments])


def run(*arguments, text=None, path="."):
    """What is reported, each as code and line, and the problems."""
    if text is not None:
        Path("pod.yaml").write_text(text, "utf-8")
    shown = check(path, "--format", "json", *arguments)
    document = json.loads(shown.stdout)
    found = [(each["code"], each["where"]["line"]) for each in document["diagnoses"]]
    return found, [(each["code"], each["message"]) for each in document["problems"]]


ALL = [("PS501", 8), ("PS501", 10), ("PS104", 13), ("PS102", 12)]


def test_lines_without_anything_ignored():
    assert run(text=POD) == (ALL, [])


@pytest.mark.parametrize(
    "old, new, gone",
    [
        # At the end of a line: what begins there.
        (
            "    image: Bad\n  - name: b",
            "    image: Bad  # pullsecrets: ignore[PS501]\n  - name: b",
            0,
        ),
        ("- name: a", "- name: a # pullsecrets: ignore[PS501]", 0),
        ("- name: a", "- name: a #pullsecrets:ignore[PS5] # a stub", 0),
        ("- name: gone", "- name: gone  # pullsecrets: ignore[PS101,PS102]", 3),
        ("- name: gone", "- name: 'gone'  # pullsecrets: ignore[ PS102 ]", 3),
    ],
)
def test_a_comment_in_the_line(old, new, gone):
    found, problems = run(text=POD.replace(old, new))
    assert found == [each for each in ALL if each != ALL[gone]]
    assert [code for code, _ in problems] == ["unused-ignore"] * new.count("PS101")


def test_a_comment_above_is_about_the_next_thing():
    text = POD.replace("  - name: a", "  # pullsecrets: ignore[PS501]\n\n  # why\n  - name: a")
    assert run(text=text) == ([("PS501", 13), ("PS104", 16), ("PS102", 15)], [])


@pytest.mark.parametrize("text", [POD, "# first\n---\n" + POD])
def test_a_comment_above_a_list_or_an_object_is_about_all_of_it(text):
    with_list = text.replace("  containers:", "  # pullsecrets: ignore[PS501]\n  containers:")
    assert [code for code, _ in run(text=with_list)[0]] == ["PS104", "PS102"]
    with_object = text.replace("apiVersion", "# pullsecrets: ignore[PS501,PS102]\napiVersion")
    assert [code for code, _ in run(text=with_object)[0]] == ["PS104"]


def test_another_object_is_not_meant():
    first = POD.replace("apiVersion", "# pullsecrets: ignore[PS5]\napiVersion")
    found, problems = run(text=f"{first}---\n{POD.replace('web', 'other')}")
    assert sorted(code for code, _ in found) == [
        "PS102",
        "PS102",
        "PS104",
        "PS104",
        "PS501",
        "PS501",
    ]
    assert problems == []


def test_what_a_text_holds_is_no_comment():
    config = "apiVersion: v1\nkind: ConfigMap\ndata:\n  a: |\n    x # pullsecrets: ignore[PS501]\n"
    text = f"{config}---\n" + POD.replace("name: a", "name: 'a # pullsecrets: ignore[PS501]'")
    assert [code for code, _ in run(text=text)[0]].count("PS501") == 2
    assert run(text=text)[1] == []


def test_a_comment_in_the_line_of_a_block():
    text = """\
apiVersion: v1
kind: Secret
metadata: {name: s}
type: kubernetes.io/dockerconfigjson
stringData:
  .dockerconfigjson: |  # pullsecrets: ignore[PS403]
    {"auths": {
      "quay.io": {}}}
"""
    assert run(text=text) == ([], [])
    assert run(text=text.replace("PS403", "PS402"))[0] == [("PS403", 8)]


def test_a_comment_at_the_entry_that_is_to_be_changed():
    """The diagnosis is at the pod's image, and what it advises is in the secret."""
    for file in (BROKEN / "missing-port").iterdir():
        text = file.read_text("utf-8")
        text = text.replace("kind: Secret", "kind: Secret  # x")
        assert "stringData:" in text
        text = text.replace("stringData:", "# pullsecrets: ignore[PS502]\nstringData:")
        Path(file.name).write_text(text, "utf-8")
    assert run() == ([], [])


@pytest.mark.parametrize(
    "comment, message",
    [
        ("ignore", "line 4: the comment is not understood; it is written # pullsecrets: "),
        ("ignore[]", "line 4: the comment is not understood"),
        ("ignore[PS101", "line 4: the comment is not understood"),
        ("disable[PS101]", "line 4: the comment is not understood"),
        ("ignore[PS999]", "line 4: PS999 is no code of a diagnosis"),
        ("ignore[ps501]", "line 4: ps501 is no code of a diagnosis"),
    ],
)
def test_a_comment_that_cannot_be_used_is_an_error(comment, message):
    found, [(code, said)] = run(
        text=POD.replace("name: web", f"name: web # pullsecrets: {comment}")
    )
    assert (code, found) == ("invalid-ignore", ALL)
    assert said.startswith(message)
    shown = check(".")
    assert shown.exit_code == 2
    assert f"error: pod.yaml: {message}" in shown.stderr


def test_an_annotation_that_cannot_be_used_is_an_error():
    text = POD.replace("name: web", "name: web\n  annotations: {pullsecrets/ignore: 'PS5, PS999'}")
    found, problems = run(text=text)
    assert [code for code, _ in found] == ["PS104", "PS102"]
    assert problems == [("invalid-ignore", "Pod default/web: PS999 is no code of a diagnosis")]
    assert "metadata.annotations['pullsecrets/ignore']" in check(".").stderr


def test_what_is_ignored_in_vain_is_named():
    Path("pullsecrets.toml").write_text(
        'ignore = ["PS305"]\n[per-file-ignores]\n"pod.yaml" = ["PS502"]\n"other.yaml" = ["PS501"]\n'
    )
    text = POD.replace(
        "metadata:\n  name: web",
        "metadata:  # pullsecrets: ignore[PS101]\n"
        "  name: web\n"
        "  annotations: {pullsecrets/ignore: PS103}",
    )
    found, problems = run("--ignore", "PS105", text=text)
    assert len(found) == len(ALL)
    what = "is ignored, and there is no such diagnosis"
    assert problems == [
        ("unused-ignore", message)
        for message in (
            f"ignore: PS305 {what}",
            f"per-file-ignores: pod.yaml: PS502 {what}",
            f"per-file-ignores: other.yaml: PS501 {what}",
            f"Pod default/web: PS103 {what}",
            f"line 3: PS101 {what}",
            f"--ignore PS105 {what}",
        )
    ]
    # It is a note: the exit status is that of the diagnoses.
    assert check(".", "--ignore", "PS").exit_code == 0
    # Who asks for a part sees only a part of what is hit.
    for part in (("--pod", "web"), ("--image", "Bad2"), ("-n", "default")):
        assert "unused-ignore" not in check(".", "--format", "json", *part).stdout


def test_ignores_that_hit_are_not_named():
    Path("pullsecrets.toml").write_text(
        'ignore = ["PS50"]\n[per-file-ignores]\n"*.yaml" = ["PS1"]\n'
    )
    assert run(text=POD) == ([], [])


def test_select():
    assert run("--select", "PS1", text=POD)[0] == ALL[2:]
    assert run("--select", "PS102,PS5", "--ignore", "PS501")[0] == ALL[3:]
    Path("pullsecrets.toml").write_text('select = ["PS5"]\n')
    assert run()[0] == ALL[:2]
    assert run("--select", "PS104")[0] == ALL[2:3]
    # What is not selected is hit nevertheless.
    assert run("--ignore", "PS102") == (ALL[:2], [])
    shown = check(".", "--select", "PS9")
    assert shown.exit_code == 2
    assert "--select has PS9, and there is no such code" in shown.stderr


def test_per_file_ignores(here):
    (here / "apps").mkdir()
    (here / "apps" / "old.yaml").write_text(POD.replace("web", "old"))
    Path("pullsecrets.toml").write_text('[per-file-ignores]\n"apps/" = ["PS"]\n')
    assert run(text=POD) == (ALL, [])


def test_a_baseline():
    Path("pod.yaml").write_text(POD)
    shown = check(".", "--baseline", ".base.json", "--write-baseline")
    assert (shown.exit_code, shown.stdout) == (0, "")
    assert shown.stderr == "4 diagnoses written to .base.json\n"
    shown = check(".", "--baseline", ".base.json", "--fail-on", "note")
    assert (shown.exit_code, shown.stdout) == (0, "")
    assert shown.stderr.endswith("no diagnosis in 1 pod and 0 secrets, and 4 in the baseline\n")
    moved = POD.replace("- name: b", "- name: new\n    image: Bad\n  - name: b")
    assert run("--baseline", ".base.json", text=f"\n{moved}") == ([("PS501", 11)], [])
    assert check(".", "--baseline", ".base.json").exit_code == 1
    found, [problem] = run("--baseline", ".base.json", text=POD.replace("- name: gone", ""))
    assert found == []
    assert problem == ("unused-ignore", "1 diagnosis in it no longer found")
    assert run("--baseline", ".base.json", "--pod", "web")[1] == []


def test_a_baseline_that_cannot_be_used():
    Path("pod.yaml").write_text(POD)
    for arguments, message in (
        (("--write-baseline",), "--write-baseline needs --baseline FILE"),
        (("--baseline", "gone.json"), "gone.json cannot be read: No such file"),
        (("--baseline", "pod.yaml"), "pod.yaml: no baseline"),
        (("--write-baseline", "--baseline", "no/such.json"), "no/such.json cannot be written"),
    ):
        shown = check(".", *arguments)
        assert shown.exit_code == 2
        assert message in shown.stderr
        assert shown.exception is None or isinstance(shown.exception, SystemExit)


def test_problems_are_in_every_format():
    Path("pod.yaml").write_text(POD + "---\napiVersion: v1\nkind: Pod\nmetadata: 5\n")
    log = json.loads(check(".", "--format", "sarif").stdout)
    [invocation] = log["runs"][0]["invocations"]
    assert invocation["executionSuccessful"] is False
    assert [each["descriptor"]["id"] for each in invocation["toolExecutionNotifications"]] == [
        "invalid-object"
    ]
    first = check(".", "--format", "github").stdout.split("\n")[0]
    assert first.startswith("::error file=pod.yaml,line=1,title=pullsecrets invalid-object::")


def test_a_fix_names_what_is_written_in_the_secret(monkeypatch):
    monkeypatch.chdir(BROKEN / "missing-port")
    log = json.loads(check(".", "--format", "sarif").stdout)
    [result] = log["runs"][0]["results"]
    [fix] = result["fixes"]
    [change] = fix["artifactChanges"]
    [written] = change["replacements"]
    region = written["deletedRegion"]
    line = Path(change["artifactLocation"]["uri"]).read_text("utf-8").split("\n")
    text = line[region["startLine"] - 1][region["startColumn"] - 1 : region["endColumn"] - 1]
    assert text == "registry.example.com"
    assert written["insertedContent"]["text"] == "registry.example.com:5000"


def test_a_password_in_a_comment_or_a_baseline_shows_nowhere():
    canary = "hunter2-CANARY-9XqZ"
    text = POD.replace("name: web", f"name: web # pullsecrets: ignore[PS1] {canary}")
    text = text.replace("image: Bad", f"image: https://me:{canary}@quay.io/Bad")
    Path("pod.yaml").write_text(text)
    Path(".base.json").write_text(f'{{"version": 1, "findings": ["{canary}"]}}')
    for form in ("text", "json", "sarif", "github"):
        assert canary not in check(".", "--format", form).output
        assert canary not in check(".", "--format", form, "--baseline", ".base.json").output
    check(".", "--baseline", ".base.json", "--write-baseline")
    assert canary not in Path(".base.json").read_text()
    Path("pullsecrets.toml").write_text(f'ignore = ["PS1"]\nx = {canary}')
    assert canary not in check(".").output


def test_no_text_of_a_manifest_is_a_command_for_a_runner():
    """GitHub's runner reads the output of every step, wherever a terminal would fold it."""
    text = POD.replace("name: web", "name: '::error::x'").replace("gone", "'::add-mask::x'")
    text = text.replace("image: Bad", "image: '##[error]x'")
    Path("pod.yaml").write_text(text)
    for form in ("text", "json", "sarif"):
        shown = check(".", "--format", form).output
        assert not [each for each in ("::error::", "::add-mask::", "##[error]") if each in shown]
    for line in check(".", "--format", "github").stdout.splitlines():
        command, _, said = line.removeprefix("::").partition("::")
        assert command.startswith(("error ", "warning ", "notice "))
        assert "::" not in said
    for command in ("resolve", "explain", "uses"):
        shown = CliRunner().invoke(cli, [command, "."]).output
        assert not [each for each in ("::error::", "::add-mask::", "##[error]") if each in shown]


def test_comments_in_a_file_that_is_broken_in_part():
    text = POD.replace("name: web", "name: web # pullsecrets: ignore[PS501]")
    other = POD.replace("name: web", "name: other")
    Path("pod.yaml").write_text(f"{text}---\na: [\n---\n# pullsecrets: ignore[PS5]\n{other}")
    found, problems = run(path="pod.yaml")
    # The first comment is about the name, the second about a whole pod.
    assert [line for code, line in found if code == "PS501"] == [8, 10]
    assert [code for code, _ in problems] == ["not-yaml", "unused-ignore"]


def test_comments_are_not_looked_for_where_a_file_is_no_utf8():
    Path("pod.yaml").write_bytes(POD.encode() + b"# pullsecrets: ignore[PS5]\n---\n# \xff\na: b\n")
    found, problems = run(path="pod.yaml")
    assert {code for code, _ in found} == {"PS501", "PS104", "PS102"}
    assert [code for code, _ in problems] == ["not-utf8"]


def test_what_is_in_no_file_has_no_scope_but_its_object():
    [found] = diagnose(Cluster((testing.pod("p", images=["Bad"]),)))
    settings = Settings(per_file_ignores=((FilePatterns(("*",)), ("PS5",)),))
    assert list(scopes_of(found, settings, Lines([]))) == []


PROVIDERS = """\
apiVersion: kubelet.config.k8s.io/v1
kind: CredentialProviderConfig
providers:
- {name: a, matchImages: ["https://quay.io"], defaultCacheDuration: 1m,
   apiVersion: credentialprovider.kubelet.k8s.io/v1}
"""


def test_the_nodes_configuration_is_about_every_pod():
    Path("pod.yaml").write_text(POD)
    Path("providers").write_text(PROVIDERS)
    shown = check(".", "--provider-config", "providers", "--pod", "web").stdout
    assert "error PS601 " in shown
    assert "CredentialProviderConfig, providers[0].matchImages[0]" in shown


def test_explain_shows_what_check_reports():
    Path("pod.yaml").write_text(POD.replace("Bad", "Bad  # pullsecrets: ignore[PS5]"))
    Path("pullsecrets.toml").write_text('ignore = ["PS104"]\n')
    shown = CliRunner().invoke(cli, ["explain", ".", "--format", "json"])
    document = json.loads(shown.stdout)
    assert [each["code"] for each in document["diagnoses"]] == ["PS102"]
    assert document["problems"] == []
    Path("pod.yaml").write_text(POD.replace("Bad", "Bad  # pullsecrets: ignore[PS999]"))
    document = json.loads(CliRunner().invoke(cli, ["explain", ".", "--format", "json"]).stdout)
    assert {each["code"] for each in document["problems"]} == {"invalid-ignore"}


def test_comments_in_what_is_not_yaml():
    text = POD + "---\n# pullsecrets: ignore[PS502]\na: 'b\n"
    found, problems = run(text=text, path="pod.yaml")
    assert [code for code, _ in problems] == ["not-yaml", "unused-ignore"]
    assert found
