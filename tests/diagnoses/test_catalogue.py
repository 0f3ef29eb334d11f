"""Each diagnosis: manifests that show it, the same after the fix, and similar ones without it."""

from __future__ import annotations

import base64
import copy
import json
import re

import pytest
from catalogue_examples import EXAMPLES, pages

from pullsecrets import Cluster, check
from pullsecrets.diagnoses import CATALOGUE


def codes(manifests, code):
    assert not pages.cluster(manifests, EXAMPLES[code].kubernetes).problems
    return [found.code for found in pages.diagnoses(manifests, EXAMPLES[code])]


def check_example(code):
    return pages.diagnoses(EXAMPLES[code].before, EXAMPLES[code])


def test_each_code_has_an_example():
    assert list(EXAMPLES) == list(CATALOGUE) == sorted(CATALOGUE)


@pytest.mark.parametrize("code", EXAMPLES)
def test_before_it_is_found_and_nothing_else(code):
    assert codes(EXAMPLES[code].before, code) == [code]


@pytest.mark.parametrize("code", EXAMPLES)
def test_after_the_advice_it_is_gone(code):
    assert codes(EXAMPLES[code].after, code) == []


@pytest.mark.parametrize("code", EXAMPLES)
def test_in_similar_manifests_nothing_is_found(code):
    assert codes(EXAMPLES[code].similar, code) == []


@pytest.mark.parametrize("code", EXAMPLES)
def test_the_object_can_ask_not_to_report_it(code):
    manifests = copy.deepcopy(EXAMPLES[code].before)
    [found] = check_example(code)
    if not found.where.name:
        assert code[:3] in ("PS6", "PS7")  # a configuration is no object, and has no annotations
        return
    for manifest in manifests:
        if "metadata" in manifest and (manifest["kind"], manifest["metadata"]["name"]) == (
            found.where.kind,
            found.where.name,
        ):
            manifest["metadata"].setdefault("annotations", {})["pullsecrets/ignore"] = (
                f"PS000, {code}"
            )
    assert codes(manifests, code) == []


@pytest.mark.parametrize("code", EXAMPLES)
def test_it_can_be_ignored_by_code(code):
    example = EXAMPLES[code]
    assert not pages.diagnoses(example.before, example, (code,))
    assert not pages.diagnoses(example.before, example, (code[:3],))
    assert pages.diagnoses(example.before, example, ("PS000",))


@pytest.mark.parametrize("code", EXAMPLES)
def test_its_place_and_words(code):
    [found] = check_example(code)
    assert found.kind is CATALOGUE[code]
    assert found.severity is found.kind.severity
    for text in (found.message, found.kind.title, found.advice, found.kind.advice):
        assert text.strip() == text != ""
    assert not found.message.endswith(".")
    assert found.advice.endswith(".")
    assert (found.where.document is not None) == bool(found.where.name)
    assert found.where.file is None
    assert str(found) == f"{found.severity} {code}: {found.message}"


@pytest.mark.parametrize(
    "code", [code for code in EXAMPLES if code[:3] in ("PS3", "PS5") and code != "PS306"]
)
def test_the_replacement_is_the_fix(code):
    """If the advice is another entry, writing just that makes the diagnosis go away."""
    manifests = copy.deepcopy(EXAMPLES[code].before)
    [found] = check(Cluster.from_manifests(manifests))
    if found.replacement is None:
        assert code in ("PS307", "PS308", "PS501", "PS506", "PS507")
        return
    assert f"'{found.replacement}'" in found.advice
    [secret] = [each for each in manifests if each["kind"] == "Secret"]
    document = json.loads(secret["stringData"][".dockerconfigjson"])
    [entry] = document["auths"]
    document["auths"] = {found.replacement.reveal(): document["auths"][entry]}
    secret["stringData"][".dockerconfigjson"] = json.dumps(document)
    assert code not in codes(manifests, code)


@pytest.mark.parametrize("code", ["PS601", "PS603"])
def test_the_replacement_of_a_pattern_is_the_fix(code):
    manifests = copy.deepcopy(EXAMPLES[code].before)
    [found] = check_example(code)
    assert f"'{found.replacement}'" in found.advice
    [config] = [each for each in manifests if each["kind"] == found.where.kind]
    *path, last = found.where.field
    for step in path:
        config = config[step]
    config[last] = found.replacement.reveal()
    assert codes(manifests, code) == []


@pytest.mark.parametrize("kind", CATALOGUE.values(), ids=CATALOGUE)
def test_the_catalogue_is_complete(kind):
    assert re.fullmatch(r"PS[1-7]\d\d", kind.code)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z]+)*", kind.name)
    assert kind.title.endswith(".")
    assert kind.advice[-1] in ".:"
    assert (
        "ule" in kind.why
        or "fact" in kind.why
        or kind.code in ("PS207", "PS309", "PS401", "PS406", "PS407")
    )
    assert kind.page == f"diagnoses/{kind.code.lower()}"


def test_the_pages_are_up_to_date():
    """`python docs/_diagnoses.py` writes them."""
    written = {path.name: path.read_text("utf-8") for path in pages.PAGES.glob("*.md")}
    assert written == pages.pages()


def test_the_names_are_different():
    assert len({kind.name for kind in CATALOGUE.values()}) == len(CATALOGUE)


def test_examples_show_no_secret_in_their_pages():
    """Passwords are in the manifests only, never in what `check` prints."""
    for code in EXAMPLES:
        for output in re.findall(r"```console\n.*?```", pages.page(CATALOGUE[code]), re.DOTALL):
            assert "example-password" not in output
            assert base64.b64encode(b"example-password").decode()[:-4] not in output
