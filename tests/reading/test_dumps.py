"""Dumps: what readers look at comes out as it would from the whole; the rest is only checked."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullsecrets import Cluster
from pullsecrets.node.audiences import audience_grants
from pullsecrets.reading import ProblemCode, dumps, objects_of, read_data
from pullsecrets.workloads import POD_TEMPLATES
from support import drawn
from support.effort import examples

pytest.importorskip("msgspec")

NOISE = {
    "managedFields": [{"fieldsV1": {"f:metadata": {"f:name": {}}}, "time": None}],
    "status": {"conditions": [{"type": "Ready", "n": -1.5e3}], "name": 'é \\ " ☃'},
    "labels": {},
}


def as_dump(data, size=0):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dumps, "DUMP_SIZE", size)
        return list(read_data(data, "dump.json"))


def as_text(data):
    return as_dump(data, sys.maxsize)


def outcome(documents):
    """Everything that is read and said, but for keys that are there twice."""
    found = objects_of(documents)
    problems = [each for each in found.problems if each.code is not ProblemCode.REPEATED_KEY]
    places = [each.place for each in (*found.pods, *found.secrets, *found.service_accounts)]
    grants = audience_grants(found.rbac)
    return found.pods, found.secrets, found.service_accounts, grants, problems, places


# --- The shape has what readers ask for ------------------------------------------------------


class Watched(Mapping):
    """A mapping that notes which members are asked for, and what leads there."""

    def __init__(self, value, asked, path=()):
        self._value, self._asked, self._path = value, asked, path

    def __getitem__(self, key):
        self._asked.add((*self._path, key))
        return watched(self._value[key], self._asked, (*self._path, key))

    def __iter__(self):
        return iter(self._value)

    def __len__(self):
        return len(self._value)


def watched(value, asked, path=()):
    if isinstance(value, dict):
        return Watched(value, asked, path)
    if isinstance(value, list):
        return tuple(watched(item, asked, (*path, 0)) for item in value)
    return value


def in_shape(path, shape=dumps.PodShape):
    """Whether the shape keeps a member: all of it, or its part that has the members asked for."""
    shape = next((each for each in get_args(shape) if each is not type(None)), shape)
    if not hasattr(shape, "__total__") or not path:
        return True
    step, *rest = path
    if step == 0:
        return in_shape(rest, shape)
    hints = get_type_hints(shape)
    return step in hints and in_shape(rest, hints[step])


def workload(kind):
    container = {"name": "c", "image": "quay.io/a"}
    spec = {
        **{kind: [container] for kind in ("containers", "initContainers", "ephemeralContainers")},
        "volumes": [{"name": "v", "image": {"reference": "quay.io/a"}}],
        "imagePullSecrets": [{"name": "s"}],
    }
    body = {"spec": spec}
    for name in reversed(POD_TEMPLATES[kind]):
        body = {name: body}
    return {"kind": kind, "metadata": {"name": "x"}, **body}


ROLE = {
    "rules": [
        {
            "apiGroups": [""],
            "resources": ["registry.io"],
            "verbs": ["request-serviceaccounts-token-audience"],
        }
    ]
}
BINDING = {
    "roleRef": {"kind": "ClusterRole", "name": "x"},
    "subjects": [{"kind": "Group", "name": "system:nodes"}],
}
OBJECTS = [
    *map(workload, POD_TEMPLATES),
    {"kind": "ServiceAccount", "metadata": {"name": "a"}, "imagePullSecrets": [{"name": "s"}]},
    {"kind": "Secret", "metadata": {"name": "a"}, "data": {"a": "YQ=="}, "stringData": {"b": ""}},
    {"kind": "ClusterRole", "metadata": {"name": "x"}, **ROLE},
    {"kind": "ClusterRoleBinding", "metadata": {"name": "x"}, **BINDING},
]


def test_no_reader_asks_a_pod_for_a_member_that_a_dump_leaves_out():
    asked = set()
    cluster = Cluster.from_manifests([watched(OBJECTS[0], asked)])
    assert not cluster.problems
    assert {("metadata", "name"), ("spec", "containers", 0, "image")} < asked
    assert [path for path in asked if not in_shape(path)] == []


# --- It reads as the whole does --------------------------------------------------------------

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


@st.composite
def lists(draw):
    """Lists as the API server gives them, and such with some value that does not belong there."""
    items = [{**each, **NOISE} for each in draw(drawn.clusters)] + draw(
        st.lists(st.sampled_from(OBJECTS), max_size=2)
    )
    kind = draw(st.sampled_from(["List", "List", "PodList", "ConfigMapList"]))
    value = {"apiVersion": "v1", "kind": kind, "items": items, "metadata": NOISE}
    value = json.loads(json.dumps(value))
    if draw(st.booleans()):
        at = value
        while isinstance(at, (dict, list)) and at:
            holder = at
            step = draw(st.sampled_from(sorted(at) if isinstance(at, dict) else range(len(at))))
            at = at[step]
            if draw(st.integers(0, 3)) == 0:
                break
        holder[step] = draw(anything)
    return value


@examples(150)
@given(lists(), st.sampled_from([None, 4]))
def test_a_dump_reads_as_the_whole(value, indent):
    data = json.dumps(value, indent=indent).encode()
    assert outcome(as_dump(data)) == outcome(as_text(data))


@examples(300)
@given(st.data())
def test_a_text_that_is_damaged_reads_the_same(data):
    items = [{**each, **NOISE} for each in OBJECTS[:1] + OBJECTS[-4:]]
    text = bytearray(json.dumps({"kind": "List", "items": items}, ensure_ascii=False).encode())
    at = data.draw(st.integers(0, len(text)))
    put = data.draw(st.sampled_from(b'{}[]:,"\\ \n0e-n\x00\xff\xef'))
    text[at : at + data.draw(st.integers(0, 2))] = bytes([put])
    assert outcome(as_dump(bytes(text))) == outcome(as_text(bytes(text)))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "kind: Pod\nmetadata: {name: x}\n",
        json.dumps(OBJECTS[0]) * 2,  # a stream
        json.dumps(OBJECTS[0]) + "\n---\n" + json.dumps(OBJECTS[1]),
        "\ufeff" + json.dumps(OBJECTS[0]),
        json.dumps([OBJECTS[0]]),
        '{"kind": "List", "items": [null]}',
        '{"x": "\\ud800"}',
        '{"x": NaN}',
        '{"x": ' + "[" * 100_000,
        '{"kind": "Pod", "metadata": {"name": "x", "uid": 1e999}}',
    ],
)
def test_what_is_no_dump_is_read_as_any_text(text):
    data = text.encode()
    assert outcome(as_dump(data)) == outcome(as_text(data))


@pytest.mark.parametrize("where", ["é" * 600_000, "x"])
def test_a_byte_that_is_not_utf8_is_found_in_what_nobody_reads(where):
    good = as_list({**OBJECTS[0], "status": where + "☃"})
    [document] = as_dump(good)
    assert document.value == {"kind": "List", "items": [OBJECTS[0]]}
    for bad in (good.replace(b"\xe2\x98\x83", b"\xff"), good + b"\xe2\x98"):
        [problem] = as_dump(bad)
        assert problem.code is ProblemCode.NOT_UTF8


def as_list(*items):
    return json.dumps({"kind": "List", "items": items}, ensure_ascii=False).encode()


# --- What is not kept ------------------------------------------------------------------------


def test_what_nobody_reads_is_not_kept():
    pod = {**OBJECTS[0], **NOISE}
    pod["spec"] = {**pod["spec"], "tolerations": [{}]}
    workload = {**OBJECTS[1], "status": {}}
    [document] = as_dump(as_list(pod, workload))
    assert document.value == {"kind": "List", "items": [OBJECTS[0], workload]}
    del pod["kind"]
    [document] = as_dump(json.dumps({"kind": "PodList", "items": [pod, {}]}).encode())
    assert "status" not in document.value["items"][0]


def test_large_is_a_megabyte_and_only_there_a_repeated_key_is_not_looked_for():
    text = '{"kind": "List", "items": [{"kind": "Pod", "metadata": {"name": "a", "name": "b"}}]%s}'
    for size, codes in ((0, [ProblemCode.REPEATED_KEY]), (dumps.DUMP_SIZE, [])):
        found = objects_of(read_data((text % (" " * size)).encode(), "f"))
        assert [each.name for each in found.pods] == ["b"]  # as in Go, the later one counts
        assert [each.code for each in found.problems] == codes


def test_a_number_that_nobody_reads_may_be_as_long_as_it_likes():
    data = as_list({**OBJECTS[0], "n": 0}).replace(b": 0", b": " + b"1" * 5000)
    assert len(objects_of(as_dump(data)).pods) == 1
    assert len(objects_of(as_text(data)).pods) == 0  # int() refuses it


def test_without_msgspec_a_dump_is_read_as_any_text(monkeypatch):
    monkeypatch.setitem(sys.modules, "msgspec.json", None)
    [document] = as_dump(as_list({**OBJECTS[0], "status": {}}))
    assert document.value["items"] == [{**OBJECTS[0], "status": {}}]
