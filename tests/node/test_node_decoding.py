from __future__ import annotations

from datetime import date

import pytest

from pullsecrets._go.json import BadJSON
from pullsecrets.node.decoding import (
    Fault,
    FaultCode,
    Faults,
    boolean,
    hide,
    list_of,
    map_of,
    read_header,
    read_tree,
    string,
    struct,
)


def read(text, *, strict=True):
    faults = Faults(strict)
    return read_tree(hide(text), faults), faults.found


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\n",
        "---\na: 1\n",
        "# a comment\n%YAML 1.1\n---\na: 1\n",
        "a: 1\n---\nb: 2\n",
        "a: 1\n...\nb: 2\n",
        '{"a": 1}',
        ' \n\t{"a": 1}\n',
        b"\xef\xbb\xbfa: 1\n",
    ],
)
def test_the_first_document_counts(text):
    assert read(text) == ((("a", 0),), [])


def test_an_empty_first_document_is_the_document():
    assert read("---\n---\na: 1\n") == (None, [])
    assert read("") == (None, [])


@pytest.mark.parametrize(
    "text, message",
    [
        ('{"a": 1} {}', "not JSON (line 1 column 10)"),
        ("{a: 1}", "not JSON (line 1 column 2)"),
        ("a: [\n", "not YAML: did not find expected node content (line 2)"),
        (b"a: \xff", "not UTF-8"),
    ],
)
def test_what_is_no_document(text, message):
    with pytest.raises(BadJSON) as caught:
        read(text)
    assert str(caught.value) == message


def test_repeated_keys_of_yaml_are_faults_where_decoding_is_strict():
    tree, found = read("a: 1\nb:\n  c: 1\n  c: x\n")
    assert tree == (("a", 0), ("b", (("c", "x"),)))
    assert found == [Fault(FaultCode.REPEATED_FIELD, "the key 'c' is there twice (line 4)")]
    assert read("a: 1\na: 2\n", strict=False) == ((("a", 0),), [])


def tree_of(value):
    return read_tree(hide({"value": value}), Faults(strict=True))[0][1]


def test_a_mapping_is_read_as_its_json_is():
    assert tree_of({2: [None], True: 1.5, False: "x", None: {}}) == (
        ("2", [None]),
        ("true", 0),
        ("false", "x"),
        ("null", ()),
    )
    assert tree_of(date(2026, 1, 2)) == "2026-01-02"


def test_yaml_is_read_as_its_json_is():
    text = "2: [null]\nyes: 1.5\nd: 2026-01-02\nx: !!binary YQ==\n"
    assert read(text)[0] == (("2", [None]), ("d", "2026-01-02"), ("true", 0), ("x", "a"))


def test_the_keys_of_yaml_are_in_their_order():
    """As in Go's map: the referee of 1.31 took `kind: CredentialProviderConfig`, `Kind: x`."""
    assert read("kind: a\nKind: b\n")[0] == (("Kind", "b"), ("kind", "a"))
    assert read('{"kind": "a", "Kind": "b"}')[0] == (("kind", "a"), ("Kind", "b"))


@pytest.mark.parametrize(
    "key, message", [((1, 2), "not JSON: a key that is not a string"), (None, "nested too deeply")]
)
def test_mappings_that_are_no_documents(key, message):
    document = {}
    document[key] = document
    if key is not None:
        document = {key: 1}
    with pytest.raises(BadJSON) as caught:
        read_tree(hide(document), Faults(strict=True))
    assert str(caught.value) == message


def test_yaml_with_keys_that_json_does_not_have():
    with pytest.raises(BadJSON, match="not YAML: a key that is a collection"):
        read("? [1, 2]\n: x\n")


SHAPE = struct(
    name=string,
    flag=boolean,
    items=list_of(string),
    auth=map_of(struct(password=string)),
)
EMPTY = {"name": "", "flag": None, "items": (), "auth": {}}


def decode(value, *, strict=True, names_shown=True):
    faults = Faults(strict, names_shown)
    return SHAPE(tree_of(value), (), faults), faults.found


