"""Reading files: what is found, and one clear line for what cannot be read, no more lost."""

from __future__ import annotations

import io
import json
import os
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from pullsecrets import DockerConfig, PullsecretsError, load
from pullsecrets.errors import MissingExtra
from pullsecrets.metadata import Place
from pullsecrets.reading import NoSuchPath, ProblemCode, Unreadable
from pullsecrets.reading.text import yaml_loader
from support.effort import examples

GOOD = "kind: Pod\nmetadata: {name: good}\n"
APPLIED = f"apiVersion: v1\n{GOOD}"
A, B = (f'{{"kind": "Pod", "metadata": {{"name": "{name}"}}}}' for name in "ab")
CONFIG = '{"auths": {"quay.io": {"auth": "dTpw"}}}'


def forget_yaml():
    """Let the reader find PyYAML, and its parser, anew."""
    yaml_loader.cache_clear()


@pytest.fixture(params=["C loader", "Python loader"])
def loaders(request, monkeypatch):
    """Run with both of PyYAML's parsers: not every build has the one in C."""
    if request.param == "Python loader":
        monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    elif not yaml.__with_libyaml__:
        pytest.skip("this PyYAML has no parser in C")
    forget_yaml()
    yield
    monkeypatch.undo()
    forget_yaml()


@pytest.fixture
def read(tmp_path):
    """Write a file and load it; the cluster and the problems' texts less the path."""

    def read(text, name="a.yaml", **keywords):
        file = tmp_path / name
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        cluster = load(file, **keywords)
        for problem in cluster.problems:
            assert problem.place is not None
            assert problem.place.file == str(file)
            assert "\n" not in str(problem)
        return cluster, [str(p).removeprefix(str(file)) for p in cluster.problems]

    return read


def names(cluster):
    return [pod.name for pod in cluster.pods]


