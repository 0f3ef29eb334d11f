"""The trace: each reason with what shows it, and that it cannot drift from `resolve`."""

from __future__ import annotations

import json
import pickle
from datetime import UTC, datetime

import pytest
from hypothesis import given

from pullsecrets import Cluster, DockerConfig, Image, Keyring, PullSecret, explain, resolve
from pullsecrets.explanation import PodExplanation, Reason
from pullsecrets.node.answers import ProviderAnswer
from pullsecrets.node.node import Node
from pullsecrets.node.plugins import Provider
from pullsecrets.node.provider_config import Providers
from pullsecrets.notes import NoteCode
from pullsecrets.pod_resolution import Origin
from pullsecrets.resolution import SourceKind
from pullsecrets.testing import pod
from pullsecrets.trace import explain_all, explain_pod
from support.drawn import clusters, nodes
from support.effort import examples
from support.made import pod_manifest as made_pod
from support.made import secret_manifest as made_secret


def secret(auths, name="regcred", kind="kubernetes.io/dockerconfigjson"):
    return PullSecret.from_manifest(made_secret(name, auths=auths, kind=kind))


def login(user="user"):
    return {"username": user, "password": "pass"}


def codes(explanation):
    return [each.note and each.note.code for each in explanation.secrets]


def verdict(image, entry):
    [found] = explain(image, [secret({entry: login()})]).entries
    return found


@pytest.mark.parametrize(
    "image, entry, reason, theirs, images",
    [
        ("quay.io/a/b", "quay.io:443", Reason.PORT, "443", "none"),
        ("quay.io:443/a/b", "quay.io", Reason.PORT, "none", "443"),
        ("a.quay.io/b/c", "*.a.quay.io", Reason.LABEL_COUNT, "4 in *.a.quay.io", "3 in a.quay.io"),
        ("quay.io/a/b", "Quay.io", Reason.LABEL, "Quay", "quay"),
        ("registry.acme.io/a", "regsitry.acme.io", Reason.LABEL, "regsitry", "registry"),
        ("acme.quay.io/a", "quay.io/a", Reason.LABEL_COUNT, "2 in quay.io", "3 in acme.quay.io"),
        # Whatever else differs, it is for another registry.
        ("quay.io/a/b", "ghcr.io", Reason.REGISTRY, "ghcr.io", "quay.io"),
        ("quay.io/a/b", "*.com", Reason.REGISTRY, "*.com", "quay.io"),
        ("quay.io/a/b", "ghcr.io/c", Reason.REGISTRY, "ghcr.io", "quay.io"),
        ("quay.io/a/b", "ghcr.io:443", Reason.REGISTRY, "ghcr.io:443", "quay.io"),
        (
            "localhost:5000/a",
            "registry.acme.io",
            Reason.REGISTRY,
            "registry.acme.io",
            "localhost:5000",
        ),
        ("gcr.io/a/b", "ghcr.io", Reason.REGISTRY, "ghcr.io", "gcr.io"),
        ("quay.io/a/b", "quay.io/c", Reason.PATH, "/c", "/a/b"),
        ("nginx", "docker.io/acme", Reason.PATH, "/acme", "/library/nginx"),
    ],
)
def test_what_does_not_match_is_told(image, entry, reason, theirs, images):
    found = verdict(image, entry)
    assert (found.reason, found.in_key, found.in_image) == (reason, theirs, images)
    assert found.number is None
    assert theirs in found.sentence
    assert images in found.sentence


@pytest.mark.parametrize(
    "image, entry, words",
    [
        ("quay.io/a/b", "oci://quay.io", "scheme"),
        ("quay.io/a/b", "quay.io/a/*", "globs"),
        ("quay.io/a/b", "quay.io/a/b:1", "tag"),
        ("quay.io/a/b", "quay.io/A", "capital"),
        ("quay.io/a/b", "quay.io/a//b", "no image's name has such a path"),
        ("quay.io/a/b", "/a", "names no host"),
        ("quay.io/a/b", "quay", "neither a dot nor a port"),
        ("quay.io/a/b", "quay..io", "between its dots"),
        ("quay.io/a/b", "quay.io/%25zz", "asked a second time"),
        ("nginx", "registry-1.docker.io", "https://index.docker.io/v1/"),
    ],
)
def test_a_spelling_that_matches_no_image_is_named(image, entry, words):
    found = verdict(image, entry)
    assert found.reason is Reason.SPELLING
    assert words in found.sentence


