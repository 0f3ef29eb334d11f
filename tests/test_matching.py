"""Rules 10 and 12 by example: the keys of entries, and what they match."""

from __future__ import annotations

import pytest

from pullsecrets import Keyring, pattern_matches
from pullsecrets._go.url import BadURL
from pullsecrets.matching import Mismatch, Pattern, compare, normalise
from support.made import node_config, secret, tried

# --- Rule 10: keys ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "entry, key",
    [
        ("quay.io", "quay.io"),
        ("https://quay.io", "quay.io"),
        ("http://quay.io", "quay.io"),
        ("HTTPS://quay.io", "HTTPS://quay.io"),  # only the two spellings are taken off
        ("HTTP://quay.io", "HTTP://quay.io"),
        ("https://http://quay.io", "http://quay.io"),
        ("oci://quay.io", "oci://quay.io"),
        ("quay.io/", "quay.io"),
        ("quay.io/v1/", "quay.io"),
        ("quay.io/v1", "quay.io/v1"),
        ("quay.io/v1/a", "quay.io/a"),
        ("quay.io/v2/a", "quay.io/a"),
        ("quay.io/v1/v2/a", "quay.io/v2/a"),
        ("quay.io/v3/a", "quay.io/v3/a"),
        ("quay.io/v1a", "quay.io/v1a"),
        ("quay.io//v1/", "quay.io//v1/"),
        ("QUAY.io/A", "QUAY.io/A"),
        ("quay.io:443/a", "quay.io:443/a"),
        ("quay.io:/a", "quay.io:/a"),
        ("quay.io?a/b", "quay.io"),
        ("quay.io/a?b#c", "quay.io/a"),
        ("user:pw@quay.io/a", "quay.io/a"),
        ("a@b@quay.io", "quay.io"),
        ("quay.io/%61%2f", "quay.io/a/"),
        ("quay.io/%2561", "quay.io/%61"),
        ("q%C3%A9.io", "qé.io"),
        ("%ff.io", "\udcff.io"),
        ("quay%25.io", "quay%.io"),
        ("[::1]:5000/a", "[::1]:5000/a"),
        ("[fe80::1%25eth0]", "[fe80::1%eth0]"),
        ("", ""),
        ("/a", "/a"),
    ],
)
def test_a_key(entry, key):
    assert normalise(entry) == key


@pytest.mark.parametrize(
    "entry, reason",
    [
        ("quay.io\n", "a control character"),
        ("quay.io/\x7f", "a control character"),
        ("quay.io/%zz", "a percent sign that begins no escape"),
        ("quay.io/%a", "a percent sign that begins no escape"),
        ("quay.io#%", "a percent sign that begins no escape"),
        ("quay.io:x", "a port that is not a number"),
        ("quay.io:443:443", "a port that is not a number"),
        ("[::1]:x", "a port that is not a number"),
        ("[::1]5000", "a port that is not a number"),
        ("quay io", "a character or an escape that a host name does not admit"),
        ("quay%2eio", "a character or an escape that a host name does not admit"),
        ("[::1%25%41%20]", None),
        ("[::1%41]", "a character or an escape that a host name does not admit"),
        ("[::1%25%09]", "a character or an escape that a host name does not admit"),
        ("qu[ay.io", "a bracket inside of the host name"),
        ("[::1", "a bracket that is not closed"),
        ("[1.2.3.4]", "brackets around something that is no IPv6 address"),
        ("[::g]", "brackets around something that is no IPv6 address"),
        ("[::1%25]", "an IPv6 address with an empty zone"),
        ("a b@quay.io", "a user or password with characters that a URL does not admit"),
        ("a%zz@quay.io", "a user or password with characters that a URL does not admit"),
    ],
)
def test_a_dropped_entry(entry, reason):
    """The rest of the secret still counts."""
    if reason is None:
        assert normalise(entry)
        return
    with pytest.raises(BadURL) as error:
        normalise(entry)
    assert str(error.value) == reason
    assert tried("quay.io/a", secret("s", entry, "quay.io")) == ["s:quay.io"]
    dropped, kept = Keyring([secret("s", entry, "quay.io")]).entries
    assert (dropped.entry, dropped.key, dropped.dropped) == (entry, None, reason)
    assert (kept.entry, kept.key, kept.dropped) == ("quay.io", "quay.io", None)


