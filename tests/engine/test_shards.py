"""Parts of a fleet that several processes work on."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from fleet.engine.shards import Shard
from fleet.errors import InputError
from fleet.inventory.model import Site
from tests.engine.sites import site as anywhere


def made_site(name: str) -> Site:
    return replace(anywhere(name), url=URL(f"https://{name}.example"))


NAMES = st.lists(
    st.from_regex(r"[a-z][a-z0-9]{0,12}", fullmatch=True), min_size=1, max_size=40, unique=True
)


@given(names=NAMES, count=st.integers(1, 20))
def test_each_site_is_in_exactly_one_part(names: list[str], count: int) -> None:
    for name in names:
        site = made_site(name)
        assert [Shard(number, count).holds(site) for number in range(1, count + 1)].count(True) == 1


def test_a_part_is_told_by_the_site_alone_and_for_good() -> None:
    found = [
        next(number for number in range(1, 9) if Shard(number, 8).holds(made_site(name)))
        for name in ("shop", "cafe", "blog", "news", "club")
    ]
    assert found == PARTS


PARTS = [7, 7, 3, 7, 2]
"""Kept, since a part that moves between releases would do sites twice, or not at all."""


def test_sites_of_one_host_stay_together() -> None:
    by_label = [
        replace(made_site(f"site{number}"), labels={"host": "northcloud"}) for number in range(30)
    ]
    by_name = [
        replace(made_site(f"site{number}"), url=URL(f"https://Shared.example/{number}"))
        for number in range(30)
    ]
    for sites in (by_label, by_name):
        parts = {number for number in range(1, 8) for site in sites if Shard(number, 7).holds(site)}
        assert len(parts) == 1


def test_parts_are_about_as_large_as_each_other() -> None:
    sizes = [0] * 10
    for number in range(2000):
        site = made_site(f"site{number}")
        for part in range(10):
            sizes[part] += Shard(part + 1, 10).holds(site)
    assert sum(sizes) == 2000
    assert min(sizes) > 140
    assert max(sizes) < 260


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2", "such as 2/8"),
        ("0/8", "from 1 to 8"),
        ("9/8", "from 1 to 8"),
        ("1/0", "from 1 to 1"),
        ("-1/8", "such as 2/8"),
        ("1/8/2", "such as 2/8"),
        ("1/99999999999", "such as 2/8"),
    ],
)
def test_a_part_that_is_none_is_refused(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        Shard.parse(text)


@pytest.mark.parametrize("text", ["1/1", "2/8", "8/8"])
def test_a_part_is_written_as_it_is_read(text: str) -> None:
    assert str(Shard.parse(text)) == text
