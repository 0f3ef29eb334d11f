"""pullsecrets answers as the kubelet did when the vectors were drawn; Go is not needed for it."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections import Counter
from datetime import UTC, datetime

import pytest

from referee.comparing import at_drawn_times, difference
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


def first_start():
    """A kubelet that makes a pull and records it, its answer and the request."""
    for kubelet, request in read("present"):
        start = kubelet.answers[0].get("starts", [{}])[0]
        if start.get("attempts") and start["works"] and start["pulled"]:
            return kubelet, start, request
    raise AssertionError("there is none")


@pytest.mark.parametrize(
    "field, other",
    [
        ("outcome", "use"),
        ("attempts", []),
        ("works", False),
        ("looked up", False),
        ("pulled", {}),
        ("pulling", {"sha256-1": ""}),
    ],
)
def test_another_start_of_a_container_is_found(field, other):
    kubelet, start, request = first_start()
    assert difference(kubelet, request) is None
    kubelet, start, request = first_start()
    start[field] = other
    assert difference(kubelet, request) == field


def test_another_record_is_found():
    kubelet, start, request = first_start()
    name = next(iter(start["pulled"]))
    start["pulled"][name] = b64encode(b64decode(start["pulled"][name]) + b" ").decode()
    assert difference(kubelet, request) == "pulled"


@pytest.mark.parametrize(
    "written, compared",
    [
        (datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), "2001-01-01T00:00:00Z"),
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
        ("2145-01-02T03:04:05Z", "2145-01-02T03:04:05Z"),
    ],
    ids=["now", "in the past", "in the future"],  # the same in each of the processes that run tests
)
def test_the_time_of_writing_is_not_compared(written, compared):
    def file(time):
        return b64encode(f'{{"lastUpdatedTime":"{time}"}}'.encode()).decode()

    answer = {"starts": [{"pulled": {"a": file(written)}}]}
    assert at_drawn_times(answer)["starts"][0]["pulled"] == {"a": file(compared)}
