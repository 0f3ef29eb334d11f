"""Base64 as Go decodes it: where Python's accepts more, or something else."""

from __future__ import annotations

import pytest

from pullsecrets._go.base64 import decode_base64


@pytest.mark.parametrize(
    "text, padded, unpadded",
    [
        ("", b"", b""),
        ("YQ==", b"a", None),
        ("YQ", None, b"a"),
        ("YWI=", b"ab", None),
        ("YWI", None, b"ab"),
        ("YWJj", b"abc", b"abc"),
        ("YW\r\nJj\n", b"abc", b"abc"),  # line breaks are ignored wherever they are
        ("Y\nQ=\n=\n", b"a", None),
        ("YW Jj", None, None),
        ("YW\tJj", None, None),
        ("YQ=", None, None),
        ("YQ===", None, None),
        ("====", None, None),
        ("YWJj====", None, None),  # padding after a whole group
        ("YWJj=", None, None),
        ("=YQ=", None, None),
        ("Y", None, None),
        ("YWJjY", None, None),
        ("YR==", b"a", None),  # bits that are left over are ignored
        ("_-_-", None, None),  # of the URL's alphabet
        ("YQ==YQ==", None, None),
        ("é", None, None),
        ("\ud800", None, None),
    ],
)
def test_decoding(text, padded, unpadded):
    assert decode_base64(text) == padded
    assert decode_base64(text, padded=False) == unpadded
