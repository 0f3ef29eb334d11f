"""What Helm writes, and what its charts hold: the message, and the file that is named."""

from __future__ import annotations

import pytest

from support.canary import CANARY
from support.command_line import run

POD = """\
# Source: shop/templates/{0}.yaml
apiVersion: v1
kind: Pod
metadata: {{name: {0}, namespace: shop}}
spec:
  imagePullSecrets: [{1}]
  containers: [{{name: c, image: quay.io/acme/{0}}}]
"""
OUTPUT = "---\n".join(
    ["", POD.format("api", "regcred"), POD.format("web", '{name: "map[name:x]"}')]
)
TEMPLATE = """\
apiVersion: v1
kind: Pod
metadata:
  name: {{ .Release.Name }}
"""
FOUND = [
    ("PS113", "shop/templates/api.yaml", "spec.imagePullSecrets[0]"),
    ("PS114", "shop/templates/web.yaml", "spec.imagePullSecrets[0]"),
]


def check(*arguments, text=OUTPUT):
    return run("check", "--ignore", "PS102", *arguments, "-", stdin=text.encode())


def test_a_diagnosis_names_the_template_for_programs():
    found = check("--format", "json")
    wheres = [(d["code"], d["where"]) for d in found.json["diagnoses"]]
    assert [(code, w["file"], w["field"]) for code, w in wheres] == FOUND
    assert {(w["document"], w["line"]) for _, w in wheres} == {(None, None)}
    assert found.status == 1


def test_a_diagnosis_names_the_template_for_people():
    out = check().out
    for _, file, field in FOUND:
        assert f"  at  {file}  Pod shop/" in out
        assert field in out


def test_a_diagnosis_names_the_template_for_github():
    lines = check("--format", "github").out.splitlines()
    assert [line.split(",")[0] for line in lines] == [f"::error file={f}" for _, f, _ in FOUND]


def test_a_diagnosis_names_the_template_for_code_scanning():
    [log] = check("--format", "sarif").json["runs"]
    places = [result["locations"][0]["physicalLocation"] for result in log["results"]]
    assert [place["artifactLocation"]["uri"] for place in places] == [f for _, f, _ in FOUND]