@pytest.mark.parametrize(
    "entry", ["localhost", "*", "[::1]:5000", "my_reg.example.com", "quay:5000"]
)
def test_a_spelling_that_matches_some_image_is_not_blamed(entry):
    assert verdict("quay.io/a/b", entry).reason is not Reason.SPELLING


def test_docker_hubs_own_host_is_not_blamed_for_other_registries():
    assert verdict("quay.io/a/b", "registry-1.docker.io").reason is Reason.REGISTRY
    assert verdict("registry-1.docker.io/a/b", "registry-1.docker.io").number == 1


def test_an_entry_that_go_cannot_parse_is_dropped():
    found = verdict("quay.io/a/b", " quay.io")
    assert (found.reason, found.key) == (Reason.DROPPED, None)
    assert found.sentence.startswith("dropped, as Go cannot parse it: ")


def test_an_image_that_gos_url_parser_refuses_gets_nothing():
    found = verdict(Image("[:::]:5000", "a"), "[::1]:5000")
    assert found.reason is Reason.SPELLING
    assert "the image's name" in found.sentence


def test_docker_hubs_entry_is_shadowed_by_one_that_matches():
    hub = {"https://index.docker.io/v1/": login("hub"), "docker.io": login("domain")}
    shadowed, other = explain("nginx", [secret(hub)]).entries
    assert (shadowed.reason, other.number) == (Reason.SHADOWED, 1)
    assert shadowed.sentence == "shadowed: 'docker.io' of default/regcred matches by itself"
    [alone] = explain("nginx", [secret({"index.docker.io": login()})]).entries
    assert alone.number == 1
    [elsewhere] = explain("quay.io/a/b", [secret({"index.docker.io": login()})]).entries
    assert elsewhere.reason is Reason.REGISTRY


def test_each_keyring_shadows_by_itself():
    node = DockerConfig.from_json('{"auths": {"index.docker.io": {}}}')
    found = explain("nginx", [secret({"docker.io": login()})], node)
    assert [entry.number for entry in found.entries] == [1, 2]
    assert found.secrets[-1].source.kind is SourceKind.NODE
    assert found.secrets[-1].position is None


def test_a_secret_that_does_not_decode_takes_the_others_with_it():
    good, bad = secret({"quay.io": login()}, "good"), secret({"ghcr.io": {"auth": "?"}}, "bad")
    node = DockerConfig.from_json('{"auths": {"quay.io": {}}}')
    found = explain("quay.io/a/b", [good, bad], node)
    assert codes(found) == [None, NoteCode.UNDECODABLE_SECRET, None]
    assert found.secrets[1].note == found.resolution.failure
    assert {entry.reason for entry in found.entries} == {Reason.FAILED}
    assert len(found.entries) == 2
    assert found.headline == str(found.resolution.failure)


def test_a_bad_image_asks_nobody():
    found = explain("quay.io/UPPER/case", [secret({"quay.io": login()})])
    assert found.resolution.image is None
    assert [entry.reason for entry in found.entries] == [Reason.FAILED]


def test_skipped_and_empty_secrets_say_so():
    found = explain(
        Image.parse("quay.io/a/b"),
        [secret({}, "none"), secret({"quay.io": {}}, "generic", "Opaque")],
    )
    assert codes(found) == [None, NoteCode.WRONG_TYPE]
    assert found.secrets[0].message == "holds no entry"
    assert found.secrets[1].message == "is skipped: its type is 'Opaque'"
    assert found.resolution.written == "quay.io/a/b"


def test_headlines():
    assert explain("nginx", []).headline == "pulled anonymously: there is no credential to try"
    one = explain("nginx", [secret({"quay.io": login()})])
    assert one.headline == "pulled anonymously: the only entry does not match"
    two = explain("nginx", [secret({"quay.io": login(), "ghcr.io": login()})])
    assert two.headline == "pulled anonymously: none of 2 entries matches"
    assert explain("quay.io/a", [secret({"quay.io": login()})]).headline == "1 candidate"
    both = explain("quay.io/a", [secret({"quay.io": login("a"), "https://quay.io": login("b")})])
    assert both.headline == "2 candidates, partly in no defined order"


def pod_manifest(**spec):
    return made_pod(image="quay.io/a/b", spec=spec)


def secret_manifest(name, namespace="default", auths=None):
    return made_secret(name, namespace=namespace, auths=auths or {"quay.io": login()})


