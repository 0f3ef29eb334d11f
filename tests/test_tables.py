"""Tables, trees and records: complete, escaped, without any password."""

from __future__ import annotations

import io
import json
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given

from pullsecrets import Cluster, DockerConfig, check, explain, explain_pod, load, resolve
from pullsecrets.secrecy import printable
from pullsecrets.tables import Cell, Column, Table, stacked
from support.drawn import CANARIES, CANARY, clusters, nodes
from support.effort import examples
from support.html import assert_leads_to_the_docs

rich_console = pytest.importorskip("rich.console")

VOID = {"br", "wbr"}


class Page(HTMLParser):
    """Checks that tags are closed in order, and that there is nothing that acts or loads."""

    def __init__(self):
        super().__init__()
        self.open = []
        self.text = ""

    def handle_starttag(self, tag, attributes):
        assert tag in {
            "div", "style", "table", "caption", "thead", "tbody", "tr", "th", "td", "span", "code",
            "br", "wbr", "p", "strong", "a",
        }  # fmt: skip
        if tag == "a":
            assert_leads_to_the_docs(attributes)
        else:
            assert {name for name, _ in attributes} <= {"class", "colspan"}
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def page(value):
    shown = value._repr_html_()
    parser = Page()
    parser.feed(shown)
    parser.close()
    assert parser.open == []
    return parser.text


def plain(value):
    """What IPython prints."""
    return value._repr_mimebundle_(include=None, exclude=None)["text/plain"]


def terminal_text(value, width=100):
    console = rich_console.Console(file=io.StringIO(), width=width, force_terminal=False)
    console.print(value)
    return console.file.getvalue()


def cluster_of(manifests, node=None):
    config = None if node is None else DockerConfig.from_json(json.dumps({"auths": node}))
    return Cluster.from_manifests(manifests, node=config)


@examples(100)
@given(clusters, nodes)
def test_everything_can_be_shown_and_shows_no_password(manifests, node):
    cluster = cluster_of(manifests, node)
    answers = list(cluster.resolve_all())
    explained = [explain_pod(cluster, pod) for pod in cluster.pods]
    values = [
        cluster,
        check(cluster),
        *answers,
        *(image.resolution for answer in answers for image in answer.images),
        *explained,
        *(image for pod in explained for image in pod),
        explain("quay.io/acme/api", cluster.secrets, cluster.node),
        resolve("nginx", cluster.secrets, cluster.node),
    ]
    for value in values:
        records = value.to_records()
        shown = "\n".join([page(value), terminal_text(value), json.dumps(records), repr(records)])
        assert not any(canary in re.sub(r"\s", "", shown) for canary in CANARIES)
        for record in records:
            assert record.keys() == records[0].keys()
            for cell in record.values():
                assert cell is None or isinstance(cell, (str, int))
                assert not isinstance(cell, str) or printable(cell) == cell
    if node is None:
        assert len(cluster.to_records()) == sum(len(answer.images) for answer in answers)


def secret(auths, name="regcred", **more):
    document = auths if isinstance(auths, str) else json.dumps({"auths": auths})
    return {
        "kind": "Secret",
        "metadata": {"name": name},
        "type": "kubernetes.io/dockerconfigjson",
        "stringData": {".dockerconfigjson": document},
        **more,
    }


def pod(*images, secrets=("regcred",), name="api", kind="containers"):
    return {
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {
            kind: [{"name": f"c{n}", "image": image} for n, image in enumerate(images)],
            "imagePullSecrets": [{"name": each} for each in secrets],
        },
    }


LOGIN = {"username": "<me>", "password": CANARY}


def one(image, auths, **more):
    cluster = cluster_of([pod(image), secret(auths)], **more)
    [image] = cluster.resolve(cluster.pods[0]).images
    return cluster, image.resolution, explain_pod(cluster, cluster.pods[0])


def test_candidates_are_shown_in_their_order():
    cluster, resolution, explained = one("quay.io/a/b", {"*.io": LOGIN, "quay.io": LOGIN})
    for shown in (page(cluster), terminal_text(cluster)):
        assert shown.index("1. quay.io as <me> from secret regcred") < shown.index("2. *.io as")
    for shown in (page(resolution), terminal_text(resolution)):
        assert shown.index("quay.io") < shown.index("*.io")
    for shown in (page(explained), terminal_text(explained)):
        assert "✓ 2" in shown or "candidate 2" in shown
        assert "its own imagePullSecrets: regcred" in shown
    assert "in the key" not in page(explained)  # there is nothing to compare
    assert [record["key"] for record in resolution.to_records()] == ["quay.io", "*.io"]
    [record] = cluster.to_records()
    assert record["candidates"] == 2
    assert record["first_entry"] == "quay.io"
    assert record["registry"] == "quay.io"


