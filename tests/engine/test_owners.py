"""Who has shown a mark first is told as a mapping would tell it, in a sixth of its memory."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.engine.owners import Owners

SIGHTINGS = st.lists(st.tuples(st.integers(0, 200).map(str), st.integers(0, 2**32 - 2)))


@given(SIGHTINGS, st.integers(0, 5))
def test_the_first_owner_stays(sightings: list[tuple[str, int]], sites: int) -> None:
    owners, plain = Owners(sites), dict[str, int]()
    for mark, place in sightings:
        assert owners.first(mark, place) == plain.setdefault(mark, place)


@pytest.mark.parametrize("expected", [0, 7, 5000])
def test_more_marks_than_expected_find_room(expected: int) -> None:
    owners = Owners(expected)
    assert all(owners.first(f"home {place}", place) == place for place in range(20_000))
    assert all(owners.first(f"home {place}", 0) == place for place in range(20_000))


def test_a_mark_takes_sixteen_bytes() -> None:
    tracemalloc.start()
    try:
        owners = Owners(50_000)
        for place in range(50_000):
            owners.first(f"home {place}", place)
            owners.first(f"blog {place}", place)
        assert tracemalloc.get_traced_memory()[0] <= 17 * 100_000
    finally:
        tracemalloc.stop()
