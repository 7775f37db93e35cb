"""A fixed pool of workers over host lanes. It knows sites and results, not operations.

There is never a task per site: workers pull the next site of a free lane until none is left.
A visit always ends as a result, also when the second signal cuts it off.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

import anyio

from fleet.config import Limits
from fleet.engine.addresses import host_of, resolve_address
from fleet.engine.lanes import Lanes
from fleet.engine.stop import Stop
from fleet.inventory.model import Site
from fleet.results import Event, SiteFinished, SiteResult, SiteStarted

__all__ = ["Scheduler"]

_RESOLVERS = 16

Emit = Callable[[Event], None]


class Scheduler:
    """Fans visits out over sites.

    Args:
        limits: How much may happen at once.
        lookup: Returns the address behind a host name.
    """

    def __init__(self, limits: Limits, lookup: Callable[[str], Awaitable[str]]) -> None:
        self._limits = limits
        self._lookup = lookup

    async def run(
        self,
        sites: Iterable[Site],
        visit: Callable[[Site], Awaitable[SiteResult]],
        emit: Emit,
        stop: Stop,
        abort: Callable[[], None],
    ) -> None:
        """Visit every site and emit its start and its result.

        Args:
            sites: Sites in the order they should be started.
            visit: Works on one site; never raises anything but a cancellation.
            emit: Takes the events.
            stop: Ends the run early: sites nobody started stay without an event.
            abort: Makes every visit under way return at once.
        """
        by_host: dict[str, list[Site]] = {}
        for site in sites:
            by_host.setdefault(host_of(site), []).append(site)
        lanes = Lanes(self._limits.per_host)
        count = min(self._limits.concurrency, sum(len(group) for group in by_host.values()))
        async with anyio.create_task_group() as watch:
            watch.start_soon(_obey, stop, lanes, abort)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._feed, by_host, lanes)
                for _ in range(count):
                    tasks.start_soon(_work, lanes, visit, emit, stop)
            watch.cancel_scope.cancel()

    async def _feed(self, by_host: dict[str, list[Site]], lanes: Lanes) -> None:
        pending = iter(by_host.items())

        async def resolver() -> None:
            for host, sites in pending:
                await lanes.add(await resolve_address(host, self._lookup), sites)

        async with anyio.create_task_group() as tasks:
            for _ in range(min(_RESOLVERS, self._limits.concurrency, len(by_host))):
                tasks.start_soon(resolver)
        await lanes.close()


async def _work(
    lanes: Lanes, visit: Callable[[Site], Awaitable[SiteResult]], emit: Emit, stop: Stop
) -> None:
    while (taken := await lanes.take()) is not None:
        if stop.draining.is_set():
            return
        lane, site = taken
        emit(SiteStarted(site.name))
        emit(SiteFinished(await visit(site)))
        await lanes.release(lane)


async def _obey(stop: Stop, lanes: Lanes, abort: Callable[[], None]) -> None:
    await stop.draining.wait()
    await lanes.close(discard=True)
    await stop.aborting.wait()
    abort()