def test_null_and_nothing_are_the_empty_value():
    assert decode({}) == (EMPTY, [])
    assert decode(dict.fromkeys(EMPTY)) == (EMPTY, [])
    assert decode(None) == (EMPTY, [])
    assert decode({"items": [None], "auth": {"a": None}}) == (
        {**EMPTY, "items": ("",), "auth": {"a": {"password": ""}}},
        [],
    )


@pytest.mark.parametrize(
    "value, path, sentence",
    [
        ({"name": 1}, ("name",), "is a number, not a string"),
        ({"name": True}, ("name",), "is a boolean, not a string"),
        ({"name": {}}, ("name",), "is an object, not a string"),
        ({"flag": "true"}, ("flag",), "is a string, not a boolean"),
        ({"items": "x"}, ("items",), "is a string, not a list"),
        ({"items": ["x", []]}, ("items", 1), "is a list, not a string"),
        ({"auth": []}, ("auth",), "is a list, not an object"),
        ({"auth": {"a": 1}}, ("auth", 0), "is a number, not an object"),
        ({"auth": {"a": None, "b": {"password": 1}}}, ("auth", 1, "password"), None),
        ("x", (), "is a string, not an object"),
    ],
)
def test_a_wrong_type_is_a_fault_strict_or_not(value, path, sentence):
    for strict in (True, False):
        _, (fault,) = decode(value, strict=strict)
        assert (fault.code, fault.path) == (FaultCode.TYPE, path)
        assert fault.sentence == (sentence or "is a number, not a string")


def test_unknown_fields_are_faults_where_decoding_is_strict():
    _, found = decode({"x\x1b": 1, "Name": "n"})
    assert [str(fault) for fault in found] == [
        "x\\x1b: is not a known field",
        "Name: is not a known field: 'name' is meant, letter case counts",
    ]
    assert decode({"x": 1, "Name": "n"}, strict=False) == (EMPTY, [])


def test_unknown_fields_are_not_named_where_names_may_be_secret():
    _, found = decode({"auth": {"a": {"hunter2": 1, "Password": ""}}}, names_shown=False)
    assert [str(fault) for fault in found] == [
        "auth[0]: holds a field that is not known",
        "auth[0]: holds a field that is not known: 'password' is meant, letter case counts",
    ]


def test_repeated_fields_are_faults_where_decoding_is_strict_and_the_last_counts():
    tree = (("name", "a"), ("name", "b"), ("auth", (("x", None), ("x", (("password", "p"),)))))
    for strict, paths in ((True, [("name",), ("auth", 1)]), (False, [])):
        faults = Faults(strict)
        decoded = SHAPE(tree, (), faults)
        assert decoded == {**EMPTY, "name": "b", "auth": {"x": {"password": "p"}}}
        assert [fault.path for fault in faults.found] == paths
        assert {fault.code for fault in faults.found} <= {FaultCode.REPEATED_FIELD}


def test_a_fault_says_where():
    fault = Fault(FaultCode.TYPE, "is odd", ("providers", 0, "args", 1), "a\n.yaml")
    assert str(fault) == "a\\n.yaml: providers[0].args[1]: is odd"
    assert str(Fault(FaultCode.TYPE, "is odd")) == "is odd"


def header(value):
    faults = Faults(strict=True)
    return read_header(tree_of(value), faults), [fault.code for fault in faults.found]


def test_the_header_is_read_without_regard_to_letter_case():
    found, codes = header({"APIVERSION": "v", "Kind": "k"})
    assert (found.group_version, found.kind, codes) == ("v", "k", [])
    found, codes = header(None)
    assert (found.group_version, found.kind, codes) == ("", "", [])
    found, codes = header({"kind": None})
    assert found.kind == ""


@pytest.mark.parametrize(
    "value, code", [([], "document"), ("x", "document"), ({"kind": 1}, "type")]
)
def test_without_a_header_that_can_be_read(value, code):
    assert header(value) == (None, [code])
