"""Folders as they are: what is read of them, and what is passed over."""

from __future__ import annotations

import json

import pytest

from pullsecrets import load
from pullsecrets.reading import Document, Problem, ProblemCode, read_documents

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: good}\n"
BROKEN = "apiVersion: v1\nkind: Pod\nmetadata: {name: [}\n"
PATCH = [{"op": "replace", "path": "/spec/replicas", "value": 3}]


@pytest.fixture
def folder(tmp_path):
    def folder(**files):
        for name, text in files.items():
            file = tmp_path / name.replace("__", "/").replace("_", ".")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return tmp_path

    return folder


def found(root):
    """The problems with a folder: code, whether it is an error, and where."""
    cluster = load(root)
    return [
        (each.code.value, each.error, each.place.file.removeprefix(f"{root}").lstrip("/"))
        for each in cluster.problems
    ]


@pytest.mark.parametrize(
    "text",
    [
        "replicas: 3\nimage: {tag: v1}\n",
        "kind: Cluster\nnodes: [{role: control-plane}]\n",  # kind's own, without an apiVersion
        "apiVersion: v1\n",
        "apiVersion: 1\nkind: Pod\n",
        json.dumps([1]),
        "just some text\n",
        "Bucket: !Ref Logs\n",
        "a: b: c\n",
        "a: [\n---\nb: [\n---\nc: [\n",
        b"a: \xff\n",
        "a: 1\na: 2\n",
        "\ufeffa: 1\n",
    ],
)
def test_what_is_no_manifest_is_passed_over(folder, text):
    assert found(folder(a_yaml=text, good_yaml=POD)) == [("no-manifest", False, "a.yaml")]


def manifest(kind, metadata="{name: a}", **members):
    members = "".join(f"{name}: {value}\n" for name, value in members.items())
    return f"apiVersion: v1\nkind: {kind}\nmetadata: {metadata}\n{members}"


CONTAINERS = "containers: [{name: c, image: a}]"


@pytest.mark.parametrize(
    "text",
    [
        "{{ if .Values.on }}\napiVersion: v1\nkind: Pod\n{{ end }}\n",
        'apiVersion: v1\nkind: Pod\nmetadata:\n  labels: {{ include "x" . | nindent 4 }}\n',
        "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - {{ toYaml .Values.c }}\n",
        # Within quotes braces are YAML.
        manifest("Secret", "{name: '{{ .Release.Name }}'}"),
        manifest("Secret", data="{a: '{{ b64enc .Values.a }}'}"),
        manifest("ServiceAccount", imagePullSecrets="[{name: '{{ .Values.a }}'}]"),
        manifest("Pod", spec="{containers: [{name: c, image: '{{ .Values.image }}:1'}]}"),
        manifest("Pod", spec=f"{{serviceAccountName: '{{{{ .Values.a }}}}', {CONTAINERS}}}"),
        manifest("Pod", spec=f"{{imagePullSecrets: [{{name: '{{{{ .a }}}}'}}], {CONTAINERS}}}"),
        manifest("ExternalSecret", "{namespace: '{{ .a }}'}").replace(
            "v1", "external-secrets.io/v1"
        ),
    ],
)
def test_a_template_of_a_chart_is_one_however_it_is_written(folder, text):
    root = folder(a_yaml=text, good_yaml=POD)
    assert found(root) == [("template", False, "a.yaml")]
    problem, *_ = load(root / "a.yaml").problems
    assert (problem.code, problem.error) == (ProblemCode.TEMPLATE, True)
    assert "'helm template CHART | pullsecrets check -'" in problem.message


@pytest.mark.parametrize(
    "text",
    [
        # Values of others, which are templates of their own.
        manifest("Secret", stringData="{a: '{{ .password }}'}"),
        manifest("Pod", spec="{containers: [{name: c, image: a, args: ['{{ .a }}']}]}"),
        manifest("ConfigMap", data="{a: '{{ .a }}'}"),
        manifest("Secret", "a", data="b"),
    ],
)
def test_braces_elsewhere_are_no_template_of_a_chart(folder, text):
    codes = {code for code, _, _ in found(folder(a_yaml=text, good_yaml=POD))}
    assert "template" not in codes


def test_a_file_with_a_template_and_more_is_said_to_have_both(folder):
    text = "{{ if .a }}\n---\na: 1\n"
    codes = [code for code, _, _ in found(folder(a_yaml=text, good_yaml=POD))]
    assert codes == ["template", "no-manifest"]


def test_named_the_same_file_is_expected_to_be_readable(folder):
    root = folder(a_yaml="a: [\n---\nb: [\n", b_yaml="- 1\n")
    for file, code in (("a.yaml", ProblemCode.NOT_YAML), ("b.yaml", ProblemCode.NO_OBJECT)):
        problems = load(root / file).problems
        assert {(each.code, each.error) for each in problems} == {(code, True)}


