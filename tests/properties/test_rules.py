"""The package against the plain reading of the rules in `plain_rules`, on drawn inputs."""

from __future__ import annotations

import json
from collections import Counter

from hypothesis import event, example, given
from hypothesis import strategies as st

from pullsecrets import (
    Cluster,
    Credential,
    DockerConfig,
    Image,
    InvalidDockerConfig,
    InvalidImage,
    Keyring,
    PullSecret,
    load,
    pattern_matches,
    resolve,
)
from pullsecrets.matching import normalise
from pullsecrets.notes import NoteCode
from support import plain_rules, worlds
from support.effort import examples


def parsed_name(text):
    try:
        return Image.parse(text).name
    except InvalidImage:
        return None


def decoded(text, *, legacy=False):
    try:
        return (DockerConfig.from_legacy_json if legacy else DockerConfig.from_json)(text)
    except InvalidDockerConfig:
        return None


def plainly_decoded(data, *, legacy=False):
    try:
        return plain_rules.decode_config(data, legacy=legacy)
    except plain_rules.Undecodable:
        return None


def as_rows(config):
    return config and [
        (entry, c.username, c.password.reveal(), c.email) for entry, c in config.auths.items()
    ]


def tiers(resolution):
    return [
        [
            (
                c.source.name,
                c.entry,
                c.key,
                c.credential.username,
                c.credential.password.reveal(),
                c.credential.email,
            )
            for c in tier
        ]
        for tier in resolution.tiers
    ]


@examples(300)
@given(worlds.images())
def test_image(text):
    assert parsed_name(text) == plain_rules.image_name(text)


@examples(300)
@given(worlds.entries())
def test_key(entry):
    config = DockerConfig.from_json(json.dumps({"auths": {entry: {}}}))
    (read,) = Keyring([], config).entries
    assert read.key == plain_rules.key_of(entry)
    assert (read.dropped is None) is (read.key is not None)
    if read.key is not None:
        assert normalise(entry) == read.key


@examples(600)
@given(worlds.pools.flatmap(lambda pool: st.tuples(worlds.entries(pool), worlds.images(pool))))
def test_match(drawn):
    pattern, text = drawn
    pattern = pattern.removeprefix("https://").removeprefix("http://")
    name = plain_rules.image_name(text) or text
    expected = plain_rules.matches(pattern, name)
    event(f"matches: {expected}")
    assert pattern_matches(pattern, name) is expected


@examples(300)
@given(
    st.booleans().flatmap(lambda legacy: st.tuples(st.just(legacy), worlds.configs(legacy=legacy)))
)
def test_config(drawn):
    legacy, text = drawn
    expected = plainly_decoded(text.encode(), legacy=legacy)
    event(f"decodes: {expected is not None}")
    config = decoded(text, legacy=legacy)
    assert (config is None) is (expected is None)
    if config is not None:
        assert as_rows(config) == expected  # in the document's order
        assert decoded(text.encode(), legacy=legacy) == config


@examples(400)
@given(st.data())
def test_lookup(data):
    """Any order of secrets, repeated ones included, for one image."""
    pool = data.draw(worlds.pools)
    configs = worlds.configs(pool, broken=False)
    texts = data.draw(st.lists(configs, min_size=1, max_size=4))
    order = data.draw(st.lists(st.integers(0, len(texts) - 1), min_size=1, max_size=4))
    node = data.draw(st.one_of(st.none(), st.none(), configs))
    image = data.draw(worlds.images(pool))
    secrets = [
        PullSecret.from_manifest(
            {
                "metadata": {"name": f"s{number}"},
                "type": worlds.DOCKERCONFIGJSON,
                "stringData": {".dockerconfigjson": text},
            }
        )
        for number, text in enumerate(texts)
    ]
    listed = [secrets[number] for number in order]
    of_node = None if node is None else DockerConfig.from_json(node)
    resolution = resolve(image, listed, of_node)
    name = plain_rules.image_name(image)
    if name is None:
        assert resolution.failure is not None
        assert resolution.candidates == ()
        return
    configs = [(f"s{n}", plain_rules.decode_config(texts[n].encode(), legacy=False)) for n in order]
    node_rows = [] if node is None else plain_rules.decode_config(node.encode(), legacy=False)
    expected = plain_rules.lookup(configs, name) + plain_rules.lookup([(None, node_rows)], name)
    event(f"tiers: {min(len(expected), 4)}")
    assert tiers(resolution) == expected
    assert resolution.anonymous is (not expected)
    assert [c.tier for c in resolution.candidates] == sorted(
        number for number, tier in enumerate(expected) for _ in tier
    )
    different = [len({row[3:5] for row in tier}) > 1 for tier in expected]
    assert resolution.is_deterministic is not any(different)
    # The same from a keyring that has already answered for other images.
    keyring = Keyring(listed, of_node)
    keyring.resolve("nginx")
    assert keyring.resolve(image) == resolution
    assert keyring.resolve(Image.parse(image)).candidates == resolution.candidates