def test_the_template_is_not_read_for_lines(tmp_path, monkeypatch):
    """Its lines are not those of what was made of it."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "shop" / "templates" / "api.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(POD.format("api", "regcred"))
    first = check("--format", "json").json["diagnoses"][0]["where"]
    assert (first["file"], first["line"]) == ("shop/templates/api.yaml", None)


def test_what_cannot_be_read_is_named_by_its_template():
    text = OUTPUT + "---\n# Source: shop/templates/bad.yaml\na: [\n"
    found = check("--format", "json", text=text)
    assert [p["file"] for p in found.json["problems"]] == ["shop/templates/bad.yaml"]
    assert "error: shop/templates/bad.yaml: not YAML" in found.err
    assert found.status == 2


def test_one_stream_is_one_environment():
    """Two templates with an object of one name: the later one wins, as with apply."""
    again = POD.format("web", "{name: new}").replace("name: web", "name: api")
    found = run("resolve", "--format", "json", "-", stdin=f"{OUTPUT}---\n{again}".encode())
    assert [(p["name"], p["admission"]["pull_secrets"]) for p in found.json["pods"]] == [
        ("api", ["new"]),
        ("web", ["map[name:x]"]),
    ]


def test_in_a_file_the_comment_is_only_a_comment(tmp_path):
    file = tmp_path / "rendered.yaml"
    file.write_text(OUTPUT)
    [first, _] = run("check", "--ignore", "PS102", "--format", "json", file).json["diagnoses"]
    assert (first["where"]["file"], first["where"]["line"]) == (str(file), 7)


@pytest.mark.parametrize("command", ["resolve", "explain", "check", "uses"])
def test_a_template_given_by_name_is_told_to_be_rendered(tmp_path, command):
    file = tmp_path / "pod.yaml"
    file.write_text(f"{TEMPLATE}  annotations: {CANARY}\n---\n{TEMPLATE}")
    found = run(command, file)
    [error] = [line for line in found.err.splitlines() if line.startswith("error")]
    assert "a template of a Helm chart, not a manifest" in error
    assert "'helm template CHART | pullsecrets check -' (line 4) (and 1 document more)" in error
    assert CANARY not in found.err
    assert found.status == 2


def test_what_the_two_forms_are_in_resolve():
    found = run("resolve", "--format", "json", "-", stdin=OUTPUT.encode())
    codes = [[note["code"] for note in pod["notes"]] for pod in found.json["pods"]]
    assert codes == [["string-reference", "missing-secret"], ["rendered-reference"]]
    assert found.status == 0


def test_a_string_in_a_service_account_is_said_there_and_at_its_pods():
    text = """\
{kind: ServiceAccount, metadata: {name: default}, imagePullSecrets: [regcred]}
---
kind: Pod
metadata: {name: a}
spec: {containers: [{name: c, image: quay.io/a}]}
"""
    [found] = check("--format", "json", text=text).json["diagnoses"]
    assert (found["code"], found["where"]["kind"]) == ("PS113", "ServiceAccount")
    [pod] = run("resolve", "--format", "json", "-", stdin=text.encode()).json["pods"]
    assert pod["notes"][0]["code"] == "string-reference"
    assert pod["admission"]["pull_secrets"] == ["regcred"]


def test_what_else_is_passed_over_is_counted(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text(
        "- {op: remove, path: /a}\n"
        "---\n"
        "- {op: remove, path: /a}\n"
        "---\n"
        "apiVersion: argoproj.io/v1alpha1\n"
        "kind: Rollout\n"
        "metadata: {name: a}\n"
        "spec: {workloadRef: {kind: Deployment, name: a}}\n"
    )
    for command in ("resolve", "explain", "check", "uses"):
        found = run(command, file)
        assert "passed over: 2 patches, 1 workload whose template is elsewhere" in found.err
        assert found.status == 0


def test_a_kind_of_the_configuration_is_a_workload(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pullsecrets.toml").write_text('[templates]\n"Thing.example.com" = "spec.pod"\n')
    text = """\
apiVersion: example.com/v1
kind: Thing
metadata: {name: a}
spec: {pod: {spec: {containers: [{name: c, image: quay.io/a}]}}}
"""
    found = run("resolve", "--format", "json", "-", stdin=text.encode())
    assert [pod["kind"] for pod in found.json["pods"]] == ["Thing"]


def test_a_comment_in_a_stream_does_not_count_and_that_is_said():
    asking = OUTPUT.replace("kind: Pod", "kind: Pod # pullsecrets: ignore[PS113, PS114]")
    assert asking != OUTPUT
    found = check(text=asking)
    assert [code for code, _, _ in FOUND if code not in found.out] == []
    [note] = [line for line in found.err.splitlines() if "ignore" in line]
    assert note.startswith("note: -: comments '# pullsecrets: ignore' are read in files only")
    assert found.status == 1


def test_codes_of_a_template_that_are_not_to_be_reported(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pullsecrets.toml").write_text('[per-file-ignores]\n"shop/templates/" = ["PS11"]\n')
    found = check()
    assert (found.out, found.status) == ("", 0)


@pytest.mark.parametrize("image", ["", "image:", "image: null", "image: ''"])
def test_an_image_that_a_chart_leaves_empty_is_no_patch(image):
    """Elsewhere a container without an image is a patch of kustomize."""
    workload = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n"
        f"spec:\n  template:\n    spec:\n      containers:\n      - name: c\n        {image}\n"
    )
    rendered = f"---\n# Source: shop/templates/a.yaml\n{workload}"
    found = run("check", "--format", "json", "-", stdin=rendered.encode()).json
    assert [each["code"] for each in found["diagnoses"]] == ["PS501"]
    assert found["problems"] == []
    if image != "image: ''":
        found = run("check", "--format", "json", "-", stdin=workload.encode()).json
        assert [each["code"] for each in found["problems"]] == ["patch", "nothing-found"]
