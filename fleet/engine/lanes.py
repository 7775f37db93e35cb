"""Queues of sites, one lane for each server, so that no server gets more than its share.

A thousand sites may live on three servers. A lane is free while fewer of its sites are being
worked on than its pace allows, no pause that the server asked for goes on, and its circuit is
closed. Free lanes take turns, so a full lane never holds up the others; a lane that has its fair
share of all places already comes after those that have not, so a slow one does not fill them.

Sites are small numbers here, four bytes each while they wait, and come in a window that moves on
with the work (`room`). Sites are handed to workers one by one: nobody is woken who would find
nothing to do.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from fleet.config import Limits
from fleet.engine.holding import Holding
from fleet.engine.lane import Lane, Queue
from fleet.engine.pace import Pace
from fleet.engine.places import Place

__all__ = ["Lanes"]

_FAIR: Final = 2
"""Sites of one lane that never count as more than its share."""

_SPARE: Final = 64
"""Sites that wait in lanes beside as many as are worked on."""


@dataclass(slots=True, eq=False)
class _Worker:
    """Somebody who waits for a site: woken with one, or without where none is left."""

    woken: asyncio.Future[None]
    taken: Place | None = None

    def wake(self) -> None:
        """Let it go on."""
        if not self.woken.done():
            self.woken.set_result(None)


def _loop_time() -> float:
    return asyncio.get_running_loop().time()


class Lanes:
    """All lanes of a run; what they have learnt stays from one wave to the next.

    Args:
        limits: How much may happen at once.
        now: Seconds that only grow.
    """

    def __init__(self, limits: Limits, now: Callable[[], float] = _loop_time) -> None:
        self._limits = limits
        self._now = now
        self._lanes: dict[str, Lane] = {}
        self._free: deque[Lane] = deque()
        self._idle: deque[_Worker] = deque()
        self._timers: dict[Lane, asyncio.TimerHandle] = {}
        self._left = 0
        self._handed = 0
        self._running = 0
        self._parked = 0
        self._allowed = min(limits.concurrency, limits.ramp)
        self._closed = False
        self._discarded = False
        self._ending = False
        self._moved: asyncio.Event | None = None
        self.lost: list[tuple[int, Lane]] = []
        self.holding = Holding(now)

    @property
    def left(self) -> int:
        """Return how many sites wait."""
        return self._left

    @property
    def known(self) -> int:
        """Return of how many servers something is remembered."""
        return len(self._lanes)

    @property
    def discarded(self) -> bool:
        """Return whether no more sites are to be started."""
        return self._discarded

    def open(self, *, ending: bool = False) -> None:
        """Take sites, of another wave or once more at the end of this one.

        Args:
            ending: Whether those that wait for servers that are down are to be decided on.
        """
        self._closed = self._discarded = False
        self._ending = ending
        if not ending:
            self.lost = []
            for lane in self._lanes.values():
                lane.circuit.last = False

    async def add(self, key: str, items: Iterable[int]) -> None:
        """Queue sites behind the others of lane `key`."""
        if self._discarded:
            return
        lane = self._lanes.get(key)
        if lane is None:
            pace = Pace(self._limits.first, self._limits.per_host)
            lane = self._lanes[key] = Lane(key, pace)
        for item in items:
            lane.waiting.append(item)
            self._left += 1
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
                lane.offered = False
                lane.waiting = Queue()
        self._hand_out()

    async def room(self) -> None:
        """Return when one more site should be read ahead.

        That is while the window is not full, and beyond that while workers have nothing to do
        because no lane is free.
        """
        while not self._discarded and self._full() and not self._hungry():
            self._moved = self._moved or asyncio.Event()
            await self._moved.wait()

    async def take(self) -> Place | None:
        """Return a place with the next site, waiting for a free lane; None when all is taken.

        Sites of servers that are down are not waited for.
        """
        worker = _Worker(asyncio.get_running_loop().create_future())
        self._idle.append(worker)
        self._hand_out()
        try:
            # Sites that need no network must not keep all others from the loop.
            await (asyncio.sleep(0) if worker.woken.done() else worker.woken)
        except asyncio.CancelledError:
            self._call_off(worker)
            raise
        if worker.taken is not None:
            self._handed -= 1
            self._hand_out()
        return worker.taken

    async def release(self, place: Place, unreached: str | None = None) -> None:
        """Give back the place of a site that is done.

        Args:
            place: The place.
            unreached: Why nothing came from its server, as a kind of error, if nothing did.
        """
        place.leave()
        lane = place.lane
        if unreached is not None:
            self._count(lane, unreached)
        self._vacate(place)
        self._allowed = min(self._limits.concurrency, self._allowed + 1)
        self._offer(lane)
        self._prune(lane)
        self._hand_out()

    def last_chance(self) -> None:
        """Let one site of each server that is down show whether it still is."""
        for lane in self._lanes.values():
            if lane.waiting and lane.circuit.open:
                lane.circuit.last_chance(self._now())
                self._offer(lane)

    def park(self, place: Place) -> None:
        """Let another site go on instead of one that waits, where there is room for waiting."""
        if not place.parked and self._parked < self._limits.aside:
            place.parked = True
            self._parked += 1
            self._hand_out()

    def unpark(self, place: Place) -> None:
        """Count a site again that goes on; for a moment there may be one too many."""
        place.parked = False
        self._parked -= 1

    def gate(self, lane: Lane, seconds: float) -> None:
        """Start no site of `lane` for some seconds."""
        lane.gate = max(lane.gate, self._now() + seconds)

    def learnt(self, lane: Lane) -> None:
        """Go by what an answer has shown."""
        self._allowed = min(self._limits.concurrency, self._allowed + 1)
        self._offer(lane)
        self._hand_out()

    @property
    def _busy(self) -> int:
        return self._running - self._parked

    def _full(self) -> bool:
        return self._left >= self._limits.concurrency + _SPARE

    def _hungry(self) -> bool:
        return bool(self._idle) and not self._free and self._busy < self._allowed

    def _offer(self, lane: Lane) -> None:
        """Put a lane among the free ones, or see to it that it comes when its time has come."""
        if lane.offered or not lane.waiting:
            return
        now = self._now()
        if lane.free(now):
            lane.offered = True
            self._free.append(lane)
        elif (due := max(lane.gate, lane.circuit.until)) > now and lane not in self._timers:
            loop = asyncio.get_running_loop()
            self._timers[lane] = loop.call_later(due - now, self._due, lane)

    def _due(self, lane: Lane) -> None:
        del self._timers[lane]
        self._offer(lane)
        self._hand_out()

    def _next(self) -> Lane | None:
        """Return the lane whose turn it is, those first that have less than their fair share."""
        now = self._now()
        share = max(_FAIR, self._limits.concurrency // max(1, len(self._free)))
        greedy: Lane | None = None
        for _ in range(len(self._free)):
            lane = self._free.popleft()
            if not lane.free(now):
                lane.offered = False
                self._offer(lane)
            elif lane.running < share:
                lane.offered = False
                return lane
            else:
                greedy = greedy or lane
                self._free.append(lane)
        if greedy is not None:
            self._free.remove(greedy)
            greedy.offered = False
        return greedy

    def _hand_out(self) -> None:
        """Give sites of free lanes to those who wait longest; send all home when none is left."""
        while self._free and self._idle and self._busy < self._allowed:
            lane = self._next()
            if lane is None:
                break
            worker = self._idle.popleft()
            worker.taken = Place(self, lane, lane.waiting.pop())
            lane.running += 1
            self._running += 1
            self._left -= 1
            self._handed += 1
            self._offer(lane)
            worker.wake()
        if self._moved is not None and (not self._full() or self._hungry() or self._discarded):
            self._moved.set()
            self._moved = None
        if self._closed and self._over():
            while self._idle:
                self._idle.popleft().wake()
        elif self._closed:
            self.holding.look(held=self._hungry(), lanes=self._lanes)

    def _over(self) -> bool:
        """Return whether nothing is left but what waits for servers that are down."""
        if self._handed or (self._running and not self._discarded):
            return False
        if not self._left:
            return True
        return not any(
            lane.waiting and (not lane.circuit.open or lane.circuit.last)
            for lane in self._lanes.values()
        )

    def _count(self, lane: Lane, kind: str) -> None:
        """Count a site that nothing came from, and give up the others if that decides it."""
        given_up = lane.circuit.failed(kind, self._now())
        lane.circuit.last = self._ending and lane.circuit.open
        for item in lane.waiting.drain() if given_up else ():
            self._left -= 1
            self.lost.append((item, lane))

    def _vacate(self, place: Place) -> None:
        if place.parked:
            self.unpark(place)
        place.lane.running -= 1
        self._running -= 1

    def _prune(self, lane: Lane) -> None:
        """Forget a lane that has no sites and has taught nothing."""
        if lane.waiting or lane.running or self._now() < lane.gate:
            return
        if lane.pace.rising and lane.circuit.calm and self._lanes.get(lane.key) is lane:
            del self._lanes[lane.key]

    def _call_off(self, worker: _Worker) -> None:
        """Forget somebody who waits; a site handed to him goes to the next instead."""
        place = worker.taken
        if place is None:
            if worker in self._idle:
                self._idle.remove(worker)
            return
        self._handed -= 1
        self._vacate(place)
        if not self._discarded:
            place.lane.waiting.put_back(place.item)
            self._left += 1
        self._offer(place.lane)
        self._hand_out()
