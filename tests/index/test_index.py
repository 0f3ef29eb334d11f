"""The index comes to what the plain walk comes to; a keyring that remembers stays a value."""

from __future__ import annotations

import copy
import gc
import json
import pickle
import threading
import weakref
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.differential import differences, main
from index.drawing import draw_hosts, draw_keyring, draw_name, image_of
from index.plain_walk import PlainWalk
from pullsecrets import Candidate, DockerConfig, Image, Keyring, PullSecret
from pullsecrets import keyring as keyring_module
from pullsecrets._index import Name, Ring
from pullsecrets.secrecy import HiddenBytes


def secret(name: str, *entries: str) -> PullSecret:
    auths = {entry: {"username": f"{name}-{n}"} for n, entry in enumerate(entries)}
    document = json.dumps({"auths": auths}).encode()
    return PullSecret(name, data={".dockerconfigjson": HiddenBytes(document)})


@st.composite
def lookups(draw: Any) -> tuple[Keyring, list[str]]:
    def pick(things: Any) -> Any:
        return draw(st.sampled_from(things))

    hosts = draw_hosts(pick)
    return draw_keyring(pick, hosts), [draw_name(pick, hosts) for _ in range(pick((1, 3, 10)))]


@given(lookups())
@settings(deadline=None, max_examples=300)
def test_index_and_plain_walk_find_the_same(drawn: tuple[Keyring, list[str]]) -> None:
    keyring, names = drawn
    walk = PlainWalk(keyring)
    for name in names:
        assert keyring.resolve(image_of(name)).candidates == walk.candidates(name)


def test_index_and_plain_walk_find_the_same_in_many_draws() -> None:
    assert list(differences(20_000, seed=5)) == []