# --- What is read ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text, expected",
    [
        (GOOD, ["good"]),
        (f"---\n{GOOD}", ["good"]),
        (f"--- # a comment\n{GOOD}", ["good"]),
        (f"# a comment\n\n---\n{GOOD}...\n", ["good"]),
        (f"%YAML 1.1\n---\n{GOOD}---\n", ["good"]),
        (f"{GOOD}---\n---\n   \n# nothing\n---\n{GOOD.replace('good', 'b')}", ["good", "b"]),
        (GOOD.replace("\n", "\r\n") + "---\r\n" + GOOD.replace("good", "b"), ["good", "b"]),
        ("--- {kind: Pod, metadata: {name: a}}\n--- {kind: Pod, metadata: {name: b}}", ["a", "b"]),
        ("{kind: Pod, metadata: {name: a}}  # flow\n", ["a"]),
        ('{"kind": "Pod", "metadata": {"name": "a",},}', ["a"]),  # JSON for YAML alone
        ('{"kind": "Pod", "metadata": {"name": "a"}}', ["a"]),
        (f"\n {A}\n{B}", ["a", "b"]),
        (f"{A}{B} ", ["a", "b"]),
        (f"{A}\n---\n{GOOD}", ["a", "good"]),
        (f'{GOOD}---\n{{"kind": "Pod", "metadata": {{"name": "a"}}}}', ["good", "a"]),
        (f"{GOOD}text: |\n  ---\n  a: [\n", ["good"]),
        ("kind: List\nitems:\n- kind: Pod\n  metadata: {name: a}\n", ["a"]),
        ("a: &a {name: x}\nkind: Pod\nmetadata: *a\n", ["x"]),
        ("a: &a {name: x, b: 1}\nkind: Pod\nmetadata: {<<: *a, b: 2}\n", ["x"]),
        ("a: &a {name: x}\nkind: Pod\nmetadata: {<<: [*a, {name: y}]}\n", ["x"]),
        ("a: &a {name: x}\nkind: Pod\nmetadata: {<<: *a, name: z}\n", ["z"]),
        ("a: &a {name: x}\nkind: Pod\nmetadata: {name: z, <<: *a}\n", ["x"]),
        ("kind: Pod\nmetadata: {name: 2024-01-01}\n", ["2024-01-01"]),
        ("kind: Pod\nmetadata: {name: 1:30}\n", ["1:30"]),
        ("kind: Pod\nmetadata: {name: 1:30.5}\n", ["1:30.5"]),
        ("kind: Pod\nmetadata: {name: 12e4567}\n", ["12e4567"]),
        ("kind: Pod\nmetadata: {name: 0o_}\n", ["0o_"]),
        ("kind: Pod\nmetadata: {name: !!binary YQ==}\n", ["a"]),
        ("kind: Pod\nmetadata: {name: !x 1}\n", ["1"]),
        ("kind: !!x Pod\nmetadata: !y {name: <<}\na: !z [b]\n", ["<<"]),
        ("kind: Pod\nmetadata: {name: =}\n", ["="]),
        ("kind: Pod\nmetadata: {name: é}\n", ["é"]),
        ("", []),
        ("\n", []),
        ("---", []),
        ("# only a comment", []),
        ("%YAML 1.1", []),
        ("null", []),
        ("~\n---\nnull\n", []),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("loaders")
def test_documents(text, expected, read):
    cluster, problems = read(text)
    assert names(cluster) == expected
    assert problems == []


@pytest.mark.parametrize(
    "text, kind",
    [
        *(
            (text, "a number")
            for text in ("1e3", "1234e56", "-.5", "+1.5E-3", "5.", "08", "0123789")
        ),
        *((text, "a number") for text in ("0o17", "0x1F", "0b11", "010", "1_000", "1_0.5")),
        *((text, "a boolean") for text in ("y", "Y", "n", "N", "yes", "Off", "true")),
    ],
)
@pytest.mark.usefixtures("loaders")
def test_plain_scalars_that_are_no_strings(text, kind, read):
    """To kubectl: measured with sigs.k8s.io/yaml 1.4.0 and 1.6.0 (``YAMLToJSON``)."""
    _, problems = read(f"kind: Pod\nmetadata: {{name: {text}}}\n")
    assert [each.partition(": ")[2] for each in problems] == [
        f"Pod: metadata.name is {kind}, not a string"
    ]
    cluster, problems = read(f"kind: Pod\nmetadata: {{name: '{text}'}}\n")
    assert names(cluster) == [text]
    assert problems == []


@pytest.mark.usefixtures("loaders")
def test_keys_that_are_no_strings(read):
    """They are what they are in JSON: measured as above."""
    text = "kind: Secret\nmetadata: {name: s}\ndata: {yes: '', n: '', 010: '', 1e3: '', -.5: ''}\n"
    cluster, problems = read(text)
    assert problems == []
    assert cluster.secrets[0].other_keys == ("true", "false", "8", "1000", "-0.5")
    _, problems = read("kind: Pod\nmetadata: {name: a, 1: x, '1': y}\n")
    assert "the key '1' is twice" in problems[0]


def test_places(read, tmp_path):
    """Documents are counted as they are read; empty ones are none."""
    text = f'---\n{GOOD}---\n# none\n---\n{{"kind":"Pod","metadata":{{"name":"a"}}}}\n'
    text += '{"kind":"Pod","metadata":{"name":"b"}}\n---\nkind: Pod\nmetadata: {name: c}\n'
    cluster, _ = read(text)
    file = str(tmp_path / "a.yaml")
    assert [pod.place for pod in cluster.pods] == [Place(file, number) for number in (1, 2, 3, 4)]


def test_folders(tmp_path):
    for name in ("b.yaml", "a.yml", "sub/c.json", "sub/deep/d.yaml", "sub/.e.yaml", ".git/f.yaml"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        stem = Path(name).stem
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": stem}}
        file.write_text(json.dumps(pod))
    (tmp_path / "readme.md").write_text("{")
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "empty").mkdir()
    os.mkfifo(tmp_path / "pipe.yaml")
    cluster = load(tmp_path)
    assert names(cluster) == ["a", "b", "c", "d"]
    assert cluster.problems == ()
    files = [Path(pod.place.file).name for pod in cluster.pods]
    assert files == ["a.yml", "b.yaml", "c.json", "d.yaml"]
    # Asked for by name, any file is read.
    assert names(load(tmp_path / "sub/.e.yaml", str(tmp_path / "b.yaml"))) == [".e", "b"]


def test_a_link_in_a_folder(tmp_path):
    """As a mounted ConfigMap has them: files that are links into a hidden folder."""
    (tmp_path / "..data").mkdir()
    (tmp_path / "..data" / "a.yaml").write_text(APPLIED)
    (tmp_path / "a.yaml").symlink_to("..data/a.yaml")
    (tmp_path / "b.yaml").symlink_to("nowhere")
    cluster = load(tmp_path)
    assert names(cluster) == ["good"]
    (problem,) = cluster.problems
    assert str(problem) == f"{tmp_path / 'b.yaml'}: cannot be read: No such file or directory"
    assert problem.error


def test_what_the_system_refuses(tmp_path, monkeypatch):
    """Whoever runs the tests may be allowed everything, so that it has to be pretended."""
    (tmp_path / "a.yaml").write_text(APPLIED)
    (tmp_path / "locked").mkdir()
    (tmp_path / "b.yaml").write_text(APPLIED)
    read_bytes, scandir = Path.read_bytes, os.scandir

    def refuse(self):
        if self.name == "b.yaml":
            raise PermissionError(13, "Permission denied", str(self))
        return read_bytes(self)

    def refuse_folder(path):
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    monkeypatch.setattr(os, "scandir", refuse_folder)
    cluster = load(tmp_path)
    assert names(cluster) == ["good"]
    assert sorted(map(str, cluster.problems)) == [
        f"{tmp_path / 'b.yaml'}: cannot be read: Permission denied",
        f"{tmp_path / 'locked'}: cannot be read: Permission denied",
    ]


def test_standard_input(monkeypatch):
    stdin = SimpleNamespace(buffer=io.BytesIO(GOOD.encode() + b"---\n[\n"))
    monkeypatch.setattr(sys, "stdin", stdin)
    cluster = load("-")
    assert cluster.pods[0].place == Place("-", 1)
    assert [str(problem).partition(": ")[0] for problem in cluster.problems] == ["-, document 2"]


def test_no_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(NoSuchPath, match="-: there is no standard input"):
        load("-")


@pytest.mark.parametrize("path", ["nowhere", "nowhere/a.yaml", "", "a\x1bb"])
def test_a_path_that_does_not_exist(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if not path:
        # The folder itself, which holds nothing.
        codes = [problem.code for problem in load(path).problems]
        assert codes == [ProblemCode.NOTHING_FOUND]
        return
    with pytest.raises(NoSuchPath) as error:
        load(path)
    assert isinstance(error.value, FileNotFoundError)
    assert isinstance(error.value, PullsecretsError)
    assert str(error.value) == path.replace("\x1b", "\\x1b") + ": no such file or folder"


def test_namespace_and_node(read):
    node = DockerConfig.from_json(CONFIG)
    cluster, _ = read(GOOD, namespace="ns", node=node)
    assert cluster.pods[0].namespace == "ns"
    assert cluster.node.docker_config == node


def test_files_are_one_cluster_and_nothing_in_one_replaces_what_is_in_another(tmp_path):
    (tmp_path / "a.yaml").write_text(GOOD)
    (tmp_path / "b.json").write_text('{"kind": "Pod", "metadata": {"name": "good"}}')
    cluster = load(tmp_path / "a.yaml", tmp_path / "b.json")
    assert cluster.problems == ()
    assert [pod.title for pod in cluster.pods] == [
        f"Pod default/good in {tmp_path / 'a.yaml'}",
        f"Pod default/good in {tmp_path / 'b.json'}",
    ]


# --- Bad input, line by line -----------------------------------------------------------------

SECRET = "kind: Secret\nmetadata: {name: s}\n"
BAD = [
    # not YAML
    ("a: b: c\n", "not YAML: mapping values are not allowed"),
    ("kind: [\n", "not YAML: "),
    ("kind: 'x\n", "not YAML: "),
    ("\tkind: x\n", "not YAML: "),
    ("kind: Pod\n bad: x\n", "not YAML: "),
    ("kind: *x\n", "not YAML: found undefined alias"),
    ("kind: !!int x\n", "not YAML: a value that does not fit its tag"),
    ("kind: !!timestamp x\n", "not YAML: a value that does not fit its tag"),
    ("kind: !!int ''\n", "not YAML: a value that does not fit its tag"),
    ("kind: !!bool x\n", "not YAML: a value that does not fit its tag"),
    ("kind: \x07\n", "not YAML: "),
    ("? [a]\n: b\n", "not YAML: "),
    ("? {a: b}\n: c\n", "not YAML: "),
    ("<<: 5\n", "not YAML: a merge of something that is no mapping"),
    ("<<: [5]\n", "not YAML: a merge of something that is no mapping"),
    ("a: &a [*a]\n", "not YAML: found unconstructable recursive node"),
    ("a: 1\n...\nb: 2\n", "not YAML: "),
    # not JSON
    ('{"kind": "Pod"', "not JSON: Expecting ',' delimiter (line 2)"),
    ('{"kind": "Pod", "x": NaN]}', "not JSON: a number that is none, or too long (line 1)"),
    ('{"kind": "Pod", "x": ' + "9" * 5000 + "}", "not JSON: a number that is none, or too long"),
    # not a mapping
    ("just text\n", "a Kubernetes object is a mapping, not str"),
    ("- a\n", "a Kubernetes object is a mapping, not list"),
    ("5\n", "a Kubernetes object is a mapping, not int"),
    ("true\n", "a Kubernetes object is a mapping, not bool"),
    # wrong types
    ("kind: [Pod]\n", "kind is not a string"),
    ("kind: 5\n", "kind is not a string"),
    ("kind: Pod\nmetadata: x\n", "Pod: metadata is a string, not a mapping"),
    ("kind: Pod\nmetadata: {name: p}\nspec: [1]\n", "Pod p: spec is a list, not a mapping"),
    (f"{SECRET}data: {{a: 5}}\n", "Secret s: data['a'] is a number, not a string"),
    # base64 that is none
    (f"{SECRET}data: {{a: '!'}}\n", "Secret s: data['a'] is not base64"),
    # too large, too deep, too many
    (f"{SECRET}stringData: {{a: {'x' * 1048577}}}\n", "Secret s: data holds 1,048,577 bytes"),
    ("[" * 900, "nested too deeply"),
    ("[" * 5000, "n"),  # newer parsers in C have an end of their own
    ("a: " + "[" * 600 + "]" * 600, "nested too deeply"),
    ("- " * 600 + "a", "nested too deeply"),
    ("".join(" " * n + "a:\n" for n in range(600)), "nested too deeply"),
    ('{"a":' * 100_000, "n"),
    ('{"a":' * 20_000 + "1" + "}" * 20_000, "nested too deeply"),
    ("a: " + "[" * 400 + "]" * 400, "nested too deeply|a mapping without a kind"),
    # invalid UTF-8
    (b"kind: Pod\nmetadata: {name: \xff}\n", "not UTF-8 (line 2)"),
    (GOOD.encode("utf-16"), "not UTF-8 (line 1)"),
]  # fmt: skip
BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))
MERGES = f"a: &a {{{', '.join(f'k{n}: 1' for n in range(2000))}}}\nb:\n" + "- {<<: *a}\n" * 600


