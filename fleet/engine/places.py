"""The place that a visit holds among those under way, and what its exchanges say of its server.

A visit that waits for its connection, or makes a pause that the site asked for, costs nobody
anything. It gives its place to another site meanwhile, as long as there is room for those who
wait, and takes one again when it goes on. What it keeps is its place in its own lane: a server
never gets more sites than its limit.
"""

from __future__ import annotations

import asyncio
import math
from typing import Final, Protocol

from fleet.engine.lane import Lane
from fleet.errors import SiteError
from fleet.site.exchange import Reply, Request
from fleet.site.wire import retry_after

__all__ = ["LONGEST_WISH", "Place", "Places"]

LONGEST_WISH: Final = 60.0
"""Seconds for which a server is left alone at most because it asked for it."""

_PATIENCE: Final = 0.25
"""Seconds without a connection after which another site may go on instead."""

_A_MOMENT: Final = 0.2
"""Seconds; a shorter pause is not worth giving up a place."""


class Places(Protocol):
    """Who gives places out."""

    def park(self, place: Place) -> None:
        """Let another site go on instead of one that waits, where there is room for waiting."""

    def unpark(self, place: Place) -> None:
        """Count a site again that goes on."""

    def gate(self, lane: Lane, seconds: float) -> None:
        """Start no site of `lane` for some seconds."""

    def learnt(self, lane: Lane) -> None:
        """Go by what an answer has shown."""


class Place:
    """One visit among those under way; an `Observer` of its exchanges.

    Args:
        places: Who gave it.
        lane: The lane of its server.
        item: Which site it is.
    """

    __slots__ = (
        "_open",
        "_places",
        "_timer",
        "asked",
        "doubtful",
        "heard",
        "item",
        "lane",
        "parked",
        "patience",
        "signed",
    )

    def __init__(self, places: Places, lane: Lane, item: int) -> None:
        self._places = places
        self.lane = lane
        self.item = item
        self.patience = math.inf
        self.doubtful = False
        self.heard = False
        self.signed = False
        self.parked = False
        self.asked = 0.0
        self._open = 0
        self._timer: asyncio.TimerHandle | None = None

    def begun(self, request: Request) -> None:
        """Count an exchange; until there is a connection, wait aside."""
        self._open += 1
        self.signed = self.signed or "Authorization" in request.headers
        self._return()
        if not self.heard and self._timer is None:
            loop = asyncio.get_running_loop()
            # Where nobody was heard before, nobody is waited for in another site's place.
            seconds = 0.0 if self.doubtful else _PATIENCE
            self._timer = loop.call_later(seconds, self._places.park, self)

    def connected(self) -> None:
        """Go on: the server took the connection."""
        self._return()

    def answered(self, reply: Reply, seconds: float) -> None:
        """Tell the lane how the server does, and keep the pause that it asks for."""
        self._open -= 1
        self.heard = True
        self._return()
        lane, status = self.lane, reply.status
        lane.circuit.reached()
        self.asked = (retry_after(reply) or 0.0) if status in (429, 503) else 0.0
        if status == 429 or status >= 500:
            lane.pace.bad()
        else:
            lane.pace.good(seconds)
        # A 503 that asks for more is WordPress's own maintenance, which concerns one site.
        if self.asked and (status == 429 or self.asked <= LONGEST_WISH):
            self._places.gate(lane, min(self.asked, LONGEST_WISH))
        if self.asked >= _A_MOMENT:
            self._places.park(self)
        self._places.learnt(lane)

    def failed(self, error: SiteError) -> None:
        """Tell the lane of a time-out."""
        self._open -= 1
        self._return()
        if error.kind == "net.timeout":
            self.lane.pace.bad()

    def leave(self) -> None:
        """End; an exchange that goes on was cut off, by the deadline or a signal."""
        self._settle()
        if self._open > 0:
            self.lane.pace.bad()

    def _return(self) -> None:
        self._settle()
        if self.parked:
            self._places.unpark(self)

    def _settle(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
