from __future__ import annotations

from decimal import Decimal
from math import ceil, floor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.policy.fields import parse_share
from fleet.policy.rollout import BudgetShares, Guard, Rounding, Share, Waves
from tests.policy.support import fleet_of, load

PERCENT = st.decimals(0, 100, places=2).map(lambda percent: Share(percent=percent))
SHARES = st.one_of(st.integers(0, 60).map(Share), PERCENT)
WAVES = st.lists(SHARES, min_size=1, max_size=6).map(lambda steps: Waves(tuple(steps)))
NAMES = st.integers(0, 50).map(lambda count: [f"site-{number}" for number in range(count)])


def waves(*steps: object) -> Waves:
    return Waves(tuple(map(parse_share, steps)))


def names(count: int) -> list[str]:
    return [f"{number}" for number in range(1, count + 1)]


@pytest.mark.parametrize(
    ("steps", "count", "sizes"),
    [
        ([1, "10%", "100%"], 100, [1, 9, 90]),
        ([1, "10%", "100%"], 25, [1, 2, 22]),
        ([1, "10%", "100%"], 10, [1, 9]),
        ([1, "10%", "100%"], 1, [1]),
        ([1, "10%", "100%"], 0, []),
        (["5%", "25%", "100%"], 3, [1, 2]),
        ([1, 10], 30, [1, 29]),
        (["10%", "50%"], 10, [1, 9]),
        ([50, "10%", "100%"], 100, [50, 50]),
        ([5], 3, [3]),
        ([500, "100%"], 3, [3]),
    ],
)
def test_waves_count_from_the_first_site(steps: list[object], count: int, sizes: list[int]) -> None:
    found = waves(*steps).slices(names(count))
    assert [len(wave) for wave in found] == sizes
    assert [name for wave in found for name in wave] == names(count)


@given(WAVES, NAMES)
def test_waves_reach_every_site_once_in_order(steps: Waves, sites: list[str]) -> None:
    found = steps.slices(sites)
    assert [name for wave in found for name in wave] == sites
    assert all(found)
    assert len(found) <= len(steps.steps)


@given(WAVES, NAMES)
def test_a_wave_ends_where_its_step_says_unless_it_is_the_last(
    steps: Waves, sites: list[str]
) -> None:
    ends = {0}
    for wave in steps.slices(sites):
        ends.add(max(ends) + len(wave))
    for step in steps.steps[:-1]:
        share = step.percent * len(sites) / 100 if step.percent is not None else step.count or 0
        reached = min(ceil(share), len(sites))
        assert reached in ends or any(end > reached for end in ends)
    assert max(ends) == len(sites)


@given(SHARES, st.integers(0, 100_000))
def test_percentages_are_rounded_up_or_down_and_counts_are_not(share: Share, total: int) -> None:
    if share.percent is None:
        assert share.of(total, Rounding.UP) == share.of(total, Rounding.DOWN) == share.count
        return
    exact = share.percent * total / Decimal(100)
    assert share.of(total, Rounding.UP) == ceil(exact)
    assert share.of(total, Rounding.DOWN) == floor(exact)


@given(SHARES)
def test_shares_are_read_as_they_are_written(share: Share) -> None:
    written = str(share)
    assert parse_share(written if share.count is None else int(written)) == share


@pytest.mark.parametrize("text", ["", "5", "-1%", "101%", "100.1%", "1e1%", "5 %", -1, 1.5, True])
def test_other_texts_are_no_shares(text: object) -> None:
    with pytest.raises(ValueError, match="expected a number of sites or a percentage"):
        parse_share(text)


@pytest.mark.parametrize(
    ("total", "failures"), [(0, 0), (1, 0), (19, 0), (20, 1), (39, 1), (40, 2), (333, 16)]
)
def test_a_budget_in_percent_rounds_down(total: int, failures: int) -> None:
    assert BudgetShares(parse_share("5%"), parse_share(3)).limits(total) == (failures, 3)


def test_no_budget_is_no_limit() -> None:
    assert BudgetShares().limits(100) == (None, None)


def test_the_guard_rounds_up() -> None:
    assert [Guard().sites_allowed(total) for total in (0, 1, 3, 4, 100)] == [0, 1, 1, 2, 30]


ROLLOUT = "version: 1\nrollout: {waves: [1, 100%%], pause: 5m, canary: {select: c%s}}\n"


def test_canaries_go_first_and_are_not_counted_again(tmp_path: Path) -> None:
    sites = fleet_of(tmp_path, {"a": {}, "b": {"c": "1"}, "d": {}, "e": {"c": "1"}, "f": {}}).sites
    rollout = load(tmp_path, ROLLOUT % ", pause: 30m").rollout
    schedule = rollout.schedule(sites.values())
    assert [(wave.names, wave.pause, wave.canary) for wave in schedule] == [
        (("b", "e"), 1800.0, True),
        (("a",), 300.0, False),
        (("d", "f"), 0.0, False),
    ]


def test_canaries_wait_as_others_do_and_nobody_waits_at_the_end(tmp_path: Path) -> None:
    sites = fleet_of(tmp_path, {"a": {"c": "1"}, "b": {}}).sites
    rollout = load(tmp_path, ROLLOUT % "").rollout
    assert [wave.pause for wave in rollout.schedule(sites.values())] == [300.0, 0.0]
    (only,) = rollout.schedule([sites["a"]])
    assert (only.names, only.pause) == (("a",), 0.0)
    (last,) = rollout.schedule([sites["b"]])
    assert (last.pause, last.canary) == (0.0, False)
    assert rollout.schedule([]) == []
