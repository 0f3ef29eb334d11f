"""`--format html` and `--format markdown` of resolve, check and explain."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("rich")

from pullsecrets.diagnoses import CATALOGUE
from pullsecrets.diagnoses.model import help_uri
from support.command_line import run
from support.html import Document

EXAMPLES = Path(__file__).parents[2] / "examples"
BROKEN = EXAMPLES / "broken"


def html(command, *arguments, status):
    result = run(command, *arguments, "--format", "html")
    assert (result.status, result.err) == (status, "")
    return Document.of(result.out)


def test_check():
    read = html("check", BROKEN, status=1)
    assert read.headings == [
        "What is wrong with pull secrets",
        "What is wrong: 6 errors, 8 warnings",
        "Workloads, the worst first",
    ]
    found = json.loads(run("check", BROKEN, "--format", "json").out)["diagnoses"]
    assert found
    for each in found:
        assert read.text.count(each["message"]) >= 1
        assert f"{each['where']['file']}:{each['where']['line']}  " in read.text
        assert each["advice"] in read.text
    assert read.text.count("PS502") == 1
    assert help_uri(CATALOGUE["PS502"]) in read.links
    assert "1 failing 6 anonymous 8 credential" in read.text


def test_check_where_nothing_is_wrong():
    result = run("check", EXAMPLES / "good" / "docker-hub", "--format", "html")
    read = Document.of(result.out)
    assert "Nothing wrong to be seen" in read.text
    assert result.err == "no diagnosis in 1 pod and 1 secret\n"
    result = run("check", EXAMPLES / "good" / "docker-hub", "--format", "markdown")
    assert result.out.endswith("### Nothing wrong to be seen\n")
    result = run("check", BROKEN / "missing-port", "--format", "markdown")
    assert "pod.yaml:13  Pod" in result.out


def test_resolve():
    read = html("resolve", EXAMPLES / "good", status=0)
    assert read.headings == ["What the kubelet tries", "Workloads, the worst first"]
    assert "Pod docker-hub/three-spellings" in read.text
    assert "its own imagePullSecrets: docker-hub" in read.text
    assert "short: acmeshop/api:5" in read.text


def test_explain():
    read = html("explain", BROKEN / "missing-port", status=0)
    assert read.headings[1:] == ["What is wrong: 1 warning", "Workloads, the worst first"]
    assert "pod.yaml:13  Pod" in read.text
    assert "no match, the port" in read.text
    secret = "kind: Secret\nmetadata: {name: s}\n"
    result = run("explain", "-", "--image", "nginx", "--format", "html", stdin=secret.encode())
    assert "nginx" in Document.of(result.out).text


def pods(number, image):
    owner = {"kind": "ReplicaSet", "name": "api", "controller": True}
    return {
        "kind": "Pod",
        "metadata": {"name": f"api-{number}", "ownerReferences": [owner]},
        "spec": {"containers": [{"name": "c", "image": image}]},
    }


def test_each_workload_and_each_cause_is_there_once(tmp_path):
    file = tmp_path / "all.json"
    image = "<script>alert(1)</script>"
    file.write_text(json.dumps({"kind": "List", "items": [pods(n, image) for n in range(300)]}))
    for command in ("check", "explain"):
        read = html(command, file, status=1)
        assert "ReplicaSet default/api (300 pods)" in read.text
        assert read.text.count("Correct the image's name.") == 1
        assert read.text.count("api-0") == 0
    assert len(run("check", file, "--format", "html").out) < 10_000
    read = html("resolve", file, status=1)
    assert f"c: {image}" in read.text


def test_more_rows_than_a_notebook_shows(tmp_path):
    file = tmp_path / "all.json"
    items = [pods(n, f"quay.io/a{n}") for n in range(100)]
    file.write_text(json.dumps({"kind": "List", "items": items}))
    read = html("resolve", file, status=0)
    assert all(f"quay.io/a{n}" in read.text for n in range(100))


def test_markdown():
    shown = run("check", BROKEN, "--format", "markdown").out
    assert shown.startswith("### 7 pods, ")
    page = help_uri(CATALOGUE["PS203"])
    assert page.endswith("/ps203.html")
    assert f"| error | [PS203](<{page}>) | " in shown
    shown = run("resolve", BROKEN / "missing-port", "--format", "markdown").out
    assert "#### Pod missing-port/web" in shown