def test_an_explanation_by_itself():
    found = explain("quay.io/a", Cluster.from_manifests([secret({"quay.io": LOGIN})]).secrets)
    assert "candidate" in page(found)
    assert "candidate 1" in terminal_text(found)


def test_an_order_that_is_not_defined():
    cluster, resolution, _ = one("quay.io/a", {"quay.io": LOGIN, "https://quay.io": {}})
    for shown in (page(resolution), terminal_text(resolution)):
        assert "2 candidates, partly in no defined order" in shown
    for shown in (page(cluster), terminal_text(cluster)):
        assert "1-2. quay.io as <me>" in shown
    assert "(no user)" in page(cluster)


def test_anonymous_and_failing_pulls():
    cluster, resolution, explained = one("nginx", {"quay.io": LOGIN})
    for value in (cluster, resolution):
        assert "anonymous" in page(value)
        assert "anonymous" in terminal_text(value)
    assert "no match, another registry: quay.io, the image has docker.io" in page(explained)
    assert "no match, another registry: quay.io, the image has docker.io" in terminal_text(
        explained
    )
    [record] = explained.to_records()
    assert (record["in_key"], record["in_image"], record["reason"]) == (
        "quay.io",
        "docker.io",
        "registry",
    )

    cluster, resolution, explained = one("nginx", {"quay.io": {"auth": "?"}})
    for value in (cluster, resolution):
        assert "does not decode" in page(value)
        assert "does not decode" in terminal_text(value)
    assert "auths['quay.io'].auth is not base64" in page(explained)
    assert explained.to_records()[0]["reason"] == "undecodable-secret"


def test_the_node_and_other_lists():
    cluster = cluster_of([pod("quay.io/a", secrets=())], {"quay.io": {}})
    assert "a node config" in page(cluster)
    assert "the node's docker config" in terminal_text(explain_pod(cluster, cluster.pods[0]))
    account = {
        "kind": "ServiceAccount",
        "metadata": {"name": "default"},
        "imagePullSecrets": [{"name": "x"}, {}],
    }
    cluster = cluster_of([pod("quay.io/a", secrets=()), account])
    shown = terminal_text(explain_pod(cluster, cluster.pods[0]))
    assert "imagePullSecrets of service account default: x, (nameless)" in shown
    assert "2. secret (nameless)  ✗ has no name: it is skipped" in shown
    mirror = pod("quay.io/a")
    mirror["metadata"]["annotations"] = {"kubernetes.io/config.mirror": "x"}
    cluster = cluster_of([mirror])
    explained = explain_pod(cluster, cluster.pods[0])
    assert "a static pod: no imagePullSecrets" in terminal_text(explained)
    assert "no credential to try" in page(explained)


def test_kinds_of_containers_and_empty_secrets():
    cluster = cluster_of([pod("quay.io/a", kind="initContainers"), secret({})])
    shown = terminal_text(explain_pod(cluster, cluster.pods[0]))
    assert "c0 (init): quay.io/a" in shown
    assert "holds no entry" in shown
    assert "holds no entry" in page(explain_pod(cluster, cluster.pods[0]))


def test_a_pod_without_images():
    cluster = cluster_of([pod()])
    explained = explain_pod(cluster, cluster.pods[0])
    assert "Pod default/api" in page(explained)
    assert "Pod default/api" in terminal_text(explained)


def test_diagnoses():
    assert "No diagnosis" in page(check(Cluster()))
    assert "No diagnosis" in terminal_text(check(Cluster()))
    found = check(cluster_of([pod("quay.io/A", secrets=())]))
    for shown in (page(found), terminal_text(found)):
        for word in ("error", "PS501", "Correct the image's name.", "spec.containers[0].image"):
            assert word in shown
    [record] = found.to_records()
    assert record["where_field"] == "spec.containers[0].image"
    assert "1 diagnosis" in page(found)


@pytest.mark.parametrize("limit, module", [(60, page), (200, terminal_text)])
def test_large_tables_are_cut(limit, module):
    images = [f"quay.io/A{'a' * number}" for number in range(limit + 2)]
    cluster = cluster_of([pod(*images, secrets=())])
    assert "… and 2 more images" in module(cluster)
    found = check(cluster)
    assert len(found) == limit + 2


