"""The public classes are values: frozen, slotted, comparable, hashable, picklable, copyable."""

from __future__ import annotations

import copy
import json
import pickle

import attrs
import pytest

import pullsecrets
from pullsecrets import (
    Candidate,
    Cluster,
    Credential,
    DockerConfig,
    Image,
    ImageResolution,
    InvalidDockerConfig,
    InvalidImage,
    Keyring,
    Note,
    Password,
    Pod,
    PodResolution,
    PullSecret,
    PullsecretsError,
    Resolution,
    ServiceAccount,
    explain,
    explain_pod,
)
from pullsecrets.dockerconfig import Auths
from pullsecrets.errors import MissingExtra
from pullsecrets.explanation import EntryTrace, Explanation, PodExplanation, SecretTrace
from pullsecrets.fields import InvalidManifest
from pullsecrets.handover import NothingToHandOver
from pullsecrets.keyring import KeyringEntry
from pullsecrets.matching import Pattern
from pullsecrets.metadata import Place
from pullsecrets.node.relevance import EffectivePolicy, Relevance
from pullsecrets.notes import NoteCode
from pullsecrets.objects import Container
from pullsecrets.pod_resolution import Admission, Origin
from pullsecrets.reading import Document, NoSuchPath, Problem, ProblemCode, Unreadable
from pullsecrets.registries import Registry
from pullsecrets.resolution import Source, SourceKind
from pullsecrets.secrecy import EntryText, HiddenBytes, HiddenText, ImageText

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
PROBLEM = Problem(ProblemCode.NO_KIND, "m", Place("f", 1))
CLUSTER = Cluster(
    (POD,),
    (ServiceAccount("default"),),
    (SECRET,),
    CONFIG,
    (Problem(ProblemCode.NO_KIND, "m", Place("f", 1)),),
)
ANSWER = CLUSTER.resolve(POD)
(IMAGE,) = ANSWER.images
EXPLAINED = explain_pod(CLUSTER, POD)

VALUES = [
    CONFIG,
    CONFIG.auths["quay.io"],
    SECRET,
    POD,
    POD.containers[0],
    CLUSTER,
    ANSWER,
    ANSWER.admission,
    IMAGE,
    IMAGE.resolution,
    IMAGE.resolution.candidates[0],
    IMAGE.resolution.candidates[0].source,
    EXPLAINED,
    EXPLAINED[0],
    EXPLAINED[0].secrets[0],
    EXPLAINED[0].entries[0],
    Note(NoteCode.DROPPED_ENTRY, "ns", "s", entry=EntryText("a b"), detail="why"),
    CONFIG.auths,
    Keyring([SECRET]).entries[0],
    ServiceAccount("a", "b", ("c", ""), ("d",), place=Place("f")),
    Keyring([SECRET, SECRET], CONFIG),
    Image.parse("quay.io/a:b@sha256:" + "0" * 64),
    Image.parse("nginx").registry,
    Place("f", 1),
    CLUSTER.problems[0],
    Document({"a": 1}, Place()),
    Password("p"),
    HiddenBytes(b"p"),
    HiddenText("p"),
    EntryText("quay.io"),
    ImageText("quay.io/a"),
    Pattern.parse("*.io/a"),
]
IDS = [type(value).__name__ for value in VALUES]


@pytest.mark.parametrize("value", VALUES, ids=IDS)
def test_copies_and_pickles_are_equal(value):
    for copied in (
        copy.copy(value),
        copy.deepcopy(value),
        *(pickle.loads(pickle.dumps(value, protocol)) for protocol in (4, 5)),
    ):
        assert copied == value
        assert type(copied) is type(value)
        assert repr(copied) == repr(value)
        if not isinstance(value, (Auths, Document)):  # a mapping, and what a loader gave
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
        Admission, Auths, Candidate, Cluster, Container, Credential, DockerConfig, EntryText,
        EntryTrace, Explanation, Image, ImageResolution, ImageText, Keyring, KeyringEntry, Note,
        Password, Place, Pod, PodExplanation, PodResolution, Problem, PullSecret, Registry,
        Resolution, SecretTrace, ServiceAccount, Source,
    }  # fmt: skip
    assert classes <= {type(value) for value in VALUES}
    for each in classes - {Auths, EntryText, ImageText, Password}:
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
        (InvalidImage(ImageText("A"), "why"), ValueError),
        (InvalidDockerConfig("m", ("auths", EntryText("a"))), ValueError),
        (InvalidManifest("is odd", ("spec", 0)), ValueError),
        (Unreadable((Problem(ProblemCode.NO_KIND, "m"),)), ValueError),
        (NothingToHandOver(Note(NoteCode.INVALID_IMAGE, image=ImageText("A"))), ValueError),
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
    assert public.__name__ == name
    assert name in dir(pullsecrets)


def test_json_needs_no_password():
    assert json.dumps(attrs.asdict(CONFIG.auths["quay.io"]), default=str) == (
        '{"username": "u", "password": "********", "email": "", "has_token": false}'
    )


def test_shapes_of_the_contract():
    """Positions and defaults that users rely on."""
    assert Credential() == Credential("", Password(""), "")
    assert Credential("u", "p") == Credential("u", Password("p"))
    assert Source("secret", "ns", "s") == Source(kind="secret", namespace="ns", name="s")
    assert str(Source(SourceKind.SECRET, "ns", "s")) == "ns/s"
    assert str(Source(SourceKind.NODE)) == "node"
    assert str(Place("f", 2)) == "f, document 2"
    assert str(Place(None, 2)) == "document 2"
    assert str(Place("a\nb")) == "a\\nb"
    problem = Problem(ProblemCode.NO_KIND, "m")
    assert str(problem) == "m"
    assert str(attrs.evolve(problem, place=Place("f", 2))) == "f, document 2: m"
    assert str(attrs.evolve(problem, path=("items", 1))) == "items[1]: m"
    nothing = Resolution(Image.parse("a"), ImageText("a"))
    assert nothing.anonymous
    assert nothing.is_deterministic
    assert nothing.tiers == ()
    assert nothing.notes == ()
    failed = Resolution(None, ImageText("A"), failure=Note(NoteCode.INVALID_IMAGE))
    assert not failed.anonymous
    one, other = Credential("a", "b"), Credential("a", "c")
    source = Source(SourceKind.NODE)
    x, y, z = map(EntryText, "xyz")
    tiers = (
        Candidate(one, source, x, x, 0, 0),
        Candidate(one, source, y, x, 0, 0),
        Candidate(other, source, z, z, 1, 0),
    )
    found = attrs.evolve(nothing, candidates=tiers)
    assert found.tiers == (tiers[:2], tiers[2:])
    assert found.is_deterministic
    mixed = attrs.evolve(found, candidates=(tiers[0], attrs.evolve(tiers[2], tier=0)))
    assert not mixed.is_deterministic
    container = Container("c", "a")
    policy = EffectivePolicy("Always", Relevance.ALWAYS)
    assert ImageResolution(container, nothing, policy).container.image == "a"
    admission = Admission(Origin.POD, "default", ("a",))
    assert admission.pull_secrets == ("a",)
    assert PodResolution(POD, admission, (), ()).failure is None
    assert explain("a", []).container is None
