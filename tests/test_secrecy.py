"""The types that hide: what they show, what they close, and that they are values."""

from __future__ import annotations

import copy
import json
import pickle

import attrs
import pytest
import yaml

from pullsecrets.secrecy import (
    EntryText,
    HiddenBytes,
    HiddenText,
    ImageText,
    Password,
    printable,
)
from support.canary import CANARY, error_texts, leaks, texts

HIDDEN = [
    Password(CANARY),
    HiddenText(CANARY),
    HiddenBytes(CANARY.encode()),
    EntryText(f"https://user:{CANARY}@quay.io"),
    ImageText(f"https://user:{CANARY}@quay.io/a"),
]


def of(value):
    return type(value).__name__


@attrs.frozen
class Holder:
    held: object


@pytest.mark.parametrize("hidden", HIDDEN, ids=of)
def test_a_hidden_value_shows_itself_nowhere(hidden):
    for value in (hidden, [hidden], {"a": hidden}, {hidden: "a"}, (hidden,), Holder(hidden)):
        for text in texts(value) if value != {hidden: "a"} else [repr(value)]:
            assert not leaks(text), text
    assert not leaks(f"{hidden:>40}{hidden:s}{hidden!r}{hidden!s}")
    assert f"{hidden:>90}" == str(hidden).rjust(90)
    with pytest.raises(TypeError):
        json.dumps(hidden)
    with pytest.raises(TypeError):
        "".join([hidden])
    assert CANARY in str(hidden.reveal())


@pytest.mark.parametrize("hidden", HIDDEN, ids=of)
def test_it_cannot_be_changed(hidden):
    with pytest.raises(AttributeError) as error:
        hidden.other = "x"
    assert not any(leaks(text) for text in error_texts(error.value))
    with pytest.raises(AttributeError):
        del hidden.reveal
    assert not hasattr(hidden, "__dict__")


@pytest.mark.parametrize("hidden", HIDDEN, ids=of)
@pytest.mark.parametrize("dump", [yaml.dump, yaml.safe_dump], ids=["dump", "safe_dump"])
def test_yaml_does_not_write_it(hidden, dump):
    for value in (hidden, {"a": [hidden]}, Holder(hidden)):
        with pytest.raises((TypeError, yaml.YAMLError)) as error:
            dump(value)
        assert not any(leaks(text) for text in error_texts(error.value))


@pytest.mark.parametrize("hidden", HIDDEN, ids=of)
def test_it_does_not_give_its_state_away(hidden):
    with pytest.raises(TypeError) as error:
        hidden.__getstate__()
    assert not any(leaks(text) for text in error_texts(error.value))


@pytest.mark.parametrize("kind", [Password, HiddenText, EntryText, ImageText, HiddenBytes])
def test_it_is_a_value(kind):
    a, b, empty = (b"a", b"b", b"") if kind is HiddenBytes else ("a", "b", "")
    one, same, other = kind(a), kind(a), kind(b)
    assert one == same
    assert one != other
    assert hash(one) == hash(same)
    assert len({one, same, other}) == 2
    assert one
    assert not kind(empty)
    copies = [copy.copy(one), copy.deepcopy(one)]
    copies += [pickle.loads(pickle.dumps(one, protocol)) for protocol in (4, 5)]
    for copied in copies:
        assert copied == one
        assert type(copied) is kind
        assert copied.reveal() == a


def test_a_password_equals_no_text_and_no_other_kind():
    assert Password("a") != "a"
    assert Password("a") != HiddenText("a")
    assert HiddenBytes(b"a") != b"a"


@pytest.mark.parametrize("kind", [EntryText, ImageText])
def test_text_that_is_shown_equals_the_plain_string(kind):
    assert kind("quay.io") == "quay.io"
    assert kind("quay.io") != "quay.io/a"
    assert {kind("quay.io"): 1}["quay.io"] == 1
    assert "quay.io" in {kind("quay.io"), kind("ghcr.io")}


def test_an_entry_is_not_an_image():
    assert EntryText("a") != ImageText("a")


def test_a_masked_password_shows_a_mask():
    assert str(Password("a")) == "********"
    assert repr(Password("a")) == "<Password ********>"
    assert f"{Password('a'):>10}" == "  ********"


@pytest.mark.parametrize(
    "entry, shown",
    [
        ("quay.io", "quay.io"),
        ("https://quay.io:443/v1/", "https://quay.io:443/v1/"),
        ("[::1]:5000/a", "[::1]:5000/a"),
        ("quay.io:/a", "quay.io:/a"),
        ("quay.io:443?a#b", "quay.io:443?a#b"),
        ("quay.io/a:b", "quay.io/a:b"),
        ("https://u:p@quay.io/team", "https://********@quay.io/team"),
        ("u:p@quay.io", "********@quay.io"),
        ("https://u:a@b/c@quay.io", "https://********@quay.io"),
        ("https://u:a/b@quay.io", "https://********@quay.io"),
        ("https://u:a#b@quay.io", "https://********@quay.io"),
        ("HTTPS+x.1-2://u:p\n@quay.io", "HTTPS+x.1-2://********@quay.io"),
        ("robot:p4ss", "robot:********"),
        ("https://robot:4p/ss", "https://robot:********"),
        ("https://robot:p4ss", "https://robot:********"),
        ("a\x1b[31m\u202eb", "a\\x1b[31m\\u202eb"),
        ("", ""),
    ],
)
def test_an_entry_shows_no_password(entry, shown):
    assert str(EntryText(entry)) == shown
    assert repr(EntryText(entry)) == f"EntryText({shown!r})"


DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    "image, shown",
    [
        ("nginx", "nginx"),
        ("localhost:5000/a:1", "localhost:5000/a:1"),
        (f"quay.io/a:1@{DIGEST}", f"quay.io/a:1@{DIGEST}"),
        ("quay.io/a@sha256:short", "quay.io/a@sha256:short"),
        (f"a@md5:{'0' * 32}", f"a@md5:{'0' * 32}"),
        (f"user@host:5000/a@md5:{'0' * 32}", f"********@host:5000/a@md5:{'0' * 32}"),
        ("token@host:5000", "********@host:5000"),
        ("u:p@quay.io/a", "********@quay.io/a"),
        ("https://u:p@quay.io/a:1", "https://********@quay.io/a:1"),
        (f"https://u:p@quay.io/a@{DIGEST}", f"https://********@quay.io/a@{DIGEST}"),
        ("https://u:a/b@quay.io/c", "https://********@quay.io/c"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("", ""),
    ],
)
def test_an_image_shows_no_password(image, shown):
    assert str(ImageText(image)) == shown


@pytest.mark.parametrize(
    "text, shown",
    [
        ("plain é 😀", "plain é 😀"),
        ("a\nb\r\t\x00", "a\\nb\\r\\t\\x00"),
        ("\x7f\x9b", "\\x7f\\x9b"),
        ("\u2028\u200b\ufeff", "\\u2028\\u200b\\ufeff"),
        ("\ud800\udcff", "\\ud800\\udcff"),
        ("\U000e0041", "\\U000e0041"),
        ("::error::x", ": :error::x"),
        ("a\n::add-mask::b", "a\\n: :add-mask::b"),
        ("::set-output name=a::b", ": :set-output name=a::b"),
        ("##[error]a ##vso[task.x]b", "# #[error]a # #vso[task.x]b"),
        ("[fe80::1]:5000 ::1 a::b, ## x", "[fe80::1]:5000 ::1 a::b, ## x"),
    ],
)
def test_printable(text, shown):
    assert printable(text) == shown
