"""Each sentence of rules 8 to 16 that can be shown by an example, shown by one."""

from __future__ import annotations

import json

import pytest

from pullsecrets import (
    Credential,
    DockerConfig,
    InvalidDockerConfig,
    Keyring,
    Password,
    PullSecret,
    pattern_matches,
    resolve,
)
from pullsecrets._go.url import BadURL, go_bytes, parse_url, split_host_port
from pullsecrets.keyring import Mismatch, Pattern, compare, normalise


def config(*entries):
    return DockerConfig({entry: Credential(entry, Password("p")) for entry in entries})


def secret(name, *entries):
    auths = {entry: {"username": f"{name}:{entry}", "password": "p"} for entry in entries}
    return PullSecret.from_manifest(
        {
            "metadata": {"name": name},
            "type": "kubernetes.io/dockerconfigjson",
            "stringData": {".dockerconfigjson": json.dumps({"auths": auths})},
        }
    )


def tried(image, *secrets, node=None):
    return [c.credential.username for c in resolve(image, secrets, node).candidates]


# --- Rule 9: entries -------------------------------------------------------------------------


def credential(fields):
    (read,) = DockerConfig.from_json(f'{{"auths": {{"x": {fields}}}}}').auths.values()
    return read.username, read.password.reveal(), read.email


@pytest.mark.parametrize(
    "fields, expected",
    [
        ('{"username": "u", "password": "p", "email": "e"}', ("u", "p", "e")),
        ('{"USERNAME": "u", "pAssword": "p", "Email": "e"}', ("u", "p", "e")),
        ('{"u\u017fername": "u", "pa\u017fsword": "p"}', ("u", "p", "")),  # Go folds the long s
        ('{"userName": "u", "username": "v", "Username": "w"}', ("w", "", "")),
        ('{"username": "u", "Username": null}', ("u", "", "")),
        ('{"username": "u", "Username": ""}', ("", "", "")),
        ('{"auth": "dTpw"}', ("u", "p", "")),
        ('{"auth": "dTpw", "username": "a", "password": "b", "email": "e"}', ("u", "p", "e")),
        ('{"username": "a", "password": "b", "auth": "dTpw"}', ("u", "p", "")),
        ('{"auth": "dTpw", "Auth": ""}', ("", "", "")),
        ('{"auth": "dTpw", "Auth": null}', ("u", "p", "")),
        ('{"username": "a", "auth": ""}', ("a", "", "")),
        ('{"auth": "dTpwOng="}', ("u", "p:x", "")),  # the first colon
        ('{"auth": "dTpwOng"}', ("u", "p:x", "")),  # without padding
        ('{"auth": "dTpw\\nOng="}', ("u", "p:x", "")),
        ('{"auth": "dTp\\r\\nwOng\\n"}', ("u", "p:x", "")),
        ('{"auth": "dTpwOng=\\n"}', ("u", "p:x", "")),
        ('{"auth": "Og=="}', ("", "", "")),
        ('{"auth": "dTo="}', ("u", "", "")),
        ('{"auth": "OnA="}', ("", "p", "")),
        ('{"auth": "dTr/"}', ("u", "\ufffd", "")),  # bytes that are no UTF-8
        ('{"identitytoken": "t", "registrytoken": "r"}', ("", "", "")),
        ("{}", ("", "", "")),
        ("null", ("", "", "")),
    ],
)
def test_an_entrys_fields(fields, expected):
    assert credential(fields) == expected


def test_what_is_ignored_is_told():
    read = DockerConfig.from_json(
        '{"auths": {"x": {"identityToken": "t", "auth": "dTpw"}, "y": {"registrytoken": "r"},'
        ' "z": {"identitytoken": ""}}, "credsStore": "s", "credHelpers": {"a": "b"},'
        ' "CredHelpers": {}, "detachKeys": "x"}'
    )
    assert read.ignored == (
        ("auths", "x", "identitytoken"),
        ("auths", "y", "registrytoken"),
        ("credsStore",),
        ("credHelpers",),
    )
    assert list(read.auths) == ["x", "y", "z"]
    legacy = DockerConfig.from_legacy_json('{"x": {"identitytoken": "t"}, "credsStore": null}')
    assert legacy.ignored == (("auths", "x", "identitytoken"),)
    assert list(legacy.auths) == ["x", "credsStore"]


