"""pullsecrets answers as the kubelet did when the vectors were drawn; Go is not needed for it."""

from __future__ import annotations

from collections import Counter

import pytest

from referee.comparing import difference
from referee.vectors import COUNTS, Recorded, read


@pytest.mark.parametrize("part", COUNTS)
def test_answers_as_the_kubelet_did(part):
    counted: Counter[str] = Counter()
    for kubelet, request in read(part):
        counted[kubelet.release] += 1
        assert difference(kubelet, request) is None, request
    assert counted == COUNTS[part]


def test_a_recorded_kubelet_repeats_its_last_answer():
    kubelet = Recorded("1.37", [{"match": True}, {"match": False}])
    assert [kubelet.ask({})["match"] for _ in range(3)] == [True, False, False]