def test_references_that_lead_nowhere():
    names = [{"name": "a"}, {}, {"name": "gone"}, {"name": "away"}, {"name": "a"}]
    cluster = Cluster.from_manifests(
        [
            pod_manifest(imagePullSecrets=names),
            secret_manifest("a"),
            secret_manifest("away", "other"),
            secret_manifest("unrelated"),
        ]
    )
    found = explain_pod(cluster, cluster.pods[0])
    assert isinstance(found, PodExplanation)
    [image] = found
    assert found[0] is image
    assert len(found) == 1
    assert found[:1] == (image,)
    assert codes(image) == [
        None,
        NoteCode.NAMELESS_REFERENCE,
        NoteCode.MISSING_SECRET,
        NoteCode.MISSING_SECRET,
        None,
    ]
    assert [note.position for note in found.notes[:3]] == [1, 2, 3]
    assert [each.note for each in image.secrets[1:4]] == list(found.notes[:3])
    assert [entry.number for entry in image.entries] == [1, 2]
    assert [each.position for each in image.secrets] == [0, 1, 2, 3, 4]
    assert found.admission.origin is Origin.POD
    assert found.resolution == cluster.resolve(cluster.pods[0])
    assert len(found.notes) == 4
    assert image.container == cluster.pods[0].containers[0]
    assert found.pod is cluster.pods[0]
    assert pickle.loads(pickle.dumps(found)) == found


def test_a_list_whose_last_secret_is_missing():
    names = [{"name": "gone"}]
    cluster = Cluster.from_manifests([pod_manifest(imagePullSecrets=names)])
    [image] = explain_pod(cluster, cluster.pods[0])
    assert codes(image) == [NoteCode.MISSING_SECRET]


def test_a_pod_without_images():
    cluster = Cluster.from_manifests([{"kind": "Pod", "metadata": {"name": "p"}}])
    found = explain_pod(cluster, cluster.pods[0])
    assert (found.images, found.to_records()) == ((), [])
    assert found.admission.pull_secrets == ()


def test_a_trace_shows_no_password():
    found = explain("quay.io/a", [secret({"https://u:hunter2@quay.io": login(), "x:hunter2@": {}})])
    assert "hunter2" not in repr(found)
    assert "hunter2" not in str(found.to_records())


def test_a_list_that_serves_many_images():
    containers = [{"name": f"c{n}", "image": f"quay.io/a/b{n // 2 % 5}"} for n in range(20)]
    cluster = Cluster.from_manifests(
        [
            pod_manifest(containers=containers, imagePullSecrets=[{"name": "s"}]),
            secret_manifest("s", auths={"quay.io/a/b3": login(), "quay.io": login()}),
        ]
    )
    [found] = explain_all(cluster)
    assert [len(each.candidates) for each in found] == [1, 1, 1, 1, 1, 1, 2, 2, 1, 1] * 2
    for each in found:
        assert_is_the_resolution(each)


def assert_is_the_resolution(explanation):
    resolution = explanation.resolution
    assert [
        (entry.source, entry.entry, entry.key, entry.username, entry.tier, entry.number)
        for entry in explanation.candidates
    ] == [
        (c.source, c.entry, c.key, c.credential.username, c.tier, number)
        for number, c in enumerate(resolution.candidates, 1)
    ]
    for entry in explanation.entries:
        assert (entry.reason is None) == (entry.number is not None)
        assert entry.sentence


@examples(300)
@given(clusters, nodes)
def test_the_candidates_are_those_of_resolve(manifests, node):
    config = None if node is None else DockerConfig.from_json(json.dumps({"auths": node}))
    cluster = Cluster.from_manifests(manifests, node=config)
    assert len(list(explain_all(cluster))) == len(cluster.pods)
    answers = cluster.resolve_all()
    for explained in explain_all(cluster):
        assert explained == explain_pod(cluster, explained.pod)
        assert explained.resolution == next(answers)
        for explanation, image in zip(explained, explained.resolution.images, strict=True):
            assert (explanation.container, explanation.resolution) == (
                image.container,
                image.resolution,
            )
            assert_is_the_resolution(explanation)
    for image in ("quay.io/acme/api", "nginx", "registry.example.com:5000/x"):
        explanation = explain(image, cluster.secrets, config)
        assert explanation.resolution == resolve(image, cluster.secrets, config)
        assert_is_the_resolution(explanation)
        keyring = Keyring(cluster.secrets, config)
        if keyring.failure is None:
            assert [e.entry for e in explanation.entries] == [e.entry for e in keyring.entries]


