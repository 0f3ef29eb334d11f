"""The picture of pods, secrets and registries."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given

from pullsecrets import Cluster, DockerConfig, check, load
from pullsecrets.diagnoses import Diagnoses
from pullsecrets.makers.made import MadeSecret, Maker
from pullsecrets.picture import MAX_ROWS, Picture, draw
from support.drawn import CANARIES, clusters, nodes
from support.effort import examples

pytest.importorskip("drawsvg")

SVG = "{http://www.w3.org/2000/svg}"


def texts(picture):
    root = ET.fromstring(picture.svg)
    assert root.tag == f"{SVG}svg"
    for element in root.iter():
        assert element.tag.removeprefix(SVG) in {
            "svg", "title", "style", "defs", "rect", "text", "g", "path",
        }  # fmt: skip
        assert not [name for name in element.attrib if name.startswith("on") or "href" in name]
    return [element.text for element in root.iter(f"{SVG}text")]


def edges(picture, style="ps-edge"):
    root = ET.fromstring(picture.svg)
    return [path for path in root.iter(f"{SVG}path") if path.get("class") == style]


def secret(auths, name="regcred", kind="kubernetes.io/dockerconfigjson"):
    return {
        "kind": "Secret",
        "metadata": {"name": name},
        "type": kind,
        "stringData": {".dockerconfigjson": json.dumps({"auths": auths})},
    }


def pod(*images, secrets=("regcred",), name="api"):
    return {
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {
            "containers": [{"name": f"c{n}", "image": image} for n, image in enumerate(images)],
            "imagePullSecrets": [{"name": each} if each else {} for each in secrets],
        },
    }


LOGIN = {"username": "me", "password": "example"}


@pytest.mark.parametrize(
    "made, why",
    [
        (MadeSecret.not_read("default", "regcred"), "could not be read"),
        (
            MadeSecret("regcred", "default", None, Maker("SealedSecret", "default", "regcred")),
            "made by SealedSecret default/regcred",
        ),
    ],
)
def test_why_a_secret_is_not_known(made, why):
    pods = Cluster.from_objects([pod("quay.io/acme/app")]).pods
    picture = draw(Cluster(pods, made=(made,)))
    assert why in texts(picture)


def test_pods_secrets_and_registries():
    picture = draw(
        Cluster.from_manifests([pod("quay.io/a/b", "nginx"), secret({"quay.io": LOGIN})])
    )
    shown = texts(picture)
    assert [text for text in shown if text in ("api", "regcred", "quay.io", "docker.io")] == [
        "api", "regcred", "quay.io", "docker.io",
    ]  # fmt: skip
    assert len(edges(picture)) == 2
    assert len(edges(picture, "ps-anonymous")) == 1
    assert not any(text.startswith("PS") for text in shown)


def test_missing_secrets_the_node_and_bad_images():
    node = DockerConfig.from_json('{"auths": {"ghcr.io": {"auth": "YTpi"}}}')
    manifests = [
        pod("ghcr.io/a/b", "quay.io/A", secrets=("gone", "")),
        secret({}, "db", "Opaque"),
        secret({}, "unlisted"),
    ]
    picture = draw(Cluster.from_manifests(manifests, node=node))
    shown = texts(picture)
    assert picture.svg.count('class="ps-missing"') == 2
    assert "unlisted" in shown
    for text in ("gone", "(nameless)", "not among the manifests", "the node", "ghcr.io"):
        assert text in shown
    assert "db" not in shown
    assert "quay.io" not in shown


def test_diagnoses_are_marked():
    cluster = Cluster.from_manifests([pod("quay.io/A", "quay.io/B"), secret({"quay.io": {}})])
    picture = draw(cluster)
    assert "PS501 +1" in texts(picture)
    assert "PS403" in texts(picture)
    assert "error PS501: " in picture.svg
    assert "PS403" not in texts(draw(cluster, Diagnoses()))


def test_long_names_and_many_boxes_are_cut():
    name = "a" * 40
    cluster = Cluster.from_manifests(
        [pod("quay.io/a", name=f"{name}{n}") for n in range(MAX_ROWS + 3)]
    )
    shown = texts(draw(cluster, Diagnoses()))
    assert "a" * 27 + "…" in shown
    assert "… and 3 more" in shown
    assert f"{name}0" in draw(cluster).svg


def owned(number, image="quay.io/a", owner="api-7c9d", namespace="default"):
    made = pod(image, name=f"{owner}-{number}")
    reference = {"kind": "ReplicaSet", "name": owner, "controller": True}
    made["metadata"] |= {"ownerReferences": [reference], "namespace": namespace}
    return made


def test_pods_of_a_workload_share_a_box():
    cluster = Cluster.from_manifests(owned(n) for n in range(300))
    picture = draw(cluster, Diagnoses())
    shown = texts(picture)
    assert "api-7c9d" in shown
    assert "300 pods · ReplicaSet in default" in shown
    assert not any("more" in text for text in shown)
    # A line to the secret that is missing, and one for the anonymous pull.
    assert (len(edges(picture)), len(edges(picture, "ps-anonymous"))) == (1, 1)


def test_the_lines_of_each_workload_are_its_own():
    manifests = [owned(n, owner=f"w{n}") for n in range(8)] + [secret({"quay.io": LOGIN})]
    picture = draw(Cluster.from_manifests(manifests), Diagnoses())
    root = ET.fromstring(picture.svg)
    groups = [g for g in root.iter(f"{SVG}g") if "ps-workload" in g.get("class", "")]
    assert len(groups) == 8
    assert [g.get("class").split()[1] for g in groups[:7]] == [f"ps-w{n % 6}" for n in range(7)]
    lines = [path.get("d") for g in groups for path in g.iter(f"{SVG}path")]
    assert len(lines) == len(set(lines)) == 16
    # They end at different heights of the box that they share.
    ends = {line.rpartition(",")[2] for line in lines[::2]}
    assert len(ends) == 8


def test_one_namespace():
    cluster = Cluster.from_manifests(
        [
            owned(1),
            owned(1, namespace="shop", owner="web"),
            {**secret({"quay.io": LOGIN}, "other")},
            {
                **secret({"quay.io": LOGIN}, "mine"),
                "metadata": {"name": "mine", "namespace": "shop"},
            },
        ]
    )
    shown = texts(draw(cluster, Diagnoses(), namespace="shop"))
    assert "web-1" in shown
    assert "mine" in shown
    assert "api-7c9d-1" not in shown
    assert "other" not in shown
    assert {"web-1", "api-7c9d-1"} <= set(texts(draw(cluster, Diagnoses())))


def test_an_empty_cluster_is_a_picture_too():
    assert "registries" in texts(draw(Cluster()))


def test_it_shows_and_saves_itself(tmp_path):
    picture = draw(Cluster())
    picture.save(tmp_path / "cluster.svg")
    assert (tmp_path / "cluster.svg").read_text("utf-8") == str(picture) == picture._repr_html_()
    assert repr(picture) == "Picture()"
    assert isinstance(picture, Picture)


def test_what_is_in_manifests_is_text():
    picture = draw(Cluster.from_manifests([pod("nginx", name="<b>&\"'\x1b]]>")]))
    assert "<b>&\"'\\x1b]]>" in texts(picture)


@examples(60)
@given(clusters, nodes)
def test_drawn_clusters(manifests, node):
    config = None if node is None else DockerConfig.from_json(json.dumps({"auths": node}))
    cluster = Cluster.from_manifests(manifests, node=config)
    picture = draw(cluster)
    texts(picture)
    assert not any(canary in picture.svg for canary in CANARIES)
    for pod in cluster.pods:
        for found in check(cluster):
            if (found.where.kind, found.where.name) == (pod.kind, pod.name):
                assert found.code in picture.svg


def test_pods_of_one_name_in_several_files_are_boxes_of_their_own(tmp_path):
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text(json.dumps({"apiVersion": "v1", **pod("quay.io/acme/api")}))
    assert texts(draw(load(tmp_path))).count("api") == 2


def test_a_credential_that_there_may_be_is_a_dotted_line():
    sealed = {
        "apiVersion": "bitnami.com/v1alpha1",
        "kind": "SealedSecret",
        "metadata": {"name": "regcred"},
        "spec": {
            "encryptedData": {".dockerconfigjson": "AgB"},
            "template": {"type": "kubernetes.io/dockerconfigjson"},
        },
    }
    pod = {
        "kind": "Pod",
        "metadata": {"name": "p"},
        "spec": {"containers": [{"image": "quay.io/a"}], "imagePullSecrets": [{"name": "regcred"}]},
    }
    picture = draw(Cluster.from_manifests([sealed, pod]))
    assert len(edges(picture, "ps-unknown")) == 1
    assert "made by SealedSecret default/regcred" in picture.svg
