"""A lane's limit: additive up, halved down, never below 1 nor above what is allowed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.engine.pace import Pace

GOOD, BAD, SLOW = 0.1, None, 9.0


def limits(first: int, most: int, *signals: float | None) -> list[int]:
    """Return the limit after each signal: the seconds of a good answer, or None for a bad one."""
    pace, found = Pace(first, most), []
    for signal in signals:
        if signal is None:
            pace.bad()
        else:
            pace.good(signal)
        found.append(pace.limit)
    return found


@pytest.mark.parametrize(
    ("first", "most", "signals", "expected"),
    [
        pytest.param(2, 8, [GOOD] * 8, [3, 4, 5, 6, 7, 8, 8, 8], id="slow start, to the most"),
        pytest.param(4, 2, [GOOD, GOOD], [2, 2], id="never above the most"),
        pytest.param(8, 8, [BAD], [4], id="halved"),
        pytest.param(8, 8, [BAD] * 9, [4] * 9, id="once for what was under way"),
        pytest.param(8, 8, [BAD] * 10, [4] * 9 + [2], id="and again for what came after"),
        pytest.param(2, 2, [BAD] * 20, [1] * 20, id="never below 1"),
        pytest.param(
            4, 8, [BAD, *[GOOD] * 6], [2, 2, 2, 3, 3, 3, 4], id="then by one for each round"
        ),
        pytest.param(8, 8, [GOOD, *[SLOW] * 2], [8, 4, 4], id="latency has risen"),
        pytest.param(8, 8, [0.001, 0.5, 0.9, 0.9], [8] * 4, id="a second is no rise"),
        pytest.param(8, 8, [SLOW] * 200, [8] * 200, id="slow from the start is no rise"),
        pytest.param(8, 8, [3.0, *[9.0] * 50], [8] * 51, id="nor is three times as slow"),
    ],
)
def test_the_limit_follows_the_signals(
    first: int, most: int, signals: list[float | None], expected: list[int]
) -> None:
    assert limits(first, most, *signals) == expected


def test_a_server_that_stays_slower_is_not_held_to_what_it_once_was() -> None:
    found = limits(8, 8, *[GOOD] * 64, *[SLOW] * 600)
    assert min(found) == 1
    assert found[-1] == 8


@given(
    st.integers(1, 20),
    st.integers(1, 20),
    st.lists(st.one_of(st.none(), st.floats(0, 100)), max_size=300),
)
def test_it_stays_within_its_bounds(first: int, most: int, signals: list[float | None]) -> None:
    assert all(1 <= limit <= most for limit in limits(first, most, *signals))
