"""Rules 13 to 16 by example: the order of candidates, Docker Hub, the node; and keyrings."""

from __future__ import annotations

import copy
import gc
import json
import pickle
import threading
import weakref

import pytest

from pullsecrets import Credential, DockerConfig, Image, Keyring, PullSecret, resolve
from pullsecrets.node.answers import ProviderAnswer
from pullsecrets.node.node import Node
from pullsecrets.node.plugins import Provider
from pullsecrets.node.provider_config import Providers
from pullsecrets.notes import Note, NoteCode
from pullsecrets.resolution import Source, SourceKind
from pullsecrets.secrecy import EntryText
from pullsecrets.tables import Cell, Tone
from support.made import node_config, secret, tried


def test_keys_in_reverse_byte_order():
    entries = ["*.io", "quay.io", "quay.io/a", "q*.io", "quay.io/a/b", "quay.*", "QUAY.io"]
    expected = ["quay.io/a/b", "quay.io/a", "quay.io", "quay.*", "q*.io", "*.io"]
    assert tried("quay.io/a/b", secret("s", *entries)) == [f"s:{entry}" for entry in expected]
    # Not the order of the secrets, and the same when each entry has a secret of its own.
    secrets = [secret(f"s{number}", entry) for number, entry in enumerate(entries)]
    keys = [c.key for c in resolve("quay.io/a/b", secrets).candidates]
    assert keys == expected


def test_within_a_key_the_order_of_the_secrets():
    one, two = secret("one", "quay.io"), secret("two", "https://quay.io")
    assert tried("quay.io/a", one, two) == ["one:quay.io", "two:https://quay.io"]
    assert tried("quay.io/a", two, one) == ["two:https://quay.io", "one:quay.io"]
    assert tried("quay.io/a", one, two, one) == [
        "one:quay.io",
        "two:https://quay.io",
        "one:quay.io",
    ]


def test_within_a_key_and_a_secret_there_is_no_order():
    resolution = resolve("quay.io/a", [secret("s", "https://quay.io", "quay.io", "quay.io/v1/")])
    assert [c.entry for c in resolution.candidates] == ["https://quay.io", "quay.io", "quay.io/v1/"]
    assert {c.tier for c in resolution.candidates} == {0}
    assert not resolution.is_deterministic
    for password, alike in (("p", True), ("q", False)):
        fields = {"username": "u", "password": password}
        text = json.dumps({"auths": {"quay.io": {"auth": "dTpw"}, "https://quay.io": fields}})
        assert resolve("quay.io/a", [], DockerConfig.from_json(text)).is_deterministic is alike


HUB = "https://index.docker.io/v1/"


@pytest.mark.parametrize(
    "image, used",
    [
        ("nginx", True),
        ("acme/app", True),
        ("docker.io/acme/app", True),
        ("index.docker.io/acme/app", True),
        ("localhost/app", True),  # neither a dot nor a colon
        ("UPPER/app", True),
        ("my_reg/app", True),
        ("localhost:5000/app", False),
        ("quay.io/app", False),
        ("registry-1.docker.io/acme/app", False),
        ("my_reg.example.com/app", False),
        ("[::1]/app", False),
    ],
)
def test_images_of_docker_hub(image, used):
    assert tried(image, secret("s", HUB)) == ([f"s:{HUB}"] if used else [])


@pytest.mark.parametrize(
    "entry, used",
    [
        ("index.docker.io", True),
        ("https://index.docker.io/v1/", True),
        ("http://index.docker.io/", True),
        ("index.docker.io/v2/", True),
        ("u:p@index.docker.io", True),
        ("index.docker.io/v1", False),
        ("index.docker.io/library", False),
        ("index.docker.io:443", False),
        ("INDEX.docker.io", False),
        ("index.docker.i*", False),  # the key is looked up, not matched
        ("registry-1.docker.io", False),
        ("hub.docker.com", False),
        ("auth.docker.io", False),
        ("docker.com", False),
        ("docker.io", True),  # by matching
        ("*.io", True),
        ("docker.io/library", True),
    ],
)
def test_entries_for_docker_hub(entry, used):
    assert tried("nginx", secret("s", entry)) == ([f"s:{entry}"] if used else [])


