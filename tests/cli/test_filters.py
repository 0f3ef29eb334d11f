"""`--image`, `--registry`, `--secret` and `--only`: of resolve, explain and check."""

from __future__ import annotations

import json

import pytest
import yaml

pytest.importorskip("rich")

from support.command_line import run


def secret(name, *entries, text=None, namespace="default"):
    auths = {entry: {"username": name, "password": "p"} for entry in entries}
    return {
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "type": "kubernetes.io/dockerconfigjson",
        "stringData": {".dockerconfigjson": text or json.dumps({"auths": auths})},
    }


def pod(name, images, *secrets, namespace="default", **spec):
    containers = [{"name": key, "image": image} for key, image in images.items()]
    listed = [{"name": each} for each in secrets]
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"containers": containers, "imagePullSecrets": listed, **spec},
    }


OBJECTS = (
    secret("quay", "quay.io"),
    secret("quay", "quay.io", namespace="shop"),
    secret("both", "quay.io", "https://quay.io/v1/", text=None),
    secret("broken", text='{"auths": {"quay.io": {"auth": "!"}}}'),
    secret("unused", "example.com"),
    pod(
        "a",
        {"one": "quay.io/acme/api:1", "two": "nginx:1.27", "bad": "Q"},
        "quay",
        initContainers=[{"name": "init", "image": "quay.io/acme/init@sha256:" + "0" * 64}],
        volumes=[{"name": "model", "image": {"reference": "ghcr.io/acme/model:2"}}],
    ),
    pod("b", {"one": "quay.io/other/api:2"}, "quay", namespace="shop"),
    pod("c", {"one": "quay.io/acme/api:1"}, "broken"),
    pod("d", {"one": "1.dkr.ecr.eu-west-1.amazonaws.com/x"}),
    pod("e", {"one": "quay.io/acme/api:1"}, "two-users"),
    secret(
        "two-users",
        text='{"auths": {"quay.io": {"auth": "YTpi"}, "https://quay.io": {"auth": "Yzpk"}}}',
    ),
)
PROVIDERS = {
    "kind": "CredentialProviderConfig",
    "apiVersion": "kubelet.config.k8s.io/v1",
    "providers": [
        {
            "name": "ecr",
            "apiVersion": "credentialprovider.kubelet.k8s.io/v1",
            "matchImages": ["*.dkr.ecr.*.amazonaws.com"],
            "defaultCacheDuration": "1h",
        }
    ],
}


@pytest.fixture
def files(tmp_path):
    everything, providers = tmp_path / "all.yaml", tmp_path / "providers.yaml"
    everything.write_text(yaml.safe_dump_all(OBJECTS))
    providers.write_text(yaml.safe_dump(PROVIDERS))
    return everything, "--provider-config", providers


def chosen(files, *options, command="resolve"):
    result = run(command, *files, "--format", "json", *options)
    assert result.err == ""
    return {
        f"{each['name']}/{image['container']}"
        for each in result.json["pods"]
        for image in each["images"]
    }


EVERY = {"a/one", "a/two", "a/bad", "a/init", "a/model", "b/one", "c/one", "d/one", "e/one"}


@pytest.mark.parametrize("command", ["resolve", "explain"])
@pytest.mark.parametrize(
    "options, images",
    [
        ((), EVERY),
        (("--only", "failing"), {"a/bad", "c/one"}),
        (("--only", "anonymous"), {"a/two", "a/model"}),
        (("--only", "unknown"), {"d/one"}),
        (("--only", "nondeterministic"), {"e/one"}),
        (("--registry", "docker.io"), {"a/two"}),
        (("--registry", "quay.io"), {"a/one", "a/init", "b/one", "c/one", "e/one"}),
        (("--registry", "quay.io", "--only", "failing"), {"c/one"}),
        (("--secret", "quay"), {"a/one", "a/init", "b/one"}),
        (("--secret", "shop/quay"), {"b/one"}),
        (("--secret", "broken"), {"c/one"}),
        (("--secret", "unused"), set()),
        (("--secret", "quay", "-n", "shop"), {"b/one"}),
        (("--image", "quay.io/acme/api"), {"a/one", "c/one", "e/one"}),
        (("--image", "quay.io/acme/api:2", "--only", "anonymous"), None),
        (("--image", "quay.io/acme/*"), {"a/one", "a/init", "c/one", "e/one"}),
        (("--image", "*:1.2?"), {"a/two"}),
        (("--image", "docker.io/library/*"), {"a/two"}),
        (("--image", "*@sha256:0*"), {"a/init"}),
        (("--image", "Q*"), {"a/bad"}),
        (("--image", "*", "--pod", "b"), {"b/one"}),
    ],
)
def test_what_is_chosen(files, command, options, images):
    if images is None:
        result = run(command, *files, *options)
        assert (result.status, result.out) == (2, "")
        assert "no pod has the image 'quay.io/acme/api:2'" in result.err
    else:
        assert chosen(files, *options, command=command) == images


