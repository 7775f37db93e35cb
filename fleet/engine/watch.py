"""Notices when this process could not run: a laptop slept, somebody stopped it, work held it up.

Time limits go on meanwhile and answers wait unread, so that sites look dead which are not. Whoever
judges a site asks here first what was missed while its visit went on.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import anyio

from fleet.config import Watching
from fleet.engine.keeping import awake_seconds

__all__ = ["Clocks", "Watch"]

_LOG = logging.getLogger("fleet")
_REMEMBERED: Final = 100
_BUSY: Final = 0.25
"""Share of the time that has to be work of our own for it to be what held us up."""


@dataclass(frozen=True, slots=True)
class Clocks:
    """Three ways of telling how time goes by; each returns seconds that only grow.

    Args:
        running: While this machine is awake; the event loop goes by it.
        always: Also while it sleeps.
        working: While this process computes.
    """

    running: Callable[[], float] = time.monotonic
    always: Callable[[], float] = awake_seconds
    working: Callable[[], float] = time.process_time


class Watch:
    """Watches over the event loop while its context is open; before, it has missed nothing.

    Args:
        settings: How often it looks, and what is worth a word.
        clocks: How time goes by.
        tell: Told once of each way of standing still.
    """

    def __init__(
        self,
        settings: Watching | None = None,
        clocks: Clocks | None = None,
        tell: Callable[[str], None] = _LOG.warning,
    ) -> None:
        self._settings = settings or Watching()
        self._clocks = clocks or Clocks()
        self._tell = tell
        self._seen: tuple[float, float, float] | None = None
        self._spells: deque[tuple[float, float]] = deque(maxlen=_REMEMBERED)
        self._told: set[str] = set()

    def now(self) -> float:
        """Return the time that `missed` counts from."""
        return self._clocks.running()

    def missed(self, since: float) -> float:
        """Return for how many seconds nothing could be done here; moments do not count.

        Args:
            since: When, by `now`; what ended before it was missed by others.
        """
        self._look()
        return sum(seconds for ended, seconds in self._spells if ended >= since)

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[Watch]:
        """Yield itself, watching while the block runs."""
        self._seen = self._read()
        task = asyncio.create_task(self._beat(), name="watch")
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.wait([task])
            self._seen = None

    async def _beat(self) -> None:
        while True:
            await anyio.sleep(self._settings.beat)
            self._look()

    def _read(self) -> tuple[float, float, float]:
        clocks = self._clocks
        return clocks.running(), clocks.always(), clocks.working()

    def _look(self) -> None:
        """Compare the clocks with what they said last; a beat that came late was held up."""
        if self._seen is None:
            return
        before, self._seen = self._seen, self._read()
        ran, passed, worked = (now - then for now, then in zip(self._seen, before, strict=True))
        slept, held = max(passed - ran, 0.0), max(ran - self._settings.beat, 0.0)
        if slept + held < self._settings.lag:
            return
        self._spells.append((self._seen[0], slept + held))
        if slept + held >= self._settings.telling:
            self._say(_cause(slept, held, worked), slept + held)

    def _say(self, cause: str, seconds: float) -> None:
        if cause in self._told:
            return
        self._told.add(cause)
        self._tell(
            f"{cause} for {seconds:.0f} s; sites are not blamed for answers that were missed"
        )


def _cause(slept: float, held: float, worked: float) -> str:
    if slept >= held:
        return "this machine slept"
    if worked >= _BUSY * held:
        return "this process was too busy to listen"
    return "this process was stopped or held up"