@pytest.mark.parametrize("text, message", BAD, ids=range(len(BAD)))
@pytest.mark.usefixtures("loaders")
def test_one_line_for_bad_input_and_no_other_document_is_lost(text, message, read):
    between = text if isinstance(text, bytes) else text.encode()
    data = GOOD.encode() + b"---\n" + between + b"\n---\n" + GOOD.replace("good", "last").encode()
    cluster, problems = read(data)
    assert names(cluster) == ["good", "last"]
    (problem,) = problems
    place, _, said = problem.partition(": ")
    assert place == ", document 2"
    if "|" not in message:
        assert cluster.problems[0].error
        # The lines of the first document and its end come before.
        line = re.compile(r"(?<=line )\d+")
        assert said.startswith(line.sub(lambda match: str(int(match[0]) + 3), message))


@pytest.mark.parametrize("text", [BOMB, MERGES], ids=["sequences", "merges"])
@pytest.mark.usefixtures("loaders")
def test_aliases_that_blow_up(text, read):
    cluster, problems = read(f"{GOOD}---\n{text}---\n{GOOD.replace('good', 'last')}")
    assert names(cluster) == ["good", "last"]
    (problem,) = problems
    assert "aliases that expand to more than 1,000,000 values" in problem


def test_lines_are_counted_in_the_file(read):
    assert read(f"{GOOD}---\n{GOOD}a: [\n")[1][0].endswith("(line 7)")
    assert read(f'{GOOD}---\n{{"a": 1,\n"b" 2}}\n')[1][0].endswith("(line 5)")
    assert read(f'{GOOD}---\n{{"a": 1}}\n{{"b" 2}}\n')[1][-1].endswith("(line 5)")
    assert read(b"a: 1\n---\nb: 1\nc: \xff\n")[1][-1].endswith("(line 4)")


