"""A pool of workers over host lanes. It knows sites and results, not operations.

There is never a task per site: workers pull the next site of a free lane until none is left. A
site is made from its number when it is looked at, and again when its turn comes, so that a list
of sites may be one that makes them on access. A visit always ends as a result, also when the
second signal cuts it off.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Final

import anyio

from fleet.config import HttpLimits, Limits
from fleet.engine.addresses import host_of, is_known, resolve_address
from fleet.engine.lanes import Lanes
from fleet.engine.places import Place
from fleet.engine.stop import Stop
from fleet.engine.wave import Calls, Wave
from fleet.inventory.model import Site
from fleet.site.exchange import Observer

__all__ = ["Feed", "Scheduler"]

Feed = Callable[[Lanes], Coroutine[Any, Any, None]]
"""Queues the sites of a wave, and closes the lanes behind the last."""

_LOG = logging.getLogger("fleet")
_RESOLVERS: Final = 128
"""Names looked up ahead: a dead one takes seconds, and must not hold up the others."""


class Scheduler:
    """Fans visits out over sites; what it learns of servers is kept from wave to wave.

    Args:
        limits: How much may happen at once.
        lookup: Returns the address behind a host name.
        http: How long the first try to connect may take.
    """

    def __init__(
        self,
        limits: Limits,
        lookup: Callable[[str], Awaitable[str]],
        http: HttpLimits | None = None,
    ) -> None:
        self._limits = limits
        self._lookup = lookup
        self._patience = (http or HttpLimits()).first_connect_timeout
        self._lanes = Lanes(limits)
        self._places: dict[str, Place] = {}

    @property
    def known(self) -> int:
        """Return of how many servers something is remembered."""
        return self._lanes.known

    def observer(self, site: Site) -> Observer | None:
        """Return who is to be told of the exchanges of a site that is being visited."""
        return self._places.get(site.name)

    async def run(
        self,
        sites: Sequence[Site],
        calls: Calls,
        stop: Stop,
        abort: Callable[[], None],
        feed: Feed | None = None,
    ) -> None:
        """Visit every site and emit its start and its one result.

        Args:
            sites: Sites in the order they should be started; they may be made on access.
            calls: What is done to each.
            stop: Ends the run early: sites nobody started stay without an event.
            abort: Makes every visit under way return at once.
            feed: Queues the sites as they come; None queues all of them in order.
        """
        lanes = self._lanes
        lanes.open()
        wave = Wave(sites, calls, lanes, stop, self._places, self._patience)
        async with anyio.create_task_group() as watch:
            watch.start_soon(_obey, stop, lanes, abort)
            await self._work(wave, lambda: self._feed(sites) if feed is None else feed(lanes))
            if wave.unfinished and not stop.draining.is_set():
                lanes.open(ending=True)
                await self._work(wave, wave.begin_again)
            await wave.settle_rest()
            watch.cancel_scope.cancel()
        if words := lanes.holding.words():
            _LOG.info(words)

    async def _work(self, wave: Wave, feed: Callable[[], Coroutine[Any, Any, None]]) -> None:
        count = min(self._limits.concurrency + self._limits.aside, len(wave.sites))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(feed)
            for _ in range(count):
                tasks.start_soon(wave.work)

    async def _feed(self, sites: Sequence[Site]) -> None:
        """Queue the sites one by one, each where its server's lane is, as there is room."""
        lanes, items, turn = self._lanes, iter(range(len(sites))), asyncio.Lock()

        async def next_host() -> tuple[str, int] | None:
            """Return the next host that has to be looked up, and queue sites without any."""
            async with turn:
                while True:
                    await lanes.room()
                    item = next(items, None)
                    if item is None or lanes.discarded:
                        return None
                    if not is_known(host := host_of(sites[item])):
                        return host, item
                    await lanes.add(host, [item])

        async def resolver() -> None:
            while (found := await next_host()) is not None:
                host, item = found
                await lanes.add(await resolve_address(host, self._lookup), [item])

        limits = self._limits
        count = min(_RESOLVERS, limits.concurrency + limits.aside, len(sites))
        async with anyio.create_task_group() as tasks:
            for _ in range(count):
                tasks.start_soon(resolver)
        await lanes.close()


async def _obey(stop: Stop, lanes: Lanes, abort: Callable[[], None]) -> None:
    await stop.draining.wait()
    await lanes.close(discard=True)
    await stop.aborting.wait()
    abort()
