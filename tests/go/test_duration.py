from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.drawing import at_leisure
from pullsecrets._go.duration import parse_duration


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