def test_what_is_not_there(files):
    for options, said in (
        (("--registry", "quay.example.com"), "no pod has an image of registry 'quay.example.com'"),
        (("--image", "x*", "--registry", "y"), "no pod has the image 'x*' of registry 'y'"),
        (("--secret", "gone\x1b"), "there is no secret 'gone\\x1b'"),
        (("--secret", "shop/unused"), "there is no secret 'shop/unused'"),
        (("--image", "Bad"), "'Bad' is not an image reference"),
    ):
        result = run("resolve", *files, *options)
        assert (result.status, result.out) == (2, "")
        assert said in result.err
    # That no lookup fails is an answer.
    result = run("resolve", *files, "--pod", "b", "--only", "failing")
    assert (result.status, result.out) == (0, "")


def codes(files, *options):
    result = run("check", *files, "--format", "json", *options)
    return {(each["code"], each["where"]["name"]) for each in result.json["diagnoses"]}


def test_check_of_some_images(files):
    assert codes(files, "--only", "failing") == {("PS501", "a"), ("PS203", "broken")}
    # What is wrong with another image of the pod is not asked for.
    assert ("PS501", "a") not in codes(files, "--registry", "docker.io")
    assert ("PS501", "a") in codes(files, "--pod", "a")
    assert codes(files, "--only", "nondeterministic") == {("PS306", "two-users")}
    assert codes(files, "--secret", "broken") == {("PS203", "broken")}
    # What is wrong with a secret is told, though no image uses it; and of no other secret.
    assert codes(files, "--secret", "unused") == {("PS110", "unused")}
    assert codes(files, "--secret", "quay") == set()


def test_an_image_that_is_none(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text("kind: Pod\nmetadata: {name: a}\nspec: {containers: [{image: a}]}\n")
    result = run("resolve", file, "--image", "A B")
    assert result.status == 2
    assert "'A B'" in result.err


def sealed(name, namespace="default", **template):
    return {
        "apiVersion": "bitnami.com/v1alpha1",
        "kind": "SealedSecret",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"encryptedData": {".dockerconfigjson": "Ag"}, "template": template},
    }


@pytest.fixture
def made(tmp_path):
    """Pods that list a sealed secret, one of them without a type; and one that programs copy."""
    copied = sealed(
        "copy",
        "tools",
        type="kubernetes.io/dockerconfigjson",
        metadata={"annotations": {"replicator.v1.mittwald.de/replicate-to": ".*"}},
    )
    objects = [
        sealed("good", type="kubernetes.io/dockerconfigjson"),
        sealed("bad"),
        copied,
        pod("a", {"one": "quay.io/a"}, "good"),
        pod("b", {"one": "quay.io/a"}, "bad"),
        pod("c", {"one": "quay.io/a"}, "copy"),
    ]
    file = tmp_path / "made.json"
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
    return [file]


@pytest.mark.parametrize(
    "secret, images",
    [
        ("good", {"a/one"}),
        ("default/good", {"a/one"}),
        ("bad", set()),  # it is skipped
        ("copy", {"c/one"}),
        ("default/copy", {"c/one"}),
    ],
)
def test_a_secret_that_a_program_makes_can_be_asked_for(made, secret, images):
    assert chosen(made, "--secret", secret, command="resolve") == images


def test_a_secret_that_no_program_makes_there(made):
    result = run("resolve", *made, "--secret", "tools/good")
    assert (result.status, result.out) == (2, "")
    assert "there is no secret 'tools/good'" in result.err


@pytest.mark.parametrize(
    "options, wanted",
    [
        (("--pod", "b"), {("PS209", "bad")}),
        (("--image", "quay.io/a"), {("PS209", "bad")}),
        (("--secret", "bad"), {("PS209", "bad")}),
        (("--pod", "a"), set()),
        (("--secret", "good"), set()),
    ],
)
def test_what_is_wrong_with_what_makes_a_secret_is_about_its_pods(made, options, wanted):
    assert codes(made, *options) == wanted
    said = run("explain", *made, *options).out
    assert ("PS209" in said) == bool(wanted)


def test_that_nothing_is_like_that_is_no_lack_of_pods(tmp_path):
    file = tmp_path / "all.json"
    objects = [secret("s", "quay.io"), pod("a", {"one": "quay.io/a"})]
    file.write_text(json.dumps({"kind": "List", "items": objects}))
    found = run("resolve", file, "--only", "failing")
    assert (found.status, found.out, found.err) == (0, "", "no image is failing\n")
    found = run("resolve", file, "--secret", "s")
    assert (found.status, found.out, found.err) == (0, "", "no image is what was asked for\n")
    assert " in 0 of 1 pod and 1 secret" in run("check", file, "--only", "failing").err


def test_commands_without_answers_of_their_own_choose_images_too(tmp_path):
    file = tmp_path / "all.json"
    objects = [secret("s", "quay.io"), pod("a", {"one": "quay.io/a", "two": "nginx"}, "s")]
    file.write_text(json.dumps({"kind": "List", "items": objects}))
    found = run("uses", file, "--image", "quay.io/*", "--format", "json").json
    assert [each["image"] for each in found["credentials"][0]["images"]] == ["quay.io/a"]
    assert found["anonymous"] == []