@pytest.mark.parametrize(
    "text, entries",
    [
        ('{"auths": {"a": {}}, "AUTHS": {"b": {}}}', ["a", "b"]),
        ('{"auths": {"a": {}}, "auths": null, "Auths": {"b": {}}}', ["b"]),
        ('{"auths": {"a": {}}, "auths": null}', []),
        ('{"auths": {"a": {}, "b": {}, "a": {}}}', ["a", "b"]),
        ('{"auths": null}', []),
        ("{}", []),
        ("null", []),
        ('{"auths": {"\\ud800": {}, "\\udfff": {}}}', ["\ufffd"]),
        ('{"auths": {"": {}}, "HttpHeaders": {"A": "b", "C": null}}', [""]),
        ('{"auths": {"a": {}}, "httpheaders": null}', ["a"]),
    ],
)
def test_a_documents_entries(text, entries):
    assert list(DockerConfig.from_json(text).auths) == entries
    assert DockerConfig.from_json(text.encode()) == DockerConfig.from_json(text)


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
    """Rule 11: the whole name is the path; for matching it has a host all the same."""
    assert tried("my_reg.example.com/a", secret("s", "my_reg.example.com")) == [
        "s:my_reg.example.com"
    ]


# --- Rule 13: the order ----------------------------------------------------------------------


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


def test_within_a_key_and_a_secret_chance_decides():
    resolution = resolve("quay.io/a", [secret("s", "https://quay.io", "quay.io", "quay.io/v1/")])
    assert [c.entry for c in resolution.candidates] == ["https://quay.io", "quay.io", "quay.io/v1/"]
    assert {c.tier for c in resolution.candidates} == {0}
    assert not resolution.is_deterministic
    for password, alike in (("p", True), ("q", False)):
        fields = {"username": "u", "password": password}
        text = json.dumps({"auths": {"quay.io": {"auth": "dTpw"}, "https://quay.io": fields}})
        assert resolve("quay.io/a", [], DockerConfig.from_json(text)).is_deterministic is alike


# --- Rule 14: Docker Hub ---------------------------------------------------------------------

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


# --- Rules 15 and 16: the node ---------------------------------------------------------------


