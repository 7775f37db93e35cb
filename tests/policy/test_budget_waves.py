"""A budget over waves of 7, 50 and 333 sites stops where the formula says, wherever they fail."""

from __future__ import annotations

import random
from collections.abc import Collection
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.engine.budget import Budget
from fleet.policy.fields import parse_share
from fleet.policy.rollout import BudgetShares
from fleet.results import Halt, Status
from fleet.simulator.faults import Fault
from fleet.simulator.site import SiteSpec
from tests.policy.governed import governed

SIZES = (7, 50, 333)
ALL = sum(SIZES)
FIVE = BudgetShares(parse_share("5%"))
LIMITS = {7: 0, 50: 2, 333: 16}
"""5 % of each wave, rounded down; of the whole run it is 19."""


def documented_stop(failing: Collection[int]) -> int | None:
    """Return the site at which the run has to stop, by the sentences of the documentation.

    A budget is exceeded when the count is greater than the percentage of the run's sites, or of
    the wave's, rounded down.
    """
    bad = 0
    for size, first in zip(SIZES, (0, 7, 57), strict=True):
        bad_in_wave = 0
        for site in range(first, first + size):
            if site in failing:
                bad, bad_in_wave = bad + 1, bad_in_wave + 1
            if bad > ALL * 5 // 100 or bad_in_wave > size * 5 // 100:
                return site
    return None


def stop(failing: Collection[int]) -> int | None:
    """Return the site at which budgets of the run and of its waves stop it, one after another."""
    whole = Budget("the run", *FIVE.limits(ALL))
    site = 0
    for number, size in enumerate(SIZES, 1):
        wave = Budget(f"wave {number}", *FIVE.limits(size))
        for _ in range(size):
            status = Status.FAILED if site in failing else Status.CHANGED
            reasons = [budget.count(status) for budget in (whole, wave)]
            if any(reasons):
                return site
            site += 1
    return None


@given(st.sets(st.integers(0, ALL - 1), max_size=40))
def test_fault_69_failures_placed_anywhere_stop_at_the_documented_site(failing: set[int]) -> None:
    assert stop(failing) == documented_stop(failing)


@pytest.mark.parametrize(
    ("failing", "expected"),
    [
        pytest.param(set(), None, id="none"),
        pytest.param({0}, 0, id="first of all"),
        pytest.param({6}, 6, id="last of wave 1"),
        pytest.param({7, 8}, None, id="exactly the limit of wave 2"),
        pytest.param({7, 8, 56}, 56, id="one more, last of wave 2"),
        pytest.param({7, 8, *range(57, 73)}, None, id="exactly the limits of waves 2 and 3"),
        pytest.param({7, 8, *range(57, 73), 389}, 389, id="one more, last of all"),
        pytest.param({8, *range(57, 74)}, 73, id="wave 3 before the run"),
    ],
)
def test_edges(failing: set[int], expected: int | None) -> None:
    assert stop(failing) == expected
    assert documented_stop(failing) == expected


POLICY = """
policies:
  - name: baseline
    modules: {active: [sitemaps]}
rollout:
  waves: [7, 57, 100%]
  max_failures: 5%
  wave: {max_failures: 5%}
  guard: {max_sites: 100%}
"""


@pytest.mark.timeout(180)
@pytest.mark.parametrize("seed", [1, 2])
async def test_a_real_run_stops_at_the_documented_site(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)  # noqa: S311 - reproducible, no secret
    failing = set(chance.sample(range(7, ALL), 2 + 20 * (seed - 1)))
    expected = documented_stop(failing)
    specs = [SiteSpec(f"s{number:03}", era="13.9", modules=()) for number in range(ALL)]
    ill = Fault("server_error", where="/jetpack/v4/settings", methods=("GET",))
    password = "application-password"
    async with governed(
        tmp_path,
        POLICY,
        *specs,
        method=password,
        password=specs[0].users[0].application_passwords[0],
    ) as running:
        plan = await running.plan()
        assert [len(wave.sites) for wave in plan.waves] == list(SIZES)
        for number in failing:
            running.site(f"s{number:03}").faults.add(ill)
        report = await running.apply(plan, concurrency=1)
    started = [result for result in report.results if result.status is not Status.NOT_STARTED]
    if expected is None:
        assert report.halted is None
        assert len(started) == ALL
        return
    assert report.halted is not None
    assert report.halted.by is Halt.BUDGET
    assert started[-1].site == f"s{expected:03}"
    assert len(started) == expected + 1
    assert report.exit_code == 4
