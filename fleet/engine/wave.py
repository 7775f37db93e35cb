"""The visits of one wave of sites: which are made again, and the one result of each.

A site that could not be reached, and was neither written to nor sent a password, is visited once
more: at the end of the wave, with the full time to connect if such sites are few, or, where it
asked for a pause, when that is over. Its one result is the second one, and says so. No login is
ever repeated for that: a pause in the middle of a visit is made there (`fleet.site.retry`),
without holding a place (`fleet.engine.places`).

Of a server that is down, one more site is tried at the end; where that fails, too, those that
wait for it end as unreachable without having been contacted, and say so.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from fleet.engine.circuit import UNCONNECTED
from fleet.engine.lane import Lane
from fleet.engine.lanes import Lanes
from fleet.engine.places import LONGEST_WISH, Place
from fleet.engine.stop import Stop
from fleet.errors import KINDS
from fleet.inventory.model import Site
from fleet.results import Event, SiteFinished, SiteResult, SiteStarted, Status, Usage

__all__ = ["Calls", "Wave"]

_MOST: Final = 10_000
"""Sites that are visited again at most: where all are unreachable, it is not they who are ill."""

_FEW: Final = 32
"""Sites that get the full time to connect when they are visited again. Where more are unreachable,
seconds add up; nothing that was silent for four of them twice is likely to speak up in ten."""


@dataclass(frozen=True, slots=True)
class Calls:
    """What is done to each site of a wave.

    Args:
        visit: Works on one site; never raises anything but a cancellation.
        settle: Takes the one final result of a site, and returns it as it is told.
        emit: Takes the events.
    """

    visit: Callable[[Site], Awaitable[SiteResult]]
    settle: Callable[[SiteResult], Awaitable[SiteResult]]
    emit: Callable[[Event], None]


class Wave:
    """One wave.

    Args:
        sites: Its sites; they may be made on access.
        calls: What is done to each.
        lanes: Where they wait.
        stop: Ends it early.
        places: Takes the place of each site by name while it is visited.
        patience: Seconds to connect at the first visit.
    """

    def __init__(
        self,
        sites: Sequence[Site],
        calls: Calls,
        lanes: Lanes,
        stop: Stop,
        places: dict[str, Place],
        patience: float,
    ) -> None:
        self.sites = sites
        self._calls = calls
        self._lanes = lanes
        self._stop = stop
        self._places = places
        self._patience = patience
        self._firsts: dict[int, tuple[str | None, SiteResult]] = {}
        self._last = self._patient = False

    async def work(self) -> None:
        """Visit one site after the other until none is left."""
        while (place := await self._lanes.take()) is not None:
            if self._stop.draining.is_set():
                await self._lanes.release(place)
                return
            await self._visit(place)

    async def begin_again(self) -> None:
        """Queue the sites that are visited again at the end."""
        self._last, self._patient = True, len(self._firsts) <= _FEW
        for item, (key, _) in self._firsts.items():
            if key is not None:
                await self._lanes.add(key, [item])
        self._lanes.last_chance()
        await self._lanes.close()

    @property
    def unfinished(self) -> bool:
        """Return whether sites are left to be visited at the end."""
        return bool(self._firsts) or self._lanes.left > 0

    async def settle_rest(self) -> None:
        """End the sites that are not visited again, and those that were put aside for good."""
        for item, lane in self._lanes.lost:
            if item not in self._firsts:
                await self._end(_put_aside(self.sites[item], lane))
        firsts, self._firsts = self._firsts, {}
        for _, first in firsts.values():
            await self._end(first)

    async def _visit(self, place: Place) -> None:
        site, first = self.sites[place.item], self._firsts.pop(place.item, None)
        place.patience = math.inf if self._patient else self._patience
        if first is None:
            self._calls.emit(SiteStarted(site.name))
        else:
            place.doubtful = first[1].kind == "net.timeout"
        self._places[site.name] = place
        result = await self._calls.visit(site)
        del self._places[site.name]
        if first is None and self._worth_another(place, result):
            # Who asked for a pause waits in its lane already.
            self._firsts[place.item] = (None if place.asked else place.lane.key, result)
            if place.asked:
                await self._lanes.add(place.lane.key, [place.item])
        else:
            await self._end(_again(first[1], result) if first else result)
        await self._lanes.release(place, _unreached(place, result))

    def _worth_another(self, place: Place, result: SiteResult) -> bool:
        usage = result.usage
        return (
            not self._last
            and result.status is Status.UNREACHABLE
            and KINDS[result.kind or "net.timeout"].retryable
            and not usage.writes
            and not usage.logins
            and not place.signed
            and place.asked <= LONGEST_WISH
            and len(self._firsts) < _MOST
            and not self._stop.draining.is_set()
        )

    async def _end(self, result: SiteResult) -> None:
        self._calls.emit(SiteFinished(await self._calls.settle(result)))


def _unreached(place: Place, result: SiteResult) -> str | None:
    """Return the kind of a failure that says something about the whole server."""
    kind = result.kind if result.status is Status.UNREACHABLE and not place.heard else None
    return kind if kind in UNCONNECTED else None


def _again(first: SiteResult, second: SiteResult) -> SiteResult:
    """Return the result of a site that was visited twice."""
    one, two = first.usage, second.usage
    usage = Usage(
        requests=one.requests + two.requests,
        writes=one.writes + two.writes,
        logins=one.logins + two.logins,
        received=one.received + two.received,
        seconds=one.seconds + two.seconds,
    )
    note = f"tried again at the end, after {first.kind}"
    return replace(second, usage=usage, notes=(*second.notes, note))


def _put_aside(site: Site, lane: Lane) -> SiteResult:
    where = lane.key.removeprefix("label:")
    return SiteResult(
        site.name,
        str(site.url),
        Status.UNREACHABLE,
        kind=lane.circuit.kind,
        message=f"not tried: several other sites at {where} could not be reached,"
        " nor one more at the end",
    )
