"""The time as a schedule knows it: the clock on the wall, also after this machine slept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

import anyio

__all__ = ["Clock", "WallClock"]

_SLICE = 20.0
"""Seconds slept at once. Sleeping does not count the time for which a machine is suspended, so
the clock on the wall is looked at again this often."""


class Clock(Protocol):
    """Tells the time and waits for it."""

    def now(self) -> datetime:
        """Return the time, with time zone."""
        ...

    async def sleep_until(self, moment: datetime) -> None:
        """Return when it is `moment` or later."""
        ...


class WallClock:
    """The clock of this machine.

    Args:
        now: The time, with time zone.
    """

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.now = now

    async def sleep_until(self, moment: datetime) -> None:
        """Return when it is `moment` or later."""
        while (left := (moment - self.now()).total_seconds()) > 0:  # noqa: ASYNC110 - a clock
            await anyio.sleep(min(left, _SLICE))
