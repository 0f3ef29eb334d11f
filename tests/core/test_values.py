"""The public classes are values: frozen, slotted, comparable, hashable, picklable, copyable."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys

import attrs
import pytest

import pullsecrets
from pullsecrets import (
    Admission,
    Candidate,
    Cluster,
    Container,
    Credential,
    DockerConfig,
    Image,
    ImageResolution,
    InvalidDockerConfig,
    InvalidImage,
    InvalidManifest,
    Keyring,
    MissingExtra,
    Password,
    Place,
    Pod,
    Problem,
    PullSecret,
    PullsecretsError,
    Registry,
    Resolution,
    ServiceAccount,
    Source,
)
from pullsecrets.keyring import Pattern
from pullsecrets.reading.files import NoSuchPath
from pullsecrets.cluster import Document
from pullsecrets.secrecy import HiddenBytes

CONFIG = DockerConfig.from_json(
    '{"auths": {"quay.io": {"auth": "dTpw"}, "ghcr.io": {"username": "é"}}, "credsStore": "x"}'
)
SECRET = PullSecret.from_manifest(
    {
        "metadata": {"name": "s", "annotations": {"pullsecrets/ignore": "a, b"}},
        "type": "kubernetes.io/dockerconfigjson",
        "stringData": {".dockerconfigjson": '{"auths": {"quay.io": {"auth": "dTpw"}}}', "x": "y"},
    },
    place=Place("a.yaml", 2),
)
POD = Pod("p", containers=(Container("c", "quay.io/a"),), pull_secrets=("s",))
CLUSTER = Cluster(
    (POD,), (ServiceAccount("default"),), (SECRET,), CONFIG, (Problem("m", Place("f", 1)),)
)
(ANSWER,) = CLUSTER.resolve(POD)

VALUES = [
    CONFIG,
    CONFIG.auths["quay.io"],
    SECRET,
    POD,
    POD.containers[0],
    CLUSTER,
    ANSWER,
    ANSWER.resolution,
    ANSWER.resolution.admission,
    ANSWER.resolution.candidates[0],
    ANSWER.resolution.candidates[0].source,
    ServiceAccount("a", "b", ("c", ""), ("d",), place=Place("f")),
    Keyring([SECRET, SECRET], CONFIG),
    Image.parse("quay.io/a:b@sha256:" + "0" * 64),
    Image.parse("nginx").registry,
    Place("f", 1),
    CLUSTER.problems[0],
    Document({"a": 1}, Place()),
    Password("p"),
    HiddenBytes(b"p"),
    Pattern.parse("*.io/a"),
]
IDS = [type(value).__name__ for value in VALUES]


@pytest.mark.parametrize("value", VALUES, ids=IDS)
def test_copies_and_pickles_are_equal(value):
    for copied in (
        copy.copy(value),
        copy.deepcopy(value),
        *(pickle.loads(pickle.dumps(value, protocol)) for protocol in range(2, 6)),
    ):
        assert copied == value
        assert type(copied) is type(value)
        assert repr(copied) == repr(value)
        if not isinstance(value, Document):  # which holds what a loader gave
            assert hash(copied) == hash(value)


@pytest.mark.parametrize("value", VALUES, ids=IDS)
def test_nothing_can_be_changed(value):
    assert not hasattr(value, "__dict__")
    for name in (*(a.name for a in getattr(value, "__attrs_attrs__", ())), "new"):
        with pytest.raises((AttributeError, TypeError)):
            setattr(value, name, "x")
        with pytest.raises((AttributeError, TypeError)):
            delattr(value, name)


@pytest.mark.parametrize("value", VALUES, ids=IDS)
def test_it_differs_from_what_is_no_such_value(value):
    assert value != repr(value)
    assert value != object()
    assert value is not None


def test_every_public_class_was_tried():
    classes = {
        Admission, Candidate, Cluster, Container, Credential, DockerConfig, Image, ImageResolution,
        Keyring, Password, Place, Pod, Problem, PullSecret, Registry, Resolution, ServiceAccount,
        Source,
    }  # fmt: skip
    assert classes <= {type(value) for value in VALUES}
    for each in classes - {Password}:
        assert attrs.has(each)
        assert "__slots__" in vars(each)


def test_what_is_equal_and_what_is_not():
    assert Place("a", 1) != Place("a", 2)
    # Where an object was read is not what it is.
    assert attrs.evolve(SECRET, place=None) == SECRET
    assert hash(attrs.evolve(SECRET, place=None)) == hash(SECRET)
    assert attrs.evolve(POD, place=Place("x")) == POD
    assert attrs.evolve(POD, name="q") != POD
    # The order of a config's entries says nothing to the kubelet.
    entries = dict(CONFIG.auths)
    turned = DockerConfig(dict(reversed(entries.items())))
    assert turned == CONFIG
    assert hash(turned) == hash(CONFIG)
    assert turned.ignored == ()
    assert CONFIG.ignored == (("credsStore",),)
    assert DockerConfig({"quay.io": Credential("u", Password("other"))}) != DockerConfig(
        {"quay.io": Credential("u", Password("p"))}
    )
    assert Image.parse("nginx") == Image.parse("docker.io/library/nginx")
    assert Image.parse("nginx") != Image.parse("nginx:1")
    assert Keyring([SECRET]) == Keyring(iter([SECRET]))
    assert Keyring([SECRET]) != Keyring([SECRET, SECRET])
    assert Keyring([SECRET]) != Keyring([SECRET], CONFIG)


def test_changing_the_source_of_a_config_changes_nothing():
    entries = {"quay.io": Credential("u", Password("p"))}
    config = DockerConfig(entries)
    entries["ghcr.io"] = Credential()
    assert list(config.auths) == ["quay.io"]
    with pytest.raises(TypeError):
        config.auths["x"] = Credential()
    data = SECRET.data
    data.clear()
    assert SECRET.data


def test_evolve_builds_everything_anew():
    other = PullSecret("t")
    evolved = attrs.evolve(CLUSTER, secrets=(other,))
    assert evolved.secret("default", "t") is other
    assert evolved.secret("default", "s") is None
    keyring = attrs.evolve(Keyring([SECRET], CONFIG), secrets=())
    assert [entry.source.kind for entry in keyring.entries] == ["node", "node"]


def test_a_pickled_keyring_answers_alike():
    keyring = Keyring([SECRET], CONFIG)
    read = pickle.loads(pickle.dumps(keyring))
    assert read.resolve("quay.io/a") == keyring.resolve("quay.io/a")
    assert read.entries == keyring.entries
    cluster = pickle.loads(pickle.dumps(CLUSTER))
    assert list(cluster.resolve_all()) == list(CLUSTER.resolve_all())


@pytest.mark.parametrize(
    "error, builtin",
    [
        (InvalidImage("m"), ValueError),
        (InvalidDockerConfig("m", ("auths", "a")), ValueError),
        (InvalidManifest("m"), ValueError),
        (MissingExtra("reading", "cli"), ImportError),
        (NoSuchPath("m"), FileNotFoundError),
    ],
)
def test_errors_are_ours_and_pythons(error, builtin):
    assert isinstance(error, PullsecretsError)
    assert isinstance(error, builtin)
    read = pickle.loads(pickle.dumps(error))
    assert type(read) is type(error)
    assert str(read) == str(error)
    assert vars(read) == vars(error)


def test_an_error_of_a_config_says_where():
    with pytest.raises(InvalidDockerConfig) as error:
        DockerConfig.from_json('{"auths": {"quay.io": {"auth": "!"}}}')
    assert error.value.path == ("auths", "quay.io", "auth")
    assert str(error.value) == "auths['quay.io'].auth is not base64"
    with pytest.raises(InvalidDockerConfig) as error:
        DockerConfig.from_json("{")
    assert error.value.path == ()


def test_a_missing_extra_says_which():
    error = MissingExtra("reading YAML", "cli")
    assert str(error) == "reading YAML needs the extra 'cli': pip install 'pullsecrets[cli]'"
    assert (error.what, error.extra) == ("reading YAML", "cli")


@pytest.mark.parametrize("name", pullsecrets.__all__)
def test_everything_public_is_there_and_described(name):
    public = getattr(pullsecrets, name)
    assert public.__doc__


def test_json_needs_no_password():
    assert json.dumps(attrs.asdict(CONFIG.auths["quay.io"]), default=str) == (
        '{"username": "u", "password": "********", "email": ""}'
    )


class TestImage:
    @pytest.mark.parametrize("text", ["", " nginx", "nginx ", "Nginx", "https://quay.io/a", "a//b"])
    def test_a_bad_one_says_why(self, text):
        with pytest.raises(InvalidImage) as error:
            Image.parse(text)
        assert str(error.value).startswith(f"'{text}' is not an image reference")

    @pytest.mark.parametrize(
        "text, hint",
        [
            ("", "it is empty"),
            (" nginx", "white space around it"),
            ("nginx\n", "white space around it"),
            ("Nginx", "the repository name must be lowercase"),
            ("quay.io/A:x", "the repository name must be lowercase"),
            ("https://quay.io/a", "it begins with a scheme"),
            ("a" * 64, "is an image ID"),
            ("quay.io/" + "a" * 256, "more than 255 characters"),
            ("a@sha256:" + "0" * 63, "digest"),
            ("a." * 3000 + "io/a", "more than 4,096 characters"),
        ],
    )
    def test_it_says_what_is_wrong(self, text, hint):
        with pytest.raises(InvalidImage, match=hint) as error:
            Image.parse(text)
        assert len(str(error.value)) < 250

    def test_no_hint_where_there_is_none(self):
        with pytest.raises(InvalidImage) as error:
            Image.parse("a//b")
        assert str(error.value) == "'a//b' is not an image reference"

    @pytest.mark.parametrize("value", [None, 5, b"nginx", ["nginx"]])
    def test_only_text_is_one(self, value):
        with pytest.raises(InvalidImage, match="is a string, not"):
            Image.parse(value)

    def test_parts(self):
        digest = "sha256:" + "0" * 64
        image = Image.parse(f"index.docker.io/nginx:1.27@{digest}")
        assert (image.name, image.domain, image.path) == (
            "docker.io/library/nginx",
            "docker.io",
            "library/nginx",
        )
        assert (image.tag, image.digest) == ("1.27", digest)
        assert image.familiar == f"nginx:1.27@{digest}"
        assert str(image) == f"docker.io/library/nginx:1.27@{digest}"

    def test_no_domain(self):
        image = Image.parse("my_reg.example.com/a:b")
        assert (image.domain, image.path) == ("", "my_reg.example.com/a")
        assert image.name == str(image).removesuffix(":b") == "my_reg.example.com/a"
        assert image.registry == Registry("my_reg.example.com")


class TestRegistry:
    @pytest.mark.parametrize(
        "text, host, port",
        [
            ("quay.io", "quay.io", ""),
            ("quay.io:443", "quay.io", "443"),
            ("[::1]", "::1", ""),
            ("[::1]:5000", "::1", "5000"),
            ("LOCALHOST:5000", "LOCALHOST", "5000"),
        ],
    )
    def test_parts(self, text, host, port):
        registry = Registry.parse(text)
        assert (registry.host, registry.port) == (host, port)
        assert registry.name == str(registry) == registry.api_host == text
        assert not registry.is_docker_hub

    def test_docker_hub(self):
        registry = Image.parse("nginx").registry
        assert registry.is_docker_hub
        assert registry.name == "docker.io"
        assert registry.api_host == "registry-1.docker.io"
        assert not Registry("docker.io", "443").is_docker_hub


def test_shapes_of_the_contract():
    """Positions and defaults that users rely on."""
    assert Credential() == Credential("", Password(""), "")
    assert Source("secret", "ns", "s") == Source(kind="secret", namespace="ns", name="s")
    assert str(Source("secret", "ns", "s")) == "ns/s"
    assert str(Source("node")) == "node"
    assert str(Place("f", 2)) == "f, document 2"
    assert str(Place(None, 2)) == "document 2"
    assert str(Place("a\nb")) == "a\\nb"
    assert str(Problem("m")) == "m"
    assert str(Problem("m", Place("f", 2))) == "f, document 2: m"
    nothing = Resolution(Image.parse("a"))
    assert nothing.anonymous
    assert nothing.is_deterministic
    assert nothing.tiers == ()
    assert nothing.admission is None
    failed = Resolution("A", failure="why")
    assert not failed.anonymous
    one, other = Credential("a", Password("b")), Credential("a", Password("c"))
    source = Source("node")
    tiers = (
        Candidate(one, source, "x", "x", 0),
        Candidate(one, source, "y", "x", 0),
        Candidate(other, source, "z", "z", 1),
    )
    assert Resolution("a", tiers).tiers == (tiers[:2], tiers[2:])
    assert Resolution("a", tiers).is_deterministic
    assert not Resolution("a", (tiers[0], attrs.evolve(tiers[2], tier=0))).is_deterministic
    assert ImageResolution(POD, "c", "container", "a", "a", nothing).written == "a"
    assert Admission("pod", "default", ("a",)).pull_secrets == ("a",)


def test_importing_the_library_loads_little():
    code = (
        "import sys; before = set(sys.modules); import pullsecrets; "
        "[getattr(pullsecrets, name) for name in pullsecrets.__all__]; "
        "heavy = {'yaml', 'click', 'rich', 'requests', 'urllib3', 'http.client', 'socket', 'ssl', "
        "'hypothesis', 'pytest', 'kubernetes'}; "
        "print(sorted(heavy & (set(sys.modules) - before)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (result.stdout.strip(), result.stderr) == ("[]", "")
