"""A table of numbers tells what a mapping would tell, in a ninth of its memory."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.journal.numbers import Numbers, places_of

ENTRIES = st.lists(st.tuples(st.integers(0, 200).map(str), st.integers(0, 2**32 - 2)))


@given(ENTRIES, st.integers(0, 5))
def test_the_first_number_stays(entries: list[tuple[str, int]], expected: int) -> None:
    numbers, plain = Numbers(expected), dict[str, int]()
    for text, number in entries:
        assert numbers.first(text, number) == plain.setdefault(text, number)
    for text in (*plain, "another"):
        assert numbers.get(text) == plain.get(text)


@pytest.mark.parametrize("expected", [0, 7, 5000])
def test_more_than_expected_find_room(expected: int) -> None:
    numbers = Numbers(expected)
    assert all(numbers.first(f"home {each}", each) == each for each in range(20_000))
    assert all(numbers.first(f"home {each}", 0) == each for each in range(20_000))


def test_a_number_takes_sixteen_bytes() -> None:
    tracemalloc.start()
    try:
        numbers = Numbers(100_000)
        for each in range(100_000):
            numbers.first(f"home {each}", each)
        assert tracemalloc.get_traced_memory()[0] <= 17 * 100_000
    finally:
        tracemalloc.stop()


@given(st.lists(st.tuples(st.text(max_size=3), st.just("https://site.example"))))
def test_places_are_those_of_the_sites(sites: list[tuple[str, str]]) -> None:
    plain = {name: place for place, (name, _) in enumerate(sites)}
    assert places_of(sites) == plain
    assert places_of(sites).get("another") is None


class _Colliding(str):
    """A name whose hash is that of any other."""

    __slots__ = ()

    def __hash__(self) -> int:
        return 1


def test_names_of_one_hash_are_told_apart() -> None:
    sites = [(_Colliding(name), "https://site.example") for name in ("harbour", "fjord")]
    places = places_of(sites)
    assert [places[name] for name, _ in sites] == [0, 1]