# How the plain rules name what is passed over.
WORDS = {
    NoteCode.MISSING_ACCOUNT: "refuses",
    NoteCode.ASSUMED_ACCOUNT: "assumed",
    NoteCode.NAMELESS_REFERENCE: "no name",
    NoteCode.MISSING_SECRET: "not among",
    NoteCode.REPEATED_SECRET: "more than once",
    NoteCode.WRONG_TYPE: "skipped",
    NoteCode.NO_VALUE: "skipped",
    NoteCode.EMPTY_VALUE: "skipped",
    NoteCode.DROPPED_ENTRY: "dropped",
}


def said(note):
    """A note as the plain rules have it."""
    if note.code is NoteCode.STATIC_POD_REFUSED:
        return "static pod", ""
    if note.code is NoteCode.NAMELESS_REFERENCE:
        return "no name", f"[{note.position}]"
    return WORDS[note.code], "node" if note.name is None else f"{note.namespace}/{note.name}"


def check_world(cluster, expected):
    """Each answer, field by field."""
    found = [(answer, image) for answer in cluster.resolve_all() for image in answer.images]
    assert len(found) == len(expected)
    for (answer, image), plain in zip(found, expected, strict=True):
        resolution, container = image.resolution, image.container
        event(f"failure: {resolution.failure is not None}, tiers: {min(len(plain['tiers']), 3)}")
        assert (answer.pod.kind, answer.pod.namespace, answer.pod.name) == plain["pod"]
        assert (container.name, container.kind, resolution.written) == (
            plain["container"],
            plain["kind"],
            plain["image"],
        )
        assert (resolution.image and resolution.image.name) == plain["name"]
        admission = answer.admission
        assert (admission.origin, list(admission.pull_secrets)) == (plain["origin"], plain["used"])
        # A static pod has no service account.
        is_static = plain["origin"] == "mirror-pod"
        assert admission.service_account == (None if is_static else plain["account"])
        failure = resolution.failure
        if plain["failure"] is None:
            assert failure is None
        elif plain["name"] is not None:
            assert failure.code is NoteCode.UNDECODABLE_SECRET
            assert f"{failure.namespace}/{failure.name}" == plain["failure"]
        else:
            assert failure.code is NoteCode.INVALID_IMAGE
        assert tiers(resolution) == plain["tiers"]
        assert resolution.anonymous is (plain["failure"] is None and not plain["tiers"])
        assert Counter(map(said, answer.notes)) == Counter(plain["warnings"])


@examples(250)
@given(
    worlds.worlds(),
    st.sampled_from(["default", "other"]),
    st.one_of(st.none(), st.none(), worlds.configs()),
)
def test_world(manifests, namespace, node):
    """Pods, service accounts and secrets as manifests: admission, lists, order, warnings."""
    cluster = Cluster.from_manifests(
        manifests, namespace=namespace, node=None if node is None else decoded(node)
    )
    assert not [problem for problem in cluster.problems if problem.error]
    expected = plain_rules.resolve_world(
        manifests, namespace, None if node is None else node.encode()
    )
    check_world(cluster, expected)
    assert list(map(cluster.resolve, cluster.pods)) == list(cluster.resolve_all())


@examples(40)
@given(worlds.worlds(), st.sampled_from(["yaml", "json", "flow"]))
def test_world_from_a_file(tmp_path_factory, manifests, form):
    """The same through text: one file of documents."""
    import yaml

    if form == "json":
        text = "\n".join(json.dumps(manifest) for manifest in manifests)
    else:
        text = yaml.safe_dump_all(manifests, default_flow_style=form == "flow", sort_keys=False)
    file = tmp_path_factory.mktemp("world") / f"world.{form}"
    file.write_text(text, "utf-8")
    cluster = load(file)
    assert not [problem for problem in cluster.problems if problem.error]
    check_world(cluster, plain_rules.resolve_world(manifests, "default", None))


@examples(60)
@given(worlds.worlds())
def test_objects_say_what_they_were_read_from(manifests):
    """`to_manifest` gives what reads as the same object again."""
    cluster = Cluster.from_manifests(manifests)
    everything = (*cluster.pods, *cluster.service_accounts, *cluster.secrets)
    for read in everything:
        assert type(read).from_manifest(read.to_manifest()) == read


@example("quay.io", "quay.io/a")
@examples(100)
@given(st.text(), st.text())
def test_any_text_can_be_asked_about(pattern, target):
    """Neither a pattern nor a name can be so odd that it raises."""
    assert pattern_matches(pattern, target) in (True, False)
    node = DockerConfig({pattern: Credential("u", "p")})
    resolution = resolve(target, [], node)
    assert (resolution.image is None) is (resolution.failure is not None)
