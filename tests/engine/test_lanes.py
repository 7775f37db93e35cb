"""Every site is handed out once, no server gets more than its share, nobody waits for nothing."""

from __future__ import annotations

import anyio
import pytest
from yarl import URL

from fleet.engine.lanes import Lanes
from tests.engine.sites import site


async def drain(lanes: Lanes, workers: int) -> tuple[list[str], dict[str, int]]:
    """Take everything with several workers; return the order and the peak per lane."""
    order: list[str] = []
    peak: dict[str, int] = {}

    async def work() -> None:
        while (taken := await lanes.take()) is not None:
            lane, found = taken
            order.append(found.name)
            peak[lane.key] = max(peak.get(lane.key, 0), lane.running)
            await anyio.lowlevel.checkpoint()
            await lanes.release(lane)

    async with anyio.create_task_group() as tasks:
        for _ in range(workers):
            tasks.start_soon(work)
    return order, peak


@pytest.mark.parametrize("per_host", [1, 2, 5])
async def test_no_lane_is_used_by_more_than_its_share(per_host: int) -> None:
    lanes = Lanes(per_host)
    for lane in ("a", "b", "c"):
        await lanes.add(lane, [site(f"{lane}{n}") for n in range(20)])
    await lanes.close()
    order, peak = await drain(lanes, workers=12)
    assert sorted(order) == sorted(f"{lane}{n}" for lane in "abc" for n in range(20))
    assert max(peak.values()) <= per_host


async def test_a_crowded_lane_does_not_hold_up_the_others() -> None:
    lanes = Lanes(1)
    await lanes.add("crowded", [site(f"crowded{n}") for n in range(50)])
    await lanes.add("lonely", [site("lonely")])
    await lanes.close()
    order, _ = await drain(lanes, workers=2)
    assert order.index("lonely") <= 2


async def test_workers_wait_for_sites_that_come_later() -> None:
    lanes = Lanes(2)
    async with anyio.create_task_group() as tasks:
        found: list[str] = []

        async def work() -> None:
            found.extend((await drain(lanes, workers=3))[0])

        tasks.start_soon(work)
        for n in range(5):
            await anyio.lowlevel.checkpoint()
            await lanes.add(f"lane{n}", [site(f"s{n}")])
        await lanes.close()
    assert sorted(found) == [f"s{n}" for n in range(5)]


async def test_discarded_sites_are_never_handed_out() -> None:
    lanes = Lanes(1)
    await lanes.add("a", [site("first"), site("second")])
    taken = await lanes.take()
    assert taken is not None
    await lanes.close(discard=True)
    await lanes.release(taken[0])
    await lanes.add("b", [site("too-late")])
    assert await lanes.take() is None


def test_the_example_sites_are_on_loopback() -> None:
    assert site("x").url == URL("http://127.0.0.1:9/x/")
