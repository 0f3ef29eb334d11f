from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from node.drawing import at_leisure

from pullsecrets._go.json import BadJSON
from pullsecrets.node.decoding import (
    Fault,
    FaultCode,
    Faults,
    boolean,
    list_of,
    map_of,
    parse_duration,
    read_header,
    read_yaml_document,
    string,
    struct,
    tree_of,
)


@pytest.mark.parametrize(
    "text, microseconds",
    [
        ("0", 0),
        ("+0", 0),
        ("-0", 0),
        ("0s", 0),
        ("5m", 300_000_000),
        ("1h0m0s", 3_600_000_000),
        ("1.5h", 5_400_000_000),
        ("1.s", 1_000_000),
        (".5s", 500_000),
        ("-1s", -1_000_000),
        ("+1s", 1_000_000),
        ("1us", 1),
        ("1µs", 1),
        ("1μs", 1),
        ("1ms", 1000),
        # Rounded away from zero: 0 would mean that nothing is kept.
        ("1ns", 1),
        ("-1ns", -1),
        ("1001ns", 2),
        # The ends of Go's 64 bits.
        ("9223372036854775807ns", 9_223_372_036_854_776),
        ("-9223372036854775808ns", -9_223_372_036_854_776),
        ("0000000000000000000000000000000000000000000000000001s", 1_000_000),
        ("0.00000000000000000000000000000000000000000000000000001s", 0),
    ],
)
def test_durations(text, microseconds):
    assert parse_duration(text) == timedelta(microseconds=microseconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5",
        "5M",
        "m",
        ".s",
        "1 s",
        " 1s",
        "1s ",
        "1d",
        "--1s",
        "1e3s",
        "9223372036854775808ns",
        "-9223372036854775809ns",
        "9" * 41 + "s",
        "1s" * 300,
        "1ſ",
        "١s",
    ],
)
def test_no_durations(text):
    assert parse_duration(text) is None


@at_leisure
@given(st.integers(0, 2**63 // 1000 - 1), st.booleans())
def test_durations_come_back(microseconds, negative):
    sign = "-" if negative else ""
    expected = timedelta(microseconds=microseconds)
    assert parse_duration(f"{sign}{microseconds}us") == (-expected if negative else expected)


def read(text, *, strict=True):
    faults = Faults(strict)
    return read_yaml_document(text, faults), faults.found


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


def test_keys_that_are_no_strings_are_written_as_one():
    assert tree_of({2: [None], True: 1.5, False: "x", None: {}}) == (
        ("2", [None]),
        ("true", 0),
        ("false", "x"),
        ("null", ()),
    )


def test_a_mapping_that_holds_itself_is_too_deep():
    loop = {}
    loop["loop"] = [loop]
    with pytest.raises(BadJSON, match="nested more than 500 deep"):
        tree_of(loop)


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
