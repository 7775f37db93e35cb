"""The first logins of a run start slowly, and end it where most are rejected."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.engine.breaker import LEAST, Breaker
from fleet.engine.stop import Stop
from fleet.errors import SiteError
from fleet.results import Halt


async def play(
    outcomes: Sequence[bool | None], workers: int, sites: int = 1000
) -> tuple[int, Stop]:
    """Return how many logins began where each ends as `outcomes` say, and the stop."""
    stop = Stop()
    breaker = Breaker(stop, sites)
    left = iter(outcomes)
    begun = 0

    async def worker() -> None:
        nonlocal begun
        for outcome in left:
            await breaker.wait()
            if stop.halted is not None:
                with pytest.raises(SiteError, match="too many sites") as caught:
                    breaker.begin()
                assert (caught.value.kind, caught.value.sent) == ("run.halted", False)
                return
            breaker.begin()
            begun += 1
            await asyncio.sleep(0)
            breaker.end(rejected=outcome)

    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        for _ in range(workers):
            tasks.create_task(worker())
    return begun, stop


@pytest.mark.parametrize("workers", [1, 5, 50, 200])
async def test_a_wrong_password_for_all_is_sent_five_times(workers: int) -> None:
    begun, stop = await play([True] * 1000, workers)
    assert begun == LEAST
    assert stop.halted is not None
    assert stop.halted.by is Halt.CREDENTIALS
    assert "5 of the first 5 logins were rejected" in stop.halted.reason


@pytest.mark.parametrize(
    ("outcomes", "halts"),
    [
        pytest.param([True] * 4 + [False] * 100, False, id="four"),
        pytest.param([False, True] * 50, False, id="every second"),
        pytest.param([False] * 3 + [True] * 4 + [False] * 100, False, id="four of seven"),
        pytest.param([False] * 3 + [True] * 5 + [False] * 100, True, id="five of eight"),
        pytest.param([None] * 50 + [True] * 5, True, id="after many that say nothing"),
        pytest.param([False] * 9 + [True] * 11, True, id="at the twentieth"),
        pytest.param([False] * 10 + [True] * 500, False, id="half of the first twenty"),
        pytest.param([False] * 20 + [True] * 500, False, id="later"),
        pytest.param([None] * 500, False, id="nothing is said"),
    ],
)
async def test_only_the_first_logins_count(outcomes: list[bool | None], *, halts: bool) -> None:
    begun, stop = await play(outcomes, 1)
    assert (stop.halted is not None) is halts
    assert begun == len(outcomes) or halts


@pytest.mark.parametrize("sites", [1, LEAST])
async def test_a_handful_of_sites_is_no_fleet(sites: int) -> None:
    begun, stop = await play([True] * sites, 5, sites)
    assert begun == sites
    assert stop.halted is None


@given(st.lists(st.sampled_from([True, False, None]), max_size=120), st.integers(1, 60))
def test_no_run_gets_stuck_or_sends_more_than_it_may(
    outcomes: list[bool | None], workers: int
) -> None:
    begun, stop = asyncio.run(play(outcomes, workers))
    if stop.halted is None:
        assert begun == len(outcomes)
        return
    assert outcomes.count(True) >= LEAST
    # Never trusted, so each login that began had one before it that was not rejected, but five.
    others = sum(outcome is not True for outcome in outcomes[: begun + workers])
    assert begun <= LEAST + 2 * others
