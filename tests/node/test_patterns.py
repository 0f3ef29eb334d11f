from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.drawing import at_leisure
from pullsecrets import Image, InvalidImage
from pullsecrets.matching import pattern_matches
from pullsecrets.node.patterns import (
    MissCode,
    Patterns,
    compare_pattern,
    miss_of_every_image,
    nearest_miss,
)

HARBOR = "harbor.example.com/team/app"
LOCAL = "registry.local:5000/team/app"
HUB = "docker.io/library/nginx"


@pytest.mark.parametrize(
    "pattern, name, code, instead",
    [
        ("https://harbor.example.com", HARBOR, "scheme", "harbor.example.com"),
        ("https://harbor.example.com/v2/*", HARBOR, "scheme", "harbor.example.com/"),
        ("harbor.example.com/v2/", HARBOR, "api-path", "harbor.example.com"),
        ("harbor.example.com/v1", HARBOR, "api-path", "harbor.example.com"),
        ("harbor.example.com/v2/team", HARBOR, "api-path", "harbor.example.com/team"),
        ("harbor.example.com/*", HARBOR, "path-glob", "harbor.example.com/"),
        ("harbor.example.com/team/*", HARBOR, "path-glob", "harbor.example.com/team/"),
        ("harbor.example.com/*/app", HARBOR, "path-glob", "harbor.example.com/"),
        ("harbor.example.com/team/app:1", HARBOR, "tag", "harbor.example.com/team/app"),
        ("harbor.example.com/team/app@sha256:0", HARBOR, "tag", "harbor.example.com/team/app"),
        ("index.docker.io", HUB, "docker-hub", "docker.io"),
        ("registry-1.docker.io/library", HUB, "docker-hub", "docker.io/library"),
        ("*.docker.io", HUB, "docker-hub", "docker.io"),
        ("https://index.docker.io/v1/", HUB, "scheme", "docker.io"),
        ("index.docker.io/nginx", HUB, "docker-hub", "docker.io/library/nginx"),
        ("Harbor.Example.com", HARBOR, "letter-case", "harbor.example.com"),
        ("harbor.example.com/Team", HARBOR, "letter-case", "harbor.example.com/team"),
        ("registry.local", LOCAL, "port", "registry.local:5000"),
        ("registry.local:80/team", LOCAL, "port", "registry.local:5000/team"),
        ("harbor.example.com:443", HARBOR, "port", "harbor.example.com"),
        ("*", HARBOR, "label-count", "*.*.*"),
        ("*.com", HARBOR, "label-count", "*.*.com"),
        ("example.com/team", HARBOR, "label-count", "*.example.com/team"),
        ("a.harbor.example.com", HARBOR, "label-count", "harbor.example.com"),
        ("harbor.example.com/other", HARBOR, "path", "harbor.example.com"),
        ("quay.io", HARBOR, "host", None),
        ("https://quay.io/*", HARBOR, "host", None),
        ("index.docker.io", HARBOR, "host", None),
        ("quay.io", HUB, "host", None),
        ("a b", HARBOR, "host", None),
        ("", HARBOR, "label-count", None),
    ],
)
def test_what_keeps_a_pattern_from_an_image(pattern, name, code, instead):
    miss = compare_pattern(pattern, name)
    if pattern == "":
        assert miss.code is MissCode.HOST
        return
    assert (miss.pattern, miss.code.value, miss.instead) == (pattern, code, instead)
    assert instead is None or pattern_matches(instead, name)


@pytest.mark.parametrize("pattern", ["harbor.example.com", "*.example.com/te", "harbor.*.com/"])
def test_patterns_that_match(pattern):
    assert compare_pattern(pattern, HARBOR) is None
    assert nearest_miss(("quay.io", pattern), HARBOR) is None


@pytest.mark.parametrize(
    "patterns, nearest",
    [
        (("quay.io", "harbor.example.com/*"), "harbor.example.com/*"),
        (("harbor.example.com/other", "harbor.example.com:443"), "harbor.example.com:443"),
        # A scheme in front of another path is as far off as the path.
        (("https://harbor.example.com/other", "example.com"), "example.com"),
        (("gcr.io", "quay.io"), "gcr.io"),
    ],
)
def test_the_nearest_of_several(patterns, nearest):
    assert nearest_miss(patterns, HARBOR).pattern == nearest


def test_of_no_pattern_none_is_nearest():
    assert nearest_miss((), HARBOR) is None