# --- Rules 11 and 12: matching ---------------------------------------------------------------


@pytest.mark.parametrize(
    "key, name, mismatch",
    [
        ("quay.io", "quay.io/a", None),
        ("quay.io/a", "quay.io/abc/d", None),  # a plain prefix
        ("quay.io/a/", "quay.io/abc/d", Mismatch.PATH),
        ("quay.io/a", "quay.io/b", Mismatch.PATH),
        ("quay.io/a/b", "quay.io/a", Mismatch.PATH),
        ("quay.io/*", "quay.io/a", Mismatch.PATH),
        ("quay.io", "quay.io:443/a", Mismatch.PORT),
        ("quay.io:443", "quay.io/a", Mismatch.PORT),
        ("quay.io:0443", "quay.io:443/a", Mismatch.PORT),
        ("quay.io", "x.quay.io/a", Mismatch.LABEL_COUNT),
        ("*.io", "x.quay.io/a", Mismatch.LABEL_COUNT),
        ("*", "localhost/a", None),
        ("*.quay.io", "x.quay.io/a", None),
        ("*.*.*", "x.quay.io/a", None),
        ("q*y.i*", "quay.io/a", None),
        ("q**y.io", "quay.io/a", None),
        ("*quay*.io", "quay.io/a", None),
        ("q*x.io", "quay.io/a", Mismatch.LABEL),
        ("QUAY.io", "quay.io/a", Mismatch.LABEL),
        ("quay.io", "quay.com/a", Mismatch.LABEL),
        ("x.quay.io:1/b", "quay.io:2/a", Mismatch.PORT),  # the first of several
        ("x.quay.io/b", "quay.io/a", Mismatch.LABEL_COUNT),
        ("ghcr.io/b", "quay.io/a", Mismatch.PATH),
    ],
)
def test_matching(key, name, mismatch):
    assert compare(Pattern.parse(key), Pattern.parse(name)) is mismatch
    assert pattern_matches(key, name) is (mismatch is None)
    # And the same by way of the keyring's index.
    if "**" not in key:
        assert tried(name, secret("s", key)) == ([f"s:{key}"] if mismatch is None else [])


def test_a_key_that_does_not_parse_a_second_time_matches_nothing():
    assert normalise("quay%25.io") == "quay%.io"
    assert not pattern_matches("quay%.io", "quay.io/a")
    assert tried("quay.io/a", secret("s", "quay%25.io")) == []
    assert not pattern_matches("quay.io", "quay.io:x/a")


def test_escapes_are_decoded_twice():
    assert tried("quay.io/a", secret("s", "quay.io/%2561")) == ["s:quay.io/%2561"]


def test_tag_and_digest_are_not_matched():
    for suffix in ("", ":1", "@sha256:" + "0" * 64):
        assert tried(f"quay.io/a{suffix}", secret("s", "quay.io/a")) == ["s:quay.io/a"]
    assert tried("quay.io/a:1", secret("s", "quay.io/a:1")) == []


def test_a_host_with_an_underscore():
    """Rule 11: the whole name is the path; for matching it has a host."""
    assert tried("my_reg.example.com/a", secret("s", "my_reg.example.com")) == [
        "s:my_reg.example.com"
    ]


def test_a_name_that_go_cannot_parse_matches_nothing():
    """The grammar of images admits an address that is none."""
    assert tried("[1:2]/a", secret("s", "*", "[1:2]", "index.docker.io")) == []
    assert tried("[1:2]:5000/a", secret("s", "*:5000"), node=node_config("*", "*:5000")) == []


@pytest.mark.parametrize(
    "pattern, name, expected",
    [
        ("%c3*.io", "é.io", True),  # a star takes the other half of the character
        ("quay.io/%c3", "quay.io/é", True),
        ("quay.io/%a9", "quay.io/é", False),
        ("quay.io/%c3", "quay.io/a", False),
        ("%c3%a9.io", "é.io", True),
        ("[::1]", "[::1]", False),  # without a port the brackets are a set of characters
        ("[::1]:5000", "[::1]:5000", True),
        ("quay.io/%2561", "quay.io/a", False),
        ("quay.io/%61", "quay.io/a", True),
    ],
)
def test_match_by_bytes(pattern, name, expected):
    assert pattern_matches(pattern, name) is expected