def test_lines_of_json_are_documents_of_their_own(read):
    lines = [A, '{"kind": oops', '{"a": "\n', "[]", B]
    cluster, problems = read("\n".join(lines))
    assert names(cluster) == ["a", "b"]
    assert [problem[: len(", document 2: not JSON")] for problem in problems] == [
        ", document 2: not JSON",
        ", document 3: not JSON",
    ]
    # Nor is anything lost where the first line is the broken one.
    cluster, problems = read("\n".join(lines[1:]))
    assert names(cluster) == ["b"]
    assert len(problems) == 2


def test_no_object_of_a_list_is_lost(read):
    cluster, problems = read(
        "kind: List\nitems:\n- kind: Pod\n  metadata: {name: a}\n- 5\n"
        "- {kind: Secret, metadata: {name: s}, data: {a: '!'}}\n"
        "- kind: Pod\n  metadata: {name: b}\n"
    )
    assert names(cluster) == ["a", "b"]
    assert problems == [
        ", document 1: items[1]: a Kubernetes object is a mapping, not int",
        ", document 1: items[2]: Secret s: data['a'] is not base64",
    ]


@pytest.mark.usefixtures("loaders")
def test_keys_that_are_there_twice(read):
    cluster, problems = read("kind: Pod\nmetadata: {name: a,\n  name: b}\nkind: Pod\n5: x\n5: y\n")
    assert names(cluster) == ["b"]
    said = "is twice in one mapping, the later one counts"
    assert problems == [
        f", document 1: the key 'name' {said} (line 3)",
        f", document 1: the key 'kind' {said} (line 4)",
        f", document 1: the key '5' {said} (line 6)",
    ]
    assert not any(problem.error for problem in cluster.problems)
    cluster, problems = read('{"kind": "x", "kind": "Pod", "metadata": {"name": "b"}}')
    assert names(cluster) == ["b"]
    assert problems == [f", document 1: the key 'kind' {said}"]
    _, problems = read(f'{{"{"k" * 200}": 1, "{"k" * 200}": 2, "kind": "x"}}')
    assert len(problems[0]) < 200
    # A merge is no repetition, it is there to be overridden.
    assert read("a: &a {name: x}\nkind: Pod\nmetadata: {<<: *a, name: z}\n")[1] == []