def test_a_cause_is_shown_once_and_recorded_each_time():
    found = check(cluster_of([pod(*["quay.io/A"] * 70, secrets=())]))
    for shown in (page(found), terminal_text(found), plain(found)):
        assert "70 ×" in shown
        assert "… and 67 more places" in shown
    assert "70 diagnoses" in page(found)
    assert len(found.to_records()) == len(found.table().rows) == 70


def test_pods_with_one_answer_are_shown_once_and_recorded_each():
    owner = {"kind": "ReplicaSet", "name": "api", "controller": True}
    pods = [pod("nginx", secrets=(), name=f"api-{n}") for n in range(12)]
    for each in pods:
        each["metadata"]["ownerReferences"] = [owner]
    cluster = cluster_of(pods)
    cut = plain(cluster_of([pod(*["nginx"] * 62, secrets=())]))
    assert cut.endswith("… and 2 more images")
    for shown in (page(cluster), terminal_text(cluster), plain(cluster)):
        assert "ReplicaSet default/api (12 pods)" in shown
        assert shown.count("nginx") == 1
    assert len(cluster.to_records()) == 12


def test_the_worst_is_not_left_out():
    pods = [pod("nginx", secrets=(), name=f"p{n}") for n in range(70)]
    pods += [pod("quay.io/A", secrets=(), name="bad")]
    cluster = cluster_of(pods)
    shown = page(cluster)
    assert shown.index("Pod default/bad") < shown.index("Pod default/p0")
    assert "the worst come first" in shown
    assert "… and 11 more images" in shown
    # Records have the order of the pods, and what is shown in full, too.
    assert [record["pod"] for record in cluster.to_records()][-1] == "bad"
    few = page(cluster_of(pods[-2:]))
    assert "worst" not in few
    assert few.index("bad") < few.index("p69")


def test_a_cluster_is_one_line():
    cluster = cluster_of([pod("nginx", name=f"p{n}") for n in range(300)])
    assert repr(cluster) == "<Cluster: 300 pods and workloads, 0 secrets, 0 service accounts>"


def test_a_column_that_holds_nothing_is_for_records_only():
    columns = Column("group", group=True), Column("one", "one"), Column("two", "two")
    table = Table(columns, ((None, "a", Cell("x", "")), (None, "b", None)))
    assert table.markdown() == "| one |\n| --- |\n| a |\n| b |"
    assert "two" not in table.html()
    assert terminal_text(table.rich()) == "one\na\nb\n"
    assert table.records()[0] == {"group": None, "one": "a", "two": "x"}
    # What is only below a cell is to be read, too.
    assert "why" in Table(columns[1:], (("a", Cell("", below="why")),)).html()


def test_what_is_long_may_break_in_html():
    digest = "sha256:" + "0" * 64
    table = Table((Column("one", "one"), Column("two", "two", code=True)), (("short", digest),))
    broken = digest.replace(":", ":<wbr>")
    assert f'<td>short</td><td class="long"><code>{broken}</code></td>' in table.html()
    # So may what is below a short one.
    below = Table((Column("one", "one"),), ((Cell("x", below=digest),),)).html()
    assert f'<td class="long">x<br><span class="faint">{broken}</span></td>' in below


def test_what_is_said_where_a_name_is_missing_is_no_code():
    rows = (("quay.io",), (Cell(None, "no entry matches"),))
    shown = Table((Column("entry", "entry", code=True),), rows).html()
    assert "<td><code>quay.io</code></td>" in shown
    assert "<td>no entry matches</td>" in shown


def test_numbers_end_below_each_other():
    columns = Column("count", "", number=True), Column("what", "what")
    table = Table(columns, ((5, "a"), (Cell(1000, "1,000"), "b")))
    assert '<th class="number"></th><th>what</th>' in table.html()
    assert '<td class="number">5</td><td>a</td>' in table.html()
    assert table.markdown().startswith("|  | what |\n| --: | --- |\n")
    assert terminal_text(table) == "       what\n    5  a\n1,000  b\n"


def test_a_table_shows_itself():
    table = Table((Column("one", "one"),), (("a",), (Cell("b", ("b", "c")),)), title="Two")
    assert page(table).endswith("Twooneabc")
    assert terminal_text(table) == "Two\n  one\n  a\n  b\n  c\n"
    assert plain(table) == "Two\n  a\n  b; c"


