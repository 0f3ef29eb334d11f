"""The index of keys finds what a plain walk over all of them finds, by `compare` alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullsecrets import Keyring
from pullsecrets.matching import Ring
from support.differential import differences, main
from support.effort import examples
from support.keys import draw_hosts, draw_keyring, draw_name, image_of
from support.made import secret
from support.plain_walk import PlainWalk


@st.composite
def lookups(draw):
    def pick(things):
        return draw(st.sampled_from(things))

    hosts = draw_hosts(pick)
    return draw_keyring(pick, hosts), [draw_name(pick, hosts) for _ in range(pick((1, 3, 10)))]


@examples(200)
@given(lookups())
def test_index_and_plain_walk_find_the_same(drawn):
    keyring, names = drawn
    walk = PlainWalk(keyring)
    for name in names:
        assert keyring.resolve(image_of(name)).candidates == walk.candidates(name)


@pytest.mark.one_python
def test_index_and_plain_walk_find_the_same_in_many_draws():
    assert list(differences(20_000, seed=5)) == []


def test_differential_says_what_it_did(capsys):
    assert main(["--lookups", "150", "--seed", "7"]) == 0
    assert "150 lookups drawn with seed 7" in capsys.readouterr().out


def test_differential_finds_a_broken_index(monkeypatch, capsys):
    lookup = Ring.lookup
    monkeypatch.setattr(Ring, "lookup", lambda ring, name: lookup(ring, name)[:1])
    assert main(["--lookups", "2000", "--seed", "7"]) == 1
    assert "different: " in capsys.readouterr().out


@pytest.mark.parametrize("shape", ["r{}.example.com", "quay.io/t{}/", "*.r{}.example.com"])
def test_large_keyrings_answer_like_small_ones(shape):
    entries = [shape.format(number) for number in range(3_000)]
    large = Keyring([secret("s", *entries)])
    wanted = [shape.format(77)]
    small = Keyring([secret("s", *wanted)])
    image = wanted[0].replace("*", "eu").rstrip("/") + "/team/app"
    assert [str(c.key) for c in large.resolve(image).candidates] == wanted
    assert large.resolve(image).candidates == small.resolve(image).candidates