def test_traces_are_right_however_many_images_there_are():
    """Also when those of an image were let go in between."""
    listed = secret({"quay.io/a/b3": login(), "quay.io": login()})
    images = [f"quay.io/a/b{number}" for number in (*range(40), 3)]
    pods = tuple(
        pod(f"p{n}", images=[image], pull_secrets=[listed.name]) for n, image in enumerate(images)
    )
    found = list(explain_all(Cluster(pods, secrets=(listed,))))
    assert len(found) == len(images)
    for each, image in zip(found, images, strict=True):
        assert each[0].secrets == explain(image, [listed]).secrets


def test_each_credential_provider_has_a_note_or_its_entries():
    names = ("answers", "silent", "refused", "elsewhere")
    providers = [Provider(name, ("quay.io",)) for name in names[:3]]
    gives = {"quay.io/acme": ("robot", "p"), "ghcr.io": ("other", "p")}
    answers = {
        "answers": ProviderAnswer.from_credentials(gives),
        "refused": ProviderAnswer.from_credentials(gives, cache_key_type="registry"),
    }
    plugins = Providers((*providers, Provider("elsewhere", ("gcr.io",))), "1.33")
    found = explain("quay.io/acme/api", [], Node("1.33", None, plugins, answers))
    assert [(each.source.kind, each.source.name) for each in found.secrets] == [
        (SourceKind.PROVIDER, name) for name in names
    ]
    assert codes(found) == [
        None,
        NoteCode.PROVIDER_UNKNOWN,
        NoteCode.PROVIDER_REFUSED,
        NoteCode.PROVIDER_NOT_ASKED,
    ]
    assert [(str(e.entry), e.number, e.username) for e in found.entries] == [
        ("quay.io/acme", 1, "robot"),
        ("ghcr.io", None, "other"),
    ]
    _, silent, refused, elsewhere = found.secrets
    assert silent.message == "is asked, by its pattern 'quay.io'; what it answers is not known"
    assert refused.message.startswith("gives nothing, as its answer is refused: ")
    assert "cacheKeyType" in refused.message
    assert elsewhere.message.startswith("is not asked: no pattern matches the image")
    assert all(each.entries == () for each in (silent, refused, elsewhere))
    assert (
        found.headline
        == "1 candidate, and what credential provider silent gives, which is not known"
    )


JWT = "e30.eyJleHAiOiAxNzY3MjY4ODAwfQ.x"  # until 2026-01-01 12:00 UTC


def test_a_candidate_that_cannot_work_has_no_plain_mark():
    entries = {"quay.io": login(), "quay.io/a": {}, "https://quay.io/a/": {"username": "u "}}
    found = explain("quay.io/a/b", [secret(entries)])
    assert [(e.number, [f.code for f in e.inspected.flaws]) for e in found.candidates] == [
        (1, ["PS402", "PS401"]),
        (2, ["PS403"]),
        (3, []),
    ]
    assert [each.sentence for each in found.candidates] == [
        (
            "candidate 1, but the password is empty (PS402), and the user name ends in white space "
            "(PS401)"
        ),
        "candidate 2, but the entry is empty, and still counts as a match (PS403)",
        "candidate 3",
    ]
    lines = list(found.table().lines())
    assert any("✓ 3" in line for line in lines)
    assert not any("✓ 2" in line for line in lines)
    assert any("! 2" in line for line in lines)


def test_a_token_has_expired_at_a_moment_that_is_given():
    expiring = secret({"quay.io": {"username": "u", "password": JWT}})
    found = explain("quay.io/a/b", [expiring])
    before, after = (datetime(2026, 1, day, tzinfo=UTC) for day in (1, 4))
    for at in (None, before):
        assert any("✓ 1" in line for line in found.table(at=at).lines())
    [line] = [line for line in found.table(at=after).lines() if "! 1" in line]
    assert "candidate 1, but the password expired 2 days ago (PS408)" in line
    asking = pod("p", images=["quay.io/a/b"], pull_secrets=["regcred"])
    cluster = Cluster((asking,), (), (expiring,))
    explained = explain_pod(cluster, asking)
    assert "(PS408)" in "".join(explained.table(at=after).lines())
    assert "(PS408)" not in "".join(explained.table().lines())
    resolved = cluster.resolve(asking)
    assert [row["flaw"] for row in resolved.table(at=after).records()] == ["PS408"]
    assert [row["flaw"] for row in resolved.table(at=before).records()] == [None]
    assert "! PS408" in "".join(resolved.table(at=after).lines())
