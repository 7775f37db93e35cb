"""Queues of sites, one lane for each server, so that no server gets more than its share.

A thousand sites may live on three servers. A lane is free while fewer than `per_host` of its
sites are being worked on; free lanes take turns, so a full lane never holds up the others.
Sites are handed to workers one by one: nobody is woken who would find nothing to do.
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


@dataclass(slots=True, eq=False)
class _Worker:
    """Somebody who waits for a site: woken with one, or without where none is left."""

    woken: anyio.Event = field(default_factory=anyio.Event)
    taken: tuple[Lane, Site] | None = None


class Lanes:
    """All lanes of a run.

    Args:
        per_host: Sites of one lane that may be worked on at once.
    """

    def __init__(self, per_host: int) -> None:
        self._per_host = per_host
        self._lanes: dict[str, Lane] = {}
        self._free: deque[Lane] = deque()
        self._idle: deque[_Worker] = deque()
        self._left = 0
        self._handed = 0
        self._closed = False
        self._discarded = False

    async def add(self, key: str, sites: Iterable[Site]) -> None:
        """Queue `sites` behind the others of lane `key`."""
        if self._closed:
            return
        lane = self._lanes.setdefault(key, Lane(key))
        before = len(lane.waiting)
        lane.waiting.extend(sites)
        self._left += len(lane.waiting) - before
        if not before:
            self._offer(lane)
        self._hand_out()

    async def close(self, *, discard: bool = False) -> None:
        """Say that no more sites come; with `discard`, forget those that wait."""
        self._closed = True
        if discard:
            self._discarded = True
            self._free.clear()
            self._left = 0
            for lane in self._lanes.values():
                lane.waiting.clear()
        self._hand_out()

    async def take(self) -> tuple[Lane, Site] | None:
        """Return the next site and its lane, waiting for a free lane; None when all is taken."""
        worker = _Worker()
        self._idle.append(worker)
        self._hand_out()
        try:
            await worker.woken.wait()
        except anyio.get_cancelled_exc_class():
            self._call_off(worker)
            raise
        if worker.taken is not None:
            self._handed -= 1
            self._hand_out()
        return worker.taken

    async def release(self, lane: Lane) -> None:
        """Give back the place of a site that is done."""
        was_full = lane.running == self._per_host
        lane.running -= 1
        if was_full:
            self._offer(lane)
        self._hand_out()

    def _offer(self, lane: Lane) -> None:
        if lane.waiting and lane.running < self._per_host:
            self._free.append(lane)

    def _hand_out(self) -> None:
        """Give sites of free lanes to those who wait longest; send all home when none is left."""
        while self._free and self._idle:
            lane, worker = self._free.popleft(), self._idle.popleft()
            worker.taken = lane, lane.waiting.popleft()
            lane.running += 1
            self._left -= 1
            self._handed += 1
            self._offer(lane)
            worker.woken.set()
        if self._closed and not self._left and not self._handed:
            while self._idle:
                self._idle.popleft().woken.set()

    def _call_off(self, worker: _Worker) -> None:
        """Forget somebody who waits; a site handed to him goes to the next instead."""
        if worker.taken is None:
            if worker in self._idle:
                self._idle.remove(worker)
            return
        lane, site = worker.taken
        offered = bool(lane.waiting) and lane.running < self._per_host
        lane.running -= 1
        self._handed -= 1
        if not self._discarded:
            lane.waiting.appendleft(site)
            self._left += 1
        if not offered:
            self._offer(lane)
        self._hand_out()
