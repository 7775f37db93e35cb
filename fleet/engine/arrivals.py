"""The sites of a worker process as they come, a few ahead of its visits."""

from __future__ import annotations

from collections import deque

import anyio

from fleet.engine.channel import Channel
from fleet.engine.lanes import Lanes
from fleet.engine.protocol import Given, More
from fleet.inventory.model import Site
from fleet.operations.base import Task
from fleet.series import Series

__all__ = ["AHEAD", "Arrivals"]

AHEAD = 64
"""Sites that a worker has beside those that wait in its lanes."""

_AT_ONCE = 16
"""Sites that are asked for at once, so that a message pays."""


class Arrivals(Series[Site]):
    """Sites by their numbers, from when they come until they are done.

    Args:
        channel: To the process that gives them.
        most: How many come at most.
    """

    def __init__(self, channel: Channel, most: int) -> None:
        self._channel = channel
        self._most = most
        self._given: dict[int, Given] = {}
        self._items: dict[str, int] = {}
        self._waiting: deque[int] = deque()
        self._moved = anyio.Event()
        self._last = False

    def __len__(self) -> int:
        """Return how many come at most."""
        return self._most

    def at(self, index: int) -> Site:
        """Return one that has come and is not done."""
        return self._given[index].site

    def task(self, site: Site) -> Task:
        """Return what is to be done on a site."""
        return self._given[self._items[site.name]].task

    def item(self, site: str) -> int:
        """Return the number of a site."""
        return self._items[site]

    def take(self, given: Given) -> None:
        """Take a site."""
        self._given[given.item] = given
        self._items[given.site.name] = given.item
        self._waiting.append(given.item)
        self._wake()

    def last(self) -> None:
        """Know that no more come."""
        self._last = True
        self._wake()

    def done(self, site: str) -> int:
        """Forget a site and return its number."""
        item = self._items.pop(site)
        del self._given[item]
        return item

    async def feed(self, lanes: Lanes) -> None:
        """Queue the sites as there is room, and ask for more."""
        self._channel.tell(More(AHEAD))
        fed = 0
        while not lanes.discarded:
            if self._waiting:
                await lanes.room()
                item = self._waiting.popleft()
                await lanes.add(self._given[item].server, [item])
                fed += 1
            elif self._last:
                break
            else:
                self._moved = anyio.Event()
                await self._moved.wait()
            if fed >= _AT_ONCE:
                self._channel.tell(More(fed))
                fed = 0
        await lanes.close()

    def _wake(self) -> None:
        self._moved.set()
