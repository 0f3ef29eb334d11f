from __future__ import annotations

import pickle

import pytest

from pullsecrets.frozen import FrozenDict


def test_it_is_a_copy_that_stays_as_it_is():
    content = {"b": 1, "a": 2}
    frozen = FrozenDict(content)
    content["c"] = 3
    assert dict(frozen) == {"b": 1, "a": 2}
    assert list(frozen) == ["b", "a"]
    assert len(FrozenDict()) == 0
    with pytest.raises(TypeError):
        frozen["b"] = 2


def test_it_is_a_value():
    one, other = FrozenDict({"b": 1, "a": 2}), FrozenDict({"a": 2, "b": 1})
    assert one == other == {"a": 2, "b": 1}
    assert hash(one) == hash(other)
    assert one != FrozenDict({"a": 2})
    assert pickle.loads(pickle.dumps(one)) == one
    assert repr(one) == "<FrozenDict 'b', 'a'>"