def test_a_miss_in_words():
    assert str(compare_pattern("registry.local", LOCAL)) == (
        "'registry.local' does not match: the ports are not the same ('registry.local:5000' would)"
    )
    assert str(compare_pattern("a\x1b.io", HARBOR)) == (
        "'a\\x1b.io' does not match: the host is another one"
    )


@pytest.mark.parametrize(
    "pattern, code, instead",
    [
        ("harbor.example.com/*", "path-glob", "harbor.example.com/"),
        ("*.registry.io/*", "path-glob", "*.registry.io/"),
        ("https://quay.io", "scheme", "quay.io"),
        ("index.docker.io", "docker-hub", "docker.io"),
        ("quay.io/Acme", "letter-case", "quay.io/acme"),
        ("quay.io/acme:1", "tag", "quay.io/acme"),
        ("quay", "no-image", None),
        ("quay.io//a", "no-image", None),
        ("-a.io", "no-image", None),
        ("", "no-image", None),
        (":5000", "no-image", None),
        ("a b", "no-image", None),
        ("*.io/a_%25", "no-image", None),
    ],
)
def test_patterns_that_match_no_image(pattern, code, instead):
    miss = miss_of_every_image(pattern)
    assert (miss.code.value, miss.instead) == (code, instead)
    assert instead is None or miss_of_every_image(instead) is None


@pytest.mark.parametrize(
    "pattern, name, is_meant",
    [
        ("user@registry.local", "registry.local/a", True),
        ("[::1]", "[::1]:5000/a", True),
        ("user@registry.local", "quay.io/a", False),
        ("a b", HARBOR, False),
    ],
)
def test_patterns_whose_host_is_not_plain_are_compared_with_each_host(pattern, name, is_meant):
    assert Patterns([pattern]).are_meant(name) is is_meant


@pytest.mark.parametrize(
    "pattern",
    [
        "quay.io",
        "quay.io/",
        "quay.io/acme",
        "quay.io/acme/",
        "quay.io/a_",
        "quay.io/v2/",
        "*",
        "lo*st",
        "LOC*",
        "*.io",
        "*-a.io",
        "a*b.io",
        "registry.local:5000",
        "registry.local:",
        "localhost:5000",
        "*:5000",
        "[::1]:5000",
        "my_reg.example.com",
        "docker.io/nginx",
        "registry-1.docker.io",
        "index.docker.io:443",
        "*.docker.io",
        "user@quay.io?a=b#c",
        "quay.io/%61",
        "*.dkr.ecr.*.amazonaws.com",
    ],
)
def test_patterns_that_match_some_image(pattern):
    assert miss_of_every_image(pattern) is None


labels = st.text("abz019*-A", max_size=3)
hosts = st.lists(labels, min_size=1, max_size=3).map(".".join) | st.just("localhost")
paths = st.text("ab0/._-*:A", max_size=6).map(lambda path: f"/{path}") | st.just("")
patterns = st.tuples(hosts, st.sampled_from(["", ":80"]), paths).map("".join)
images = st.tuples(
    st.lists(st.text("abz019-A", min_size=1, max_size=3), min_size=1, max_size=3).map(".".join)
    | st.just("localhost"),
    st.sampled_from(["", ":80"]),
    st.text("ab0/._-", max_size=6).map(lambda path: f"/{path}"),
).map("".join)


@at_leisure
@given(patterns, st.text("ab-A.", max_size=2), st.text("ab/._-", max_size=4))
def test_no_image_is_matched_by_a_pattern_that_matches_none(pattern, filled, more):
    """The images are those that the pattern looks like, so that they match where any does."""
    path = more if "/" in pattern else f"/{more}"
    try:
        name = Image.parse(pattern.replace("*", filled) + path).name
    except InvalidImage:
        return
    if miss_of_every_image(pattern) is not None:
        assert not pattern_matches(pattern, name)


@at_leisure
@given(patterns | st.text(), images)
def test_a_miss_is_given_where_nothing_matches_and_what_it_says_instead_matches(pattern, image):
    miss = compare_pattern(pattern, image)
    assert (miss is None) == pattern_matches(pattern, image)
    if miss is not None and miss.instead is not None:
        assert pattern_matches(miss.instead, image)


@at_leisure
@given(patterns | st.text())
def test_what_to_write_instead_of_a_dead_pattern_matches_an_image(pattern):
    miss = miss_of_every_image(pattern)
    if miss is not None and miss.instead is not None:
        assert miss_of_every_image(miss.instead) is None