@pytest.mark.parametrize("hiding", ["docker.io", "*.io", "docker.io/library/nginx"])
def test_an_entry_that_matches_hides_docker_hubs(hiding):
    assert tried("nginx", secret("s", HUB, hiding)) == [f"s:{hiding}"]
    assert tried("nginx", secret("s", HUB), secret("t", hiding)) == [f"t:{hiding}"]


def test_docker_hubs_entries_in_the_order_of_the_secrets():
    assert tried("nginx", secret("b", HUB), secret("a", "index.docker.io", HUB)) == [
        f"b:{HUB}",
        "a:index.docker.io",
        f"a:{HUB}",
    ]


def test_the_node_comes_after_the_secrets():
    node = node_config("quay.io/a/b", "quay.io")
    assert tried("quay.io/a/b", secret("s", "*.io"), node=node) == [
        "s:*.io",
        "quay.io/a/b",
        "quay.io",
    ]
    resolution = resolve("quay.io/a/b", [secret("s", "*.io")], node)
    assert [c.tier for c in resolution.candidates] == [0, 1, 2]
    assert [c.source.kind for c in resolution.candidates] == ["secret", "node", "node"]


def test_rule_14_applies_within_each_by_itself():
    # The secrets' docker.io hides nothing of the node's, and the other way round.
    assert tried("nginx", secret("s", "docker.io"), node=node_config(HUB)) == ["s:docker.io", HUB]
    assert tried("nginx", secret("s", HUB), node=node_config("docker.io")) == [
        f"s:{HUB}",
        "docker.io",
    ]
    assert tried("nginx", secret("s", HUB), node=node_config("docker.io", HUB)) == [
        f"s:{HUB}",
        "docker.io",
    ]


def test_with_one_candidate_it_is_never_anonymous():
    """An entry without a user and a password is a candidate as well."""
    empty = DockerConfig.from_json('{"auths": {"docker.io": {}}}')
    resolution = resolve("nginx", [], empty)
    assert not resolution.anonymous
    assert [c.credential for c in resolution.candidates] == [Credential()]
    assert resolve("nginx", []).anonymous
    assert resolve("nginx", [], node_config("quay.io")).anonymous


def test_a_keyring_remembers_no_answer_wrongly():
    keyring = Keyring([secret("s", "quay.io")], node_config("ghcr.io"))
    for _ in range(2):
        for image in ("quay.io/a", "quay.io/a:1", "ghcr.io/a", "Bad", "x" * 2000, "nginx"):
            assert keyring.resolve(image) == resolve(image, keyring.secrets, keyring.node)
    for number in range(5000):
        assert keyring.resolve(f"quay.io/a:{number}").candidates
    assert keyring.resolve("quay.io/a") == resolve("quay.io/a", keyring.secrets, keyring.node)


@pytest.mark.parametrize("image", [None, 5, ["quay.io/a"], {}, b"quay.io/a"])
def test_an_image_that_is_no_text_is_a_failure(image):
    resolution = resolve(image, [secret("s", "quay.io")])
    assert resolution.image is None
    assert resolution.candidates == ()
    assert resolution.failure is not None
    assert resolution.failure.code is NoteCode.INVALID_IMAGE


def test_a_text_of_another_type_is_an_image():
    class Text(str):
        __slots__ = ()

    assert tried(Text("quay.io/a"), secret("s", "quay.io")) == ["s:quay.io"]


def test_entries_are_those_of_every_document_in_order():
    bad = secret("s", "quay.io", "a b")
    keyring = Keyring([bad, secret("t", "https://quay.io/v1/"), bad], node_config("ghcr.io"))
    assert [(e.slot, str(e.source), e.entry, e.key) for e in keyring.entries] == [
        (0, "default/s", "quay.io", "quay.io"),
        (0, "default/s", "a b", None),
        (1, "default/t", "https://quay.io/v1/", "quay.io"),
        (2, "default/s", "quay.io", "quay.io"),
        (2, "default/s", "a b", None),
        (3, "node", "ghcr.io", "ghcr.io"),
    ]
    assert keyring.notes == (
        Note(NoteCode.REPEATED_SECRET, "default", "s"),
        Note(
            NoteCode.DROPPED_ENTRY,
            "default",
            "s",
            entry=EntryText("a b"),
            detail="a character or an escape that a host name does not admit",
        ),
    )