def test_the_node_comes_after_the_secrets():
    node = config("quay.io/a/b", "quay.io")
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
    assert tried("nginx", secret("s", "docker.io"), node=config(HUB)) == ["s:docker.io", HUB]
    assert tried("nginx", secret("s", HUB), node=config("docker.io")) == [f"s:{HUB}", "docker.io"]
    assert tried("nginx", secret("s", HUB), node=config("docker.io", HUB)) == [
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
    assert resolve("nginx", [], config("quay.io")).anonymous


# --- Go's strings ----------------------------------------------------------------------------


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


# --- What the fast ways have to keep -------------------------------------------------------


def test_a_name_that_go_cannot_parse_matches_nothing():
    """The grammar of images admits an address that is none."""
    assert tried("[1:2]/a", secret("s", "*", "[1:2]", "index.docker.io")) == []
    assert tried("[1:2]:5000/a", secret("s", "*:5000"), node=config("*", "*:5000")) == []


def test_many_brackets_are_not_deep():
    flat = ", ".join(["[]", "{}"] * 15_000)
    text = f'{{"other": [{flat}, [[1]]], "auths": {{"quay.io": {{"auth": "dTpw"}}}}}}'
    assert list(DockerConfig.from_json(text).auths) == ["quay.io"]


def test_the_depth_is_measured_where_brackets_are_many(monkeypatch):
    """Where Python's stack is deep enough to read on, the end is Go's all the same."""
    from pullsecrets import _gojson

    monkeypatch.setattr(_gojson, "_MAX_DEPTH", 20)
    for opening, closing in (("[", "]"), ('{"a":', "}")):
        for depth, accepted in ((18, True), (19, False), (40, False)):
            deep = opening * depth + "1" + closing * depth
            text = f'{{"x": [{deep}, "]]]", []], "y": [[], {{}}]}}'
            if accepted:
                assert DockerConfig.from_json(text).auths == {}
            else:
                with pytest.raises(InvalidDockerConfig, match="nested more than 20 deep"):
                    DockerConfig.from_json(text)


@pytest.mark.parametrize("data", [None, 5, ["{}"], bytearray(b"{}")])
def test_only_bytes_and_text_are_configs(data):
    for decode in (DockerConfig.from_json, DockerConfig.from_legacy_json):
        with pytest.raises(InvalidDockerConfig, match="is bytes or str, not"):
            decode(data)


@pytest.mark.parametrize(
    "text, message",
    [
        ("[]", "the document is an array, not an object"),
        ("5", "the document is a number, not an object"),
        ('"x"', "the document is a string, not an object"),
        ("true", "the document is a boolean, not an object"),
        ('{"auths": []}', "auths is an array, not an object"),
        ('{"auths": {"a": 5}}', "auths['a'] is a number, not an object"),
        ('{"auths": {"a": {"auth": 5}}}', "auths['a'].auth is a number, not a string"),
        ('{"auths": {"a": {"Email": {}}}}', "auths['a'].email is an object, not a string"),
        ('{"auths": {"a\\n": {"auth": "!"}}}', "auths['a\\n'].auth is not base64"),
        (
            '{"auths": {"a": {"auth": "YQ=="}}}',
            "auths['a'].auth holds no colon between user and password",
        ),
        ('{"HttpHeaders": {"A": 5}}', "HttpHeaders['A'] is a number, not a string"),
        ('{"HttpHeaders": []}', "HttpHeaders is an array, not an object"),
        ('{\n "auths" 5', "not JSON (line 2 column 10)"),
        ('{"a": NaN}', "not JSON (a number that is none)"),
    ],
)
def test_what_is_wrong_with_a_config_is_said(text, message):
    with pytest.raises(InvalidDockerConfig) as error:
        DockerConfig.from_json(text)
    assert str(error.value) == message


def test_a_keyring_remembers_no_answer_wrongly():
    keyring = Keyring([secret("s", "quay.io")], config("ghcr.io"))
    for _ in range(2):
        for image in ("quay.io/a", "quay.io/a:1", "ghcr.io/a", "Bad", "x" * 2000, "nginx"):
            assert keyring.resolve(image) == resolve(image, keyring.secrets, keyring.node)
    for number in range(5000):
        assert keyring.resolve(f"quay.io/a:{number}").candidates
    assert keyring.resolve("quay.io/a") == resolve("quay.io/a", keyring.secrets, keyring.node)


@pytest.mark.parametrize("image", [None, 5, ["quay.io/a"], {}, b"quay.io/a"])
def test_an_image_that_is_no_text_is_a_failure(image):
    resolution = resolve(image, [secret("s", "quay.io")])
    assert resolution.image == image
    assert "an image reference is a string, not" in (resolution.failure or "")


def test_a_text_of_another_type_is_an_image():
    class Text(str):
        __slots__ = ()

    assert tried(Text("quay.io/a"), secret("s", "quay.io")) == ["s:quay.io"]


def test_entries_are_made_once():
    keyring = Keyring([secret("s", "quay.io")], config("ghcr.io"))
    assert keyring.entries is keyring.entries
    assert [(entry.slot, entry.source.kind) for entry in keyring.entries] == [
        (0, "secret"),
        (1, "node"),
    ]
