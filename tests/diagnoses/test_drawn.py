"""Diagnoses over drawn clusters: nothing raises, each points at a place, no password shows."""

from __future__ import annotations

import json
from base64 import b64decode

from hypothesis import given

from pullsecrets import Cluster, DockerConfig, Image, InvalidImage, check
from pullsecrets._go.url import BadURL
from pullsecrets.diagnoses import CATALOGUE
from pullsecrets.diagnoses.formats import to_github, to_json, to_sarif
from pullsecrets.fields import format_path
from pullsecrets.matching import normalise, pattern_matches
from pullsecrets.secrecy import EntryText, printable
from pullsecrets.spelling import is_sound, unmatchable
from support.drawn import CANARIES, ENTRIES, IMAGES, clusters, nodes
from support.effort import examples

IMAGE_CODES = ("PS502", "PS503", "PS504", "PS505")


def at(manifest, where):
    """What is at the place in a manifest; raises LookupError if nothing is."""
    assert manifest["kind"] == where.kind
    assert manifest["metadata"]["name"] == where.name
    assert manifest["metadata"].get("namespace", "default") == where.namespace
    if where.field[0] == "data":
        key = where.field[1].reveal()
        plain = manifest.get("stringData", {})
        text = plain[key] if key in plain else b64decode(manifest["data"][key]).decode()
        if where.entry is None:
            return text
        document = json.loads(text)
        found = document.get("auths", document) if key == ".dockerconfigjson" else document
        return found[where.entry.reveal()]
    value = manifest
    for step in where.field:
        if isinstance(step, EntryText):
            [value] = [item for item in value if item["name"] == step]
        else:
            value = value[step]
    return value


@examples(300)
@given(clusters, nodes)
def test_drawn_clusters(manifests, node):
    config = None if node is None else DockerConfig.from_json(json.dumps({"auths": node}))
    cluster = Cluster.from_manifests(manifests, node=config)
    found = check(cluster)
    for each in found:
        value = at(manifests[each.where.document - 1], each.where)
        ignored = manifests[each.where.document - 1]["metadata"].get("annotations", {})
        assert each.code not in ignored.get("pullsecrets/ignore", "")
        if each.where.field[-1] in ("image", "reference") and each.code in IMAGE_CODES:
            name = Image.parse(value).name
            assert pattern_matches(normalise(each.replacement.reveal()), name)
        elif each.replacement is not None and each.code != "PS309":
            assert is_sound(normalise(each.replacement.reveal())) or each.code == "PS305"
    shown = json.dumps([to_json(found), to_sarif(found, lambda where: 1), found.to_records()])
    commands = list(to_github(found, lambda where: 1))
    # One line each, so that no text out of a manifest begins a command of its own.
    assert all(len(line.splitlines()) == 1 and line.startswith("::") for line in commands)
    shown += repr(found) + "".join(map(repr, found)) + "\n".join(commands)
    assert not any(canary in shown for canary in CANARIES)
    assert all(printable(t) == t for each in found for t in (each.message, each.advice))


@examples(100)
@given(clusters)
def test_the_order_of_the_input_makes_no_difference_to_what_is_found(manifests):
    """Apart from which of two objects with one name counts, which is the last."""
    named = {
        (m["kind"], m["metadata"].get("namespace"), m["metadata"]["name"]): m for m in manifests
    }
    unique = list(named.values())

    def of(manifests):
        return sorted(
            (
                d.code,
                d.severity,
                d.where.kind,
                d.where.namespace,
                d.where.name,
                format_path(d.where.field),
            )
            for d in check(Cluster.from_manifests(manifests))
            if d.code not in ("PS103", "PS111")  # these name one secret of several
        )

    assert of(unique) == of(unique[::-1])


@examples(100)
@given(clusters)
def test_what_is_ignored_is_all_that_goes(manifests):
    cluster = Cluster.from_manifests(manifests)
    found = check(cluster)
    for code in {each.code for each in found}:
        rest = check(cluster, ignore=[code])
        assert list(rest) == [each for each in found if each.code != code]
        assert list(check(cluster, ignore=code)) == list(rest)
    assert not check(cluster, ignore=CATALOGUE)


def test_no_image_matches_a_key_that_is_called_unmatchable():
    """`unmatchable` says so of a key: against every image of the drawn ones, with every key."""
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
