"""Knows whether a run waits for the limit of servers, and not for its own.

Told once at the end, so that nobody raises ``--concurrency`` in vain.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from fleet.engine.lane import Lane

__all__ = ["Holding"]

_WORTH_A_WORD: Final = 3.0
"""Seconds."""

_NAMED: Final = 3


class Holding:
    """Adds up how long workers had nothing to do while sites waited for their servers.

    Args:
        now: Seconds that only grow.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._since: float | None = None
        self._seconds = 0.0
        self._keys: dict[str, None] = {}

    def look(self, *, held: bool, lanes: Mapping[str, Lane]) -> None:
        """Take note of whether sites wait for their servers from now on."""
        if held and self._since is None:
            self._since = self._now()
            for lane in lanes.values():
                if lane.waiting:
                    self._keys[lane.key] = None
        elif not held and self._since is not None:
            self._seconds += self._now() - self._since
            self._since = None

    def words(self) -> str | None:
        """Return what to tell at the end of a wave, if anything; the next one counts anew."""
        self.look(held=False, lanes={})
        keys, seconds = list(self._keys), self._seconds
        self._keys, self._seconds = {}, 0.0
        if seconds < _WORTH_A_WORD or not keys:
            return None
        named = ", ".join(key.removeprefix("label:") for key in keys[:_NAMED])
        more = f" and {len(keys) - _NAMED} more" if len(keys) > _NAMED else ""
        addresses = "1 address" if len(keys) == 1 else f"{len(keys)} addresses"
        return f"held back for {seconds:.0f} s by {addresses}, not by --concurrency: {named}{more}"
