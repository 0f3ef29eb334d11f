"""What is said on standard error about the input, and what it makes of the exit status."""

from __future__ import annotations

import pytest

from support.command_line import run

POD = """\
apiVersion: v1
kind: Pod
metadata: {{name: {}, namespace: shop}}
spec: {{containers: [{{name: c, image: nginx}}]}}
"""
CHART = "apiVersion: v2\nname: c\nversion: 1.0.0\n"


@pytest.fixture
def write(tmp_path):
    def write(**files):
        for name, text in files.items():
            file = tmp_path / name.replace("__", "/").replace("_", ".")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return tmp_path

    return write


@pytest.mark.parametrize("command", ["resolve", "explain", "check", "uses"])
def test_what_is_passed_over_is_one_line_and_no_error(write, command):
    root = write(
        a_yaml=POD.format("a"),
        b_yaml="a: 1\n",
        c_json="[]",
        d__Chart_yaml=CHART,
        e__kustomization_yaml="resources: []\n",
        f__kustomization_yaml="resources: []\n",
    )
    result = run(command, root)
    (line,) = [each for each in result.err.splitlines() if "no diagnosis" not in each]
    assert line == (
        "passed over: 2 files that are no manifests, "
        "1 chart and 2 kustomizations that are not rendered (--render)"
    )
    assert result.status == 0


@pytest.mark.parametrize(
    "files, said",
    [
        ({"b_yaml": "a: 1\n"}, "1 file that is no manifest"),
        ({"b__Chart_yaml": CHART}, "1 chart that is not rendered (--render)"),
        ({"Kustomization": "{}"}, "1 kustomization that is not rendered (--render)"),
    ],
)
def test_one_of_them(write, files, said):
    result = run("uses", write(a_yaml=POD.format("a"), **files))
    assert (result.err, result.status) == (f"passed over: {said}\n", 0)


def test_all_of_them_are_in_json_and_with_verbose_on_standard_error(write):
    root = write(a_yaml=POD.format("a"), b_yaml="a: 1\n", d__Chart_yaml=CHART)
    result = run("resolve", root, "--verbose", "--format", "json")
    assert [(each["code"], each["file"]) for each in result.json["problems"]] == [
        ("no-manifest", f"{root}/b.yaml"),
        ("chart", f"{root}/d"),
    ]
    assert result.err.splitlines() == [
        f"note: {root}/b.yaml: passed over: it is no manifest",
        f"note: {root}/d: passed over: a Helm chart that is not rendered",
        "passed over: 1 file that is no manifest, 1 chart that is not rendered (--render)",
    ]


def test_a_broken_file_is_one_line(write):
    broken = "a: [\n---\n"
    root = write(a_yaml=POD.format("a"), b_yaml=broken * 3, c_yaml=f"{broken}- 1\n")
    result = run("resolve", root / "a.yaml", root / "b.yaml", root / "c.yaml")
    assert [line.rpartition(" (and")[1:] for line in result.err.splitlines()] == [
        (" (and", " 2 documents more)"),
        (" (and", " 1 document more)"),
    ]
    assert result.status == 2


def test_a_mistyped_namespace_is_an_error_that_names_those_there_are(write):
    text = POD.format("a") + "---\n" + POD.format("b").replace("shop", "base")
    result = run("check", write(a_yaml=text), "-n", "shpo")
    assert result.status == 2
    assert "nothing is in namespace 'shpo'; the manifests have base, shop" in result.err


def test_a_namespace_may_hold_only_secrets_or_accounts(write):
    for kind in ("ServiceAccount", "Secret"):
        root = write(a_yaml=POD.format("a").replace("Pod", kind).replace("shop", "quiet"))
        assert run("check", root, "-n", "quiet").status == 0


@pytest.mark.parametrize("command", ["resolve", "explain", "check", "uses"])
def test_a_folder_that_holds_nothing_is_an_error(write, command):
    root = write(b_yaml="a: 1\n")
    result = run(command, root)
    assert f"error: {root}: holds no pod, no secret and no service account" in result.err
    assert result.status == 2


@pytest.mark.parametrize("command", ["resolve", "explain", "check", "uses"])
@pytest.mark.parametrize("text", ["", "kind: ConfigMap\n", "kind: List\nitems: []\n"])
def test_a_stream_that_holds_nothing_is_an_error(command, text):
    """The program that was to write it may have failed, which a pipe does not tell."""
    result = run(command, "-", stdin=text.encode())
    assert "error: -: holds no pod, no secret and no service account" in result.err
    assert result.status == 2
    assert run(command, "-", stdin=POD.format("a").encode()).status == 0
