"""Every site is handed out once, no server gets more than its share, nobody waits for nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Generator
from typing import Any

import anyio
import pytest

from fleet.config import Limits
from fleet.engine.lanes import Lanes


def made(per_host: int) -> Lanes:
    """Return lanes that begin at once with all that they may have."""
    return Lanes(Limits(concurrency=200, per_host=per_host, first=per_host, ramp=200))


async def drain(lanes: Lanes, workers: int) -> tuple[list[int], dict[str, int]]:
    """Take everything with several workers; return the order and the peak per lane."""
    order: list[int] = []
    peak: dict[str, int] = {}

    async def work() -> None:
        while (place := await lanes.take()) is not None:
            lane = place.lane
            order.append(place.item)
            peak[lane.key] = max(peak.get(lane.key, 0), lane.running)
            await anyio.lowlevel.checkpoint()
            await lanes.release(place)

    async with anyio.create_task_group() as tasks:
        for _ in range(workers):
            tasks.start_soon(work)
    return order, peak


@pytest.mark.parametrize("per_host", [1, 2, 5])
async def test_no_lane_is_used_by_more_than_its_share(per_host: int) -> None:
    lanes = made(per_host)
    for number, lane in enumerate("abc"):
        await lanes.add(lane, range(20 * number, 20 * number + 20))
    await lanes.close()
    order, peak = await drain(lanes, workers=12)
    assert sorted(order) == list(range(60))
    assert max(peak.values()) <= per_host


async def test_a_crowded_lane_does_not_hold_up_the_others() -> None:
    lanes = made(1)
    await lanes.add("crowded", range(50))
    await lanes.add("lonely", [50])
    await lanes.close()
    order, _ = await drain(lanes, workers=2)
    assert order.index(50) <= 2


async def test_workers_wait_for_sites_that_come_later() -> None:
    lanes = made(2)
    async with anyio.create_task_group() as tasks:
        found: list[int] = []

        async def work() -> None:
            found.extend((await drain(lanes, workers=3))[0])

        tasks.start_soon(work)
        for n in range(5):
            await anyio.lowlevel.checkpoint()
            await lanes.add(f"lane{n}", [n])
        await lanes.close()
    assert sorted(found) == list(range(5))


async def test_discarded_sites_are_never_handed_out() -> None:
    lanes = made(1)
    await lanes.add("a", [0, 1])
    taken = await lanes.take()
    assert taken is not None
    await lanes.close(discard=True)
    await lanes.release(taken)
    await lanes.add("b", [2])
    assert await lanes.take() is None


class Counted:
    """Work that counts how often the loop goes on with it."""

    def __init__(self, work: Awaitable[None], steps: Counter[str]) -> None:
        self._work = work
        self._steps = steps

    def __await__(self) -> Generator[Any, None, None]:
        going = self._work.__await__()
        while True:
            self._steps["all"] += 1
            try:
                waits = next(going)
            except StopIteration:
                return
            yield waits


async def counted(work: Awaitable[None], steps: Counter[str]) -> None:
    await Counted(work, steps)


async def steps_of(sites: int, workers: int) -> int:
    """Return the steps of `workers` that share the sites of one server."""
    lanes, steps = made(2), Counter[str]()
    await lanes.add("server", range(sites))
    await lanes.close()

    async def work() -> None:
        while (taken := await lanes.take()) is not None:
            await anyio.lowlevel.checkpoint()
            await lanes.release(taken)

    async with anyio.create_task_group() as tasks:
        for _ in range(workers):
            tasks.start_soon(counted, work(), steps)
    return steps["all"]


async def test_nobody_is_woken_who_would_find_nothing_to_do() -> None:
    alone = await steps_of(200, workers=2)
    crowd = await steps_of(200, workers=102)
    assert crowd <= alone + 3 * 100
    assert await steps_of(1600, workers=102) < 10 * crowd


async def test_free_lanes_take_turns() -> None:
    lanes = made(10)
    for number, lane in enumerate("abc"):
        await lanes.add(lane, range(10 * number, 10 * number + 3))
    await lanes.close()
    order, _ = await drain(lanes, workers=1)
    assert order == [0, 10, 20, 1, 11, 21, 2, 12, 22]


async def test_whoever_waits_longest_goes_on_first() -> None:
    lanes = made(1)
    begun: list[int] = []

    async def work(number: int) -> None:
        taken = await lanes.take()
        assert taken is not None
        begun.append(number)
        await lanes.release(taken)

    async with anyio.create_task_group() as tasks:
        for number in range(4):
            tasks.start_soon(work, number)
        await anyio.wait_all_tasks_blocked()
        await lanes.add("a", range(4))
    assert begun == [0, 1, 2, 3]


@pytest.mark.parametrize("offered", [False, True])
async def test_a_site_whose_worker_is_called_off_goes_to_another(*, offered: bool) -> None:
    lanes = made(2 if offered else 1)
    found: list[int] = []

    async def work(scope: anyio.CancelScope) -> None:
        with scope:
            while (taken := await lanes.take()) is not None:
                found.append(taken.item)
                await lanes.release(taken)

    first, second = anyio.CancelScope(), anyio.CancelScope()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(work, first)
        await anyio.wait_all_tasks_blocked()
        await lanes.add("a", [0, 1])
        first.cancel()
        tasks.start_soon(work, second)
        await lanes.close()
    assert found == [0, 1]


async def test_a_worker_called_off_while_it_waits_gets_nothing() -> None:
    lanes = made(1)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lanes.take)
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()
    await lanes.add("a", [0])
    taken = await lanes.take()
    assert taken is not None
    assert taken.item == 0


async def test_a_discarded_site_does_not_come_back() -> None:
    lanes = made(1)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lanes.take)
        await anyio.wait_all_tasks_blocked()
        await lanes.add("a", [0])
        await lanes.close(discard=True)
        tasks.cancel_scope.cancel()
    assert await lanes.take() is None