def test_a_byte_order_mark(read):
    for text in (GOOD, '{"kind": "Pod", "metadata": {"name": "good"}}'):
        cluster, problems = read(b"\xef\xbb\xbf" + text.encode())
        assert names(cluster) == ["good"]
        assert problems == [": has a byte order mark, which is ignored"]
        assert not cluster.problems[0].error
    # Where files were put together.
    cluster, problems = read(f"{GOOD}---\n\ufeff{GOOD.replace('good', 'other')}")
    assert (names(cluster), len(problems)) == (["good", "other"], 1)
    # Elsewhere it is a character.
    cluster, problems = read(GOOD.replace("good", "'go\ufeffod'"))
    assert (names(cluster), problems) == (["go\ufeffod"], [])


def test_a_mapping_without_a_kind_is_said(read):
    cluster, problems = read(f"image: nginx\n---\n{GOOD}---\nkind: null\n")
    assert names(cluster) == ["good"]
    assert problems == [
        ", document 1: passed over: a mapping without a kind",
        ", document 3: passed over: a mapping without a kind",
    ]
    assert not any(problem.error for problem in cluster.problems)


def test_strict_raises_where_something_was_lost(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text(f"a: [\n---\n{GOOD}---\n5\n---\na: 1\n")
    with pytest.raises(Unreadable) as error:
        load(file, strict=True)
    assert [p.code for p in error.value.problems] == [ProblemCode.NOT_YAML, ProblemCode.NO_OBJECT]
    first, second = str(error.value).split("\n")
    assert first.startswith(f"{file}, document 1: not YAML")
    assert second == f"{file}, document 3: a Kubernetes object is a mapping, not int"
    file.write_text(f"{GOOD}---\na: 1\n")  # what is only said loses nothing
    assert names(load(file, strict=True)) == ["good"]


def test_thousands_of_documents(read):
    count = 3000
    one = (
        "---\nkind: Pod\nmetadata:\n  name: p{}\nspec:\n  containers: [{{name: c, image: nginx}}]\n"
    )
    text = "".join(map(one.format, range(count)))
    cluster, problems = read(text + "---\n[\n" + one.format("last"))
    assert names(cluster) == [*(f"p{number}" for number in range(count)), "plast"]
    assert [p.partition(":")[0] for p in problems] == [f", document {count + 1}"]
    assert sum(1 for _ in cluster.resolve_all()) == count + 1


def test_a_secret_of_a_mebibyte(read):
    entries = {f"registry-{n}.example.com/{'x' * 900}": {"auth": "dTpw"} for n in range(1075)}
    text = json.dumps({"auths": entries})
    assert 1_000_000 < len(text) <= 1024 * 1024
    manifest = {
        "kind": "Secret",
        "metadata": {"name": "s"},
        "type": "kubernetes.io/dockerconfigjson",
        "stringData": {".dockerconfigjson": text},
    }
    cluster, problems = read(yaml.safe_dump(manifest))
    assert problems == []
    config = cluster.secrets[0].config()
    assert config is not None
    assert len(config.auths) == 1075


@pytest.mark.parametrize(
    "text",
    [
        " " * 300_000 + "x",
        "%a#b\n" * 50_000 + "x",
        "#" * 300_000,
        " # #\n" * 50_000 + "- x",
        "\n" * 300_000 + "[",
        "--- " * 50_000,
        '{"a' * 20_000,
        "{" * 100_000,
        '"' * 100_000,
        "'" * 100_001,
        "a: &a\n" * 20_000,
        "? " * 249,
        "[" * 499 + "]" * 499,
        "{a: " * 499,
        "*a " * 10_000,
        "!" * 100_000,
        "- !!binary '" + "A" * 100_001 + "'",
        "0" * 100_000,
        "1" * 100_000,
        "0x" + "f" * 100_000,
        "1." + "5" * 100_000,
        "1_" * 50_000 + "1",
    ],
    ids=range(22),
)
@pytest.mark.usefixtures("loaders")
def test_nothing_takes_forever(text, read):
    """Each of these once took, or could take, a time that grows faster than the text."""
    _, problems = read(text)
    assert len(problems) <= 20_000
    read(text, "a.json")


# --- Without PyYAML --------------------------------------------------------------------------


@pytest.fixture
def _no_yaml(monkeypatch):
    monkeypatch.setitem(sys.modules, "yaml", None)
    forget_yaml()
    yield
    forget_yaml()


@pytest.mark.usefixtures("_no_yaml")
def test_json_needs_no_yaml(read):
    cluster, problems = read('{"kind": "Pod", "metadata": {"name": "a"}}\n{"kind": oops\n')
    assert names(cluster) == ["a"]
    assert len(problems) == 1
    cluster, problems = read('{"kind": oops}')
    assert problems == [", document 1: not JSON: Expecting value (line 1)"]
    with pytest.raises(MissingExtra, match="reading YAML needs the extra 'cli'"):
        read(GOOD)


# --- Anything at all -------------------------------------------------------------------------

SEEDS = [
    GOOD.encode(),
    b'{"kind": "Pod", "metadata": {"name": "a"}}\n',
    yaml.safe_dump_all(
        [
            {
                "kind": "Secret",
                "metadata": {"name": "s"},
                "type": "kubernetes.io/dockerconfigjson",
                "stringData": {".dockerconfigjson": CONFIG},
            },
            {
                "kind": "Deployment",
                "metadata": {"name": "d"},
                "spec": {
                    "template": {
                        "spec": {
                            "containers": [{"name": "c", "image": "quay.io/a"}],
                            "imagePullSecrets": [{"name": "s"}],
                        }
                    }
                },
            },
        ]
    ).encode(),
    b"a: &a {x: 1}\nb: {<<: *a}\n? [c]\n: !!set {a}\n--- |\n text\n...\n",
]
PIECES = [
    b"---\n", b"{", b"}", b"[", b"]", b"&a ", b"*a", b"!!int ", b"!x ", b"<<: ", b"? ", b": ",
    b"- ", b"'", b'"', b"\\", b"|\n", b">", b"%", b"@", b"`", b"#", b"\t", b"\x00", b"\x07",
    b"\xff", b"\xc3", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"null", b"!!omap ", b"!!set ",
    b"!!binary ", b"!!timestamp ", b"\n", b"  ", b"5", b"1e999", b"NaN", b"\\ud800", b"metadata: ",
    b"kind: List\nitems: ",
]  # fmt: skip


@st.composite
def mutated(draw):
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(data)))
        change = draw(st.integers(0, 3))
        if change == 0:
            del data[at : at + draw(st.integers(1, 20))]
        else:
            data[at:at] = draw(st.sampled_from(PIECES))
    return bytes(data)