@pytest.mark.parametrize(
    "text",
    [
        BROKEN,
        "kind: Pod\napiVersion: v1\nmetadata:\n\tname: a\n",
        '{"apiVersion": "v1", "kind": "Pod", "metadata": ]}',
        b"apiVersion: v1\nkind: Pod\nmetadata: {name: \xff}\n",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: '{{ it }}', labels: [}\n",
    ],
)
def test_a_manifest_that_cannot_be_read_is_an_error(folder, text):
    ((code, error, file),) = found(folder(a_yaml=text, good_yaml=POD))
    assert code.startswith("not-")
    assert (error, file) == (True, "a.yaml")


def test_a_manifest_with_a_bad_field_is_an_error(folder):
    text = "apiVersion: v1\nkind: Pod\nmetadata: {name: []}\n"
    assert found(folder(a_yaml=text, good_yaml=POD)) == [("invalid-object", True, "a.yaml")]


def test_other_kinds_and_empty_documents_are_not_worth_a_word(folder):
    text = "---\n# nothing\n---\n---\napiVersion: example.org/v1\nkind: Thing\n"
    assert found(folder(a_yaml=text, good_yaml=POD)) == []


def test_manifests_next_to_something_else_are_read(folder):
    root = folder(a_yaml=f"{POD}---\nreplicas: 1\n---\n- 1\n")
    assert [pod.name for pod in load(root).pods] == ["good"]
    (problem,) = load(root).problems
    assert problem.message == "passed over: 2 documents that are no manifests"


def test_keys_are_said_to_be_repeated_only_in_manifests(folder):
    root = folder(a_yaml=f"{POD}metadata: {{name: better}}\n", b_yaml="a: 1\na: 2\n")
    assert [code for code, _, _ in found(root)] == ["repeated-key", "no-manifest"]


class TestCharts:
    def test_one_word_for_a_chart_with_all_that_is_in_it(self, folder):
        root = folder(
            shop__Chart_yaml="apiVersion: v2\nname: shop\nversion: 1.0.0\n",
            shop__values_yaml="a: 1\n",
            shop__values_schema_json="{}",
            shop__templates__pod_yaml="{{ if .Values.on }}\n" + POD,
            shop__templates__plain_yaml=POD,
            shop__charts__redis__Chart_yaml="name: redis\n",
            shop__charts__redis__templates__a_yaml=POD,
            good_yaml=POD,
        )
        assert found(root) == [("chart", False, "shop")]
        assert len(load(root).pods) == 1

    def test_manifests_next_to_a_chart_are_read(self, folder):
        root = folder(Chart_yaml="name: shop\n", deploy__pod_yaml=POD)
        assert found(root) == [("chart", False, "")]
        assert len(load(root).pods) == 1

    def test_folders_of_these_names_are_nothing_special_elsewhere(self, folder):
        root = folder(charts__a_yaml=POD, templates__b_yaml=POD, values_yaml=POD)
        assert (len(load(root).pods), found(root)) == (3, [])


class TestKustomizations:
    @pytest.mark.parametrize("name", ["kustomization_yaml", "kustomization_yml", "Kustomization"])
    def test_it_is_told_and_handed_on_with_what_it_may_leave_out(self, folder, name):
        root = folder(**{name: "resources: [pod.yaml]\n", "pod_yaml": POD})
        assert [(code, error) for code, error, _ in found(root)] == [("kustomization", False)]
        documents = [each for each in read_documents(root) if isinstance(each, Document)]
        assert {each.value["kind"] for each in documents} == {"Kustomization", "Pod"}
        given = next(each.value for each in documents if each.value["kind"] == "Kustomization")
        assert given["apiVersion"] == "kustomize.config.k8s.io/v1beta1"

    def test_what_it_says_it_is_counts(self, folder):
        text = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
        (document, _) = read_documents(folder(kustomization_yaml=text))
        assert document.value["kind"] == "Component"

    def test_one_that_is_broken_is_not_rendered_either(self, folder):
        (problem,) = read_documents(folder(kustomization_yaml="resources: [\n"))
        assert isinstance(problem, Problem)
        assert not problem.error


class TestNothing:
    def test_a_folder_that_holds_nothing_to_look_at(self, folder):
        root = folder(a__values_yaml="a: 1\n", b__good_yaml=POD)
        assert found(root) == [("no-manifest", False, "a/values.yaml")]
        assert found(root / "a") == [
            ("no-manifest", False, "values.yaml"),
            ("nothing-found", True, ""),
        ]
        both = load(root / "a", root / "b").problems
        assert [each.place.file for each in both if each.error] == [str(root / "a")]

    def test_a_file_may_hold_nothing(self, folder):
        root = folder(a_yaml="apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
        assert load(root / "a.yaml").problems == ()
        assert [code for code, _, _ in found(root)] == ["nothing-found"]


class TestEncodings:
    @pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "latin-1"])
    def test_a_manifest_in_another_encoding_is_an_error(self, folder, encoding):
        """What a redirection of an older PowerShell writes."""
        text = POD.replace("metadata: {", "metadata: {annotations: {a: é}, ")
        root = folder(a_yaml=text.encode(encoding), good_yaml=POD)
        assert ("not-utf8", True, "a.yaml") in found(root)

    def test_what_is_no_manifest_is_none_in_any_encoding(self, folder):
        root = folder(a_yaml="a: é".encode("utf-16"), good_yaml=POD)
        assert found(root) == [("no-manifest", False, "a.yaml")]
