"""`pullsecrets uses`: who uses which credential."""

from __future__ import annotations

import pytest
import yaml

from support.canary import CANARY, leaks
from support.command_line import run
from support.made import pod_manifest, secret_manifest


@pytest.fixture
def manifests(tmp_path):
    auths = {
        entry: {"username": "bot", "password": CANARY}
        for entry in ("quay.io", f"https://bot:{CANARY}@ghcr.io")
    }
    broken = {"quay.io": {"auth": CANARY}}
    file = tmp_path / "shop.yaml"
    file.write_text(
        yaml.safe_dump_all(
            [
                pod_manifest("regcred", image=["quay.io/acme/api:1", "nginx"], namespace="shop"),
                secret_manifest("regcred", auths=auths, namespace="shop"),
                pod_manifest("broken", name="bad"),
                secret_manifest("broken", auths=broken),
            ]
        ),
        encoding="utf-8",
    )
    return file


def test_json(manifests):
    result = run("uses", manifests, "--format", "json")
    found = result.json
    assert (result.status, found["version"], found["problems"]) == (0, 1, [])
    assert [
        (each["secret"]["namespace"], each["secret"]["name"], each["entry"], len(each["images"]))
        for each in found["credentials"]
    ] == [
        ("shop", "regcred", "quay.io", 1),
        ("shop", "regcred", "https://********@ghcr.io", 0),
        ("default", "broken", None, 0),
    ]
    assert found["credentials"][0]["images"] == [
        {
            "namespace": "shop",
            "kind": "Pod",
            "name": "p",
            "container": "c",
            "image": "quay.io/acme/api:1",
            "attempt": "1",
        }
    ]
    assert [each["image"] for each in found["anonymous"]] == ["nginx"]
    assert [each["image"] for each in found["failing"]] == ["quay.io/a"]
    assert not leaks(result.out + result.err)


def test_text(manifests):
    result = run("uses", manifests)
    for words in ("quay.io of secret shop/regcred", "nothing uses it", "the lookup fails"):
        assert words in result.out
    assert not leaks(result.out + result.err)


def test_one_secret_and_one_entry(manifests):
    found = run("uses", manifests, "--secret", "shop/regcred", "--format", "json").json
    assert len(found["credentials"]) == 2
    assert found["anonymous"] == found["failing"] == []
    found = run("uses", manifests, "--entry", "quay.io", "--format", "json").json
    assert [each["entry"] for each in found["credentials"]] == ["quay.io"]


@pytest.mark.parametrize(
    "option, value, said",
    [
        ("--secret", "regcred", "NS/NAME"),
        ("--secret", "shop/gone", "no such credential"),
        ("--entry", CANARY, "no such credential"),
    ],
)
def test_what_is_not_there(manifests, option, value, said):
    result = run("uses", manifests, option, value)
    assert (result.status, result.out) == (2, "")
    assert said in result.err
    assert not leaks(result.err)


def test_what_cannot_be_read(tmp_path):
    (tmp_path / "bad.yaml").write_text("a: [", encoding="utf-8")
    assert run("uses", tmp_path / "bad.yaml").status == 2


def test_resolve_without_a_secret(manifests):
    def users(*options):
        found = run(
            "resolve", manifests, "--image", "quay.io/acme/api", "--format", "json", *options
        )
        images = [image for pod in found.json["pods"] for image in pod["images"]]
        return [[each["username"] for each in image["candidates"]] for image in images]

    assert users() == [["bot"]]
    assert users("--without-secret", "shop/regcred", "--without-secret", "default/broken") == [[]]
    result = run("resolve", manifests, "--without-secret", CANARY)
    assert (result.status, "NS/NAME" in result.err) == (2, True)


def test_what_an_attempt_means(tmp_path):
    auths = {
        each: {"username": each[:5], "password": "p"} for each in ("quay.io", "https://quay.io")
    }
    file = tmp_path / "all.yaml"
    objects = pod_manifest("regcred", image="quay.io/a"), secret_manifest("regcred", auths=auths)
    file.write_text(yaml.safe_dump_all(objects), encoding="utf-8")
    assert run("uses", file).out.count("1-2 in any order") == 2