def test_differential_says_what_it_did(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--lookups", "150", "--seed", "7"]) == 0
    assert "150 lookups drawn with seed 7" in capsys.readouterr().out


def test_differential_finds_a_broken_index(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lookup = Ring.lookup
    monkeypatch.setattr(Ring, "lookup", lambda ring, name: lookup(ring, name)[:1])
    assert main(["--lookups", "2000", "--seed", "7"]) == 1
    assert "different: " in capsys.readouterr().out


@pytest.mark.parametrize(
    "entries, image, keys",
    [
        # Prefixes, longest first; not one of segments.
        (["quay.io", "quay.io/a", "quay.io/ab", "quay.io/b"], "quay.io/abc", "/ab /a -"),
        (["quay.io/a/", "quay.io/a"], "quay.io/a", "/a"),
        # Two spellings of one key.
        (["https://quay.io/v1/", "http://quay.io", "quay.io/"], "quay.io/a", "- - -"),
        # A key with an escape that the second parsing decodes, beside its plain double.
        (["quay.io/%2561", "quay.io/a"], "quay.io/a", "/a /%61"),
        (["quay.io/%61", "quay.io/a"], "quay.io/a", "/a /a"),
        # A port without digits is none, but makes another key.
        (["quay.io:/a", "quay.io"], "quay.io/a", ":/a -"),
        (["quay.io:80"], "quay.io/a", ""),
    ],
)
def test_paths_of_one_host(entries: list[str], image: str, keys: str) -> None:
    found = Keyring([secret("s", *entries)]).resolve(image).candidates
    assert [c.key.removeprefix("quay.io") or "-" for c in found] == keys.split()


@pytest.mark.parametrize(
    "entries, image, keys",
    [
        (["*.io", "q*.io", "quay.*", "*.*", "*"], "quay.io/a", ["quay.*", "q*.io", "*.io", "*.*"]),
        (["r*.io", "*.org"], "quay.io/a", []),
        (["*.example.com"], "a.b.example.com/a", []),
        (["*.example.com:5000"], "a.example.com/a", []),
        (["*.example.com:5000"], "a.example.com:5000/a", ["*.example.com:5000"]),
        (["*.example.com", "*.example.com/a"], "b.example.com/b", ["*.example.com"]),
        (["*.b", "*.b/a", "a.*/a/"], "a.b/ab", ["*.b/a", "*.b"]),
        # In brackets without a port an IPv6 address is a set of characters: of one.
        (["[::1]"], "[::1]/a", []),
        (["[::1]:80"], "[::1]:80/a", ["[::1]:80"]),
        (["[::a]"], "a/a", ["[::a]"]),
    ],
)
def test_globs(entries: list[str], image: str, keys: list[str]) -> None:
    found = Keyring([secret("s", *entries)]).resolve(image_of(image)).candidates
    assert [c.key for c in found] == keys


def test_one_tier_keeps_the_order_of_the_document() -> None:
    entries = ["quay.io/%61", "quay.io/a", "https://quay.io/a", "http://quay.io/%61"]
    found = Keyring([secret("s", *entries)]).resolve("quay.io/a").candidates
    assert [c.entry for c in found] == entries
    assert {c.tier for c in found} == {0}


def test_docker_hub_comes_last_and_only_by_its_own_key() -> None:
    entries = ["https://index.docker.io/v1/", "index.docker.io/team", "index.docker.io:"]
    keyring = Keyring([secret("s", *entries)])
    assert [c.entry for c in keyring.resolve("nginx").candidates] == entries[:1]
    assert [c.entry for c in keyring.resolve("localhost/a").candidates] == entries[:1]
    # No address stands in those brackets, so that the name matches nothing: rule 14 takes over.
    assert [c.entry for c in keyring.resolve("[AB]/a").candidates] == entries[:1]
    assert keyring.resolve("quay.io/a").anonymous
    with_other = Keyring([secret("s", *entries, "docker.io")])
    assert [c.entry for c in with_other.resolve("nginx").candidates] == ["docker.io"]


def test_a_node_falls_back_to_docker_hub_by_itself() -> None:
    node = DockerConfig.from_json('{"auths": {"index.docker.io": {"username": "node"}}}')
    found = Keyring([secret("s", "docker.io")], node).resolve("nginx").candidates
    assert [(c.source.kind, c.tier) for c in found] == [("secret", 0), ("node", 1)]


def test_answers_to_strings_are_remembered() -> None:
    keyring = Keyring([secret("s", "quay.io")])
    answer = keyring.resolve("quay.io/a:1")
    assert keyring.resolve("quay.io/a:1") is answer
    assert keyring.resolve(Image.parse("quay.io/a:1")) == answer
    bad = keyring.resolve("Not An Image")
    assert bad.failure is not None
    assert keyring.resolve("Not An Image") is bad


def test_the_memory_for_answers_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring_module, "_MAX_ANSWERS", 3)
    keyring = Keyring([secret("s", "quay.io")])
    first = keyring.resolve("quay.io/a:0")
    for tag in range(10):
        assert len(keyring.resolve(f"quay.io/a:{tag}").candidates) == 1
        assert len(keyring._answers) <= 3
    again = keyring.resolve("quay.io/a:0")
    assert again == first
    assert again is not first
    long = keyring.resolve("a" * 2000)
    assert long.failure is not None
    assert "a" * 2000 not in keyring._answers


class Text(str):
    """A string that claims to be another one."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return hash("quay.io/a")


@pytest.mark.parametrize("image", [None, 7, ["quay.io/a"], b"quay.io/a"])
def test_what_is_no_string_is_no_image(image: Any) -> None:
    resolution = Keyring([secret("s", "quay.io")]).resolve(image)
    assert resolution.failure is not None
    assert "is a string" in resolution.failure


def test_a_subclass_of_str_is_not_remembered() -> None:
    keyring = Keyring([secret("s", "quay.io")])
    keyring.resolve("quay.io/a")
    assert keyring.resolve(Text("nginx")).anonymous


def test_a_keyring_is_a_value() -> None:
    node = DockerConfig.from_json('{"auths": {"quay.io": {"auth": "YTpi"}}}')
    keyring = Keyring([secret("s", "quay.io", "a b")], node)
    answer = keyring.resolve("quay.io/a")
    for twin in (
        pickle.loads(pickle.dumps(keyring)),
        copy.copy(keyring),
        copy.deepcopy(keyring),
        Keyring([secret("s", "quay.io", "a b")], node),
    ):
        assert twin == keyring
        assert hash(twin) == hash(keyring)
        assert twin.resolve("quay.io/a") == answer
        assert twin.entries == keyring.entries
        assert twin.warnings == keyring.warnings
    assert Keyring([secret("s", "quay.io")], node) != keyring
    assert pickle.loads(pickle.dumps(answer)) == answer


def test_a_keyring_goes_away_with_its_last_reference() -> None:
    keyring = Keyring([secret("s", "quay.io")])
    keyring.resolve("quay.io/a")
    alive = weakref.ref(keyring)
    gc.disable()  # its memory does not wait for the next collection
    try:
        del keyring
        assert alive() is None
    finally:
        gc.enable()


def test_entries_are_read_once() -> None:
    keyring = Keyring([secret("s", "quay.io", "a b"), secret("t", "https://quay.io/v1/")])
    assert keyring.entries is keyring.entries
    assert [(e.slot, e.entry, e.key) for e in keyring.entries] == [
        (0, "quay.io", "quay.io"),
        (0, "a b", None),
        (1, "https://quay.io/v1/", "quay.io"),
    ]


def test_threads_share_a_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring_module, "_MAX_ANSWERS", 7)
    entries = [f"r{n}.example.com/t{m}" for n in range(10) for m in range(10)]
    images = [f"{entry}/app" for entry in entries]
    expected = [c.candidates for c in map(Keyring([secret("s", *entries)]).resolve, images)]
    keyring = Keyring([secret("s", *entries)])
    wrong: list[str] = []
    barrier = threading.Barrier(4)

    def ask() -> None:
        barrier.wait()
        for _ in range(5):
            for image, candidates in zip(images, expected, strict=True):
                if keyring.resolve(image).candidates != candidates:
                    wrong.append(image)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_many_hosts_with_globs_are_found_by_what_is_fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    """10,000 globs, and no more than those of one frame are asked."""
    asked: list[str] = []
    matches = keyring_module.compare.__globals__["glob_matches"]
    monkeypatch.setattr(
        "pullsecrets._index.glob_matches", lambda g, n: asked.append(g) or matches(g, n)
    )
    ring = Ring([(0, [f"*.r{number}.example.com" for number in range(10_000)])])
    found = ring.lookup(Name.of("a.r77.example.com/app"))
    assert [group.key for group in found] == ["*.r77.example.com"]
    assert asked == ["*"]


def candidates_of(keyring: Keyring, image: str) -> tuple[Candidate, ...]:
    return keyring.resolve(image).candidates


def test_large_keyrings_answer_like_small_ones() -> None:
    entries = [f"r{n}.example.com/t{m}" for n in range(40) for m in range(100)]
    keyring = Keyring([secret("s", *entries)])
    found = candidates_of(keyring, "r7.example.com/t11/app")
    assert [c.key for c in found] == ["r7.example.com/t11", "r7.example.com/t1"]
