"""Go's URLs by example; what was measured is in `test_measured`."""

from __future__ import annotations

import pytest

from pullsecrets._go.url import BadURL, go_bytes, parse_url, split_host_port


@pytest.mark.parametrize(
    "text, data",
    [
        ("a", b"a"),
        ("é", b"\xc3\xa9"),
        ("\udcff", b"\xff"),
        ("\udcc3\udca9", b"\xc3\xa9"),
        ("\ud800", b"\xef\xbf\xbd"),
    ],
)
def test_bytes_of_a_string(text, data):
    assert go_bytes(text) == data


@pytest.mark.parametrize(
    "host, expected",
    [
        ("a", ("a", "")),
        ("a:1", ("a", "1")),
        ("a:", ("a", "")),
        (":1", ("", "1")),
        ("[::1]:1", ("::1", "1")),
        ("[::1]", ("[::1]", "")),
        ("::1", ("::1", "")),
        ("[a:1", ("[a:1", "")),
        ("[a]b]:1", ("[a]b]:1", "")),
        ("[[a]:1", ("[[a]:1", "")),
        ("a]:1", ("a]:1", "")),
        ("a:[1", ("a:[1", "")),
        ("a:1]", ("a:1]", "")),
        ("", ("", "")),
    ],
)
def test_host_and_port(host, expected):
    assert split_host_port(host) == expected


def test_the_message_of_a_bad_url_does_not_repeat_it():
    for text in ("u:hunter2@quay.io:x", "hunter2 x", "%zzhunter2", "[hunter2", "hunter2\n"):
        with pytest.raises(BadURL) as error:
            parse_url(text)
        assert "hunter2" not in str(error.value)
