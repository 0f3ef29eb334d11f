from __future__ import annotations

import pytest

from pullsecrets._go.strconv import parse_bool


@pytest.mark.parametrize(
    "texts, value",
    [
        (("1", "t", "T", "true", "TRUE", "True"), True),
        (("0", "f", "F", "false", "FALSE", "False"), False),
        (("", "tRUE", "fALSE", "yes", "no", "on", "2", "-1", " true", "true\n"), None),
    ],
)
def test_a_truth_value_is_one_of_twelve_texts(texts, value):
    assert [parse_bool(text) for text in texts] == [value] * len(texts)