@examples(400)
@given(st.one_of(st.binary(max_size=60), mutated(), mutated()))
@example(b"!!timestamp 5")
@example(b"!!set [a]")
@example(b"!!omap [a]")
@example(b"!!pairs {a}")
@example(b"!!binary \xc3\xa9")
@example(b"!!float ''")
@example(b"!!float _")
@example(b"!!int 0b")
@example(b"!!int '1:'")
@example(b"!!map x")
@example(b"{<<: {a: &x 1}, <<: *x}")
@example(b"*")
@example(b"%TAG ! !\n--- !a b")
def test_no_bytes_raise(tmp_path_factory, data):
    file = tmp_path_factory.mktemp("bytes") / "a.yaml"
    file.write_bytes(data)
    cluster = load(file)
    for problem in cluster.problems:
        assert "\n" not in str(problem)
        str(problem).encode()  # nothing that cannot be shown
    for answer in cluster.resolve_all():
        for image in answer.images:
            resolution = image.resolution
            known = resolution.anonymous or resolution.failure or resolution.tiers
            assert known or resolution.unknown  # a Secret that is malformed


# --- Anchors -----------------------------------------------------------------------------------


def test_an_anchor_may_be_defined_again(read):
    """As YAML allows, and as kubectl reads it: an alias means the last definition before it."""
    pods = (
        "kind: List\nitems:\n"
        "- {kind: Pod, metadata: {name: a, namespace: &ns first}}\n"
        "- {kind: Pod, metadata: {name: b, namespace: *ns}}\n"
        "- {kind: Pod, metadata: {name: c, namespace: &ns second}}\n"
        "- {kind: Pod, metadata: {name: d, namespace: *ns}}\n"
    )
    cluster, _ = read(pods)
    assert cluster.problems == ()
    assert [pod.namespace for pod in cluster.pods] == ["first", "first", "second", "second"]


@pytest.mark.parametrize(
    "text, message",
    [
        ("a: &x 1\nb: &x 2\nc: *y\n", "not YAML: found undefined alias … (line 3)"),
        ("a: &x 1\nb: &x {c: *x}\n", "not YAML: found unconstructable recursive node (line 2)"),
        ("a: &x 1\nb: &x [\n", "not YAML: did not find expected node content (line 3)"),
        ("a: &x 1\nb: &x 2\nc: " + "[" * 490 + "]" * 490, "nested too deeply (line 1)"),
        (
            "z: &x0 0\na: &x0 [1]\n"
            + "".join(f"b{n}: &x{n} [{f'*x{n - 1},' * 10}]\n" for n in range(1, 9)),
            "aliases that expand to more than 1,000,000 values",
        ),
    ],
)
def test_all_else_is_as_strict_where_one_is(read, text, message):
    cluster, _ = read(text)
    assert cluster.problems[-1].message.startswith(message)
    assert cluster.problems[-1].error


def test_keys_that_are_repeated_are_said_once(read):
    cluster, _ = read("a: &x 1\na: &x 2\nkind: Pod\nmetadata: {name: a}\n")
    assert [problem.code for problem in cluster.problems] == [ProblemCode.REPEATED_KEY]
