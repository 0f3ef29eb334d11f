"""Lines of diagnoses: as PyYAML finds them, also in JSON, from one pass over each file."""

from __future__ import annotations

import io
import json
import re
import sys
import tempfile
from json import JSONDecoder
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullsecrets import load
from pullsecrets.cli._lines import Lines
from pullsecrets.cli._lines_json import json_objects
from pullsecrets.cli._lines_yaml import yaml_objects
from pullsecrets.diagnoses import Where
from pullsecrets.diagnoses import check as diagnose
from pullsecrets.secrecy import EntryText
from support import drawn
from support.command_line import run
from support.effort import examples

names = st.sampled_from(["kind", "metadata", "name", "items", "a", "é", 'q"', "\\", "a\nb"])
values = st.recursive(
    st.none() | st.integers() | st.sampled_from(["", "x", "}", '"', "a\nb", "☃"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=12,
)


def paths(value):
    """The paths to everything in a value, items that have a name also by that."""
    yield ()
    if isinstance(value, dict):
        steps = value.items()
    else:
        steps = enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        for path in paths(inner):
            yield (step, *path)


def places_in(node, path):
    """Where what is at a path starts, key or item, and the extent of its value."""
    start = node.start
    for step in path:
        [(_, start, node)] = node.children([step])
    return start, node.extent()


@examples(100)
@given(st.dictionaries(names, values, max_size=4), st.sampled_from([None, 0, 3]), st.booleans())
def test_json_has_the_lines_that_yaml_finds(value, indent, spaced):
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    if spaced:
        text = text.replace(",", " ,\n ").replace('":', '" :\n  ')
    text = f"\n---\n{text}\n"
    as_json = list(json_objects(io.StringIO(text)))
    as_yaml = list(yaml_objects(io.StringIO(text)))
    assert len(as_json) == len(as_yaml)
    items = value.get("items")
    objects = [each for each in items if isinstance(each, dict)] if type(items) is list else [value]
    if any(type(each.get("items")) is list for each in objects if each is not value):
        return  # a list in a list, which has a test of its own
    for (head, node), (_, other), each in zip(as_json, as_yaml, objects, strict=True):
        assert head == {key: each[key] for key in ("kind", "metadata") if key in each}
        for path in paths(each):
            assert places_in(node, path) == places_in(other, path)


def place(file, name="p", field=("spec",), **more):
    given = {"document": 1, "kind": "Pod", "namespace": "default", "entry": None, **more}
    return Where(str(file), name=name, field=field, **given)


def line_of(where, **more):
    return Lines([where], **more)(where)


def test_a_name_finds_an_item_and_the_rest_is_passed_over(tmp_path):
    file = tmp_path / "a.json"
    file.write_text(
        '{"kind": "Pod", "spec": {"volumes": [\n7, [],\n{"name": 1},\n{"x": 0, "name": "m"}]},\n'
        '"metadata": {"name": "p"}}'
    )
    volumes = ("spec", "volumes")
    assert line_of(place(file, field=(*volumes, EntryText("m")))) == 4
    assert line_of(place(file, field=(*volumes, EntryText("x")))) == 1
    assert line_of(place(file, field=(*volumes, 1, "name"))) == 2
    assert line_of(place(file, field=("metadata",))) == 5


def test_an_object_that_names_no_namespace_is_in_the_one_that_is_given(tmp_path):
    file = tmp_path / "a.json"
    pods = [{"kind": "Pod", "metadata": {"name": "p", **more}} for more in ({}, {"namespace": "b"})]
    file.write_text("\n".join(map(json.dumps, pods)))
    assert line_of(place(file)) == 1
    assert line_of(place(file, namespace="b")) == 2
    assert line_of(place(file, namespace="c")) is None
    assert line_of(place(file, namespace="c"), namespace="c") == 1
    assert line_of(place(file), namespace="c") is None


@pytest.mark.parametrize("name", ["a.json", "a.yaml"])
def test_values_of_a_secret_are_found_wherever_they_are_written(tmp_path, name):
    file = tmp_path / name
    where = place(file, kind="Secret", field=("data", EntryText(".dockerconfigjson")))
    for text, line in (
        ('"data": {\n".dockerconfigjson": ""},\n"stringData": {"x": ""}', 3),
        ('"data": {"x": ""},\n"stringData": {\n".dockerconfigjson": ""}', 4),
        ('"x": 1,\n"data": {"x": ""}', 3),
    ):
        file.write_text(f'{{"kind": "Secret", "metadata": {{"name": "p"}},\n{text}}}')
        assert line_of(where) == line


def test_json_that_breaks_off_and_text_that_is_neither(tmp_path):
    file = tmp_path / "a.json"
    pod = '{"kind": "Pod", "metadata": {"name": "p"}}'
    file.write_text(f"{pod}\n---\nkind: Pod\nmetadata: {{name: q}}\n")
    assert line_of(place(file)) == 1
    assert line_of(place(file, name="q")) == 3  # from there on it is YAML
    file.write_text(f'{pod}\n{{"items": [')
    assert line_of(place(file)) == 1
    file.write_text(f'\n{{"items": [{pod}], "x": {"[" * 100_000}')
    assert line_of(place(file)) == 2
    file.write_bytes(b"kind: Pod\nmetadata: {name: p}\n---\n\xff: 1\n")
    assert line_of(place(file)) == 1
    file.write_text("")
    assert line_of(place(file)) is None


def test_a_document_that_is_too_deep_to_be_read_hides_no_other(tmp_path):
    """Some releases of PyYAML would end the process."""
    file = tmp_path / "a.yaml"
    pods = [f"kind: Pod\nmetadata: {{name: {name}}}\n" for name in "pq"]
    file.write_text(f"---\n{'[' * 100_000}\n---\n".join(pods))
    assert (line_of(place(file)), line_of(place(file, name="q"))) == (1, 6)


def test_lists_in_lists_as_deep_as_they_are_read(tmp_path):
    file = tmp_path / "a.json"
    pod = '{"kind": "Pod", "metadata": {"name": "p"}}'
    for depth, line in ((8, 9), (9, None)):
        file.write_text('{"items":[\n' * depth + pod + "]}" * depth)
        assert line_of(place(file)) == line


def test_a_file_of_many_blocks(tmp_path):
    """What is longer than a block is read on, and what is behind is let go."""
    file = tmp_path / "a.json"
    pods = [
        {"kind": "Pod", "metadata": {"name": f"p{n}"}, "spec": {"x": "é" * 700_000}, "n": n}
        for n in range(4)
    ]
    file.write_text(
        json.dumps({"kind": "List", "items": pods, "metadata": {}}, indent=1, ensure_ascii=False)
    )
    places = [place(file, name=f"p{n}", field=("spec", "x")) for n in range(4)]
    lines = Lines(places)
    text = file.read_text().split("\n")
    assert all('"x"' in text[lines(each) - 1] for each in places)
    assert len({lines(each) for each in places}) == 4
    reader = Reader(file.read_text())
    held = [len(node.text) for _, node in json_objects(reader)]
    assert max(held) < len(reader.text) * 0.8  # of 2.8 blocks no more than two are held


class Reader:
    def __init__(self, text):
        self.text, self.at = text, 0

    def read(self, count):
        self.at += count
        return self.text[self.at - count : self.at]


@examples(30)
@given(drawn.clusters, st.booleans())
def test_each_diagnosis_has_the_line_of_its_field_or_of_what_that_would_be_in(manifests, is_list):
    texts = [json.dumps(each, indent=1) for each in manifests]
    text = '{"kind":"List","items":[\n' + ",\n".join(texts) + "]}" if is_list else "\n".join(texts)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "a.json")
        file.write_text(text)
        found = diagnose(load(file))
        lines = Lines(each.where for each in found)
    rows = text.split("\n")
    for each in found:
        line = lines(each.where)
        assert line is not None
        steps = [f'"{step}"' for step in each.where.field if step == str(step)]
        assert any(step in rows[line - 1] for step in ("{", '"name"', '"stringData"', *steps))


# --- Work grows with the input ---------------------------------------------------------------


def dump(pods):
    """Pods of which each has a diagnosis: their secret is not there."""
    items = [
        {
            "kind": "Pod",
            "metadata": {"name": f"p{n}", "uid": "1"},
            "spec": {
                "containers": [{"name": "c", "image": f"quay.io/a/b:{n}"}],
                "imagePullSecrets": [{"name": f"gone{n}"}],
            },
        }
        for n in range(pods)
    ]
    return json.dumps({"kind": "List", "items": items}, indent=1)


def calls(function):
    """How many functions are called, those in C included."""
    count = 0

    def note(frame, event, argument):
        nonlocal count
        count += event.endswith("call")

    sys.setprofile(note)
    try:
        function()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("name", ["dump.json", "dump.yaml"])
def test_checking_grows_with_the_pods_not_with_pods_times_diagnoses(tmp_path, name):
    file = tmp_path / name
    work = []
    for pods in (1, 10, 30, 120):  # the first time modules are loaded
        file.write_text(dump(pods) + ("" if name.endswith("json") else "\n# YAML, for this mark"))
        work.append(calls(lambda: run("check", file, "--format", "github")))
    _, first, small, large = work
    assert large - small < 4.7 * (small - first)  # 90 pods more, and 20 pods more


def test_json_is_parsed_once_to_find_lines(tmp_path, monkeypatch):
    parsed = []

    class Counting(JSONDecoder):
        def raw_decode(self, text, at=0):
            value, end = super().raw_decode(text, at)
            parsed.append(end - at)
            return value, end

    monkeypatch.setattr("pullsecrets.cli._lines_json._DECODER", Counting())
    file = tmp_path / "dump.json"
    for pods in (10, 100):
        file.write_text(dump(pods))
        found = diagnose(load(file))
        parsed.clear()
        lines = Lines(each.where for each in found)
        assert len({lines(each.where) for each in found}) == pods
        # Once to pass over each object, and once more in those that have a diagnosis.
        assert sum(parsed) < 2 * len(file.read_text())


@pytest.mark.parametrize("text", ['{"kind": "Pod" "x": 1}', '{"items": [{} {}]}'])
def test_json_without_a_comma_is_none(text):
    with pytest.raises(ValueError, match=r"^$"):
        list(json_objects(io.StringIO(text)))


# --- What is made of an object ---------------------------------------------------------------

PIPELINE = """\
kind: PipelineRun
apiVersion: tekton.dev/v1
metadata: {generateName: ship-}
spec:
  taskRunTemplate:
    podTemplate:
      imagePullSecrets:
      - name: gone
  taskRunSpecs:
  - pipelineTaskName: test
    podTemplate:
      imagePullSecrets: [{name: other}]
  pipelineSpec:
    tasks:
    - name: build
      taskSpec:
        steps:
        - name: s
          image: A
    - name: test
      taskSpec:
        steps: [{name: s, image: b}]
"""
OLDER_ENTRY = "    taskPodTemplate:\n      imagePullSecrets: ["
JOBS = """\
kind: JobSet
apiVersion: jobset.x-k8s.io/v1alpha2
metadata: {name: ship}
spec:
  replicatedJobs:
  - name: build
    template:
      spec:
        template:
          spec:
            containers:
            - name: s
              image: A
"""
WORKFLOW = """\
kind: Workflow
apiVersion: argoproj.io/v1alpha1
metadata: {name: ship}
spec:
  imagePullSecrets:
  - name: gone
  templates:
  - name: build
    container:
      image: A
"""


@pytest.mark.parametrize(
    "text, wanted",
    [
        (PIPELINE, {("PS501", 19), ("PS102", 8), ("PS102", 20)}),
        # The older version has the template in the spec.
        (
            PIPELINE.replace("v1\n", "v1beta1\n")
            .replace("  taskRunTemplate:\n    podTemplate:", "\n  podTemplate:")
            .replace(
                "    podTemplate:\n      imagePullSecrets: [",
                "    taskPodTemplate:\n      imagePullSecrets: [",
            ),
            {("PS501", 19), ("PS102", 8), ("PS102", 20)},
        ),
        (JOBS, {("PS501", 13)}),
        # A container of a template is not in a list there, so that the template's line is shown.
        (WORKFLOW, {("PS501", 8), ("PS102", 6)}),
    ],
)
@pytest.mark.parametrize("document", [False, True])
def test_what_is_made_of_a_part_has_its_line(tmp_path, text, wanted, document):
    """In the second document, too, behind an object of the same name."""
    file = tmp_path / "a.yaml"
    before = "kind: TaskRun\nmetadata: {name: ship-build}\n---\n" if document else ""
    file.write_text(before + text)
    rows = before.count("\n")
    for each in run("check", file, "--format", "json").json["diagnoses"]:
        assert (each["code"], each["where"]["line"] - rows) in wanted
    found = run("check", file, "--format", "github").out
    assert {int(at) for at in re.findall(r"line=(\d+)", found)} == {at + rows for _, at in wanted}
    log = run("check", file, "--format", "sarif").json["runs"][0]
    regions = [each["locations"][0]["physicalLocation"]["region"] for each in log["results"]]
    assert {each["startLine"] for each in regions} == {at + rows for _, at in wanted}


def test_a_comment_about_a_task(tmp_path):
    file = tmp_path / "a.yaml"
    text = PIPELINE.replace("- name: build", "- name: build # pullsecrets: ignore[PS501]")
    file.write_text(text)
    found = run("check", file, "--format", "json")
    assert {each["code"] for each in found.json["diagnoses"]} == {"PS102"}
    assert "ignore" not in found.err


def test_of_a_key_that_is_there_twice_the_later_one_counts(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text("kind: Pod\nmetadata: {name: q, name: p}\nspec:\n  a: 1\nspec:\n  a: 2\n")
    assert line_of(place(file, field=("spec", "a"))) == 6
    assert line_of(place(file, name="q")) is None


def test_a_byte_order_mark_in_the_middle_is_no_part_of_a_name(tmp_path):
    file = tmp_path / "a.yaml"
    pod = "\ufeffkind: Pod\nmetadata: {{name: {}}}\nspec: {{}}\n"
    file.write_text(f"{pod.format('q')}---\n{pod.format('p')}", encoding="utf-8")
    assert line_of(place(file)) == 7