@pytest.mark.parametrize(
    "entries, image, keys",
    [
        # Prefixes, longest first; not one of segments.
        (["quay.io", "quay.io/a", "quay.io/ab", "quay.io/b"], "quay.io/abc", "/ab /a -"),
        (["quay.io/a/", "quay.io/a"], "quay.io/a", "/a"),
        # Two spellings of one key.
        (["https://quay.io/v1/", "http://quay.io", "quay.io/"], "quay.io/a", "- - -"),
        # A key with an escape that the second parsing decodes, next to its plain double.
        (["quay.io/%2561", "quay.io/a"], "quay.io/a", "/a /%61"),
        (["quay.io/%61", "quay.io/a"], "quay.io/a", "/a /a"),
        # A port without digits is none, but makes another key.
        (["quay.io:/a", "quay.io"], "quay.io/a", ":/a -"),
        (["quay.io:80"], "quay.io/a", ""),
    ],
)
def test_paths_of_one_host(entries, image, keys):
    found = resolve(image, [secret("s", *entries)]).candidates
    assert [str(c.key).removeprefix("quay.io") or "-" for c in found] == keys.split()


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
def test_globs(entries, image, keys):
    domain, _, path = image.partition("/")  # no image reference has such a short domain
    found = resolve(Image(domain, path), [secret("s", *entries)]).candidates
    assert [c.key for c in found] == keys


def test_a_node_falls_back_to_docker_hub_by_itself():
    found = resolve("nginx", [secret("s", "docker.io")], node_config(HUB)).candidates
    assert [(c.source.kind, c.tier) for c in found] == [("secret", 0), ("node", 1)]


def test_a_remembered_answer_is_the_same_for_text_and_image():
    keyring = Keyring([secret("s", "quay.io")])
    for _ in range(2):
        text, image = keyring.resolve("nginx"), keyring.resolve(Image.parse("nginx"))
        assert text == image


def test_a_keyring_is_a_value():
    bad = secret("s", "quay.io", "a b")
    keyring = Keyring([bad], node_config("quay.io"))
    answer = keyring.resolve("quay.io/a")
    for twin in (
        pickle.loads(pickle.dumps(keyring)),
        copy.copy(keyring),
        copy.deepcopy(keyring),
        Keyring([bad], node_config("quay.io")),
    ):
        assert twin == keyring
        assert hash(twin) == hash(keyring)
        assert twin.resolve("quay.io/a") == answer
        assert twin.entries == keyring.entries
        assert twin.notes == keyring.notes
    assert Keyring([secret("s", "quay.io")], node_config("quay.io")) != keyring
    assert pickle.loads(pickle.dumps(answer)) == answer


def test_a_keyring_goes_away_with_its_last_reference():
    keyring = Keyring([secret("s", "quay.io")])
    keyring.resolve("quay.io/a")
    alive = weakref.ref(keyring)
    gc.disable()  # its memory does not wait for the next collection
    try:
        del keyring
        assert alive() is None
    finally:
        gc.enable()