def test_markup_in_manifests_is_text():
    image = "quay.io/[bold]x[/bold]<b>"
    cluster, _, explained = one(image, {"[red]": LOGIN, "<i>": LOGIN})
    for value in (cluster, explained, check(cluster)):
        assert image in page(value)
        assert image in re.sub(r"\s", "", terminal_text(value, 300))
    assert "\x1b" not in terminal_text(cluster_of([pod("\x1b[31mred", secrets=())]))


def test_markdown_has_no_markup_from_outside():
    rows = (
        (Cell("g", "Group", below="why"), "a|b", "<b>"),
        (Cell("g", "Group", below="why"), Cell("x", ("x", "y")), "@me"),
        (Cell("h", "Only a heading"), None, None),
    )
    columns = Column("group", group=True), Column("one", "one"), Column("two", "two")
    text = Table(columns, rows, title="A *title*", subtitle=Cell("sub"), notes=("n_1",)).markdown()
    assert text == (
        "### A \\*title\\*\n\nsub\n\nn\\_1\n\n#### Group\n\nwhy\n\n"
        "| one | two |\n| --- | --- |\n| a\\|b | &#60;b&#62; |\n| x<br>y | &#64;me |\n\n"
        "#### Only a heading"
    )
    assert Table(columns[1:], (("a", "b"),)).markdown() == "| one | two |\n| --- | --- |\n| a | b |"


def test_a_link_leads_from_html_and_markdown():
    cell = Cell("PS1|", link="https://example.com/?a=1&b=%22")
    table = Table((Column("code", "code", code=True),), ((cell,),))
    leads = '<code><a href="https://example.com/?a=1&amp;b=%22">PS1|</a></code>'
    assert leads in table.html()
    assert "| [PS1\\|](<https://example.com/?a=1&b=%22>) |" in table.markdown()
    assert list(table.lines()) == ["  PS1|"]


def test_the_values_are_ready_for_a_data_frame():
    pandas = pytest.importorskip("pandas")
    cluster = cluster_of([pod("quay.io/a", "nginx"), secret({"quay.io": LOGIN})])
    frame = pandas.DataFrame(cluster.to_records())
    assert list(frame.anonymous) == [False, True]


def test_showing_needs_no_rich_and_no_drawsvg_but_where_they_are_asked_for(monkeypatch):
    import subprocess
    import sys

    code = (
        "import sys\n"
        "sys.modules['rich'] = sys.modules['drawsvg'] = sys.modules['yaml'] = None\n"
        "from pullsecrets import Cluster, check\n"
        "cluster = Cluster()\n"
        "assert cluster._repr_html_() and check(cluster)._repr_html_()\n"
        "assert cluster.to_records() == []\n"
        "from pullsecrets.picture import draw\n"
        "try: draw(cluster)\n"
        "except ImportError as error: print(error)\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout == (
        "the picture of a cluster needs the extra 'svg': pip install 'pullsecrets[svg]'\n"
    ), result.stderr


def test_the_examples_can_be_shown():
    cluster = load("examples")
    assert "PS203" in page(check(cluster))
    assert "broken-secret" in page(cluster)


def test_a_cluster_says_how_much_of_the_input_could_not_be_read():
    cluster = Cluster.from_manifests([pod("quay.io/a"), {"kind": 5}, {"apiVersion": "v1"}])
    assert repr(cluster).endswith(", 0 service accounts, 1 part of the input not readable>")
    for shown in (page(cluster), terminal_text(cluster)):
        assert "1 part of the input not readable" in shown
    two = Cluster.from_manifests([{"kind": 5}, {"kind": 6}])
    assert repr(two).endswith(", 2 parts of the input not readable>")


def test_stacked_tables_have_the_columns_of_all():
    columns = Column("group", group=True), Column("a", "a"), Column("b", "b"), Column("c", "c")
    first = Table(columns, (("g", 1, None, None),), title="one", notes=("careful",))
    second = Table(columns, (("g", None, 2, None), ("h", None, 3, None)), title="two")
    third = Table(columns, (), title="three")
    assert terminal_text(stacked([first, second, third])).splitlines() == [
        "    a  b",
        "one",
        "  ! careful",
        "  g",
        "    1",
        "",
        "two",
        "  g",
        "       2",
        "  h",
        "       3",
        "",
        "three",
    ]
    assert terminal_text(stacked([third, third])).splitlines() == ["three", "", "three"]
    assert terminal_text(stacked([third])).splitlines() == ["three"]
