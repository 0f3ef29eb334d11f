"""Diagnoses over drawn clusters: nothing raises, each points at a place, no password shows."""

from __future__ import annotations

import json

from drawn import CANARIES, at, clusters, nodes
from hypothesis import given, settings

from pullsecrets import Cluster, DockerConfig, Image, check
from pullsecrets._go.url import BadURL
from pullsecrets.spelling import is_sound, unmatchable
from pullsecrets.diagnoses import CATALOGUE
from pullsecrets.diagnoses.formats import to_github, to_json, to_sarif
from pullsecrets.keyring import normalise, pattern_matches
from pullsecrets.secrecy import printable

IMAGE_CODES = ("PS502", "PS503", "PS504", "PS505")
# Fields that have a default, so that a manifest need not write them.
DEFAULTED = {"serviceAccountName": "default"}


@settings(max_examples=300, deadline=None)
@given(clusters, nodes)
def test_drawn_clusters(manifests, node):
    config = None if node is None else DockerConfig.from_json(json.dumps({"auths": node}))
    cluster = Cluster.from_manifests(manifests, node=config)
    found = check(cluster)
    for each in found:
        value = at(manifests[each.where.document - 1], each.where)
        ignored = manifests[each.where.document - 1]["metadata"].get("annotations", {})
        assert each.code not in ignored.get("pullsecrets/ignore", "")
        if each.where.field.endswith(("image", "reference")) and each.code in IMAGE_CODES:
            name = Image.parse(value).name
            assert pattern_matches(normalise(each.replacement), name)
        elif each.replacement is not None and each.code != "PS309":
            assert is_sound(normalise(each.replacement)) or each.code == "PS305"
    shown = json.dumps([to_json(found), to_sarif(found, lambda where: 1), found.to_records()])
    shown += repr(found) + "".join(map(repr, found)) + "\n".join(to_github(found, lambda where: 1))
    assert not any(canary in shown for canary in CANARIES)
    assert all(printable(t) == t for each in found for t in (each.message, each.advice))


@settings(max_examples=100, deadline=None)
@given(clusters)
def test_the_order_of_the_input_makes_no_difference_to_what_is_found(manifests):
    """Apart from which of two objects with one name counts, which is the last."""
    named = {
        (m["kind"], m["metadata"].get("namespace"), m["metadata"]["name"]): m for m in manifests
    }
    unique = list(named.values())

    def of(manifests):
        return sorted(
            (d.code, d.severity.value, d.where.kind, d.where.namespace, d.where.name, d.where.field)
            for d in check(Cluster.from_manifests(manifests))
            if d.code not in ("PS103", "PS111")  # these name one secret of several
        )

    assert of(unique) == of(unique[::-1])


@settings(max_examples=100, deadline=None)
@given(clusters)
def test_what_is_ignored_is_all_that_goes(manifests):
    cluster = Cluster.from_manifests(manifests)
    found = check(cluster)
    for code in {each.code for each in found}:
        rest = check(cluster, ignore=[code])
        assert list(rest) == [each for each in found if each.code != code]
    assert not check(cluster, ignore=CATALOGUE)


def test_no_image_matches_a_key_that_is_called_unmatchable():
    """`unmatchable` says so of a key: against every image of the drawn ones, with every key."""
    from drawn import ENTRIES, IMAGES

    from pullsecrets import InvalidImage

    names = []
    for image in IMAGES:
        try:
            names.append(Image.parse(image).name)
        except InvalidImage:
            continue
    assert len(names) > 10
    some = 0
    for entry in ENTRIES:
        try:
            key = normalise(entry)
        except BadURL:
            continue
        if unmatchable(key) is not None:
            some += 1
            assert not any(pattern_matches(key, name) for name in names)
    assert some > 5
