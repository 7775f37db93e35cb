"""Queues of sites, one lane for each server, so that no server gets more than its share.

A thousand sites may live on three servers. A lane is free while fewer than `per_host` of its
sites are being worked on; free lanes take turns, so a full lane never holds up the others.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

import anyio

from fleet.inventory.model import Site

__all__ = ["Lane", "Lanes"]


@dataclass(slots=True, eq=False)
class Lane:
    """The sites of one server.

    Args:
        key: Address or label that its sites share.
        waiting: Sites nobody has taken yet.
        running: Sites being worked on.
    """

    key: str
    waiting: deque[Site] = field(default_factory=deque)
    running: int = 0


class Lanes:
    """All lanes of a run.

    Args:
        per_host: Sites of one lane that may be worked on at once.
    """

    def __init__(self, per_host: int) -> None:
        self._per_host = per_host
        self._lanes: dict[str, Lane] = {}
        self._free: deque[Lane] = deque()
        self._closed = False
        self._changed = anyio.Condition()

    async def add(self, key: str, sites: Iterable[Site]) -> None:
        """Queue `sites` behind the others of lane `key`."""
        async with self._changed:
            if self._closed:
                return
            lane = self._lanes.setdefault(key, Lane(key))
            idle = not lane.waiting
            lane.waiting.extend(sites)
            if idle:
                self._offer(lane)
            self._changed.notify_all()

    async def close(self, *, discard: bool = False) -> None:
        """Say that no more sites come; with `discard`, forget those that wait."""
        async with self._changed:
            self._closed = True
            if discard:
                self._free.clear()
                for lane in self._lanes.values():
                    lane.waiting.clear()
            self._changed.notify_all()

    async def take(self) -> tuple[Lane, Site] | None:
        """Return the next site and its lane, waiting for a free lane; None when all is taken."""
        async with self._changed:
            while not self._free:
                if self._closed and not any(lane.waiting for lane in self._lanes.values()):
                    return None
                await self._changed.wait()
            lane = self._free.popleft()
            site = lane.waiting.popleft()
            lane.running += 1
            self._offer(lane)
            if not self._free:
                self._changed.notify_all()
            return lane, site

    async def release(self, lane: Lane) -> None:
        """Give back the place of a site that is done."""
        async with self._changed:
            was_full = lane.running == self._per_host
            lane.running -= 1
            if was_full:
                self._offer(lane)
                self._changed.notify_all()

    def _offer(self, lane: Lane) -> None:
        if lane.waiting and lane.running < self._per_host:
            self._free.append(lane)
