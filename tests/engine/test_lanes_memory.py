"""What waits costs four bytes, what has taught nothing is forgotten, and little is read ahead."""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Iterator, Sequence
from typing import Any, overload

import anyio
import pytest

from fleet.config import Limits
from fleet.engine.lane import Queue
from fleet.engine.lanes import Lanes
from fleet.engine.scheduler import Scheduler
from fleet.engine.stop import Stop
from fleet.engine.wave import Calls
from fleet.inventory.model import Site
from fleet.results import Event, SiteFinished, SiteResult, Status
from tests.engine.sites import site
from tests.engine.virtual import settled, virtually


class Made(Sequence[Site]):
    """Sites that are made on access, and how far they were looked at.

    Args:
        count: How many there are.
        addresses: On how many addresses.
    """

    def __init__(self, count: int, addresses: int) -> None:
        self._count = count
        self._addresses = addresses
        self.furthest = 0

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Site: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Site]: ...
    def __getitem__(self, index: int | slice) -> Any:
        assert isinstance(index, int)
        self.furthest = max(self.furthest, index)
        return site(f"s{index}", f"host{index % self._addresses}.example:80")

    def __iter__(self) -> Iterator[Site]:
        raise AssertionError("nobody needs all of them")


async def own(host: str) -> str:
    return host


def ahead(sites: Made, limits: Limits) -> int:
    """Run through the sites, and return how far ahead of the visits they were looked at at most."""
    done, most = 0, 0

    async def visit(where: Site) -> SiteResult:
        nonlocal most
        most = max(most, sites.furthest - done)
        await anyio.sleep(1)
        return SiteResult(where.name, str(where.url), Status.UNCHANGED)

    def emit(event: Event) -> None:
        nonlocal done
        done += isinstance(event, SiteFinished)

    async def work() -> None:
        scheduler = Scheduler(limits, own)
        await scheduler.run(sites, Calls(visit, settled, emit), Stop(), lambda: None)
        assert not scheduler.known

    virtually(work)
    assert done == len(sites)
    return most


def test_sites_of_many_servers_are_looked_at_in_a_window() -> None:
    assert ahead(Made(3000, 3000), Limits(concurrency=10)) < 300


def test_sites_of_one_server_are_looked_at_while_workers_have_nothing_to_do() -> None:
    assert ahead(Made(1000, 1), Limits(concurrency=10)) > 900


async def test_a_hundred_thousand_sites_of_one_server_wait_in_sixteen_bytes_each() -> None:
    tracemalloc.start()
    try:
        lanes, before = Lanes(Limits()), tracemalloc.get_traced_memory()[0]
        for number in range(100_000):
            await lanes.add("server", [number])
        assert tracemalloc.get_traced_memory()[0] - before <= 16 * 100_000
        assert tracemalloc.get_traced_memory()[1] - before <= 16 * 100_000
    finally:
        tracemalloc.stop()
    assert lanes.left == 100_000


@pytest.mark.parametrize("count", [0, 1, 5000])
def test_a_queue_gives_back_what_it_got_in_its_order(count: int) -> None:
    queue = Queue()
    for number in range(count):
        queue.append(number)
    found = [queue.pop() for _ in range(count // 2)]
    for number in reversed(found[-3:]):
        queue.put_back(number)
    kept = found[: len(found) - len(found[-3:])]
    assert [*kept, *queue.drain()] == list(range(count))
    assert not queue


def test_a_queue_that_moves_on_does_not_grow() -> None:
    queue, most = Queue(), 0
    for number in range(100_000):
        queue.append(number)
        if number >= 50:
            queue.pop()
        most = max(most, sys.getsizeof(queue._items))
    assert most < 64_000