def test_threads_share_a_keyring():
    """More images than a keyring remembers, so that it forgets while others ask."""
    entries = [f"r{n}.example.com/t{m}" for n in range(10) for m in range(10)]
    images = [f"{entry}/app:{tag}" for entry in entries for tag in range(50)]
    expected = [Keyring([secret("s", *entries)]).resolve(image).candidates for image in entries]
    keyring = Keyring([secret("s", *entries)])
    wrong = []
    barrier = threading.Barrier(4)

    def ask():
        barrier.wait()
        for number, image in enumerate(images):
            if keyring.resolve(image).candidates != expected[number // 50]:
                wrong.append(image)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_what_a_resolution_says_of_itself():
    both = resolve("quay.io/a", [secret("s", "quay.io", "https://quay.io", "*.io")])
    assert [number for number, _ in both.attempts] == ["1-2", "1-2", "3"]
    assert both.summary == "3 candidates, partly in no defined order"
    assert resolve("quay.io/a", [secret("s", "quay.io")]).summary == "1 candidate"
    assert resolve("nginx", []).summary == "pulled anonymously"
    failed = resolve("NGINX", [])
    assert failed.summary == str(failed.failure)
    assert failed.table().subtitle == Cell(failed.summary, tone=Tone.ERROR)
    assert both.table().subtitle == Cell(both.summary, tone=Tone.FAINT)
    assert list(both.tiers) == [both.candidates[:2], both.candidates[2:]]
    assert str(both.candidates[2]) == "*.io as s:*.io from secret s"
    nobody = DockerConfig.from_json('{"auths": {"quay.io": {}}}')
    assert str(resolve("quay.io/a", [], nobody).candidates[0]) == (
        "quay.io as (no user) from the node's docker config"
    )


A, B = Provider("a", ("quay.io",)), Provider("b", ("quay.io",))


def with_providers(*providers, version="1.33", config=None, **answers):
    given = {name: ProviderAnswer.from_credentials(auths) for name, auths in answers.items()}
    return Node(version, config, Providers(providers, version), given)


def test_what_a_provider_answers_is_unknown_and_is_not_guessed():
    found = resolve("quay.io/a", [], with_providers(A))
    assert found.candidates == ()
    assert found.anonymous is None
    assert found.unknown == (Source(SourceKind.PROVIDER, None, "a"),)
    assert (
        found.summary
        == "no known candidates, and what credential provider a gives, which is not known"
    )
    assert found.to_dict()["anonymous"] is None
    assert found.to_dict()["unknown"] == [{"kind": "provider", "namespace": None, "name": "a"}]
    # A candidate that is known is tried first, and an image that no provider is asked for has none.
    assert resolve("quay.io/a", [secret("s", "quay.io")], with_providers(A)).anonymous is False
    assert resolve("ghcr.io/a", [], with_providers(A)).anonymous is True


@pytest.mark.parametrize("version", ["1.32", "1.33"])
def test_the_entries_of_an_answer_are_in_the_slot_of_their_candidates(version):
    """Behind the slots of the secrets and of the node's docker config, and none for no answer."""
    node = with_providers(
        A, B, version=version, config=node_config("quay.io"), b={"quay.io": ("u", "p")}
    )
    keyring = Keyring([secret("s", "quay.io"), secret("t", "ghcr.io")], node)
    found = keyring.resolve("quay.io/a")
    (asked_a, nothing), (asked_b, entries) = keyring.answered(found)
    assert (asked_a.provider, nothing, asked_b.provider) == (A, (), B)
    [entry] = entries
    [candidate] = [each for each in found.candidates if each.source.kind is SourceKind.PROVIDER]
    assert (entry.slot, entry.entry, entry.key) == (candidate.slot, candidate.entry, candidate.key)
    assert entry.source == candidate.source == Source(SourceKind.PROVIDER, None, "b")
    assert entry.credential == candidate.credential
    assert len({each.slot for each in found.candidates}) == 3


def test_a_secret_that_is_skipped_says_so_once_however_often_it_is_listed():
    skipped = PullSecret("s", "default", "Opaque")
    wrong = Note(NoteCode.WRONG_TYPE, "default", "s", detail="Opaque")
    repeated = Note(NoteCode.REPEATED_SECRET, "default", "s")
    assert Keyring([skipped]).notes == (wrong,)
    assert Keyring([skipped, skipped, skipped]).notes == (wrong, repeated)


def test_a_keyring_shows_what_it_is_made_of_and_not_what_it_found():
    keyring = Keyring([secret("s", "quay.io")])
    before = repr(keyring)
    keyring.lookup("quay.io/a")
    assert repr(keyring) == before == f"Keyring(secrets={keyring.secrets}, node={keyring.node})"
